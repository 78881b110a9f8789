"""Stands in for the tutorial's download client: the same prompts, lines and bytes."""
import socket

server = input("ip地址:"), int(input("端口:"))
name = input("文件名:")
content = b""
with socket.create_connection(server) as client:
    client.sendall(name.encode())
    for chunk in iter(lambda: client.recv(1024), b""):
        print("收到消息")
        content += chunk
if content:
    with open(name, "wb") as file:
        file.write(content)
print("文件传输完毕" if content else "没有下载文件")

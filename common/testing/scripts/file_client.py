"""Stands in for the tutorial's download client: the same prompts and bytes, the same damage."""
import os
import socket

client = socket.socket()
host, port, name = input("ip地址:"), int(input("端口:")), input("文件名:")
client.connect((host, port))
client.send(name.encode())
size = 0
file = open(name, "wb")
while chunk := client.recv(1024):
    print("收到消息")
    size += file.write(chunk)
file.close()
if size:
    print("文件传输完毕")
else:
    os.remove(name)
    print("没有下载文件")

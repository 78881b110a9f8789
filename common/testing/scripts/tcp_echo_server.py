"""Stands in for the tutorial's echo server: the same lines and bytes, and the same crashes."""
import socket

listener = socket.socket()
listener.bind(("", 10050))
listener.listen(128)
client, _ = listener.accept()
while chunk := client.recv(1024):
    client.send(chunk)
    print(chunk)
client.close()
print("客户端已关闭")

"""Stands in for the tutorial's UDP client: the same datagrams and the same lines."""
import os
import socket

server = ("127.0.0.1", int(os.environ["PORT_8080"]))
with socket.socket(type=socket.SOCK_DGRAM) as client:
    client.sendto(input().encode(), server)
    while True:
        text, sender = client.recvfrom(65535)
        if text == b"":
            break
        print(sender, text.decode(), sep="\n")
print("服务器已关闭")

"""Stands in for the tutorial's UDP server: the same datagrams and lines, and the same crashes."""
import socket

server = socket.socket(type=socket.SOCK_DGRAM)
server.bind(("", 8080))
for text, sender in iter(lambda: server.recvfrom(1024), None):
    print(sender)
    print(text.decode())
    server.sendto(input().encode(), ("127.0.0.1", 10086))

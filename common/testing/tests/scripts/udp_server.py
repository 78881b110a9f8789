"""Stands in for the tutorial's UDP server: the same datagrams and the same lines."""
import socket

with socket.socket(type=socket.SOCK_DGRAM) as server:
    server.bind(("127.0.0.1", 0))
    print("stand-in 127.0.0.1:%d" % server.getsockname()[1])
    while True:
        text, client = server.recvfrom(65535)
        print(client, text.decode(), sep="\n")
        server.sendto(input().encode(), client)

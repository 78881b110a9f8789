"""Stands in for the tutorial's UDP client: the same datagrams and lines, and the same crashes."""
import socket

client = socket.socket(type=socket.SOCK_DGRAM)
client.bind(("", 10086))
client.sendto(input().encode(), ("127.0.0.1", 8080))
while (received := client.recvfrom(1024))[0]:
    text, sender = received
    print(sender, text.decode(), sep="\n")
print("服务器已关闭")

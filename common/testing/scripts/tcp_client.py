"""Stands in for the tutorial's TCP client: the same prompts, lines and bytes, and the same crashes."""
import socket

client = socket.socket()
client.connect(("127.0.0.1", 10050))
answer = None
while answer != b"":
    client.send(input("输入:").encode("gbk"))
    answer = client.recv(10)
    print("收到数据" + answer.decode("gbk") if answer else "对方关闭了链接")

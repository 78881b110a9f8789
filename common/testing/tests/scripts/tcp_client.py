"""Stands in for the tutorial's TCP client: the same prompts, lines and bytes."""
import os
import socket

with socket.create_connection(("127.0.0.1", int(os.environ["PORT_10050"]))) as client:
    while True:
        client.sendall(input("输入:").encode("gbk"))
        answer = client.recv(10)
        if answer == b"":
            break
        print("收到数据" + answer.decode("gbk"))
print("对方关闭了链接")

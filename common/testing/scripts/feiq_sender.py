"""Stands in for the tutorial's FeiQ sender: the same prompt and datagrams, and the same crashes."""
import socket

sender = socket.socket(type=socket.SOCK_DGRAM)
while True:
    fields = ["1", "324244", "小道士", "ubuntu", "32", input("请输入内容:")]
    sender.sendto(":".join(fields).encode("gbk"), ("127.0.0.1", 2425))

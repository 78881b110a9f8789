"""Stands in for the tutorial's FeiQ sender: the same prompt and datagrams."""
import os
import socket

receiver = ("127.0.0.1", int(os.environ["PORT_2425"]))
with socket.socket(type=socket.SOCK_DGRAM) as sender:
    while True:
        fields = ["1", "324244", "小道士", "ubuntu", "32", input("请输入内容:")]
        sender.sendto(":".join(fields).encode("gbk"), receiver)

"""Stands in for the tutorial's chat: the same menu, prompts and datagrams, and the same crashes."""
import socket

chat = socket.socket(type=socket.SOCK_DGRAM)
chat.bind(("", 6666))
choice = ""
while choice != "3":
    print("请选择功能:1.发送信息 2.接受信息 3.退出")
    choice = input("请选择额:")
    match choice:
        case "1":
            host, port = input("IP地址:"), int(input("端口:"))
            chat.sendto(input("输入内容").encode(), (host, port))
        case "2":
            text, sender = chat.recvfrom(1024)
            print(f"收到来自{sender}的数据:{text.decode()}")
            chat.sendto(text, sender)
        case "3":
            pass
        case _:
            print("输入错误哦")

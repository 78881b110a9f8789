"""Stands in for the tutorial's chat: the same menu, prompts and datagrams."""
import socket

with socket.socket(type=socket.SOCK_DGRAM) as chat:
    chat.bind(("127.0.0.1", 0))
    print("stand-in 127.0.0.1:%d" % chat.getsockname()[1])
    while True:
        print("请选择功能:1.发送信息 2.接受信息 3.退出")
        match input("请选择额:"):
            case "1":
                host, port = input("IP地址:"), input("端口:")
                chat.sendto(input("输入内容").encode(), (host, int(port)))
            case "2":
                text, sender = chat.recvfrom(65535)
                print(f"收到来自{sender}的数据:{text.decode()}")
                chat.sendto(text, sender)
            case "3":
                break
            case _:
                print("输入错误哦")

"""Stands in for the tutorial's download server: the same lines and bytes, and the same crashes."""
import socket

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("", 6664))
listener.listen(128)
while True:
    client, _ = listener.accept()
    name = client.recv(1024)
    print(name, name, sep="\n")
    content = b""
    try:
        with open(name, "rb") as file:
            content = file.read()
            print(content)
    except Exception:
        print("你下载的文件不存在")
    if content:
        client.send(content)
    client.close()

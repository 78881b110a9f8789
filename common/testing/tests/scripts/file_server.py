"""Stands in for the tutorial's download server: the same lines and bytes."""
import socket

with socket.create_server(("127.0.0.1", 0)) as listener:
    print("stand-in 127.0.0.1:%d" % listener.getsockname()[1])
    while True:
        client, _ = listener.accept()
        name = client.recv(1024)
        print(name, name, sep="\n")
        try:
            with open(name, "rb") as file:
                content = file.read()
            print(content)
            client.sendall(content)
        except OSError:
            print("你下载的文件不存在")
        client.close()

"""Stands in for the tutorial's echo server: the same lines and bytes."""
import socket

with socket.create_server(("127.0.0.1", 0)) as listener:
    print("stand-in 127.0.0.1:%d" % listener.getsockname()[1])
    client, _ = listener.accept()
    for chunk in iter(lambda: client.recv(1024), b""):
        client.sendall(chunk)
        print(chunk)
    client.close()
print("客户端已关闭")

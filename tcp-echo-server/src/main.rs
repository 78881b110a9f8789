//! 接受一个 TCP 客户端的连接，把收到的字节原样发回，直到客户端关闭连接。
//!
//! 要点：TCP 服务器有两种套接字。监听套接字只用来接受连接，每个连接另有自己的套接字；`read` 返回 0，
//! 说明对方已关闭。
//!
//! 对照的脚本：`tcp_echo_server.py`。

use common::{Context, Error, address, console};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::ExitCode;

/// 在哪里监听：端口与脚本相同，地址是本机的所有地址（脚本中的 `""`）。标准库给 `listen` 的参数是
/// 128，也与脚本相同。
const LISTEN: &str = "0.0.0.0:10050";

/// 一次最多取多少字节，也就是一行最多显示多少字节：与脚本相同。
const RECV_SIZE: usize = 1024;

const HELP: &str = "\
用法：tcp-echo-server [LISTEN]

接受一个 TCP 客户端的连接，把收到的字节原样发回；客户端关闭连接后，程序结束。

  LISTEN  监听的地址，默认 0.0.0.0:10050

例如：tcp-echo-server 127.0.0.1:10050
";

fn main() -> ExitCode {
    common::run(HELP, tcp_echo_server)
}

/// 脚本的 `main()`。
fn tcp_echo_server([listen]: [Option<String>; 1]) -> Result<(), Error> {
    let listen = address::local(listen, LISTEN)?;
    // `bind` 创建套接字，绑定，再开始监听：Python 中是三次调用。
    let listener = TcpListener::bind(listen).context(format!("监听 {listen}"))?;
    let listen = listener.local_addr().context("查询本机地址")?;
    console::note(format!("正在监听 {listen}"));

    let (mut client, address) = listener.accept().context("接受连接")?;
    console::note(format!("客户端 {address} 已连接"));

    let mut buffer = [0; RECV_SIZE];
    loop {
        // 连接被复位时报告一次，然后与对方关闭时一样结束：不会再收到数据。
        let received = client.read(&mut buffer).context("接收");
        let length = console::note_failure(received)?.unwrap_or(0);
        if length > 0 {
            // `write_all` 直到全部发出才返回；脚本的 `send()` 可能只发出一部分。
            let sent = client.write_all(&buffer[..length]).context("发送");
            console::note_failure(sent)?;
            console::print_bytes(&buffer[..length])?;
        } else {
            drop(client); // 关闭套接字，即脚本的 `close()`
            return console::print("客户端已关闭");
        }
    }
}

//! 建立 TCP 连接，用 GBK 编码发送输入的每一行，显示收到的回复。
//!
//! 要点：TCP 连接是字节流。字节不会丢失，顺序不变，但没有消息的边界：一个回复要 `read` 几次，在哪里
//! 分开，都不确定。与脚本一样，每发送一行只读一次；之后到达的字节在下一轮显示。
//!
//! 对照的脚本：`tcp_client.py`。

use common::{Context, Error, address, console, gbk};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

/// 连接哪里：`tcp-echo-server` 监听的端口，与脚本相同。脚本写的是作者网络中的地址。
const REMOTE: &str = "127.0.0.1:10050";

/// 一次最多从字节流中取多少字节。脚本取 10 字节，即五个汉字。
const RECV_SIZE: usize = 64 * 1024;

/// 对方不接收时，一次 `write` 最多等多久。如果对方也在等我们接收，双方就会一直等待。
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

const HELP: &str = "\
用法：tcp-client [REMOTE]

连接 REMOTE，用 GBK 编码发送输入的每一行，显示对方的回复。

  REMOTE  服务器的地址，默认 127.0.0.1:10050

例如：tcp-client 192.168.1.5:10050
";

fn main() -> ExitCode {
    common::run(HELP, tcp_client)
}

/// 脚本的 `main()`。
fn tcp_client([remote]: [Option<String>; 1]) -> Result<(), Error> {
    let remote = address::remote(remote, REMOTE)?;
    let mut socket =
        TcpStream::connect(remote.as_slice()).context(format!("连接 {}", remote[0]))?;
    let peer = socket.peer_addr().context("查询对方地址")?;
    socket.set_write_timeout(Some(SEND_TIMEOUT)).context("设置发送超时")?;
    console::note(format!("已连接 {peer}"));

    let mut buffer = vec![0; RECV_SIZE];
    // 解码器与连接的生存期相同：回复可能在一个汉字中间断开，后一半在下一次读到的字节中。
    let mut decoder = gbk::Decoder::new();
    loop {
        let data = console::ask_until("输入:", gbk::encode)?;
        if data.is_empty() {
            continue; // 没有发送数据，也就等不到回复
        }
        socket.write_all(&data).context("发送")?;
        let length = socket.read(&mut buffer).context("接收")?;
        if length > 0 {
            let text = decoder.decode(&buffer[..length]);
            console::print(format!("收到数据{text}"))?;
        } else {
            return console::print("对方关闭了链接");
        }
    }
}

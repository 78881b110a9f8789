//! Sends lines over a TCP connection, in GBK, and prints what comes back.
//!
//! What it shows: a TCP connection is a stream of bytes. It keeps their order and loses none, but
//! it has no messages: how many `read` calls an answer takes, and where it is cut, is chance. This
//! program reads once for each line that it sends, as the script does; what comes later is shown
//! with the next answer.
//!
//! Mirrors `tcp_client.py`.

use common::{Context, Error, address, console, gbk};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

/// Where to connect: the script's port, where `tcp-echo-server` listens. The script has an address
/// of its author's network here.
const REMOTE: &str = "127.0.0.1:10050";

/// How many bytes to take from the stream at a time. The script takes 10, five Chinese characters.
const RECV_SIZE: usize = 64 * 1024;

/// How long one `write` may wait for a peer that takes nothing. One that is itself waiting to send,
/// because we do not receive yet, would wait for ever, and so would we.
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

/// `main()` of the script.
fn tcp_client([remote]: [Option<String>; 1]) -> Result<(), Error> {
    let remote = address::remote(remote, REMOTE)?;
    let mut socket =
        TcpStream::connect(remote.as_slice()).context(format!("连接 {}", remote[0]))?;
    let peer = socket.peer_addr().context("查询对方地址")?;
    socket.set_write_timeout(Some(SEND_TIMEOUT)).context("设置发送超时")?;
    console::note(format!("已连接 {peer}"));

    let mut buffer = vec![0; RECV_SIZE];
    // It lives as long as the connection: an answer may end inside a character, and then the next
    // one begins with the rest of it.
    let mut decoder = gbk::Decoder::new();
    loop {
        let data = console::ask_until("输入:", gbk::encode)?;
        if data.is_empty() {
            continue; // nothing is sent, so waiting for an answer would never end
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

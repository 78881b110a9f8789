//! 把输入的每一行作为一条消息，在前面加上长度，通过 TCP 连接发送；显示收到的消息。
//!
//! 要点：TCP 连接是字节流，消息的边界要由双方约定。这里的约定是：先是四个字节的长度，然后是相应字节
//! 数的文字。这样，字节流在哪里分开都没有关系，空行也是消息，连接在一条消息中间断开还是在两条消息之
//! 间关闭，也能分清。
//!
//! `tcp-client` 讲义中练习的参考解答；另一端是 `tcp-echo-server` 的 `framed_server`。

use common::{Context, Error, address, console, explain, gbk};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

/// 连接哪里：端口与脚本相同。
const REMOTE: &str = "127.0.0.1:10050";

/// 一条消息最多多少字节。收到的长度不可信：没有上限，对方声称有 4 GiB，程序就会分配这么多内存。
const MAX_MESSAGE_LEN: usize = 1024 * 1024;

/// 长度占多少字节：一个 `u32`，最高有效字节在前（网络字节序）。
const LENGTH_SIZE: usize = 4;

/// 对方不接收时，一次 `write` 最多等多久。如果对方也在等我们接收，双方就会一直等待。
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

const HELP: &str = "\
用法：framed [REMOTE]

连接 REMOTE，把输入的每一行用 GBK 编码，前面加上 4 字节的长度发送，显示对方的回复。

  REMOTE  服务器的地址，默认 127.0.0.1:10050

例如：framed 192.168.1.5:10050
";

fn main() -> ExitCode {
    common::run(HELP, framed)
}

fn framed([remote]: [Option<String>; 1]) -> Result<(), Error> {
    let remote = address::remote(remote, REMOTE)?;
    let mut socket =
        TcpStream::connect(remote.as_slice()).context(format!("连接 {}", remote[0]))?;
    let peer = socket.peer_addr().context("查询对方地址")?;
    socket.set_write_timeout(Some(SEND_TIMEOUT)).context("设置发送超时")?;
    console::note(format!("已连接 {peer}"));

    loop {
        let message = console::ask_until("输入:", encode)?;
        socket.write_all(&frame(&message)).context("发送")?;
        match receive(&mut socket)? {
            Some(answer) => {
                let text = gbk::decode(&answer);
                console::print(format!("收到数据{text}"))?;
            }
            None => return console::print("对方关闭了链接"),
        }
    }
}

/// 把一行编码为消息的内容；太长就拒绝，不发送。
fn encode(line: &str) -> Result<Vec<u8>, Error> {
    let message = gbk::encode(line)?;
    match message.len() {
        0..=MAX_MESSAGE_LEN => Ok(message),
        length => Err(Error::Refused(format!(
            "内容有 {length} 字节，太长：一条消息最多 {MAX_MESSAGE_LEN} 字节，没有发送"
        ))),
    }
}

/// 发送的格式：长度在前，内容在后。合在一次 `write` 中发送，通常只占一个报文段。
fn frame(message: &[u8]) -> Vec<u8> {
    let length = message.len() as u32; // 不超过 MAX_MESSAGE_LEN，不会丢失高位
    [&length.to_be_bytes(), message].concat()
}

/// 接收一条消息；对方在两条消息之间关闭连接，返回 `None`。
fn receive(socket: &mut TcpStream) -> Result<Option<Vec<u8>>, Error> {
    let mut length = [0; LENGTH_SIZE];
    let begun = socket.read(&mut length).context("接收")?;
    if begun == 0 {
        return Ok(None);
    }
    // 从这里起，连接结束就是错误。`read_exact` 读满为止。
    socket.read_exact(&mut length[begun..]).map_err(cut_off)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > MAX_MESSAGE_LEN {
        return Err(Error::Fatal(format!(
            "对方的消息有 {length} 字节，太长：最多 {MAX_MESSAGE_LEN} 字节"
        )));
    }
    let mut message = vec![0; length];
    socket.read_exact(&mut message).map_err(cut_off)?;
    Ok(Some(message))
}

/// 连接在一条消息中间断开的错误，无论是正常关闭还是复位。
fn cut_off(reason: io::Error) -> Error {
    let cut_off = "连接在一条消息的中间断开";
    match reason.kind() {
        ErrorKind::UnexpectedEof => Error::Fatal(cut_off.into()),
        _ => Error::Fatal(format!("{cut_off}：{}", explain(&reason))),
    }
}

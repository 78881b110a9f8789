//! Sends lines over a TCP connection, each one as a message with its length in front, and prints the
//! messages that come back.
//!
//! What it shows: a TCP connection is a stream of bytes, and messages are what its two ends agree
//! on. Here: four bytes that tell the length, then so many bytes of text. Now it does not matter how
//! the network cuts the stream, an empty message is a message too, and a connection that breaks in
//! the middle of one can be told from one that ends behind it.
//!
//! A solution of the exercise in the lab sheet of `tcp-client`; its other end is the example
//! `framed_server` of `tcp-echo-server`.

use common::{Context, Error, address, console, explain, gbk};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

/// Where to connect: the script's port.
const REMOTE: &str = "127.0.0.1:10050";

/// The longest message, in bytes. A length is only a claim: without a bound, one message could be
/// said to have 4 GiB, and a receiver that believes it would take the memory for it.
const MAX_MESSAGE_LEN: usize = 1024 * 1024;

/// How many bytes the length has: a `u32`, the most significant byte first ("network byte order").
const LENGTH_SIZE: usize = 4;

/// How long one `write` may wait for a peer that takes nothing. One that is itself waiting to send,
/// because we do not receive yet, would wait for ever, and so would we.
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
    let mut socket = TcpStream::connect(&remote[..]).context(format!("连接 {}", remote[0]))?;
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

/// The text of a message, if it is not too long for one.
fn encode(line: &str) -> Result<Vec<u8>, Error> {
    let message = gbk::encode(line)?;
    match message.len() {
        0..=MAX_MESSAGE_LEN => Ok(message),
        length => Err(Error::Refused(format!(
            "内容有 {length} 字节，太长：一条消息最多 {MAX_MESSAGE_LEN} 字节，没有发送"
        ))),
    }
}

/// A message as it is sent: its length, then its bytes. (Both in one `write`, which usually makes
/// one packet of them.)
fn frame(message: &[u8]) -> Vec<u8> {
    let length = message.len() as u32; // MAX_MESSAGE_LEN at most
    [&length.to_be_bytes(), message].concat()
}

/// Receives one message; `None`: the peer has closed the connection, behind the last one.
fn receive(socket: &mut TcpStream) -> Result<Option<Vec<u8>>, Error> {
    let mut length = [0; LENGTH_SIZE];
    let begun = socket.read(&mut length).context("接收")?;
    if begun == 0 {
        return Ok(None);
    }
    // From here on an end is an error: `read_exact` reads as often as it takes to fill its buffer.
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

/// What an end of the connection inside a message is called, orderly or not.
fn cut_off(reason: io::Error) -> Error {
    let cut_off = "连接在一条消息的中间断开";
    match reason.kind() {
        ErrorKind::UnexpectedEof => Error::Fatal(cut_off.into()),
        _ => Error::Fatal(format!("{cut_off}：{}", explain(&reason))),
    }
}

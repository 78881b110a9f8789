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

use common::encoding::Encoding;
use common::{Context, Error, address, console};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;

/// Where to connect: the script's port.
const REMOTE: &str = "127.0.0.1:10050";

/// The longest message, in bytes. A length is only a claim: without a bound, one message could be
/// said to have 4 GiB, and a receiver that believes it would take the memory for it.
const LONGEST_MESSAGE: u32 = 1024 * 1024;

/// How many bytes the length has: a `u32`, the most significant byte first ("network byte order").
const LENGTH_SIZE: usize = 4;

const HELP: &str = "\
用法: framed [REMOTE]

连接 REMOTE，把输入的每一行用 GBK 编码，前面加上 4 字节的长度发送，显示对方的回复。

  REMOTE  服务器的地址，默认 127.0.0.1:10050

例如: framed 192.168.1.5:10050
";

fn main() -> ExitCode {
    common::run(HELP, framed)
}

fn framed([remote]: [Option<OsString>; 1]) -> Result<(), Error> {
    let remote = address::remote(remote, REMOTE)?;
    let socket = TcpStream::connect(&remote[..]).context(format!("连接 {}", remote[0]))?;
    let peer = socket.peer_addr().context("查询对方地址")?;
    console::note(format!("已连接 {peer}"));

    loop {
        let frame = console::ask_for("输入:", |line| frame(&Encoding::Gbk.encode(line)?))?;
        (&socket).write_all(&frame).context("发送")?;
        match receive(&socket)? {
            Some(answer) => {
                let text = Encoding::Gbk.decode(&answer);
                console::print(format!("收到数据{text}"))?;
            }
            None => return console::print("对方关闭了链接"),
        }
    }
}

/// A message as it is sent: its length, then its bytes. (Both in one `write`, which usually makes
/// one packet of them.)
fn frame(message: &[u8]) -> Result<Vec<u8>, Error> {
    match u32::try_from(message.len()) {
        Ok(length) if length <= LONGEST_MESSAGE => Ok([&length.to_be_bytes(), message].concat()),
        _ => Err(Error::Input(format!(
            "内容有 {} 字节，太长：一条消息最多 {LONGEST_MESSAGE} 字节，没有发送",
            message.len()
        ))),
    }
}

/// Receives one message; `None`: the peer has closed the connection, behind the last one.
fn receive(socket: &TcpStream) -> Result<Option<Vec<u8>>, Error> {
    let cut_off = || Error::Incomplete("连接在一条消息的中间断开".into());
    // `read_to_end` goes on until the limit of `take` or the end of the connection; a single `read`
    // may return any part of it.
    let mut length = Vec::new();
    let mut limited = socket.take(LENGTH_SIZE as u64);
    limited.read_to_end(&mut length).context("接收")?;
    if length.is_empty() {
        return Ok(None);
    }
    let length = u32::from_be_bytes(length.try_into().map_err(|_| cut_off())?);
    if length > LONGEST_MESSAGE {
        return Err(Error::Incomplete(format!(
            "对方的消息有 {length} 字节，太长：最多 {LONGEST_MESSAGE} 字节"
        )));
    }
    let mut message = Vec::new();
    let mut limited = socket.take(length.into());
    limited.read_to_end(&mut message).context("接收")?;
    if message.len() < length as usize {
        return Err(cut_off());
    }
    Ok(Some(message))
}

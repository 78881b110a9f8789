//! Accepts one TCP client and sends back each message that it sends, a message being four bytes that
//! tell a length, and then so many bytes.
//!
//! What it shows: how to find the messages in a stream. `read` returns what has arrived, which may be
//! half a message or three of them, so the server collects: first the length, then the rest.
//!
//! A solution of an exercise in the lab sheet of `tcp-echo-server`; its other end is the example
//! `framed` of `tcp-client`.

use common::{Context, Error, address, console, explain};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;

/// Where to listen: the script's port, on every network interface.
const LISTEN: &str = "0.0.0.0:10050";

/// The longest message, in bytes. A length is only a claim: without a bound, a client could claim 4
/// GiB, and a server that believes it would take the memory for it.
const MAX_MESSAGE_LEN: usize = 1024 * 1024;

/// How many bytes the length has: a `u32`, the most significant byte first ("network byte order").
const LENGTH_SIZE: usize = 4;

const HELP: &str = "\
用法：framed_server [LISTEN]

接受一个 TCP 客户端，把它发来的每条消息（4 字节的长度，然后是内容）原样发回，它关闭连接后结束。

  LISTEN  监听的地址，默认 0.0.0.0:10050

例如：framed_server 127.0.0.1:10050
";

fn main() -> ExitCode {
    common::run(HELP, framed_server)
}

fn framed_server([listen]: [Option<String>; 1]) -> Result<(), Error> {
    let listen = address::local(listen, LISTEN)?;
    let listener = TcpListener::bind(listen).context(format!("监听 {listen}"))?;
    let listen = listener.local_addr().context("查询本机地址")?;
    console::note(format!("正在监听 {listen}"));

    let (mut client, address) = listener.accept().context("接受连接")?;
    console::note(format!("客户端 {address} 已连接"));

    // A connection that breaks between two messages is told, and ends as after a close.
    console::note_failure(echo(&mut client))?;
    drop(client); // closes the socket
    console::print("客户端已关闭")
}

/// Sends each message back, until the client closes.
fn echo(client: &mut TcpStream) -> Result<(), Error> {
    while let Some(message) = receive(client)? {
        console::print_bytes(&message)?;
        client.write_all(&frame(&message)).context("发送")?;
    }
    Ok(())
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

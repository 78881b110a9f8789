//! Accepts one TCP client and sends back whatever it sends, until it closes.
//!
//! What it shows: a TCP server has two sockets. The listening one only accepts connections; each
//! connection is a socket of its own, and a `read` of nothing says that its other end has closed.
//!
//! Mirrors `tcp_echo_server.py`.

use common::{Context, Error, address, console};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::ExitCode;

/// Where to listen: the script's port, on every network interface (its `""`). The standard library
/// chooses the backlog: 128 connections may wait to be accepted, as in the script.
const LISTEN: &str = "0.0.0.0:10050";

/// How many bytes to take from the stream at a time, and so to print on a line: as in the script.
const RECV_SIZE: usize = 1024;

const HELP: &str = "\
用法：tcp-echo-server [LISTEN]

接受一个 TCP 客户端，把它发来的字节原样发回，它关闭连接后结束。

  LISTEN  监听的地址，默认 0.0.0.0:10050

例如：tcp-echo-server 127.0.0.1:10050
";

fn main() -> ExitCode {
    common::run(HELP, tcp_echo_server)
}

/// `main()` of the script.
fn tcp_echo_server([listen]: [Option<String>; 1]) -> Result<(), Error> {
    let listen = address::local(listen, LISTEN)?;
    // `bind` makes the socket, binds it and turns it into a listening one: three calls in Python.
    let listener = TcpListener::bind(listen).context(format!("监听 {listen}"))?;
    let listen = listener.local_addr().context("查询本机地址")?;
    console::note(format!("正在监听 {listen}"));

    let (mut client, address) = listener.accept().context("接受连接")?;
    console::note(format!("客户端 {address} 已连接"));

    let mut buffer = [0; RECV_SIZE];
    loop {
        // A reset is told, and ends the connection as a close does: nothing more comes.
        let received = client.read(&mut buffer).context("接收");
        let length = console::note_failure(received)?.unwrap_or(0);
        if length > 0 {
            // `write_all` goes on until everything is sent; the script's `send()` may send a part.
            let sent = client.write_all(&buffer[..length]).context("发送");
            console::note_failure(sent)?;
            console::print_bytes(&buffer[..length])?;
        } else {
            drop(client); // closes the socket, as `close()` does in the script
            return console::print("客户端已关闭");
        }
    }
}

//! Accepts one TCP client and sends back whatever it sends, until it closes.
//!
//! What it shows: a TCP server has two sockets. The listening one only accepts connections; each
//! connection is a socket of its own, and a `read` of nothing says that its other end has closed.
//!
//! Mirrors `tcp_echo_server.py`.

use common::{Context, Error, address, console};
use std::ascii;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;

/// Where to listen: the script's port, on every network card (its `""`). The standard library
/// chooses the backlog: 128 connections may wait to be accepted, as in the script.
const LISTEN: &str = "0.0.0.0:10050";

/// How many bytes to take from the stream at a time: fewer system calls for the same bytes.
const RECV_SIZE: usize = 64 * 1024;

/// How many bytes to print on a line: what the script takes from the stream at a time.
const LINE_SIZE: usize = 1024;

const HELP: &str = "\
用法: tcp-echo-server [LISTEN]

接受一个 TCP 客户端，把它发来的字节原样发回，它关闭连接后结束。

  LISTEN  监听的地址，默认 0.0.0.0:10050

例如: tcp-echo-server 127.0.0.1:10050
";

fn main() -> ExitCode {
    common::run(HELP, tcp_echo_server)
}

/// `main()` of the script.
fn tcp_echo_server([listen]: [Option<OsString>; 1]) -> Result<(), Error> {
    let listen = address::local(listen, LISTEN)?;
    // `bind` makes the socket, binds it and turns it into a listening one: three calls in Python.
    let listener = TcpListener::bind(listen).context(format!("监听 {listen}"))?;
    let listen = listener.local_addr().context("查询本机地址")?;
    console::note(format!("正在监听 {listen}"));

    let (mut client, address) = listener.accept().context("接受连接")?;
    console::note(format!("客户端 {address} 已连接"));

    let mut buffer = vec![0; RECV_SIZE];
    let mut printout = Printout::new();
    loop {
        match echo(&mut client, &mut buffer) {
            Ok(0) => break,
            Ok(length) => console::write(printout.of(&buffer[..length]))?,
            // A reset ends the connection as well, if not in an orderly way.
            Err(error) => {
                console::note(format!("与客户端 {address} 的连接断开：{error}"));
                break;
            }
        }
    }
    drop(client); // closes the socket, as `close()` does in the script
    console::print("客户端已关闭")
}

/// Receives what there is and sends all of it back; 0 bytes: the client has closed.
fn echo(client: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let length = client.read(buffer)?;
    // `write_all` goes on until everything is sent; the script's `send()` may send a part only.
    client.write_all(&buffer[..length])?;
    Ok(length)
}

/// What `print(recv_data)` shows: the bytes as a literal, those that are no ASCII text as `\xc4`.
///
/// This is most of the program's work, so every byte's text is looked up, not worked out anew.
struct Printout {
    /// For each byte value its text and how long that is, 4 bytes at most.
    escapes: [([u8; 4], usize); 256],
    text: Vec<u8>,
}

impl Printout {
    fn new() -> Printout {
        let escapes = std::array::from_fn(|value| {
            let mut text = [0; 4];
            let escape = ascii::escape_default(value as u8);
            let length = escape.len();
            escape
                .zip(&mut text)
                .for_each(|(byte, place)| *place = byte);
            (text, length)
        });
        Printout {
            escapes,
            text: Vec::new(),
        }
    }

    fn of(&mut self, received: &[u8]) -> &[u8] {
        self.text.clear();
        for line in received.chunks(LINE_SIZE) {
            self.text.extend_from_slice(b"b\"");
            let begin = self.text.len();
            self.text.resize(begin + 4 * line.len(), 0);
            let mut end = begin;
            for byte in line {
                // All four bytes, whatever the length, since that is faster: the next text
                // overwrites what is too much.
                let (text, length) = self.escapes[usize::from(*byte)];
                self.text[end..end + 4].copy_from_slice(&text);
                end += length;
            }
            self.text.truncate(end);
            self.text.extend_from_slice(b"\"\n");
        }
        &self.text
    }
}

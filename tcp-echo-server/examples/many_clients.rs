//! Accepts many TCP clients at once and sends back whatever each of them sends, until Ctrl-C.
//!
//! What it shows: a thread for each client. `read` and `write` block, and so each thread waits for
//! its own client and nobody else's: for one that sends nothing, and for one that sends and does not
//! read. The latter costs no more than the others, since a thread that cannot send does not receive
//! either: its one buffer is all that it ever holds, and TCP's flow control makes the client wait.
//!
//! A solution of an exercise in the lab sheet of `tcp-echo-server`.

use common::clients::{self, Client};
use common::{Context, Error, address, console};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;

/// Where to listen: the script's port, on every network card.
const LISTEN: &str = "0.0.0.0:10050";

/// How many bytes to take from a client at a time: fewer system calls for the same bytes. Every client
/// has a buffer of this size, which is 32 MiB for a thousand of them.
const RECV_SIZE: usize = 32 * 1024;

/// How many clients are served at once. When all places are taken and another client comes, the one
/// that has moved no byte for longest makes way.
const MOST_CLIENTS: usize = 1000;

/// The file descriptors of one client: its socket.
const DESCRIPTORS: usize = 1;

const HELP: &str = "\
用法: many_clients [LISTEN]

同时服务许多 TCP 客户端 (最多 1000 个)，把各自发来的字节原样发回，直到按 Ctrl-C。

  LISTEN  监听的地址，默认 0.0.0.0:10050

例如: many_clients 127.0.0.1:10050
";

fn main() -> ExitCode {
    common::run(HELP, many_clients)
}

fn many_clients([listen]: [Option<OsString>; 1]) -> Result<(), Error> {
    let listen = address::local(listen, LISTEN)?;
    let listener = TcpListener::bind(listen).context(format!("监听 {listen}"))?;
    let listen = listener.local_addr().context("查询本机地址")?;
    console::note(format!("正在监听 {listen}"));

    let most = clients::room(DESCRIPTORS, MOST_CLIENTS);
    while let Some(client) = clients::accept(&listener, most) {
        client.on_its_own_thread(echo);
    }
    Ok(())
}

/// Sends back what the client sends, until it closes.
fn echo(client: &Client) -> Result<(), Error> {
    let mut socket: &TcpStream = client;
    let mut buffer = vec![0; RECV_SIZE];
    loop {
        let length = socket.read(&mut buffer).context("接收")?;
        if !client.mark_active() {
            return Err(Error::Incomplete("没有动静，让位给别的客户端".into()));
        }
        if length == 0 {
            console::note(format!("客户端 {} 已关闭", client.address()));
            return Ok(());
        }
        socket.write_all(&buffer[..length]).context("发送")?;
    }
}

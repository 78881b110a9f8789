//! Accepts many TCP clients at once and sends back whatever each of them sends, until Ctrl-C.
//!
//! What it shows: a thread for each client. `read` and `write` block, and so each thread waits for
//! its own client and nobody else's: for one that sends nothing, and for one that sends and does not
//! read. The latter costs no more than the others, since a thread that cannot send does not receive
//! either: its one buffer is all that it ever holds, and TCP's flow control makes the client wait.
//!
//! A solution of an exercise in the lab sheet of `tcp-echo-server`.

use common::{Context, Error, address, console, explain};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Where to listen: the script's port, on every network interface.
const LISTEN: &str = "0.0.0.0:10050";

/// How many bytes to take from a client at a time: fewer system calls for the same bytes. Every client
/// has a buffer of this size, which is 32 MiB for a thousand of them.
const RECV_SIZE: usize = 32 * 1024;

/// How many clients are served at once: without a bound, whoever connects often enough takes all the
/// memory. One more than that is closed at once.
const MAX_CLIENTS: usize = 1000;

/// How long to wait before accepting again when the system cannot: with no file descriptor left it
/// will not have recovered a microsecond later.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const HELP: &str = "\
用法：many_clients [LISTEN]

同时服务许多 TCP 客户端（最多 1000 个），把各自发来的字节原样发回，直到按 Ctrl-C。

  LISTEN  监听的地址，默认 0.0.0.0:10050

例如：many_clients 127.0.0.1:10050
";

fn main() -> ExitCode {
    common::run(HELP, many_clients)
}

fn many_clients([listen]: [Option<String>; 1]) -> Result<(), Error> {
    let listen = address::local(listen, LISTEN)?;
    let listener = TcpListener::bind(listen).context(format!("监听 {listen}"))?;
    let listen = listener.local_addr().context("查询本机地址")?;
    console::note(format!("正在监听 {listen}"));

    // Every client's thread has a clone of this, so the number of clones is the number of clients.
    let places = Arc::new(());
    let mut is_told = false; // one line for all that are turned away in a row
    loop {
        let (client, address) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(reason) => {
                if !is_told {
                    console::note(format!("无法接受连接，稍后再试：{}", explain(&reason)));
                }
                is_told = true;
                #[expect(clippy::disallowed_methods, reason = "no event tells of it")]
                thread::sleep(ACCEPT_PAUSE);
                continue;
            }
        };
        if Arc::strong_count(&places) > MAX_CLIENTS {
            if !is_told {
                console::note(format!("已有 {MAX_CLIENTS} 个客户端，关闭 {address} 和后面的连接"));
            }
            is_told = true;
            continue; // dropping `client` closes it
        }
        is_told = false;
        let place = places.clone();
        let serve = move || {
            let ended = echo(client, address);
            drop(place);
            ended.unwrap_or_else(|error| console::note(format!("客户端 {address}：{error}")));
        };
        let started = thread::Builder::new().spawn(serve).context("创建线程");
        console::note_failure(started)?;
    }
}

/// Sends back what the client sends, until it closes.
fn echo(mut client: TcpStream, address: SocketAddr) -> Result<(), Error> {
    let mut buffer = vec![0; RECV_SIZE];
    loop {
        let length = client.read(&mut buffer).context("接收")?;
        if length == 0 {
            console::note(format!("客户端 {address} 已关闭"));
            return Ok(());
        }
        client.write_all(&buffer[..length]).context("发送")?;
    }
}

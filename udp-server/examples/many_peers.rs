//! Answers every UDP datagram at once, whoever has sent it, and shows it.
//!
//! What it shows: one UDP socket serves any number of peers. Nobody waits for anybody else, as long
//! as the program itself waits for nothing but the next datagram: not for a keyboard, and not for
//! the screen either, which is slower than the network. So one thread answers and another one shows.
//! Between them is a queue with a bound: what nobody reads must not fill the memory.
//!
//! A solution of the exercise in the lab sheet of `udp-server`.

use common::{Context, Error, address, console, datagram};
use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

/// Where to listen: the script's port, on every network interface.
const LOCAL: &str = "0.0.0.0:8080";

/// What an answer begins with; the datagram that it answers follows.
const ANSWER: &[u8] = "收到:".as_bytes();

/// How many datagrams may wait to be shown. At 64 KiB each that is 32 MiB.
const MAX_WAITING: usize = 512;

const HELP: &str = "\
用法：many_peers [LOCAL]

显示收到的每个 UDP 数据报，并立即回复“收到:”和它的内容。

  LOCAL  要绑定的本机地址，默认 0.0.0.0:8080

例如：many_peers 8080
";

fn main() -> ExitCode {
    common::run(HELP, many_peers)
}

fn many_peers([local]: [Option<String>; 1]) -> Result<(), Error> {
    let local = address::local(local, LOCAL)?;
    let socket = UdpSocket::bind(local).context(format!("绑定 {local}"))?;
    let local = socket.local_addr().context("查询本机地址")?;
    console::note(format!("已绑定 {local}，收到数据报后立即回复"));

    let (queue, waiting) = mpsc::sync_channel(MAX_WAITING);
    let answering = thread::Builder::new().spawn(move || answer_all(&socket, &queue));
    let answering = answering.context("创建线程")?;

    // This thread shows. An error here ends the program, and the other thread with it.
    for shown in waiting {
        let Shown { data, sender, answered, left_out } = shown;
        console::print(sender)?;
        console::print(String::from_utf8_lossy(&data))?;
        console::note_failure(answered)?; // the next answer may be sent
        if left_out > 0 {
            console::note(format!("另有 {left_out} 个数据报来不及显示，已略过"));
        }
    }
    // The queue has ended, since the other thread has.
    answering.join().unwrap_or(Ok(()))
}

/// A datagram to show.
struct Shown {
    data: Vec<u8>,
    sender: SocketAddr,
    /// What has become of its answer.
    answered: Result<(), Error>,
    /// How many datagrams before this one have found no place in the queue.
    left_out: u64,
}

/// Answers one datagram after the other.
fn answer_all(socket: &UdpSocket, queue: &SyncSender<Shown>) -> Result<(), Error> {
    let mut left_out = 0;
    loop {
        let (data, sender) = datagram::receive(socket)?;
        let answered = answer(socket, &data, sender);
        // Where the queue is full, `send` would wait until the screen has caught up.
        let shown = Shown { data, sender, answered, left_out };
        left_out = match queue.try_send(shown) {
            Ok(()) => 0,
            Err(_) => left_out + 1,
        };
    }
}

/// Sends back what has come, behind [`ANSWER`].
fn answer(socket: &UdpSocket, data: &[u8], sender: SocketAddr) -> Result<(), Error> {
    // Two servers that answer each other's answers would never stop, and to begin it somebody need
    // only forge a sender's address.
    if data.starts_with(ANSWER) {
        return Ok(());
    }
    datagram::send(socket, &[ANSWER, data].concat(), sender)
}

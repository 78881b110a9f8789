//! Answers every UDP datagram at once, whoever has sent it, and shows it.
//!
//! What it shows: one UDP socket serves any number of peers. Nobody waits for anybody else, as long
//! as the program itself waits for nothing but the next datagram: not for a keyboard, and not for
//! the screen either, which is slower than the network. So one thread answers and another one shows.
//! Between them is a queue with a bound, and with a bound for each peer, so that one who sends
//! without end can neither fill the memory nor crowd the others off the screen.
//!
//! A solution of the exercise in the lab sheet of `udp-server`.

use common::encoding::Encoding;
use common::{Context, Error, address, console, datagram};
use std::collections::VecDeque;
use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

/// Where to listen: the script's port, on every network interface.
const LOCAL: &str = "0.0.0.0:8080";

/// What an answer begins with; the datagram that it answers follows.
const ANSWER: &str = "收到:";

/// How many datagrams may wait to be shown. At 64 KiB each that is 32 MiB, or three times as much
/// where no byte is text: U+FFFD has three bytes.
const MAX_WAITING: usize = 512;

/// How many of these may be one peer's.
const MAX_OF_ONE_PEER: usize = 128;

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

    let queue = Arc::new(Queue::default());
    let shown = queue.clone();
    let (ended, end) = mpsc::channel();
    let answering_ended = ended.clone();
    let answering = move || answering_ended.send(answer_all(&socket, &queue));
    thread::Builder::new()
        .spawn(answering)
        .context("创建线程")?;
    let showing = move || ended.send(show_all(&shown));
    thread::Builder::new().spawn(showing).context("创建线程")?;
    // Whichever ends first ends the program: with `main`, all threads end.
    end.recv().unwrap_or(Ok(()))
}

/// Answers one datagram after the other.
fn answer_all(socket: &UdpSocket, queue: &Queue) -> Result<(), Error> {
    loop {
        let (data, sender) = datagram::receive(socket)?;
        let answered = answer(socket, &data, sender);
        queue.add(sender, Encoding::Utf8.decode(&data), answered);
    }
}

/// Sends back what has come, behind [`ANSWER`].
fn answer(socket: &UdpSocket, data: &[u8], sender: SocketAddr) -> Result<(), Error> {
    // Two servers that answer each other's answers would never stop, and to begin it somebody need
    // only forge a sender's address.
    if data.starts_with(ANSWER.as_bytes()) {
        return Ok(());
    }
    datagram::send(socket, &[ANSWER.as_bytes(), data].concat(), sender)
}

/// Shows what has been answered, as fast as the screen can.
fn show_all(queue: &Queue) -> Result<(), Error> {
    loop {
        let Shown {
            sender,
            text,
            answered,
            left_out,
        } = queue.next();
        console::print(sender)?;
        console::print(text)?;
        console::note_failure(answered)?; // this answer failed, the next one may not
        if left_out > 0 {
            console::note(format!("另有 {left_out} 个数据报来不及显示，已略过"));
        }
    }
}

/// A datagram to show, and what has become of its answer.
struct Shown {
    sender: SocketAddr,
    text: String,
    answered: Result<(), Error>,
    /// How many datagrams before this one have found no room in the queue.
    left_out: u64,
}

/// What waits to be shown.
#[derive(Default)]
struct Waiting {
    datagrams: VecDeque<Shown>,
    /// How many have found no room since the last one that did.
    left_out: u64,
}

/// The queue between the two threads.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a datagram, if there is room for it. Never waits.
    fn add(&self, sender: SocketAddr, text: String, answered: Result<(), Error>) {
        let waiting = &mut *self.waiting();
        let of_sender = waiting.datagrams.iter();
        let of_sender = of_sender.filter(|shown| shown.sender == sender);
        if waiting.datagrams.len() >= MAX_WAITING || of_sender.count() >= MAX_OF_ONE_PEER {
            waiting.left_out += 1;
            return;
        }
        waiting.datagrams.push_back(Shown {
            sender,
            text,
            answered,
            left_out: std::mem::take(&mut waiting.left_out),
        });
        self.changed.notify_one();
    }

    /// The next datagram, as soon as there is one.
    fn next(&self) -> Shown {
        let mut waiting = self.waiting();
        loop {
            if let Some(next) = waiting.datagrams.pop_front() {
                return next;
            }
            let waited = self.changed.wait(waiting);
            waiting = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

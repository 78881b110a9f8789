//! Sends one line as a UDP datagram, and sends it again as long as nobody answers.
//!
//! What it shows: UDP may lose a datagram, on the way there or on the way back, and tells nobody. So
//! whoever wants an answer sets a time limit, sends again when it has passed, and gives up at some
//! time. Each pause is twice as long as the one before: if it is a crowded network that loses the
//! datagrams, more of them would make it worse.
//!
//! A solution of the exercise in the lab sheet of `udp-client`.

use common::{Context, Error, address, console, datagram};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Where the line goes: where `udp-server` listens.
const REMOTE: &str = "127.0.0.1:8080";

/// Where answers arrive: the script's port, on every network interface.
const LOCAL: &str = "0.0.0.0:10086";

/// How long to wait for an answer at first. It doubles with each try.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// How often to send the line before giving up: after 0, 0.5, 1.5 and 3.5 seconds, and the last try
/// waits until second 7.5.
const TRIES: u32 = 4;

/// A receive that finds nothing in time: the one error has two names, on Unix and on Windows.
const TIMEOUT: [ErrorKind; 2] = [ErrorKind::WouldBlock, ErrorKind::TimedOut];

const HELP: &str = "\
用法：retry [REMOTE [LOCAL]]

把一行输入作为一个 UDP 数据报发给 REMOTE，显示它的回复；没有收到回复就再次发送，最多发 4 次。

  REMOTE  服务器的地址，默认 127.0.0.1:8080
  LOCAL   要绑定的本机地址，默认 0.0.0.0:10086

例如：retry 192.168.1.5:8080
";

fn main() -> ExitCode {
    common::run(HELP, retry)
}

fn retry([remote, local]: [Option<String>; 2]) -> Result<(), Error> {
    let (remote, local) = address::remote_and_local(remote, REMOTE, local, LOCAL)?;
    let socket = UdpSocket::bind(local).context(format!("绑定 {local}"))?;
    let local = socket.local_addr().context("查询本机地址")?;
    console::note(format!("已绑定 {local}，输入一行内容发往 {remote}"));

    let line = console::ask("")?;
    let answer = exchange(&socket, line.as_bytes(), remote)?;

    // One question, one answer. When an answer was only late, the server has answered twice; the
    // second answer finds this socket closed.
    match answer {
        None => Err(Error::Fatal(format!("没有收到回复：向 {remote} 发送了 {TRIES} 次"))),
        Some(data) if data.is_empty() => console::print("服务器已关闭"),
        Some(data) => {
            console::print(remote)?;
            console::print(String::from_utf8_lossy(&data))
        }
    }
}

/// Sends `data` until there is an answer, and returns it; `None` after the last try.
///
/// All tries leave from one socket, so an answer to an earlier one counts as well.
fn exchange(socket: &UdpSocket, data: &[u8], remote: SocketAddr) -> Result<Option<Vec<u8>>, Error> {
    let mut pause = FIRST_PAUSE;
    let mut told = false;
    for number in 1..=TRIES {
        if number > 1 {
            console::note(format!("没有收到回复，第 {number} 次发送"));
        }
        datagram::send(socket, data, remote)?;
        let deadline = Instant::now() + pause;
        while let Some((answer, sender)) = receive_until(socket, deadline)? {
            if sender == remote {
                return Ok(Some(answer));
            }
            // Anybody can send to this port; only the server's datagrams are answers. Saying so once
            // is enough: a stranger can send faster than a terminal can show.
            if !told {
                console::note(format!("忽略 {sender} 发来的数据报，只等 {remote} 的回复"));
                told = true;
            }
        }
        pause *= 2;
    }
    Ok(None)
}

/// Receives a datagram, but waits no longer than until `deadline`; `None`: nothing has come by then.
fn receive_until(
    socket: &UdpSocket,
    deadline: Instant,
) -> Result<Option<(Vec<u8>, SocketAddr)>, Error> {
    let rest = deadline.saturating_duration_since(Instant::now());
    if rest.is_zero() {
        return Ok(None); // a timeout of zero would be none at all
    }
    socket.set_read_timeout(Some(rest)).context("设置接收超时")?;
    match datagram::receive(socket) {
        Err(Error::Failed { reason, .. }) if TIMEOUT.contains(&reason.kind()) => Ok(None),
        received => received.map(Some),
    }
}

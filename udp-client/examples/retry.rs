//! Sends one line as a UDP datagram, and sends it again as long as nobody answers.
//!
//! What it shows: UDP may lose a datagram, on the way there or on the way back, and tells nobody. So
//! whoever wants an answer sets a time limit, sends again when it has passed, and gives up at some
//! time. Each pause is twice as long as the one before: if it is a crowded network that loses the
//! datagrams, more of them would make it worse.
//!
//! A solution of the exercise in the lab sheet of `udp-client`.

use common::encoding::Encoding;
use common::{Context, Error, address, console, datagram};
use std::ffi::OsString;
use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Where the line goes: where `udp-server` listens.
const REMOTE: &str = "127.0.0.1:8080";

/// Where answers arrive: the script's port, on every network card.
const LOCAL: &str = "0.0.0.0:10086";

/// How long to wait for an answer at first. It doubles with each try.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// How often to send the line before giving up: after 0, 0.5, 1.5 and 3.5 seconds, and the last try
/// waits until second 7.5.
const TRIES: u32 = 4;

const HELP: &str = "\
用法: retry [REMOTE [LOCAL]]

把一行输入作为一个 UDP 数据报发给 REMOTE，显示它的回答；没有回答就重发，最多发 4 次。

  REMOTE  服务器的地址，默认 127.0.0.1:8080
  LOCAL   本机的地址，默认 0.0.0.0:10086

例如: retry 192.168.1.5:8080
";

fn main() -> ExitCode {
    common::run(HELP, retry)
}

fn retry([remote, local]: [Option<OsString>; 2]) -> Result<(), Error> {
    let (remote, local) = address::ends(remote, REMOTE, local, LOCAL)?;
    let socket = UdpSocket::bind(local).context(format!("绑定 {local}"))?;
    let local = socket.local_addr().context("查询本机地址")?;
    console::note(format!("已绑定 {local} ，输入一行内容发往 {remote}"));

    let answer = console::ask_for("", |line| {
        exchange(&socket, &Encoding::Utf8.encode(line)?, remote)
    })?;

    // One question, one answer. When an answer was only late, the server has answered twice; the
    // second answer finds this socket closed.
    match answer {
        None => Err(Error::Incomplete(format!(
            "没有人回答：向 {remote} 发送了 {TRIES} 次"
        ))),
        Some(data) if data.is_empty() => console::print("服务器已关闭"),
        Some(data) => {
            console::print(remote)?;
            console::print(Encoding::Utf8.decode(&data))
        }
    }
}

/// Sends `data` until there is an answer, and returns it; `None` after the last try.
///
/// All tries leave from one socket, so an answer to an earlier one counts as well.
fn exchange(socket: &UdpSocket, data: &[u8], remote: SocketAddr) -> Result<Option<Vec<u8>>, Error> {
    let mut pause = FIRST_PAUSE;
    for number in 1..=TRIES {
        if number > 1 {
            console::note(format!("没有回答，第 {number} 次发送"));
        }
        datagram::send(socket, data, remote)?;
        let deadline = Instant::now() + pause;
        while let Some((answer, sender)) = datagram::receive_until(socket, deadline)? {
            if sender == remote {
                return Ok(Some(answer));
            }
            // Anybody can send to this port; only the server's datagrams are answers.
            console::note(format!("{sender} 发来的不是回答，等的是 {remote}"));
        }
        pause *= 2;
    }
    Ok(None)
}

//! Prints every UDP datagram that comes, and answers each with a line from the keyboard.
//!
//! What it shows: a UDP server is a socket bound to a port that its clients know. There is no
//! connection and no list of clients: each datagram brings its sender's address along.
//!
//! Mirrors `udp_server.py`.

use common::{Context, Error, address, console, datagram};
use std::net::UdpSocket;
use std::process::ExitCode;

/// Where to listen: the script's port, on every network interface (its `""`).
const LOCAL: &str = "0.0.0.0:8080";

/// Fills in what the argument `REPLY_TO` leaves out: the port of `udp-client`, on this machine.
const REPLY_TO: &str = "127.0.0.1:10086";

const HELP: &str = "\
用法：udp-server [LOCAL [REPLY_TO]]

显示收到的每个 UDP 数据报，并用键盘输入的一行回复。

  LOCAL     要绑定的本机地址，默认 0.0.0.0:8080
  REPLY_TO  回复发往的地址，默认谁发来就回复谁

例如：udp-server 8080
";

fn main() -> ExitCode {
    common::run(HELP, udp_server)
}

/// `main()` of the script.
fn udp_server([local, reply_to]: [Option<String>; 2]) -> Result<(), Error> {
    let local = address::local(local, LOCAL)?;
    // The script always answers to one address, its author's. Here that is an argument.
    let reply_to = match reply_to {
        Some(given) => Some(address::remote_for(local, given, REPLY_TO)?),
        None => None, // whoever has sent
    };
    let socket = UdpSocket::bind(local).context(format!("绑定 {local}"))?;
    let local = socket.local_addr().context("查询本机地址")?;
    console::note(format!("已绑定 {local}，收到数据报后输入一行作为回复"));

    loop {
        let (data, sender) = datagram::receive(&socket)?;
        console::print(sender)?;
        console::print(String::from_utf8_lossy(&data))?;

        // Datagrams that come meanwhile wait in the receive queue of the socket.
        let line = console::ask("")?;
        let sent = datagram::send(&socket, line.as_bytes(), reply_to.unwrap_or(sender));
        console::note_failure(sent)?; // then the next datagram
    }
}

//! Sends one line as a UDP datagram, then prints every datagram that comes back.
//!
//! What it shows: a UDP client needs no connection. It makes a socket, binds it to a port so that
//! answers find their way back, and sends. It never learns whether anybody is there.
//!
//! Mirrors `udp_client.py`.

use common::{Context, Error, address, console, datagram};
use std::net::UdpSocket;
use std::process::ExitCode;

/// Where the line goes. The script has an address of its author's network here, and a port (8081)
/// that its server does not listen on; this is where `udp-server` listens.
const REMOTE: &str = "127.0.0.1:8080";

/// Where answers arrive: the script's port, on every network interface (its `""`).
const LOCAL: &str = "0.0.0.0:10086";

const HELP: &str = "\
用法：udp-client [REMOTE [LOCAL]]

把一行输入作为一个 UDP 数据报发给 REMOTE，然后显示收到的每个数据报。

  REMOTE  服务器的地址，默认 127.0.0.1:8080
  LOCAL   要绑定的本机地址，默认 0.0.0.0:10086

例如：udp-client 192.168.1.5:8080
";

fn main() -> ExitCode {
    common::run(HELP, udp_client)
}

/// `main()` of the script.
fn udp_client([remote, local]: [Option<String>; 2]) -> Result<(), Error> {
    let (remote, local) = address::remote_and_local(remote, REMOTE, local, LOCAL)?;
    let socket = UdpSocket::bind(local).context(format!("绑定 {local}"))?;
    let local = socket.local_addr().context("查询本机地址")?;
    console::note(format!("已绑定 {local}，输入一行内容发往 {remote}"));

    let line = console::ask("")?;
    datagram::send(&socket, line.as_bytes(), remote)?;

    loop {
        let (data, sender) = datagram::receive(&socket)?;
        if !data.is_empty() {
            console::print(sender)?;
            console::print(String::from_utf8_lossy(&data))?;
        } else {
            // An empty datagram is a datagram like any other; the script takes it for a farewell.
            return console::print("服务器已关闭");
        }
    }
}

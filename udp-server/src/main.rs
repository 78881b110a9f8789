//! 显示收到的每个 UDP 数据报，并用键盘输入的一行回复。
//!
//! 要点：UDP 服务器就是一个绑定在公开端口上的套接字。它不建立连接，也不必保存客户端的名单：每个数
//! 据报都带有发送方的地址。
//!
//! 对照的脚本：`udp_server.py`。

use common::{Context, Error, address, console, datagram};
use std::net::UdpSocket;
use std::process::ExitCode;

/// 在哪里接收：端口与脚本相同，地址是本机的所有地址（脚本中的 `""`）。
const LOCAL: &str = "0.0.0.0:8080";

/// 参数 `REPLY_TO` 省略的部分由它补上：本机，`udp-client` 的端口。
const REPLY_TO: &str = "127.0.0.1:10086";

const HELP: &str = "\
用法：udp-server [LOCAL [REPLY_TO]]

显示收到的每个 UDP 数据报，并用键盘输入的一行回复。

  LOCAL     要绑定的本机地址，默认 0.0.0.0:8080
  REPLY_TO  回复的目的地址，默认回复给发送方

例如：udp-server 8080
";

fn main() -> ExitCode {
    common::run(HELP, udp_server)
}

/// 脚本的 `main()`。
fn udp_server([local, reply_to]: [Option<String>; 2]) -> Result<(), Error> {
    let local = address::local(local, LOCAL)?;
    // 脚本总是回复到一个固定的地址，这里由参数给出。
    let reply_to = match reply_to {
        Some(given) => Some(address::remote_for(local, given, REPLY_TO)?),
        None => None, // 回复给发送方
    };
    let socket = UdpSocket::bind(local).context(format!("绑定 {local}"))?;
    let local = socket.local_addr().context("查询本机地址")?;
    console::note(format!("已绑定 {local}，收到数据报后输入一行作为回复"));

    loop {
        let (data, sender) = datagram::receive(&socket)?;
        console::print(sender)?;
        console::print(String::from_utf8_lossy(&data))?;

        // 这时到达的数据报在套接字的接收队列中等待。
        let line = console::ask("")?;
        let sent = datagram::send(&socket, line.as_bytes(), reply_to.unwrap_or(sender));
        console::note_failure(sent)?; // 出错后继续接收下一个
    }
}

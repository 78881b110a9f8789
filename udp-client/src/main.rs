//! 把输入的一行作为一个 UDP 数据报发出，然后显示收到的每个数据报。
//!
//! 要点：UDP 客户端不建立连接。创建套接字，绑定端口（以便收到回复），然后发送；发送时并不知道对方
//! 是否存在。
//!
//! 对照的脚本：`udp_client.py`。

use common::{Context, Error, address, console, datagram};
use std::net::UdpSocket;
use std::process::ExitCode;

/// 发往哪里：`udp-server` 绑定的端口。脚本写的是作者网络中的地址，端口 8081 也不是服务器绑定的端口。
const REMOTE: &str = "127.0.0.1:8080";

/// 在哪里接收回复：端口与脚本相同，地址是本机的所有地址（脚本中的 `""`）。
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

/// 脚本的 `main()`。
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
            // 空数据报也是数据报；脚本约定用它表示服务器已关闭。
            return console::print("服务器已关闭");
        }
    }
}

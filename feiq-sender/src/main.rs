//! 向飞秋等使用 IP Messenger 协议的程序发送聊天消息。
//!
//! 要点：协议是对字节的约定。按约定的格式和编码，把字节发到约定的端口，就能与飞秋通信。
//!
//! 对照的脚本：`feiq_sender.py`。协议：*IP Messenger communication protocol*，草案第 9 版及以后，
//! 作者 H. Shirouzu。

use common::{Context, Error, address, console, datagram, gbk};
use std::net::UdpSocket;
use std::process::ExitCode;

/// 发往哪里：IP Messenger 的端口。脚本写的是作者网络中的地址。
const REMOTE: &str = "127.0.0.1:2425";

/// 第 1 个字段：协议版本。
const VERSION: u32 = 1;

/// 第 2 个字段：第一条消息的包编号。脚本的每条消息都用这个编号，接收方把后面的当作重复，不显示；
/// 所以这里每发一条加 1。
const FIRST_PACKET_NUMBER: u64 = 324_244;

/// 第 3、4 个字段：发送方的用户名和主机名。
const USER: &str = "小道士";
const HOST: &str = "ubuntu";

/// 第 5 个字段：命令，表示一条要显示的消息。消息的内容是第 6 个字段。
const IPMSG_SENDMSG: u32 = 32;

const HELP: &str = "\
用法：feiq-sender [REMOTE]

把输入的每一行作为飞秋（IP Messenger）消息发给 REMOTE。

  REMOTE  接收方（飞秋）的地址，默认 127.0.0.1:2425

例如：feiq-sender 192.168.1.5
";

fn main() -> ExitCode {
    common::run(HELP, feiq_sender)
}

/// 脚本的 `main()`。
fn feiq_sender([remote]: [Option<String>; 1]) -> Result<(), Error> {
    // Python 的套接字在第一次发送时得到端口，Rust 的在创建时就要绑定；端口 0 表示由系统分配。
    let (remote, local) = address::remote_and_local(remote, REMOTE, None, "0.0.0.0:0")?;
    let socket = UdpSocket::bind(local).context(format!("绑定 {local}"))?;
    let local = socket.local_addr().context("查询本机地址")?;
    console::note(format!("已绑定 {local}，消息发往 {remote}"));

    let mut packet_number = FIRST_PACKET_NUMBER;
    loop {
        let text = console::ask("请输入内容:")?;
        let message = format!("{VERSION}:{packet_number}:{USER}:{HOST}:{IPMSG_SENDMSG}:{text}");
        let Some(data) = console::note_failure(gbk::encode(&message))? else { continue };
        let sent = datagram::send(&socket, &data, remote);
        if console::note_failure(sent)?.is_some() {
            packet_number += 1;
        }
    }
}

//! Sends chat messages to FeiQ (飞秋) and whatever else speaks the IP Messenger protocol.
//!
//! What it shows: a protocol is an agreement on bytes. Whoever sends the right ones, in the right
//! encoding, to the right port, is a FeiQ client.
//!
//! Mirrors `feiq_sender.py`. The protocol: *IP Messenger communication protocol*, draft 9 and later,
//! by H. Shirouzu.

use common::{Context, Error, address, console, datagram, gbk};
use std::net::UdpSocket;
use std::process::ExitCode;

/// Where the messages go: the port of IP Messenger. The script has an address of its author's
/// network here.
const REMOTE: &str = "127.0.0.1:2425";

/// Protocol version, the first field of a message.
const VERSION: u32 = 1;

/// Packet number of the first message, the second field. The script puts this number into every
/// message; receivers take the second one for a repetition of the first and show nothing. So here
/// it grows by one with each message.
const FIRST_PACKET_NUMBER: u64 = 324_244;

/// Sender's user name and host name, the third and fourth fields.
const USER: &str = "小道士";
const HOST: &str = "ubuntu";

/// Command, the fifth field: a message to show. Its text is the sixth field.
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

/// `main()` of the script.
fn feiq_sender([remote]: [Option<String>; 1]) -> Result<(), Error> {
    // Python's socket gets its address when it first sends; Rust asks for it at once. Port 0 lets
    // the system choose one.
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

//! Sends chat messages to FeiQ (飞秋) or IP Messenger, each one until its receipt has come.
//!
//! What it shows: how a protocol makes sure of something on top of UDP, which makes sure of nothing.
//! The sender asks for a receipt and sends again on silence; the packet number, the same in every
//! repetition, tells the receiver that it has this message already, and tells the sender which of
//! its messages a receipt is for.
//!
//! A solution of an exercise in the lab sheet of `feiq-sender`. The protocol: *IP Messenger
//! communication protocol*, draft 9 and later, by H. Shirouzu.

use common::{Context, Error, address, console, datagram, gbk};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Where the messages go: the port of IP Messenger.
const REMOTE: &str = "127.0.0.1:2425";

/// Where receipts arrive: on any port, since a receiver should answer to the port that a message
/// came from. Some (iptux) answer to port 2425 whatever the message came from; LOCAL can be that.
const LOCAL: &str = "0.0.0.0:0";

/// Protocol version, the first field of a message.
const VERSION: u32 = 1;

/// Packet number of the first message, the second field. It grows by one with each message.
const FIRST_PACKET_NUMBER: u64 = 324_244;

/// Sender's user name and host name, the third and fourth fields.
const USER: &str = "小道士";
const HOST: &str = "ubuntu";

/// The fifth field is a number of 32 bits: a command in the low 8, options in the others.
const COMMAND_MASK: u32 = 0xff;

/// A message to show; its text is the sixth field.
const IPMSG_SENDMSG: u32 = 32;

/// A receipt; the sixth field is the packet number of the message.
const IPMSG_RECVMSG: u32 = 33;

/// Option of a message: its sender asks for a receipt. The whole fifth field is then 288.
const IPMSG_SENDCHECKOPT: u32 = 0x100;

/// How long to wait for a receipt at first, and at most. It doubles with each try.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const MAX_PAUSE: Duration = Duration::from_secs(4);

/// How often to send a message before giving it up: for half a minute, more or less.
const TRIES: u32 = 10;

/// A receive that finds nothing in time: the one error has two names, on Unix and on Windows.
const TIMEOUT: [ErrorKind; 2] = [ErrorKind::WouldBlock, ErrorKind::TimedOut];

const HELP: &str = "\
用法：acknowledged [REMOTE [LOCAL]]

把输入的每一行作为飞秋（IP Messenger）消息发给 REMOTE，收到回执为止，最多发 10 次。

  REMOTE  接收方（飞秋）的地址，默认 127.0.0.1:2425
  LOCAL   要绑定的本机地址，默认 0.0.0.0:0（任意端口）

例如：acknowledged 192.168.1.5
";

fn main() -> ExitCode {
    common::run(HELP, acknowledged)
}

fn acknowledged([remote, local]: [Option<String>; 2]) -> Result<(), Error> {
    let (remote, local) = address::remote_and_local(remote, REMOTE, local, LOCAL)?;
    let socket = UdpSocket::bind(local).context(format!("绑定 {local}"))?;
    let local = socket.local_addr().context("查询本机地址")?;
    console::note(format!("已绑定 {local}，消息发往 {remote}"));

    let mut packet_number = FIRST_PACKET_NUMBER;
    loop {
        let text = console::ask("请输入内容:")?;
        let command = IPMSG_SENDMSG | IPMSG_SENDCHECKOPT;
        let message = format!("{VERSION}:{packet_number}:{USER}:{HOST}:{command}:{text}");
        let Some(data) = console::note_failure(gbk::encode(&message))? else { continue };
        let delivered = deliver(&socket, &data, packet_number, remote);
        if console::note_failure(delivered)?.is_some() {
            console::print("对方已收到")?;
        }
        // A message without a receipt may have arrived all the same: its number is used up as well.
        packet_number += 1;
    }
}

/// Sends `message` until its receipt has come.
///
/// # Errors
/// [`Error::Failed`] after the last try.
fn deliver(
    socket: &UdpSocket,
    message: &[u8],
    packet_number: u64,
    remote: SocketAddr,
) -> Result<(), Error> {
    let mut pause = FIRST_PAUSE;
    for number in 1..=TRIES {
        if number > 1 {
            console::note(format!("没有回执，第 {number} 次发送"));
        }
        datagram::send(socket, message, remote)?;
        let deadline = Instant::now() + pause;
        while let Some((answer, sender)) = receive_until(socket, deadline)? {
            // Whatever else arrives here, receipts for earlier messages among it, is passed over.
            if sender == remote && receipted(&answer) == Some(packet_number) {
                return Ok(());
            }
        }
        pause = MAX_PAUSE.min(pause * 2);
    }
    Err(Error::Failed {
        tried: format!("确认送达（发送了 {TRIES} 次，没有收到回执）"),
        reason: ErrorKind::TimedOut.into(),
    })
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

/// The packet number that `data` is a receipt for, if it is a receipt.
fn receipted(data: &[u8]) -> Option<u64> {
    let text = gbk::decode(data);
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    let [_version, _number, _user, _host, command, receipted] = fields[..] else {
        return None;
    };
    let command: u32 = command.parse().ok()?;
    if command & COMMAND_MASK != IPMSG_RECVMSG {
        return None;
    }
    // Some receivers end the number with a NUL.
    receipted.split('\0').next()?.parse().ok()
}

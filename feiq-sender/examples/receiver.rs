//! Receives chat messages of FeiQ (飞秋), IP Messenger, and `feiq-sender`.
//!
//! What it shows: the other end of a protocol. A receiver must expect everything: messages of
//! newer versions, the same message twice, and datagrams that are no messages at all. It answers
//! what it is asked, shows what is for the user, and passes over the rest.
//!
//! A solution of an exercise in the lab sheet of `feiq-sender`. Its stages: taking a message apart
//! and answering `IPMSG_BR_ENTRY`; showing `IPMSG_SENDMSG` and sending receipts; `is_new` and the
//! options. The protocol: *IP Messenger communication protocol*, draft 9 and later, by H. Shirouzu.

use common::{Context, Error, address, console, datagram, gbk};
use std::collections::VecDeque;
use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::time::SystemTime;

/// Where to listen: the port of IP Messenger, on every network interface.
const LOCAL: &str = "0.0.0.0:2425";

/// Protocol version, the first field of a message.
const VERSION: u32 = 1;

/// User name and host name of this end, the third and fourth fields. The user name is also the name
/// that other programs show in their list.
const USER: &str = "小道士";
const HOST: &str = "ubuntu";

/// The fifth field is a number of 32 bits: a command in the low 8, options in the others.
const COMMAND_MASK: u64 = 0xff;

/// Somebody has come in, and asks who is there.
const IPMSG_BR_ENTRY: u64 = 1;

/// The answer to that: I am. The sixth field is the name to show.
const IPMSG_ANSENTRY: u64 = 3;

/// A message to show; its text is the sixth field.
const IPMSG_SENDMSG: u64 = 32;

/// A receipt; the sixth field is the packet number of the message.
const IPMSG_RECVMSG: u64 = 33;

/// Option of a message: its sender asks for a receipt.
const IPMSG_SENDCHECKOPT: u64 = 0x100;

/// Option of a message: it was sent to everybody, or by a machine (an absence note). Such messages
/// get no receipt, whatever they ask for: the whole network would send one at once, or two machines
/// answer each other for ever.
const IPMSG_BROADCASTOPT: u64 = 0x400;
const IPMSG_AUTORETOPT: u64 = 0x2000;

/// Option of a message: it is in UTF-8, names and text. Without it, FeiQ and the Chinese IP Messenger
/// send GBK.
const IPMSG_UTF8OPT: u64 = 0x80_0000;

/// How many messages to remember, so that a repetition is recognised. Their number needs a bound,
/// or whoever sends without end fills the memory; repetitions follow within a minute.
const MAX_REMEMBERED: usize = 4096;

const HELP: &str = "\
用法：receiver [LOCAL]

接收并显示飞秋（IP Messenger）消息，对方要求时发送回执。

  LOCAL  要绑定的本机地址，默认 0.0.0.0:2425

例如：receiver 2425
";

fn main() -> ExitCode {
    common::run(HELP, receiver)
}

fn receiver([local]: [Option<String>; 1]) -> Result<(), Error> {
    let local = address::local(local, LOCAL)?;
    let socket = UdpSocket::bind(local).context(format!("绑定 {local}"))?;
    let local = socket.local_addr().context("查询本机地址")?;
    console::note(format!("已绑定 {local}，等待消息"));

    // The number of our next message. It begins with the time, so that no number comes again after a
    // restart; IP Messenger does the same.
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let mut number = since_1970.map_or(1, |time| time.as_secs());
    let mut remembered = VecDeque::new();
    loop {
        let (data, sender) = datagram::receive(&socket)?;
        let Some(message) = Message::read(&data) else {
            continue; // not of this protocol
        };
        let identity = (sender, message.number);
        if message.command == IPMSG_SENDMSG && is_new(identity, &mut remembered) {
            console::print(&message.line)?;
        }
        // A repetition is answered like the first: that answer may have been lost.
        if let Some((command, text)) = answer(&message) {
            let answer = format!("{VERSION}:{number}:{USER}:{HOST}:{command}:{text}");
            number += 1;
            let sent = datagram::send(&socket, &gbk::encode(&answer)?, sender);
            console::note_failure(sent)?; // the next one may work
        }
    }
}

/// What is to be answered to a message, if anything: the command and the text of the answer.
fn answer(message: &Message) -> Option<(u64, String)> {
    let has = |options| message.options & options != 0;
    match message.command {
        IPMSG_BR_ENTRY => Some((IPMSG_ANSENTRY, USER.into())),
        IPMSG_SENDMSG if has(IPMSG_BROADCASTOPT | IPMSG_AUTORETOPT) => None,
        IPMSG_SENDMSG if has(IPMSG_SENDCHECKOPT) => {
            Some((IPMSG_RECVMSG, message.number.to_string()))
        }
        // All other commands exist, but ask this program for nothing. Answers are among them:
        // answering those would never stop.
        _ => None,
    }
}

/// Whether this is none of the messages that have come lately. It is remembered from now on.
fn is_new(message: (SocketAddr, u64), remembered: &mut VecDeque<(SocketAddr, u64)>) -> bool {
    if remembered.contains(&message) {
        return false;
    }
    if remembered.len() == MAX_REMEMBERED {
        remembered.pop_front();
    }
    remembered.push_back(message);
    true
}

/// A message, taken apart at the colons.
struct Message {
    /// The packet number, which tells the messages of one sender apart.
    number: u64,
    command: u64,
    options: u64,
    /// What to show of it: who says what.
    line: String,
}

impl Message {
    /// `None`: this is no message.
    fn read(data: &[u8]) -> Option<Message> {
        // The fields are separated before they are decoded, since the fifth tells in which encoding
        // they are. No byte of a GBK character is a colon. Colons in the sixth separate nothing. The
        // version, the first, is anything: FeiQ writes `1_lbt6_0#128#…`.
        let fields: Vec<&[u8]> = data.splitn(6, |byte| *byte == b':').collect();
        let [_version, number, user, host, command, text] = fields[..] else {
            return None;
        };
        let command = read_number(command)?;
        let decode = |field| {
            if command & IPMSG_UTF8OPT == 0 {
                gbk::decode(field)
            } else {
                String::from_utf8_lossy(field).into_owned()
            }
        };
        // Behind a NUL is what this program does not know: files, groups, fonts.
        let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
        Some(Message {
            number: read_number(number)?,
            command: command & COMMAND_MASK,
            options: command & !COMMAND_MASK,
            line: format!("{}@{}:{}", decode(user), decode(host), decode(text)),
        })
    }
}

/// Digits and nothing else: `parse` alone would take a sign as well.
fn read_number(field: &[u8]) -> Option<u64> {
    if !field.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(field).ok()?.parse().ok()
}

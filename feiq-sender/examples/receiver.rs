//! Receives chat messages of FeiQ (飞秋), IP Messenger, and `feiq-sender`.
//!
//! What it shows: the other end of a protocol. A receiver must expect everything: messages of
//! newer versions, the same message twice, and datagrams that are no messages at all. It answers
//! what it is asked, shows what is for the user, and passes over the rest.
//!
//! A solution of an exercise in the lab sheet of `feiq-sender`. The protocol: *IP Messenger
//! communication protocol*, draft 9 and later, by H. Shirouzu.

use common::encoding::Encoding;
use common::{Context, Error, address, console, datagram};
use std::collections::VecDeque;
use std::net::UdpSocket;
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
const COMMAND_MASK: u32 = 0xff;

/// Somebody has come in, and asks who is there.
const IPMSG_BR_ENTRY: u32 = 1;

/// The answer to that: I am. The sixth field is the name to show.
const IPMSG_ANSENTRY: u32 = 3;

/// A message to show; its text is the sixth field.
const IPMSG_SENDMSG: u32 = 32;

/// A receipt; the sixth field is the packet number of the message.
const IPMSG_RECVMSG: u32 = 33;

/// Option of a message: its sender asks for a receipt.
const IPMSG_SENDCHECKOPT: u32 = 0x100;

/// Option of a message: it was sent to everybody, or by a machine. Such messages get no receipt,
/// whatever they ask for, or one of them would be answered by the whole network at once.
const IPMSG_BROADCASTOPT: u32 = 0x400;
const IPMSG_AUTORETOPT: u32 = 0x2000;

/// Option of a message: its text is UTF-8. Without it, FeiQ and the Chinese IP Messenger send GBK.
const IPMSG_UTF8OPT: u32 = 0x80_0000;

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

    let mut remembered = VecDeque::new();
    // The number of our next message. Beginning with the time, numbers do not repeat after a
    // restart; IP Messenger does the same.
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let mut number = since_1970.map_or(1, |time| time.as_secs());
    loop {
        let (data, sender) = datagram::receive(&socket)?;
        let Some(message) = Message::read(&data) else {
            continue; // not of this protocol
        };
        if let Some((command, text)) = answer(&message) {
            let answer = format!("{VERSION}:{number}:{USER}:{HOST}:{command}:{text}");
            number += 1;
            let answer = Encoding::Gbk.encode(&answer)?;
            console::note_failure(datagram::send(&socket, &answer, sender))?; // the next one may work
        }
        if message.command & COMMAND_MASK == IPMSG_SENDMSG {
            // A repetition gets a receipt again, since the first may be lost, but is not shown.
            let identity = (sender, message.packet_number);
            if !remembered.contains(&identity) {
                remembered.push_back(identity);
                if remembered.len() > MAX_REMEMBERED {
                    remembered.pop_front();
                }
                let Message { user, host, .. } = &message;
                console::print(format!("{user}@{host}:{}", message.text()))?;
            }
        }
    }
}

/// What is to be answered to a message, if anything: the command and the text of the answer.
fn answer(message: &Message) -> Option<(u32, String)> {
    let has = |option| message.command & option != 0;
    match message.command & COMMAND_MASK {
        IPMSG_BR_ENTRY => Some((IPMSG_ANSENTRY, USER.into())),
        IPMSG_SENDMSG if has(IPMSG_BROADCASTOPT | IPMSG_AUTORETOPT) => None,
        IPMSG_SENDMSG if has(IPMSG_SENDCHECKOPT) => {
            Some((IPMSG_RECVMSG, message.packet_number.to_string()))
        }
        // All other commands exist, but ask this program for nothing. Answers are among them:
        // answering those would never stop.
        _ => None,
    }
}

/// A message, taken apart at the colons. (The version, its first field, is anything: FeiQ writes
/// `1_lbt6_0#128#…`.)
struct Message<'a> {
    packet_number: u64,
    user: String,
    host: String,
    command: u32,
    /// The sixth field. Colons in it separate nothing.
    extension: &'a [u8],
}

impl Message<'_> {
    /// `None`: this is no message.
    fn read(data: &[u8]) -> Option<Message<'_>> {
        // The fields are separated before they are decoded: which encoding the text is in stands in
        // the fifth. No byte of a GBK character is a colon.
        let fields: Vec<&[u8]> = data.splitn(6, |byte| *byte == b':').collect();
        let [_version, packet_number, user, host, command, extension] = fields[..] else {
            return None;
        };
        let number = |field| std::str::from_utf8(field).ok()?.parse::<u64>().ok();
        Some(Message {
            packet_number: number(packet_number)?,
            user: Encoding::Gbk.decode(user),
            host: Encoding::Gbk.decode(host),
            command: number(command)?.try_into().ok()?,
            extension,
        })
    }

    /// The text to show.
    fn text(&self) -> String {
        // Behind a NUL is what this program does not know: files, groups, fonts.
        let text = self.extension.split(|byte| *byte == 0).next();
        let encoding = match self.command & IPMSG_UTF8OPT {
            0 => Encoding::Gbk,
            _ => Encoding::Utf8,
        };
        encoding.decode(text.unwrap_or_default())
    }
}

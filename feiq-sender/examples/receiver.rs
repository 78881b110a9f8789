//! 接收并显示飞秋、`feiq-sender` 等使用 IP Messenger 协议的程序发来的聊天消息。
//!
//! 要点：接收方必须能处理任何数据报，包括新版本的消息、重复的消息、根本不是消息的数据报。要求回复的
//! 就回复，给用户看的就显示，其他的忽略。
//!
//! `feiq-sender` 讲义中练习的参考解答。三个阶段：拆开消息，回复 `IPMSG_BR_ENTRY`；显示
//! `IPMSG_SENDMSG`，发送回执；`is_new` 和各个选项。协议：*IP Messenger communication protocol*，
//! 草案第 9 版及以后，作者 H. Shirouzu。

use common::{Context, Error, address, console, datagram, gbk};
use std::collections::VecDeque;
use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::time::SystemTime;

/// 在哪里接收：IP Messenger 的端口，地址是本机的所有地址。
const LOCAL: &str = "0.0.0.0:2425";

/// 第 1 个字段：协议版本。
const VERSION: u32 = 1;

/// 第 3、4 个字段：本机的用户名和主机名。其他程序的用户列表中也显示这个用户名。
const USER: &str = "小道士";
const HOST: &str = "ubuntu";

/// 第 5 个字段是 32 位的数：低 8 位是命令，其他位是选项。
const COMMAND_MASK: u64 = 0xff;

/// 命令：对方上线，询问有哪些用户在线。
const IPMSG_BR_ENTRY: u64 = 1;

/// 命令：对上线的回复。第 6 个字段是要显示的用户名。
const IPMSG_ANSENTRY: u64 = 3;

/// 命令：一条要显示的消息。消息的内容是第 6 个字段。
const IPMSG_SENDMSG: u64 = 32;

/// 命令：回执。第 6 个字段是所收到消息的包编号。
const IPMSG_RECVMSG: u64 = 33;

/// 选项：要求对方发送回执。
const IPMSG_SENDCHECKOPT: u64 = 0x100;

/// 选项：消息发给所有人；消息是自动回复。两种都不发送回执，否则网络中的所有程序会同时发送，或者两个
/// 程序会不停地互相回复。
const IPMSG_BROADCASTOPT: u64 = 0x400;
const IPMSG_AUTORETOPT: u64 = 0x2000;

/// 选项：用户名、主机名、文本是 UTF-8。没有这个选项，飞秋和中文版 IP Messenger 用的是 GBK。
const IPMSG_UTF8OPT: u64 = 0x80_0000;

/// 最多记住多少条消息，用来识别重复。如果没有上限，不停地发送就能占满内存；重传都在一分钟之内到达。
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

    // 包编号从当前的秒数算起，程序重新启动后也不会重复。IP Messenger 也是这样。
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let mut number = since_1970.map_or(1, |time| time.as_secs());
    let mut remembered = VecDeque::new();
    loop {
        let (data, sender) = datagram::receive(&socket)?;
        let Some(message) = Message::read(&data) else {
            continue; // 不是这个协议的消息
        };
        let identity = (sender, message.number);
        if message.command == IPMSG_SENDMSG && is_new(identity, &mut remembered) {
            console::print(&message.line)?;
        }
        // 消息重复时也要回复：上一次的回复可能丢失了。
        if let Some((command, text)) = answer(&message) {
            let answer = format!("{VERSION}:{number}:{USER}:{HOST}:{command}:{text}");
            number += 1;
            let sent = datagram::send(&socket, &gbk::encode(&answer)?, sender);
            console::note_failure(sent)?; // 出错后继续接收下一个
        }
    }
}

/// 要回复的命令和文本；不回复，返回 `None`。
fn answer(message: &Message) -> Option<(u64, String)> {
    let has = |options| message.options & options != 0;
    match message.command {
        IPMSG_BR_ENTRY => Some((IPMSG_ANSENTRY, USER.into())),
        IPMSG_SENDMSG if has(IPMSG_BROADCASTOPT | IPMSG_AUTORETOPT) => None,
        IPMSG_SENDMSG if has(IPMSG_SENDCHECKOPT) => {
            Some((IPMSG_RECVMSG, message.number.to_string()))
        }
        // 其他命令都不回复。对方的回复也在其中：对回复再回复，就永远不会停止。
        _ => None,
    }
}

/// 最近没有收到过这条消息，返回 `true`，并记住它。
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

/// 按冒号拆开的消息。
struct Message {
    /// 包编号，用来区分同一个发送方的消息。
    number: u64,
    command: u64,
    options: u64,
    /// 要显示的一行：`user@host:text`。
    line: String,
}

impl Message {
    /// 不符合协议，返回 `None`。
    fn read(data: &[u8]) -> Option<Message> {
        // 先拆开再解码：编码由第 5 个字段决定，而 GBK 字符的任何一个字节都不是冒号。第 6 个字段中的
        // 冒号属于文本。版本可以是任意内容，飞秋写的是 `1_lbt6_0#128#…`。
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
        // NUL 之后的内容（文件、群组、字体）本程序不处理。
        let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
        Some(Message {
            number: read_number(number)?,
            command: command & COMMAND_MASK,
            options: command & !COMMAND_MASK,
            line: format!("{}@{}:{}", decode(user), decode(host), decode(text)),
        })
    }
}

/// `parse` 也接受 `+1`，所以先检查是否全是数字。
fn read_number(field: &[u8]) -> Option<u64> {
    if !field.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(field).ok()?.parse().ok()
}

//! 向飞秋等使用 IP Messenger 协议的程序发送聊天消息，没有收到回执就再次发送。
//!
//! 要点：UDP 不保证送达，要由上层的协议来保证。发送方要求回执，超时就重传。重传时包编号不变：接收方
//! 由此识别重复的消息，发送方由此知道回执对应哪一条消息。
//!
//! `feiq-sender` 讲义中练习的参考解答。协议：*IP Messenger communication protocol*，草案第 9 版及
//! 以后，作者 H. Shirouzu。

use common::{Context, Error, address, console, datagram, gbk};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// 发往哪里：IP Messenger 的端口。
const REMOTE: &str = "127.0.0.1:2425";

/// 在哪里接收回执：任意端口，因为接收方应当回复到消息的源端口。有的程序（iptux）总是回复到端口
/// 2425，这时 LOCAL 要用这个端口。
const LOCAL: &str = "0.0.0.0:0";

/// 第 1 个字段：协议版本。
const VERSION: u32 = 1;

/// 第 2 个字段：第一条消息的包编号。每条消息加 1。
const FIRST_PACKET_NUMBER: u64 = 324_244;

/// 第 3、4 个字段：发送方的用户名和主机名。
const USER: &str = "小道士";
const HOST: &str = "ubuntu";

/// 第 5 个字段是 32 位的数：低 8 位是命令，其他位是选项。
const COMMAND_MASK: u32 = 0xff;

/// 命令：一条要显示的消息。消息的内容是第 6 个字段。
const IPMSG_SENDMSG: u32 = 32;

/// 命令：回执。第 6 个字段是所收到消息的包编号。
const IPMSG_RECVMSG: u32 = 33;

/// 选项：要求对方发送回执。这时整个字段的值是 288。
const IPMSG_SENDCHECKOPT: u32 = 0x100;

/// 第一次间隔和最长的间隔。间隔每次加倍。
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const MAX_PAUSE: Duration = Duration::from_secs(4);

/// 一条消息最多发送几次，前后约半分钟。
const TRIES: u32 = 10;

/// 接收超时的错误种类：在 Unix 上是前一种，在 Windows 上是后一种。
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
        // 没有收到回执的消息也可能已经送达，所以它的包编号不能再用。
        packet_number += 1;
    }
}

/// 发送 `message`，直到收到回执；最后一次也没有收到，返回 [`Error::Failed`]。
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
            // 其他数据报一律忽略，包括前面消息的回执。
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

/// 接收一个数据报，最多等到 `deadline`；没有收到，返回 `None`。
fn receive_until(
    socket: &UdpSocket,
    deadline: Instant,
) -> Result<Option<(Vec<u8>, SocketAddr)>, Error> {
    let rest = deadline.saturating_duration_since(Instant::now());
    if rest.is_zero() {
        return Ok(None); // `set_read_timeout` 不接受零
    }
    socket.set_read_timeout(Some(rest)).context("设置接收超时")?;
    match datagram::receive(socket) {
        Err(Error::Failed { reason, .. }) if TIMEOUT.contains(&reason.kind()) => Ok(None),
        received => received.map(Some),
    }
}

/// `data` 是哪个包编号的回执；不是回执，返回 `None`。
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
    // 有的程序在编号后面加上 NUL。
    receipted.split('\0').next()?.parse().ok()
}

//! 自动回复的 UDP 服务器：显示收到的每个数据报，并立即回复。
//!
//! 要点：一个 UDP 套接字可以为任意多个客户端服务。只要程序只在接收时阻塞，客户端就不会互相影响。读
//! 键盘会阻塞，显示也会阻塞，因为终端比网络慢；所以一个线程接收并回复，另一个线程显示。两个线程之间
//! 用有界队列，以免来不及显示的数据报占满内存。
//!
//! `udp-chat` 讲义中练习 `many_peers` 的参考解答。

use common::{Context, Error, address, console, datagram};
use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

/// 在哪里接收：端口与脚本相同，地址是本机的所有地址。
const LOCAL: &str = "0.0.0.0:8080";

/// 回复的开头，后面是收到的字节。
const ANSWER: &[u8] = "收到:".as_bytes();

/// 最多有多少个数据报等待显示。一个最多 64 KiB，合计 32 MiB。
const MAX_WAITING: usize = 512;

const HELP: &str = "\
用法：many_peers [LOCAL]

显示收到的每个 UDP 数据报，并立即回复“收到:”和它的内容。

  LOCAL  要绑定的本机地址，默认 0.0.0.0:8080

例如：many_peers 8080
";

fn main() -> ExitCode {
    common::run(HELP, many_peers)
}

fn many_peers([local]: [Option<String>; 1]) -> Result<(), Error> {
    let local = address::local(local, LOCAL)?;
    let socket = UdpSocket::bind(local).context(format!("绑定 {local}"))?;
    let local = socket.local_addr().context("查询本机地址")?;
    console::note(format!("已绑定 {local}，收到数据报后立即回复"));

    let (queue, waiting) = mpsc::sync_channel(MAX_WAITING);
    let answering = thread::Builder::new().spawn(move || answer_all(&socket, &queue));
    let answering = answering.context("创建线程")?;

    // 主线程负责显示：显示出错，程序就结束，另一个线程随之终止。
    for shown in waiting {
        let Shown { data, sender, answered, left_out } = shown;
        console::print(sender)?;
        console::print(String::from_utf8_lossy(&data))?;
        console::note_failure(answered)?; // 回复失败，不影响后面的数据报
        if left_out > 0 {
            console::note(format!("另有 {left_out} 个数据报来不及显示，已略过"));
        }
    }
    // 发送端已经释放，说明另一个线程已经结束。
    answering.join().unwrap_or(Ok(()))
}

/// 队列中的一项：要显示的数据报和有关的说明。
struct Shown {
    data: Vec<u8>,
    sender: SocketAddr,
    /// 回复是否成功：标准错误也可能阻塞，所以由主线程显示。
    answered: Result<(), Error>,
    /// 在它之前有多少个数据报没有放进队列。
    left_out: u64,
}

/// 接收并回复，不等待显示。
fn answer_all(socket: &UdpSocket, queue: &SyncSender<Shown>) -> Result<(), Error> {
    let mut left_out = 0;
    loop {
        let (data, sender) = datagram::receive(socket)?;
        let answered = answer(socket, &data, sender);
        // 队列满了，`send` 会等待空位，`try_send` 则立即返回错误。
        let shown = Shown { data, sender, answered, left_out };
        left_out = match queue.try_send(shown) {
            Ok(()) => 0,
            Err(_) => left_out + 1,
        };
    }
}

/// 发回收到的字节，前面加上 [`ANSWER`]。
fn answer(socket: &UdpSocket, data: &[u8], sender: SocketAddr) -> Result<(), Error> {
    // 否则两个这样的服务器会不停地互相回复；伪造一次发送方的地址，就能引起这个循环。
    if data.starts_with(ANSWER) {
        return Ok(());
    }
    datagram::send(socket, &[ANSWER, data].concat(), sender)
}

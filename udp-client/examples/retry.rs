//! 把输入的一行作为一个 UDP 数据报发出；没有收到回复就再次发送，最多发送四次。
//!
//! 要点：请求和回复都可能丢失，UDP 都不通知双方。需要回复的一方要自己设置超时，超时后重传，并限定
//! 次数。等待的时间每次加倍：如果数据报是因为网络拥塞而丢失的，频繁重传只会加重拥塞。
//!
//! `udp-client` 讲义中练习的参考解答。

use common::{Context, Error, address, console, datagram};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// 发往哪里：`udp-server` 绑定的端口。
const REMOTE: &str = "127.0.0.1:8080";

/// 在哪里接收回复：端口与脚本相同，地址是本机的所有地址。
const LOCAL: &str = "0.0.0.0:10086";

/// 第一次发送后等待多久。以后每次加倍。
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// 最多发送几次：在 0、0.5、1.5、3.5 秒发送，最后一次等到 7.5 秒。
const TRIES: u32 = 4;

/// 接收超时的错误种类：在 Unix 上是前一种，在 Windows 上是后一种。
const TIMEOUT: [ErrorKind; 2] = [ErrorKind::WouldBlock, ErrorKind::TimedOut];

const HELP: &str = "\
用法：retry [REMOTE [LOCAL]]

把一行输入作为一个 UDP 数据报发给 REMOTE，显示它的回复；没有收到回复就再次发送，最多发 4 次。

  REMOTE  服务器的地址，默认 127.0.0.1:8080
  LOCAL   要绑定的本机地址，默认 0.0.0.0:10086

例如：retry 192.168.1.5:8080
";

fn main() -> ExitCode {
    common::run(HELP, retry)
}

fn retry([remote, local]: [Option<String>; 2]) -> Result<(), Error> {
    let (remote, local) = address::remote_and_local(remote, REMOTE, local, LOCAL)?;
    let socket = UdpSocket::bind(local).context(format!("绑定 {local}"))?;
    let local = socket.local_addr().context("查询本机地址")?;
    console::note(format!("已绑定 {local}，输入一行内容发往 {remote}"));

    let line = console::ask("")?;
    let answer = exchange(&socket, line.as_bytes(), remote)?;

    // 只取一个回复。如果前一个回复只是迟到，服务器会回复两次；第二个到达时，套接字已经关闭。
    match answer {
        None => Err(Error::Fatal(format!("没有收到回复：向 {remote} 发送了 {TRIES} 次"))),
        Some(data) if data.is_empty() => console::print("服务器已关闭"),
        Some(data) => {
            console::print(remote)?;
            console::print(String::from_utf8_lossy(&data))
        }
    }
}

/// 发送 `data`，直到收到回复；最后一次也没有收到，返回 `None`。
///
/// 各次发送用同一个套接字，所以迟到的回复也有效。
fn exchange(socket: &UdpSocket, data: &[u8], remote: SocketAddr) -> Result<Option<Vec<u8>>, Error> {
    let mut pause = FIRST_PAUSE;
    let mut told = false;
    for number in 1..=TRIES {
        if number > 1 {
            console::note(format!("没有收到回复，第 {number} 次发送"));
        }
        datagram::send(socket, data, remote)?;
        let deadline = Instant::now() + pause;
        while let Some((answer, sender)) = receive_until(socket, deadline)? {
            if sender == remote {
                return Ok(Some(answer));
            }
            // 任何程序都可以向这个端口发送，只有服务器发来的才是回复。只提示一次，以免提示刷屏。
            if !told {
                console::note(format!("忽略 {sender} 发来的数据报，只等 {remote} 的回复"));
                told = true;
            }
        }
        pause *= 2;
    }
    Ok(None)
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

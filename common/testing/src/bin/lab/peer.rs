//! `cargo lab peer`: the other end of a program, which misbehaves on purpose and tells each step, in
//! every shell of every system.

use crate::bytes;
use common::{Context, Error, address, console, datagram, gbk};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// The modes: name, port of 127.0.0.1 to listen at or talk to, what stands for DATA where none is
/// given (with a comma between two), steps (those behind * again and again), what the list says.
const MODES: &str = include_str!("peer.txt");

/// Behind each part, so that the next one arrives by itself and can be watched.
const PAUSE: Duration = Duration::from_millis(300);

/// The most that is received at once, and that is shown of a connection, in bytes.
const RECV_SIZE: usize = 64 * 1024;

/// Plays the mode that the command line names, or lists them all.
pub fn run() -> ExitCode {
    let line = |line: &str| match line.split('|').collect::<Vec<_>>()[..] {
        [name, port, _, _, about] => format!("  {name} {port}  {about}\n"),
        _ => format!("{line}\n"),
    };
    let help = MODES.lines().map(line).chain([bytes::NOTATION.into()]).collect::<String>();
    common::run(&help, |[_, mode, address, data @ ..]: [Option<String>; 16]| {
        let Some(mode) = mode else { return console::write(help.as_bytes()) };
        let mut rows = MODES.lines().map(|line| Vec::from_iter(line.split('|').map(str::trim)));
        let row = rows.find(|row| row[0] == mode);
        let Some([_, port, default, steps, _]) = row.as_deref() else {
            return Err(Error::Refused(format!("cargo lab peer 的列表里没有 {mode}")));
        };
        let mut data: Vec<String> = data.into_iter().flatten().collect();
        if data.is_empty() {
            data.extend(default.split_terminator(',').map(String::from));
        }
        let data = data.iter().map(|data| bytes::parse(data)).collect::<Result<Vec<_>, _>>()?;
        let steps: Vec<&str> = steps.split(' ').collect();
        let default = format!("127.0.0.1:{port}");
        match steps[0] {
            "silent" | "serve" => serve(address::local(address, &default)?, &data, &steps),
            "answer" => answer(address::local(address, &default)?, &data, &steps),
            _ => ask(address::remote(address, &default)?[0], &data, &steps),
        }
    })
}

/// A TCP server: one client after the other, whatever becomes of each.
fn serve(local: SocketAddr, data: &[Vec<u8>], steps: &[&str]) -> Result<(), Error> {
    let listener = TcpListener::bind(local).context(format!("监听 {local}"))?;
    console::note(format!("正在监听 {}", listener.local_addr().context("查询本机地址")?));
    if steps[0] == "silent" {
        return enter("不接受连接；按 Enter 结束");
    }
    for number in 1.. {
        let (socket, client) = listener.accept().context("接受连接")?;
        console::note(format!("客户端 {client} 已连接，第 {number} 个"));
        console::note_failure(Talk { socket, received: 0 }.follow(&steps[1..], data, number))?;
    }
    Ok(())
}

/// A client: of TCP, where the first step says so, else of UDP.
fn ask(remote: SocketAddr, data: &[Vec<u8>], steps: &[&str]) -> Result<(), Error> {
    let connect = || TcpStream::connect(remote).context(format!("连接 {remote}"));
    let talk = || {
        let socket = connect()?;
        console::note(format!("已连接 {remote}"));
        Talk { socket, received: 0 }.follow(&steps[1..], data, 1)
    };
    match steps[0] {
        "connect" => return talk(),
        "again" => loop {
            talk()?;
        },
        "crowd" => {
            let silent = (0..600).map(|_| connect()).collect::<Result<Vec<_>, _>>()?;
            console::note(format!("已建立 {} 个连接，不发送数据", silent.len()));
            return talk();
        }
        _ => {}
    }
    let local = if remote.ip().is_loopback() { remote.ip() } else { Ipv4Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((local, 0)).context(format!("绑定 {local}"))?;
    let local = socket.local_addr().context("查询本机地址")?;
    console::note(format!("已绑定 {local}，发往 {remote}"));
    let (step, times) = match steps[0] {
        "udp-flood" => ("发送 10000 次，每次", 10_000),
        _ => ("发送", 1),
    };
    for data in data {
        show(step, data);
        (0..times).try_for_each(|_| datagram::send(&socket, data, remote))?;
        match steps[0] {
            "udp-ask" => drop(receive_from(&socket)?),
            _ => pause(),
        }
    }
    Ok(())
}

/// A UDP server: answers one of so many datagrams.
fn answer(local: SocketAddr, data: &[Vec<u8>], steps: &[&str]) -> Result<(), Error> {
    let every = steps[1].parse().unwrap_or(1);
    let socket = UdpSocket::bind(local).context(format!("绑定 {local}"))?;
    let stranger = UdpSocket::bind((local.ip(), 0)).context("绑定别的端口")?;
    console::note(format!("已绑定 {}", socket.local_addr().context("查询本机地址")?));
    let mut asked = 0;
    loop {
        let (message, sender) = receive_from(&socket)?;
        let is_feiq = steps.ends_with(&["receipt"]);
        let replies = if is_feiq { receipt(&message).into_iter().collect() } else { data.to_vec() };
        asked += usize::from(!replies.is_empty());
        if replies.is_empty() || asked % every != 0 {
            console::note("不回复");
            continue;
        }
        for (index, reply) in replies.iter().enumerate() {
            let is_strange = steps.ends_with(&["stranger"]) && index == 0;
            let (from, step) =
                if is_strange { (&stranger, "从别的端口回复") } else { (&socket, "回复") };
            show(step, reply);
            console::note_failure(datagram::send(from, reply, sender))?;
            pause();
        }
    }
}

fn receive_from(socket: &UdpSocket) -> Result<(Vec<u8>, SocketAddr), Error> {
    let (data, sender) = datagram::receive(socket)?;
    show(&format!("收到 {sender} 的"), &data);
    Ok((data, sender))
}

/// The receipt for a message of FeiQ that asks for one.
fn receipt(message: &[u8]) -> Option<Vec<u8>> {
    let message = gbk::decode(message);
    let fields: Vec<&str> = message.splitn(6, ':').collect();
    let command: u64 = fields.get(4)?.parse().ok()?;
    (command & 0x1ff == 0x120).then(|| format!("1:1:peer:pc:33:{}", fields[1]).into_bytes())
}

/// A connection, and how many bytes have come.
struct Talk {
    socket: TcpStream,
    received: usize,
}

impl Talk {
    /// Carries out the steps. Those that receive are the last ones where the connection has ended.
    fn follow(mut self, steps: &[&str], data: &[Vec<u8>], number: usize) -> Result<(), Error> {
        let mut parts = steps.split(|&step| step == "*");
        let (once, again) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let mut got = vec![];
        for &step in once.iter().chain(again.iter().cycle()) {
            match step {
                "recv" => got = self.receive(RECV_SIZE)?,
                "ten" => got = self.receive(10)?,
                "message" => got = self.receive_message()?,
                "send" => self.send(data)?,
                "echo" => self.send(&[got.clone()])?,
                "slow" => self.send(&Vec::from_iter(got.chunks(1).map(Vec::from)))?,
                "enter" => enter("不接收，按 Enter 继续")?,
                "line" => self.send(&[console::ask("输入一行，原样发出：")?.into_bytes()])?,
                "peek" => {
                    self.socket.peek(&mut [0]).context("接收")?;
                    console::note("有内容到达，不读");
                }
                "shut" => {
                    self.socket.shutdown(Shutdown::Write).context("关闭连接")?;
                    console::note("关闭自己的发送方向（FIN）");
                }
                "close" => console::note("关闭连接（FIN）"), // it is the last step
                "reset" => return self.reset(),
                _ => self.send_numbers(step, number)?,
            }
            if got.is_empty() && ["recv", "ten", "message"].contains(&step) {
                break;
            }
        }
        Ok(())
    }

    fn send(&mut self, parts: &[Vec<u8>]) -> Result<(), Error> {
        for part in parts {
            show("发送", part);
            self.socket.write_all(part).context("发送")?;
            pause();
        }
        Ok(())
    }

    /// What has come; nothing at the end of the connection.
    fn receive(&mut self, max_len: usize) -> Result<Vec<u8>, Error> {
        let mut data = vec![0; max_len];
        let length = self.socket.read(&mut data);
        let length = length.context(format!("接收（已收到 {} 字节）", self.received))?;
        data.truncate(length);
        if data.is_empty() {
            console::note(format!("对方关闭了连接（FIN），一共收到 {} 字节", self.received));
        } else if self.received < RECV_SIZE {
            show("收到", &data);
        }
        self.received += length;
        Ok(data)
    }

    /// A message of 1 MiB at most, behind its length; nothing where the connection ends in it.
    fn receive_message(&mut self) -> Result<Vec<u8>, Error> {
        let (mut message, mut length) = (vec![], 0);
        while message.len() < 4 + length as usize {
            let piece = self.receive(4 + length as usize - message.len())?;
            if piece.is_empty() {
                return Ok(piece);
            }
            message.extend(piece);
            length = message.first_chunk().map_or(0, |&length| u32::from_be_bytes(length));
            if length > 1024 * 1024 {
                return Err(io::Error::other(format!("长度 {length} 太长"))).context("接收消息");
            }
        }
        Ok(message)
    }

    /// Closes with a reset. Windows sends one where something is unread; elsewhere that depends on
    /// the system, but can be asked for: `SO_LINGER` with no time.
    fn reset(self) -> Result<(), Error> {
        #[cfg(unix)]
        rustix::net::sockopt::set_socket_linger(&self.socket, Some(Duration::ZERO))
            .map_err(io::Error::from)
            .context("设置 SO_LINGER")?;
        drop(self);
        console::note("复位连接（RST）");
        Ok(())
    }

    /// Answers a request of the exercise `resumable` with the numbers from 1 to 10,000.
    fn send_numbers(&mut self, step: &str, number: usize) -> Result<(), Error> {
        let limit = if step == "resumable" { usize::MAX } else { 20_000 };
        let version = if step == "resumable-change" && number > 1 { 2 } else { 1 };
        let mut line = String::new();
        BufReader::new(&self.socket).take(2_000).read_line(&mut line).context("接收请求")?;
        show("收到", line.as_bytes());
        let offset = line.split_once(' ').and_then(|(offset, _)| offset.parse::<usize>().ok());
        let offset = offset.ok_or(io::Error::other("不是请求")).context("回答")?;
        let content: String = (1..=10_000).map(|number| format!("{number}\n")).collect();
        let rest = content.as_bytes().get(offset..).unwrap_or_default();
        let first = format!("{} {version}\n", content.len()).into_bytes();
        self.send(&[first, rest[..limit.min(rest.len())].to_vec()])
    }
}

/// Tells a step, with its bytes and what they say; only the two ends of what is long.
fn show(step: &str, data: &[u8]) {
    let hex = |data: &[u8]| format!("{data:02x?}").replace(['[', ',', ']'], "");
    let is_gbk = std::str::from_utf8(data).is_err() && !gbk::decode(data).contains('\u{fffd}');
    let lossy = |data: &[u8]| String::from_utf8_lossy(data).into_owned();
    let text = |data: &[u8]| if is_gbk { gbk::decode(data) } else { lossy(data) };
    let bytes = |told: &dyn Fn(&[u8]) -> String| match data.len() {
        0..=60 => told(data),
        // Without the halves of characters at the cut.
        length => format!(
            "{} … {}",
            told(&data[..24]).trim_end_matches('\u{fffd}'),
            told(&data[length - 12..]).trim_start_matches('\u{fffd}')
        ),
    };
    let (length, encoding) = (data.len(), if is_gbk { "GBK" } else { "" });
    let told = format!("{step} {length} 字节：{}（{encoding}“{}”）", bytes(&hex), bytes(&text));
    console::note(if data.is_empty() { format!("{step} 0 字节") } else { told });
}

#[expect(clippy::disallowed_methods, reason = "the pause is what the other end shall see")]
fn pause() {
    thread::sleep(PAUSE);
}

fn enter(note: &str) -> Result<(), Error> {
    console::note(note);
    console::ask("").map(drop)
}

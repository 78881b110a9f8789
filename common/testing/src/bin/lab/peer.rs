//! `cargo lab peer`: the other end of a program, which misbehaves on purpose and tells each step, in
//! every shell of every system.

use crate::bytes;
use common::{Context, Error, address, console, datagram, gbk};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

const HELP: &str = "\
用法：cargo lab peer 方式 [ADDRESS [DATA ...]]\n
扮演程序的另一端，并且故意出错。方式后面是 127.0.0.1 的默认端口，括号里是用得上它的练习。\n";

/// The modes: name, port of 127.0.0.1 to listen at or talk to, what stands for DATA where none is
/// given (with a comma between two), steps (those behind * again and again), what the list says.
const MODES: &str = "\
UDP，先发的一方：对 udp-server，以及 udp-client（10086）、udp-chat（6666）、feiq-sender 的练习（2425）
udp-send        |8080 |hello                |udp-send     |每个 DATA 发一个数据报
udp-ask         |8080 |hello                |udp-ask      |发一个，等到一个回复，再发下一个（many_peers、two_way）
udp-flood       |8080 |hello                |udp-flood    |连发一万个数据报（many_peers）
udp-terminal    |8080 |1b ]0;hello 07 1b [2J|udp-send     |发给终端的命令：改标题、清屏
feiq-entry      |2425 |gbk:1:1:小明:pc:1:小明|udp-ask     |通知上线，等待回复（receiver）
feiq-message    |2425 |gbk:1:2:小明:pc:288:你好|udp-ask   |发一条要回执的消息，等待回执（receiver）
UDP，等待的一方：对 udp-client，以及 feiq-sender（2425）
udp-listen      |8080 |                     |answer 1     |只显示，从不回复（retry）
udp-reply       |8080 |hello                |answer 1     |每收到一个，每个 DATA 回复一个
udp-empty       |8080 |text:                |answer 1     |回复空数据报
udp-not-utf8    |8080 |ff                   |answer 1     |回复不是 UTF-8 的字节
udp-long        |8080 |1021x78 text:abcdef,text:|answer 1|回复 1027 字节，再回复空数据报
udp-late        |8080 |hello                |answer 3     |每三个只回复第三个（retry）
udp-stranger    |8080 |stranger,hello       |answer 1 stranger|先从别的端口回复，再从自己的端口回复（retry）
feiq-receipt    |2425 |                     |answer 1 receipt|要回执的消息，收到就给回执（acknowledged）
feiq-late       |2425 |                     |answer 3 receipt|第三次收到才给回执（acknowledged）
TCP，服务器：对 tcp-client
silent          |10050|                     |silent       |监听，但不接受：连接成功，之后没有回音（file-client 用 6664）
by-hand         |10050|                     |serve * line |键盘输入的每一行原样发出，不带换行
reply           |10050|hello                |serve * recv send|每收到一次，依次发送每个 DATA
two-parts       |10050|one,two              |serve * recv send|回答分两次发出
half-char       |10050|c4,e3                |serve * recv send|“你”的两个字节分两次发出
not-gbk         |10050|ff text: ok          |serve * recv send|回答不是 GBK 的字节
terminal        |10050|1b ]0;hello 07       |serve * recv send|回答给终端的命令：改标题
long-reply      |10050|100xgbk:你好         |serve * recv send|回答一百个“你好”，GBK
slow            |10050|                     |serve * recv slow|收到什么就回答什么，一次一个字节
late            |10050|ok                   |serve enter send * recv|按 Enter 后才回答、接收
closes          |10050|                     |serve recv close|收到内容后关闭（FIN；file-client 用 6664）
reset           |10050|                     |serve peek reset|收到的内容不读，直接复位（RST）
framed-server   |10050|                     |serve * message echo|消息前面有四字节长度，原样发回（framed）
TCP，客户端：对 tcp-echo-server，以及 file-server（6664）
tcp-send        |10050|hello                |connect send * recv|发送每个 DATA，然后接收，直到对方关闭
half-close      |10050|hello                |connect send shut * recv|同上，但发完就关闭自己的方向（FIN）
send-reset      |10050|hello                |connect send peek reset|发送，收到的回答不读，直接复位（RST）
connect-reset   |6664 |                     |connect reset|连接，什么也不发，直接复位（RST；Windows 上是 FIN）
never-reads     |10050|16000000x78          |connect send enter|发送，从不接收，按 Enter 结束
framed-client   |10050|00 00 00 05 hello,00 00 00 00,00 00 00 04 gbk:你好|connect send shut * recv|发送三条消息，前面有四字节长度（framed_server）
crowd           |6664 |notes.txt            |crowd send recv|六百个连接什么也不说，再来一个发送 DATA
again           |6664 |notes.txt            |again send recv|连接、发送、接收一次、关闭，反复不停
pauses          |6664 |big                  |connect send ten enter * recv|收 10 字节后停下，按 Enter 再收完
resumable-client|6664 |line:0 numbers       |connect send * recv|按新协议请求（resumable_server）
文件服务器：对 file-client
serve           |6664 |line:theirs          |serve recv send close|收到文件名后发送 DATA，然后关闭（FIN）
cut             |6664 |line:half a file     |serve peek send reset|不读文件名，发送 DATA，然后复位（RST）
dies-early      |6664 |                     |serve peek shut reset|不读文件名，先关闭（FIN），再复位（RST）
stalls          |6664 |100xline:half a file |serve recv send * recv|收到文件名后发送 DATA，之后不发送，也不关闭
flood           |6664 |65536x78             |serve recv * send|一再发送 DATA，直到对方断开
resumable-server|6664 |                     |serve resumable|按新协议发送数字 1 到 10000（resumable）
resumable-cut   |6664 |                     |serve resumable-cut|同上，每次连接最多发 20000 字节（resumable）
resumable-change|6664 |                     |serve resumable-change|同上，第一次连接之后文件换了版本（resumable）
";

/// Behind each part, so that the next one arrives by itself and can be watched.
const PAUSE: Duration = Duration::from_millis(300);

/// The most that is received at once, and that is shown of a connection, in bytes.
const RECV_SIZE: usize = 64 * 1024;

/// The longest message behind its length, in bytes, as the exercises have it.
const MAX_MESSAGE_LEN: u32 = 1024 * 1024;

/// Plays the mode that the command line names, or lists them all.
pub fn run() -> ExitCode {
    let line = |line: &str| match line.split('|').collect::<Vec<_>>()[..] {
        [name, port, _, _, about] => format!("  {name} {port}  {about}\n"),
        _ => format!("\n{line}\n"),
    };
    let modes: String = MODES.lines().map(line).collect();
    let help = format!("{HELP}{modes}\n{}", bytes::NOTATION);
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
        return enter("不接受连接：系统替它完成连接，收到的内容留在队列里；按 Enter 结束");
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
            console::note(format!("有 {} 个连接什么也不说", silent.len()));
            return talk();
        }
        _ => {}
    }
    let local = if remote.ip().is_loopback() { remote.ip() } else { Ipv4Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((local, 0)).context(format!("绑定 {local}"))?;
    let local = socket.local_addr().context("查询本机地址")?;
    console::note(format!("已绑定 {local}，发往 {remote}"));
    let some = data.len();
    let count = if steps[0] == "udp-flood" { 10_000 } else { some };
    for (index, data) in data.iter().cycle().take(count).enumerate() {
        datagram::send(&socket, data, remote)?;
        if index < some {
            show("发送", data);
        }
        match steps[0] {
            "udp-ask" => drop(receive_from(&socket)?),
            "udp-send" => pause(),
            _ => {}
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
        let first = parts.next().unwrap_or_default();
        let again = parts.next().unwrap_or_default();
        let mut got = vec![];
        for &step in first.iter().chain(again.iter().cycle()) {
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
                    console::note("关闭自己的方向（FIN）");
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

    /// A message with its length in front; nothing where the connection ends before it is complete.
    fn receive_message(&mut self) -> Result<Vec<u8>, Error> {
        let (mut message, mut missing) = (vec![], 4);
        while missing > 0 {
            let piece = self.receive(missing)?;
            if piece.is_empty() {
                return Ok(piece);
            }
            message.extend(piece);
            let length = message.first_chunk().map_or(0, |&length| u32::from_be_bytes(length));
            if length > MAX_MESSAGE_LEN {
                return Err(io::Error::other(format!("长度 {length} 太长"))).context("接收消息");
            }
            missing = 4 + length as usize - message.len();
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
        length => format!("{} … {}", told(&data[..24]), told(&data[length - 12..])),
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

//! `cargo lab peer`: the other end of a program, which misbehaves on purpose and tells each step, in
//! every shell of every system.

use crate::bytes;
use common::{Context, Error, address, console, datagram, gbk, interrupt};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// The modes: name, port of 127.0.0.1 to listen at or talk to, what stands for DATA where none is
/// given (with a comma between two), what is done (see [`play`] and [`talk`]), what the list says.
const MODES: &str = "\
UDP，先发的一方：对 udp-server，以及 udp-client（10086）、udp-chat（6666）
udp-send        |8080 |hello                |udp-send     |每个 DATA 发一个数据报
udp-ask         |8080 |hello                |udp-ask      |发一个，等到一个回复，再发下一个（many_peers、two_way）
udp-flood       |8080 |hello                |udp-flood    |连发一万个数据报（many_peers）
udp-terminal    |8080 |1b ]0;hello 07 1b [2J|udp-send     |发给终端的命令：改标题、清屏
UDP，等待的一方：对 udp-client，以及 feiq-sender（2425）
udp-listen      |8080 |                     |udp-answer 1 |只显示，从不回复（retry）
udp-reply       |8080 |hello                |udp-answer 1 |每收到一个，每个 DATA 回复一个
udp-empty       |8080 |text:                |udp-answer 1 |回复空数据报
udp-not-utf8    |8080 |ff                   |udp-answer 1 |回复不是 UTF-8 的字节
udp-long        |8080 |1021x78 text:abcdef,text:|udp-answer 1|回复 1027 字节，再回复空数据报
udp-late        |8080 |hello                |udp-answer 3 |每三个只回复第三个（retry）
udp-stranger    |8080 |stranger,hello       |udp-stranger 1|先从别的端口回复，再从自己的端口回复（retry）
飞秋：对 feiq-sender 的两个练习
feiq-receipt    |2425 |                     |receipt 1    |要回执的消息，收到就给回执（acknowledged）
feiq-late       |2425 |                     |receipt 3    |第三次收到才给回执（acknowledged）
feiq-entry      |2425 |gbk:1:1:小明:pc:1:小明|udp-ask     |通知上线，等待回复（receiver）
feiq-message    |2425 |gbk:1:2:小明:pc:288:你好|udp-ask   |发一条要回执的消息，等待回执（receiver）
TCP，服务器：对 tcp-client
silent          |10050|                     |silent       |监听，但不接受：连接成功，之后没有回音（file-client 用 6664）
by-hand         |10050|                     |serve by-hand|键盘输入的每一行原样发出，不带换行
reply           |10050|hello                |serve recv send *|每收到一次，依次发送每个 DATA
two-parts       |10050|one,two              |serve recv send *|回答分两次发出
half-char       |10050|c4,e3                |serve recv send *|“你”的两个字节分两次发出
not-gbk         |10050|ff text: ok          |serve recv send *|回答不是 GBK 的字节
terminal        |10050|1b ]0;hello 07       |serve recv send *|回答给终端的命令：改标题
long-reply      |10050|100xgbk:你好         |serve recv send *|回答一百个“你好”，GBK
slow            |10050|                     |serve recv slow *|收到什么就回答什么，一次一个字节
late            |10050|ok                   |serve enter send drain|按 Enter 后才回答、接收
closes          |10050|                     |serve recv close|收到内容后关闭（FIN；file-client 用 6664）
reset           |10050|                     |serve peek reset|收到的内容不读，直接复位（RST）
framed-server   |10050|                     |serve unframe frame *|消息前面有四字节长度，原样发回（framed）
TCP，客户端：对 tcp-echo-server，以及 file-server（6664）
tcp-send        |10050|hello                |connect send drain|发送每个 DATA，然后接收，直到对方关闭
half-close      |10050|hello                |connect send shut drain|同上，但发完就关闭自己的方向（FIN）
send-reset      |10050|hello                |connect send peek reset|发送，收到的回答不读，直接复位（RST）
connect-reset   |6664 |                     |connect reset|连接，什么也不发，直接复位（RST；Windows 上是 FIN）
never-reads     |10050|16000000x78          |connect send enter|发送，从不接收，按 Enter 结束
framed-client   |10050|text:,hello,gbk:你好 |connect framed close|每个 DATA 一条消息，前面有四字节长度（framed_server）
crowd           |6664 |notes.txt            |crowd 600    |六百个连接什么也不说，再来一个发送 DATA
again           |6664 |notes.txt            |again send recv|连接、发送、接收一次、关闭，反复不停
文件服务器：对 file-client
serve           |6664 |line:theirs          |serve recv send close|收到文件名后发送 DATA，然后关闭（FIN）
cut             |6664 |line:half a file     |serve peek send pause reset|不读文件名，发送 DATA，然后复位（RST）
dies-early      |6664 |                     |serve peek shut reset|不读文件名，先关闭（FIN），再复位（RST）
stalls          |6664 |100xline:half a file |serve recv send drain|收到文件名后发送 DATA，之后不发送，也不关闭
flood           |6664 |1000x78              |serve recv pour|不停地发送 DATA，直到对方断开
resumable-server|6664 |                     |resumable 99999 1|按新协议发送数字 1 到 10000（resumable）
resumable-cut   |6664 |                     |resumable 20000 1|同上，每次连接最多发 20000 字节（resumable）
resumable-change|6664 |                     |resumable 20000 2|同上，第一次连接之后文件换了版本（resumable）
文件客户端：对 file-server
pauses          |6664 |big                  |connect send ten enter drain|收 10 字节后停下，按 Enter 再收完
resumable-client|6664 |line:0 numbers       |connect send drain|按新协议请求（resumable_server）
";

/// Between two parts, so that they arrive one by one and can be watched.
const PAUSE: Duration = Duration::from_millis(300);

/// The most that is received at once, in bytes.
const RECV_SIZE: usize = 64 * 1024;

/// The longest message with its length in front, in bytes, as the exercises have it.
const MAX_FRAME_LEN: usize = 4 + 1024 * 1024;

/// Plays the mode that the command line names, or lists them all.
pub fn run() -> ExitCode {
    let mut help = "\
用法：cargo lab peer 方式 [ADDRESS [DATA ...]]\n
扮演程序的另一端，并且故意出错。方式后面是 127.0.0.1 的默认端口，括号里是用得上它的练习。\n"
        .to_string();
    for line in MODES.lines() {
        match line.split('|').collect::<Vec<_>>()[..] {
            [name, port, _, _, about] => help += &format!("  {name} {port}  {about}\n"),
            _ => help += &format!("\n{line}\n"),
        }
    }
    help = format!("{help}\n{}", bytes::NOTATION);
    common::run(&help, |[_, mode, address, data @ ..]: [Option<String>; 16]| {
        let Some(mode) = mode else { return console::write(help.as_bytes()) };
        let mut rows = MODES.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
        let row = rows.find(|row| row[0] == mode);
        let Some([_, port, default, steps, _]) = row.as_deref() else {
            return Err(Error::Refused(format!(
                "没有 {mode} 这种方式，用 cargo lab peer 列出全部"
            )));
        };
        let mut data: Vec<String> = data.into_iter().flatten().collect();
        if data.is_empty() && !default.is_empty() {
            data = default.split(',').map(String::from).collect();
        }
        let data = data.iter().map(|data| bytes::parse(data)).collect::<Result<Vec<_>, _>>()?;
        play(&steps.split(' ').collect::<Vec<_>>(), address, &format!("127.0.0.1:{port}"), &data)
    })
}

fn play(
    steps: &[&str],
    address: Option<String>,
    default: &str,
    data: &[Vec<u8>],
) -> Result<(), Error> {
    let number = |index: usize| steps[index].parse().unwrap_or(1);
    let steps_behind = &steps[1..];
    if ["udp-answer", "udp-stranger", "receipt"].contains(&steps[0]) {
        return udp_answer(address::local(address, default)?, steps[0], number(1), data);
    }
    if ["serve", "silent", "resumable"].contains(&steps[0]) {
        let local = address::local(address, default)?;
        let listener = TcpListener::bind(local).context(format!("监听 {local}"))?;
        console::note(format!("正在监听 {}", listener.local_addr().context("查询本机地址")?));
        return match steps[0] {
            "silent" => enter("不接受连接：系统替它完成连接，收到的内容留在队列里；按 Enter 结束"),
            "serve" => each_client(&listener, |socket| talk(socket, data, steps_behind)),
            _ => resumable(&listener, number(1), number(2)),
        };
    }
    let remote = address::remote(address, default)?[0];
    match steps[0] {
        "again" => loop {
            talk(connect(remote)?, data, steps_behind)?;
        },
        "crowd" => {
            let silent: Result<Vec<_>, _> = (0..number(1)).map(|_| connect(remote)).collect();
            let _silent = silent?;
            talk(connect(remote)?, data, &["send", "recv"])
        }
        "connect" => talk(connect(remote)?, data, steps_behind),
        _ => udp_send(remote, steps[0], data),
    }
}

/// Carries out the steps on a connection, one after the other; with * again and again. Those that
/// receive end the conversation where the connection has ended.
fn talk(mut socket: TcpStream, data: &[Vec<u8>], steps: &[&str]) -> Result<(), Error> {
    let mut received = Vec::new();
    let count = if steps.ends_with(&["*"]) { usize::MAX } else { steps.len() };
    for &step in steps.iter().cycle().take(count) {
        match step {
            "recv" | "ten" | "unframe" => {
                received = match step {
                    "recv" => receive(&socket, RECV_SIZE)?,
                    "ten" => receive(&socket, 10)?,
                    _ => receive_framed(&socket)?,
                };
                if received.is_empty() {
                    return Ok(());
                }
            }
            "peek" => {
                socket.peek(&mut [0]).context("接收")?;
                console::note("有内容到达，不读");
            }
            "drain" => return drain(&socket),
            "send" => send(&socket, data)?,
            "slow" => send(&socket, &Vec::from_iter(received.chunks(1).map(Vec::from)))?,
            "frame" => send(&socket, &[received.clone()])?,
            "framed" => {
                for message in data {
                    send(
                        &socket,
                        &[[&(message.len() as u32).to_be_bytes(), &message[..]].concat()],
                    )?;
                    receive_framed(&socket)?;
                }
            }
            "pour" => loop {
                socket.write_all(&data.concat()).context("发送")?;
            },
            "by-hand" => return by_hand(&socket),
            "enter" => enter("不接收，按 Enter 继续")?,
            "pause" => pause(),
            "shut" => {
                socket.shutdown(Shutdown::Write).context("关闭连接")?;
                console::note("关闭自己的方向（FIN）");
            }
            "close" => console::note("关闭连接（FIN）"), // at the end
            "reset" => return reset(socket),
            _ => {} // *
        }
    }
    Ok(())
}

/// Tells a step, with its bytes and what they say.
fn show(step: &str, data: &[u8]) {
    let text = String::from_utf8(data.to_vec()).map_err(|_| gbk::decode(data));
    let (kind, text) = text.map_or_else(|text| ("GBK", text), |text| ("", text));
    let hex = shorten(data.iter().map(|byte| format!("{byte:02x} ")));
    let text = shorten(text.chars().map(String::from));
    console::note(format!("{step} {} 字节：{hex}（{kind}“{text}”）", data.len()));
}

/// The beginning and the end of what is long.
fn shorten(parts: impl Iterator<Item = String>) -> String {
    let mut parts: Vec<String> = parts.collect();
    if parts.len() > 60 {
        parts.splice(20..parts.len() - 10, ["…".into()]);
    }
    parts.concat().trim_end_matches(' ').into()
}

#[expect(clippy::disallowed_methods, reason = "the pause is what the other end shall see")]
fn pause() {
    thread::sleep(PAUSE);
}

fn enter(note: &str) -> Result<(), Error> {
    console::note(note);
    console::ask("").map(drop)
}

fn udp_send(to: SocketAddr, step: &str, data: &[Vec<u8>]) -> Result<(), Error> {
    let local = match to.ip() {
        IpAddr::V4(ip) if !ip.is_loopback() => Ipv4Addr::UNSPECIFIED.into(),
        ip => ip,
    };
    let socket = UdpSocket::bind((local, 0)).context(format!("绑定 {local}"))?;
    let local = socket.local_addr().context("查询本机地址")?;
    console::note(format!("已绑定 {local}，发往 {to}"));
    for data in data {
        show("发送", data);
        datagram::send(&socket, data, to)?;
        match step {
            "udp-ask" => drop(receive_from(&socket)?),
            "udp-flood" => {
                (1..10_000).try_for_each(|_| datagram::send(&socket, data, to))?;
                console::note("又发送了 9999 次");
            }
            _ => pause(),
        }
    }
    Ok(())
}

/// Answers one of so many datagrams.
fn udp_answer(local: SocketAddr, step: &str, every: usize, data: &[Vec<u8>]) -> Result<(), Error> {
    let socket = UdpSocket::bind(local).context(format!("绑定 {local}"))?;
    let stranger = UdpSocket::bind((local.ip(), 0)).context("绑定别的端口")?;
    console::note(format!("已绑定 {}", socket.local_addr().context("查询本机地址")?));
    let mut asked = 0;
    loop {
        let (message, sender) = receive_from(&socket)?;
        let replies = if step == "receipt" { receipt(&message) } else { data.to_vec() };
        asked += usize::from(!replies.is_empty());
        if replies.is_empty() || asked % every != 0 {
            console::note("不回复");
            continue;
        }
        for (index, reply) in replies.iter().enumerate() {
            let is_strange = step == "udp-stranger" && index == 0;
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
fn receipt(message: &[u8]) -> Vec<Vec<u8>> {
    let message = gbk::decode(message);
    let fields: Vec<&str> = message.splitn(6, ':').collect();
    match fields.get(4).and_then(|command| command.parse::<u64>().ok()) {
        Some(command) if command & 0x1ff == 0x120 => {
            vec![format!("1:1:peer:pc:33:{}", fields[1]).into_bytes()]
        }
        _ => vec![],
    }
}

fn connect(remote: SocketAddr) -> Result<TcpStream, Error> {
    let socket = TcpStream::connect(remote).context(format!("连接 {remote}"))?;
    console::note(format!("已连接 {remote}"));
    Ok(socket)
}

/// Serves one client after the other, whatever becomes of each.
fn each_client(
    listener: &TcpListener,
    mut serve: impl FnMut(TcpStream) -> Result<(), Error>,
) -> Result<(), Error> {
    loop {
        let (socket, client) = listener.accept().context("接受连接")?;
        console::note(format!("客户端 {client} 已连接"));
        console::note_failure(serve(socket))?;
    }
}

fn send(mut socket: &TcpStream, parts: &[Vec<u8>]) -> Result<(), Error> {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            pause();
        }
        show("发送", part);
        socket.write_all(part).context("发送")?;
    }
    Ok(())
}

/// What has come; nothing at the end of the connection.
fn receive(mut socket: &TcpStream, max_len: usize) -> Result<Vec<u8>, Error> {
    let mut data = vec![0; max_len];
    let length = socket.read(&mut data).context("接收")?;
    data.truncate(length);
    if data.is_empty() {
        console::note("对方关闭了连接（FIN）");
    } else {
        show("收到", &data);
    }
    Ok(data)
}

/// Counts what comes up to the end of the connection, and shows the beginning.
fn drain(mut socket: &TcpStream) -> Result<(), Error> {
    let (mut buffer, mut total) = (vec![0; RECV_SIZE], 0);
    loop {
        let read = socket.read(&mut buffer);
        match read.context(format!("继续接收（已收到 {total} 字节）"))? {
            0 => break,
            length => {
                if total < RECV_SIZE {
                    show("收到", &buffer[..length]);
                }
                total += length;
            }
        }
    }
    console::note(format!("对方关闭了连接（FIN），这期间收到 {total} 字节"));
    Ok(())
}

/// A message with the length in front of it; nothing where the connection ends before its end.
fn receive_framed(socket: &TcpStream) -> Result<Vec<u8>, Error> {
    let (mut frame, mut length) = (Vec::new(), 4);
    while frame.len() < length {
        let piece = receive(socket, RECV_SIZE.min(length - frame.len()))?;
        if piece.is_empty() {
            return Ok(piece);
        }
        frame.extend(piece);
        if frame.len() == 4 {
            length = 4 + frame.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
        }
        if length > MAX_FRAME_LEN {
            return Err(io::Error::other(format!("长度超过 {MAX_FRAME_LEN}"))).context("接收消息");
        }
    }
    Ok(frame)
}

/// Closes with a reset. Windows sends one where something is unread; elsewhere that depends on the
/// system, but can be asked for: `SO_LINGER` with no time.
fn reset(socket: TcpStream) -> Result<(), Error> {
    #[cfg(unix)]
    rustix::net::sockopt::set_socket_linger(&socket, Some(Duration::ZERO))
        .map_err(io::Error::from)
        .context("设置 SO_LINGER")?;
    drop(socket);
    console::note("复位连接（RST）");
    Ok(())
}

fn by_hand(socket: &TcpStream) -> Result<(), Error> {
    let reader = socket.try_clone().context("复制套接字")?;
    let show_all = move || {
        while receive(&reader, RECV_SIZE).is_ok_and(|data| !data.is_empty()) {}
        interrupt::end_program("连接已结束", 0)
    };
    thread::Builder::new().spawn(show_all).context("创建线程")?;
    console::note("输入的每一行原样发出，不带换行");
    loop {
        send(socket, &[console::ask("")?.into_bytes()])?;
    }
}

/// Serves the numbers from 1 to 10,000, at most `limit` bytes on each connection. The version is
/// `later` from the second connection on.
fn resumable(listener: &TcpListener, limit: usize, later: usize) -> Result<(), Error> {
    let content: String = (1..=10_000).map(|number| format!("{number}\n")).collect();
    let mut version = 1;
    each_client(listener, |socket| {
        let mut line = String::new();
        BufReader::new(&socket).take(2_000).read_line(&mut line).context("接收请求")?;
        show("收到", line.as_bytes());
        let Some(Ok(offset)) = line.split_once(' ').map(|(offset, _)| offset.parse::<usize>())
        else {
            console::note("这不是请求，不回答");
            return Ok(());
        };
        let rest = content.as_bytes().get(offset..).unwrap_or_default();
        let first = format!("{} {version}\n", content.len()).into_bytes();
        version = later;
        talk(socket, &[first, rest[..limit.min(rest.len())].to_vec()], &["send", "close"])
    })
}

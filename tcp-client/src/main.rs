//! Sends lines over a TCP connection, in GBK, and prints what comes back.
//!
//! What it shows: a TCP connection is a stream of bytes. It keeps their order and loses none, but
//! it has no messages: how many `recv` calls an answer takes, and where it is cut, is chance.
//!
//! Mirrors `tcp_client.py`.

use common::encoding::{Decoder, Encoding};
use common::{Context, Error, address, console, is_timeout, uninterrupted};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// Where to connect: the script's port, where `tcp-echo-server` listens. The script has an address
/// of its author's network here.
const REMOTE: &str = "127.0.0.1:10050";

/// How many bytes to take from the stream at a time. The script takes 10, five Chinese characters,
/// and leaves the rest for the next round.
const RECV_SIZE: usize = 64 * 1024;

/// An answer is over when nothing more has come for this long. TCP cannot tell it; a person who
/// reads the answers cannot tell the delay.
const QUIET: Duration = Duration::from_millis(50);

const HELP: &str = "\
用法: tcp-client [REMOTE]

连接 REMOTE，用 GBK 编码发送输入的每一行，显示对方的回复。

  REMOTE  服务器的地址，默认 127.0.0.1:10050

例如: tcp-client 192.168.1.5:10050
";

fn main() -> ExitCode {
    common::run(HELP, tcp_client)
}

/// `main()` of the script.
fn tcp_client([remote]: [Option<OsString>; 1]) -> Result<(), Error> {
    let remote = address::remote(remote, REMOTE)?;
    let socket = TcpStream::connect(&remote[..]).context(format!("连接 {}", remote[0]))?;
    let peer = socket.peer_addr().context("查询对方地址")?;
    console::note(format!("已连接 {peer}"));

    let mut decoder = Encoding::Gbk.decoder();
    loop {
        let data = console::ask_for("输入:", |line| Encoding::Gbk.encode(line))?;
        // Sending nothing brings no answer, and waiting for one would never end.
        if data.is_empty() {
            continue;
        }
        let answered = match exchange(&socket, &data, &mut decoder) {
            // A reset is an end as well, if not an orderly one.
            Err(reset @ Error::Failed { .. }) => {
                console::note(reset);
                false
            }
            result => result?,
        };
        if !answered {
            let cut_off = decoder.finish();
            if !cut_off.is_empty() {
                console::print(format!("收到数据{cut_off}"))?;
            }
            return console::print("对方关闭了链接");
        }
    }
}

/// Sends `data` and prints the answer; `false` where the peer has closed the connection instead.
///
/// `decoder` lives as long as the connection: when an answer ends inside a character, the rest of
/// the character begins the next answer.
fn exchange(mut socket: &TcpStream, data: &[u8], decoder: &mut Decoder) -> Result<bool, Error> {
    thread::scope(|scope| {
        // A second thread sends while this one receives. A peer that answers before it has read
        // everything would otherwise wait for us to receive, and we for it to do the same.
        let sending = thread::Builder::new()
            .spawn_scoped(scope, move || socket.write_all(data))
            .context("创建发送线程")?;
        let answered = print_answer(socket, data, decoder, || sending.is_finished());
        if !matches!(answered, Ok(true)) {
            let _ = socket.shutdown(Shutdown::Both); // ends a sender that is still waiting
        }
        answered
    })
}

/// Prints the answer as it arrives, on one line, until it is over. `false`: there was none.
fn print_answer(
    mut socket: &TcpStream,
    sent: &[u8],
    decoder: &mut Decoder,
    all_is_sent: impl Fn() -> bool,
) -> Result<bool, Error> {
    let mut buffer = vec![0; RECV_SIZE];
    let mut begun = false;
    let mut rest_of_echo = Some(sent);
    // The first bytes may take as long as they want, as in the script.
    socket.set_read_timeout(None).context("设置接收时限")?;
    let end = loop {
        let received = match uninterrupted(|| socket.read(&mut buffer)) {
            Ok(0) => break Ok(()),
            Ok(length) => &buffer[..length],
            Err(error) if is_timeout(&error) && all_is_sent() => break Ok(()),
            Err(error) if is_timeout(&error) => continue,
            Err(error) => break Err(error).context("接收"),
        };
        let text = decoder.decode(received);
        if !begun && !text.is_empty() {
            begun = true;
            console::write("收到数据".as_bytes())?;
            socket
                .set_read_timeout(Some(QUIET))
                .context("设置接收时限")?;
        }
        console::write(text.as_bytes())?;
        // An echo server sends back just what it got: then there is nothing to wait for.
        rest_of_echo = rest_of_echo.and_then(|rest| rest.strip_prefix(received));
        if rest_of_echo == Some(b"") {
            break Ok(());
        }
    };
    if begun {
        console::print("")?;
    }
    end.map(|()| begun)
}

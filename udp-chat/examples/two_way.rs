//! A chat over one UDP socket: what arrives is shown at once, also while the user is typing.
//!
//! What it shows: a blocking call waits for one thing only. To wait for two, the keyboard and the
//! network, a program takes two threads. Both may use the socket at the same time: a UDP socket
//! needs no lock, since every datagram is sent and received as a whole.
//!
//! A solution of the exercise in the lab sheet of `udp-chat`.

use common::{Context, Error, address, console, datagram};
use std::net::UdpSocket;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

/// Where to receive: the script's port, on every network interface.
const LOCAL: &str = "0.0.0.0:6666";

/// The prompt that stands on the screen now: what arrives is shown below it, and then it is shown
/// again.
static PROMPT: Mutex<&str> = Mutex::new("");

const HELP: &str = "\
用法：two_way [LOCAL]

按菜单发送 UDP 数据报，随时显示收到的数据报。

  LOCAL  要绑定的本机地址，默认 0.0.0.0:6666

例如：two_way 7777
";

fn main() -> ExitCode {
    common::run(HELP, two_way)
}

fn two_way([local]: [Option<String>; 1]) -> Result<(), Error> {
    let local = address::local(local, LOCAL)?;
    let socket = UdpSocket::bind(local).context(format!("绑定 {local}"))?;
    let local = socket.local_addr().context("查询本机地址")?;
    console::note(format!("已绑定 {local}，收到的数据报随时显示"));

    // A second handle for the same socket, and a channel through which either thread tells its end.
    let receiving = socket.try_clone().context("复制套接字")?;
    let (ended, end) = mpsc::channel();
    let receiving_ended = ended.clone();
    let receiver = move || receiving_ended.send(receive_all(&receiving));
    thread::Builder::new().spawn(receiver).context("创建线程")?;
    let talker = move || ended.send(menu(&socket));
    thread::Builder::new().spawn(talker).context("创建线程")?;
    // Whichever ends first ends the program: with `main`, all threads end.
    end.recv().unwrap_or(Ok(()))
}

/// Shows what arrives, and sends nothing back: two chats that echo would never stop.
fn receive_all(socket: &UdpSocket) -> Result<(), Error> {
    loop {
        let (data, sender) = datagram::receive(socket)?;
        let text = String::from_utf8_lossy(&data);
        let prompt = PROMPT.lock().unwrap_or_else(PoisonError::into_inner);
        // The cursor stands behind the prompt, or behind what the user has typed so far. The terminal
        // keeps that, though it cannot be seen any more, and gives it to the program with Enter.
        console::print("")?;
        console::print(format!("收到来自{sender}的数据:{text}"))?;
        console::write(prompt.as_bytes())?;
    }
}

/// Shows the menu until the user has had enough.
fn menu(socket: &UdpSocket) -> Result<(), Error> {
    loop {
        console::print("请选择功能:1.发送信息 3.退出")?;
        let result = match ask("请选择额:")?.as_str() {
            "1" => send(socket),
            "3" => return Ok(()),
            _ => console::print("输入错误哦"),
        };
        console::note_failure(result)?; // then the menu again
    }
}

/// Asks where to and what, and sends it.
fn send(socket: &UdpSocket) -> Result<(), Error> {
    let host = ask("IP地址:")?;
    let port = address::port(&ask("端口:")?)?;
    let text = ask("输入内容")?;
    let to = address::resolve_for(socket, &host, port)?;
    datagram::send(socket, text.as_bytes(), to)
}

/// Asks, and lets the other thread know what was asked.
fn ask(prompt: &'static str) -> Result<String, Error> {
    *PROMPT.lock().unwrap_or_else(PoisonError::into_inner) = prompt;
    console::ask(prompt)
}

//! A chat over one UDP socket: what arrives is shown at once, also while the user is typing.
//!
//! What it shows: a blocking call waits for one thing only. To wait for two, the keyboard and the
//! network, a program takes two threads. Both may use the socket at the same time: a UDP socket
//! needs no lock, since every datagram is sent and received as a whole.
//!
//! A solution of the exercise in the lab sheet of `udp-chat`.

use common::encoding::Encoding;
use common::{Context, Error, address, console, datagram};
use std::ffi::OsString;
use std::net::UdpSocket;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

/// Where to receive: the script's port, on every network card.
const LOCAL: &str = "0.0.0.0:6666";

/// The prompt that stands on the screen now: what arrives is shown below it, and then it is shown
/// again.
static PROMPT: Mutex<&str> = Mutex::new("");

const HELP: &str = "\
用法: two_way [LOCAL]

按菜单发送 UDP 数据报，随时显示收到的数据报。

  LOCAL  本机的地址，默认 0.0.0.0:6666

例如: two_way 7777
";

fn main() -> ExitCode {
    common::run(HELP, two_way)
}

fn two_way([local]: [Option<OsString>; 1]) -> Result<(), Error> {
    let local = address::local(local, LOCAL)?;
    let socket = UdpSocket::bind(local).context(format!("绑定 {local}"))?;
    let local = socket.local_addr().context("查询本机地址")?;
    console::note(format!("已绑定 {local} ，收到的数据报随时显示"));

    // A second handle for the same socket.
    let receiving = socket.try_clone().context("复制套接字")?;
    common::side_by_side(move || receive_all(&receiving), move || menu(&socket))
}

/// Shows what arrives, and sends nothing back: two chats that echo would never stop.
fn receive_all(socket: &UdpSocket) -> Result<(), Error> {
    loop {
        let (data, sender) = datagram::receive(socket)?;
        let text = Encoding::Utf8.decode(&data);
        let prompt = PROMPT.lock().unwrap_or_else(PoisonError::into_inner);
        // The cursor stands behind the prompt, or behind what the user has typed so far. The terminal
        // keeps that, though it cannot be seen any more, and gives it to the program with Enter.
        console::write(format!("\n收到来自{sender}的数据:{text}\n{prompt}").as_bytes())?;
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
        match result {
            // What was typed, or what the network did: say so, and show the menu again.
            Err(error @ (Error::Input(_) | Error::Failed { .. })) => console::note(error),
            result => result?,
        }
    }
}

/// Asks where to and what, and sends it.
fn send(socket: &UdpSocket) -> Result<(), Error> {
    let host = ask("IP地址:")?;
    let port = address::port(&ask("端口:")?)?;
    let text = ask("输入内容")?;
    let local = socket.local_addr().context("查询本机地址")?;
    let to = address::fitting(&address::resolve(&host, port)?, local)?;
    datagram::send(socket, &Encoding::Utf8.encode(&text)?, to)
}

/// Asks, and lets the other thread know what was asked.
fn ask(prompt: &'static str) -> Result<String, Error> {
    *PROMPT.lock().unwrap_or_else(PoisonError::into_inner) = prompt;
    console::ask(prompt)
}

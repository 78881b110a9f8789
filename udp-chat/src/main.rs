//! A menu over one UDP socket: 1 sends a datagram, 2 waits for one and sends it back, 3 quits.
//!
//! What it shows: one UDP socket sends to anybody and receives from anybody. And what a blocking
//! call means: while the program waits for a datagram it does not see the keyboard.
//!
//! Mirrors `udp_chat.py`.

use common::{Context, Error, address, console, datagram};
use std::net::UdpSocket;
use std::process::ExitCode;

/// Where to receive: the script's port, on every network interface (its `""`).
const LOCAL: &str = "0.0.0.0:6666";

const HELP: &str = "\
用法：udp-chat [LOCAL]

按菜单发送 UDP 数据报，或接收一个并原样发回。

  LOCAL  要绑定的本机地址，默认 0.0.0.0:6666

例如：udp-chat 7777
";

fn main() -> ExitCode {
    common::run(HELP, udp_chat)
}

/// `jieshou()` of the script: waits for one datagram, prints it, and sends it back.
fn receive(socket: &UdpSocket) -> Result<(), Error> {
    let (data, sender) = datagram::receive(socket)?;
    let text = String::from_utf8_lossy(&data);
    console::print(format!("收到来自{sender}的数据:{text}"))?;
    // The bytes go back as they came, not the text made of them.
    datagram::send(socket, &data, sender)
}

/// `fasong()` of the script: asks where to and what, and sends it.
fn send(socket: &UdpSocket) -> Result<(), Error> {
    let host = console::ask("IP地址:")?;
    let port = address::port(&console::ask("端口:")?)?;
    let text = console::ask("输入内容")?;
    let to = address::resolve_for(socket, &host, port)?;
    datagram::send(socket, text.as_bytes(), to)
}

/// `print_menu()` of the script.
fn print_menu() -> Result<(), Error> {
    console::print("请选择功能:1.发送信息 2.接受信息 3.退出")
}

/// `main()` of the script.
fn udp_chat([local]: [Option<String>; 1]) -> Result<(), Error> {
    let local = address::local(local, LOCAL)?;
    let socket = UdpSocket::bind(local).context(format!("绑定 {local}"))?;
    let local = socket.local_addr().context("查询本机地址")?;
    console::note(format!("已绑定 {local}"));

    loop {
        print_menu()?;
        let choice = console::ask("请选择额:")?;
        let result = match choice.as_str() {
            "1" => send(&socket),
            "2" => receive(&socket),
            "3" => return Ok(()),
            _ => console::print("输入错误哦"),
        };
        console::note_failure(result)?; // then the menu again
    }
}

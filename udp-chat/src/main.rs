//! 用一个 UDP 套接字聊天的菜单：1 发送一个数据报，2 等待一个数据报并原样发回，3 退出。
//!
//! 要点：一个 UDP 套接字可以向任何地址发送，也可以接收任何地址发来的数据报。接收会阻塞：程序等待数
//! 据报时，不处理键盘输入。
//!
//! 对照的脚本：`udp_chat.py`。

use common::{Context, Error, address, console, datagram};
use std::net::UdpSocket;
use std::process::ExitCode;

/// 在哪里接收：端口与脚本相同，地址是本机的所有地址（脚本中的 `""`）。
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

/// 脚本的 `jieshou()`：等待一个数据报，显示它，再发回去。
fn receive(socket: &UdpSocket) -> Result<(), Error> {
    let (data, sender) = datagram::receive(socket)?;
    let text = String::from_utf8_lossy(&data);
    console::print(format!("收到来自{sender}的数据:{text}"))?;
    // 发回的是收到的字节，不是解码后的文本。
    datagram::send(socket, &data, sender)
}

/// 脚本的 `fasong()`：询问地址和内容，然后发送。
fn send(socket: &UdpSocket) -> Result<(), Error> {
    let host = console::ask("IP地址:")?;
    let port = address::port(&console::ask("端口:")?)?;
    let text = console::ask("输入内容")?;
    let to = address::resolve_for(socket, &host, port)?;
    datagram::send(socket, text.as_bytes(), to)
}

/// 脚本的 `print_menu()`。
fn print_menu() -> Result<(), Error> {
    console::print("请选择功能:1.发送信息 2.接受信息 3.退出")
}

/// 脚本的 `main()`。
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
        console::note_failure(result)?; // 出错后回到菜单
    }
}

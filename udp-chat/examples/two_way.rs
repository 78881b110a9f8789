//! 用一个 UDP 套接字聊天：数据报到达就立即显示，即使用户正在输入。
//!
//! 要点：一个阻塞的调用只能等待一件事。键盘和网络都要等待，就用两个线程。两个线程可以同时使用同一个
//! 套接字，不需要锁：UDP 数据报总是整个发送、整个接收。
//!
//! `udp-chat` 讲义中练习的参考解答。

use common::{Context, Error, address, console, datagram};
use std::net::UdpSocket;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

/// 在哪里接收：端口与脚本相同，地址是本机的所有地址。
const LOCAL: &str = "0.0.0.0:6666";

/// 当前的提示符，由两个线程共用：显示数据报之后，要再显示一次。
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

    // 两个线程各有一个 `UdpSocket`，指的是同一个套接字；结束时都把结果送入同一个通道。
    let receiving = socket.try_clone().context("复制套接字")?;
    let (ended, end) = mpsc::channel();
    let receiving_ended = ended.clone();
    let receiver = move || receiving_ended.send(receive_all(&receiving));
    thread::Builder::new().spawn(receiver).context("创建线程")?;
    let talker = move || ended.send(menu(&socket));
    thread::Builder::new().spawn(talker).context("创建线程")?;
    // 等待先结束的一个：`main` 返回，进程就结束，另一个线程随之终止。
    end.recv().unwrap_or(Ok(()))
}

/// 显示收到的数据报，但不发回：两个程序如果互相发回，就永远不会停止。
fn receive_all(socket: &UdpSocket) -> Result<(), Error> {
    loop {
        let (data, sender) = datagram::receive(socket)?;
        let text = String::from_utf8_lossy(&data);
        let prompt = PROMPT.lock().unwrap_or_else(PoisonError::into_inner);
        // 光标在提示符或已输入的内容之后，所以先换行。已输入的内容不再显示，但仍在终端的缓冲区中，
        // 按回车键后照样交给程序。
        console::print("")?;
        console::print(format!("收到来自{sender}的数据:{text}"))?;
        console::write(prompt.as_bytes())?;
    }
}

/// 菜单中没有 2：另一个线程一直在接收。
fn menu(socket: &UdpSocket) -> Result<(), Error> {
    loop {
        console::print("请选择功能:1.发送信息 3.退出")?;
        let result = match ask("请选择额:")?.as_str() {
            "1" => send(socket),
            "3" => return Ok(()),
            _ => console::print("输入错误哦"),
        };
        console::note_failure(result)?; // 出错后回到菜单
    }
}

/// 先检查端口，再询问内容：端口无效，就不必输入内容。
fn send(socket: &UdpSocket) -> Result<(), Error> {
    let host = ask("IP地址:")?;
    let port = address::port(&ask("端口:")?)?;
    let text = ask("输入内容")?;
    let to = address::resolve_for(socket, &host, port)?;
    datagram::send(socket, text.as_bytes(), to)
}

/// 询问之前记下提示符，接收线程要用。
fn ask(prompt: &'static str) -> Result<String, Error> {
    *PROMPT.lock().unwrap_or_else(PoisonError::into_inner) = prompt;
    console::ask(prompt)
}

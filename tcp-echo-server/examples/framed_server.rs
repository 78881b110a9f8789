//! 接受一个 TCP 客户端的连接，把每条消息原样发回；消息由四个字节的长度和相应字节数的内容组成。
//!
//! 要点：怎样在字节流中找出消息。`read` 返回已经到达的字节，可能是半条消息，也可能是三条；所以先收
//! 齐长度，再按长度收齐内容。
//!
//! `tcp-echo-server` 讲义中练习的参考解答；另一端是 `tcp-client` 的 `framed`。

use common::{Context, Error, address, console, explain};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;

/// 在哪里监听：端口与脚本相同，地址是本机的所有地址。
const LISTEN: &str = "0.0.0.0:10050";

/// 一条消息最多多少字节。收到的长度不可信：没有上限，对方声称有 4 GiB，程序就会分配这么多内存。
const MAX_MESSAGE_LEN: usize = 1024 * 1024;

/// 长度占多少字节：一个 `u32`，最高有效字节在前（网络字节序）。
const LENGTH_SIZE: usize = 4;

const HELP: &str = "\
用法：framed_server [LISTEN]

接受一个 TCP 客户端的连接，把收到的每条消息（4 字节的长度，然后是内容）原样发回；客户端关闭连接后，
程序结束。

  LISTEN  监听的地址，默认 0.0.0.0:10050

例如：framed_server 127.0.0.1:10050
";

fn main() -> ExitCode {
    common::run(HELP, framed_server)
}

fn framed_server([listen]: [Option<String>; 1]) -> Result<(), Error> {
    let listen = address::local(listen, LISTEN)?;
    let listener = TcpListener::bind(listen).context(format!("监听 {listen}"))?;
    let listen = listener.local_addr().context("查询本机地址")?;
    console::note(format!("正在监听 {listen}"));

    let (mut client, address) = listener.accept().context("接受连接")?;
    console::note(format!("客户端 {address} 已连接"));

    // 连接在两条消息之间被复位时报告一次，然后与对方关闭时一样结束。
    console::note_failure(echo(&mut client))?;
    drop(client); // 关闭套接字
    console::print("客户端已关闭")
}

fn echo(client: &mut TcpStream) -> Result<(), Error> {
    while let Some(message) = receive(client)? {
        console::print_bytes(&message)?;
        client.write_all(&frame(&message)).context("发送")?;
    }
    Ok(())
}

/// 发送的格式：长度在前，内容在后。合在一次 `write` 中发送，通常只占一个报文段。
fn frame(message: &[u8]) -> Vec<u8> {
    let length = message.len() as u32; // 不超过 MAX_MESSAGE_LEN，不会丢失高位
    [&length.to_be_bytes(), message].concat()
}

/// 接收一条消息；对方在两条消息之间关闭连接，返回 `None`。
fn receive(socket: &mut TcpStream) -> Result<Option<Vec<u8>>, Error> {
    let mut length = [0; LENGTH_SIZE];
    let begun = socket.read(&mut length).context("接收")?;
    if begun == 0 {
        return Ok(None);
    }
    // 从这里起，连接结束就是错误。`read_exact` 读满为止。
    socket.read_exact(&mut length[begun..]).map_err(cut_off)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > MAX_MESSAGE_LEN {
        return Err(Error::Fatal(format!(
            "对方的消息有 {length} 字节，太长：最多 {MAX_MESSAGE_LEN} 字节"
        )));
    }
    let mut message = vec![0; length];
    socket.read_exact(&mut message).map_err(cut_off)?;
    Ok(Some(message))
}

/// 连接在一条消息中间断开的错误，无论是正常关闭还是复位。
fn cut_off(reason: io::Error) -> Error {
    let cut_off = "连接在一条消息的中间断开";
    match reason.kind() {
        ErrorKind::UnexpectedEof => Error::Fatal(cut_off.into()),
        _ => Error::Fatal(format!("{cut_off}：{}", explain(&reason))),
    }
}

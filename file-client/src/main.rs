//! 从 `file-server` 下载一个文件：发送文件名，保存收到的字节，直到服务器关闭连接。
//!
//! 要点：这个协议用连接的结束表示文件的结束，所以必须区分连接的两种结束方式。复位（RST，`read` 返回
//! 错误）说明服务器中途出错，收到的不是完整的文件。正常关闭（FIN，`read` 返回 0）表示发送结束；文件
//! 是否完整，要看服务器：`file-server` 中断时总是复位，脚本不是。
//!
//! 还有怎样保存，才不会留下半个文件：先写临时文件，完整以后再改名（[`Download`]）。
//!
//! 对照的脚本：`file_client.py`。

use common::{Context, Error, address, console};
use file_client::{Download, FileName, Outcome, Stored, known_host};
use std::io::Write;
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

/// 一次最多取多少字节：比脚本的 1024 大，系统调用的次数就少。
const RECV_SIZE: usize = 256 * 1024;

/// 服务器最多多久不发送数据：它可能已经断电，不会再发出报文段。
const RECV_TIMEOUT: Duration = Duration::from_secs(120);

const HELP: &str = "\
用法：file-client [REMOTE [NAME]]

从 file-server 下载一个文件，存到当前目录。未给出的参数会逐项询问。

  REMOTE  服务器的地址，file-server 的端口是 6664
  NAME    文件名

例如：file-client 127.0.0.1:6664 道士.txt
";

fn main() -> ExitCode {
    common::run(HELP, file_client)
}

/// 脚本的 `main()`。
fn file_client([remote, name]: [Option<String>; 2]) -> Result<Stored, Error> {
    let outcome = Outcome::watch(); // 按 Ctrl-C 也不留下临时文件
    // 参数没有给出的部分在这里询问，不能用就再问一次。
    let (host, port) = address::parse_argument(remote)?;
    let host = match host {
        Some(host) => known_host(&host)?,
        None => console::ask_until("ip地址:", known_host)?,
    };
    let remote = match port {
        Some(port) => address::resolve(&host, port)?,
        None => console::ask_until("端口:", |it| address::resolve(&host, address::port(it)?))?,
    };
    let name = match name {
        Some(name) => FileName::parse(&name)?,
        None => console::ask_until("文件名:", FileName::parse)?,
    };

    let mut socket =
        TcpStream::connect(remote.as_slice()).context(format!("连接 {}", remote[0]))?;
    let peer = socket.peer_addr().context("查询对方地址")?;
    socket.set_read_timeout(Some(RECV_TIMEOUT)).context("设置接收超时")?;
    console::note(format!("已连接 {peer}，下载 {}", name.text));
    socket.write_all(name.text.as_bytes()).context("发送文件名")?;

    let mut download = Download::beside(&name.path, &outcome)?;
    let mut buffer = vec![0; RECV_SIZE];
    loop {
        let length = download.receive(&mut socket, &mut buffer)?;
        if length > 0 {
            if download.count() == 0 {
                let _ = console::print("收到消息"); // 标准输出已关闭，也继续下载
            }
            download.write(&buffer[..length])?;
        } else {
            if download.count() == 0 {
                let reason = download.remove();
                let _ = console::print("没有下载文件");
                return Err(reason);
            }
            let stored = download.keep()?;
            let _ = console::print("文件传输完毕");
            return Ok(stored);
        }
    }
}

//! Downloads one file from `file-server`: sends its name, stores what comes until the server closes.
//!
//! What it shows: the simplest protocol there is. The end of the connection is the end of the file,
//! so the two ways in which a connection ends must be kept apart. An orderly close (FIN: `read`
//! returns 0 bytes) is the end of a whole file; a reset (RST: `read` returns an error) comes from a
//! server that died in the middle, and what has arrived is not the file.
//!
//! And how to store a file so that half of it never stands under its name: write to a temporary file,
//! and rename that when it is complete ([`Download`]).
//!
//! Mirrors `file_client.py`.

use common::{Context, Error, address, console};
use file_client::{Download, FileName, Outcome, Stored, known_host};
use std::io::Write;
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

/// How many bytes to take from the stream at a time: fewer system calls for the same bytes. The
/// script takes 1024.
const RECV_SIZE: usize = 256 * 1024;

/// How long the server may send nothing. It may be gone without a word, and its reset lost.
const RECV_TIMEOUT: Duration = Duration::from_secs(120);

const HELP: &str = "\
用法：file-client [REMOTE [NAME]]

从 file-server 下载一个文件，存到当前目录。没有给出的，会逐项询问。

  REMOTE  服务器的地址，file-server 的端口是 6664
  NAME    文件名

例如：file-client 127.0.0.1:6664 道士.txt
";

fn main() -> ExitCode {
    common::run(HELP, file_client)
}

/// `main()` of the script.
fn file_client([remote, name]: [Option<String>; 2]) -> Result<Stored, Error> {
    let outcome = Outcome::watch(); // Ctrl-C leaves nothing behind
    // What an argument leaves out is asked for, and asked for again where it cannot be used.
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
                let _ = console::print("收到消息"); // a closed output is no reason to stop
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

//! Downloads one file from `file-server`: sends its name, stores what comes until the server closes.
//!
//! What it shows: the simplest protocol there is. The end of the connection is the end of the file,
//! so the two ways in which a connection ends must be kept apart. An orderly close (FIN: `read`
//! returns 0 bytes) is the end of a whole file; a reset (RST: `read` returns an error) comes from a
//! server that died in the middle, and what has arrived is not the file.
//!
//! And how to store a file so that there is never half a one under its name: write to a temporary
//! file, and rename it when it is complete ([`Part`]).
//!
//! Mirrors `file_client.py`.

use common::{Context, Error, address, console, retry_interrupted};
use file_client::outcome::{all_or_nothing, check_refusal};
use file_client::{Part, Progress, save_path};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

/// The port of `file-server`.
const PORT: u16 = 6664;

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
    common::run(HELP, |arguments| all_or_nothing(|| file_client(arguments)))
}

/// `main()` of the script.
fn file_client([remote, name]: [Option<String>; 2]) -> Result<(), Error> {
    let (host, port) = address::parse_argument(remote)?;
    // What an argument leaves out is asked for; what cannot be used is refused before the next step.
    let look_up = |host: &str| address::resolve(host, PORT).map(|_| host.to_string());
    let host = match host {
        Some(host) => look_up(&host)?,
        None => console::ask_until("ip地址:", look_up)?,
    };
    let remote = match port {
        Some(port) => address::resolve(&host, port)?,
        None => {
            console::ask_until("端口:", |port| address::resolve(&host, address::port(port)?))?
        }
    };
    let check_name = |name: &str| save_path(name).map(|path| (name.to_string(), path));
    let (name, path) = match name {
        Some(name) => check_name(&name)?,
        None => console::ask_until("文件名:", check_name)?,
    };

    let mut socket = TcpStream::connect(&remote[..]).context(format!("连接 {}", remote[0]))?;
    let peer = socket.peer_addr().context("查询对方地址")?;
    console::note(format!("已连接 {peer}，下载 {name}"));
    let timeout = socket.set_read_timeout(Some(RECV_TIMEOUT));
    timeout.context("设置接收超时")?;
    socket.write_all(name.as_bytes()).context("发送文件名")?;

    let mut part = Part::beside(&path)?;
    let mut progress = Progress::start();
    let mut buffer = vec![0; RECV_SIZE];
    loop {
        let received = retry_interrupted(|| socket.read(&mut buffer));
        let length = received.map_err(|reason| progress.cut_off("接收失败", &reason))?;
        if length > 0 {
            if progress.count() == 0 {
                let _ = console::print("收到消息"); // a closed output is no reason to stop
            }
            let written = part.write_all(&buffer[..length]);
            written.map_err(|reason| progress.cut_off("写入文件失败", &reason))?;
            progress.add(length);
        } else if progress.count() == 0 {
            check_refusal(&socket).map_err(|reason| progress.cut_off("接收失败", &reason))?;
            drop(part); // deletes the temporary file
            let _ = console::print("没有下载文件");
            let reason = "服务器没有发来内容：文件不存在、不允许下载，或者是空文件";
            return Err(Error::Fatal(reason.into()));
        } else {
            part.keep()?;
            let _ = console::print("文件传输完毕");
            return Ok(());
        }
    }
}

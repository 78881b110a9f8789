//! 提供一个目录中的文件：客户端发来文件名，服务器发送这个文件的字节。
//!
//! 要点：同时服务许多客户端，每个客户端一个线程；哪些文件必须拒绝（[`Directory`]）；协议中没有长度，
//! 怎样让客户端区分完整的文件和半个文件：**文件名先看不取，发完再取**（[`file_server::client`]）。
//! 在最后一个字节发出之前，文件名一直留在接收队列中；在此之前，程序无论怎样结束，Linux、macOS 和
//! Windows 的内核都会发送复位，而不是文件的结尾。
//!
//! 对照的脚本：`file_server.py`。

use common::{Context, Error, address, console};
use file_server::{Directory, OpenFile, Server};
use std::net::TcpListener;
use std::process::ExitCode;

/// 在哪里监听：端口与脚本相同，地址是本机的所有地址（脚本中的 `""`）。标准库在 Unix 上设置
/// `SO_REUSEADDR`，给 `listen` 的参数是 128，与脚本相同。
const LISTEN: &str = "0.0.0.0:6664";

/// 提供哪个目录中的文件：当前目录，与脚本相同。
const DIRECTORY: &str = ".";

/// 最多同时服务多少个客户端，其他客户端在已完成连接队列中等待。每个客户端占用一个线程和两个文件
/// 描述符，而一个进程的描述符往往只有 1024 个。
const MAX_CLIENTS: usize = 500;

const HELP: &str = "\
用法：file-server [LISTEN [DIR]]

让客户端下载 DIR 里的文件。

  LISTEN  监听的地址，默认 0.0.0.0:6664
  DIR     目录，默认是当前目录

第一次 Ctrl-C 等正在进行的下载结束（最多 10 秒），第二次立即结束。

例如：file-server 6664 /srv/files
";

fn main() -> ExitCode {
    common::run(HELP, file_server)
}

/// 脚本的 `get_add()`：显示文件名并打开文件；不能提供，就显示文件不存在。
fn get_file(directory: &Directory, name: &[u8]) -> Result<Option<OpenFile>, Error> {
    console::print_bytes(name)?;
    match directory.open_file(name) {
        Err(Error::Refused(reason)) => {
            console::print("你下载的文件不存在")?;
            console::note(reason);
            Ok(None)
        }
        Ok(file) => Ok(Some(file)),
        Err(error) => Err(error),
    }
}

/// 脚本的 `main()`。
fn file_server([listen, directory]: [Option<String>; 2]) -> Result<(), Error> {
    let listen = address::local(listen, LISTEN)?;
    let directory = Directory::open(&directory.unwrap_or(DIRECTORY.into()))?;
    let listener = TcpListener::bind(listen).context(format!("监听 {listen}"))?;
    let listen = listener.local_addr().context("查询本机地址")?;
    let server = Server::new(listener, MAX_CLIENTS).stop_on_interrupt();
    console::note(format!("正在监听 {listen}，目录 {}", directory.name));

    loop {
        let client = server.accept();
        let directory = directory.clone(); // 这个客户端的线程用的一份
        client.serve(move |client| {
            let name = client.peek_name()?;
            console::print_bytes(&name)?;
            if let Some(file) = get_file(&directory, &name)? {
                client.send_file(file)?;
            }
            client.consume_name()
        });
    }
}

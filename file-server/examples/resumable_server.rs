//! 提供一个目录中的文件，可以从任意偏移量开始：下载中断后，客户端只请求缺少的部分。
//!
//! 要点：协议中写明文件的大小。请求是一行，偏移量和文件名：`1024 道士.txt`。回复的第一行是整个文件
//! 的大小和版本号：`4096 1700000000123456789`；然后是从偏移量到末尾的内容。双方都知道应有多少字节，
//! 所以空文件也是文件，没有收齐就是错误，与连接怎样结束无关。
//!
//! 还要有版本号：两次下载之间文件可能改变，新文件的后半部分接不上旧文件的前半部分。这里用的是文件最
//! 后一次改变的时间。
//!
//! `file-server` 讲义中练习的参考解答；另一端是 `file-client` 的 `resumable`。

use common::file_name::MAX_NAME_LEN;
use common::{Context, Error, address, console};
use file_server::{Client, Directory, OpenFile, Server};
use std::io::{Read, Seek, SeekFrom};
use std::net::TcpListener;
use std::process::ExitCode;

/// 在哪里监听：端口与脚本相同，地址是本机的所有地址。
const LISTEN: &str = "0.0.0.0:6664";

/// 提供哪个目录中的文件：当前目录，与脚本相同。
const DIRECTORY: &str = ".";

/// 请求最多多少字节：20 位的偏移量、一个空格、文件名、换行。
const MAX_REQUEST_LEN: usize = 20 + 1 + MAX_NAME_LEN + 2;

/// 最多同时服务多少个客户端，其他客户端在已完成连接队列中等待。
const MAX_CLIENTS: usize = 500;

const HELP: &str = "\
用法：resumable_server [LISTEN [DIR]]

让客户端下载 DIR 里的文件，可以从任意位置继续。

  LISTEN  监听的地址，默认 0.0.0.0:6664
  DIR     目录，默认是当前目录

第一次 Ctrl-C 等正在进行的下载结束（最多 10 秒），第二次立即结束。

例如：resumable_server 6664 /srv/files
";

fn main() -> ExitCode {
    common::run(HELP, resumable_server)
}

fn resumable_server([listen, directory]: [Option<String>; 2]) -> Result<(), Error> {
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
            let request = receive_line(client)?;
            console::print_bytes(&request)?;
            match open(&directory, &request) {
                Ok((file, offset)) => send(client, file, offset)?,
                Err(Error::Refused(reason)) => {
                    console::print("你下载的文件不存在")?;
                    console::note(reason);
                }
                Err(error) => return Err(error),
            }
            client.consume_name()
        });
    }
}

/// 一直接收到换行、连接结束或缓冲区已满；换行之后的数据忽略。
fn receive_line(client: &Client) -> Result<Vec<u8>, Error> {
    let mut request = vec![0; MAX_REQUEST_LEN];
    let mut length = 0;
    // 一行可能分成几段到达。
    while !request[..length].contains(&b'\n') {
        match client.request(|mut socket| socket.read(&mut request[length..]))? {
            0 => break,
            more => length += more,
        }
    }
    let line_end = request[..length].iter().position(|byte| *byte == b'\n');
    request.truncate(line_end.map_or(length, |place| place + 1));
    Ok(request)
}

/// 打开所请求的文件，并返回偏移量；不能提供，返回拒绝的原因。
fn open(directory: &Directory, request: &[u8]) -> Result<(OpenFile, u64), Error> {
    let wrong = || Error::Refused(format!("请求有误：b\"{}\"", request.escape_ascii()));
    let line = request.strip_suffix(b"\n").ok_or_else(wrong)?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    // 偏移量到第一个空格为止；文件名中也可以有空格。
    let space = line.iter().position(|byte| *byte == b' ');
    let (offset, name) = line.split_at(space.ok_or_else(wrong)?);
    let offset = std::str::from_utf8(offset).ok();
    let offset = offset.and_then(|offset| offset.parse().ok());
    Ok((directory.open_file(&name[1..])?, offset.ok_or_else(wrong)?))
}

/// 发送大小和版本号，再发送从偏移量到末尾的内容；偏移量超过文件大小，就没有内容。
fn send(client: &Client, mut file: OpenFile, offset: u64) -> Result<(), Error> {
    let version = file.changed.as_nanos();
    client.send(format!("{} {version}\n", file.length).as_bytes())?;
    // 系统不能移动到 `u64::MAX`。
    file.file.seek(SeekFrom::Start(offset.min(file.length))).context("读取文件")?;
    client.send_file(file)
}

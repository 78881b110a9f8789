//! Serves the files of one directory: every client sends a name and gets that file's bytes.
//!
//! What it shows: a server for many clients at once, one thread for each; what it must refuse; and
//! how a protocol without lengths can still tell a whole file from a broken one.
//!
//! That last thing is one idea: **peek first, consume last**. The client's name is at first only
//! *peeked* at: read, but left in the socket's receive queue. It is taken out after the last byte of
//! the file has been handed to the kernel. Now TCP has two ways to end a connection. Closing a socket
//! whose queue is empty sends FIN: an orderly end. Closing a socket that still has unread bytes sends
//! RST: a reset. So whatever ends this program in the middle of a file, even `kill -9` or a crash,
//! the kernel closes the socket with the name still in it, and the client sees a reset. An orderly
//! close means a whole file, and not a byte on the wire has changed.
//!
//! Mirrors `file_server.py`.

use common::clients::{self, Client};
use common::files::{self, LONGEST_NAME};
use common::{Context, Error, address, console, is_timeout, uninterrupted};
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Where to listen: the script's port, on every network card (its `""`). The standard library sets
/// `SO_REUSEADDR` where that is safe, and a backlog of 128, as the script does itself.
const LISTEN: &str = "0.0.0.0:6664";

/// Which files to serve: those of the current directory, as the script does.
const DIRECTORY: &str = ".";

/// How much of a file is in memory at a time, for each client: large enough that system calls cost
/// little beside the copying, small enough for [`MOST_CLIENTS`].
const BLOCK: usize = 128 * 1024;

/// How many clients are served at the same time. Each takes two file descriptors (the limit is often
/// 1,024 for a process), a thread and a [`BLOCK`]; the others wait in the backlog.
const MOST_CLIENTS: usize = 500;

/// The file descriptors of one client: its socket and its file.
const DESCRIPTORS: usize = 2;

/// How long a client may take to send its name: time enough to type it into `nc`.
const NAME_LIMIT: Duration = Duration::from_secs(30);

/// How long a client may take none of the bytes that wait for it. The limit is for one `send`, and one
/// that has sent a part is followed by another: it takes two or three until the client is dropped.
const SEND_LIMIT: Duration = Duration::from_secs(15);

/// How long to wait, after the file, for the client to close as well.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// How long running downloads may go on after the first Ctrl-C.
const STOP_LIMIT: Duration = Duration::from_secs(10);

const HELP: &str = "\
用法: file-server [LISTEN [DIR]]

让客户端下载 DIR 里的文件。

  LISTEN  监听的地址，默认 0.0.0.0:6664
  DIR     目录，默认是当前目录

第一次 Ctrl-C 等正在进行的下载结束 (最多 10 秒)，第二次立即结束。

例如: file-server 6664 /srv/files
";

fn main() -> ExitCode {
    common::run(HELP, file_server)
}

/// `get_add()` of the script: opens the file that a client asks for, and says so if it cannot.
fn get_file(directory: &Path, name: &[u8]) -> Result<Option<(File, Metadata)>, Error> {
    console::print(format!("b\"{}\"", name.escape_ascii()))?;
    match files::open_inside(directory, name) {
        Ok(file) => Ok(Some(file)),
        Err(reason) => {
            console::print("你下载的文件不存在")?;
            console::note(reason);
            Ok(None)
        }
    }
}

/// `main()` of the script.
fn file_server([listen, directory]: [Option<OsString>; 2]) -> Result<(), Error> {
    let listen = address::local(listen, LISTEN)?;
    let directory = directory.unwrap_or(DIRECTORY.into());
    let shown = directory.to_string_lossy().into_owned();
    let directory = files::real_directory(&directory)?;
    let listener = TcpListener::bind(listen).context(format!("监听 {listen}"))?;
    let listen = listener.local_addr().context("查询本机地址")?;
    clients::stop_on_interrupt(listen);
    console::note(format!("正在监听 {listen} ，目录 {shown}"));

    let most = clients::room(DESCRIPTORS, MOST_CLIENTS);
    while let Some(client) = clients::accept(&listener, most) {
        let directory = directory.clone();
        client.on_its_own_thread(move |client| serve(client, &directory));
    }
    clients::finish(listener, STOP_LIMIT);
    Ok(())
}

/// Serves one client: the body of the loop in the script's `main()`.
fn serve(client: &Client, directory: &Path) -> Result<(), Error> {
    let mut buffer = [0; LONGEST_NAME + 1];
    let name = peek_name(client, &mut buffer)?;
    console::print(format!("b\"{}\"", name.escape_ascii()))?;
    if let Some((file, metadata)) = get_file(directory, name)? {
        send_file(client, file, metadata.len())?;
    }
    close(client)
}

/// Reads the name and leaves it in the receive queue: see the top of this file.
///
/// The protocol does not say where a name ends. Like the script's, this server takes for the name
/// what has arrived first, up to a line end, which `nc` sends along.
fn peek_name<'a>(client: &Client, buffer: &'a mut [u8]) -> Result<&'a [u8], Error> {
    let seconds = NAME_LIMIT.as_secs();
    client
        .set_read_timeout(Some(NAME_LIMIT))
        .context("设置接收时限")?;
    let peeked = uninterrupted(|| client.peek(buffer));
    if !client.mark_at_work() {
        return Err(Error::Incomplete("没有发来文件名，让位给别的客户端".into()));
    }
    let length = match peeked {
        Err(error) if is_timeout(&error) => {
            return Err(Error::Incomplete(format!("{seconds} 秒内没有发来文件名")));
        }
        peeked => peeked.context("接收文件名")?,
    };
    let name = &buffer[..length];
    let name = name.strip_suffix(b"\n").unwrap_or(name);
    Ok(name.strip_suffix(b"\r").unwrap_or(name))
}

/// Sends `length` bytes of `file`, a block at a time.
fn send_file(mut client: &TcpStream, file: File, length: u64) -> Result<(), Error> {
    client
        .set_write_timeout(Some(SEND_LIMIT))
        .context("设置发送时限")?;
    // What is appended to the file from now on is not part of this download.
    let mut blocks = BufReader::with_capacity(BLOCK, file.take(length));
    let sent = match io::copy(&mut blocks, &mut client) {
        Ok(sent) => sent,
        Err(error) if is_timeout(&error) => {
            let seconds = SEND_LIMIT.as_secs();
            return Err(Error::Incomplete(format!(
                "{seconds} 秒没有接收数据，下载中断"
            )));
        }
        Err(error) => return Err(error).context("发送文件"),
    };
    // Returning an error leaves the name in the queue, so the client sees a reset.
    if sent < length {
        return Err(Error::Incomplete(format!(
            "文件在发送时变短了（{length} 字节只剩 {sent} 字节），下载中断"
        )));
    }
    Ok(())
}

/// Ends the connection in an orderly way: whatever has been sent so far was everything.
fn close(client: &Client) -> Result<(), Error> {
    let mut socket: &TcpStream = client;
    let mut name = [0; LONGEST_NAME + 1];
    // Taken out of the receive queue: only now is the end of this program not a reset any more.
    uninterrupted(|| socket.read(&mut name)).context("取出文件名")?;
    client.close(CLOSE_LIMIT)
}

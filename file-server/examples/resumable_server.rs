//! Serves the files of one directory, from any offset: a client whose download was cut off asks for
//! the rest.
//!
//! What it shows: a protocol with a little more in it. The request is a line with an offset and a
//! name, `1024 道士.txt`. The answer begins with a line too, the size of the file and its version,
//! `4096 1700000000123456789`; then come the bytes from the offset to the end. Since both sides know
//! how many bytes there are to be, an empty file is a file, and a short one is an error, whatever
//! way the connection ends.
//!
//! The version is there because a file may change between two downloads: the end of the new one does
//! not fit the beginning of the old one. Here it is the time of the last change.
//!
//! A solution of the exercise in the lab sheet of `file-server`; its other end is the example
//! `resumable` of `file-client`.

use common::clients::{self, Client};
use common::files::{self, LONGEST_NAME};
use common::{Context, Error, address, console, is_timeout};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

/// Where to listen: the script's port, on every network card.
const LISTEN: &str = "0.0.0.0:6664";

/// Which files to serve: those of the current directory, as the script does.
const DIRECTORY: &str = ".";

/// The longest request, in bytes: an offset of 20 digits, a space, a name, a line end.
const LONGEST_REQUEST: u64 = 20 + 1 + LONGEST_NAME as u64 + 2;

/// How much of a file is in memory at a time, for each client.
const BLOCK: usize = 128 * 1024;

/// How many clients are served at the same time; the others wait in the backlog.
const MOST_CLIENTS: usize = 500;

/// The file descriptors of one client: its socket and its file.
const DESCRIPTORS: usize = 2;

/// How long a client may take to send its request, and to take none of the bytes that wait for it.
const LIMIT: Duration = Duration::from_secs(30);

/// How long to wait, after the last byte, for the client to close as well.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// How long running downloads may go on after the first Ctrl-C.
const STOP_LIMIT: Duration = Duration::from_secs(10);

const HELP: &str = "\
用法: resumable_server [LISTEN [DIR]]

让客户端下载 DIR 里的文件，可以从任意位置继续。

  LISTEN  监听的地址，默认 0.0.0.0:6664
  DIR     目录，默认是当前目录

第一次 Ctrl-C 等正在进行的下载结束 (最多 10 秒)，第二次立即结束。

例如: resumable_server 6664 /srv/files
";

fn main() -> ExitCode {
    common::run(HELP, resumable_server)
}

fn resumable_server([listen, directory]: [Option<OsString>; 2]) -> Result<(), Error> {
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

/// Serves one client: its request, the answer, the close.
fn serve(client: &Client, directory: &Path) -> Result<(), Error> {
    client
        .set_read_timeout(Some(LIMIT))
        .context("设置接收时限")?;
    client
        .set_write_timeout(Some(LIMIT))
        .context("设置发送时限")?;
    let socket: &TcpStream = client;
    let mut request = Vec::new();
    // A stream cuts a line anywhere, so this reads until the line end has come.
    let mut limited = BufReader::new(socket.take(LONGEST_REQUEST));
    let received = limited.read_until(b'\n', &mut request);
    if !client.mark_at_work() {
        return Err(Error::Incomplete("没有发来请求，让位给别的客户端".into()));
    }
    within_limit("接收请求", received)?;
    console::print(format!("b\"{}\"", request.escape_ascii()))?;
    match open(directory, &request) {
        Ok(found) => send(client, found)?,
        Err(reason) => {
            console::print("你下载的文件不存在")?;
            console::note(reason);
        }
    }
    client.close(CLOSE_LIMIT)
}

/// What a client gets.
struct Found {
    file: File,
    size: u64,
    version: u128,
    offset: u64,
}

/// Opens the file of a request, or says why not.
fn open(directory: &Path, request: &[u8]) -> Result<Found, String> {
    let wrong = || format!("请求有误：b\"{}\"", request.escape_ascii());
    let line = request.strip_suffix(b"\n").ok_or_else(wrong)?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    // The first space ends the offset; the name may have more of them.
    let mut parts = line.splitn(2, |byte| *byte == b' ');
    let (Some(offset), Some(name)) = (parts.next(), parts.next()) else {
        return Err(wrong());
    };
    let offset = std::str::from_utf8(offset).ok();
    let offset = offset.and_then(|offset| offset.parse().ok());
    let offset: u64 = offset.ok_or_else(wrong)?;

    let (mut file, metadata) = files::open_inside(directory, name)?;
    let size = metadata.len();
    let offset = offset.min(size); // behind the end there is nothing
    let changed = file
        .seek(SeekFrom::Start(offset))
        .and_then(|_| metadata.modified())
        .map_err(|error| format!("读不了文件：{error}"))?;
    let version = changed.duration_since(SystemTime::UNIX_EPOCH);
    Ok(Found {
        file,
        size,
        version: version.map_or(0, |since| since.as_nanos()),
        offset,
    })
}

/// Sends the size and the version, and the bytes from the offset to the end.
fn send(client: &Client, found: Found) -> Result<(), Error> {
    let Found {
        file,
        size,
        version,
        offset,
    } = found;
    let mut socket: &TcpStream = client;
    within_limit("发送文件大小", writeln!(socket, "{size} {version}"))?;
    let rest = size - offset;
    // What is appended to the file from now on is not part of this download.
    let mut blocks = BufReader::with_capacity(BLOCK, file.take(rest));
    let sent = within_limit("发送文件", io::copy(&mut blocks, &mut socket))?;
    if sent < rest {
        // The client counts as well, and knows that it has not got everything.
        return Err(Error::Incomplete(format!(
            "文件在发送时变短了（应发 {rest} 字节，只有 {sent} 字节）"
        )));
    }
    Ok(())
}

/// Names what was tried, and tells a client that was too slow for [`LIMIT`] from other troubles.
fn within_limit<T>(tried: &str, result: io::Result<T>) -> Result<T, Error> {
    match result {
        Err(error) if is_timeout(&error) => {
            let seconds = LIMIT.as_secs();
            Err(Error::Incomplete(format!("{tried}：{seconds} 秒没有动静")))
        }
        result => result.context(tried),
    }
}

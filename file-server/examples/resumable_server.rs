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

use common::file_name::MAX_NAME_LEN;
use common::{Context, Error, address, console};
use file_server::{Client, Directory, OpenFile, Server};
use std::io::{Read, Seek, SeekFrom};
use std::net::TcpListener;
use std::process::ExitCode;

/// Where to listen: the script's port, on every network interface.
const LISTEN: &str = "0.0.0.0:6664";

/// Which files to serve: those of the current directory, as the script does.
const DIRECTORY: &str = ".";

/// The longest request, in bytes: an offset of 20 digits, a space, a name, a line end.
const MAX_REQUEST_LEN: usize = 20 + 1 + MAX_NAME_LEN + 2;

/// How many clients are served at the same time; the others wait in the backlog.
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
        let directory = directory.clone(); // one for the thread of this client
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

/// Receives up to a line end, or to the end of the connection, or as much as a request can have. What
/// follows the line end is passed over.
fn receive_line(client: &Client) -> Result<Vec<u8>, Error> {
    let mut request = vec![0; MAX_REQUEST_LEN];
    let mut length = 0;
    // A stream cuts a line anywhere, so this receives until the line end has come.
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

/// Opens the file of a request, or says why not; the number is the offset to begin at.
fn open(directory: &Directory, request: &[u8]) -> Result<(OpenFile, u64), Error> {
    let wrong = || Error::Refused(format!("请求有误：b\"{}\"", request.escape_ascii()));
    let line = request.strip_suffix(b"\n").ok_or_else(wrong)?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    // The first space ends the offset; the name may have more of them.
    let space = line.iter().position(|byte| *byte == b' ');
    let (offset, name) = line.split_at(space.ok_or_else(wrong)?);
    let offset = std::str::from_utf8(offset).ok();
    let offset = offset.and_then(|offset| offset.parse().ok());
    Ok((directory.open_file(&name[1..])?, offset.ok_or_else(wrong)?))
}

/// Sends the size and the version, and the bytes from the offset to the end: behind it there are
/// none.
fn send(client: &Client, mut file: OpenFile, offset: u64) -> Result<(), Error> {
    let version = file.changed.as_nanos();
    client.send(format!("{} {version}\n", file.length).as_bytes())?;
    // No system seeks as far as an offset can say.
    file.file.seek(SeekFrom::Start(offset.min(file.length))).context("读取文件")?;
    client.send_file(file)
}

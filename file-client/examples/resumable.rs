//! Downloads one file from `resumable_server`; a download that was cut off goes on where it stopped.
//!
//! What it shows: with its size known, a file is complete when all of its bytes have come, and not
//! when the connection ends. What has come is kept beside the target, in a file that has the size
//! and the version of the whole in its name, `道士.txt.4096-1700000000123456789.part`. The next
//! attempt finds it, asks for the rest, and begins anew where the server's file has changed.
//!
//! A solution of the exercise in the lab sheet of `file-client`.

use common::files::{replaceable, target};
use common::progress::Progress;
use common::{Context, Error, address, console, interrupt};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Where to connect: the port of `file-server`.
const REMOTE: &str = "127.0.0.1:6664";

/// How many bytes to take from the stream at a time.
const RECV_SIZE: usize = 256 * 1024;

/// The longest first line of an answer, in bytes: two numbers, a space and a line end.
const LONGEST_LINE: u64 = 20 + 1 + 40 + 2;

/// What a shell reports for a program that Ctrl-C has ended: 128 + 2 (SIGINT).
const INTERRUPTED: i32 = 130;

const HELP: &str = "\
用法: resumable [REMOTE [NAME]]

从 resumable_server 下载一个文件，存到当前目录；中断过的下载从断开的地方继续。

  REMOTE  服务器的地址，默认 127.0.0.1:6664
  NAME    文件名，没有给出的话会询问

例如: resumable 127.0.0.1:6664 道士.txt
";

fn main() -> ExitCode {
    common::run(HELP, resumable)
}

fn resumable([remote, name]: [Option<OsString>; 2]) -> Result<(), Error> {
    let remote = address::remote(remote, REMOTE)?;
    let (name, target) = match name.map(OsString::into_string) {
        Some(Ok(name)) => read_name(&name)?,
        Some(Err(_)) => return Err(Error::Input("文件名不是 UTF-8".into())),
        None => console::ask_for("文件名:", read_name)?,
    };
    interrupt::on_interrupt(|| {
        interrupt::end_program("下载中断，再次运行会从断开的地方继续", INTERRUPTED);
    });

    while !download(&remote, &name, &target)? {
        console::note("服务器上的文件变了，重新下载");
    }
    console::print("文件传输完毕")
}

/// The name of the file, and the path to store it under.
fn read_name(name: &str) -> Result<(String, PathBuf), Error> {
    if name.contains(['\r', '\n']) {
        return Err(Error::Input("文件名里有换行符，不能用：请求是一行".into()));
    }
    Ok((name.to_string(), target(name)?))
}

/// Downloads what is missing, and gives the file its name when it is complete. `false`: what was
/// there belongs to an older version, and has been deleted.
fn download(remote: &[SocketAddr], name: &str, target: &Path) -> Result<bool, Error> {
    let existing = replaceable(target)?;
    let part = Part::find(target)?;
    let offset = part.as_ref().map_or(0, |part| part.length);

    let mut socket = TcpStream::connect(remote).context(format!("连接 {}", remote[0]))?;
    let peer = socket.peer_addr().context("查询对方地址")?;
    console::note(format!(
        "已连接 {peer} ，下载 {name} ，从第 {offset} 字节开始"
    ));
    let request = format!("{offset} {name}\n");
    socket.write_all(request.as_bytes()).context("发送请求")?;

    let mut answer = BufReader::with_capacity(RECV_SIZE, socket);
    let Some(version) = Version::receive(&mut answer)? else {
        console::print("没有下载文件")?;
        let reason = "服务器没有发来内容：文件不存在，或者不允许下载";
        return Err(Error::Incomplete(reason.into()));
    };
    let part = match part {
        Some(part) if part.version != version || part.length > version.size => {
            fs::remove_file(&part.path).context(format!("删除 {}", part.path.display()))?;
            return Ok(false);
        }
        Some(part) => part,
        None => Part::create(target, version)?,
    };
    if let Some(permissions) = existing {
        // Who could not read the old file shall not read the new one.
        fs::set_permissions(&part.path, permissions).context("设置文件权限")?;
    }
    receive(&mut answer, &part)?;
    fs::rename(&part.path, target).context(format!("保存 {}", target.display()))?;
    Ok(true)
}

/// Adds to the part what is missing; fewer bytes are an error, and stay for the next attempt.
fn receive(answer: &mut impl BufRead, part: &Part) -> Result<(), Error> {
    let path = part.path.display();
    let mut file = OpenOptions::new()
        .write(true)
        .open(&part.path)
        .context(format!("打开 {path}"))?;
    // Each byte goes to its own place, also if somebody else is downloading the same.
    file.seek(SeekFrom::Start(part.length))
        .context(format!("打开 {path}"))?;

    let size = part.version.size;
    let mut count = part.length;
    let mut progress = Progress::start();
    let mut end = String::new();
    while count < size {
        let received = match answer.fill_buf() {
            Ok(received) => received,
            Err(reason) => {
                end = format!("：{reason}");
                break;
            }
        };
        if received.is_empty() {
            break; // the connection has ended, too early
        }
        // Not more than the size, whatever else comes.
        let rest = usize::try_from(size - count).unwrap_or(usize::MAX);
        let length = received.len().min(rest);
        if count == part.length {
            console::print("收到消息")?;
        }
        if let Err(reason) = file.write_all(&received[..length]) {
            end = format!("：写不下去了：{reason}");
            break;
        }
        answer.consume(length);
        count += length as u64;
        progress.show(count - part.length);
    }
    progress.finish(count - part.length);
    if count < size {
        // A write that fails may have written a part.
        let kept = file.stream_position().unwrap_or(count);
        return Err(Error::Incomplete(format!(
            "下载中断，{size} 字节中有 {kept} 字节，再次运行会从这里继续{end}"
        )));
    }
    Ok(())
}

/// What tells one content of a file from another.
#[derive(Clone, Copy, PartialEq)]
struct Version {
    /// The size of the whole file, in bytes.
    size: u64,
    /// A number that the server changes with the content. What it means is the server's affair.
    number: u128,
}

impl Version {
    /// Receives the first line of an answer; `None`: there is none, the server has refused.
    fn receive(answer: &mut impl BufRead) -> Result<Option<Version>, Error> {
        let mut line = Vec::new();
        let mut limited = answer.take(LONGEST_LINE);
        limited
            .read_until(b'\n', &mut line)
            .context("接收文件大小")?;
        if line.is_empty() {
            return Ok(None);
        }
        let text = line.strip_suffix(b"\n");
        let text = text.and_then(|line| std::str::from_utf8(line).ok());
        match text.and_then(|text| Version::read(text, ' ')) {
            Some(version) => Ok(Some(version)),
            None => Err(Error::Incomplete(format!(
                "看不懂服务器的回答 b\"{}\"，它是 resumable_server 吗？",
                line.escape_ascii()
            ))),
        }
    }

    fn read(text: &str, separator: char) -> Option<Version> {
        let (size, number) = text.split_once(separator)?;
        let (size, number) = (size.parse().ok()?, number.parse().ok()?);
        Some(Version { size, number })
    }
}

/// What has come of a file so far.
struct Part {
    path: PathBuf,
    version: Version,
    /// In bytes.
    length: u64,
}

impl Part {
    fn path(target: &Path, version: Version) -> PathBuf {
        let Version { size, number } = version;
        let mut name = target.as_os_str().to_owned();
        name.push(format!(".{size}-{number}.part"));
        name.into()
    }

    /// Looks for the part of an earlier attempt.
    fn find(target: &Path) -> Result<Option<Part>, Error> {
        let mut beginning = target.as_os_str().to_string_lossy().into_owned();
        beginning.push('.');
        for entry in fs::read_dir(".").context("查看当前目录")? {
            let entry = entry.context("查看当前目录")?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let name = name.strip_prefix(&beginning);
            let Some(version) = name.and_then(|name| name.strip_suffix(".part")) else {
                continue;
            };
            // Not a link, which could lead anywhere: `metadata` of an entry does not follow it.
            let metadata = entry.metadata().context("查看当前目录")?;
            if let Some(version) = Version::read(version, '-').filter(|_| metadata.is_file()) {
                return Ok(Some(Part {
                    path: Part::path(target, version),
                    version,
                    length: metadata.len(),
                }));
            }
        }
        Ok(None)
    }

    /// Creates an empty one: a new file, never one that somebody else has put there.
    fn create(target: &Path, version: Version) -> Result<Part, Error> {
        let path = Part::path(target, version);
        File::create_new(&path).context(format!("创建 {}", path.display()))?;
        Ok(Part {
            path,
            version,
            length: 0,
        })
    }
}

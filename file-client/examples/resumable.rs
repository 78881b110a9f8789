//! Downloads one file from `resumable_server`; a download that was cut off goes on where it stopped.
//!
//! What it shows: with its size known, a file is complete when all of its bytes have come, and not
//! when the connection ends. What has come is kept beside the target, in a file that has the size
//! and the version of the whole in its name. The next attempt finds it, asks for the rest, and begins
//! anew where the server's file has changed.
//!
//! A solution of the exercise in the lab sheet of `file-client`.

use common::{Context, Error, address, console, explain};
use file_client::outcome::{all_or_nothing, store};
use file_client::part::replaceable;
use file_client::{Progress, save_path};
use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Where to connect: the port of `file-server`.
const REMOTE: &str = "127.0.0.1:6664";

/// How many bytes to take from the stream at a time.
const RECV_SIZE: usize = 256 * 1024;

/// How long the server may send nothing.
const RECV_TIMEOUT: Duration = Duration::from_secs(120);

/// The longest first line of an answer, in bytes: two numbers, a space and a line end.
const MAX_LINE_LEN: u64 = 20 + 1 + 40 + 2;

const HELP: &str = "\
用法：resumable [REMOTE [NAME]]

从 resumable_server 下载一个文件，存到当前目录；中断过的下载从断开的地方继续。

  REMOTE  服务器的地址，默认 127.0.0.1:6664
  NAME    文件名，没有给出的话会询问

例如：resumable 127.0.0.1:6664 道士.txt
";

fn main() -> ExitCode {
    common::run(HELP, |arguments| all_or_nothing(|| resumable(arguments)))
}

fn resumable([remote, name]: [Option<String>; 2]) -> Result<(), Error> {
    let remote = address::remote(remote, REMOTE)?;
    let (name, target) = match name {
        Some(name) => check_name(&name)?,
        None => console::ask_for("文件名:", check_name)?,
    };
    while !download(&remote, &name, &target)? {
        console::note("服务器上的文件已经改变，重新下载");
    }
    let _ = console::print("文件传输完毕"); // a closed output changes nothing any more
    Ok(())
}

/// The name of the file, and the path to store it under.
fn check_name(name: &str) -> Result<(String, PathBuf), Error> {
    if name.contains(['\r', '\n']) {
        return Err(Error::Input("文件名不能含有换行符：请求是一行".into()));
    }
    Ok((name.to_string(), save_path(name)?))
}

/// Downloads what is missing, and gives the file its name when it is complete. `false`: what was
/// there belongs to an older version, and has been deleted.
fn download(remote: &[SocketAddr], name: &str, target: &Path) -> Result<bool, Error> {
    let existing = replaceable(target)?;
    let found = Part::find(target)?;
    let offset = found.as_ref().map_or(0, |part| part.length);

    let mut socket = TcpStream::connect(remote).context(format!("连接 {}", remote[0]))?;
    let peer = socket.peer_addr().context("查询对方地址")?;
    console::note(format!(
        "已连接 {peer}，下载 {name}，从偏移 {offset} 字节处开始"
    ));
    let timeout = socket.set_read_timeout(Some(RECV_TIMEOUT));
    timeout.context("设置接收超时")?;
    let request = format!("{offset} {name}\n");
    socket.write_all(request.as_bytes()).context("发送请求")?;

    let mut answer = BufReader::with_capacity(RECV_SIZE, socket);
    let Some(version) = Version::receive(&mut answer)? else {
        let _ = console::print("没有下载文件");
        let reason = "服务器没有发来内容：文件不存在，或者不允许下载";
        return Err(Error::Incomplete(reason.into()));
    };
    let part = match found {
        Some(part) if part.version != version || part.length > version.size => {
            // Another download of the same file may have done so already.
            let _ = fs::remove_file(&part.path);
            return Ok(false);
        }
        Some(part) => part,
        None => Part::new(target, version),
    };
    let Some(mut file) = part.open()? else {
        return Ok(false); // it was there, and another download has deleted it
    };
    receive(&mut answer, &part, &mut file)?;
    if let Some(permissions) = existing {
        // Whoever was not allowed to read the old file is not allowed to read the new one.
        file.set_permissions(permissions).context("设置文件权限")?;
    }
    if let Err(reason) = file.sync_all() {
        // What the disk has lost of it cannot be known, so nothing of it is worth keeping.
        let _ = fs::remove_file(&part.path);
        return Err(reason).context("保存文件");
    }
    part.keep(&file, target)
}

/// Adds to the part what is missing; fewer bytes are an error, and stay for the next attempt.
fn receive(answer: &mut impl BufRead, part: &Part, file: &mut File) -> Result<(), Error> {
    let size = part.version.size;
    let mut count = part.length;
    let mut progress = Progress::start();
    let mut end = "服务器提前关闭了连接".to_string();
    while count < size {
        let received = match answer.fill_buf() {
            Ok(received) => received,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(reason) => {
                end = format!("接收失败：{}", explain(&reason));
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
            let _ = console::print("收到消息");
        }
        if let Err(reason) = file.write_all(&received[..length]) {
            end = format!("写入文件失败：{}", explain(&reason));
            break;
        }
        answer.consume(length);
        count += length as u64;
        progress.add(length);
    }
    if count < size {
        drop(progress); // ends its line
        // A write that fails may have written a part.
        let kept = file.stream_position().unwrap_or(count);
        return Err(Error::Incomplete(format!(
            "下载中断（{end}），已收到 {size} 字节中的 {kept} 字节，再次运行会从这里继续"
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
        let mut limited = answer.take(MAX_LINE_LEN);
        limited
            .read_until(b'\n', &mut line)
            .context("接收文件大小")?;
        if line.is_empty() {
            return Ok(None);
        }
        let text = line.strip_suffix(b"\n");
        let text = text.and_then(|line| std::str::from_utf8(line).ok());
        match text.and_then(|text| Version::parse(text, ' ')) {
            Some(version) => Ok(Some(version)),
            None => Err(Error::Incomplete(format!(
                "无法识别服务器的回复 b\"{}\"，它是 resumable_server 吗？",
                line.escape_ascii()
            ))),
        }
    }

    fn parse(text: &str, separator: char) -> Option<Version> {
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
    /// How the names of the parts of `target` begin: with a hash of its name, which may itself be as
    /// long as a name can be. Nobody else gives files such names, so they may be deleted.
    fn prefix(target: &Path) -> String {
        let mut hasher = DefaultHasher::new();
        target.hash(&mut hasher);
        format!(".resumable-{:016x}-", hasher.finish())
    }

    /// A part of which nothing has come yet.
    fn new(target: &Path, version: Version) -> Part {
        let (prefix, Version { size, number }) = (Part::prefix(target), version);
        Part {
            path: PathBuf::from(format!("{prefix}{size}-{number}.part")),
            version,
            length: 0,
        }
    }

    /// Looks for the part of an earlier attempt.
    fn find(target: &Path) -> Result<Option<Part>, Error> {
        let prefix = Part::prefix(target);
        for entry in fs::read_dir(".").context("读取当前目录")? {
            let entry = entry.context("读取当前目录")?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let version = name.strip_prefix(&prefix);
            let version = version.and_then(|version| version.strip_suffix(".part"));
            let Some(version) = version.and_then(|text| Version::parse(text, '-')) else {
                continue;
            };
            // Not a link, which could lead anywhere: `metadata` of an entry does not follow it.
            if let Some(metadata) = entry.metadata().ok().filter(|metadata| metadata.is_file()) {
                let length = metadata.len();
                let part = Part::new(target, version);
                return Ok(Some(Part { length, ..part }));
            }
        }
        Ok(None)
    }

    /// Opens the part where the next byte belongs; `None`: it is gone.
    ///
    /// Another download of the same version may have it open as well. Each writes every byte to its
    /// own place, so they write the same.
    fn open(&self) -> Result<Option<File>, Error> {
        let mut options = OpenOptions::new();
        options.write(true).create(self.length == 0);
        let mut file = match options.open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.context(format!("打开 {}", self.path.display()))?,
        };
        let size = self.version.size;
        if file.seek(SeekFrom::Start(size)).is_err() {
            let _ = fs::remove_file(&self.path);
            let problem = format!("服务器说文件有 {size} 字节，没有文件能这么大");
            return Err(Error::Incomplete(problem));
        }
        let sought = file.seek(SeekFrom::Start(self.length));
        sought.context(format!("打开 {}", self.path.display()))?;
        Ok(Some(file))
    }

    /// Gives the whole file its name, unless another download of it has done so already. `false`: the
    /// part was deleted meanwhile, since the server has a newer version.
    fn keep(&self, file: &File, target: &Path) -> Result<bool, Error> {
        if is_at(file, &self.path) {
            match store(|| fs::rename(&self.path, target)) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                stored => return stored.context("保存文件").map(|()| true),
            }
        }
        Ok(is_at(file, target))
    }
}

/// Whether `path` names the open file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let (file, named) = (file.metadata(), fs::symlink_metadata(path));
    matches!((file.map(identity), named.map(identity)), (Ok(one), Ok(other)) if one == other)
}

/// Whether `path` names the open file, as far as the standard library can tell: by its length.
#[cfg(not(unix))]
fn is_at(file: &File, path: &Path) -> bool {
    let (file, named) = (file.metadata(), fs::symlink_metadata(path));
    matches!((file, named), (Ok(file), Ok(named)) if file.len() == named.len())
}

//! Downloads one file from `resumable_server`; a download that was cut off goes on where it stopped.
//!
//! What it shows: with its size known, a file is complete when all of its bytes have come, and not
//! when the connection ends. What has come is kept beside the target, in a part file that has the
//! size and the version of the whole in its name. The next run finds it, asks for the rest, and
//! begins anew where the server's file has changed.
//!
//! A solution of the exercise in the lab sheet of `file-client`.

use common::{Context, Error, address, console, explain, retry_interrupted};
use file_client::{FileName, Outcome, Progress, Stored, replaceable};
use std::fs::{self, File, Metadata, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
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
    common::run(HELP, resumable)
}

fn resumable([remote, name]: [Option<String>; 2]) -> Result<Stored, Error> {
    let outcome = Outcome::watch();
    let remote = address::remote(remote, REMOTE)?;
    let name = match name {
        Some(name) => parse_name(&name)?,
        None => console::ask_until("文件名:", parse_name)?,
    };
    loop {
        if let Some(stored) = download(&remote, &name, &outcome)? {
            let _ = console::print("文件传输完毕"); // a closed output changes nothing any more
            return Ok(stored);
        }
        console::note("已有的部分不能用了，重新下载");
    }
}

/// A name that fits into the line of a request.
fn parse_name(name: &str) -> Result<FileName, Error> {
    if name.contains(['\r', '\n']) {
        return Err(Error::Refused("文件名不能含有换行符：请求是一行".into()));
    }
    FileName::parse(name)
}

/// Downloads what is missing, and gives the file its name when it is whole. `None`: the part is of
/// an older version, or another download has taken it away, so begin anew.
fn download(
    remote: &[SocketAddr],
    name: &FileName,
    outcome: &Outcome,
) -> Result<Option<Stored>, Error> {
    let existing = replaceable(&name.path)?;
    let prefix = prefix(&name.text);
    let found = Part::find(&prefix).context("查找未完成的下载")?;
    let offset = found.as_ref().map_or(0, |part| part.length);

    let mut socket = TcpStream::connect(remote).context(format!("连接 {}", remote[0]))?;
    let peer = socket.peer_addr().context("查询对方地址")?;
    socket.set_read_timeout(Some(RECV_TIMEOUT)).context("设置接收超时")?;
    console::note(format!("已连接 {peer}，下载 {}，从偏移 {offset} 字节处开始", name.text));
    let request = format!("{offset} {}\n", name.text);
    socket.write_all(request.as_bytes()).context("发送请求")?;

    let mut answer = BufReader::with_capacity(RECV_SIZE, socket);
    let Some((size, version)) = receive_line(&mut answer)? else {
        let _ = console::print("没有下载文件");
        let reason = "服务器没有发来内容：文件不存在，或者不允许下载";
        return Err(Error::Fatal(reason.into()));
    };
    let path = PathBuf::from(format!("{prefix}{size}-{version}"));
    let mut part = match found {
        None => Part::begin(path).context("创建临时文件")?,
        Some(part) if part.path == path && part.length <= size => part,
        Some(part) => return part.delete().context("删除已有的部分").map(|()| None),
    };
    if let Some(permissions) = existing {
        // Whoever was not allowed to read the old file is not allowed to read the new one.
        part.file.set_permissions(permissions).context("设置文件权限")?;
    }
    receive(&mut answer, &mut part, size)?;
    if let Err(reason) = part.file.sync_all() {
        // What the disk has lost of it cannot be known, so nothing of it is worth keeping.
        let _ = part.delete();
        return Err(reason).context("保存文件");
    }
    part.keep(size, &name.path, outcome)
}

/// Receives the first line of an answer, size and version; `None`: there is none, a refusal.
fn receive_line(answer: &mut impl BufRead) -> Result<Option<(u64, u128)>, Error> {
    let mut line = String::new();
    answer.take(MAX_LINE_LEN).read_line(&mut line).context("接收文件大小")?;
    if line.is_empty() {
        return Ok(None);
    }
    let Some(numbers) = parse(&line) else {
        let problem = format!("无法识别服务器的回复 {line:?}，它是 resumable_server 吗？");
        return Err(Error::Fatal(problem));
    };
    Ok(Some(numbers))
}

fn parse(line: &str) -> Option<(u64, u128)> {
    let (size, version) = line.strip_suffix('\n')?.split_once(' ')?;
    let size: i64 = size.parse().ok()?; // no file is larger than this
    Some((u64::try_from(size).ok()?, version.parse().ok()?))
}

/// Adds to the part what is missing; fewer bytes are an error, and stay for the next run.
fn receive(answer: &mut impl BufRead, part: &mut Part, size: u64) -> Result<(), Error> {
    let mut rest = answer.take(size - part.length); // not more, whatever else comes
    let mut buffer = vec![0; RECV_SIZE];
    let mut progress = Progress::start();
    let end = loop {
        let length = match retry_interrupted(|| rest.read(&mut buffer)) {
            Ok(0) if rest.limit() == 0 => return Ok(()),
            Ok(0) => break "服务器提前关闭了连接".into(),
            Ok(length) => length,
            Err(reason) => break format!("接收失败：{}", explain(&reason)),
        };
        if progress.count() == 0 {
            let _ = console::print("收到消息");
        }
        if let Err(reason) = part.file.write_all(&buffer[..length]) {
            break format!("写入文件失败：{}", explain(&reason));
        }
        progress.add(length);
    };
    drop(progress); // ends its line
    let kept = part.file.stream_position().context("查看文件")?;
    Err(Error::Fatal(format!(
        "下载中断（{end}），已收到 {size} 字节中的 {kept} 字节，再次运行会从这里继续"
    )))
}

/// How the names of the parts of `name` begin, which size and version end. Nobody else gives files
/// such names, so they may be deleted. A hash, since `name` may be as long as a file's name can be.
fn prefix(name: &str) -> String {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    format!(".resumable-{:016x}-", hasher.finish())
}

/// What has come of a file so far.
struct Part {
    file: File,
    path: PathBuf,
    /// How much of it an earlier run has left, in bytes.
    length: u64,
}

impl Part {
    /// Looks for the part of an earlier run.
    fn find(prefix: &str) -> io::Result<Option<Part>> {
        for entry in fs::read_dir(".")? {
            let path = PathBuf::from(entry?.file_name());
            if !path.to_string_lossy().starts_with(prefix) {
                continue;
            }
            match Part::open(path) {
                Err(error) if error.kind() == ErrorKind::NotFound => {} // finished just now
                opened => return opened.map(Some),
            }
        }
        Ok(None)
    }

    /// Opens one that is there: no link that somebody else has put there, which could lead anywhere,
    /// and no pipe, which would wait for ever.
    fn open(path: PathBuf) -> io::Result<Part> {
        if !fs::symlink_metadata(&path)?.is_file() {
            return Err(io::Error::other(format!("{} 不是普通文件", path.display())));
        }
        let mut file = OpenOptions::new().write(true).open(&path)?;
        let length = file.seek(SeekFrom::End(0))?;
        Ok(Part { file, path, length })
    }

    /// Begins one, which another download may have begun a moment ago: both write each byte to its
    /// own place, so they write the same.
    fn begin(path: PathBuf) -> io::Result<Part> {
        match File::create_new(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let mut part = Part::open(path)?;
                part.file.rewind()?;
                Ok(Part { length: 0, ..part })
            }
            created => created.map(|file| Part { file, path, length: 0 }),
        }
    }

    /// Deletes it, unless another download has done so already.
    fn delete(self) -> io::Result<()> {
        match fs::remove_file(self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Gives the whole file its name. `None`: the part has been deleted meanwhile, since the server has
    /// a newer version.
    fn keep(self, size: u64, target: &Path, outcome: &Outcome) -> Result<Option<Stored>, Error> {
        let stored = match fs::metadata(&self.path) {
            Ok(part) if part.len() == size => outcome.store(&self.path, target),
            Ok(_) => Err(ErrorKind::NotFound.into()), // somebody has begun it anew
            Err(error) => Err(error),
        };
        match stored {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if !is_at(&self.file, target) {
                    return Ok(None);
                }
                // Another download has given it its name already, so this rename changes nothing.
                outcome.store(target, target).context("保存文件").map(Some)
            }
            stored => stored.context("保存文件").map(Some),
        }
    }
}

/// Whether `path` names the open file, as far as length and time tell.
fn is_at(file: &File, path: &Path) -> bool {
    let look = |found: io::Result<Metadata>| found.and_then(|it| Ok((it.len(), it.modified()?)));
    let (open, named) = (look(file.metadata()), look(fs::metadata(path)));
    matches!((open, named), (Ok(open), Ok(named)) if open == named)
}

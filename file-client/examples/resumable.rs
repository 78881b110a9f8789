//! 从 `resumable_server` 下载一个文件；上次下载中断的，从断开处继续。
//!
//! 要点：已知文件的大小，字节收齐才算完整，与连接怎样结束无关。已收到的部分存为未完成文件，名字中写
//! 着整个文件的大小和版本号；下次运行时找到它，从断开处请求。服务器上的文件已经改变，就重新下载。
//!
//! `file-client` 讲义中练习的参考解答。

use common::{Context, Error, address, console, explain, retry_interrupted};
use file_client::{FileName, Outcome, Progress, Stored, replaceable};
use std::fs::{self, File, Metadata, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// 连接哪里：`file-server` 的端口。
const REMOTE: &str = "127.0.0.1:6664";

/// 一次最多从字节流中取多少字节。
const RECV_SIZE: usize = 256 * 1024;

/// 服务器最多多久不发送数据。
const RECV_TIMEOUT: Duration = Duration::from_secs(120);

/// 回复的第一行最多多少字节：两个数、一个空格、换行。
const MAX_LINE_LEN: u64 = 20 + 1 + 40 + 2;

const HELP: &str = "\
用法：resumable [REMOTE [NAME]]

从 resumable_server 下载一个文件，存到当前目录；中断过的下载从断开的地方继续。

  REMOTE  服务器的地址，默认 127.0.0.1:6664
  NAME    文件名，未给出时会询问

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
            let _ = console::print("文件传输完毕"); // 文件已经保存，标准输出关闭也不算失败
            return Ok(stored);
        }
        console::note("已有的部分不能用了，重新下载");
    }
}

/// 文件名要能写进请求的那一行。
fn parse_name(name: &str) -> Result<FileName, Error> {
    if name.contains(['\r', '\n']) {
        return Err(Error::Refused("文件名不能含有换行符：请求是一行".into()));
    }
    FileName::parse(name)
}

/// 下载缺少的部分，收齐后改为正式文件名。已有的部分版本不同，或已被另一个下载取走，返回 `None`，由
/// 调用者重新下载。
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
    console::note(format!("已连接 {peer}，下载 {}，从第 {offset} 字节开始", name.text));
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
        // 沿用旧文件的权限：不能读旧文件的用户，也不能读新文件。
        part.file.set_permissions(permissions).context("设置文件权限")?;
    }
    receive(&mut answer, &mut part, size)?;
    if let Err(reason) = part.file.sync_all() {
        // 无法知道哪些字节没有存到磁盘上，所以已有的部分作废。
        let _ = part.delete();
        return Err(reason).context("保存文件");
    }
    part.keep(size, &name.path, outcome)
}

/// 接收回复的第一行：大小和版本号；没有回复就是拒绝，返回 `None`。
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
    let size: i64 = size.parse().ok()?; // 协议中的大小小于 2^63
    Some((u64::try_from(size).ok()?, version.parse().ok()?))
}

/// 接着写入缺少的部分；没有收齐就返回错误，已收到的部分留给下次运行。
fn receive(answer: &mut impl BufRead, part: &mut Part, size: u64) -> Result<(), Error> {
    let mut rest = answer.take(size - part.length); // 之后的内容忽略
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
    drop(progress); // 进度行到此结束
    let kept = part.file.stream_position().context("查看文件")?;
    Err(Error::Fatal(format!(
        "下载中断（{end}），已收到 {size} 字节中的 {kept} 字节，再次运行会从这里继续"
    )))
}

/// 未完成文件名的开头，后面是大小和版本号。其他程序不用这样的名字，所以可以删除。`name` 可能很长，
/// 所以用散列值。
fn prefix(name: &str) -> String {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    format!(".resumable-{:016x}-", hasher.finish())
}

/// 文件已收到的部分。
struct Part {
    file: File,
    path: PathBuf,
    /// 以前的运行留下了多少字节。
    length: u64,
}

impl Part {
    /// 查找以前的运行留下的部分。
    fn find(prefix: &str) -> io::Result<Option<Part>> {
        for entry in fs::read_dir(".")? {
            let path = PathBuf::from(entry?.file_name());
            if !path.to_string_lossy().starts_with(prefix) {
                continue;
            }
            match Part::open(path) {
                Err(error) if error.kind() == ErrorKind::NotFound => {} // 刚刚下载完成
                opened => return opened.map(Some),
            }
        }
        Ok(None)
    }

    /// 打开已有的部分，必须是普通文件：链接可能指向任何地方，打开管道会一直阻塞。
    fn open(path: PathBuf) -> io::Result<Part> {
        if !fs::symlink_metadata(&path)?.is_file() {
            return Err(io::Error::other(format!("{} 不是普通文件", path.display())));
        }
        let mut file = OpenOptions::new().write(true).open(&path)?;
        let length = file.seek(SeekFrom::End(0))?;
        Ok(Part { file, path, length })
    }

    /// 创建未完成文件。另一个下载可能刚刚创建了它，这没有关系：同一个版本，同一个位置上写入的字节总
    /// 是相同的。
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

    /// 删除；已被另一个下载删除的，不算错误。
    fn delete(self) -> io::Result<()> {
        match fs::remove_file(self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// 收齐后改为正式文件名。服务器上有了新版本，已有的部分被另一个下载删除，返回 `None`。
    fn keep(self, size: u64, target: &Path, outcome: &Outcome) -> Result<Option<Stored>, Error> {
        let stored = match fs::metadata(&self.path) {
            Ok(part) if part.len() == size => outcome.store(&self.path, target),
            Ok(_) => Err(ErrorKind::NotFound.into()), // 另一个下载重新创建了它
            Err(error) => Err(error),
        };
        match stored {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if !is_at(&self.file, target) {
                    return Ok(None);
                }
                // 另一个下载已经改名；这次改名不改变文件，只为得到 `Stored`。
                outcome.store(target, target).context("保存文件").map(Some)
            }
            stored => stored.context("保存文件").map(Some),
        }
    }
}

/// `path` 是不是已打开的文件：长度和修改时间都相同，就当作是。
fn is_at(file: &File, path: &Path) -> bool {
    let look = |found: io::Result<Metadata>| found.and_then(|it| Ok((it.len(), it.modified()?)));
    let (open, named) = (look(file.metadata()), look(fs::metadata(path)));
    matches!((open, named), (Ok(open), Ok(named)) if open == named)
}

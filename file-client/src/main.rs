//! Downloads one file from `file-server`: sends its name, stores what comes until the server closes.
//!
//! What it shows: the simplest protocol there is. The end of the connection is the end of the file,
//! so the two ways in which a connection ends must be kept apart. An orderly close (FIN: `read`
//! returns 0 bytes) is the end of a whole file; a reset (RST: `read` returns an error) comes from a
//! server that died in the middle, and what has arrived is not the file.
//!
//! And how to store a file so that there is never half a one under its name: write to a temporary
//! file, and rename it when it is complete.
//!
//! Mirrors `file_client.py`.

use common::files::{replaceable, target};
use common::progress::Progress;
use common::{Context, Error, address, console, interrupt};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many bytes to take from the stream at a time: fewer system calls for the same bytes. The
/// script takes 1024.
const RECV_SIZE: usize = 256 * 1024;

/// What a shell reports for a program that Ctrl-C has ended: 128 + 2 (SIGINT).
const INTERRUPTED: i32 = 130;

/// The temporary file, while there is one: whoever ends the program deletes it.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// The port of `file-server`.
const PORT: u16 = 6664;

const HELP: &str = "\
用法: file-client [REMOTE [NAME]]

从 file-server 下载一个文件，存到当前目录。没有给出的，会逐项询问。

  REMOTE  服务器的地址，file-server 的端口是 6664
  NAME    文件名

例如: file-client 127.0.0.1:6664 道士.txt
";

fn main() -> ExitCode {
    common::run(HELP, file_client)
}

/// `main()` of the script.
fn file_client([remote, name]: [Option<OsString>; 2]) -> Result<(), Error> {
    let remote = ask_remote(remote)?;
    let (name, target) = ask_name(name)?;

    interrupt::on_interrupt(|| {
        let unfinished = unfinished(); // locked until the end: nothing takes its name any more
        if let Some(path) = unfinished.as_ref() {
            let _ = fs::remove_file(path);
        }
        interrupt::end_program("下载中断，没有保存文件", INTERRUPTED);
    });
    let mut socket = TcpStream::connect(&remote[..]).context(format!("连接 {}", remote[0]))?;
    let peer = socket.peer_addr().context("查询对方地址")?;
    console::note(format!("已连接 {peer} ，下载 {name}"));
    socket.write_all(name.as_bytes()).context("发送文件名")?;

    let downloaded = download(&mut socket, &target);
    if downloaded.is_err() {
        discard();
    }
    downloaded
}

/// Stores what the server sends, and gives it the name `target` when it is complete.
fn download(socket: &mut TcpStream, target: &Path) -> Result<(), Error> {
    let mut file = create_beside(target)?;
    let count = receive(socket, &mut file)?;
    drop(file); // closes the file; Windows renames no open ones
    if count == 0 {
        console::print("没有下载文件")?;
        let reason = "服务器没有发来内容：文件不存在、不允许下载，或者是空文件";
        return Err(Error::Incomplete(reason.into()));
    }
    keep(target)?;
    console::print("文件传输完毕")
}

/// Writes to `file` what the server sends until it closes, and returns the number of bytes.
fn receive(socket: &mut TcpStream, file: &mut File) -> Result<u64, Error> {
    let mut buffer = vec![0; RECV_SIZE];
    let mut count = 0;
    let mut progress = Progress::start();
    let end = loop {
        match socket.read(&mut buffer) {
            Ok(0) => break Ok(count),
            Ok(length) => {
                if count == 0 {
                    console::print("收到消息")?;
                }
                if let Err(reason) = file.write_all(&buffer[..length]) {
                    break Err(("写不下去了", reason));
                }
                count += length as u64;
                progress.show(count);
            }
            // The reset: the server could not send the whole file.
            Err(reason) => break Err(("连接断开", reason)),
        }
    };
    progress.finish(count);
    end.map_err(|(what, reason)| {
        Error::Incomplete(format!(
            "下载中断，收到 {count} 字节，没有保存：{what}：{reason}"
        ))
    })
}

/// The server's address: from the argument, and what that leaves out from the keyboard.
fn ask_remote(argument: Option<OsString>) -> Result<Vec<SocketAddr>, Error> {
    let given = address::given(argument)?;
    let host = match given.host {
        Some(host) => address::resolve(&host, PORT).map(|_| host)?,
        None => console::ask_for("ip地址:", |host| {
            address::resolve(host, PORT).map(|_| host.to_string())
        })?,
    };
    match given.port {
        Some(port) => address::resolve(&host, port),
        None => console::ask_for("端口:", |port| {
            address::resolve(&host, address::port(port)?)
        }),
    }
}

/// The file's name, from the argument or the keyboard, and the path to store it under.
fn ask_name(argument: Option<OsString>) -> Result<(String, PathBuf), Error> {
    match argument {
        Some(name) => match name.into_string() {
            Ok(name) => target(&name).map(|target| (name, target)),
            Err(name) => {
                let name = name.to_string_lossy();
                Err(Error::Input(format!("文件名 {name} 不是 UTF-8")))
            }
        },
        None => console::ask_for("文件名:", |name| {
            target(name).map(|target| (name.to_string(), target))
        }),
    }
}

fn unfinished() -> MutexGuard<'static, Option<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Creates the temporary file: in the directory of `target`, since only within one file system is
/// renaming a single step.
fn create_beside(target: &Path) -> Result<File, Error> {
    let existing = replaceable(target)?;
    let mut unfinished = unfinished(); // Ctrl-C waits until the file can be found and deleted
    let mut attempt = 0;
    loop {
        let name = format!(".file-client-{}-{attempt}.part", process::id());
        let path = target.with_file_name(name);
        // "New": never a file or link that somebody else has put there.
        match File::create_new(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => attempt += 1,
            Err(error) => return Err(error).context(format!("创建临时文件 {}", path.display())),
            Ok(file) => {
                *unfinished = Some(path);
                if let Some(permissions) = existing {
                    // Who could not read the old file shall not read the new one.
                    file.set_permissions(permissions).context("设置文件权限")?;
                }
                return Ok(file);
            }
        }
    }
}

/// Gives the temporary file its name, replacing an older file of that name in one step.
fn keep(target: &Path) -> Result<(), Error> {
    let mut unfinished = unfinished();
    if let Some(path) = unfinished.as_ref() {
        fs::rename(path, target).context(format!("保存 {}", target.display()))?;
    }
    *unfinished = None;
    Ok(())
}

/// Deletes the temporary file, if there is one.
fn discard() {
    if let Some(path) = unfinished().take() {
        let _ = fs::remove_file(path);
    }
}

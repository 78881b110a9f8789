//! What the eight programs share, so that each of them can be read for the one thing it shows.
//!
//! | module | what it gives |
//! | --- | --- |
//! | [`console`] | a prompt that reads one line, a line of output, a note on standard error |
//! | [`gbk`] | text to GBK and back; UTF-8 is what strings are made of |
//! | [`address`] | `HOST:PORT` as people type it, turned into socket addresses |
//! | [`datagram`] | whole UDP datagrams, out and in |
//! | [`file_name`] | which names of files a peer may send |
//! | [`interrupt`] | Ctrl-C ends the program, wherever it waits |
//!
//! A program's `main` is one call of [`run`], and its errors are of one type, [`Error`].

use std::fmt::{self, Display};
use std::io;
use std::process::ExitCode;

pub mod address;
pub mod console;
pub mod datagram;

pub mod file_name;
pub mod gbk;
pub mod interrupt;

/// Why a program, or one step of it, did not do what it was asked to do.
///
/// [`Display`] gives one line in Chinese; where the operating system gave a reason, it follows.
#[derive(Debug)]
pub enum Error {
    /// Something the user gave cannot be used. At a prompt it is told, and asked for again
    /// ([`console::ask_until`]); on the command line it ends the program with status 2.
    Refused(String),
    /// One step has failed. It is told, and a program that has a next one goes on
    /// ([`console::note_failure`]).
    Failed {
        /// What was tried, and with what, in words that fit behind 无法: `绑定 0.0.0.0:8080`.
        tried: String,
        /// The reason of the operating system.
        reason: io::Error,
    },
    /// The program cannot go on: this is its end, with status 1.
    Fatal(String),
    /// Standard input has ended (Ctrl-D, a closed pipe), where Python raises `EOFError`. The program
    /// ends quietly.
    InputEnded,
    /// Nobody reads standard output any more, as under `| head -1`. The program ends quietly.
    OutputClosed,
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Refused(what) | Error::Fatal(what) => f.write_str(what),
            Error::Failed { tried, reason } => write!(f, "无法{tried}：{}", explain(reason)),
            Error::InputEnded => f.write_str("标准输入已结束"),
            Error::OutputClosed => f.write_str("标准输出已关闭"),
        }
    }
}

impl std::error::Error for Error {}

/// The reason of the operating system, with a Chinese one in front of it, whatever language the system
/// speaks.
///
/// ```
/// let reason = std::io::Error::from(std::io::ErrorKind::AddrInUse);
/// assert_eq!(common::explain(&reason), "地址已被占用，有程序在用或刚用过这个端口：address in use");
/// ```
pub fn explain(reason: &io::Error) -> String {
    use io::ErrorKind::*;
    let chinese = match reason.kind() {
        ConnectionRefused => "连接被拒绝，通常是该端口没有程序在监听",
        AddrInUse => "地址已被占用，有程序在用或刚用过这个端口",
        AddrNotAvailable => "本机没有这个地址",
        PermissionDenied if cfg!(windows) => "权限不够，或文件正被别的程序打开，或端口由系统保留",
        PermissionDenied => "权限不够",
        NotFound => "文件或目录不存在",
        ConnectionReset => "连接被对方复位",
        BrokenPipe => "对方已关闭连接",
        TimedOut => "超时",
        WouldBlock => "超时或系统资源不足", // the one error of Unix for both
        NetworkUnreachable | HostUnreachable => "网络或主机不可达",
        StorageFull => "磁盘空间不足",
        _ if cfg!(unix) && reason.raw_os_error() == Some(24) => "打开的文件太多", // EMFILE
        Other => return reason.to_string(), // it comes from here, and speaks Chinese
        _ => "系统报错",
    };
    format!("{chinese}：{reason}")
}

/// Adds to an [`io::Error`] what was being tried when it came.
pub trait Context<T> {
    /// Names what was tried, in words that fit behind 无法 (cannot).
    ///
    /// # Errors
    /// [`Error::Failed`] wherever `self` is an error.
    ///
    /// ```
    /// use common::Context;
    /// use std::net::UdpSocket;
    ///
    /// let address = "192.0.2.1:80"; // no machine has this address: it is kept for documents
    /// let error = UdpSocket::bind(address).context(format!("绑定 {address}")).unwrap_err();
    /// assert!(error.to_string().starts_with("无法绑定 192.0.2.1:80：本机没有这个地址："));
    /// ```
    fn context(self, tried: impl Display) -> Result<T, Error>;
}

impl<T> Context<T> for io::Result<T> {
    fn context(self, tried: impl Display) -> Result<T, Error> {
        self.map_err(|reason| Error::Failed { tried: tried.to_string(), reason })
    }
}

/// Makes a call on a socket again as often as a signal has interrupted it.
///
/// On Linux a signal interrupts a call on a socket that has a timeout, even where nothing handles
/// it: Ctrl-Z and `fg` do. The error says nothing about the socket. (A call without a timeout goes on
/// by itself, and `read_exact`, `write_all` and their like call again themselves.) Source: signal(7).
///
/// # Errors
/// Those of `call`, other than [`io::ErrorKind::Interrupted`].
///
/// ```
/// use std::io::{Error, ErrorKind};
///
/// let mut answers = [Err(ErrorKind::Interrupted), Ok(7)].into_iter();
/// let read = || answers.next().unwrap().map_err(Error::from);
/// assert_eq!(common::retry_interrupted(read).unwrap(), 7);
/// ```
pub fn retry_interrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// What a program has reached when it ends well. For most it is nothing in particular, `()`: they run
/// until their user ends them.
pub trait Success {
    /// The status where Ctrl-C comes before success. Other than 0, it makes an end of input or output
    /// before success a failure, too.
    const INTERRUPTED: i32 = 0;
}

impl Success for () {}

/// How addresses are written: the same for every program, so every `--help` ends with it.
const ADDRESS_FORMS: &str = "\
地址写作 HOST:PORT、[IPV6]:PORT、HOST、:PORT 或 PORT，其中 HOST 是主机名或 IP 地址，PORT 是端口号；
省略的部分取默认值，没有默认值的会询问。
选项 -h、--help 显示本说明。按 Ctrl-C 结束程序。";

/// Runs a program: reads its command line, makes Ctrl-C end it, and turns its result into an exit
/// status with at most one line on standard error.
///
/// `help` is what `--help` prints; its first line is the usage. The program names its positional
/// arguments by taking them apart, and their number `N` follows from that:
///
/// ```
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     common::run("用法：hello [WHOM]", hello)
/// }
///
/// fn hello([whom]: [Option<String>; 1]) -> Result<(), common::Error> {
///     let whom = whom.unwrap_or("world".into());
///     common::console::print(format!("hello {whom}"))
/// }
/// ```
///
/// The status is 2 for an argument that cannot be used, with the usage; 1 where anything was refused
/// or has failed, whatever came later; else 0. For the end of input and an interrupt see also
/// [`Success`].
pub fn run<const N: usize, T: Success>(
    help: &str,
    program: impl FnOnce([Option<String>; N]) -> Result<T, Error>,
) -> ExitCode {
    let result = match arguments() {
        Ok(None) => console::write(format!("{help}\n{ADDRESS_FORMS}\n").as_bytes()),
        Ok(Some(arguments)) => interrupt::install::<T>().and_then(|_| program(arguments)).map(drop),
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => console::exit_code(),
        Err(Error::InputEnded | Error::OutputClosed) if T::INTERRUPTED == 0 => console::exit_code(),
        Err(error @ Error::Refused(_)) => {
            console::note(&error);
            console::note(help.lines().next().unwrap_or_default());
            console::note("用 --help 查看完整说明");
            ExitCode::from(2)
        }
        Err(error) => {
            console::note(&error);
            ExitCode::FAILURE
        }
    }
}

/// The positional arguments, or `None` where help was asked for.
fn arguments<const N: usize>() -> Result<Option<[Option<String>; N]>, Error> {
    let mut positional = [const { None }; N];
    let mut places = positional.iter_mut();
    let mut options_end = false;
    let refuse = |problem| Err(Error::Refused(problem));
    // Not `args()`: that one panics where an argument is not UTF-8.
    for argument in std::env::args_os().skip(1) {
        let Ok(argument) = argument.clone().into_string() else {
            return refuse(format!("参数 {argument:?} 不是有效的 UTF-8"));
        };
        match argument.as_str() {
            "--" if !options_end => options_end = true,
            "-h" | "--help" if !options_end => return Ok(None),
            _ if argument.starts_with('-') && !options_end => {
                return refuse(format!("不支持选项 {argument}"));
            }
            _ => match places.next() {
                Some(place) => *place = Some(argument),
                None => return refuse(format!("参数太多（最多 {N} 个），多余的是 {argument}")),
            },
        }
    }
    Ok(Some(positional))
}

#[cfg(test)]
mod tests {
    use super::explain;
    use std::io::{Error, ErrorKind};

    #[test]
    fn the_systems_words_follow_a_chinese_explanation() {
        for kind in [
            ErrorKind::ConnectionRefused,
            ErrorKind::PermissionDenied,
            ErrorKind::OutOfMemory, // one without words of its own
        ] {
            let explained = explain(&Error::new(kind, "reason"));
            let (chinese, system) = explained.split_once('：').expect(&explained);
            assert!(!chinese.is_ascii() && system == "reason", "{explained}");
        }
    }

    #[test]
    fn a_chinese_system_is_explained_as_well() {
        let reason = Error::new(ErrorKind::NotFound, "系统找不到指定的文件。");
        assert_eq!(explain(&reason), "文件或目录不存在：系统找不到指定的文件。");
    }
}

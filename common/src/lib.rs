//! What the eight programs share, so that each of them can be read for the one thing it shows.
//!
//! | module | what it gives |
//! | --- | --- |
//! | [`console`] | a prompt that reads one line, a line of output, a note on standard error |
//! | [`encoding`] | text to bytes and back, in UTF-8 and in GBK |
//! | [`address`] | `HOST:PORT` as people type it, turned into socket addresses |
//! | [`datagram`] | whole UDP datagrams, out and in |
//! | [`interrupt`] | Ctrl-C ends the program, wherever it waits |
//! | [`files`] | files that the other end names: which may be read, where they may be written |
//! | [`clients`] | the clients of a server for many, and their number's bound |
//! | [`progress`] | a line that tells how far a download is |
//!
//! A program's `main` is one call of [`run`], and its errors are of one type, [`Error`].

use std::ffi::OsString;
use std::fmt::{self, Display};
use std::io;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;

pub mod address;
pub mod clients;
pub mod console;
pub mod datagram;
pub mod encoding;
pub mod files;
pub mod interrupt;
pub mod progress;

/// Why a program, or one step of it, did not do what it was asked to do.
///
/// [`Display`] gives one line in Chinese; where the operating system gave a reason, it follows.
#[derive(Debug)]
pub enum Error {
    /// Something the user gave that cannot be used. At a prompt, say why and ask again
    /// ([`console::ask_for`] does); on the command line it ends the program with status 2.
    Input(String),
    /// The operating system refused one step: what was tried, and its reason. The next one may work.
    Failed {
        /// What was tried, and with what: `绑定 0.0.0.0:8080`.
        tried: String,
        /// The reason of the operating system.
        reason: io::Error,
    },
    /// The work cannot be completed.
    Incomplete(String),
    /// Standard input has ended (Ctrl-D, a closed pipe), where Python raises `EOFError`. The program
    /// ends quietly.
    InputEnded,
    /// Nobody reads standard output any more, as under `| head -1`. The program ends quietly.
    OutputClosed,
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Input(what) | Error::Incomplete(what) => f.write_str(what),
            Error::Failed { tried, reason } => write!(f, "{tried} 失败：{reason}"),
            Error::InputEnded => f.write_str("标准输入已结束"),
            Error::OutputClosed => f.write_str("标准输出已关闭"),
        }
    }
}

impl std::error::Error for Error {}

/// Adds to an [`io::Error`] what was being tried when it came.
pub trait Context<T> {
    /// Names what was tried, in words that fit before “失败” (failed).
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
    /// assert!(error.to_string().starts_with("绑定 192.0.2.1:80 失败："));
    /// ```
    fn context(self, tried: impl Display) -> Result<T, Error>;
}

impl<T> Context<T> for io::Result<T> {
    fn context(self, tried: impl Display) -> Result<T, Error> {
        self.map_err(|reason| Error::Failed {
            tried: tried.to_string(),
            reason,
        })
    }
}

/// Whether a call failed because its time limit has passed: the one error has two names, one on Unix
/// and one on Windows.
///
/// ```
/// use std::{io::Read, net::{TcpListener, TcpStream}, time::Duration};
///
/// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
/// let mut socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
/// socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
/// let error = socket.read(&mut [0]).unwrap_err(); // nobody has sent anything
/// assert!(common::is_timeout(&error));
/// ```
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// Makes a call on a socket again as often as a signal has interrupted it.
///
/// On Linux a signal interrupts a call on a socket that has a time limit, even where nothing handles
/// it: Ctrl-Z and `fg` do. The error says nothing about the socket. (A call without a limit goes on
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
/// assert_eq!(common::uninterrupted(read).unwrap(), 7);
/// ```
pub fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// How addresses are written: the same for every program, so every `--help` ends with it.
const ADDRESS_FORMS: &str = "\
地址写作 HOST:PORT、[IPV6]:PORT、HOST、:PORT 或 PORT，省略的部分取默认值。
选项 -h、--help 显示本说明。按 Ctrl-C 结束程序。";

/// Runs a program: reads its command line, makes Ctrl-C end it, and turns its result into an exit
/// status with at most one line on standard error.
///
/// `help` is what `--help` prints; its first line is the usage. The program names its positional
/// arguments by taking them apart, and their number `N` follows from that:
///
/// ```
/// use std::ffi::OsString;
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     common::run("用法: hello [WHOM]", hello)
/// }
///
/// fn hello([whom]: [Option<OsString>; 1]) -> Result<(), common::Error> {
///     let whom = whom.unwrap_or_else(|| "world".into());
///     common::console::print(format!("hello {}", whom.to_string_lossy()))
/// }
/// ```
///
/// The status is 0 for success, for `--help`, and for standard input or output that has ended; 2 for
/// an argument that cannot be used, with the usage; 1 for every other error.
pub fn run<const N: usize>(
    help: &str,
    program: impl FnOnce([Option<OsString>; N]) -> Result<(), Error>,
) -> ExitCode {
    let result = match arguments() {
        Ok(None) => console::print(format!("{help}\n{ADDRESS_FORMS}")),
        Ok(Some(arguments)) => interrupt::install().and_then(|()| program(arguments)),
        Err(error) => Err(error),
    };
    match result {
        Ok(()) | Err(Error::InputEnded | Error::OutputClosed) => ExitCode::SUCCESS,
        Err(error @ Error::Input(_)) => {
            console::note(&error);
            console::note(help.lines().next().unwrap_or_default());
            console::note("选项 --help 显示完整说明");
            ExitCode::from(2)
        }
        Err(error) => {
            console::note(&error);
            ExitCode::FAILURE
        }
    }
}

/// Runs two loops side by side, each on a thread of its own: whichever ends first decides how the
/// program ends.
///
/// A program that waits for the keyboard does not see the network, and the other way round; with a
/// thread for each it waits for both.
///
/// # Errors
/// What the first loop to end returns, and [`Error::Failed`] where the system has no thread.
///
/// ```
/// use std::{thread, time::Duration};
///
/// let sleeper = || loop { thread::sleep(Duration::from_secs(1)) };
/// let ended = common::side_by_side(sleeper, || Err(common::Error::InputEnded));
/// assert!(matches!(ended, Err(common::Error::InputEnded)));
/// ```
pub fn side_by_side(
    one: impl FnOnce() -> Result<(), Error> + Send + 'static,
    other: impl FnOnce() -> Result<(), Error> + Send + 'static,
) -> Result<(), Error> {
    let (ended, end) = mpsc::channel();
    let other_ended = ended.clone();
    // The main thread may have returned by the time the second loop ends; then nobody listens.
    let one = move || drop(ended.send(one()));
    let other = move || drop(other_ended.send(other()));
    thread::Builder::new().spawn(one).context("创建线程")?;
    thread::Builder::new().spawn(other).context("创建线程")?;
    match end.recv() {
        Ok(result) => result,
        Err(_) => Err(Error::Incomplete("两个线程都意外结束了".into())),
    }
}

/// The positional arguments, or `None` where help was asked for.
fn arguments<const N: usize>() -> Result<Option<[Option<OsString>; N]>, Error> {
    let mut positional = [const { None }; N];
    let mut places = positional.iter_mut();
    let mut options_end = false;
    // Not `args()`: that one panics where an argument is not UTF-8.
    for argument in std::env::args_os().skip(1) {
        let text = argument.to_string_lossy();
        match text.as_ref() {
            "--" if !options_end => options_end = true,
            "-h" | "--help" if !options_end => return Ok(None),
            _ if text.starts_with('-') && !options_end => {
                return Err(Error::Input(format!("没有 {text} 这个选项")));
            }
            _ => match places.next() {
                Some(place) => *place = Some(argument),
                None => {
                    let problem = format!("参数太多：最多 {N} 个，{text} 是多出来的");
                    return Err(Error::Input(problem));
                }
            },
        }
    }
    Ok(Some(positional))
}

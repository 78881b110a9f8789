//! Success means that the file is there.
//!
//! For most programs Ctrl-C and the end of input are the way out. Here they come too early, at a
//! prompt, while a name is looked up or in the middle of a download, and the exit status says so.
//! A closed standard output, on the other hand, is no reason not to download.

use common::{Error, interrupt};
use std::io;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// What a shell reports for a program that Ctrl-C has ended: 128 + 2 (SIGINT).
pub const INTERRUPTED: i32 = 130;

/// How long to wait for a reset behind an end: it comes as soon as the name has reached the server's
/// system.
const RESET_PAUSE: Duration = Duration::from_millis(100);

/// What Ctrl-C has to clean up before it ends the program, and whether there is still a reason to.
pub(crate) enum Stage {
    /// Nothing is stored yet.
    Before,
    /// There is a temporary file, to be deleted.
    Unfinished(PathBuf),
    /// The file has its name.
    Stored,
}

static STAGE: Mutex<Stage> = Mutex::new(Stage::Before);

/// Locks the stage. While it is locked, Ctrl-C waits.
pub(crate) fn stage() -> MutexGuard<'static, Stage> {
    STAGE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `program`: an end of input or output before it has succeeded is a failure, and so is Ctrl-C
/// (status 130), which deletes the temporary file.
///
/// # Errors
/// Those of `program`, but none that ends a program quietly.
///
/// ```
/// use common::Error;
/// use file_client::outcome::all_or_nothing;
///
/// let ended = all_or_nothing(|| Err(Error::InputEnded));
/// assert_eq!(ended.unwrap_err().to_string(), "标准输入已结束，没有下载文件");
/// ```
pub fn all_or_nothing(program: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    interrupt::on_interrupt(|| {
        let stage = stage(); // locked until the end: nothing takes its name any more
        match &*stage {
            Stage::Stored => interrupt::end_program("收到中断信号，文件已经保存", 0),
            Stage::Unfinished(path) => drop(std::fs::remove_file(path)),
            Stage::Before => {}
        }
        interrupt::end_program("下载中断，没有保存文件", INTERRUPTED);
    });
    match program() {
        Err(end @ (Error::InputEnded | Error::OutputClosed)) => {
            Err(Error::Fatal(format!("{end}，没有下载文件")))
        }
        result => result,
    }
}

/// Takes the last step of a download, the one that gives the file its name: Ctrl-C waits until it is
/// done, and then there is nothing to clean up.
///
/// # Errors
/// Those of `rename`.
///
/// ```
/// file_client::outcome::store(|| Ok(())).unwrap();
/// ```
pub fn store(rename: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let mut stage = stage();
    rename()?;
    *stage = Stage::Stored;
    Ok(())
}

/// Tells a server that has refused from one that has died, where either has closed without a byte: a
/// server that dies before the name has reached it ends the connection in order, and its system then
/// answers the name with a reset.
///
/// # Errors
/// The reset that has come behind the end.
///
/// ```
/// use std::io::Read;
/// use std::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
/// let mut socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
/// drop(listener.accept().unwrap()); // this server refuses
/// assert_eq!(socket.read(&mut [0]).unwrap(), 0);
/// assert!(file_client::outcome::check_refusal(&socket).is_ok());
/// ```
pub fn check_refusal(socket: &TcpStream) -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "mostly no reset comes")]
    thread::sleep(RESET_PAUSE);
    match socket.take_error()? {
        Some(reset) => Err(reset),
        // Windows tells of a reset only whoever receives. Here is the end, so there is no wait.
        None => socket.peek(&mut [0]).map(|_| ()),
    }
}

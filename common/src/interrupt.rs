//! Ctrl-C (SIGINT), SIGTERM and SIGHUP end a program, wherever it waits.
//!
//! Python turns Ctrl-C into an exception that unwinds a blocked call. Rust has no such thing: the
//! system calls of the standard library go on after a signal. So a thread of its own (the `ctrlc`
//! package runs it) waits for the signal and ends the process while `main` is still blocked.

use crate::{Error, Success, console};
use std::io::{self, IsTerminal};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What to do when the signal comes.
type Action = Box<dyn FnMut() + Send>;

static ACTION: Mutex<Option<Action>> = Mutex::new(None);

/// How long the last line may take.
const NOTE_TIMEOUT: Duration = Duration::from_millis(500);

/// Makes the signals end the program, with the status of a `T` that was not reached; [`crate::run`]
/// has done it before a program begins.
pub(crate) fn install<T: Success>() -> Result<(), Error> {
    if hangup_is_ignored() {
        return Ok(());
    }
    ctrlc::set_handler(|| match ACTION.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        Some(action) => action(),
        None => end_program("收到中断信号，程序结束", T::INTERRUPTED),
    })
    .map_err(|error| Error::Fatal(format!("无法接管 Ctrl-C：{error}")))
}

/// Whether the program was started under `nohup`, which protects it from SIGHUP. `ctrlc` takes over
/// all three signals or none of them, so then it takes none, and the other two end the program as
/// the system does it. Linux tells the ignored signals as a bit mask in a file: proc(5).
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // SIGHUP is signal 1, the lowest bit, so the last hexadecimal digit is odd.
    ignored.is_some_and(|mask| mask.ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f']))
}

/// Replaces what the signals do. The action is called once for every signal, on a thread of its
/// own; until it calls [`end_program`] the program goes on.
///
/// ```
/// common::interrupt::on_interrupt(|| common::console::note("不会停"));
/// ```
pub fn on_interrupt(action: impl FnMut() + Send + 'static) {
    *ACTION.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(action));
}

/// [`console::note`] for an action of [`on_interrupt`]: on a terminal the cursor stands behind a prompt
/// and "^C".
///
/// ```
/// common::interrupt::note("停止接受连接");
/// ```
pub fn note(line: &str) {
    if io::stderr().is_terminal() {
        console::note("");
    }
    console::note(line);
}

/// Ends the program from any thread, with one line on standard error, and within a second also where
/// nobody reads that line: standard error may be a full pipe.
///
/// ```no_run
/// common::interrupt::end_program("下载中断", 130); // 128 + SIGINT, as a shell tells it
/// ```
#[expect(clippy::disallowed_methods, reason = "all others come here")]
pub fn end_program(line: &str, status: i32) -> ! {
    let _ = thread::Builder::new().spawn(move || {
        thread::sleep(NOTE_TIMEOUT);
        std::process::exit(status)
    });
    note(line);
    std::process::exit(status)
}

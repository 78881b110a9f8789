//! Runs the programs as a user does: as processes, with something at their other end. For tests and
//! benchmarks only.
//!
//! Every wait ends after [`DEADLINE`] at the latest, and says then what had been seen so far.

#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::missing_errors_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

use std::io::ErrorKind;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

pub mod bench;
mod executables;
pub mod exercise;
mod output;
mod peers;
mod program;
pub mod sheets;
#[cfg(unix)]
mod terminal;

pub use executables::{build, cargo, example, python, root, sibling};
pub(crate) use executables::{built, executable, try_build};
pub(crate) use output::Output;
#[cfg(target_os = "linux")]
pub use peers::exchange;
pub use peers::{
    LONGEST_DATAGRAM, accept, connect, listen, read, read_all, receive, relay, reset, udp,
};
pub use program::{Ended, Program, address_in, running_lines};
#[doc(no_inline)]
pub use tempfile::{TempDir, tempdir};

/// How long anything may take before it counts as hanging. Far more than it needs, so that a busy
/// machine fails no test.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// A text of so many bytes, of which no block is like another.
pub fn sample(length: usize) -> Vec<u8> {
    let lines: String = (0..6_500).map(|line| format!("{line:09}\n")).collect();
    let mut text = Vec::with_capacity(length + lines.len());
    for block in 0.. {
        text.extend(format!("block {block}\n").as_bytes());
        text.extend(lines.as_bytes());
        if text.len() > length {
            break;
        }
    }
    text.truncate(length);
    text
}

/// Whether a call failed because its timeout has passed: the one error has two names, one on Unix and
/// one on Windows.
pub fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Waits for `work`, done on a thread of its own.
#[track_caller]
pub fn within_deadline<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (done, wait) = mpsc::channel();
    let worker = thread::spawn(move || done.send(work()));
    match wait.recv_timeout(DEADLINE) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => panic!("{what}: nothing after {DEADLINE:?}"),
        Err(RecvTimeoutError::Disconnected) => match worker.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(_) => unreachable!(),
        },
    }
}

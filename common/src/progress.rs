//! A line on standard error that tells how far a download is.

use crate::console;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often the line changes: fast enough to look alive, too slow to cost anything.
const PROGRESS: Duration = Duration::from_millis(100);

/// How far a download is: one line that changes in place, on a terminal only.
///
/// ```
/// let mut progress = common::progress::Progress::start();
/// progress.show(1024);
/// progress.finish(2048);
/// ```
pub struct Progress {
    begin: Instant,
    /// When the line was last changed; `None` where there is no terminal to show it.
    changed: Option<Instant>,
}

impl Progress {
    /// Begins to count the time.
    pub fn start() -> Progress {
        let begin = Instant::now();
        let changed = io::stderr().is_terminal().then_some(begin);
        Progress { begin, changed }
    }

    /// Shows `count` bytes, but not more often than ten times a second.
    pub fn show(&mut self, count: u64) {
        if self
            .changed
            .is_some_and(|changed| changed.elapsed() >= PROGRESS)
        {
            self.show_now(count);
        }
    }

    fn show_now(&mut self, count: u64) {
        let seconds = self.begin.elapsed().as_secs_f64();
        let rate = count as f64 / 1_048_576.0 / seconds.max(0.001);
        // A carriage return goes back to the beginning of the line.
        let line = format!("\r{count} 字节  {rate:.1} MiB/s  {seconds:.1} 秒 ");
        let _ = io::stderr().write_all(line.as_bytes());
        self.changed = Some(Instant::now());
    }

    /// Leaves the line with the final figures: `count` bytes.
    pub fn finish(&mut self, count: u64) {
        if self.changed.take().is_some() {
            self.show_now(count);
            self.changed = None;
            console::note("");
        }
    }
}

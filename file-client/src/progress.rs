//! How far a download is: a line on standard error that changes in place, on a terminal only.

use common::{Error, console, explain};
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often the line changes: fast enough to look alive, too slow to cost anything.
const INTERVAL: Duration = Duration::from_millis(100);

/// Counts the bytes of a download and shows their number. Dropping it ends its line.
///
/// ```
/// let mut progress = file_client::Progress::start();
/// progress.add(1024);
/// assert_eq!(progress.count(), 1024);
/// ```
pub struct Progress {
    count: u64,
    begun: Instant,
    /// When the line was last changed; `None` where there is no terminal to show it.
    shown: Option<Instant>,
}

impl Progress {
    /// Begins to count, and to measure the time.
    pub fn start() -> Progress {
        let begun = Instant::now();
        Progress { count: 0, begun, shown: io::stderr().is_terminal().then_some(begun) }
    }

    /// How many bytes there are so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Counts so many bytes more.
    pub fn add(&mut self, length: usize) {
        self.count += length as u64;
        if self.shown.is_some_and(|shown| shown.elapsed() >= INTERVAL) {
            self.show();
        }
    }

    /// The error of a download that cannot go on: how much had come, and why nothing is stored.
    pub fn cut_off(&self, what: &str, reason: &io::Error) -> Error {
        let count = self.count;
        let reason = explain(reason);
        Error::Fatal(format!("下载中断，收到 {count} 字节，没有保存：{what}：{reason}"))
    }

    fn show(&mut self) {
        let seconds = self.begun.elapsed().as_secs_f64();
        let rate = self.count as f64 / 1_048_576.0 / seconds.max(0.001);
        // A carriage return goes back to the beginning of the line.
        let line = format!("\r{} 字节  {rate:.1} MiB/s  {seconds:.1} 秒 ", self.count);
        let _ = io::stderr().write_all(line.as_bytes());
        self.shown = Some(Instant::now());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() && self.count > 0 {
            self.show();
            console::note("");
        }
    }
}

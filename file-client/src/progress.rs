//! How far a download is: a line on standard error that changes in place, on a terminal only.

use common::console;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often the line changes: fast enough to look alive, too slow to cost anything.
const INTERVAL: Duration = Duration::from_millis(100);

/// Counts the bytes of a download, and shows how much there is where that takes longer than a tenth of a
/// second. Dropping it ends its line.
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

    /// Adds `length` bytes.
    pub fn add(&mut self, length: usize) {
        self.count += length as u64;
        if self.shown.is_some_and(|shown| shown.elapsed() >= INTERVAL) {
            self.show();
        }
    }

    fn show(&mut self) {
        let mebibytes = self.count as f64 / 1_048_576.0;
        let seconds = self.begun.elapsed().as_secs_f64();
        let rate = mebibytes / seconds.max(0.001);
        let line = format!("{mebibytes:.1} MiB {rate:.1} MiB/s {seconds:.0} 秒");
        // A carriage return goes back to the beginning of the line: one that is wider than the terminal
        // would fill the screen. It has 29 columns, always, so that nothing of a longer one stays.
        let _ = io::stderr().write_all(format!("\r{line:<28}").as_bytes());
        self.shown = Some(Instant::now());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some_and(|shown| shown > self.begun) {
            self.show();
            console::note("");
        }
    }
}

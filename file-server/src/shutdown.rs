//! The end of a server: the first Ctrl-C lets running downloads finish, the second does not.

use crate::places::Places;
use common::{Context, interrupt};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// How long running downloads may go on after the first Ctrl-C.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the note may take before it is given up.
const NOTE_TIMEOUT: Duration = Duration::from_millis(500);

/// The end of a server whose clients have these places. A clone stands for the same end.
///
/// ```
/// use file_server::places::Places;
/// use file_server::shutdown::Shutdown;
///
/// let shutdown = Shutdown::of(Places::new(500));
/// shutdown.on_interrupt();
/// assert!(!shutdown.is_stopping());
/// ```
#[derive(Clone)]
pub struct Shutdown {
    pub(crate) places: Places,
    stopping: Arc<AtomicBool>,
    /// A download has been cut off since.
    cut_off: Arc<AtomicBool>,
}

impl Shutdown {
    /// The end of a server with these places. Nothing leads to it yet.
    pub fn of(places: Places) -> Shutdown {
        Shutdown { places, stopping: Arc::default(), cut_off: Arc::default() }
    }

    /// From now on the first Ctrl-C is a [`stop`](Shutdown::stop), and the second ends the program at
    /// once.
    pub fn on_interrupt(&self) {
        let shutdown = self.clone();
        interrupt::on_interrupt(move || {
            if shutdown.is_stopping() {
                let running = shutdown.places.wait_for_all(Duration::ZERO);
                interrupt::end_program("立即结束", shutdown.status(running));
            }
            shutdown.stop("停止接受连接，等待正在进行的下载结束，再按一次 Ctrl-C 立即结束");
        });
    }

    /// Serves nobody new from now on, says `why`, and ends the program when the running downloads
    /// are through, or have been cut off after 10 seconds.
    #[expect(clippy::disallowed_methods, reason = "nothing is left to be said")]
    pub fn stop(&self, why: &str) {
        if self.stopping.swap(true, Ordering::Relaxed) {
            return;
        }
        let (noting, noted) = mpsc::channel::<()>();
        let shutdown = self.clone();
        // On a thread of its own: the one that is told of Ctrl-C must hear of the second one, and the
        // note may be stuck, since standard error may be a full pipe.
        let wait = move || match shutdown.places.wait_for_all(STOP_TIMEOUT) {
            0 => {
                let _ = noted.recv_timeout(NOTE_TIMEOUT); // returns when `noting` is dropped
                std::process::exit(shutdown.status(0))
            }
            left => interrupt::end_program(&format!("{left} 个下载没有结束，已中断"), 1),
        };
        if let Err(error) = thread::Builder::new().spawn(wait).context("创建线程") {
            interrupt::end_program(&error.to_string(), 1);
        }
        interrupt::note(why);
        drop(noting);
    }

    /// Whether no more clients are served.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// For how long others have been waiting for a client that has been at something since `begun`:
    /// not while places are free, and not after the first Ctrl-C, since nobody else is served then.
    /// It counts from when the places ran out, so a crowd of a moment cuts nobody off.
    ///
    /// ```
    /// use file_server::places::Places;
    /// use file_server::shutdown::Shutdown;
    /// use std::time::{Duration, Instant};
    ///
    /// let places = Places::new(1);
    /// let shutdown = Shutdown::of(places.clone());
    /// let a_minute = Duration::from_secs(60);
    /// let begun = Instant::now() - a_minute;
    /// assert_eq!(shutdown.others_waited(begun), Duration::ZERO);
    /// let place = places.take(); // the last one
    /// assert!(shutdown.others_waited(begun) < a_minute);
    /// ```
    pub fn others_waited(&self, begun: Instant) -> Duration {
        let ran_out = self.places.ran_out().filter(|_| !self.is_stopping());
        ran_out.map_or(Duration::ZERO, |ran_out| begun.max(ran_out).elapsed())
    }

    /// Notes that a download has not come to its end: after the first Ctrl-C that is a failure.
    pub fn cut_off(&self) {
        self.cut_off.fetch_or(self.is_stopping(), Ordering::Relaxed);
    }

    fn status(&self, running: usize) -> i32 {
        i32::from(running > 0 || self.cut_off.load(Ordering::Relaxed))
    }
}

//! Places for so many clients, and an end that lets running downloads finish.
//!
//! A thread for each client is the simplest server for many at once. It needs a bound, or whoever
//! connects often enough takes all the memory and all the file descriptors; the clients behind the
//! bound wait in the backlog. And it needs time limits, or whoever connects and does nothing keeps a
//! place for ever. How long a client may take depends on whether places are free: with free ones
//! there is time, with none there is hardly any, so that however many idle clients there are, an
//! honest one waits a few seconds.

use crate::client::Client;
use common::{Error, console, explain, interrupt};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::Duration;

/// How long to wait before accepting again when the system cannot (no descriptors, no memory): it
/// will not have recovered a microsecond later.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long running downloads may go on after the first Ctrl-C.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// The places of a server. A clone stands for the same places.
#[derive(Clone)]
pub struct Places(Arc<Shared>);

struct Shared {
    max: usize,
    taken: Mutex<usize>,
    /// Told whenever a place becomes free.
    freed: Condvar,
    /// The last `accept` has failed: there may be places, but there is nothing to serve with.
    exhausted: AtomicBool,
    /// That has been told.
    told: Once,
    /// No more clients are served.
    stopping: AtomicBool,
}

impl Places {
    /// Places for `max` clients. From now on the first Ctrl-C lets running downloads finish (for 10
    /// seconds at most) and closes new connections at once; the second ends the program.
    ///
    /// ```no_run
    /// use file_server::Places;
    /// use std::net::TcpListener;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let places = Places::new(500);
    /// loop {
    ///     let client = places.accept(&listener);
    ///     client.serve(|client| {
    ///         let name = client.peek_name()?;
    ///         common::console::print_bytes(&name)?;
    ///         client.consume_name()
    ///     });
    /// }
    /// ```
    pub fn new(max: usize) -> Places {
        let places = Places(Arc::new(Shared {
            max,
            taken: Mutex::new(0),
            freed: Condvar::new(),
            exhausted: AtomicBool::new(false),
            told: Once::new(),
            stopping: AtomicBool::new(false),
        }));
        let stopped = places.clone();
        interrupt::on_interrupt(move || {
            if stopped.is_stopping() {
                let status = i32::from(*stopped.taken() > 0);
                interrupt::end_program("立即结束", status);
            }
            let again = "再按一次 Ctrl-C 立即结束";
            stopped.stop(&format!("停止接受连接，等待正在进行的下载结束，{again}"));
        });
        places
    }

    /// Waits for a free place and for a client to take it. An error of `accept` is told once, and is
    /// not the end.
    pub fn accept(&self, listener: &TcpListener) -> Client {
        loop {
            let wait = self.0.freed.wait_while(self.taken(), |taken| *taken >= self.0.max);
            drop(wait);
            match listener.accept() {
                Ok(_) if self.is_stopping() => {} // dropped, and so closed
                Ok((socket, address)) => {
                    self.0.exhausted.store(false, Ordering::Relaxed);
                    *self.taken() += 1;
                    return Client::new(socket, address, Place(self.clone()));
                }
                Err(reason) => {
                    let reason = explain(&reason);
                    let tell = || console::note(format!("无法接受连接，稍后再试：{reason}"));
                    self.0.told.call_once(tell);
                    self.0.exhausted.store(true, Ordering::Relaxed);
                    #[expect(clippy::disallowed_methods, reason = "no event tells of it")]
                    thread::sleep(ACCEPT_PAUSE);
                }
            }
        }
    }

    /// Whether whoever comes now has to wait.
    pub fn are_taken(&self) -> bool {
        self.0.exhausted.load(Ordering::Relaxed) || *self.taken() >= self.0.max
    }

    /// Whether no more clients are served.
    pub fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Relaxed)
    }

    /// Serves nobody new from now on, says `why`, and ends the program when the running downloads
    /// are through, or have been cut off.
    #[expect(clippy::disallowed_methods, reason = "nothing is left to be said")]
    pub(crate) fn stop(&self, why: &str) {
        if self.0.stopping.swap(true, Ordering::Relaxed) {
            return;
        }
        interrupt::note(why);
        let places = self.clone();
        // On a thread of its own: the one that is told of Ctrl-C must hear of the second one.
        let waiting = thread::Builder::new().spawn(move || {
            let running = |taken: &mut usize| *taken > 0;
            let waited = places.0.freed.wait_timeout_while(places.taken(), STOP_TIMEOUT, running);
            let (taken, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if *taken > 0 {
                interrupt::end_program(&format!("{} 个下载没有结束，已中断", *taken), 1);
            }
            std::process::exit(0)
        });
        if let Err(reason) = waiting {
            let reason = Error::Failed { tried: "创建线程".into(), reason };
            interrupt::end_program(&reason.to_string(), 1);
        }
    }

    fn taken(&self) -> MutexGuard<'_, usize> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one client. Dropping it frees it.
pub(crate) struct Place(pub(crate) Places);

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.taken() -= 1;
        self.0.0.freed.notify_all();
    }
}

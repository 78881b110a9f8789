//! A limited number of places for clients, and since when they have run out.
//!
//! A thread for each client is the simplest server for many at once. It needs a bound, or whoever
//! connects often enough takes all the memory and all the file descriptors; the clients behind the
//! bound wait in the backlog.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long nobody must have had to wait until places count as free again: the moment between one
/// client and the next from the backlog is not enough.
const CALM: Duration = Duration::from_secs(1);

/// The places of a server. A clone stands for the same places.
///
/// ```
/// use file_server::places::Places;
///
/// let places = Places::new(2);
/// let first = places.take();
/// assert!(places.ran_out().is_none(), "one is free");
/// let second = places.take();
/// assert!(places.ran_out().is_some());
/// drop(first); // frees it
/// places.wait(); // returns at once
/// ```
#[derive(Clone)]
pub struct Places {
    max: usize,
    state: Arc<Mutex<State>>,
    freed: Arc<Condvar>,
}

#[derive(Default)]
struct State {
    taken: usize,
    /// Since when there is a shortage, and when it was last seen.
    ran_out: Option<Instant>,
    last_seen: Option<Instant>,
}

impl Places {
    /// Places for `max` clients.
    pub fn new(max: usize) -> Places {
        Places { max, state: Arc::default(), freed: Arc::default() }
    }

    /// Waits until a place is free.
    pub fn wait(&self) {
        drop(self.freed.wait_while(self.state(), |state| state.taken >= self.max));
    }

    /// Takes one.
    pub fn take(&self) -> Place {
        self.state().taken += 1;
        Place { places: self.clone() }
    }

    /// Notes that whoever comes now has to wait, also where places are free: the system may have run
    /// out of something else.
    pub fn run_out(&self) {
        self.state().run_out();
    }

    /// Since when whoever comes has to wait; `None` while places are free.
    pub fn ran_out(&self) -> Option<Instant> {
        let mut state = self.state();
        if state.taken >= self.max {
            state.run_out();
        }
        state.ran_out.filter(|_| state.is_short())
    }

    /// Waits until all are free, but no longer than `limit`. Returns how many are not.
    pub fn wait_for_all(&self, limit: Duration) -> usize {
        let waited = self.freed.wait_timeout_while(self.state(), limit, |state| state.taken > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.taken
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn run_out(&mut self) {
        let now = Some(Instant::now());
        self.ran_out = self.ran_out.filter(|_| self.is_short()).or(now);
        self.last_seen = now;
    }

    fn is_short(&self) -> bool {
        self.last_seen.is_some_and(|last_seen| last_seen.elapsed() < CALM)
    }
}

/// The place of one client. Dropping it frees it.
pub struct Place {
    places: Places,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.ran_out(); // this client may have been the last one that filled them
        self.places.state().taken -= 1;
        self.places.freed.notify_all();
    }
}

//! What a program writes, collected while it runs.

use crate::DEADLINE;
use std::io::Read;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// What has come out of one of a program's streams so far.
#[derive(Default)]
pub(crate) struct Output {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    ended: bool,
    reading: Reading,
}

/// Whether a stream is read. A change shows when the next bytes have come.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Reading {
    #[default]
    On,
    /// Not now: a program that writes waits when the pipe is full.
    Paused,
    /// Never again: a program that writes gets an error.
    Over,
}

impl State {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Output {
    /// Reads `stream` to its end, on a thread of its own.
    pub(crate) fn collect(mut stream: impl Read + Send + 'static) -> Arc<Output> {
        let output = Arc::new(Output::default());
        let collected = output.clone();
        thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while collected.may_read() {
                let length = stream.read(&mut buffer).unwrap_or(0);
                if length == 0 {
                    break;
                }
                let mut state = collected.state.lock().unwrap();
                state.bytes.extend_from_slice(&buffer[..length]);
                collected.changed.notify_all();
            }
            drop(stream);
            collected.state.lock().unwrap().ended = true;
            collected.changed.notify_all();
        });
        output
    }

    /// Waits as long as reading is paused; false: it is over.
    fn may_read(&self) -> bool {
        let state = self.state.lock().unwrap();
        let paused = |state: &mut State| state.reading == Reading::Paused;
        let state = self.changed.wait_while(state, paused).unwrap();
        state.reading == Reading::On
    }

    /// Reads the stream from now on, or not.
    pub(crate) fn set_reading(&self, reading: Reading) {
        self.state.lock().unwrap().reading = reading;
        self.changed.notify_all();
    }

    /// All that has come so far.
    pub(crate) fn text(&self) -> String {
        self.state.lock().unwrap().text()
    }

    /// Whether the stream has ended: nothing more will come.
    pub(crate) fn has_ended(&self) -> bool {
        self.state.lock().unwrap().ended
    }

    /// Waits until the stream has ended; `None`: it has not, within `limit`.
    pub(crate) fn wait_for_end(&self, limit: Duration) -> Option<()> {
        let state = self.state.lock().unwrap();
        let waited = self.changed.wait_timeout_while(state, limit, |state| !state.ended);
        waited.unwrap().0.ended.then_some(())
    }

    /// Waits until `found` returns something for the text so far and whether that is all of it;
    /// `None` at the deadline or the end.
    pub(crate) fn wait_for<T>(&self, found: impl Fn(&str, bool) -> Option<T>) -> Option<T> {
        self.wait_within(DEADLINE, found)
    }

    /// The same, for a limit of the caller's.
    pub(crate) fn wait_within<T>(
        &self,
        limit: Duration,
        found: impl Fn(&str, bool) -> Option<T>,
    ) -> Option<T> {
        let look = |state: &State| found(&state.text(), state.ended);
        let state = self.state.lock().unwrap();
        let (state, _) = self
            .changed
            .wait_timeout_while(state, limit, |state| look(state).is_none() && !state.ended)
            .unwrap();
        look(&state)
    }
}

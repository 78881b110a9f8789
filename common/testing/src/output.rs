//! What a program writes, collected while it runs, up to a bound: a program may never stop writing.

use std::borrow::Cow;
use std::io::Read;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// How many bytes are kept of the beginning of a stream, more than any check expects, and how many of
/// its end where there is more.
const MOST_KEPT: usize = 16 << 20;
const LAST_KEPT: usize = 64 << 10;

/// What has come out of one of a program's streams so far.
#[derive(Default)]
pub(crate) struct Output {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// How many bytes have come.
    length: usize,
    /// All of them, or the beginning, a note and the end.
    kept: Vec<u8>,
    /// The end, behind what is kept of the beginning.
    last: Vec<u8>,
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
    fn add(&mut self, bytes: &[u8]) {
        let room = MOST_KEPT.saturating_sub(self.length);
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.length += bytes.len();
        self.kept.truncate(MOST_KEPT);
        self.kept.extend_from_slice(first);
        if !rest.is_empty() {
            self.last.extend_from_slice(rest);
            self.last.drain(..self.last.len().saturating_sub(LAST_KEPT));
            let note = format!("\n[… 输出太多，共 {} 字节 …]\n", self.length);
            self.kept.extend_from_slice(note.as_bytes());
            self.kept.extend_from_slice(&self.last);
        }
    }

    fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.kept)
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
                collected.state.lock().unwrap().add(&buffer[..length]);
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

    /// All that has come so far; without the middle, if that is more than is kept.
    pub(crate) fn text(&self) -> String {
        self.state.lock().unwrap().text().into_owned()
    }

    /// How many bytes have come so far.
    pub(crate) fn length(&self) -> usize {
        self.state.lock().unwrap().length
    }

    /// Whether more has come than is kept.
    pub(crate) fn is_endless(&self) -> bool {
        self.length() > MOST_KEPT
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
    /// `None` after `limit` or at the end.
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

#[cfg(test)]
mod tests {
    use super::{LAST_KEPT, MOST_KEPT, Output};
    use crate::DEADLINE;
    use std::io::{Read, repeat};

    #[test]
    fn of_an_endless_output_the_beginning_and_the_end_are_kept() {
        let much = 10 * MOST_KEPT as u64;
        let stream = b"begin".chain(repeat(b'x').take(much)).chain(&b"end"[..]);
        let output = Output::collect(stream);
        output.wait_for_end(DEADLINE).unwrap();
        let text = output.text();
        assert!(text.len() < MOST_KEPT + LAST_KEPT + 100, "{}", text.len());
        assert!(text.starts_with("beginx") && text.ends_with("xend") && output.is_endless());
        assert!(text.contains(&format!("输出太多，共 {} 字节", much + 8)));
    }
}

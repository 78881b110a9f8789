//! A TCP connection to the program.

use super::words::{MOST_BYTES, before, instead};
use super::{Check, PAUSE, literal, seconds};
use crate::is_timeout;
use common::retry_interrupted;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// The longest line that a check receives, in bytes.
const MAX_LINE_LEN: usize = 4096;

/// How much a check receives where all is to be received up to the end, in bytes: more than any check
/// expects. A program may never stop sending.
const MOST_RECEIVED: usize = 100 << 20;

/// How many times its patience a check receives at most, however slowly something comes.
const MOST_PATIENCE: u32 = 20;

/// A TCP connection to the program.
pub struct Connection<'a> {
    check: &'a Check,
    name: &'static str,
    socket: TcpStream,
}

impl Connection<'_> {
    pub(super) fn new<'a>(
        check: &'a Check,
        name: &'static str,
        socket: TcpStream,
    ) -> Connection<'a> {
        socket.set_nodelay(true).unwrap(); // each sending is a segment of its own
        socket.set_read_timeout(Some(check.patience)).unwrap();
        socket.set_write_timeout(Some(check.patience)).unwrap();
        Connection { check, name, socket }
    }

    /// Sends all of `data`.
    #[track_caller]
    pub fn sends(&self, data: impl AsRef<[u8]>) {
        let data = data.as_ref();
        self.check.did(format!("{}发送：{}", self.name, literal(data)));
        self.sends_quietly(data);
    }

    #[track_caller]
    fn sends_quietly(&self, data: &[u8]) {
        if let Err(error) = (&self.socket).write_all(data) {
            let expected = format!("程序收下{}发送的 {} 字节", self.name, data.len());
            self.check.expect(expected, Err(self.check.trouble(&error)))
        }
    }

    /// Sends these pieces, with pauses between them: so they are received one by one. The program may
    /// have had enough before the last of them; what it does then is for the check to see.
    pub fn sends_in_pieces(&self, pieces: &[&str]) {
        for piece in pieces {
            let (name, told) = (self.name, literal(piece));
            self.check.did(format!("{name}发送：{told}，然后稍停"));
            let _ = (&self.socket).write_all(piece.as_bytes());
            thread::sleep(PAUSE);
        }
    }

    /// Sends `data` in pieces of `size` bytes, with pauses between them.
    #[track_caller]
    pub fn sends_slowly(&self, data: impl AsRef<[u8]>, size: usize) {
        let data = data.as_ref();
        let (name, pause, told) = (self.name, seconds(PAUSE), literal(data));
        self.check.did(format!("{name}发送，每 {pause}只发 {size} 字节：{told}"));
        for (at, piece) in data.chunks(size).enumerate() {
            thread::sleep(if at > 0 { PAUSE } else { Duration::ZERO });
            self.sends_quietly(piece);
        }
    }

    /// Nothing has come so far. (What comes later is not seen.)
    #[track_caller]
    pub fn has_received_nothing(&self, expected: &str) {
        let mut bytes = [0; MOST_BYTES];
        self.socket.set_nonblocking(true).unwrap();
        let came = match self.socket.peek(&mut bytes) {
            Ok(0) => Err("程序关闭了连接".into()),
            Ok(length) => Err(format!("收到{}", literal(&bytes[..length]))),
            Err(error) if is_timeout(&error) => Ok(()),
            Err(error) => Err(self.check.trouble(&error)),
        };
        self.socket.set_nonblocking(false).unwrap();
        let name = self.name;
        self.check.expect(format!("{name}没有收到数据：{expected}"), came);
    }

    /// These bytes come next.
    #[track_caller]
    pub fn receives(&self, data: impl AsRef<[u8]>, expected: &str) {
        let data = data.as_ref();
        let came = self
            .next(data.len(), self.deadline())
            .and_then(|came| if came == data { Ok(()) } else { Err(instead(&came, data)) });
        let expected = format!("{}收到{expected}：{}", self.name, literal(data));
        self.check.expect(expected, came);
    }

    /// All bytes up to an orderly end of the connection.
    #[track_caller]
    pub fn receives_the_end(&self, expected: &str) -> Vec<u8> {
        let (bytes, end) = self.rest();
        let told = if bytes.is_empty() {
            "没有收到数据".into()
        } else {
            format!("收到：{}", literal(&bytes))
        };
        if let Err(error) = end {
            let end = if is_timeout(&error) { self.no_end() } else { self.check.trouble(&error) };
            self.check.expect(expected, Err(format!("{end}，此前{told}")))
        }
        self.check.did(format!("{}等到程序正常关闭连接，其间{told}", self.name));
        bytes
    }

    /// The connection ends, in whatever way, and nothing comes before that.
    #[track_caller]
    pub fn is_closed_without_a_word(&self, expected: &str) {
        let (bytes, end) = self.rest();
        let end = match end {
            Err(error) if is_timeout(&error) => Err(self.no_end()),
            _ if !bytes.is_empty() => Err(format!("{}还收到：{}", self.name, literal(&bytes))),
            _ => Ok(()),
        };
        self.check.expect(expected, end);
    }

    /// What comes up to the end of the connection, and how that is.
    fn rest(&self) -> (Vec<u8>, io::Result<()>) {
        let (mut bytes, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
        let deadline = self.deadline();
        while bytes.len() < MOST_RECEIVED && Instant::now() < deadline {
            match retry_interrupted(|| (&self.socket).read(&mut buffer)) {
                Ok(0) => return (bytes, Ok(())),
                Ok(length) => bytes.extend_from_slice(&buffer[..length]),
                Err(error) => return (bytes, Err(error)),
            }
        }
        let problem = format!("已经收到 {} 字节，程序仍在发送", bytes.len());
        (bytes, Err(io::Error::other(problem)))
    }

    /// When a check has had enough of what comes piece by piece.
    fn deadline(&self) -> Instant {
        Instant::now() + MOST_PATIENCE * self.check.patience
    }

    /// A line comes next, with its line end. Returns what `read` makes of it.
    #[track_caller]
    pub fn receives_line<T>(&self, expected: &str, read: impl FnOnce(&str) -> Option<T>) -> T {
        let (mut line, deadline) = (Vec::new(), self.deadline());
        let came = loop {
            match self.next(1, deadline) {
                Ok(byte) => line.extend(byte),
                Err(problem) if line.is_empty() => break Err(problem),
                Err(problem) => {
                    let begun = literal(&line);
                    break Err(format!("只收到{begun}，此后{}", before(&problem)));
                }
            }
            if line.ends_with(b"\n") || line.len() == MAX_LINE_LEN {
                let text = std::str::from_utf8(&line).ok();
                let came = || format!("收到的是{}", before(&literal(&line)));
                break text.and_then(read).ok_or_else(came);
            }
        };
        self.check.expect(format!("{}收到{expected}", self.name), came)
    }

    fn no_end(&self) -> String {
        format!("{}内程序没有关闭连接", seconds(self.check.patience))
    }

    /// The socket itself.
    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Closes the connection.
    pub fn closes(self) {
        self.check.did(format!("{}关闭连接", self.name));
    }

    /// Half-closes the connection: it sends no more, and still receives.
    #[track_caller]
    pub fn half_closes(&self) {
        let name = self.name;
        match self.socket.shutdown(Shutdown::Write) {
            Ok(()) => self.check.did(format!("{name}半关闭连接，不再发送")),
            Err(error) => {
                let expected = format!("程序一直保持与{name}的连接");
                self.check.expect(expected, Err(self.check.trouble(&error)))
            }
        }
    }

    /// Closes the connection when `unread` bytes that the program has sent are there and still unread,
    /// which resets it.
    #[track_caller]
    pub fn resets(self, unread: usize) {
        let name = self.name;
        let peek = || match retry_interrupted(|| self.socket.peek(&mut vec![0; unread])) {
            Ok(0) => Some(Err("程序关闭了连接".into())),
            Ok(length) if length < unread => {
                thread::sleep(Duration::from_millis(1));
                None
            }
            Ok(_) => Some(Ok(())),
            Err(error) => Some(Err(self.check.trouble(&error))),
        };
        let came = self.check.wait_for(self.check.patience, peek);
        let came = came.unwrap_or_else(|why| Err(format!("{why}没有收齐")));
        self.check.expect(format!("{name}收到 {unread} 字节（先不读取）"), came);
        self.check.did(format!("{name}还有数据没有读取就关闭连接，连接因此复位（RST）"));
    }

    /// The next `length` bytes, all of them before `deadline`.
    fn next(&self, length: usize, deadline: Instant) -> Result<Vec<u8>, String> {
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            let problem = match retry_interrupted(|| (&self.socket).read(&mut bytes[filled..])) {
                Ok(0) => "程序关闭了连接".into(),
                Ok(more) if Instant::now() < deadline || filled + more == length => {
                    filled += more;
                    continue;
                }
                Ok(_) => "来得太慢".into(),
                Err(error) if is_timeout(&error) => {
                    format!("{}内没有数据到达", seconds(self.check.patience))
                }
                Err(error) => self.check.trouble(&error),
            };
            if filled == 0 {
                return Err(problem);
            }
            let (came, problem) = (literal(&bytes[..filled]), before(&problem));
            return Err(format!(
                "只收到 {filled} 字节（应为 {length} 字节）：{came}，此后{problem}"
            ));
        }
        Ok(bytes)
    }
}

//! A UDP socket at the other end of the program.

use super::words::instead;
use super::{Check, POLL, literal, seconds};
use crate::is_timeout;
use common::retry_interrupted;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// A UDP socket at the other end of the program.
pub struct Peer<'a> {
    pub(super) check: &'a Check,
    pub(super) name: &'static str,
    pub(super) socket: UdpSocket,
}

impl Peer<'_> {
    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// Somebody else with the same port number, at another address. `None`: this machine has no other
    /// (macOS).
    pub fn double(&self) -> Option<Self> {
        let socket = UdpSocket::bind(("127.0.0.2", self.address().port())).ok()?;
        socket.set_read_timeout(Some(POLL)).unwrap();
        Some(Peer { name: "端口号相同、地址是 127.0.0.2 的程序", socket, ..*self })
    }

    /// Sends a datagram.
    pub fn sends(&self, data: impl AsRef<[u8]>, to: SocketAddr) {
        let data = data.as_ref();
        self.check.did(format!("{}发送数据报：{}", self.name, literal(data)));
        self.socket.send_to(data, to).unwrap();
    }

    /// A datagram comes. Returns it, and its sender.
    #[track_caller]
    pub fn receives(&self, expected: &str) -> (Vec<u8>, SocketAddr) {
        let came = self.receives_quietly(expected);
        let told = literal(&came.0);
        self.check.did(format!("{}收到数据报：{told}", self.name));
        came
    }

    /// The same, without a word about it in the story.
    #[track_caller]
    pub fn receives_quietly(&self, expected: &str) -> (Vec<u8>, SocketAddr) {
        match self.next_within(self.check.patience) {
            Ok(came) => came,
            problem => self.check.expect(format!("{}收到{expected}", self.name), problem),
        }
    }

    /// This datagram comes. Returns its sender.
    #[track_caller]
    pub fn receives_just(&self, data: impl AsRef<[u8]>, expected: &str) -> SocketAddr {
        self.receives_after(Instant::now(), Duration::ZERO, data, expected)
    }

    /// This datagram comes, but not until `pause` has passed since `since`. Take `since` *before*
    /// what the pause begins with: then the pause that is measured is never shorter than the real
    /// one, however busy the machine is. Returns its sender.
    #[track_caller]
    pub fn receives_after(
        &self,
        since: Instant,
        pause: Duration,
        data: impl AsRef<[u8]>,
        expected: &str,
    ) -> SocketAddr {
        let data = data.as_ref();
        let limit = pause + self.check.patience;
        let came = self.next_within(limit.saturating_sub(since.elapsed()));
        let passed = since.elapsed();
        let came = match came {
            Err(_) if passed > limit => Err(format!("{}后还没有收到", seconds(limit))),
            Err(problem) => Err(problem),
            Ok((came, _)) if came != data => Err(instead(&came, data)),
            Ok(_) if passed < pause => Err(format!("{}后就收到了", seconds(passed))),
            Ok((_, sender)) => Ok(sender),
        };
        let expected = format!("{}收到{expected}：{}", self.name, literal(data));
        self.check.expect(expected, came)
    }

    /// Of all that has been sent to this socket, there is nothing left.
    #[track_caller]
    pub fn has_nothing_more(&self, expected: &str) {
        let came = self.at_once();
        self.check.expect_that(expected, came.is_none(), || {
            format!("{}又收到：{}", self.name, literal(came.unwrap_or_default()))
        });
    }

    /// Takes out all that has been sent to this socket so far.
    pub fn forgets_what_has_come(&self) {
        while let Some(came) = self.at_once() {
            self.check.did(format!("{}还收到：{}", self.name, literal(came)));
        }
    }

    fn at_once(&self) -> Option<Vec<u8>> {
        self.socket.set_nonblocking(true).unwrap();
        let came = self.look();
        self.socket.set_nonblocking(false).unwrap();
        came.and_then(Result::ok).map(|(data, _)| data)
    }

    /// The socket itself. Its receives wait for a tenth of a second.
    pub fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    fn next_within(&self, limit: Duration) -> Result<(Vec<u8>, SocketAddr), String> {
        let came = self.check.wait_for(limit, || self.look());
        came.unwrap_or_else(|why| Err(format!("{why}没有收到数据报")))
    }

    /// Sends a datagram again and again, with this pause between them, until what is returned is
    /// dropped.
    #[must_use]
    pub fn keeps_sending(
        &self,
        data: impl AsRef<[u8]>,
        to: SocketAddr,
        pause: Duration,
    ) -> Sender<()> {
        let data = data.as_ref().to_vec();
        let (name, data_told) = (self.name, literal(&data));
        self.check.did(if pause.is_zero() {
            format!("{name}开始不停地发送数据报：{data_told}")
        } else {
            format!("{name}开始每隔 {}发送一个数据报：{data_told}", seconds(pause))
        });
        let socket = self.socket.try_clone().unwrap();
        let (sending, stop) = mpsc::channel();
        thread::spawn(move || {
            while stop.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                // On some systems the own send buffer is full for a moment.
                let _ = socket.send_to(&data, to);
            }
        });
        sending
    }

    /// A datagram, if one comes before the receive timeout of the socket.
    fn look(&self) -> Option<Result<(Vec<u8>, SocketAddr), String>> {
        let mut buffer = vec![0; 65_535];
        match retry_interrupted(|| self.socket.recv_from(&mut buffer)) {
            Ok((length, sender)) => Some(Ok((buffer[..length].to_vec(), sender))),
            Err(error) if is_timeout(&error) => None,
            // On Windows, when something sent earlier has bounced.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            Err(error) => Some(Err(self.check.trouble(&error))),
        }
    }
}

//! Whole UDP datagrams: `sendto()` and `recvfrom()` of the scripts.
//!
//! UDP keeps the boundaries: what one `sendto()` sent, one `recvfrom()` returns. It is all or
//! nothing, so a buffer that is too small loses the end of the datagram for good.

use crate::{Context, Error, retry_interrupted};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};

/// The most that one datagram can carry over IPv4, in bytes: 65,535 of the length field (RFC 791)
/// less 20 of the IP header and 8 of the UDP header (RFC 768).
pub const MAX_LEN_IPV4: usize = 65_535 - 20 - 8;

/// The same over IPv6, whose length field does not count its own header (RFC 8200).
pub const MAX_LEN_IPV6: usize = 65_535 - 8;

/// Sends `data` as one datagram: Python's `sendto(data, to)`. An empty datagram is one as well.
///
/// # Errors
/// [`Error::Failed`], with the system's reason, or where `data` is too long for one datagram.
///
/// ```
/// use std::net::UdpSocket;
///
/// let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
/// let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
/// common::datagram::send(&sender, "你好".as_bytes(), receiver.local_addr().unwrap())?;
///
/// let (data, from) = common::datagram::receive(&receiver)?;
/// assert_eq!(data, "你好".as_bytes());
/// assert_eq!(from, sender.local_addr().unwrap());
/// # Ok::<(), common::Error>(())
/// ```
pub fn send(socket: &UdpSocket, data: &[u8], to: SocketAddr) -> Result<(), Error> {
    let max_len = if to.is_ipv4() { MAX_LEN_IPV4 } else { MAX_LEN_IPV6 };
    let sent = if data.len() <= max_len {
        socket.send_to(data, to)
    } else {
        let length = data.len();
        Err(io::Error::other(format!("内容有 {length} 字节，一个数据报最多 {max_len} 字节")))
    };
    sent.map(drop).context(format!("发送到 {to}"))
}

/// Waits for a datagram and returns the whole of it with its sender: Python's `recvfrom()`, with a
/// buffer that no datagram overflows.
///
/// # Errors
/// [`Error::Failed`] with the system's reason.
///
/// For an example see [`send`].
pub fn receive(socket: &UdpSocket) -> Result<(Vec<u8>, SocketAddr), Error> {
    let mut buffer = vec![0; MAX_LEN_IPV6];
    loop {
        match retry_interrupted(|| socket.recv_from(&mut buffer)) {
            Ok((length, from)) => {
                buffer.truncate(length);
                return Ok((buffer, from));
            }
            // Windows tells here that a datagram sent *earlier* found nobody at its port. It says
            // nothing about the next one.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => return Err(error).context("接收数据报"),
        }
    }
}

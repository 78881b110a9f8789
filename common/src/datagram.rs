//! Whole UDP datagrams: `sendto()` and `recvfrom()` of the scripts.
//!
//! UDP keeps the boundaries: what one `sendto()` sent, one `recvfrom()` returns. It is all or
//! nothing, so a buffer that is too small loses the end of the datagram for good.

use crate::{Context, Error, is_timeout, uninterrupted};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

/// The most that one datagram can carry over IPv4, in bytes: 65,535 of the length field (RFC 791)
/// less 20 of the IP header and 8 of the UDP header (RFC 768).
pub const LONGEST_IPV4: usize = 65_535 - 20 - 8;

/// The same over IPv6, whose length field does not count its own header (RFC 8200).
pub const LONGEST_IPV6: usize = 65_535 - 8;

/// Sends `data` as one datagram: Python's `sendto(data, to)`. An empty datagram is one as well.
///
/// # Errors
/// [`Error::Input`] where `data` is too long for a datagram: nothing was sent. [`Error::Failed`]
/// with the system's reason otherwise.
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
    let longest = if to.is_ipv4() {
        LONGEST_IPV4
    } else {
        LONGEST_IPV6
    };
    if data.len() > longest {
        let length = data.len();
        return Err(Error::Input(format!(
            "内容有 {length} 字节，一个数据报最多 {longest} 字节，没有发送"
        )));
    }
    socket.send_to(data, to).context(format!("发送到 {to}"))?;
    Ok(())
}

/// Waits for a datagram and returns the whole of it with its sender: Python's `recvfrom()`, with a
/// buffer that no datagram overflows.
///
/// # Errors
/// [`Error::Failed`] with the system's reason.
///
/// For an example see [`send`].
pub fn receive(socket: &UdpSocket) -> Result<(Vec<u8>, SocketAddr), Error> {
    let mut buffer = vec![0; LONGEST_IPV6];
    loop {
        match uninterrupted(|| socket.recv_from(&mut buffer)) {
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

/// [`receive`], but not longer than until `deadline`. `None`: nothing has come by then.
///
/// # Errors
/// [`Error::Failed`] with the system's reason.
///
/// ```
/// use std::net::UdpSocket;
/// use std::time::{Duration, Instant};
///
/// let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
/// let deadline = Instant::now() + Duration::from_millis(1);
/// assert_eq!(common::datagram::receive_until(&socket, deadline)?, None);
/// # Ok::<(), common::Error>(())
/// ```
pub fn receive_until(
    socket: &UdpSocket,
    deadline: Instant,
) -> Result<Option<(Vec<u8>, SocketAddr)>, Error> {
    loop {
        let rest = deadline.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            return Ok(None); // a limit of zero would be none at all
        }
        socket
            .set_read_timeout(Some(rest))
            .context("设置接收时限")?;
        match receive(socket) {
            Err(Error::Failed { reason, .. }) if is_timeout(&reason) => {}
            received => return received.map(Some),
        }
    }
}

//! Sockets at the other end of a program, with a deadline on every wait.

use crate::{DEADLINE, within_deadline};
use common::retry_interrupted;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;

/// The longest datagram that a socket of this system sends, in bytes. That of macOS would have to be
/// asked for more (`net.inet.udp.maxdgram`).
pub const LONGEST_DATAGRAM: usize =
    if cfg!(target_vendor = "apple") { 9_216 } else { common::datagram::MAX_LEN_IPV4 };

/// A UDP socket on this machine whose receives have a deadline.
pub fn udp() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket
}

/// One datagram and its sender.
#[track_caller]
pub fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = vec![0; 65_535];
    let received = retry_interrupted(|| socket.recv_from(&mut buffer));
    let (length, sender) = received.expect("no datagram came");
    buffer.truncate(length);
    (buffer, sender)
}

/// A listening TCP socket on this machine, and its address.
pub fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Accepts one connection, whose reads and writes have a deadline.
#[track_caller]
pub fn accept(listener: &TcpListener) -> TcpStream {
    let listener = listener.try_clone().unwrap();
    let (socket, _) = within_deadline("accept", move || listener.accept().unwrap());
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket.set_write_timeout(Some(DEADLINE)).unwrap();
    socket
}

/// Connects to `address`; reads and writes have a deadline.
#[track_caller]
pub fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket.set_write_timeout(Some(DEADLINE)).unwrap();
    socket
}

/// The next `length` bytes of a connection.
#[track_caller]
pub fn read(mut socket: &TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    socket.read_exact(&mut bytes).unwrap();
    bytes
}

/// All bytes up to the end of a connection, or the error that ends it.
pub fn read_all(mut socket: &TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).map(|_| bytes)
}

/// Closes a connection with a reset: what its peer has sent must still be unread, which is waited
/// for here.
pub fn reset(socket: TcpStream) {
    retry_interrupted(|| socket.peek(&mut [0])).unwrap();
    drop(socket);
}

/// Stands between clients and `server`, hands their requests on, a line each, and the answers back:
/// of the first ones so many bytes, then it closes; of the others all. Returns its address.
pub fn relay(server: SocketAddr, limits: &[u64]) -> SocketAddr {
    let (listener, address) = listen();
    let limits = limits.to_vec();
    thread::spawn(move || {
        let limits = limits.into_iter().chain(std::iter::repeat(u64::MAX));
        for (client, limit) in listener.incoming().flatten().zip(limits) {
            // Where this fails, client or server tells.
            thread::spawn(move || hand_on(client, server, limit));
        }
    });
    address
}

fn hand_on(mut client: TcpStream, server: SocketAddr, limit: u64) -> io::Result<()> {
    let mut request = Vec::new();
    BufReader::new(&client).read_until(b'\n', &mut request)?;
    let mut server = TcpStream::connect(server)?;
    server.write_all(&request)?;
    io::copy(&mut server.take(limit), &mut client)?;
    Ok(())
}

/// Gives two files each other's names, in one step: renameat2(2).
#[cfg(target_os = "linux")]
pub fn exchange(one: &std::path::Path, other: &std::path::Path) {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
}

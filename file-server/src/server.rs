//! The accept loop: it waits for a free place, and survives what the system cannot do just now.

use crate::client::Client;
use crate::places::Places;
use crate::shutdown::Shutdown;
use common::{console, explain};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Once;
use std::thread;
use std::time::Duration;

/// How long to wait before accepting again when the system cannot (no descriptors, no memory): it
/// will not have recovered a microsecond later.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A listener, and the places for its clients.
///
/// ```
/// use file_server::Server;
/// use std::io::Write;
/// use std::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
/// let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
/// client.write_all(b"main.rs").unwrap();
/// let server = Server::new(listener, 500);
/// server.accept().serve(|client| {
///     common::console::print_bytes(&client.peek_name()?)?;
///     client.consume_name()
/// });
/// ```
pub struct Server {
    listener: TcpListener,
    shutdown: Shutdown,
    /// That `accept` has failed.
    told: Once,
}

impl Server {
    /// A server with places for `max` clients.
    pub fn new(listener: TcpListener, max: usize) -> Server {
        Server { listener, shutdown: Shutdown::of(Places::new(max)), told: Once::new() }
    }

    /// From now on the first Ctrl-C lets running downloads finish, for 10 seconds at most, and the
    /// second ends the program.
    #[must_use]
    pub fn stop_on_interrupt(self) -> Server {
        self.shutdown.on_interrupt();
        self
    }

    /// Waits for a free place and for a client to take it. An error is told once, and is not the end.
    pub fn accept(&self) -> Client {
        loop {
            self.shutdown.places.wait();
            match self.accept_one() {
                Ok(_) if self.shutdown.is_stopping() => {} // dropped, and so closed
                Ok((socket, address)) => return Client::new(socket, address, &self.shutdown),
                Err(reason) => {
                    let reason = explain(&reason);
                    let tell = || console::note(format!("无法接受连接，稍后再试：{reason}"));
                    self.told.call_once(tell);
                    self.shutdown.places.run_out();
                    #[expect(clippy::disallowed_methods, reason = "no event tells of it")]
                    thread::sleep(ACCEPT_PAUSE);
                }
            }
        }
    }

    fn accept_one(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (socket, address) = self.listener.accept()?;
        socket.set_nonblocking(true)?;
        Ok((socket, address))
    }
}

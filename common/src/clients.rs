//! The clients of a server for many: a place for each, and who makes way when all are taken.
//!
//! A thread for each client is the simplest server for many at once. It needs a bound, or whoever
//! connects often enough takes all the memory and all the file descriptors; and with a bound it needs
//! a rule, or whoever connects and does nothing keeps all others out: when every place is taken, the
//! client that has been idle for longest makes way.

use crate::{console, interrupt};
use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::Deref;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// How long a client may be idle when all places are taken and others wait for one.
const BUSY_LIMIT: Duration = Duration::from_secs(1);

/// How long to wait before accepting again when the system cannot (no descriptors, no memory): it
/// will not have recovered a microsecond later.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// File descriptors to leave free: for a client that waits for its place, and for [`stop`].
const SPARE_DESCRIPTORS: usize = 4;

/// What all threads know of the clients.
struct Clients {
    /// The number of the next client.
    next: u64,
    /// Those that are being served: the socket, and since when it has been idle, if it is.
    served: BTreeMap<u64, (Weak<TcpStream>, Option<Instant>)>,
    /// No more clients are to be admitted.
    stopping: bool,
}

static CLIENTS: Mutex<Clients> = Mutex::new(Clients {
    next: 0,
    served: BTreeMap::new(),
    stopping: false,
});

/// Told whenever a client is gone, and when the server is to stop.
static CHANGED: Condvar = Condvar::new();

fn clients() -> MutexGuard<'static, Clients> {
    CLIENTS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Clients {
    /// The client that has been idle for longest, and for how long.
    fn most_idle(&mut self) -> Option<(u64, Duration)> {
        let idle = self.served.iter();
        let idle = idle.filter_map(|(number, (_, since))| since.map(|since| (*number, since)));
        let (number, since) = idle.min_by_key(|(_, since)| *since)?;
        Some((number, since.elapsed()))
    }

    /// Ends the connection of a client: whatever its thread waits for returns at once.
    fn send_away(&mut self, number: u64) {
        if let Some((socket, since)) = self.served.get_mut(&number) {
            *since = None;
            if let Some(socket) = socket.upgrade() {
                let _ = socket.shutdown(Shutdown::Both);
            }
            *socket = Weak::new();
        }
    }
}

/// How many clients can be served when each takes so many file descriptors: as many as the system
/// has descriptors for, `most` at most.
///
/// The standard library cannot tell the limit; Linux tells it in a file.
///
/// ```
/// assert!((1..=500).contains(&common::clients::room(2, 500)));
/// ```
pub fn room(descriptors: usize, most: usize) -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let limit = line.and_then(|line| line.split_whitespace().next());
    let limit = match limit.and_then(|limit| limit.parse().ok()) {
        Some(limit) => limit,
        None if cfg!(windows) => usize::MAX,
        None => 256, // what macOS and the BSDs begin with
    };
    let open = fs::read_dir("/dev/fd").map(Iterator::count).unwrap_or(0);
    let free = limit.saturating_sub(open + SPARE_DESCRIPTORS);
    (free / descriptors).clamp(1, most)
}

/// Accepts the next client and gives it one of the `most` places, as soon as there is one.
///
/// When all are taken, the client that has been idle for longest makes way, once that is a second:
/// whoever connects and does nothing, however often, holds up nobody. An error of `accept` is noted,
/// and is not the end. `None`: the server is to [`stop`].
///
/// A client is idle from now on, until it is [marked as active](Client::mark_active) or
/// [as at work](Client::mark_at_work).
///
/// ```
/// use common::clients;
/// use std::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
/// let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
/// let (client, address) = clients::accept(&listener, 1).expect("nobody has said stop");
/// assert_eq!(address, peer.local_addr().unwrap());
/// assert!(client.mark_active());
/// ```
pub fn accept(listener: &TcpListener, most: usize) -> Option<(Client, SocketAddr)> {
    while !stopping() {
        match listener.accept() {
            Ok((socket, address)) => {
                return Client::admit(socket, most).map(|client| (client, address));
            }
            Err(error) => {
                console::note(format!("接受连接失败：{error}"));
                thread::sleep(ACCEPT_PAUSE);
            }
        }
    }
    None
}

/// A client that is being served; it dereferences to its socket. Dropping it closes the socket and
/// frees the place, in this order: the order of the fields.
///
/// For an example see [`accept`].
pub struct Client {
    socket: Arc<TcpStream>,
    place: Place,
}

impl Client {
    fn admit(socket: TcpStream, most: usize) -> Option<Client> {
        let socket = Arc::new(socket);
        let mut clients = clients();
        while clients.served.len() >= most && !clients.stopping {
            let wait = match clients.most_idle() {
                Some((number, idle)) if idle >= BUSY_LIMIT => {
                    clients.send_away(number);
                    BUSY_LIMIT
                }
                Some((_, idle)) => BUSY_LIMIT - idle,
                None => BUSY_LIMIT,
            };
            let waited = CHANGED.wait_timeout(clients, wait);
            (clients, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        if clients.stopping {
            return None;
        }
        let number = clients.next;
        clients.next += 1;
        let idle = (Arc::downgrade(&socket), Some(Instant::now()));
        clients.served.insert(number, idle);
        Some(Client {
            socket,
            place: Place(number),
        })
    }

    /// Notes that this client has just done something. `false`: it had to make way in the meantime.
    pub fn mark_active(&self) -> bool {
        self.note(Some(Instant::now()))
    }

    /// Notes that this client is not idle any more, and has not to make way. `false`: it had to, in
    /// the meantime.
    pub fn mark_at_work(&self) -> bool {
        self.note(None)
    }

    fn note(&self, idle: Option<Instant>) -> bool {
        match clients().served.get_mut(&self.place.0) {
            Some((socket, since)) if socket.strong_count() > 0 => {
                *since = idle;
                true
            }
            _ => false,
        }
    }
}

impl Deref for Client {
    type Target = TcpStream;

    fn deref(&self) -> &TcpStream {
        &self.socket
    }
}

/// The place of a client, by its number. Dropping it frees it.
struct Place(u64);

impl Drop for Place {
    fn drop(&mut self) {
        clients().served.remove(&self.0);
        CHANGED.notify_all();
    }
}

/// Whether the server is to stop.
///
/// ```
/// assert!(!common::clients::stopping());
/// ```
pub fn stopping() -> bool {
    clients().stopping
}

/// Ends the loop that accepts on `listen` while it is not [`stopping`], and sends away the clients
/// that are idle. Those at work go on; [`wait`] waits for them.
///
/// ```no_run
/// let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
/// let address = listener.local_addr().unwrap();
/// common::interrupt::on_interrupt(move || common::clients::stop(address, "停止接受连接"));
/// ```
pub fn stop(listen: SocketAddr, line: &'static str) {
    {
        let mut clients = clients();
        clients.stopping = true;
        while let Some((number, _)) = clients.most_idle() {
            clients.send_away(number); // nothing to wait for there
        }
        CHANGED.notify_all();
    }
    interrupt::note(line);
    // Nothing but a connection wakes `accept`, so connect: not to 0.0.0.0, which is no destination
    // on Windows, but to this machine.
    let ip = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let _ = TcpStream::connect_timeout(&SocketAddr::new(ip, listen.port()), ACCEPT_PAUSE);
}

/// Waits until every client is gone, `limit` at most, and returns how many are not.
///
/// ```
/// assert_eq!(common::clients::wait(std::time::Duration::from_secs(10)), 0);
/// ```
pub fn wait(limit: Duration) -> usize {
    let (clients, _) = CHANGED
        .wait_timeout_while(clients(), limit, |clients| !clients.served.is_empty())
        .unwrap_or_else(PoisonError::into_inner);
    clients.served.len()
}

//! The clients of a server for many: a place for each, and who makes way when all are taken.
//!
//! A thread for each client is the simplest server for many at once. It needs a bound, or whoever
//! connects often enough takes all the memory and all the file descriptors; and with a bound it needs
//! a rule, or whoever connects and does nothing keeps all others out: when every place is taken, the
//! client that has been idle for longest makes way.

use crate::{Context, Error, console, interrupt, uninterrupted};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
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
    /// Where they come from; known once [`stop_on_interrupt`] has been called.
    listen: Option<SocketAddr>,
    /// No more clients are to be admitted.
    stopping: bool,
}

static CLIENTS: Mutex<Clients> = Mutex::new(Clients {
    next: 0,
    served: BTreeMap::new(),
    listen: None,
    stopping: false,
});

/// Told whenever a client is gone, and when the server is to stop.
static CHANGED: Condvar = Condvar::new();

fn clients() -> MutexGuard<'static, Clients> {
    CLIENTS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Clients {
    /// The client that has been idle for longest, and for how long.
    fn most_idle(&self) -> Option<(u64, Duration)> {
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
/// and is not the end. `None`: the server is to stop.
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
/// let client = clients::accept(&listener, 1).expect("nobody has said stop");
/// assert_eq!(client.address(), peer.local_addr().unwrap());
/// assert!(client.mark_active());
/// ```
pub fn accept(listener: &TcpListener, most: usize) -> Option<Client> {
    while !stopping() {
        match listener.accept() {
            Ok((socket, address)) => return Client::admit(socket, address, most),
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
    address: SocketAddr,
    place: Place,
}

impl Client {
    fn admit(socket: TcpStream, address: SocketAddr, most: usize) -> Option<Client> {
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
            address,
            place: Place(number),
        })
    }

    /// The address of its other end.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs `serve` for this client on a thread of its own. An error is noted, with the address of
    /// the client; a standard output that nobody reads any more stops the server.
    pub fn on_its_own_thread(
        self,
        serve: impl FnOnce(&Client) -> Result<(), Error> + Send + 'static,
    ) {
        let address = self.address;
        let served = thread::Builder::new().spawn(move || match serve(&self) {
            Ok(()) => {}
            Err(Error::OutputClosed) => stop(),
            Err(error) => console::note(format!("客户端 {address}：{error}")),
        });
        if let Err(error) = served {
            console::note(format!("客户端 {address}：没有线程可用：{error}"));
        }
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

    /// Ends the connection in an orderly way: sends FIN, then takes what still comes until the client
    /// closes as well, for so long at most.
    ///
    /// A byte that is unread when the socket is closed, or comes later, would turn the close into a
    /// reset, and a reset can overtake the end of what has been sent.
    ///
    /// # Errors
    /// [`Error::Failed`] where the connection is broken already.
    pub fn close(&self, limit: Duration) -> Result<(), Error> {
        let deadline = Instant::now() + limit;
        let mut socket = &*self.socket;
        socket.shutdown(Shutdown::Write).context("关闭连接")?;
        socket
            .set_read_timeout(Some(limit))
            .context("设置接收时限")?;
        let mut rest = [0; 1024];
        while Instant::now() < deadline {
            if uninterrupted(|| socket.read(&mut rest)).unwrap_or(0) == 0 {
                break;
            }
        }
        Ok(())
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

/// Makes Ctrl-C stop a server that accepts on `listen`: the first one refuses new clients, so that
/// [`accept`] returns `None`, and lets those at work go on; the second one ends the program at once.
///
/// ```no_run
/// # fn main() -> Result<(), common::Error> {
/// use common::clients;
/// use std::io::Write;
/// use std::net::TcpListener;
/// use std::time::Duration;
///
/// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
/// clients::stop_on_interrupt(listener.local_addr().unwrap());
/// while let Some(client) = clients::accept(&listener, 500) {
///     client.on_its_own_thread(|client| {
///         let mut socket: &std::net::TcpStream = client;
///         let _ = socket.write_all(b"hello");
///         Ok(())
///     });
/// }
/// clients::finish(listener, Duration::from_secs(10));
/// # Ok(())
/// # }
/// ```
pub fn stop_on_interrupt(listen: SocketAddr) {
    clients().listen = Some(listen);
    interrupt::on_interrupt(|| {
        if stopping() {
            interrupt::end_program("立即结束", 0);
        }
        stop();
    });
}

/// Refuses new clients from now on, and waits until those at work are gone: so long at most. What is
/// still running after that is cut off by the end of the program.
///
/// For an example see [`stop_on_interrupt`].
pub fn finish(listener: TcpListener, limit: Duration) {
    drop(listener);
    let (clients, _) = CHANGED
        .wait_timeout_while(clients(), limit, |clients| !clients.served.is_empty())
        .unwrap_or_else(PoisonError::into_inner);
    let cut_off = clients.served.len();
    if cut_off > 0 {
        console::note(format!("还有 {cut_off} 个下载没有结束，中断"));
    }
}

fn stopping() -> bool {
    clients().stopping
}

/// Ends the loop that accepts, and sends away the clients that are idle.
fn stop() {
    // Before anything else: once the loop has ended, the program may end at any moment.
    interrupt::note("停止接受连接，等待正在进行的下载结束，再按一次 Ctrl-C 立即结束");
    let listen = {
        let mut clients = clients();
        clients.stopping = true;
        while let Some((number, _)) = clients.most_idle() {
            clients.send_away(number); // nothing to wait for there
        }
        CHANGED.notify_all();
        clients.listen
    };
    let Some(listen) = listen else { return };
    // Nothing but a connection wakes `accept`, so connect: not to 0.0.0.0, which is no destination
    // on Windows, but to this machine.
    let ip = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let _ = TcpStream::connect_timeout(&SocketAddr::new(ip, listen.port()), ACCEPT_PAUSE);
}

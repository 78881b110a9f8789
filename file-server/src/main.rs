//! Serves the files of one directory: every client sends a name and gets that file's bytes.
//!
//! What it shows: a server for many clients at once, one thread for each; what it must refuse; and
//! how a protocol without lengths can still tell a whole file from a broken one.
//!
//! That last thing is one idea: **peek first, consume last**. The client's name is at first only
//! *peeked* at: read, but left in the socket's receive queue. It is taken out after the last byte of
//! the file has been handed to the kernel. Now TCP has two ways to end a connection. Closing a socket
//! whose queue is empty sends FIN: an orderly end. Closing a socket that still has unread bytes sends
//! RST: a reset. So whatever ends this program in the middle of a file, even `kill -9` or a crash,
//! the kernel closes the socket with the name still in it, and the client sees a reset. An orderly
//! close means a whole file, and not a byte on the wire has changed.
//!
//! Mirrors `file_server.py`.

use common::{Context, Error, address, console, file_name, interrupt, is_timeout};
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Where to listen: the script's port, on every network card (its `""`). The standard library sets
/// `SO_REUSEADDR` where that is safe, and a backlog of 128, as the script does itself.
const LISTEN: &str = "0.0.0.0:6664";

/// Which files to serve: those of the current directory, as the script does.
const DIRECTORY: &str = ".";

/// The longest name, in bytes: the script's `recv(1024)`.
const LONGEST_NAME: usize = 1024;

/// How much of a file is in memory at a time, for each client: large enough that system calls cost
/// little beside the copying, small enough for [`MOST_CLIENTS`].
const BLOCK: usize = 128 * 1024;

/// How many clients are served at the same time. Each takes two file descriptors (the limit is often
/// 1,024 for a process), a thread and a [`BLOCK`]; the others wait in the backlog.
const MOST_CLIENTS: usize = 500;

/// File descriptors to leave free: for a client that waits for its place, and for [`stop`].
const SPARE_DESCRIPTORS: usize = 4;

/// How long a client may take to send its name: time enough to type it into `nc`.
const NAME_LIMIT: Duration = Duration::from_secs(30);

/// How long it may take when all places are taken and others wait for one.
const BUSY_NAME_LIMIT: Duration = Duration::from_secs(1);

/// How long a client may take none of the bytes that wait for it. The limit is for one `send`, and one
/// that has sent a part is followed by another: it takes two or three until the client is dropped.
const SEND_LIMIT: Duration = Duration::from_secs(15);

/// How long to wait, after the file, for the client to close as well.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// How long running downloads may go on after the first Ctrl-C.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// How long to wait when the system cannot accept a connection (no descriptors, no memory): it will
/// not have recovered a microsecond later.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const HELP: &str = "\
用法: file-server [LISTEN [DIR]]

让客户端下载 DIR 里的文件。

  LISTEN  监听的地址，默认 0.0.0.0:6664
  DIR     目录，默认是当前目录

第一次 Ctrl-C 等正在进行的下载结束 (最多 10 秒)，第二次立即结束。

例如: file-server 6664 /srv/files
";

fn main() -> ExitCode {
    common::run(HELP, file_server)
}

/// `get_add()` of the script: opens the file that a client asks for, and says so if it cannot.
fn get_file(directory: &Path, name: &[u8]) -> Result<Option<(File, u64)>, Error> {
    console::print(format!("b\"{}\"", name.escape_ascii()))?;
    match open_inside(directory, name) {
        Ok(file) => Ok(Some(file)),
        Err(reason) => {
            console::print("你下载的文件不存在")?;
            console::note(reason);
            Ok(None)
        }
    }
}

/// `main()` of the script.
fn file_server([listen, directory]: [Option<OsString>; 2]) -> Result<(), Error> {
    let listen = address::local(listen, LISTEN)?;
    let directory = directory.unwrap_or(DIRECTORY.into());
    let shown = directory.to_string_lossy().into_owned();
    let directory = real_directory(&directory)?;
    let listener = TcpListener::bind(listen).context(format!("监听 {listen}"))?;
    let listen = listener.local_addr().context("查询本机地址")?;
    console::note(format!("正在监听 {listen} ，目录 {shown}"));
    interrupt::on_interrupt(move || {
        if clients().stopping {
            interrupt::end_program("立即结束", 0);
        }
        stop(listen);
    });

    let most = room();
    while !clients().stopping {
        let (socket, address) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(error) => {
                console::note(format!("接受连接失败：{error}"));
                thread::sleep(ACCEPT_PAUSE);
                continue;
            }
        };
        let Some(client) = Client::admit(socket, most) else {
            break;
        };
        let directory = directory.clone();
        let served = thread::Builder::new().spawn(move || match serve(&client, &directory) {
            Ok(()) => {}
            Err(Error::OutputClosed) => stop(listen),
            Err(error) => console::note(format!("客户端 {address}：{error}")),
        });
        if let Err(error) = served {
            console::note(format!("客户端 {address}：没有线程可用：{error}"));
        }
    }
    drop(listener); // from now on the system refuses connections
    wait_for_clients();
    Ok(())
}

/// Serves one client: the body of the loop in the script's `main()`.
fn serve(client: &Client, directory: &Path) -> Result<(), Error> {
    let mut buffer = [0; LONGEST_NAME + 1];
    let name = peek_name(client, &mut buffer)?;
    console::print(format!("b\"{}\"", name.escape_ascii()))?;
    if let Some((file, length)) = get_file(directory, name)? {
        send_file(&client.socket, file, length)?;
    }
    close(&client.socket)
}

/// Reads the name and leaves it in the receive queue: see the top of this file.
///
/// The protocol does not say where a name ends. Like the script's, this server takes for the name
/// what has arrived first, up to a line end, which `nc` sends along.
fn peek_name<'a>(client: &Client, buffer: &'a mut [u8]) -> Result<&'a [u8], Error> {
    let seconds = NAME_LIMIT.as_secs();
    client
        .socket
        .set_read_timeout(Some(NAME_LIMIT))
        .context("设置接收时限")?;
    let peeked = client.socket.peek(buffer);
    if !client.has_spoken() {
        return Err(Error::Incomplete("没有发来文件名，让位给别的客户端".into()));
    }
    let length = match peeked {
        Err(error) if is_timeout(&error) => {
            return Err(Error::Incomplete(format!("{seconds} 秒内没有发来文件名")));
        }
        peeked => peeked.context("接收文件名")?,
    };
    let name = &buffer[..length];
    let name = name.strip_suffix(b"\n").unwrap_or(name);
    Ok(name.strip_suffix(b"\r").unwrap_or(name))
}

/// Opens a regular file inside `directory` and tells its length in bytes, or says why not.
fn open_inside(directory: &Path, name: &[u8]) -> Result<(File, u64), String> {
    if name.is_empty() {
        return Err("没有收到文件名".into());
    }
    if name.len() > LONGEST_NAME {
        return Err(format!("文件名超过 {LONGEST_NAME} 字节"));
    }
    let path = path_of(name)?;
    for component in path.components() {
        match component {
            Component::Normal(part) => {
                let part = part.to_string_lossy();
                if cfg!(windows) && file_name::is_special_on_windows(&part) {
                    return Err(format!("拒绝：{part:?} 在 Windows 上不是普通文件的名字"));
                }
            }
            Component::CurDir => {}
            _ => return Err(format!("拒绝：{path:?} 不是目录内的相对路径")),
        }
    }
    // `:?` writes quotes around the name, and `\n` for a line end that a hostile client has put there.
    let failed = |error: io::Error| format!("打不开 {path:?}：{error}");
    // Where the name really leads, with all links followed.
    let real = fs::canonicalize(directory.join(path)).map_err(failed)?;
    if !real.starts_with(directory) {
        return Err(format!("拒绝：{path:?} 指向目录之外"));
    }
    // Asked before opening: opening a pipe waits, and opening a device may do anything.
    if !fs::metadata(&real).map_err(failed)?.is_file() {
        return Err(format!("拒绝：{path:?} 不是普通文件"));
    }
    let file = File::open(&real).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    Ok((file, length))
}

/// The bytes of a name as a path. On Unix a file name is bytes, whatever their encoding.
#[cfg(unix)]
fn path_of(name: &[u8]) -> Result<&Path, String> {
    use std::os::unix::ffi::OsStrExt;
    Ok(Path::new(std::ffi::OsStr::from_bytes(name)))
}

/// The bytes of a name as a path: UTF-8, as the script's client sends it.
#[cfg(not(unix))]
fn path_of(name: &[u8]) -> Result<&Path, String> {
    let name = std::str::from_utf8(name).map_err(|_| "文件名不是 UTF-8".to_string())?;
    Ok(Path::new(name))
}

/// The directory with all links followed, so that its name is the beginning of the name of everything
/// inside it.
fn real_directory(directory: &OsStr) -> Result<PathBuf, Error> {
    let real = fs::canonicalize(directory).and_then(|real| fs::read_dir(&real).map(|_| real));
    real.map_err(|error| {
        let directory = directory.to_string_lossy();
        Error::Input(format!("目录 {directory} 打不开：{error}"))
    })
}

/// Sends `length` bytes of `file`, a block at a time.
fn send_file(mut client: &TcpStream, file: File, length: u64) -> Result<(), Error> {
    client
        .set_write_timeout(Some(SEND_LIMIT))
        .context("设置发送时限")?;
    // What is appended to the file from now on is not part of this download.
    let mut blocks = BufReader::with_capacity(BLOCK, file.take(length));
    let sent = match io::copy(&mut blocks, &mut client) {
        Ok(sent) => sent,
        Err(error) if is_timeout(&error) => {
            let seconds = SEND_LIMIT.as_secs();
            return Err(Error::Incomplete(format!(
                "{seconds} 秒没有接收数据，下载中断"
            )));
        }
        Err(error) => return Err(error).context("发送文件"),
    };
    // Returning an error leaves the name in the queue, so the client sees a reset.
    if sent < length {
        return Err(Error::Incomplete(format!(
            "文件在发送时变短了（{length} 字节只剩 {sent} 字节），下载中断"
        )));
    }
    Ok(())
}

/// Ends the connection in an orderly way: whatever has been sent so far was everything.
fn close(mut client: &TcpStream) -> Result<(), Error> {
    // From here on the receive queue is emptied, beginning with the name, until the client closes
    // as well. A byte that came later would again turn the close into a reset, and a reset can
    // overtake the end of the file.
    let deadline = Instant::now() + CLOSE_LIMIT;
    let mut rest = [0; LONGEST_NAME + 1];
    client
        .set_read_timeout(Some(CLOSE_LIMIT))
        .context("设置接收时限")?;
    let mut length = client.read(&mut rest).context("取出文件名")?;
    client.shutdown(Shutdown::Write).context("关闭连接")?;
    while length > 0 && Instant::now() < deadline {
        length = client.read(&mut rest).unwrap_or(0);
    }
    Ok(())
}

/// How many clients can be served: as many as there are pairs of free descriptors, up to
/// [`MOST_CLIENTS`]. The standard library cannot tell the limit; Linux tells it in a file.
fn room() -> usize {
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
    (free / 2).clamp(1, MOST_CLIENTS)
}

/// What all threads know of the clients.
struct Clients {
    /// How many are being served.
    served: usize,
    /// Those of them that have sent no name yet, and since when, the oldest first.
    silent: VecDeque<(Instant, Arc<TcpStream>)>,
    /// No more clients are to be accepted.
    stopping: bool,
}

static CLIENTS: Mutex<Clients> = Mutex::new(Clients {
    served: 0,
    silent: VecDeque::new(),
    stopping: false,
});

/// Told whenever a client is gone, and when the server is to stop.
static CHANGED: Condvar = Condvar::new();

fn clients() -> MutexGuard<'static, Clients> {
    CLIENTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A client that is being served. Its socket is closed first, then its place is free: fields are
/// dropped in this order.
struct Client {
    socket: Arc<TcpStream>,
    _place: Place,
}

impl Client {
    /// Gives `socket` one of the `most` places, as soon as there is one. When all are taken, the
    /// client that has been silent for longest makes way after [`BUSY_NAME_LIMIT`]: whoever connects
    /// and says nothing, however often, holds up nobody. `None`: the server is to stop.
    fn admit(socket: TcpStream, most: usize) -> Option<Client> {
        let socket = Arc::new(socket);
        let mut clients = clients();
        while clients.served >= most && !clients.stopping {
            let silence = clients.silent.front().map(|(since, _)| since.elapsed());
            let wait = match silence.map(|silence| BUSY_NAME_LIMIT.saturating_sub(silence)) {
                Some(Duration::ZERO) => {
                    if let Some((_, silent)) = clients.silent.pop_front() {
                        let _ = silent.shutdown(Shutdown::Both); // wakes its thread
                    }
                    BUSY_NAME_LIMIT
                }
                Some(rest) => rest,
                None => SEND_LIMIT,
            };
            let waited = CHANGED.wait_timeout(clients, wait);
            (clients, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        if clients.stopping {
            return None;
        }
        clients.served += 1;
        clients.silent.push_back((Instant::now(), socket.clone()));
        Some(Client {
            socket,
            _place: Place,
        })
    }

    /// Notes that this client is silent no more. `false`: it had to make way in the meantime.
    fn has_spoken(&self) -> bool {
        let mut clients = clients();
        let before = clients.silent.len();
        clients
            .silent
            .retain(|(_, silent)| !Arc::ptr_eq(silent, &self.socket));
        clients.silent.len() < before
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.has_spoken(); // nobody shall wait for it any more
    }
}

/// One of the places that [`room`] has found. Dropping it frees it.
struct Place;

impl Drop for Place {
    fn drop(&mut self) {
        clients().served -= 1;
        CHANGED.notify_all();
    }
}

/// Ends the loop in [`file_server`]: the first Ctrl-C does it.
fn stop(listen: SocketAddr) {
    {
        let mut clients = clients();
        clients.stopping = true;
        for (_, silent) in clients.silent.drain(..) {
            let _ = silent.shutdown(Shutdown::Both); // nothing to wait for there
        }
        CHANGED.notify_all();
    }
    interrupt::note("停止接受连接，等待正在进行的下载结束，再按一次 Ctrl-C 立即结束");
    // Nothing but a connection wakes `accept`, so connect: not to 0.0.0.0, which is no destination
    // on Windows, but to this machine.
    let ip = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let _ = TcpStream::connect_timeout(&SocketAddr::new(ip, listen.port()), ACCEPT_PAUSE);
}

/// Waits until every client is gone, [`STOP_LIMIT`] at most. What is still running after that is cut
/// off by the end of the program, and looks so to the client.
fn wait_for_clients() {
    let (clients, _) = CHANGED
        .wait_timeout_while(clients(), STOP_LIMIT, |clients| clients.served > 0)
        .unwrap_or_else(PoisonError::into_inner);
    if clients.served > 0 {
        console::note(format!("还有 {} 个下载没有结束，中断", clients.served));
    }
}

//! A client: its request, which is peeked at first and consumed last, its file, and the end.
//!
//! The protocol has no length, so the end of the connection is the end of the file, and a crash of
//! the server would look like it. TCP has two ways to end a connection, though. Closing a socket
//! whose receive queue is empty sends FIN: an orderly end. Closing a socket that still has unread
//! bytes sends RST, a reset, on Linux, macOS and Windows (RFC 9293, SHLD-3; the BSDs send FIN).
//!
//! So the client's name is at first only *peeked* at: read, but left in the receive queue. It is
//! taken out after the last byte of the file has been handed to the kernel. Whatever ends this
//! program in the middle of a file, even `kill -9` or a crash, the kernel closes the socket with the
//! name still in it, and the client sees a reset. An orderly close means a whole file, and not a byte
//! on the wire has changed.
//!
//! A client's time is limited, so its socket never blocks: a call does what can be done now, and its
//! thread looks again a little later. A `write` that blocks would not do. Under Linux it sleeps until
//! a third of the send buffer is free, so at 10 KB a second it tells nothing for minutes and looks
//! like a dead one; and after a timeout nobody knows on Windows how much of it was sent.

use crate::directory::OpenFile;
use crate::places::Place;
use crate::shutdown::Shutdown;
use common::file_name::MAX_NAME_LEN;
use common::{Context, Error, console, explain};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::net::{self, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait for a name: time enough to type one into `nc`. It counts from the beginning of
/// the connection, so that sending it byte by byte gains nothing.
const NAME_TIMEOUT: Duration = Duration::from_secs(30);

/// The same while others wait for a place: more than the second after which TCP repeats a segment that
/// was lost.
const NAME_TIMEOUT_CROWDED: Duration = Duration::from_secs(3);

/// How long a client may take nothing. A slow reader looks idle for long: its kernel reports new room
/// in large steps, of up to 128 KiB on Linux, so at 2 KB a second it is a minute from one to the next.
const DATA_TIMEOUT: Duration = Duration::from_secs(90);

/// How long a client may take for one [`BLOCK`] while others wait for a place: with steps of 128 KiB,
/// less than 26 KB a second is too slow then.
const BLOCK_TIMEOUT_CROWDED: Duration = Duration::from_secs(5);

/// How long to wait, after the last byte, for the client to close as well.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// How much of a file is in memory at a time, for each client: large enough that system calls cost
/// little beside the copying, small enough for all clients together.
const BLOCK: usize = 64 * 1024;

/// How long to wait before looking again: a moment first, as long as a person does not notice at
/// last. The kernel has enough to send meanwhile.
const PAUSE: [Duration; 2] = [Duration::from_micros(50), Duration::from_millis(100)];

/// A client that has a place. Dropping it closes its socket and frees the place, in this order: the
/// order of the fields.
///
/// For an example see [`Server`](crate::Server).
pub struct Client {
    socket: TcpStream,
    address: SocketAddr,
    accepted: Instant,
    _place: Place,
    shutdown: Shutdown,
}

impl Client {
    /// A client whose socket does not block.
    pub(crate) fn new(socket: TcpStream, address: SocketAddr, shutdown: &Shutdown) -> Client {
        let (_place, shutdown) = (shutdown.places.take(), shutdown.clone());
        Client { socket, address, accepted: Instant::now(), _place, shutdown }
    }

    /// Runs `serve` for this client on a thread of its own. Errors are reported with the client's
    /// address; a standard output that nobody reads any more stops the server.
    pub fn serve(self, serve: impl FnOnce(&Client) -> Result<(), Error> + Send + 'static) {
        let address = self.address;
        let work = move || match serve(&self) {
            Ok(()) => {}
            Err(Error::OutputClosed) => {
                self.shutdown.stop("标准输出已关闭，等待正在进行的下载结束");
            }
            Err(error) => console::note(format!("客户端 {address}：{error}")),
        };
        if let Err(reason) = thread::Builder::new().spawn(work) {
            console::note(format!("客户端 {address}：无法创建线程：{}", explain(&reason)));
        }
    }

    /// Peeks at the name and leaves it in the receive queue: see the top of this module.
    ///
    /// The protocol does not say where a name ends. Like the script's, this server takes for the name
    /// what has arrived first, up to a line end, which `nc` sends along.
    ///
    /// # Errors
    /// Those of [`request`](Client::request).
    pub fn peek_name(&self) -> Result<Vec<u8>, Error> {
        let mut name = vec![0; MAX_NAME_LEN + 1];
        let length = self.request(|socket| socket.peek(&mut name))?;
        let name = &name[..length];
        let line = name.strip_suffix(b"\r\n").or(name.strip_suffix(b"\n"));
        Ok(line.unwrap_or(name).to_vec())
    }

    /// Makes a call that receives something of the request, again and again until something has come.
    ///
    /// # Errors
    /// [`Error::Fatal`] where nothing has come in time, [`Error::Failed`] where the connection is
    /// broken.
    pub fn request<T>(
        &self,
        mut receive: impl FnMut(&TcpStream) -> io::Result<T>,
    ) -> Result<T, Error> {
        let check = || {
            let others_waited = self.shutdown.others_waited(self.accepted);
            let end = self.shutdown.is_stopping().then(|| "没有发来文件名，服务器正在结束".into());
            let alone = late(self.accepted.elapsed(), NAME_TIMEOUT, "没有发来文件名");
            let crowded = late(others_waited, NAME_TIMEOUT_CROWDED, "没有发来文件名（名额已满）");
            end.or(alone).or(crowded)
        };
        wait("接收文件名", || receive(&self.socket), check)
    }

    /// Sends all of `data`, at most a block.
    ///
    /// # Errors
    /// [`Error::Fatal`] where the client takes nothing, or takes it too slowly while others wait;
    /// [`Error::Failed`] where the connection is broken.
    pub fn send(&self, mut data: &[u8]) -> Result<(), Error> {
        let begun = Instant::now();
        while !data.is_empty() {
            let last_taken = Instant::now();
            let check = || {
                let others_waited = self.shutdown.others_waited(begun);
                let alone = late(last_taken.elapsed(), DATA_TIMEOUT, "没有接收数据");
                let missing = "没有接收完 64 KiB（名额已满）";
                alone.or(late(others_waited, BLOCK_TIMEOUT_CROWDED, missing))
            };
            let sent = wait("发送", || (&self.socket).write(data), check)?;
            data = &data[sent..];
        }
        Ok(())
    }

    /// Sends the bytes of `file`, from where it stands to its end, a block at a time.
    ///
    /// # Errors
    /// Those of [`send`](Client::send), and [`Error::Fatal`] where the file has changed since it
    /// was opened: then the last block is not sent.
    pub fn send_file(&self, file: OpenFile) -> Result<(), Error> {
        self.send_blocks(file).inspect_err(|_| self.shutdown.cut_off())
    }

    fn send_blocks(&self, mut opened: OpenFile) -> Result<(), Error> {
        let position = opened.file.stream_position().context("读取文件")?;
        // What is appended to the file from now on is not sent.
        let mut rest = (&opened.file).take(opened.length.saturating_sub(position));
        let mut block = vec![0; BLOCK];
        loop {
            let length = rest.read(&mut block).context("读取文件")?;
            let is_last = length == 0 || rest.limit() == 0;
            // All of it has been read now, so this is the moment to look; and whoever counts bytes
            // must not get the last ones of a file that is partly old and partly new.
            if is_last && !opened.is_unchanged().context("查看文件")? {
                return Err(Error::Fatal("文件在发送时被改动，下载中断".into()));
            }
            self.send(&block[..length])?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Takes the name out of the receive queue and ends the connection in an orderly way: whatever
    /// has been sent so far was everything. Then waits until the client closes as well, for two
    /// seconds at most.
    ///
    /// A byte that is unread when the socket is closed, or comes later, would turn the close into a
    /// reset, and a reset can overtake the end of what has been sent.
    ///
    /// # Errors
    /// [`Error::Failed`] where the connection is broken already.
    pub fn consume_name(&self) -> Result<(), Error> {
        let mut taken = [0; MAX_NAME_LEN + 1];
        let mut take = || (&self.socket).read(&mut taken);
        let _ = take(); // of a broken connection the next line tells
        self.socket.shutdown(net::Shutdown::Write).context("关闭连接")?;
        let closed = Instant::now();
        let check = || late(closed.elapsed(), CLOSE_TIMEOUT, "没有关闭连接");
        while wait("接收", &mut take, check).is_ok_and(|length| length > 0) {}
        Ok(())
    }
}

/// What is said of a client that has not done something within its time.
fn late(waited: Duration, limit: Duration, missing: &str) -> Option<String> {
    (waited >= limit).then(|| format!("{} 秒内{missing}", limit.as_secs()))
}

/// Makes `call` until it has done something, or `check` says why there is no more time for it.
fn wait<T>(
    tried: &str,
    mut call: impl FnMut() -> io::Result<T>,
    check: impl Fn() -> Option<String>,
) -> Result<T, Error> {
    let [mut pause, longest] = PAUSE;
    loop {
        if let Some(problem) = check() {
            return Err(Error::Fatal(format!("{problem}，断开连接")));
        }
        match call() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => return result.context(tried),
        }
        #[expect(clippy::disallowed_methods, reason = "a socket that does not block has no event")]
        thread::sleep(pause);
        pause = longest.min(2 * pause);
    }
}

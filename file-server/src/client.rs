//! A client: its request, which is peeked at first and consumed last, its file, and the end.
//!
//! The protocol has no length, so the end of the connection is the end of the file, and a crash of
//! the server would look like it. TCP has two ways to end a connection, though. Closing a socket
//! whose receive queue is empty sends FIN: an orderly end. Closing a socket that still has unread
//! bytes sends RST: a reset.
//!
//! So the client's name is at first only *peeked* at: read, but left in the receive queue. It is
//! taken out after the last byte of the file has been handed to the kernel. Whatever ends this
//! program in the middle of a file, even `kill -9` or a crash, the kernel closes the socket with the
//! name still in it, and the client sees a reset. An orderly close means a whole file, and not a byte
//! on the wire has changed.

use crate::directory::OpenFile;
use crate::places::Place;
use common::file_name::MAX_NAME_LEN;
use common::{Context, Error, console, explain, is_timeout, retry_interrupted};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// How often a client's thread looks whether its time is up: every call on its socket returns after
/// this time at the latest.
const TICK: Duration = Duration::from_secs(1);

/// Something that a client is waited for.
struct Step {
    /// In words that fit behind 无法.
    tried: &'static str,
    /// What is said when the client's time is up.
    missing: &'static str,
    /// How long the client may take: while places are free, and while none is.
    patience: [Duration; 2],
    /// Whether it is the request. Its time counts from the beginning of the connection, so that
    /// sending it byte by byte gains nothing; and after the first Ctrl-C it comes too late.
    is_request: bool,
}

/// The request: time enough to type a name into `nc`.
const REQUEST: Step = Step {
    tried: "接收文件名",
    missing: "没有发来文件名",
    patience: [Duration::from_secs(30), Duration::from_secs(1)],
    is_request: true,
};

/// The next bytes that wait to be sent: as long as the client takes some, it may go on. A slow reader
/// looks idle for long: its kernel reports new room in large steps, of up to 128 KiB on Linux, so at
/// 2 KB a second it is a minute from one to the next.
const DATA: Step = Step {
    tried: "发送",
    missing: "没有接收数据",
    patience: [Duration::from_secs(90), Duration::from_secs(3)],
    is_request: false,
};

/// How long to wait, after the last byte, for the client to close as well.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// How much of a file is in memory at a time, for each client: large enough that system calls cost
/// little beside the copying, small enough for all clients together.
const BLOCK: usize = 128 * 1024;

/// A client that has a place. Dropping it closes its socket and frees the place, in this order: the
/// order of the fields.
///
/// For an example see [`Places::new`](crate::Places::new).
pub struct Client {
    socket: TcpStream,
    address: SocketAddr,
    accepted: Instant,
    place: Place,
}

impl Client {
    pub(crate) fn new(socket: TcpStream, address: SocketAddr, place: Place) -> Client {
        Client { socket, address, accepted: Instant::now(), place }
    }

    /// Runs `serve` for this client on a thread of its own. An error is told, with the address of
    /// the client; a standard output that nobody reads any more stops the server.
    pub fn serve(self, serve: impl FnOnce(&Client) -> Result<(), Error> + Send + 'static) {
        let address = self.address;
        let served =
            thread::Builder::new().spawn(move || match self.tick().and_then(|()| serve(&self)) {
                Ok(()) => {}
                Err(Error::OutputClosed) => {
                    let places = self.place.0.clone();
                    drop(self);
                    places.stop("标准输出已关闭，等待正在进行的下载结束");
                }
                Err(error) => console::note(format!("客户端 {address}：{error}")),
            });
        if let Err(reason) = served {
            console::note(format!("客户端 {address}：无法创建线程：{}", explain(&reason)));
        }
    }

    fn tick(&self) -> Result<(), Error> {
        let reads = self.socket.set_read_timeout(Some(TICK));
        let writes = self.socket.set_write_timeout(Some(TICK));
        reads.and(writes).context("设置超时")
    }

    /// Peeks at the name and leaves it in the receive queue: see the top of this module.
    ///
    /// The protocol does not say where a name ends. Like the script's, this server takes for the name
    /// what has arrived first, up to a line end, which `nc` sends along.
    ///
    /// # Errors
    /// [`Error::Fatal`] where none has come in time, [`Error::Failed`] where the connection is
    /// broken.
    pub fn peek_name(&self) -> Result<Vec<u8>, Error> {
        let mut name = vec![0; MAX_NAME_LEN + 1];
        let peeked = self.wait(&REQUEST, || self.socket.peek(&mut name));
        name.truncate(peeked?);
        if name.ends_with(b"\n") {
            name.pop();
            if name.ends_with(b"\r") {
                name.pop();
            }
        }
        Ok(name)
    }

    /// Receives more of a request, and takes it out of the receive queue: at most as much as `buffer`
    /// has room for, nothing at the end of the connection.
    ///
    /// # Errors
    /// Those of [`peek_name`](Client::peek_name).
    pub fn receive(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        self.wait(&REQUEST, || (&self.socket).read(buffer))
    }

    /// Sends the whole of `data`.
    ///
    /// # Errors
    /// [`Error::Fatal`] where the client has stopped taking it, [`Error::Failed`] where the
    /// connection is broken.
    pub fn send(&self, mut data: &[u8]) -> Result<(), Error> {
        while !data.is_empty() {
            let sent = self.wait(&DATA, || (&self.socket).write(data))?;
            data = &data[sent..];
        }
        Ok(())
    }

    /// Sends the bytes of `file` from `offset` to its end, a block at a time.
    ///
    /// # Errors
    /// Those of [`send`](Client::send), and [`Error::Fatal`] where the file has changed since it
    /// was opened: then the last block is not sent.
    pub fn send_file(&self, mut opened: OpenFile, offset: u64) -> Result<(), Error> {
        // Behind its end there is nothing, and no system seeks as far as an offset can say.
        let offset = offset.min(opened.stamp.length);
        opened.file.seek(SeekFrom::Start(offset)).context("读取文件")?;
        // What is appended to the file from now on is not sent.
        let mut rest = (&opened.file).take(opened.stamp.length - offset);
        let mut block = vec![0; BLOCK];
        loop {
            let length = rest.read(&mut block).context("读取文件")?;
            let is_last = length == 0 || rest.limit() == 0;
            // All of it has been read now, so this is the moment to look; and whoever counts bytes
            // must not get the last ones of a file that is partly old and partly new.
            if is_last && !opened.is_unchanged().context("查看文件")? {
                let problem = "文件在发送时被改动，下载中断";
                return Err(Error::Fatal(problem.into()));
            }
            self.send(&block[..length])?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Takes the name out of the receive queue and ends the connection in an orderly way: whatever
    /// has been sent so far was everything.
    ///
    /// # Errors
    /// [`Error::Failed`] where the connection is broken already.
    pub fn consume_name(&self) -> Result<(), Error> {
        let mut name = [0; MAX_NAME_LEN + 1];
        retry_interrupted(|| (&self.socket).read(&mut name)).context("取出文件名")?;
        self.close()
    }

    /// Ends the connection in an orderly way: sends FIN, then takes what still comes until the client
    /// closes as well, for two seconds at most.
    ///
    /// A byte that is unread when the socket is closed, or comes later, would turn the close into a
    /// reset, and a reset can overtake the end of what has been sent.
    ///
    /// # Errors
    /// [`Error::Failed`] where the connection is broken already.
    pub fn close(&self) -> Result<(), Error> {
        self.socket.shutdown(Shutdown::Write).context("关闭连接")?;
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        let mut rest = [0; 1024];
        while Instant::now() < deadline {
            match retry_interrupted(|| (&self.socket).read(&mut rest)) {
                Err(error) if is_timeout(&error) => {}
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
        Ok(())
    }

    /// Makes a call on the socket again as long as it returns for want of time and the client's time
    /// is not up.
    fn wait<T>(&self, step: &Step, mut call: impl FnMut() -> io::Result<T>) -> Result<T, Error> {
        let begun = match step.is_request {
            true => self.accepted,
            false => Instant::now(),
        };
        loop {
            let places = &self.place.0;
            let are_taken = places.are_taken();
            let limit = step.patience[usize::from(are_taken)];
            if begun.elapsed() >= limit {
                let (seconds, missing) = (limit.as_secs(), step.missing);
                let why = if are_taken { "（名额已满）" } else { "" };
                let problem = format!("{seconds} 秒内{missing}{why}，断开连接");
                return Err(Error::Fatal(problem));
            }
            if places.is_stopping() && step.is_request {
                let problem = format!("{}，服务器正在结束，断开连接", step.missing);
                return Err(Error::Fatal(problem));
            }
            match retry_interrupted(&mut call) {
                Err(error) if is_timeout(&error) => {}
                result => return result.context(step.tried),
            }
        }
    }
}

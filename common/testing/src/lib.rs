//! Runs the programs as a user does: as processes, with something at their other end. For tests and
//! benchmarks only.
//!
//! Every wait ends after [`DEADLINE`] at the latest, and says then what had been seen so far.

use common::retry_interrupted;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

pub mod bench;
pub mod exercise;

pub use tempfile::{TempDir, tempdir};

/// How long anything may take before it counts as hanging. Far more than it needs, so that a busy
/// machine fails no test.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// How long a caller with several programs looks after one of them.
const LITTLE: Duration = Duration::from_millis(50);

/// What has come out of one of a program's streams so far.
#[derive(Default)]
struct Output {
    state: Mutex<(Vec<u8>, bool)>,
    changed: Condvar,
}

impl Output {
    fn collect(mut stream: impl Read + Send + 'static) -> Arc<Output> {
        let output = Arc::new(Output::default());
        let collected = output.clone();
        thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            loop {
                let length = stream.read(&mut buffer).unwrap_or(0);
                let mut state = collected.state.lock().unwrap();
                state.0.extend_from_slice(&buffer[..length]);
                state.1 = length == 0;
                collected.changed.notify_all();
                if length == 0 {
                    return;
                }
            }
        });
        output
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.state.lock().unwrap().0).into_owned()
    }

    /// Waits until `found` returns something for the text so far; `None` at the deadline or the end.
    fn wait_for<T>(&self, found: impl Fn(&str, bool) -> Option<T>) -> Option<T> {
        self.wait_within(DEADLINE, found)
    }

    fn wait_within<T>(
        &self,
        limit: Duration,
        found: impl Fn(&str, bool) -> Option<T>,
    ) -> Option<T> {
        let state = self.state.lock().unwrap();
        let look = |state: &(Vec<u8>, bool)| found(&String::from_utf8_lossy(&state.0), state.1);
        let (state, _) = self
            .changed
            .wait_timeout_while(state, limit, |state| look(state).is_none() && !state.1)
            .unwrap();
        look(&state)
    }
}

/// A program that is running. Dropping it kills it.
pub struct Program {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    out: Option<Arc<Output>>,
    err: Arc<Output>,
}

/// How a program has ended, and all that it said.
#[derive(Debug)]
pub struct Ended {
    /// The exit status; `None` where a signal has killed it.
    pub status: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ended {
    /// It has ended with status 0, and with so many notes on standard error.
    #[track_caller]
    pub fn check_quiet(&self, notes: usize) {
        let seen = (self.status, self.err.lines().count());
        assert_eq!(seen, (Some(0), notes), "{self:?}");
    }

    /// It has failed at work before it could show anything: status 1, and a line that tells why.
    #[track_caller]
    pub fn check_failed(&self, problem: &str) {
        assert_eq!((self.status, self.out.as_str()), (Some(1), ""), "{self:?}");
        assert!(self.err.starts_with(problem), "{self:?}");
    }
}

impl Program {
    /// Starts the executable `exe` (`env!("CARGO_BIN_EXE_…")`).
    pub fn start(exe: &str, arguments: &[&str]) -> Program {
        let mut command = Command::new(exe);
        command.args(arguments);
        Program::spawn(command)
    }

    /// The same, in the directory `directory`.
    pub fn start_in(directory: &Path, exe: &str, arguments: &[&str]) -> Program {
        let mut command = Command::new(exe);
        command.args(arguments).current_dir(directory);
        Program::spawn(command)
    }

    /// Starts a Python peer, or says that there is no Python and returns `None`. With the
    /// environment variable `CI` set, a missing Python is a failure.
    pub fn python(source: &str, arguments: &[&str]) -> Option<Program> {
        let mut command = python()?;
        command.arg("-c").arg(source).args(arguments);
        Some(Program::spawn(command))
    }

    /// Starts `command` with its three streams connected to the test.
    pub fn spawn(mut command: Command) -> Program {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let name = format!("{command:?}").chars().take(200).collect();
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Program {
            name,
            input: child.stdin.take(),
            out: child.stdout.take().map(Output::collect),
            err: Output::collect(child.stderr.take().unwrap()),
            child,
        }
    }

    /// Starts the executable `exe` with a standard output that nobody reads, as under `| head -0`.
    pub fn start_unread(exe: &str, arguments: &[&str]) -> Program {
        let mut command = Command::new(exe);
        command.args(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(unread())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        Program {
            name: format!("{command:?} without a reader"),
            input: child.stdin.take(),
            out: None,
            err: Output::collect(child.stderr.take().unwrap()),
            child,
        }
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) {
        self.type_bytes(format!("{line}\n").as_bytes());
    }

    /// Types bytes, without a line end. A program that has ended does not see them.
    pub fn type_bytes(&mut self, bytes: &[u8]) {
        let _ = self
            .input
            .as_mut()
            .expect("the input has ended")
            .write_all(bytes);
    }

    /// Ends the input: Ctrl-D.
    pub fn end_input(&mut self) {
        self.input = None;
    }

    /// What standard output has shown so far.
    pub fn shown(&self) -> String {
        self.out.as_ref().map(|out| out.text()).unwrap_or_default()
    }

    /// What standard error has shown so far.
    pub fn noted(&self) -> String {
        self.err.text()
    }

    /// Waits until standard output shows `text`.
    #[track_caller]
    pub fn expect(&self, text: &str) {
        let out = self.out.as_ref().expect("nobody reads the output");
        if out
            .wait_for(|shown, _| shown.contains(text).then_some(()))
            .is_none()
        {
            self.fail(&format!("standard output never showed {text:?}"));
        }
    }

    /// Waits until standard output shows what `found` looks for, but not long: for a caller that has
    /// other programs to look after. Returns what has been shown.
    pub fn wait_a_little(&self, found: impl Fn(&str) -> bool) -> String {
        let out = self.out.as_ref().expect("nobody reads the output");
        out.wait_within(LITTLE, |shown, _| found(shown).then_some(()));
        self.shown()
    }

    /// Waits until `found` finds something in what standard output shows.
    pub fn wait_a_while<T>(&self, found: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.out.as_ref()?.wait_for(|shown, _| found(shown))
    }

    /// Waits until standard error shows `text`.
    #[track_caller]
    pub fn expect_note(&self, text: &str) {
        if self
            .err
            .wait_for(|shown, _| shown.contains(text).then_some(()))
            .is_none()
        {
            self.fail(&format!("standard error never showed {text:?}"));
        }
    }

    /// The address that the first line of standard error tells, as this machine reaches it.
    #[track_caller]
    pub fn address(&self) -> SocketAddr {
        match self.find_address(DEADLINE) {
            Some(address) => address,
            None => self.fail("the first line of standard error tells no address"),
        }
    }

    fn find_address(&self, limit: Duration) -> Option<SocketAddr> {
        let mut address = self.err.wait_within(limit, |shown, _| {
            let (line, _) = shown.split_once('\n')?;
            line.split_whitespace()
                .find_map(|word| word.parse::<SocketAddr>().ok())
        })?;
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        Some(address)
    }

    /// Sends a signal: `INT` is Ctrl-C.
    #[cfg(unix)]
    pub fn signal(&self, signal: &str) {
        let id = self.id().to_string();
        let sent = Command::new("sh")
            .args(["-c", "kill -$0 $1", signal, &id])
            .status()
            .unwrap();
        assert!(sent.success(), "kill -{signal} {id}: {sent}");
    }

    /// Waits until the program ends.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        match self.end_before(DEADLINE) {
            Some(ended) => ended,
            None => self.fail("it does not end"),
        }
    }

    fn end_before(&mut self, limit: Duration) -> Option<Ended> {
        // A process that has ended has closed its streams, so their ends can be waited for.
        for output in self.out.iter().chain([&self.err]) {
            output.wait_within(limit, |_, ended| ended.then_some(()))?;
        }
        self.input = None;
        Some(Ended {
            status: self.child.wait().unwrap().code(),
            out: self.shown(),
            err: self.noted(),
        })
    }

    /// Kills the program.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    #[track_caller]
    fn fail(&self, problem: &str) -> ! {
        panic!(
            "{}: {problem}\n--- standard output so far:\n{}\n--- standard error so far:\n{}",
            self.name,
            self.shown(),
            self.noted()
        )
    }
}

/// An output whose other end is closed before the program starts, so that not even its first line
/// finds a reader.
#[cfg(unix)]
fn unread() -> Stdio {
    let (writer, reader) = std::os::unix::net::UnixStream::pair().unwrap();
    drop(reader);
    Stdio::from(std::os::fd::OwnedFd::from(writer))
}

/// Elsewhere a pipe, whose other end is closed right after the start.
#[cfg(not(unix))]
fn unread() -> Stdio {
    Stdio::piped()
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
        // No program panics, not even in a thread whose end nobody notices.
        if !thread::panicking() && self.noted().contains(" panicked at ") {
            self.fail("it has panicked");
        }
    }
}

/// The directory of the workspace.
pub fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap()
}

/// Builds `what` with the cargo that runs this test or benchmark, and in the same profile. Returns
/// the directory of the executables.
pub fn build(what: &[&str]) -> PathBuf {
    let test = std::env::current_exe().unwrap(); // target/debug/deps/exercises-…
    let built = test.ancestors().nth(2).unwrap();
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet"]).args(what);
    match built.file_name().and_then(|profile| profile.to_str()) {
        Some("debug") | None => {}
        Some(profile) => drop(build.args(["--profile", profile])),
    }
    build.current_dir(root()).stdin(Stdio::null());
    match build.status() {
        Ok(status) => assert!(status.success(), "{build:?}: {status}"),
        Err(error) if !cfg!(windows) => panic!("{build:?}: {error}"),
        Err(_) => {} // tests built elsewhere may run there without a cargo, beside what they test
    }
    built.to_path_buf()
}

/// The executable of an example.
pub fn example(package: &str, name: &str) -> PathBuf {
    let built = build(&["--package", package, "--example", name]);
    built.join("examples").join(executable(name))
}

/// The executable of another program of this workspace.
pub fn sibling(name: &str) -> PathBuf {
    build(&["--package", name]).join(executable(name))
}

fn executable(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

/// `python3`, unbuffered and in UTF-8, or a note that it is missing and `None`.
pub fn python() -> Option<Command> {
    let found = Command::new("python3").arg("--version").output();
    if !found.is_ok_and(|version| version.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "python3 is missing");
        eprintln!("python3 is missing: skipped");
        return None;
    }
    let mut command = Command::new("python3");
    command.arg("-u").env("PYTHONIOENCODING", "utf-8");
    Some(command)
}

/// Waits for `work`, done on a thread of its own.
#[track_caller]
pub fn within_deadline<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    match within(DEADLINE, work) {
        Some(result) => result,
        None => panic!("{what}: nothing after {DEADLINE:?}"),
    }
}

/// The same, for a limit of the caller's; `None`: it has passed.
fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, wait) = mpsc::channel();
    let worker = thread::spawn(move || done.send(work()));
    match wait.recv_timeout(limit) {
        Ok(result) => Some(result),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => match worker.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(_) => unreachable!(),
        },
    }
}

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
pub fn read_all(mut socket: &TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).map(|_| bytes)
}

/// Closes a connection with a reset: what its peer has sent must still be unread, which is waited
/// for here.
pub fn reset(socket: TcpStream) {
    retry_interrupted(|| socket.peek(&mut [0])).unwrap();
    drop(socket);
}

/// What every program does with `--help`, with a wrong option and with too many arguments.
pub fn check_command_line(exe: &str, usage: &str, most: usize) {
    for option in ["--help", "-h"] {
        let help = Program::start(exe, &[option]).end();
        assert_eq!((help.status, help.err.as_str()), (Some(0), ""), "{help:?}");
        assert!(
            help.out.starts_with(&format!("用法: {usage}\n")),
            "{help:?}"
        );
        assert!(
            help.out.contains("\n例如: ") && help.out.contains("[IPV6]:PORT"),
            "{help:?}"
        );
    }
    check_refused(exe, usage, &["--nonsense"], "没有 --nonsense 这个选项");
    let many = vec!["127.0.0.1:9"; most + 1];
    check_refused(
        exe,
        usage,
        &many,
        &format!("参数太多：最多 {most} 个，127.0.0.1:9 是多出来的"),
    );
}

/// A wrong argument: one line that says what is wrong with it, the usage, status 2.
#[track_caller]
pub fn check_refused(exe: &str, usage: &str, arguments: &[&str], problem: &str) {
    let ended = Program::start(exe, arguments).end();
    let lines: Vec<&str> = ended.err.lines().collect();
    assert_eq!(
        (ended.status, ended.out.as_str()),
        (Some(2), ""),
        "{arguments:?}: {ended:?}"
    );
    assert!(lines[0].starts_with(problem), "{arguments:?}: {ended:?}");
    assert_eq!(
        lines[1],
        format!("用法: {usage}"),
        "{arguments:?}: {ended:?}"
    );
}

/// The addresses that no program takes as a destination.
pub fn check_refused_remotes(exe: &str, usage: &str) {
    for (remote, problem) in [
        ("70000", "端口 70000 太大"),
        ("127.0.0.1:0", "端口 0 不能作为目的端口"),
        ("127.0.0.1:x", "端口 x 不是数字"),
        ("no-such-host.invalid:1", "找不到主机 no-such-host.invalid"),
        ("[::1", "地址 [::1 有误：缺少右方括号"),
        ("", "地址是空的"),
    ] {
        check_refused(exe, usage, &[remote], problem);
    }
}

/// The addresses that no program listens on.
pub fn check_refused_locals(exe: &str, usage: &str) {
    for (local, problem) in [
        ("65536", "端口 65536 太大"),
        ("a:b:c", "地址 a:b:c 有误：冒号太多"),
        ("no-such-host.invalid:1", "找不到主机 no-such-host.invalid"),
    ] {
        check_refused(exe, usage, &[local], problem);
    }
}

/// Ctrl-C, SIGTERM and SIGHUP end what `start` has brought to the place where it waits.
#[cfg(unix)]
pub fn check_signals(start: impl Fn() -> Program) {
    for signal in ["INT", "TERM", "HUP"] {
        let program = start();
        program.signal(signal);
        let ended = program.end();
        assert_eq!(ended.status, Some(0), "{signal}: {ended:?}");
        assert!(
            ended.err.ends_with("收到中断信号，程序结束\n"),
            "{signal}: {ended:?}"
        );
    }
}

//! Programs as processes: what goes into them, what comes out, and how they end.

#[cfg(unix)]
use crate::terminal;
use crate::{DEADLINE, Output, python};
use std::fs::File;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long a caller with several programs looks after one of them.
pub(crate) const LITTLE: Duration = Duration::from_millis(50);

/// The groups of the lines that are running.
static LINES: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// The groups of processes of all screens that are being played, for whoever must end them.
pub fn running_lines() -> Vec<u32> {
    LINES.lock().unwrap().clone()
}

/// A program that is running. Dropping it kills it.
pub struct Program {
    name: String,
    child: Child,
    /// What is typed goes here, and on to the program when it is ready to read it.
    input: Option<Sender<Vec<u8>>>,
    pub(crate) out: Option<Arc<Output>>,
    pub(crate) err: Arc<Output>,
    /// What writes into the program through pipes.
    feeders: Vec<Child>,
    /// Where what the program has started ends with it. (The drop of a `Subject` judges a panic then.)
    family: Option<Family>,
    /// The program's end of its terminal, if it has one.
    #[cfg(unix)]
    terminal: Option<File>,
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
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let name = format!("{command:?}").chars().take(200).collect();
        let mut child = launch(&mut command);
        let out = child.stdout.take().map(Output::collect);
        Program::new(name, child, out)
    }

    /// The same for a program that may start others and may panic: whatever it starts ends with it.
    pub(crate) fn spawn_with_family(mut command: Command) -> Program {
        // A backtrace takes long, and tells a student little.
        command.env_remove("RUST_BACKTRACE");
        #[cfg(unix)]
        let family = Family::around(&mut command);
        let mut program = Program::spawn(command);
        #[cfg(not(unix))]
        let family = Family { id: program.id() };
        program.family = Some(family);
        program
    }

    /// Where it has no standard error of its own, that goes to the same stream as its output.
    fn new(name: String, mut child: Child, out: Option<Arc<Output>>) -> Program {
        let err = child.stderr.take().map(Output::collect);
        Program {
            name,
            input: child.stdin.take().map(typing),
            err: err.or(out.clone()).unwrap(),
            out,
            child,
            feeders: vec![],
            family: None,
            #[cfg(unix)]
            terminal: None,
        }
    }

    /// Starts commands joined by pipes, each in a group of its own, as a shell does; all that they show
    /// is one stream. What the last one writes may go into a file.
    pub(crate) fn spawn_line(commands: Vec<Command>, file: Option<File>) -> Program {
        let name = format!("{commands:?}").chars().take(200).collect();
        let (screen, shown) = io::pipe().unwrap();
        let stream = || Stdio::from(shown.try_clone().unwrap());
        let mut last_output = Some(file.map_or_else(stream, Stdio::from));
        let mut left = commands.len();
        let mut started: Vec<Child> = Vec::new();
        for mut command in commands {
            left -= 1;
            let before = started.last_mut().and_then(|child| child.stdout.take());
            command.stdin(before.map_or_else(Stdio::piped, Stdio::from)).stderr(stream());
            command.stdout(last_output.take_if(|_| left == 0).unwrap_or_else(Stdio::piped));
            #[cfg(unix)]
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
            let child = launch(&mut command);
            LINES.lock().unwrap().push(child.id());
            started.push(child);
        }
        drop(shown);
        let last = started.pop().expect("no command");
        let mut program = Program::new(name, last, Some(Output::collect(screen)));
        if let Some(first) = started.first_mut() {
            program.input = first.stdin.take().map(typing);
        }
        program.feeders = started;
        program
    }

    /// Starts the executable `exe` with a terminal as its standard output.
    #[cfg(unix)]
    pub fn on_terminal(exe: &str, arguments: &[&str]) -> Program {
        let mut command = Command::new(exe);
        command.args(arguments);
        Program::spawn_on_terminal(command)
    }

    /// Starts `command` with a terminal as its standard output.
    #[cfg(unix)]
    pub fn spawn_on_terminal(mut command: Command) -> Program {
        let (screen, terminal) = terminal::open();
        let kept = terminal.try_clone().unwrap();
        command.stdin(Stdio::piped()).stdout(terminal).stderr(Stdio::piped());
        let child = launch(&mut command);
        let name = format!("{command:?} on a terminal");
        let mut program = Program::new(name, child, Some(Output::collect(screen)));
        program.terminal = Some(kept);
        program
    }

    /// Stops the output of the terminal, as Ctrl-S does: a program that writes to it waits.
    #[cfg(unix)]
    pub fn stop_terminal(&self) {
        let terminal = self.terminal.as_ref().expect("it has no terminal");
        rustix::termios::tcflow(terminal, rustix::termios::Action::OOff).unwrap();
    }

    /// Starts the executable `exe` with a standard output that nobody reads, as under `| head -0`.
    pub fn start_unread(exe: &str, arguments: &[&str]) -> Program {
        let mut command = Command::new(exe);
        command.args(arguments);
        // Not even its first line finds a reader. A process that another thread has just started has
        // one, until it runs its own program.
        let (_, mut unread) = io::pipe().unwrap();
        while unread.write(b"x").is_ok() {}
        command.stdin(Stdio::piped()).stdout(unread).stderr(Stdio::piped());
        let child = launch(&mut command);
        Program::new(format!("{command:?} without a reader"), child, None)
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The same of each process in a line, which is also the number of its group.
    pub(crate) fn ids(&self) -> impl Iterator<Item = u32> {
        self.feeders.iter().chain([&self.child]).map(Child::id)
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) {
        self.type_bytes(format!("{line}\n").as_bytes());
    }

    /// Types bytes, without a line end. A program that has ended does not see them.
    pub fn type_bytes(&mut self, bytes: &[u8]) {
        let input = self.input.as_ref().expect("the input has ended");
        let _ = input.send(bytes.to_vec());
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
        if !self.wait_within(DEADLINE, |shown| shown.contains(text)) {
            self.fail(&format!("标准输出一直没有出现 {text:?}"));
        }
    }

    /// Waits until standard output shows what `found` looks for, but not long: for a caller that has
    /// other programs to look after. Returns what has been shown.
    pub fn wait_a_little(&self, found: impl Fn(&str) -> bool) -> String {
        self.wait_within(LITTLE, found);
        self.shown()
    }

    /// Waits until `found` is true of what standard output shows; `false`: the limit has passed, or the
    /// output has ended.
    pub fn wait_within(&self, limit: Duration, found: impl Fn(&str) -> bool) -> bool {
        let out = self.out.as_ref().expect("nobody reads the output");
        let found = |shown: &str, _| found(shown).then_some(());
        out.wait_within(limit, found).is_some()
    }

    /// Waits until standard error shows `text`.
    #[track_caller]
    pub fn expect_note(&self, text: &str) {
        self.expect_note_within(DEADLINE, text);
    }

    /// The same, for a limit of the caller's.
    #[track_caller]
    pub fn expect_note_within(&self, limit: Duration, text: &str) {
        let found = |shown: &str, _| shown.contains(text).then_some(());
        if self.err.wait_within(limit, found).is_none() {
            self.fail(&format!("标准错误一直没有出现 {text:?}"));
        }
    }

    /// The address that the first line of standard error tells, as this machine reaches it.
    #[track_caller]
    pub fn address(&self) -> SocketAddr {
        match self.find_address(DEADLINE) {
            Some(address) => address,
            None => self.fail("标准错误的第一行没有给出地址"),
        }
    }

    pub(crate) fn find_address(&self, limit: Duration) -> Option<SocketAddr> {
        let mut address = self.err.wait_within(limit, |shown, _| {
            let (line, _) = shown.split_once('\n')?;
            address_in(line)
        })?;
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        Some(address)
    }

    /// Ctrl-C: SIGINT, or on Windows Ctrl-Break, which a console hands to one group of processes only.
    /// `false`: there is no way to press it, since that takes Python on Windows.
    pub fn interrupt(&self) -> bool {
        #[cfg(unix)]
        self.signal("INT");
        #[cfg(windows)]
        {
            let Some(mut python) = python() else { return false };
            let press =
                format!("import os, signal; os.kill({}, signal.CTRL_BREAK_EVENT)", self.id());
            let pressed = python.args(["-c", &press]).status().unwrap();
            assert!(pressed.success(), "{press}: {pressed}");
        }
        true
    }

    /// Sends a signal: `INT` is Ctrl-C.
    #[cfg(unix)]
    pub fn signal(&self, signal: &str) {
        let id = self.id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -$0 $1", signal, &id]).status().unwrap();
        assert!(sent.success(), "kill -{signal} {id}: {sent}");
    }

    /// Waits until the program ends.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        match self.end_before(DEADLINE) {
            Some(ended) => ended,
            None => self.fail("程序没有结束"),
        }
    }

    /// The same, for a limit of the caller's; `None`: it is still running.
    pub fn end_before(&mut self, limit: Duration) -> Option<Ended> {
        #[cfg(unix)]
        {
            self.terminal = None; // or its output would not end with the program
        }
        // A process that has ended has closed its streams, so their ends can be waited for; but one may
        // also close them and stay.
        let deadline = Instant::now() + limit;
        for output in self.out.iter().chain([&self.err]) {
            output.wait_for_end(deadline.saturating_duration_since(Instant::now()))?;
        }
        let deadline = deadline.max(Instant::now() + LITTLE);
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > deadline => return None,
                None => thread::sleep(Duration::from_millis(1)),
            }
        };
        self.input = None;
        Some(Ended { status: status.code(), out: self.shown(), err: self.noted() })
    }

    /// Kills the program.
    pub fn kill(&mut self) {
        if let Some(family) = &mut self.family {
            family.end();
        }
        for child in self.feeders.iter_mut().chain([&mut self.child]) {
            let _ = child.kill();
            let _ = child.wait();
            LINES.lock().unwrap().retain(|id| *id != child.id());
        }
    }

    #[track_caller]
    fn fail(&self, problem: &str) -> ! {
        panic!(
            "{}：{problem}\n—— 目前的标准输出：\n{}\n—— 目前的标准错误：\n{}",
            self.name,
            self.shown(),
            self.noted()
        )
    }
}

/// Starts `command`, on Windows in a group of its own: see [`Program::interrupt`].
fn launch(command: &mut Command) -> Child {
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(command, 0x200); // CREATE_NEW_PROCESS_GROUP
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Writes what comes through the channel, on a thread of its own: a program that does not read holds
/// up nobody. The input ends with the channel.
fn typing(mut input: ChildStdin) -> Sender<Vec<u8>> {
    let (typed, coming) = mpsc::channel::<Vec<u8>>();
    thread::spawn(move || coming.iter().try_for_each(|bytes| input.write_all(&bytes)));
    typed
}

/// A program and the processes that it has started: on Unix those of its group, which end also when
/// this process is killed, since a shell waits for that.
struct Family {
    #[cfg(unix)]
    guard: Child,
    #[cfg(not(unix))]
    id: u32,
}

impl Family {
    /// The guard comes first, so that there is no moment without it, and `command` joins its group.
    #[cfg(unix)]
    fn around(command: &mut Command) -> Family {
        use std::os::unix::process::CommandExt;
        let mut guard = Command::new("sh");
        guard.args(["-c", "read end; kill -KILL -$$"]).stdin(Stdio::piped());
        guard.stdout(Stdio::null()).stderr(Stdio::null());
        // What ends the group of this process leaves it alone.
        let guard = guard.process_group(0).spawn().unwrap();
        command.process_group(guard.id() as i32);
        Family { guard }
    }

    #[cfg(unix)]
    fn end(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }

    #[cfg(not(unix))]
    fn end(&mut self) {
        let _ = Command::new("taskkill").args(["/F", "/T", "/PID", &self.id.to_string()]).output();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
        // No program panics, not even in a thread whose end nobody notices.
        if self.family.is_none() && !thread::panicking() && self.noted().contains(" panicked at ") {
            self.fail("程序发生了 panic");
        }
    }
}

/// The first address in a line, whatever space or full-width punctuation there is around it.
pub fn address_in(line: &str) -> Option<SocketAddr> {
    line.split(|c: char| c.is_whitespace() || "，。、；：（）".contains(c))
        .find_map(|word| word.parse().ok())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// Neither one that keeps its output open, nor one that closes its outputs and stays.
    #[test]
    fn nothing_is_left_of_a_program_and_nobody_waits_for_it() {
        let script = "sleep 1000 & exec sleep 1000 >&- 2>&-";
        for script in [script, "exec sleep 1000 >&- 2>&-"] {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            let mut program = Program::spawn_with_family(command);
            assert!(program.end_before(LITTLE).is_none(), "{script}");
            let out = program.out.clone().unwrap();
            drop(program);
            assert!(out.wait_for_end(DEADLINE).is_some(), "{script}");
        }
    }
}

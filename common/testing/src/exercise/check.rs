//! A check at work: what it starts and opens, what it tells, and how it fails.

use super::words::{before, has_panicked, seconds, shortened, spaced};
use super::{Connection, Exercise, POLL, Peer, Subject, solutions};
use crate::is_timeout;
use crate::{Output, Program};
use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::panic::{Location, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How many steps of a long story are told, from its beginning and from its end.
const FIRST_STEPS: usize = 5;
const LAST_STEPS: usize = 20;

/// How many programs a report quotes: those started last.
const MOST_QUOTED: usize = 3;

/// One check at work on one program.
pub struct Check {
    exe: PathBuf,
    pub(super) patience: Duration,
    /// Whether a panic is a failure also where nothing else shows it.
    pub(super) strict: bool,
    /// What the check has done so far.
    story: Mutex<Vec<String>>,
    /// What the programs that it has started have said so far.
    outputs: Mutex<Vec<Outputs>>,
}

/// What one program has said.
struct Outputs {
    /// What has been started, with its arguments.
    name: String,
    /// How often it has been started with these arguments, this time included.
    times: usize,
    out: Arc<Output>,
    err: Arc<Output>,
}

/// Why a check has failed: it unwinds with this.
pub struct Failure {
    /// What was expected.
    pub expected: String,
    /// What came instead.
    pub came: String,
    /// The whole story.
    pub report: String,
}

impl Check {
    pub(super) fn of(exe: PathBuf, patience: Duration, strict: bool) -> Check {
        Check { exe, patience, strict, story: Mutex::default(), outputs: Mutex::default() }
    }

    /// How long this check waits for one thing.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Adds to the story something that the check has done.
    pub fn did(&self, what: impl Display) {
        self.story.lock().unwrap().push(what.to_string());
    }

    /// Says that a part of the check is left out here, and why: in the story, or where all else passes,
    /// at the end.
    pub fn skips(&self, what: &str, why: impl Display) {
        self.did(format!("跳过：{what}（{why}）"));
    }

    /// Lets this time pass: for a pause that is itself what is tried.
    pub fn lets_pass(&self, time: Duration) {
        self.did(format!("过 {}", seconds(time)));
        thread::sleep(time);
    }

    /// What came, if it is what was expected; or else the end of the check, with the whole story.
    #[track_caller]
    pub fn expect<T>(&self, expected: impl Display, came: Result<T, String>) -> T {
        match came {
            Ok(came) => {
                self.did(format!("{expected}，符合期望"));
                came
            }
            Err(came) => self.fail(&expected.to_string(), &came, Some(Location::caller())),
        }
    }

    /// The same for something that is so, or else `came` tells what came.
    #[track_caller]
    pub fn expect_that(&self, expected: impl Display, is_so: bool, came: impl FnOnce() -> String) {
        self.expect(expected, if is_so { Ok(()) } else { Err(came()) });
    }

    /// Ends the check, and tells the whole story: last, where it stays on the screen, what is wrong.
    /// `place`: the line of the check that expected this.
    pub(super) fn fail(&self, expected: &str, came: &str, place: Option<&Location>) -> ! {
        self.wait_for_what_is_being_said();
        let mut report = format!("\n检查步骤：{}\n", self.steps());
        let outputs = self.outputs.lock().unwrap();
        let unquoted = outputs.len().saturating_sub(MOST_QUOTED);
        if unquoted > 0 {
            report += &format!("\n（更早启动的 {unquoted} 个程序，输出从略）\n");
        }
        let mut notes = String::new();
        for Outputs { name, times, out, err } in &outputs[unquoted..] {
            let name = spaced(name);
            let times =
                if *times == 1 { String::new() } else { format!("（第 {times} 次启动）") };
            let (shown, noted) = (out.text(), err.text());
            let (told, told_err) = (shortened(&shown), shortened(&noted));
            report +=
                &format!("\n—— {name}的标准输出{times}：\n{told}\n—— 标准错误：\n{told_err}\n");
            if has_panicked(&noted) {
                notes += &format!("注意：{name}发生了 panic，原因见它的标准错误\n");
            }
            if out.is_endless() || err.is_endless() {
                notes += &format!("注意：{name}的输出太多\n");
            }
        }
        report += &format!("\n{notes}期望：{expected}\n实际：{came}\n");
        if let Some(place) = place {
            let (file, line) = (place.file(), place.line());
            report += &format!("（检查代码：{file} 第 {line} 行）\n");
        }
        // A panic without the English lines that the panic hook would add.
        eprintln!("{report}");
        resume_unwind(Box::new(Failure { expected: expected.into(), came: came.into(), report }))
    }

    /// The story so far, one line for a step and its repetitions, without the middle of a long one.
    fn steps(&self) -> String {
        let story = self.story.lock().unwrap();
        let steps: Vec<_> = story.chunk_by(|one, next| one == next).collect();
        let left_out = FIRST_STEPS..steps.len().saturating_sub(LAST_STEPS);
        let mut told = String::new();
        for (at, step) in steps.iter().enumerate() {
            if at == left_out.start && !left_out.is_empty() {
                told += &format!("\n      （略去中间的 {} 步）", left_out.len());
            }
            if !left_out.contains(&at) {
                told += &format!("\n{:>4}. {}", at + 1, step[0]);
                if step.len() > 1 {
                    told += &format!("（共 {} 次）", step.len());
                }
            }
        }
        told
    }

    /// What has gone wrong, in Chinese where it is something that a check has to reckon with.
    pub fn trouble(&self, error: &io::Error) -> String {
        match error.kind() {
            _ if is_timeout(error) => format!("等待 {}后超时", seconds(self.patience)),
            ErrorKind::ConnectionRefused => "连接被拒绝，没有程序在这个地址上监听".into(),
            ErrorKind::ConnectionReset => "连接被复位（RST）".into(),
            ErrorKind::BrokenPipe
            | ErrorKind::ConnectionAborted
            | ErrorKind::NotConnected
            | ErrorKind::UnexpectedEof => "连接已被程序关闭".into(),
            _ => error.to_string(),
        }
    }

    /// Starts the program that is checked.
    pub fn start<'a>(&'a self, arguments: &[&str]) -> Subject<'a> {
        self.begin(&self.exe, Command::new(&self.exe), None, arguments)
    }

    /// The same, in the directory `directory`, and if there are several at the same time, as the one that
    /// the story calls `name`.
    pub fn start_in<'a>(
        &'a self,
        directory: &Path,
        name: Option<&'static str>,
        arguments: &[&str],
    ) -> Subject<'a> {
        let mut command = Command::new(&self.exe);
        command.current_dir(directory);
        self.begin(&self.exe, command, name, arguments)
    }

    /// Starts the worked solution of another exercise, as a peer of the program that is checked. `None`: it
    /// was not handed out, which is told.
    pub fn start_solution<'a>(
        &'a self,
        exercise: &str,
        directory: &Path,
        arguments: &[&str],
    ) -> Option<Subject<'a>> {
        let Some(exe) = solutions::solution(Exercise::find(exercise)?.package, exercise) else {
            self.skips(&format!("与 {exercise} 一起运行"), "没有参考解答，请用你自己的两个程序试");
            return None;
        };
        let mut command = Command::new(&exe);
        command.current_dir(directory);
        Some(self.begin(&exe, command, Some("参考解答"), arguments))
    }

    /// Starts the program that is checked, where it can have another limit than the check: `-n 512` is
    /// as many open files, `-v 1048576` is 1 GiB of memory, `-f 8` are files of 4 KiB at most, with an
    /// error for what is more. Windows knows none of them, macOS no limit of memory.
    pub fn start_limited<'a>(&'a self, limit: &str, arguments: &[&str]) -> Subject<'a> {
        self.start_limited_in(Path::new("."), limit, arguments)
    }

    /// The same, in the directory `directory`.
    pub fn start_limited_in<'a>(
        &'a self,
        directory: &Path,
        limit: &str,
        arguments: &[&str],
    ) -> Subject<'a> {
        if !cfg!(unix) || limit.starts_with("-v") && !cfg!(target_os = "linux") {
            return self.start_in(directory, None, arguments);
        }
        self.did(format!("为接下来启动的程序设置资源限制：ulimit {limit}"));
        let mut command = Command::new("sh");
        let script = format!("trap '' XFSZ; ulimit {limit}; exec \"$0\" \"$@\"");
        command.current_dir(directory).args(["-c", &script]).arg(&self.exe);
        self.begin(&self.exe, command, None, arguments)
    }

    fn begin<'a>(
        &'a self,
        exe: &Path,
        mut command: Command,
        name: Option<&'static str>,
        arguments: &[&str],
    ) -> Subject<'a> {
        let started = exe.file_stem().unwrap().to_string_lossy();
        let mut started = [&[&*started], arguments].concat().join(" ");
        if let Some(name) = name {
            started = format!("{name}（{started}）");
        }
        let mut outputs = self.outputs.lock().unwrap();
        let times = 1 + outputs.iter().filter(|one| one.name == started).count();
        self.did(match times {
            1 => format!("启动{}", before(&started)),
            times => format!("第 {times} 次启动{}", before(&started)),
        });
        command.args(arguments);
        let program = Program::spawn_with_family(command);
        let (out, err) = (program.out.clone().unwrap(), program.err.clone());
        outputs.push(Outputs { name: started, times, out, err });
        Subject { check: self, name, program }
    }

    /// A UDP socket of the check, which plays what the story calls `name`.
    pub fn peer(&self, name: &'static str) -> Peer<'_> {
        let socket = crate::udp();
        socket.set_read_timeout(Some(POLL)).unwrap();
        let address = socket.local_addr().unwrap();
        self.did(format!("创建 UDP 套接字 {address}，充当{name}"));
        Peer { check: self, name, socket }
    }

    /// A listener of the check, which plays what the story calls `name`.
    pub fn listen(&self, name: &'static str) -> TcpListener {
        let (listener, address) = crate::listen();
        self.did(format!("监听 {address}，充当{name}"));
        listener
    }

    /// A connection of the check, which plays what the story calls `name`, to a program.
    #[track_caller]
    pub fn connect(&self, name: &'static str, address: SocketAddr) -> Connection<'_> {
        self.did(format!("充当{name}，连接 {address}"));
        match TcpStream::connect_timeout(&address, self.patience) {
            Ok(socket) => Connection::new(self, name, socket),
            Err(error) => self.expect(format!("{name}与程序建立连接"), Err(self.trouble(&error))),
        }
    }

    /// A connection of a program to a listener of the check, which plays what the story calls `name`.
    #[track_caller]
    pub fn accept(&self, name: &'static str, listener: &TcpListener) -> Connection<'_> {
        listener.set_nonblocking(true).unwrap();
        let accepted = self.wait_for(self.patience, || match listener.accept() {
            Err(error) if is_timeout(&error) => {
                thread::sleep(Duration::from_millis(1));
                None
            }
            accepted => Some(accepted.map_err(|error| self.trouble(&error))),
        });
        listener.set_nonblocking(false).unwrap();
        let accepted = accepted.unwrap_or_else(|why| Err(format!("{why}没有收到连接")));
        let (socket, _) = self.expect(format!("程序连接{name}"), accepted);
        socket.set_nonblocking(false).unwrap(); // some systems hand it on
        Connection::new(self, name, socket)
    }

    /// Waits until the programs have ended or said nothing for a moment: a story that lacks their last
    /// lines misleads.
    fn wait_for_what_is_being_said(&self) {
        let said = || {
            let outputs = self.outputs.lock().unwrap();
            outputs.iter().map(|program| program.out.length() + program.err.length()).sum::<usize>()
        };
        let mut before = said();
        for _ in 0..10 {
            thread::sleep(POLL);
            let now = said();
            if now == before && (self.has_ended() || now > 0) {
                break;
            }
            before = now;
        }
    }

    /// Looks for something as often as it takes, but not for longer than `limit`, and not when all
    /// programs have ended. The error says why there is nothing more to wait for.
    pub(super) fn wait_for<T>(
        &self,
        limit: Duration,
        mut look: impl FnMut() -> Option<T>,
    ) -> Result<T, String> {
        let deadline = Instant::now() + limit;
        loop {
            let ended = self.has_ended(); // before the look: what came before the end is seen
            match look() {
                Some(found) => return Ok(found),
                None if ended => return Err("程序已经结束，".into()),
                None if Instant::now() > deadline => return Err(format!("{}内", seconds(limit))),
                None => {}
            }
        }
    }

    /// Whether all programs that have been started have ended.
    pub(super) fn has_ended(&self) -> bool {
        let outputs = self.outputs.lock().unwrap();
        let mut all = outputs.iter().flat_map(|program| [&program.out, &program.err]);
        !outputs.is_empty() && all.all(|output| output.has_ended())
    }
}

impl Drop for Check {
    fn drop(&mut self) {
        if !thread::panicking() {
            let mut skipped = self.story.lock().unwrap().clone();
            skipped.retain(|step| step.starts_with("跳过："));
            skipped.dedup();
            skipped.iter().for_each(|step| eprintln!("{step}"));
        }
    }
}

//! Exercises that check themselves: one and the same check runs on the worked solution, on the
//! student's own one, and on the unchanged program and some wrong solutions, where it must fail.
//!
//! A check does something to a program, says what it expects, and compares. When something else
//! comes, it tells the whole story, in Chinese and in the order in which it happened: each step, what
//! was expected, what came, and what the programs have said.

use crate::output::Reading;
use crate::{DEADLINE, Ended, Output, Program};
use common::{is_timeout, retry_interrupted};
use std::fmt::Display;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::panic::{Location, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

pub mod solutions;

/// The exercises in the order of the course, each with the package that it belongs to.
pub const EXERCISES: [(&str, &str); 10] = [
    ("retry", "udp-client"),
    ("two_way", "udp-chat"),
    ("many_peers", "udp-server"),
    ("acknowledged", "feiq-sender"),
    ("receiver", "feiq-sender"),
    ("framed", "tcp-client"),
    ("framed_server", "tcp-echo-server"),
    ("many_clients", "tcp-echo-server"),
    ("resumable", "file-client"),
    ("resumable_server", "file-server"),
];

/// How long a check waits for a student's program, a wrong one or an unchanged one, where what does
/// not come is the usual case. The sheets name it: 5 seconds beyond any pause that they ask for.
const A_WHILE: Duration = Duration::from_secs(5);

/// A pause of a slow network or a slow program, for checks that try one.
pub const PAUSE: Duration = Duration::from_millis(100);

/// A pause that is longer than a time limit of 5 seconds, which programs like to have.
pub const LONG_PAUSE: Duration = Duration::from_millis(5500);

/// How often a wait looks whether the programs have ended, after which nothing will come.
const LOOK: Duration = Duration::from_millis(100);

/// The longest line that a check receives, in bytes.
const MAX_LINE_LEN: usize = 4096;

/// How much a check receives where all is to be received up to the end: more than any check expects.
/// A program may never stop sending.
const MOST_RECEIVED: u64 = 100 << 20;

/// One check at work on one program.
pub struct Check {
    exe: PathBuf,
    patience: Duration,
    /// Whether a panic is a failure also where nothing else shows it.
    strict: bool,
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

/// What a report says where it names the expectation that has failed, and what came instead.
const EXPECTED: &str = "\n\n期望：";
const CAME: &str = "\n实际：";

impl Check {
    fn of(exe: PathBuf, patience: Duration, strict: bool) -> Check {
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

    /// Says that a part of the check is left out here, and why.
    pub fn skips(&self, what: &str, why: impl Display) {
        self.did(format!("跳过：{what}（{why}）"));
        eprintln!("跳过：{what}（{why}）");
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

    /// Ends the check, and tells the whole story. `place`: the line of the check that expected this.
    fn fail(&self, expected: &str, came: &str, place: Option<&Location>) -> ! {
        self.wait_for_what_is_being_said();
        let mut report = String::from("\n检查步骤：");
        for (at, step) in self.story.lock().unwrap().iter().enumerate() {
            report += &format!("\n{:>4}. {step}", at + 1);
        }
        report += &format!("{EXPECTED}{expected}{CAME}{came}\n");
        let outputs = self.outputs.lock().unwrap();
        for Outputs { name, err, .. } in outputs.iter() {
            if has_panicked(&err.text()) {
                report += &format!("注意：{}发生了 panic，原因见它的标准错误\n", spaced(name));
            }
        }
        if let Some(place) = place {
            let (file, line) = (place.file(), place.line());
            report += &format!("（这一期望写在 {file} 的第 {line} 行）\n");
        }
        for Outputs { name, times, out, err } in outputs.iter() {
            let name = spaced(name);
            let times = match times {
                1 => String::new(),
                times => format!("（第 {times} 次启动）"),
            };
            let (out, err) = (shortened(&out.text()), shortened(&err.text()));
            report += &format!("\n—— {name}的标准输出{times}：\n{out}\n—— 标准错误：\n{err}\n");
        }
        // A panic without the English lines that the panic hook would add.
        eprintln!("{report}");
        resume_unwind(Box::new(report))
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
        self.begin(Command::new(&self.exe), None, arguments)
    }

    /// Starts the program that is checked, as one of several at the same time, which the story calls
    /// `name`.
    pub fn start_as<'a>(&'a self, name: &'static str, arguments: &[&str]) -> Subject<'a> {
        self.begin(Command::new(&self.exe), Some(name), arguments)
    }

    /// The same, in the directory `directory`.
    pub fn start_as_in<'a>(
        &'a self,
        name: &'static str,
        directory: &Path,
        arguments: &[&str],
    ) -> Subject<'a> {
        let mut command = Command::new(&self.exe);
        command.current_dir(directory);
        self.begin(command, Some(name), arguments)
    }

    /// Starts the program that is checked, in the directory `directory`.
    pub fn start_in<'a>(&'a self, directory: &Path, arguments: &[&str]) -> Subject<'a> {
        let mut command = Command::new(&self.exe);
        command.current_dir(directory);
        self.begin(command, None, arguments)
    }

    /// Starts the program that is checked, where it can have another limit than the check: `-n 512` is
    /// as many open files, `-v 1048576` is 1 GiB of memory. Windows knows neither, macOS not the latter.
    pub fn start_limited<'a>(&'a self, limit: &str, arguments: &[&str]) -> Subject<'a> {
        let is_known = cfg!(unix) && (cfg!(target_os = "linux") || !limit.starts_with("-v"));
        if !is_known {
            return self.start(arguments);
        }
        self.did(format!("下一个程序的资源限制：ulimit {limit}"));
        let mut command = Command::new("sh");
        let script = format!("ulimit {limit} && exec \"$0\" \"$@\"");
        command.args(["-c", &script]).arg(&self.exe);
        self.begin(command, None, arguments)
    }

    fn begin<'a>(
        &'a self,
        mut command: Command,
        name: Option<&'static str>,
        arguments: &[&str],
    ) -> Subject<'a> {
        let started = self.exe.file_stem().unwrap().to_string_lossy();
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
        // A backtrace takes long, and tells a student little.
        command.args(arguments).env_remove("RUST_BACKTRACE");
        let mut program = Program::spawn(command);
        program.may_panic = true; // the drop of a `Subject` judges it
        outputs.push(Outputs {
            name: started,
            times,
            out: program.out.clone().unwrap(),
            err: program.err.clone(),
        });
        Subject { check: self, name, program }
    }

    /// A UDP socket of the check, which plays what the story calls `name`.
    pub fn peer(&self, name: &'static str) -> Peer<'_> {
        let socket = crate::udp();
        socket.set_read_timeout(Some(LOOK)).unwrap();
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
        self.connect_quietly(name, address)
    }

    /// The same, without a word about it in the story.
    #[track_caller]
    pub fn connect_quietly(&self, name: &'static str, address: SocketAddr) -> Connection<'_> {
        let socket = match TcpStream::connect_timeout(&address, self.patience) {
            Ok(socket) => socket,
            Err(error) => self.expect(format!("{name}与程序建立连接"), Err(self.trouble(&error))),
        };
        self.connection(name, socket)
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
        let accepted = accepted.unwrap_or_else(|why| Err(format!("{why}没有连接到来")));
        let (socket, _) = self.expect(format!("程序连接{name}"), accepted);
        socket.set_nonblocking(false).unwrap(); // some systems hand it on
        self.connection(name, socket)
    }

    /// Waits until the programs have ended or said nothing for a moment: a story that lacks their last
    /// lines misleads.
    fn wait_for_what_is_being_said(&self) {
        let said = || {
            let outputs = self.outputs.lock().unwrap();
            let all = outputs.iter().flat_map(|program| [&program.out, &program.err]);
            all.map(|output| output.text().len()).sum::<usize>()
        };
        let mut before = said();
        for _ in 0..10 {
            thread::sleep(LOOK);
            let now = said();
            if now == before && (self.has_ended() || now > 0) {
                break;
            }
            before = now;
        }
    }

    /// Looks for something as often as it takes, but not for longer than `limit`, and not when all
    /// programs have ended. The error says why there is nothing more to wait for.
    fn wait_for<T>(
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
    fn has_ended(&self) -> bool {
        let outputs = self.outputs.lock().unwrap();
        let mut all = outputs.iter().flat_map(|program| [&program.out, &program.err]);
        !outputs.is_empty() && all.all(|output| output.has_ended())
    }

    fn connection(&self, name: &'static str, socket: TcpStream) -> Connection<'_> {
        socket.set_read_timeout(Some(self.patience)).unwrap();
        socket.set_write_timeout(Some(self.patience)).unwrap();
        Connection { check: self, name, socket }
    }
}

/// The program that is checked, running.
pub struct Subject<'a> {
    check: &'a Check,
    /// What the story calls it, if there are several at the same time.
    name: Option<&'static str>,
    program: Program,
}

impl Subject<'_> {
    /// The address that the first line of standard error tells, as this machine reaches it.
    #[track_caller]
    pub fn address(&self) -> SocketAddr {
        if let Some(address) = self.program.find_address(self.check.patience) {
            return address;
        }
        let noted = self.program.noted();
        let came = match noted.split_once('\n') {
            Some((line, _)) => format!("第一行里没有地址：{}", literal(line)),
            None if self.check.has_ended() => "程序已经结束，标准错误没有显示一整行".into(),
            None => format!("{}内标准错误没有显示一整行", seconds(self.check.patience)),
        };
        let expected =
            format!("{}标准错误的第一行给出程序绑定的地址（检查从这里得知实际的端口）", self.of());
        self.check.expect(expected, Err(came))
    }

    /// Whose standard output and standard error it is, where that is a question.
    fn of(&self) -> String {
        self.name.map(|name| format!("{name}的")).unwrap_or_default()
    }

    /// Where the user types, where that is a question.
    fn at(&self) -> String {
        self.name.map(|name| format!("在{name}中")).unwrap_or_default()
    }

    fn name(&self) -> &'static str {
        self.name.unwrap_or("程序")
    }

    /// Types a line.
    pub fn types(&mut self, line: &str) {
        let at = self.at();
        self.check.did(match line {
            "" => format!("{at}不输入任何内容，直接按回车"),
            line => format!("{at}输入{}，按回车", literal(line)),
        });
        self.program.type_line(line);
    }

    /// Types something, and does not press Enter.
    pub fn types_without_enter(&mut self, text: &str) {
        let (at, text_told) = (self.at(), literal(text));
        self.check.did(format!("{at}输入{text_told}，暂不按回车"));
        self.program.type_bytes(text.as_bytes());
    }

    /// Ends the input: Ctrl-D.
    pub fn types_ctrl_d(&mut self) {
        self.check.did(format!("{}按 Ctrl-D", self.at()));
        self.program.end_input();
    }

    /// Presses Ctrl-C.
    #[cfg(unix)]
    pub fn types_ctrl_c(&self) {
        self.check.did(format!("{}按 Ctrl-C", self.at()));
        self.program.signal("INT");
    }

    /// Types the same line so many times, and ends the input.
    pub fn types_over_and_over(&mut self, line: &str, times: usize) {
        let (at, told) = (self.at(), literal(line));
        self.check.did(format!("{at}连续输入 {times} 行，每行都是{told}"));
        for _ in 0..times {
            self.program.type_line(line);
        }
        self.program.end_input();
    }

    /// Stops the program and lets it go on, which interrupts a call that waits.
    #[cfg(unix)]
    pub fn is_stopped_for_a_moment(&self) {
        self.program.signal("STOP");
        self.program.signal("CONT");
    }

    /// How much memory the program has, in MiB: `VmHWM`, the most that it has used at one time, or
    /// `VmSize`, the addresses that it has asked for. `None`: the system is not Linux.
    pub fn memory(&self, kind: &str) -> Option<usize> {
        let path = format!("/proc/{}/status", self.program.id());
        let status = std::fs::read_to_string(path).ok()?;
        let line = status.lines().find(|line| line.starts_with(kind))?;
        let kib: usize = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib / 1024)
    }

    /// Since [`Subject::memory`] was `before`, it has grown by less than `most` MiB.
    #[track_caller]
    pub fn has_grown_by_less_than(&self, most: usize, kind: &str, before: Option<usize>) {
        let (Some(before), Some(after)) = (before, self.memory(kind)) else {
            return;
        };
        let more = after.saturating_sub(before);
        let came = (more < most).then_some(());
        let came = came.ok_or(format!("增加了 {more} MiB"));
        let expected = format!("{}占用的内存（/proc 中的 {kind}）增加不到 {most} MiB", self.name());
        self.check.expect(expected, came);
    }

    /// Kills the program.
    pub fn is_killed(mut self) {
        self.check.did(format!("强行终止{}", self.name()));
        self.program.kill();
    }

    /// Standard output shows `text` sooner or later.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        self.shows_times(text, 1);
    }

    /// Standard output shows `text` sooner or later, at least so many times.
    #[track_caller]
    pub fn shows_times(&self, text: &str, times: usize) {
        self.says("标准输出", self.program.out.as_ref().unwrap(), text, times);
    }

    /// Standard error shows `text` sooner or later.
    #[track_caller]
    pub fn notes(&self, text: &str) {
        self.says("标准错误", &self.program.err, text, 1);
    }

    #[track_caller]
    fn says(&self, stream: &str, output: &Output, text: &str, times: usize) {
        let said = output.wait_within(self.check.patience, |shown, ended| match ended {
            _ if shown.matches(text).count() >= times => Some(Ok(())),
            true => Some(Err(())),
            false => None,
        });
        let problem = match output.text().matches(text).count() {
            0 => "没有出现".into(),
            shown => format!("只出现了 {shown} 次"),
        };
        let came = match said {
            Some(Ok(())) => Ok(()),
            Some(Err(())) => Err(format!("直到{}结束也{problem}", self.name())),
            None => Err(format!("{}内{problem}", seconds(self.check.patience))),
        };
        let (of, told) = (self.of(), literal(text));
        let expected = match times {
            1 => format!("{of}{stream}中出现{told}"),
            times => format!("{of}{stream}中{told}至少出现 {times} 次"),
        };
        self.check.expect(expected, came);
    }

    /// Standard output has shown `text` so many times, and the check has seen what comes after it.
    #[track_caller]
    pub fn has_shown(&self, text: &str, times: usize) {
        let (of, told) = (self.of(), literal(text));
        let expected = match times {
            0 => format!("{of}标准输出中没有出现{told}"),
            times => format!("{of}标准输出中{told}正好出现 {times} 次"),
        };
        let came = match self.program.shown().matches(text).count() {
            shown if shown == times => Ok(()),
            0 => Err("没有出现".into()),
            shown => Err(format!("出现了 {shown} 次")),
        };
        self.check.expect(expected, came);
    }

    /// Standard output has shown these lines and nothing else, and the check has seen the last one.
    #[track_caller]
    pub fn has_shown_just<Line: Display>(&self, lines: &[Line]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let shown = self.program.shown();
        let came = match shown == text {
            true => Ok(()),
            false => Err(instead(shown.as_bytes(), text.as_bytes())),
        };
        let expected = match lines {
            [] => "标准输出没有内容".into(),
            _ => format!("标准输出的全部内容是{}", literal(&text)),
        };
        self.check.expect(format!("{}{expected}", self.of()), came);
    }

    /// The program ends with this exit status.
    #[track_caller]
    pub fn ends(self, status: i32) -> Ended {
        let limit = self.check.patience;
        self.ends_within(limit, status)
    }

    /// The program ends, with one of these exit statuses.
    #[track_caller]
    pub fn ends_with_one_of(mut self, statuses: [i32; 2]) -> Ended {
        let limit = self.check.patience;
        let ended = self.program.end_before(limit);
        self.has_ended_with(&statuses, ended.ok_or(limit))
    }

    /// The program ends with this exit status, and has shown just this on standard output.
    #[track_caller]
    pub fn ends_having_shown(self, status: i32, transcript: &str) {
        let (check, of) = (self.check, self.of());
        let shown = self.ends(status).out;
        let came = match shown == transcript {
            true => Ok(()),
            false => Err(instead(shown.as_bytes(), transcript.as_bytes())),
        };
        let told = literal(transcript);
        check.expect(format!("{of}标准输出自始至终正好是{told}"), came);
    }

    /// The program ends with this exit status, within a limit that the exercise itself sets: a pause
    /// that it asks for, and [`Check::patience`] beyond it.
    #[track_caller]
    pub fn ends_within(mut self, limit: Duration, status: i32) -> Ended {
        let ended = self.program.end_before(limit);
        self.has_ended_with(&[status], ended.ok_or(limit))
    }

    /// It has ended with one of these exit statuses; or it has not within the limit that is told
    /// instead.
    #[track_caller]
    fn has_ended_with(&self, statuses: &[i32], ended: Result<Ended, Duration>) -> Ended {
        let name = self.name();
        let came = match ended {
            Err(limit) => Err(format!("{}后{name}仍在运行", seconds(limit))),
            Ok(ended) => match ended.status {
                Some(status) if statuses.contains(&status) => Ok(ended),
                Some(came) => Err(format!("{name}结束，退出状态码为 {came}")),
                None => Err(format!("{name}被信号终止，没有退出状态码")),
            },
        };
        let told = Vec::from_iter(statuses.iter().map(i32::to_string)).join(" 或 ");
        self.check.expect(format!("{name}结束，退出状态码为 {told}"), came)
    }

    /// The program ends with this exit status, but not until `pause` has passed since `since`, which
    /// is taken as for [`Peer::receives_after`].
    #[track_caller]
    pub fn ends_after(
        mut self,
        since: Instant,
        pause: Duration,
        status: i32,
        expected: &str,
    ) -> Ended {
        let limit = pause + self.check.patience;
        let left = (since + limit).saturating_duration_since(Instant::now());
        let ended = self.program.end_before(left);
        let passed = since.elapsed();
        let ended = self.has_ended_with(&[status], ended.ok_or(limit));
        let came = match passed < pause {
            true => Err(format!("{}后就结束了", seconds(passed))),
            false => Ok(ended),
        };
        self.check.expect(expected, came)
    }

    /// The program ends with this exit status, while `again` is done again and again.
    #[track_caller]
    pub fn ends_amid(mut self, mut again: impl FnMut(), status: i32) -> Ended {
        let limit = self.check.patience;
        let deadline = Instant::now() + limit;
        let ended = loop {
            again();
            match self.program.end_before(LOOK) {
                Some(ended) => break Ok(ended),
                None if Instant::now() > deadline => break Err(limit),
                None => {}
            }
        };
        self.has_ended_with(&[status], ended)
    }

    /// What standard output has shown so far.
    pub fn shown(&self) -> String {
        self.program.shown()
    }

    /// Standard output shows what it should sooner or later: then `problem` finds none any more.
    #[track_caller]
    pub fn shows_what(&self, expected: &str, problem: impl Fn(&str) -> Option<String>) {
        self.says_what(self.program.out.as_ref().unwrap(), expected, problem);
    }

    /// The same of standard error.
    #[track_caller]
    pub fn notes_what(&self, expected: &str, problem: impl Fn(&str) -> Option<String>) {
        self.says_what(&self.program.err, expected, problem);
    }

    #[track_caller]
    fn says_what(&self, output: &Output, expected: &str, problem: impl Fn(&str) -> Option<String>) {
        let fine = |said: &str, _| problem(said).is_none().then_some(());
        let fine = output.wait_within(self.check.patience, fine);
        let came = fine.ok_or_else(|| problem(&output.text()).unwrap_or_default());
        self.check.expect(expected, came);
    }

    /// From now on nobody reads standard output, which stays open: Ctrl-S on a terminal.
    pub fn is_not_read(&self) {
        self.check.did("停止读取程序的标准输出，但不关闭它（如同在终端中按 Ctrl-S）");
        self.reading(Reading::Paused);
    }

    /// Standard output is read again: Ctrl-Q on a terminal.
    pub fn is_read_again(&self) {
        self.check.did("恢复读取程序的标准输出（如同在终端中按 Ctrl-Q）");
        self.reading(Reading::On);
    }

    /// Nobody will read standard output any more: the end of `head` behind a pipe.
    pub fn closes_its_output(&self) {
        self.check.did("关闭程序标准输出的另一端（如同 | head -1 读完一行后退出）");
        self.reading(Reading::Over);
    }

    fn reading(&self, reading: Reading) {
        self.program.out.as_ref().unwrap().set_reading(reading);
    }
}

impl Drop for Subject<'_> {
    fn drop(&mut self) {
        if thread::panicking() || !self.check.strict {
            return;
        }
        self.program.kill();
        // All that it has said is there when its streams have ended.
        self.program.end_before(DEADLINE);
        if has_panicked(&self.program.noted()) {
            let name = self.name();
            let expected = format!("{name}自始至终没有发生 panic");
            let came = format!("{name}发生了 panic");
            self.check.fail(&expected, &came, None);
        }
    }
}

/// A UDP socket at the other end of the program.
pub struct Peer<'a> {
    check: &'a Check,
    name: &'static str,
    socket: UdpSocket,
}

impl Peer<'_> {
    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// Sends a datagram.
    pub fn sends(&self, data: impl AsRef<[u8]>, to: SocketAddr) {
        let data = data.as_ref();
        self.check.did(format!("{}发送数据报：{}", self.name, literal(data)));
        self.socket.send_to(data, to).unwrap();
    }

    /// A datagram comes. Returns it, and its sender.
    #[track_caller]
    pub fn receives(&self, expected: &str) -> (Vec<u8>, SocketAddr) {
        let came = self.receives_any_quietly(expected);
        let told = literal(&came.0);
        self.check.did(format!("{}收到数据报：{told}", self.name));
        came
    }

    /// The same, without a word about it in the story.
    #[track_caller]
    pub fn receives_any_quietly(&self, expected: &str) -> (Vec<u8>, SocketAddr) {
        match self.next() {
            Ok(came) => came,
            Err(problem) => {
                let expected = format!("{}收到{expected}", self.name);
                self.check.expect(expected, Err(problem))
            }
        }
    }

    /// This datagram comes. Returns its sender.
    #[track_caller]
    pub fn receives_just(&self, data: impl AsRef<[u8]>, expected: &str) -> SocketAddr {
        let data = data.as_ref();
        let came = self.next().and_then(|(came, sender)| match came == data {
            true => Ok(sender),
            false => Err(instead(&came, data)),
        });
        let expected = format!("{}收到{expected}：{}", self.name, literal(data));
        self.check.expect(expected, came)
    }

    /// This datagram comes, but not until `pause` has passed since `since`. Take `since` *before*
    /// what the pause begins with: then the pause that is measured is never shorter than the real
    /// one, however busy the machine is. Returns its sender.
    #[track_caller]
    pub fn receives_after(
        &self,
        since: Instant,
        pause: Duration,
        data: impl AsRef<[u8]>,
        expected: &str,
    ) -> SocketAddr {
        let data = data.as_ref();
        let limit = pause + self.check.patience;
        let came = self.next_within(limit.saturating_sub(since.elapsed()));
        let passed = since.elapsed();
        let came = match came {
            Err(_) if passed > limit => Err(format!("{}后还没有收到", seconds(limit))),
            Err(problem) => Err(problem),
            Ok((came, _)) if came != data => Err(instead(&came, data)),
            Ok(_) if passed < pause => Err(format!("{}后就收到了", seconds(passed))),
            Ok((_, sender)) => Ok(sender),
        };
        let expected = format!("{}收到{expected}：{}", self.name, literal(data));
        self.check.expect(expected, came)
    }

    /// Of all that has been sent to this socket, there is nothing left.
    #[track_caller]
    pub fn has_nothing_more(&self, expected: &str) {
        let came = match self.at_once() {
            Some(came) => Err(format!("{}又收到：{}", self.name, literal(came))),
            None => Ok(()),
        };
        self.check.expect(expected, came);
    }

    /// Takes out all that has been sent to this socket so far.
    pub fn forgets_what_has_come(&self) {
        while let Some(came) = self.at_once() {
            self.check.did(format!("{}还收到：{}", self.name, literal(came)));
        }
    }

    fn at_once(&self) -> Option<Vec<u8>> {
        self.socket.set_nonblocking(true).unwrap();
        let came = self.look();
        self.socket.set_nonblocking(false).unwrap();
        came.and_then(Result::ok).map(|(data, _)| data)
    }

    /// The socket itself. Its receives wait for a tenth of a second.
    pub fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    fn next(&self) -> Result<(Vec<u8>, SocketAddr), String> {
        self.next_within(self.check.patience)
    }

    fn next_within(&self, limit: Duration) -> Result<(Vec<u8>, SocketAddr), String> {
        let came = self.check.wait_for(limit, || self.look());
        came.unwrap_or_else(|why| Err(format!("{why}没有收到数据报")))
    }

    /// This datagram comes, and the story does not mention it: for what is done a thousand times.
    #[track_caller]
    pub fn receives_quietly(&self, data: impl AsRef<[u8]>, expected: &str) {
        let data = data.as_ref();
        let problem = match self.next() {
            Ok((came, _)) if came == data => return,
            Ok((came, _)) => instead(&came, data),
            Err(problem) => problem,
        };
        let expected = format!("{}收到{expected}：{}", self.name, literal(data));
        self.check.expect(expected, Err(problem))
    }

    /// Sends a datagram again and again, with this pause between them, until what is returned is
    /// dropped.
    #[must_use]
    pub fn keeps_sending(&self, data: &'static str, to: SocketAddr, pause: Duration) -> Sender<()> {
        let (name, data_told) = (self.name, literal(data));
        self.check.did(match pause.is_zero() {
            true => format!("{name}开始不停地发送数据报：{data_told}"),
            false => format!("{name}开始每隔 {}发送一个数据报：{data_told}", seconds(pause)),
        });
        let socket = self.socket.try_clone().unwrap();
        let (sending, stop) = mpsc::channel();
        thread::spawn(move || {
            while stop.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                // On some systems the own send buffer is full for a moment.
                let _ = socket.send_to(data.as_bytes(), to);
            }
        });
        sending
    }

    /// A datagram, if one comes before the receive timeout of the socket.
    fn look(&self) -> Option<Result<(Vec<u8>, SocketAddr), String>> {
        let mut buffer = vec![0; 65_535];
        match retry_interrupted(|| self.socket.recv_from(&mut buffer)) {
            Ok((length, sender)) => Some(Ok((buffer[..length].to_vec(), sender))),
            Err(error) if is_timeout(&error) => None,
            // On Windows, when something sent earlier has bounced.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            Err(error) => Some(Err(self.check.trouble(&error))),
        }
    }
}

/// A TCP connection to the program.
pub struct Connection<'a> {
    check: &'a Check,
    name: &'static str,
    socket: TcpStream,
}

impl Connection<'_> {
    /// Sends all of `data`.
    #[track_caller]
    pub fn sends(&self, data: impl AsRef<[u8]>) {
        let data = data.as_ref();
        self.check.did(format!("{}发送：{}", self.name, literal(data)));
        self.sends_quietly(data);
    }

    #[track_caller]
    fn sends_quietly(&self, data: &[u8]) {
        if let Err(error) = (&self.socket).write_all(data) {
            let expected = format!("程序收下{}发送的 {} 字节", self.name, data.len());
            self.check.expect(expected, Err(self.check.trouble(&error)))
        }
    }

    /// Sends these pieces, with pauses between them: so they are received one by one. The program may
    /// have had enough before the last of them; what it does then is for the check to see.
    pub fn sends_in_pieces(&self, pieces: &[&str]) {
        self.socket.set_nodelay(true).unwrap();
        for piece in pieces {
            let (name, told) = (self.name, literal(piece));
            self.check.did(format!("{name}发送：{told}，然后稍停"));
            let _ = (&self.socket).write_all(piece.as_bytes());
            thread::sleep(PAUSE);
        }
    }

    /// Sends `data` in pieces of `size` bytes, each of them in a segment of its own, with pauses between.
    #[track_caller]
    pub fn sends_slowly(&self, data: impl AsRef<[u8]>, size: usize, pause: Duration) {
        let data = data.as_ref();
        self.check.did(format!(
            "{}发送，每 {} 只发 {size} 字节：{}",
            self.name,
            seconds(pause),
            literal(data)
        ));
        self.socket.set_nodelay(true).unwrap();
        for (at, piece) in data.chunks(size).enumerate() {
            if at > 0 {
                thread::sleep(pause);
            }
            self.sends_quietly(piece);
        }
    }

    /// Nothing has come so far. (What comes later is not seen.)
    #[track_caller]
    pub fn has_received_nothing(&self, expected: &str) {
        let mut bytes = [0; MOST_BYTES];
        self.socket.set_nonblocking(true).unwrap();
        let came = match self.socket.peek(&mut bytes) {
            Ok(0) => Err("程序关闭了连接".into()),
            Ok(length) => Err(format!("收到{}", literal(&bytes[..length]))),
            Err(error) if is_timeout(&error) => Ok(()),
            Err(error) => Err(self.check.trouble(&error)),
        };
        self.socket.set_nonblocking(false).unwrap();
        let name = self.name;
        self.check.expect(format!("{name}没有收到数据：{expected}"), came);
    }

    /// These bytes come next.
    #[track_caller]
    pub fn receives(&self, data: impl AsRef<[u8]>, expected: &str) {
        let data = data.as_ref();
        let came = self.next(data.len()).and_then(|came| match came == data {
            true => Ok(()),
            false => Err(instead(&came, data)),
        });
        let expected = format!("{}收到{expected}：{}", self.name, literal(data));
        self.check.expect(expected, came);
    }

    /// All bytes up to an orderly end of the connection.
    #[track_caller]
    pub fn receives_the_end(&self, expected: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let received = (&self.socket).take(MOST_RECEIVED).read_to_end(&mut bytes);
        if bytes.len() as u64 == MOST_RECEIVED {
            let came = format!("已经收到 {MOST_RECEIVED} 字节，程序仍在发送");
            self.check.expect(expected, Err(came))
        }
        if let Err(error) = received {
            let end = match is_timeout(&error) {
                true => self.no_end(),
                false => self.check.trouble(&error),
            };
            let earlier = match &bytes[..] {
                [] => "没有收到数据".into(),
                _ => format!("收到：{}", literal(&bytes)),
            };
            let came = format!("{end}，此前{earlier}");
            self.check.expect(expected, Err(came))
        }
        let name = self.name;
        self.check.did(match &bytes[..] {
            [] => format!("{name}等到程序正常关闭连接，其间没有收到数据"),
            _ => format!("{name}等到程序正常关闭连接，其间收到：{}", literal(&bytes)),
        });
        bytes
    }

    /// The connection ends, in whatever way, and nothing comes before that.
    #[track_caller]
    pub fn is_closed_without_a_word(&self, expected: &str) {
        let mut bytes = Vec::new();
        let end = match (&self.socket).read_to_end(&mut bytes) {
            Err(error) if is_timeout(&error) => Err(self.no_end()),
            _ if !bytes.is_empty() => Err(format!("{}还收到：{}", self.name, literal(&bytes))),
            _ => Ok(()),
        };
        self.check.expect(expected, end);
    }

    /// A line comes next, with its line end. Returns what `read` makes of it.
    #[track_caller]
    pub fn receives_line<T>(&self, expected: &str, read: impl FnOnce(&str) -> Option<T>) -> T {
        let mut line = Vec::new();
        let came = loop {
            match self.next(1) {
                Ok(byte) => line.extend(byte),
                Err(problem) if line.is_empty() => break Err(problem),
                Err(problem) => {
                    let begun = literal(&line);
                    break Err(format!("只收到{begun}，此后{}", before(&problem)));
                }
            }
            if line.ends_with(b"\n") || line.len() == MAX_LINE_LEN {
                let text = std::str::from_utf8(&line).ok();
                let came = || format!("收到的是{}", before(&literal(&line)));
                break text.and_then(read).ok_or_else(came);
            }
        };
        self.check.expect(format!("{}收到{expected}", self.name), came)
    }

    fn no_end(&self) -> String {
        format!("{}内程序没有关闭连接", seconds(self.check.patience))
    }

    /// The socket itself.
    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Closes the connection.
    pub fn closes(self) {
        self.check.did(format!("{}关闭连接", self.name));
    }

    /// Half-closes the connection: it sends no more, and still receives.
    #[track_caller]
    pub fn half_closes(&self) {
        let name = self.name;
        match self.socket.shutdown(Shutdown::Write) {
            Ok(()) => self.check.did(format!("{name}半关闭连接，不再发送")),
            Err(error) => {
                let expected = format!("程序一直保持与{name}的连接");
                self.check.expect(expected, Err(self.check.trouble(&error)))
            }
        }
    }

    /// Closes the connection while something that the program has sent is still unread, which resets it.
    #[track_caller]
    pub fn resets(self) {
        let name = self.name;
        let came = match retry_interrupted(|| self.socket.peek(&mut [0])) {
            Ok(0) => Err("程序关闭了连接".into()),
            Ok(_) => Ok(()),
            Err(error) => Err(self.check.trouble(&error)),
        };
        let expected = format!("{name}收到数据（先不读取）");
        self.check.expect(expected, came);
        self.check.did(format!("{name}还有数据没有读取就关闭连接，连接因此复位（RST）"));
    }

    fn next(&self, length: usize) -> Result<Vec<u8>, String> {
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            let problem = match retry_interrupted(|| (&self.socket).read(&mut bytes[filled..])) {
                Ok(0) => "程序关闭了连接".into(),
                Ok(more) => {
                    filled += more;
                    continue;
                }
                Err(error) if is_timeout(&error) => {
                    format!("{}内没有数据到来", seconds(self.check.patience))
                }
                Err(error) => self.check.trouble(&error),
            };
            return Err(match filled {
                0 => problem,
                _ => {
                    let came = literal(&bytes[..filled]);
                    format!(
                        "只收到 {filled} 字节（应为 {length} 字节）：{came}，此后{}",
                        before(&problem)
                    )
                }
            });
        }
        Ok(bytes)
    }
}

/// What came in the place of `expected`. Where the two differ only far from their beginnings, it says
/// where.
fn instead(came: &[u8], expected: &[u8]) -> String {
    let pairs = came.iter().zip(expected);
    let same = pairs.take_while(|(came, expected)| came == expected).count();
    match (came.len(), expected.len()) {
        _ if same < MOST_BYTES => format!("收到的是{}", before(&literal(came))),
        (length, most) if length == same => {
            format!("只收到前 {length} 字节，缺少后面的 {} 字节", most - length)
        }
        _ => format!("前 {same} 字节与期望相同，接着却收到{}", before(&literal(&came[same..]))),
    }
}

/// How much of a text, and how many other bytes, a story shows.
const MOST_TEXT: usize = 150;
const MOST_BYTES: usize = 60;

/// Data as a student reads them: as a text in quotes where they are UTF-8, with `\n` for a line end,
/// else as a literal; cut where they are long.
pub fn literal(data: impl AsRef<[u8]>) -> String {
    let data = data.as_ref();
    let (told, shown) = match beginning_as_text(data) {
        _ if data.is_empty() => return "空（0 字节）".into(),
        Some(text) => (format!("“{}”", escaped(text)), text.len()),
        None => {
            let shown = &data[..data.len().min(MOST_BYTES)];
            (format!("b\"{}\"", shown.escape_ascii()), shown.len())
        }
    };
    match data.len() {
        length if length > shown => format!("{told}…（共 {length} 字节）"),
        _ => told,
    }
}

/// As much of `data` as is shown, if that is text.
fn beginning_as_text(data: &[u8]) -> Option<&str> {
    let shown = &data[..data.len().min(MOST_TEXT)];
    let text = match std::str::from_utf8(shown) {
        Ok(text) => text,
        // The cut has gone through a character.
        Err(error) if error.error_len().is_none() && shown.len() < data.len() => {
            std::str::from_utf8(&shown[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let strange = |letter: char| letter.is_control() && !"\n\r\t".contains(letter);
    (!text.contains(strange)).then_some(text)
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t")
}

/// What a program has said, without the middle where it is long.
fn shortened(text: &str) -> String {
    let text = text.trim_end_matches('\n');
    if text.is_empty() {
        return "（没有内容）".into();
    }
    let count = text.chars().count();
    if count <= 2000 {
        return text.into();
    }
    let begin: String = text.chars().take(1000).collect();
    let end: String = text.chars().skip(count - 900).collect();
    format!("{begin}\n[… 共 {} 字节 …]\n{end}", text.len())
}

/// A length of time, as a story tells it.
pub fn seconds(time: Duration) -> String {
    let hundredths = (time.as_secs_f64() * 100.0).round() / 100.0;
    format!("{hundredths} 秒")
}

/// A name in front of Chinese, and behind it: with a space between Latin letters and Chinese ones.
fn spaced(name: &str) -> String {
    match name.ends_with(|last: char| last.is_ascii()) {
        true => format!("{name} "),
        false => name.into(),
    }
}

fn before(name: &str) -> String {
    match name.starts_with(|first: char| first.is_ascii()) {
        true => format!(" {name}"),
        false => name.into(),
    }
}

/// Whether a program has written on standard error that it, or one of its threads, has panicked.
fn has_panicked(noted: &str) -> bool {
    noted.contains(" panicked at ")
}

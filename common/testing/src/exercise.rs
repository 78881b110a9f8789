//! Exercises that check themselves: one and the same check runs on the worked solution, on the
//! unchanged program, where it must fail, and on what a student has made of that program.
//!
//! A check does something to a program, says what it expects, and compares. When something else
//! comes, it tells the whole story, in the order in which it happened.

use crate::{DEADLINE, Ended, Output, Program};
use common::{is_timeout, retry_interrupted};
use std::any::Any;
use std::fmt::Display;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How long a check of the unchanged program waits for what will not come.
const BRIEFLY: Duration = Duration::from_secs(3);

/// How long a check of a student's program waits: what does not come is the usual case there.
const A_WHILE: Duration = Duration::from_secs(10);

/// The environment variable with which the checks also try the unchanged programs. Not for a
/// student: a solved exercise passes its check, and rightly so.
const UNSOLVED: &str = "EXERCISES_ARE_UNSOLVED";

/// One check at work on one program.
pub struct Check {
    exe: PathBuf,
    patience: Duration,
    /// What the check has done so far.
    story: Mutex<Vec<String>>,
    /// What the programs that it has started have said so far.
    outputs: Mutex<Vec<Outputs>>,
}

/// The name of a program, its standard output and its standard error.
type Outputs = (String, Arc<Output>, Arc<Output>);

/// The name of a check, the check, and what it expects when it fails on the unchanged program.
pub type Expected<'a> = (&'static str, fn(&Check), &'a str);

impl Check {
    /// A check of the program `exe` (`env!("CARGO_BIN_EXE_…")`).
    pub fn of(exe: &str) -> Check {
        Check::with_patience(exe.into(), A_WHILE)
    }

    /// A check of the worked solution, the example `example` of `package`.
    pub fn of_example(package: &str, example: &str) -> Check {
        Check::with_patience(crate::example(package, example), DEADLINE)
    }

    fn with_patience(exe: PathBuf, patience: Duration) -> Check {
        Check {
            exe,
            patience,
            story: Mutex::default(),
            outputs: Mutex::default(),
        }
    }

    /// How long this check waits for one thing.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Adds to the story something that the check has done.
    pub fn did(&self, what: impl Display) {
        self.story.lock().unwrap().push(what.to_string());
    }

    /// What came, if it is what was expected; or else the end of the check, with the whole story.
    #[track_caller]
    pub fn expect<T>(&self, expected: impl Display, came: Result<T, String>) -> T {
        match came {
            Ok(came) => {
                self.did(format!("and got {expected}"));
                came
            }
            Err(came) => {
                let story = self.story.lock().unwrap().join("\n  ");
                let mut report = format!(
                    "\n\nThe check\n  {story}\nIt expected\n  {expected}\nWhat came\n  {came}\n"
                );
                for (name, out, err) in self.outputs.lock().unwrap().iter() {
                    let (out, err) = (shortened(&out.text()), shortened(&err.text()));
                    report += &format!(
                        "--- standard output of {name}:\n{out}\n--- standard error:\n{err}\n"
                    );
                }
                panic!("{report}")
            }
        }
    }

    /// Starts the program that is checked.
    pub fn start<'a>(&'a self, arguments: &[&str]) -> Subject<'a> {
        self.start_in(Path::new("."), arguments)
    }

    /// Starts the program that is checked, in the directory `directory`.
    pub fn start_in<'a>(&'a self, directory: &Path, arguments: &[&str]) -> Subject<'a> {
        let exe = self.exe.to_str().expect("a path in UTF-8");
        let name = self.exe.file_stem().unwrap().to_string_lossy();
        let name = format!("{name} {}", arguments.join(" "));
        self.did(format!("started {name}"));
        let program = Program::start_in(directory, exe, arguments);
        let out = program.out.clone().unwrap();
        let mut outputs = self.outputs.lock().unwrap();
        outputs.push((name, out, program.err.clone()));
        Subject {
            check: self,
            program,
        }
    }

    /// A UDP socket of the check, which the story calls `name`.
    pub fn peer(&self, name: &'static str) -> Peer<'_> {
        let socket = crate::udp();
        socket.set_read_timeout(Some(self.patience)).unwrap();
        Peer {
            check: self,
            name,
            socket,
        }
    }

    /// A connection of the check to a program, which the story calls `name`.
    #[track_caller]
    pub fn connect(&self, name: &'static str, address: SocketAddr) -> Connection<'_> {
        self.did(format!("connected to {address}: {name}"));
        self.connect_quietly(name, address)
    }

    /// The same, without a word about it in the story.
    #[track_caller]
    pub fn connect_quietly(&self, name: &'static str, address: SocketAddr) -> Connection<'_> {
        let socket = match TcpStream::connect_timeout(&address, self.patience) {
            Ok(socket) => socket,
            Err(error) => self.expect("a connection", Err(error.to_string())),
        };
        self.connection(name, socket)
    }

    /// A connection of a program to a listener of the check.
    #[track_caller]
    pub fn accept(&self, name: &'static str, listener: &TcpListener) -> Connection<'_> {
        let listener = listener.try_clone().unwrap();
        let accepted = crate::within(self.patience, move || listener.accept());
        let accepted = match accepted {
            Some(accepted) => accepted.map_err(|error| error.to_string()),
            None => Err(format!("no connection, for {:?}", self.patience)),
        };
        let (socket, _) = self.expect(format!("a connection ({name})"), accepted);
        self.connection(name, socket)
    }

    fn connection(&self, name: &'static str, socket: TcpStream) -> Connection<'_> {
        socket.set_read_timeout(Some(self.patience)).unwrap();
        socket.set_write_timeout(Some(self.patience)).unwrap();
        Connection {
            check: self,
            name,
            socket,
        }
    }
}

/// The program that is checked, running.
pub struct Subject<'a> {
    check: &'a Check,
    program: Program,
}

impl Subject<'_> {
    /// The address that the first line of standard error tells, as this machine reaches it.
    #[track_caller]
    pub fn address(&self) -> SocketAddr {
        match self.program.find_address(self.check.patience) {
            Some(address) => address,
            None => self.check.expect(
                "its address on the first line of standard error",
                Err("no address".into()),
            ),
        }
    }

    /// Types a line.
    pub fn types(&mut self, line: &str) {
        self.check.did(format!("typed {}", shortened(line)));
        self.program.type_line(line);
    }

    /// Types something, and does not press Enter.
    pub fn types_without_enter(&mut self, text: &str) {
        self.check.did(format!("typed {text} and not yet Enter"));
        self.program.type_bytes(text.as_bytes());
    }

    /// Ends the input: Ctrl-D.
    pub fn types_ctrl_d(&mut self) {
        self.check.did("pressed Ctrl-D");
        self.program.end_input();
    }

    /// Presses Ctrl-C.
    #[cfg(unix)]
    pub fn types_ctrl_c(&self) {
        self.check.did("pressed Ctrl-C");
        self.program.signal("INT");
    }

    /// Kills the program.
    pub fn is_killed(mut self) {
        self.check.did("killed it");
        self.program.kill();
    }

    /// Standard output shows `text` sooner or later.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        self.says("standard output", self.program.out.as_ref().unwrap(), text);
    }

    /// Standard error shows `text` sooner or later.
    #[track_caller]
    pub fn notes(&self, text: &str) {
        self.says("standard error", &self.program.err, text);
    }

    #[track_caller]
    fn says(&self, stream: &str, output: &Output, text: &str) {
        let said = output.wait_within(self.check.patience, |shown, ended| match ended {
            _ if shown.contains(text) => Some(Ok(())),
            true => Some(Err("the end of the program")),
            false => None,
        });
        let waited = format!("nothing like it, for {:?}", self.check.patience);
        let said = said.unwrap_or(Err(&waited)).map_err(String::from);
        let expected = format!("{} on {stream}", shortened(text));
        self.check.expect(expected, said);
    }

    /// Standard output has shown `text` so many times, and the check has seen what comes after it.
    #[track_caller]
    pub fn has_shown(&self, text: &str, times: usize) {
        let shown = self.program.shown().matches(text).count();
        self.check.expect(
            format!("{text} on standard output {times} time(s)"),
            (shown == times)
                .then_some(())
                .ok_or(format!("{shown} time(s)")),
        );
    }

    /// The program ends with this exit status.
    #[track_caller]
    pub fn ends(mut self, status: i32) -> Ended {
        let ended = self.program.end_before(self.check.patience);
        let came = match ended {
            None => Err(format!(
                "it is still running, after {:?}",
                self.check.patience
            )),
            Some(ended) if ended.status == Some(status) => Ok(ended),
            Some(ended) => Err(format!("its end with status {:?}", ended.status)),
        };
        self.check
            .expect(format!("its end with status {status}"), came)
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
        self.check
            .did(format!("sent {} from {}", literal(data), self.name));
        self.socket.send_to(data, to).unwrap();
    }

    /// A datagram comes. Returns it, and its sender.
    #[track_caller]
    pub fn receives(&self, expected: &str) -> (Vec<u8>, SocketAddr) {
        let expected = format!("{expected}, at {}", self.name);
        self.check.expect(expected, self.next())
    }

    /// This datagram comes. Returns its sender.
    #[track_caller]
    pub fn receives_just(&self, data: impl AsRef<[u8]>, expected: &str) -> SocketAddr {
        let data = data.as_ref();
        let came = self.next().and_then(|(came, sender)| match came == data {
            true => Ok(sender),
            false => Err(literal(&came)),
        });
        let expected = format!("{expected}: {}, at {}", literal(data), self.name);
        self.check.expect(expected, came)
    }

    /// Of all that has been sent to this socket, there is nothing left.
    #[track_caller]
    pub fn has_nothing_more(&self, expected: &str) {
        let came = match self.at_once() {
            Some(came) => Err(literal(&came)),
            None => Ok(()),
        };
        self.check.expect(expected, came);
    }

    /// Takes out all that has been sent to this socket so far.
    pub fn forgets_what_has_come(&self) {
        while let Some(came) = self.at_once() {
            self.check
                .did(format!("got {} as well, at {}", literal(&came), self.name));
        }
    }

    fn at_once(&self) -> Option<Vec<u8>> {
        self.socket.set_nonblocking(true).unwrap();
        let came = self.next();
        self.socket.set_nonblocking(false).unwrap();
        came.ok().map(|(data, _)| data)
    }

    /// The socket itself.
    pub fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    fn next(&self) -> Result<(Vec<u8>, SocketAddr), String> {
        let mut buffer = vec![0; 65_535];
        loop {
            match retry_interrupted(|| self.socket.recv_from(&mut buffer)) {
                Ok((length, sender)) => return Ok((buffer[..length].to_vec(), sender)),
                // On Windows, when something sent earlier has bounced.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
                Err(error) if is_timeout(&error) => {
                    return Err(format!("no datagram, for {:?}", self.check.patience));
                }
                Err(error) => return Err(error.to_string()),
            }
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
        self.check
            .did(format!("sent {} through {}", literal(data), self.name));
        if let Err(error) = (&self.socket).write_all(data) {
            let expected = format!("that {} takes {} bytes", self.name, data.len());
            self.check.expect(expected, Err(error.to_string()))
        }
    }

    /// These bytes come next.
    #[track_caller]
    pub fn receives(&self, data: impl AsRef<[u8]>, expected: &str) {
        let data = data.as_ref();
        let came = self.next(data.len()).and_then(|came| match came == data {
            true => Ok(()),
            false => Err(literal(&came)),
        });
        let expected = format!("{expected}: {}, through {}", literal(data), self.name);
        self.check.expect(expected, came);
    }

    /// One byte comes next, and is one of these.
    #[track_caller]
    pub fn receives_one_of(&self, bytes: &[u8], expected: &str) -> u8 {
        let came = self
            .next(1)
            .and_then(|came| match bytes.contains(&came[0]) {
                true => Ok(came[0]),
                false => Err(literal(&came)),
            });
        self.check.expect(expected, came)
    }

    /// All bytes up to an orderly end of the connection.
    #[track_caller]
    pub fn receives_the_end(&self, expected: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let end = (&self.socket).read_to_end(&mut bytes);
        let end = end.map_err(|error| match is_timeout(&error) {
            true => format!("no end, for {:?}", self.check.patience),
            false => format!("another end: {error}"),
        });
        self.check.expect(expected, end);
        bytes
    }

    /// The connection ends, in whatever way.
    #[track_caller]
    pub fn is_closed(&self, expected: &str) {
        let end = match (&self.socket).read_to_end(&mut Vec::new()) {
            Err(error) if is_timeout(&error) => {
                Err(format!("no end, for {:?}", self.check.patience))
            }
            _ => Ok(()),
        };
        self.check.expect(expected, end);
    }

    /// The socket itself.
    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Closes the connection.
    pub fn closes(self) {
        self.check.did(format!("closed {}", self.name));
    }

    fn next(&self, length: usize) -> Result<Vec<u8>, String> {
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            match retry_interrupted(|| (&self.socket).read(&mut bytes[filled..])) {
                Ok(0) => return Err(format!("{} and the end", literal(&bytes[..filled]))),
                Ok(more) => filled += more,
                Err(error) if is_timeout(&error) => {
                    let came = literal(&bytes[..filled]);
                    return Err(format!(
                        "{came} and nothing more, for {:?}",
                        self.check.patience
                    ));
                }
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(bytes)
    }
}

/// Bytes as a student reads them: as text where they are UTF-8, else as a literal; cut where it is
/// long.
fn literal(data: &[u8]) -> String {
    let shown = &data[..data.len().min(60)];
    let text = match std::str::from_utf8(shown) {
        Ok(text) if !text.contains(char::is_control) && !text.is_empty() => format!("“{text}”"),
        _ => format!("b\"{}\"", shown.escape_ascii()),
    };
    match data.len() {
        length if length > shown.len() => format!("{text}… ({length} bytes)"),
        _ => text,
    }
}

/// A long text without its middle.
fn shortened(text: &str) -> String {
    let count = text.chars().count();
    if count <= 2000 {
        return text.into();
    }
    let begin: String = text.chars().take(1000).collect();
    let end: String = text.chars().skip(count - 900).collect();
    format!("{begin}\n[… {count} characters in all …]\n{end}")
}

/// The checks fail on the program `exe` as it comes, each of them at the right place: when it expects
/// what is told here. Tried only where `EXERCISES_ARE_UNSOLVED` is set.
pub fn must_fail(exe: &str, checks: &[Expected]) {
    if std::env::var_os(UNSOLVED).is_none() {
        return;
    }
    thread::scope(|scope| {
        let checks: Vec<_> = checks
            .iter()
            .map(|&(name, check, expected)| {
                let run = move || {
                    let tried = Check::with_patience(exe.into(), BRIEFLY);
                    let ended = catch_unwind(AssertUnwindSafe(|| check(&tried)));
                    (name, expected, ended)
                };
                scope.spawn(run)
            })
            .collect();
        for check in checks {
            let (name, expected, ended) = check.join().unwrap();
            let report = ended.expect_err(&format!("{exe} passes {name}"));
            let report = report_of(&*report);
            let (_, came) = report.split_once("It expected\n").unwrap_or_default();
            let (wanted, _) = came.split_once("\nWhat came").unwrap_or_default();
            assert!(
                wanted.contains(expected),
                "{name} fails, but not over {expected:?}:\n{report}"
            );
        }
    });
}

fn report_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied())
        .unwrap_or_default()
}

/// The tests of an exercise, from its checks. `retry::solution` tries the worked solution,
/// `retry::main_rs` the student's `src/main.rs` (ignored unless asked for), and `retry::mirror` the
/// unchanged program, where each check must fail when it expects what is told behind the arrow.
#[macro_export]
macro_rules! exercise {
    ($exercise:ident: example $example:literal of $package:literal {
        $($check:ident => $expected:literal,)+
    }) => {
        mod $exercise {
            const MAIN_RS: &str = env!(concat!("CARGO_BIN_EXE_", $package));

            mod solution {
                $(#[test]
                fn $check() {
                    super::super::$check(&$crate::exercise::Check::of_example($package, $example));
                })+
            }

            mod main_rs {
                $(#[test]
                #[ignore = "for your own src/main.rs: run it with --ignored"]
                fn $check() {
                    super::super::$check(&$crate::exercise::Check::of(super::MAIN_RS));
                })+
            }

            mod mirror {
                #[test]
                fn fails() {
                    $crate::exercise::must_fail(super::MAIN_RS, &[
                        $((stringify!($check), super::super::$check, $expected)),+
                    ]);
                }
            }
        }
    };
}

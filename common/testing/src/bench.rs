//! Benchmarks side by side: every contender does the same work, in turn, and every result is checked
//! before it counts. Standard output is Markdown, as it stands in `common/testing/BENCHMARKS.md`.

use crate::DEADLINE;
use std::io::{self, ErrorKind, Read};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

/// How often a process is asked for its memory, or whether it listens.
pub const POLL: Duration = Duration::from_millis(1);

/// Python itself: `python3` may be a script that looks for it, and takes as long again (pyenv).
static PYTHON: LazyLock<String> = LazyLock::new(|| {
    let path = output(&["python3", "-c", "import sys; print(sys.executable)"]);
    if path.is_empty() { "python3".into() } else { path }
});

/// What one run has measured, a figure for each column, or why there is nothing.
pub type Figures = io::Result<Vec<f64>>;

/// One of those that do the same work.
pub struct Contender<'a> {
    name: String,
    run: Box<dyn FnMut() -> Figures + 'a>,
    runs: io::Result<Vec<Vec<f64>>>,
}

impl<'a> Contender<'a> {
    /// `run` does the work once, checks the result, and returns its figures.
    pub fn new(name: impl Into<String>, run: impl FnMut() -> Figures + 'a) -> Contender<'a> {
        Contender { name: name.into(), run: Box::new(run), runs: Ok(vec![]) }
    }
}

/// A server, and how it is started.
pub struct Server<'a> {
    /// Its name in the table.
    pub name: &'a str,
    /// The words of [`command`].
    pub words: &'a [&'a str],
}

/// A contender for each server, which is started for every `work`.
pub fn group<'a>(
    servers: &'a [Server],
    case: &str,
    work: impl Fn(&Process) -> Figures + Copy + 'a,
) -> Vec<Contender<'a>> {
    let contender = |server: &'a Server| {
        Contender::new(format!("{}{case}", server.name), move || {
            work(&Process::serve(server.words, Stdio::null())?)
        })
    };
    servers.iter().map(contender).collect()
}

/// Begins a section: what is measured, and where.
pub fn section(title: &str) {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name\t: ")).unwrap_or("?");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let [system, rustc, python] =
        [["uname", "-sr"], ["rustc", "-V"], [&PYTHON, "-V"]].map(|words| output(&words));
    println!("\n## {title}\n\n{cpu}, {cores} cores, {system}, {rustc}, {python}.");
}

/// Prints a table: for each contender the median of every column, with the least and the most, and
/// the ratio of its first figure to that of the first contender of its group.
pub fn compare(title: &str, columns: &[&str], groups: Vec<Vec<Contender>>) {
    println!("\n### {title}\n\n| | {} | ratio |", columns.join(" | "));
    println!("|{}", " --- |".repeat(columns.len() + 2));
    let decimals = |figure| if figure < 10.0 { 2 } else { usize::from(figure < 100.0) };
    let rounded = |figure: f64| format!("{figure:.0$}", decimals(figure));
    for mut group in groups {
        run_in_turn(&mut group);
        let first = group[0].runs.as_ref().map_or(f64::NAN, |runs| spread(runs, 0)[0]);
        for Contender { name, runs, .. } in &group {
            print!("| {name} |");
            match runs {
                Ok(runs) => {
                    for column in 0..columns.len() {
                        let [median, least, most] = spread(runs, column).map(rounded);
                        print!(" {median} ({least}–{most}) |");
                    }
                    println!(" {:.2} |", spread(runs, 0)[0] / first);
                }
                Err(problem) => println!(" {problem} |{}", " |".repeat(columns.len())),
            }
        }
    }
}

/// A B C, B C A, C A B, …, so that nobody always follows the same other. Who fails is out.
fn run_in_turn(group: &mut [Contender]) {
    let rounds = env::args().find_map(|word| word.parse().ok()).unwrap_or(9);
    let count = group.len();
    for turn in 0..rounds * count {
        let Contender { run, runs, .. } = &mut group[(turn / count + turn) % count];
        let Ok(done) = runs else { continue };
        match run() {
            Ok(figures) => done.push(figures),
            Err(problem) => *runs = Err(problem),
        }
    }
}

/// The median of a column, the least and the most.
fn spread(runs: &[Vec<f64>], column: usize) -> [f64; 3] {
    let mut figures: Vec<f64> = runs.iter().map(|run| run[column]).collect();
    figures.sort_by(f64::total_cmp);
    [figures.len() / 2, 0, figures.len() - 1].map(|at| figures[at])
}

/// A program and its arguments, where `{port}` stands for `port`; nothing is at its streams.
pub fn command(words: &[&str], port: u16) -> Command {
    let mut command = Command::new(if words[0] == "python3" { &PYTHON } else { words[0] });
    command.args(words[1..].iter().map(|word| word.replace("{port}", &port.to_string())));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// One of the scripts, at `{port}` of this machine.
pub fn script(name: &str, port: &str) -> String {
    let script = crate::root().join("common/testing/scripts").join(name);
    let script = fs::read_to_string(script).unwrap();
    script.replace(port, "{port}").replace("(\"\", ", "(\"127.0.0.1\", ")
}

/// What a command prints, or nothing.
pub fn output(words: &[&str]) -> String {
    let output = Command::new(words[0]).args(&words[1..]).output();
    output.map_or(String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().into())
}

/// Says that a tool is missing, if it is.
pub fn installed(tool: impl AsRef<Path>) -> io::Result<()> {
    let paths = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&paths).any(|path| path.join(&tool).is_file());
    if found { Ok(()) } else { Err(io::Error::other("not installed")) }
}

/// A process that ends with this value.
pub struct Process {
    /// The process itself.
    pub child: Child,
    /// Where it listens; 0 where it does not.
    pub port: u16,
}

impl Process {
    /// Starts `command`.
    pub fn start(command: &mut Command) -> io::Result<Process> {
        installed(command.get_program())?;
        Ok(Process { child: command.spawn()?, port: 0 })
    }

    /// Starts the server of a [`command`] at a port that is free, and waits until it listens.
    pub fn serve(words: &[&str], input: Stdio) -> io::Result<Process> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut server = Process::start(command(words, port).stdin(input))?;
        server.port = port;
        // Linux tells who listens (0A). To connect is no way: `nc` serves one connection only.
        let listener = format!(":{port:04X} 00000000:0000 0A");
        let listens = (0..DEADLINE.as_millis()).any(|polls| {
            thread::sleep(POLL);
            let sockets = fs::read_to_string("/proc/net/tcp");
            sockets.map_or(polls > 1000, |sockets| sockets.contains(&listener))
        });
        if listens { Ok(server) } else { Err(io::Error::other("it does not listen")) }
    }

    /// The most memory it has used, in MiB, if it runs and Linux tells.
    pub fn memory(&self) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.trim().trim_end_matches(" kB").parse::<f64>().ok()? / 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Connects; reads and writes fail when nothing moves for long.
pub fn connect(port: u16) -> io::Result<TcpStream> {
    let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    socket.set_read_timeout(Some(DEADLINE))?;
    socket.set_write_timeout(Some(DEADLINE))?;
    Ok(socket)
}

/// What comes next must be `expected`.
pub fn expect(mut socket: &TcpStream, expected: &[u8]) -> io::Result<()> {
    let mut received = vec![0; expected.len()];
    socket.read_exact(&mut received).map_err(|error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => io::Error::other("it stalls"),
        _ => error,
    })?;
    if received == expected { Ok(()) } else { Err(io::Error::other("other bytes came")) }
}

/// Does `work` for all clients at once, which moves so many MiB. Returns the MiB/s and the memory.
pub fn at_once<T: Send>(
    server: &Process,
    clients: Vec<T>,
    mebibytes: f64,
    work: &(impl Fn(T) -> io::Result<()> + Sync),
) -> Figures {
    let begin = Instant::now();
    thread::scope(|scope| {
        let start = |client| scope.spawn(move || work(client));
        let clients: Vec<_> = clients.into_iter().map(start).collect();
        clients.into_iter().try_for_each(|client| client.join().unwrap())
    })?;
    let seconds = begin.elapsed().as_secs_f64();
    Ok(vec![mebibytes / seconds, server.memory().unwrap_or(f64::NAN)])
}

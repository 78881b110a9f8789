//! Benchmarks side by side: every contender does the same work, in turn, and every result is checked
//! before it counts. Standard output is Markdown, as it stands in `common/testing/BENCHMARKS.md`.

use std::io::{IsTerminal, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often each contender runs, where [`compare`] decides.
const ROUNDS: usize = 7;

/// How many clients there are at once.
const CLIENTS: [usize; 4] = [1, 10, 100, 1000];

/// How long a connection may move nothing before its run counts as failed.
const STALLED: Duration = Duration::from_secs(60);

/// How often a process is asked for its memory.
const SAMPLING: Duration = Duration::from_millis(2);

/// What a run has measured, and what it is called: `("MiB/s", 812.0)`. The first one is compared.
pub type Figures = Vec<(&'static str, f64)>;

/// One of those that do the same work.
pub struct Contender<'a> {
    name: String,
    run: Box<dyn FnMut() -> Result<Figures, String> + 'a>,
}

impl<'a> Contender<'a> {
    /// `run` does the work once, checks the result, and returns its figures, or why there are none.
    pub fn new(
        name: impl Into<String>,
        run: impl FnMut() -> Result<Figures, String> + 'a,
    ) -> Contender<'a> {
        Contender { name: name.into(), run: Box::new(run) }
    }
}

/// Contenders that share a value, as `10` under `clients`.
pub type Group<'a> = (String, Vec<Contender<'a>>);

/// Begins a section: what is measured, and where.
pub fn section(title: &str) {
    println!("\n## {title}\n\n{}", machine());
}

/// [`compare_often`], as often as is usual.
pub fn compare(title: &str, contenders: Vec<Contender>) {
    compare_often(ROUNDS, title, contenders);
}

/// Runs the contenders in turn, A B C B C A …, `rounds` times, and prints a table: the median of each
/// figure, its spread, and the ratio of the medians of the first figure to that of the first
/// contender.
pub fn compare_often(rounds: usize, title: &str, contenders: Vec<Contender>) {
    println!("\n### {title}\n");
    print_groups(rounds, title, "|", vec![("|".into(), contenders)]);
}

/// The same for several groups, one after the other in one table; `column` is what they differ in.
/// The ratio is to the first contender of the group.
pub fn compare_groups(title: &str, column: &str, groups: Vec<Group>) {
    println!("\n### {title}\n");
    let cell = |text: String| format!("| {text} |");
    let groups = groups.into_iter();
    let groups = groups.map(|(value, contenders)| (cell(value), contenders));
    print_groups(ROUNDS, title, &cell(column.into()), groups.collect());
}

/// [`compare_groups`] for more and more clients at once.
pub fn compare_clients<'a>(title: &str, contenders: impl Fn(usize) -> Vec<Contender<'a>>) {
    let groups = CLIENTS.map(|count| (count.to_string(), contenders(count)));
    compare_groups(title, "clients", groups.into());
}

fn print_groups(rounds: usize, title: &str, column: &str, groups: Vec<Group>) {
    let mut has_header = false;
    for (value, mut contenders) in groups {
        let runs = run_in_turn(rounds, &format!("{title} {value}"), &mut contenders);
        let names: Vec<&str> = match runs.iter().flatten().find_map(|runs| runs.first()) {
            Some(run) => run.iter().map(|(name, _)| *name).collect(),
            None => {
                println!("nothing could be measured: {:?}", runs[0]);
                continue;
            }
        };
        if !has_header {
            let columns = column.matches('|').count() + names.len() + 1;
            println!("{column} | {} | ratio |", names.join(" | "));
            println!("|{}", " --- |".repeat(columns));
            has_header = true;
        }
        print_rows(&value, &contenders, &runs, names.len());
    }
}

/// The figures of all runs of one contender, or why there are none.
type Runs = Result<Vec<Figures>, String>;

fn run_in_turn(rounds: usize, title: &str, contenders: &mut [Contender]) -> Vec<Runs> {
    let count = contenders.len();
    let mut runs: Vec<Runs> = vec![Ok(vec![]); count];
    for round in 0..rounds {
        // Each round begins with the next one, so that nobody always follows the same other.
        for at in (0..count).map(|turn| (round + turn) % count) {
            let Ok(figures) = &mut runs[at] else { continue };
            let contender = &mut contenders[at];
            let turn = round + 1;
            progress(&format!("{title}: {turn}/{rounds} {}", contender.name));
            match (contender.run)() {
                Ok(run) => figures.push(run),
                Err(problem) => runs[at] = Err(problem),
            }
        }
    }
    progress("");
    runs
}

fn print_rows(value: &str, contenders: &[Contender], runs: &[Runs], figures: usize) {
    let ours = match &runs[0] {
        Ok(runs) => median(runs, 0),
        Err(_) => f64::NAN,
    };
    for (Contender { name, .. }, runs) in contenders.iter().zip(runs) {
        match runs {
            Err(problem) => println!("{value} {name} | {problem} |{}", " |".repeat(figures)),
            Ok(runs) => {
                let cells: String = (0..figures).map(|at| cell(runs, at)).collect();
                let ratio = median(runs, 0) / ours;
                println!("{value} {name} |{cells} {ratio:.2} |");
            }
        }
    }
}

fn values(runs: &[Figures], at: usize) -> Vec<f64> {
    let mut values: Vec<f64> = runs.iter().map(|run| run[at].1).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn median(runs: &[Figures], at: usize) -> f64 {
    let values = values(runs, at);
    values[values.len() / 2]
}

fn cell(runs: &[Figures], at: usize) -> String {
    let values = values(runs, at);
    let number = |value: f64| match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value if value >= 1.0 => format!("{value:.2}"),
        value => format!("{value:.3}"),
    };
    let (least, most) = (values[0], values[values.len() - 1]);
    format!(" {} ({}–{}) |", number(median(runs, at)), number(least), number(most))
}

/// What is being done, in a line that changes in place.
fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{text}");
        let _ = std::io::stderr().flush();
    }
}

/// This machine and what is on it, in a line: without it, figures mean nothing.
fn machine() -> String {
    let line = |path: &str, key: &str| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let found = text.lines().find_map(|line| line.strip_prefix(key));
        let value = found.unwrap_or("unknown").trim_start_matches([':', ' ', '\t']);
        value.to_string()
    };
    let version = |tool: &str| {
        let output = Command::new(tool).arg("--version").output();
        let output = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        let words = output.unwrap_or_default();
        words.split(' ').nth(1).unwrap_or("none").trim().to_string()
    };
    let processor = line("/proc/cpuinfo", "model name");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let memory = line("/proc/meminfo", "MemTotal");
    let gibibytes = memory.trim_end_matches(" kB").parse().unwrap_or(0) >> 20;
    let release = line("/proc/sys/kernel/osrelease", "");
    let linux = release.split('-').next().unwrap_or_default();
    let (rustc, python) = (version("rustc"), version("python3"));
    format!(
        "{processor}, {cores} cores, {gibibytes} GiB, Linux {linux}, rustc {rustc}, Python {python}."
    )
}

/// Says that a tool is missing, if it is.
pub fn installed(tool: &str) -> Result<(), String> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).any(|path| path.join(tool).is_file());
    if found { Ok(()) } else { Err("not installed".into()) }
}

/// A directory in memory where there is one, so that no disk is measured.
pub fn directory_in_memory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// A port that was free a moment ago, for tools that cannot choose one themselves.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A process, and the most memory it has used.
pub struct Measured {
    child: Child,
    peak: Arc<AtomicU64>,
    sampler: Option<thread::JoinHandle<()>>,
}

impl Measured {
    /// Starts `command`.
    pub fn start(command: &mut Command) -> Result<Measured, String> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Measured::start_as_is(command)
    }

    /// Starts `command` with whatever it has for its streams.
    pub fn start_as_is(command: &mut Command) -> Result<Measured, String> {
        let child = command.spawn().map_err(|error| error.to_string())?;
        let peak = Arc::new(AtomicU64::new(0));
        let status = status_of(&child);
        let sampled = peak.clone();
        let sampler = thread::spawn(move || {
            while let Some(kibibytes) = peak_of(&status) {
                sampled.fetch_max(kibibytes, Ordering::Relaxed);
                thread::sleep(SAMPLING);
            }
        });
        Ok(Measured { child, peak, sampler: Some(sampler) })
    }

    /// The process itself.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits for its end; a status other than 0 is an error.
    pub fn wait(&mut self) -> Result<(), String> {
        let status = self.child.wait().map_err(|error| error.to_string())?;
        if status.success() { Ok(()) } else { Err(format!("it failed: {status}")) }
    }

    /// Ends it, and tells the most memory it has used, in MiB.
    pub fn peak(mut self) -> f64 {
        if let Some(kibibytes) = peak_of(&status_of(&self.child)) {
            self.peak.fetch_max(kibibytes, Ordering::Relaxed);
        }
        self.stop();
        self.peak.load(Ordering::Relaxed) as f64 / 1024.0
    }

    fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(sampler) = self.sampler.take() {
            let _ = sampler.join();
        }
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        self.stop();
    }
}

fn status_of(child: &Child) -> PathBuf {
    PathBuf::from(format!("/proc/{}/status", child.id()))
}

/// The peak of a process that is alive, in KiB, as Linux tells it.
fn peak_of(status: &Path) -> Option<u64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Connects as soon as somebody listens. Reads and writes fail when nothing moves for long.
pub fn connect_when_ready(address: SocketAddr) -> Result<TcpStream, String> {
    let deadline = Instant::now() + crate::DEADLINE;
    loop {
        match TcpStream::connect(address) {
            Ok(socket) => {
                socket.set_read_timeout(Some(STALLED)).unwrap();
                socket.set_write_timeout(Some(STALLED)).unwrap();
                return Ok(socket);
            }
            Err(error) if Instant::now() > deadline => return Err(error.to_string()),
            Err(_) => thread::sleep(SAMPLING),
        }
    }
}

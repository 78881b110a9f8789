//! A session of a sheet: its screens, typed in again and compared.

use super::command::{Listens, prepare};
use super::ports::{Ports, without_ports};
use super::{Block, PROGRAMS, Problem, Scripts, Sheet, is_slow};
use crate::{DEADLINE, Program, TempDir, address_in, root, tempdir};
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often a script is asked whether it listens.
const LOOK: Duration = Duration::from_millis(5);

/// After how long a script that has not ended is interrupted again. Python looks for signals between
/// two steps: one that comes just before it begins to wait is not seen while it waits.
const AGAIN: Duration = Duration::from_secs(2);

/// How long what is shown may take to come in a session that is marked as slow.
const SLOW: Duration = Duration::from_secs(300);

/// How long a script is watched that should wait.
const A_MOMENT: Duration = Duration::from_secs(1);

impl Sheet {
    /// Runs a session, whose blocks are terminals side by side, and compares the screens.
    /// What is marked `console linux` is passed over elsewhere.
    pub fn run(&self, session: &[Block], scripts: &Scripts) -> Result<(), Problem> {
        let needs_linux = session.iter().any(|block| block.language.contains("linux"));
        if needs_linux && !cfg!(target_os = "linux") {
            return Ok(());
        }
        if let Some(tool) = missing_tool(session) {
            let (line, told) = (session[0].first, format!("没有安装 {tool}"));
            if std::env::var_os("CI").is_some() {
                return Err(Problem::new(line, told));
            }
            eprintln!("{told}：略过 {}:{line}", self.path.display());
            return Ok(());
        }
        Session::new(scripts).run(session)
    }
}

impl Scripts {
    /// Why a script does not even begin to wait, for its peer or its user: the last line that it says
    /// before its end. `None`: it waits.
    pub fn does_not_start(&self, script: &str) -> Option<String> {
        // Whoever connects must find somebody.
        let peers = ["cargo run -q -p tcp-echo-server", &format!("python3 {script}")];
        let session = Session::new(self);
        let _peer = (script == "tcp_client.py").then(|| session.start(0, peers[0]));
        let known = session.ports.count();
        let mut started = match session.start(0, peers[1]) {
            Ok(started) => started,
            Err(problem) => return Some(problem.to_string()),
        };
        // Either it says something at once, a prompt or why it ends, or it has begun to listen.
        if session.ports.count() == known {
            started.wait_within(self.limit, |shown| !shown.is_empty());
        }
        let ended = started.end_before(A_MOMENT)?;
        let last = ended.out.lines().next_back();
        Some(last.unwrap_or("程序立即结束了").to_string())
    }
}

/// A tool that a session needs and that is not installed.
fn missing_tool<'a>(session: &[Block<'a>]) -> Option<&'a str> {
    let commands = session.iter().flat_map(|block| &block.lines);
    let commands = commands.filter_map(|line| line.strip_prefix("$ "));
    let mut words = commands.flat_map(|command| command.split_whitespace());
    words.find(|word| {
        ["tcpdump", "strace", "nc", "socat"].contains(word)
            && crate::bench::installed(word).is_err()
    })
}

/// What happens in a terminal, one after the other.
enum Step {
    Command(String),
    Shows(String),
    /// Whatever comes, up to what is shown next: a line that says `…`, or the end of a line.
    Skip,
    Type(String),
    /// The signal of Ctrl-C, or of Ctrl-\, which no program here asks for.
    Interrupt {
        signal: &'static str,
        /// Whether the other terminals come first: for the first one, which is the server's, and behind
        /// a line that the program may not have read yet.
        is_last: bool,
    },
    EndInput,
    Stop,
    /// The command has ended with this status.
    Status(i32),
}

/// The steps of a block, each with its line number.
fn steps(block: &Block, is_first: bool) -> Vec<(usize, Step)> {
    let mut steps: Vec<(usize, Step)> = Vec::new();
    for (number, line) in block.lines.iter().enumerate() {
        let number = block.first + number;
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push((number, Step::Command(command.into())));
            continue;
        }
        if *line == "…" {
            steps.push((number, Step::Skip));
            continue;
        }
        let status = line.strip_prefix("[状态码 ").and_then(|line| line.strip_suffix(']'));
        if let Some(status) = status.and_then(|status| status.parse().ok()) {
            steps.push((number, Step::Status(status)));
            continue;
        }
        // The last line may be a prompt that nobody has answered.
        let is_last = number + 1 == block.first + block.lines.len();
        let mut rest = format!("{line}{}", if is_last { "" } else { "\n" });
        while let Some((before, typed)) = rest.split_once('‹') {
            if !before.is_empty() {
                steps.push((number, Step::Shows(before.into())));
            }
            let (typed, after) = typed.split_once('›').unwrap();
            let interrupt =
                |signal| Step::Interrupt { signal, is_last: is_first || is_unread(&steps) };
            let step = match typed {
                "Ctrl-C" => interrupt("INT"),
                "Ctrl-\\" => interrupt("QUIT"),
                "Ctrl-D" => Step::EndInput,
                "Ctrl-Z" => Step::Stop,
                typed => Step::Type(typed.into()),
            };
            steps.push((number, step));
            rest = after.strip_prefix('\n').unwrap_or(after).to_string(); // the Enter key
        }
        if let Some(begin) = rest.trim_end_matches('\n').strip_suffix('…') {
            steps.push((number, Step::Shows(begin.into())));
            steps.push((number, Step::Skip));
            rest = if is_last { String::new() } else { "\n".into() };
        }
        if !rest.is_empty() {
            steps.push((number, Step::Shows(rest)));
        }
    }
    steps
}

/// Whether a line was typed behind which nothing has been shown.
fn is_unread(steps: &[(usize, Step)]) -> bool {
    let mut before = steps.iter().rev().map(|(_, step)| step);
    let last =
        before.find(|step| matches!(step, Step::Type(_) | Step::Shows(_) | Step::Command(_)));
    matches!(last, Some(Step::Type(_)))
}

/// One terminal: what is still to happen, what runs in it, how much of its output was compared.
struct Terminal {
    steps: std::vec::IntoIter<(usize, Step)>,
    program: Option<Program>,
    /// Whether the program in it is a script, which may be left running.
    is_script: bool,
    compared: usize,
    /// Whether what comes next may be anything, up to what is shown then.
    skips: bool,
    /// When the program in it was last interrupted.
    interrupted: Option<Instant>,
    /// The exit status of the program that has ended last.
    status: Option<i32>,
}

impl Terminal {
    fn new(block: &Block, is_first: bool) -> Terminal {
        Terminal {
            steps: steps(block, is_first).into_iter(),
            program: None,
            is_script: false,
            compared: 0,
            skips: false,
            interrupted: None,
            status: None,
        }
    }

    fn next(&self) -> Option<&(usize, Step)> {
        self.steps.as_slice().first()
    }

    /// Sends a signal to all that the shell of the terminal has started.
    fn signal(&self, signal: &str) {
        let group = self.program.as_ref().expect("a command comes first").id().to_string();
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill -$0 -$1", signal, &group]);
        let _ = kill.stderr(Stdio::null()).status(); // it may have ended
    }

    fn interrupt(&mut self, signal: &str) {
        self.signal(signal);
        self.interrupted = Some(Instant::now());
    }

    /// Whether a script may have missed its interrupt.
    fn is_due_again(&self) -> bool {
        let since = self.interrupted.filter(|_| self.is_script);
        since.is_some_and(|since| since.elapsed() > AGAIN)
    }

    fn waits_for_nothing_else(&self) -> bool {
        matches!(self.next(), None | Some((_, Step::Interrupt { .. })))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.program.is_some() {
            self.signal("KILL");
        }
    }
}

struct Session {
    directory: TempDir,
    ports: Ports,
    limit: Duration,
}

impl Session {
    /// A session in a directory of its own, with the sources of the programs and the scripts in it.
    fn new(scripts: &Scripts) -> Session {
        let directory = tempdir().unwrap();
        for program in PROGRAMS {
            let from = root().join(program);
            let to = directory.path().join(program);
            fs::create_dir_all(to.join("src")).unwrap();
            for file in ["src/main.rs", "wire.pcap"] {
                if from.join(file).exists() {
                    fs::copy(from.join(file), to.join(file)).unwrap();
                }
            }
            let script = format!("{}.py", program.replace('-', "_"));
            if let Ok(source) = fs::read(scripts.directory.join(&script)) {
                fs::write(directory.path().join(script), source).unwrap();
            }
        }
        Session { directory, ports: Ports::new(), limit: scripts.limit }
    }

    /// Goes round the terminals, in each up to the place where it waits for another one. The time runs
    /// anew with every step, so that a busy machine fails no screen.
    fn run(self, blocks: &[Block]) -> Result<(), Problem> {
        let numbered = blocks.iter().enumerate();
        let mut terminals: Vec<Terminal> =
            numbered.map(|(number, block)| Terminal::new(block, number == 0)).collect();
        let limit = if is_slow(blocks) { SLOW } else { self.limit };
        let left = |terminals: &[Terminal]| -> usize {
            terminals.iter().map(|terminal| terminal.steps.len()).sum()
        };
        let mut deadline = Instant::now() + limit;
        while left(&terminals) > 0 {
            let before = left(&terminals);
            for current in 0..terminals.len() {
                let (before, behind) = terminals.split_at(current);
                let mut others = before.iter().chain(&behind[1..]);
                let others_are_through = others.all(Terminal::waits_for_nothing_else);
                let in_time = Instant::now() < deadline;
                self.advance(&mut terminals[current], others_are_through, in_time)?;
            }
            if left(&terminals) < before {
                deadline = Instant::now() + limit;
            }
        }
        for (terminal, block) in terminals.iter_mut().zip(blocks) {
            // A script is left running; a program of ours must have ended on the screen.
            if !terminal.is_script {
                end(terminal, block.first + block.lines.len() - 1)?;
            }
        }
        Ok(())
    }

    fn advance(
        &self,
        terminal: &mut Terminal,
        others_are_through: bool,
        in_time: bool,
    ) -> Result<(), Problem> {
        while let Some((number, step)) = terminal.next() {
            let number = *number;
            match step {
                Step::Command(command) if command == "fg" => {
                    terminal.signal("CONT");
                }
                Step::Command(command) => {
                    let command = command.clone();
                    end(terminal, number)?;
                    let line = match (command.as_str(), terminal.status) {
                        ("echo $?", Some(status)) => format!("echo {status}"),
                        ("echo $?", None) => "echo '被信号终止'".into(),
                        (command, _) => command.into(),
                    };
                    terminal.is_script = command.contains("python3 ");
                    terminal.program = Some(self.start(number, &line)?);
                    terminal.compared = 0;
                    terminal.skips = false;
                    terminal.interrupted = None;
                }
                Step::Shows(text) => {
                    let expected = without_ports(text);
                    match shows(terminal, number, &expected, in_time)? {
                        None if terminal.is_due_again() => {
                            terminal.interrupt("INT");
                            return Ok(());
                        }
                        None => return Ok(()),
                        Some(end) => terminal.compared = end,
                    }
                    terminal.skips = false;
                }
                Step::Skip => terminal.skips = true,
                Step::Type(text) => {
                    let typed = self.ports.real(text);
                    terminal.program.as_mut().unwrap().type_line(&typed);
                }
                Step::EndInput => terminal.program.as_mut().unwrap().end_input(),
                Step::Stop => terminal.signal("STOP"),
                Step::Status(expected) => {
                    let expected = *expected;
                    let program = terminal.program.as_mut().expect("a command comes first");
                    if in_time && program.end_before(Duration::from_millis(50)).is_none() {
                        return Ok(());
                    }
                    end(terminal, number)?;
                    if terminal.status != Some(expected) {
                        let problem = format!("状态码是 {:?}", terminal.status);
                        return Err(Problem::new(number, problem));
                    }
                }
                Step::Interrupt { signal, is_last } if others_are_through || !is_last => {
                    let signal = *signal;
                    terminal.interrupt(signal);
                    terminal.steps.next();
                    return Ok(());
                }
                Step::Interrupt { .. } => return Ok(()),
            }
            terminal.steps.next();
        }
        Ok(())
    }

    /// Starts a command of the sheet, and waits until it listens where it should.
    fn start(&self, number: usize, command: &str) -> Result<Program, Problem> {
        let prepared = prepare(command, &self.ports);
        let known = self.ports.count();
        let mut program = Program::spawn(self.shell(&prepared.line));
        let listens = match prepared.listens {
            None => true,
            Some(Listens::Program(told)) => {
                let address = program.wait_a_while(|shown| {
                    let (line, _) = shown.split_once('\n')?;
                    Some(address_in(line))
                });
                // Where it does not say so, it cannot: what it says instead stands in the sheet.
                if let Some(address) = address.flatten() {
                    self.ports.insert(told, address.port());
                }
                true
            }
            Some(Listens::Script) => {
                let deadline = Instant::now() + DEADLINE;
                loop {
                    let ended = program.end_before(Duration::ZERO).is_some();
                    if ended || self.ports.count() > known {
                        break true;
                    }
                    if Instant::now() > deadline {
                        break false;
                    }
                    thread::sleep(LOOK);
                }
            }
        };
        if listens {
            Ok(program)
        } else {
            Err(Problem::new(number, "这个命令没有开始监听"))
        }
    }

    /// A shell for `line`, in the directory of the session and with one stream for all output. A
    /// simple command takes the place of the shell, so that signals reach it.
    fn shell(&self, line: &str) -> Command {
        let exec = if line.contains(['|', '>', ';', '&', '(']) { "" } else { "exec " };
        let mut shell = Command::new("bash");
        shell
            .arg("-c")
            .arg(format!("exec 2>&1; {exec}{line}"))
            .current_dir(self.directory.path())
            .envs([("PYTHONIOENCODING", "utf-8"), ("PYTHONUNBUFFERED", "1")])
            .env("PYTHONPATH", root().join("common/testing/scripts/loopback"))
            .env("SESSION_PORTS", self.ports.directory())
            .process_group(0);
        shell
    }
}

/// Where `expected` ends in the output of a terminal, if it has come. It may still come as long as
/// there is time and nothing else has come.
fn shows(
    terminal: &Terminal,
    number: usize,
    expected: &str,
    in_time: bool,
) -> Result<Option<usize>, Problem> {
    let program = terminal.program.as_ref().expect("a command comes first");
    let from = terminal.compared;
    let find = |shown: &str| {
        let at = shown[from..].find(expected)?;
        (at == 0 || terminal.skips).then_some(from + at + expected.len())
    };
    let shown =
        without_ports(&program.wait_a_little(|shown| find(&without_ports(shown)).is_some()));
    let found = find(&shown);
    let may_come = in_time && (terminal.skips || expected.starts_with(&shown[from..]));
    if found.is_none() && !may_come {
        let problem = format!("讲义上是 {expected:?}，终端上是 {:?}", &shown[from..]);
        return Err(Problem::new(number, &problem));
    }
    Ok(found)
}

/// The program in a terminal must have ended, and shown nothing that the sheet does not.
fn end(terminal: &mut Terminal, number: usize) -> Result<(), Problem> {
    if let Some(mut program) = terminal.program.take() {
        program.end_input();
        let Some(ended) = program.end_before(DEADLINE) else {
            let shown = program.shown();
            return Err(Problem::new(number, format!("程序没有结束，终端上是 {shown:?}")));
        };
        terminal.status = ended.status;
        let shown = without_ports(&ended.out);
        let rest = &shown[terminal.compared..];
        if !rest.trim_end().is_empty() && !terminal.skips {
            return Err(Problem::new(number, format!("终端上还有 {rest:?}")));
        }
    }
    Ok(())
}

//! A session of a sheet: its screens, typed in again and compared.

use super::command::Line;
use super::ports::{Ports, comparable};
use super::{Block, PROGRAMS, Problem, Scripts, Sheet};
use crate::program::LITTLE;
use crate::{DEADLINE, Program, TempDir, address_in, bench, python, root};
use std::collections::VecDeque;
use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// After how long a script that has not ended is interrupted again. Python looks for signals between
/// two steps: one that comes just before it begins to wait is not seen while it waits.
const AGAIN: Duration = Duration::from_secs(2);

impl Sheet {
    /// Runs a session, whose blocks are terminals side by side, and compares the screens. One that
    /// needs Linux is passed over elsewhere.
    pub fn run(&self, session: &[Block], scripts: &Scripts) -> Result<(), Problem> {
        if session.iter().any(Block::needs_linux) && !cfg!(target_os = "linux") {
            return Ok(());
        }
        let commands = session.iter().flat_map(|block| &block.lines);
        let commands = commands.filter_map(|line| line.strip_prefix("$ "));
        let missing = commands.flat_map(str::split_whitespace).find(|word| match *word {
            "python3" => python().is_none(),
            "tcpdump" | "strace" | "nc" | "socat" => bench::installed(word).is_err(),
            _ => false,
        });
        let Some(tool) = missing else { return Session::new(scripts).run(session) };
        let (line, told) = (session[0].first, format!("没有安装 {tool}"));
        if std::env::var_os("CI").is_some() {
            return Err(Problem::new(line, told));
        }
        eprintln!("{told}：略过 {}:{line}", self.path.display());
        Ok(())
    }
}

/// What happens in a terminal, one after the other.
enum Step {
    /// A line, and whether it is for bash.
    Command(String, bool),
    Shows(String),
    /// Whatever comes, up to what is shown next: a line that says `…`, or the end of a line.
    Skip,
    Type(String),
    /// Ctrl-C, and whether the other terminals come first: in the first one, which is the server's, and
    /// behind a line that the program may not have read yet.
    Interrupt(bool),
    EndInput,
    /// The command has ended with this status.
    Status(i32),
}

/// One terminal: what is still to happen, what runs in it, how much of its output was compared.
#[derive(Default)]
struct Terminal {
    /// Each with its line number.
    steps: VecDeque<(usize, Step)>,
    program: Option<Program>,
    /// Whether it is a script or `cargo lab peer`, which may be left running.
    is_peer: bool,
    compared: usize,
    /// Whether what comes next may be anything, up to what is shown then.
    skips: bool,
    /// When the program in it was last interrupted.
    interrupted: Option<Instant>,
}

impl Terminal {
    fn new(block: &Block, is_first: bool) -> Terminal {
        let mut terminal = Terminal::default();
        let steps = &mut terminal.steps;
        let mut lines = block.lines.iter().zip(block.first..).peekable();
        while let Some((&line, number)) = lines.next() {
            let status = line.strip_prefix("[状态码 ").and_then(|line| line.strip_suffix(']'));
            let whole = match (line, line.strip_prefix("$ "), status.map(str::parse)) {
                ("…", ..) => Some(Step::Skip),
                (_, Some(command), _) => Some(Step::Command(command.into(), block.needs_linux())),
                (.., Some(Ok(status))) => Some(Step::Status(status)),
                _ => None,
            };
            if let Some(step) = whole {
                steps.push_back((number, step));
                continue;
            }
            // The last line may be a prompt that nobody has answered.
            let end = if lines.peek().is_some() { "\n" } else { "" };
            let mut rest = format!("{line}{end}");
            while let Some((before, typed)) = rest.split_once('‹') {
                if !before.is_empty() {
                    steps.push_back((number, Step::Shows(before.into())));
                }
                let (typed, after) = typed.split_once('›').unwrap();
                let before = steps.back().map(|(_, step)| step);
                let is_last = is_first || matches!(before, Some(Step::Type(_) | Step::Skip));
                let step = match typed {
                    "Ctrl-C" => Step::Interrupt(is_last),
                    "Ctrl-D" => Step::EndInput,
                    typed => Step::Type(typed.into()),
                };
                steps.push_back((number, step));
                rest = after.strip_prefix('\n').unwrap_or(after).to_string(); // the Enter key
            }
            if let Some(begin) = rest.trim_end_matches('\n').strip_suffix('…') {
                steps.push_back((number, Step::Shows(begin.into())));
                steps.push_back((number, Step::Skip));
                rest = end.into();
            }
            if !rest.is_empty() {
                steps.push_back((number, Step::Shows(rest)));
            }
        }
        terminal
    }

    /// The program in it. A command comes first.
    fn program(&mut self) -> &mut Program {
        self.program.as_mut().unwrap()
    }

    /// Sends a signal to all that the line has started.
    fn signal(&mut self, signal: &str) {
        if signal == "INT" {
            self.interrupted = Some(Instant::now());
        }
        if cfg!(unix) {
            let groups = self.program().ids().map(|id| format!("-{id}"));
            let mut kill = Command::new("sh");
            kill.args(["-c", "kill -$0 $*", signal]).args(groups).stderr(Stdio::null());
            let _ = kill.status(); // they may have ended
        } else if self.is_peer {
            // It ends otherwise there, or does not hear of it while it waits.
            self.program = None;
            while !matches!(self.steps.front(), None | Some((_, Step::Command(..)))) {
                self.steps.pop_front();
            }
        } else {
            self.program().interrupt();
        }
    }

    fn waits_for_nothing_else(&self) -> bool {
        matches!(self.steps.front(), None | Some((_, Step::Interrupt(_))))
    }

    /// Whether `expected` has come. It may still come as long as there is time and nothing else has.
    fn shows(&mut self, expected: &str, in_time: bool) -> Result<bool, String> {
        let (from, skips) = (self.compared, self.skips);
        let has_ended = self.program().out.as_ref().is_some_and(|out| out.has_ended());
        let find = |shown: &str| {
            let at = shown[from..].find(expected)?;
            (at == 0 || skips).then_some(from + at + expected.len())
        };
        let shown = self.program().wait_a_little(|shown| find(&comparable(shown)).is_some());
        let shown = comparable(&shown);
        if let Some(end) = find(&shown) {
            (self.compared, self.skips) = (end, false);
            return Ok(true);
        }
        if in_time && !has_ended && (skips || expected.starts_with(&shown[from..])) {
            // A script may have missed its interrupt.
            if self.is_peer && self.interrupted.is_some_and(|since| since.elapsed() > AGAIN) {
                self.signal("INT");
            }
            return Ok(false);
        }
        Err(format!("讲义上是 {expected:?}，终端上是 {:?}", &shown[from..]))
    }

    /// The program in it must have ended, and shown nothing that the sheet does not.
    fn end(&mut self) -> Result<Option<i32>, String> {
        let Some(mut program) = self.program.take() else {
            return Ok(None);
        };
        program.end_input();
        let Some(ended) = program.end_before(DEADLINE) else {
            return Err(format!("程序没有结束，终端上是 {:?}", program.shown()));
        };
        let rest = &comparable(&ended.out)[self.compared..];
        if rest.trim_end().is_empty() || self.skips {
            return Ok(ended.status);
        }
        Err(format!("终端上还有 {rest:?}"))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if cfg!(unix) && self.program.is_some() {
            self.signal("KILL");
        }
    }
}

/// What scripts have said that have broken off: it may be why another terminal shows something else.
fn crashes(terminals: &[Terminal]) -> String {
    let programs = terminals.iter().filter_map(|terminal| terminal.program.as_ref());
    let shown = programs.map(|program| {
        let is_whole = |shown: &str| shown.split("Error: ").skip(1).any(|why| why.contains('\n'));
        program.wait_within(Duration::from_secs(1), is_whole);
        program.shown()
    });
    let crashed = shown.filter(|shown| shown.contains("Traceback (most recent call last)"));
    crashed.map(|shown| format!("\n{shown}")).collect()
}

struct Session {
    directory: TempDir,
    ports: Ports,
    limit: Duration,
}

impl Session {
    /// A session in a directory of its own, with the sources of the programs and the scripts in it.
    fn new(scripts: &Scripts) -> Session {
        let directory = TempDir::new_in(&scripts.temporary).unwrap();
        for program in PROGRAMS {
            let (from, to) = (root().join(program), directory.path().join(program));
            fs::create_dir_all(to.join("src")).unwrap();
            let script = format!("{}.py", program.replace('-', "_"));
            let script = [scripts.directory.join(&script), directory.path().join(&script)];
            let file = |name| [from.join(name), to.join(name)];
            // What is not there is missed by whoever needs it.
            for [from, to] in [file("src/main.rs"), file("wire.pcap"), script] {
                let _ = fs::read(from).and_then(|content| fs::write(to, content));
            }
        }
        Session { directory, ports: Ports::new(scripts), limit: scripts.limit }
    }

    /// Goes round the terminals, in each up to the place where it waits for another one. The time runs
    /// anew with every step, so that a busy machine fails no screen.
    fn run(self, blocks: &[Block]) -> Result<(), Problem> {
        let numbered = blocks.iter().enumerate();
        let mut terminals: Vec<Terminal> =
            numbered.map(|(number, block)| Terminal::new(block, number == 0)).collect();
        let (mut left, mut deadline) = (usize::MAX, Instant::now());
        while left > 0 {
            let before = left;
            left = terminals.iter().map(|terminal| terminal.steps.len()).sum();
            if left < before {
                deadline = Instant::now() + self.limit;
            }
            for current in 0..terminals.len() {
                let (before, behind) = terminals.split_at(current);
                let mut others = before.iter().chain(&behind[1..]);
                let others_are_through = others.all(Terminal::waits_for_nothing_else);
                let in_time = Instant::now() < deadline;
                let terminal = &mut terminals[current];
                let advanced = self.advance(terminal, others_are_through, in_time);
                let number = terminal.steps.front().map_or(0, |(number, _)| *number);
                if let Err(problem) = advanced {
                    return Err(Problem::new(number, problem + &crashes(&terminals)));
                }
            }
        }
        for (terminal, block) in terminals.iter_mut().zip(blocks) {
            // The program that the sheet is about must have ended on the screen.
            if !terminal.is_peer {
                let last = block.first + block.lines.len() - 1;
                terminal.end().map_err(|problem| Problem::new(last, problem))?;
            }
        }
        Ok(())
    }

    fn advance(
        &self,
        terminal: &mut Terminal,
        others_are_through: bool,
        in_time: bool,
    ) -> Result<(), String> {
        while let Some((_, step)) = terminal.steps.front() {
            match step {
                Step::Command(line, is_for_bash) => {
                    let (line, is_for_bash) = (line.clone(), *is_for_bash);
                    terminal.end()?;
                    terminal.is_peer =
                        ["python3 ", "cargo lab peer "].iter().any(|it| line.contains(it));
                    terminal.program = Some(self.start(&line, is_for_bash)?);
                    (terminal.compared, terminal.skips, terminal.interrupted) = (0, false, None);
                }
                Step::Shows(text) => {
                    let expected = comparable(text);
                    if !terminal.shows(&expected, in_time)? {
                        return Ok(());
                    }
                }
                Step::Skip => terminal.skips = true,
                Step::Type(text) => {
                    let typed = self.ports.real(text);
                    if let Some(ended) = terminal.program().end_before(Duration::ZERO) {
                        return Err(format!("程序已经结束，终端上是 {:?}", ended.out));
                    }
                    terminal.program().type_line(&typed);
                }
                Step::EndInput => terminal.program().end_input(),
                &Step::Status(expected) => {
                    if in_time && terminal.program().end_before(LITTLE).is_none() {
                        return Ok(());
                    }
                    match terminal.end()? {
                        Some(status) if status == expected => {}
                        status => return Err(format!("状态码是 {status:?}")),
                    }
                }
                &Step::Interrupt(is_last) if others_are_through || !is_last => {
                    // What it says about the others' end comes first.
                    terminal.program().wait_a_little(|_| false);
                    terminal.steps.pop_front();
                    terminal.signal("INT");
                    return Ok(());
                }
                Step::Interrupt(_) => return Ok(()),
            }
            terminal.steps.pop_front();
        }
        Ok(())
    }

    /// Starts a line of the sheet in the directory of the session, and waits until it listens where it
    /// should.
    fn start(&self, line: &str, is_for_bash: bool) -> Result<Program, String> {
        let ports = &self.ports;
        let mut line =
            if is_for_bash { Line::for_bash(line, ports) } else { Line::new(line, ports)? };
        for command in &mut line.commands {
            command
                .current_dir(self.directory.path())
                .envs([("PYTHONIOENCODING", "utf-8"), ("PYTHONUNBUFFERED", "1")])
                .env("PYTHONPATH", root().join("common/testing/scripts/loopback"))
                .env("SESSION_PORTS", self.ports.directory.path());
        }
        let file = line.file.map(|file| File::create(self.directory.path().join(file)).unwrap());
        let (known, deadline) = (self.ports.count(), Instant::now() + DEADLINE);
        let mut program = Program::spawn_line(line.commands, file);
        let Some(told) = line.listens else { return Ok(program) };
        while program.end_before(Duration::ZERO).is_none() && self.ports.count() == known {
            let shown = program.wait_a_little(|shown| shown.contains('\n'));
            // A script tells its port itself.
            if let Some((line, _)) = shown.split_once('\n').filter(|_| told > 0) {
                // Where it does not say so, it cannot: what it says instead stands in the sheet.
                if let Some(address) = address_in(line) {
                    self.ports.insert(told, address.port());
                }
                break;
            }
            if Instant::now() > deadline {
                return Err("这个命令没有开始监听".into());
            }
        }
        Ok(program)
    }
}

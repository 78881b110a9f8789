//! The screens of a sheet, typed in again and compared.

use crate::command::prepare;
use crate::ports::{Ports, without_ports};
use crate::scripts::SCRIPTS;
use crate::sheet::{Block, Sheet};
use std::fs;
use std::process::Command;
use std::time::Instant;
use testing::{DEADLINE, Program, TempDir, address_in, root, tempdir};

impl Sheet {
    /// Runs every session and compares the screens.
    pub fn check_screens(&self) {
        let blocks = self.blocks();
        let screens: Vec<&Block> = blocks
            .iter()
            .filter(|block| block.language == "console")
            .collect();
        for session in screens.chunk_by(|one, other| one.heading == other.heading) {
            Session::new(self).run(session);
        }
    }
}

/// What happens in a terminal, one after the other.
enum Step {
    Command(String),
    Shows(String),
    Type(String),
    Interrupt,
}

/// The steps of a block, each with its line number.
fn steps(block: &Block) -> Vec<(usize, Step)> {
    let mut steps: Vec<(usize, Step)> = Vec::new();
    for (number, line) in block.lines.iter().enumerate() {
        let number = block.first + number;
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push((number, Step::Command(command.into())));
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
            let step = match typed {
                "Ctrl-C" => Step::Interrupt,
                typed => Step::Type(typed.into()),
            };
            steps.push((number, step));
            rest = after.strip_prefix('\n').unwrap_or(after).to_string(); // the Enter key
        }
        if !rest.is_empty() {
            steps.push((number, Step::Shows(rest)));
        }
    }
    steps
}

/// One terminal: what is still to happen, what runs in it, how much of its output was compared.
struct Terminal {
    steps: std::vec::IntoIter<(usize, Step)>,
    program: Option<Program>,
    compared: usize,
}

impl Terminal {
    fn new(block: &Block) -> Terminal {
        Terminal {
            steps: steps(block).into_iter(),
            program: None,
            compared: 0,
        }
    }

    fn next(&self) -> Option<&(usize, Step)> {
        self.steps.as_slice().first()
    }

    fn waits_for_nothing_else(&self) -> bool {
        matches!(self.next(), None | Some((_, Step::Interrupt)))
    }
}

struct Session<'a> {
    sheet: &'a Sheet,
    directory: TempDir,
    ports: Ports,
}

impl Session<'_> {
    /// A session in a directory of its own, with the sources of the programs in it.
    fn new(sheet: &Sheet) -> Session<'_> {
        let directory = tempdir().unwrap();
        for (program, _) in SCRIPTS {
            let source = root().join(program).join("src");
            let copy = directory.path().join(program).join("src");
            fs::create_dir_all(&copy).unwrap();
            fs::copy(source.join("main.rs"), copy.join("main.rs")).unwrap();
        }
        Session {
            sheet,
            directory,
            ports: Ports::new(),
        }
    }

    /// Goes round the terminals, in each up to the place where it waits for another one.
    fn run(mut self, blocks: &[&Block]) {
        let mut terminals: Vec<Terminal> =
            blocks.iter().map(|block| Terminal::new(block)).collect();
        let deadline = Instant::now() + DEADLINE;
        while terminals.iter().any(|terminal| terminal.next().is_some()) {
            for current in 0..terminals.len() {
                // The first terminal, the server's, is interrupted last.
                let may_interrupt =
                    current > 0 || terminals[1..].iter().all(Terminal::waits_for_nothing_else);
                let in_time = Instant::now() < deadline;
                self.advance(&mut terminals[current], may_interrupt, in_time);
            }
        }
        for (terminal, block) in terminals.iter_mut().zip(blocks) {
            // A script is left running; a program of ours must have ended on the screen.
            if !block.lines[0].contains(".py") {
                self.end(terminal, block.first);
            }
        }
    }

    fn advance(&mut self, terminal: &mut Terminal, may_interrupt: bool, in_time: bool) {
        while let Some((number, step)) = terminal.next() {
            let number = *number;
            match step {
                Step::Command(command) => {
                    let command = command.clone();
                    self.end(terminal, number);
                    terminal.program = Some(self.start(number, &command));
                    terminal.compared = 0;
                }
                Step::Shows(text) => {
                    let expected = without_ports(text);
                    if !self.shows(terminal, number, &expected, in_time) {
                        return;
                    }
                    terminal.compared += expected.len();
                }
                Step::Type(text) => {
                    let typed = self.ports.typed(text);
                    terminal.program.as_mut().unwrap().type_line(&typed);
                }
                Step::Interrupt if may_interrupt => {
                    terminal.program.as_ref().unwrap().signal("INT");
                    terminal.steps.next();
                    return;
                }
                Step::Interrupt => return,
            }
            terminal.steps.next();
        }
    }

    /// Whether `expected` has come next in a terminal. It may still come as long as there is time
    /// and nothing else has come.
    fn shows(&self, terminal: &Terminal, number: usize, expected: &str, in_time: bool) -> bool {
        let program = terminal.program.as_ref().expect("a command comes first");
        let from = terminal.compared;
        let shown =
            program.wait_a_little(|shown| without_ports(shown)[from..].starts_with(expected));
        let shown = &without_ports(&shown)[from..];
        if !shown.starts_with(expected) && (!in_time || !expected.starts_with(shown)) {
            let problem = format!("the sheet shows {expected:?}, the terminal {shown:?}");
            self.sheet.fail(number, &problem);
        }
        shown.starts_with(expected)
    }

    /// The program in a terminal must have ended, and shown nothing that the sheet does not.
    fn end(&self, terminal: &mut Terminal, number: usize) {
        if let Some(mut program) = terminal.program.take() {
            program.end_input();
            let shown = without_ports(&program.end().out);
            let rest = &shown[terminal.compared..];
            if !rest.trim_end().is_empty() {
                let problem = format!("before this the terminal shows {rest:?} as well");
                self.sheet.fail(number, &problem);
            }
        }
    }

    /// Starts a command of the sheet, and waits until it listens where it should.
    fn start(&mut self, number: usize, command: &str) -> Program {
        let prepared = prepare(command, &self.ports);
        let program = Program::spawn(self.shell(&prepared.line));
        if let Some(told) = prepared.listens {
            let address = program.wait_a_while(|shown| {
                let (line, _) = shown.split_once('\n')?;
                address_in(line)
            });
            match address {
                Some(address) => self.ports.insert(told, address.port()),
                None => self
                    .sheet
                    .fail(number, "this command does not begin to listen"),
            }
        }
        program
    }

    /// A shell for `line`, in the directory of the session and with one stream for all output. A
    /// simple command takes the place of the shell, so that signals reach it.
    fn shell(&self, line: &str) -> Command {
        let exec = match line.contains(['|', '>', ';', '&']) {
            true => "",
            false => "exec ",
        };
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!("exec 2>&1; {exec}{line}"))
            .current_dir(self.directory.path())
            .envs([("PYTHONIOENCODING", "utf-8"), ("PYTHONUNBUFFERED", "1")])
            .envs(self.ports.variables());
        shell
    }
}

//! Holds the lab sheets (the README.md of every program) and the README of the course to the truth:
//! screens are typed in again, quoted lines looked up, links followed.
//!
//! In a sheet, a `console` block is one terminal; the blocks under one heading are one session, run
//! side by side. `$ ` begins a command, `‹…›` is what the user types, and all the rest is what the
//! terminal shows. Ports vary, so they are not compared.
#![cfg(unix)]

use std::collections::HashMap;
use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Instant;
use testing::{DEADLINE, Program, TempDir, address_in, build, root, tempdir, udp};

/// The calls of each script, first line to last, with their literals.
const SCRIPTS: [(&str, &[&str]); 8] = [
    (
        "udp-client",
        &[
            "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
            "bind((\"\", 10086))",
            "input()",
            "encode()",
            "sendto(…, (\"192.168.113.85\", 8081))",
            "while True:",
            "recvfrom(1024)",
            "if data:",
            "print(\"%s\" % str(…))",
            "decode()",
            "else:",
            "print(\"服务器已关闭\")",
            "close()",
        ],
    ),
    (
        "udp-server",
        &[
            "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
            "bind((\"\", 8080))",
            "while True:",
            "recvfrom(1024)",
            "print(\"%s\" % str(…))",
            "decode()",
            "input()",
            "encode()",
            "sendto(…, (\"192.168.113.119\", 10086))",
        ],
    ),
    (
        "udp-chat",
        &[
            "recvfrom(1024)",
            "print(\"收到来自%s的数据:%s\" % …)",
            "decode()",
            "sendto(data, …)",
            "input(\"IP地址:\")",
            "int(input(\"端口:\"))",
            "input(\"输入内容\")",
            "sendto(….encode(), (…, …))",
            "print(\"请选择功能:1.发送信息 2.接受信息 3.退出\")",
            "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
            "bind((\"\", 6666))",
            "while True:",
            "input(\"请选择额:\")",
            "if … == \"1\":",
            "elif … == \"2\":",
            "elif … == \"3\":",
            "print(\"输入错误哦\")",
            "close()",
        ],
    ),
    (
        "feiq-sender",
        &[
            "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
            "while True:",
            "input(\"请输入内容:\")",
            "\"1:324244:小道士:ubuntu:32:\" + …",
            "encode(\"gbk\")",
            "sendto(…, (…, 2425))",
            "close()",
        ],
    ),
    (
        "tcp-client",
        &[
            "socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
            "connect((\"192.168.113.146\", 10050))",
            "while True:",
            "input(\"输入:\")",
            "encode(\"GBK\")",
            "send(…)",
            "recv(10)",
            "if …:",
            "decode(\"GBK\")",
            "print(\"收到数据\" + …)",
            "print(\"对方关闭了链接\")",
            "close()",
        ],
    ),
    (
        "tcp-echo-server",
        &[
            "socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
            "bind((\"\", 10050))",
            "listen(128)",
            "accept()",
            "while True:",
            "recv(1024)",
            "if …:",
            "send(…)",
            "print(…)",
            "else:",
            "close()",
            "print(\"客户端已关闭\")",
            "close()",
        ],
    ),
    (
        "file-client",
        &[
            "socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
            "input(\"ip地址:\")",
            "int(input(\"端口:\"))",
            "input(\"文件名:\")",
            "connect((…, …))",
            "send(….encode())",
            "open(…, \"wb\")",
            "while True:",
            "recv(1024)",
            "if data:",
            "print(\"收到消息\")",
            "write(data)",
            "count += len(data)",
            "else:",
            "close()",
            "if count == 0:",
            "os.remove(…)",
            "print(\"没有下载文件\")",
            "print(\"文件传输完毕\")",
            "close()",
        ],
    ),
    (
        "file-server",
        &[
            "print(file_name)",
            "open(…, \"rb\")",
            "read()",
            "print(data)",
            "print(\"你下载的文件不存在\")",
            "close()",
            "return data",
            "socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
            "setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)",
            "bind((\"\", 6664))",
            "listen(128)",
            "while True:",
            "accept()",
            "recv(1024)",
            "print(file_name)",
            "send(data)",
            "close()",
        ],
    ),
];

/// The sections of a sheet, in their order.
const SECTIONS: [&str; 8] = [
    "What you will learn",
    "The conversation",
    "Run it",
    "Side by side",
    "See it on the wire",
    "Where the script breaks",
    "Questions",
    "Your turn",
];

/// The programs that listen, with the port they listen on by default. An example is like its program,
/// unless it is named here itself.
const LISTENERS: [(&str, u16); 5] = [
    ("receiver", 2425),
    ("udp-server", 8080),
    ("udp-chat", 6666),
    ("tcp-echo-server", 10050),
    ("file-server", 6664),
];

/// The programs that take a destination, with the default one.
const CLIENTS: [(&str, &str); 4] = [
    ("udp-client", "127.0.0.1:8080"),
    ("feiq-sender", "127.0.0.1:2425"),
    ("tcp-client", "127.0.0.1:10050"),
    ("file-client", ""),
];

/// Where the programs are, built by the cargo that runs this test.
fn programs() -> &'static Path {
    static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
    PROGRAMS.get_or_init(|| build(&["--workspace", "--bins", "--examples"]))
}

/// A sheet, with the line number of everything that is said about it.
struct Sheet {
    path: PathBuf,
    text: String,
}

/// A fenced block: its language, the number of its first line, its lines.
struct Block<'a> {
    language: &'a str,
    first: usize,
    heading: usize,
    lines: Vec<&'a str>,
}

impl Sheet {
    fn open(directory: &str) -> Sheet {
        let path = root().join(directory).join("README.md");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        Sheet { path, text }
    }

    #[track_caller]
    fn fail(&self, line: usize, problem: &str) -> ! {
        panic!("{}:{line}: {problem}", self.path.display())
    }

    fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks: Vec<Block> = Vec::new();
        let (mut open, mut heading) = (false, 0);
        for (number, line) in self.text.lines().enumerate() {
            if let Some(language) = line.strip_prefix("```") {
                open = !open;
                if open {
                    blocks.push(Block {
                        language,
                        first: number + 2,
                        heading,
                        lines: vec![],
                    });
                }
            } else if open {
                blocks.last_mut().unwrap().lines.push(line);
            } else if line.starts_with('#') {
                heading = number + 1;
            }
        }
        assert!(!open, "{}: a block does not end", self.path.display());
        blocks
    }

    /// The lines outside blocks, with their numbers.
    fn prose(&self) -> Vec<(usize, &str)> {
        let mut open = false;
        let lines = self.text.lines().enumerate().filter(|(_, line)| {
            open ^= line.starts_with("```");
            !open && !line.starts_with("```")
        });
        lines.map(|(number, line)| (number + 1, line)).collect()
    }

    /// Links and file names lead somewhere.
    fn check_links(&self) {
        let here = self.path.parent().unwrap();
        for (number, line) in self.prose() {
            for target in line
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split(')').next())
            {
                let file = target.split('#').next().unwrap();
                if !target.starts_with("https://") && !here.join(file).exists() {
                    self.fail(number, &format!("the link {target} leads nowhere"));
                }
            }
            for name in code_spans(line) {
                let is_path = !name.contains([' ', '*', '<', '('])
                    && name.contains('/')
                    && [".rs", ".md", ".toml"]
                        .iter()
                        .any(|ending| name.ends_with(ending));
                if is_path && !here.join(name).exists() && !root().join(name).exists() {
                    self.fail(number, &format!("there is no file {name}"));
                }
            }
        }
    }

    /// Diagrams consist of lines that mermaid knows.
    fn check_diagrams(&self) {
        for block in self
            .blocks()
            .iter()
            .filter(|block| block.language == "mermaid")
        {
            let kind = block.lines.first().copied().unwrap_or_default();
            let mut open = 0;
            for (number, line) in block.lines.iter().enumerate().skip(1) {
                let line = line.trim();
                let word = line.split(' ').next().unwrap();
                let known = match kind {
                    "sequenceDiagram" => {
                        open += usize::from(["loop", "alt", "opt", "rect"].contains(&word));
                        open -= usize::from(word == "end");
                        [
                            "participant",
                            "Note",
                            "loop",
                            "alt",
                            "else",
                            "opt",
                            "end",
                            "rect",
                        ]
                        .contains(&word)
                            || (line.contains("->>") && line.contains(": "))
                            || (line.contains("-->>") && line.contains(": "))
                            || (line.contains("-x") && line.contains(": "))
                    }
                    "flowchart LR" => {
                        open += usize::from(word == "subgraph");
                        open -= usize::from(word == "end");
                        ["subgraph", "end", "direction"].contains(&word)
                            || line.contains('[')
                            || line.contains("--")
                    }
                    _ => self.fail(block.first, &format!("{kind:?} is no diagram")),
                };
                if !known {
                    self.fail(block.first + number, "mermaid does not know this line");
                }
            }
            if open != 0 {
                self.fail(block.first, "something in this diagram does not end");
            }
        }
    }

    /// Rust lines that a table quotes stand in the source; the script's calls are told in order.
    fn check_tables(&self, program: &str) {
        let source = |path: &str| fs::read_to_string(root().join(path)).unwrap();
        let main = source(&format!("{program}/src/main.rs"));
        let modules = fs::read_dir(root().join("common/src")).unwrap();
        let common: String = modules
            .map(|module| fs::read_to_string(module.unwrap().path()).unwrap())
            .collect();
        let script = SCRIPTS.iter().find(|(name, _)| *name == program).unwrap().1;
        let mut calls = script.iter();
        let mut header: Vec<String> = Vec::new();
        for (number, line) in self.prose() {
            if !line.starts_with('|') {
                header.clear();
                continue;
            }
            // A table writes the character | as \\|.
            let line = line.replace("\\|", "\u{1}");
            let cells = line.trim_matches('|').split('|');
            let cells: Vec<String> = cells
                .map(|cell| cell.trim().replace('\u{1}', "|"))
                .collect();
            if header.is_empty() {
                header = cells;
                continue;
            }
            for (title, cell) in header.iter().zip(&cells) {
                for code in code_spans(cell) {
                    match title.as_str() {
                        "Python" => match calls.next() {
                            Some(call) if *call == code => {}
                            other => self.fail(number, &format!("{code}: next comes {other:?}")),
                        },
                        "`src/main.rs`" if !main.contains(code) => {
                            self.fail(number, &format!("src/main.rs has no {code}"))
                        }
                        "`common`" if !common.contains(code) => {
                            self.fail(number, &format!("common has no {code}"))
                        }
                        _ => {}
                    }
                }
            }
        }
        if let Some(call) = calls.next() {
            self.fail(1, &format!("the table leaves out {call}"));
        }
    }

    fn check_sections(&self) {
        let headings: Vec<&str> = self
            .prose()
            .iter()
            .filter_map(|(_, line)| line.strip_prefix("## "))
            .collect();
        assert_eq!(headings, SECTIONS, "{}", self.path.display());
        let folded = self.text.matches("<details>").count();
        assert_eq!(
            folded,
            self.text.matches("</details>").count(),
            "{}",
            self.path.display()
        );
        assert!(
            folded >= 5,
            "{}: five questions with answers",
            self.path.display()
        );
    }

    /// "Your turn" tells every exercise of the program: how to check it, and at the end its solution.
    fn check_exercises(&self, program: &str) {
        let (_, section) = self.text.split_once("\n## Your turn\n").unwrap();
        let fail = |problem: &str| panic!("{}: Your turn: {problem}", self.path.display());
        let place = |text: &str| section.find(text);
        let hints = section.matches("<details><summary>Hint: ").count();
        let solution = place("<details><summary>A solution</summary>\n")
            .or(place("<details><summary>Solutions</summary>\n"));
        let solution = solution.unwrap_or_else(|| fail("it has no solution"));
        if hints < 2 || place("<summary>Hint: ") > place("cargo test ") {
            fail("two hints come before the check");
        }
        if section[solution..].matches("<details>").count() != 1 {
            fail("the solution comes last");
        }
        let examples = root().join(program).join("examples");
        for example in fs::read_dir(examples).unwrap() {
            let example = example.unwrap().file_name().into_string().unwrap();
            let name = example.strip_suffix(".rs").unwrap();
            let run = format!("`cargo run -p {program} --example {name}`");
            let link = format!("[examples/{example}](examples/{example})");
            if !section[solution..].contains(&run) || !section[solution..].contains(&link) {
                fail(&format!("the solution does not name {example}"));
            }
        }
        let commands = section[..solution].lines();
        let commands = commands.filter(|line| line.starts_with("cargo test "));
        let mut checks = 0;
        for command in commands {
            let mut words = command.split(' ').skip(1);
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(words.by_ref()).arg("--list").current_dir(root());
            let listed = String::from_utf8(cargo.output().unwrap().stdout).unwrap();
            let listed: Vec<&str> = listed
                .lines()
                .filter_map(|line| line.strip_suffix(": test"))
                .collect();
            if listed.is_empty() || !listed.iter().all(|test| test.contains("::main_rs::")) {
                fail(&format!("{command} runs {listed:?}"));
            }
            checks += listed.len();
        }
        let tests = fs::read_to_string(root().join(program).join("tests/exercises.rs")).unwrap();
        let written = tests.matches("(check: &Check) {\n").count();
        if checks != written {
            fail(&format!("{checks} of {written} checks are run"));
        }
    }

    /// Runs every session and compares the screens.
    fn check_screens(&self) {
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

/// The pieces of code in a line: what stands between backticks.
fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
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
            steps.push((
                number,
                match typed {
                    "Ctrl-C" => Step::Interrupt,
                    typed => Step::Type(typed.into()),
                },
            ));
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
    /// The port that a sheet tells, and the one that the system has chosen instead.
    ports: HashMap<u16, u16>,
    /// Where a sheet sends something to nobody.
    nobody: Option<UdpSocket>,
}

/// What stands in one of the tables for a program or for its example.
fn of<T: Copy>(table: &[(&str, T)], package: &str, name: &str) -> Option<T> {
    let find = |wanted: &str| table.iter().find(|(entry, _)| *entry == wanted);
    find(name).or(find(package)).map(|(_, value)| *value)
}

impl Session<'_> {
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
            ports: HashMap::new(),
            nobody: None,
        }
    }

    /// Goes round the terminals, in each up to the place where it waits for another one.
    fn run(mut self, blocks: &[&Block]) {
        let mut terminals: Vec<Terminal> = blocks
            .iter()
            .map(|block| Terminal {
                steps: steps(block).into_iter(),
                program: None,
                compared: 0,
            })
            .collect();
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
                    let program = terminal.program.as_ref().expect("a command comes first");
                    let from = terminal.compared;
                    let shown = program
                        .wait_a_little(|shown| without_ports(shown)[from..].starts_with(&expected));
                    let shown = without_ports(&shown);
                    if !shown[from..].starts_with(&expected) {
                        if !in_time || !expected.starts_with(&shown[from..]) {
                            let shown = &shown[from..];
                            let problem =
                                format!("the sheet shows {expected:?}, the terminal {shown:?}");
                            self.sheet.fail(number, &problem);
                        }
                        return;
                    }
                    terminal.compared += expected.len();
                }
                Step::Type(text) => {
                    let port = text
                        .parse()
                        .ok()
                        .and_then(|port: u16| self.ports.get(&port));
                    let typed = port.map_or(text.clone(), u16::to_string);
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

    /// The port at which a program that listens at `told` really does; where there is none, one at
    /// which nobody answers.
    fn port_for(&mut self, told: u16) -> u16 {
        if let Some(port) = self.ports.get(&told) {
            return *port;
        }
        let nobody = self.nobody.get_or_insert_with(udp);
        nobody.local_addr().unwrap().port()
    }

    /// The program in a terminal must have ended, and shown nothing that the sheet does not.
    fn end(&self, terminal: &mut Terminal, number: usize) {
        if let Some(mut program) = terminal.program.take() {
            program.end_input();
            let shown = without_ports(&program.end().out);
            let rest = &shown[terminal.compared..];
            if !rest.trim_end().is_empty() {
                self.sheet.fail(
                    number,
                    &format!("before this the terminal shows {rest:?} as well"),
                );
            }
        }
    }

    /// Starts a command of the sheet, with ports of the system's choice.
    fn start(&mut self, number: usize, command: &str) -> Program {
        let mut listens = None;
        let words = if command.contains(".py") {
            let mut words = command.split(' ').map(String::from).collect::<Vec<_>>();
            let script = words.iter().position(|word| word.ends_with(".py")).unwrap();
            let stand_in = root()
                .join("common/testing/tests/scripts")
                .join(&words[script]);
            listens = ["udp_server", "udp_chat", "tcp_echo_server", "file_server"]
                .iter()
                .zip([8080, 6666, 10050, 6664])
                .find(|(name, _)| words[script] == format!("{name}.py"))
                .map(|(_, port)| port);
            words[script] = stand_in.to_str().unwrap().into();
            words.insert(script, "-u".into());
            words.join(" ")
        } else if let Some((before, run)) = command.split_once("cargo run -q -p ") {
            let ends = [" 2>", ">", "|", "'"].map(|end| run.find(end));
            let end = ends.into_iter().flatten().min().unwrap_or(run.len());
            let (run, behind) = run.split_at(end);
            let (package, arguments) = run.split_once(' ').unwrap_or((run, ""));
            let (name, exe, arguments) = match arguments.strip_prefix("--example ") {
                Some(rest) => {
                    let (example, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                    (example, programs().join("examples").join(example), rest)
                }
                None => (package, programs().join(package), arguments),
            };
            let arguments = arguments.trim().trim_start_matches("--").trim();
            let mut arguments = arguments
                .split(' ')
                .filter(|argument| !argument.is_empty())
                .map(String::from)
                .collect::<Vec<_>>();
            if let Some(port) = of(&LISTENERS, package, name) {
                let given = arguments
                    .first()
                    .map(|given| given.rsplit(':').next().unwrap());
                listens = Some(given.map_or(port, |port| port.parse().unwrap()));
                let chosen = match arguments.first().and_then(|given| given.rsplit_once(':')) {
                    Some((host, _)) => format!("{host}:0"),
                    None => "0".into(),
                };
                arguments.splice(..arguments.len().min(1), [chosen]);
            } else if let Some(default) = of(&CLIENTS, package, name) {
                let remote = arguments.first().map_or(default.to_string(), Clone::clone);
                if let Some((host, port)) = remote.rsplit_once(':') {
                    let port = self.port_for(port.parse().unwrap());
                    arguments.splice(..arguments.len().min(1), [format!("{host}:{port}")]);
                }
                if package == "udp-client" {
                    arguments.truncate(1);
                    arguments.push("0".into()); // the local port
                }
            }
            let exe = exe.to_str().unwrap();
            format!("{before}{exe} {} {behind}", arguments.join(" "))
        } else {
            command.into()
        };
        let mut shell = Command::new("sh");
        let exec = if command.contains(['|', '>', ';', '&']) {
            ""
        } else {
            "exec "
        };
        shell.arg("-c").arg(format!("exec 2>&1; {exec}{words}"));
        shell
            .current_dir(self.directory.path())
            .env("PYTHONIOENCODING", "utf-8");
        for (told, chosen) in &self.ports {
            shell.env(format!("PORT_{told}"), chosen.to_string());
        }
        let program = Program::spawn(shell);
        if let Some(told) = listens {
            let chosen = program.wait_a_while(|shown| {
                let (line, _) = shown.split_once('\n')?;
                Some(address_in(line)?.port())
            });
            match chosen {
                Some(port) => self.ports.insert(told, port),
                None => self
                    .sheet
                    .fail(number, "this command does not begin to listen"),
            };
        }
        program
    }
}

/// `text` with every port behind an IP address as `PORT`, and without the line with which a stand-in
/// tells its port.
fn without_ports(text: &str) -> String {
    let text = match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("stand-in ") => rest,
        _ => text,
    };
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, after) = rest.split_at(at);
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        result += before;
        // 127.0.0.1:8080 and [::1]:8080, or ('127.0.0.1', 8080) as Python writes it.
        let host = result.strip_suffix(':').unwrap_or_default();
        let is_port =
            host.ends_with(|c: char| c == ']' || c.is_ascii_digit()) || result.ends_with("', ");
        result += if digits >= 4 && is_port {
            "PORT"
        } else {
            &after[..digits]
        };
        rest = &after[digits..];
    }
    result + rest
}

fn check(program: &str) {
    let sheet = Sheet::open(program);
    sheet.check_sections();
    sheet.check_links();
    sheet.check_diagrams();
    sheet.check_tables(program);
    sheet.check_exercises(program);
    sheet.check_screens();
}

#[test]
fn the_sheet_of_udp_client() {
    check("udp-client");
}

#[test]
fn the_sheet_of_udp_server() {
    check("udp-server");
}

#[test]
fn the_sheet_of_udp_chat() {
    check("udp-chat");
}

#[test]
fn the_sheet_of_feiq_sender() {
    check("feiq-sender");
}

#[test]
fn the_sheet_of_tcp_client() {
    check("tcp-client");
}

#[test]
fn the_sheet_of_tcp_echo_server() {
    check("tcp-echo-server");
}

#[test]
fn the_sheet_of_file_client() {
    check("file-client");
}

#[test]
fn the_sheet_of_file_server() {
    check("file-server");
}

#[test]
fn the_readme_of_the_course() {
    let readme = Sheet::open(".");
    readme.check_links();
    readme.check_diagrams();
    readme.check_screens();
}

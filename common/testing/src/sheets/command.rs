//! A line of a sheet, turned into what is run for it: the executables of this build, at ports of the
//! system's choice.

use super::PROGRAMS;
use super::ports::Ports;
use crate::exercise::{Client, EXERCISES, Exercise, Role};
use crate::{build, executable, python, root};
use common::address;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

/// The modes of `cargo lab peer`, with their ports.
const PEERS: &str = include_str!("../bin/lab/peer.txt");

/// Where the executables are, built by the cargo that runs this test. `lab` has been built: it may be
/// running.
static EXECUTABLES: LazyLock<PathBuf> = LazyLock::new(|| {
    // The solutions by their names: a student's need not compile. They may not have been handed out.
    let is_there = |Exercise { name, package, .. }: &&Exercise| {
        root().join(format!("{package}/examples/{name}.rs")).exists()
    };
    let solutions = EXERCISES.iter().filter(is_there);
    let examples = solutions.flat_map(|exercise| ["--example", exercise.name]);
    let what = ["--workspace", "--exclude", "testing", "--bins"].into_iter().chain(examples);
    build(&Vec::from_iter(what))
});

/// What is run for a line: commands joined by pipes.
#[derive(Default)]
pub(super) struct Line {
    pub(super) commands: Vec<Command>,
    /// The file for what the last one writes.
    pub(super) file: Option<String>,
    /// The port at which one of our programs listens in the sheet; 0 for a script, which tells its port
    /// itself.
    pub(super) listens: Option<u16>,
}

impl Line {
    /// A line that runs in every shell: words, double quotes, `|` and `>`.
    pub(super) fn new(line: &str, ports: &Ports) -> Result<Line, String> {
        let mut parsed = Line { listens: script_listens(line), ..Line::default() };
        for words in words(line).split(|word| *word == "|") {
            let end = words.iter().position(|word| *word == ">").unwrap_or(words.len());
            let (words, file) = words.split_at(end);
            parsed.file = file.get(1).map(|file| file.to_string());
            match words.first() {
                Some(&("cargo" | "python3")) => {}
                other => return Err(format!("{other:?} 不是哪里都有的命令，代码框要标 linux")),
            }
            let words = parsed.real(words, ports);
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]);
            parsed.commands.push(command);
        }
        Ok(parsed)
    }

    /// A line for bash.
    pub(super) fn for_bash(line: &str, ports: &Ports) -> Line {
        let mut parsed = Line { listens: script_listens(line), ..Line::default() };
        let (mut text, mut rest) = (String::new(), line);
        // A student runs some commands in the directory of the scripts.
        let begins = ["cargo ", "../target/debug/", "target/debug/"];
        while let Some(at) = begins.iter().filter_map(|begin| rest.find(begin)).min() {
            let (before, run) = rest.split_at(at);
            let ends = [" 2>", ">", "|", "'", ";", " &", " <", ")"].map(|end| run.find(end));
            let (run, behind) = run.split_at(ends.into_iter().flatten().min().unwrap_or(run.len()));
            text += &ports.real(before);
            let words = parsed.real(&words(run), ports);
            words.iter().for_each(|word| text += &format!("\"{word}\" "));
            rest = behind;
        }
        let mut bash = Command::new("bash");
        bash.args(["-c", &(text + &ports.real(rest))]);
        parsed.commands.push(bash);
        parsed
    }

    /// A program and its arguments, as they really are.
    fn real(&mut self, words: &[&str], ports: &Ports) -> Vec<String> {
        let mut words: Vec<&str> = match words {
            ["cargo", "run", "-q", "-p", _, "--example", run @ ..]
            | ["cargo", "run", "-q", "-p", run @ ..]
            | ["cargo", run @ ..] => run,
            _ => words,
        }
        .to_vec();
        words.retain(|word| *word != "--");
        let mut name = words[0].trim_start_matches("../").trim_start_matches("target/debug/");
        if name == "build" {
            (words, name) = (vec!["lab", "bytes", "text:"], "lab"); // done already
        }
        words[0] = name;
        let python = (name == "python3").then(python).flatten();
        let exe = match python {
            Some(python) => python.get_program().into(),
            None if Exercise::find(name).is_some() => {
                EXECUTABLES.join("examples").join(executable(name))
            }
            None if name == "lab" || PROGRAMS.contains(&name) => EXECUTABLES.join(executable(name)),
            None => name.into(),
        };
        let (place, listens, goes) = ports_of(&words);
        let is_other = (listens, goes) == (None, None) && name != "python3"; // finds them itself
        let real_ports = |word: &&str| if is_other { ports.real(word) } else { word.to_string() };
        let mut real: Vec<String> = words.iter().map(real_ports).collect();
        real[0] = exe.display().to_string();
        let own = place + usize::from(goes.is_some());
        if let Some(default) = goes {
            readdress(&mut real, place, ("127.0.0.1:", default), |port| ports.behind(port));
        }
        if let Some(default) = listens {
            // Like the destination, an IPv6 address.
            let host = if real[own - 1].starts_with('[') { "[::]:" } else { "" };
            let chosen = |port| ports.chosen(port).unwrap_or(0);
            self.listens = readdress(&mut real, own, (host, default), chosen);
        }
        real
    }
}

/// The place of a program's first address, the port at which it listens by default, and the one to
/// which it goes; 0: it asks for it.
fn ports_of(words: &[&str]) -> (usize, Option<u16>, Option<u16>) {
    match *words {
        _ if words.contains(&"--help") => (1, None, None),
        ["udp-client", ..] => (1, Some(10086), Some(8080)),
        ["udp-server", ..] => (1, Some(8080), None),
        ["udp-chat", ..] => (1, Some(6666), None),
        ["feiq-sender", ..] => (1, None, Some(2425)),
        ["tcp-client", ..] => (1, None, Some(10050)),
        ["tcp-echo-server", ..] => (1, Some(10050), None),
        ["file-client", ..] => (1, None, Some(0)),
        ["file-server", ..] => (1, Some(6664), None),
        ["lab", "peer", mode, ..] => {
            let mut rows = PEERS.lines().map(|line| Vec::from_iter(line.split('|').map(str::trim)));
            let row = rows.find(|row| row[0] == mode).unwrap_or_default();
            let port = row.get(1).and_then(|port| port.parse().ok());
            let begins = |step| row.get(3).is_some_and(|steps| steps.starts_with(step));
            let listens = ["silent", "serve", "answer"].into_iter().any(begins);
            if listens { (3, port, None) } else { (3, None, port) }
        }
        [name, ..] => match Exercise::find(name).map(|exercise| &exercise.role) {
            Some(&Role::Server { port, .. }) => (1, Some(port), None),
            Some(Role::Client(Client { remote, port, .. })) => (
                1,
                *port,
                Some(address::parse(remote).ok().and_then(|(_, port)| port).unwrap_or(0)),
            ),
            None => (1, None, None),
        },
        [] => (1, None, None),
    }
}

/// The words of a line. What is in double quotes is one word.
fn words(line: &str) -> Vec<&str> {
    let parts = line.split('"').enumerate();
    let words = parts.flat_map(|(number, part)| match number % 2 {
        0 => part.split_whitespace().collect(),
        _ => vec![part],
    });
    words.collect()
}

/// Whether a script takes part that listens.
fn script_listens(line: &str) -> Option<u16> {
    let mut words = line.split([' ', '(', ')', '/']);
    let script = words.find_map(|word| word.strip_suffix(".py")).unwrap_or_default();
    let listens = ports_of(&[&script.replace('_', "-")]).1.is_some()
        || ["create_server(", ".bind("].iter().any(|call| line.contains(call));
    (listens && line.contains("python3 ")).then_some(0)
}

/// Puts the real port into an address, and tells the one in the sheet. A wrong address stays.
fn readdress(
    words: &mut Vec<String>,
    place: usize,
    (host, port): (&str, u16),
    real: impl Fn(u16) -> u16,
) -> Option<u16> {
    let (given, told) = address::parse_argument(words.get(place).cloned()).ok()?;
    let told = told.unwrap_or(port);
    let host = match given {
        _ if told == 0 => return None,
        Some(given) if given.contains(':') => format!("[{given}]:"),
        Some(given) => given + ":",
        None => host.into(),
    };
    let end = words.len().min(place + 1);
    words.splice(place..end, [format!("{host}{}", real(told))]);
    Some(told)
}

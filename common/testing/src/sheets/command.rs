//! A command of a sheet, turned into what is run for it: the executables of this build, at ports of
//! the system's choice.

use super::ports::Ports;
use crate::exercise::{Client, EXERCISES, Exercise, Role};
use crate::{build, built, root};
use common::address;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The programs that have a port of their own, with the place of its argument and what it is by
/// default. Of the examples, the table of the exercises tells it.
const LISTENERS: [(&str, (usize, u16)); 5] = [
    ("udp-client", (1, 10086)),
    ("udp-server", (0, 8080)),
    ("udp-chat", (0, 6666)),
    ("tcp-echo-server", (0, 10050)),
    ("file-server", (0, 6664)),
];

/// The programs that take a destination, with the default one.
const CLIENTS: [(&str, &str); 4] = [
    ("udp-client", "127.0.0.1:8080"),
    ("feiq-sender", "127.0.0.1:2425"),
    ("tcp-client", "127.0.0.1:10050"),
    ("file-client", ""),
];

/// The modes of `cargo lab peer`.
const PEERS: &str = include_str!("../bin/lab/peer.txt");

/// What is run for a command.
pub(super) struct Prepared {
    /// What the shell gets to read.
    pub(super) line: String,
    /// The port on which the sheet says that it listens, and who tells the real one.
    pub(super) listens: Option<Listens>,
}

pub(super) enum Listens {
    /// The first line on standard error of one of our programs.
    Program(u16),
    /// A file in the directory of the ports.
    Script,
}

/// Prepares a command of a sheet.
pub(super) fn prepare(command: &str, ports: &Ports) -> Prepared {
    // A student runs some commands in the directory of the scripts.
    let command = &command.replace("../target/debug/", "target/debug/");
    let lab = format!("{} ", built().join("lab").display());
    if let Some((before, peer)) = command.split_once("cargo lab peer ") {
        let (peer, listens) = peer_at_real_port(peer, ports);
        return Prepared { line: format!("{before}{lab}peer {peer}"), listens };
    }
    let command = &command.replace("cargo lab ", &lab);
    if let Some(run) = CargoRun::parse(command) {
        return run.prepare(ports);
    }
    if command.starts_with("cargo build ") {
        return Prepared {
            line: "true".into(), // done already
            listens: None,
        };
    }
    let listens = command.contains("python3 ") && {
        let mut words = command.split([' ', '(', ')', '/']);
        let script = words.find(|word| word.ends_with(".py"));
        let program = script.map(|script| script.trim_end_matches(".py").replace('_', "-"));
        program.is_some_and(|program| entry(&LISTENERS, &program).is_some())
            || ["create_server(", ".bind("].iter().any(|call| command.contains(call))
    };
    Prepared {
        // A script finds the real ports itself.
        line: if command.contains("python3 ") { command.into() } else { ports.real(command) },
        listens: listens.then_some(Listens::Script),
    }
}

/// `MODE ADDRESS …`, where only MODE must be there: a mode that listens gets a port, one that does not
/// goes to the real one. The list of the modes has their default ports.
fn peer_at_real_port(peer: &str, ports: &Ports) -> (String, Option<Listens>) {
    let (mode, behind) = peer.split_once(' ').unwrap_or((peer, ""));
    let mut rows = PEERS.lines().map(|line| Vec::from_iter(line.split('|').map(str::trim)));
    let row = rows.find(|row| row.len() == 5 && row[0] == mode);
    let default = row.as_ref().and_then(|row| row[1].parse().ok());
    let (given, rest) = match behind.split_once(' ').unwrap_or((behind, "")) {
        ("" | "|" | ">", _) => ("127.0.0.1", behind),
        split => split,
    };
    let (Ok((host, port)), Some(default)) = (address::parse(given), default) else {
        return (peer.into(), None); // it says what is wrong
    };
    let (host, port) = (host.unwrap_or("127.0.0.1".into()), port.unwrap_or(default));
    let listens = row.is_some_and(|row| {
        ["silent", "serve", "answer"].iter().any(|first| row[3].starts_with(first))
    });
    let real = if listens { ports.chosen(port).unwrap_or(0) } else { ports.behind(port) };
    let line = format!("{mode} {} {rest}", in_full(&host, real));
    (line, listens.then_some(Listens::Program(port)))
}

/// What stands in one of the tables for a program.
fn entry<T: Copy>(table: &[(&str, T)], wanted: &str) -> Option<T> {
    let found = table.iter().find(|(program, _)| *program == wanted);
    found.map(|(_, value)| *value)
}

/// `BEFORE cargo run -q -p PACKAGE --example EXAMPLE -- ARGUMENTS BEHIND`, where most of it may be
/// missing, or `BEFORE target/debug/PACKAGE ARGUMENTS BEHIND`.
struct CargoRun<'a> {
    before: &'a str,
    package: &'a str,
    example: Option<&'a str>,
    arguments: Vec<String>,
    behind: &'a str,
}

impl CargoRun<'_> {
    fn parse(command: &str) -> Option<CargoRun<'_>> {
        let runs = ["cargo run -q -p ", "target/debug/"];
        let (before, run) = runs.iter().find_map(|run| command.split_once(run))?;
        let ends = [" 2>", ">", "|", "'", ";", " &", " <", ")"].map(|end| run.find(end));
        let end = ends.into_iter().flatten().min().unwrap_or(run.len());
        let (run, behind) = run.split_at(end);
        let mut words = run.split_whitespace().peekable();
        Some(CargoRun {
            before,
            package: words.next()?,
            example: words.next_if_eq(&"--example").and_then(|_| words.next()),
            arguments: words.filter(|word| *word != "--").map(String::from).collect(),
            behind,
        })
    }

    fn prepare(mut self, ports: &Ports) -> Prepared {
        let is_help = self.arguments.iter().any(|argument| argument == "--help");
        let (listens, remote) = match self.example.and_then(Exercise::find).map(|own| &own.role) {
            Some(&Role::Server { port, .. }) => (Some((0, port)), None),
            Some(&Role::Client(Client { remote, port, .. })) => {
                (port.map(|port| (1, port)), Some(remote))
            }
            None => (entry(&LISTENERS, self.package), entry(&CLIENTS, self.package)),
        };
        if let Some(default) = remote.filter(|_| !is_help) {
            self.redirect(default, ports);
        }
        let listens = listens
            .filter(|_| !is_help)
            .and_then(|(place, default)| self.listen(place, default, ports));
        let exe = self.exe();
        let (before, behind) = (ports.real(self.before), ports.real(self.behind));
        let arguments = self.arguments.join(" ");
        Prepared {
            line: format!("{before}{} {arguments} {behind}", exe.display()),
            listens: listens.map(Listens::Program),
        }
    }

    fn exe(&self) -> PathBuf {
        match self.example {
            Some(example) => executables().join("examples").join(example),
            None => executables().join(self.package),
        }
    }

    /// The port on which the sheet says that it listens. In its place the program gets the one that was
    /// chosen for it before, or port 0, for which the system chooses one. `None`: it will not listen,
    /// its argument is wrong.
    fn listen(&mut self, place: usize, default: u16, ports: &Ports) -> Option<u16> {
        let given = self.arguments.get(place).cloned();
        let (host, told) = address::parse_argument(given).ok()?;
        let told = told.unwrap_or(default);
        let chosen = ports.chosen(told).unwrap_or(0);
        // A client that goes to an IPv6 address needs one itself.
        let remote = self.arguments.first().filter(|_| place == 1);
        let is_ipv6 = remote.is_some_and(|remote| remote.starts_with('['));
        let argument = match host {
            Some(host) => in_full(&host, chosen),
            None if is_ipv6 => in_full("::", chosen),
            None => chosen.to_string(),
        };
        let rest = self.arguments.len().min(place + 1);
        self.arguments.splice(place..rest, [argument]);
        Some(told)
    }

    /// A client goes to the real port of the server it wants. Where its argument is wrong, it stays.
    fn redirect(&mut self, default: &str, ports: &Ports) {
        let given = self.arguments.first().map_or(default, String::as_str);
        let (Ok((host, port)), Ok((default_host, default_port))) =
            (address::parse(given), address::parse(default).or(Ok::<_, ()>((None, None))))
        else {
            return;
        };
        let host = host.or(default_host);
        if let (Some(host), Some(port @ 1..)) = (host, port.or(default_port)) {
            let first = self.arguments.len().min(1);
            let argument = in_full(&host, ports.behind(port));
            self.arguments.splice(..first, [argument]);
        }
    }
}

/// An address with both of its parts.
fn in_full(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Where the executables are, built by the cargo that runs this test.
fn executables() -> &'static Path {
    static EXECUTABLES: OnceLock<PathBuf> = OnceLock::new();
    EXECUTABLES.get_or_init(|| {
        // The solutions by their names: a student's need not compile. They may not have been handed out.
        let is_there = |Exercise { name, package, .. }: &&Exercise| {
            root().join(format!("{package}/examples/{name}.rs")).exists()
        };
        let solutions = EXERCISES.iter().filter(is_there);
        let examples = solutions.flat_map(|exercise| ["--example", exercise.name]);
        let what: Vec<&str> = ["--workspace", "--bins"].into_iter().chain(examples).collect();
        build(&what)
    })
}

//! A command of a sheet, turned into what is run for it: the executables of this build, at ports of
//! the system's choice.

use crate::ports::Ports;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use testing::{build, root};

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

/// What is run for a command.
pub struct Prepared {
    /// What the shell gets to read.
    pub line: String,
    /// The port on which the sheet says that it listens.
    pub listens: Option<u16>,
}

/// Prepares a command of a sheet.
pub fn prepare(command: &str, ports: &Ports) -> Prepared {
    if let Some(script) = command.split(' ').find(|word| word.ends_with(".py")) {
        return prepare_script(command, script);
    }
    if let Some(run) = CargoRun::parse(command) {
        return run.prepare(ports);
    }
    Prepared {
        line: command.into(),
        listens: None,
    }
}

/// In place of the tutorial's script runs its stand-in, which chooses its port itself.
fn prepare_script(command: &str, script: &str) -> Prepared {
    let stand_in = root().join("common/testing/tests/scripts").join(script);
    let program = script.trim_end_matches(".py").replace('_', "-");
    Prepared {
        line: command.replace(script, stand_in.to_str().unwrap()),
        listens: entry(&LISTENERS, &program),
    }
}

/// What stands in one of the tables for a program.
fn entry<T: Copy>(table: &[(&str, T)], wanted: &str) -> Option<T> {
    let found = table.iter().find(|(program, _)| *program == wanted);
    found.map(|(_, value)| *value)
}

/// `BEFORE cargo run -q -p PACKAGE --example EXAMPLE -- ARGUMENTS BEHIND`, where most of it may be
/// missing.
struct CargoRun<'a> {
    before: &'a str,
    package: &'a str,
    example: Option<&'a str>,
    arguments: Vec<String>,
    behind: &'a str,
}

impl CargoRun<'_> {
    fn parse(command: &str) -> Option<CargoRun<'_>> {
        let (before, run) = command.split_once("cargo run -q -p ")?;
        let ends = [" 2>", ">", "|", "'"].map(|end| run.find(end));
        let end = ends.into_iter().flatten().min().unwrap_or(run.len());
        let (run, behind) = run.split_at(end);
        let mut words = run.split_whitespace().peekable();
        Some(CargoRun {
            before,
            package: words.next()?,
            example: words.next_if_eq(&"--example").and_then(|_| words.next()),
            arguments: words
                .filter(|word| *word != "--")
                .map(String::from)
                .collect(),
            behind,
        })
    }

    fn prepare(mut self, ports: &Ports) -> Prepared {
        let listens = self.listens();
        if listens.is_some() {
            self.let_the_system_choose();
        } else if let Some(default) = self.entry(&CLIENTS) {
            self.redirect(default, ports);
        }
        let exe = self.exe();
        let (before, behind) = (self.before, self.behind);
        let arguments = self.arguments.join(" ");
        Prepared {
            line: format!("{before}{} {arguments} {behind}", exe.display()),
            listens,
        }
    }

    fn exe(&self) -> PathBuf {
        match self.example {
            Some(example) => executables().join("examples").join(example),
            None => executables().join(self.package),
        }
    }

    /// What stands in one of the tables for this example or its program.
    fn entry<T: Copy>(&self, table: &[(&str, T)]) -> Option<T> {
        let own = self.example.and_then(|example| entry(table, example));
        own.or_else(|| entry(table, self.package))
    }

    /// The port on which the sheet says that it listens.
    fn listens(&self) -> Option<u16> {
        let default = self.entry(&LISTENERS)?;
        let given = self.arguments.first();
        let port = given.and_then(|address| address.rsplit(':').next());
        Some(port.map_or(default, |port| port.parse().unwrap()))
    }

    /// A server gets port 0, for which the system chooses another one.
    fn let_the_system_choose(&mut self) {
        let given = self.arguments.first();
        let any = match given.and_then(|address| address.rsplit_once(':')) {
            Some((host, _)) => format!("{host}:0"),
            None => "0".into(),
        };
        self.replace_first(any);
    }

    /// A client goes to the real port of the server it wants.
    fn redirect(&mut self, default: &str, ports: &Ports) {
        let remote = self.arguments.first().map_or(default, String::as_str);
        if let Some((host, port)) = remote.rsplit_once(':') {
            let port = ports.behind(port.parse().unwrap());
            self.replace_first(format!("{host}:{port}"));
        }
        if self.package == "udp-client" {
            self.arguments.truncate(1);
            self.arguments.push("0".into()); // the local port
        }
    }

    fn replace_first(&mut self, argument: String) {
        let first = self.arguments.len().min(1);
        self.arguments.splice(..first, [argument]);
    }
}

/// Where the executables are, built by the cargo that runs this test.
fn executables() -> &'static Path {
    static EXECUTABLES: OnceLock<PathBuf> = OnceLock::new();
    EXECUTABLES.get_or_init(|| build(&["--workspace", "--bins", "--examples"]))
}

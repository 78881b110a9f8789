//! Exercises that check themselves: one and the same check runs on the worked solution, on the
//! student's own one, and on the unchanged program and some wrong solutions, where it must fail.
//!
//! A check does something to a program, says what it expects, and compares. When something else
//! comes, it tells the whole story, in Chinese: each step in its order, what the programs have said,
//! and last what was expected and what came.

mod check;
mod connection;
mod peer;
pub mod solutions;
mod subject;
mod words;

use crate::root;
pub use check::{Check, Failure};
pub use connection::Connection;
pub use peer::Peer;
use std::path::PathBuf;
use std::time::Duration;
pub use subject::Subject;
pub use words::{literal, seconds};

/// An exercise, and what is known about its solutions.
pub struct Exercise {
    /// Its name: the worked solution is `PACKAGE/examples/NAME.rs`.
    pub name: &'static str,
    /// The package that it belongs to, with whose program it begins.
    pub package: &'static str,
    /// The program whose lab sheet tells it.
    pub sheet: &'static str,
    /// The command line, as `--help` tells it.
    pub usage: &'static str,
    /// On which side a solution stands.
    pub role: Role,
}

/// On which side a solution stands.
pub enum Role {
    /// It waits for others.
    Server {
        /// The port of its first argument by default.
        port: u16,
        /// Whether Ctrl-C lets it finish what it has begun.
        finishes: bool,
    },
    /// It goes to others.
    Client(Client),
}

/// What is known about a solution that goes to others.
pub struct Client {
    /// Where it goes by default, which is its first argument; empty: there is no default.
    pub remote: &'static str,
    /// The port of its second argument by default; `None`: any free port, or no such argument.
    pub port: Option<u16>,
    /// What it prints before the user types; `None`: nothing.
    pub prompt: Option<&'static str>,
    /// Its exit status where it has not done anything yet.
    pub early_end: i32,
}

const fn server(port: u16) -> Role {
    Role::Server { port, finishes: false }
}

const fn client(remote: &'static str, prompt: &'static str) -> Role {
    Role::Client(Client { remote, port: None, prompt: Some(prompt), early_end: 0 })
}

/// The exercises, in the order of the course.
#[rustfmt::skip] // two lines for each
pub const EXERCISES: &[Exercise] = &[
    Exercise { name: "retry", package: "udp-client", sheet: "udp-client", usage: "retry [REMOTE [LOCAL]]",
        role: Role::Client(Client { remote: "127.0.0.1:8080", port: Some(10086), prompt: None, early_end: 0 }) },
    Exercise { name: "two_way", package: "udp-chat", sheet: "udp-chat", usage: "two_way [LOCAL]",
        role: server(6666) },
    Exercise { name: "many_peers", package: "udp-server", sheet: "udp-chat", usage: "many_peers [LOCAL]",
        role: server(8080) },
    Exercise { name: "acknowledged", package: "feiq-sender", sheet: "feiq-sender", usage: "acknowledged [REMOTE [LOCAL]]",
        role: client("127.0.0.1:2425", "请输入内容:") },
    Exercise { name: "receiver", package: "feiq-sender", sheet: "feiq-sender", usage: "receiver [LOCAL]",
        role: server(2425) },
    Exercise { name: "framed", package: "tcp-client", sheet: "tcp-client", usage: "framed [REMOTE]",
        role: client("127.0.0.1:10050", "输入:") },
    Exercise { name: "framed_server", package: "tcp-echo-server", sheet: "tcp-echo-server", usage: "framed_server [LISTEN]",
        role: server(10050) },
    Exercise { name: "many_clients", package: "tcp-echo-server", sheet: "tcp-echo-server", usage: "many_clients [LISTEN]",
        role: server(10050) },
    Exercise { name: "resumable_server", package: "file-server", sheet: "file-server", usage: "resumable_server [LISTEN [DIR]]",
        role: Role::Server { port: 6664, finishes: true } },
    Exercise { name: "resumable", package: "file-client", sheet: "file-client", usage: "resumable [REMOTE [NAME]]",
        role: Role::Client(Client { remote: "", port: None, prompt: Some("文件名:"), early_end: 1 }) },
];

impl Exercise {
    /// The exercise of this name, with or without `my_`.
    pub fn find(name: &str) -> Option<&'static Exercise> {
        let name = name.strip_prefix("my_").unwrap_or(name);
        EXERCISES.iter().find(|exercise| exercise.name == name)
    }

    /// The student's file.
    pub fn path(&self) -> PathBuf {
        root().join(self.told_path())
    }

    /// The same, as it is told: from the directory of the workspace.
    pub fn told_path(&self) -> String {
        format!("{}/examples/my_{}.rs", self.package, self.name)
    }

    /// Where the worked solution is, as it is told; `None`: it was not handed out.
    pub fn solution(&self) -> Option<String> {
        let path = format!("{}/examples/{}.rs", self.package, self.name);
        root().join(&path).exists().then_some(path)
    }

    /// The program that the exercise begins with.
    pub fn original(&self) -> PathBuf {
        root().join(self.package).join("src/main.rs")
    }
}

/// Any free port, as the argument of a program that waits for others.
pub const ANY_PORT: &str = "127.0.0.1:0";

/// How long a check waits for a student's program, a wrong one or an unchanged one, where silence is
/// the usual failure. The sheets name it: 5 seconds beyond any pause that they ask for.
const PATIENCE: Duration = Duration::from_secs(5);

/// A pause of a slow network or a slow program, for checks that try one.
pub const PAUSE: Duration = Duration::from_millis(100);

/// A pause that is longer than a time limit of 5 seconds, which programs like to have.
pub const LONG_PAUSE: Duration = Duration::from_millis(5500);

/// How often a wait looks whether the programs have ended, after which nothing will come.
const POLL: Duration = Duration::from_millis(100);

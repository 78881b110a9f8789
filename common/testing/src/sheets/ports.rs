//! Ports: the ones that a sheet tells, and the ones of this run.

use super::Scripts;
use crate::{TempDir, udp};
use std::fmt::Display;
use std::fs;
use std::net::UdpSocket;

/// For each port that a sheet tells, the one that the system has chosen instead: a file in a
/// directory, which scripts read and write as well.
pub(super) struct Ports {
    pub(super) directory: TempDir,
    /// Where a sheet sends something to nobody.
    _nobody: UdpSocket,
}

impl Ports {
    pub(super) fn new(scripts: &Scripts) -> Ports {
        let (directory, nobody) = (TempDir::new_in(&scripts.temporary).unwrap(), udp());
        let port = nobody.local_addr().unwrap().port();
        let ports = Ports { directory, _nobody: nobody };
        ports.insert("nobody", port);
        ports
    }

    /// A program that listens at `told` in the sheet really listens at `chosen`.
    pub(super) fn insert(&self, told: impl Display, chosen: u16) {
        fs::write(self.directory.path().join(told.to_string()), chosen.to_string()).unwrap();
    }

    /// The port that was chosen for `told`, if one was.
    pub(super) fn chosen(&self, told: impl Display) -> Option<u16> {
        let chosen = fs::read_to_string(self.directory.path().join(told.to_string())).ok()?;
        Some(chosen.parse().unwrap())
    }

    /// How many ports have been chosen. What ends in `.new` is being written.
    pub(super) fn count(&self) -> usize {
        let files = fs::read_dir(&self.directory).unwrap();
        files.filter(|file| file.as_ref().unwrap().path().extension().is_none()).count()
    }

    /// The port at which a program that listens at `told` really does; where there is none, one at
    /// which nobody answers.
    pub(super) fn behind(&self, told: u16) -> u16 {
        self.chosen(told).or(self.chosen("nobody")).unwrap()
    }

    /// What the user types, or a command: each number that is the port of a program, as the real one.
    pub(super) fn real(&self, text: &str) -> String {
        replace_numbers(text, |_, number| {
            Some(self.chosen(number.parse::<u16>().ok()?)?.to_string())
        })
    }
}

/// `text` as it is compared: without the ports behind IP addresses, and only on Linux with the numbers
/// of errors and what the system says about them.
pub(super) fn comparable(text: &str) -> String {
    let text = replace_numbers(text, |before, number| {
        // 127.0.0.1:8080 and [::1]:8080, or ('127.0.0.1', 8080) as Python writes it.
        let host = before.strip_suffix(':').unwrap_or_default();
        let is_port =
            host.ends_with(|c: char| c == ']' || c.is_ascii_digit()) || before.ends_with("', ");
        (number.len() >= 4 && is_port).then(|| "PORT".into())
    });
    let text = if cfg!(target_os = "linux") { text } else { without_reasons(&text) };
    // A line that Python has added to such errors since 3.12.
    let codec = ["en", "de"].map(|way| format!("{way}coding with 'gbk' codec failed\n"));
    codec.iter().fold(text, |text, line| text.replace(line, ""))
}

fn without_reasons(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        let line = line.trim_end_matches('\r');
        let ours = line.find(" (os error ").and_then(|end| line[..end].rfind('：'));
        let scripts = line.find("[Errno ").or(line.find("[WinError "));
        &line[..ours.or(scripts).unwrap_or(line.len())]
    });
    Vec::from_iter(lines).join("\n")
}

/// `text` with what `replace` returns, for what stands before a number and the number, in its place.
fn replace_numbers(text: &str, replace: impl Fn(&str, &str) -> Option<String>) -> String {
    let (mut replaced, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, after) = rest.split_at(at);
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        replaced += before;
        let number = replace(&replaced, &after[..end]);
        replaced += number.as_deref().unwrap_or(&after[..end]);
        rest = &after[end..];
    }
    replaced + rest
}

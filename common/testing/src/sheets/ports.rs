//! Ports: the ones that a sheet tells, and the ones of this run.

use crate::{TempDir, tempdir, udp};
use std::fs;
use std::net::UdpSocket;
use std::path::Path;

/// For each port that a sheet tells, the one that the system has chosen instead: a file in a
/// directory, which scripts read and write as well.
pub(super) struct Ports {
    directory: TempDir,
    /// Where a sheet sends something to nobody.
    nobody: UdpSocket,
}

impl Ports {
    pub(super) fn new() -> Ports {
        let ports = Ports { directory: tempdir().unwrap(), nobody: udp() };
        let nobody = ports.nobody.local_addr().unwrap().port();
        fs::write(ports.directory.path().join("nobody"), nobody.to_string()).unwrap();
        ports
    }

    /// The directory with the files.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A program that listens at `told` in the sheet really listens at `chosen`.
    pub(super) fn insert(&self, told: u16, chosen: u16) {
        fs::write(self.directory().join(told.to_string()), chosen.to_string()).unwrap();
    }

    /// The port that was chosen for `told`, if one was.
    pub(super) fn chosen(&self, told: u16) -> Option<u16> {
        let chosen = fs::read_to_string(self.directory().join(told.to_string())).ok()?;
        Some(chosen.parse().unwrap())
    }

    /// How many ports have been chosen.
    pub(super) fn count(&self) -> usize {
        let files = fs::read_dir(self.directory()).unwrap();
        let finished = |file: &fs::DirEntry| file.path().extension().is_none();
        files.filter(|file| finished(file.as_ref().unwrap())).count()
    }

    /// The port at which a program that listens at `told` really does; where there is none, one at
    /// which nobody answers.
    pub(super) fn behind(&self, told: u16) -> u16 {
        let nobody = || self.nobody.local_addr().unwrap().port();
        self.chosen(told).unwrap_or_else(nobody)
    }

    /// What the user types, or a command: each number that is the port of a program, as the real one.
    pub(super) fn real(&self, text: &str) -> String {
        let mut real = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
            let (before, after) = rest.split_at(at);
            let end = after.find(|c: char| !c.is_ascii_digit());
            let (number, after) = after.split_at(end.unwrap_or(after.len()));
            let chosen = number.parse().ok().and_then(|port| self.chosen(port));
            real += before;
            real += &chosen.map_or(number.into(), |port| port.to_string());
            rest = after;
        }
        real + rest
    }
}

/// `text` with every port behind an IP address as `PORT`.
pub(super) fn without_ports(text: &str) -> String {
    let mut rest = text;
    let mut result = String::new();
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, after) = rest.split_at(at);
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        result += before;
        // 127.0.0.1:8080 and [::1]:8080, or ('127.0.0.1', 8080) as Python writes it.
        let host = result.strip_suffix(':').unwrap_or_default();
        let is_port =
            host.ends_with(|c: char| c == ']' || c.is_ascii_digit()) || result.ends_with("', ");
        result += if digits >= 4 && is_port { "PORT" } else { &after[..digits] };
        rest = &after[digits..];
    }
    result + rest
}

//! Ports: the ones that a sheet tells, and the ones of this run.

use std::collections::HashMap;
use std::net::UdpSocket;
use testing::udp;

pub struct Ports {
    /// The port that a sheet tells, and the one that the system has chosen instead.
    chosen: HashMap<u16, u16>,
    /// Where a sheet sends something to nobody.
    nobody: UdpSocket,
}

impl Ports {
    pub fn new() -> Ports {
        Ports {
            chosen: HashMap::new(),
            nobody: udp(),
        }
    }

    /// A program that listens at `told` in the sheet really listens at `chosen`.
    pub fn insert(&mut self, told: u16, chosen: u16) {
        self.chosen.insert(told, chosen);
    }

    /// The port at which a program that listens at `told` really does; where there is none, one at
    /// which nobody answers.
    pub fn behind(&self, told: u16) -> u16 {
        let nobody = || self.nobody.local_addr().unwrap().port();
        self.chosen.get(&told).copied().unwrap_or_else(nobody)
    }

    /// What the user types: where it is the port of a program, the real one.
    pub fn typed(&self, text: &str) -> String {
        let chosen = text.parse().ok().and_then(|port| self.chosen.get(&port));
        chosen.map_or(text.into(), u16::to_string)
    }

    /// The environment variables from which a stand-in for a script learns where to go.
    pub fn variables(&self) -> impl Iterator<Item = (String, String)> {
        let ports = self.chosen.iter();
        ports.map(|(told, chosen)| (format!("PORT_{told}"), chosen.to_string()))
    }
}

/// `text` with every port behind an IP address as `PORT`, and without the line with which a stand-in
/// tells its port.
pub fn without_ports(text: &str) -> String {
    let mut rest = match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("stand-in ") => rest,
        _ => text,
    };
    let mut result = String::new();
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

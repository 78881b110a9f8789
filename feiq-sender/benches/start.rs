//! The start of a program: from its execution to its first prompt, beside Python.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on may panic")]

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Instant;
use testing::bench::{Contender, Measured, compare, installed, section};

const PROMPT: &str = "请输入内容:";

const PYTHON: &str = "
import socket
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
text = input('请输入内容:')
";

fn main() {
    let contender = |name: &str, tool: &'static str, arguments: &'static [&str]| {
        Contender::new(name, move || {
            if tool == "python3" {
                installed(tool)?;
            }
            let mut command = Command::new(tool);
            command.args(arguments).env("PYTHONIOENCODING", "utf-8");
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
            let begin = Instant::now();
            let mut program = Measured::start_as_is(&mut command)?;
            let mut prompt = [0; PROMPT.len()];
            let mut output = program.child().stdout.take().unwrap();
            output.read_exact(&mut prompt).map_err(|error| error.to_string())?;
            let time = begin.elapsed().as_secs_f64() * 1e3;
            if prompt != PROMPT.as_bytes() {
                return Err("another prompt".into());
            }
            Ok(vec![("ms", time), ("MiB", program.peak())])
        })
    };
    section("Start");
    compare(
        "From exec to the first prompt",
        vec![
            contender("feiq-sender", env!("CARGO_BIN_EXE_feiq-sender"), &[]),
            contender("Python", "python3", &["-c", PYTHON]),
        ],
    );
}

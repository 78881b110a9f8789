//! The start of a program: from its execution to its first prompt, beside Python.

use std::io::Read;
use std::process::Stdio;
use std::time::Instant;
use testing::bench::{Contender, Figures, Process, command, compare, script, section};

const PROMPT: &str = "请输入内容:";

fn main() {
    let script = script("feiq_sender.py", "2425");
    let ours = Contender::new("feiq-sender", || start(&[env!("CARGO_BIN_EXE_feiq-sender")]));
    let python = Contender::new("the script", || start(&["python3", "-c", &script]));
    section("Start");
    compare("From exec to the first prompt", &["ms", "MiB"], vec![vec![ours, python]]);
}

fn start(words: &[&str]) -> Figures {
    let mut command = command(words, 2425);
    command.env("PYTHONIOENCODING", "utf-8").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut prompt = [0; PROMPT.len()];
    let begin = Instant::now();
    let mut program = Process::start(&mut command)?;
    program.child.stdout.as_mut().map_or(Ok(()), |output| output.read_exact(&mut prompt))?;
    let time = begin.elapsed();
    assert_eq!(prompt, PROMPT.as_bytes());
    Ok(vec![time.as_secs_f64() * 1e3, program.memory().unwrap_or(f64::NAN)])
}

//! Building and running the checks of one exercise.

use crate::exercise::{Check, Exercise};
use crate::say;
use common::{Context, Error, console};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use testing::{TempDir, root, tempdir};

/// How many checks run at the same time: they wait most of the time.
const AT_ONCE: usize = 4;

/// What has become of the student's file.
pub enum State {
    NotBegun,
    DoesNotCompile,
    /// Each stage has been checked, up to and including the first one with a failure.
    Checked {
        passed: usize,
        /// The first check that failed, and its story.
        failed: Option<(String, String)>,
    },
}

/// Checks an exercise, and tells what comes of it; `true`: all checks have passed.
pub fn check(exercise: &Exercise) -> Result<bool, Error> {
    let told = exercise.told_path();
    let checks = exercise.checks();
    let all = checks.len();
    let mut stage = None;
    let state = examine(exercise, &checks, Mode::OneByOne, |check| {
        if check.stage != stage {
            stage.clone_from(&check.stage);
            let number = check.stage.as_deref().and_then(|stage| stage.strip_prefix("stage_"));
            console::print(format!("第 {} 阶段", number.unwrap_or_default()))?;
        }
        console::print(format!("  通过  {}", check.name))
    })?;
    match state {
        State::NotBegun => {
            console::note(format!("还没有 {told}，用 cargo lab start {} 开始", exercise.name));
            Ok(false)
        }
        State::DoesNotCompile => {
            console::note(format!("{told} 编译不通过"));
            Ok(false)
        }
        State::Checked { passed, failed: None } => {
            console::print(format!("{}：{passed} 项检查全部通过", exercise.name))?;
            if let Some(solution) = exercise.solution() {
                console::print(format!("可以和参考解答比较：{solution}"))?;
            }
            Ok(true)
        }
        State::Checked { passed, failed: Some((name, story)) } => {
            console::print(format!("  没有通过  {name}"))?;
            say(story.trim_end())?;
            console::print("")?;
            console::print(format!("{}：通过 {passed} 项，共 {all} 项", exercise.name))?;
            Ok(false)
        }
    }
}

/// How much is told, and how soon it ends.
#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    /// With what the compiler says, and only up to the first check that fails.
    OneByOne,
    /// The figures only.
    Overview,
}

/// Builds the student's file and runs its checks, stage by stage. `passed` is called for each check
/// that has passed, in their order.
pub fn examine(
    exercise: &Exercise,
    checks: &[Check],
    mode: Mode,
    mut passed: impl FnMut(&Check) -> Result<(), Error>,
) -> Result<State, Error> {
    if !exercise.path().exists() {
        return Ok(State::NotBegun);
    }
    if !build_mine(exercise, mode)? {
        return Ok(State::DoesNotCompile);
    }
    let tests = build_tests(exercise)?;
    let directory = tempdir().context("创建临时目录")?;
    let mut count = 0;
    for stage in checks.chunk_by(|one, next| one.stage == next.stage) {
        let names = stage.iter().map(|check| check.test(exercise)).collect();
        let mut run = Run::start(&tests, exercise, &directory, names);
        let mut failed = None;
        for check in stage {
            match run.next()? {
                (true, said) => {
                    count += 1;
                    passed(check)?;
                    let skipped = said.lines().filter(|line| line.starts_with("跳过："));
                    if mode == Mode::OneByOne {
                        skipped.for_each(console::note);
                    }
                }
                (false, story) => {
                    failed.get_or_insert((check.name.clone(), story));
                    if mode == Mode::OneByOne {
                        break;
                    }
                }
            }
        }
        if failed.is_some() {
            return Ok(State::Checked { passed: count, failed });
        }
    }
    Ok(State::Checked { passed: count, failed: None })
}

fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.current_dir(root()).stdin(Stdio::null());
    cargo
}

/// Builds the student's file; `false`: it does not compile.
fn build_mine(exercise: &Exercise, mode: Mode) -> Result<bool, Error> {
    let example = format!("my_{}", exercise.name);
    let mut build = cargo();
    build.args(["build", "--quiet", "--package", exercise.package, "--example", &example]);
    if mode == Mode::Overview {
        build.stderr(Stdio::null());
    }
    Ok(build.status().context("运行 cargo build")?.success())
}

/// Builds the tests with the checks, and returns their executable.
fn build_tests(exercise: &Exercise) -> Result<PathBuf, Error> {
    let mut build = cargo();
    build.args(["test", "--no-run", "--message-format", "json"]);
    build.args(["--package", exercise.package, "--test", "exercises"]);
    let Output { status, stdout, stderr } = build.output().context("运行 cargo test")?;
    let messages = String::from_utf8_lossy(&stdout);
    // Each line is a message about one product: the libraries, the program itself, and the tests.
    let of_tests = |message: &&str| message.contains("\"kind\":[\"test\"]");
    let executable = messages.lines().filter(of_tests).find_map(|message| {
        let (_, rest) = message.split_once("\"executable\":\"")?;
        let (path, _) = rest.split_once('"')?;
        Some(PathBuf::from(path.replace("\\\\", "\\")))
    });
    executable.filter(|_| status.success()).ok_or_else(|| {
        let errors = String::from_utf8_lossy(&stderr);
        Error::Fatal(format!("{errors}无法编译 {} 的检查", exercise.package))
    })
}

/// The checks of one stage, a few at a time, each in a process of its own. Dropping it ends those
/// that are still running.
struct Run {
    results: mpsc::Receiver<(usize, io::Result<Output>)>,
    /// Results that came before their turn.
    early: BTreeMap<usize, io::Result<Output>>,
    next: usize,
    waiting: Vec<Command>,
    started: usize,
    running: BTreeMap<usize, u32>,
    finished: mpsc::Sender<(usize, io::Result<Output>)>,
}

impl Run {
    fn start(tests: &PathBuf, exercise: &Exercise, directory: &TempDir, names: Vec<String>) -> Run {
        let command = |name: &String| {
            let mut command = Command::new(tests);
            command.args(["--exact", name, "--ignored", "--nocapture"]);
            command.current_dir(root().join(exercise.package));
            // Their temporary files, also those of a check that is ended before its own end.
            for variable in ["TMPDIR", "TEMP", "TMP"] {
                command.env(variable, directory.path());
            }
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            #[cfg(unix)]
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
            command
        };
        let (finished, results) = mpsc::channel();
        let mut run = Run {
            results,
            early: BTreeMap::new(),
            next: 0,
            waiting: names.iter().rev().map(command).collect(),
            started: 0,
            running: BTreeMap::new(),
            finished,
        };
        for _ in 0..AT_ONCE {
            run.start_one();
        }
        run
    }

    fn start_one(&mut self) {
        let Some(mut command) = self.waiting.pop() else {
            return;
        };
        let number = self.started;
        self.started += 1;
        let (finished, failed) = (self.finished.clone(), self.finished.clone());
        let started = command.spawn().and_then(|child| {
            self.running.insert(number, child.id());
            let wait = move || finished.send((number, child.wait_with_output()));
            thread::Builder::new().spawn(wait)
        });
        if let Err(error) = started {
            let _ = failed.send((number, Err(error)));
        }
    }

    /// What has become of the next check: whether it has passed, and what it says, which is the story
    /// where it has not.
    fn next(&mut self) -> Result<(bool, String), Error> {
        let ended = loop {
            if let Some(ended) = self.early.remove(&self.next) {
                break ended;
            }
            if let Ok((number, ended)) = self.results.recv() {
                self.running.remove(&number);
                self.early.insert(number, ended);
                self.start_one();
            }
        };
        self.next += 1;
        let ended = ended.context("运行检查")?;
        let story = String::from_utf8_lossy(&ended.stderr).into_owned();
        Ok((ended.status.success(), story))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.waiting.clear();
        for process in self.running.values() {
            end_with_children(*process);
        }
        // Nothing of theirs is left when the next check begins.
        for _ in &self.running {
            let _ = self.results.recv();
        }
    }
}

/// Ends a check and the programs that it has started.
fn end_with_children(process: u32) {
    let process = process.to_string();
    let mut kill = Command::new(if cfg!(windows) { "taskkill" } else { "sh" });
    match cfg!(windows) {
        true => kill.args(["/F", "/T", "/PID", &process]),
        // The group has the number of its first process.
        false => kill.args(["-c", "kill -KILL -$0", &process]),
    };
    let _ = kill.stdout(Stdio::null()).stderr(Stdio::null()).status();
}

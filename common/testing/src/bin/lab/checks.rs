//! Running the checks of one exercise.

use crate::build::{self, Unbuilt};
use crate::exercise::{Check, Exercise};
use crate::left::{self, Directory};
use crate::say;
use common::{Context, Error, console};
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;
use testing::root;

/// How many checks run at the same time: they wait most of the time.
const AT_ONCE: usize = 4;

/// How long a check may take: several times as long as the longest one does.
const LIMIT: Duration = Duration::from_secs(180);

/// How much of the beginning and of the end of what a check says is kept, in bytes.
const KEPT: usize = 64 * 1024;

/// How far the student is with an exercise.
pub enum State {
    NotBegun,
    NotBuilt(Unbuilt),
    /// Each stage has been checked, up to and including the first one with a failure.
    Checked {
        passed: usize,
        skipped: usize,
        all: usize,
        failed: bool,
    },
}

/// What comes of a check.
pub enum Outcome {
    Passed,
    /// Why it, or a part of it, could not be tried.
    Skipped(String),
    /// Its story.
    Failed(String),
}

/// Checks an exercise, and tells what comes of it; `true`: all checks have passed.
pub fn check(exercise: &Exercise) -> Result<bool, Error> {
    let (name, told) = (exercise.name, exercise.told_path());
    let mut stage = None;
    let state = examine(exercise, true, |_, check, outcome| {
        if check.stage() != stage.as_deref() {
            stage = check.stage().map(String::from);
            let number = check.stage().and_then(|stage| stage.strip_prefix("stage_"));
            console::print(format!("第 {} 阶段", number.unwrap_or_default()))?;
        }
        let name = format!("{}（{}）", check.title, check.name());
        match outcome {
            Outcome::Passed => console::print(format!("  通过  {name}")),
            Outcome::Skipped(why) => say(&format!("  略过  {name}\n{why}")),
            Outcome::Failed(story) => say(&format!("  没有通过  {name}\n{}", story.trim_end())),
        }
    })?;
    console::note(match state {
        State::NotBegun => format!("还没有 {told}，用 cargo lab start {name} 开始"),
        State::NotBuilt(Unbuilt::DoesNotCompile) => format!("{told} 编译不通过"),
        State::NotBuilt(Unbuilt::IsRunning) => {
            format!("my_{name} 还在运行，先结束它（Ctrl-C），再检查")
        }
        State::Checked { passed, all, failed: true, .. } => {
            console::print(format!("\n{name}：通过 {passed} 项，共 {all} 项"))?;
            return Ok(false);
        }
        State::Checked { passed, skipped, .. } => {
            console::print(match skipped {
                0 => format!("{name}：{passed} 项检查全部通过"),
                _ => format!("{name}：通过 {passed} 项，略过 {skipped} 项"),
            })?;
            if let Some(solution) = exercise.solution() {
                console::print(format!("可以和参考解答比较：{solution}"))?;
            }
            return Ok(true);
        }
    });
    Ok(false)
}

/// Builds the student's file and runs its checks, stage by stage. `tell` is called for each check in
/// their order, with their number. `is_told`: also what the compiler says, and only up to the first
/// check that fails.
pub fn examine(
    exercise: &Exercise,
    is_told: bool,
    mut tell: impl FnMut(usize, &Check, &Outcome) -> Result<(), Error>,
) -> Result<State, Error> {
    if exercise.path().symlink_metadata().is_err() {
        return Ok(State::NotBegun);
    }
    // The temporary files of the checks, and what is judged, at a place where programs may be run.
    let files = Directory::temporary(&std::env::temp_dir())?;
    let judged = Directory::temporary(&build::results())?;
    let executable = match build::mine(exercise, &judged, is_told) {
        Ok(Ok(executable)) => executable,
        Ok(Err(unbuilt)) => return Ok(State::NotBuilt(unbuilt)),
        // A link that leads nowhere, say.
        Err(error) if fs::read(exercise.path()).is_err() => {
            if is_told {
                console::note(error);
                console::note(format!("要从头开始，用 cargo lab reset {}", exercise.name));
            }
            return Ok(State::NotBuilt(Unbuilt::DoesNotCompile));
        }
        Err(error) => return Err(error),
    };
    let (tests, checks) = build::checks(exercise)?;
    let command = |check: &Check| {
        let mut command = Command::new(&tests);
        command.args(["--exact", &check.test(exercise), "--ignored", "--nocapture"]);
        command.current_dir(root().join(exercise.package));
        command.env(format!("LAB_my_{}", exercise.name), &executable);
        for variable in ["TMPDIR", "TEMP", "TMP"] {
            command.env(variable, &files.0);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    };
    let (mut passed, mut skipped, mut failed) = (0, 0, false);
    for stage in checks.chunk_by(|one, next| one.stage() == next.stage()) {
        let mut stage_checks = stage.iter();
        run(stage.iter().map(command).collect(), |outcome| {
            match outcome {
                Outcome::Passed => passed += 1,
                Outcome::Skipped(_) => skipped += 1,
                Outcome::Failed(_) => failed = true,
            }
            let check = stage_checks.next();
            check.map_or(Ok(()), |check| tell(checks.len(), check, &outcome))?;
            Ok(!failed || !is_told)
        })?;
        if failed {
            break;
        }
    }
    Ok(State::Checked { passed, skipped, all: checks.len(), failed })
}

/// Runs checks, each in a process of its own, a few at a time, and gives what comes of them to `next`,
/// in their order. Where that returns `false`, those that are still running are ended.
fn run(
    checks: Vec<Command>,
    mut next: impl FnMut(Outcome) -> Result<bool, Error>,
) -> Result<(), Error> {
    let with_channel = |check| {
        let (done, outcome) = mpsc::channel();
        ((check, done), outcome)
    };
    let (waiting, outcomes): (Vec<_>, Vec<_>) = checks.into_iter().map(with_channel).unzip();
    let waiting = Mutex::new(waiting.into_iter());
    let lock = || waiting.lock().unwrap_or_else(PoisonError::into_inner);
    let start_one = || {
        let mut waiting = lock();
        waiting.next().map(|(mut check, done)| (left::spawn(&mut check), done))
    };
    let work = || {
        while let Some((started, done)) = start_one() {
            let _ = done.send(started.and_then(outcome));
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            thread::Builder::new().spawn_scoped(scope, work).context("运行检查")?;
        }
        let mut goes_on = Ok(true);
        let mut outcomes = outcomes.into_iter().map_while(|outcome| outcome.recv().ok());
        while let (Ok(true), Some(outcome)) = (&goes_on, outcomes.next()) {
            goes_on = outcome.context("运行检查").and_then(&mut next);
        }
        lock().by_ref().for_each(drop);
        left::end_all();
        goes_on.map(drop)
    })
}

/// Waits for the end of a check, and of all that it has started.
fn outcome(mut check: Child) -> io::Result<Outcome> {
    let (said, wait) = mpsc::channel();
    if let Some(stream) = check.stderr.take() {
        thread::Builder::new().spawn(move || said.send(beginning_and_end(stream)))?;
    }
    // A process that has ended has closed its stream.
    let story = wait.recv_timeout(LIMIT);
    let passed = left::end(&mut check);
    Ok(match story {
        Err(_) => {
            let minutes = LIMIT.as_secs() / 60;
            let said = wait.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
            Outcome::Failed(format!("{said}\n{minutes} 分钟后检查仍未结束，已中止"))
        }
        Ok(story) if !passed => Outcome::Failed(story),
        Ok(story) => {
            let skipped: Vec<&str> =
                story.lines().filter(|line| line.starts_with("跳过：")).collect();
            if skipped.is_empty() { Outcome::Passed } else { Outcome::Skipped(skipped.join("\n")) }
        }
    })
}

/// What a stream says up to its end, without the middle where it is long.
fn beginning_and_end(mut stream: impl Read) -> String {
    let (mut kept, mut left_out) = (Vec::new(), 0);
    let mut buffer = [0; 8192];
    loop {
        match stream.read(&mut buffer) {
            Ok(length @ 1..) => kept.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            _ => break,
        }
        if kept.len() > 4 * KEPT {
            left_out += kept.drain(KEPT..kept.len() - KEPT).len();
        }
    }
    if left_out == 0 {
        return String::from_utf8_lossy(&kept).into_owned();
    }
    let (begin, end) = kept.split_at(KEPT);
    let [begin, end] = [begin, end].map(String::from_utf8_lossy);
    format!("{begin}\n[… 中间的 {left_out} 字节略去 …]\n{end}")
}

//! How far the student is with all exercises.

use crate::checks::{Mode, State, examine};
use crate::exercise::Exercise;
use common::{Error, console};
use std::io::{self, IsTerminal};

/// A line for each exercise; `true`: all are done.
pub fn show() -> Result<bool, Error> {
    let on_terminal = io::stdout().is_terminal();
    let mut all_done = true;
    for exercise in Exercise::all() {
        let Exercise { name, package } = exercise;
        let begin = format!("{name:<18}{package:<17}");
        let checks = exercise.checks();
        let all = checks.len();
        // On a terminal the line grows with each check; "\r" goes back to its beginning.
        let grow = |text: String| match on_terminal {
            true => console::write(format!("\r{begin}{text}").as_bytes()),
            false => Ok(()),
        };
        let mut count = 0;
        if exercise.path().exists() {
            grow("正在编译……".into())?;
        }
        let state = examine(&exercise, &checks, Mode::Overview, |_| {
            count += 1;
            grow(format!("通过 {count} 项，共 {all} 项"))
        })?;
        let text = match state {
            State::NotBegun => format!("未开始 → cargo lab start {name}"),
            State::DoesNotCompile => format!("编译不通过 → cargo lab check {name}"),
            State::Checked { failed: None, .. } => format!("完成，{all} 项检查全部通过"),
            State::Checked { passed, .. } => {
                format!("通过 {passed} 项，共 {all} 项 → cargo lab check {name}")
            }
        };
        all_done &= text.starts_with("完成");
        if on_terminal {
            console::write(b"\r")?;
        }
        console::print(format!("{begin}{text}"))?;
    }
    Ok(all_done)
}

/// The same for a program that reads it: exercise, state, checks passed and checks in all.
pub fn tsv() -> Result<bool, Error> {
    let mut all_done = true;
    for exercise in Exercise::all() {
        let checks = exercise.checks();
        let (state, passed) = match examine(&exercise, &checks, Mode::Overview, |_| Ok(()))? {
            State::NotBegun => ("未开始", 0),
            State::DoesNotCompile => ("编译不通过", 0),
            State::Checked { passed, failed: None } => ("完成", passed),
            State::Checked { passed, .. } => ("未完成", passed),
        };
        all_done &= state == "完成";
        let (name, all) = (exercise.name, checks.len());
        console::print(format!("{name}\t{state}\t{passed}\t{all}"))?;
    }
    Ok(all_done)
}

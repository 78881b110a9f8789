//! How far the student is with all exercises.

use crate::build::Unbuilt;
use crate::checks::{Outcome, State, examine};
use common::{Error, console};
use std::io::{self, IsTerminal};
use testing::exercise::{EXERCISES, Exercise};

/// A line for each exercise; `true`: all are done. `is_table`: for a program that reads it, exercise,
/// state, checks passed and checks in all (`-`: there was nothing to check).
pub fn show(is_table: bool) -> Result<bool, Error> {
    let on_terminal = io::stdout().is_terminal() && !is_table;
    let mut all_done = true;
    for exercise in EXERCISES {
        let Exercise { name, package, .. } = exercise;
        // On a terminal the line grows with each check; "\r" goes back to its beginning.
        let back = if on_terminal { "\r" } else { "" };
        let write =
            |text: &str| console::write(format!("{back}{name:<18}{package:<17}{text}").as_bytes());
        let grow = |text: &str| if on_terminal { write(text) } else { Ok(()) };
        if exercise.path().exists() {
            grow("正在编译……")?;
        }
        let mut count = 0;
        let state = examine(exercise, false, |all, _, outcome| {
            count += usize::from(matches!(outcome, Outcome::Passed));
            grow(&format!("通过 {count} 项，共 {all} 项"))
        })?;
        let (state, all, next) = match state {
            State::NotBegun => ("未开始", None, "start"),
            State::NotBuilt(Unbuilt::DoesNotCompile) => ("编译不通过", None, "check"),
            State::NotBuilt(Unbuilt::IsRunning) => ("程序还在运行", None, "check"),
            State::Checked { all, failed: true, .. } => ("未完成", Some(all), "check"),
            State::Checked { all, .. } => ("完成", Some(all), ""),
        };
        all_done &= state == "完成";
        if is_table {
            let all = all.map_or("-".into(), |all| all.to_string());
            console::print(format!("{name}\t{state}\t{count}\t{all}"))?;
            continue;
        }
        let text = match all {
            None => format!("{state} → cargo lab {next} {name}"),
            Some(all) if !next.is_empty() => {
                format!("通过 {count} 项，共 {all} 项 → cargo lab {next} {name}")
            }
            Some(all) if all == count => format!("完成，{all} 项检查全部通过"),
            Some(all) => format!("完成，通过 {count} 项，略过 {} 项", all - count),
        };
        write(&(text + "\n"))?;
    }
    Ok(all_done)
}

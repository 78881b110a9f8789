//! The hints of an exercise, out of the lab sheet of its program.

use crate::build::results;
use crate::exercise::Exercise;
use crate::say;
use common::{Context, Error, console};
use std::fs;
use std::path::PathBuf;
use testing::root;

/// The hint after the one that was shown last.
pub fn next_hint(exercise: &Exercise) -> Result<bool, Error> {
    let shown = fs::read_to_string(memory(exercise)).ok();
    let shown: usize = shown.and_then(|shown| shown.parse().ok()).unwrap_or(0);
    show(exercise, shown.saturating_add(1))
}

/// Hint number `number`, the first being 1.
pub fn hint(exercise: &Exercise, number: &str) -> Result<bool, Error> {
    match number.parse() {
        Ok(number) if number > 0 => show(exercise, number),
        _ => Err(Error::Refused(format!("{number} 不是提示的编号，编号从 1 开始"))),
    }
}

fn show(exercise: &Exercise, number: usize) -> Result<bool, Error> {
    let hints = hints(exercise)?;
    let all = hints.len();
    let name = exercise.name;
    let Some((title, text)) = hints.get(number - 1) else {
        console::print(format!(
            "{name} 共有 {all} 条提示，没有更多了。用 cargo lab hint {name} 1 从头再看。"
        ))?;
        if let Some(solution) = exercise.solution() {
            console::print(format!("参考解答：{solution}"))?;
        }
        return Ok(false);
    };
    let memory = memory(exercise);
    if let Some(directory) = memory.parent() {
        fs::create_dir_all(directory).context("创建目录")?;
    }
    fs::write(memory, number.to_string()).context("记下看过的提示")?;
    say(&format!("提示 {number}（共 {all} 条）：{title}\n\n{text}"))?;
    Ok(true)
}

/// Where the number of the hint that was shown last is kept.
fn memory(exercise: &Exercise) -> PathBuf {
    results().join(exercise.name)
}

/// Title and text of each hint. In a sheet with several exercises each has a section of its own.
fn hints(exercise: &Exercise) -> Result<Vec<(String, String)>, Error> {
    let path = root().join(exercise.sheet).join("README.zh-CN.md");
    let sheet = fs::read_to_string(path).context("读取实验讲义")?;
    let section = section(&sheet, exercise.name).unwrap_or_default();
    let hints = section.split("<details><summary>提示：").skip(1);
    let hints = hints.filter_map(|hint| {
        let (title, rest) = hint.split_once("</summary>")?;
        let (text, _) = rest.split_once("</details>")?;
        Some((title.trim().to_string(), text.trim().to_string()))
    });
    Ok(hints.collect())
}

/// The part of a sheet that is about an exercise.
fn section<'a>(sheet: &'a str, exercise: &str) -> Option<&'a str> {
    let (_, own) = sheet.split_once(&format!("\n### `{exercise}` ☆\n"))?;
    own.split("\n## ").next()?.split("\n### ").next()
}

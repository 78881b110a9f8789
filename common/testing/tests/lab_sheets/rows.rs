//! "Where the script breaks": every row is a command.

use crate::tables::read;
use std::fs;
use testing::root;
use testing::sheets::{Problem, Sheet, Table};

/// How the title of a row begins whose recipe cannot be a screen here: another system is asked for,
/// or what a terminal does with what it is shown.
const NOT_RUN: [&str; 4] = ["On Windows: ", "On a terminal: ", "在 Windows 上：", "在终端上："];

/// Each row has a recipe, a fold under its number and title, with the line of Rust that makes the
/// difference, and with screens. What the row says of the script's exceptions is seen there.
pub fn check_rows(sheet: &Sheet, program: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let tables = sheet.tables();
    let titles = ["Provoke it", "怎样触发"];
    let is_of_rows =
        |table: &&Table| table.header.get(1).is_some_and(|it| titles.contains(&it.as_str()));
    let Some(table) = tables.iter().find(is_of_rows) else {
        return vec![Problem::new(1, "there is no table of rows")];
    };
    let example = if program == "common" { "udp-client" } else { program };
    let source = sources(example) + &sources("common");
    let mut folds = sheet.text.split("<details><summary>").skip(1);
    for (number, cells) in &table.rows {
        let mut tell = |problem: &str| problems.push(Problem::new(*number, problem));
        let title = format!("{}. {}", cells[0].trim_start_matches("★ "), cells[1]);
        let recipe = folds.find_map(|fold| fold.strip_prefix(&format!("{title}</summary>")));
        let Some(recipe) = recipe else {
            tell(&format!("\"{title}\" has no recipe in its place"));
            return problems; // all others are out of step as well
        };
        let begins = ["The line: `", "起作用的一行：`"];
        let line = begins.iter().find_map(|begin| recipe.split_once(begin));
        let line = line.and_then(|(_, line)| line.split('`').next());
        if !line.is_some_and(|line| source.contains(line)) {
            tell(&format!("the line that makes the difference stands nowhere: {line:?}"));
        }
        if !recipe.contains("```console")
            && !NOT_RUN.iter().any(|begin| cells[1].starts_with(begin))
        {
            tell("its recipe has no screen");
        }
        for exception in exceptions(&cells[2]).filter(|exception| !recipe.contains(exception)) {
            tell(&format!("its recipe shows no {exception}"));
        }
    }
    problems
}

/// All that a package is made of.
fn sources(package: &str) -> String {
    let files = fs::read_dir(root().join(package).join("src")).unwrap();
    files.map(|file| read(&file.unwrap().path())).collect()
}

/// The names of Python's exceptions in a text.
fn exceptions(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| {
        ["Error", "Interrupt"].iter().any(|end| word.len() > end.len() && word.ends_with(end))
    })
}

//! The tables of a sheet: what they quote stands in the source, and in the script.

use std::fs;
use std::path::{Path, PathBuf};
use testing::root;
use testing::sheets::{Problem, Sheet, Table, code_spans};

/// The title of the column with lines of the program.
const MAIN_RS: &str = "`src/main.rs`";

/// Lines of the program that a table quotes stand in it.
pub fn check_quotes(sheet: &Sheet, program: &str) -> Vec<Problem> {
    let main = main_of(program);
    let tables = sheet.tables();
    let quotes = tables.iter().flat_map(Table::quotes);
    let unknown = quotes.filter(|(_, title, code)| *title == MAIN_RS && !main.contains(code));
    let told = |(number, _, code)| Problem::new(number, format!("{MAIN_RS} has no {code}"));
    unknown.map(told).collect()
}

/// A student's two fingers, led by the table of "Side by side", never move back up: in `main.rs` the
/// first quote of a row is at or below the one of the row before, and in the tutorial's script every
/// quote is. That one is in the directory that SCRIPTS names; our stand-in is written in another way.
pub fn check_fingers(sheet: &Sheet, program: &str) -> Vec<Problem> {
    let tables = sheet.tables();
    let table = tables.iter().find(|table| table.header.iter().take(2).eq(["Python", MAIN_RS]));
    let Some(table) = table else {
        return vec![Problem::new(1, "there is no table of Python beside main.rs")];
    };
    let calls = table.quotes().filter(|(_, title, _)| *title == "Python");
    let calls = calls.map(|(number, _, call)| (number, call));
    let script = format!("{}.py", program.replace('-', "_"));
    let mut problems = Vec::new();
    if let Some(directory) = std::env::var_os("SCRIPTS") {
        problems = follow(&script, &read(&PathBuf::from(directory).join(&script)), calls);
    }
    let main = main_of(program);
    let rows = table.rows.iter();
    let quotes = rows.filter_map(|(number, cells)| Some((*number, code_spans(&cells[1]).next()?)));
    problems.extend(follow("src/main.rs", &main, quotes));
    problems
}

/// Each quote is in a line of the text that is at or below the one of the quote before.
fn follow<'a>(
    file: &str,
    text: &str,
    quotes: impl Iterator<Item = (usize, &'a str)>,
) -> Vec<Problem> {
    let lines = Vec::from_iter(text.lines());
    let mut finger = 0;
    let mut problems = Vec::new();
    for (number, quote) in quotes {
        if let Some(below) = lines[finger..].iter().position(|line| is_quoted(line, quote)) {
            finger += below;
        } else {
            let told = format!("{file} has no {quote} at or below line {}", finger + 1);
            problems.push(Problem::new(number, told));
        }
    }
    problems
}

/// Whether a line is quoted, with `…` for what is left out.
fn is_quoted(line: &str, quote: &str) -> bool {
    if quote == "}" {
        return line == "}"; // the end of the function
    }
    let mut rest = Some(line);
    for piece in quote.split('…') {
        rest = rest.and_then(|rest| rest.split_once(piece)).map(|(_, behind)| behind);
    }
    rest.is_some()
}

/// The mirror of a script.
pub fn main_of(program: &str) -> String {
    read(&root().join(program).join("src/main.rs"))
}

/// A file of the project.
pub fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

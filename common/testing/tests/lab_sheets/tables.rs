//! The tables of a sheet: what they quote stands in the source.

use crate::scripts::SCRIPTS;
use std::fs;
use testing::root;
use testing::sheets::{Problem, Sheet, code_spans};

/// The title of the column with lines of the program.
const MAIN_RS: &str = "`src/main.rs`";

/// Rust lines that a table quotes stand in the source; the script's calls are told in order.
pub fn check_tables(sheet: &Sheet, program: &str) -> Vec<Problem> {
    let main = source_of(program);
    let common = source_of_common();
    let (_, script) = SCRIPTS.iter().find(|(name, _)| *name == program).unwrap();
    let mut calls = script.iter();
    let mut problems = Vec::new();
    for table in sheet.tables() {
        for (number, title, code) in table.quotes() {
            match title {
                "Python" => {
                    let next = calls.next();
                    if next != Some(&code) {
                        problems.push(Problem::new(number, format!("{code}: next comes {next:?}")));
                    }
                }
                MAIN_RS if !main.contains(code) => {
                    problems.push(Problem::new(number, format!("src/main.rs has no {code}")));
                }
                "`common`" if !common.contains(code) => {
                    problems.push(Problem::new(number, format!("common has no {code}")));
                }
                _ => {}
            }
        }
    }
    if let Some(call) = calls.next() {
        problems.push(Problem::new(1, format!("the table leaves out {call}")));
    }
    problems
}

/// A student's finger in `src/main.rs`, led by the table of "Side by side", never moves back up:
/// the first quote of every row is at or below the one of the row before.
pub fn check_finger(sheet: &Sheet, program: &str) -> Vec<Problem> {
    let main = source_of(program);
    let lines: Vec<&str> = main.lines().collect();
    let tables = sheet.tables();
    let side_by_side =
        tables.iter().find(|table| table.header.iter().take(2).eq(["Python", MAIN_RS]));
    let Some(side_by_side) = side_by_side else {
        return vec![Problem::new(1, "there is no table of Python beside main.rs")];
    };
    let mut problems = Vec::new();
    let mut finger = 0;
    for (number, cells) in &side_by_side.rows {
        let Some(quote) = code_spans(&cells[1]).next() else {
            continue;
        };
        let is_quoted = |line: &&str| match quote {
            "}" => *line == "}", // the end of the function
            _ => line.contains(quote),
        };
        match lines[finger..].iter().position(is_quoted) {
            Some(below) => finger += below,
            None => {
                let told = format!("src/main.rs has no {quote} at or below line {}", finger + 1);
                problems.push(Problem::new(*number, told));
            }
        }
    }
    problems
}

fn source_of(program: &str) -> String {
    fs::read_to_string(root().join(program).join("src/main.rs")).unwrap()
}

fn source_of_common() -> String {
    let modules = fs::read_dir(root().join("common/src")).unwrap();
    modules.map(|module| fs::read_to_string(module.unwrap().path()).unwrap()).collect()
}

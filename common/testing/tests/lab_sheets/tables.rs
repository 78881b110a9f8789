//! The tables of a sheet: what they quote stands in the source.

use crate::scripts::SCRIPTS;
use std::fs;
use testing::root;
use testing::sheets::{Sheet, code_spans};

/// The title of the column with lines of the program.
const MAIN_RS: &str = "`src/main.rs`";

/// Rust lines that a table quotes stand in the source; the script's calls are told in order.
pub fn check_tables(sheet: &Sheet, program: &str) {
    let main = source_of(program);
    let common = source_of_common();
    let (_, script) = SCRIPTS.iter().find(|(name, _)| *name == program).unwrap();
    let mut calls = script.iter();
    for table in sheet.tables() {
        for (number, title, code) in table.quotes() {
            match title {
                "Python" => {
                    let next = calls.next();
                    if next != Some(&code) {
                        sheet.fail(number, format!("{code}: next comes {next:?}"));
                    }
                }
                MAIN_RS if !main.contains(code) => {
                    sheet.fail(number, format!("src/main.rs has no {code}"));
                }
                "`common`" if !common.contains(code) => {
                    sheet.fail(number, format!("common has no {code}"));
                }
                _ => {}
            }
        }
    }
    if let Some(call) = calls.next() {
        sheet.fail(1, format!("the table leaves out {call}"));
    }
}

/// A student's finger in `src/main.rs`, led by the table of "Side by side", never moves back up:
/// the first quote of every row is at or below the one of the row before.
pub fn check_finger(sheet: &Sheet, program: &str) {
    let main = source_of(program);
    let lines: Vec<&str> = main.lines().collect();
    let tables = sheet.tables();
    let side_by_side = tables
        .iter()
        .find(|table| table.header.iter().take(2).eq(["Python", MAIN_RS]))
        .expect("a table of Python beside main.rs");
    let mut finger = 0;
    for (number, cells) in &side_by_side.rows {
        let Some(quote) = code_spans(&cells[1]).next() else {
            continue;
        };
        let is_quoted = |line: &&str| match quote {
            "}" => *line == "}", // the end of the function
            _ => line.contains(quote),
        };
        let Some(below) = lines[finger..].iter().position(is_quoted) else {
            let place = format!("at or below line {}", finger + 1);
            sheet.fail(*number, format!("src/main.rs has no {quote} {place}"));
        };
        finger += below;
    }
}

fn source_of(program: &str) -> String {
    fs::read_to_string(root().join(program).join("src/main.rs")).unwrap()
}

fn source_of_common() -> String {
    let modules = fs::read_dir(root().join("common/src")).unwrap();
    modules.map(|module| fs::read_to_string(module.unwrap().path()).unwrap()).collect()
}

//! Holds the lab sheets (the README.md of every program) and the README of the course to the truth:
//! screens are typed in again, quoted lines looked up, links followed, and each is compared with its
//! Chinese twin. In other documents, the links.
#![cfg(target_os = "linux")] // its commands, its paths and its errors stand in the sheets
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod chinese;
mod diagrams;
mod features;
mod outdated;
mod pairs;
mod prose;
mod rows;
mod scripts;
mod tables;
mod titles;

use chinese::check_glossary;
use diagrams::check_diagrams;
use features::check_features;
use pairs::check_pair;
use prose::{check_exercises, check_front_page, check_links, check_sections};
use rows::check_rows;
use std::path::{Path, PathBuf};
use std::thread;
use tables::{check_finger, check_tables};
use testing::DEADLINE;
use testing::sheets::{Block, PROGRAMS, Scripts, Sheet, is_slow};

/// How many sessions of a sheet run at the same time.
const AT_ONCE: usize = 6;

fn check(program: &str) {
    let sheet = Sheet::open(program);
    check_front_page(&sheet, program);
    check_sections(&sheet);
    check_links(&sheet);
    check_diagrams(&sheet);
    check_tables(&sheet, program);
    check_finger(&sheet, program);
    check_exercises(&sheet, program);
    check_features(&sheet, program);
    check_rows(&sheet, program);
    check_screens(&sheet, |session| !is_slow(session));
}

/// The sessions that are worth running show what the sheet says. With `SCRIPTS=DIR` they are run on
/// the scripts in DIR.
fn check_screens(sheet: &Sheet, is_worth: impl Fn(&[Block]) -> bool) {
    let scripts = match std::env::var_os("SCRIPTS") {
        Some(directory) => Scripts::of(Path::new(&directory), DEADLINE),
        None => Scripts::stand_ins(),
    };
    let sessions = sheet.sessions();
    let worth = sessions.iter().filter(|session| is_worth(session));
    // A few at a time: they wait more than they work.
    for sessions in Vec::from_iter(worth).chunks(AT_ONCE) {
        thread::scope(|scope| {
            for session in sessions {
                scope.spawn(|| {
                    if let Err(problem) = sheet.run(session, &scripts) {
                        sheet.fail(problem.line, problem);
                    }
                });
            }
        });
    }
}

#[test]
fn the_sheet_of_udp_client() {
    check("udp-client");
}

#[test]
fn the_sheet_of_udp_server() {
    check("udp-server");
}

#[test]
fn the_sheet_of_udp_chat() {
    check("udp-chat");
}

#[test]
fn the_sheet_of_feiq_sender() {
    check("feiq-sender");
}

#[test]
fn the_sheet_of_tcp_client() {
    check("tcp-client");
}

#[test]
fn the_sheet_of_tcp_echo_server() {
    check("tcp-echo-server");
}

#[test]
fn the_sheet_of_file_client() {
    check("file-client");
}

#[test]
fn the_sheet_of_file_server() {
    check("file-server");
}

#[test]
#[ignore = "what is provoked here takes minutes"]
fn slow_screens() {
    thread::scope(|scope| {
        for program in PROGRAMS {
            scope.spawn(move || check_screens(&Sheet::open(program), is_slow));
        }
    });
}

#[test]
fn the_readme_of_the_course() {
    let readme = Sheet::open(".");
    check_links(&readme);
    check_diagrams(&readme);
    check_screens(&parts_of_the_readme(&readme).0, |_| true);
}

#[test]
fn the_sheets_in_chinese() {
    for program in PROGRAMS {
        let chinese = Sheet::open_chinese(program);
        check_links(&chinese);
        check_diagrams(&chinese);
        check_pair(&Sheet::open(program), &chinese);
    }
}

#[test]
fn the_readme_in_chinese() {
    let (english, chinese, glossary) = parts_of_the_readme(&Sheet::open("."));
    check_pair(&english, &chinese);
    let mut texts = Vec::from(PROGRAMS.map(Sheet::open_chinese));
    texts.push(chinese);
    check_glossary(&glossary.tables()[0], &texts);
}

/// The README of the course in English, in Chinese, and the glossary.
fn parts_of_the_readme(readme: &Sheet) -> (Sheet, Sheet, Sheet) {
    let part = |begin: usize, end: usize| {
        let before = readme.text[..begin].matches('\n').count();
        Sheet {
            path: readme.path.clone(),
            // Lines keep their numbers.
            text: "\n".repeat(before) + &readme.text[begin..end],
        }
    };
    let place = |title: &str| readme.text.find(title).expect(title) + 1;
    let (chinese, glossary) = (place("\n# 中文\n"), place("\n## 术语\n"));
    let end = readme.text.len();
    (part(0, chinese), part(chinese, glossary), part(glossary, end))
}

/// A sheet of these lines, on which a check is tried.
fn sheet_of(text: &str) -> Sheet {
    let (path, text) = (PathBuf::new(), text.to_string());
    Sheet { path, text }
}

#[test]
fn the_other_documents() {
    for document in
        [".github/CONTRIBUTING.md", "common/testing/BENCHMARKS.md", "common/testing/TEACHING.md"]
    {
        check_links(&Sheet::read(document));
    }
}

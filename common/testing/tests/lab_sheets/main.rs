//! Holds the lab sheets (the README.md of every program) and the README of the course to the truth:
//! screens are typed in again, quoted lines looked up, links followed, and each is compared with its
//! Chinese twin. In other documents, the links. What needs Linux is passed over elsewhere.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod chinese;
#[cfg(target_os = "linux")]
mod facts;
mod outdated;
mod pairs;
mod prose;
mod rows;
mod tables;
mod tutorial;

use chinese::check_glossary;
use outdated::blessed;
use pairs::check_pair;
use prose::{check_exercises, check_links, check_sections};
use rows::check_rows;
use std::fs;
use std::path::Path;
use std::thread;
use tables::{check_fingers, check_quotes};
use testing::sheets::{PROGRAMS, Problem, Scripts, Sheet};
use testing::{DEADLINE, cargo};

/// The rows in which a script does something else on Windows, by their titles.
const OTHERWISE_ON_WINDOWS: [&str; 4] = [
    "Close the pipe behind standard output",    // OSError
    "Answer with more than 1,024 bytes",        // WinError 10040
    "Just Enter for the IP address",            // WinError 10049
    "Start it again after it has closed first", // it starts
];

/// How many sessions of a sheet run at the same time.
const AT_ONCE: usize = 6;

fn check(program: &str) {
    let sheet = Sheet::open(program);
    let mut problems = check_screens(&sheet);
    problems.extend(check_links(&sheet));
    problems.extend(check_rows(&sheet, program));
    if program != "common" {
        problems.extend(check_sections(&sheet, 0));
        problems.extend(check_quotes(&sheet, program));
        problems.extend(check_fingers(&sheet, program));
        if cargo().is_some() {
            problems.extend(check_exercises(&sheet, program));
        }
    }
    assert_none(told(&sheet, problems));
}

/// The sessions show what the sheet says. With `SCRIPTS=DIR` they are run on the scripts in DIR.
fn check_screens(sheet: &Sheet) -> Vec<Problem> {
    let scripts = match std::env::var_os("SCRIPTS") {
        Some(directory) => Scripts::of(Path::new(&directory), DEADLINE, &std::env::temp_dir()),
        None => Scripts::stand_ins(),
    };
    let mut sessions = sheet.sessions();
    sessions.retain(|session| {
        let fold = sheet.fold(session[0].first);
        !cfg!(windows) || !OTHERWISE_ON_WINDOWS.iter().any(|title| fold.ends_with(title))
    });
    let mut problems = Vec::new();
    // A few at a time: they wait more than they work.
    for sessions in sessions.chunks(AT_ONCE) {
        thread::scope(|scope| {
            let sessions = sessions.iter();
            let running = sessions.map(|session| scope.spawn(|| sheet.run(session, &scripts)));
            let running = Vec::from_iter(running);
            let ended = running.into_iter().map(|running| running.join().unwrap());
            problems.extend(ended.filter_map(Result::err));
        });
    }
    problems
}

/// The problems of a document, each on a line that begins with its place.
fn told(sheet: &Sheet, mut problems: Vec<Problem>) -> String {
    problems.sort_by_key(|problem| problem.line);
    let path = sheet.path.display();
    problems.iter().map(|problem| format!("{path}:{}: {problem}\n", problem.line)).collect()
}

#[track_caller]
fn assert_none(told: String) {
    assert!(told.is_empty(), "\n{told}");
}

macro_rules! sheets {
    ($($test:ident: $program:literal,)*) => {
        $(#[test]
        fn $test() {
            check($program);
        })*
    };
}

sheets! {
    the_sheet_of_common: "common",
    the_sheet_of_udp_client: "udp-client",
    the_sheet_of_udp_server: "udp-server",
    the_sheet_of_udp_chat: "udp-chat",
    the_sheet_of_feiq_sender: "feiq-sender",
    the_sheet_of_tcp_client: "tcp-client",
    the_sheet_of_tcp_echo_server: "tcp-echo-server",
    the_sheet_of_file_client: "file-client",
    the_sheet_of_file_server: "file-server",
}

#[test]
fn the_other_documents() {
    let problems = check_screens(&halves_of_the_readme()[0]);
    assert_none(told(&Sheet::open("."), problems));
    let guide = "common/testing/TEACHING.md";
    for document in ["README.md", guide, "common/testing/BENCHMARKS.md", ".github/CONTRIBUTING.md"]
    {
        let sheet = Sheet::read(document);
        assert_none(told(&sheet, check_links(&sheet)));
    }
}

/// With `BLESS=1` the twins get the blocks of the English text, and the names of its states, first.
#[test]
fn the_twins_in_chinese() {
    let programs = PROGRAMS.map(|program| [Sheet::open(program), Sheet::open_chinese(program)]);
    let mut twins = Vec::from(programs);
    twins.push([Sheet::open("common"), Sheet::open_chinese("common")]);
    let teaching = ["TEACHING.md", "TEACHING.zh-CN.md"];
    twins.push(teaching.map(|name| Sheet::read(format!("common/testing/{name}"))));
    twins.push(halves_of_the_readme());
    let mut problems = String::new();
    for (number, [english, chinese]) in twins.iter_mut().enumerate() {
        if std::env::var_os("BLESS").is_some() {
            bless(english, chinese);
        }
        let mut found = check_pair(english, chinese);
        found.extend(check_links(chinese));
        if let Some(program) = PROGRAMS.get(number) {
            found.extend(check_sections(chinese, 1));
            found.extend(check_rows(chinese, program));
        }
        problems += &told(chinese, found);
    }
    let lab_0 = &twins[PROGRAMS.len()][1];
    let glossary = lab_0.tables().pop().unwrap();
    let texts = Vec::from_iter(twins.iter().map(|[_, chinese]| chinese));
    problems += &told(lab_0, check_glossary(&glossary, &texts));
    assert_none(problems);
}

/// Writes into the Chinese text what needs no translator.
fn bless(english: &Sheet, chinese: &mut Sheet) {
    let text = blessed(english, chinese);
    let file = fs::read_to_string(&chinese.path).unwrap();
    // Of the README of the course, it is a part.
    let file = file.replace(chinese.text.trim_start(), text.trim_start());
    fs::write(&chinese.path, file).unwrap();
    chinese.text = text;
}

/// The README of the course in English and in Chinese.
fn halves_of_the_readme() -> [Sheet; 2] {
    let Sheet { path, text } = Sheet::open(".");
    let chinese = text.find("\n# 中文\n").expect("# 中文") + 1;
    [(0, chinese), (chinese, text.len())].map(|(begin, end)| Sheet {
        path: path.clone(),
        // Lines keep their numbers.
        text: "\n".repeat(text[..begin].matches('\n').count()) + &text[begin..end],
    })
}

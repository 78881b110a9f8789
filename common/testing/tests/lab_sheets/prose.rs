//! What a sheet says between its screens: its sections, its links, its exercises.

use std::fs;
use std::path::PathBuf;
use testing::sheets::{Problem, Sheet, code_spans};
use testing::{cargo, root};

/// The sections of a sheet, in their order.
const SECTIONS: [&str; 9] = [
    "What you will learn",
    "The conversation",
    "Run it",
    "Side by side",
    "New Rust here",
    "See it on the wire",
    "Where the script breaks",
    "Questions",
    "Your turn",
];

pub fn check_sections(sheet: &Sheet) -> Option<Problem> {
    let titles = sheet.titles();
    let sections = titles.iter().filter_map(|(_, title)| title.strip_prefix("## "));
    (!sections.eq(SECTIONS)).then(|| Problem::new(1, format!("the sections are {SECTIONS:?}")))
}

/// Links and file names lead somewhere.
pub fn check_links(sheet: &Sheet) -> Vec<Problem> {
    let here = sheet.path.parent().unwrap();
    let mut problems = Vec::new();
    for (number, line) in sheet.prose() {
        for target in link_targets(line) {
            if !target.starts_with("https://") && !leads_somewhere(sheet, target) {
                problems.push(Problem::new(number, format!("the link {target} leads nowhere")));
            }
        }
        for name in code_spans(line).filter(|code| is_path(code)) {
            let name = &name.replace("/my_", "/"); // a student's, beside the worked one
            if !here.join(name).exists() && !root().join(name).exists() {
                problems.push(Problem::new(number, format!("there is no file {name}")));
            }
        }
    }
    problems
}

/// To a file that exists and, behind `#`, to the title of a section in it.
fn leads_somewhere(sheet: &Sheet, target: &str) -> bool {
    let (path, anchor) = destination(sheet, target);
    let is_title = |(_, title): &(usize, &str)| slug(title) == anchor;
    path.exists() && (anchor.is_empty() || Sheet::read(path).titles().iter().any(is_title))
}

/// The file that a link leads to, and what stands behind its `#`.
pub fn destination<'a>(sheet: &Sheet, target: &'a str) -> (PathBuf, &'a str) {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let its = sheet.path.file_name().unwrap().to_str().unwrap();
    (sheet.path.with_file_name(if file.is_empty() { its } else { file }), anchor)
}

/// What GitHub calls a section in links.
pub fn slug(title: &str) -> String {
    let title = title.trim_start_matches(['#', ' ']);
    let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// "Your turn" tells every exercise of the program: how to check it, and at the end its solution.
pub fn check_exercises(sheet: &Sheet, program: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let titles = sheet.titles();
    let title =
        titles.iter().find(|(_, title)| *title == "## Your turn").map_or(1, |title| title.0);
    let section = sheet.text_of("Your turn");
    let mut tell = |problem: String| problems.push(Problem::new(title, problem));
    let place = |text: &str| section.find(text);
    let solution = place("<details><summary>A solution</summary>\n")
        .or(place("<details><summary>Solutions</summary>\n"));
    let (exercises, solution) = section.split_at(solution.unwrap_or(section.len()));
    if solution.matches("<details>").count() != 1 {
        tell("a solution comes last".into());
    }
    let hints = section.matches("<details><summary>Hint: ").count();
    if hints < 2 || place("<summary>Hint: ") > place("cargo test ") {
        tell("two hints come before the check".into());
    }
    for example in fs::read_dir(root().join(program).join("examples")).unwrap() {
        let example = example.unwrap().file_name().into_string().unwrap();
        let name = example.strip_suffix(".rs").unwrap();
        if name.starts_with("my_") {
            continue; // a student's
        }
        let run = format!("`cargo run -p {program} --example {name}`");
        let link = format!("[examples/{example}](examples/{example})");
        if !solution.contains(&run) || !solution.contains(&link) {
            tell(format!("the solution does not name {example}"));
        }
    }
    let mut unchecked = checks_of(&format!("cargo test -p {program} --test exercises"));
    for command in exercises.lines().filter(|line| line.starts_with("cargo test ")) {
        let run = checks_of(command);
        if run.is_empty() {
            tell(format!("{command} runs no check"));
        }
        unchecked.retain(|check| !run.contains(check));
    }
    if !unchecked.is_empty() {
        tell(format!("no command runs {unchecked:?}"));
    }
    problems
}

pub fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    let links = line.split("](").skip(1);
    links.filter_map(|rest| rest.split(')').next())
}

fn is_path(code: &str) -> bool {
    let is_file = [".rs", ".md", ".toml"].iter().any(|end| code.ends_with(end));
    is_file && code.contains('/') && !code.contains([' ', '*', '<', '('])
}

/// The checks of a student's programs that `command`, a `cargo test`, would run.
fn checks_of(command: &str) -> Vec<String> {
    let mut cargo = cargo().unwrap();
    cargo.args(command.split(' ').skip(1));
    cargo.args(if command.contains(" -- ") { &["--list"][..] } else { &["--", "--list"] });
    let listed = String::from_utf8(cargo.output().unwrap().stdout).unwrap();
    let tests = listed.lines().filter_map(|line| line.strip_suffix(": test"));
    tests.filter(|test| test.contains("::mine::")).map(String::from).collect()
}

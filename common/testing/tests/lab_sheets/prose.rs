//! What a sheet says between its screens: its sections, its links, its exercises.

use crate::tables::{main_of, read};
use std::path::PathBuf;
use testing::exercise::{EXERCISES, Exercise};
use testing::sheets::{Problem, Sheet, code_spans};
use testing::{cargo, root};

/// The sections of a sheet, in their order, in both languages. What a lesson does has a star, what may
/// be left out an empty one.
const SECTIONS: [[&str; 2]; 11] = [
    ["What you will learn", "学习目标"],
    ["This lab", "本次实验"],
    ["The conversation ★", "通信过程 ★"],
    ["Run it ★", "动手运行 ★"],
    ["Side by side ★", "逐行对照 ★"],
    ["See it on the wire ★", "抓包观察 ★"],
    ["Where the script breaks ★", "脚本在哪里出错 ★"],
    ["Questions ★", "思考题 ★"],
    ["Your turn", "动手练习"],
    ["New Rust here ☆", "新的 Rust 知识 ☆"],
    ["More to try ☆", "还可以试试 ☆"],
];

pub fn check_sections(sheet: &Sheet, language: usize) -> Option<Problem> {
    let titles = sheet.titles();
    let sections = titles.iter().filter_map(|(_, title)| title.strip_prefix("## "));
    let expected = SECTIONS.map(|titles| titles[language]);
    // The last one may be missing.
    let is_right = expected.starts_with(&Vec::from_iter(sections.clone())) && sections.count() > 9;
    (!is_right).then(|| Problem::new(1, format!("the sections are {expected:?}")))
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
            if name.contains("/my_") {
                continue; // a student's
            }
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

/// "Your turn" tells every exercise of the sheet: a warm-up before it, what it needs beyond the program,
/// hints, how to check it, and at the end its solution.
pub fn check_exercises(sheet: &Sheet, program: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let titles = sheet.titles();
    let title = titles.iter().find(|(_, title)| *title == "## Your turn").map_or(1, |it| it.0);
    let mut tell = |problem: String| problems.push(Problem::new(title, problem));
    let section = sheet.text_of("Your turn");
    let (tasks, solutions) =
        section.split_once("<details><summary>Solution").unwrap_or((section, ""));
    if !tasks.contains("\n### Warm-up ★\n") {
        tell("a warm-up comes before the exercise".into());
    }
    for exercise in EXERCISES.iter().filter(|exercise| exercise.sheet == program) {
        let Exercise { name, package, .. } = exercise;
        let task = tasks.split("\n### ").find(|task| task.starts_with(&format!("`{name}` ☆\n")));
        let Some(task) = task else {
            tell(format!("there is no task {name}"));
            continue;
        };
        if task.matches("<details><summary>Hint: ").count() < 2 {
            tell(format!("{name}: two hints"));
        }
        let command = format!("cargo test -p {package} --test exercises");
        let mut unchecked = checks_of(&format!("{command} {name}"));
        for command in task.lines().filter(|line| line.starts_with(&command)) {
            let run = checks_of(command);
            if run.is_empty() {
                tell(format!("{command} runs no check"));
            }
            unchecked.retain(|check| !run.contains(check));
        }
        if !unchecked.is_empty() || !task.contains(&format!("\ncargo lab check {name}\n")) {
            tell(format!("{name}: no command runs {unchecked:?}"));
        }
        let run = format!("`cargo run -p {package} --example {name}`");
        let link = format!("examples/{name}.rs)");
        if !solutions.contains(&run) || !solutions.contains(&link) {
            tell(format!("the solutions do not name {name}"));
        }
        let source = root().join(package).join("examples").join(format!("{name}.rs"));
        let known = names(&main_of(package));
        let (_, needs) = task.split_once("| In Python |").unwrap_or_default();
        for name in names(&read(&source)) {
            if !known.contains(&name) && !needs.split("\n\n").next().unwrap().contains(&name) {
                tell(format!("{}: \"You will use\" has no {name}", exercise.name));
            }
        }
    }
    problems
}

/// What a program imports, and the end of each path: `spawn` of `thread::spawn`.
fn names(source: &str) -> Vec<String> {
    let is_own = |name: &str| {
        let kinds = ["struct", "enum", "type"];
        name == "Self" || kinds.iter().any(|kind| source.contains(&format!("{kind} {name}")))
    };
    let code = source.lines().filter(|line| !line.trim_start().starts_with(['/', '#']));
    let names = code.flat_map(|line| {
        let words = line.split(|c: char| !c.is_alphanumeric() && !"_:".contains(c));
        words.filter_map(|word| match word.rsplit_once("::") {
            Some((before, end)) => (!is_own(before)).then_some(end),
            None => (line.starts_with("use ") && word != "self" && word != "use").then_some(word),
        })
    });
    names.filter(|name| !name.is_empty()).map(String::from).collect()
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

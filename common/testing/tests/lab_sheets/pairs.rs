//! Every sheet has a twin in Chinese, line for line. What can be compared without a dictionary is.

use crate::chinese::{lint, plain};
use crate::halves_of_the_readme;
use crate::outdated::outdated;
use crate::prose::{destination, link_targets, slug};
use std::collections::HashMap;
use testing::root;
use testing::sheets::{Problem, Sheet, cells, code_spans};

/// How titles have been translated so far, in all sheets.
pub type Titles = HashMap<String, String>;

/// The twins say the same, as far as a test can see.
pub fn check_pair(english: &Sheet, chinese: &Sheet, titles: &mut Titles) -> Vec<Problem> {
    let mut problems = compare(english, chinese, titles);
    problems.extend(outdated(english, chinese));
    problems.extend(lint(chinese));
    problems
}

/// Line by line: each has the same shape; code, numbers and links are the same.
fn compare(english: &Sheet, chinese: &Sheet, titles: &mut Titles) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut block = None;
    let (originals, lines) = (lines(&english.text), lines(&chinese.text));
    for ((place, original), (number, line)) in originals.iter().zip(&lines) {
        let result = match (block, original.strip_prefix("```")) {
            (None, None) => compare_prose(english, original, line, titles),
            (Some("mermaid"), None) => compare_label(original, line),
            _ => same("what stands in a block", original, line),
        };
        if let Err(what) = result {
            let told = format!("{what}\n    README.md:{place}: {original}");
            problems.push(Problem::new(*number, told));
        }
        if shape(original) != shape(line) {
            return problems; // all others are out of step as well
        }
        if let Some(language) = original.strip_prefix("```") {
            block = block.is_none().then_some(language);
        }
    }
    if originals.len() != lines.len() {
        let told = format!("{} lines, the other has {}", lines.len(), originals.len());
        problems.push(Problem::new(1, told));
    }
    problems
}

/// The lines that have a twin, with their numbers: all but comments, from the first one with a text.
fn lines(text: &str) -> Vec<(usize, &str)> {
    let lines = (1..).zip(text.lines()).skip_while(|(_, line)| line.is_empty());
    lines.filter(|(_, line)| !line.starts_with("<!-- ")).collect()
}

fn compare_prose(
    sheet: &Sheet,
    english: &str,
    chinese: &str,
    titles: &mut Titles,
) -> Result<(), String> {
    let kind = shape(english);
    same("how the line begins", kind, shape(chinese))?;
    let (text, translated) = (&english[kind.len()..], &chinese[kind.len()..]);
    if kind.starts_with('|') {
        let (cells, translated) = (cells(english), cells(chinese));
        same("the number of cells", cells.len(), translated.len())?;
        for (cell, its) in cells.iter().zip(&translated) {
            compare_text(sheet, cell, its)?;
        }
        if let ([number, title, ..], [_, its_title, ..]) = (&cells[..], &translated[..]) {
            // The fold of this row has its title.
            let number = number.trim_start_matches("★ ");
            let titled = |title| format!("{number}. {title}");
            titles.insert(titled(title), titled(its_title));
        }
        return Ok(());
    }
    let (title, its_title) =
        (text.trim_end_matches("</summary>"), translated.trim_end_matches("</summary>"));
    let (is_hint, its) = (title.starts_with("Hint: "), its_title.starts_with("提示："));
    same("that it is a hint", is_hint, its)?;
    if !is_hint && (kind.starts_with('#') || kind.contains("<summary>")) {
        let known = titles.entry(title.into()).or_insert(its_title.into());
        same("what this title is elsewhere", known.as_str(), its_title)?;
    }
    compare_text(sheet, text, translated)
}

fn compare_text(sheet: &Sheet, english: &str, chinese: &str) -> Result<(), String> {
    let text = plain(english);
    let has_words = text.contains(|c: char| c.is_ascii_alphabetic());
    if !has_words && link_targets(english).next().is_none() {
        return same("what has no words", english, chinese);
    }
    let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_alphabetic());
    if english == chinese && text.split(' ').filter(is_word).count() > 1 {
        return Err("this is not translated".into());
    }
    let spans = |text| sorted(code_spans(text).map(String::from));
    same("its code", spans(english), spans(chinese))?;
    compare_numbers(&text, &plain(chinese))?;
    let links = link_targets(english).map(|target| twin_of(sheet, target));
    same("its links", sorted(links), sorted(link_targets(chinese).map(String::from)))
}

/// A line of a diagram: the same but for its words.
fn compare_label(english: &str, chinese: &str) -> Result<(), String> {
    let first = |line: &str| line.trim_start().split(' ').next().unwrap_or_default().to_string();
    same("the diagram", first(english), first(chinese))?;
    compare_numbers(english, chinese)
}

/// Every number of the English text is in the Chinese one, as often.
fn compare_numbers(english: &str, chinese: &str) -> Result<(), String> {
    let mut found = Vec::from_iter(numbers(chinese));
    for number in numbers(english) {
        match found.iter().position(|its| *its == number) {
            Some(place) => found.swap_remove(place),
            None => return Err(format!("the number {number} is missing")),
        };
    }
    Ok(())
}

fn numbers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ','))
        .map(|number| number.trim_matches(['.', ',']))
        .filter(|number| !number.is_empty())
}

/// Where a link of an English document leads in its twin: the README of the course is its own, and
/// a title is found by its place.
fn twin_of(english: &Sheet, target: &str) -> String {
    let (path, anchor) = destination(english, target);
    let file = target.split('#').next().unwrap_or_default();
    let is_sheet = path.ends_with("README.md") || path.ends_with("README.zh-CN.md");
    if !is_sheet || target.starts_with("https://") {
        return target.into();
    }
    let is_readme = path.canonicalize().ok() == root().join("README.md").canonicalize().ok();
    let (file, twins) = if is_readme {
        (file.to_string(), halves_of_the_readme())
    } else {
        let its = match file.strip_suffix("README.md") {
            Some(directory) => format!("{directory}README.zh-CN.md"),
            None => file.replace("README.zh-CN.md", "README.md"),
        };
        (its, ["README.md", "README.zh-CN.md"].map(|name| Sheet::read(path.with_file_name(name))))
    };
    let [titles, its_titles] = twins.each_ref().map(|twin| twin.titles());
    let slugs = |(_, title): &(usize, &str)| slug(title);
    let mut pairs = titles.iter().map(slugs).zip(its_titles.iter().map(slugs));
    let anchor = match pairs.next() {
        Some((_, its)) if is_readme && anchor.is_empty() => its,
        Some((title, its)) if its == anchor => title,
        _ => pairs.find(|(title, _)| title == anchor).map_or(anchor.into(), |(_, its)| its),
    };
    if anchor.is_empty() { file } else { format!("{file}#{anchor}") }
}

/// What a line begins with: all that is not its text.
pub fn shape(line: &str) -> &str {
    let text = line.trim_start();
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = match digits.strip_prefix(". ") {
        Some(rest) if digits.len() < text.len() => rest,
        _ => {
            let begins = ["<details><summary>", "</details>", "```", "- ", "**", "| "];
            let rest = begins.iter().find_map(|begin| text.strip_prefix(begin));
            let untitled = text.trim_start_matches('#').strip_prefix(' ');
            rest.or(untitled.filter(|_| text.starts_with('#'))).unwrap_or(text)
        }
    };
    &line[..line.len() - rest.len()]
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: T, found: T) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    Err(format!("{what}: {found:?}, and not {expected:?}"))
}

fn sorted(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts = Vec::from_iter(texts);
    texts.sort();
    texts
}

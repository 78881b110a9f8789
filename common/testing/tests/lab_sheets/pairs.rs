//! Every sheet has a twin in Chinese, written for its readers: what stands in a sentence is its own
//! affair, but the structure is the same.

use crate::chinese::lint;
use crate::halves_of_the_readme;
use crate::outdated::outdated;
use crate::prose::{destination, link_targets, slug};
use testing::root;
use testing::sheets::{Block, Problem, Sheet, Table};

/// The twins have the same structure, and the Chinese one is as new as the English one.
pub fn check_pair(english: &Sheet, chinese: &Sheet) -> Vec<Problem> {
    let mut problems = compare(english, chinese);
    problems.extend(outdated(english, chinese));
    problems.extend(lint(chinese));
    problems
}

/// Titles, numbers of lists, folds, links, pictures, tables and blocks come in the same order.
fn compare(english: &Sheet, chinese: &Sheet) -> Vec<Problem> {
    let level = |(_, title): (usize, &str)| title.len() - title.trim_start_matches('#').len();
    let levels = |sheet: &Sheet| Vec::from_iter(sheet.titles().into_iter().map(level));
    if let Some(at) = differ(&levels(english), &levels(chinese)) {
        let line = chinese.titles().get(at).map_or(1, |title| title.0);
        return vec![Problem::new(line, "the titles are others from here on")];
    }
    let mut problems = Vec::new();
    for ((begin, lines), (its_begin, its)) in sections(english).iter().zip(&sections(chinese)) {
        let links = |lines: &[&str], twin: &dyn Fn(&str) -> String| {
            let links = lines.iter().flat_map(|line| link_targets(line));
            let mut twins = Vec::from_iter(links.map(twin));
            twins.sort();
            twins
        };
        for (what, one, other) in [
            ("folds and numbers", marks(lines), marks(its)),
            (
                "links",
                links(lines, &|link| twin_of(english, link)),
                links(its, &|link| link.into()),
            ),
        ] {
            if one != other {
                let told = format!("{what}: {other:?}, and README.md:{begin} has {one:?}");
                problems.push(Problem::new(*its_begin, told));
            }
        }
    }
    let (tables, its) = (english.tables(), chinese.tables());
    let rows = |tables: &[Table]| {
        Vec::from_iter(tables.iter().flat_map(|table| &table.rows).map(|(_, cells)| code(cells)))
    };
    if let Some(at) = differ(&rows(&tables), &rows(&its)) {
        let line = its.iter().flat_map(|table| &table.rows).nth(at).map_or(1, |row| row.0);
        problems.push(Problem::new(line, "its cells of code are not those of the English row"));
    }
    let texts = |sheet: &Sheet| Vec::from_iter(sheet.blocks().iter().map(text));
    if let Some(at) = differ(&texts(english), &texts(chinese)) {
        let line = chinese.blocks().get(at).map_or(1, |block| block.first);
        problems.push(Problem::new(line, "this block is not the English one"));
    }
    problems
}

/// Where two lists differ first.
fn differ<T: PartialEq>(one: &[T], other: &[T]) -> Option<usize> {
    let place = one.iter().zip(other).position(|(one, other)| one != other);
    place.or((one.len() != other.len()).then_some(one.len().min(other.len())))
}

/// The prose from each title to the next, with the number of its line.
fn sections(sheet: &Sheet) -> Vec<(usize, Vec<&str>)> {
    let mut sections: Vec<(usize, Vec<&str>)> = Vec::new();
    for (number, line) in sheet.prose() {
        match sections.last_mut() {
            Some((_, lines)) if !line.starts_with('#') => lines.push(line),
            _ if line.starts_with('#') => sections.push((number, vec![line])),
            _ => {}
        }
    }
    sections
}

/// What folds begin with, and the numbers of lists.
fn marks(lines: &[&str]) -> Vec<String> {
    let mark = |line: &&str| {
        let line = line.trim_start();
        let Some(title) = line.strip_prefix("<details><summary>") else {
            let (number, _) = line.split_once(". ")?;
            return number.parse::<u8>().ok().map(|number| number.to_string());
        };
        let kinds = [("Hint: ", "提示："), ("Answer", "答案"), ("Solution", "参考解答")];
        let known =
            kinds.iter().find(|kind| title.starts_with(kind.0) || title.starts_with(kind.1));
        let number = title.split_once(". ").map_or("", |(number, _)| number);
        Some(known.map_or(number, |kind| kind.0).to_string())
    };
    lines.iter().filter_map(mark).collect()
}

/// The cells of a row, but for those with words.
fn code(cells: &[String]) -> Vec<String> {
    let has_words =
        |cell: &str| cell.split('`').step_by(2).any(|it| it.contains(char::is_alphabetic));
    let code = |cell: &String| {
        if has_words(cell) {
            "…".into()
        } else {
            cell.replace(['、', '，', '；', ',', ';', ' '], "")
        }
    };
    cells.iter().map(code).collect()
}

/// A block, byte for byte; of a diagram, the first word of each line.
fn text(block: &Block) -> Vec<String> {
    let is_diagram = block.language == "mermaid";
    let first = |line: &str| line.trim_start().split(' ').next().unwrap_or_default().to_string();
    let lines =
        block.lines.iter().map(|line| if is_diagram { first(line) } else { (*line).into() });
    [block.language.to_string()].into_iter().chain(lines).collect()
}

/// Where a link of an English document leads in its twin: the README of the course is its own, and
/// a title is found by its place.
fn twin_of(english: &Sheet, target: &str) -> String {
    let (path, anchor) = destination(english, target);
    let file = target.split('#').next().unwrap_or_default();
    let twin = |file: &str| match file.strip_suffix(".zh-CN.md") {
        Some(name) => format!("{name}.md"),
        None => file.replace(".md", ".zh-CN.md"),
    };
    let is_readme = path.canonicalize().ok() == root().join("README.md").canonicalize().ok();
    let other = path.with_file_name(twin(path.file_name().unwrap().to_str().unwrap()));
    let (file, twins) = if is_readme {
        (file.to_string(), halves_of_the_readme())
    } else if target.starts_with("https://") || path == other || !other.exists() {
        return target.into();
    } else {
        (twin(file), [&path, &other].map(Sheet::read))
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

//! Every sheet has a twin in Chinese, line for line. What can be compared without a dictionary is.

use crate::chinese::{lint, plain};
use crate::outdated::outdated;
use crate::prose::{destination, link_targets, slug};
use crate::titles::{HINT, TITLES};
use std::collections::HashMap;
use testing::root;
use testing::sheets::{Problem, Sheet, cells, code_spans};

/// The twins say the same, as far as a test can see.
pub fn check_pair(english: &Sheet, chinese: &Sheet) -> Vec<Problem> {
    let twin = |target: &str| twin_of(english, target);
    let mut problems = compare(&english.text, &chinese.text, &twin);
    problems.extend(outdated(english, chinese));
    problems.extend(lint(chinese));
    problems
}

/// Line by line: each has the same shape; code, numbers and links are the same.
fn compare(english: &str, chinese: &str, twin: &dyn Fn(&str) -> String) -> Vec<Problem> {
    let mut wrong = Vec::new();
    let mut titles: HashMap<String, String> = TITLES
        .iter()
        .map(|(title, translated)| (title.to_string(), translated.to_string()))
        .collect();
    let mut block = None;
    let (english, chinese) = (lines(english), lines(chinese));
    for ((place, original), (number, line)) in english.iter().zip(&chinese) {
        let result = match (block, original.strip_prefix("```")) {
            (None, None) => compare_prose(original, line, &mut titles, twin),
            (Some("mermaid"), None) => compare_label(original, line),
            _ => same("what stands in a block", original, line),
        };
        if let Err(what) = result {
            wrong.push(Problem::new(*number, format!("{what}\n    README.md:{place}: {original}")));
        }
        if shape(original) != shape(line) {
            return wrong; // all others are out of step as well
        }
        if let Some(language) = original.strip_prefix("```") {
            block = block.is_none().then_some(language);
        }
    }
    if english.len() != chinese.len() {
        let what = format!("{} lines, the other has {}", chinese.len(), english.len());
        wrong.push(Problem::new(1, what));
    }
    wrong
}

/// The lines that have a twin, with their numbers: all but comments, from the first one with a text.
fn lines(text: &str) -> Vec<(usize, &str)> {
    let lines = text.lines().enumerate();
    lines
        .skip_while(|(_, line)| line.is_empty())
        .filter(|(_, line)| !line.starts_with("<!-- "))
        .map(|(number, line)| (number + 1, line))
        .collect()
}

fn compare_prose(
    english: &str,
    chinese: &str,
    titles: &mut HashMap<String, String>,
    twin: &dyn Fn(&str) -> String,
) -> Result<(), String> {
    let kind = shape(english);
    same("how the line begins", kind, shape(chinese))?;
    let (text, translated) = (&english[kind.len()..], &chinese[kind.len()..]);
    if kind.starts_with('|') {
        let (cells, translated) = (cells(english), cells(chinese));
        same("the number of cells", cells.len(), translated.len())?;
        for (cell, its) in cells.iter().zip(&translated) {
            compare_text(cell, its, twin)?;
        }
        if let ([number, title, ..], [_, its_title, ..]) = (&cells[..], &translated[..]) {
            // The fold of this row has its title.
            let titled = |title| format!("{number}. {title}");
            titles.insert(titled(title), titled(its_title));
        }
        return Ok(());
    }
    let title = text.trim_end_matches("</summary>");
    let its_title = translated.trim_end_matches("</summary>");
    if kind.starts_with('#') {
        let expected = titles.get(title).map_or(title, String::as_str);
        return same("the title", expected, its_title);
    }
    if kind.contains("<summary>") {
        if let Some(expected) = titles.get(title) {
            return same("the title", expected.as_str(), its_title);
        }
        let (hint, its_hint) = (title.strip_prefix(HINT.0), its_title.strip_prefix(HINT.1));
        same("that it is a hint", hint.is_some(), its_hint.is_some())?;
    }
    compare_text(text, translated, twin)
}

fn compare_text(english: &str, chinese: &str, twin: &dyn Fn(&str) -> String) -> Result<(), String> {
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
    let links = sorted(link_targets(english).map(twin));
    same("its links", links, sorted(link_targets(chinese).map(String::from)))
}

/// A line of a diagram: the same but for its label.
fn compare_label(english: &str, chinese: &str) -> Result<(), String> {
    same("the diagram", without_labels(english), without_labels(chinese))?;
    compare_numbers(english, chinese)
}

fn without_labels(line: &str) -> String {
    let line = line.split_once(": ").map_or(line, |(before, _)| before);
    let line = line.split_once(" as ").map_or(line, |(before, _)| before);
    let first = line.trim_start().split(' ').next().unwrap_or_default();
    if ["loop", "alt", "else", "opt"].contains(&first) {
        return line.split(first).next().unwrap_or_default().to_string() + first;
    }
    // Every other piece is a label.
    let pieces = line.split(['[', ']', '|']).step_by(2);
    Vec::from_iter(pieces).join("[]")
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

/// Where a link of an English document leads in its twin: the README of the course is its own.
fn twin_of(english: &Sheet, target: &str) -> String {
    if target.starts_with("https://") {
        return target.into();
    }
    let (path, anchor) = destination(english, target);
    let is_readme = path.canonicalize().ok() == root().join("README.md").canonicalize().ok();
    let anchor = match (is_readme, anchor) {
        (true, "") => slug("中文"),
        (true, "中文") => slug("Eight socket programs, in Python and in Rust"),
        (_, anchor) => {
            let title = TITLES.iter().find(|(title, _)| slug(title) == anchor);
            title.map_or(anchor.to_string(), |(_, title)| slug(title))
        }
    };
    let file = target.split('#').next().unwrap_or_default();
    let file = match file.strip_suffix("README.md") {
        Some(directory) if !is_readme => format!("{directory}README.zh-CN.md"),
        _ => file.replace("README.zh-CN.md", "README.md"),
    };
    match anchor.as_str() {
        "" => file,
        anchor => format!("{file}#{anchor}"),
    }
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
    match expected == found {
        true => Ok(()),
        false => Err(format!("{what}: {found:?}, and not {expected:?}")),
    }
}

fn sorted(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts = Vec::from_iter(texts);
    texts.sort();
    texts
}

const ENGLISH: &str = "\
# udp-client

[中文](README.zh-CN.md)

## Run it

Two of 1,024 bytes, `a` and `b`: see the [README](../README.md#tools).

- one of [them](../udp-client/README.md)
1. first

| # | what |
| --- | --- |
| 1 | a `row` to see |

```console
$ cargo run
```

```mermaid
sequenceDiagram
    participant C as client (port 80)
    Note over C: it waits
    loop every line
        C->>S: one line
    end
```

<details><summary>1. a `row` to see</summary>

**The script**
</details>

<details><summary>Hint: a line</summary>
</details>
";

const CHINESE: &str = "\
# udp-client
<!-- README.md 00000000 -->

[English](README.md)

## 动手运行
<!-- README.md 00000000 -->

两个 1,024 字节，`b` 和 `a`：见 [README](../README.md#工具)。

- 其中[一个](../udp-client/README.zh-CN.md)
1. 第一

| # | 什么 |
| --- | --- |
| 1 | 看得见的 `row` |

```console
$ cargo run
```

```mermaid
sequenceDiagram
    participant C as 客户端（端口 80）
    Note over C: 等待
    loop 每一行
        C->>S: 一行
    end
```

<details><summary>1. 看得见的 `row`</summary>

**脚本**
</details>

<details><summary>提示：一行</summary>
</details>
";

fn differences(chinese: &str) -> Vec<String> {
    let english = Sheet::open("udp-client"); // for the directory that links start from
    let wrong = compare(ENGLISH, chinese, &|target| twin_of(&english, target));
    wrong.into_iter().map(|problem| problem.what).collect()
}

#[test]
fn twins_are_accepted() {
    assert_eq!(differences(CHINESE), [""; 0]);
}

#[test]
fn every_difference_is_found() {
    for (text, replacement, expected) in [
        ("## 动手运行", "### 动手运行", "how the line begins"),
        ("## 动手运行", "## 运行", "the title"),
        ("README.md)\n\n## ", "README.md)\n## ", "how the line begins"),
        ("- 其中", "其中", "how the line begins"),
        ("1. 第一", "2. 第一", "how the line begins"),
        ("1,024", "1024", "the number 1,024 is missing"),
        ("`b` 和 `a`", "`b`", "its code"),
        ("`b` 和 `a`", "`b` 和 `A`", "its code"),
        ("README.md#工具", "README.md#tools", "its links"),
        ("udp-client/README.zh-CN.md", "udp-client/README.md", "its links"),
        ("[English](README.md)", "[English](README.zh-CN.md)", "its links"),
        ("| 1 | 看", "| 看", "the number of cells"),
        ("| 1 |", "| 2 |", "what has no words"),
        ("| 1 | 看得见的 `row`", "| 1 | a `row` to see", "this is not translated"),
        ("$ cargo run", "$ cargo build", "what stands in a block"),
        ("```console", "```text", "what stands in a block"),
        ("participant C", "participant D", "the diagram"),
        ("C->>S", "S->>C", "the diagram"),
        ("loop 每", "opt 每", "the diagram"),
        ("端口 80", "端口 8", "the number 80 is missing"),
        ("1. 看得见的 `row`<", "1. 另一个 `row`<", "the title"),
        ("<summary>提示：", "<summary>", "that it is a hint"),
        ("**脚本**", "脚本", "how the line begins"),
        ("</details>\n\n", "\n\n", "how the line begins"),
        ("提示：一行</summary>\n</details>\n", "提示：一行</summary>\n", "lines, the other has"),
    ] {
        assert!(CHINESE.contains(text), "{text}");
        let found = differences(&CHINESE.replacen(text, replacement, 1));
        let is_told = found.first().is_some_and(|what| what.contains(expected));
        assert!(is_told, "{text} -> {replacement}: {found:?}");
    }
}

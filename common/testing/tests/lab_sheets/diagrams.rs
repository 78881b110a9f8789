//! The diagrams of a sheet, held to the small part of mermaid's language that they need.

use std::collections::HashSet;
use testing::sheets::Sheet;

/// Mermaid can draw every diagram.
pub fn check_diagrams(sheet: &Sheet) {
    let blocks = sheet.blocks();
    for block in blocks.iter().filter(|block| block.language == "mermaid") {
        if let Err((line, problem)) = check(&block.lines) {
            sheet.fail(block.first + line, &problem);
        }
    }
}

/// Where a diagram is wrong, counted in lines from its first one, and what is wrong there.
type Wrong = (usize, String);

fn check(lines: &[&str]) -> Result<(), Wrong> {
    let end = match lines.first() {
        Some(&"sequenceDiagram") => {
            let mut sequence = Sequence::default();
            each_line(lines, |line| sequence.read(line))?;
            sequence.end()
        }
        Some(&"flowchart LR") => {
            let mut flowchart = Flowchart::default();
            each_line(lines, |line| flowchart.read(line))?;
            flowchart.end()
        }
        other => Err(format!("{other:?} begins no diagram")),
    };
    end.map_err(|problem| (0, problem))
}

/// Reads the lines after the first one, up to a wrong one.
fn each_line<'a>(
    lines: &[&'a str],
    mut read: impl FnMut(&'a str) -> Result<(), String>,
) -> Result<(), Wrong> {
    for (number, line) in lines.iter().enumerate().skip(1) {
        read(line.trim()).map_err(|problem| (number, problem))?;
    }
    Ok(())
}

#[derive(Default)]
struct Sequence<'a> {
    participants: HashSet<&'a str>,
    /// The blocks that have begun and not ended yet, the innermost one last.
    open: Vec<&'a str>,
}

impl<'a> Sequence<'a> {
    fn read(&mut self, line: &'a str) -> Result<(), String> {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("participant", rest) => self.declare(rest),
            ("Note", rest) => self.check_note(rest),
            (block @ ("loop" | "alt" | "opt" | "rect"), text) => {
                self.open.push(block);
                check_text(text)
            }
            ("else", text) if self.open.last() == Some(&"alt") => check_text(text),
            ("end", "") if self.open.pop().is_some() => Ok(()),
            ("else" | "end", _) => Err(format!("{line:?} has no beginning")),
            _ => self.check_message(line),
        }
    }

    /// `NAME as LABEL`
    fn declare(&mut self, declaration: &'a str) -> Result<(), String> {
        let (name, label) =
            declaration.split_once(" as ").ok_or("a participant has a name and a label")?;
        check_name(name)?;
        check_text(label)?;
        match self.participants.insert(name) {
            true => Ok(()),
            false => Err(format!("there are two participants {name}")),
        }
    }

    /// `over NAME: TEXT`, `over NAME,NAME: TEXT`, `left of NAME: TEXT` or `right of NAME: TEXT`
    fn check_note(&self, note: &str) -> Result<(), String> {
        let (place, text) = note.split_once(": ").ok_or("a note has a text")?;
        check_text(text)?;
        if let Some(names) = place.strip_prefix("over ") {
            let (one, other) = names.split_once(',').unwrap_or((names, names));
            self.check_participant(one)?;
            return self.check_participant(other);
        }
        let side = place.strip_prefix("left of ");
        match side.or(place.strip_prefix("right of ")) {
            Some(name) => self.check_participant(name),
            None => Err(format!("{place:?} is no place for a note")),
        }
    }

    /// `NAME->>NAME: TEXT`, or with the arrow `-->>` or `-x`
    fn check_message(&self, line: &str) -> Result<(), String> {
        let no_message = || format!("{line:?} is no line of a sequence diagram");
        let (ends, text) = line.split_once(": ").ok_or_else(no_message)?;
        let arrows = ["-->>", "->>", "-x"];
        let (from, to) =
            arrows.iter().find_map(|arrow| ends.split_once(arrow)).ok_or_else(no_message)?;
        self.check_participant(from)?;
        self.check_participant(to)?;
        check_text(text)
    }

    fn check_participant(&self, name: &str) -> Result<(), String> {
        match self.participants.contains(name) {
            true => Ok(()),
            false => Err(format!("{name:?} is no participant declared above")),
        }
    }

    fn end(self) -> Result<(), String> {
        match self.open.last() {
            None => Ok(()),
            Some(block) => Err(format!("this {block} does not end")),
        }
    }
}

#[derive(Default)]
struct Flowchart<'a> {
    /// The nodes that have a label.
    labelled: HashSet<&'a str>,
    /// All nodes that are named somewhere.
    named: Vec<&'a str>,
    open_subgraphs: usize,
}

impl<'a> Flowchart<'a> {
    fn read(&mut self, line: &'a str) -> Result<(), String> {
        if let Some(subgraph) = line.strip_prefix("subgraph ") {
            self.open_subgraphs += 1;
            return check_subgraph(subgraph);
        }
        if line == "end" {
            self.open_subgraphs =
                self.open_subgraphs.checked_sub(1).ok_or("there is no subgraph to end")?;
            return Ok(());
        }
        let behind = self.take_node(line)?;
        if behind.is_empty() {
            return Ok(());
        }
        let target = take_link(behind)?;
        let behind = self.take_node(target)?;
        check_nothing(behind)
    }

    /// Reads `NAME` or `NAME[LABEL]`. Returns what is behind it.
    fn take_node(&mut self, text: &'a str) -> Result<&'a str, String> {
        let name_ends = text.find(|c: char| !c.is_ascii_alphanumeric());
        let (name, behind) = text.split_at(name_ends.unwrap_or(text.len()));
        check_name(name)?;
        self.named.push(name);
        let Some(label) = behind.strip_prefix('[') else {
            return Ok(behind);
        };
        let (label, behind) = label.split_once(']').ok_or("this label does not end")?;
        check_label(label)?;
        match self.labelled.insert(name) {
            true => Ok(behind),
            false => Err(format!("the node {name} has two labels")),
        }
    }

    fn end(self) -> Result<(), String> {
        if self.open_subgraphs > 0 {
            return Err("a subgraph does not end".into());
        }
        let labelled = |name: &&str| self.labelled.contains(name);
        match self.named.iter().find(|name| !labelled(name)) {
            None => Ok(()),
            Some(name) => Err(format!("the node {name} has no label")),
        }
    }
}

/// `NAME [TITLE]`
fn check_subgraph(subgraph: &str) -> Result<(), String> {
    let (name, title) = subgraph.split_once(" [").ok_or("a subgraph has a name and a title")?;
    let (title, behind) = title.split_once(']').ok_or("this title does not end")?;
    check_name(name)?;
    check_label(title)?;
    check_nothing(behind)
}

/// Reads ` --> ` or ` <--> `, or one of them with a label, as in ` -->|UTF-8| `. Returns what is
/// behind it.
fn take_link(text: &str) -> Result<&str, String> {
    let no_link = || format!("{text:?} does not begin with a link");
    let arrow = text.strip_prefix(" <-->").or(text.strip_prefix(" -->"));
    let mut behind = arrow.ok_or_else(no_link)?;
    if let Some(label) = behind.strip_prefix('|') {
        let (label, after) = label.split_once('|').ok_or("this label does not end")?;
        check_label(label)?;
        behind = after;
    }
    behind.strip_prefix(' ').ok_or_else(no_link)
}

fn check_name(name: &str) -> Result<(), String> {
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
    match is_name && name != "end" {
        true => Ok(()),
        false => Err(format!("{name:?} is no name")),
    }
}

/// Text up to the end of a line. Mermaid ends a line at `;`, and begins a character's code at `#`.
fn check_text(text: &str) -> Result<(), String> {
    match text.trim().is_empty() || text.contains([';', '#']) {
        true => Err(format!("{text:?} is no text")),
        false => Ok(()),
    }
}

/// Text between delimiters: without anything that delimits.
fn check_label(label: &str) -> Result<(), String> {
    match label.contains(['[', ']', '(', ')', '{', '}', '<', '>', '|', '"']) {
        true => Err(format!("{label:?} is no label")),
        false => check_text(label),
    }
}

fn check_nothing(behind: &str) -> Result<(), String> {
    match behind {
        "" => Ok(()),
        _ => Err(format!("nothing may follow, and {behind:?} does")),
    }
}

#[test]
fn what_the_sheets_may_use_is_accepted() {
    for diagram in [
        "sequenceDiagram
            participant A as a client (port 8080)
            participant B as a server
            Note over A: text
            Note over A,B: text
            Note left of A: text
            Note right of B: text
            A->>B: one way
            loop every line
                B-->>A: the other way
                alt it works
                    A->>A: to itself
                else it does not
                    A-xB: lost
                end
            end
            opt sometimes
            end
            rect rgb(0, 255, 0)
            end",
        "flowchart LR
            subgraph one [title]
                a[label, and more :80] --> b[label]
            end
            c[label]
            c <-->|UTF-8| a
            b -->|GBK| d
            d[label]",
    ] {
        let lines: Vec<&str> = diagram.lines().collect();
        assert_eq!(check(&lines), Ok(()));
    }
}

#[test]
fn wrong_lines_are_refused() {
    let sequence = ["sequenceDiagram", "participant A as a", "participant B as b"];
    for wrong in [
        "",
        "nonsense",
        "participant C",
        "participant C as",
        "participant C D as c",
        "participant A as another",
        "actor C as c",
        "A->B: text",
        "A-->B: text",
        "A--xB: text",
        "A->>C: text",
        "C->>A: text",
        "A ->> B: text",
        "A->>B",
        "A->>B:",
        "A->>B: ;",
        "A->>B: number #1",
        "Note over A",
        "Note over A:",
        "Note over C: text",
        "Note over A,C: text",
        "Note over A, B: text",
        "Note left of C: text",
        "Note under A: text",
        "note over A: text",
        "loop",
        "else text",
        "end",
        "while text",
    ] {
        let result = check(&[&sequence[..], &[wrong]].concat());
        assert_eq!(result.map_err(|(line, _)| line), Err(3), "{wrong}");
    }
    for wrong in [
        "",
        "a[label",
        "a[]",
        "a[label](b)",
        "a[with (parentheses)]",
        "a{label}",
        "a[label] b[label]",
        "a[label] -> b[label]",
        "a[label] --- b[label]",
        "a[label]-->b[label]",
        "a[label] -->|text b[label]",
        "a[label] -->|| b[label]",
        "a[label] -->",
        "a[label] --> b[label] --> c[label]",
        "a[label] --> a[another]",
        "a b[label]",
        "end",
        "subgraph one",
        "subgraph one [title",
        "subgraph one [title] more",
        "direction TB",
    ] {
        let result = check(&["flowchart LR", wrong]);
        assert_eq!(result.map_err(|(line, _)| line), Err(1), "{wrong}");
    }
    for wrong in [
        &[][..],
        &["pie"],
        &["sequenceDiagram", "loop text"],
        &["sequenceDiagram", "alt one", "else other", "loop text", "end"],
        &["flowchart LR", "subgraph one [title]"],
        &["flowchart LR", "a[label] --> b"],
        &["flowchart LR", "a"],
    ] {
        let result = check(wrong);
        assert_eq!(result.map_err(|(line, _)| line), Err(0), "{wrong:?}");
    }
    let unbalanced = ["sequenceDiagram", "loop text", "else other", "end"];
    assert_eq!(check(&unbalanced).map_err(|(line, _)| line), Err(2));
}

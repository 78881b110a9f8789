//! The lab sheets (the README.md of every program, and README.zh-CN.md, the same in Chinese): as they
//! are read, with their blocks, prose and tables, and their screens, which are typed in again and
//! compared.
//!
//! In a sheet, a `console` block is one terminal; the blocks under one heading, in one fold, or behind
//! one line that begins in bold, are one session, run side by side. `$ ` begins a command, which is for
//! every shell: words, double quotes, `|` and `>`; in a block marked `console linux` it is for bash.
//! `‹…›` is what the user types, `[状态码 1]` what the command has ended with, `…` at the end of a line
//! stands for the rest of it and alone on a line for any number of lines, and all the rest is what the
//! terminal shows. Ports vary, so they are not compared.

mod command;
mod ports;
mod session;

use crate::{DEADLINE, root};
use std::fmt::{self, Display};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The programs, each of which has a sheet.
pub const PROGRAMS: [&str; 8] = [
    "udp-client",
    "udp-server",
    "udp-chat",
    "feiq-sender",
    "tcp-client",
    "tcp-echo-server",
    "file-client",
    "file-server",
];

/// Something in a sheet that is not as it should be: the line, and what is wrong there.
#[derive(Debug, PartialEq)]
pub struct Problem {
    /// The line of the sheet.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

impl Problem {
    /// A problem in this line.
    pub fn new(line: usize, what: impl Display) -> Problem {
        Problem { line, what: what.to_string() }
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// The Python scripts of a session.
pub struct Scripts {
    directory: PathBuf,
    /// How long what a sheet shows may take to come.
    limit: Duration,
    /// Where sessions make their directories.
    temporary: PathBuf,
}

impl Scripts {
    /// Our own stand-ins for the scripts, which do what they do, and break as they break.
    pub fn stand_ins() -> Scripts {
        let temporary = std::env::temp_dir();
        Scripts::of(&root().join("common/testing/scripts"), DEADLINE, &temporary)
    }

    /// The scripts in a directory, as somebody has typed them in. What a sheet shows may take as long
    /// as `limit` to come; sessions make their directories in `temporary`.
    pub fn of(directory: &Path, limit: Duration, temporary: &Path) -> Scripts {
        Scripts { directory: directory.into(), limit, temporary: temporary.into() }
    }
}

/// A sheet, with the line number of everything that is said about it.
pub struct Sheet {
    /// Its file.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
}

/// A fenced block.
#[derive(Clone)]
pub struct Block<'a> {
    /// What stands behind the fence.
    pub language: &'a str,
    /// The number of its first line.
    pub first: usize,
    /// The number of the line that its session begins with.
    pub heading: usize,
    /// Its lines.
    pub lines: Vec<&'a str>,
}

impl Block<'_> {
    /// Whether its commands are for bash and Linux only: it is marked `console linux`.
    pub fn needs_linux(&self) -> bool {
        self.language.contains("linux")
    }
}

/// A table.
pub struct Table {
    /// The titles of its columns.
    pub header: Vec<String>,
    /// Its rows, each with its line number.
    pub rows: Vec<(usize, Vec<String>)>,
}

impl Sheet {
    /// The sheet of a program, or the README of the course (`.`).
    pub fn open(directory: &str) -> Sheet {
        Sheet::read(format!("{directory}/README.md"))
    }

    /// The sheet of a program in Chinese.
    pub fn open_chinese(program: &str) -> Sheet {
        Sheet::read(format!("{program}/README.zh-CN.md"))
    }

    /// Another document of the project.
    pub fn read(document: impl AsRef<Path>) -> Sheet {
        let path = root().join(document);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        Sheet { path, text }
    }

    /// The sessions, each with its terminals: the `console` blocks that belong together.
    pub fn sessions(&self) -> Vec<Vec<Block<'_>>> {
        let mut blocks = self.blocks();
        blocks.retain(|block| block.language.starts_with("console"));
        blocks.chunk_by(|one, next| one.heading == next.heading).map(<[_]>::to_vec).collect()
    }

    /// The section (`## `) in which a line is.
    pub fn section(&self, line: usize) -> &str {
        let lines = self.text.lines().take(line);
        let sections = lines.filter_map(|line| line.strip_prefix("## "));
        sections.last().unwrap_or_default()
    }

    /// What stands in a section, below its title.
    pub fn text_of(&self, section: &str) -> &str {
        let (_, text) = self.text.split_once(&format!("\n## {section}\n")).unwrap_or_default();
        text.split("\n## ").next().unwrap_or_default()
    }

    /// The title of the fold in which a line is; empty outside of folds.
    pub fn fold(&self, line: usize) -> &str {
        let lines = self.text.lines().take(line);
        let last = lines.filter(|line| line.contains("details>")).last();
        let title = last.and_then(|line| line.strip_prefix("<details><summary>"));
        title.unwrap_or_default().trim_end_matches("</summary>")
    }

    /// All fenced blocks.
    pub fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks: Vec<Block> = Vec::new();
        let (mut open, mut heading) = (false, 0);
        for (number, line) in self.text.lines().enumerate() {
            if let Some(language) = line.strip_prefix("```") {
                open = !open;
                if open {
                    blocks.push(Block { language, first: number + 2, heading, lines: vec![] });
                }
            } else if open {
                blocks.last_mut().unwrap().lines.push(line);
            } else if ["#", "<details>", "</details>", "**"]
                .iter()
                .any(|begin| line.starts_with(begin))
            {
                heading = number + 1;
            }
        }
        assert!(!open, "{}: 有一个代码块没有结束", self.path.display());
        blocks
    }

    /// The lines outside blocks, with their numbers.
    pub fn prose(&self) -> Vec<(usize, &str)> {
        let mut open = false;
        let lines = self.text.lines().enumerate().filter(|(_, line)| {
            open ^= line.starts_with("```");
            !open && !line.starts_with("```")
        });
        lines.map(|(number, line)| (number + 1, line)).collect()
    }

    /// The titles of its sections, each with its line number and its `#`.
    pub fn titles(&self) -> Vec<(usize, &str)> {
        let mut prose = self.prose();
        prose.retain(|(_, line)| line.starts_with('#'));
        prose
    }

    /// All tables.
    pub fn tables(&self) -> Vec<Table> {
        let prose = self.prose();
        prose
            .split(|(_, line)| !line.starts_with('|'))
            .filter(|lines| !lines.is_empty())
            .map(|lines| Table {
                header: cells(lines[0].1),
                // The second line draws the line under the header.
                rows: lines.iter().skip(2).map(|(number, line)| (*number, cells(line))).collect(),
            })
            .collect()
    }
}

impl Table {
    /// The pieces of code in its cells, each with its line number and the title of its column.
    pub fn quotes(&self) -> impl Iterator<Item = (usize, &str, &str)> {
        self.rows.iter().flat_map(|(number, cells)| {
            let columns = self.header.iter().zip(cells);
            columns.flat_map(|(title, cell)| {
                code_spans(cell).map(|code| (*number, title.as_str(), code))
            })
        })
    }
}

/// The cells of a line of a table, which writes the character | as \|.
pub fn cells(line: &str) -> Vec<String> {
    let line = line.replace("\\|", "\u{1}");
    line.trim_matches('|').split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect()
}

/// The pieces of code in a line: what stands between backticks.
pub fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

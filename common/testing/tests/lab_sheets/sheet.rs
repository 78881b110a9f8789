//! A sheet as it is read: its blocks, its prose and its tables.

use std::fs;
use std::path::PathBuf;
use testing::root;

/// A sheet, with the line number of everything that is said about it.
pub struct Sheet {
    pub path: PathBuf,
    pub text: String,
}

/// A fenced block: its language, the number of its first line, the one of its heading, its lines.
pub struct Block<'a> {
    pub language: &'a str,
    pub first: usize,
    pub heading: usize,
    pub lines: Vec<&'a str>,
}

/// A table: the titles of its columns, and its rows, each with its line number.
pub struct Table {
    pub header: Vec<String>,
    pub rows: Vec<(usize, Vec<String>)>,
}

impl Sheet {
    pub fn open(directory: &str) -> Sheet {
        Sheet::read(&format!("{directory}/README.md"))
    }

    pub fn read(document: &str) -> Sheet {
        let path = root().join(document);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        Sheet { path, text }
    }

    #[track_caller]
    pub fn fail(&self, line: usize, problem: &str) -> ! {
        panic!("{}:{line}: {problem}", self.path.display())
    }

    pub fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks: Vec<Block> = Vec::new();
        let (mut open, mut heading) = (false, 0);
        for (number, line) in self.text.lines().enumerate() {
            if let Some(language) = line.strip_prefix("```") {
                open = !open;
                if open {
                    blocks.push(Block {
                        language,
                        first: number + 2,
                        heading,
                        lines: vec![],
                    });
                }
            } else if open {
                blocks.last_mut().unwrap().lines.push(line);
            } else if line.starts_with('#') {
                heading = number + 1;
            }
        }
        assert!(!open, "{}: a block does not end", self.path.display());
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

    pub fn tables(&self) -> Vec<Table> {
        let prose = self.prose();
        prose
            .split(|(_, line)| !line.starts_with('|'))
            .filter(|lines| !lines.is_empty())
            .map(|lines| Table {
                header: cells(lines[0].1),
                // The second line draws the line under the header.
                rows: lines
                    .iter()
                    .skip(2)
                    .map(|(number, line)| (*number, cells(line)))
                    .collect(),
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
fn cells(line: &str) -> Vec<String> {
    let line = line.replace("\\|", "\u{1}");
    line.trim_matches('|')
        .split('|')
        .map(|cell| cell.trim().replace('\u{1}', "|"))
        .collect()
}

/// The pieces of code in a line: what stands between backticks.
pub fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

//! Diagrams consist of lines that mermaid knows.

use crate::sheet::Sheet;

impl Sheet {
    pub fn check_diagrams(&self) {
        for block in self
            .blocks()
            .iter()
            .filter(|block| block.language == "mermaid")
        {
            let kind = block.lines.first().copied().unwrap_or_default();
            let mut open = 0;
            for (number, line) in block.lines.iter().enumerate().skip(1) {
                let line = line.trim();
                let word = line.split(' ').next().unwrap();
                let known = match kind {
                    "sequenceDiagram" => {
                        open += usize::from(["loop", "alt", "opt", "rect"].contains(&word));
                        open -= usize::from(word == "end");
                        [
                            "participant",
                            "Note",
                            "loop",
                            "alt",
                            "else",
                            "opt",
                            "end",
                            "rect",
                        ]
                        .contains(&word)
                            || (line.contains("->>") && line.contains(": "))
                            || (line.contains("-->>") && line.contains(": "))
                            || (line.contains("-x") && line.contains(": "))
                    }
                    "flowchart LR" => {
                        open += usize::from(word == "subgraph");
                        open -= usize::from(word == "end");
                        ["subgraph", "end", "direction"].contains(&word)
                            || line.contains('[')
                            || line.contains("--")
                    }
                    _ => self.fail(block.first, &format!("{kind:?} is no diagram")),
                };
                if !known {
                    self.fail(block.first + number, "mermaid does not know this line");
                }
            }
            if open != 0 {
                self.fail(block.first, "something in this diagram does not end");
            }
        }
    }
}

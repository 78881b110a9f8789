//! The tables of a sheet: what they quote stands in the source.

use crate::scripts::SCRIPTS;
use crate::sheet::Sheet;
use std::fs;
use testing::root;

impl Sheet {
    /// Rust lines that a table quotes stand in the source; the script's calls are told in order.
    pub fn check_tables(&self, program: &str) {
        let main = fs::read_to_string(root().join(program).join("src/main.rs")).unwrap();
        let common = source_of_common();
        let (_, script) = SCRIPTS.iter().find(|(name, _)| *name == program).unwrap();
        let mut calls = script.iter();
        for table in self.tables() {
            for (number, title, code) in table.quotes() {
                match title {
                    "Python" => {
                        let next = calls.next();
                        if next != Some(&code) {
                            self.fail(number, &format!("{code}: next comes {next:?}"));
                        }
                    }
                    "`src/main.rs`" if !main.contains(code) => {
                        self.fail(number, &format!("src/main.rs has no {code}"));
                    }
                    "`common`" if !common.contains(code) => {
                        self.fail(number, &format!("common has no {code}"));
                    }
                    _ => {}
                }
            }
        }
        if let Some(call) = calls.next() {
            self.fail(1, &format!("the table leaves out {call}"));
        }
    }
}

fn source_of_common() -> String {
    let modules = fs::read_dir(root().join("common/src")).unwrap();
    modules
        .map(|module| fs::read_to_string(module.unwrap().path()).unwrap())
        .collect()
}

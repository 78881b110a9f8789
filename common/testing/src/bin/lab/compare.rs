//! The scripts as somebody has typed them in: `cargo lab compare DIR [SCRIPT…]`.
//!
//! Python reads them (`compare.py`), with what each must say (`compare.txt`); then those that can be
//! started talk with our programs, as the screens in that table show it.

use crate::left::Directory;
use common::{Context, Error, console};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use testing::python;
use testing::sheets::{Block, PROGRAMS, Problem, Scripts, Sheet};

const READER: &str = include_str!("compare.py");
const TABLE: &str = include_str!("compare.txt");

/// How long a script may take to show what it should.
const PATIENCE: Duration = Duration::from_secs(10);

/// Compares all scripts in `directory`, or those of these names; `true`: nothing is to be changed.
pub fn compare(directory: &str, names: &[&str]) -> Result<bool, Error> {
    let scripts = PROGRAMS.map(|program| program.replace('-', "_") + ".py");
    let mut chosen = Vec::new();
    for name in names {
        let name = name.trim_end_matches(".py").replace('-', "_") + ".py";
        if !scripts.contains(&name) {
            let problem = format!("没有 {name} 这个脚本，脚本有：{}", scripts.join("、"));
            return Err(Error::Refused(problem));
        }
        chosen.push(name);
    }
    if !Path::new(directory).is_dir() {
        return Err(Error::Refused(format!("{directory} 不是目录")));
    }
    let temporary = Directory::temporary(&std::env::temp_dir())?;
    for (name, text) in [("compare.py", READER), ("compare.txt", TABLE)] {
        fs::write(temporary.0.join(name), text).context("写入临时文件")?;
    }
    let table = Sheet { path: "compare.txt".into(), text: TABLE.into() };
    let directory = Path::new(directory);
    let comparison = Comparison { directory, temporary: &temporary.0, table: &table };
    let mut all_right = true;
    for script in if names.is_empty() { &scripts[..] } else { &chosen } {
        let (told, is_right) = comparison.script(script)?;
        let indented = told.trim_end().replace('\n', "\n  ");
        console::print(format!("{script}：{indented}"))?;
        all_right &= is_right;
    }
    Ok(all_right)
}

struct Comparison<'a> {
    directory: &'a Path,
    /// Where the reader is, and scripts with the right addresses are put.
    temporary: &'a Path,
    table: &'a Sheet,
}

impl Comparison<'_> {
    /// What is told about a script, and whether nothing is to be changed.
    fn script(&self, script: &str) -> Result<(String, bool), Error> {
        let copy = self.temporary.display().to_string();
        let (status, read) = self.read("check", &[script, &copy], "")?;
        let told = match status {
            Some(0) => "",
            Some(3) => read.trim_end(),
            Some(4) => return Ok((format!("要改正\n{read}"), false)),
            Some(5) => return Ok((read, false)),
            _ => return Ok(("无法检查这个文件".into(), false)),
        };
        let scripts = Scripts::of(self.temporary, PATIENCE, self.temporary);
        let sessions = self.table.sessions();
        let its_own =
            sessions.iter().filter(|session| self.table.section(session[0].first) == script);
        for session in its_own {
            let Err(problem) = self.table.run(session, &scripts) else { continue };
            let told = format!("{told}\n{}", self.explain(script, session, &problem)?);
            return Ok((format!("能启动，但是对话不成功\n{}", told.trim_start()), false));
        }
        let told = if told.is_empty() {
            "正常".into()
        } else {
            format!("对话成功，还要改地址或端口\n{told}")
        };
        Ok((told, status == Some(0)))
    }

    /// Why a conversation has failed, at this line of the table.
    fn explain(&self, script: &str, session: &[Block], at: &Problem) -> Result<String, Error> {
        let block = session.iter().rev().find(|block| block.first <= at.line);
        let lines = block.map(|block| &block.lines[..=at.line - block.first]).unwrap_or_default();
        let command = lines.iter().rev().find_map(|line| line.strip_prefix("$ ")).unwrap_or("");
        let program = command.trim_start_matches("cargo run -q -p ");
        let who = if command.ends_with(script) { "" } else { program };
        let typed = lines.iter().rev().skip(1).find_map(|line| line.split_once('‹'));
        let typed = typed.map_or("", |(_, typed)| typed.trim_end_matches('›'));
        let (_, told) = self.read("explain", &[script, who, typed], &at.what)?;
        Ok(told)
    }

    /// Runs the reader, which runs nothing of the script.
    fn read(
        &self,
        task: &str,
        arguments: &[&str],
        input: &str,
    ) -> Result<(Option<i32>, String), Error> {
        let doing = "运行 Python";
        let Some(python) = python() else {
            return Err(Error::Refused("没有找到 Python 3".into()));
        };
        let mut reader = Command::new(python.get_program());
        // Isolated: a socket.py of the student's is not imported.
        reader.args(["-I", "-X", "utf8", "-W", "ignore"]).arg(self.temporary.join("compare.py"));
        reader.arg(task).arg(self.temporary.join("compare.txt")).arg(self.directory);
        reader.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = reader.spawn().context(doing)?;
        if let Some(mut stdin) = child.stdin.take() {
            let _ = stdin.write_all(input.as_bytes()); // it may not want to know
        }
        let ended = child.wait_with_output().context(doing)?;
        // On Windows, its lines end in \r\n.
        Ok((ended.status.code(), String::from_utf8_lossy(&ended.stdout).replace('\r', "")))
    }
}

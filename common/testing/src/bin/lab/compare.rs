//! The scripts as somebody has typed them in, beside the programs: `cargo lab compare DIR`.
//!
//! What is tried stands in the lab sheets: their screens are typed in again, on these scripts.

use crate::exercise::Exercise;
use common::{Context, Error, console};
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;
use std::time::Duration;
use testing::sheets::{Block, PROGRAMS, Scripts, Sheet, Table, is_slow};

/// How long a screen may take to show what the sheet shows.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many rows are tried at the same time.
const AT_ONCE: usize = 6;

/// Compares the scripts in `directory`; `true`: they all do what the sheets say.
pub fn compare(directory: &str) -> Result<bool, Error> {
    let directory = Path::new(directory);
    if !directory.is_dir() {
        let problem = format!("{} 不是目录", directory.display());
        return Err(Error::Refused(problem));
    }
    let scripts = Scripts::of(directory, PATIENCE);
    let sheets = PROGRAMS.map(Sheet::open_chinese);
    let mut all_right = true;
    for (program, sheet) in PROGRAMS.iter().zip(&sheets) {
        let script = format!("{}.py", program.replace('-', "_"));
        console::print(format!("{script}（对应 {program}）"))?;
        if !directory.join(&script).is_file() {
            console::print("  没有这个文件")?;
            all_right = false;
            continue;
        }
        if let Some(error) = scripts.does_not_start(&script) {
            console::print(format!("  不能启动：{}", shortened(&error)))?;
            all_right = false;
            continue;
        }
        console::print("  能启动")?;
        all_right &= talk(&sheets, &script, &scripts)?;
        all_right &= rows(sheet, &scripts)?;
    }
    Ok(all_right)
}

/// The script together with programs: the screens of "动手运行" (Run it) in which it takes part.
fn talk(sheets: &[Sheet], script: &str, scripts: &Scripts) -> Result<bool, Error> {
    let mut all_right = true;
    for sheet in sheets {
        for session in sheet.sessions() {
            let runs = |what: &str| {
                let lines = session.iter().flat_map(|block| &block.lines);
                lines.filter(|line| line.starts_with("$ ")).any(|line| line.contains(what))
            };
            if sheet.section(session[0].first) != "动手运行" || !runs(script) {
                continue;
            }
            let with = PROGRAMS.iter().find(|program| runs(&format!("-p {program}")));
            let with = with.copied().unwrap_or("另一个脚本");
            let told = told(sheet, &[&session], scripts, "成功");
            all_right &= told.is_ok();
            console::print(format!("  与 {with} 通信：{}", told.unwrap_or_else(|told| told)))?;
        }
    }
    Ok(all_right)
}

/// Where the script breaks, row by row, and what the program does instead.
fn rows(sheet: &Sheet, scripts: &Scripts) -> Result<bool, Error> {
    let tables = sheet.tables();
    let is_of_rows = |table: &&Table| table.header.first().is_some_and(|title| title == "#");
    let rows = tables.iter().find(is_of_rows).map(|table| &table.rows[..]);
    let sessions = sheet.sessions();
    let row = |(_, cells): &(usize, Vec<String>)| {
        let [number, title, script, program, ..] = &cells[..] else { return None };
        let row = format!("{number}. {title}");
        let of_row = |session: &&Vec<Block>| sheet.fold(session[0].first) == row;
        let of_row: Vec<_> = sessions.iter().filter(of_row).collect();
        Some((row, of_row, format!("{script} → {program}")))
    };
    let rows: Vec<_> = rows.unwrap_or_default().iter().filter_map(row).collect();
    let mut all_right = true;
    // They wait more than they work.
    for rows in rows.chunks(AT_ONCE) {
        thread::scope(|scope| {
            let start = rows.iter().map(|(_, of_row, right)| {
                let told = move || told(sheet, of_row, scripts, right);
                thread::Builder::new().spawn_scoped(scope, told).context("创建线程")
            });
            let running = Vec::from_iter(start);
            for ((row, ..), running) in rows.iter().zip(running) {
                let told = running?.join().unwrap_or_else(|panic| resume_unwind(panic));
                all_right &= told.is_ok();
                console::print(format!("  {row}：{}", told.unwrap_or_else(|told| told)))?;
            }
            Ok(())
        })?;
    }
    Ok(all_right)
}

/// What comes of sessions: `right`, or what is not as the sheet says.
fn told(
    sheet: &Sheet,
    sessions: &[&Vec<Block>],
    scripts: &Scripts,
    right: &str,
) -> Result<String, String> {
    if sessions.is_empty() || sessions.iter().any(|session| is_slow(session)) {
        return Ok("要自己动手试，见讲义".into());
    }
    if sessions.iter().any(|session| needs_solution(session)) {
        return Ok("没有参考解答，略过".into());
    }
    let tried = sessions.iter().try_for_each(|session| sheet.run(session, scripts));
    tried.map(|()| right.into()).map_err(|problem| {
        let line = problem.line;
        format!("与讲义不符：讲义第 {line} 行：{}", shortened(&problem.to_string()))
    })
}

/// Whether an example takes part that is no worked solution, or one that was not handed out.
fn needs_solution(session: &[Block]) -> bool {
    let lines = session.iter().flat_map(|block| &block.lines);
    lines.filter_map(|line| line.split_once("--example ")).any(|(_, behind)| {
        let example = behind.split_whitespace().next().unwrap_or_default();
        Exercise::find(example).ok().and_then(|exercise| exercise.solution()).is_none()
    })
}

/// The beginning and the end of what may have been told without end.
fn shortened(text: &str) -> String {
    let count = text.chars().count();
    if count <= 600 {
        return text.into();
    }
    let begin: String = text.chars().take(300).collect();
    let end: String = text.chars().skip(count - 300).collect();
    format!("{begin}[… 共 {} 字节 …]{end}", text.len())
}

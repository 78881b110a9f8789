//! The scripts as somebody has typed them in, beside the programs: `cargo lab compare DIR`.
//!
//! What is tried stands in the lab sheets: their screens are typed in again, on these scripts.

use common::{Error, console};
use std::path::Path;
use std::time::Duration;
use testing::sheets::{Block, PROGRAMS, Problem, Scripts, Sheet, Table, is_slow};

/// How long a screen may take to show what the sheet shows.
const PATIENCE: Duration = Duration::from_secs(10);

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
            console::print(format!("  不能启动：{error}"))?;
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
            let result = told(sheet, &session, scripts);
            all_right &= result.is_ok();
            console::print(match result {
                Ok(()) => format!("  与 {with} 通信：成功"),
                Err(problem) => format!("  与 {with} 通信：与讲义不符：{problem}"),
            })?;
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
    let mut all_right = true;
    for (_, cells) in rows.unwrap_or_default() {
        let [number, title, script, program, ..] = &cells[..] else {
            continue;
        };
        let of_row =
            |session: &&Vec<Block>| sheet.fold(session[0].first) == format!("{number}. {title}");
        let of_row: Vec<_> = sessions.iter().filter(of_row).collect();
        if of_row.is_empty() || of_row.iter().any(|session| is_slow(session)) {
            console::print(format!("  {number}. {title}：要自己动手试，见讲义"))?;
            continue;
        }
        let tried = of_row.iter().try_for_each(|session| told(sheet, session, scripts));
        all_right &= tried.is_ok();
        console::print(match tried {
            Ok(()) => format!("  {number}. {title}：{script} → {program}"),
            Err(problem) => format!("  {number}. {title}：与讲义不符：{problem}"),
        })?;
    }
    Ok(all_right)
}

fn told(sheet: &Sheet, session: &[Block], scripts: &Scripts) -> Result<(), String> {
    let told = |problem: Problem| format!("讲义第 {} 行：{problem}", problem.line);
    sheet.run(session, scripts).map_err(told)
}

//! A copy of the workspace to hand out: without the worked solutions, and without the answers in the
//! sheets.

use common::{Context, Error, console};
use std::fs;
use std::path::Path;
use testing::exercise::EXERCISES;
use testing::root;

/// What is not handed out: what is built, what belongs to somebody, what tests the solutions and the
/// sheets.
const LEFT_OUT: [&str; 6] = [
    "target",
    ".git",
    "scripts",
    "common/testing/tests/examples.rs",
    "common/testing/tests/lab.rs",
    "common/testing/tests/lab_sheets",
];

/// Makes the copy.
pub fn hand_out(directory: &str) -> Result<bool, Error> {
    let copy = Path::new(directory);
    let told = copy.display();
    if copy.exists() {
        return Err(Error::Refused(format!("{told} 已经存在，请另选一个目录")));
    }
    fs::create_dir(copy).context(format!("创建目录 {told}"))?;
    copy_directory(Path::new(""), copy).context(format!("复制到 {told}"))?;
    console::print(format!("已复制到 {told}，没有参考解答，讲义里没有答案"))?;
    Ok(true)
}

/// Copies what is in the directory `inside` of the workspace.
fn copy_directory(inside: &Path, copy: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(root().join(inside))? {
        let entry = entry?;
        let path = inside.join(entry.file_name());
        let to = copy.join(&path);
        if is_left_out(&path) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::create_dir(&to)?;
            copy_directory(&path, copy)?;
        } else if path.ends_with("README.md") || path.ends_with("README.zh-CN.md") {
            fs::write(to, without_answers(&fs::read_to_string(entry.path())?))?;
        } else if path.ends_with("tests/exercises.rs") {
            fs::write(to, without_wrong_solutions(&fs::read_to_string(entry.path())?))?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

fn is_left_out(path: &Path) -> bool {
    let is_example = path.parent().is_some_and(|parent| parent.ends_with("examples"));
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_solution = EXERCISES.iter().any(|exercise| name == exercise.name);
    is_example && (is_solution || name.starts_with("my_"))
        || LEFT_OUT.iter().any(|left_out| path == Path::new(left_out))
}

/// A sheet without the folds that tell what a student is to find out.
fn without_answers(sheet: &str) -> String {
    let mut rest = sheet;
    let mut kept = String::new();
    while let Some((before, fold)) = rest.split_once("<details>") {
        let (fold, after) = fold.split_once("</details>").unwrap_or((fold, ""));
        let told = [
            "<summary>Answer</summary>",
            "<summary>A solution</summary>",
            "<summary>Solutions</summary>",
            "<summary>答案</summary>",
            "<summary>参考解答</summary>",
        ];
        match told.iter().any(|title| fold.starts_with(title)) {
            true => kept += before.trim_end(),
            false => kept += &format!("{before}<details>{fold}</details>"),
        }
        rest = after;
    }
    kept + rest
}

/// The checks without what makes wrong solutions out of the worked ones, since that quotes these.
fn without_wrong_solutions(checks: &str) -> String {
    let mut kept = String::new();
    let mut lines = checks.lines();
    while let Some(line) = lines.next() {
        if line == "    wrong [" {
            lines.by_ref().find(|line| *line == "    ]");
            kept += "    wrong []\n";
        } else {
            kept += &format!("{line}\n");
        }
    }
    kept
}

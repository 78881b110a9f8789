//! A copy of the workspace to hand out: without the worked solutions, and without the answers in the
//! sheets.

use crate::left::Directory;
use common::{Context, Error, console};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use testing::exercise::EXERCISES;
use testing::root;

/// What is not handed out: what is built, what is for teachers and for those who work on the project,
/// what tests the solutions and the sheets, and the picture of an answer.
const LEFT_OUT: &str = ".ci .git .github scripts common/testing/TEACHING.md \
     common/testing/TEACHING.zh-CN.md common/testing/tests/promises.rs \
     feiq-sender/datagram.svg common/testing/tests/lab common/testing/tests/lab_sheets";

/// What belongs to the project beside the packages, where no git tells.
const TOP: &str = "Cargo.toml Cargo.lock README.md .cargo .clippy.toml .rustfmt.toml .gitignore";

/// What the folds are called that tell what a student is to find out.
const ANSWERS: [&str; 4] = ["Answer", "Solution", "答案", "参考解答"];

/// A sentence that speaks of one of these is left out, since there is nothing to be found.
const MISSING: [&str; 6] =
    ["worked solution", "wrong solution", "参考解答", "错误的解答", "TEACHING.", "CONTRIBUTING.md"];

/// Makes the copy.
pub fn hand_out(directory: &str) -> Result<bool, Error> {
    let copy = Path::new(directory);
    let told = copy.display();
    let parent = copy.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new(".")).canonicalize();
    if parent.context(format!("创建目录 {told}"))?.starts_with(root()) {
        let problem = format!("{told} 在工作空间里面，请另选一个外面的目录，例如 ../sockets");
        return Err(Error::Refused(problem));
    }
    if copy.symlink_metadata().is_ok() {
        return Err(Error::Refused(format!("{told} 已经存在，请另选一个目录")));
    }
    fs::create_dir(copy).context(format!("创建目录 {told}"))?;
    let made = Directory::new(copy.into()); // half a copy goes again
    for path in files()?.iter().filter(|path| !is_left_out(path)) {
        copy_file(path, &copy.join(path)).context(format!("复制 {}", path.display()))?;
    }
    for exercise in EXERCISES {
        let examples = copy.join(exercise.package).join("examples");
        fs::create_dir_all(&examples).context("创建目录")?;
        fs::write(examples.join(".gitkeep"), "").context("创建目录")?; // git keeps no empty one
    }
    made.keep();
    console::print(format!("已复制到 {told}，没有参考解答，讲义里没有答案"))?;
    Ok(true)
}

/// The files of the project: those that git knows, or else those where a package has its own.
fn files() -> Result<Vec<PathBuf>, Error> {
    let git = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    let listed = git.map(|git| git.stdout).unwrap_or_default();
    let known = String::from_utf8_lossy(&listed);
    let mut files: Vec<PathBuf> = known.split_terminator('\0').map(PathBuf::from).collect();
    if files.is_empty() {
        let packages = EXERCISES.iter().map(|exercise| exercise.package).chain(["common"]);
        for begin in TOP.split(' ').chain(packages) {
            find(begin.into(), &mut files).context("查找工作空间的文件")?;
        }
    }
    Ok(files)
}

/// Finds the regular files at and below `path`; links and the like are not followed.
fn find(path: PathBuf, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let there = root().join(&path);
    let kind = there.symlink_metadata()?;
    if kind.is_dir() && !path.ends_with("target") {
        for entry in fs::read_dir(there)? {
            find(path.join(entry?.file_name()), files)?;
        }
    } else if kind.is_file() && !files.contains(&path) {
        files.push(path);
    }
    Ok(())
}

fn copy_file(path: &Path, copy: &Path) -> std::io::Result<()> {
    let from = root().join(path);
    if !from.symlink_metadata().is_ok_and(|kind| kind.is_file()) {
        return Ok(()); // deleted, and git still knows it; or a link
    }
    fs::create_dir_all(copy.parent().unwrap_or(copy))?;
    if path.extension().is_some_and(|extension| extension == "md") {
        fs::write(copy, without_solutions(&without_answers(&fs::read_to_string(from)?)))
    } else if path.ends_with("tests/wrong/mod.rs") {
        fs::write(copy, "") // they would give away how the worked ones begin
    } else {
        fs::copy(from, copy).map(drop)
    }
}

fn is_left_out(path: &Path) -> bool {
    let is_example = path.parent().is_some_and(|parent| parent.ends_with("examples"));
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_solution = EXERCISES.iter().any(|exercise| name == exercise.name);
    is_example && (is_solution || name.starts_with("my_"))
        || LEFT_OUT.split(' ').any(|left_out| path.starts_with(left_out))
}

/// A sheet without the folds that tell what a student is to find out.
fn without_answers(sheet: &str) -> String {
    let mut rest = sheet;
    let mut kept = String::new();
    while let Some((before, fold)) = rest.split_once("<details>") {
        let (fold, after) = fold.split_once("</details>").unwrap_or((fold, ""));
        let is_answer = |title: &&str| fold.starts_with(&format!("<summary>{title}</summary>"));
        if ANSWERS.iter().any(is_answer) {
            kept += before.trim_end();
        } else {
            kept += &format!("{before}<details>{fold}</details>");
        }
        rest = after;
    }
    kept + rest
}

/// A document in which the student's own solutions take the place of the worked ones.
fn without_solutions(document: &str) -> String {
    let mut kept = document.replace("--example ", "--example my_");
    for (from, to) in [("my_my_", "my_"), (", and a worked solution", ""), ("和参考解答", "")]
    {
        kept = kept.replace(from, to);
    }
    let sentences = kept.replace(". ", ". \0").replace('。', "。\0").replace('\n', "\0\n\0");
    let is_right = |sentence: &&str| !MISSING.iter().any(|missing| sentence.contains(missing));
    let kept: String = sentences.split('\0').filter(is_right).collect();
    kept.replace("\n\n\n\n", "\n\n")
}

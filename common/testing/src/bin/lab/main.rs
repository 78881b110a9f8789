//! `cargo lab`: shows how far a student is with the exercises, and runs their checks.
//!
//! A solution is a file of the student's own, `PACKAGE/examples/my_EXERCISE.rs`, begun as a copy of
//! `PACKAGE/src/main.rs`. Its checks are tests of the package; they are listed, built and run here
//! one by one, so that the first failure is told at once.

mod build;
mod bytes;
mod checks;
mod compare;
mod exercise;
mod handout;
mod left;
mod overview;
mod peer;
mod sheet;

use checks::check;
use common::{Context, Error, console};
use exercise::{Exercise, find};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

const HELP: &str = "\
用法：cargo lab [命令]

  cargo lab                  每个练习的进度，以及下一步做什么
  cargo lab --tsv            同上，每行是练习、状态、通过的检查数、检查总数，以制表符分隔
  cargo lab start 练习       复制原来的程序，在副本里写解答
  cargo lab check 练习       编译并检查解答，显示第一项未通过检查的步骤
  cargo lab watch 练习       每次保存文件后重新检查，全部通过后结束
  cargo lab hint 练习 [N]    显示下一条提示，或者第 N 条
  cargo lab reset 练习       从头开始，旧文件改名保留
  cargo lab compare 目录 [脚本...]
                             检查目录里自己输入的 Python 脚本，并与对应的程序通信
  cargo lab handout 目录     供教师分发的副本：没有参考解答，讲义里没有答案
  cargo lab peer 方式        扮演程序的另一端，并且故意出错；不写方式时列出全部
  cargo lab bytes DATA       输出键盘打不出的内容：cargo lab bytes 70000 是 70000 个 x

例如：cargo lab start retry
";

/// The commands that something follows.
const COMMANDS: [&str; 7] = ["start", "check", "watch", "hint", "reset", "compare", "handout"];

/// How often `watch` looks whether the file has been saved.
const LOOK: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.first() {
        Some(&"peer") => return peer::run(),
        Some(&"bytes") => return bytes::run(),
        _ => {}
    }
    match left::take_away_on_interrupt().and_then(|()| lab(&arguments)) {
        Ok(true) | Err(Error::OutputClosed | Error::InputEnded) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error @ Error::Refused(_)) => {
            console::note(error);
            console::note("用 cargo lab --help 查看用法");
            ExitCode::from(2)
        }
        Err(error) => {
            console::note(error);
            ExitCode::FAILURE
        }
    }
}

/// Carries out a command; `false`: something is not done yet.
fn lab(arguments: &[&str]) -> Result<bool, Error> {
    if arguments.iter().any(|argument| ["-h", "--help"].contains(argument)) {
        return say(HELP).map(|()| true);
    }
    let problem = match *arguments {
        [] => return overview::show(false),
        ["--tsv"] => return overview::show(true),
        ["start", name] => return start(find(name)?),
        ["check", name] => return check(find(name)?),
        ["watch", name] => return watch(find(name)?),
        ["hint", name] => return sheet::next_hint(find(name)?),
        ["hint", name, number] => return sheet::hint(find(name)?, number),
        ["reset", name] => return reset(find(name)?),
        ["compare", directory, ref names @ ..] => return compare::compare(directory, names),
        ["handout", directory] => return handout::hand_out(directory),
        [command @ ("compare" | "handout")] => format!("cargo lab {command} 的后面要写目录"),
        [command] if COMMANDS.contains(&command) => {
            format!("cargo lab {command} 的后面要写练习的名字")
        }
        ["--tsv", ref more @ ..] => format!("参数太多，多余的是 {}", more.join(" ")),
        [command, _, ref more @ ..] if COMMANDS.contains(&command) => {
            format!("参数太多，多余的是 {}", more.join(" "))
        }
        [command, ..] => format!("没有 {command} 这个命令"),
    };
    Err(Error::Refused(problem))
}

/// Prints a text of several lines, as it is.
fn say(text: &str) -> Result<(), Error> {
    text.lines().try_for_each(console::print)
}

/// Copies the program that the exercise begins with.
fn start(exercise: &Exercise) -> Result<bool, Error> {
    let (path, told) = (exercise.path(), exercise.told_path());
    if let Some(examples) = path.parent() {
        fs::create_dir_all(examples).context("创建 examples 目录")?;
    }
    let original = fs::read(exercise.original()).context("读取原来的程序")?;
    let mut file = match File::create_new(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            console::note(format!("已经有 {told}，没有改动它"));
            console::note(format!("要从头开始，用 cargo lab reset {}", exercise.name));
            return Ok(false);
        }
        Err(error) => return Err(error).context(format!("创建 {told}")),
    };
    if let Err(error) = file.write_all(&original).and_then(|()| file.sync_all()) {
        drop(file);
        let _ = fs::remove_file(&path); // half a program, which nobody has seen
        return Err(error).context(format!("写入 {told}"));
    }
    console::print(format!("已把 {}/src/main.rs 复制为 {told}，", exercise.package))?;
    console::print("在这个副本里写解答，原来的程序不用改。")?;
    let Exercise { name, package, sheet, .. } = exercise;
    console::print(format!("练习的内容：{sheet}/README.zh-CN.md 的“动手练习”一节"))?;
    console::print(format!("运行：cargo run -p {package} --example my_{name}"))?;
    console::print(format!("检查：cargo lab check {name}"))?;
    Ok(true)
}

/// Checks again whenever something else is saved in the file, until all checks pass.
fn watch(exercise: &Exercise) -> Result<bool, Error> {
    let content = || fs::read(exercise.path()).ok();
    loop {
        let checked = content();
        if check(exercise)? {
            return Ok(true);
        }
        console::note(format!("等待保存 {}，保存后重新检查，按 Ctrl-C 结束", exercise.told_path()));
        while content() == checked {
            #[expect(clippy::disallowed_methods, reason = "no event tells of a saved file")]
            thread::sleep(LOOK);
        }
        console::print(format!("\n──────── {} ────────", time_of_day()))?;
    }
}

/// The time by the clock on the wall, which the standard library does not tell.
fn time_of_day() -> String {
    let mut clock = Command::new(if cfg!(windows) { "cmd" } else { "date" });
    clock.args(if cfg!(windows) { &["/C", "echo %TIME%"][..] } else { &["+%T"] });
    let told = clock.output().map(|told| told.stdout).unwrap_or_default();
    String::from_utf8_lossy(&told).trim().into()
}

/// Begins anew; the old file stays, under another name.
fn reset(exercise: &Exercise) -> Result<bool, Error> {
    let (path, told) = (exercise.path(), exercise.told_path());
    if path.symlink_metadata().is_err() {
        return start(exercise);
    }
    let answer = console::ask(&format!("把 {told} 改名保留，然后从头开始吗？（y/n）:"))?;
    if !["y", "yes", "是", "ｙ"].contains(&answer.trim().to_lowercase().as_str()) {
        console::print("没有改动")?;
        return Ok(false);
    }
    // Not `.rs`: it would be an example of its own. Whoever creates a name has it to himself.
    let mut number = 1;
    let kept = loop {
        let kept = path.with_extension(format!("rs.{number}"));
        match File::create_new(&kept) {
            Ok(_) => break kept,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error).context(format!("创建 {}", kept.display())),
        }
    };
    if let Err(error) = fs::rename(&path, &kept) {
        let _ = fs::remove_file(&kept);
        return Err(error).context(format!("把 {told} 改名"));
    }
    console::print(format!("旧文件已改名为 my_{}.rs.{number}", exercise.name))?;
    start(exercise)
}

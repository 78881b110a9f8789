//! `cargo lab`, as a student uses it: in a hand-out, so that nobody's solutions are touched.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a panic is how a test fails")]

mod compare;
mod peer;

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
#[cfg(unix)]
use std::{io::Read, os::unix::fs::symlink, sync::mpsc, thread};
use testing::exercise::{EXERCISES, Exercise};
use testing::{Ended, Program, cargo, root, tempdir};

/// How long a command may take: it may have to build everything first.
const DEADLINE: Duration = Duration::from_secs(300);

/// A hand-out in which nothing is begun, for one test at a time. It stays where it is, so that it is
/// built once. `None`: this was built on another machine, and there is no cargo here.
fn workspace() -> Option<(MutexGuard<'static, bool>, PathBuf)> {
    static IS_MADE: Mutex<bool> = Mutex::new(false);
    cargo()?;
    let mut is_made = IS_MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let test = std::env::current_exe().unwrap(); // target/debug/deps/lab-…
    let workspace = test.ancestors().nth(3).unwrap().join("lab-workspace");
    if !*is_made {
        let directory = tempdir().unwrap();
        let new = directory.path().join("handout");
        for status in [0, 2] {
            let arguments = ["handout", new.to_str().unwrap()];
            let made = ended(Program::start(env!("CARGO_BIN_EXE_lab"), &arguments));
            assert_eq!(made.status, Some(status), "{made:?}");
        }
        update(&new, &workspace);
        *is_made = true;
    }
    for exercise in EXERCISES {
        let _ = fs::remove_dir_all(workspace.join(exercise.package).join("examples"));
    }
    Some((is_made, workspace))
}

/// Makes `copy` the same as `original`, but for what is built. Files that have not changed keep their
/// times.
fn update(original: &Path, copy: &Path) {
    let names = |directory: &Path| -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name != "target").collect()
    };
    fs::create_dir_all(copy).unwrap();
    for name in names(copy) {
        let path = copy.join(&name);
        if original.join(&name).exists() {
            continue;
        }
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }
    for name in names(original) {
        let (from, to) = (original.join(&name), copy.join(&name));
        if from.is_dir() {
            update(&from, &to);
        } else if !to.exists() || fs::read(&from).unwrap() != fs::read(&to).unwrap() {
            fs::copy(from, to).unwrap();
        }
    }
}

/// `cargo lab` with these arguments, running.
fn lab(workspace: &Path, arguments: &[&str]) -> Program {
    Program::spawn(command(workspace, arguments))
}

fn command(workspace: &Path, arguments: &[&str]) -> Command {
    let mut lab = cargo().unwrap();
    lab.arg("lab").args(arguments).current_dir(workspace);
    lab.env_remove("CARGO_TARGET_DIR").env("TMPDIR", workspace.join("target"));
    lab
}

#[track_caller]
fn ended(mut program: Program) -> Ended {
    let ended = program.end_before(DEADLINE);
    ended.unwrap_or_else(|| panic!("仍在运行：\n{}\n{}", program.shown(), program.noted()))
}

/// The line of the overview about an exercise.
#[track_caller]
fn line_of(workspace: &Path, exercise: &str, arguments: &[&str]) -> String {
    let overview = ended(lab(workspace, arguments));
    let lines: Vec<&str> = overview.out.lines().collect();
    assert_eq!((lines.len(), overview.status), (EXERCISES.len(), Some(1)), "{overview:?}");
    let line = lines.iter().find(|line| line.split_whitespace().next() == Some(exercise));
    line.unwrap_or_else(|| panic!("{overview:?}")).to_string()
}

/// From the beginning to the end of an exercise, and back.
#[test]
fn an_exercise_is_begun_checked_solved_and_begun_again() {
    let Some((_alone, workspace)) = workspace() else { return };
    let run = |arguments: &[&str]| ended(lab(&workspace, arguments));
    let mine = workspace.join("file-server/examples/my_resumable_server.rs");
    let is_there = |content: &[u8]| fs::read(&mine).unwrap() == content;
    let original = fs::read(root().join("file-server/src/main.rs")).unwrap();
    let solution = fs::read(root().join("file-server/examples/resumable_server.rs")).unwrap();
    let line = line_of(&workspace, "resumable_server", &[]);
    assert!(line.ends_with("file-server      未开始 → cargo lab start resumable_server"), "{line}");
    let none = run(&["check", "resumable_server"]);
    assert_eq!(none.status, Some(1), "{none:?}");
    assert!(none.err.contains("还没有 file-server/examples/my_resumable_server.rs"), "{none:?}");

    let started = run(&["start", "resumable_server"]);
    assert!(started.status == Some(0) && is_there(&original), "{started:?}");
    fs::write(&mine, "fn main() { 1 }\n").unwrap();
    let again = run(&["start", "resumable_server"]);
    assert!(again.status == Some(1) && is_there(b"fn main() { 1 }\n"), "{again:?}");
    let broken = run(&["check", "resumable_server"]);
    assert_eq!((broken.status, broken.out.as_str()), (Some(1), ""), "{broken:?}");
    assert!(broken.err.contains("mismatched types"), "{broken:?}");
    assert!(
        broken.err.ends_with("file-server/examples/my_resumable_server.rs 编译不通过\n"),
        "{broken:?}"
    );
    let line = line_of(&workspace, "resumable_server", &[]);
    assert!(line.ends_with("编译不通过 → cargo lab check resumable_server"), "{line}");

    // Saved while it is watched: first as it was, then solved.
    let watched = lab(&workspace, &["watch", "resumable_server"]);
    watched.expect_note_within(DEADLINE, "等待保存 ");
    fs::write(&mine, &original).unwrap();
    let failed = |shown: &str| shown.contains("没有通过");
    assert!(watched.wait_within(DEADLINE, failed), "{}", watched.shown());
    fs::write(&mine, &solution).unwrap();
    let solved = ended(watched);
    assert_eq!(solved.status, Some(0), "{solved:?}");
    for told in [
        "检查步骤：",
        "期望：",
        "实际：",
        "resumable_server：通过 0 项，共 14 项",
        "通过 12 项，略过 2 项\n",
    ] {
        assert!(solved.out.contains(told), "{told} is missing: {solved:?}");
    }
    let line = line_of(&workspace, "resumable_server", &["--tsv"]);
    assert_eq!(line, "resumable_server\t完成\t12\t14");

    // What is there now is judged, also where it is older than what was built.
    fs::write(&mine, &original).unwrap();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    File::options().append(true).open(&mine).unwrap().set_modified(long_ago).unwrap();
    let old = run(&["check", "resumable_server"]);
    assert!(old.status == Some(1) && old.out.contains("  没有通过  "), "{old:?}");
}

/// Nobody's work is lost, not even where two begin anew at the same time.
#[test]
fn what_was_begun_before_is_kept() {
    let Some((_alone, workspace)) = workspace() else { return };
    let examples = workspace.join("udp-client/examples");
    let mine = examples.join("my_retry.rs");
    fs::create_dir_all(&examples).unwrap();
    fs::write(&mine, "// first").unwrap();
    let reset = |answer: &str, status| {
        let mut reset = lab(&workspace, &["reset", "retry"]);
        reset.type_line(answer);
        assert_eq!(ended(reset).status, Some(status));
    };
    reset("n", 1);
    assert_eq!(fs::read(&mine).unwrap(), b"// first");
    let mut slow = lab(&workspace, &["reset", "retry"]);
    assert!(slow.wait_within(DEADLINE, |shown| shown.contains("（y/n）")), "{}", slow.noted());
    reset("y", 0);
    let original = fs::read(root().join("udp-client/src/main.rs")).unwrap();
    assert_eq!(fs::read(&mine).unwrap(), original);
    fs::write(&mine, "// second").unwrap();
    slow.type_line("y");
    assert_eq!(ended(slow).status, Some(0));
    assert_eq!(fs::read(examples.join("my_retry.rs.1")).unwrap(), b"// first");
    assert_eq!(fs::read(examples.join("my_retry.rs.2")).unwrap(), b"// second");
    #[cfg(unix)]
    {
        // A link that leads nowhere is in the way, and goes as a file does.
        fs::remove_file(&mine).unwrap();
        symlink("nowhere", &mine).unwrap();
        let checked = ended(lab(&workspace, &["check", "retry"]));
        assert!(checked.err.contains("用 cargo lab reset retry"), "{checked:?}");
        reset("y", 0);
        assert!(mine.exists() && examples.join("my_retry.rs.3").is_symlink());
    }
}

#[test]
fn hints_come_one_after_the_other_and_what_is_no_command_is_refused() {
    let Some((_alone, workspace)) = workspace() else { return };
    let run = |arguments: &[&str]| ended(lab(&workspace, arguments));
    let first = run(&["hint", "retry", "1"]);
    assert!(first.out.starts_with("提示 1（共 3 条）：限时等待\n\n"), "{first:?}");
    let second = run(&["hint", "retry"]);
    assert!(second.out.starts_with("提示 2（共 "), "{second:?}");
    for exercise in EXERCISES {
        let hint = run(&["hint", exercise.name, "2"]);
        assert!(hint.status == Some(0) && hint.out.starts_with("提示 2（共 "), "{hint:?}");
    }
    fs::write(workspace.join("target/lab/retry"), usize::MAX.to_string()).unwrap();
    for arguments in [&["hint", "retry"][..], &["hint", "retry", "99"]] {
        let none = run(arguments);
        assert!(none.status == Some(1) && none.out.contains("没有更多了"), "{none:?}");
    }
    for (arguments, problem) in [
        (&["nonsense"][..], "没有 nonsense 这个命令"),
        (&["check"], "cargo lab check 的后面要写练习的名字"),
        (&["check", "nonsense"], "没有 nonsense 这个练习，练习有：retry、"),
        (&["start", "retry", "more"], "参数太多，多余的是 more"),
        (&["--tsv", "retry"], "参数太多，多余的是 retry"),
        (&["hint", "retry", "0"], "0 不是提示的编号"),
        (&["handout", "new"], "new 在工作空间里面"),
        (&["compare", "/nonsense"], "/nonsense 不是目录"),
    ] {
        let refused = run(arguments);
        assert_eq!((refused.status, refused.out.as_str()), (Some(2), ""), "{refused:?}");
        assert!(refused.err.starts_with(problem), "{refused:?}");
    }
    let help = run(&["check", "--help"]);
    assert!(help.status == Some(0) && help.out.starts_with("用法：cargo lab"), "{help:?}");
}

/// A teacher hands out the exercises, and nothing that gives them away or belongs to others. What the
/// sheets say can be done.
#[test]
fn a_handout_has_no_solutions_and_no_answers_and_works() {
    let Some((_alone, workspace)) = workspace() else { return };
    let run = |arguments: &[&str]| ended(lab(&workspace, arguments));
    let first = run(&["--tsv"]);
    assert_eq!(first.out.matches("\t未开始\t0\t-\n").count(), EXERCISES.len(), "{first:?}");
    #[cfg(unix)]
    {
        let seen = ended(Program::spawn_on_terminal(command(&workspace, &[])));
        assert!(seen.out.starts_with("\rretry ") && !seen.out.contains('␍'), "{seen:?}");
    }
    let names = ["README.md", "README.zh-CN.md"];
    let sheets = EXERCISES.iter();
    let sheets =
        sheets.flat_map(|exercise| names.map(|name| exercise.package.to_string() + "/" + name));
    let sheets = sheets.chain(["README.md".into()]);
    let sheets = sheets.map(|path| fs::read_to_string(workspace.join(path)).unwrap());
    let sheets = Vec::from_iter(sheets);
    let mut done = HashSet::new();
    for command in sheets.iter().flat_map(|sheet| sheet.split("cargo lab ").skip(1)) {
        let line = command.split(['`', '\n', '#', '|']).next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().take(3).collect();
        // Those that take long are tried without what they need.
        let in_full = words.len() > 1 && ["start", "hint"].contains(&words[0]);
        let arguments = if in_full { &words[..] } else { &words[..1] };
        if words != ["--tsv"] && done.insert(arguments.join(" ")) {
            let ended = run(arguments);
            assert!(!ended.err.contains("这个命令"), "{line}: {ended:?}");
            assert!(!in_full || ended.err.is_empty(), "{line}: {ended:?}");
        }
    }
    for example in sheets.iter().flat_map(|sheet| sheet.split("--example ").skip(1)) {
        let example = example.split([' ', '`', '\\', '\n', '\'']).next().unwrap_or_default();
        let path = |package: &str| workspace.join(format!("{package}/examples/{example}.rs"));
        let is_there = EXERCISES.iter().any(|exercise| path(exercise.package).exists());
        assert!(is_there || ["my_warm_up", "my_gbk"].contains(&example), "{example}");
    }
    for Exercise { name, package, .. } in EXERCISES {
        assert!(!workspace.join(format!("{package}/examples/{name}.rs")).exists());
        let wrong = workspace.join(package).join("tests/wrong/mod.rs");
        assert_eq!(fs::read_to_string(wrong).unwrap(), "", "{package}");
    }
    for sheet in &sheets {
        for left_out in [">Answer<", ">Solution<", ">答案<", ">参考解答<", "\n\n\n"] {
            assert!(!sheet.contains(left_out), "{left_out}");
        }
    }
    assert!(sheets[0].contains("<summary>Hint: ") && sheets[1].contains("\n## 思考题 ★\n"));

    // There is no git in it, to tell what belongs to others.
    fs::write(workspace.join("marks.csv"), "").unwrap();
    #[cfg(unix)]
    let _ = symlink("/etc/passwd", workspace.join("udp-client/link"));
    let again = tempdir().unwrap();
    let again = again.path().join("again");
    assert_eq!(run(&["handout", again.to_str().unwrap()]).status, Some(0));
    for strange in ["marks.csv", "udp-client/link", "target"] {
        assert!(again.join(strange).symlink_metadata().is_err(), "{strange}");
    }
    update(&again, &workspace); // it is the same, but for what was strange
}

/// What a student's program has started ends with the check, also where that is interrupted.
#[cfg(unix)]
#[test]
fn nothing_is_left_of_a_check() {
    let Some((_alone, workspace)) = workspace() else { return };
    let (listener, address) = testing::listen();
    let examples = workspace.join("file-server/examples");
    fs::create_dir_all(&examples).unwrap();
    let source = format!(
        "fn main() {{
             let held = std::net::TcpStream::connect(\"{address}\").unwrap();
             let held = std::os::fd::OwnedFd::from(held);
             std::process::Command::new(\"sleep\").arg(\"99\").stdin(held).spawn().unwrap();
             loop {{ std::thread::park() }}
         }}"
    );
    fs::write(examples.join("my_resumable_server.rs"), source).unwrap();
    let (sent, coming) = mpsc::channel();
    let accept = move || listener.incoming().try_for_each(|held| sent.send(held.unwrap()));
    thread::Builder::new().spawn(accept).unwrap();
    for is_interrupted in [false, true] {
        let check = lab(&workspace, &["check", "resumable_server"]);
        let mut held = vec![coming.recv_timeout(DEADLINE).unwrap()];
        if is_interrupted {
            check.signal("INT");
        }
        let ended = ended(check);
        let (status, told) = if is_interrupted { (130, "") } else { (1, "  没有通过  ") };
        assert!(ended.status == Some(status) && ended.out.contains(told), "{ended:?}");
        held.extend(coming.try_iter());
        for held in &mut held {
            // The end comes when nobody has the other end any more.
            held.set_read_timeout(Some(testing::DEADLINE)).unwrap();
            let read = held.read(&mut [0]);
            assert!(!read.is_err_and(|error| testing::is_timeout(&error)), "something lives on");
        }
        for left in fs::read_dir(workspace.join("target")).unwrap() {
            let left = left.unwrap().file_name();
            assert!(!left.to_str().unwrap().starts_with(".tmp"), "{left:?}");
        }
    }
}

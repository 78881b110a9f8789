//! `cargo lab`, as a student uses it: in a copy of the workspace, so that nobody's solutions are
//! touched.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use testing::exercise::{EXERCISES, Exercise};
use testing::{Ended, Program, cargo, root, tempdir};

/// How long a command may take: it may have to build everything first.
const DEADLINE: Duration = Duration::from_secs(300);

/// The copy. It stays where it is, so that it is built once.
fn workspace() -> PathBuf {
    /// One test at a time brings it up to date.
    static UPDATING: Mutex<()> = Mutex::new(());
    let _updating = UPDATING.lock().unwrap_or_else(PoisonError::into_inner);
    let test = std::env::current_exe().unwrap(); // target/debug/deps/lab-…
    let copy = test.ancestors().nth(3).unwrap().join("lab-workspace");
    update(&root(), &copy);
    copy
}

/// Makes `copy` the same as `original`, but for what is built, and for students' solutions. Files that
/// have not changed keep their times.
fn update(original: &Path, copy: &Path) {
    let of_nobody = |name: &str| ["target", ".git"].contains(&name) || name.starts_with("my_");
    let names = |directory: &Path| -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| !of_nobody(name)).collect()
    };
    fs::create_dir_all(copy).unwrap();
    for name in names(copy) {
        let (there, path) = (original.join(&name).exists(), copy.join(&name));
        match path.is_dir() {
            _ if there => {}
            true => fs::remove_dir_all(path).unwrap(),
            false => fs::remove_file(path).unwrap(),
        }
    }
    for name in names(original) {
        let (from, to) = (original.join(&name), copy.join(&name));
        if from.is_dir() {
            update(&from, &to);
        } else if fs::read(&from).unwrap() != fs::read(&to).unwrap_or_default() || !to.exists() {
            fs::copy(from, to).unwrap();
        }
    }
}

/// `cargo lab` with these arguments.
fn lab(arguments: &[&str]) -> Program {
    let mut lab = cargo().unwrap();
    lab.arg("lab").args(arguments).current_dir(workspace());
    lab.env_remove("CARGO_TARGET_DIR");
    Program::spawn(lab)
}

#[track_caller]
fn ended(mut program: Program) -> Ended {
    let ended = program.end_before(DEADLINE);
    ended.unwrap_or_else(|| panic!("仍在运行：\n{}\n{}", program.shown(), program.noted()))
}

/// The line of the overview about an exercise.
#[track_caller]
fn line_of(exercise: &str, arguments: &[&str]) -> String {
    let overview = ended(lab(arguments));
    let lines: Vec<&str> = overview.out.lines().collect();
    assert_eq!((lines.len(), overview.status), (EXERCISES.len(), Some(1)), "{overview:?}");
    let line = lines.iter().find(|line| line.split_whitespace().next() == Some(exercise));
    line.unwrap_or_else(|| panic!("{overview:?}")).to_string()
}

/// From the beginning to the end of an exercise, and back.
#[test]
fn an_exercise_is_begun_checked_solved_and_begun_again() {
    if cargo().is_none() {
        return; // built on another machine
    }
    let examples = workspace().join("udp-chat/examples");
    let mine = examples.join("my_two_way.rs");
    for old in fs::read_dir(&examples).unwrap() {
        let old = old.unwrap().path();
        if old.file_name().unwrap().to_str().unwrap().starts_with("my_") {
            fs::remove_file(old).unwrap();
        }
    }
    let line = line_of("two_way", &[]);
    assert!(line.ends_with("udp-chat         未开始 → cargo lab start two_way"), "{line}");
    let none = ended(lab(&["check", "two_way"]));
    assert_eq!(none.status, Some(1), "{none:?}");
    assert!(none.err.contains("还没有 udp-chat/examples/my_two_way.rs"), "{none:?}");

    let started = ended(lab(&["start", "two_way"]));
    assert_eq!(started.status, Some(0), "{started:?}");
    let original = fs::read(root().join("udp-chat/src/main.rs")).unwrap();
    assert_eq!(fs::read(&mine).unwrap(), original);
    let unsolved = ended(lab(&["check", "two_way"]));
    assert_eq!(unsolved.status, Some(1), "{unsolved:?}");
    for told in ["  没有通过  ", "检查步骤：", "期望：", "实际：", "two_way：通过 0 项，共 "]
    {
        assert!(unsolved.out.contains(told), "{told} is missing: {unsolved:?}");
    }

    fs::write(&mine, "fn main() { 1 }\n").unwrap();
    let again = ended(lab(&["start", "two_way"]));
    assert_eq!(again.status, Some(1), "{again:?}");
    assert_eq!(fs::read(&mine).unwrap(), b"fn main() { 1 }\n", "never overwritten");
    let broken = ended(lab(&["check", "two_way"]));
    assert_eq!((broken.status, broken.out.as_str()), (Some(1), ""), "{broken:?}");
    assert!(broken.err.contains("mismatched types"), "{broken:?}");
    assert!(broken.err.ends_with("udp-chat/examples/my_two_way.rs 编译不通过\n"), "{broken:?}");
    let line = line_of("two_way", &[]);
    assert!(line.ends_with("编译不通过 → cargo lab check two_way"), "{line}");

    // Saved while it is watched: first as it was, then solved.
    let watched = lab(&["watch", "two_way"]);
    watched.expect_note_within(DEADLINE, "等待保存 ");
    fs::write(&mine, original).unwrap();
    let failed = |shown: &str| shown.contains("没有通过");
    assert!(watched.wait_within(DEADLINE, failed), "{}", watched.shown());
    fs::copy(examples.join("two_way.rs"), &mine).unwrap();
    let solved = ended(watched);
    assert_eq!(solved.status, Some(0), "{solved:?}");
    assert!(solved.out.contains("项检查全部通过\n"), "{solved:?}");
    let line = line_of("two_way", &["--tsv"]);
    let fields: Vec<&str> = line.split('\t').collect();
    assert!(matches!(fields[..], ["two_way", "完成", passed, all] if passed == all), "{line}");

    let mut kept = lab(&["reset", "two_way"]);
    kept.type_line("n");
    assert_eq!(ended(kept).status, Some(1));
    assert_eq!(fs::read(&mine).unwrap(), fs::read(examples.join("two_way.rs")).unwrap());
    let mut reset = lab(&["reset", "two_way"]);
    reset.type_line("y");
    assert_eq!(ended(reset).status, Some(0));
    assert_eq!(fs::read(&mine).unwrap(), fs::read(root().join("udp-chat/src/main.rs")).unwrap());
    let old = fs::read(examples.join("my_two_way.rs.1")).unwrap();
    assert_eq!(old, fs::read(examples.join("two_way.rs")).unwrap());
}

/// On a terminal each line is written over as it grows, and looks as it does in a file at the end.
#[cfg(unix)]
#[test]
fn the_overview_is_the_same_on_a_terminal() {
    let Some(mut shown) = cargo() else {
        return; // built on another machine
    };
    shown.arg("lab").current_dir(workspace());
    shown.env_remove("CARGO_TARGET_DIR");
    let shown = ended(Program::spawn_on_terminal(shown));
    let lines = Vec::from_iter(shown.out.lines());
    assert_eq!(lines.len(), EXERCISES.len(), "{shown:?}");
    for (Exercise { name: exercise, package, .. }, line) in EXERCISES.iter().zip(lines) {
        let last = line.trim_end().rsplit('\r').next().unwrap_or_default();
        assert!(last.starts_with(exercise), "{shown:?}");
        assert_eq!(last.matches(package).count(), 1, "{shown:?}");
    }
}

#[test]
fn hints_come_one_after_the_other() {
    if cargo().is_none() {
        return; // built on another machine
    }
    let first = ended(lab(&["hint", "retry", "1"]));
    assert!(first.out.starts_with("提示 1（共 3 条）：限时等待\n\n"), "{first:?}");
    let second = ended(lab(&["hint", "retry"]));
    assert!(second.out.starts_with("提示 2（共 "), "{second:?}");
    assert_eq!((first.status, second.status), (Some(0), Some(0)));
    let none = ended(lab(&["hint", "retry", "99"]));
    assert_eq!(none.status, Some(1), "{none:?}");
    assert!(none.out.contains("没有更多了"), "{none:?}");
    for Exercise { name: exercise, .. } in EXERCISES {
        let hint = ended(lab(&["hint", exercise, "2"]));
        assert!(hint.out.starts_with("提示 2（共 "), "{exercise}: {hint:?}");
    }
}

#[test]
fn what_is_no_command_is_refused() {
    if cargo().is_none() {
        return; // built on another machine
    }
    for (arguments, problem) in [
        (&["nonsense"][..], "没有 nonsense 这个命令"),
        (&["check"], "cargo lab check 的后面要写练习的名字"),
        (&["check", "nonsense"], "没有 nonsense 这个练习，练习有：retry、"),
        (&["start", "retry", "more"], "参数太多，多余的是 more"),
        (&["hint", "retry", "0"], "0 不是提示的编号"),
    ] {
        let refused = ended(lab(arguments));
        assert_eq!((refused.status, refused.out.as_str()), (Some(2), ""), "{refused:?}");
        assert!(refused.err.starts_with(problem), "{refused:?}");
    }
    let help = ended(lab(&["--help"]));
    assert_eq!(help.status, Some(0), "{help:?}");
    assert!(help.out.starts_with("用法：cargo lab"), "{help:?}");
}

/// The checks that `cargo lab` counts are those that the tests of the package have.
#[test]
fn no_check_is_left_out() {
    if cargo().is_none() {
        return; // built on another machine
    }
    let overview = ended(lab(&["--tsv"]));
    for Exercise { name: exercise, package, .. } in EXERCISES {
        let mut list = cargo().unwrap();
        list.args(["test", "--quiet", "--package", package, "--test", "exercises", "--"]);
        list.args(["--list", "--ignored", &format!("{exercise}::mine::")]);
        let listed = list.output().unwrap().stdout;
        let listed = String::from_utf8(listed).unwrap().matches(": test\n").count();
        let line = overview.out.lines().find(|line| line.starts_with(&format!("{exercise}\t")));
        let all = line.and_then(|line| line.rsplit('\t').next());
        assert_eq!(all, Some(&*listed.to_string()), "{exercise}: {overview:?}");
    }
}

/// A teacher hands out the exercises, and nothing that gives them away.
#[test]
fn a_handout_has_no_solutions_and_no_answers() {
    if cargo().is_none() {
        return; // built on another machine
    }
    let directory = tempdir().unwrap();
    let copy = directory.path().join("handout");
    let told = copy.to_str().unwrap();
    let made = ended(lab(&["handout", told]));
    assert_eq!(made.status, Some(0), "{made:?}");
    for Exercise { name: exercise, package, .. } in EXERCISES {
        let solution = format!("{package}/examples/{exercise}.rs");
        assert!(root().join(&solution).exists() && !copy.join(&solution).exists());
        let shows = |sheet: &str, kept: &[&str], left_out: &[&str]| {
            let sheet = fs::read_to_string(copy.join(package).join(sheet)).unwrap();
            let found = |text: &&str| sheet.contains(*text);
            assert!(kept.iter().all(found), "{package}: {kept:?}");
            assert!(!left_out.iter().any(found), "{package}: {left_out:?}");
        };
        shows(
            "README.md",
            &["<summary>Hint: ", "\n## Questions\n"],
            &[">Answer<", ">A solution<", ">Solutions<"],
        );
        shows("README.zh-CN.md", &["<summary>提示：", "\n## 思考题\n"], &[">答案<", ">参考解答<"]);
        let checks = fs::read_to_string(copy.join(package).join("tests/exercises.rs")).unwrap();
        assert!(checks.contains(" => ") && checks.contains("    wrong []\n"), "{package}");
    }
    let again = ended(lab(&["handout", told]));
    assert_eq!(again.status, Some(2), "{again:?}");
}

/// Scripts as a student types them in: one that does not start, and one that says something else.
#[cfg(target_os = "linux")] // as what the sheets show
#[test]
fn scripts_are_compared_with_the_programs() {
    if testing::python().is_none() {
        return;
    }
    let scripts = tempdir().unwrap();
    let source =
        |name: &str| fs::read_to_string(root().join("common/testing/scripts").join(name)).unwrap();
    let write = |name: &str, text: String| fs::write(scripts.path().join(name), text).unwrap();
    write("feiq_sender.py", source("feiq_sender.py").replace("while True:", "while True"));
    write("udp_client.py", source("udp_client.py").replace("decode()", "decode(errors='replace')"));
    let told = scripts.path().to_str().unwrap();
    let compared = Program::start(env!("CARGO_BIN_EXE_lab"), &["compare", told]);
    let compared = ended(compared);
    assert_eq!(compared.status, Some(1), "{compared:?}");
    for line in [
        "feiq_sender.py（对应 feiq-sender）\n  不能启动：SyntaxError: ",
        "udp_server.py（对应 udp-server）\n  没有这个文件\n",
        "udp_client.py（对应 udp-client）\n  能启动\n  与 udp-server 通信：成功\n  1. ",
        "\n  8. 回复中有不是 UTF-8 的字节：与讲义不符：讲义第 ",
    ] {
        assert!(compared.out.contains(line), "{line}: {}", compared.out);
    }
    let none = ended(Program::start(env!("CARGO_BIN_EXE_lab"), &["compare", "/nonsense"]));
    assert_eq!(none.status, Some(2), "{none:?}");
}

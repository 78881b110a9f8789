//! What the checks of an exercise run on: the worked solution, the student's own one, and what must
//! not pass, the unchanged program and some wrong solutions.

use super::{A_WHILE, CAME, Check, EXPECTED};
use crate::{DEADLINE, example, root, try_build};
use std::any::Any;
use std::collections::HashSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// The name of a check, the check, and what it expects when it fails on the unchanged program.
pub type Expected<'a> = (&'static str, fn(&Check), &'a str);

/// A wrong solution: its name, the check that catches it, what that check expects when it does, and
/// how the worked solution is changed into it. Each text to change is there just once.
pub type Wrong<'a> = (&'static str, fn(&Check), &'static str, &'a [(&'a str, &'a str)]);

impl Check {
    /// A check of the worked solution, `PACKAGE/examples/EXERCISE.rs`. It must not panic, not even in
    /// a thread whose end nobody notices. `None`: it was not handed out.
    pub fn of_solution(package: &str, exercise: &str) -> Option<Check> {
        let exe = solution(package, exercise)?;
        Some(Check::of(exe, DEADLINE, true))
    }

    /// A check of the student's solution, `PACKAGE/examples/my_EXERCISE.rs`.
    pub fn of_mine(package: &str, exercise: &str) -> Check {
        match mine(package, exercise) {
            Ok(exe) => Check::of(exe, A_WHILE, false),
            Err(problem) => {
                eprintln!("\n{problem}\n");
                std::panic::resume_unwind(Box::new(problem)) // without the lines of the panic hook
            }
        }
    }
}

/// The executable of the worked solution of an exercise; `None`: it was not handed out.
pub fn solution(package: &str, exercise: &str) -> Option<PathBuf> {
    let source = root().join(format!("{package}/examples/{exercise}.rs"));
    // Where tests run that were built elsewhere, there are no sources either.
    let is_there = source.exists() || crate::cargo().is_none();
    is_there.then(|| example(package, exercise))
}

/// Where the student's solution of an exercise is.
pub fn path_of_mine(package: &str, exercise: &str) -> PathBuf {
    root().join(format!("{package}/examples/my_{exercise}.rs"))
}

/// The executable of the student's solution, or why there is none.
fn mine(package: &str, exercise: &str) -> Result<PathBuf, String> {
    /// Those that did not compile: the errors are told once.
    static BROKEN: Mutex<Option<HashSet<String>>> = Mutex::new(None);
    let name = format!("my_{exercise}");
    let path = format!("{package}/examples/{name}.rs");
    if !path_of_mine(package, exercise).exists() {
        return Err(format!(
            "还没有 {path}。先复制一份原来的程序，再在里面写你的解答：\n    \
             cargo lab start {exercise}\n\
             或者\n    cp {package}/src/main.rs {path}"
        ));
    }
    let mut broken = BROKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let broken = broken.get_or_insert_default();
    if broken.contains(&name) {
        return Err(format!("{path} 编译不通过（编译器的输出见另一项检查）"));
    }
    match try_build(&["--package", package, "--example", &name]) {
        Ok(built) => Ok(built.join("examples").join(crate::executable(&name))),
        Err(errors) => {
            broken.insert(name);
            Err(format!("{path} 编译不通过：\n\n{errors}"))
        }
    }
}

/// The checks fail on the unchanged program `exe`, each of them at the right place: when it expects
/// what is told here. (Not where the worked solutions were not handed out: some checks need one.)
pub fn mirror_must_fail(exe: &str, package: &str, exercise: &str, checks: &[Expected]) {
    if solution(package, exercise).is_none() {
        return;
    }
    must_fail(checks.iter().map(|&(name, check, expected)| {
        let what = format!("未经修改的程序在检查 {name} 中");
        (what, PathBuf::from(exe), check, expected)
    }));
}

/// Each wrong solution of an exercise is caught by its check, at the right place.
pub fn wrong_must_fail(package: &str, exercise: &str, wrong: &[Wrong]) {
    if wrong.is_empty() {
        return;
    }
    let Some(executables) = build_wrong(package, exercise, wrong) else {
        return;
    };
    must_fail(wrong.iter().map(|&(name, check, expected, _)| {
        let what = format!("错误的解答 {name}");
        let exe = executables.join(crate::executable(name));
        (what, exe, check, expected)
    }));
}

/// What is tried, its executable, the check that fails, and what it expects when it does.
type Tried<'a> = (String, PathBuf, fn(&Check), &'a str);

fn must_fail<'a>(all: impl Iterator<Item = Tried<'a>>) {
    thread::scope(|scope| {
        let all: Vec<_> = all
            .map(|(what, exe, check, expected)| {
                let run = move || {
                    let tried = Check::of(exe, A_WHILE, false);
                    let ended = catch_unwind(AssertUnwindSafe(|| check(&tried)));
                    (what, expected, ended)
                };
                scope.spawn(run)
            })
            .collect();
        for tried in all {
            let (what, expected, ended) = tried.join().unwrap();
            let report = ended.expect_err(&format!("{what}竟然通过了"));
            let report = report_of(&*report);
            let (_, came) = report.split_once(EXPECTED).unwrap_or_default();
            let (wanted, _) = came.split_once(CAME).unwrap_or_default();
            assert!(
                wanted.contains(expected),
                "{what}没有通过，但不是因为期望“{expected}”：\n{report}"
            );
        }
    });
}

fn report_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or_default()
}

/// Builds the wrong solutions of an exercise, in a package of their own below the directory of build
/// results, and returns the directory of the executables. `None`: there is no cargo here.
fn build_wrong(package: &str, exercise: &str, wrong: &[Wrong]) -> Option<PathBuf> {
    let source = root().join(format!("{package}/examples/{exercise}.rs"));
    let source = fs::read_to_string(source).unwrap();
    let all = crate::built().parent().unwrap().join("wrong-solutions");
    let directory = all.join(exercise);
    let sources = directory.join("src/bin");
    // Files that do not change keep their times, so cargo builds only what has changed.
    for old in fs::read_dir(&sources).into_iter().flatten() {
        let old = old.unwrap().path();
        let known = |(name, ..): &Wrong| old.file_stem().is_some_and(|stem| stem == *name);
        if !wrong.iter().any(known) {
            fs::remove_file(old).unwrap();
        }
    }
    for (name, _, _, changes) in wrong {
        let changed = format!("#![allow(warnings)]\n{}", change(name, &source, changes));
        write_if_changed(&sources.join(format!("{name}.rs")), &changed);
    }
    write_if_changed(&directory.join("Cargo.toml"), &manifest(package, exercise));
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let own_lock = directory.join("Cargo.lock");
    if !own_lock.exists() {
        fs::write(own_lock, lock).unwrap();
    }
    let mut build = crate::cargo()?;
    build.args(["build", "--quiet", "--offline"]);
    build.current_dir(&directory);
    build.env("CARGO_TARGET_DIR", all.join("target"));
    let status = build.status().unwrap();
    assert!(status.success(), "{build:?}: {status}");
    Some(all.join("target/debug"))
}

fn change(name: &str, source: &str, changes: &[(&str, &str)]) -> String {
    let mut changed = source.to_string();
    for (from, to) in changes {
        let times = changed.matches(from).count();
        assert_eq!(times, 1, "{name}: {from:?} is there {times} times");
        changed = changed.replace(from, to);
    }
    changed
}

fn write_if_changed(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A package outside the workspace, with what an example of `package` may use.
fn manifest(package: &str, exercise: &str) -> String {
    let mut manifest = format!(
        "[package]\nname = \"wrong-{exercise}\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [profile.dev]\ndebug = false\n\n[dependencies]\n"
    );
    let mut depend = |name: &str| {
        let path = root().join(name);
        manifest += &format!("{name} = {{ path = '{}' }}\n", path.display());
    };
    depend("common");
    if root().join(package).join("src/lib.rs").exists() {
        depend(package);
    }
    manifest
}

/// The tests of an exercise, from its checks. `retry::solution` tries the worked solution,
/// `retry::mine` the student's own one (ignored unless asked for), and `retry::mirror` the unchanged
/// program, where each check must fail when it expects what is told behind the arrow. `retry::wrong`
/// tries wrong solutions ([`Wrong`]). The checks of a long exercise come in stages; one that takes long
/// is marked with `#[ignore = "…"]`, for the worked solution only.
///
/// [`Wrong`]: crate::exercise::solutions::Wrong
#[macro_export]
#[allow(clippy::crate_in_macro_def, reason = "the checks are where this is called")]
macro_rules! exercise {
    (
        $exercise:ident of $package:literal { $($(#[$slow:meta])? $check:ident => $expected:literal,)+ }
        wrong [ $($wrong:expr,)* ]
    ) => {
        mod $exercise {
            mod solution {
                $crate::exercise!(@solution $package $exercise $([$($slow)?] $check)+);
            }
            mod mine {
                $crate::exercise!(@mine $package $exercise $($check)+);
            }
            $crate::exercise!(@failing $package $exercise [$($wrong,)*] $($check => $expected,)+);
        }
    };
    (
        $exercise:ident of $package:literal {
            $($stage:ident { $($(#[$slow:meta])? $check:ident => $expected:literal,)+ })+
        }
        wrong [ $($wrong:expr,)* ]
    ) => {
        mod $exercise {
            mod solution {
                $(mod $stage {
                    $crate::exercise!(@solution $package $exercise $([$($slow)?] $check)+);
                })+
            }
            mod mine {
                $(mod $stage {
                    $crate::exercise!(@mine $package $exercise $($check)+);
                })+
            }
            $crate::exercise!(@failing $package $exercise [$($wrong,)*]
                $($($check => $expected,)+)+);
        }
    };
    (@solution $package:literal $exercise:ident $([$($slow:meta)?] $check:ident)+) => {
        $(#[test]
        $(#[$slow])?
        fn $check() {
            if let Some(check) = $crate::exercise::Check::of_solution($package, stringify!($exercise)) {
                crate::$check(&check);
            }
        })+
    };
    (@mine $package:literal $exercise:ident $($check:ident)+) => {
        $(#[test]
        #[ignore = "检查你自己的解答，要加 --ignored 才运行"]
        fn $check() {
            crate::$check(&$crate::exercise::Check::of_mine($package, stringify!($exercise)));
        })+
    };
    (
        @failing $package:literal $exercise:ident [$($wrong:expr,)*]
        $($check:ident => $expected:literal,)+
    ) => {
        #[test]
        fn mirror_fails() {
            $crate::exercise::solutions::mirror_must_fail(
                env!(concat!("CARGO_BIN_EXE_", $package)),
                $package,
                stringify!($exercise),
                &[$((stringify!($check), crate::$check, $expected)),+],
            );
        }

        #[test]
        fn wrong_solutions_fail() {
            #[allow(unused_imports, reason = "the checks, where there are wrong solutions")]
            use crate::*;
            $crate::exercise::solutions::wrong_must_fail($package, stringify!($exercise), &[$($wrong),*]);
        }
    };
}

//! What the checks of an exercise run on: the worked solution, the student's own one, and what must
//! not pass, the unchanged program and some wrong solutions.

use super::{Check, Exercise, Failure, PATIENCE};
use crate::{DEADLINE, example, root, try_build};
use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

/// A program on which a check must fail, and where.
pub struct Wrong {
    /// The name of the wrong solution; for the unchanged program, that of the check.
    pub name: &'static str,
    /// The check that catches it.
    pub check: fn(&Check),
    /// What the check expects when it does.
    pub expected: &'static str,
    /// How the worked solution is changed into it. Each text to change is there just once.
    pub changes: &'static [(&'static str, &'static str)],
}

impl Check {
    /// A check of the worked solution, `PACKAGE/examples/EXERCISE.rs`. It must not panic, not even in
    /// a thread whose end nobody notices. `None`: it was not handed out.
    pub fn of_solution(package: &str, exercise: &str) -> Option<Check> {
        let exe = solution(package, exercise)?;
        Some(Check::of(exe, DEADLINE, true))
    }

    /// A check of the student's solution, `PACKAGE/examples/my_EXERCISE.rs`.
    pub fn of_mine(exercise: &str) -> Check {
        match mine(Exercise::find(exercise).unwrap()) {
            Ok(exe) => Check::of(exe, PATIENCE, false),
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
    // Each check asks for it, and cargo takes its time to see that there is nothing to do.
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let build = || {
        BUILT
            .lock()
            .unwrap()
            .entry(exercise.into())
            .or_insert_with(|| example(package, exercise))
            .clone()
    };
    is_there.then(build)
}

/// The executable of the student's solution, or why there is none.
fn mine(exercise: &Exercise) -> Result<PathBuf, String> {
    let (Exercise { name, package, .. }, path) = (exercise, exercise.told_path());
    let mine = format!("my_{name}");
    // `cargo lab` has built it, and keeps what is judged apart from what is built meanwhile.
    if let Some(built) = std::env::var_os(format!("LAB_{mine}")) {
        return Ok(built.into());
    }
    if !exercise.path().exists() {
        return Err(format!(
            "还没有 {path}。先复制一份原来的程序，再在里面写你的解答：\n    \
             cargo lab start {name}\n\
             或者\n    cp {package}/src/main.rs {path}"
        ));
    }
    // One check after the other: cargo builds once, and for the others there is nothing to do.
    let built = try_build(&["--package", package, "--example", &mine]);
    let built = built.map_err(|errors| format!("{path} 编译不通过：\n\n{errors}"))?;
    Ok(built.join("examples").join(crate::executable(&mine)))
}

/// The checks fail on the unchanged program `exe`, each of them at the right place: when it expects
/// what is told here. (Not where the worked solutions were not handed out: some checks need one.)
pub fn mirror_must_fail(exe: &str, package: &str, exercise: &str, checks: &[Wrong]) {
    if solution(package, exercise).is_some() {
        must_fail(checks, "未经修改的程序在检查", |_| PathBuf::from(exe));
    }
}

/// Each wrong solution of an exercise is caught by its check, at the right place.
pub fn wrong_must_fail(package: &str, exercise: &str, wrong: &[Wrong]) {
    if wrong.is_empty() {
        return;
    }
    if let Some(executables) = build_wrong(package, exercise, wrong) {
        must_fail(wrong, "错误的解答", |name| executables.join(crate::executable(name)));
    }
}

fn must_fail(all: &[Wrong], what: &str, exe: impl Fn(&str) -> PathBuf) {
    thread::scope(|scope| {
        let run = |wrong: &Wrong| {
            let (check, tried) = (wrong.check, Check::of(exe(wrong.name), PATIENCE, false));
            scope.spawn(move || catch_unwind(AssertUnwindSafe(|| check(&tried))))
        };
        let running: Vec<_> = all.iter().map(run).collect();
        for (Wrong { name, expected, .. }, tried) in all.iter().zip(running) {
            match tried.join().unwrap().map_err(|panic| panic.downcast::<Failure>()) {
                Ok(()) => panic!("{what} {name}：竟然通过了"),
                Err(Ok(failure)) => assert!(
                    failure.expected.contains(expected),
                    "{what} {name}：没有通过，但不是因为期望“{expected}”：\n{}",
                    failure.report
                ),
                Err(Err(_)) => panic!("{what} {name}：检查本身发生了 panic，见上文"),
            }
        }
    });
}

/// Builds the wrong solutions of an exercise, in a package of their own below the directory of build
/// results, and returns the directory of the executables. `None`: there is no cargo here.
fn build_wrong(package: &str, exercise: &str, wrong: &[Wrong]) -> Option<PathBuf> {
    let source = root().join(format!("{package}/examples/{exercise}.rs"));
    let source = fs::read_to_string(source).unwrap();
    let target = crate::built().parent().unwrap().to_path_buf();
    let directory = target.join("wrong-solutions").join(exercise);
    // All of them are one executable, built in a fraction of the time, with a name for each.
    let (mut modules, mut mains) = (String::new(), String::new());
    for Wrong { name, changes, .. } in wrong {
        let changed = change(name, &source, changes).replace("\nfn main()", "\npub fn main()");
        let changed = format!("#![allow(warnings)]\n{changed}");
        write_if_changed(&directory.join(format!("src/{name}.rs")), &changed);
        modules += &format!("mod {name};\n");
        mains += &format!("Some(\"{name}\") => {name}::main(),");
    }
    let main = format!(
        "{modules}fn main() -> std::process::ExitCode {{
    let exe = std::env::current_exe().unwrap();
    match exe.file_stem().and_then(|name| name.to_str()) {{ {mains} _ => unreachable!() }}\n}}"
    );
    // Files that do not change keep their times, so cargo builds only what has changed.
    write_if_changed(&directory.join("src/main.rs"), &main);
    write_if_changed(&directory.join("Cargo.toml"), &manifest(package, exercise));
    let lock = directory.join("Cargo.lock");
    if !lock.exists() {
        fs::copy(root().join("Cargo.lock"), lock).unwrap();
    }
    let mut build = crate::cargo()?;
    build.args(["build", "--quiet", "--offline"]);
    build.current_dir(&directory);
    build.env("CARGO_TARGET_DIR", &target);
    let status = build.status().unwrap();
    assert!(status.success(), "{build:?}: {status}");
    let built = target.join("debug").join(crate::executable(&format!("wrong-{exercise}")));
    let named = directory.join("named");
    let _ = fs::remove_dir_all(&named);
    fs::create_dir_all(&named).unwrap();
    for Wrong { name, .. } in wrong {
        let name = named.join(crate::executable(name));
        fs::hard_link(&built, &name).or_else(|_| fs::copy(&built, &name).map(drop)).unwrap();
    }
    Some(named)
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
         [dependencies]\n"
    );
    let mut depend = |name: &str| {
        let path = root().join(name);
        manifest += &format!("{name} = {{ path = {:?} }}\n", path.display().to_string());
    };
    depend("common");
    if root().join(package).join("src/lib.rs").exists() {
        depend(package);
    }
    manifest
}

/// Prints the checks, one a line behind `check: `: its stage, its name, its title.
pub fn list(stages: &[(&str, &[&str])]) {
    println!(); // behind what the test harness has begun
    for (stage, checks) in stages {
        checks.iter().for_each(|check| println!("check: {stage}{check}"));
    }
}

/// The tests of an exercise, from its checks, each with its title for students. `retry::solution`
/// tries the worked solution, `retry::mine` the student's own one (ignored unless asked for), and
/// `retry::mirror_fails` the unchanged program, where each check must fail when it expects what is
/// told behind the arrow.
/// The checks of a long exercise come in stages; one that takes long is marked with
/// `#[ignore = "…"]`, for the worked solution only.
///
/// The ignored test `retry::list`, run with `--ignored --exact --nocapture`, prints the checks in
/// their order, one a line: `check: NAME TITLE`, or `check: STAGE::NAME TITLE`.
///
/// [`Wrong`]: crate::exercise::solutions::Wrong
#[macro_export]
#[allow(clippy::crate_in_macro_def, reason = "the checks are where this is called")]
macro_rules! exercise {
    ($exercise:ident of $package:literal { $($stage:ident { $($checks:tt)+ })+ }) => {
        $crate::exercise!(@tests $exercise $package $([$stage] { $($checks)+ })+);
    };
    ($exercise:ident of $package:literal { $($checks:tt)+ }) => {
        $crate::exercise!(@tests $exercise $package [] { $($checks)+ });
    };
    (
        @tests $exercise:ident $package:literal
        $([$($stage:ident)?] { $($(#[$slow:meta])? $check:ident $title:literal => $expected:literal,)+ })+
    ) => {
        mod $exercise {
            use $crate::exercise::solutions;

            mod solution {
                $($crate::exercise!(@in [$($stage)?] $(
                    #[test]
                    $(#[$slow])?
                    fn $check() {
                        let check = $crate::exercise::Check::of_solution(
                            $package, stringify!($exercise)
                        );
                        check.iter().for_each(crate::$check);
                    }
                )+);)+
            }

            mod mine {
                $($crate::exercise!(@in [$($stage)?] $(
                    #[test]
                    #[ignore = "检查你自己的解答，要加 --ignored 才运行"]
                    fn $check() {
                        crate::$check(&$crate::exercise::Check::of_mine(stringify!($exercise)));
                    }
                )+);)+
            }

            #[test]
            #[ignore = "列出各项检查"]
            fn list() {
                solutions::list(&[$(
                    (concat!($(stringify!($stage), "::")?), &[$(concat!(stringify!($check), " ", $title)),+])
                ),+]);
            }

            #[test]
            fn mirror_fails() {
                let exe = env!(concat!("CARGO_BIN_EXE_", $package));
                solutions::mirror_must_fail(exe, $package, stringify!($exercise), &[$($(
                    solutions::Wrong {
                        name: stringify!($check),
                        check: crate::$check,
                        expected: $expected,
                        changes: &[],
                    },
                )+)+]);
            }
        }
    };
    (@in [] $($tests:tt)+) => { $($tests)+ };
    (@in [$stage:ident] $($tests:tt)+) => { mod $stage { $($tests)+ } };
}

/// A test that wrong solutions of an exercise fail ([`Wrong`]), each with the check that catches it,
/// what that expects, and the texts that are changed.
///
/// [`Wrong`]: crate::exercise::solutions::Wrong
#[macro_export]
#[allow(clippy::crate_in_macro_def, reason = "the checks are where this is called")]
macro_rules! wrong_solutions {
    ($exercise:ident of $package:literal [$(
        $(#[$system:meta])?
        $name:ident: $catches:ident => $expects:literal $(, $from:expr => $to:expr)+;
    )*]) => {
        mod $exercise {
            use super::*;
            use $crate::exercise::solutions;

            #[test]
            fn wrong_solutions_fail() {
                solutions::wrong_must_fail($package, stringify!($exercise), &[$(
                    $(#[$system])?
                    solutions::Wrong {
                        name: stringify!($name),
                        check: crate::$catches,
                        expected: $expects,
                        changes: &[$(($from, $to)),+],
                    },
                )*]);
            }
        }
    };
}

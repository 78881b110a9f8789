//! Where the executables are: the programs and their examples, built first, and Python.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// The directory of the workspace.
pub fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap()
}

/// The directory of the executables, in the profile in which this test or benchmark was built.
pub(crate) fn built() -> PathBuf {
    // target/debug/deps/exercises-…, or target/debug/lab
    let directory = std::env::current_exe().unwrap().parent().unwrap().to_path_buf();
    if directory.ends_with("deps") { directory.parent().unwrap().into() } else { directory }
}

/// Builds `what` with the cargo that runs this test or benchmark, and in the same profile. Returns
/// the directory of the executables.
pub fn build(what: &[&str]) -> PathBuf {
    try_build(what).unwrap_or_else(|errors| panic!("cargo build {what:?}: {errors}"))
}

/// The same, or what the compiler says.
pub(crate) fn try_build(what: &[&str]) -> Result<PathBuf, String> {
    let built = built();
    let Some(mut build) = cargo() else {
        return Ok(built); // they lie beside the tests
    };
    build.args(["build", "--quiet"]).args(what);
    match built.file_name().and_then(|profile| profile.to_str()) {
        Some("debug") | None => {}
        Some(profile) => drop(build.args(["--profile", profile])),
    }
    let ended = build.output().map_err(|error| error.to_string())?;
    if !ended.status.success() {
        return Err(String::from_utf8_lossy(&ended.stderr).into_owned());
    }
    Ok(built)
}

/// The cargo that runs this test or benchmark, in the directory of the workspace. `None`: it was
/// built on another machine, and there is no such cargo here.
pub fn cargo() -> Option<Command> {
    let path = Path::new(env!("CARGO"));
    let mut cargo = Command::new(path);
    cargo.current_dir(root()).stdin(Stdio::null());
    path.exists().then_some(cargo)
}

/// The executable of an example.
pub fn example(package: &str, name: &str) -> PathBuf {
    let built = build(&["--package", package, "--example", name]);
    built.join("examples").join(executable(name))
}

/// The executable of another program of this workspace.
pub fn sibling(name: &str) -> PathBuf {
    build(&["--package", name]).join(executable(name))
}

pub(crate) fn executable(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

/// Python 3, unbuffered and in UTF-8, or a note that it is missing and `None`.
pub fn python() -> Option<Command> {
    static FOUND: LazyLock<Option<&str>> = LazyLock::new(|| {
        let is_python_3 = |name: &&str| {
            let version = ["-c", "import sys; sys.exit(sys.version_info < (3,))"];
            let ended = Command::new(name).args(version).output();
            ended.is_ok_and(|ended| ended.status.success())
        };
        ["python3", "py", "python"].into_iter().find(is_python_3) // two of them on Windows
    });
    let Some(python) = *FOUND else {
        assert!(std::env::var_os("CI").is_none(), "Python 3 is missing");
        eprintln!("Python 3 is missing: skipped");
        return None;
    };
    let mut command = Command::new(python);
    command.arg("-u").env("PYTHONIOENCODING", "utf-8");
    Some(command)
}

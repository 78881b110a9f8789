//! Building what is judged, and the checks that judge it.

use crate::exercise::{Check, Exercise};
use crate::left::Directory;
use common::{Context, Error};
use std::fs::{self, File};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use testing::root;

/// What cargo has built: the executable, and whether it was there before.
struct Built {
    executable: Option<PathBuf>,
    is_old: bool,
    /// What the compiler says.
    said: Vec<u8>,
}

/// Why there is no executable.
pub enum Unbuilt {
    DoesNotCompile,
    /// On Windows nobody replaces a program that is running.
    IsRunning,
}

/// Runs cargo for one target of this kind.
fn cargo(kind: &str, arguments: &[&str]) -> Result<Built, Error> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(arguments).args(["--quiet", "--message-format", "json-render-diagnostics"]);
    cargo.args(["--color", if io::stderr().is_terminal() { "always" } else { "never" }]);
    cargo.current_dir(root()).stdin(Stdio::null());
    let Output { status, stdout, stderr } = cargo.output().context("运行 cargo")?;
    let messages = String::from_utf8_lossy(&stdout);
    // Each line is a message about one product: the libraries, the program itself, and the target.
    let kind = format!("\"kind\":[\"{kind}\"]");
    let of_target = messages.lines().filter(|line| status.success() && line.contains(&kind));
    let executable = of_target.clone().find_map(|message| {
        let (_, rest) = message.split_once("\"executable\":\"")?;
        let (path, _) = rest.split_once('"')?;
        Some(PathBuf::from(path.replace("\\\\", "\\")))
    });
    let is_old = of_target.clone().all(|message| message.contains("\"fresh\":true"));
    Ok(Built { executable, is_old, said: stderr })
}

/// Builds the student's file as it is now, and returns a copy of the executable in `directory`, so that
/// all checks judge the same one, or why there is none. What else it is built of is up to cargo, which
/// goes by the dates.
pub fn mine(
    exercise: &Exercise,
    directory: &Directory,
    is_told: bool,
) -> Result<Result<PathBuf, Unbuilt>, Error> {
    let (path, told) = (exercise.path(), exercise.told_path());
    let example = format!("my_{}", exercise.name);
    let build = ["build", "--package", exercise.package, "--example", &example];
    let read = || fs::read(&path).context(format!("读取 {told}"));
    let mut removed = false;
    loop {
        let content = read()?;
        let Built { executable, is_old, said } = cargo("example", &build)?;
        let Some(executable) = executable else {
            if is_running(&said) {
                return Ok(Err(Unbuilt::IsRunning));
            }
            if is_told {
                let _ = io::stderr().write_all(&said);
            }
            return Ok(Err(Unbuilt::DoesNotCompile));
        };
        // An older date tells cargo nothing, although the content may be another one.
        if is_old && !is_built_of(exercise, &executable, &content) {
            if removed {
                let problem = format!("cargo 没有重新编译 {told}，先运行 cargo clean");
                return Err(Error::Fatal(problem));
            }
            removed = true;
            match remove(&executable, &example) {
                Err(error) if error.kind() == ErrorKind::PermissionDenied && cfg!(windows) => {
                    return Ok(Err(Unbuilt::IsRunning));
                }
                result => result.context("删除旧的编译结果")?,
            }
            continue;
        }
        let copy = directory.0.join(executable.file_name().unwrap_or_default());
        fs::copy(&executable, &copy).context("复制编译好的程序")?;
        // Saved meanwhile? Then nobody knows which content the compiler has read.
        if read()? == content {
            if is_told {
                let _ = io::stderr().write_all(&said); // warnings
            }
            remember(exercise, &executable, &content).context("记下编译的是什么")?;
            return Ok(Ok(copy));
        }
    }
}

/// Whether cargo could not replace the program, in the words of cargo, of the linker, or of Windows.
fn is_running(said: &[u8]) -> bool {
    let said = String::from_utf8_lossy(said);
    let words = ["failed to remove file", "LNK1104", "拒绝访问", "Access is denied", "os error 5)"];
    cfg!(windows) && words.iter().any(|words| said.contains(words))
}

/// The content that was built last. The date of this file is that of the executable.
fn memory(exercise: &Exercise) -> PathBuf {
    results().join(format!("my_{}.rs", exercise.name))
}

fn is_built_of(exercise: &Exercise, executable: &Path, content: &[u8]) -> bool {
    let memory = memory(exercise);
    let date = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    date(&memory) == date(executable) && fs::read(memory).is_ok_and(|built| built == content)
}

fn remember(exercise: &Exercise, executable: &Path, content: &[u8]) -> io::Result<()> {
    let mut memory = File::create(memory(exercise))?;
    memory.write_all(content)?;
    memory.set_modified(fs::metadata(executable)?.modified()?)
}

/// Removes an executable with all that cargo has beside it, so that it builds it again.
fn remove(executable: &Path, example: &str) -> io::Result<()> {
    let directory = executable.parent().unwrap_or(executable);
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let rest = name.strip_prefix(example);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-'])) {
            let path = directory.join(name);
            // Symbols for a debugger are a directory on macOS.
            if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
        }
    }
    Ok(())
}

/// Builds the tests of an exercise, and returns their executable and its checks in their order.
pub fn checks(exercise: &Exercise) -> Result<(PathBuf, Vec<Check>), Error> {
    let package = exercise.package;
    let build = ["test", "--no-run", "--package", package, "--test", "exercises"];
    let Built { executable, said, .. } = cargo("test", &build)?;
    let Some(tests) = executable else {
        let said = String::from_utf8_lossy(&said);
        return Err(Error::Fatal(format!("{said}无法编译 {package} 的检查")));
    };
    let list = format!("{}::list", exercise.name);
    let listed = Command::new(&tests).args(["--exact", &list, "--ignored", "--nocapture"]).output();
    let listed = String::from_utf8_lossy(&listed.context("列出检查")?.stdout).into_owned();
    Ok((tests, listed.lines().filter_map(Check::parse).collect()))
}

/// Where the tool keeps what it must remember: beside the results of the build.
pub fn results() -> PathBuf {
    let lab = std::env::current_exe().unwrap_or_default(); // target/debug/lab
    lab.ancestors().nth(2).unwrap_or(&lab).join("lab")
}

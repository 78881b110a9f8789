//! What must not be left behind, also where Ctrl-C ends the tool: processes and directories.

use common::{Context, Error, interrupt};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use testing::TempDir;

struct Left {
    groups: Vec<u32>,
    directories: Vec<PathBuf>,
}

static LEFT: Mutex<Left> = Mutex::new(Left { groups: Vec::new(), directories: Vec::new() });

fn left() -> MutexGuard<'static, Left> {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on Ctrl-C takes everything away before it ends the tool.
pub fn take_away_on_interrupt() -> Result<(), Error> {
    let handler = || {
        // Nothing begins any more, and nothing is told, while this is locked.
        let left = left();
        left.groups.iter().copied().chain(testing::running_lines()).for_each(end_group);
        for directory in &left.directories {
            let _ = fs::remove_dir_all(directory);
        }
        interrupt::end_program("收到中断信号，程序结束", 130)
    };
    ctrlc::set_handler(handler).map_err(io::Error::other).context("接管 Ctrl-C")
}

/// Starts a process in a group of its own, to which all that it starts belongs.
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let mut left = left();
    let child = command.spawn()?;
    left.groups.push(child.id());
    Ok(child)
}

/// Waits for the end of a process that has come to it or is to come to it now; its group ends with it.
pub fn end(child: &mut Child) -> bool {
    end_group(child.id());
    let succeeded = child.wait().is_ok_and(|status| status.success());
    left().groups.retain(|group| *group != child.id());
    succeeded
}

/// Ends all processes that are running.
pub fn end_all() {
    left().groups.iter().for_each(|group| end_group(*group));
}

fn end_group(group: u32) {
    let group = group.to_string();
    let mut kill = Command::new(if cfg!(windows) { "taskkill" } else { "sh" });
    if cfg!(windows) {
        kill.args(["/F", "/T", "/PID", &group]);
    } else {
        kill.args(["-c", "kill -KILL -$0", &group]);
    }
    let _ = kill.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
}

/// A directory that goes with this value.
pub struct Directory(pub PathBuf);

impl Directory {
    /// A new one in `parent`, under a name that nobody has.
    pub fn temporary(parent: &Path) -> Result<Directory, Error> {
        fs::create_dir_all(parent).context(format!("创建目录 {}", parent.display()))?;
        let made = TempDir::new_in(parent).context("创建临时目录")?;
        Ok(Directory::new(made.keep()))
    }

    /// It has been created just now.
    pub fn new(path: PathBuf) -> Directory {
        left().directories.push(path.clone());
        Directory(path)
    }

    /// It is complete, and stays.
    pub fn keep(&self) {
        left().directories.retain(|directory| *directory != self.0);
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if left().directories.contains(&self.0) {
            let _ = fs::remove_dir_all(&self.0);
            self.keep();
        }
    }
}

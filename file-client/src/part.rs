//! A temporary file that deletes itself unless it is kept.
//!
//! What arrives is written beside the target, and takes the target's name in one step when all of it
//! is there and on the disk. Until then a file of that name stays as it is. Whatever ends the
//! download early (an error, a drop, Ctrl-C) deletes the temporary file; only what ends the program
//! without asking it leaves one behind, `.file-client-PID-N.part`: `kill -9`, Ctrl-\, a power
//! failure, and any signal under `nohup`.

use crate::outcome::{Stage, stage, store};
use common::file_name::{MAX_NAME_LEN, is_special};
use common::{Context, Error};
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process;

/// Where a file of this name is stored: under the last component of the name, in the current
/// directory. A whole name, `../x` or `/etc/x`, would lead elsewhere.
///
/// # Errors
/// [`Error::Refused`] for a name that is empty, longer than [`MAX_NAME_LEN`], or no file's.
///
/// ```
/// use file_client::save_path;
///
/// assert_eq!(save_path("../文件/道士.txt")?.to_str(), Some("道士.txt"));
/// assert!(save_path("..").is_err());
/// # Ok::<(), common::Error>(())
/// ```
pub fn save_path(name: &str) -> Result<PathBuf, Error> {
    let refuse = |problem: &str| Err(Error::Refused(format!("文件名 {name} 不能用：{problem}")));
    if name.is_empty() {
        return Err(Error::Refused("文件名不能为空".into()));
    }
    if name.len() > MAX_NAME_LEN {
        return refuse(&format!("超过 {MAX_NAME_LEN} 字节"));
    }
    match Path::new(name).file_name().and_then(|last| last.to_str()) {
        None => refuse("最后一部分不是文件名"),
        Some(last) if is_special(last) => refuse("在 Windows 上不是普通文件的名字"),
        Some(last) => Ok(PathBuf::from(last)),
    }
}

/// The temporary file of a download. There is one at a time.
pub struct Part {
    file: File,
    path: PathBuf,
    target: PathBuf,
}

impl Part {
    /// Creates it: in the directory of `target`, since only within one file system is renaming a
    /// single step.
    ///
    /// # Errors
    /// Those of [`replaceable`], and [`Error::Failed`] where no file can be created there.
    ///
    /// ```no_run
    /// use file_client::{Part, save_path};
    /// use std::io::Write;
    ///
    /// let mut part = Part::beside(&save_path("道士.txt")?)?;
    /// part.write_all(b"...").unwrap();
    /// part.keep()?;
    /// # Ok::<(), common::Error>(())
    /// ```
    pub fn beside(target: &Path) -> Result<Part, Error> {
        let existing = replaceable(target)?;
        let mut stage = stage(); // Ctrl-C waits until the file can be found and deleted
        let mut attempt = 0;
        let (file, path) = loop {
            let name = format!(".file-client-{}-{attempt}.part", process::id());
            let path = target.with_file_name(name);
            // "New": never a file or link that somebody else has put there.
            match File::create_new(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => attempt += 1,
                Err(error) => {
                    return Err(error).context(format!("创建临时文件 {}", path.display()));
                }
                Ok(file) => break (file, path),
            }
        };
        *stage = Stage::Unfinished(path.clone());
        drop(stage);
        let target = target.to_path_buf();
        let part = Part { file, path, target };
        if let Some(permissions) = existing {
            // Whoever was not allowed to read the old file is not allowed to read the new one.
            part.file.set_permissions(permissions).context("设置文件权限")?;
        }
        Ok(part)
    }

    /// Gives it the target's name, replacing an older file of that name in one step.
    ///
    /// # Errors
    /// [`Error::Failed`] where the disk has not taken everything, which some file systems (NFS) say
    /// only now, or where renaming fails. Then nothing is stored, and an older file is still there.
    pub fn keep(self) -> Result<(), Error> {
        let name = self.target.display();
        self.file.sync_all().context(format!("保存 {name}"))?;
        store(|| fs::rename(&self.path, &self.target)).context(format!("保存 {name}"))
    }
}

impl Write for Part {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.file.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut stage = stage();
        if let Stage::Unfinished(path) = &*stage {
            let _ = fs::remove_file(path);
            *stage = Stage::Before;
        }
    }
}

/// Whether a file may take the place of what is at `target` now: returns the permissions of the file
/// that it replaces, `None` where there is nothing.
///
/// # Errors
/// [`Error::Fatal`] where `target` is no regular file, or one that is read-only;
/// [`Error::Failed`] where it cannot be looked at.
///
/// ```
/// use file_client::part::replaceable;
///
/// assert!(replaceable("no-such-file".as_ref())?.is_none());
/// assert_eq!(replaceable("src".as_ref()).unwrap_err().to_string(), "src 已经存在，而且不是普通文件");
/// # Ok::<(), common::Error>(())
/// ```
pub fn replaceable(target: &Path) -> Result<Option<Permissions>, Error> {
    let refuse = |problem: &str| {
        let target = target.display();
        Err(Error::Fatal(format!("{target} 已经存在，而且{problem}")))
    };
    match fs::metadata(target) {
        Ok(existing) if !existing.is_file() => refuse("不是普通文件"),
        Ok(existing) if existing.permissions().readonly() => refuse("是只读的"),
        Ok(existing) => Ok(Some(existing.permissions())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context(format!("查看 {}", target.display())),
    }
}

//! A download into a temporary file that deletes itself unless it is kept.
//!
//! What arrives is written beside the target, and takes the target's name in one step when all of it
//! is there and on the disk. Until then a file of that name stays as it is. Whatever ends the
//! download early (an error, a drop, Ctrl-C) deletes the temporary file; only what ends the program
//! without asking it leaves one behind, `.file-client-PID-TIME.part`: `kill -9`, Ctrl-\, a power
//! failure, a limit to the size of files (`ulimit -f`), and any signal under `nohup`.

use crate::{Outcome, Progress, Stored, outcome::Stage, replaceable};
use common::{Context, Error, retry_interrupted};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// A file that is on its way. Dropping it deletes what has come.
pub struct Download {
    file: File,
    path: PathBuf,
    target: PathBuf,
    outcome: Outcome,
    progress: Progress,
}

impl Download {
    /// Begins one, with a temporary file in the directory of `target`, since only within one file
    /// system is renaming a single step.
    ///
    /// # Errors
    /// Those of [`replaceable`], and [`Error::Failed`] where no file can be created there.
    ///
    /// ```no_run
    /// use file_client::{Download, Outcome};
    ///
    /// let mut download = Download::beside("道士.txt".as_ref(), &Outcome::watch())?;
    /// download.write(b"...")?;
    /// download.keep()?;
    /// # Ok::<(), common::Error>(())
    /// ```
    pub fn beside(target: &Path, outcome: &Outcome) -> Result<Download, Error> {
        let existing = replaceable(target)?;
        let mut stage = outcome.lock(); // Ctrl-C waits until the file can be found and deleted
        let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let name = format!(".file-client-{}-{now}.part", std::process::id());
        let path = target.with_file_name(&name);
        // "New": never a file or link that somebody else has put there.
        let file = File::create_new(&path).context(format!("创建临时文件 {name}"))?;
        *stage = Stage::Unfinished(path.clone());
        let (target, outcome, progress) = (target.into(), outcome.clone(), Progress::start());
        let download = Download { file, path, target, outcome, progress };
        if let Some(permissions) = existing {
            // Whoever was not allowed to read the old file is not allowed to read the new one.
            download.file.set_permissions(permissions).context("设置文件权限")?;
        }
        Ok(download)
    }

    /// Takes the next bytes from the server, and returns their number; 0 is the end of the file.
    ///
    /// # Errors
    /// [`Error::Failed`] where the connection has broken: what has come is not the file.
    pub fn receive(&self, socket: &mut impl Read, buffer: &mut [u8]) -> Result<usize, Error> {
        let tried = format!("继续下载（已收到 {} 字节，没有保存）", self.count());
        retry_interrupted(|| socket.read(buffer)).context(tried)
    }

    /// Adds bytes to the temporary file.
    ///
    /// # Errors
    /// [`Error::Failed`] where the disk does not take them.
    pub fn write(&mut self, data: &[u8]) -> Result<(), Error> {
        let tried = format!("写入文件（已收到 {} 字节，没有保存）", self.count());
        self.file.write_all(data).context(tried)?;
        self.progress.add(data.len());
        Ok(())
    }

    /// How many bytes have been written.
    pub fn count(&self) -> u64 {
        self.progress.count()
    }

    /// Gives the file its name, once all of it is on the disk, replacing an older file in one step.
    ///
    /// # Errors
    /// [`Error::Failed`] where the disk has not taken everything, which some file systems (NFS) say
    /// only now, or where renaming fails. Then nothing is stored, and an older file is still there.
    pub fn keep(self) -> Result<Stored, Error> {
        let name = self.target.display();
        self.file.sync_all().context(format!("保存 {name}"))?;
        self.outcome.store(&self.path, &self.target).context(format!("保存 {name}"))
    }

    /// Deletes the temporary file where nothing has come. The error says what that means: a refusal
    /// or an empty file, and maybe a server that died before it read the name.
    pub fn remove(self) -> Error {
        let reason = "服务器没有发来内容：文件不存在、不允许下载、是空文件，或者服务器已终止";
        Error::Fatal(reason.into())
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path); // after `keep` nothing has this name
    }
}

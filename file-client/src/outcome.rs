//! Success means that the file is there.
//!
//! For most programs Ctrl-C and the end of input are the way out. Here they come too early, at a
//! prompt, while a name is looked up or in the middle of a download, and the exit status says so.
//! A closed standard output, on the other hand, is no reason not to download.

use common::{Success, interrupt};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The proof that the file is there; only [`Outcome::store`] makes it.
pub struct Stored(());

impl Success for Stored {
    const INTERRUPTED: i32 = 128 + 2; // as a shell tells SIGINT
}

/// What Ctrl-C has to clean up before it ends the program, and whether there is still a reason to.
pub(crate) enum Stage {
    /// Nothing is stored yet.
    Before,
    /// There is a temporary file, to be deleted.
    Unfinished(PathBuf),
    /// The file has its name.
    Stored,
}

/// How far the download is, shared by the main thread and the one that Ctrl-C runs on.
#[derive(Clone)]
pub struct Outcome(Arc<Mutex<Stage>>);

impl Outcome {
    /// From now on Ctrl-C deletes the temporary file, and its status is 130 unless the file is stored.
    ///
    /// ```
    /// let outcome = file_client::Outcome::watch();
    /// assert!(outcome.store("no-such-file".as_ref(), "a".as_ref()).is_err());
    /// ```
    pub fn watch() -> Outcome {
        let outcome = Outcome(Arc::new(Mutex::new(Stage::Before)));
        let shared = outcome.clone();
        interrupt::on_interrupt(move || {
            let stage = shared.lock(); // until the end: nothing takes its name any more
            match &*stage {
                Stage::Stored => interrupt::end_program("收到中断信号，文件已经保存", 0),
                Stage::Unfinished(path) => drop(fs::remove_file(path)),
                Stage::Before => {}
            }
            interrupt::end_program("下载中断，没有保存文件", Stored::INTERRUPTED);
        });
        outcome
    }

    /// Takes the last step of a download, which gives the file its name. Ctrl-C waits until it is done,
    /// and then there is nothing to clean up.
    ///
    /// # Errors
    /// Those of [`fs::rename`].
    pub fn store(&self, part: &Path, target: &Path) -> std::io::Result<Stored> {
        let mut stage = self.lock();
        fs::rename(part, target)?;
        *stage = Stage::Stored;
        Ok(Stored(()))
    }

    /// While the stage is locked, Ctrl-C waits.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Stage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

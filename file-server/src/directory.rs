//! A directory that nothing leads out of.
//!
//! A path that is judged and then opened may lead elsewhere by then: whoever can write in the
//! directory can exchange a file for a link to the outside between the two steps. So the file is
//! opened first, without waiting (a pipe would wait for its writer), and the *open* file is judged:
//! whether it is a regular one, and where it really lies.
//!
//! Linux tells in `/proc` where an open file lies. There nothing outside is ever served, and without
//! `/proc` nothing at all. Others tell by calls that std lacks, so there the real path is judged, a
//! moment after the file was opened: somebody who can write in the directory, and exchanges a file for
//! a link and back at the right moments, could deceive that.

use common::file_name::{MAX_NAME_LEN, is_special};
use common::{Error, explain};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// A directory whose files are served.
///
/// ```
/// use file_server::Directory;
///
/// let directory = Directory::open("src")?;
/// assert!(directory.open_file(b"main.rs").is_ok());
/// assert!(directory.open_file(b"../Cargo.toml").is_err());
/// # Ok::<(), common::Error>(())
/// ```
#[derive(Clone)]
pub struct Directory {
    /// With all links followed, so that it is the beginning of the path of everything inside.
    real: PathBuf,
    /// As the user has called it.
    pub name: String,
}

/// A file that may be served, open at its beginning.
pub struct OpenFile {
    /// The file.
    pub file: File,
    /// How many bytes it had when it was opened.
    pub length: u64,
    /// The time of the last change before it was opened, since 1970: of content or attributes on Unix
    /// (no program can set it back), of the content elsewhere.
    pub changed: Duration,
}

impl Directory {
    /// Finds the directory `name`.
    ///
    /// # Errors
    /// [`Error::Refused`] with the system's reason where it is none, or cannot be read.
    pub fn open(name: &str) -> Result<Directory, Error> {
        let refuse = |e: io::Error| Error::Refused(format!("无法打开目录 {name}：{}", explain(&e)));
        let real = fs::canonicalize(name).map_err(refuse)?;
        fs::read_dir(&real).map_err(refuse)?;
        Ok(Directory { real, name: name.into() })
    }

    /// Opens a regular file inside the directory.
    ///
    /// # Errors
    /// [`Error::Refused`] says why this name is not served: it is empty or too long, leads out of the
    /// directory (`..`, an absolute path, a link), is no regular file, or cannot be opened.
    /// [`Error::Failed`] says that no file at all can be opened now.
    pub fn open_file(&self, name: &[u8]) -> Result<OpenFile, Error> {
        let name = relative_path(name)?;
        let path = self.real.join(name);
        let refuse = |problem: &str| Error::Refused(format!("拒绝：{name:?} {problem}"));
        let failed = |reason: io::Error| match reason.raw_os_error() {
            // No descriptor is left, for this process or for the system. Source: errno(3).
            Some(24 | 23) if cfg!(unix) => {
                Error::Failed { tried: format!("打开 {name:?}"), reason }
            }
            // Windows opens no directory and says that access is denied.
            _ if path.is_dir() => refuse("不是普通文件"),
            _ => Error::Refused(format!("无法打开 {name:?}：{}", explain(&reason))),
        };
        let mut file = open_without_waiting(&path).map_err(failed)?;
        let place = place_of(&file, &path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !place.starts_with(&self.real) {
            return Err(refuse("指向目录之外"));
        }
        if !metadata.is_file() {
            return Err(refuse("不是普通文件"));
        }
        // The files of `/proc` have content, and say that there is none.
        if metadata.len() == 0 && !matches!(file.read(&mut [0]), Ok(0)) {
            return Err(refuse("声称长度为 0，却有内容，不是磁盘上的文件"));
        }
        Ok(OpenFile { file, length: metadata.len(), changed: last_change(&metadata) })
    }
}

impl OpenFile {
    /// Whether the file is still what it was when it was opened. Three changes leave no trace here: a
    /// single `write` that had begun before that and was not through; where the clock of the file
    /// system is coarse (Linux before 6.13: some milliseconds), one within the same tick; and one
    /// through memory that maps the file and had been written to before.
    ///
    /// # Errors
    /// Those of a look at an open file: a disk that is broken or gone.
    pub fn is_unchanged(&self) -> io::Result<bool> {
        let metadata = self.file.metadata()?;
        Ok((metadata.len(), last_change(&metadata)) == (self.length, self.changed))
    }
}

/// The path that a name means, if it cannot but lie inside the directory, links aside.
fn relative_path(name: &[u8]) -> Result<&Path, Error> {
    if name.is_empty() {
        return Err(Error::Refused("没有收到文件名".into()));
    }
    if name.len() > MAX_NAME_LEN {
        return Err(Error::Refused(format!("文件名超过 {MAX_NAME_LEN} 字节")));
    }
    let path = path_of(name)?;
    for component in path.components() {
        let problem = match component {
            Component::Normal(part) if is_special(&part.to_string_lossy()) => {
                "在 Windows 上不是普通文件的名字"
            }
            Component::Normal(_) | Component::CurDir => continue,
            _ => "不是目录内的相对路径",
        };
        return Err(Error::Refused(format!("拒绝：{path:?} {problem}")));
    }
    Ok(path)
}

/// The bytes of a name as a path. On Unix a file name is bytes, whatever their encoding.
#[cfg(unix)]
fn path_of(name: &[u8]) -> Result<&Path, Error> {
    use std::os::unix::ffi::OsStrExt;
    Ok(Path::new(std::ffi::OsStr::from_bytes(name)))
}

/// The bytes of a name as a path: UTF-8, as the script's client sends it.
#[cfg(not(unix))]
fn path_of(name: &[u8]) -> Result<&Path, Error> {
    let name = std::str::from_utf8(name);
    Ok(Path::new(name.map_err(|_| Error::Refused("文件名不是有效的 UTF-8".into()))?))
}

/// Opens a file for reading. Opening a pipe that way does not wait until somebody writes to it; for
/// regular files it makes no difference.
fn open_without_waiting(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // O_NONBLOCK, of which the standard library has no name: Linux, then macOS and the BSDs.
        // Source: fcntl.h of each system.
        const O_NONBLOCK: i32 = if cfg!(target_os = "linux") { 0o4000 } else { 0x4 };
        options.custom_flags(O_NONBLOCK);
    }
    options.read(true).open(path)
}

/// Where an open file lies. Source: proc(5).
#[cfg(target_os = "linux")]
fn place_of(file: &File, _: &Path) -> io::Result<PathBuf> {
    use std::os::fd::AsRawFd;
    fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))
        .map_err(|_| io::Error::other("/proc 没有说明它在哪里"))
}

/// Where the file of a path lies.
#[cfg(not(target_os = "linux"))]
fn place_of(_: &File, path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

/// The time of the last change since 1970.
#[cfg(unix)]
fn last_change(metadata: &Metadata) -> Duration {
    use std::os::unix::fs::MetadataExt;
    Duration::new(metadata.ctime() as u64, metadata.ctime_nsec() as u32)
}

/// The time of the last change since 1970.
#[cfg(not(unix))]
fn last_change(metadata: &Metadata) -> Duration {
    use std::time::UNIX_EPOCH;
    let modified = metadata.modified().unwrap_or(UNIX_EPOCH);
    modified.duration_since(UNIX_EPOCH).unwrap_or_default()
}

//! A directory that nothing leads out of.
//!
//! A path that is judged and then opened may lead elsewhere by then: whoever can write in the
//! directory can exchange a file for a link to the outside between the two steps. So the file is
//! opened first, without waiting (a pipe would wait for its writer), and the *open* file is judged:
//! whether it is a regular one, and where it really lies.
//!
//! - Linux tells where an open file lies. There nothing outside is ever served.
//! - Other Unix systems do not, without `unsafe`. There the open file must be the one that the real
//!   path inside the directory names, by device and inode. Somebody who can write in the directory
//!   and exchanges a *folder* twice at the right moments could still deceive that.
//! - On Windows the real path alone is judged. Making links takes a privilege there.

use common::file_name::{MAX_NAME_LEN, is_special};
use common::{Context, Error, explain};
use std::fmt::{self, Display};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::{Component, Path, PathBuf};

/// No file descriptor is left, for this process (EMFILE) or for the system (ENFILE). The numbers are
/// the same on Linux, macOS and the BSDs; source: errno(3).
const NO_DESCRIPTORS: [i32; 2] = [24, 23];

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
    name: String,
}

impl Display for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A file that may be served, open at its beginning.
pub struct OpenFile {
    /// The file.
    pub file: File,
    /// What it was like when it was opened.
    pub stamp: Stamp,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// In bytes.
    pub length: u64,
    /// The time of the last change since 1970, in nanoseconds: of content or attributes on Unix (no
    /// program can set it back), of the content elsewhere.
    pub changed: i128,
    /// The number of the file in its file system; 0 where that cannot be known.
    pub inode: u64,
}

impl Directory {
    /// Finds the directory `name`.
    ///
    /// # Errors
    /// [`Error::Refused`] with the system's reason where it is none, or cannot be read.
    pub fn open(name: &str) -> Result<Directory, Error> {
        let real = fs::canonicalize(name).and_then(|real| fs::read_dir(&real).map(|_| real));
        match real {
            Ok(real) => Ok(Directory { real, name: name.into() }),
            Err(error) => Err(Error::Refused(format!("无法打开目录 {name}：{}", explain(&error)))),
        }
    }

    /// Opens a regular file inside the directory.
    ///
    /// # Errors
    /// [`Error::Refused`] says why this name is not served: it is empty or too long, leads out of the
    /// directory (`..`, an absolute path, a link), is no regular file, or cannot be opened.
    /// [`Error::Failed`] says that no file at all can be opened now.
    pub fn open_file(&self, name: &[u8]) -> Result<OpenFile, Error> {
        let path = relative_path(name)?;
        let refuse = |problem: &str| Err(Error::Refused(format!("拒绝：{path:?} {problem}")));
        let opened = open_without_waiting(&self.real.join(path));
        let judged = opened.and_then(|file| {
            let metadata = file.metadata()?;
            let is_inside = self.holds(&file, path)?;
            Ok((file, metadata, is_inside))
        });
        match judged {
            Ok((_, _, false)) => refuse("指向目录之外"),
            Ok((_, metadata, _)) if !metadata.is_file() => refuse("不是普通文件"),
            Ok((file, metadata, _)) => {
                let stamp = Stamp::of(&metadata);
                Ok(OpenFile { file, stamp })
            }
            Err(reason) if is_out_of_descriptors(&reason) => {
                Err(reason).context(format!("打开 {path:?}"))
            }
            // Windows opens no directory and says that access is denied.
            Err(_) if self.real.join(path).is_dir() => refuse("不是普通文件"),
            Err(reason) => {
                let reason = explain(&reason);
                Err(Error::Refused(format!("无法打开 {path:?}：{reason}")))
            }
        }
    }

    /// Whether the open file lies inside this directory.
    fn holds(&self, file: &File, path: &Path) -> io::Result<bool> {
        if let Some(place) = place_of(file) {
            return Ok(place.starts_with(&self.real));
        }
        let real = fs::canonicalize(self.real.join(path))?;
        let named = fs::symlink_metadata(&real)?;
        Ok(real.starts_with(&self.real) && is_same_file(&named, &file.metadata()?))
    }
}

impl Stamp {
    /// The stamp of an open file, by one look at it.
    pub fn of(metadata: &Metadata) -> Stamp {
        let (changed, inode) = change(metadata);
        Stamp { length: metadata.len(), changed, inode }
    }
}

impl OpenFile {
    /// Whether the file is still what it was when it was opened. Two changes leave no trace here: a
    /// single `write` that had begun before that and was not through, and where the clock of the file
    /// system is coarse (Linux before 6.13: some milliseconds), one within the same tick.
    ///
    /// # Errors
    /// Those of a look at an open file: a disk that is broken or gone.
    pub fn is_unchanged(&self) -> io::Result<bool> {
        Ok(Stamp::of(&self.file.metadata()?) == self.stamp)
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
        match component {
            Component::Normal(part) if is_special(&part.to_string_lossy()) => {
                let problem = "在 Windows 上不是普通文件的名字";
                return Err(Error::Refused(format!("拒绝：{part:?} {problem}")));
            }
            Component::Normal(_) | Component::CurDir => {}
            _ => {
                let problem = "不是目录内的相对路径";
                return Err(Error::Refused(format!("拒绝：{path:?} {problem}")));
            }
        }
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
    let name = name.map_err(|_| Error::Refused("文件名不是有效的 UTF-8".into()))?;
    Ok(Path::new(name))
}

/// Opens a file for reading. Opening a pipe that way does not wait until somebody writes to it; for
/// regular files it makes no difference.
fn open_without_waiting(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // O_NONBLOCK, of which the standard library has no name; source: fcntl.h of each system.
        const O_NONBLOCK: i32 = if cfg!(any(target_os = "linux", target_os = "android")) {
            0o4000
        } else {
            0x4 // macOS and the BSDs
        };
        options.custom_flags(O_NONBLOCK);
    }
    options.open(path)
}

fn is_out_of_descriptors(error: &io::Error) -> bool {
    let number = error.raw_os_error();
    cfg!(unix) && number.is_some_and(|number| NO_DESCRIPTORS.contains(&number))
}

/// Where an open file lies; `None` where the system does not tell. Source: proc(5).
#[cfg(target_os = "linux")]
fn place_of(file: &File) -> Option<PathBuf> {
    use std::os::fd::AsRawFd;
    fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()
}

/// Where an open file lies: only Linux tells.
#[cfg(not(target_os = "linux"))]
fn place_of(_: &File) -> Option<PathBuf> {
    None
}

#[cfg(unix)]
fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same_file(_: &Metadata, _: &Metadata) -> bool {
    true // the standard library cannot tell
}

/// The time of the last change in nanoseconds, and the inode.
#[cfg(unix)]
fn change(metadata: &Metadata) -> (i128, u64) {
    use std::os::unix::fs::MetadataExt;
    let seconds = i128::from(metadata.ctime());
    (seconds * 1_000_000_000 + i128::from(metadata.ctime_nsec()), metadata.ino())
}

/// The time of the last change in nanoseconds; there is no inode.
#[cfg(not(unix))]
fn change(metadata: &Metadata) -> (i128, u64) {
    let epoch = std::time::SystemTime::UNIX_EPOCH;
    let modified = metadata.modified().unwrap_or(epoch);
    let since = modified.duration_since(epoch);
    (since.map_or(0, |since| since.as_nanos() as i128), 0)
}

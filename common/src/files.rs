//! Files that are named by the other end of a connection: which of them may be read, and where they
//! may be written.

use crate::{Context, Error};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

/// The longest name, in bytes: the script's `recv(1024)`.
pub const LONGEST_NAME: usize = 1024;

/// The directory with all links followed, so that its name is the beginning of the name of everything
/// inside it.
///
/// # Errors
/// [`Error::Input`] with the system's reason where `directory` is none, or cannot be read.
///
/// For an example see [`open_inside`].
pub fn real_directory(directory: &OsStr) -> Result<PathBuf, Error> {
    let real = fs::canonicalize(directory).and_then(|real| fs::read_dir(&real).map(|_| real));
    real.map_err(|error| {
        let directory = directory.to_string_lossy();
        Error::Input(format!("目录 {directory} 打不开：{error}"))
    })
}

/// Opens a regular file inside `directory`, which [`real_directory`] has found. Its length and the
/// time of its last change come with it, from one look at the open file.
///
/// # Errors
/// Why this name is not served, in one line: it is empty or too long, leads out of the directory
/// (`..`, an absolute path, a link), is no regular file, or cannot be opened.
///
/// ```
/// use common::files::{open_inside, real_directory};
///
/// let directory = real_directory("src".as_ref())?;
/// assert!(open_inside(&directory, b"lib.rs").is_ok());
/// assert!(open_inside(&directory, b"../Cargo.toml").unwrap_err().starts_with("拒绝："));
/// # Ok::<(), common::Error>(())
/// ```
pub fn open_inside(directory: &Path, name: &[u8]) -> Result<(File, Metadata), String> {
    if name.is_empty() {
        return Err("没有收到文件名".into());
    }
    if name.len() > LONGEST_NAME {
        return Err(format!("文件名超过 {LONGEST_NAME} 字节"));
    }
    let path = path_of(name)?;
    for component in path.components() {
        match component {
            Component::Normal(part) => {
                let part = part.to_string_lossy();
                if cfg!(windows) && is_special_on_windows(&part) {
                    return Err(format!("拒绝：{part:?} 在 Windows 上不是普通文件的名字"));
                }
            }
            Component::CurDir => {}
            _ => return Err(format!("拒绝：{path:?} 不是目录内的相对路径")),
        }
    }
    // `:?` writes quotes around the name, and `\n` for a line end that a hostile client has put there.
    let failed = |error: io::Error| format!("打不开 {path:?}：{error}");
    // Where the name really leads, with all links followed.
    let real = fs::canonicalize(directory.join(path)).map_err(failed)?;
    if !real.starts_with(directory) {
        return Err(format!("拒绝：{path:?} 指向目录之外"));
    }
    // Asked before opening: opening a pipe waits, and opening a device may do anything.
    if !fs::metadata(&real).map_err(failed)?.is_file() {
        return Err(format!("拒绝：{path:?} 不是普通文件"));
    }
    let file = File::open(&real).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    Ok((file, metadata))
}

/// The bytes of a name as a path. On Unix a file name is bytes, whatever their encoding.
#[cfg(unix)]
fn path_of(name: &[u8]) -> Result<&Path, String> {
    use std::os::unix::ffi::OsStrExt;
    Ok(Path::new(std::ffi::OsStr::from_bytes(name)))
}

/// The bytes of a name as a path: UTF-8, as the script's client sends it.
#[cfg(not(unix))]
fn path_of(name: &[u8]) -> Result<&Path, String> {
    let name = std::str::from_utf8(name).map_err(|_| "文件名不是 UTF-8".to_string())?;
    Ok(Path::new(name))
}

/// Where a file of this name is stored: under the last component of the name, in the current
/// directory. A whole name, `../x` or `/etc/x`, would lead elsewhere.
///
/// # Errors
/// [`Error::Input`] for a name that is empty, longer than [`LONGEST_NAME`], or no file's.
///
/// ```
/// use common::files::target;
///
/// assert_eq!(target("../文件/道士.txt")?.to_str(), Some("道士.txt"));
/// assert!(target("..").is_err());
/// # Ok::<(), common::Error>(())
/// ```
pub fn target(name: &str) -> Result<PathBuf, Error> {
    let refuse = |problem: &str| Err(Error::Input(format!("文件名 {name} 不能用：{problem}")));
    if name.len() > LONGEST_NAME {
        return refuse(&format!("超过 {LONGEST_NAME} 字节"));
    }
    match Path::new(name).file_name().and_then(|last| last.to_str()) {
        _ if name.is_empty() => Err(Error::Input("文件名是空的".into())),
        None => refuse("最后一部分不是文件名"),
        Some(last) if cfg!(windows) && is_special_on_windows(last) => {
            refuse("在 Windows 上不是普通文件的名字")
        }
        Some(last) => Ok(PathBuf::from(last)),
    }
}

/// Whether a file may take the place of what is at `target` now: returns the permissions of the file
/// that it replaces, `None` where there is nothing.
///
/// # Errors
/// [`Error::Incomplete`] where `target` is no regular file, or one that is read-only;
/// [`Error::Failed`] where it cannot be looked at.
///
/// ```
/// use common::files::replaceable;
///
/// assert!(replaceable("no-such-file".as_ref())?.is_none());
/// assert_eq!(replaceable("src".as_ref()).unwrap_err().to_string(), "src 已经存在，而且不是普通文件");
/// # Ok::<(), common::Error>(())
/// ```
pub fn replaceable(target: &Path) -> Result<Option<Permissions>, Error> {
    let refuse = |problem: &str| {
        let target = target.display();
        Err(Error::Incomplete(format!(
            "{target} 已经存在，而且{problem}"
        )))
    };
    match fs::metadata(target) {
        Ok(existing) if !existing.is_file() => refuse("不是普通文件"),
        Ok(existing) if existing.permissions().readonly() => refuse("是只读的"),
        Ok(existing) => Ok(Some(existing.permissions())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context(format!("查看 {}", target.display())),
    }
}

/// Whether Windows would take the file name `name` (one component, no directories) for something
/// other than the plain file of that name.
///
/// There `NUL` and `COM1.txt` are devices, `a.txt:b` is a hidden second stream of `a.txt`, and a
/// dot or space at the end is dropped, so that `a.txt.` means `a.txt`. Elsewhere all of these are
/// ordinary names. Source: Microsoft, *Naming Files, Paths,
/// and Namespaces*.
fn is_special_on_windows(name: &str) -> bool {
    let forbidden = |c: char| c.is_control() || r#"<>:"/\|?*"#.contains(c);
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.trim_end_matches(' ').to_uppercase();
    let numbered = |device: &str| {
        let digit = stem.strip_prefix(device).unwrap_or_default();
        matches!(digit, "¹" | "²" | "³")
            || (digit.len() == 1 && digit.as_bytes()[0].is_ascii_digit())
    };
    name.contains(forbidden)
        || name.ends_with(['.', ' '])
        || ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str())
        || numbered("COM")
        || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use super::is_special_on_windows;

    #[test]
    fn devices_streams_and_dropped_endings_are_special() {
        for name in [
            "CON",
            "con",
            "Aux.tar.gz",
            "NUL ",
            "nul .txt",
            "COM0",
            "com9.log",
            "LPT¹",
            "CONIN$",
            "a:b",
            "a.txt.",
            "a ",
            "a\\b",
            "a\nb",
            "what?",
            ".",
            "..",
        ] {
            assert!(is_special_on_windows(name), "{name:?}");
        }
        for name in [
            "console", "COM", "COM10", "LPTX", "nul_", ".nul", "a b.txt", "你好",
        ] {
            assert!(!is_special_on_windows(name), "{name:?}");
        }
    }
}

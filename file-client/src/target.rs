//! What may be asked for, and where it is stored.

use common::file_name::{MAX_NAME_LEN, is_special};
use common::{Context, Error, address};
use std::fs::{self, Permissions};
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The host of this name, if it has an address.
///
/// # Errors
/// [`Error::Refused`], for the reasons of [`address::resolve`].
///
/// ```
/// assert_eq!(file_client::known_host("localhost")?, "localhost");
/// # Ok::<(), common::Error>(())
/// ```
pub fn known_host(name: &str) -> Result<String, Error> {
    address::resolve(name, 1).map(|_| name.into()) // any port will do
}

/// The name of a file.
pub struct FileName {
    /// What the server is asked for.
    pub text: String,
    /// Where the file is stored: under the last component of its name, in the current directory. A
    /// whole name, `../x` or `/etc/x`, would lead elsewhere.
    pub path: PathBuf,
}

impl FileName {
    /// The file of this name.
    ///
    /// # Errors
    /// [`Error::Refused`] for a name that is empty, longer than [`MAX_NAME_LEN`], or no file's.
    ///
    /// ```
    /// use file_client::FileName;
    ///
    /// assert_eq!(FileName::parse("../文件/道士.txt")?.path.to_str(), Some("道士.txt"));
    /// assert!(FileName::parse("..").is_err());
    /// # Ok::<(), common::Error>(())
    /// ```
    pub fn parse(name: &str) -> Result<FileName, Error> {
        let refuse = |why: &str| Err(Error::Refused(format!("文件名 {name} 不能用：{why}")));
        match Path::new(name).file_name().and_then(|last| last.to_str()) {
            _ if name.is_empty() => Err(Error::Refused("文件名不能为空".into())),
            _ if name.len() > MAX_NAME_LEN => refuse(&format!("超过 {MAX_NAME_LEN} 字节")),
            None => refuse("最后一部分不是文件名"),
            Some(last) if is_special(last) => refuse("在 Windows 上不是普通文件的名字"),
            Some(last) => Ok(FileName { text: name.into(), path: last.into() }),
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
/// use file_client::replaceable;
///
/// assert!(replaceable("no-such-file".as_ref())?.is_none());
/// assert_eq!(replaceable("src".as_ref()).unwrap_err().to_string(), "src 已经存在，而且不是普通文件");
/// # Ok::<(), common::Error>(())
/// ```
pub fn replaceable(target: &Path) -> Result<Option<Permissions>, Error> {
    let name = target.display();
    let refuse = |why: &str| Err(Error::Fatal(format!("{name} 已经存在，而且{why}")));
    match fs::metadata(target) {
        Ok(existing) if !existing.is_file() => refuse("不是普通文件"),
        Ok(existing) if existing.permissions().readonly() => refuse("是只读的"),
        Ok(existing) => {
            let permissions = existing.permissions();
            // Not setuid: what comes is not to run with the powers of its owner.
            #[cfg(unix)]
            let permissions = Permissions::from_mode(permissions.mode() & 0o777);
            Ok(Some(permissions))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context(format!("查看 {name}")),
    }
}

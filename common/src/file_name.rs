//! The names under which files are asked for over the network.

/// The longest name, in bytes: the script's `recv(1024)`.
pub const MAX_NAME_LEN: usize = 1024;

/// Whether Windows would take the file name `name` (one component, no directories) for something
/// other than the plain file of that name; always `false` on other systems.
///
/// There `NUL` and `COM1.txt` are devices, `a.txt:b` is a hidden second stream of `a.txt`, and a
/// dot or space at the end is dropped, so that `a.txt.` means `a.txt`. Elsewhere all of these are
/// ordinary names. Source: Microsoft, *Naming Files, Paths, and Namespaces*.
///
/// ```
/// assert_eq!(common::file_name::is_special("nul.txt"), cfg!(windows));
/// assert!(!common::file_name::is_special("道士.txt"));
/// ```
pub fn is_special(name: &str) -> bool {
    cfg!(windows) && is_special_on_windows(name)
}

fn is_special_on_windows(name: &str) -> bool {
    let forbidden = |c: char| c.is_control() || r#"<>:"/\|?*"#.contains(c);
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.trim_end_matches(' ').to_uppercase();
    let device = stem.strip_prefix("COM").or(stem.strip_prefix("LPT")).unwrap_or_default();
    let is_numbered = device.chars().count() == 1 && "0123456789¹²³".contains(device);
    name.contains(forbidden)
        || name.ends_with(['.', ' '])
        || ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str())
        || is_numbered
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
        for name in ["console", "COM", "COM10", "LPTX", "nul_", ".nul", "a b.txt", "你好"] {
            assert!(!is_special_on_windows(name), "{name:?}");
        }
    }
}

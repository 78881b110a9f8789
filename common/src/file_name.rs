//! Names that look like a file's and are none.

/// Whether Windows would take the file name `name` (one component, no directories) for something
/// other than the plain file of that name.
///
/// There `NUL` and `COM1.txt` are devices, `a.txt:b` is a hidden second stream of `a.txt`, and a
/// dot or space at the end is dropped, so that `a.txt.` means `a.txt`. Elsewhere all of these are
/// ordinary names; ask only where `cfg!(windows)` holds. Source: Microsoft, *Naming Files, Paths,
/// and Namespaces*.
///
/// ```
/// use common::file_name::is_special_on_windows;
///
/// assert!(is_special_on_windows("nul.txt"));
/// assert!(is_special_on_windows("a.txt::$DATA"));
/// assert!(!is_special_on_windows("道士.txt"));
/// ```
pub fn is_special_on_windows(name: &str) -> bool {
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

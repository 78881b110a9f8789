//! Standard input and output, as Python's `input()` and `print()` give them to the scripts.
//!
//! Standard output carries what the script would print and nothing else; everything new goes to
//! standard error through [`note`]. So `2>/dev/null` leaves the script's own transcript.

use crate::Error;
use std::fmt::Display;
use std::io::{self, BufRead, ErrorKind, Read, Write};

/// The longest line that [`ask`] takes, in bytes: far above anything typed or sent here, and a
/// bound for the memory that an endless line (`< /dev/zero`) can take.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;

/// Shows `prompt`, without a line end, and reads one line: Python's `input(prompt)`.
///
/// Returns the line without its line end (`\n` or `\r\n`). A line that is not UTF-8 or is longer than
/// 16 MiB is refused with a note, and asked for again.
///
/// # Errors
/// [`Error::InputEnded`] at the end of input; [`Error::OutputClosed`] where nobody sees the prompt
/// any more; [`Error::Incomplete`] where standard input cannot be read.
///
/// ```no_run
/// # fn main() -> Result<(), common::Error> {
/// loop {
///     let line = common::console::ask("输入:")?;
///     common::console::print(format!("{} bytes", line.len()))?;
/// }
/// # }
/// ```
pub fn ask(prompt: &str) -> Result<String, Error> {
    loop {
        write(prompt.as_bytes())?;
        match read_line(&mut io::stdin().lock()) {
            Err(refusal @ Error::Input(_)) => note(refusal),
            result => return result,
        }
    }
}

/// Asks until `read` can use the line, and returns what it makes of it: Python's
/// `int(input("端口:"))`, but an answer that cannot be used is refused with a note and asked for
/// again.
///
/// # Errors
/// Those of [`ask`], and those of `read` except [`Error::Input`], which is the refusal.
///
/// ```no_run
/// use common::{address, console};
///
/// let port = console::ask_for("端口:", address::port)?;
/// # Ok::<(), common::Error>(())
/// ```
pub fn ask_for<T>(
    prompt: &str,
    mut read: impl FnMut(&str) -> Result<T, Error>,
) -> Result<T, Error> {
    loop {
        match read(&ask(prompt)?) {
            Err(refusal @ Error::Input(_)) => note(refusal),
            result => return result,
        }
    }
}

/// One line of `input`, or [`Error::Input`] for a line that is refused.
fn read_line(input: &mut impl BufRead) -> Result<String, Error> {
    let mut line = Vec::new();
    let read = |input: &mut dyn BufRead, line: &mut Vec<u8>| {
        let mut limited = input.take(LONGEST_LINE);
        limited
            .read_until(b'\n', line)
            .map_err(|reason| broken("读标准输入", &reason))
    };
    if read(input, &mut line)? == 0 {
        return Err(Error::InputEnded);
    }
    if line.len() as u64 == LONGEST_LINE && !line.ends_with(b"\n") {
        // Pass over the rest of the line, a piece at a time.
        while !line.ends_with(b"\n") {
            line.clear();
            if read(input, &mut line)? == 0 {
                break;
            }
        }
        let refusal = format!("一行超过 {LONGEST_LINE} 字节，没有读入，请重新输入");
        return Err(Error::Input(refusal));
    }
    if line.ends_with(b"\n") {
        line.pop();
        if line.ends_with(b"\r") {
            line.pop();
        }
    }
    String::from_utf8(line).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let byte = error.as_bytes()[valid];
        Error::Input(format!(
            "输入的第 {} 个字节 0x{byte:02x} 不是 UTF-8，请重新输入",
            valid + 1
        ))
    })
}

/// Prints one line on standard output: Python's `print(text)`.
///
/// `println!` would panic where nobody reads the output any more; this returns an error.
///
/// # Errors
/// [`Error::OutputClosed`] for a closed standard output, [`Error::Incomplete`] for one that cannot be
/// written for another reason (a full disk).
///
/// ```
/// common::console::print(format!("收到数据{}", "你好"))?;
/// # Ok::<(), common::Error>(())
/// ```
pub fn print(text: impl Display) -> Result<(), Error> {
    write(format!("{text}\n").as_bytes())
}

/// Writes `bytes` to standard output as they are, and sees to it that they are shown at once.
///
/// # Errors
/// Those of [`print()`].
///
/// ```
/// common::console::write(b"no line end")?;
/// # Ok::<(), common::Error>(())
/// ```
pub fn write(bytes: &[u8]) -> Result<(), Error> {
    let mut output = io::stdout().lock();
    match output.write_all(bytes).and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Error::OutputClosed),
        result => result.map_err(|reason| broken("写标准输出", &reason)),
    }
}

/// A console that does not work is no matter of one line: the program cannot go on.
fn broken(tried: &str, reason: &io::Error) -> Error {
    Error::Incomplete(format!("{tried} 失败：{reason}"))
}

/// Prints one line on standard error: what the script does not say.
///
/// Nothing depends on a note, so one that cannot be written is dropped; `eprintln!` would panic.
///
/// ```
/// common::console::note("已绑定 0.0.0.0:8080");
/// ```
pub fn note(text: impl Display) {
    // One write for the whole line, so that lines of several threads do not mix.
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(mut input: &[u8]) -> Vec<Result<String, String>> {
        let mut lines = Vec::new();
        loop {
            match read_line(&mut input) {
                Err(Error::InputEnded) => return lines,
                line => lines.push(line.map_err(|refusal| refusal.to_string())),
            }
        }
    }

    #[test]
    fn line_ends_are_taken_off_and_the_last_line_needs_none() {
        let expected: Vec<_> = ["a", "b\r", "", " c "].map(|s| Ok(s.to_string())).into();
        assert_eq!(lines(b"a\nb\r\r\n\n c "), expected);
    }

    #[test]
    fn a_line_that_is_not_utf8_is_refused_and_the_next_one_is_read() {
        let lines = lines(b"\xc4\xe3\nok\n");
        assert_eq!(
            lines[0],
            Err("输入的第 1 个字节 0xc4 不是 UTF-8，请重新输入".into())
        );
        assert_eq!(lines[1], Ok("ok".into()));
    }

    #[test]
    fn a_line_over_the_limit_is_refused_whole() {
        let mut input = vec![b'x'; 2 * LONGEST_LINE as usize + 5];
        input.extend_from_slice(b"\nok\n");
        let lines = lines(&input);
        assert!(
            lines[0]
                .as_ref()
                .unwrap_err()
                .starts_with("一行超过 16777216 字节")
        );
        assert_eq!(lines[1..], [Ok("ok".into())]);
    }
}

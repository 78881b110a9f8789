//! Standard input and output, as Python's `input()` and `print()` give them to the scripts.
//!
//! Standard output carries what the script would print and nothing else; everything new goes to
//! standard error through [`note`]. So `2>/dev/null` leaves the script's own transcript.
//!
//! A terminal obeys control characters: they move its cursor, change its title, fill its clipboard.
//! In text from the network they are data, so a terminal is shown symbols instead (CWE-150). Into a
//! pipe or a file everything goes as it came.

use crate::{Error, explain};
use std::array;
use std::fmt::Display;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Read, Write};
use std::process::ExitCode;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// The longest line that [`ask`] takes, in bytes: far above anything typed or sent here, and a
/// bound for the memory that an endless line (`< /dev/zero`) can take.
const MAX_LINE_LEN: u64 = 16 * 1024 * 1024;

/// Whether anything was refused or has failed: then the status is 1, whatever came later.
static FAILED: AtomicBool = AtomicBool::new(false);

/// Shows `prompt`, without a line end, and reads one line: Python's `input(prompt)`.
///
/// Returns the line without its line end (`\n` or `\r\n`). A line that is not UTF-8 is refused with a
/// note, and asked for again.
///
/// # Errors
/// [`Error::InputEnded`] at the end of input; [`Error::OutputClosed`] where nobody sees the prompt
/// any more; [`Error::Fatal`] where standard input cannot be read, and for a line of over 16 MiB.
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
    ask_until(prompt, |line| Ok(line.to_string()))
}

/// Asks until `parse` can use the line, and returns what it makes of it: Python's
/// `int(input("端口:"))`, but an answer that cannot be used is refused with a note and asked for
/// again.
///
/// # Errors
/// Those of [`ask`], and those of `parse` except [`Error::Refused`], which is the refusal.
///
/// ```no_run
/// use common::{address, console};
///
/// let port = console::ask_until("端口:", address::port)?;
/// # Ok::<(), common::Error>(())
/// ```
pub fn ask_until<T>(
    prompt: &str,
    mut parse: impl FnMut(&str) -> Result<T, Error>,
) -> Result<T, Error> {
    loop {
        write(prompt.as_bytes())?;
        match read_line(&mut io::stdin().lock()).and_then(|line| parse(&line)) {
            Err(refusal @ Error::Refused(_)) => fail(refusal),
            result => return result,
        }
    }
}

/// One line of `input`, or [`Error::Refused`] for a line that is refused.
fn read_line(input: &mut impl BufRead) -> Result<String, Error> {
    let mut line = Vec::new();
    let read = input.take(MAX_LINE_LEN).read_until(b'\n', &mut line);
    if read.map_err(broken("读取标准输入"))? == 0 {
        return Err(Error::InputEnded);
    }
    if line.len() as u64 == MAX_LINE_LEN && !line.ends_with(b"\n") {
        return Err(Error::Fatal(format!("输入的一行超过 {MAX_LINE_LEN} 字节")));
    }
    if line.ends_with(b"\n") {
        line.pop();
        if line.ends_with(b"\r") {
            line.pop();
        }
    }
    String::from_utf8(line).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let (place, byte) = (valid + 1, error.as_bytes()[valid]);
        Error::Refused(format!("输入的第 {place} 个字节 0x{byte:02x} 不是有效的 UTF-8，请重新输入"))
    })
}

/// Prints one line on standard output: Python's `print(text)`.
///
/// `println!` would panic where nobody reads the output any more; this returns an error. A terminal
/// is shown symbols for control characters, and the further lines of a text are indented there, so
/// that they do not look like a text of their own.
///
/// # Errors
/// [`Error::OutputClosed`] for a closed standard output, [`Error::Fatal`] for one that cannot be
/// written for another reason (a full disk).
///
/// ```
/// common::console::print(format!("收到数据{}", "你好"))?;
/// # Ok::<(), common::Error>(())
/// ```
pub fn print(text: impl Display) -> Result<(), Error> {
    let mut text = text.to_string();
    if io::stdout().is_terminal() {
        text = visible(&text, "\n    ");
    }
    write(format!("{text}\n").as_bytes())
}

/// Prints bytes on one line as a literal: Python's `print(data)`, but with double quotes whatever is
/// between them, `b"it's \xc4\xe3"`.
///
/// # Errors
/// Those of [`print()`].
///
/// ```
/// common::console::print_bytes("你好".as_bytes())?; // b"\xe4\xbd\xa0\xe5\xa5\xbd"
/// # Ok::<(), common::Error>(())
/// ```
pub fn print_bytes(bytes: &[u8]) -> Result<(), Error> {
    write(&literal(bytes))
}

/// How each byte is printed, and how many characters that takes.
static LITERALS: LazyLock<[([u8; 4], usize); 256]> = LazyLock::new(|| {
    array::from_fn(|byte| {
        // Between double quotes `'` needs no backslash.
        let escaped = (byte as u8).escape_ascii().to_string().replace("\\'", "'");
        let mut literal = [0; 4];
        literal[..escaped.len()].copy_from_slice(escaped.as_bytes());
        (literal, escaped.len())
    })
});

/// The literal of `bytes`, with a line end. Echoing is mostly this, so it looks every byte up.
fn literal(bytes: &[u8]) -> Vec<u8> {
    let mut line = vec![0; 4 * bytes.len() + 4];
    line[..2].copy_from_slice(b"b\"");
    let (literals, mut end) = (&*LITERALS, 2); // once, and not for every byte
    for byte in bytes {
        let (literal, length) = literals[usize::from(*byte)];
        line[end..end + 4].copy_from_slice(&literal); // the next one overwrites what is too much
        end += length;
    }
    line.truncate(end);
    line.extend_from_slice(b"\"\n");
    line
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
        result => result.map_err(broken("写入标准输出")),
    }
}

/// A console that does not work is no matter of one line: the program cannot go on.
fn broken(tried: &str) -> impl Fn(io::Error) -> Error {
    move |reason| Error::Fatal(format!("无法{tried}：{}", explain(&reason)))
}

/// Prints one line on standard error: what the script does not say.
///
/// Nothing depends on a note, so one that cannot be written is dropped; `eprintln!` would panic.
/// Control characters are shown as symbols, so it is one line whatever is in it.
///
/// ```
/// common::console::note("已绑定 0.0.0.0:8080");
/// ```
pub fn note(text: impl Display) {
    let text = visible(&text.to_string(), "␊");
    // One write for the whole line, so that lines of several threads do not mix.
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// What a step has returned, or a note of why it failed and `None`: the next step may work. The
/// status at the end of the program will be 1.
///
/// # Errors
/// Those after which a program cannot go on: the console is gone, the work cannot be completed.
///
/// ```
/// use common::{address, console};
///
/// assert_eq!(console::note_failure(address::port("80"))?, Some(80));
/// assert_eq!(console::note_failure(address::port("8o"))?, None);
/// # Ok::<(), common::Error>(())
/// ```
pub fn note_failure<T>(step: Result<T, Error>) -> Result<Option<T>, Error> {
    match step {
        Err(error @ (Error::Refused(_) | Error::Failed { .. })) => {
            fail(error);
            Ok(None)
        }
        step => step.map(Some),
    }
}

fn fail(error: Error) {
    note(error);
    FAILED.store(true, Ordering::Relaxed);
}

/// The status of a program that has come to an ordinary end: 1 where anything was refused or has
/// failed, else 0.
pub(crate) fn exit_code() -> ExitCode {
    ExitCode::from(u8::from(FAILED.load(Ordering::Relaxed)))
}

/// `text` with symbols for control characters, those that reorder text among them; a line feed
/// becomes `line_feed`, and a tab stays.
fn visible(text: &str, line_feed: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => visible.push_str(line_feed),
            '\t' => visible.push(c),
            '\0'..='\x1f' => visible.extend(char::from_u32(0x2400 + u32::from(c))),
            '\x7f' => visible.push('␡'),
            '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                visible.push(char::REPLACEMENT_CHARACTER);
            }
            _ => visible.push(c),
        }
    }
    visible
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
    fn a_line_without_end_takes_no_more_memory_than_the_limit() {
        let endless = &mut io::BufReader::new(io::repeat(b'x'));
        let ended = read_line(endless).unwrap_err();
        assert_eq!(ended.to_string(), "输入的一行超过 16777216 字节");
    }

    #[test]
    fn bytes_are_printed_as_python_prints_them_but_for_the_quotes() {
        let shown = |bytes| String::from_utf8(literal(bytes)).unwrap();
        assert_eq!(shown(b""), "b\"\"\n");
        assert_eq!(shown(b"it's \"ok\"\\"), "b\"it's \\\"ok\\\"\\\\\"\n");
        assert_eq!(
            shown(b"\t\n\r\0\x1f ~\x7f\xc4\xe3"),
            "b\"\\t\\n\\r\\x00\\x1f ~\\x7f\\xc4\\xe3\"\n"
        );
    }

    #[test]
    fn control_characters_become_symbols() {
        let hostile = "\x1b]0;title\x07\x1b[2J\r\x08\x7f\u{9b}2J\u{202e}\u{2069} ok\t你好\nnext";
        assert_eq!(
            visible(hostile, "\n    "),
            "␛]0;title␇␛[2J␍␈␡\u{fffd}2J\u{fffd}\u{fffd} ok\t你好\n    next"
        );
    }
}

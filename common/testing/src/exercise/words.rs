//! How a story tells what has come.

use std::time::Duration;

/// What came in the place of `expected`. Where the two differ only far from their beginnings, it says
/// where.
pub(super) fn instead(came: &[u8], expected: &[u8]) -> String {
    let pairs = came.iter().zip(expected);
    let same = pairs.take_while(|(came, expected)| came == expected).count();
    match (came.len(), expected.len()) {
        _ if same < MOST_BYTES => format!("收到的是{}", before(&literal(came))),
        (length, most) if length == same => {
            format!("只收到前 {length} 字节，缺少后面的 {} 字节", most - length)
        }
        _ => format!("前 {same} 字节与期望相同，接着却收到{}", before(&literal(&came[same..]))),
    }
}

/// How much of a text, and how many other bytes, a story shows.
const MOST_TEXT: usize = 150;
pub(super) const MOST_BYTES: usize = 60;

/// Data as a student reads them: as a text in quotes where they are UTF-8, with `\n` for a line end,
/// else as a literal; cut where they are long.
pub fn literal(data: impl AsRef<[u8]>) -> String {
    let data = data.as_ref();
    let (told, shown) = match beginning_as_text(data) {
        _ if data.is_empty() => return "空（0 字节）".into(),
        Some(text) => (format!("“{}”", escaped(text)), text.len()),
        None => {
            let shown = &data[..data.len().min(MOST_BYTES)];
            (format!("b\"{}\"", shown.escape_ascii()), shown.len())
        }
    };
    match data.len() {
        length if length > shown => format!("{told}…（共 {length} 字节）"),
        _ => told,
    }
}

/// As much of `data` as is shown, if that is text.
fn beginning_as_text(data: &[u8]) -> Option<&str> {
    let shown = &data[..data.len().min(MOST_TEXT)];
    let text = match std::str::from_utf8(shown) {
        Ok(text) => text,
        // The cut has gone through a character.
        Err(error) if error.error_len().is_none() && shown.len() < data.len() => {
            std::str::from_utf8(&shown[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let strange = |letter: char| letter.is_control() && !"\n\r\t".contains(letter);
    (!text.contains(strange)).then_some(text)
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t")
}

/// How many lines of a long output a report shows, from its beginning and from its end, and how many
/// characters of a long line, likewise.
const MOST_LINES: usize = 5;
const MOST_LETTERS: usize = 80;

/// What a program has said, without the middle where it is long.
pub(super) fn shortened(text: &str) -> String {
    let text = text.trim_end_matches('\n');
    let count = text.lines().count();
    if count == 0 {
        "（没有内容）".into()
    } else if count <= 2 * MOST_LINES {
        Vec::from_iter(text.lines().map(shortened_line)).join("\n")
    } else {
        let first = text.lines().take(MOST_LINES).map(shortened_line);
        let middle = format!("[… 共 {count} 行，{} 字节 …]", text.len());
        let last = text.lines().skip(count - MOST_LINES).map(shortened_line);
        Vec::from_iter(first.chain([middle]).chain(last)).join("\n")
    }
}

fn shortened_line(line: &str) -> String {
    let count = line.chars().count();
    if count <= 2 * MOST_LETTERS {
        return line.into();
    }
    let first: String = line.chars().take(MOST_LETTERS).collect();
    let last: String = line.chars().skip(count - MOST_LETTERS).collect();
    format!("{first}[… 这一行共 {} 字节 …]{last}", line.len())
}

/// A length of time, as a story tells it.
pub fn seconds(time: Duration) -> String {
    let hundredths = (time.as_secs_f64() * 100.0).round() / 100.0;
    format!("{hundredths} 秒")
}

/// A name in front of Chinese, and behind it: with a space between Latin letters and Chinese ones.
pub(super) fn spaced(name: &str) -> String {
    if name.ends_with(|last: char| last.is_ascii()) { format!("{name} ") } else { name.into() }
}

pub(super) fn before(name: &str) -> String {
    if name.starts_with(|first: char| first.is_ascii()) { format!(" {name}") } else { name.into() }
}

/// Whether a program has written on standard error that it, or one of its threads, has panicked.
pub(super) fn has_panicked(noted: &str) -> bool {
    noted.contains(" panicked at ")
}

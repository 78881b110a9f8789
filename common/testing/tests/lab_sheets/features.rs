//! "New Rust here": what is new in a program is explained in its sheet, before it is met elsewhere.

use crate::tables::main_of;
use testing::sheets::{PROGRAMS, Problem, Sheet, code_spans};

/// What a reader who knows Python must be told: the program that shows it first, what it is called,
/// and how it is recognised. In the order of the course, and within a program in that of `main.rs`.
const FEATURES: &[(&str, &str, &str)] = &[
    ("udp-client", "constant", "const "),
    ("udp-client", "`ExitCode`", "-> ExitCode"),
    ("udp-client", "array parameter", "]: [Option<String>; "),
    ("udp-client", "`?`", ")?;"),
    ("udp-client", "trait method", ".context("),
    ("udp-client", "shadowing", "let local = socket"),
    ("udp-client", "`as_bytes`", ".as_bytes()"),
    ("udp-client", "tuple pattern", "let (data, sender)"),
    ("udp-server", "`match` as a value", "= match "),
    ("udp-server", "`Some` and `None`", "Some(given) =>"),
    ("udp-server", "`unwrap_or`", ".unwrap_or("),
    ("udp-server", "failure as a value", "note_failure("),
    ("udp-chat", "reference parameter", "(socket: &UdpSocket)"),
    ("udp-chat", "last expression", "datagram::send(socket, &data, sender)\n}"),
    ("udp-chat", "`String` and `&str`", ".as_str()"),
    ("udp-chat", "pattern of a literal", "\"1\" =>"),
    ("udp-chat", "`Ok(())`", "Ok(())"),
    ("udp-chat", "wildcard", "_ => "),
    ("feiq-sender", "integer type", ": u32"),
    ("feiq-sender", "digit separator", "324_244"),
    ("feiq-sender", "`mut`", "let mut "),
    ("feiq-sender", "`let` with `else`", "? else { continue };"),
    ("feiq-sender", "`is_some`", ".is_some()"),
    ("tcp-client", "trait in scope", "use std::io::{Read, Write};"),
    ("tcp-client", "`usize`", ": usize"),
    ("tcp-client", "`Duration`", "Duration::from_secs"),
    ("tcp-client", "`as_slice`", ".as_slice()"),
    ("tcp-client", "vector", "vec![0; "),
    ("tcp-client", "function as an argument", ", gbk::encode)"),
    ("tcp-client", "mutable borrow", "&mut "),
    ("tcp-client", "slice", "[..length]"),
    ("tcp-echo-server", "`mut` in a pattern", "let (mut client"),
    ("tcp-echo-server", "array of zeros", "= [0; "),
    ("tcp-echo-server", "`?` in a chain", ")?.unwrap_or("),
    ("tcp-echo-server", "`drop`", "drop("),
    ("file-client", "library of the package", "use file_client::"),
    ("file-client", "proof as a type", "-> Result<Stored, "),
    ("file-client", "closure", "|it| "),
    ("file-client", "field", "name.text"),
    ("file-client", "`let _`", "let _ = "),
    ("file-client", "`return Err`", "return Err("),
    ("file-server", "slice of bytes", ": &[u8]"),
    ("file-server", "nested type", "Result<Option<"),
    ("file-server", "nested pattern", "Err(Error::Refused(reason)) =>"),
    ("file-server", "name as a pattern", "Err(error) => Err(error)"),
    ("file-server", "`clone`", ".clone()"),
    ("file-server", "`move`", "move |"),
    ("file-server", "`if let`", "if let Some("),
];

/// The table of the sheet explains what this program shows first, in its order, each with a piece of
/// `main.rs` in which it is recognised.
pub fn check_features(sheet: &Sheet, program: &str) -> Vec<Problem> {
    let tables = sheet.tables();
    let table = tables.iter().find(|table| table.header.get(1).is_some_and(|title| title == "New"));
    let Some(table) = table else {
        return vec![Problem::new(1, "there is no table of what is new")];
    };
    let expected = FEATURES.iter().filter(|(first, ..)| *first == program);
    let names = Vec::from_iter(expected.clone().map(|(_, name, _)| *name));
    let rows = table.rows.iter();
    if !rows.clone().map(|(_, cells)| &cells[1]).eq(&names) {
        let number = rows.clone().map(|(number, _)| *number).next().unwrap_or(1);
        return vec![Problem::new(number, format!("what is new here, in this order: {names:?}"))];
    }
    rows.zip(expected)
        .filter_map(|((number, cells), (_, _, sign))| {
            let quote = code_spans(&cells[0]).next().unwrap_or_default();
            let is_shown = quote.contains(sign.trim_end_matches("\n}"));
            (!is_shown).then(|| Problem::new(*number, format!("{quote} shows no {sign}")))
        })
        .collect()
}

#[test]
fn what_is_new_is_explained_where_it_is_met_first() {
    for (first, name, sign) in FEATURES {
        let met = PROGRAMS.iter().find(|program| main_of(program).contains(sign));
        assert_eq!(met, Some(first), "{name}: {sign}");
    }
}

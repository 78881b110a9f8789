//! GBK here and GBK in Python: the same bytes for the same characters, both ways.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use common::{Error, gbk};
use std::collections::BTreeMap;
use testing::{python, within_deadline};

/// All that Python's codec has, as lines of a code point and its one or two bytes as a number.
const PYTHON: &str = "
for code in range(0x10000):
    try:
        data = bytes([code]) if code < 0x100 else code.to_bytes(2, 'big')
        print(ord(data.decode('gbk')), code)
    except (UnicodeDecodeError, TypeError):
        pass  # no character, or two of them
";

#[test]
fn no_character_maps_differently_from_pythons_codec() {
    let Some(mut python) = python() else { return };
    let run = move || python.args(["-c", PYTHON]).output().unwrap();
    let out = String::from_utf8(within_deadline("Python's table", run).stdout).unwrap();
    let pythons: BTreeMap<char, Vec<u8>> = out
        .lines()
        .map(|line| {
            let (character, code) = line.split_once(' ').unwrap();
            let code: u16 = code.parse().unwrap();
            let bytes = &code.to_be_bytes()[usize::from(code < 0x100)..];
            (char::from_u32(character.parse().unwrap()).unwrap(), bytes.to_vec())
        })
        .collect();
    assert_eq!(pythons.len(), 128 + 21_791, "ASCII and the characters of two bytes");

    let mut only_ours = 0;
    for character in '\0'..=char::MAX {
        let ours = gbk::encode(&character.to_string());
        match (pythons.get(&character), ours) {
            (Some(pythons), Ok(ours)) => {
                assert_eq!(&ours, pythons, "{character:?}");
                assert_eq!(gbk::decode(pythons), character.to_string());
            }
            (Some(_), Err(error)) => panic!("Python has {character:?}, and here: {error}"),
            (None, Ok(_)) => only_ours += 1,
            (None, Err(Error::Refused(refusal))) => {
                assert!(refusal.starts_with(&format!("字符 {character}（U+")), "{refusal}");
            }
            (None, Err(error)) => panic!("{error}"),
        }
    }
    assert_eq!(only_ours, 2_166, "characters that Python refuses, the euro sign among them");
}

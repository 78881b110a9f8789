//! GBK here and GBK in Python: the same bytes for the same characters, both ways.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use common::Error;
use common::encoding::Encoding;
use std::collections::BTreeMap;
use testing::Program;

/// All that Python's codec has, as lines of a code point and its bytes, both in hexadecimal.
const PYTHON: &str = "
import sys
for code in range(sys.maxunicode + 1):
    try:
        print('%x %s' % (code, chr(code).encode('gbk').hex()))
    except UnicodeEncodeError:
        pass
";

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn no_character_maps_differently_from_pythons_codec() {
    let Some(python) = Program::python(PYTHON, &[]) else {
        return;
    };
    let out = python.end().out;
    let pythons: BTreeMap<char, Vec<u8>> = out
        .lines()
        .map(|line| {
            let (code, bytes) = line.split_once(' ').unwrap();
            let code = u32::from_str_radix(code, 16).unwrap();
            (char::from_u32(code).unwrap(), bytes_of(bytes))
        })
        .collect();
    assert_eq!(pythons.len(), 128 + 21_791, "ASCII and the characters of two bytes");

    let mut only_ours = 0;
    for character in '\0'..=char::MAX {
        let ours = Encoding::Gbk.encode(&character.to_string());
        match (pythons.get(&character), ours) {
            (Some(pythons), Ok(ours)) => {
                assert_eq!(&ours, pythons, "{character:?}");
                assert_eq!(Encoding::Gbk.decode(pythons), character.to_string());
            }
            (Some(_), Err(error)) => panic!("Python has {character:?}, and here: {error}"),
            (None, Ok(_)) => only_ours += 1,
            (None, Err(Error::Refused(refusal))) => {
                assert!(refusal.starts_with(&format!("第 1 个字符 {character}（U+")), "{refusal}");
            }
            (None, Err(error)) => panic!("{error}"),
        }
    }
    assert_eq!(only_ours, 2_166, "characters that Python refuses, the euro sign among them");
}

#[test]
fn text_split_at_every_byte_comes_out_whole() {
    for (encoding, text) in [(Encoding::Gbk, "a你好€b"), (Encoding::Utf8, "a你€😀b")] {
        let bytes = encoding.encode(text).unwrap();
        for split in 0..=bytes.len() {
            let mut decoder = encoding.decoder();
            let mut decoded = decoder.decode(&bytes[..split]);
            decoded += &decoder.decode(&bytes[split..]);
            decoded += &decoder.finish();
            assert_eq!(decoded, text, "{encoding:?} split after {split} bytes");
        }
    }
}

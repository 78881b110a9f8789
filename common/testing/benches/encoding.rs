//! Encodings: `common::encoding` beside Python's codecs, on a million characters.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on may panic")]

use common::encoding::Encoding;
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;
use testing::bench::{Contender, compare_groups, installed, section};

const CHARACTERS: usize = 1_000_000;

/// Does the same and prints the milliseconds; the text is made in the same way.
const PYTHON: &str = "
import sys, time
text = ''.join(chr(0x4e00 + i * 7 % 20000) for i in range(1000000))
data = text.encode(sys.argv[1])
begin = time.perf_counter()
result = text.encode(sys.argv[1]) if sys.argv[2] == 'encode' else data.decode(sys.argv[1])
print((time.perf_counter() - begin) * 1000)
assert result == (data if sys.argv[2] == 'encode' else text)
";

fn main() {
    let text: String = (0..CHARACTERS as u32)
        .map(|at| char::from_u32(0x4e00 + at * 7 % 20_000).unwrap())
        .collect();
    let text = &text;
    let encodings = [(Encoding::Gbk, "gbk"), (Encoding::Utf8, "utf-8")];
    let encoded = encodings.map(|(encoding, _)| encoding.encode(text).unwrap());
    let mut groups = Vec::new();
    for ((encoding, name), bytes) in encodings.into_iter().zip(&encoded) {
        let python = |direction: &'static str| {
            Contender::new("Python", move || {
                installed("python3")?;
                let output = Command::new("python3").args(["-c", PYTHON, name, direction]).output();
                let output = output.map_err(|error| error.to_string())?;
                let time = String::from_utf8_lossy(&output.stdout).trim().parse();
                Ok(vec![("ms", time.map_err(|_| "no time".to_string())?)])
            })
        };
        let encode = Contender::new("common", move || {
            let begin = Instant::now();
            let result = black_box(encoding.encode(black_box(text)));
            let time = begin.elapsed().as_secs_f64() * 1e3;
            assert_eq!(&result.unwrap(), bytes);
            Ok(vec![("ms", time)])
        });
        let decode = Contender::new("common", move || {
            let begin = Instant::now();
            let result = black_box(encoding.decode(black_box(bytes)));
            let time = begin.elapsed().as_secs_f64() * 1e3;
            assert_eq!(&result, text);
            Ok(vec![("ms", time)])
        });
        groups.push((format!("to {name}"), vec![encode, python("encode")]));
        groups.push((format!("from {name}"), vec![decode, python("decode")]));
    }
    section("Encoding");
    compare_groups("A million Chinese characters", "direction", groups);
}

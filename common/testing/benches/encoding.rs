//! GBK: `common::gbk` beside Python's codec, on a million characters.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on may panic")]

use common::gbk;
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;
use testing::bench::{Contender, compare_groups, installed, section};

const CHARACTERS: usize = 1_000_000;

/// Does the same and prints the milliseconds; the text is made in the same way.
const PYTHON: &str = "
import sys, time
text = ''.join(chr(0x4e00 + i * 7 % 20000) for i in range(1000000))
data = text.encode('gbk')
begin = time.perf_counter()
result = text.encode('gbk') if sys.argv[1] == 'encode' else data.decode('gbk')
print((time.perf_counter() - begin) * 1000)
assert result == (data if sys.argv[1] == 'encode' else text)
";

fn main() {
    let text: String = (0..CHARACTERS as u32)
        .map(|at| char::from_u32(0x4e00 + at * 7 % 20_000).unwrap())
        .collect();
    let (text, bytes) = (&text, &gbk::encode(&text).unwrap());
    let python = |direction: &'static str| {
        Contender::new("Python", move || {
            installed("python3")?;
            let output = Command::new("python3").args(["-c", PYTHON, direction]).output();
            let output = output.map_err(|error| error.to_string())?;
            let time = String::from_utf8_lossy(&output.stdout).trim().parse();
            Ok(vec![("ms", time.map_err(|_| "no time".to_string())?)])
        })
    };
    let encode = Contender::new("common", move || {
        let begin = Instant::now();
        let result = black_box(gbk::encode(black_box(text)));
        let time = begin.elapsed().as_secs_f64() * 1e3;
        assert_eq!(&result.unwrap(), bytes);
        Ok(vec![("ms", time)])
    });
    let decode = Contender::new("common", move || {
        let begin = Instant::now();
        let result = black_box(gbk::decode(black_box(bytes)));
        let time = begin.elapsed().as_secs_f64() * 1e3;
        assert_eq!(&result, text);
        Ok(vec![("ms", time)])
    });
    let groups = vec![
        ("to gbk".into(), vec![encode, python("encode")]),
        ("from gbk".into(), vec![decode, python("decode")]),
    ];
    section("GBK");
    compare_groups("A million Chinese characters", "direction", groups);
}

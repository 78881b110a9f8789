//! GBK: `common::gbk` beside Python's codec, on a million characters.

use common::gbk;
use std::io;
use std::time::Instant;
use testing::bench::{Contender, Figures, compare, output, section};

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
    let text: String =
        (0..1_000_000).filter_map(|at| char::from_u32(0x4e00 + at * 7 % 20_000)).collect();
    let encode = || gbk::encode(&text).unwrap_or_default();
    let bytes = encode();
    let to = vec![
        Contender::new("common, to GBK", || timed(encode, &bytes)),
        Contender::new("Python, to GBK", || python("encode")),
    ];
    let from = vec![
        Contender::new("common, from GBK", || timed(|| gbk::decode(&bytes), &text)),
        Contender::new("Python, from GBK", || python("decode")),
    ];
    section("GBK");
    compare("A million Chinese characters", &["ms"], vec![to, from]);
}

fn timed<T: PartialEq>(work: impl Fn() -> T, expected: &T) -> Figures {
    let begin = Instant::now();
    let result = work();
    let time = begin.elapsed();
    assert!(result == *expected);
    Ok(vec![time.as_secs_f64() * 1e3])
}

fn python(direction: &str) -> Figures {
    let time = output(&["python3", "-c", PYTHON, direction]).parse();
    Ok(vec![time.map_err(|_| io::Error::other("it does not work"))?])
}

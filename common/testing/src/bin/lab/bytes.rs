//! `cargo lab bytes`: input that nobody can type; and the notation for bytes, which `cargo lab peer`
//! understands as well. No shell changes anything in it.

use common::{Error, console, gbk};
use std::process::ExitCode;

/// How the help of both commands tells the notation.
pub const NOTATION: &str = "\
DATA 由一项或几项组成，项与项之间是空格，有空格的 DATA 要放在双引号里：
  c4              一个字节，两位十六进制
  hello           UTF-8 文字；全是 0-9、a-f 的要写作 text:add，有空格的要写作 text:how are you
  line:你好       文字和换行；line:、text:、gbk:（GBK 编码的文字）都到 DATA 的末尾为止
  1000x78         重复 1000 次，后面是以上任何一种：1000xline:你好
";

const HELP: &str = "\
用法：cargo lab bytes N 或 cargo lab bytes DATA [DATA ...]\n
把字节原样写到标准输出；N（不能是两位数）是 N 个 x 和一个换行。
例如：cargo lab bytes \"c4 e3 0a\" line:你好 | cargo run -q -p udp-client\n\n";

/// The most that is written or sent, in bytes.
const MAX_LEN: usize = 64 * 1024 * 1024;

/// Writes what the command line says.
pub fn run() -> ExitCode {
    common::run(&format!("{HELP}{NOTATION}"), |[_, data @ ..]: [Option<String>; 16]| {
        let mut data: Vec<String> = data.into_iter().flatten().collect();
        if data.is_empty() {
            return Err(Error::Refused("没有写要输出什么".into()));
        }
        if data.len() == 1 && data[0].len() != 2 && is_count(&data[0]) {
            data = vec![format!("{}x78", data[0]), "0a".into()];
        }
        data.iter().try_for_each(|data| console::write(&parse(data)?))
    })
}

/// The bytes that a DATA stands for.
pub fn parse(data: &str) -> Result<Vec<u8>, Error> {
    let refused = |problem: String| Err(Error::Refused(problem));
    let mut bytes = Vec::new();
    let mut rest = data.trim_matches('\''); // cmd takes single quotes for text
    while !rest.is_empty() {
        let (times, item) = match rest.split_once('x') {
            Some((times, item)) if is_count(times) => (times.parse().unwrap_or(usize::MAX), item),
            _ => (1, rest),
        };
        let (word, behind) = item.split_once(' ').unwrap_or((item, ""));
        let digits = word.strip_prefix("0x").unwrap_or(word);
        rest = "";
        let one = if let Some(text) = item.strip_prefix("text:") {
            text.as_bytes().to_vec()
        } else if let Some(text) = item.strip_prefix("line:") {
            format!("{text}\n").into_bytes()
        } else if let Some(text) = item.strip_prefix("gbk:") {
            gbk::encode(text)?
        } else {
            rest = behind.trim_start();
            match u8::from_str_radix(digits, 16) {
                Ok(byte) if digits.len() == 2 => vec![byte],
                _ if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => word.into(),
                _ => return refused(format!("{word} 不是两位十六进制数；文字写作 text:{word}")),
            }
        };
        if one.len().saturating_mul(times).saturating_add(bytes.len()) > MAX_LEN {
            return refused(format!("{data} 太长，最多 {MAX_LEN} 字节"));
        }
        bytes.extend(one.repeat(times));
    }
    Ok(bytes)
}

/// Whether this says how often; `0x41` is a byte.
fn is_count(times: &str) -> bool {
    !times.is_empty() && !times.starts_with('0') && times.bytes().all(|byte| byte.is_ascii_digit())
}

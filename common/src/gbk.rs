//! Text to GBK and back: Python's `text.encode("gbk")` and `data.decode("gbk")`.
//!
//! A network carries bytes. Both ends must agree on the encoding, or 你 (`c4 e3` in GBK, `e4 bd a0`
//! in UTF-8) arrives as something else. A Rust string is UTF-8 already: `line.as_bytes()` are its
//! bytes, and `String::from_utf8_lossy(&data)` is the way back.
//!
//! GBK has one byte for ASCII and two for a Chinese character; it is what Chinese Windows programs
//! send. Here it is as the WHATWG Encoding Standard defines it: all that Python's `gbk` codec has, the
//! same bytes for each, and some characters more (€ among them).

use crate::Error;
use encoding_rs::{EncoderResult, GBK};

/// The bytes of `text`: Python's `text.encode("gbk")`.
///
/// # Errors
/// [`Error::Refused`], naming the first character that GBK lacks.
///
/// ```
/// use common::gbk;
///
/// assert_eq!(gbk::encode("你")?, b"\xc4\xe3");
/// let error = gbk::encode("好😀").unwrap_err();
/// assert_eq!(error.to_string(), "字符 😀（U+1F600）在 GBK 中没有编码");
/// # Ok::<(), common::Error>(())
/// ```
pub fn encode(text: &str) -> Result<Vec<u8>, Error> {
    let mut encoder = GBK.new_encoder();
    let longest = encoder.max_buffer_length_from_utf8_without_replacement(text.len());
    let mut bytes = Vec::with_capacity(longest.unwrap_or_default());
    // "Without replacement": the usual call would put `&#128512;` for a character that GBK lacks.
    let (result, _) = encoder.encode_from_utf8_to_vec_without_replacement(text, &mut bytes, true);
    match result {
        EncoderResult::Unmappable(character) => {
            let code = u32::from(character);
            Err(Error::Refused(format!("字符 {character}（U+{code:04X}）在 GBK 中没有编码")))
        }
        EncoderResult::InputEmpty => Ok(bytes),
        EncoderResult::OutputFull => unreachable!("the buffer has the longest length"),
    }
}

/// The text of `bytes`, all of it: Python's `bytes.decode("gbk")`. Where Python raises
/// `UnicodeDecodeError`, the text has U+FFFD (�) instead.
///
/// ```
/// assert_eq!(common::gbk::decode(b"\xc4\xe3 \xff"), "你 \u{fffd}");
/// ```
pub fn decode(bytes: &[u8]) -> String {
    GBK.decode_without_bom_handling(bytes).0.into_owned()
}

/// Decodes a stream piece by piece: a character whose bytes are split between two pieces comes out
/// whole with the second.
///
/// ```
/// let mut decoder = common::gbk::Decoder::new();
/// assert_eq!(decoder.decode(b"\xc4"), ""); // the first half of a character waits …
/// assert_eq!(decoder.decode(b"\xe3"), "你"); // … for the second
/// ```
pub struct Decoder(encoding_rs::Decoder);

impl Decoder {
    /// A decoder at the beginning of a stream.
    #[expect(clippy::new_without_default, reason = "no program asks for a default")]
    pub fn new() -> Decoder {
        Decoder(GBK.new_decoder_without_bom_handling())
    }

    /// The text that `bytes` complete. Bytes that are no text become U+FFFD.
    pub fn decode(&mut self, bytes: &[u8]) -> String {
        // `None` is a length that does not fit into memory, and then `bytes` would not either.
        let longest = self.0.max_utf8_buffer_length(bytes.len());
        let mut text = String::with_capacity(longest.unwrap_or_default());
        // With room for the longest text one call takes all of `bytes`.
        let _ = self.0.decode_to_string(bytes, &mut text, false);
        text
    }
}

//! Text to bytes and back: Python's `str.encode()` and `bytes.decode()`.
//!
//! A network carries bytes. Both ends must agree on the encoding, or 你 (`e4 bd a0` in UTF-8,
//! `c4 e3` in GBK) arrives as something else.

use crate::Error;
use encoding_rs::EncoderResult;

/// An encoding that the scripts use.
///
/// ```
/// use common::encoding::Encoding;
///
/// assert_eq!(Encoding::Utf8.encode("你")?, b"\xe4\xbd\xa0");
/// assert_eq!(Encoding::Gbk.encode("你")?, b"\xc4\xe3");
/// assert_eq!(Encoding::Gbk.decode(b"\xc4\xe3"), "你");
/// # Ok::<(), common::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// One to four bytes a character, all of Unicode (RFC 3629).
    Utf8,
    /// One byte for ASCII and two for a Chinese character; what Chinese Windows programs send.
    /// As the WHATWG Encoding Standard defines it: all that Python's `gbk` codec has, the same
    /// bytes for each, and some characters more (€ among them).
    Gbk,
}

impl Encoding {
    fn standard(self) -> &'static encoding_rs::Encoding {
        match self {
            Encoding::Utf8 => encoding_rs::UTF_8,
            Encoding::Gbk => encoding_rs::GBK,
        }
    }

    /// The bytes of `text`: Python's `text.encode(…)`.
    ///
    /// # Errors
    /// [`Error::Refused`], naming the first character that the encoding lacks. (UTF-8 lacks none.)
    ///
    /// ```
    /// use common::encoding::Encoding;
    ///
    /// let error = Encoding::Gbk.encode("好😀").unwrap_err();
    /// assert_eq!(error.to_string(), "第 2 个字符 😀（U+1F600）在 GBK 中没有编码");
    /// ```
    pub fn encode(self, text: &str) -> Result<Vec<u8>, Error> {
        if self == Encoding::Utf8 {
            return Ok(text.as_bytes().to_vec()); // what a `str` is made of already
        }
        let mut encoder = self.standard().new_encoder();
        let longest = encoder.max_buffer_length_from_utf8_without_replacement(text.len());
        let mut bytes = Vec::with_capacity(longest.unwrap_or_default());
        // "Without replacement": the usual call would put `&#128512;` for a character it lacks.
        let (result, read) =
            encoder.encode_from_utf8_to_vec_without_replacement(text, &mut bytes, true);
        match result {
            EncoderResult::Unmappable(character) => {
                let place = text[..read].chars().count();
                let code = u32::from(character);
                Err(Error::Refused(format!(
                    "第 {place} 个字符 {character}（U+{code:04X}）在 GBK 中没有编码"
                )))
            }
            EncoderResult::InputEmpty => Ok(bytes),
            EncoderResult::OutputFull => unreachable!("the buffer has the longest length"),
        }
    }

    /// The text of `bytes`, all of it: Python's `data.decode(…)`, but for bytes that are no text.
    /// Where Python raises `UnicodeDecodeError`, the text has U+FFFD (�) in their place.
    ///
    /// ```
    /// use common::encoding::Encoding;
    ///
    /// assert_eq!(Encoding::Utf8.decode(b"ok \xff"), "ok \u{fffd}");
    /// ```
    pub fn decode(self, bytes: &[u8]) -> String {
        let (text, _) = self.standard().decode_without_bom_handling(bytes);
        text.into_owned()
    }

    /// A decoder for text that arrives in pieces.
    ///
    /// ```
    /// let mut decoder = common::encoding::Encoding::Gbk.decoder();
    /// assert_eq!(decoder.decode(b"\xc4"), ""); // the first half of a character waits …
    /// assert_eq!(decoder.decode(b"\xe3"), "你"); // … for the second
    /// ```
    pub fn decoder(self) -> Decoder {
        Decoder(self.standard().new_decoder_without_bom_handling())
    }
}

/// Decodes a stream piece by piece: a character whose bytes are split between two pieces comes out
/// whole with the second. Made by [`Encoding::decoder`].
pub struct Decoder(encoding_rs::Decoder);

impl Decoder {
    /// The text that `bytes` complete. Bytes that are no text become U+FFFD.
    ///
    /// For an example see [`Encoding::decoder`].
    pub fn decode(&mut self, bytes: &[u8]) -> String {
        self.next(bytes, false)
    }

    /// The end of the stream: U+FFFD where it stopped inside a character, else nothing.
    ///
    /// ```
    /// let mut decoder = common::encoding::Encoding::Utf8.decoder();
    /// assert_eq!(decoder.decode(b"ok\xe4"), "ok");
    /// assert_eq!(decoder.finish(), "\u{fffd}");
    /// ```
    pub fn finish(mut self) -> String {
        self.next(b"", true)
    }

    fn next(&mut self, bytes: &[u8], last: bool) -> String {
        // `None` is a length that does not fit into memory, and then `bytes` would not either.
        let longest = self.0.max_utf8_buffer_length(bytes.len());
        let mut text = String::with_capacity(longest.unwrap_or_default());
        // With room for the longest text the first call takes all of `bytes`.
        let _ = self.0.decode_to_string(bytes, &mut text, last);
        text
    }
}

//! Text as it is signed: bounded, one line or many, and large texts cut into chunks.

use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::Hash,
};

/// The largest chunk of a blob, in bytes.
pub const CHUNK_BYTES_MAX: usize = 48 * 1024;
/// The longest text carried inside an entry, in bytes of UTF-8.
pub const INLINE_BYTES_MAX: usize = 32 * 1024;
/// The longest text of a proposal, in bytes of UTF-8.
pub const TEXT_BYTES_MAX: usize = 512 * 1024;
/// The most chunks a text is cut into.
pub const CHUNKS_MAX: usize = TEXT_BYTES_MAX.div_ceil(CHUNK_BYTES_MAX);

/// Whether text may stand on one line: something visible, no control characters, no bidirectional
/// overrides (which would let a name pose as another).
#[must_use]
pub fn is_line(text: &str) -> bool {
    visible_characters(text) > 0 && !text.chars().any(is_unfit)
}

/// Whether text may stand on several lines: as [`is_line`], with line feeds and tabs, or empty.
#[must_use]
pub fn is_block(text: &str) -> bool {
    !text.chars().any(|c| c != '\n' && c != '\t' && is_unfit(c))
}

fn is_unfit(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A text from elsewhere as it may be shown on one line: characters that do not belong there, which could steer
/// a terminal or turn around what stands beside them, stand as their codes.
#[must_use]
pub fn shown_line(text: &str) -> String {
    shown(text, |c| !is_unfit(c))
}

/// The same on several lines: line feeds and tabs stay.
#[must_use]
pub fn shown_block(text: &str) -> String {
    shown(text, |c| c == '\n' || c == '\t' || !is_unfit(c))
}

fn shown(text: &str, is_fit: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match is_fit(c) {
            true => shown.push(c),
            false => shown.extend(c.escape_unicode()),
        }
    }
    shown
}

/// JSON in which such characters stand as JSON escapes: it means the same, and can be shown.
#[must_use]
pub fn shown_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        match is_unfit(c) && c != '\n' {
            // All of them are of the basic plane, and outside of texts JSON has none but line feeds.
            true => shown.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => shown.push(c),
        }
    }
    shown
}

/// How many characters of a text can be seen: neither white space, control nor zero width.
#[must_use]
pub fn visible_characters(text: &str) -> usize {
    let invisible = |c: char| {
        c.is_whitespace()
            || is_unfit(c)
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{3164}')
    };
    text.chars().filter(|c| !invisible(*c)).count()
}

/// A line of text from an entry.
///
/// # Errors
/// When it is too long, blank, or has characters that do not belong on a line.
pub fn decode_line(
    decoder: &mut Decoder<'_>,
    field: &'static str,
    most: usize,
) -> Result<String, DecodeError> {
    let text = decoder.text(field, most)?;
    if is_line(text) {
        Ok(text.to_owned())
    } else {
        Err(DecodeError::Invalid(field))
    }
}

/// Text of several lines, perhaps none, from an entry.
///
/// # Errors
/// When it is too long or has control characters.
pub fn decode_block(
    decoder: &mut Decoder<'_>,
    field: &'static str,
    most: usize,
) -> Result<String, DecodeError> {
    let text = decoder.text(field, most)?;
    if is_block(text) {
        Ok(text.to_owned())
    } else {
        Err(DecodeError::Invalid(field))
    }
}

/// The text of a proposal: in the entry up to [`INLINE_BYTES_MAX`], else a blob that the entry
/// names by its chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    hash: Hash,
    length: usize,
    chunks: Vec<Hash>,
    inline: Option<String>,
}

impl Content {
    /// The content of a text, and the chunks to keep beside the entry if it is long.
    ///
    /// # Errors
    /// When the text is blank, longer than [`TEXT_BYTES_MAX`], or has control characters.
    pub fn of(text: &str) -> Result<(Self, Vec<Vec<u8>>), DecodeError> {
        if visible_characters(text) == 0 {
            return Err(DecodeError::Invalid("the text is empty"));
        }
        if !is_block(text) {
            return Err(DecodeError::Invalid("the text has control characters"));
        }
        if text.len() > TEXT_BYTES_MAX {
            return Err(DecodeError::Range {
                field: "text",
                found: text.len() as u64,
                allowed: "at most 524288 bytes",
            });
        }
        let (hash, length) = (Hash::of(&[text.as_bytes()]), text.len());
        if length <= INLINE_BYTES_MAX {
            let inline = Some(text.to_owned());
            return Ok((
                Self {
                    hash,
                    length,
                    chunks: Vec::new(),
                    inline,
                },
                Vec::new(),
            ));
        }
        let pieces: Vec<Vec<u8>> = text
            .as_bytes()
            .chunks(CHUNK_BYTES_MAX)
            .map(<[u8]>::to_vec)
            .collect();
        let chunks = pieces.iter().map(|piece| Hash::of(&[piece])).collect();
        Ok((
            Self {
                hash,
                length,
                chunks,
                inline: None,
            },
            pieces,
        ))
    }

    /// SHA-256 of the whole text.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Length of the whole text in bytes.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// The text, if the entry carries it.
    #[must_use]
    pub fn inline(&self) -> Option<&str> {
        self.inline.as_deref()
    }

    /// The chunks that hold the text, if the entry does not.
    #[must_use]
    pub fn chunks(&self) -> &[Hash] {
        &self.chunks
    }

    /// Drops the text and keeps what names it, so that views stay small.
    pub fn forget_text(&mut self) {
        self.inline = None;
    }

    /// Puts a text together from its chunks.
    ///
    /// # Errors
    /// When the chunks are not this text.
    pub fn assemble(&self, chunks: &[Vec<u8>]) -> Result<String, DecodeError> {
        let bytes = chunks.concat();
        if bytes.len() != self.length || Hash::of(&[&bytes]) != self.hash {
            return Err(DecodeError::Invalid(
                "the chunks are not the text they are named by",
            ));
        }
        let text = String::from_utf8(bytes).map_err(|_| DecodeError::NotUtf8)?;
        if is_block(&text) {
            Ok(text)
        } else {
            Err(DecodeError::Invalid("the text has control characters"))
        }
    }
}

impl Encode for Content {
    fn encode(&self, encoder: &mut Encoder) {
        match &self.inline {
            Some(text) => encoder.text(text),
            None => encoder
                .array(3)
                .value(&self.hash)
                .uint(self.length as u64)
                .list(self.chunks.iter()),
        };
    }
}

impl Decode for Content {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut ahead = decoder.clone();
        if ahead.array(3).is_ok() {
            *decoder = ahead;
            let hash = decoder.value()?;
            let length = decoder.uint_to("text length", TEXT_BYTES_MAX as u64)? as usize;
            let chunks: Vec<Hash> = decoder.list("chunks", CHUNKS_MAX)?;
            if length <= INLINE_BYTES_MAX || chunks.len() != length.div_ceil(CHUNK_BYTES_MAX) {
                return Err(DecodeError::Invalid(
                    "a text is cut into chunks of 48 KiB above 32 KiB",
                ));
            }
            return Ok(Self {
                hash,
                length,
                chunks,
                inline: None,
            });
        }
        let text = decode_block(decoder, "text", INLINE_BYTES_MAX)?;
        if visible_characters(&text) == 0 {
            return Err(DecodeError::Invalid("the text is empty"));
        }
        Ok(Self {
            hash: Hash::of(&[text.as_bytes()]),
            length: text.len(),
            chunks: Vec::new(),
            inline: Some(text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_comes_back_from_its_chunks_and_from_nothing_else() {
        let text = "héllo wörld\n".repeat(9_000);
        let (content, mut chunks) = Content::of(&text).unwrap();
        assert_eq!(
            Content::from_bytes(&content.to_bytes()),
            Ok(content.clone())
        );
        assert_eq!(content.assemble(&chunks), Ok(text));
        chunks[0][0] ^= 1;
        assert!(content.assemble(&chunks).is_err());
    }

    #[test]
    fn a_short_text_has_one_encoding_only() {
        let (content, chunks) = Content::of("short").unwrap();
        assert!(chunks.is_empty());
        assert_eq!(
            Content::from_bytes(&content.to_bytes()),
            Ok(content.clone())
        );
        let mut named = content;
        named.forget_text();
        assert!(Content::from_bytes(&named.to_bytes()).is_err());
    }

    #[test]
    fn what_is_shown_steers_no_terminal_and_turns_nothing_around() {
        let hostile = "a\u{1b}[2Jb\n\tc\u{9b}d\u{202e}e\rü";
        let block = "a\\u{1b}[2Jb\n\tc\\u{9b}d\\u{202e}e\\u{d}ü";
        assert_eq!(shown_block(hostile), block);
        assert!(is_block(&shown_block(hostile)));
        assert_eq!(shown_line("a\nb\tc"), "a\\u{a}b\\u{9}c");
        assert_eq!(
            shown_json("{\n\"a\": \"\u{7f}\u{9b}ü\"}"),
            "{\n\"a\": \"\\u007f\\u009bü\"}"
        );
    }

    #[test]
    fn a_line_has_no_controls_overrides_or_mere_blanks() {
        assert!(is_line("Col·lectiu «Ñandú» 日本"));
        for text in ["", " ", "\u{200b}", "a\nb", "a\u{202e}b", "a\0"] {
            assert!(!is_line(text), "{text:?}");
        }
        assert_eq!(visible_characters(" a\u{200b} b\n"), 2);
    }
}

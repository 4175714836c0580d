//! What is voted on: a title, a text, and what it does.

use super::Effect;
use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::Hash,
    record::LINE_BYTES_MAX,
    text::decode_line,
};

const TEXT_PREFIX: &[u8] = b"folkmoot/text/1\0";
const PREFIX: &[u8] = b"folkmoot/motion/1\0";

/// A version of a proposal as far as it is decided: its hash is what ballots name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Motion {
    /// The title.
    pub title: String,
    /// The hash of the text.
    pub text: Hash,
    /// What it does to the federation, if it does anything by itself.
    pub effect: Option<Effect>,
}

impl Motion {
    /// The hash of the version: without an effect that of [`crate::record::version_hash`].
    #[must_use]
    pub fn hash(&self) -> Hash {
        let mut encoder = Encoder::new();
        match &self.effect {
            None => {
                encoder.array(2).text(&self.title).value(&self.text);
                Hash::of(&[TEXT_PREFIX, &encoder.into_bytes()])
            }
            Some(effect) => {
                let encoder = encoder.array(3).text(&self.title).value(&self.text);
                encoder.value(&effect.hash());
                Hash::of(&[PREFIX, &std::mem::take(encoder).into_bytes()])
            }
        }
    }
}

impl Encode for Motion {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .text(&self.title)
            .value(&self.text)
            .optional(self.effect.as_ref());
    }
}

impl Decode for Motion {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        Ok(Self {
            title: decode_line(decoder, "title", LINE_BYTES_MAX)?,
            text: decoder.value()?,
            effect: decoder.optional()?,
        })
    }
}

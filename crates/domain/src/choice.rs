//! What a ballot says.

use std::fmt;

use crate::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};

/// The choice of a ballot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Choice {
    /// We can live with this.
    Agree,
    /// We leave it to the others; counts towards the quorum.
    Abstain,
    /// An abstention of a member that will not take part in carrying it out.
    StandAside,
    /// It would harm an aim of the charter.
    Block,
    /// We are against and can live with it; only where the charter allows it.
    Disagree,
}

impl Choice {
    /// Every choice, in the order of its code on the wire.
    pub const ALL: [Self; 5] = [
        Self::Agree,
        Self::Abstain,
        Self::StandAside,
        Self::Block,
        Self::Disagree,
    ];

    /// The word in pages, commands and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agree => "agree",
            Self::Abstain => "abstain",
            Self::StandAside => "stand-aside",
            Self::Block => "block",
            Self::Disagree => "disagree",
        }
    }

    /// The choice of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == word)
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Encode for Choice {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.uint(*self as u64);
    }
}

impl Decode for Choice {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let code = decoder.uint_to("choice", Self::ALL.len() as u64 - 1)?;
        Ok(Self::ALL[code as usize])
    }
}

//! What a ballot says.

use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    charter::Charter,
};

/// What a ballot says. The number is its code on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Choice {
    /// For the proposal.
    Agree = 0,
    /// Neither for nor against.
    Abstain = 1,
    /// As abstain, and takes no part in carrying it out.
    StandAside = 2,
    /// Against, because it harms an aim or principle of the charter.
    Block = 3,
    /// Against, without blocking; only where the charter allows it.
    Disagree = 4,
}

/// Text that is no choice.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{found:?} is no choice; write agree, abstain, stand-aside, block or disagree")]
pub struct ChoiceError {
    /// What was given.
    pub found: String,
}

impl Choice {
    /// Every choice, in the order of the codes.
    pub const ALL: [Self; 5] = [
        Self::Agree,
        Self::Abstain,
        Self::StandAside,
        Self::Block,
        Self::Disagree,
    ];

    /// The word used on the command line and in JSON.
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

    /// Whether a ballot under that charter may say it.
    #[must_use]
    pub fn is_allowed(self, charter: &Charter) -> bool {
        self != Self::Disagree || charter.terms().disagree_allowed
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Choice {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        Self::ALL
            .into_iter()
            .find(|choice| choice.as_str() == text)
            .ok_or_else(|| ChoiceError {
                found: text.chars().take(80).collect(),
            })
    }
}

impl Encode for Choice {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.uint(*self as u64);
    }
}

impl Decode for Choice {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let found = decoder.uint()?;
        Self::ALL
            .into_iter()
            .find(|choice| *choice as u64 == found)
            .ok_or(DecodeError::Range {
                field: "choice",
                found,
                allowed: "0 to 4",
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_come_back_from_their_codes_and_words() {
        for (code, choice) in Choice::ALL.into_iter().enumerate() {
            assert_eq!(choice.to_bytes(), [u8::try_from(code).unwrap()]);
            assert_eq!(Choice::from_bytes(&choice.to_bytes()), Ok(choice));
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
        assert!(Choice::from_bytes(&[5]).is_err());
        assert!("like".parse::<Choice>().is_err());
    }

    #[test]
    fn disagree_needs_a_charter_that_allows_it() {
        assert!(!Choice::Disagree.is_allowed(&Charter::default()));
        assert!(Choice::Block.is_allowed(&Charter::default()));
        let charter = Charter::from_toml("ballot.disagree-allowed = true").unwrap();
        assert!(Choice::Disagree.is_allowed(&charter));
    }
}

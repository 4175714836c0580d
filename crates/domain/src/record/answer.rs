//! What a proposing member does about a block.

use super::REVISIONS_MAX;
use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{EntryId, Hash, PhaseId},
};

/// What a proposing member does about a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnswerAct {
    /// It amends: consent is asked again on that version.
    Amend {
        /// The entry of the version.
        version: EntryId,
        /// The hash of its title and text.
        text: Hash,
    },
    /// It takes the proposal back.
    Withdraw,
    /// It calls the fallback vote on the version that was blocked.
    CallVote,
}

impl AnswerAct {
    /// The word used in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Amend { .. } => "amend",
            Self::Withdraw => "withdraw",
            Self::CallVote => "call-vote",
        }
    }

    /// The hash of the version that is voted on next, if it amends.
    #[must_use]
    pub fn amends(&self) -> Option<Hash> {
        match self {
            Self::Amend { text, .. } => Some(*text),
            Self::Withdraw | Self::CallVote => None,
        }
    }
}

impl Encode for AnswerAct {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Amend { version, text } => encoder.array(3).uint(0).value(version).value(text),
            Self::Withdraw => encoder.array(1).uint(1),
            Self::CallVote => encoder.array(1).uint(2),
        };
    }
}

impl Decode for AnswerAct {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let length = decoder.array_to("act", 3)?;
        Ok(match (decoder.uint_to("act", 2)?, length) {
            (0, 3) => Self::Amend {
                version: decoder.value()?,
                text: decoder.value()?,
            },
            (1, 1) => Self::Withdraw,
            (2, 1) => Self::CallVote,
            _ => return Err(DecodeError::Invalid("an act of another length")),
        })
    }
}

/// The body of an entry of kind answer: in the time of integration the proposing member says
/// what becomes of its proposal. It is written under a mandate, as ballots are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The phase: the window that the block opened.
    pub phase: PhaseId,
    /// 1 to 8 within the mandate; the highest counts.
    pub revision: u8,
    /// What it does.
    pub act: AnswerAct,
}

impl Encode for Answer {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .value(&self.phase)
            .uint(u64::from(self.revision))
            .value(&self.act);
    }
}

impl Decode for Answer {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        let answer = Self {
            phase: decoder.value()?,
            revision: decoder.uint_to("revision", u64::from(REVISIONS_MAX))? as u8,
            act: decoder.value()?,
        };
        match answer.revision {
            0 => Err(DecodeError::Invalid("revisions are counted from 1")),
            _ => Ok(answer),
        }
    }
}

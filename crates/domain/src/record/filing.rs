//! Where a document belongs: what it is for, and to which circle, proposal or meeting.

use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{CircleId, DocumentId, EntryId, ProposalId},
};

/// What a document is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// Nothing in particular.
    Text,
    /// The draft of a proposal or of its next version.
    Draft,
    /// What a meeting is to talk about.
    Agenda,
    /// What a meeting came to.
    Minutes,
    /// Something a later release knows.
    Other(u8),
}

impl Sort {
    /// Those that this release knows.
    pub const ALL: [Self; 4] = [Self::Text, Self::Draft, Self::Agenda, Self::Minutes];

    fn number(self) -> u8 {
        match self {
            Self::Text => 0,
            Self::Draft => 1,
            Self::Agenda => 2,
            Self::Minutes => 3,
            Self::Other(number) => number,
        }
    }

    fn of(number: u8) -> Self {
        match number {
            0 => Self::Text,
            1 => Self::Draft,
            2 => Self::Agenda,
            3 => Self::Minutes,
            other => Self::Other(other),
        }
    }

    /// Its word; what a later release knows is a text to this one.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text | Self::Other(_) => "text",
            Self::Draft => "draft",
            Self::Agenda => "agenda",
            Self::Minutes => "minutes",
        }
    }
}

/// The word is none of [`Sort::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is none of text, draft, agenda, minutes")]
pub struct SortError(String);

impl std::str::FromStr for Sort {
    type Err = SortError;

    fn from_str(word: &str) -> Result<Self, SortError> {
        let found = Self::ALL.into_iter().find(|sort| sort.as_str() == word);
        found.ok_or_else(|| SortError(word.chars().take(32).collect()))
    }
}

/// Where a document belongs; the last one counts, whoever wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filing {
    /// The document.
    pub document: DocumentId,
    /// What it is for.
    pub sort: Sort,
    /// The circle it belongs to.
    pub circle: Option<CircleId>,
    /// The proposal it is to become the next version of.
    pub proposal: Option<ProposalId>,
    /// The meeting it is for: the entry that planned it.
    pub meeting: Option<EntryId>,
    /// It is finished or given up and no longer listed among what people work on.
    pub closed: bool,
}

impl Encode for Filing {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(6)
            .value(&self.document)
            .uint(u64::from(self.sort.number()))
            .optional(self.circle.as_ref())
            .optional(self.proposal.as_ref())
            .optional(self.meeting.as_ref())
            .uint(u64::from(self.closed));
    }
}

impl Decode for Filing {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(6)?;
        Ok(Self {
            document: decoder.value()?,
            sort: Sort::of(decoder.uint_to("sort", 255)? as u8),
            circle: decoder.optional()?,
            proposal: decoder.optional()?,
            meeting: decoder.optional()?,
            closed: decoder.uint_to("closed", 1)? == 1,
        })
    }
}

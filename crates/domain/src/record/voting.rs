//! Records of proposals and votes.

use super::{CLASS_BYTES_MAX, Content, LINE_BYTES_MAX, decode_line};
use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    decision::Choice,
    id::{CircleId, EntryId, Hash, MemberId, PhaseId, ProposalId, Timestamp},
    key::PublicKey,
};

/// The most revisions of a ballot within one mandate.
pub const REVISIONS_MAX: u8 = 8;
/// A block's reason has at least this many visible characters.
pub const REASON_CHARACTERS_MIN: u64 = 20;
/// The longest reason or comment, in bytes.
pub const NOTE_BYTES_MAX: usize = 16 * 1024;
/// The largest electorate of one opening.
pub const VOTERS_MAX: usize = 500;
const RULE_BYTES_MAX: usize = 32;

/// The hash of a text as it is read: title and text together.
#[must_use]
pub fn version_hash(title: &str, content: &Content) -> Hash {
    let mut encoder = Encoder::new();
    encoder.array(2).text(title).value(&content.hash());
    Hash::of(&[b"folkmoot/text/1\0", &encoder.into_bytes()])
}

/// A proposal and its first version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// One line.
    pub title: String,
    /// The text.
    pub content: Content,
    /// The name of the rule that decides, one of the charter's.
    pub rule: String,
    /// Why it cannot wait for the regular period; `None` if it can.
    pub urgent: Option<String>,
    /// The circle it belongs to.
    pub circle: Option<CircleId>,
    /// The language it is written in (BCP 47).
    pub language: String,
}

impl Encode for Proposal {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(6)
            .text(&self.title)
            .value(&self.content)
            .text(&self.rule);
        match &self.urgent {
            Some(why) => encoder.text(why),
            None => encoder.null(),
        };
        encoder.optional(self.circle.as_ref()).text(&self.language);
    }
}

impl Decode for Proposal {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(6)?;
        Ok(Self {
            title: decode_line(decoder, "title", LINE_BYTES_MAX)?,
            content: decoder.value()?,
            rule: decode_line(decoder, "rule", RULE_BYTES_MAX)?,
            urgent: if decoder.is_null() {
                None
            } else {
                Some(decode_line(decoder, "justification", LINE_BYTES_MAX)?)
            },
            circle: decoder.optional()?,
            language: decode_line(decoder, "language", 35)?,
        })
    }
}

/// A new version of a proposal; what changed, in words, is the note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendment {
    /// The proposal.
    pub proposal: ProposalId,
    /// The number of this version; the proposal itself is version 1.
    pub number: u64,
    /// The entry of the version it follows.
    pub previous: EntryId,
    /// The title from now on.
    pub title: String,
    /// The whole text from now on.
    pub content: Content,
}

impl Encode for Amendment {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(5)
            .value(&self.proposal)
            .uint(self.number)
            .value(&self.previous)
            .text(&self.title)
            .value(&self.content);
    }
}

impl Decode for Amendment {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(5)?;
        let record = Self {
            proposal: decoder.value()?,
            number: decoder.uint()?,
            previous: decoder.value()?,
            title: decode_line(decoder, "title", LINE_BYTES_MAX)?,
            content: decoder.value()?,
        };
        match record.number {
            2.. => Ok(record),
            _ => Err(DecodeError::Invalid("an amendment is version 2 or later")),
        }
    }
}

/// The proposer takes a proposal back; why is the note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// The proposal.
    pub proposal: ProposalId,
}

impl Encode for Withdrawal {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(1).value(&self.proposal);
    }
}

impl Decode for Withdrawal {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(1)?;
        Ok(Self {
            proposal: decoder.value()?,
        })
    }
}

/// A member that may vote in a phase, with the record that makes it one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Elector {
    /// The member.
    pub member: MemberId,
    /// Its class when voting opened.
    pub class: String,
    /// Its root key when voting opened: mandates must be signed by it.
    pub root: PublicKey,
    /// Its `found` or `join` entry.
    pub record: EntryId,
}

impl Encode for Elector {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(4)
            .value(&self.member)
            .text(&self.class)
            .value(&self.root)
            .value(&self.record);
    }
}

impl Decode for Elector {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(4)?;
        Ok(Self {
            member: decoder.value()?,
            class: decode_line(decoder, "class", CLASS_BYTES_MAX)?,
            root: decoder.value()?,
            record: decoder.value()?,
        })
    }
}

/// A phase of voting begins: what is voted on, by whom, by which rule, until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The proposal.
    pub proposal: ProposalId,
    /// The entry of the version voted on.
    pub version: EntryId,
    /// The hash of that version's title and text.
    pub text: Hash,
    /// The rule's name.
    pub rule: String,
    /// The hash of the charter in force.
    pub charter: Hash,
    /// The last moment at which a ballot counts, unless the vote is extended.
    pub deadline: Timestamp,
    /// By how much a late block extends it, once, in milliseconds.
    pub late_block_ms: u64,
    /// By how much too few ballots extend it, once, in milliseconds.
    pub extension_ms: u64,
    /// Who may vote, ascending by member.
    pub electorate: Vec<Elector>,
}

impl Opening {
    /// The last moments at which a ballot may count: at once, and after each extension.
    #[must_use]
    pub fn deadlines(&self) -> [Timestamp; 4] {
        let both = self.late_block_ms.saturating_add(self.extension_ms);
        [0, self.late_block_ms, self.extension_ms, both].map(|more| self.deadline.plus_ms(more))
    }

    /// The elector of a member.
    #[must_use]
    pub fn elector(&self, member: &MemberId) -> Option<&Elector> {
        let found = self
            .electorate
            .binary_search_by(|elector| elector.member.cmp(member));
        found.ok().map(|index| &self.electorate[index])
    }
}

impl Encode for Opening {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(9)
            .value(&self.proposal)
            .value(&self.version)
            .value(&self.text)
            .text(&self.rule)
            .value(&self.charter)
            .value(&self.deadline)
            .uint(self.late_block_ms)
            .uint(self.extension_ms)
            .list(self.electorate.iter());
    }
}

impl Decode for Opening {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(9)?;
        let opening = Self {
            proposal: decoder.value()?,
            version: decoder.value()?,
            text: decoder.value()?,
            rule: decode_line(decoder, "rule", RULE_BYTES_MAX)?,
            charter: decoder.value()?,
            deadline: decoder.value()?,
            late_block_ms: decoder.uint()?,
            extension_ms: decoder.uint()?,
            electorate: decoder.list("electorate", VOTERS_MAX)?,
        };
        if opening
            .electorate
            .windows(2)
            .all(|pair| pair[0].member < pair[1].member)
        {
            Ok(opening)
        } else {
            Err(DecodeError::Unsorted("electorate"))
        }
    }
}

/// A member votes. The member and the mandate's number are those of the mandate the header names;
/// the reason is the note, so that it can be erased without touching the vote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ballot {
    /// The phase: the id of the opening.
    pub phase: PhaseId,
    /// 1 to 8 within the mandate; the highest counts.
    pub revision: u8,
    /// The hash of the version's title and text as the voter read it.
    pub version: Hash,
    /// The choice.
    pub choice: Choice,
    /// For a block: which of the charter's aims it protects, counted from 0.
    pub aim: Option<u64>,
    /// How many visible characters the reason has.
    pub reason_characters: u64,
}

impl Encode for Ballot {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(6)
            .value(&self.phase)
            .uint(u64::from(self.revision))
            .value(&self.version)
            .value(&self.choice);
        match self.aim {
            Some(aim) => encoder.uint(aim),
            None => encoder.null(),
        };
        encoder.uint(self.reason_characters);
    }
}

impl Decode for Ballot {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(6)?;
        let ballot = Self {
            phase: decoder.value()?,
            revision: decoder.uint_to("revision", u64::from(REVISIONS_MAX))? as u8,
            version: decoder.value()?,
            choice: decoder.value()?,
            aim: if decoder.is_null() {
                None
            } else {
                Some(decoder.uint_to("aim", 255)?)
            },
            reason_characters: decoder.uint_to("reason length", NOTE_BYTES_MAX as u64)?,
        };
        if ballot.revision == 0 {
            return Err(DecodeError::Invalid("revisions are counted from 1"));
        }
        if (ballot.choice == Choice::Block) != ballot.aim.is_some() {
            return Err(DecodeError::Invalid(
                "a block names an aim, and only a block does",
            ));
        }
        if ballot.choice == Choice::Block && ballot.reason_characters < REASON_CHARACTERS_MIN {
            return Err(DecodeError::Invalid(
                "a block gives a reason of at least 20 characters",
            ));
        }
        Ok(ballot)
    }
}

//! A batch: what one height of the register decides, under a header whose hash is what validators
//! agree on. Each header names the one before it.

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    effect::Motion,
    entry::{ENTRY_BYTES_MAX, Entry},
    id::{FederationId, Hash, PhaseId},
    key::Signature,
};

use crate::{
    closing::{CLOSING_BYTES_MAX, Closing},
    declaration::Declaration,
    sizes::VALIDATORS_MAX,
    validators::ValidatorIndex,
};

const PREFIX: &[u8] = b"folkmoot/height/1\0";
const ITEMS_PREFIX: &[u8] = b"folkmoot/items/1\0";
/// The longest batch, in bytes.
pub const BATCH_BYTES_MAX: usize = 2 * CLOSING_BYTES_MAX;
/// The most items of one sort in a batch. What finds no room comes with the next height.
pub const ITEMS_MAX: usize = 64;
/// The highest height and epoch.
pub const HEIGHT_MAX: u64 = u32::MAX as u64;

/// An entry written under a mandate, with the mandate, both without notes: whoever has them can tell
/// for which member it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mandated {
    /// The entry.
    pub entry: Entry,
    /// The mandate that its header names.
    pub mandate: Entry,
}

/// A vote is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The opening.
    pub opening: Mandated,
    /// What is voted on.
    pub motion: Motion,
}

/// A block is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// The answer.
    pub answer: Mandated,
    /// The version that is voted on next: there if the answer amends, and only then.
    pub motion: Option<Motion>,
}

/// A phase is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closes {
    /// The closing.
    pub closing: Closing,
    /// What was voted on, if it passed; what is voted on next, if the closing amends. Otherwise
    /// nothing.
    pub motion: Option<Motion>,
}

/// What a validator says of a phase that those who validate it cannot close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StallNote {
    /// Who says so, in today's set.
    pub validator: ValidatorIndex,
    /// How many seals it has seen.
    pub seals: u64,
    /// The signature of the statement.
    pub signature: Signature,
}

/// A phase is held again by today's validators, because those who validate it are too few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stall {
    /// The phase.
    pub phase: PhaseId,
    /// A quorum of today's validators says so; ascending by validator.
    pub notes: Vec<StallNote>,
}

/// What one height decides, sort by sort, each in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Items {
    /// Phases that are closed, ascending by deadline and phase.
    pub closings: Vec<Closes>,
    /// Answers to blocks, ascending by entry.
    pub answers: Vec<Answers>,
    /// Proposals taken back while they are voted on, ascending by entry.
    pub withdrawals: Vec<Mandated>,
    /// Phases held again by others, ascending.
    pub stalls: Vec<Stall>,
    /// What members declare, ascending by member and number.
    pub declarations: Vec<Declaration>,
    /// Votes that are opened, ascending by entry.
    pub openings: Vec<Opened>,
}

/// What validators agree on: its hash names the height before it, what the height decides, and what
/// follows from it. Whoever has no items can still follow the heights by their headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Counts the recoveries of the register, from 0.
    pub epoch: u64,
    /// The height, from 2: height 1 is the beginning.
    pub height: u64,
    /// The hash of the header before; at height 2 that of the beginning.
    pub previous: Hash,
    /// The hash of the validators who sign this one.
    pub validators: Hash,
    /// The hash of the items.
    pub items: Hash,
    /// The hash of the validators of the next height.
    pub next_validators: Hash,
    /// The hash of the register's state after it.
    pub state: Hash,
}

/// A height with all it decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// What is agreed on.
    pub header: Header,
    /// What it decides.
    pub items: Items,
}

impl Header {
    /// Its hash: the value agreed on.
    #[must_use]
    pub fn hash(&self, federation: &FederationId) -> Hash {
        Hash::of(&[PREFIX, &federation.0, &self.to_bytes()])
    }
}

impl Items {
    /// The hash that the header names.
    #[must_use]
    pub fn hash(&self, federation: &FederationId) -> Hash {
        Hash::of(&[ITEMS_PREFIX, &federation.0, &self.to_bytes()])
    }

    /// Whether they decide anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Batch {
    /// Reads a batch.
    ///
    /// # Errors
    /// When the bytes are not the one encoding of a batch, or too many.
    pub fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > BATCH_BYTES_MAX {
            return Err(DecodeError::Range {
                field: "batch size",
                found: bytes.len() as u64,
                allowed: "at most 64 MiB",
            });
        }
        Self::from_bytes(bytes)
    }
}

impl Encode for Mandated {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(2)
            .bytes(&self.entry.to_bytes())
            .bytes(&self.mandate.to_bytes());
    }
}

impl Decode for Mandated {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            entry: Entry::from_bytes(decoder.bytes("entry", ENTRY_BYTES_MAX)?)?,
            mandate: Entry::from_bytes(decoder.bytes("mandate", ENTRY_BYTES_MAX)?)?,
        })
    }
}

impl Encode for Opened {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).value(&self.opening).value(&self.motion);
    }
}

impl Decode for Opened {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            opening: decoder.value()?,
            motion: decoder.value()?,
        })
    }
}

impl Encode for Answers {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(2)
            .value(&self.answer)
            .optional(self.motion.as_ref());
    }
}

impl Decode for Answers {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            answer: decoder.value()?,
            motion: decoder.optional()?,
        })
    }
}

impl Encode for Closes {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(2)
            .value(&self.closing)
            .optional(self.motion.as_ref());
    }
}

impl Decode for Closes {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            closing: decoder.value()?,
            motion: decoder.optional()?,
        })
    }
}

impl Encode for StallNote {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .value(&self.validator)
            .uint(self.seals)
            .value(&self.signature);
    }
}

impl Decode for StallNote {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        Ok(Self {
            validator: decoder.value()?,
            seals: decoder.uint_to("seals", VALIDATORS_MAX as u64)?,
            signature: decoder.value()?,
        })
    }
}

impl Encode for Stall {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).value(&self.phase).list(self.notes.iter());
    }
}

impl Decode for Stall {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        let phase = decoder.value()?;
        let notes: Vec<StallNote> = decoder.list("notes", VALIDATORS_MAX)?;
        if !notes
            .windows(2)
            .all(|pair| pair[0].validator < pair[1].validator)
        {
            return Err(DecodeError::Unsorted("notes"));
        }
        Ok(Self { phase, notes })
    }
}

impl Encode for Header {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(8)
            .uint(1)
            .uint(self.epoch)
            .uint(self.height)
            .value(&self.previous)
            .value(&self.validators)
            .value(&self.items)
            .value(&self.next_validators)
            .value(&self.state);
    }
}

impl Decode for Header {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(8)?;
        if decoder.uint()? != 1 {
            return Err(DecodeError::Invalid("a header of an unknown format"));
        }
        Ok(Self {
            epoch: decoder.uint_to("epoch", HEIGHT_MAX)?,
            height: decoder.uint_to("height", HEIGHT_MAX)?,
            previous: decoder.value()?,
            validators: decoder.value()?,
            items: decoder.value()?,
            next_validators: decoder.value()?,
            state: decoder.value()?,
        })
    }
}

impl Encode for Items {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(6)
            .list(self.closings.iter())
            .list(self.answers.iter())
            .list(self.withdrawals.iter())
            .list(self.stalls.iter())
            .list(self.declarations.iter())
            .list(self.openings.iter());
    }
}

impl Decode for Items {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(6)?;
        Ok(Self {
            closings: decoder.list("closings", ITEMS_MAX)?,
            answers: decoder.list("answers", ITEMS_MAX)?,
            withdrawals: decoder.list("withdrawals", ITEMS_MAX)?,
            stalls: decoder.list("stalls", ITEMS_MAX)?,
            declarations: decoder.list("declarations", ITEMS_MAX)?,
            openings: decoder.list("openings", ITEMS_MAX)?,
        })
    }
}

impl Encode for Batch {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).value(&self.header).value(&self.items);
    }
}

impl Decode for Batch {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            header: decoder.value()?,
            items: decoder.value()?,
        })
    }
}

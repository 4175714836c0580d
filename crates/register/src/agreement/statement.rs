//! What validators sign when they agree: proposals and votes, and the messages that carry them.

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{FederationId, Hash},
    key::{PublicKey, SecretKey, Signature},
};

use super::certificate::Polka;
use crate::{statement::message, validators::ValidatorIndex};

/// The highest round. At a minute each it is two months; it keeps round numbers from overflowing.
pub const ROUND_MAX: u32 = 100_000;

/// Which agreement: signed with every statement, so that none can be replayed into another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The federation.
    pub federation: FederationId,
    /// The epoch of the register.
    pub epoch: u64,
    /// The height.
    pub height: u64,
}

/// The two steps of voting in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The first vote: this value may be chosen.
    Prevote,
    /// The second vote: with a quorum of them the value is decided.
    Precommit,
}

impl Step {
    fn code(self) -> u64 {
        match self {
            Step::Prevote => 0,
            Step::Precommit => 1,
        }
    }
}

/// Statement 7: the proposer of a round puts a value forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proposal {
    /// The epoch of the register.
    pub epoch: u64,
    /// The height.
    pub height: u64,
    /// The round.
    pub round: u32,
    /// The hash of the value.
    pub value: Hash,
    /// The earlier round in which a quorum prevoted this value, if it is put forward again.
    pub lock: Option<u32>,
}

/// Statement 8: a validator votes in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Vote {
    /// The epoch of the register.
    pub epoch: u64,
    /// The height.
    pub height: u64,
    /// The round.
    pub round: u32,
    /// Which vote of the round.
    pub step: Step,
    /// The hash of the value, or none of those put forward.
    pub value: Option<Hash>,
}

/// A statement of agreement.
pub trait Statement: Encode + Decode + Copy + Ord {
    /// The epoch it belongs to.
    fn epoch(&self) -> u64;
    /// The height it belongs to.
    fn height(&self) -> u64;
    /// The round it belongs to.
    fn round(&self) -> u32;
    /// Whether an honest validator signs at most one of the two.
    fn excludes(&self, other: &Self) -> bool;
}

impl Statement for Proposal {
    fn epoch(&self) -> u64 {
        self.epoch
    }
    fn height(&self) -> u64 {
        self.height
    }
    fn round(&self) -> u32 {
        self.round
    }
    fn excludes(&self, other: &Self) -> bool {
        let slot = |of: &Self| (of.epoch, of.height, of.round);
        slot(self) == slot(other) && self != other
    }
}

impl Statement for Vote {
    fn epoch(&self) -> u64 {
        self.epoch
    }
    fn height(&self) -> u64 {
        self.height
    }
    fn round(&self) -> u32 {
        self.round
    }
    fn excludes(&self, other: &Self) -> bool {
        let slot = |of: &Self| (of.epoch, of.height, of.round, of.step);
        slot(self) == slot(other) && self != other
    }
}

fn decode_round(decoder: &mut Decoder<'_>) -> Result<u32, DecodeError> {
    let round = decoder.uint_to("round", u64::from(ROUND_MAX))?;
    Ok(u32::try_from(round).expect("the limit fits"))
}

fn decode_type(decoder: &mut Decoder<'_>, expected: u64) -> Result<(), DecodeError> {
    match decoder.uint()? {
        found if found == expected => Ok(()),
        found => Err(DecodeError::Range {
            field: "statement",
            found,
            allowed: "the type expected here",
        }),
    }
}

/// A round on the wire, within its limit.
pub(super) struct Round(pub u32);

impl Encode for Round {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.uint(u64::from(self.0));
    }
}

impl Decode for Round {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decode_round(decoder).map(Self)
    }
}

impl Encode for Step {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.uint(self.code());
    }
}

impl Decode for Step {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        match decoder.uint_to("step", 1)? {
            0 => Ok(Step::Prevote),
            _ => Ok(Step::Precommit),
        }
    }
}

impl Encode for Proposal {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(6).uint(7).uint(self.epoch).uint(self.height);
        encoder.uint(u64::from(self.round)).value(&self.value);
        encoder.optional(self.lock.map(Round).as_ref());
    }
}

impl Decode for Proposal {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(6)?;
        decode_type(decoder, 7)?;
        Ok(Self {
            epoch: decoder.uint()?,
            height: decoder.uint()?,
            round: decode_round(decoder)?,
            value: decoder.value()?,
            lock: decoder.optional::<Round>()?.map(|round| round.0),
        })
    }
}

impl Encode for Vote {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(6).uint(8).uint(self.epoch).uint(self.height);
        encoder.uint(u64::from(self.round)).value(&self.step);
        encoder.optional(self.value.as_ref());
    }
}

impl Decode for Vote {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(6)?;
        decode_type(decoder, 8)?;
        Ok(Self {
            epoch: decoder.uint()?,
            height: decoder.uint()?,
            round: decode_round(decoder)?,
            step: decoder.value()?,
            value: decoder.optional()?,
        })
    }
}

/// The bytes that a signature of a statement is over.
#[must_use]
pub fn signed_bytes(federation: &FederationId, statement: &impl Encode) -> Vec<u8> {
    message(federation, &statement.to_bytes())
}

/// A statement with its signature by a validator of the height's set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<S> {
    /// The validator's index in the set.
    pub validator: ValidatorIndex,
    /// What it says.
    pub statement: S,
    /// Its signature over [`signed_bytes`].
    pub signature: Signature,
}

impl<S: Statement> Signed<S> {
    /// Signs a statement as the validator of that index.
    #[must_use]
    pub fn sign(
        federation: &FederationId,
        validator: ValidatorIndex,
        key: &SecretKey,
        statement: S,
    ) -> Self {
        let signature = key.sign(&signed_bytes(federation, &statement));
        Self {
            validator,
            statement,
            signature,
        }
    }

    /// Whether the signature is that of this key in this federation.
    #[must_use]
    pub fn is_by(&self, federation: &FederationId, key: &PublicKey) -> bool {
        let bytes = signed_bytes(federation, &self.statement);
        key.verify(&bytes, &self.signature).is_ok()
    }
}

impl<S: Encode> Encode for Signed<S> {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(3).value(&self.validator);
        encoder.value(&self.statement).value(&self.signature);
    }
}

impl<S: Decode> Decode for Signed<S> {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        Ok(Self {
            validator: decoder.value()?,
            statement: decoder.value()?,
            signature: decoder.value()?,
        })
    }
}

/// What validators say to each other while a height is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A value is put forward.
    Proposal(Signed<Proposal>),
    /// A vote.
    Vote(Signed<Vote>),
    /// The prevotes of a quorum, as proof: when somebody prevotes twice, not everybody sees the
    /// same quorum come about.
    Polka(Polka),
}

impl Message {
    /// The height it belongs to.
    #[must_use]
    pub fn height(&self) -> u64 {
        match self {
            Message::Proposal(signed) => signed.statement.height,
            Message::Vote(signed) => signed.statement.height,
            Message::Polka(polka) => polka.height,
        }
    }

    /// The validator whose single statement it is.
    #[must_use]
    pub fn signer(&self) -> Option<ValidatorIndex> {
        match self {
            Message::Proposal(signed) => Some(signed.validator),
            Message::Vote(signed) => Some(signed.validator),
            Message::Polka(_) => None,
        }
    }

    /// Whether it is a single statement signed with this key in this federation.
    #[must_use]
    pub fn is_by(&self, federation: &FederationId, key: &PublicKey) -> bool {
        match self {
            Message::Proposal(signed) => signed.is_by(federation, key),
            Message::Vote(signed) => signed.is_by(federation, key),
            Message::Polka(_) => false,
        }
    }

    /// The round it belongs to.
    #[must_use]
    pub fn round(&self) -> u32 {
        match self {
            Message::Proposal(signed) => signed.statement.round,
            Message::Vote(signed) => signed.statement.round,
            Message::Polka(polka) => polka.round,
        }
    }

    /// The epoch it belongs to.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        match self {
            Message::Proposal(signed) => signed.statement.epoch,
            Message::Vote(signed) => signed.statement.epoch,
            Message::Polka(polka) => polka.epoch,
        }
    }
}

impl Encode for Message {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2);
        match self {
            Message::Proposal(signed) => encoder.uint(7).value(signed),
            Message::Vote(signed) => encoder.uint(8).value(signed),
            Message::Polka(polka) => encoder.uint(0).value(polka),
        };
    }
}

impl Decode for Message {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        match decoder.uint()? {
            7 => decoder.value().map(Message::Proposal),
            8 => decoder.value().map(Message::Vote),
            0 => decoder.value().map(Message::Polka),
            found => Err(DecodeError::Range {
                field: "message",
                found,
                allowed: "0, 7 or 8",
            }),
        }
    }
}

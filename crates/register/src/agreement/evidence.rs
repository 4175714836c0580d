//! Proof that a validator signed two things of which an honest one signs at most one.

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::FederationId,
    key::PublicKey,
};

use super::statement::{Proposal, Signed, Statement, Vote};

/// Two statements that exclude each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pair {
    /// Two proposals of one round.
    Proposals(Signed<Proposal>, Signed<Proposal>),
    /// Two votes of one step of one round.
    Votes(Signed<Vote>, Signed<Vote>),
}

/// A validator's equivocation, provable with nothing else: its key, and two statements it signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The validator's key.
    pub key: PublicKey,
    /// What it signed, the lesser statement first.
    pub pair: Pair,
}

fn is_proof<S: Statement>(
    federation: &FederationId,
    key: &PublicKey,
    first: &Signed<S>,
    second: &Signed<S>,
) -> bool {
    let distinct = first.statement < second.statement && first.validator == second.validator;
    distinct
        && first.statement.excludes(&second.statement)
        && first.is_by(federation, key)
        && second.is_by(federation, key)
}

impl Evidence {
    /// Of two proposals, in their one order.
    pub(super) fn of_proposals(
        key: PublicKey,
        one: Signed<Proposal>,
        other: Signed<Proposal>,
    ) -> Self {
        let (first, second) = if one.statement < other.statement {
            (one, other)
        } else {
            (other, one)
        };
        let pair = Pair::Proposals(first, second);
        Self { key, pair }
    }

    /// Of two votes, in their one order.
    pub(super) fn of_votes(key: PublicKey, one: Signed<Vote>, other: Signed<Vote>) -> Self {
        let (first, second) = if one.statement < other.statement {
            (one, other)
        } else {
            (other, one)
        };
        let pair = Pair::Votes(first, second);
        Self { key, pair }
    }

    /// Whether it proves that the key signed both in this federation.
    #[must_use]
    pub fn is_valid(&self, federation: &FederationId) -> bool {
        match &self.pair {
            Pair::Proposals(first, second) => is_proof(federation, &self.key, first, second),
            Pair::Votes(first, second) => is_proof(federation, &self.key, first, second),
        }
    }
}

impl Encode for Evidence {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(4).value(&self.key);
        match &self.pair {
            Pair::Proposals(first, second) => encoder.uint(7).value(first).value(second),
            Pair::Votes(first, second) => encoder.uint(8).value(first).value(second),
        };
    }
}

impl Decode for Evidence {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(4)?;
        let key = decoder.value()?;
        let pair = match decoder.uint()? {
            7 => Pair::Proposals(decoder.value()?, decoder.value()?),
            8 => Pair::Votes(decoder.value()?, decoder.value()?),
            found => {
                return Err(DecodeError::Range {
                    field: "evidence",
                    found,
                    allowed: "7 or 8",
                });
            }
        };
        Ok(Self { key, pair })
    }
}

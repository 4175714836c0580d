//! A contradiction: two things signed with one key of which an honest holder of it signs one, with all that
//! it takes to see that: no register, no log, no other record (`specs/register.md`, Evidence).

mod error;
mod file;
#[cfg(test)]
mod tests;
mod words;

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    entry::Entry,
    id::{FederationId, Hash, PhaseId},
    key::PublicKey,
};

pub use self::{
    error::ContradictionError,
    file::{Conviction, EvidenceFile, FILE_BYTES_MAX},
};
use crate::{agreement, evidence, fault::Fault};

/// Two things that exclude each other, with whose key signed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contradiction {
    /// Two things said in a phase.
    InPhase {
        /// The key that signed both.
        key: PublicKey,
        /// The phase.
        phase: PhaseId,
        /// Both.
        evidence: evidence::Evidence,
    },
    /// Two proposals or votes of one round of agreement.
    InAgreement(agreement::Evidence),
    /// Two entries of one sequence in the key's log, the one with the smaller id first, without what can
    /// be withheld: somebody else has the key, or a copy of its log.
    InLog(Box<[Entry; 2]>),
}

impl Contradiction {
    /// Two entries of one key and sequence as evidence, in their one order.
    #[must_use]
    pub fn in_log(federation: &FederationId, entries: [Entry; 2]) -> Self {
        let mut entries = entries.map(|entry| Entry {
            body: None,
            note: None,
            ..entry
        });
        entries.sort_by_key(|entry| entry.id(federation));
        Self::InLog(Box::new(entries))
    }

    /// The key that signed both.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        match self {
            Self::InPhase { key, .. } => *key,
            Self::InAgreement(evidence) => evidence.key,
            Self::InLog(entries) => entries[0].header.author,
        }
    }

    /// The phase in which it was said, if it was in one.
    #[must_use]
    pub fn phase(&self) -> Option<PhaseId> {
        match self {
            Self::InPhase { phase, .. } => Some(*phase),
            Self::InAgreement(_) | Self::InLog(_) => None,
        }
    }

    /// The word of what was signed twice.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::InPhase { evidence, .. } => match evidence {
                evidence::Evidence::Ballots(_) => "ballots",
                evidence::Evidence::Receipts(..) => "receipts",
                evidence::Evidence::Manifests(..) => "manifests",
                evidence::Evidence::Seals(_) => "seals",
            },
            Self::InAgreement(evidence) => match evidence.pair {
                agreement::Pair::Proposals(..) => "proposals",
                agreement::Pair::Votes(..) => "votes",
            },
            Self::InLog(_) => "entries",
        }
    }

    /// What evidence is known by.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(&[&self.to_bytes()])
    }

    /// Verifies that the key signed both in this federation, and that they exclude each other.
    ///
    /// # Errors
    /// Says what does not hold.
    pub fn verify(&self, federation: &FederationId) -> Result<(), ContradictionError> {
        match self {
            Self::InPhase {
                key,
                phase,
                evidence,
            } => Ok(evidence.verify_by(federation, *phase, key)?),
            Self::InAgreement(evidence) => match evidence.is_valid(federation) {
                true => Ok(()),
                false => Err(ContradictionError::Agreement),
            },
            Self::InLog(entries) => {
                let [one, other] = &**entries;
                let place = |entry: &Entry| (entry.header.author, entry.header.sequence);
                if place(one) != place(other) || one.id(federation) >= other.id(federation) {
                    return Err(Fault::NoContradiction.into());
                }
                let unusable = |_| ContradictionError::Entry;
                let verifier = one.header.author.verifier().map_err(unusable)?;
                for entry in [one, other] {
                    entry.verify(federation, &verifier).map_err(unusable)?;
                }
                Ok(())
            }
        }
    }
}

impl Encode for Contradiction {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::InPhase {
                key,
                phase,
                evidence,
            } => encoder
                .array(4)
                .uint(1)
                .value(key)
                .value(phase)
                .value(evidence),
            Self::InAgreement(evidence) => encoder.array(2).uint(2).value(evidence),
            Self::InLog(entries) => encoder
                .array(3)
                .uint(3)
                .value(&entries[0])
                .value(&entries[1]),
        };
    }
}

impl Decode for Contradiction {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let length = decoder.array_to("contradiction", 4)?;
        Ok(match (decoder.uint()?, length) {
            (1, 4) => Self::InPhase {
                key: decoder.value()?,
                phase: decoder.value()?,
                evidence: decoder.value()?,
            },
            (2, 2) => Self::InAgreement(decoder.value()?),
            (3, 3) => Self::InLog(Box::new([decoder.value()?, decoder.value()?])),
            _ => return Err(DecodeError::Invalid("a contradiction of an unknown type")),
        })
    }
}

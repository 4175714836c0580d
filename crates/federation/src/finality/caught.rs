//! Evidence that somebody signed two things of which an honest validator signs one, kept to be shown.

use std::collections::BTreeMap;

use domain::{
    cbor::Encode,
    id::{Hash, MemberId, PhaseId, Timestamp},
    key::PublicKey,
};
use register::{agreement, evidence};

/// The most pieces of evidence that are kept.
const CAUGHT_MAX: usize = 256;
/// The most of one key: who lies once is known.
const OF_KEY_MAX: usize = 4;

/// What contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contradiction {
    /// Two things said in a phase.
    InPhase {
        /// The phase.
        phase: PhaseId,
        /// Both.
        evidence: evidence::Evidence,
    },
    /// Two proposals or votes of one round of agreement.
    InAgreement(agreement::Evidence),
}

/// A validator that contradicted itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caught {
    /// Whose validator it is.
    pub member: MemberId,
    /// The key that signed both.
    pub key: PublicKey,
    /// When this node saw both.
    pub seen: Timestamp,
    /// What was signed.
    pub contradiction: Contradiction,
}

impl Caught {
    /// The evidence itself, encoded.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match &self.contradiction {
            Contradiction::InPhase { evidence, .. } => evidence.to_bytes(),
            Contradiction::InAgreement(evidence) => evidence.to_bytes(),
        }
    }

    /// The phase in which it was said, if not in agreement.
    #[must_use]
    pub fn phase(&self) -> Option<PhaseId> {
        match &self.contradiction {
            Contradiction::InPhase { phase, .. } => Some(*phase),
            Contradiction::InAgreement(_) => None,
        }
    }

    /// The word of what was signed twice.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match &self.contradiction {
            Contradiction::InPhase { evidence, .. } => match evidence {
                evidence::Evidence::Ballots(_) => "ballots",
                evidence::Evidence::Receipts(..) => "receipts",
                evidence::Evidence::Manifests(..) => "manifests",
                evidence::Evidence::Seals(_) => "seals",
            },
            Contradiction::InAgreement(evidence) => match evidence.pair {
                agreement::Pair::Proposals(..) => "proposals",
                agreement::Pair::Votes(..) => "votes",
            },
        }
    }
}

/// Everything that was found since this node started, by the hash of the evidence.
#[derive(Debug, Default)]
pub(crate) struct Evidence(BTreeMap<Hash, Caught>);

impl Evidence {
    /// Keeps evidence while there is room: of each key a few, so that nobody's lies hide another's.
    pub fn keep(&mut self, caught: Caught) {
        let of_key = self.0.values().filter(|known| known.key == caught.key);
        if self.0.len() < CAUGHT_MAX && of_key.count() < OF_KEY_MAX {
            self.0.entry(Hash::of(&[&caught.bytes()])).or_insert(caught);
        }
    }

    pub fn all(&self) -> &BTreeMap<Hash, Caught> {
        &self.0
    }
}

//! What is refused, and what stops agreement.

use domain::id::Hash;
use thiserror::Error;

use super::{
    certificate::{Certificate, CertificateError},
    statement::ROUND_MAX,
};
use crate::validators::ValidatorIndex;

/// Why something from outside was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// No height is open, or another.
    #[error("a message of height {found}, open is {open:?}")]
    Height {
        /// The open height.
        open: Option<u64>,
        /// That of the message.
        found: u64,
    },
    /// Another epoch.
    #[error("a message of epoch {found}, this is {expected}")]
    Epoch {
        /// The epoch of the register.
        expected: u64,
        /// That of the message.
        found: u64,
    },
    /// A round that no honest validator reaches.
    #[error("round {found} is above {ROUND_MAX}")]
    Round {
        /// The round.
        found: u32,
    },
    /// A round too far ahead of the own one. Give the message again when a round begins.
    #[error("round {found}, this node is in {own}")]
    Ahead {
        /// The own round.
        own: u32,
        /// That of the message.
        found: u32,
    },
    /// An index that the set does not have.
    #[error("validator {}, the set has {size}", found.0)]
    Unknown {
        /// How many validators the set has.
        size: usize,
        /// The index found.
        found: ValidatorIndex,
    },
    /// A proposal by another than the proposer.
    #[error("a proposal by validator {}, the proposer is {}", found.0, expected.0)]
    NotProposer {
        /// Who proposes in that round.
        expected: ValidatorIndex,
        /// Who signed.
        found: ValidatorIndex,
    },
    /// A proposal that claims a lock from its own round or a later one.
    #[error("a proposal of round {round} with a lock of round {lock}")]
    Lock {
        /// Its round.
        round: u32,
        /// The round of the lock.
        lock: u32,
    },
    /// A signature that does not verify.
    #[error("the signature of validator {} does not verify", validator.0)]
    Signature {
        /// Whose it should be.
        validator: ValidatorIndex,
    },
    /// A certificate or a proof of a lock that does not hold.
    #[error("the votes do not hold")]
    Certificate(#[from] CertificateError),
}

/// Why agreement cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AgreementError {
    /// Heights follow each other without a gap.
    #[error("height {found} cannot start, the next is {expected}")]
    Sequence {
        /// The next height.
        expected: u64,
        /// The height asked for.
        found: u64,
    },
    /// One height after the other.
    #[error("height {0} is still open")]
    Open(u64),
    /// A quorum of the epoch before a recovery decided a height of its own: those who were said to be gone
    /// were not, and there are two registers.
    #[error(
        "height {height} was decided in the epoch before the recovery too: somebody who was said to be \
         gone was not, and the members have to settle which register holds"
    )]
    TwoEpochs {
        /// The height.
        height: u64,
    },
    /// A record of the journal does not belong there or does not verify.
    #[error("record {index} of the journal of height {height} does not belong there")]
    Journal {
        /// The height.
        height: u64,
        /// The place in the journal, from 0.
        index: usize,
    },
    /// From the journal follows another statement than the one signed, or it holds two that
    /// exclude each other. Nothing more is signed.
    #[error("height {height} round {round}: what the journal leads to is not what was signed")]
    Divergence {
        /// The height.
        height: u64,
        /// The round.
        round: u32,
    },
    /// A statement by this node's own key that its journal does not have: the journal was lost, or
    /// the key is used elsewhere too. Nothing more is signed.
    #[error("height {height} round {round}: signed with this key, but not by this node")]
    NotOurs {
        /// The height.
        height: u64,
        /// The round.
        round: u32,
    },
    /// A quorum decided what this node holds to be invalid: it runs other rules than they.
    #[error("height {height}: a quorum decided {value}, which is invalid here")]
    DecidedInvalid {
        /// The height.
        height: u64,
        /// The value.
        value: Hash,
    },
    /// Two certificates of one height for different values: more than f validators lied.
    #[error("height {}: two values are certified, {} and {}", .0.height, .0.value, .1.value)]
    Disagreement(Box<Certificate>, Box<Certificate>),
    /// The engine refused to go on.
    #[error("the engine stopped: {0}")]
    Engine(String),
    /// The engine failed in a way that it never should.
    #[error("the engine failed at height {0}")]
    Failed(u64),
    /// It stopped before.
    #[error("agreement stopped before and needs a person")]
    Stopped,
}

impl AgreementError {
    /// Whether nothing can be done any more without a person: all but breaches of the contract by
    /// the caller.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Sequence { .. } | Self::Open(_))
    }
}

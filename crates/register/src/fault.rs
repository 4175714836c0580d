//! Why a manifest, a seal or a closing is not accepted: something is missing, or a rule is broken.

use domain::{
    cbor::DecodeError,
    id::{EntryId, Hash, PhaseId, Timestamp},
    key::KeyError,
};
use thiserror::Error;

use crate::{
    ballot::BallotError,
    phase::{PhaseError, VoterIndex},
    validators::ValidatorIndex,
};

/// What a closing or a manifest needs and is not at hand. More bytes may make it valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Missing {
    /// A mandate that a ballot rests on.
    #[error("the mandate {0} is not there")]
    Mandate(EntryId),
    /// A ballot that a manifest lists.
    #[error("the ballot {0} is not there")]
    Ballot(EntryId),
    /// A receipt that a manifest lists.
    #[error("the receipt of validator {} for ballot {ballot} is not there", validator.0)]
    Receipt {
        /// Who signed it.
        validator: ValidatorIndex,
        /// For which ballot.
        ballot: EntryId,
    },
    /// A manifest that a seal names.
    #[error("the manifest {manifest} of validator {} is not there", author.0)]
    Manifest {
        /// Who made it.
        author: ValidatorIndex,
        /// Its hash.
        manifest: Hash,
    },
    /// Seals.
    #[error("{found} seals, needed {needed}")]
    Seals {
        /// How many are there.
        found: usize,
        /// How many a closing carries at least.
        needed: usize,
    },
}

/// Which rule bytes break. Nothing that comes later makes them valid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// Not the encoding of what it should be.
    #[error("not of its form")]
    Encoding(#[from] DecodeError),
    /// Longer than allowed.
    #[error("{found} bytes, at most {most} are allowed")]
    TooLong {
        /// How long.
        found: usize,
        /// How long at most.
        most: usize,
    },
    /// It is about another phase.
    #[error("it is about phase {named}, not {judged}")]
    Phase {
        /// The phase it names.
        named: PhaseId,
        /// The phase it is judged for.
        judged: PhaseId,
    },
    /// The charter is not the one the phase names.
    #[error("the phase is under charter {named}, and this is {found}")]
    Charter {
        /// The charter the phase names.
        named: Hash,
        /// The charter given.
        found: Hash,
    },
    /// The phase itself is none.
    #[error("the phase breaks its own rules")]
    Unphased(#[from] PhaseError),
    /// A list that must be strictly ascending is not.
    #[error("{0} are not in strictly ascending order")]
    Unsorted(&'static str),
    /// A mandate or ballot that is none.
    #[error("entry {entry} does not count")]
    Ballot {
        /// The entry.
        entry: EntryId,
        /// Why.
        #[source]
        source: BallotError,
    },
    /// A validator that the phase does not have.
    #[error("the phase has no validator {}", .0.0)]
    Stranger(ValidatorIndex),
    /// A validator's signature does not verify.
    #[error("a signature of validator {} over {what} does not verify", validator.0)]
    Signature {
        /// Who should have signed.
        validator: ValidatorIndex,
        /// What.
        what: &'static str,
        /// What is wrong.
        #[source]
        source: KeyError,
    },
    /// A proof that leads to another root.
    #[error("a proof for ballot {ballot} leads to root {found}, not {signed}")]
    Root {
        /// The ballot.
        ballot: EntryId,
        /// Where its proof leads.
        found: Hash,
        /// The root that was signed.
        signed: Hash,
    },
    /// A receipt dated outside what counts.
    #[error("a receipt of {time:?} counts only from {from:?} to {to:?}")]
    Time {
        /// Its date.
        time: Timestamp,
        /// The first moment that counts.
        from: Timestamp,
        /// The last moment that counts.
        to: Timestamp,
    },
    /// A row of a voter that the phase does not have.
    #[error("the phase has no voter {}", .0.0)]
    Voter(VoterIndex),
    /// A ballot listed in the row of another voter or slot.
    #[error("the ballot {0} is listed as another voter's or slot's")]
    Place(EntryId),
    /// Two ballots listed that say the same.
    #[error("two ballots of voter {} say the same", .0.0)]
    Repeated(VoterIndex),
    /// Too few or too many receipts listed for a ballot.
    #[error("{found} receipts are listed for ballot {ballot}, needed {needed}")]
    Receipts {
        /// The ballot.
        ballot: EntryId,
        /// How many are listed.
        found: usize,
        /// How many a manifest lists.
        needed: usize,
    },
    /// Early rows where no block is late, or above what is held in the end.
    #[error("the early row of voter {} has no place", .0.0)]
    Early(VoterIndex),
    /// A seal that names too few manifests.
    #[error("the seal of validator {} names {found} manifests, needed {needed}", validator.0)]
    Names {
        /// Whose seal.
        validator: ValidatorIndex,
        /// How many it names.
        found: usize,
        /// How many it must name.
        needed: usize,
    },
    /// Something is carried that nothing needs.
    #[error("{0} is carried and not needed")]
    Unused(&'static str),
    /// Another outcome is stated than follows.
    #[error("another outcome is stated than follows from what is carried")]
    Outcome,
    /// What should contradict does not.
    #[error("the two do not contradict each other")]
    NoContradiction,
}

/// Why bytes are not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// Something is not there: not yet valid.
    #[error("not yet")]
    NotYet(#[from] Missing),
    /// A rule is broken: never valid.
    #[error("not valid")]
    Invalid(#[from] Fault),
}

impl From<DecodeError> for Refused {
    fn from(error: DecodeError) -> Self {
        Self::Invalid(Fault::Encoding(error))
    }
}

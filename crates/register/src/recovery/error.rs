//! Why a recovery does not hold.

use domain::{
    id::{Hash, MemberId, Timestamp},
    key::PublicKey,
};
use thiserror::Error;

/// Why a recovery is not one of this register.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecoveryError {
    /// It begins another epoch.
    #[error("it begins epoch {found}, and epoch {expected} is next: that was recovered before")]
    Epoch {
        /// The next one.
        expected: u64,
        /// The one it names.
        found: u64,
    },
    /// It goes on from another height.
    #[error("it goes on from height {found}, and {expected} is the last: announce it anew")]
    Height {
        /// The last one.
        expected: u64,
        /// The one it names.
        found: u64,
    },
    /// It goes on from another register.
    #[error("it goes on from {found}, and {expected} is the last")]
    Last {
        /// The hash of the last height.
        expected: Hash,
        /// The one it names.
        found: Hash,
    },
    /// Who is said to be gone is no validator.
    #[error("{0} is no validator, so it cannot be gone")]
    NoValidator(MemberId),
    /// With so few gone the register goes on by itself.
    #[error(
        "{found} validators are said to be gone; with up to {bearable} away the register goes on"
    )]
    TooFewGone {
        /// How many.
        found: usize,
        /// How many may be away.
        bearable: usize,
    },
    /// Nobody would remain.
    #[error("no validator would remain")]
    NobodyRemains,
    /// Who signs is no organisation with a node.
    #[error("{0} is no root key of an organisation with a node")]
    NotAnOrganisation(PublicKey),
    /// A signature does not verify.
    #[error("the signature of {0} does not verify")]
    Signature(PublicKey),
    /// Too few signed.
    #[error("{found} organisations {what} it, {needed} are needed")]
    TooFew {
        /// What they did.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many must.
        needed: usize,
    },
    /// A signature from before it could be made.
    #[error("{key} signed at {found:?}, which counts from {from:?} on")]
    Early {
        /// Whose.
        key: PublicKey,
        /// Its date.
        found: Timestamp,
        /// The first moment that counts.
        from: Timestamp,
    },
    /// The phases cannot be held again.
    #[error("an open vote cannot be held again")]
    Phase(#[source] crate::phase::PhaseError),
}

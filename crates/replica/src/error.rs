//! Why an entry is not stored.

use domain::{cbor::DecodeError, id::Timestamp, record::Kind};
use thiserror::Error;

/// Why an entry is refused for ever. Each is a fact about the entry and its ancestors.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The bytes are not the one encoding of an entry.
    #[error("not an entry")]
    Malformed(#[source] DecodeError),
    /// The signature does not verify.
    #[error("the signature does not verify")]
    Signature,
    /// The author's bytes are no usable key.
    #[error("the author is no usable key")]
    Key,
    /// A binding record came without its body.
    #[error("a record that binds cannot be stored without its body")]
    BodyMissing,
    /// The body is not that of its kind.
    #[error("the body does not fit its kind")]
    Body(#[source] DecodeError),
    /// A founder's first entry names no founder of this federation.
    #[error("the key is not one of the founders'")]
    NotAFounder,
    /// A `join` does not show admissions by more than half of the founders.
    #[error("{found} founders admit this key, {needed} are needed")]
    AdmissionsMissing {
        /// How many different founders admit it alike.
        found: usize,
        /// How many must.
        needed: usize,
    },
    /// The sequence does not follow the previous entry, or that entry is another key's.
    #[error("sequence {found} does not follow {previous} of the same key")]
    Sequence {
        /// The entry's sequence.
        found: u64,
        /// That of the entry it names as previous.
        previous: u64,
    },
    /// The time is before that of the previous entry or the grant.
    #[error("time {} is before {}, that of the previous entry or the grant", found.0, earliest.0)]
    Time {
        /// The entry's time.
        found: Timestamp,
        /// The earliest it could have.
        earliest: Timestamp,
    },
    /// The named grant does not give this key a right, or not in this log.
    #[error("the named grant gives this key no right")]
    Grant,
    /// The right does not cover this kind at this address.
    #[error("this right does not cover kind {} at this address or for this audience", kind.0)]
    Right {
        /// The kind.
        kind: Kind,
    },
    /// A key that a steward granted, or whose log rests on such a grant, gives or takes rights.
    #[error("only a log that rests on the root key's grants alone can give or take rights")]
    GrantedBySteward,
    /// A grant or a mandate names bytes that are no usable key.
    #[error("the granted key is no usable key")]
    GrantedKey,
    /// A grant does not show that the key's holder agreed: the proof is not that key's signature
    /// for this federation, member, purpose and person.
    #[error("the grant has no valid proof by the granted key for this member, purpose and person")]
    Proof,
    /// More entries, bytes or grants than a log may have in one UTC day, or too large an entry.
    #[error("more than a log may hold in one day: {limit}")]
    Limit {
        /// The limit, in words.
        limit: &'static str,
    },
    /// A mandate's number is not higher than that of the mandate before it.
    #[error("mandate {found} follows mandate {previous}")]
    MandateNumber {
        /// The number found.
        found: u64,
        /// The highest number before it in the log.
        previous: u64,
    },
    /// What was stored lacks an entry that it rests on.
    #[error("an entry that this one rests on was not stored")]
    AncestorMissing,
    /// It lies above a fork, a revocation or a void grant of its log.
    #[error("its log does not stand at this sequence")]
    Void,
}

//! Why a decision file proves nothing.

use domain::{
    cbor::DecodeError,
    charter::CharterError,
    id::{FederationId, Hash, MemberId, PhaseId},
};
use thiserror::Error;

use super::{FORMAT, HEIGHTS_MAX};
use crate::{
    agreement::CertificateError,
    begin::BeginError,
    chain::{Ending, ItemError},
    recovery::RecoveryError,
};

/// Why a file proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FileError {
    /// Longer than any decision file.
    #[error("{found} bytes; a decision file has at most {most}")]
    TooLong {
        /// How long it is.
        found: usize,
        /// How long it may be.
        most: usize,
    },
    /// No JSON, or not that of a decision file.
    #[error("not a decision file: {0}")]
    Json(String),
    /// Another format.
    #[error("the format is {found:?}, and {FORMAT:?} is known")]
    Format {
        /// What the file says.
        found: String,
    },
    /// A decision file has one spelling.
    #[error("the file is not spelt as decision files are: somebody changed it")]
    Spelling,
    /// Bytes that are not what they should be.
    #[error("{what} cannot be read")]
    Encoding {
        /// What they should be.
        what: &'static str,
        /// What is wrong.
        #[source]
        source: DecodeError,
    },
    /// The federation named is not that of the genesis.
    #[error("the file says it is of federation {stated}, and its genesis is that of {found}")]
    Federation {
        /// What the file says.
        stated: FederationId,
        /// The hash of the genesis.
        found: FederationId,
    },
    /// A file of another federation.
    #[error("the file is of federation {found}, not of {pinned}")]
    OtherFederation {
        /// The one asked for.
        pinned: FederationId,
        /// The hash of the genesis.
        found: FederationId,
    },
    /// The federation needs a later release.
    #[error("the federation requires {0:?}, which this release does not know")]
    Requires(String),
    /// The beginning of the register does not hold.
    #[error("the beginning of the register does not hold")]
    Beginning(#[source] BeginError),
    /// A file carries as many founders' signatures as are needed.
    #[error("{found} founders' signatures, and a file carries {needed}")]
    Founders {
        /// How many it carries.
        found: usize,
        /// How many it must.
        needed: usize,
    },
    /// No heights, or more than a file may have.
    #[error("{0} heights; a file has 1 to {HEIGHTS_MAX}")]
    Heights(usize),
    /// A header of another height.
    #[error("a header of height {found} stands where {expected} should")]
    Height {
        /// The height that should follow.
        expected: u64,
        /// The header's.
        found: u64,
    },
    /// A header of another epoch.
    #[error("height {height} is of epoch {found}, expected {expected}")]
    Epoch {
        /// The height.
        height: u64,
        /// The epoch of the register there.
        expected: u64,
        /// The header's.
        found: u64,
    },
    /// A header that does not follow.
    #[error("height {height} follows {found}, and {expected} is before it")]
    Previous {
        /// The height.
        height: u64,
        /// The hash of what stands before it.
        expected: Hash,
        /// The hash it names.
        found: Hash,
    },
    /// A header to be signed by others than those in force.
    #[error("height {height} names the validators {found}, and {expected} are in force")]
    Validators {
        /// The height.
        height: u64,
        /// The hash of those in force.
        expected: Hash,
        /// The hash it names.
        found: Hash,
    },
    /// Other validators than the certified header before says.
    #[error("the validators after height {height} are {expected}, and the file has {found}")]
    Set {
        /// The height after which they change.
        height: u64,
        /// The hash certified.
        expected: Hash,
        /// The hash of those in the file.
        found: Hash,
    },
    /// Sets are missing or not needed.
    #[error("{found} sets of validators, needed are {needed}")]
    Sets {
        /// How many the file has.
        found: usize,
        /// How many take over.
        needed: usize,
    },
    /// Certificates are missing or not needed.
    #[error("{found} certificates, needed are {needed}")]
    Certificates {
        /// How many the file has.
        found: usize,
        /// How many heights need one.
        needed: usize,
    },
    /// A certificate of something else.
    #[error("the certificate of height {height} is for {found}, and its header is {expected}")]
    Value {
        /// The height.
        height: u64,
        /// The hash of the header.
        expected: Hash,
        /// The hash that the certificate names.
        found: Hash,
    },
    /// A certificate that does not verify.
    #[error("the certificate of height {height} does not hold")]
    Certificate {
        /// The height.
        height: u64,
        /// Why.
        #[source]
        source: CertificateError,
    },
    /// A file carries as many signatures as are needed.
    #[error("{found} signatures for height {height}, and a file carries {needed}")]
    Signatures {
        /// The height.
        height: u64,
        /// How many it carries.
        found: usize,
        /// How many it must.
        needed: usize,
    },
    /// The state that a recovery rests on is not whole.
    #[error("the state after height {0} is not shown as it must be")]
    Rest(u64),
    /// A state that is not the one a certified header names.
    #[error("the state after height {height} is {found}, and {expected} was signed")]
    State {
        /// The height.
        height: u64,
        /// The hash that was signed.
        expected: Hash,
        /// That of what is shown.
        found: Hash,
    },
    /// A recovery that does not hold.
    #[error("the recovery after height {height} does not hold")]
    Recovery {
        /// The height.
        height: u64,
        /// Why.
        #[source]
        source: Box<RecoveryError>,
    },
    /// Recoveries are missing or not needed.
    #[error("{found} recoveries, needed are {needed}")]
    Recoveries {
        /// How many the file has.
        found: usize,
        /// How many epochs begin in it.
        needed: u64,
    },
    /// Items out of order, of a height that the file does not have, or none.
    #[error("items of height {found} after those of {before}, up to {last}")]
    Order {
        /// The height of the items before, 1 if there are none.
        before: u64,
        /// The height of these.
        found: u64,
        /// The last height of the file.
        last: u64,
    },
    /// Items that are not those of their header.
    #[error("the items of height {height} have the hash {found}, the header names {expected}")]
    Items {
        /// The height.
        height: u64,
        /// The hash the header names.
        expected: Hash,
        /// The hash of the items.
        found: Hash,
    },
    /// The charter is none.
    #[error("the charter is not valid")]
    Charter(#[source] CharterError),
    /// The vote is not opened where it should be.
    #[error("the first items, of height {height}, do not open {opening}")]
    NotOpened {
        /// The opening that the file is about.
        opening: PhaseId,
        /// The height.
        height: u64,
    },
    /// Somebody votes whose class does not.
    #[error(
        "the opening lets {member} vote, of the class {class:?}, which does not vote by this rule"
    )]
    Elector {
        /// The member.
        member: MemberId,
        /// Its class.
        class: String,
    },
    /// Something of this vote breaks a rule.
    #[error("height {height}")]
    Item {
        /// The height.
        height: u64,
        /// What is wrong.
        #[source]
        source: Box<ItemError>,
    },
    /// Items in which nothing is of this vote.
    #[error("the items of height {0} have nothing of this vote")]
    Nothing(u64),
    /// The file goes on after the end of the vote.
    #[error("the vote ended at height {ended}, and the file goes on to {last}")]
    GoesOn {
        /// The height that decided.
        ended: u64,
        /// The last one of the file.
        last: u64,
    },
    /// The vote is not over at the end of the file.
    #[error("the vote is not over at height {0}, where the file ends")]
    Open(u64),
    /// Another text than the one voted on.
    #[error("the text has the hash {found}, and {expected} was voted on")]
    Text {
        /// The hash of the text voted on.
        expected: Hash,
        /// The hash of the text in the file.
        found: Hash,
    },
}

/// Why one file does not continue another.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SinceError {
    /// The old file proves nothing.
    #[error("the old file does not verify")]
    Old(#[source] FileError),
    /// The new file proves nothing.
    #[error("the new file does not verify")]
    New(#[source] FileError),
    /// Files of two federations.
    #[error("the old file is of federation {old}, the new one of {new}")]
    Federation {
        /// Of the old one.
        old: FederationId,
        /// Of the new one.
        new: FederationId,
    },
    /// The new file ends before the old one.
    #[error(
        "the new file ends at height {new}, the old one at {old}: give them the other way round"
    )]
    Shorter {
        /// The last height of the old one.
        old: u64,
        /// The last height of the new one.
        new: u64,
    },
    /// Two registers of one federation.
    #[error("height {height} was rewritten: it was {old}, and is {new}")]
    Rewritten {
        /// The first height that differs.
        height: u64,
        /// Its hash in the old file.
        old: Hash,
        /// Its hash in the new file.
        new: Hash,
    },
    /// One vote with two ends.
    #[error("the same vote ended as {old:?} at height {old_height} and as {new:?} at {new_height}")]
    Ending {
        /// In the old file.
        old: Ending,
        /// There at that height.
        old_height: u64,
        /// In the new file.
        new: Ending,
        /// There at that height.
        new_height: u64,
    },
}

/// Why no file can be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExportError {
    /// What should be written does not hold.
    #[error("the register does not show this decision")]
    File(#[from] FileError),
    /// No height opens it.
    #[error("no height opens {0}")]
    Unknown(PhaseId),
    /// The vote goes on.
    #[error("the vote is not over at height {0}")]
    Open(u64),
}

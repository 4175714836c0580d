//! Why an effect or a declaration does nothing.

use domain::{
    effect::EffectError,
    id::{Hash, MemberId, Timestamp},
    key::PublicKey,
};
use thiserror::Error;

/// Why an effect does nothing here and now. Before a vote it is refused for that; after one it was
/// overtaken by what was decided meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Ineffective {
    /// Its own bytes do not allow it.
    #[error(transparent)]
    Effect(#[from] EffectError),
    /// Who is to be admitted is a member.
    #[error("{0} is a member already")]
    AlreadyMember(MemberId),
    /// Who was expelled or left is not admitted with the key of that time.
    #[error("{0} was a member before: it applies with a new key")]
    WasMember(MemberId),
    /// There are as many members as may vote.
    #[error("there are {found} members, and a federation has {most} at most")]
    Full {
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// The key is that of another member.
    #[error("the key {0} is another member's already")]
    KeyTaken(PublicKey),
    /// The new key, or the applicant, did not sign for this.
    #[error("the key {0} did not sign for this")]
    Signature(PublicKey),
    /// The applicant accepted another charter.
    #[error(
        "the applicant accepted the charter {accepted}, and {in_force} is in force: it applies again"
    )]
    Terms {
        /// What it accepted.
        accepted: Hash,
        /// What is in force.
        in_force: Hash,
    },
    /// There is no such member.
    #[error("{0} is no member")]
    NoMember(MemberId),
    /// The member declared that, or something later, before.
    #[error("declaration {found} does not follow declaration {known}")]
    Declared {
        /// Its number.
        found: u64,
        /// The number of the last one.
        known: u64,
    },
    /// There is no such class.
    #[error("the charter has no class {0:?}")]
    NoClass(String),
    /// The member has that class.
    #[error("the member is of class {0:?} already")]
    SameClass(String),
    /// The host has no node of its own.
    #[error("{0} has no node, so it cannot serve others")]
    NoHost(MemberId),
    /// Who serves others leaves only after they have another host.
    #[error("{host} serves {member}: that member needs another host first")]
    StillHosts {
        /// The host.
        host: MemberId,
        /// One whom it serves.
        member: MemberId,
    },
    /// Without it nobody would be left who may change the charter.
    #[error("nobody would be left who may vote by the rule charter")]
    NobodyLeft,
    /// Without it nobody would be left who witnesses and closes votes.
    #[error("no validator would be left to close votes")]
    NoValidators,
    /// A class of the old charter has members and is not in the new one.
    #[error("{member} is of class {class:?}, which the new charter does not have")]
    ClassHasMembers {
        /// The class.
        class: String,
        /// One of its members.
        member: MemberId,
    },
    /// The new charter is the one in force.
    #[error("that charter is in force")]
    SameCharter,
    /// Rules go forward, one version after the other.
    #[error("version {found} of the rules does not follow version {known}, which is in force")]
    RulesVersion {
        /// The version asked for.
        found: u64,
        /// The one in force.
        known: u64,
    },
    /// Rules begin at a height that is still to come.
    #[error("the rules would begin at height {found}, and {height} was decided")]
    RulesHeight {
        /// The height asked for.
        found: u64,
        /// The height that decides.
        height: u64,
    },
    /// Who would close votes would do so no longer when the vote ends.
    #[error("the term until {until:?} is over when the vote ends, {ended:?}")]
    TermOver {
        /// When the term ends.
        until: Timestamp,
        /// When the vote ends.
        ended: Timestamp,
    },
    /// A time of force majeure that is too long.
    #[error(
        "force majeure until {until:?} is longer than one decision can declare; until {most:?} at most"
    )]
    TooLong {
        /// Until when.
        until: Timestamp,
        /// Until when at most.
        most: Timestamp,
    },
    /// Whoever holds the old root key objects.
    #[error("the root key that was to be replaced is not lost: its holder objects")]
    Objected,
    /// The period was settled.
    #[error("{0} was settled already")]
    Settled(String),
}

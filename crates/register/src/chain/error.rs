//! Why a batch does not follow.

use domain::{
    effect::EffectError,
    id::{EntryId, Hash, MemberId, PhaseId, ProposalId, Timestamp},
    key::PublicKey,
};
use thiserror::Error;

use crate::{
    ballot::BallotError, fault::Refused, order::Ineffective, phase::PhaseError,
    validators::ValidatorIndex,
};

/// Why a batch does not follow the register.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BatchError {
    /// It is of another epoch.
    #[error("the batch is of epoch {found}, this is {expected}")]
    Epoch {
        /// Of this register.
        expected: u64,
        /// Of the batch.
        found: u64,
    },
    /// It is of another height.
    #[error("the batch is of height {found}, {expected} is next")]
    Height {
        /// The next one.
        expected: u64,
        /// The batch's.
        found: u64,
    },
    /// It follows rules that this release does not know.
    #[error(
        "heights follow version {needed} of the rules from here on, and this release knows them up to \
         {known}: install a later one"
    )]
    Rules {
        /// The last version known.
        known: u64,
        /// The one in force.
        needed: u64,
    },
    /// It follows another batch.
    #[error("the batch follows {found}, and {expected} is the last")]
    Previous {
        /// The last one.
        expected: Hash,
        /// The one it names.
        found: Hash,
    },
    /// It names other validators.
    #[error("the batch is signed by the validators {found}, and these are {expected}")]
    Validators {
        /// The hash of those in force.
        expected: Hash,
        /// The hash it names.
        found: Hash,
    },
    /// It decides nothing.
    #[error("the batch decides nothing")]
    Empty,
    /// It has other items than its header says.
    #[error("the items have the hash {expected}, the header names {found}")]
    Items {
        /// The hash of the items.
        expected: Hash,
        /// The hash named.
        found: Hash,
    },
    /// Items are not in their order, or one stands twice.
    #[error("{0} are not in strictly ascending order")]
    Order(&'static str),
    /// An item breaks a rule.
    #[error("{what} {at}")]
    Item {
        /// Which sort.
        what: &'static str,
        /// The place among its sort, from 0.
        at: usize,
        /// What is wrong.
        #[source]
        source: Box<ItemError>,
    },
    /// Other validators follow from it than it says.
    #[error("the validators {found} do not follow, {expected} do")]
    NextValidators {
        /// The hash of those who follow.
        expected: Hash,
        /// The hash it names.
        found: Hash,
    },
    /// Another state follows from it than it says.
    #[error("the state {found} does not follow, {expected} does")]
    State {
        /// The hash that follows.
        expected: Hash,
        /// The hash it names.
        found: Hash,
    },
}

/// Why an item of a batch breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ItemError {
    /// No such phase is open.
    #[error("the phase {0} is not open")]
    NotOpen(PhaseId),
    /// The closing is not valid.
    #[error("the closing is not valid")]
    Closing(#[source] Refused),
    /// What was voted on has to be there if it passed, and not otherwise.
    #[error("the motion is missing, or not asked for")]
    Motion,
    /// What is shown is not what was voted on.
    #[error("the motion has the hash {found}, and {expected} was voted on")]
    OtherMotion {
        /// What was voted on.
        expected: Hash,
        /// What is shown.
        found: Hash,
    },
    /// An entry or its mandate is not what it should be.
    #[error("not written for a member")]
    Entry(#[source] BallotError),
    /// The mandate is of nobody who is a member.
    #[error("{0} is no member's root key")]
    Root(PublicKey),
    /// A newer mandate has been used.
    #[error("written under mandate {found}, and {known} has been used")]
    OldMandate {
        /// The number of the newest one seen.
        known: u64,
        /// The number of this one.
        found: u64,
    },
    /// Another member's.
    #[error("{found} is not the proposing member, {proposer} is")]
    NotTheProposer {
        /// The proposing member.
        proposer: MemberId,
        /// Who wrote it.
        found: MemberId,
    },
    /// The proposing member has nothing open there.
    #[error("no vote on {0} is open")]
    NoVote(ProposalId),
    /// That opening was in the register before.
    #[error("the opening {0} was in the register before")]
    OpenedBefore(EntryId),
    /// It is older than the register.
    #[error("the opening is of {found:?}, and the register began at {begun:?}")]
    BeforeTheRegister {
        /// When the register began.
        begun: Timestamp,
        /// The opening's time.
        found: Timestamp,
    },
    /// The proposal passed, or this version was decided or is being voted on.
    #[error("this version is voted on, or was decided")]
    Again,
    /// The member has as many votes open as it may.
    #[error("the member has {found} votes open, and {most} is the most at one time")]
    OpenVotes {
        /// How many are open.
        found: usize,
        /// The most at one time.
        most: usize,
    },
    /// The electorate is not that of the members in force.
    #[error("the electorate is not that of the members in force")]
    Electorate,
    /// The phase does not follow from the charter.
    #[error("the phase does not follow from the charter")]
    Phase(#[source] PhaseError),
    /// The effect names another rule or no charter.
    #[error("what it does cannot be voted on")]
    Effect(#[source] EffectError),
    /// What it does would do nothing.
    #[error("what it does would do nothing")]
    Ineffective(#[source] Ineffective),
    /// An objection to what does not replace the root key of who objects.
    #[error("the phase {phase} does not replace the root key of {found}")]
    NotItsRoot {
        /// The phase.
        phase: PhaseId,
        /// Who objects.
        found: MemberId,
    },
    /// Those who validate the phase are those of today.
    #[error("the phase is validated by today's validators")]
    SameValidators,
    /// Too few validators say that it stalls.
    #[error("{found} validators say that it stalls, {needed} are needed")]
    Stall {
        /// How many say so.
        found: usize,
        /// How many must.
        needed: usize,
    },
    /// A validator did not sign what it is said to say.
    #[error("validator {} did not sign this", .0.0)]
    Signature(ValidatorIndex),
}

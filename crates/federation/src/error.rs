//! Why the core does not do what it was asked, in words for the person who asked.

use domain::{
    cbor::DecodeError,
    charter::CharterError,
    id::{FederationId, Hash, MemberId, Timestamp},
};
use register::chain::BatchError;
use replica::Refusal;
use thiserror::Error;

/// Why an act is refused. Nothing was stored, and but for [`Refused::DiskFullHeld`] nothing will be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// This key has no standing right for this.
    #[error("this key has no right to do that: {needs}")]
    Right {
        /// Which role or key is needed.
        needs: &'static str,
    },
    /// The key was revoked.
    #[error("this key was revoked; ask a steward of your co-op for a new one")]
    Revoked,
    /// The key's log forked: someone else signed with it too.
    #[error(
        "this key has signed two different entries at one place and no longer counts; ask a \
         steward for a new key"
    )]
    Forked,
    /// Not all founders have signed yet.
    #[error("the federation is not founded yet: {missing} of {founders} founders have not signed")]
    NotFounded {
        /// How many are missing.
        missing: usize,
        /// How many there are.
        founders: usize,
    },
    /// After an unclean start the node has not compared its logs with any peer.
    #[error(
        "this node stopped without warning and has not reached another node since; it signs \
         nothing until it has, or until a steward starts it with --alone"
    )]
    NotCaughtUp,
    /// The clock differs too much from the peers'.
    #[error("this node's clock is {0} seconds off its peers'; set the clock, then try again")]
    Clock(u64),
    /// Another server of the member has that name.
    #[error("another server of your co-op is called {0:?}; give it another name")]
    ServerName(String),
    /// A member has as many of something as it may.
    #[error("your co-op has {most} {what}, and no more are kept; remove one first")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are kept.
        most: usize,
    },
    /// A tenant is to belong to a member that this node does not serve.
    #[error("{member} is not served by this node; its own node, or its host's, adds its tenants")]
    NotServed {
        /// Its name.
        member: String,
    },
    /// The home of a tenant is a node of the member that has it.
    #[error("the home of a tenant is a node of your own co-op that is not revoked")]
    NotOurNode,
    /// What the proposal does could not be done.
    #[error("this cannot be decided: {0}")]
    Effect(String),
    /// Decisions change the federation by the register only.
    #[error(
        "the register has not begun in this federation, and only its decisions change members, \
         offices and charter: the founders begin it with folkmoot register begin"
    )]
    NoRegister,
    /// Founders admit only as long as there is no register.
    #[error(
        "this federation admits by decision since its register has begun: the applicant accepts the \
         charter with folkmoot join, and a member proposes its admission with folkmoot admit"
    )]
    ByDecision,
    /// Of two declarations of one number a height takes one.
    #[error("a declaration of {member} waits for the next height; try again when that is decided")]
    DeclarationWaits {
        /// The name of the member.
        member: String,
    },
    /// The member is one no more.
    #[error("{member} is a member no more")]
    Departed {
        /// Its name.
        member: String,
    },
    /// There is no such proposal here.
    #[error("there is no such proposal on this node; it may not have arrived yet")]
    UnknownProposal,
    /// There is no such document here, or not all of what an edit builds on.
    #[error("this document, or what the change builds on, is not on this node; load it again")]
    UnknownDocument,
    /// There is no such circle here.
    #[error("there is no such circle on this node")]
    UnknownCircle,
    /// There is no such action point here.
    #[error("there is no such action point on this node; it may not have arrived yet")]
    UnknownAction,
    /// There is no such gathering here.
    #[error("there is no such gathering on this node; it may not have arrived yet")]
    UnknownGathering,
    /// Only the circle's people may do this.
    #[error("only the people of the circle {circle} can do that; join it on its page first")]
    NotInCircle {
        /// The circle's name.
        circle: String,
    },
    /// There is no such key or person here.
    #[error("there is no such key on this node")]
    UnknownKey,
    /// Only the member that proposed may do this.
    #[error("only {member}, which proposed it, can do that")]
    NotTheProposer {
        /// The proposing member's name.
        member: String,
    },
    /// The proposal was withdrawn.
    #[error("the proposal was withdrawn")]
    Withdrawn,
    /// The member has as many votes open as it may.
    #[error(
        "this co-op has {found} votes open, and {most} is the most at one time: open this one when another \
         has ended, or withdraw one first"
    )]
    OpenVotes {
        /// How many are open.
        found: usize,
        /// The most at one time.
        most: usize,
    },
    /// Voting is open already.
    #[error("voting on this version is open already")]
    AlreadyOpen,
    /// Nobody mediates in the conflict about it.
    #[error("no mediation about this proposal has been decided; propose one first")]
    NotMediated,
    /// Somebody else mediates.
    #[error("only the mediators {people} can report")]
    NotAMediator {
        /// Who they are.
        people: String,
    },
    /// The mediators have not reported.
    #[error(
        "the mediators {people} have not reported yet; the fallback vote opens after their report"
    )]
    NotReported {
        /// Who they are.
        people: String,
    },
    /// There is no block that a fallback vote could decide.
    #[error(
        "a fallback vote is about a version that was blocked, and only once; this one was not, or had it"
    )]
    NotBlocked,
    /// Voting has not begun.
    #[error("voting on this proposal is not open")]
    NotOpen,
    /// Voting is over.
    #[error("voting closed at {}; a ballot cast now cannot count", format_utc(*.0))]
    Closed(Timestamp),
    /// The text changed since the voter read it.
    #[error("the text was changed while you read it; read the new version, then vote again")]
    OldVersion {
        /// What the voter read.
        read: Hash,
        /// What is voted on.
        current: Hash,
    },
    /// The member may not vote here.
    #[error("{member} is not among those who decide this; the electorate was fixed at opening")]
    NotEligible {
        /// The member's name.
        member: String,
    },
    /// Eight revisions were used.
    #[error(
        "a vote can be changed seven times and this one was; a new mandate (folkmoot key mandate) \
         gives a fresh start"
    )]
    NoRevisionLeft,
    /// The reason of a block is too short.
    #[error("say in at least {needed} characters what would be harmed; it has {found}")]
    ReasonTooShort {
        /// Visible characters found.
        found: usize,
        /// How many are needed.
        needed: u64,
    },
    /// A block names no aim of the charter.
    #[error("say which of the charter's {0} aims the block protects")]
    Aim(usize),
    /// The charter does not allow this choice.
    #[error("the charter does not allow the choice {0}")]
    Choice(&'static str),
    /// The rule cannot be chosen.
    #[error("{0}")]
    Rule(String),
    /// The class is not in the charter.
    #[error("the charter has no class {0:?}; it has {1}")]
    Class(String, String),
    /// Nobody may vote under this rule.
    #[error("nobody may vote under this rule yet")]
    EmptyElectorate,
    /// The electorate is larger than this release can open a vote for.
    #[error("{found} voters; this release opens votes for at most {most}")]
    ElectorateTooLarge {
        /// How many would vote.
        found: usize,
        /// How many can.
        most: usize,
    },
    /// Something that was written is too long, empty or has odd characters.
    #[error("{field}: {problem}")]
    Text {
        /// The field's name.
        field: &'static str,
        /// What is wrong, in words.
        problem: String,
    },
    /// A newcomer is a member already.
    #[error("{0} is a member already")]
    AlreadyMember(String),
    /// This founder admitted the newcomer before.
    #[error("your co-op has admitted {0} already; other founders must sign too")]
    AdmittedAlready(String),
    /// Too few founders admitted the newcomer.
    #[error("{found} of {needed} admissions; wait for more founders to admit it")]
    Admissions {
        /// Valid ones found.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// The mandate in force does not list the key; an older one may have.
    #[error(
        "mandate {number} of {member}, which is in force, does not list this key as a delegate's, so \
         it does not vote; a new mandate can list it (folkmoot key mandate)"
    )]
    NotInMandate {
        /// The member's name.
        member: String,
        /// The mandate's number.
        number: u64,
    },
    /// There is no such member here.
    #[error("there is no member {0} on this node; folkmoot members lists them")]
    UnknownMember(String),
    /// The member has no node, so it can serve nobody.
    #[error("{0} has no node of its own, so it cannot host; choose a member that has one")]
    NoNode(String),
    /// The member's last choice of a host is another.
    #[error("{member} has chosen {chosen} to serve it, not your co-op")]
    NotChosen {
        /// The member's name.
        member: String,
        /// The host it chose, or nobody.
        chosen: String,
    },
    /// The member chose this host already.
    #[error("{0} was chosen already")]
    AlreadyHost(String),
    /// A decision gave the member this host.
    #[error(
        "your co-op serves {member} by a decision: that ends when {member} chooses another host that says \
         yes, or by another decision"
    )]
    HostByDecision {
        /// The member's name.
        member: String,
    },
    /// The proposal was decided and cannot be changed.
    #[error("this proposal has passed; propose a new one to change what was decided")]
    Decided,
    /// The vote on the proposal is over: there is nothing left to take back.
    #[error(
        "the vote on this proposal is over, so there is nothing to withdraw; propose something new"
    )]
    OverAlready,
    /// The entry that resulted does not fit the rules of storing.
    #[error("the entry was refused")]
    Entry(#[source] Refusal),
    /// The node's disk is full; said by the shell, which knows of disks.
    #[error(
        "the disk of this node is full, so nothing new can be kept; ask whoever runs it to make \
         room, then try again"
    )]
    DiskFull,
    /// The disk turned out to be full after the act was carried out; said by the shell. It is
    /// stored once there is room, unless the node stops before.
    #[error(
        "the disk of this node is full. What you did is kept in memory and will be stored once \
         there is room; look here again before you repeat it"
    )]
    DiskFullHeld,
    /// The member has not granted the key before and there is no proof by its holder.
    #[error(
        "the holder of this key must agree to it: on the machine that holds it, run folkmoot key \
         prove FILE --federation {federation} --member {member}, and give the proof it prints"
    )]
    ProofMissing {
        /// The federation the proof is for.
        federation: FederationId,
        /// The member it is for.
        member: MemberId,
    },
    /// The proof is not this key's for what it is to be granted.
    #[error(
        "the proof is not this key's for this co-op, purpose and person; take all of what folkmoot \
         key prove FILE --federation {federation} --member {member} prints"
    )]
    Proof {
        /// The federation the proof must be for.
        federation: FederationId,
        /// The member it must be for.
        member: MemberId,
    },
    /// An entry signed elsewhere does not follow this key's last entry.
    #[error("the key has signed something else meanwhile; prepare it again")]
    NotNext,
}

impl Refused {
    /// A short word that never changes, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Right { .. } => "no-right",
            Self::Revoked => "revoked",
            Self::Forked => "forked",
            Self::NotFounded { .. } => "not-founded",
            Self::NotCaughtUp => "not-caught-up",
            Self::Clock(_) => "clock",
            Self::UnknownProposal => "unknown-proposal",
            Self::UnknownDocument => "unknown-document",
            Self::UnknownCircle => "unknown-circle",
            Self::UnknownAction => "unknown-action",
            Self::UnknownGathering => "unknown-gathering",
            Self::NotInCircle { .. } => "not-in-circle",
            Self::UnknownKey => "unknown-key",
            Self::NotTheProposer { .. } => "not-the-proposer",
            Self::Withdrawn => "withdrawn",
            Self::ServerName(_) => "server-name",
            Self::TooMany { .. } => "too-many",
            Self::NotServed { .. } => "not-served",
            Self::NotOurNode => "not-our-node",
            Self::Effect(_) => "effect",
            Self::NoRegister => "no-register",
            Self::ByDecision => "by-decision",
            Self::DeclarationWaits { .. } => "declaration-waits",
            Self::Departed { .. } => "departed",
            Self::AlreadyOpen => "already-open",
            Self::OpenVotes { .. } => "open-votes",
            Self::NotMediated => "not-mediated",
            Self::NotAMediator { .. } => "not-a-mediator",
            Self::NotReported { .. } => "not-reported",
            Self::NotBlocked => "not-blocked",
            Self::NotOpen => "not-open",
            Self::Closed(_) => "closed",
            Self::OldVersion { .. } => "old-version",
            Self::NotEligible { .. } => "not-eligible",
            Self::NoRevisionLeft => "no-revision-left",
            Self::ReasonTooShort { .. } => "reason-too-short",
            Self::Aim(_) => "aim",
            Self::Choice(_) => "choice",
            Self::Rule(_) => "rule",
            Self::Class(..) => "class",
            Self::EmptyElectorate => "empty-electorate",
            Self::ElectorateTooLarge { .. } => "electorate-too-large",
            Self::Text { .. } => "text",
            Self::AlreadyMember(_) => "already-member",
            Self::AdmittedAlready(_) => "admitted-already",
            Self::Admissions { .. } => "admissions",
            Self::NotInMandate { .. } => "not-in-mandate",
            Self::UnknownMember(_) => "unknown-member",
            Self::NoNode(_) => "no-node",
            Self::NotChosen { .. } => "not-chosen",
            Self::AlreadyHost(_) => "already-host",
            Self::HostByDecision { .. } => "host-by-decision",
            Self::Decided => "decided",
            Self::OverAlready => "over-already",
            Self::Entry(_) => "entry",
            Self::DiskFull => "disk-full",
            Self::DiskFullHeld => "disk-full-held",
            Self::ProofMissing { .. } => "proof-missing",
            Self::Proof { .. } => "proof",
            Self::NotNext => "not-next",
        }
    }
}

/// Why a core cannot start.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CoreError {
    /// The genesis carries a charter this release cannot read.
    #[error("the genesis has a charter that this release cannot read")]
    Charter(#[source] CharterError),
    /// The genesis requires what this release does not know.
    #[error("the federation requires {0:?}, which this release does not know; update folkmoot")]
    Requires(String),
    /// A stored entry does not fit: the store is damaged.
    #[error("a stored entry does not fit; run folkmoot store check")]
    Stored(#[source] Refusal),
    /// A stored height of the register does not follow from those before it.
    #[error("the stored height {0} of the register does not follow; run folkmoot store check")]
    Height(u64),
    /// A stored height follows rules that this release does not know: a later release has run here.
    #[error("a later release of folkmoot stored height {height} of the register here")]
    Rules {
        /// The height.
        height: u64,
        /// Why.
        #[source]
        error: BatchError,
    },
    /// Stored bytes are no entry.
    #[error("stored bytes are no entry; run folkmoot store check")]
    Bytes(#[source] DecodeError),
}

/// A time in UTC to the second, as `2026-11-21 12:00:00 UTC` (civil-from-days, Howard Hinnant's
/// algorithm, proleptic Gregorian).
#[must_use]
pub fn format_utc(time: Timestamp) -> String {
    let seconds = time.0 / 1000;
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(format_utc(Timestamp(0)), "1970-01-01 00:00:00 UTC");
        assert_eq!(
            format_utc(Timestamp(1_709_208_000_000)),
            "2024-02-29 12:00:00 UTC"
        );
        assert_eq!(format_utc(Timestamp::MAX), "9999-12-31 23:59:59 UTC");
    }
}

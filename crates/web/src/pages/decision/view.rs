//! What the page of one decision shows, as plain values.

use domain::charter::RuleName;
use domain::decision::{Cause, Choice, Why};
use domain::id::Timestamp;
use register::file::Turn;

use super::super::draft::Origin;
use super::super::effect::What;
use super::super::parts::{Name, Outcome, State};
use super::super::work::ActionPoint;
use super::{Finality, Witnessed};

/// Words of a person that may be gone: free text can be erased, and can still be on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// Nothing was written.
    None,
    /// The words.
    Here(String),
    /// This node does not have them yet.
    NotHere,
    /// They were erased by their author.
    Erased,
}

/// How a decision is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The rule's name in the charter.
    pub name: String,
    /// What kind of rule it is.
    pub kind: RuleName,
    /// Against is a choice of its own here.
    pub allows_disagree: bool,
    /// Visible characters the reason of a block must have (charter).
    pub reason_characters_min: u64,
    /// The numbered aims of the charter that a block can name.
    pub aims: Vec<(u64, String)>,
}

/// One condition of a rule with the figures of this count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Enough members voted: `fraction` of `electors`.
    Quorum {
        /// Ballots that count.
        cast: u64,
        /// How many are needed.
        needed: u64,
        /// Members that may vote.
        electors: u64,
        /// Numerator and denominator of the charter's quorum.
        fraction: (u64, u64),
    },
    /// Enough agree; one, unless the charter says more.
    SomeoneAgrees {
        /// Members that agree.
        agree: u64,
        /// Members that abstain or stand aside.
        abstain: u64,
        /// How many must agree (charter).
        needed: u64,
    },
    /// Nobody blocks, or fewer than it takes.
    NoBlock {
        /// The members that block.
        blocking: Vec<String>,
        /// How many blocks stop it (charter).
        needed: u64,
    },
    /// More agree than are against, in one class or in all.
    MoreAgreeThanAgainst {
        /// The class, if it is about one.
        class: Option<String>,
        /// Members that agree.
        agree: u64,
        /// Members that block or disagree.
        against: u64,
    },
    /// No class is silent.
    NoSilentClass {
        /// The classes of which nobody agrees or is against.
        silent: Vec<String>,
    },
    /// More than a part of those who agree or are against agree.
    Supermajority {
        /// Members that agree.
        agree: u64,
        /// Members that agree or are against.
        heard: u64,
        /// Numerator and denominator of the charter's part.
        fraction: (u64, u64),
    },
    /// A share by class and strength.
    Share {
        /// Of what.
        what: Weighed,
        /// What it is the sum of.
        terms: Vec<Term>,
        /// The sum, in thousandths of the whole, rounded down.
        thousandths: u64,
        /// Whether that is all of it.
        is_exact: bool,
        /// Numerator and denominator of what is needed.
        needed: (u64, u64),
    },
}

/// What a share by class and strength is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weighed {
    /// Ballots, of all who may vote: the quorum.
    Ballots,
    /// Agreement, of all who agree or are against: the majority.
    Majority,
    /// Agreement, of all who may vote: the assent.
    Assent,
}

/// One class's part of a weighted share: strength × part / of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The class's name.
    pub class: String,
    /// Its strength as it counts here.
    pub strength: u64,
    /// The voters meant.
    pub part: u64,
    /// Of how many.
    pub of: u64,
}

/// A condition, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The condition with its figures.
    pub condition: Condition,
    /// Whether it holds.
    pub met: bool,
}

/// Why a ballot does not count as it was cast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// Its time is in the voting period, it came here after it.
    Late {
        /// When it came here.
        arrived: Timestamp,
    },
    /// The member sent two different ballots of one revision: counts as abstain.
    Conflicting,
    /// Not counted, and why.
    NotCounted(Why),
}

/// A ballot that stands for its member.
#[derive(Debug, Clone)]
pub struct Vote {
    /// The ballot's entry, which replies name.
    pub entry: String,
    /// Who voted.
    pub member: Name,
    /// The member's class.
    pub class: String,
    /// What the ballot says.
    pub choice: Choice,
    /// The aim a block protects.
    pub aim: Option<String>,
    /// Why.
    pub reason: Words,
    /// The delegate, where this node may know the name.
    pub delegate: Option<String>,
    /// The time the ballot claims.
    pub at: Timestamp,
    /// 1 to 8.
    pub revision: u8,
    /// What the member voted before, oldest first.
    pub earlier: Vec<(Choice, Timestamp)>,
    /// What is unusual.
    pub marks: Vec<Mark>,
    /// How sure it is to be counted, while that is not over.
    pub witnessed: Option<Witnessed>,
    /// Signed on the delegate's own device rather than by the node for it.
    pub own_device: bool,
    /// Replies to the reason.
    pub replies: Vec<Comment>,
}

/// A seat of the electorate.
#[derive(Debug, Clone)]
pub struct Seat {
    /// The member.
    pub member: Name,
    /// How it counts; a conflict counts as abstain.
    pub choice: Option<Choice>,
}

/// The seats of one class.
#[derive(Debug, Clone)]
pub struct Class {
    /// The class's name in the charter.
    pub name: String,
    /// Its members, in the order of the electorate.
    pub seats: Vec<Seat>,
}

/// A member that has not voted.
#[derive(Debug, Clone)]
pub struct Missing {
    /// The member.
    pub member: Name,
    /// Its node has not been heard from since then, so it may have voted.
    pub silent_since: Option<Timestamp>,
    /// It is the reader's own.
    pub own: bool,
}

/// What the reader's co-op did.
#[derive(Debug, Clone)]
pub enum Own {
    /// It is not in the electorate, or nobody votes now.
    NoVote,
    /// It voted on no version.
    NotVoted,
    /// It voted on an earlier version, which does not count for this one.
    VotedEarlier {
        /// What it said.
        choice: Choice,
        /// On which version.
        version: u64,
        /// When.
        at: Timestamp,
    },
    /// It voted on this version.
    Voted {
        /// What it said.
        choice: Choice,
        /// The delegate who said so, where known.
        by: Option<String>,
        /// When.
        at: Timestamp,
        /// How often it can still be changed.
        changes_left: u8,
        /// The reason, for the form that changes it.
        reason: String,
        /// The number of the aim, for the form that changes it.
        aim: Option<u64>,
    },
}

/// A comment of the discussion or a reply.
#[derive(Debug, Clone)]
pub struct Comment {
    /// Its entry.
    pub entry: String,
    /// Who wrote it for which member.
    pub person: Option<String>,
    /// The member it was written for.
    pub member: Name,
    /// When.
    pub at: Timestamp,
    /// What it says.
    pub words: Words,
    /// The proposer's member wrote it.
    pub by_proposer: bool,
    /// Replies to it.
    pub replies: Vec<Comment>,
}

/// A step on the way here.
#[derive(Debug, Clone)]
pub enum Step {
    /// Version 1 was proposed.
    Proposed {
        /// By which member.
        by: Name,
    },
    /// A new version was written.
    Amended {
        /// Its number.
        version: u64,
        /// What changed, in the proposer's words.
        what_changed: Words,
    },
    /// Voting was opened.
    Opened {
        /// On which version.
        version: u64,
        /// Whether it is the vote that the proposer called after a block.
        fallback: bool,
    },
    /// Voting was extended.
    Extended {
        /// Why.
        cause: Cause,
        /// Until when.
        to: Timestamp,
    },
    /// A member blocked.
    Blocked {
        /// Which one.
        by: Name,
    },
    /// Voting closed.
    Closed {
        /// On which version.
        version: u64,
        /// What the votes said then.
        outcome: Outcome,
    },
    /// It was withdrawn.
    Withdrawn {
        /// Why.
        reason: Words,
    },
    /// Something happened to the vote at a height of the register.
    Height {
        /// Which.
        height: u64,
        /// What.
        turn: Turn,
    },
}

/// A version of the text.
#[derive(Debug, Clone)]
pub struct Version {
    /// 1 and up.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its text; nothing where it has not arrived yet.
    pub text: Option<String>,
    /// When it was written.
    pub at: Timestamp,
    /// The hash that ballots name.
    pub hash: String,
}

/// A vote on one version.
#[derive(Debug, Clone)]
pub struct Phase {
    /// The opening's entry.
    pub opening: String,
    /// The hash of the electorate.
    pub electorate_hash: String,
    /// When voting was opened.
    pub opened: Timestamp,
    /// When it closes.
    pub deadline: Timestamp,
    /// Why it was extended, and until when it would have been open before.
    pub extensions: Vec<(Cause, Timestamp)>,
    /// Whether too few votes would extend it.
    pub may_be_extended: bool,
    /// Whether it is the vote that the proposer called after a block.
    pub fallback: bool,
    /// The classes whose blocks ask for the charter rule.
    pub blocking_classes: Vec<String>,
    /// Whether one class alone decided where several could.
    pub decided_by_one_class: bool,
    /// Classes that voted neither for nor against, where strengths or classes count.
    pub silent: Vec<String>,
    /// Classes that could vote and have no members, where strengths count.
    pub empty: Vec<String>,
    /// The electorate by class.
    pub classes: Vec<Class>,
    /// Every ballot of the phase, one for each member.
    pub votes: Vec<Vote>,
    /// Who has not voted.
    pub missing: Vec<Missing>,
    /// The rule's conditions with this count's figures.
    pub checks: Vec<Check>,
    /// What the count says now.
    pub outcome: Outcome,
}

/// What becomes of a class that votes neither for nor against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// The vote is extended for it; the condition says so.
    Waits,
    /// Its strength is shared among the others.
    LeftOut,
    /// It does not agree by majority, as each class has to.
    Fails,
}

impl Phase {
    /// What becomes of the silent classes, by what is asked for.
    #[must_use]
    pub fn silence(&self) -> Silence {
        let asks =
            |fits: fn(&Condition) -> bool| self.checks.iter().any(|check| fits(&check.condition));
        let of_class = |condition: &Condition| {
            matches!(
                condition,
                Condition::MoreAgreeThanAgainst { class: Some(_), .. }
            )
        };
        if asks(|condition| matches!(condition, Condition::NoSilentClass { .. })) {
            Silence::Waits
        } else if asks(of_class) {
            Silence::Fails
        } else {
            Silence::LeftOut
        }
    }

    /// Members that may vote.
    pub(super) fn electors(&self) -> u64 {
        self.classes
            .iter()
            .map(|class| class.seats.len() as u64)
            .sum()
    }

    /// Members whose vote counts as one of `choices`.
    pub(super) fn count(&self, choices: &[Choice]) -> u64 {
        let seats = self.classes.iter().flat_map(|class| &class.seats);
        seats
            .filter(|seat| seat.choice.is_some_and(|choice| choices.contains(&choice)))
            .count() as u64
    }

    /// Members whose vote counts at all.
    pub(super) fn cast(&self) -> u64 {
        self.count(&Choice::ALL)
    }
}

/// What the reader may do beside voting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct May {
    /// Open voting.
    pub open: bool,
    /// Open voting again, in the register that has begun meanwhile.
    pub open_again: bool,
    /// Call the vote that follows a block.
    pub fall_back: bool,
    /// Report on the conflict about it.
    pub report: bool,
    /// Call the fallback vote that follows the mediators' report.
    pub vote_after_report: bool,
    /// Write a new version.
    pub amend: bool,
    /// Take it back.
    pub withdraw: bool,
    /// Comment.
    pub comment: bool,
    /// Vote for its member.
    pub vote: bool,
    /// Set the day of review.
    pub review: bool,
}

/// A node this one does not hear from.
#[derive(Debug, Clone)]
pub struct Silent {
    /// Its member.
    pub member: Name,
    /// Last heard from then; nothing if never.
    pub since: Option<Timestamp>,
}

/// Everything the page of one decision shows.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The proposal's id.
    pub id: String,
    /// Who proposed it.
    pub proposer: Name,
    /// The circle it is for.
    pub circle: Option<Name>,
    /// Language of the text, as a tag.
    pub language: String,
    /// Why it is urgent.
    pub urgent: Option<String>,
    /// Where it stands.
    pub state: State,
    /// How final it is.
    pub finality: Finality,
    /// How it is decided.
    pub rule: Rule,
    /// The version that is voted on, or the newest.
    pub version: Version,
    /// What it does by itself once it is passed.
    pub effect: Option<What>,
    /// The version before it.
    pub previous: Option<Version>,
    /// What it was written in together; readers of the archive are not told.
    pub origin: Option<Origin>,
    /// The draft of its next version, if there is one.
    pub next_draft: Option<Name>,
    /// The vote on that version, if it was opened.
    pub phase: Option<Phase>,
    /// What the reader's co-op did.
    pub own: Own,
    /// What the reader may do.
    pub may: May,
    /// When it is looked at again, if it has passed and a day was set.
    pub review: Option<Timestamp>,
    /// Open action points that come from it.
    pub actions: Vec<ActionPoint>,
    /// The way here, oldest first.
    pub steps: Vec<(Timestamp, Step)>,
    /// Nodes not heard from that could hold votes.
    pub silent: Vec<Silent>,
    /// Nodes connected now, this one included, and nodes of the federation.
    pub connected: (u64, u64),
    /// Who mediates in the conflict about it.
    pub mediation: Option<Mediation>,
    /// The discussion, oldest first.
    pub comments: Vec<Comment>,
}

/// A person, where its name may be read, and its member.
pub type Person = (Option<String>, Name);

/// People who mediate in the conflict about a proposal.
#[derive(Debug, Clone)]
pub struct Mediation {
    /// Who.
    pub people: Vec<Person>,
    /// When their report is due.
    pub until: Timestamp,
    /// Their report, once it is there.
    pub report: Option<Report>,
}

/// What mediators report.
#[derive(Debug, Clone)]
pub struct Report {
    /// Who wrote it down.
    pub by: Person,
    /// When.
    pub at: Timestamp,
    /// Whether the mediators recommend the fallback vote.
    pub recommends_vote: bool,
    /// The report.
    pub words: Words,
}

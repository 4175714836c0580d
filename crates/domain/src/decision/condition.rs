//! The conditions of the rules, with the numbers they compare, and the verdicts.

use std::{fmt, str::FromStr};

use thiserror::Error;

use super::weights::{Share, gcd};
use crate::charter::{ClassId, Fraction};

/// How a figure must stand to its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `figure ≥ bound`.
    AtLeast,
    /// `figure > bound`: a tie fails.
    MoreThan,
    /// `figure < bound`.
    FewerThan,
}

impl Relation {
    /// The word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtLeast => "at-least",
            Self::MoreThan => "more-than",
            Self::FewerThan => "fewer-than",
        }
    }
}

/// The conditions of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConditionName {
    /// Enough of the electorate cast a ballot: ballots against the quorum's number.
    Quorum,
    /// Too few block: blocks against the number that stops a proposal.
    Blocks,
    /// Enough agree: agrees against the least number.
    Agrees,
    /// More agree than are against: agrees against those.
    Majority,
    /// No class is silent: classes with voters of which nobody agrees or is against. Asked only
    /// until the vote was extended; then such classes lapse.
    Silent,
    /// The strengths times the shares of agreement are more than half: parts of the whole.
    Strength,
    /// More than two thirds, or what the charter says, of those who agree or are against agree.
    Supermajority,
    /// In one class more agree than are against; a class with voters that says neither fails.
    ClassMajority,
    /// Enough of the electorate agrees, by class and strength: parts of the whole.
    Assent,
}

impl ConditionName {
    /// The word used on the command line and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quorum => "quorum",
            Self::Blocks => "blocks",
            Self::Agrees => "agrees",
            Self::Majority => "majority",
            Self::Silent => "silent",
            Self::Strength => "strength",
            Self::Supermajority => "supermajority",
            Self::ClassMajority => "class-majority",
            Self::Assent => "assent",
        }
    }

    /// The verdict when this is the first condition that fails.
    pub(super) fn verdict(self) -> Verdict {
        match self {
            Self::Quorum | Self::Silent | Self::Assent => Verdict::NoQuorum,
            Self::Blocks => Verdict::Blocked,
            Self::Agrees
            | Self::Majority
            | Self::Strength
            | Self::Supermajority
            | Self::ClassMajority => Verdict::Rejected,
        }
    }
}

impl fmt::Display for ConditionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A condition of a rule with the numbers it compares. Whether it is met follows from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Its name.
    pub name: ConditionName,
    /// The class it is about, if it is about one.
    pub class: Option<ClassId>,
    /// The number found.
    pub figure: u128,
    /// How the figure must stand to the bound.
    pub relation: Relation,
    /// What it is compared with.
    pub bound: u128,
    /// Of how many parts figure and bound are, where they are parts of a whole and no members.
    pub whole: Option<u128>,
}

impl Condition {
    pub(super) fn new(name: ConditionName, figure: u64, relation: Relation, bound: u64) -> Self {
        Self {
            name,
            class: None,
            figure: u128::from(figure),
            relation,
            bound: u128::from(bound),
            whole: None,
        }
    }

    /// A share that must reach, or pass, a fraction of the whole; in the fewest parts that make
    /// both whole numbers.
    pub(super) fn of_share(
        name: ConditionName,
        share: Share,
        relation: Relation,
        fraction: Fraction,
    ) -> Self {
        let figure = share.parts * u128::from(fraction.denominator());
        let bound = share.whole * u128::from(fraction.numerator());
        let whole = share.whole * u128::from(fraction.denominator());
        let divisor = gcd(whole, gcd(figure, bound)).max(1);
        Self {
            name,
            class: None,
            figure: figure / divisor,
            relation,
            bound: bound / divisor,
            whole: Some(whole / divisor),
        }
    }

    /// The bound as a part of the whole, in lowest terms; `None` where members are counted.
    #[must_use]
    pub fn part_needed(&self) -> Option<(u128, u128)> {
        let whole = self.whole?;
        let divisor = gcd(self.bound, whole).max(1);
        Some((self.bound / divisor, whole / divisor))
    }

    /// Whether it is met.
    #[must_use]
    pub fn is_met(&self) -> bool {
        match self.relation {
            Relation::AtLeast => self.figure >= self.bound,
            Relation::MoreThan => self.figure > self.bound,
            Relation::FewerThan => self.figure < self.bound,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relation = match self.relation {
            Relation::AtLeast => "at least",
            Relation::MoreThan => "more than",
            Relation::FewerThan => "fewer than",
        };
        let met = if self.is_met() { "met" } else { "not met" };
        let Self {
            name,
            figure,
            bound,
            ..
        } = self;
        let class = self.class.as_ref();
        let class = class.map_or(String::new(), |class| format!(" of {class}"));
        let whole = self
            .whole
            .map_or(String::new(), |whole| format!("/{whole}"));
        write!(
            f,
            "{name}{class} {met}: {figure}{whole}, needed {relation} {bound}{whole}"
        )
    }
}

/// What ballots decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Every condition is met.
    Passed,
    /// Blocked under consent.
    Blocked,
    /// Too few voted; neither passed nor rejected.
    NoQuorum,
    /// Enough voted, and not enough agree.
    Rejected,
}

/// Text that is no verdict.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{found:?} is no verdict; write passed, blocked, no-quorum or rejected")]
pub struct VerdictError {
    /// What was given.
    pub found: String,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 4] = [Self::Passed, Self::Blocked, Self::NoQuorum, Self::Rejected];

    /// The word used on the wire, the command line and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Blocked => "blocked",
            Self::NoQuorum => "no-quorum",
            Self::Rejected => "rejected",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Verdict {
    type Err = VerdictError;

    fn from_str(text: &str) -> Result<Self, VerdictError> {
        Self::ALL
            .into_iter()
            .find(|verdict| verdict.as_str() == text)
            .ok_or_else(|| VerdictError {
                found: text.chars().take(80).collect(),
            })
    }
}

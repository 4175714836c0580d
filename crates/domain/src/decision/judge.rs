//! What the counted ballots decide, with every figure on the way.

use std::{collections::BTreeMap, fmt, str::FromStr};

use thiserror::Error;

use super::{Choice, Count, Electorate};
use crate::charter::{Charter, ClassId, Fraction, RuleName, UnsupportedRule};

/// How many voters did what, in the electorate or in one class of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// May vote.
    pub eligible: u64,
    /// Have a ballot that counts.
    pub cast: u64,
    /// Agree.
    pub agree: u64,
    /// Abstain without standing aside, ballots in conflict included.
    pub abstain: u64,
    /// Stand aside.
    pub stand_aside: u64,
    /// Block.
    pub block: u64,
    /// Disagree.
    pub disagree: u64,
    /// Block, or disagree where the charter allows it.
    pub against: u64,
}

impl Figures {
    fn add(&mut self, choice: Choice, disagree_allowed: bool) {
        self.cast += 1;
        match choice {
            Choice::Agree => self.agree += 1,
            Choice::Abstain => self.abstain += 1,
            Choice::StandAside => self.stand_aside += 1,
            Choice::Block => self.block += 1,
            Choice::Disagree => self.disagree += 1,
        }
        let against = choice == Choice::Block || (choice == Choice::Disagree && disagree_allowed);
        self.against += u64::from(against);
    }
}

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
        }
    }

    /// The verdict when this is the first condition that fails.
    fn verdict(self) -> Verdict {
        match self {
            Self::Quorum => Verdict::NoQuorum,
            Self::Blocks => Verdict::Blocked,
            Self::Agrees | Self::Majority => Verdict::Rejected,
        }
    }
}

impl fmt::Display for ConditionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A condition of a rule with the numbers it compares. Whether it is met follows from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// Its name.
    pub name: ConditionName,
    /// The number found.
    pub figure: u128,
    /// How the figure must stand to the bound.
    pub relation: Relation,
    /// What it is compared with.
    pub bound: u128,
}

impl Condition {
    fn new(name: ConditionName, figure: u64, relation: Relation, bound: u64) -> Self {
        Self {
            name,
            figure: u128::from(figure),
            relation,
            bound: u128::from(bound),
        }
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
        write!(f, "{name} {met}: {figure}, needed {relation} {bound}")
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

/// What was decided, and every figure on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The rule it was judged by.
    pub rule: RuleName,
    /// The figures of the whole electorate.
    pub figures: Figures,
    /// The figures of each class of the charter or the electorate, the empty ones too.
    pub classes: BTreeMap<ClassId, Figures>,
    /// The part of the electorate that must vote.
    pub quorum: Fraction,
    /// How many ballots that is, rounded up.
    pub quorum_ballots: u64,
    /// The rule's conditions, in the order in which they are looked at.
    pub conditions: Vec<Condition>,
    /// What was decided.
    pub verdict: Verdict,
    /// More stand aside or are against than agree: little support, whatever the verdict.
    pub is_weakly_supported: bool,
}

impl Outcome {
    /// The first condition that fails; none when it passed.
    #[must_use]
    pub fn first_failing(&self) -> Option<&Condition> {
        first_failing(&self.conditions)
    }

    /// One line: the verdict and the first condition that fails, or that all are met.
    #[must_use]
    pub fn explain(&self) -> String {
        match self.first_failing() {
            Some(condition) => format!("{}: {condition}", self.verdict),
            None => format!("{}: every condition met", self.verdict),
        }
    }
}

/// Judges what was counted. The verdict is a pure function of the rule, the charter, the
/// electorate and what counts; why other ballots were left out changes nothing.
///
/// # Errors
/// When this release only knows the rule's name.
pub fn judge(
    rule: RuleName,
    charter: &Charter,
    electorate: &Electorate,
    count: &Count,
) -> Result<Outcome, UnsupportedRule> {
    let classes = figures_by_class(charter, electorate, count);
    let figures = sum(classes.values());
    let quorum = charter.rule(rule).quorum;
    let quorum_ballots = quorum.ceiling_of(figures.eligible);
    let enough = Condition::new(
        ConditionName::Quorum,
        figures.cast,
        Relation::AtLeast,
        quorum_ballots,
    );
    let conditions = match rule {
        RuleName::Consent => consent(enough, charter, &figures),
        RuleName::OneMemberOneVote => one_member_one_vote(enough, &figures),
        RuleName::ConsentThenVote | RuleName::ClassWeighted | RuleName::Charter => {
            return Err(UnsupportedRule { rule });
        }
    };
    Ok(Outcome {
        rule,
        figures,
        classes,
        quorum,
        quorum_ballots,
        verdict: first_failing(&conditions)
            .map_or(Verdict::Passed, |condition| condition.name.verdict()),
        conditions,
        is_weakly_supported: figures.stand_aside + figures.against > figures.agree,
    })
}

/// Blocks before agrees: what is blocked can be integrated, so it must not read as rejected.
fn consent(quorum: Condition, charter: &Charter, figures: &Figures) -> Vec<Condition> {
    let terms = charter.terms();
    vec![
        quorum,
        Condition::new(
            ConditionName::Blocks,
            figures.block,
            Relation::FewerThan,
            terms.minimum_blocks,
        ),
        Condition::new(
            ConditionName::Agrees,
            figures.agree,
            Relation::AtLeast,
            terms.minimum_agrees,
        ),
    ]
}

fn one_member_one_vote(quorum: Condition, figures: &Figures) -> Vec<Condition> {
    let majority = Condition::new(
        ConditionName::Majority,
        figures.agree,
        Relation::MoreThan,
        figures.against,
    );
    vec![quorum, majority]
}

fn first_failing(conditions: &[Condition]) -> Option<&Condition> {
    conditions.iter().find(|condition| !condition.is_met())
}

fn figures_by_class(
    charter: &Charter,
    electorate: &Electorate,
    count: &Count,
) -> BTreeMap<ClassId, Figures> {
    let terms = charter.terms();
    let mut classes: BTreeMap<ClassId, Figures> = terms
        .classes
        .iter()
        .map(|class| (class.id.clone(), Figures::default()))
        .collect();
    for (member, class) in electorate.iter() {
        let figures = classes.entry(class.clone()).or_default();
        figures.eligible += 1;
        // Asked for by voter, so that a count of another electorate can add nobody.
        if let Some(counted) = count.counted.get(member) {
            figures.add(counted.choice, terms.disagree_allowed);
        }
    }
    classes
}

fn sum<'a>(classes: impl Iterator<Item = &'a Figures>) -> Figures {
    // At most 10,000 voters, so no sum comes near the limit of its type.
    classes.fold(Figures::default(), |sum, class| Figures {
        eligible: sum.eligible + class.eligible,
        cast: sum.cast + class.cast,
        agree: sum.agree + class.agree,
        abstain: sum.abstain + class.abstain,
        stand_aside: sum.stand_aside + class.stand_aside,
        block: sum.block + class.block,
        disagree: sum.disagree + class.disagree,
        against: sum.against + class.against,
    })
}

//! What the counted ballots decide, with every figure on the way.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Choice, Condition, ConditionName, Count, Electorate, Figures, Relation, Verdict,
    figures::{by_class, sum},
    weights::{share, strengths},
};
use crate::{
    charter::{Charter, ClassId, Fraction, RuleName},
    id::MemberId,
};

const HALF: Fraction = match Fraction::new(1, 2) {
    Some(half) => half,
    None => panic!("one half is a fraction"),
};

/// At which point of its course a vote is judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stage {
    /// It was extended for want of ballots: silent classes lapse, and the charter rule asks for
    /// less assent.
    pub extended: bool,
    /// It is the fallback vote after a block, of a rule that has one.
    pub fallback: bool,
}

/// What was decided, and every figure on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The rule the proposal has.
    pub rule: RuleName,
    /// The classes half of whose ballots block, and that are enough of the class: because of them
    /// the conditions of the charter rule must be met too.
    pub blocking_classes: Vec<ClassId>,
    /// The figures of the whole electorate.
    pub figures: Figures,
    /// The figures of each class of the charter or the electorate, the empty ones too.
    pub classes: BTreeMap<ClassId, Figures>,
    /// The strength each class has in the majority of the weighted rule: silent and empty classes
    /// have none. Only the proportions mean something.
    pub strengths: BTreeMap<ClassId, u64>,
    /// Classes with voters of which nobody agrees or is against, where strengths count.
    pub silent: BTreeSet<ClassId>,
    /// The part of the electorate that must vote.
    pub quorum: Fraction,
    /// How many ballots that is, rounded up, where members are counted and not strengths.
    pub quorum_ballots: u64,
    /// The rule's conditions, in the order in which they are looked at.
    pub conditions: Vec<Condition>,
    /// What was decided.
    pub verdict: Verdict,
    /// More stand aside or are against than agree: little support, whatever the verdict.
    pub is_weakly_supported: bool,
    /// Strengths count, there are voters of several classes, and one class alone decided.
    pub is_decided_by_one_class: bool,
}

impl Outcome {
    /// Whether it fails for want of ballots, so that one extension may help.
    #[must_use]
    pub fn lacks_ballots(&self) -> bool {
        self.first_failing()
            .is_some_and(|failing| match failing.name {
                ConditionName::Quorum | ConditionName::Silent | ConditionName::Assent => true,
                ConditionName::ClassMajority => {
                    let class = failing.class.as_ref();
                    class.is_some_and(|class| self.silent.contains(class))
                }
                _ => false,
            })
    }

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
/// electorate, the stage and what counts; why other ballots were left out changes nothing.
#[must_use]
pub fn judge(
    rule: RuleName,
    charter: &Charter,
    electorate: &Electorate,
    count: &Count,
    stage: Stage,
) -> Outcome {
    let choice_of = |member: &MemberId| count.counted.get(member).map(|counted| counted.choice);
    let classes = by_class(charter, electorate, choice_of);
    judge_figures(rule, charter, classes, stage)
}

/// Judges choices that were counted elsewhere: those a closing supports. Who is missing has not
/// voted; who is not of the electorate changes nothing.
#[must_use]
pub fn judge_choices(
    rule: RuleName,
    charter: &Charter,
    electorate: &Electorate,
    choices: &BTreeMap<MemberId, Choice>,
    stage: Stage,
) -> Outcome {
    let classes = by_class(charter, electorate, |member| choices.get(member).copied());
    judge_figures(rule, charter, classes, stage)
}

fn judge_figures(
    rule: RuleName,
    charter: &Charter,
    classes: BTreeMap<ClassId, Figures>,
    stage: Stage,
) -> Outcome {
    let figures = sum(classes.values());
    let quorum = charter.rule(rule).quorum;
    let mut bench = Bench {
        charter,
        figures,
        classes: &classes,
        stage,
        strengths: BTreeMap::new(),
        silent: BTreeSet::new(),
    };
    let mut conditions = match (rule, stage.fallback) {
        (RuleName::Consent, _) | (RuleName::ConsentThenVote, false) => bench.consent(quorum),
        (RuleName::OneMemberOneVote, _) | (RuleName::ConsentThenVote, true) => {
            bench.one_member_one_vote(quorum)
        }
        (RuleName::ClassWeighted, _) => bench.class_weighted(quorum),
        (RuleName::Charter, _) => bench.charter(quorum),
    };
    let judged_by_blocks = rule == RuleName::Charter || conditions_name_blocks(&conditions);
    let blocking_classes = if judged_by_blocks {
        Vec::new()
    } else {
        blocking(charter, &classes)
    };
    if !blocking_classes.is_empty() {
        // Beside the rule's own conditions, not instead of them: otherwise taking back a block
        // could make a proposal fail.
        conditions.extend(bench.charter(charter.rule(RuleName::Charter).quorum));
    }
    let Bench {
        strengths, silent, ..
    } = bench;
    let inhabited = classes.values().filter(|class| class.eligible > 0).count();
    Outcome {
        rule,
        blocking_classes,
        figures,
        quorum,
        quorum_ballots: quorum.ceiling_of(figures.eligible),
        verdict: first_failing(&conditions)
            .map_or(Verdict::Passed, |condition| condition.name.verdict()),
        conditions,
        is_weakly_supported: figures.stand_aside + figures.against > figures.agree,
        is_decided_by_one_class: strengths.len() == 1 && inhabited > 1,
        strengths,
        silent,
        classes,
    }
}

/// Whether blocks stop the proposal by themselves.
fn conditions_name_blocks(conditions: &[Condition]) -> bool {
    let mut names = conditions.iter().map(|condition| condition.name);
    names.any(|name| name == ConditionName::Blocks)
}

/// The classes that ask for the charter rule by blocking: half of their ballots do, and they are
/// half of the part of the class that must vote. Asked of those who block and not of the turnout,
/// for otherwise one more agree could make a proposal fail.
fn blocking(charter: &Charter, classes: &BTreeMap<ClassId, Figures>) -> Vec<ClassId> {
    let terms = &charter.terms().class_block;
    let blocks = |figures: &Figures| {
        figures.block > 0
            && figures.block >= terms.ballots.ceiling_of(figures.cast)
            && u128::from(figures.block)
                * product(terms.ballots.denominator(), terms.turnout.denominator())
                >= u128::from(figures.eligible)
                    * product(terms.ballots.numerator(), terms.turnout.numerator())
    };
    let blocking = classes.iter().filter(|(_, figures)| blocks(figures));
    blocking.map(|(class, _)| class.clone()).collect()
}

/// What the conditions of a rule are made from.
struct Bench<'a> {
    charter: &'a Charter,
    figures: Figures,
    classes: &'a BTreeMap<ClassId, Figures>,
    stage: Stage,
    strengths: BTreeMap<ClassId, u64>,
    silent: BTreeSet<ClassId>,
}

impl Bench<'_> {
    fn quorum_of_members(&self, quorum: Fraction) -> Condition {
        Condition::new(
            ConditionName::Quorum,
            self.figures.cast,
            Relation::AtLeast,
            quorum.ceiling_of(self.figures.eligible),
        )
    }

    /// Blocks before agrees: what is blocked can be integrated, so it must not read as rejected.
    fn consent(&self, quorum: Fraction) -> Vec<Condition> {
        let terms = self.charter.terms();
        vec![
            self.quorum_of_members(quorum),
            Condition::new(
                ConditionName::Blocks,
                self.figures.block,
                Relation::FewerThan,
                terms.minimum_blocks,
            ),
            Condition::new(
                ConditionName::Agrees,
                self.figures.agree,
                Relation::AtLeast,
                terms.minimum_agrees,
            ),
        ]
    }

    fn one_member_one_vote(&self, quorum: Fraction) -> Vec<Condition> {
        let majority = Condition::new(
            ConditionName::Majority,
            self.figures.agree,
            Relation::MoreThan,
            self.figures.against,
        );
        vec![self.quorum_of_members(quorum), majority]
    }

    fn class_weighted(&mut self, quorum: Fraction) -> Vec<Condition> {
        self.find_silent();
        let mut conditions = vec![self.quorum_of_strengths(quorum)];
        if !self.stage.extended {
            let silent = self.silent.len() as u64;
            let none = Condition::new(ConditionName::Silent, silent, Relation::FewerThan, 1);
            conditions.push(none);
        }
        let votes = |class: &ClassId| self.classes.get(class).is_some_and(has_voted);
        self.strengths = strengths(&self.charter.terms().classes, votes);
        let agree = share(
            &self.strengths,
            self.classes,
            |figures| figures.agree,
            |figures| figures.agree + figures.against,
        );
        let name = ConditionName::Strength;
        conditions.push(Condition::of_share(name, agree, Relation::MoreThan, HALF));
        conditions
    }

    /// What the electorate must do comes after what those who voted say, so that what most are
    /// against reads as rejected.
    fn charter(&mut self, quorum: Fraction) -> Vec<Condition> {
        self.find_silent();
        let terms = &self.charter.terms().charter_rule;
        let (agree, against) = (self.figures.agree, self.figures.against);
        let heads = super::weights::Share {
            parts: u128::from(agree),
            whole: u128::from(agree + against),
        };
        let mut conditions = vec![
            self.quorum_of_strengths(quorum),
            Condition::of_share(
                ConditionName::Supermajority,
                heads,
                Relation::MoreThan,
                terms.majority,
            ),
        ];
        let inhabited = self.classes.iter().filter(|(_, of)| of.eligible > 0);
        conditions.extend(inhabited.map(|(class, of)| Condition {
            class: Some(class.clone()),
            ..Condition::new(
                ConditionName::ClassMajority,
                of.agree,
                Relation::MoreThan,
                of.against,
            )
        }));
        let assent = share(
            &self.eligible_strengths(),
            self.classes,
            |figures| figures.agree,
            |figures| figures.eligible,
        );
        let needed = if self.stage.extended {
            terms.assent_extended
        } else {
            terms.assent
        };
        let name = ConditionName::Assent;
        conditions.push(Condition::of_share(name, assent, Relation::AtLeast, needed));
        conditions
    }

    fn eligible_strengths(&self) -> BTreeMap<ClassId, u64> {
        let inhabited = |class: &ClassId| self.classes.get(class).is_some_and(|of| of.eligible > 0);
        strengths(&self.charter.terms().classes, inhabited)
    }

    /// So that a large class neither swamps nor freezes the rest.
    fn quorum_of_strengths(&self, quorum: Fraction) -> Condition {
        let cast = share(
            &self.eligible_strengths(),
            self.classes,
            |figures| figures.cast,
            |figures| figures.eligible,
        );
        let name = ConditionName::Quorum;
        Condition::of_share(name, cast, Relation::AtLeast, quorum)
    }

    fn find_silent(&mut self) {
        let silent = self.classes.iter();
        let silent = silent.filter(|(_, of)| of.eligible > 0 && !has_voted(of));
        self.silent = silent.map(|(class, _)| class.clone()).collect();
    }
}

fn product(one: u64, other: u64) -> u128 {
    u128::from(one) * u128::from(other)
}

fn has_voted(figures: &Figures) -> bool {
    figures.agree + figures.against > 0
}

fn first_failing(conditions: &[Condition]) -> Option<&Condition> {
    conditions.iter().find(|condition| !condition.is_met())
}

//! How long a vote lasts in the end: a late block and a missed quorum extend it, each once.

use super::{Cast, Choice, Count, Electorate, Outcome, Stage, count, judge};
use crate::{
    charter::{Charter, RuleName},
    id::{Hash, Timestamp},
};

/// Why a vote was extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// A block came in the last part of the period, so that it can be answered.
    LateBlock,
    /// Too few had voted.
    LacksBallots,
}

impl Cause {
    /// The word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LateBlock => "late-block",
            Self::LacksBallots => "lacks-ballots",
        }
    }
}

/// One extension of a vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension {
    /// Why.
    pub cause: Cause,
    /// The deadline it had.
    pub from: Timestamp,
    /// The deadline it has.
    pub to: Timestamp,
}

/// A vote that opens at one time and first ends at another.
#[derive(Debug, Clone, Copy)]
pub struct Voting<'a> {
    /// The rule the proposal has.
    pub rule: RuleName,
    /// The charter in force when it opened.
    pub charter: &'a Charter,
    /// Who may vote.
    pub electorate: &'a Electorate,
    /// The version voted on.
    pub version: Hash,
    /// When it opened.
    pub opened: Timestamp,
    /// Its first deadline.
    pub deadline: Timestamp,
    /// By how much a late block extends it, in milliseconds.
    pub late_block_ms: u64,
    /// By how much too few ballots extend it, in milliseconds.
    pub extension_ms: u64,
    /// Whether it is the fallback vote of its rule.
    pub fallback: bool,
}

/// What a vote comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// The last deadline: ballots count up to it.
    pub deadline: Timestamp,
    /// How it came to that, in order.
    pub extensions: Vec<Extension>,
    /// What counts.
    pub count: Count,
    /// What it decides.
    pub outcome: Outcome,
}

impl Voting<'_> {
    /// Follows the vote by these ballots as it stands at `now`: until it is open, or over and
    /// nothing extends it. At each deadline only the ballots of the time up to it are looked at, so
    /// that what comes later cannot undo an extension it came in.
    #[must_use]
    pub fn follow(&self, casts: &[Cast], now: Timestamp) -> Course {
        let mut deadline = self.deadline;
        let mut extensions = Vec::<Extension>::new();
        loop {
            let has = |cause| extensions.iter().any(|extension| extension.cause == cause);
            let stage = Stage {
                extended: has(Cause::LacksBallots),
                fallback: self.fallback,
            };
            let casts = casts.iter().cloned();
            let count = count(self.electorate, self.version, self.opened, deadline, casts);
            let outcome = judge(self.rule, self.charter, self.electorate, &count, stage);
            let cause = if now <= deadline {
                None
            } else if !has(Cause::LateBlock) && self.is_blocked_late(&count, deadline) {
                Some(Cause::LateBlock)
            } else if !has(Cause::LacksBallots) && outcome.lacks_ballots() {
                Some(Cause::LacksBallots)
            } else {
                None
            };
            let to = cause.map(|cause| self.extended(deadline, cause));
            match cause.zip(to) {
                Some((cause, to)) if to > deadline => {
                    let from = deadline;
                    extensions.push(Extension { cause, from, to });
                    deadline = to;
                }
                _ => {
                    return Course {
                        deadline,
                        extensions,
                        count,
                        outcome,
                    };
                }
            }
        }
    }

    fn is_blocked_late(&self, count: &Count, deadline: Timestamp) -> bool {
        let period_ms = self.deadline.since_ms(self.opened);
        let fraction = self.charter.terms().periods.late_block_fraction;
        let last = fraction.ceiling_of(period_ms);
        count.counted.values().any(|counted| {
            counted.choice == Choice::Block && deadline.since_ms(counted.time) <= last
        })
    }

    fn extended(&self, deadline: Timestamp, cause: Cause) -> Timestamp {
        deadline.plus_ms(match cause {
            Cause::LateBlock => self.late_block_ms,
            Cause::LacksBallots => self.extension_ms,
        })
    }
}

/// By how much a late block and too few ballots extend a vote of that length, in milliseconds.
#[must_use]
pub fn extensions(period_ms: u64, charter: &Charter) -> (u64, u64) {
    let periods = &charter.terms().periods;
    let late_block_ms = periods.late_block_extension_seconds.saturating_mul(1_000);
    (
        late_block_ms,
        periods.extension_fraction.ceiling_of(period_ms),
    )
}

#[cfg(test)]
mod tests {
    use super::super::examples::*;
    use super::*;

    const HOUR_MS: u64 = 3_600_000;
    const WEEK_MS: u64 = 7 * 24 * HOUR_MS;

    /// The number of the voter, what it says, and how long after the opening, in milliseconds.
    type Line = (usize, u8, Choice, u64);

    fn follow(toml: &str, rule: RuleName, voters_: usize, lines: &[Line]) -> Course {
        let charter = Charter::from_toml(toml).unwrap();
        let electorate = electorate_of(&voters(voters_, "producer", None));
        let casts: Vec<Cast> = lines
            .iter()
            .map(|(number, revision, choice, after)| {
                let mut cast = cast(*number, 1, *revision, *choice);
                cast.time = OPENED.plus_ms(*after);
                cast
            })
            .collect();
        let (late_block_ms, extension_ms) = extensions(WEEK_MS, &charter);
        let vote = Voting {
            late_block_ms,
            extension_ms,
            rule,
            charter: &charter,
            electorate: &electorate,
            version: VERSION,
            opened: OPENED,
            deadline: OPENED.plus_ms(WEEK_MS),
            fallback: false,
        };
        vote.follow(&casts, OPENED.plus_ms(10 * WEEK_MS))
    }

    fn lengths(course: &Course) -> Vec<(Cause, u64)> {
        let length = |extension: &Extension| {
            let hours = extension.to.since_ms(extension.from) / HOUR_MS;
            (extension.cause, hours)
        };
        course.extensions.iter().map(length).collect()
    }

    #[test]
    fn a_vote_that_has_what_it_needs_ends_when_it_said() {
        let lines = [(0, 1, Choice::Agree, 5)];
        let course = follow("", RuleName::Consent, 3, &lines);
        assert_eq!(course.deadline, OPENED.plus_ms(WEEK_MS));
        assert!(course.extensions.is_empty());
    }

    #[test]
    fn a_missed_quorum_extends_once_by_half_the_period_and_what_comes_then_counts() {
        let silent = follow("", RuleName::Consent, 3, &[]);
        assert_eq!(lengths(&silent), [(Cause::LacksBallots, 84)]);
        assert_eq!(silent.outcome.verdict, super::super::Verdict::NoQuorum);

        let late = [(0, 1, Choice::Agree, WEEK_MS + HOUR_MS)];
        let heard = follow("", RuleName::Consent, 3, &late);
        assert_eq!(lengths(&heard), [(Cause::LacksBallots, 84)]);
        assert_eq!(heard.outcome.verdict, super::super::Verdict::Passed);

        let too_late = [(0, 1, Choice::Agree, WEEK_MS * 3 / 2 + 1)];
        let unheard = follow("", RuleName::Consent, 3, &too_late);
        assert_eq!(unheard.outcome.verdict, super::super::Verdict::NoQuorum);
    }

    #[test]
    fn a_block_in_the_last_tenth_extends_by_a_day_once_even_if_it_is_taken_back() {
        let tenth = WEEK_MS / 10;
        let block = (0, 1, Choice::Block, WEEK_MS - tenth);
        let just_before = (0, 1, Choice::Block, WEEK_MS - tenth - 1);
        let agree = (1, 1, Choice::Agree, 5);
        let rule = RuleName::Consent;
        assert_eq!(
            lengths(&follow("", rule, 3, &[block, agree])),
            [(Cause::LateBlock, 24)]
        );
        assert!(
            follow("", rule, 3, &[just_before, agree])
                .extensions
                .is_empty()
        );
        let answered = (0, 2, Choice::Agree, WEEK_MS + HOUR_MS);
        let course = follow("", rule, 3, &[block, agree, answered]);
        assert_eq!(lengths(&course), [(Cause::LateBlock, 24)]);
        assert_eq!(course.outcome.verdict, super::super::Verdict::Passed);
        let another = (2, 1, Choice::Block, WEEK_MS + 23 * HOUR_MS);
        let course = follow("", rule, 3, &[block, agree, another]);
        assert_eq!(lengths(&course), [(Cause::LateBlock, 24)]);
    }

    #[test]
    fn a_late_block_and_a_missed_quorum_each_extend_once() {
        let block = (0, 1, Choice::Block, WEEK_MS - 1);
        let course = follow("", RuleName::Consent, 9, &[block]);
        let expected = [(Cause::LateBlock, 24), (Cause::LacksBallots, 84)];
        assert_eq!(lengths(&course), expected);
        let block = (0, 1, Choice::Block, WEEK_MS + HOUR_MS * 83);
        let course = follow("", RuleName::Consent, 9, &[block]);
        let expected = [(Cause::LacksBallots, 84), (Cause::LateBlock, 24)];
        assert_eq!(lengths(&course), expected);
    }

    #[test]
    fn what_is_open_is_not_extended_yet() {
        let charter = Charter::default();
        let electorate = electorate_of(&voters(3, "producer", None));
        let (late_block_ms, extension_ms) = extensions(WEEK_MS, &charter);
        let vote = Voting {
            rule: RuleName::Consent,
            charter: &charter,
            electorate: &electorate,
            version: VERSION,
            opened: OPENED,
            deadline: OPENED.plus_ms(WEEK_MS),
            late_block_ms,
            extension_ms,
            fallback: false,
        };
        let at = |after: u64| vote.follow(&[], OPENED.plus_ms(after)).extensions.len();
        assert_eq!((at(0), at(WEEK_MS), at(WEEK_MS + 1)), (0, 0, 1));
    }

    #[test]
    fn a_charter_without_extension_has_none() {
        let toml = "extension.fraction = [0, 1]";
        assert!(
            follow(toml, RuleName::Consent, 3, &[])
                .extensions
                .is_empty()
        );
    }
}

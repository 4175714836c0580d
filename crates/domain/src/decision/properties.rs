//! What holds for every vote under every rule.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{examples::*, *};
use crate::charter::{Charter, RuleName};

const CLASSES: [&str; 3] = ["producer", "consumer", "individual"];

fn votes() -> impl Strategy<Value = Vec<Vote>> {
    let choice = prop_oneof![
        4 => select(Choice::ALL.to_vec()).prop_map(Some),
        3 => Just(Some(Choice::Agree)),
        3 => Just(None),
    ];
    vec((select(CLASSES.to_vec()), choice), 1..30)
}

fn rules() -> impl Strategy<Value = RuleName> {
    select(RuleName::ALL.to_vec())
}

fn charters() -> impl Strategy<Value = Charter> {
    (any::<bool>(), 1u64..=4, 1u64..=3, 1u64..=3).prop_map(
        |(disagree, quarters, agrees, blocks)| {
            let toml = format!(
                "ballot.disagree-allowed = {disagree}\n\
             rule.consent.quorum = [{quarters}, 4]\n\
             rule.one-member-one-vote.quorum = [{quarters}, 4]\n\
             rule.consent-then-vote.quorum = [{quarters}, 4]\n\
             rule.class-weighted.quorum = [{quarters}, 4]\n\
             rule.consent.minimum-agrees = {agrees}\n\
             rule.consent.minimum-blocks = {blocks}\n"
            );
            Charter::from_toml(&toml).unwrap()
        },
    )
}

/// Ballots of few members in few slots, so that they meet: revisions, conflicts, old versions,
/// other times, strangers.
fn any_casts() -> impl Strategy<Value = Vec<Cast>> {
    let one = (
        0usize..6,
        1u64..3,
        1u8..4,
        select(Choice::ALL.to_vec()),
        0u8..8,
    );
    let cast_of = |(number, mandate, revision, choice, kind)| {
        let mut cast = cast(number, mandate, revision, choice);
        cast.ballot.0[31] = kind;
        match kind {
            0 => cast.version = OLD_VERSION,
            1 => cast.time = OPENED,
            2 => cast.time.0 = OPENED.0 - 1,
            3 => cast.time = DEADLINE.plus_ms(1),
            _ => {}
        }
        cast
    };
    vec(one.prop_map(cast_of), 0..40)
}

fn passes(rule: RuleName, charter: &Charter, votes: &[Vote]) -> bool {
    outcome(rule, charter, votes).verdict == Verdict::Passed
}

/// A fraction of whole numbers, as a second way to compute.
#[derive(Clone, Copy)]
struct Ratio(i128, i128);

impl Ratio {
    fn plus(self, other: Self) -> Self {
        Self(self.0 * other.1 + other.0 * self.1, self.1 * other.1)
    }

    fn above(self, other: Self) -> bool {
        self.0 * other.1 > other.0 * self.1
    }
}

fn number(votes: &[Vote], test: &dyn Fn(&Vote) -> bool) -> i128 {
    votes.iter().filter(|vote| test(vote)).count() as i128
}

/// Σ strength × part / of over the classes for which `of` is not nothing, with the strengths of the
/// others shared out and none above a half.
fn weighted(
    charter: &Charter,
    votes: &[Vote],
    part: &dyn Fn(&[Vote]) -> i128,
    of: &dyn Fn(&[Vote]) -> i128,
) -> Ratio {
    let classes = &charter.terms().classes;
    let of_class = |id: &str| -> Vec<Vote> {
        let own = votes.iter().filter(|vote| vote.0 == id);
        own.copied().collect()
    };
    let taking_part: Vec<_> = classes
        .iter()
        .map(|class| (class.strength_percent as i128, of_class(class.id.as_str())))
        .filter(|(_, votes)| of(votes) > 0)
        .collect();
    let sum: i128 = taking_part.iter().map(|(strength, _)| strength).sum();
    let share = |strength: i128| {
        let capped = |other: &(i128, Vec<Vote>)| 2 * other.0 > sum;
        let all = taking_part.len() == classes.len() || taking_part.len() == 1;
        match taking_part.iter().find(|other| capped(other)) {
            Some(largest) if !all && largest.0 == strength => Ratio(1, 2),
            Some(largest) if !all => Ratio(strength, 2 * (sum - largest.0)),
            _ => Ratio(strength, sum),
        }
    };
    let terms = taking_part.iter().map(|(strength, votes)| {
        let share = share(*strength);
        Ratio(share.0 * part(votes), share.1 * of(votes))
    });
    terms.fold(Ratio(0, 1), Ratio::plus)
}

/// The rules once more, straight from their definition.
fn definition(rule: RuleName, charter: &Charter, votes: &[Vote]) -> Verdict {
    let terms = charter.terms();
    let says = |choice: Choice| move |vote: &Vote| vote.1 == Some(choice);
    let agree = |votes: &[Vote]| number(votes, &says(Choice::Agree));
    let block = |votes: &[Vote]| number(votes, &says(Choice::Block));
    let against = |votes: &[Vote]| {
        let disagree = number(votes, &says(Choice::Disagree));
        block(votes) + if terms.disagree_allowed { disagree } else { 0 }
    };
    let heard = |votes: &[Vote]| agree(votes) + against(votes);
    let cast = |votes: &[Vote]| number(votes, &|vote| vote.1.is_some());
    let all = |votes: &[Vote]| votes.len() as i128;
    let fraction = |fraction: crate::charter::Fraction| {
        Ratio(fraction.numerator() as i128, fraction.denominator() as i128)
    };
    let classes: Vec<Vec<Vote>> = CLASSES
        .iter()
        .map(|class| {
            votes
                .iter()
                .filter(|vote| vote.0 == *class)
                .copied()
                .collect()
        })
        .filter(|votes: &Vec<Vote>| !votes.is_empty())
        .collect();
    let few = |rule: RuleName, by_strength: bool| {
        let share = if by_strength {
            weighted(charter, votes, &cast, &all)
        } else {
            Ratio(cast(votes), all(votes))
        };
        fraction(charter.rule(rule).quorum).above(share)
    };
    let by_charter = || {
        if few(RuleName::Charter, true) {
            Verdict::NoQuorum
        } else if agree(votes) * 3 <= 2 * heard(votes)
            || classes.iter().any(|votes| agree(votes) <= against(votes))
        {
            Verdict::Rejected
        } else if Ratio(1, 2).above(weighted(charter, votes, &agree, &all)) {
            Verdict::NoQuorum
        } else {
            Verdict::Passed
        }
    };
    let a_class_blocks = classes.iter().any(|votes| {
        block(votes) > 0 && 2 * block(votes) >= cast(votes) && 6 * block(votes) >= all(votes)
    });
    let own = match rule {
        RuleName::Charter => return by_charter(),
        RuleName::Consent | RuleName::ConsentThenVote => {
            return if few(rule, false) {
                Verdict::NoQuorum
            } else if block(votes) >= terms.minimum_blocks as i128 {
                Verdict::Blocked
            } else if agree(votes) >= terms.minimum_agrees as i128 {
                Verdict::Passed
            } else {
                Verdict::Rejected
            };
        }
        RuleName::OneMemberOneVote if few(rule, false) => Verdict::NoQuorum,
        RuleName::OneMemberOneVote if agree(votes) > against(votes) => Verdict::Passed,
        RuleName::OneMemberOneVote => Verdict::Rejected,
        RuleName::ClassWeighted
            if few(rule, true) || classes.iter().any(|votes| heard(votes) == 0) =>
        {
            Verdict::NoQuorum
        }
        RuleName::ClassWeighted => {
            if weighted(charter, votes, &agree, &heard).above(Ratio(1, 2)) {
                Verdict::Passed
            } else {
                Verdict::Rejected
            }
        }
    };
    match own {
        Verdict::Passed if a_class_blocks => by_charter(),
        _ => own,
    }
}

proptest! {
    #[test]
    fn the_verdict_is_the_definition(rule in rules(), charter in charters(), votes in votes()) {
        let outcome = outcome(rule, &charter, &votes);
        prop_assert_eq!(outcome.verdict, definition(rule, &charter, &votes));
    }

    #[test]
    fn the_order_and_repetition_of_ballots_change_nothing(
        casts in any_casts(), again in any_casts(), shuffle in any::<prop::sample::Index>(),
    ) {
        let electorate = electorate_of(&voters(5, "producer", None));
        let all: Vec<_> = casts.iter().chain(&again).cloned().collect();
        let expected = count_of(&electorate, all.clone());
        let mut other: Vec<_> = again.iter().chain(&casts).chain(&again).cloned().collect();
        other.reverse();
        let middle = shuffle.index(other.len() + 1);
        other.rotate_left(middle);
        prop_assert_eq!(count_of(&electorate, other), expected);
    }

    #[test]
    fn the_order_of_the_classes_changes_nothing(rule in rules(), votes in votes()) {
        let reversed = Charter::from_toml("classes = [\"individual\", \"consumer\", \"producer\"]");
        let expected = outcome(rule, &Charter::default(), &votes);
        prop_assert_eq!(outcome(rule, &reversed.unwrap(), &votes), expected);
    }

    #[test]
    fn every_ballot_counts_once_or_is_left_out_or_is_a_side_of_a_conflict(casts in any_casts()) {
        let electorate = electorate_of(&voters(5, "producer", None));
        let count = count_of(&electorate, casts.clone());
        for cast in casts {
            let counted = count.counted.get(&cast.member);
            let stands = counted.is_some_and(|counted| {
                let side = |side: &Conflict| side.ballot == cast.ballot;
                counted.ballot == cast.ballot || counted.conflicting.iter().any(side)
            });
            prop_assert_ne!(stands, count.left_out.contains_key(&cast.ballot));
        }
    }

    #[test]
    fn one_more_agree_never_turns_passed_into_failed(
        rule in rules(), charter in charters(), votes in votes(),
    ) {
        for silent in 0..votes.len() {
            if votes[silent].1.is_none() && passes(rule, &charter, &votes) {
                let mut more = votes.clone();
                more[silent].1 = Some(Choice::Agree);
                prop_assert!(passes(rule, &charter, &more));
            }
        }
    }

    #[test]
    fn an_agree_instead_of_any_other_ballot_never_hurts(
        rule in rules(), charter in charters(), votes in votes(),
    ) {
        if passes(rule, &charter, &votes) {
            for voter in 0..votes.len() {
                let mut convinced = votes.clone();
                if convinced[voter].1.is_some() {
                    convinced[voter].1 = Some(Choice::Agree);
                }
                prop_assert!(passes(rule, &charter, &convinced));
            }
        }
    }

    #[test]
    fn scaling_the_ballots_changes_nothing_but_the_quorum(
        rule in rules(), votes in votes(), factor in 2usize..5, silent in 0usize..40,
    ) {
        let charter = Charter::from_toml("ballot.disagree-allowed = true").unwrap();
        let cast: Vec<_> = votes.into_iter().filter(|vote| vote.1.is_some()).collect();
        let rest = voters(silent, "producer", None);
        let once = outcome(rule, &charter, &[cast.clone(), rest.clone()].concat());
        let scaled = outcome(rule, &charter, &[cast.repeat(factor), rest].concat());
        let met = |outcome: &Outcome| -> Vec<_> {
            let of_turnout = |condition: &&Condition| {
                matches!(condition.name, ConditionName::Quorum | ConditionName::Assent)
            };
            let met = |condition: &Condition| {
                (condition.name, condition.class.clone(), condition.is_met())
            };
            outcome.conditions.iter().filter(|one| !of_turnout(one)).map(met).collect()
        };
        // Whether a class blocks depends on its turnout too.
        if once.blocking_classes == scaled.blocking_classes {
            prop_assert_eq!(met(&once), met(&scaled));
        }
        prop_assert_eq!(once.is_weakly_supported, scaled.is_weakly_supported);
        prop_assert_eq!(scaled.figures.agree, once.figures.agree * factor as u64);
    }

    #[test]
    fn a_tie_never_passes(
        pairs in 0usize..12, abstaining in 0usize..12, class in select(CLASSES.to_vec()),
    ) {
        let votes = [
            voters(pairs, class, Some(Choice::Agree)),
            voters(pairs, "producer", Some(Choice::Block)),
            voters(abstaining + 1, "consumer", Some(Choice::Abstain)),
        ]
        .concat();
        let outcome = outcome(RuleName::OneMemberOneVote, &Charter::default(), &votes);
        prop_assert_eq!(outcome.verdict, Verdict::Rejected);
    }

    #[test]
    fn earlier_slots_old_versions_strangers_and_late_ballots_leave_no_trace(
        rule in rules(), charter in charters(), votes in votes(), noise in any_casts(),
    ) {
        let electorate = electorate_of(&votes);
        let last = votes.iter().enumerate().filter_map(|(number, vote)| {
            Some(cast(number, 9, 1, vote.1?))
        });
        let last: Vec<_> = last.collect();
        let heard = |cast: &Cast| last.iter().any(|vote| vote.member == cast.member);
        let noise = noise.into_iter().map(|mut cast| {
            if electorate.class_of(&cast.member).is_some() && !heard(&cast) {
                // Who casts no valid ballot only sends one for the old text.
                cast.version = OLD_VERSION;
            }
            cast
        });
        let quiet = count_of(&electorate, last.clone());
        let noisy = count_of(&electorate, noise.chain(last.clone()));
        prop_assert_eq!(&noisy.counted, &quiet.counted);
        prop_assert_eq!(
            judge(rule, &charter, &electorate, &noisy, Stage::default()),
            judge(rule, &charter, &electorate, &quiet, Stage::default())
        );
    }

    #[test]
    fn the_explanation_names_the_first_condition_that_fails(
        rule in rules(), charter in charters(), votes in votes(),
    ) {
        let outcome = outcome(rule, &charter, &votes);
        let first = outcome.conditions.iter().find(|condition| !condition.is_met());
        prop_assert_eq!(outcome.first_failing(), first);
        prop_assert_eq!(first.is_none(), outcome.verdict == Verdict::Passed);
        let expected = first.map_or("every condition met".to_owned(), ToString::to_string);
        prop_assert!(outcome.explain().ends_with(&expected));
        let lacks = first.is_some_and(|first| first.name.verdict() == Verdict::NoQuorum);
        prop_assert_eq!(outcome.verdict == Verdict::NoQuorum, lacks);
    }

    #[test]
    fn the_figures_of_the_classes_add_up_and_one_class_is_the_whole(
        rule in rules(), charter in charters(), votes in votes(),
    ) {
        let whole = outcome(rule, &charter, &votes);
        let add = |part: &dyn Fn(&Figures) -> u64| whole.classes.values().map(part).sum::<u64>();
        prop_assert_eq!(add(&|figures| figures.eligible), votes.len() as u64);
        prop_assert_eq!(add(&|figures| figures.against), whole.figures.against);
        let f = whole.figures;
        prop_assert_eq!(f.cast, f.agree + f.abstain + f.stand_aside + f.block + f.disagree);
        let single: Vec<Vote> = votes.iter().map(|vote| ("producer", vote.1)).collect();
        let single = outcome(rule, &charter, &single);
        prop_assert_eq!(single.classes[&"producer".parse().unwrap()], single.figures);
        prop_assert_eq!(single.figures, whole.figures);
        if matches!(rule, RuleName::Consent | RuleName::ConsentThenVote) {
            prop_assert_eq!(single.verdict, whole.verdict);
        }
    }

    #[test]
    fn with_one_class_strengths_are_one_member_one_vote(votes in votes(), extended in any::<bool>()) {
        let charter = Charter::from_toml("rule.one-member-one-vote.electorate = \"all\"").unwrap();
        let single: Vec<Vote> = votes.iter().map(|vote| ("producer", vote.1)).collect();
        let electorate = electorate_of(&single);
        let count = count_of(&electorate, casts_of(&single));
        let stage = Stage { extended, fallback: false };
        let judged = |rule| judge(rule, &charter, &electorate, &count, stage);
        let (weighted, counted) = (judged(RuleName::ClassWeighted), judged(RuleName::OneMemberOneVote));
        let passes = |outcome: &Outcome| outcome.verdict == Verdict::Passed;
        prop_assert_eq!(passes(&weighted), passes(&counted));
    }

    #[test]
    fn taking_back_a_block_never_makes_a_proposal_fail(
        rule in rules(), charter in charters(), votes in votes(), instead in select(Choice::ALL.to_vec()),
    ) {
        if passes(rule, &charter, &votes) {
            for voter in 0..votes.len() {
                let mut milder = votes.clone();
                if milder[voter].1 == Some(Choice::Block) && instead != Choice::Block {
                    milder[voter].1 = Some(instead);
                    // A class that then says nothing waits for the extension.
                    let outcome = outcome(rule, &charter, &milder);
                    prop_assert!(outcome.verdict == Verdict::Passed || outcome.lacks_ballots());
                }
            }
        }
    }
}

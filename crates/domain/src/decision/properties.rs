//! What holds for every vote under the two rules.

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
    select(vec![RuleName::Consent, RuleName::OneMemberOneVote])
}

fn charters() -> impl Strategy<Value = Charter> {
    (any::<bool>(), 0u64..=4, 1u64..=3, 1u64..=3).prop_map(
        |(disagree, quarters, agrees, blocks)| {
            let toml = format!(
                "ballot.disagree-allowed = {disagree}\n\
             rule.consent.quorum = [{quarters}, 4]\n\
             rule.one-member-one-vote.quorum = [{quarters}, 4]\n\
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

/// The rules once more, straight from their definition: with fractions cross-multiplied.
fn definition(rule: RuleName, charter: &Charter, votes: &[Vote]) -> Verdict {
    let number = |test: &dyn Fn(Choice) -> bool| {
        votes.iter().filter(|vote| vote.1.is_some_and(test)).count() as u64
    };
    let agree = number(&|choice| choice == Choice::Agree);
    let block = number(&|choice| choice == Choice::Block);
    let disagree = number(&|choice| choice == Choice::Disagree);
    let quorum = charter.rule(rule).quorum;
    let terms = charter.terms();
    let against = block + if terms.disagree_allowed { disagree } else { 0 };
    if number(&|_| true) * quorum.denominator() < votes.len() as u64 * quorum.numerator() {
        return Verdict::NoQuorum;
    }
    match rule {
        RuleName::Consent if block >= terms.minimum_blocks => Verdict::Blocked,
        RuleName::Consent if agree >= terms.minimum_agrees => Verdict::Passed,
        RuleName::OneMemberOneVote if agree > against => Verdict::Passed,
        _ => Verdict::Rejected,
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
            let met = |condition: &Condition| (condition.name, condition.is_met());
            outcome.conditions[1..].iter().map(met).collect()
        };
        prop_assert_eq!(met(&once), met(&scaled));
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
            judge(rule, &charter, &electorate, &noisy),
            judge(rule, &charter, &electorate, &quiet)
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
        let quorum_fails = first.is_some_and(|first| first.name == ConditionName::Quorum);
        prop_assert_eq!(outcome.verdict == Verdict::NoQuorum, quorum_fails);
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
        prop_assert_eq!(single.verdict, whole.verdict);
    }
}

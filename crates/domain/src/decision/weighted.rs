//! Worked cases of the weighted and the charter rule, with the sizes of the model co-op.

use super::{examples::*, *};
use crate::charter::{Charter, RuleName};

use Choice::{Abstain, Agree, Block, Disagree};

/// Agree, abstain, disagree and silent of one class.
type Row = [usize; 4];

fn votes(rows: [Row; 3]) -> Vec<Vote> {
    let classes = ["producer", "consumer", "individual"];
    let of_class = |(class, [agree, abstain, against, silent]): (&'static str, Row)| {
        [
            voters(agree, class, Some(Agree)),
            voters(abstain, class, Some(Abstain)),
            voters(against, class, Some(Disagree)),
            voters(silent, class, None),
        ]
        .concat()
    };
    classes.into_iter().zip(rows).flat_map(of_class).collect()
}

fn charter() -> Charter {
    let toml = "ballot.disagree-allowed = true\nrule.one-member-one-vote.electorate = \"all\"";
    Charter::from_toml(toml).unwrap()
}

fn judged(rule: RuleName, votes: &[Vote], extended: bool) -> Outcome {
    let electorate = electorate_of(votes);
    let count = count_of(&electorate, casts_of(votes));
    let fallback = false;
    judge(
        rule,
        &charter(),
        &electorate,
        &count,
        Stage { extended, fallback },
    )
}

fn condition(outcome: &Outcome, name: ConditionName) -> &Condition {
    let mut conditions = outcome.conditions.iter();
    conditions.find(|condition| condition.name == name).unwrap()
}

#[test]
fn the_golden_vectors_of_the_weighted_rule() {
    type Golden = ([Row; 3], (u128, u128), bool, bool);
    let golden: [Golden; 5] = [
        (
            [[4, 0, 1, 0], [9, 2, 6, 3], [10, 5, 40, 45]],
            (29, 50),
            true,
            false,
        ),
        (
            [[5, 0, 0, 0], [0, 0, 20, 0], [50, 0, 0, 50]],
            (13, 20),
            true,
            true,
        ),
        (
            [[5, 0, 0, 0], [2, 0, 5, 13], [0, 0, 9, 91]],
            (1, 2),
            false,
            false,
        ),
        (
            [[5, 0, 0, 0], [0, 0, 20, 0], [0, 0, 0, 0]],
            (1, 2),
            false,
            false,
        ),
        (
            [[4, 0, 1, 0], [0, 3, 0, 17], [0, 0, 0, 100]],
            (4, 5),
            true,
            true,
        ),
    ];
    for (rows, (parts, whole), passes, by_heads) in golden {
        let votes = votes(rows);
        let outcome = judged(RuleName::ClassWeighted, &votes, true);
        let share = condition(&outcome, ConditionName::Strength);
        let found = share.whole.unwrap();
        assert_eq!(share.figure * whole, parts * found, "{rows:?}: {share}");
        assert_eq!(share.is_met(), passes, "{rows:?}");
        let heads = judged(RuleName::OneMemberOneVote, &votes, true);
        assert_eq!(
            condition(&heads, ConditionName::Majority).is_met(),
            by_heads,
            "{rows:?}"
        );
    }
}

#[test]
fn a_silent_class_waits_for_one_extension_and_then_lapses() {
    let votes = votes([[4, 0, 1, 0], [0, 3, 0, 3], [0, 0, 0, 2]]);
    let first = judged(RuleName::ClassWeighted, &votes, false);
    assert_eq!(first.verdict, Verdict::NoQuorum);
    assert_eq!(
        first.explain(),
        "no-quorum: silent not met: 2, needed fewer than 1"
    );
    assert!(first.lacks_ballots());
    let extended = judged(RuleName::ClassWeighted, &votes, true);
    assert_eq!(extended.verdict, Verdict::Passed);
    assert!(extended.is_decided_by_one_class);
    let silent: Vec<&str> = extended.silent.iter().map(|class| class.as_str()).collect();
    assert_eq!(silent, ["consumer", "individual"]);
}

#[test]
fn strengths_change_the_result_of_the_model_co_op() {
    let rule = RuleName::ClassWeighted;
    let united = votes([[10, 0, 0, 0], [0, 0, 3, 0], [0, 0, 1, 0]]);
    assert_eq!(
        judged(RuleName::OneMemberOneVote, &united, false).verdict,
        Verdict::Passed
    );
    let weighted = judged(rule, &united, false);
    assert_eq!(
        weighted.explain(),
        "rejected: strength not met: 4/10, needed more than 5/10"
    );
    let divided = judged(
        rule,
        &votes([[6, 0, 4, 0], [1, 0, 2, 0], [1, 0, 0, 0]]),
        false,
    );
    assert_eq!(divided.verdict, Verdict::Passed);
    let share = condition(&divided, ConditionName::Strength);
    assert_eq!(
        (share.figure, share.whole),
        (91, Some(150)),
        "60 2/3 of 100"
    );
}

#[test]
fn the_charter_rule_names_what_it_misses() {
    let cases: [([Row; 3], bool, &str); 8] = [
        (
            [[8, 0, 2, 0], [2, 0, 1, 0], [1, 0, 0, 0]],
            false,
            "passed: every condition met",
        ),
        (
            [[1, 0, 0, 9], [0, 0, 0, 3], [0, 0, 0, 1]],
            false,
            "no-quorum: quorum not met: 3/75, needed at least 25/75",
        ),
        (
            [[4, 0, 2, 4], [2, 0, 1, 0], [0, 1, 0, 0]],
            false,
            "rejected: supermajority not met: 2/3, needed more than 2/3",
        ),
        (
            [[9, 0, 1, 0], [1, 0, 1, 1], [1, 0, 0, 0]],
            false,
            "rejected: class-majority of consumer not met: 1, needed more than 1",
        ),
        (
            [[9, 0, 1, 0], [3, 0, 0, 0], [0, 1, 0, 0]],
            true,
            "rejected: class-majority of individual not met: 0, needed more than 0",
        ),
        (
            [[4, 6, 0, 0], [1, 1, 0, 1], [1, 0, 0, 1]],
            false,
            "no-quorum: assent not met: 241/600, needed at least 300/600",
        ),
        (
            [[4, 6, 0, 0], [1, 1, 0, 1], [1, 0, 0, 1]],
            true,
            "passed: every condition met",
        ),
        (
            [[3, 0, 0, 1], [2, 0, 0, 1], [0, 0, 0, 0]],
            false,
            "passed: every condition met",
        ),
    ];
    for (rows, extended, expected) in cases {
        let outcome = judged(RuleName::Charter, &votes(rows), extended);
        assert_eq!(outcome.explain(), expected, "{rows:?}");
    }
}

#[test]
fn a_large_class_of_individuals_neither_swamps_nor_freezes_the_rest() {
    // 5,000 individuals of whom nobody votes: by heads there could be no quorum.
    let frozen = votes([[5, 0, 0, 0], [12, 0, 3, 5], [0, 0, 0, 5_000]]);
    let outcome = judged(RuleName::ClassWeighted, &frozen, true);
    assert_eq!(outcome.verdict, Verdict::Passed);
    // And all of them against: three quarters of the strengths agree.
    let swamped = votes([[5, 0, 0, 0], [15, 0, 0, 5], [0, 0, 5_000, 0]]);
    let outcome = judged(RuleName::ClassWeighted, &swamped, true);
    assert_eq!(outcome.verdict, Verdict::Passed);
}

#[test]
fn a_class_that_blocks_makes_the_charter_rule_decide_too() {
    let blocked = |blocks: usize, others: usize, silent: usize| {
        let votes = [
            voters(10, "producer", Some(Agree)),
            voters(blocks, "consumer", Some(Block)),
            voters(others, "consumer", Some(Agree)),
            voters(silent, "consumer", None),
        ]
        .concat();
        judged(RuleName::OneMemberOneVote, &votes, false)
    };
    let upgraded = blocked(2, 2, 0);
    assert_eq!(upgraded.blocking_classes, ["consumer".parse().unwrap()]);
    assert_eq!(
        upgraded.explain(),
        "rejected: class-majority of consumer not met: 2, needed more than 2"
    );
    assert_eq!(
        blocked(2, 3, 0).verdict,
        Verdict::Passed,
        "less than half of the ballots"
    );
    assert!(!blocked(1, 0, 5).blocking_classes.is_empty());
    assert!(
        blocked(1, 0, 6).blocking_classes.is_empty(),
        "one of seven is too few"
    );
}

#[test]
fn consent_then_vote_is_consent_first_and_then_one_member_one_vote() {
    let votes = [
        voters(8, "producer", Some(Agree)),
        voters(1, "producer", Some(Block)),
        voters(2, "consumer", Some(Abstain)),
    ]
    .concat();
    let electorate = electorate_of(&votes);
    let count = count_of(&electorate, casts_of(&votes));
    let verdict = |fallback| {
        let stage = Stage {
            extended: false,
            fallback,
        };
        judge(
            RuleName::ConsentThenVote,
            &charter(),
            &electorate,
            &count,
            stage,
        )
        .verdict
    };
    assert_eq!(verdict(false), Verdict::Blocked);
    assert_eq!(verdict(true), Verdict::Passed);
}

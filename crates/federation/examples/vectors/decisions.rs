//! Counting and judging.

use std::collections::BTreeMap;

use domain::{
    charter::{Charter, RuleName},
    decision::{self, Cast, Choice, Electorate, Slot, Stage, Voter},
    id::{EntryId, Hash, MemberId, Timestamp},
};
use serde_json::{Value, json};

use super::notation::bytes;

/// Of each class its name, how many may vote, and how many say what.
type Classes<'a> = &'a [(&'a str, u8, &'a [(u8, Choice)])];

const VERSION: Hash = Hash([7; 32]);
const OPENED: Timestamp = Timestamp(1_800_000_000_000);
const DEADLINE: Timestamp = Timestamp(1_800_000_300_000);

/// A ballot: member, mandate, revision, choice.
fn cast(member: u8, mandate: u64, revision: u8, choice: Choice) -> Cast {
    let id = Hash::of(&[&[member, mandate as u8, revision, choice as u8]]);
    Cast {
        member: MemberId([member; 32]),
        slot: Slot { mandate, revision },
        ballot: EntryId(id.0),
        choice,
        version: VERSION,
        time: OPENED.plus_seconds(1),
    }
}

fn count_case() -> Value {
    let classes = [
        (1, "producer"),
        (2, "producer"),
        (3, "consumer"),
        (4, "consumer"),
        (5, "producer"),
    ];
    let voters = classes.map(|(member, class)| Voter {
        member: MemberId([member; 32]),
        class: class.parse().expect("a class id"),
    });
    let electorate = Electorate::new(voters).expect("an electorate");
    let changed = |cast: Cast, change: &dyn Fn(&mut Cast)| {
        let mut cast = cast;
        change(&mut cast);
        cast
    };
    let repeated = changed(cast(4, 1, 1, Choice::Agree), &|cast| {
        cast.ballot = EntryId([0xff; 32])
    });
    let casts = vec![
        cast(1, 1, 8, Choice::Block),
        cast(1, 2, 1, Choice::Agree),
        cast(2, 1, 1, Choice::Agree),
        cast(2, 1, 1, Choice::Block),
        cast(3, 1, 1, Choice::StandAside),
        changed(cast(3, 1, 2, Choice::Agree), &|cast| {
            cast.time = Timestamp(DEADLINE.0 + 1)
        }),
        cast(4, 1, 1, Choice::Agree),
        repeated,
        changed(cast(4, 1, 2, Choice::Block), &|cast| {
            cast.version = Hash([6; 32])
        }),
        changed(cast(5, 1, 1, Choice::Agree), &|cast| {
            cast.time = Timestamp(OPENED.0 - 1)
        }),
        cast(6, 1, 1, Choice::Agree),
        changed(cast(5, 1, 2, Choice::Disagree), &|cast| {
            cast.time = DEADLINE
        }),
    ];
    let count = decision::count(&electorate, VERSION, OPENED, DEADLINE, casts.clone());
    let counted: BTreeMap<String, Value> = count
        .counted
        .iter()
        .map(|(member, counted)| {
            let conflicting: Vec<Value> = counted
                .conflicting
                .iter()
                .map(|side| json!({ "choice": side.choice.as_str(), "ballot": bytes(side.ballot.0) }))
                .collect();
            let value = json!({
                "mandate": counted.slot.mandate, "revision": counted.slot.revision,
                "choice": counted.choice.as_str(), "ballot": bytes(counted.ballot.0),
                "conflicting": conflicting,
            });
            (member.to_string(), value)
        })
        .collect();
    let left_out: BTreeMap<String, &str> = count
        .left_out
        .iter()
        .map(|(ballot, left)| (ballot.to_string(), left.why.as_str()))
        .collect();
    json!({
        "version": bytes(VERSION.0), "opened": OPENED.0, "deadline": DEADLINE.0,
        "electorate": classes.map(|(member, class)| json!({ "member": bytes([member; 32]), "class": class })),
        "casts": casts.iter().map(described).collect::<Vec<_>>(),
        "counted": counted, "left_out": left_out,
    })
}

fn described(cast: &Cast) -> Value {
    json!({
        "member": bytes(cast.member.0), "mandate": cast.slot.mandate,
        "revision": cast.slot.revision, "ballot": bytes(cast.ballot.0),
        "choice": cast.choice.as_str(), "version": bytes(cast.version.0), "time": cast.time.0,
    })
}

/// Judges an electorate of producers, so many of whom say each thing.
fn judged(rule: RuleName, toml: &str, eligible: u8, votes: &[(u8, Choice)]) -> Value {
    judged_at(
        rule,
        toml,
        Stage::default(),
        &[("producer", eligible, votes)],
    )
}

/// Judges an electorate of several classes, so many of each of whom say each thing.
fn judged_at(rule: RuleName, toml: &str, stage: Stage, classes: Classes<'_>) -> Value {
    let charter = Charter::from_toml(toml).expect("a charter");
    let (mut voters, mut casts) = (Vec::new(), Vec::new());
    for (class, eligible, votes) in classes {
        let mut choices = votes
            .iter()
            .flat_map(|(number, choice)| vec![*choice; usize::from(*number)]);
        for _ in 0..*eligible {
            let member = voters.len() as u8 + 1;
            voters.push(Voter {
                member: MemberId([member; 32]),
                class: class.parse().expect("a class id"),
            });
            casts.extend(choices.next().map(|choice| cast(member, 1, 1, choice)));
        }
    }
    let electorate = Electorate::new(voters).expect("an electorate");
    let count = decision::count(&electorate, VERSION, OPENED, DEADLINE, casts);
    let outcome = decision::judge(rule, &charter, &electorate, &count, stage);
    let conditions: Vec<Value> = outcome
        .conditions
        .iter()
        .map(|condition| {
            json!({
                "name": condition.name.as_str(),
                "class": condition.class.as_ref().map(|class| class.as_str()),
                "figure": condition.figure as u64,
                "relation": condition.relation.as_str(), "bound": condition.bound as u64,
                "whole": condition.whole.map(|whole| whole as u64),
                "met": condition.is_met(),
            })
        })
        .collect();
    let classes: Vec<Value> = classes
        .iter()
        .map(|(class, eligible, votes)| {
            let votes = votes.iter().map(|(n, choice)| (choice.as_str(), *n));
            let votes: BTreeMap<&str, u8> = votes.collect();
            json!({ "class": class, "eligible": eligible, "votes": votes })
        })
        .collect();
    json!({
        "rule": rule.as_str(), "charter": bytes(charter.to_bytes()), "classes": classes,
        "extended": stage.extended, "fallback": stage.fallback, "quorum_ballots": outcome.quorum_ballots, "conditions": conditions,
        "verdict": outcome.verdict.as_str(), "weakly_supported": outcome.is_weakly_supported,
    })
}

/// The rules that look at classes, and the two stages of consent then vote.
fn weighted() -> Vec<Value> {
    use Choice::{Abstain, Agree, Block, Disagree};
    let disagree = "ballot.disagree-allowed = true";
    let (first, extended) = (
        Stage::default(),
        Stage {
            extended: true,
            fallback: false,
        },
    );
    let fallback = Stage {
        extended: false,
        fallback: true,
    };
    let by_strength = RuleName::ClassWeighted;
    let united: Classes<'_> = &[
        ("producer", 10, &[(10, Agree)]),
        ("consumer", 3, &[(3, Disagree)]),
        ("individual", 1, &[(1, Disagree)]),
    ];
    let divided: Classes<'_> = &[
        ("producer", 10, &[(6, Agree), (4, Disagree)]),
        ("consumer", 3, &[(1, Agree), (2, Disagree)]),
        ("individual", 1, &[(1, Agree)]),
    ];
    let silent: Classes<'_> = &[
        ("producer", 5, &[(4, Agree), (1, Disagree)]),
        ("consumer", 6, &[(3, Abstain)]),
        ("individual", 2, &[]),
    ];
    let empty: Classes<'_> = &[
        ("producer", 5, &[(5, Agree)]),
        ("consumer", 20, &[(20, Disagree)]),
    ];
    let halves: Classes<'_> = &[
        ("producer", 10, &[(4, Agree), (6, Abstain)]),
        ("consumer", 3, &[(1, Agree), (1, Abstain)]),
        ("individual", 2, &[(1, Agree)]),
    ];
    let blocking: Classes<'_> = &[
        ("producer", 10, &[(10, Agree)]),
        ("consumer", 4, &[(2, Block), (2, Agree)]),
    ];
    let blocked: Classes<'_> = &[("producer", 9, &[(8, Agree), (1, Block)])];
    let mut cases = Vec::new();
    for (stage, classes) in [
        (first, united),
        (first, divided),
        (first, silent),
        (extended, silent),
        (first, empty),
    ] {
        cases.push(judged_at(by_strength, disagree, stage, classes));
    }
    for (stage, classes) in [(first, divided), (first, halves), (extended, halves)] {
        cases.push(judged_at(RuleName::Charter, disagree, stage, classes));
    }
    cases.push(judged_at(RuleName::OneMemberOneVote, "", first, blocking));
    for stage in [first, fallback] {
        cases.push(judged_at(RuleName::ConsentThenVote, "", stage, blocked));
    }
    cases
}

/// The file.
pub fn file() -> Value {
    use Choice::{Abstain, Agree, Block, Disagree, StandAside};
    let (consent, vote) = (RuleName::Consent, RuleName::OneMemberOneVote);
    let disagree = "ballot.disagree-allowed = true";
    let mut outcomes = vec![
        judged(consent, "", 12, &[(4, Agree)]),
        judged(consent, "", 12, &[(3, Agree)]),
        judged(consent, "", 10, &[(4, Agree)]),
        judged(consent, "", 10, &[(3, Agree)]),
        judged(consent, "", 12, &[(11, Agree), (1, Block)]),
        judged(consent, "", 12, &[(12, Abstain)]),
        judged(consent, "", 12, &[(1, Agree), (11, StandAside)]),
        judged(
            consent,
            "rule.consent.minimum-blocks = 2",
            12,
            &[(3, Agree), (1, Block)],
        ),
        judged(consent, "rule.consent.quorum = [1, 1000000]", 3, &[]),
        judged(vote, "", 12, &[(3, Agree), (3, Block)]),
        judged(vote, "", 12, &[(4, Agree), (3, Block)]),
        judged(vote, "", 12, &[(2, Agree), (3, Disagree)]),
        judged(vote, disagree, 12, &[(2, Agree), (3, Disagree)]),
        judged(vote, "", 12, &[(1, Agree), (1, Abstain)]),
    ];
    outcomes.extend(weighted());
    json!({ "count": count_case(), "outcomes": outcomes })
}

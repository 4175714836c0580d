use domain::{
    charter::Charter,
    decision::{self, Cast, Choice, Electorate, Slot, Stage, Voter},
    id::{EntryId, Hash, MemberId, Timestamp},
};
use serde_json::{Value, json};

use super::{array, bytes, file, number, rows, text};

fn cast(row: &Value) -> Cast {
    Cast {
        member: MemberId(array(row, "member")),
        slot: Slot {
            mandate: number(row, "mandate"),
            revision: number(row, "revision") as u8,
        },
        ballot: EntryId(array(row, "ballot")),
        choice: text(row, "choice").parse().unwrap(),
        version: Hash(array(row, "version")),
        time: Timestamp(number(row, "time")),
    }
}

#[test]
fn ballots_are_counted_as_in_the_vectors_in_any_order() {
    let file = file("decisions.json");
    let case = &file["count"];
    let voters = rows(case, "electorate").iter().map(|row| Voter {
        member: MemberId(array(row, "member")),
        class: text(row, "class").parse().unwrap(),
    });
    let electorate = Electorate::new(voters).unwrap();
    let version = Hash(array(case, "version"));
    let (opened, deadline) = (number(case, "opened"), number(case, "deadline"));
    let casts: Vec<Cast> = rows(case, "casts").iter().map(cast).collect();
    let reversed: Vec<Cast> = casts.iter().rev().cloned().collect();
    for casts in [casts, reversed] {
        let (opened, deadline) = (Timestamp(opened), Timestamp(deadline));
        let count = decision::count(&electorate, version, opened, deadline, casts);
        let counted = case["counted"].as_object().unwrap();
        assert_eq!(count.counted.len(), counted.len());
        for (member, found) in &count.counted {
            let row = &counted[&member.to_string()];
            let conflicting: Vec<Value> = found
                .conflicting
                .iter()
                .map(|side| json!({ "choice": side.choice.as_str(), "ballot": side.ballot.to_string() }))
                .collect();
            assert_eq!(Value::from(conflicting), row["conflicting"]);
            assert_eq!(
                (found.slot.mandate, u64::from(found.slot.revision)),
                (number(row, "mandate"), number(row, "revision"))
            );
            assert_eq!(
                (found.choice.as_str(), found.ballot.0),
                (text(row, "choice"), array(row, "ballot"))
            );
        }
        let left_out = case["left_out"].as_object().unwrap();
        assert_eq!(count.left_out.len(), left_out.len());
        for (ballot, left) in &count.left_out {
            assert_eq!(left_out[&ballot.to_string()], left.why.as_str());
        }
    }
}

#[test]
fn votes_are_judged_as_in_the_vectors() {
    for row in rows(&file("decisions.json"), "outcomes") {
        let charter = Charter::decode(&bytes(row, "charter")).unwrap();
        let member = |number: u64| MemberId([number as u8; 32]);
        let (mut voters, mut casts) = (Vec::new(), Vec::new());
        for class in rows(row, "classes") {
            let votes = class["votes"].as_object().unwrap().iter();
            let mut choices = votes.flat_map(|(choice, times)| {
                let choice: Choice = choice.parse().unwrap();
                vec![choice; times.as_u64().unwrap() as usize]
            });
            for _ in 0..number(class, "eligible") {
                let number = voters.len() as u64 + 1;
                voters.push(Voter {
                    member: member(number),
                    class: text(class, "class").parse().unwrap(),
                });
                casts.extend(choices.next().map(|choice| Cast {
                    member: member(number),
                    slot: Slot {
                        mandate: 1,
                        revision: 1,
                    },
                    ballot: EntryId([number as u8; 32]),
                    choice,
                    version: Hash([7; 32]),
                    time: Timestamp(5),
                }));
            }
        }
        let electorate = Electorate::new(voters).unwrap();
        let stage = Stage {
            extended: row["extended"].as_bool().unwrap(),
            fallback: row["fallback"].as_bool().unwrap(),
        };
        let count = decision::count(
            &electorate,
            Hash([7; 32]),
            Timestamp(0),
            Timestamp(9),
            casts,
        );
        let rule = text(row, "rule").parse().unwrap();
        let outcome = decision::judge(rule, &charter, &electorate, &count, stage);
        assert_eq!(outcome.verdict.as_str(), text(row, "verdict"), "{row}");
        assert_eq!(outcome.quorum_ballots, number(row, "quorum_ballots"));
        assert_eq!(
            Value::Bool(outcome.is_weakly_supported),
            row["weakly_supported"]
        );
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
        assert_eq!(Value::from(conditions), row["conditions"]);
    }
}

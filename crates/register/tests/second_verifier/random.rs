//! Votes by every rule, in which members of several classes say whatever.

use std::collections::BTreeMap;

use domain::{
    charter::{Charter, Class, RuleName},
    decision::{Choice, Electorate, Stage, Voter, judge_choices},
    id::MemberId,
};
use register::{
    outcome::Outcome,
    testing::{History, Sent},
};

use serde_json::{Value, json};

use super::{scenes::Scene, tampering::numbers};

const CLASSES: [&str; 3] = ["producer", "consumer", "individual"];
const CHARTERS: [&str; 4] = [
    "",
    "ballot.disagree-allowed = true\nrule.one-member-one-vote.electorate = \"all\"",
    "class-block.turnout = [1, 10]\nrule.charter.assent = [1, 3]\nrule.class-weighted.quorum = [1, 2]",
    "rule.consent.minimum-blocks = 2\nrule.consent-then-vote.quorum = [2, 3]\nclass.producer.strength-percent = 50\nclass.consumer.strength-percent = 30\nclass.individual.strength-percent = 20",
];

/// So many votes, each over.
pub fn votes(number: usize) -> Vec<Scene> {
    let mut random = numbers(11);
    (0..number)
        .map(|place| vote(RuleName::ALL[place % 5], &mut random))
        .collect()
}

fn vote(rule: RuleName, random: &mut impl FnMut(usize) -> usize) -> Scene {
    let toml = CHARTERS[random(CHARTERS.len())];
    let mut classes = vec!["producer"; 3];
    classes.extend((0..random(5)).map(|_| CLASSES[random(3)]));
    let mut history = History::new(&classes, rule, toml);
    let opening = history.open(1, 1, None);
    let electorate = history.cast.phase.electorate.clone();
    let disagree = toml.contains("disagree");
    // Most say the same, so that every verdict comes up.
    let mood = Choice::ALL[[0, 0, 0, 1, 3][random(5)]];
    let mut outcome = None;
    while !matches!(outcome, Some(Outcome::Decided(_) | Outcome::Lapsed)) {
        let mut says = Vec::new();
        for voter in 0..classes.len() {
            let id = history.beginning.begin.members[voter].member;
            let choice = match random(6) {
                0 => Choice::ALL[random(4)],
                1 if disagree => Choice::Disagree,
                1 | 2 => continue,
                _ => mood,
            };
            if outcome.is_none() && electorate.iter().any(|elector| elector.member == id) {
                says.push((voter, choice));
            }
        }
        let mut sent = history.sent(&says);
        let mut again = Vec::new();
        let validators = history.cast.phase.validators.iter().len();
        for sent in &mut sent {
            if random(3) == 0 && validators > 3 {
                // Two delegates at once, each witnessed by half of the validators.
                let others = sent.witnesses.split_off(validators / 2);
                again.push(Sent {
                    choice: Choice::ALL[random(4)],
                    witnesses: others,
                    ..sent.clone()
                });
            } else if random(2) == 0 {
                again.push(Sent {
                    revision: 2,
                    choice: Choice::ALL[random(4)],
                    ..sent.clone()
                });
            }
        }
        sent.extend(again);
        // What validators see differs in the first closing only: what follows has an end.
        history.divide(outcome.is_none().then(|| random(60) as u64));
        outcome = Some(history.close(&sent));
    }
    (rule.as_str(), history, opening)
}

/// Choices of random electorates, and what they come to, without any register.
pub fn cases(number: usize) -> Vec<Value> {
    let mut random = numbers(13);
    (0..number)
        .map(|place| case(RuleName::ALL[place % 5], &mut random))
        .collect()
}

fn case(rule: RuleName, random: &mut impl FnMut(usize) -> usize) -> Value {
    let charter = Charter::from_toml(CHARTERS[random(CHARTERS.len())]).unwrap();
    let allowed = &charter.rule(rule).eligible;
    let classes: Vec<&Class> = charter.terms().classes.iter().collect();
    let classes: Vec<&Class> = classes
        .into_iter()
        .filter(|class| allowed.includes(class))
        .collect();
    let classes = &classes[random(classes.len())..];
    let mut electors = Vec::new();
    let mut choices = BTreeMap::new();
    for place in 0..=random(12) {
        let class = classes[random(classes.len())];
        let member = MemberId([place as u8; 32]);
        electors.push((member, class.id.clone()));
        let choice = Choice::ALL[[0, 0, 0, 1, 2, 3, 3, 4][random(8)]];
        if choice.is_allowed(&charter) && random(4) > 0 {
            choices.insert(member, choice);
        }
    }
    let voters = electors.iter().map(|(member, class)| Voter {
        member: *member,
        class: class.clone(),
    });
    let stage = Stage {
        extended: random(2) == 1,
        fallback: random(2) == 1,
    };
    let electorate = Electorate::new(voters).unwrap();
    let judged = judge_choices(rule, &charter, &electorate, &choices, stage);
    json!({
        "charter": hex::encode(charter.to_bytes()),
        "rule": rule.as_str(),
        "electorate": electors.iter().map(|(member, class)| json!([member.to_string(), class.as_str()])).collect::<Vec<_>>(),
        "choices": choices.iter().map(|(member, choice)| json!([member.to_string(), *choice as u8])).collect::<Vec<_>>(),
        "extended": stage.extended,
        "fallback": stage.fallback,
        "verdict": judged.verdict.as_str(),
        "failing": judged.first_failing().map(|condition| condition.name.as_str()),
        "lacks_ballots": judged.lacks_ballots(),
    })
}

//! Votes by every rule, in which members of several classes say whatever.

use domain::{charter::RuleName, decision::Choice};
use register::{
    outcome::Outcome,
    testing::{History, Sent},
};

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
        for sent in sent.iter() {
            if random(3) == 0 {
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

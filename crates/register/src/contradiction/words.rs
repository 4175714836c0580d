//! What evidence proves and what it does not, in words and as JSON.

use domain::id::{Hash, PhaseId};
use serde_json::{Value, json};

use super::{Contradiction, Conviction};
use crate::{
    agreement::{self, Signed, Step, Vote},
    evidence::Evidence,
};

fn short(hash: &Hash) -> String {
    hash.to_string().chars().take(16).collect()
}

fn value(value: Option<&Hash>) -> String {
    value.map_or("nothing".to_owned(), |hash| {
        format!("value {}", short(hash))
    })
}

fn in_phase(phase: &PhaseId, evidence: &Evidence) -> (String, [String; 2]) {
    let phase = format!("in phase {phase}");
    let (what, two) = match evidence {
        Evidence::Ballots(_) => ("two ballots", Default::default()),
        Evidence::Receipts(_, receipts) => {
            let of = |at: usize| {
                let one = &receipts[at];
                format!(
                    "a receipt for ballot {}, dated {} ms since 1970",
                    one.leaf.ballot, one.time.0
                )
            };
            ("receipts for two ballots of one place", [of(0), of(1)])
        }
        Evidence::Manifests(_, manifests) => {
            let of = |at: usize| format!("a manifest of hash {}", manifests[at].0);
            ("two lists of all it held", [of(0), of(1)])
        }
        Evidence::Seals(seals) => {
            let of = |at: usize| {
                let one = &seals[at];
                let names = one.names.len();
                format!(
                    "a seal that names {names} manifests, dated {} ms since 1970",
                    one.time.0
                )
            };
            ("two seals", [of(0), of(1)])
        }
    };
    (format!("{what} {phase}"), two)
}

fn of_vote(vote: &Signed<Vote>) -> String {
    let vote = &vote.statement;
    let step = match vote.step {
        Step::Prevote => "prevote",
        Step::Precommit => "precommit",
    };
    format!("a {step} for {}", value(vote.value.as_ref()))
}

fn in_agreement(evidence: &agreement::Evidence) -> (String, [String; 2]) {
    let place = |what: &str, (epoch, height, round): (u64, u64, u32)| {
        format!("{what} at height {height}, round {round}, of epoch {epoch}")
    };
    match &evidence.pair {
        agreement::Pair::Proposals(one, other) => {
            let of = &one.statement;
            let words = place("two proposals", (of.epoch, of.height, of.round));
            let value =
                |one: &agreement::Proposal| format!("a proposal of value {}", short(&one.value));
            (words, [value(&one.statement), value(&other.statement)])
        }
        agreement::Pair::Votes(one, other) => {
            let of = &one.statement;
            let words = place("two votes of one step", (of.epoch, of.height, of.round));
            (words, [of_vote(one), of_vote(other)])
        }
    }
}

impl Conviction {
    fn what(&self) -> (String, [String; 2]) {
        match &self.contradiction {
            Contradiction::InPhase {
                phase, evidence, ..
            } => in_phase(phase, evidence),
            Contradiction::InAgreement(evidence) => in_agreement(evidence),
            Contradiction::InLog(entries) => {
                let sequence = entries[0].header.sequence;
                let of = |at: usize| {
                    let entry = &entries[at];
                    let (id, time) = (entry.id(&self.federation), entry.header.time.0);
                    format!("entry {id}, dated {time} ms since 1970")
                };
                (
                    format!("two entries of place {sequence} in its log"),
                    [of(0), of(1)],
                )
            }
        }
    }

    /// All of it for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (what, two) = self.what();
        json!({
            "federation": self.federation.to_string(),
            "pinned": self.is_pinned,
            "evidence": self.hash().to_string(),
            "key": self.contradiction.key().to_string(),
            "member": self.member.to_string(),
            "member_shown": self.is_member_shown,
            "signed": self.contradiction.word(),
            "phase": self.contradiction.phase().map(|phase| phase.to_string()),
            "what": what,
            "first": two[0],
            "second": two[1],
        })
    }

    /// What it proves and what it does not, in sentences for anyone.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let (what, two) = self.what();
        let key = self.contradiction.key();
        let mut said = Vec::new();
        if !self.is_pinned {
            said.push(
                "You named no federation, and anybody can make one in which a key of theirs signs twice: compare \
                 the id and the key with what you know from elsewhere (--federation)."
                    .to_owned(),
            );
            said.push(String::new());
        }
        said.extend([
            format!("The key {key} signed {what}:"),
            format!("  {}", two[0]),
            format!("  {}", two[1]),
            "Who keeps to the rules signs at most one of them.".to_owned(),
            String::new(),
        ]);
        said.push(match self.is_member_shown {
            true => format!(
                "It is a key of member {}: the file shows how that member's root key granted it.",
                self.member
            ),
            false => format!(
                "The file says that it is a key of member {}, and does not show it: compare with the \
                 register or with folkmoot key list.",
                self.member
            ),
        });
        said.push(match self.is_pinned {
            true => format!("Federation {}, the one you named.", self.federation),
            false => format!(
                "Federation {}: compare it with what you know.",
                self.federation
            ),
        });
        said.push(String::new());
        said.push(
            "It does not show who held the key, or why: a thief, a restored backup or a copied data directory \
             signs twice as a liar does. It does not show that anything was decided wrongly: while no more \
             than a third of the validators contradict themselves, nothing that is final is touched."
                .to_owned(),
        );
        said
    }
}

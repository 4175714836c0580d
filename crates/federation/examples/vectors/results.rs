//! What the history comes to: the file, heights, decisions.

use domain::{
    cbor::Encode,
    id::{MemberId, Timestamp},
    record::Kind,
};
use federation::{Core, Input, Settings};
use replica::{Offer, Replica};
use serde_json::{Value, json};

use super::{
    history::History,
    notation::{bytes, encoded, key, key_forms, name_of},
};

impl History {
    /// A replica that holds the history.
    pub fn replica(&self) -> Replica {
        let mut replica = Replica::new(self.genesis.clone());
        for written in &self.book.written {
            let root = written.entry.header.author;
            if written.entry.header.kind == Kind::Enter {
                replica.let_in(self.book.now, root, MemberId(root.0));
            }
            let offer = replica.offer(self.book.now, written.entry.clone());
            assert_eq!(offer, Offer::Stored, "{}", written.draft.name);
        }
        replica
    }

    fn decision(&self, at: Timestamp) -> Value {
        let settings = Settings {
            node: key(0x51).public(),
            seed: [0; 32],
        };
        let mut core = Core::new(self.genesis.clone(), settings).expect("a known genesis");
        for written in &self.book.written {
            core.restore(&written.entry.to_bytes(), written.entry.header.time)
                .expect("a valid history");
        }
        let start = Input::Start {
            clean: true,
            alone: true,
        };
        core.handle(self.book.now, start);
        let decision = core.decision(&self.proposal, at).expect("the proposal");
        let phase = decision.phase.as_ref().expect("an open phase");
        let counted: serde_json::Map<String, Value> = phase
            .count
            .counted
            .iter()
            .map(|(member, counted)| {
                let value = json!({
                    "mandate": counted.slot.mandate, "revision": counted.slot.revision,
                    "choice": counted.choice.as_str(), "ballot": bytes(counted.ballot.0),
                });
                (member.to_string(), value)
            })
            .collect();
        json!({
            "at": at.0, "proposal": bytes(self.proposal.0), "phase": bytes(phase.opening.id.0),
            "version": bytes(phase.version.hash.0), "state": decision.state.as_str(),
            "verdict": phase.outcome.verdict.as_str(), "counted": counted,
        })
    }

    /// The file.
    pub fn file(&self) -> Value {
        let members = [
            ("anna", &self.anna),
            ("bela", &self.bela),
            ("carla", &self.carla),
            ("dora", &self.dora),
        ];
        let mut keys: Vec<Value> = members
            .iter()
            .flat_map(|(name, member)| {
                [
                    ("root", &member.root),
                    ("node", &member.node),
                    ("delegate", &member.delegate),
                ]
                .map(|(what, key)| key_forms(&format!("{name}.{what}"), key))
            })
            .collect();
        keys.push(key_forms("anna.worker", &self.worker));
        keys.push(key_forms("anna.validator", &key(0x15)));
        keys.push(key_forms("emma.root", &key(0x16)));
        let entries: Vec<Value> = self.book.written.iter().map(|w| w.described()).collect();
        let replica = self.replica();
        let heights: Vec<Value> = replica
            .heights()
            .iter()
            .map(|height| json!({
                "key": bytes(height.key.0), "sequence": height.sequence, "tip": bytes(height.tip),
                "aside": height.aside.map(bytes),
            }))
            .collect();
        let open = self.book.now;
        json!({
            "genesis": encoded(&self.genesis),
            "federation": bytes(self.book.federation.0),
            "keys": keys,
            "now": self.book.now.0,
            "entries": entries,
            "heights": heights,
            "digest": bytes(replica.digest().0),
            "decisions": [self.decision(open), self.decision(open.plus_seconds(604_801))],
        })
    }
}

/// What became of an offered entry, by its name.
pub fn outcome(offer: &Offer) -> Value {
    match offer {
        Offer::Refused(refusal) => json!({ "outcome": "Refused", "refusal": name_of(refusal) }),
        other => json!({ "outcome": name_of(other) }),
    }
}

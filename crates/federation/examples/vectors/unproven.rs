//! Grants that do not show that the granted key's holder agreed to what they say.

use domain::{
    id::PersonId,
    key::PublicKey,
    record::{Custody, Grant, Purpose, Record, Roles},
};

use super::{
    book::Draft,
    history::{History, node_grant, person_grant},
    notation::key,
};

/// What is wrong, and the entry of a member's root key.
pub fn unproven(history: &History) -> Vec<(&'static str, Draft)> {
    let (anna, bela) = (&history.anna, &history.bela);
    let (node, device) = (node_grant(anna.id(), &key(0x56)), key(0x57));
    let worker = (Roles::WORKER, Custody::Person);
    let person = person_grant(anna.id(), &device, PersonId([0x57; 16]), worker);
    let mut grants = vec![
        (
            "a granted key of small order",
            Grant {
                key: PublicKey([0; 32]),
                ..node.clone()
            },
        ),
        (
            "a grant with another key's proof",
            Grant {
                proof: node_grant(anna.id(), &device).proof,
                ..node.clone()
            },
        ),
        (
            "a grant with the proof for another member",
            node_grant(bela.id(), &key(0x56)),
        ),
        (
            "a grant with the proof for another purpose",
            Grant {
                purpose: Purpose::Validator,
                ..node
            },
        ),
    ];
    if let Record::Grant(grant) = person {
        let other = Grant {
            person: Some(PersonId([0x58; 16])),
            ..grant
        };
        grants.push(("a grant with the proof for another person", other));
    }
    let drafts = grants.into_iter().map(|(what, grant)| {
        let record = Record::Grant(grant);
        let draft = history
            .book
            .draft("refused", &anna.root, anna.record, "keys", &record);
        (what, draft)
    });
    drafts.collect()
}

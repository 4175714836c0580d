//! The test vectors of `specs/vectors` that speak of entries: their bytes, which are stored, and
//! what stands.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use domain::{
    cbor::{Decode, Encode},
    entry::{Audience, Entry, Header, Salted},
    genesis::Genesis,
    id::{EntryId, FederationId, MemberId, Timestamp},
    key::{PublicKey, SecretKey},
    record::Kind,
};
use replica::{
    Offer, Replica,
    document::{Document, Item, Outcome, Tree},
};
use serde_json::{Value, json};

fn file(name: &str) -> Value {
    let path = format!("{}/../../specs/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn rows<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let rows = value[name].as_array().unwrap();
    assert!(!rows.is_empty(), "{name}");
    rows
}

fn bytes(value: &Value, name: &str) -> Vec<u8> {
    hex::decode(value[name].as_str().unwrap()).unwrap()
}

fn array<const N: usize>(value: &Value, name: &str) -> [u8; N] {
    bytes(value, name).try_into().unwrap()
}

fn name_of(error: &impl std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    text.chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect()
}

fn entry(row: &Value) -> Entry {
    Entry::from_bytes(&bytes(row, "wire")).unwrap()
}

/// A replica that holds the history, its time, and the entries.
fn history() -> (Replica, Timestamp, Value) {
    let file = file("history.json");
    let genesis = Genesis::from_bytes(&bytes(&file, "genesis")).unwrap();
    let mut replica = Replica::new(genesis);
    let now = Timestamp(file["now"].as_u64().unwrap());
    for row in rows(&file, "entries") {
        let entry = entry(row);
        let root = entry.header.author;
        let is_decided = entry.header.kind == Kind::Enter;
        let offer = replica.offer(now, entry);
        if is_decided {
            assert_eq!(offer, Offer::Waits(Vec::new()), "for the register");
            replica.let_in(now, root, MemberId(root.0));
        } else {
            assert_eq!(offer, Offer::Stored, "{}", row["name"]);
        }
    }
    (replica, now, file)
}

#[test]
fn headers_say_what_the_vectors_say() {
    for row in rows(&file("history.json"), "entries") {
        let header = Header::from_bytes(&bytes(row, "header")).unwrap();
        let references: Vec<String> = header.references.iter().map(ToString::to_string).collect();
        let fields = json!({
            "author": hex::encode(header.author.0),
            "grant": header.grant.to_string(),
            "sequence": header.sequence,
            "previous": header.previous.map(|id| id.to_string()),
            "time": header.time.0,
            "address": header.address.as_str(),
            "audience": hex::encode(header.audience.to_bytes()),
            "kind": header.kind.0,
            "critical": header.critical,
            "references": references,
        });
        assert_eq!(fields, row["fields"], "{}", row["name"]);
        assert_eq!(header.to_bytes(), bytes(row, "header"));
        assert_eq!(header.size() as u64, row["size"].as_u64().unwrap());
    }
}

#[test]
fn bodies_and_notes_are_sealed_with_their_salt() {
    for row in rows(&file("history.json"), "entries") {
        let header = Header::from_bytes(&bytes(row, "header")).unwrap();
        let seal = |part: &Value| Salted::new(&array(part, "salt"), &bytes(part, "bytes")).seal();
        assert_eq!(seal(&row["body"]), header.body);
        let note = row["note"].is_object().then(|| seal(&row["note"]));
        assert_eq!(note, header.note);
    }
}

#[test]
fn every_entry_is_signed_by_its_author_and_has_the_id_of_the_vectors() {
    let file = file("history.json");
    let federation = Genesis::from_bytes(&bytes(&file, "genesis"))
        .unwrap()
        .federation();
    assert_eq!(federation.0, array(&file, "federation"));
    let secret = |author: &PublicKey| {
        let row = rows(&file, "keys")
            .iter()
            .find(|row| bytes(row, "public") == author.0);
        SecretKey::from_seed(&array(row.unwrap(), "seed"))
    };
    for row in rows(&file, "entries") {
        let entry = entry(row);
        assert_eq!(entry.to_bytes(), bytes(row, "wire"));
        assert_eq!(entry.id(&federation).0, array(row, "id"));
        assert_eq!(entry.signature.0, array(row, "signature"));
        let author = entry.header.author;
        assert_eq!(
            entry.header.sign(&federation, &secret(&author)),
            entry.signature
        );
        assert_eq!(
            entry.verify(&federation, &author.verifier().unwrap()),
            Ok(())
        );
    }
}

#[test]
fn the_history_is_stored_as_a_whole_and_gives_the_digest() {
    let (replica, _, file) = history();
    let heights: Vec<Value> = replica
        .heights()
        .iter()
        .map(|height| {
            json!({
                "key": hex::encode(height.key.0), "sequence": height.sequence,
                "tip": hex::encode(height.tip), "aside": height.aside.map(hex::encode),
            })
        })
        .collect();
    assert_eq!(Value::from(heights), file["heights"]);
    assert_eq!(replica.digest().0, array(&file, "digest"));
}

#[test]
fn the_history_backwards_gives_the_same_digest() {
    let file = file("history.json");
    let mut replica = Replica::new(Genesis::from_bytes(&bytes(&file, "genesis")).unwrap());
    let now = Timestamp(file["now"].as_u64().unwrap());
    for row in rows(&file, "entries").iter().rev() {
        let entry = entry(row);
        if entry.header.kind == Kind::Enter {
            let root = entry.header.author;
            replica.let_in(now, root, MemberId(root.0));
        }
        replica.offer(now, entry);
    }
    assert_eq!(replica.digest().0, array(&file, "digest"));
}

#[test]
fn what_must_not_be_stored_is_refused_for_its_reason() {
    let file = file("refused.json");
    for row in rows(&file, "entries") {
        let (mut replica, now, _) = history();
        for before in row["before"].as_array().unwrap() {
            let before = hex::decode(before.as_str().unwrap()).unwrap();
            let before = Entry::from_bytes(&before).unwrap();
            assert_eq!(replica.offer(now.plus_seconds(60), before), Offer::Stored);
        }
        let result = match replica.offer(now, entry(row)) {
            Offer::Refused(refusal) => {
                json!({ "outcome": "Refused", "refusal": name_of(&refusal) })
            }
            other => json!({ "outcome": name_of(&other) }),
        };
        assert_eq!(result, row["result"], "{}", row["what"]);
    }
}

#[test]
fn bytes_that_are_no_entry_are_refused_for_their_reason() {
    for row in rows(&file("refused.json"), "malformed") {
        let error = Entry::from_bytes(&bytes(row, "wire")).unwrap_err();
        assert_eq!(
            name_of(&error),
            row["refusal"].as_str().unwrap(),
            "{}",
            row["what"]
        );
    }
}

fn ids(replica: &Replica, positions: impl IntoIterator<Item = replica::Position>) -> Value {
    let ids = positions
        .into_iter()
        .filter_map(|position| replica.get(position));
    let ids: BTreeSet<String> = ids.map(|stored| stored.id.to_string()).collect();
    ids.into_iter().collect()
}

#[test]
fn forked_and_revoked_logs_stand_as_far_as_the_vectors_say() {
    for case in rows(&file("forks.json"), "cases") {
        let (mut replica, now, history) = history();
        let entries = rows(case, "entries");
        // What came before a revocation picked its branch has to come again.
        for row in entries.iter().chain(entries).rev() {
            replica.offer(now.plus_seconds(60), entry(row));
        }
        let key = PublicKey(array(case, "key"));
        let all = rows(&history, "entries")
            .iter()
            .chain(rows(case, "entries"));
        let standing: Vec<Value> = all
            .filter(|row| entry(row).header.author == key)
            .map(|row| EntryId(array(row, "id")))
            .filter(|id| {
                replica
                    .position(id)
                    .is_some_and(|position| replica.stands(position))
            })
            .map(|id| Value::String(id.to_string()))
            .collect();
        assert_eq!(Value::from(standing), case["standing"], "{}", case["what"]);
        assert_eq!(
            ids(&replica, replica.aside(&key)),
            case["aside"],
            "{}",
            case["what"]
        );
        let phase = &history["decisions"][0]["phase"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let member = rows(&history, "entries")
            .iter()
            .find(|row| row["name"] == "bela.found");
        let member = MemberId(entry(member.unwrap()).header.author.0);
        let ballots = replica.ballots_of(phase, &member);
        assert_eq!(ids(&replica, ballots), case["ballots"], "{}", case["what"]);
        let heights = replica.heights();
        let height = heights.iter().find(|height| height.key == key).unwrap();
        let height = json!({
            "sequence": height.sequence, "tip": hex::encode(height.tip),
            "aside": height.aside.map(hex::encode),
        });
        assert_eq!(height, case["height"], "{}", case["what"]);
        assert_eq!(
            replica.digest().0,
            array(case, "digest"),
            "{}",
            case["what"]
        );
    }
}

#[test]
fn an_audience_that_is_none_of_the_four_is_refused() {
    for hex in ["03", "f6", "4f000000000000000000000000000000", "6161"] {
        assert!(
            Audience::from_bytes(&hex::decode(hex).unwrap()).is_err(),
            "{hex}"
        );
    }
}

fn tree(part: &Tree) -> Value {
    match part {
        Tree::Value(value) => json!({ "value": hex::encode(value.to_bytes()) }),
        Tree::Text(object, text) => {
            json!({ "object": hex::encode(object.to_bytes()), "text": text })
        }
        Tree::List(object, items) => {
            let items: Vec<Value> = items.iter().map(tree).collect();
            json!({ "object": hex::encode(object.to_bytes()), "list": items })
        }
        Tree::Map(object, entries) => {
            let entries: serde_json::Map<String, Value> = entries
                .iter()
                .map(|(key, part)| (key.clone(), tree(part)))
                .collect();
            json!({ "object": hex::encode(object.to_bytes()), "map": entries })
        }
    }
}

fn outcome_of(document: &Document, id: &EntryId) -> String {
    match document.outcome(id).unwrap() {
        Outcome::Faulty(fault) => name_of(&fault),
        other => name_of(&other),
    }
}

#[test]
fn the_edits_of_the_vectors_give_the_documents_of_the_vectors_in_any_order() {
    let file = file("documents.json");
    let (replica, ..) = history();
    let federation = FederationId(array(&file, "federation"));
    let id = EntryId(array(&file, "document"));
    let ids = |ids: &[EntryId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    for row in rows(&file, "derived") {
        let gives = &row["gives"];
        let count = row["entries"].as_u64().unwrap() as usize;
        let entries = rows(&file, "entries")[..count].iter().map(entry);
        let mut items: Vec<Item> = entries
            .map(|entry| {
                Item::read(&federation, replica.writer(&entry.header).unwrap(), &entry).unwrap()
            })
            .collect();
        let whole = Document::build(id, items.clone());
        items.reverse();
        let mut backwards = Document::build(id, []);
        for item in items {
            backwards.apply([item]);
        }
        for document in [whole, backwards] {
            assert_eq!(document.title(), gives["title"]);
            assert_eq!(document.text(), gives["text"]);
            assert_eq!(json!(ids(&document.heads())), gives["heads"]);
            assert_eq!(document.version().text.0, array(gives, "text_hash"));
            let heads: Vec<String> = document.automerge_heads().iter().map(hex::encode).collect();
            assert_eq!(json!(heads), gives["automerge_heads"]);
            assert_eq!(tree(&document.tree()), gives["map"]);
            assert_eq!(json!(ids(&document.left_behind())), gives["left_behind"]);
            let pieces: Vec<Value> = document
                .pieces()
                .iter()
                .map(|piece| json!({ "edit": piece.edit.to_string(), "text": piece.text }))
                .collect();
            assert_eq!(json!(pieces), gives["pieces"]);
            for row in rows(gives, "outcomes") {
                let id = EntryId(array(row, "entry"));
                assert_eq!(outcome_of(&document, &id), row["outcome"], "{row}");
                if let Some(text) = row["text"].as_str() {
                    assert_eq!(document.text_at(&[id]).as_deref(), Ok(text));
                }
            }
        }
    }
}

#[test]
fn the_edits_of_the_vectors_are_stored_after_the_history() {
    let (mut replica, now, _) = history();
    let file = file("documents.json");
    for row in rows(&file, "entries") {
        let offer = replica.offer(now.plus_seconds(60), entry(row));
        let is_after = row["name"] == "bela.after";
        match offer {
            Offer::Stored => assert!(!is_after, "{}", row["name"]),
            // Above the fork of its log: it waits for somebody who builds on it.
            Offer::Waits(_) => assert!(is_after, "{}", row["name"]),
            other => panic!("{}: {other:?}", row["name"]),
        }
    }
    let document = EntryId(array(&file, "document"));
    let counting = replica.edits(&replica.view(), &document);
    assert_eq!(counting.len(), rows(&file, "entries").len());
}

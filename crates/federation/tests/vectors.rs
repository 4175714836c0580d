//! The test vectors of `specs/vectors` that speak of messages and of proposals, and whether the
//! files are those that the example `vectors` writes.

#![allow(clippy::unwrap_used)]

use domain::{
    cbor::{Decode, DecodeError, Encode},
    genesis::Genesis,
    id::{EntryId, Timestamp},
    key::PublicKey,
};
use federation::{
    Core, Input, Settings,
    application::{Request, Response},
    message::Message,
};
use serde_json::{Value, json};

#[path = "../examples/vectors/set.rs"]
mod set;

fn text_of(name: &str) -> String {
    let path = format!("{}/../../specs/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

fn file(name: &str) -> Value {
    serde_json::from_str(&text_of(name)).unwrap()
}

fn rows<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let rows = value[name].as_array().unwrap();
    assert!(!rows.is_empty(), "{name}");
    rows
}

fn bytes(value: &Value, name: &str) -> Vec<u8> {
    hex::decode(value[name].as_str().unwrap()).unwrap()
}

#[test]
fn the_files_are_those_the_example_writes() {
    for (name, text) in set::files() {
        assert!(
            text == text_of(name),
            "{name}: cargo run -p federation --example vectors"
        );
    }
}

fn check_read<T: Decode + Encode>(rows: &[Value]) {
    for row in rows {
        let value = T::from_bytes(&bytes(row, "hex")).unwrap();
        assert_eq!(value.to_bytes(), bytes(row, "hex"), "{}", row["what"]);
    }
}

fn check_refused<T: Decode>(rows: &[Value]) {
    for row in rows {
        let error: DecodeError = T::from_bytes(&bytes(row, "hex")).err().unwrap();
        let name: String = format!("{error:?}")
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        assert_eq!(name, row["refusal"].as_str().unwrap(), "{}", row["what"]);
    }
}

#[test]
fn every_message_is_read_and_written_alike() {
    let file = file("messages.json");
    check_read::<Message>(rows(&file, "messages"));
    check_read::<Request>(rows(&file, "requests"));
    check_read::<Response>(rows(&file, "responses"));
}

#[test]
fn what_is_no_message_is_refused_for_its_reason() {
    let file = file("messages.json");
    check_refused::<Message>(rows(&file, "refused"));
    check_refused::<Request>(rows(&file, "refused_requests"));
}

#[test]
fn the_history_is_decided_as_the_vectors_say() {
    let file = file("history.json");
    let genesis = Genesis::from_bytes(&bytes(&file, "genesis")).unwrap();
    let settings = Settings {
        node: PublicKey([0; 32]),
        seed: [0; 32],
    };
    let mut core = Core::new(genesis, settings).unwrap();
    for row in rows(&file, "entries") {
        core.restore(&bytes(row, "wire"), Timestamp(0)).unwrap();
    }
    let start = Input::Start {
        clean: true,
        alone: true,
    };
    core.handle(Timestamp(file["now"].as_u64().unwrap()), start);
    for row in rows(&file, "decisions") {
        let proposal: EntryId = row["proposal"].as_str().unwrap().parse().unwrap();
        let at = Timestamp(row["at"].as_u64().unwrap());
        let decision = core.decision(&proposal, at).unwrap();
        let phase = decision.phase.unwrap();
        assert_eq!(decision.state.as_str(), row["state"]);
        assert_eq!(phase.outcome.verdict.as_str(), row["verdict"]);
        assert_eq!(phase.opening.id.to_string(), row["phase"].as_str().unwrap());
        assert_eq!(
            phase.version.hash.to_string(),
            row["version"].as_str().unwrap()
        );
        let counted: Value = phase
            .count
            .counted
            .iter()
            .map(|(member, counted)| {
                let value = json!({
                    "mandate": counted.slot.mandate, "revision": counted.slot.revision,
                    "choice": counted.choice.as_str(), "ballot": counted.ballot.to_string(),
                });
                (member.to_string(), value)
            })
            .collect();
        assert_eq!(counted, row["counted"]);
    }
}

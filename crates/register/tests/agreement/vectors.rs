//! `specs/vectors/agreement.json`: the bytes of statements, messages, certificates and evidence.
//!
//! `VECTORS=write` writes the file anew; a changed vector is a changed format.

use domain::{
    cbor::{Decode, Encode},
    id::FederationId,
};
use register::{
    agreement::{
        Certificate, Evidence, Message, Pair, Place, Record, Signed, Statement, Step, Wait,
        proposers, signed_bytes, verify,
    },
    validators::ValidatorSet,
};
use serde_json::{Value, json};

use crate::{
    bench::{HEIGHT, at, certificate, polka, proposal, set, timer, value, vote},
    world::{EPOCH, FEDERATION, World},
};

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../specs/vectors/agreement.json"
);

fn hexed(value: &impl Encode) -> String {
    hex::encode(value.to_bytes())
}

fn messages() -> Vec<(&'static str, Message)> {
    let quorum = [0, 2, 3];
    vec![
        (
            "a proposal",
            Message::Proposal(proposal(1, 0, value(1), None)),
        ),
        (
            "a value put forward again",
            Message::Proposal(proposal(2, 3, value(1), Some(0))),
        ),
        (
            "a prevote",
            Message::Vote(vote(0, 0, Step::Prevote, Some(value(1)))),
        ),
        (
            "a prevote for none",
            Message::Vote(vote(3, 1, Step::Prevote, None)),
        ),
        (
            "a precommit",
            Message::Vote(vote(0, 24, Step::Precommit, Some(value(1)))),
        ),
        (
            "a precommit for none",
            Message::Vote(vote(2, 100_000, Step::Precommit, None)),
        ),
        (
            "the proof of a lock",
            Message::Polka(polka(&quorum, 1, value(1))),
        ),
    ]
}

fn row_of<S: Statement>(signed: &Signed<S>) -> Value {
    json!({
        "validator": signed.validator.0,
        "seed": hex::encode(World::key(usize::from(signed.validator.0)).seed()),
        "statement": hexed(&signed.statement),
        "signed": hex::encode(signed_bytes(&FEDERATION, &signed.statement)),
        "signature": hexed(&signed.signature),
    })
}

fn message_row(what: &str, message: &Message) -> Value {
    let mut row = match message {
        Message::Proposal(signed) => row_of(signed),
        Message::Vote(signed) => row_of(signed),
        Message::Polka(polka) => json!({ "statement": hexed(&polka.vote()) }),
    };
    row["what"] = json!(what);
    row["message"] = json!(hexed(message));
    row
}

/// Certificates that are refused, with the name of the refusal.
fn refused() -> Vec<(&'static str, Certificate, Place, &'static str)> {
    let place = World::place(HEIGHT);
    let good = || certificate(&[0, 2, 3], 5, value(1));
    let mut epoch = good();
    epoch.epoch += 1;
    let mut height = good();
    height.height += 1;
    let mut few = good();
    few.signatures.pop();
    let mut twice = good();
    twice.signatures[1] = twice.signatures[0];
    let mut order = good();
    order.signatures.swap(0, 1);
    let mut unknown = good();
    unknown.signatures[2].0 = at(4);
    let mut another = good();
    another.signatures[0].0 = at(1);
    let mut bit = good();
    bit.signatures[2].1.0[40] ^= 1;
    let mut one_more = certificate(&[0, 1, 2, 3], 5, value(1));
    one_more.signatures[1].1.0[0] ^= 1;
    let mut other_value = good();
    other_value.value = value(2);
    let mut round = good();
    round.round = 6;
    let mut prevotes = good();
    prevotes.signatures = polka(&[0, 2, 3], 5, value(1)).signatures;
    let mut abroad = place;
    abroad.federation = FederationId([8; 32]);
    vec![
        ("of another epoch", epoch, place, "Epoch"),
        ("of another height", height, place, "Height"),
        ("below the quorum", few, place, "Quorum"),
        ("a validator twice", twice, place, "Order"),
        ("out of order", order, place, "Order"),
        (
            "a validator that the set does not have",
            unknown,
            place,
            "Unknown",
        ),
        (
            "a validator's signature under another's index",
            another,
            place,
            "Signature",
        ),
        ("one bit changed", bit, place, "Signature"),
        (
            "a quorum and one bad signature more",
            one_more,
            place,
            "Signature",
        ),
        ("another value", other_value, place, "Signature"),
        ("another round", round, place, "Signature"),
        ("prevotes", prevotes, place, "Signature"),
        ("of another federation", good(), abroad, "Signature"),
    ]
}

fn evidence() -> Vec<Evidence> {
    let (one, other) = (value(1), value(2));
    let key = World::key(1).public();
    let votes = Pair::Votes(
        vote(1, 0, Step::Prevote, None),
        vote(1, 0, Step::Prevote, Some(one)),
    );
    let proposals = Pair::Proposals(proposal(1, 0, one, None), proposal(1, 0, other, None));
    let pairs = [votes, proposals];
    pairs.map(|pair| Evidence { key, pair }).to_vec()
}

fn records() -> Vec<(&'static str, Record)> {
    let prevote = vote(0, 0, Step::Prevote, Some(value(1)));
    let judged = Record::Judged {
        height: HEIGHT,
        round: 0,
        value: value(1),
        valid: true,
    };
    vec![
        ("a message", Record::Message(Message::Vote(prevote))),
        ("a value judged", judged),
        ("a timer fired", Record::Fired(timer(2, Wait::Precommits))),
        (
            "a certificate",
            Record::Certificate(certificate(&[0, 2, 3], 5, value(1))),
        ),
    ]
}

/// The order in which that many validators propose at that height.
fn order(height: u64, count: usize) -> Vec<u8> {
    let order = proposers(&World::place(height), &set(count));
    order.iter().map(|index| index.0).collect()
}

fn file() -> Value {
    let validators = set(4);
    let good = certificate(&[0, 2, 3], 5, value(1));
    json!({
        "federation": hex::encode(FEDERATION.0),
        "epoch": EPOCH,
        "height": HEIGHT,
        "set": hexed(&validators),
        "set_hash": hex::encode(validators.hash().0),
        "proposers": (HEIGHT..HEIGHT + 6).map(|height| json!({
            "height": height,
            "of_4": order(height, 4),
            "of_13": order(height, 13),
        })).collect::<Vec<_>>(),
        "messages": messages().iter().map(|(what, message)| message_row(what, message)).collect::<Vec<_>>(),
        "certificate": {
            "round": good.round,
            "value": hex::encode(good.value.0),
            "bytes": hexed(&good),
            "signed": hex::encode(signed_bytes(&FEDERATION, &good.vote())),
        },
        "refused": refused().iter().map(|(what, certificate, place, refusal)| json!({
            "what": what,
            "federation": hex::encode(place.federation.0),
            "bytes": hexed(certificate),
            "refusal": refusal,
        })).collect::<Vec<_>>(),
        "evidence": evidence().iter().map(hexed).collect::<Vec<_>>(),
        "records": records().iter().map(|(what, record)| json!({
            "what": what,
            "bytes": hexed(record),
        })).collect::<Vec<_>>(),
    })
}

fn read() -> Value {
    serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap()
}

#[test]
fn the_vectors_are_what_this_release_writes() {
    let now = file();
    if std::env::var("VECTORS").is_ok_and(|what| what == "write") {
        let text = serde_json::to_string_pretty(&now).unwrap();
        std::fs::write(FILE, text + "\n").unwrap();
    }
    assert_eq!(read(), now);
}

fn bytes(row: &Value, name: &str) -> Vec<u8> {
    hex::decode(row[name].as_str().unwrap()).unwrap()
}

#[test]
fn the_vectors_are_read_as_they_are_written() {
    let file = read();
    for row in file["messages"].as_array().unwrap() {
        let message = Message::from_bytes(&bytes(row, "message")).unwrap();
        assert_eq!(message.to_bytes(), bytes(row, "message"));
    }
    for row in file["records"].as_array().unwrap() {
        let record = Record::from_bytes(&bytes(row, "bytes")).unwrap();
        assert_eq!(record.to_bytes(), bytes(row, "bytes"));
    }
    for row in file["evidence"].as_array().unwrap() {
        let found = hex::decode(row.as_str().unwrap()).unwrap();
        let evidence = Evidence::from_bytes(&found).unwrap();
        assert!(evidence.is_valid(&FEDERATION));
    }
}

#[test]
fn a_certificate_is_verified_with_the_set_alone() {
    let file = read();
    let set = ValidatorSet::from_bytes(&bytes(&file, "set")).unwrap();
    let found = Certificate::from_bytes(&bytes(&file["certificate"], "bytes")).unwrap();
    assert_eq!(verify(&found, &World::place(HEIGHT), &set), Ok(()));
    // A larger set needs more.
    let five = crate::bench::set(5);
    assert!(verify(&found, &World::place(HEIGHT), &five).is_err());
    for (what, certificate, place, refusal) in refused() {
        let error = verify(&certificate, &place, &set).unwrap_err();
        assert!(
            format!("{error:?}").starts_with(refusal),
            "{what}: {error:?}"
        );
    }
    // What is not ascending is not even read.
    for row in file["refused"].as_array().unwrap() {
        let read = Certificate::from_bytes(&bytes(row, "bytes"));
        assert_eq!(read.is_err(), row["refusal"] == "Order", "{row}");
    }
}

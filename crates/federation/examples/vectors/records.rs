//! Bodies that are refused, and what is derived from bodies: hashes, ids and signed messages.

use domain::{
    cbor::{Decode, Encode, Encoder},
    id::{EntryId, MemberId, PersonId},
    key::PublicKey,
    record::{
        Admission, Application, Circle, Grant, Kind, Newcomer, Purpose, Record, version_hash,
    },
    text::{CHUNK_BYTES_MAX, Content, visible_characters},
};
use serde_json::{Value, json};

use super::{
    edits::refused_edits,
    genesis::genesis,
    notation::{bytes, done, encoded, key, name_of, salt},
};

pub const ID: EntryId = EntryId([7; 32]);
const KEY: PublicKey = PublicKey([8; 32]);

pub fn write(write: impl FnOnce(&mut Encoder)) -> Vec<u8> {
    let mut encoder = Encoder::new();
    write(&mut encoder);
    encoder.into_bytes()
}

fn grant(purpose: u64, person: bool, roles: u64, custody: u64) -> Vec<u8> {
    write(|e| {
        e.array(7).uint(purpose).value(&KEY);
        if person {
            e.bytes(&[1; 16]);
        } else {
            e.null();
        }
        e.uint(roles).uint(custody).uint(1).bytes(&[2; 64]);
    })
}

fn mandate(number: u64, keys: &[u8]) -> Vec<u8> {
    write(|e| {
        e.array(2).uint(number).array(keys.len());
        for key in keys {
            e.array(2).bytes(&[*key; 32]).bytes(&[1; 16]);
        }
    })
}

fn revocation(sequence: u64, named: bool) -> Vec<u8> {
    write(|e| {
        e.array(3).value(&KEY).uint(sequence);
        if named {
            e.value(&ID);
        } else {
            e.null();
        }
    })
}

fn ballot(revision: u64, choice: u64, aim: Option<u64>, characters: u64) -> Vec<u8> {
    write(|e| {
        e.array(6).value(&ID).uint(revision).value(&ID).uint(choice);
        match aim {
            Some(aim) => e.uint(aim),
            None => e.null(),
        };
        e.uint(characters);
    })
}

fn proposal(title: &str, text: impl FnOnce(&mut Encoder)) -> Vec<u8> {
    write(|e| {
        e.array(6).text(title);
        text(e);
        e.text("consent").null().null().text("en");
    })
}

fn named_text(length: u64, chunks: usize) -> impl FnOnce(&mut Encoder) {
    move |e| {
        e.array(3).value(&ID).uint(length).array(chunks);
        for _ in 0..chunks {
            e.value(&ID);
        }
    }
}

fn opening(members: &[u8]) -> Vec<u8> {
    write(|e| {
        e.array(7)
            .value(&ID)
            .value(&ID)
            .value(&ID)
            .text("consent")
            .value(&ID)
            .uint(5);
        e.array(members.len());
        for member in members {
            e.array(4)
                .bytes(&[*member; 32])
                .text("producer")
                .value(&KEY)
                .value(&ID);
        }
    })
}

fn refused_rights() -> Vec<(&'static str, Kind, Vec<u8>)> {
    let unproven = write(|e| {
        e.array(6)
            .uint(1)
            .value(&KEY)
            .null()
            .uint(0)
            .uint(0)
            .uint(1);
    });
    vec![
        ("found with a field", Kind::Found, vec![0x81, 0]),
        ("purpose 3", Kind::Grant, grant(3, true, 2, 0)),
        ("a grant without a proof", Kind::Grant, unproven),
        ("roles 16", Kind::Grant, grant(0, true, 16, 0)),
        ("custody 2", Kind::Grant, grant(0, true, 2, 2)),
        (
            "a person's key without a person",
            Kind::Grant,
            grant(0, false, 2, 0),
        ),
        (
            "a person's key without roles",
            Kind::Grant,
            grant(0, true, 0, 0),
        ),
        (
            "a node's key with a person",
            Kind::Grant,
            grant(1, true, 0, 0),
        ),
        (
            "a validator's key with a role",
            Kind::Grant,
            grant(2, false, 2, 0),
        ),
        ("mandate 0", Kind::Mandate, mandate(0, &[1])),
        ("a delegate twice", Kind::Mandate, mandate(1, &[1, 1])),
        (
            "delegates not ascending",
            Kind::Mandate,
            mandate(1, &[2, 1]),
        ),
        (
            "33 delegates",
            Kind::Mandate,
            mandate(1, &std::array::from_fn::<u8, 33, _>(|i| i as u8)),
        ),
        (
            "a sequence without an entry",
            Kind::Revocation,
            revocation(1, false),
        ),
        (
            "an entry without a sequence",
            Kind::Revocation,
            revocation(0, true),
        ),
    ]
}

fn refused_votes() -> Vec<(&'static str, Kind, Vec<u8>)> {
    vec![
        ("revision 0", Kind::Ballot, ballot(0, 0, None, 0)),
        ("revision 9", Kind::Ballot, ballot(9, 0, None, 0)),
        ("choice 5", Kind::Ballot, ballot(1, 5, None, 0)),
        (
            "a block without an aim",
            Kind::Ballot,
            ballot(1, 3, None, 20),
        ),
        (
            "an aim without a block",
            Kind::Ballot,
            ballot(1, 0, Some(0), 20),
        ),
        (
            "a block with 19 characters",
            Kind::Ballot,
            ballot(1, 3, Some(0), 19),
        ),
        ("aim 256", Kind::Ballot, ballot(1, 3, Some(256), 20)),
        (
            "a blank title",
            Kind::Proposal,
            proposal("  ", |e| done(e.text("text"))),
        ),
        (
            "a title of two lines",
            Kind::Proposal,
            proposal("a\nb", |e| done(e.text("text"))),
        ),
        (
            "a title that turns around",
            Kind::Proposal,
            proposal("a\u{202e}b", |e| done(e.text("t"))),
        ),
        (
            "an empty text",
            Kind::Proposal,
            proposal("title", |e| done(e.text(""))),
        ),
        (
            "a carriage return",
            Kind::Proposal,
            proposal("title", |e| done(e.text("a\r\nb"))),
        ),
        (
            "a short text in chunks",
            Kind::Proposal,
            proposal("title", named_text(32_768, 1)),
        ),
        (
            "a chunk too few",
            Kind::Proposal,
            proposal("title", named_text(50_000, 1)),
        ),
        (
            "a text of more than 512 KiB",
            Kind::Proposal,
            proposal("title", named_text(524_289, 11)),
        ),
        ("electors not ascending", Kind::Opening, opening(&[2, 1])),
        ("an elector twice", Kind::Opening, opening(&[1, 1])),
    ]
}

fn refused_hosts() -> Vec<(&'static str, Kind, Vec<u8>)> {
    let host = |number| write(|e| done(e.array(2).value(&ID).uint(number)));
    let hosting =
        |number, accepts| write(|e| done(e.array(3).value(&ID).uint(number).uint(accepts)));
    vec![
        ("choice of host 0", Kind::Host, host(0)),
        ("choice of host 2^40 + 1", Kind::Host, host((1 << 40) + 1)),
        ("an answer to choice 0", Kind::Hosting, hosting(0, 1)),
        ("neither yes nor no", Kind::Hosting, hosting(1, 2)),
    ]
}

fn refused_filings() -> Vec<(&'static str, Kind, Vec<u8>)> {
    let filing = |sort, closed| {
        write(|e| {
            e.array(6).value(&ID).uint(sort).null().null().null();
            e.uint(closed);
        })
    };
    vec![
        ("a sort of document above 255", Kind::Filing, filing(256, 0)),
        ("neither open nor closed", Kind::Filing, filing(1, 2)),
    ]
}

/// A gathering with this end of its repetition and these cancelled days.
fn gathering(minutes: u64, every: u64, both_ends: bool, cancelled: &[u64]) -> Vec<u8> {
    write(|e| {
        e.array(10).null().bytes(&[1; 16]).text("Weekly");
        e.uint(5).uint(minutes).text("UTC");
        e.array(4).uint(0).uint(every).uint(3);
        if both_ends {
            e.uint(20_000);
        } else {
            e.null();
        }
        e.text("").array(cancelled.len());
        for day in cancelled {
            e.uint(*day);
        }
        e.uint(0);
    })
}

fn refused_circles() -> Vec<(&'static str, Kind, Vec<u8>)> {
    let membership = |joined| write(|e| done(e.array(2).bytes(&[1; 16]).uint(joined)));
    let action = |state| {
        write(|e| {
            e.array(7).null().bytes(&[1; 16]).value(&ID).null().null();
            e.uint(state).null();
        })
    };
    let kind = Kind::Gathering;
    vec![
        ("neither joined nor left", Kind::Membership, membership(2)),
        ("an action of state 3", Kind::Action, action(3)),
        (
            "a gathering of no minutes",
            kind,
            gathering(0, 1, false, &[]),
        ),
        (
            "a gathering longer than a week",
            kind,
            gathering(10_081, 1, false, &[]),
        ),
        ("every 0 weeks", kind, gathering(60, 0, false, &[])),
        ("every 53 weeks", kind, gathering(60, 53, false, &[])),
        ("a count and a day", kind, gathering(60, 1, true, &[])),
        (
            "cancelled days not ascending",
            kind,
            gathering(60, 1, false, &[7, 6]),
        ),
    ]
}

fn refused_attachments() -> Vec<(&'static str, Kind, Vec<u8>)> {
    let attachment = |name: &str, length: u64, chunks: usize| {
        write(|e| {
            e.array(4).value(&ID).text(name).text("image/png");
            e.array(3).value(&ID).uint(length).array(chunks);
            for _ in 0..chunks {
                e.value(&ID);
            }
        })
    };
    let kind = Kind::Attachment;
    vec![
        (
            "an attachment named as a path",
            kind,
            attachment("a/b", 1, 1),
        ),
        ("an attachment without bytes", kind, attachment("a", 0, 0)),
        (
            "an attachment above 4 MiB",
            kind,
            attachment("a", 4_194_305, 86),
        ),
        (
            "an attachment with a chunk too many",
            kind,
            attachment("a", 1, 2),
        ),
    ]
}

fn refused() -> Vec<Value> {
    [
        refused_rights(),
        refused_votes(),
        refused_edits(),
        refused_hosts(),
        refused_filings(),
        refused_circles(),
        refused_attachments(),
    ]
    .concat()
    .into_iter()
    .map(|(what, kind, hex)| {
        let error = Record::from_bytes(kind, &hex).expect_err(what);
        json!({ "what": what, "kind": kind.0, "hex": bytes(hex), "refusal": name_of(&error) })
    })
    .collect()
}

fn texts() -> Vec<Value> {
    let row = |title: &str, unit: &str, times: usize| {
        let text = unit.repeat(times);
        let (content, chunks) = Content::of(&text).expect("a text");
        assert_eq!(
            Content::from_bytes(&content.to_bytes()).as_ref(),
            Ok(&content)
        );
        let lengths: Vec<usize> = chunks.iter().map(Vec::len).collect();
        let hashes: Vec<Value> = content.chunks().iter().map(|hash| bytes(hash.0)).collect();
        json!({
            "title": title, "unit": unit, "times": times,
            "content": encoded(&content),
            "text_hash": bytes(content.hash().0),
            "chunk_lengths": lengths, "chunk_hashes": hashes,
            "version": bytes(version_hash(title, &content).0),
        })
    };
    vec![
        row("A meeting server in Girona", "We rent it together.\n", 1),
        row("Ñandú", "日本\tany language\n", 3),
        row(
            "The longest text inside an entry",
            "0123456789abcde\n",
            2_048,
        ),
        row("A long text", "0123456789abcdef\n", 6_000),
        row(
            "Exactly two chunks",
            "0123456789abcde\n",
            2 * CHUNK_BYTES_MAX / 16,
        ),
    ]
}

fn derived() -> Value {
    let genesis = genesis();
    let federation = genesis.federation();
    let (founder, root) = (key(0x11), key(0x41));
    let newcomer = Newcomer {
        root: root.public(),
        name: "Dora's co-op".to_owned(),
        class: "consumer".to_owned(),
    };
    let message = newcomer.message(&federation);
    let admission = Admission {
        founder: founder.public(),
        signature: founder.sign(&message),
    };
    let applying =
        Application::message(&federation, &newcomer.root, &newcomer.name, &newcomer.class);
    let circle = Circle {
        nonce: salt("circle")[..16].try_into().expect("16 bytes"),
        name: "Care".to_owned(),
        domain: String::new(),
        rhythm: String::new(),
        ended: false,
    };
    let member = MemberId(founder.public().0);
    let proof = |purpose, code: u64, person: Option<PersonId>| {
        let message = Grant::message(&federation, &member, purpose, person);
        json!({
            "member": bytes(member.0), "purpose": code, "person": person.map(|id| bytes(id.0)),
            "key": bytes(root.public().0), "proof": bytes(root.sign(&message).0),
            "message": bytes(message),
        })
    };
    json!({
        "federation": bytes(federation.0),
        "admission": {
            "newcomer": encoded(&newcomer), "message": bytes(message),
            "admission": encoded(&admission),
        },
        "application": {
            "root": bytes(newcomer.root.0), "name": newcomer.name, "class": newcomer.class,
            "message": bytes(&applying), "proof": bytes(root.sign(&applying).0),
        },
        "grants": [
            proof(Purpose::Person, 0, Some(PersonId([1; 16]))), proof(Purpose::Node, 1, None),
            proof(Purpose::Validator, 2, None),
        ],
        "circle": {
            "member": bytes(member.0), "nonce": bytes(circle.nonce), "id": bytes(circle.id(member).0),
        },
    })
}

fn visible() -> Vec<Value> {
    ["", " a\u{200b} b\n", "ⓐ日本", "\u{ad}-\u{3164}", "e\u{301}"]
        .map(|text| json!({ "text": text, "visible": visible_characters(text) }))
        .into()
}

/// The file.
pub fn file() -> Value {
    json!({
        "refused": refused(), "texts": texts(), "derived": derived(),
        "visible_characters": visible(),
    })
}

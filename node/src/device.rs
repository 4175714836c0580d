//! Keys on a person's own device: what a node prepared is compared with what was asked before it is
//! signed, because the node may be somebody else's.

use std::{collections::BTreeSet, path::Path};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    blob::Blob,
    cbor::{Decode, Encode},
    charter::RuleName,
    effect::Effect,
    entry::Entry,
    id::EntryId,
    key::SecretKey,
    record::{Attachment, Edit, Record},
    text::{Content, visible_characters},
};
use serde_json::{Value, json};

use crate::{
    failure::{Failure, Outcome},
    keyfile::{self, Role},
};

/// Reads the key of a person or a root key.
pub fn read_key(path: &Path) -> Outcome<SecretKey> {
    keyfile::read_one_of(path, &[Role::Person, Role::Root]).map(|(_, key)| key)
}

/// The entry that a node prepared, from base64url.
pub fn prepared(answer: &Value) -> Outcome<Entry> {
    let strange = || Failure::refused("the node answered something this release cannot read");
    let text = answer["entry"].as_str().ok_or_else(strange)?;
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| strange())?;
    Entry::from_bytes(&bytes).map_err(|error| strange().because(error))
}

/// What an entry says, if its parts fit together: a node could show one body and have another one
/// signed.
pub fn record_of(entry: &Entry) -> Outcome<Record> {
    let refused = |why: &str| {
        Failure::refused(format!("the node prepared something else: {why}"))
            .hint("nothing was signed; ask another node")
    };
    let body = entry.body.as_ref().ok_or_else(|| refused("no body"))?;
    if body.seal() != entry.header.body {
        return Err(refused("the body is not the one that is signed"));
    }
    if entry.note.as_ref().map(|note| note.seal()) != entry.header.note {
        return Err(refused("the words are not those that are signed"));
    }
    let unknown = || refused("an entry this release does not know");
    entry.record().ok_or_else(unknown)
}

/// Refuses an entry that is not what was asked for.
pub fn check(entry: &Entry, key: &SecretKey, act: &str, asked: &Value) -> Outcome {
    let refused = |why: &str| {
        Failure::refused(format!("the node prepared something else: {why}"))
            .hint("nothing was signed; ask another node")
    };
    if entry.header.author != key.public() {
        return Err(refused("an entry of another key"));
    }
    let record = record_of(entry)?;
    let id = |field: &str| asked[field].as_str().unwrap_or_default().to_owned();
    let note = entry.note.as_ref().map_or(&[][..], |note| note.bytes());
    // Written as the node writes it: lines end in one character, nothing blank around.
    let written = |field: &str| id(field).replace("\r\n", "\n");
    let says = |field: &str| note == written(field).trim().as_bytes();
    let is_title = |title: &str| title == id("title").trim();
    let is_text = |content: &Content| match Content::of(written("text").trim_end()) {
        Ok((expected, _)) => expected.hash() == content.hash(),
        Err(_) => false,
    };
    let fits = match (act, &record) {
        ("vote", Record::Ballot(ballot)) => {
            ballot.version.to_string() == id("version")
                && ballot.choice.as_str() == id("choice")
                && ballot.aim == asked["aim"].as_u64().and_then(|aim| aim.checked_sub(1))
                && says("reason")
        }
        ("comment", Record::Comment(comment)) => {
            comment.proposal.to_string() == id("proposal") && says("text")
        }
        ("propose", Record::Proposal(made)) => {
            asked["effect"].is_null()
                && is_title(&made.title)
                && is_text(&made.content)
                && builds_on(entry, &asked["draft"])
        }
        ("propose", Record::Measure(made)) => {
            does(&made.effect, &asked["effect"])
                && is_title(&made.proposal.title)
                && is_text(&made.proposal.content)
                && builds_on(entry, &asked["draft"])
        }
        ("amend", Record::Amendment(made)) => {
            asked["effect"].is_null()
                && made.proposal.to_string() == id("proposal")
                && is_title(&made.title)
                && is_text(&made.content)
                && follows(entry, made.previous, &asked["draft"])
        }
        ("amend", Record::AmendedMeasure(made)) => {
            let amendment = &made.amendment;
            does(&made.effect, &asked["effect"])
                && amendment.proposal.to_string() == id("proposal")
                && is_title(&amendment.title)
                && is_text(&amendment.content)
                && follows(entry, amendment.previous, &asked["draft"])
        }
        ("begin", Record::Edit(made)) => made.document.is_none() && begins(made, &is_title, asked),
        ("restart", Record::Edit(made)) => {
            made.document
                .is_some_and(|of| of.to_string() == id("document"))
                && builds_on(entry, &asked["parents"])
                && begins(made, &is_title, asked)
        }
        ("edit", Record::Edit(made)) => {
            builds_on(entry, &asked["parents"])
                && URL_SAFE_NO_PAD.encode(made.to_bytes()) == id("edit")
        }
        ("file", Record::Filing(made)) => {
            made.document.to_string() == id("document")
                && made.sort.as_str() == id("sort")
                && json!(made.circle.map(|id| id.to_string())) == asked["circle"]
                && json!(made.proposal.map(|id| id.to_string())) == asked["proposal"]
                && json!(made.meeting.map(|id| id.to_string())) == asked["meeting"]
                && json!(made.closed) == asked["closed"]
        }
        ("attach", Record::Attachment(made)) => {
            is_attachment(made, asked)
                && made.content.as_ref().is_some_and(|content| {
                    URL_SAFE_NO_PAD.decode(id("bytes")).is_ok_and(|bytes| {
                        Blob::of(&bytes)
                            .is_ok_and(|(expected, _)| expected.hash() == content.hash())
                    })
                })
        }
        ("detach", Record::Attachment(made)) => {
            is_attachment(made, asked) && made.content.is_none()
        }
        ("open", Record::Opening(made)) => {
            let is_fallback = made.rule == RuleName::OneMemberOneVote.as_str();
            made.proposal.to_string() == id("proposal")
                && (is_fallback || asked["fallback"] != true)
        }
        ("report", Record::Report(made)) => {
            made.proposal.to_string() == id("proposal")
                && json!(made.recommends_vote) == asked["recommends_vote"]
                && says("text")
        }
        ("withdraw", Record::Withdrawal(made)) => made.proposal.to_string() == id("proposal"),
        ("membership", Record::Membership(made)) => {
            made.circle.to_string() == id("circle") && json!(made.joined) == asked["joined"]
        }
        ("action", Record::Action(made)) => is_action(made, asked, note),
        ("review", Record::Review(made)) => {
            made.proposal.to_string() == id("proposal")
                && made.date.map(|date| date.0) == asked["date_ms"].as_u64()
        }
        ("host", Record::Host(made)) => made.host.to_string() == id("host"),
        ("hosting", Record::Hosting(made)) => {
            made.member.to_string() == id("member") && json!(made.accepts) == asked["accepts"]
        }
        _ => false,
    };
    match fits {
        true => Ok(()),
        false => Err(refused("it does not say what you asked for")),
    }
}

/// Whether an edit begins with the title and text that were asked for.
fn begins(made: &Edit, is_title: &dyn Fn(&str) -> bool, asked: &Value) -> bool {
    // To the last space: documents keep it.
    let text = asked["text"]
        .as_str()
        .unwrap_or_default()
        .replace("\r\n", "\n");
    let is_text = |content: &Content| {
        Content::of(&text).is_ok_and(|(expected, _)| expected.hash() == content.hash())
    };
    let is_empty = visible_characters(&text) == 0;
    made.start.as_ref().is_some_and(|start| {
        is_title(&start.title) && start.text.as_ref().map_or(is_empty, is_text)
    })
}

/// Whether an effect is the one that was asked for. An admission is completed by the node from what the
/// applicant signed.
fn does(effect: &Effect, asked: &Value) -> bool {
    match effect {
        Effect::Admission(_) => is_admission(effect, asked),
        Effect::Charter { charter } => {
            let toml = asked["toml"].as_str().unwrap_or_default();
            let expected = domain::charter::Charter::from_toml(toml);
            asked["type"] == "charter" && expected.is_ok_and(|one| one.to_bytes() == *charter)
        }
        _ => said(&web::effect_json(effect)) == said(asked),
    }
}

/// The fields that say something.
fn said(value: &Value) -> Option<Vec<(&String, &Value)>> {
    let fields = value.as_object()?.iter();
    Some(fields.filter(|(_, value)| !value.is_null()).collect())
}

/// Whether an effect admits who was named. What it would be admitted on it signed itself, which every
/// node checks.
fn is_admission(made: &Effect, asked: &Value) -> bool {
    let Effect::Admission(applicant) = made else {
        return false;
    };
    let root = applicant.newcomer.root.to_string();
    asked["type"] == "admission" && asked["root"] == root
}

fn is_attachment(made: &Attachment, asked: &Value) -> bool {
    asked["document"] == made.document.to_string() && asked["name"] == made.name
}

/// Whether an amendment names just the draft that was asked for, beside the version it follows.
fn follows(entry: &Entry, previous: EntryId, draft: &Value) -> bool {
    let mut entry = entry.clone();
    entry.header.references.retain(|named| *named != previous);
    builds_on(&entry, draft)
}

/// Whether an entry names just the edits that were asked for: building on anything else an edit
/// would do something else.
fn builds_on(entry: &Entry, asked: &Value) -> bool {
    let named = entry.header.references.iter();
    let named: BTreeSet<String> = named.map(ToString::to_string).collect();
    let asked = asked.as_array().into_iter().flatten();
    let asked = asked.filter_map(|id| id.as_str().map(str::to_owned));
    named == asked.collect()
}

/// Whether an action point is the one asked for. What was left out may be as it stood.
fn is_action(made: &domain::record::Action, asked: &Value, note: &[u8]) -> bool {
    // Of one that is begun the node says whose it is if nobody does; of one that is changed
    // everything was asked for.
    let begun = asked["action"].is_null() == made.action.is_none();
    let is_open = |field: &str| made.action.is_none() && asked[field].is_null();
    let says = |field: &str, found: Option<String>| {
        is_open(field) || asked[field].as_str() == found.as_deref()
    };
    let due = made.due.map(|due| due.0);
    let due = is_open("due_ms") || asked["due_ms"].as_u64() == due;
    let words = asked["words"].as_str().unwrap_or_default().trim();
    begun
        && due
        && says("action", made.action.map(|id| id.to_string()))
        && says("circle", Some(made.circle.to_string()))
        && says("member", Some(made.member.to_string()))
        && says("person", made.person.map(|id| id.to_string()))
        && says("source", made.source.map(|id| id.to_string()))
        && (asked["state"].is_null() || asked["state"] == made.state.as_str())
        && note == words.as_bytes()
}

/// The bytes of an entry with this key's signature, in base64url.
pub fn sign(mut entry: Entry, key: &SecretKey, federation: &str) -> Outcome<String> {
    let strange = |_| Failure::refused("the node named no federation");
    let federation = federation.parse().map_err(strange)?;
    entry.signature = entry.header.sign(&federation, key);
    Ok(URL_SAFE_NO_PAD.encode(entry.to_bytes()))
}

#[cfg(test)]
mod tests {
    use domain::{
        decision::Choice,
        entry::{Address, Audience, Header, Salted},
        id::{EntryId, Hash, Timestamp},
        key::Signature,
        record::Ballot,
    };

    use super::*;

    const VERSION: Hash = Hash([7; 32]);

    fn key() -> SecretKey {
        SecretKey::from_seed(&[1; 32])
    }

    fn ballot(choice: Choice) -> Entry {
        let record = Record::Ballot(Ballot {
            phase: EntryId([2; 32]),
            revision: 1,
            version: VERSION,
            choice,
            aim: None,
            reason_characters: 0,
        });
        let body = Salted::new(&[3; 32], &record.to_bytes());
        Entry {
            header: Header {
                author: key().public(),
                grant: EntryId([4; 32]),
                sequence: 1,
                previous: None,
                time: Timestamp(1),
                address: Address::parse("ballots").unwrap(),
                audience: Audience::Members,
                kind: record.kind(),
                critical: false,
                body: body.seal(),
                note: None,
                references: Vec::new(),
            },
            signature: Signature([0; 64]),
            body: Some(body),
            note: None,
        }
    }

    fn asked() -> Value {
        json!({ "version": VERSION.to_string(), "choice": "agree", "aim": null, "reason": "" })
    }

    #[test]
    fn what_was_asked_for_is_signed() {
        assert!(check(&ballot(Choice::Agree), &key(), "vote", &asked()).is_ok());
    }

    #[test]
    fn a_node_that_prepares_another_choice_act_key_or_version_gets_no_signature() {
        let agree = ballot(Choice::Agree);
        let mut other = asked();
        other["version"] = json!(Hash([8; 32]).to_string());
        let stranger = SecretKey::from_seed(&[9; 32]);
        for refused in [
            check(&ballot(Choice::Abstain), &key(), "vote", &asked()),
            check(&agree, &key(), "comment", &asked()),
            check(&agree, &stranger, "vote", &asked()),
            check(&agree, &key(), "vote", &other),
        ] {
            let said = refused.unwrap_err().to_string();
            assert!(said.contains("something else"), "{said}");
        }
    }

    #[test]
    fn a_body_that_is_shown_and_another_that_is_signed_is_refused() {
        let mut entry = ballot(Choice::Agree);
        entry.header.body = ballot(Choice::Abstain).header.body;
        let refused = check(&entry, &key(), "vote", &asked()).unwrap_err();
        assert!(refused.to_string().contains("not the one that is signed"));
    }

    /// An entry that says this.
    fn saying(record: &Record, references: Vec<EntryId>) -> Entry {
        let mut entry = ballot(Choice::Agree);
        let body = Salted::new(&[3; 32], &record.to_bytes());
        entry.header.kind = record.kind();
        entry.header.body = body.seal();
        entry.header.references = references;
        entry.body = Some(body);
        entry
    }

    #[test]
    fn a_document_begins_with_its_text_to_the_last_line_end() {
        let begins = |text: &str| {
            Record::Edit(Edit {
                document: None,
                start: Some(domain::record::Start {
                    title: "Notes".to_owned(),
                    text: Some(Content::of(text).unwrap().0),
                }),
                operations: Vec::new(),
            })
        };
        let asked = json!({ "title": "Notes", "text": "One.\n" });
        let entry = saying(&begins("One.\n"), Vec::new());
        assert!(check(&entry, &key(), "begin", &asked).is_ok());
        let other = saying(&begins("Two.\n"), Vec::new());
        assert!(check(&other, &key(), "begin", &asked).is_err());
    }

    #[test]
    fn an_admission_is_signed_only_for_the_applicant_that_was_named() {
        let federation = domain::id::FederationId([1; 32]);
        let elm = SecretKey::from_seed(&[7; 32]);
        let words = ("Elm", "producer");
        let applicant = domain::effect::Applicant::sign(
            &federation,
            &elm,
            words,
            ("Hello.", "Hours"),
            VERSION,
            None,
        );
        let proposal = domain::record::Proposal {
            title: "Admit Elm".to_owned(),
            content: Content::of("Why not.").unwrap().0,
            rule: "consent".to_owned(),
            urgent: None,
            circle: None,
            language: "en".to_owned(),
        };
        let measure = Record::Measure(domain::record::Measure {
            proposal: proposal.clone(),
            effect: Effect::Admission(applicant),
        });
        let asked = |root: &SecretKey| {
            let root = root.public().to_string();
            json!({ "title": "Admit Elm", "text": "Why not.", "draft": [],
                    "effect": { "type": "admission", "root": root } })
        };
        let entry = saying(&measure, Vec::new());
        assert!(check(&entry, &key(), "propose", &asked(&elm)).is_ok());
        assert!(check(&entry, &key(), "propose", &asked(&key())).is_err());
        let mut nothing = asked(&elm);
        nothing["effect"] = Value::Null;
        assert!(check(&entry, &key(), "propose", &nothing).is_err());
        let words_alone = saying(&Record::Proposal(proposal), Vec::new());
        assert!(check(&words_alone, &key(), "propose", &nothing).is_ok());
        assert!(check(&words_alone, &key(), "propose", &asked(&elm)).is_err());
    }

    #[test]
    fn an_attachment_is_signed_only_with_the_bytes_and_the_name_that_were_given() {
        let attached = |name: &str, bytes: &[u8]| {
            let record = Record::Attachment(Attachment {
                document: EntryId([5; 32]),
                name: name.to_owned(),
                media_type: "application/octet-stream".to_owned(),
                content: Some(Blob::of(bytes).unwrap().0),
            });
            saying(&record, Vec::new())
        };
        let asked = json!({
            "document": EntryId([5; 32]).to_string(),
            "name": "a.bin",
            "bytes": URL_SAFE_NO_PAD.encode(b"\0\xff"),
        });
        assert!(check(&attached("a.bin", b"\0\xff"), &key(), "attach", &asked).is_ok());
        for other in [attached("b.bin", b"\0\xff"), attached("a.bin", b"\0")] {
            assert!(check(&other, &key(), "attach", &asked).is_err());
        }
        assert!(check(&attached("a.bin", b"\0\xff"), &key(), "detach", &asked).is_err());
    }

    #[test]
    fn an_action_point_that_is_done_stays_whose_it_was() {
        use domain::{
            id::{CircleId, MemberId, PersonId},
            record::{Action, ActionState},
        };
        let action = Action {
            action: Some(EntryId([6; 32])),
            circle: CircleId([1; 16]),
            member: MemberId([2; 32]),
            person: None,
            due: None,
            state: ActionState::Done,
            source: None,
        };
        let asked = json!({
            "action": EntryId([6; 32]).to_string(),
            "circle": CircleId([1; 16]).to_string(),
            "member": MemberId([2; 32]).to_string(),
            "person": null,
            "due_ms": null,
            "source": null,
            "state": "done",
        });
        let entry = saying(&Record::Action(action.clone()), Vec::new());
        assert!(check(&entry, &key(), "action", &asked).is_ok());
        let person = Some(PersonId([7; 16]));
        let entry = saying(&Record::Action(Action { person, ..action }), Vec::new());
        assert!(check(&entry, &key(), "action", &asked).is_err());
    }
}

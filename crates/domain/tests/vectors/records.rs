use domain::{
    cbor::{Decode, Encode},
    genesis::Genesis,
    id::{FederationId, MemberId, PersonId},
    key::{PublicKey, Signature},
    record::{
        Admission, Application, Circle, Grant, Kind, Newcomer, Purpose, Record, version_hash,
    },
    text::{Content, visible_characters},
};

use super::{array, bytes, file, name_of, number, rows, text};

#[test]
fn every_body_of_the_history_is_read_and_written_alike() {
    let mut seen = Vec::new();
    for row in rows(&file("history.json"), "entries") {
        let kind = Kind(number(&row["fields"], "kind"));
        let body = bytes(&row["body"], "bytes");
        if let Some(record) = Record::from_bytes(kind, &body).unwrap() {
            assert_eq!(record.to_bytes(), body);
            assert_eq!((record.kind(), kind.word()), (kind, row["word"].as_str()));
            seen.push(kind);
        }
    }
    assert!(Kind::ALL.iter().all(|kind| seen.contains(kind)));
}

#[test]
fn what_is_no_body_is_refused_for_its_reason() {
    for row in rows(&file("records.json"), "refused") {
        let error = Record::from_bytes(Kind(number(row, "kind")), &bytes(row, "hex")).unwrap_err();
        assert_eq!(name_of(&error), text(row, "refusal"), "{row}");
    }
}

#[test]
fn texts_are_cut_and_hashed_as_in_the_vectors() {
    for row in rows(&file("records.json"), "texts") {
        let whole = text(row, "unit").repeat(number(row, "times") as usize);
        let (content, chunks) = Content::of(&whole).unwrap();
        assert_eq!(content.to_bytes(), bytes(row, "content"));
        assert_eq!(content.hash().0, array(row, "text_hash"));
        assert_eq!(
            version_hash(text(row, "title"), &content).0,
            array(row, "version")
        );
        let lengths: Vec<usize> = chunks.iter().map(Vec::len).collect();
        assert_eq!(serde_json::to_value(lengths).unwrap(), row["chunk_lengths"]);
        let hashes: Vec<String> = content.chunks().iter().map(ToString::to_string).collect();
        assert_eq!(serde_json::to_value(hashes).unwrap(), row["chunk_hashes"]);
    }
}

#[test]
fn admissions_applications_grants_and_circles_are_derived_as_in_the_vectors() {
    let file = file("records.json");
    let derived = &file["derived"];
    let federation = FederationId(array(derived, "federation"));
    let row = &derived["admission"];
    let newcomer = Newcomer::from_bytes(&bytes(row, "newcomer")).unwrap();
    let message = newcomer.message(&federation);
    assert_eq!(message, bytes(row, "message"));
    let admission = Admission::from_bytes(&bytes(row, "admission")).unwrap();
    assert_eq!(
        admission.founder.verify(&message, &admission.signature),
        Ok(())
    );
    let row = &derived["application"];
    let root = PublicKey(array(row, "root"));
    let message = Application::message(&federation, &root, text(row, "name"), text(row, "class"));
    assert_eq!(message, bytes(row, "message"));
    assert_eq!(
        root.verify(&message, &Signature(array(row, "proof"))),
        Ok(())
    );
    for row in rows(derived, "grants") {
        let purpose = [Purpose::Person, Purpose::Node, Purpose::Validator];
        let purpose = purpose[number(row, "purpose") as usize];
        let person = row["person"]
            .is_string()
            .then(|| PersonId(array(row, "person")));
        let member = MemberId(array(row, "member"));
        let message = Grant::message(&federation, &member, purpose, person);
        assert_eq!(message, bytes(row, "message"));
        let key = PublicKey(array(row, "key"));
        assert_eq!(
            key.verify(&message, &Signature(array(row, "proof"))),
            Ok(())
        );
    }
    let row = &derived["circle"];
    let circle = Circle {
        nonce: array(row, "nonce"),
        name: "any".to_owned(),
        domain: String::new(),
        rhythm: String::new(),
        ended: true,
    };
    assert_eq!(
        circle.id(MemberId(array(row, "member"))).0,
        array(row, "id")
    );
}

#[test]
fn the_join_of_the_history_shows_enough_admissions() {
    let history = file("history.json");
    let genesis = Genesis::from_bytes(&bytes(&history, "genesis")).unwrap();
    let join = rows(&history, "entries")
        .iter()
        .find(|row| row["word"] == "join")
        .unwrap();
    let body = bytes(&join["body"], "bytes");
    let Some(Record::Join(join)) = Record::from_bytes(Kind::Join, &body).unwrap() else {
        panic!("not a join");
    };
    assert_eq!(
        join.founders(&genesis, &genesis.federation()),
        genesis.admissions_needed()
    );
}

#[test]
fn visible_characters_are_counted_as_in_the_vectors() {
    for row in rows(&file("records.json"), "visible_characters") {
        assert_eq!(
            visible_characters(text(row, "text")) as u64,
            number(row, "visible"),
            "{row}"
        );
    }
}

//! Entries as they travel: one encoding each, bounded, bodies apart.

use domain::{
    cbor::{Decode, DecodeError, Encode},
    decision::Choice,
    entry::{Address, Audience, ENTRY_BYTES_MAX, Entry, SALT_BYTES, Salted},
    id::{CircleId, EntryId},
    key::Signature,
};
use proptest::prelude::*;
use replica::testing::{Author, BEGIN, Cast, Draft, ballot, proposal};

fn author() -> Author {
    Author::new(Cast::new(3).federation(), 5)
}

/// A block with a note and 16 references: everything an entry can have.
fn full() -> Entry {
    let record = ballot(EntryId([4; 32]), 2, Choice::Block);
    let mut draft = Draft::new(EntryId([2; 32]), BEGIN, &record);
    draft.references = (0..16).map(|n| EntryId([n; 32])).collect();
    draft.audience = Audience::Circle(CircleId([6; 16]));
    let mut author = author();
    let _ = author.write_draft(&draft);
    author.write_draft(&draft)
}

fn invalid(entry: &Entry) -> DecodeError {
    Entry::from_bytes(&entry.to_bytes()).expect_err("it is not the encoding of an entry")
}

#[test]
fn an_entry_comes_back_from_its_bytes() {
    let entry = full();
    assert_eq!(Entry::from_bytes(&entry.to_bytes()), Ok(entry));
    for audience in [Audience::Public, Audience::Members, Audience::Organisations] {
        assert_eq!(Audience::from_bytes(&audience.to_bytes()), Ok(audience));
    }
    assert!(Audience::from_bytes(&[3]).is_err());
}

#[test]
fn the_id_leaves_the_signature_out_and_covers_the_federation() {
    let (mut entry, federation) = (full(), Cast::new(3).federation());
    let id = entry.id(&federation);
    entry.signature = Signature([1; 64]);
    assert_eq!(entry.id(&federation), id);
    assert_ne!(entry.id(&Cast::new(4).federation()), id);
}

#[test]
fn references_are_ascending_each_once_and_at_most_sixteen() {
    let mut entry = full();
    entry.header.references.swap(0, 1);
    assert_eq!(invalid(&entry), DecodeError::Unsorted("references"));
    entry.header.references = vec![EntryId([1; 32]); 2];
    assert_eq!(invalid(&entry), DecodeError::Unsorted("references"));
    entry.header.references = (0..17).map(|n| EntryId([n; 32])).collect();
    assert!(matches!(
        invalid(&entry),
        DecodeError::Range { found: 17, .. }
    ));
}

#[test]
fn only_the_first_entry_has_no_previous() {
    let mut entry = full();
    entry.header.previous = None;
    assert!(matches!(invalid(&entry), DecodeError::Invalid(_)));
    entry.header.sequence = 1;
    assert!(Entry::from_bytes(&entry.to_bytes()).is_ok());
    entry.header.sequence = 0;
    assert!(matches!(invalid(&entry), DecodeError::Invalid(_)));
}

#[test]
fn a_body_and_a_note_can_be_withheld_but_not_replaced() {
    let mut entry = full();
    (entry.body, entry.note) = (None, None);
    assert_eq!(Entry::from_bytes(&entry.to_bytes()), Ok(entry.clone()));
    let other = Salted::new(&[0; SALT_BYTES], full().body.unwrap().bytes());
    entry.body = Some(other.clone());
    assert!(matches!(invalid(&entry), DecodeError::Invalid(_)));
    entry.body = None;
    entry.header.note = None;
    entry.note = Some(other);
    assert!(
        matches!(invalid(&entry), DecodeError::Invalid(_)),
        "a note that no header names"
    );
}

#[test]
fn the_salt_hides_the_body_and_is_not_counted_in_its_length() {
    let (one, other) = (Salted::new(&[1; 32], b"yes"), Salted::new(&[2; 32], b"yes"));
    assert_ne!(one.seal().hash, other.seal().hash);
    assert_eq!((one.seal().length, one.bytes()), (3, &b"yes"[..]));
}

#[test]
fn the_size_counts_what_is_withheld_and_is_never_less_than_the_bytes() {
    let entry = full();
    assert!(entry.header.size() >= entry.to_bytes().len());
    assert!(entry.header.size() <= entry.to_bytes().len() + 16);
    let mut draft = Draft::new(EntryId([2; 32]), BEGIN, &proposal("."));
    for (length, fits) in [(65_200, true), (65_400, false), (65_536, false)] {
        draft.body = vec![0; length];
        let mut entry = author().write_draft(&draft);
        entry.body = None;
        assert_eq!(Entry::from_bytes(&entry.to_bytes()).is_ok(), fits);
        assert_eq!(entry.header.size() <= ENTRY_BYTES_MAX, fits);
    }
}

#[test]
fn an_address_is_short_and_plain() {
    for text in ["", "Ballots", "a b", "a.b", &"a".repeat(65)] {
        assert!(Address::parse(text).is_err(), "{text:?}");
    }
    assert!(Address::parse("contributions/2026").is_ok());
}

proptest! {
    #[test]
    fn whatever_decodes_encodes_to_the_same_bytes(
        at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in 0usize..4,
    ) {
        let mut bytes = full().to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes.truncate(bytes.len() - cut);
        if let Ok(entry) = Entry::from_bytes(&bytes) {
            prop_assert_eq!(entry.to_bytes(), bytes);
        }
    }
}

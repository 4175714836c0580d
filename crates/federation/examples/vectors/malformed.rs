//! Bytes that are no entry.

use domain::{
    cbor::{Decode, Encode, Encoder},
    entry::{Entry, Salted},
    id::EntryId,
};
use serde_json::{Value, json};

use super::{
    book::Draft,
    history::History,
    notation::{bytes, done, name_of},
};

/// Bytes that are no entry.
pub fn malformed(history: &History) -> Vec<Value> {
    let anna = &history.anna;
    let good = history.comment("refused", &anna.delegate, anna.grant, "words");
    let signed = |change: &dyn Fn(&mut Encoder, &[u8])| {
        let mut encoder = Encoder::new();
        change(&mut encoder, &good.header.to_bytes());
        encoder.into_bytes()
    };
    let header = good.header.to_bytes();
    let entry = history.book.sign(good.clone()).entry;
    let replaced = |at: usize, byte: u8| {
        let mut bytes = header.clone();
        bytes[at] = byte;
        let mut encoder = Encoder::new();
        encoder
            .array(4)
            .bytes(&bytes)
            .value(&entry.signature)
            .null()
            .null();
        encoder.into_bytes()
    };
    let mut other_body = entry.clone();
    other_body.body = Some(Salted::new(&[0; 32], b"other"));
    let mut references = good.clone();
    references.header.references = vec![EntryId([2; 32]), EntryId([1; 32])];
    let mut first = good.clone();
    first.header.previous = None;
    let mut large = good.clone();
    large.header.body.length = 65_400;
    let bare = |draft: &Draft| {
        let mut entry = history.book.sign(draft.clone()).entry;
        (entry.body, entry.note) = (None, None);
        entry.to_bytes()
    };
    let mut unasked = entry.clone();
    unasked.header.note = None;
    [
        ("format 2", replaced(1, 2), "Range"),
        ("twelve fields", replaced(0, 0x8c), "Unexpected"),
        (
            "another body than the header names",
            other_body.to_bytes(),
            "Invalid",
        ),
        (
            "a note the header does not name",
            unasked.to_bytes(),
            "Invalid",
        ),
        ("references not ascending", bare(&references), "Unsorted"),
        (
            "no previous entry at a later sequence",
            bare(&first),
            "Invalid",
        ),
        ("larger than 64 KiB", bare(&large), "Range"),
        (
            "three parts",
            signed(&|e, h| done(e.array(3).bytes(h).bytes(&[0; 64]).null())),
            "Unexpected",
        ),
        (
            "a signature of 63 bytes",
            signed(&|e, h| done(e.array(4).bytes(h).bytes(&[0; 63]).null().null())),
            "Range",
        ),
        (
            "a byte more",
            [entry.to_bytes(), vec![0]].concat(),
            "Trailing",
        ),
    ]
    .map(|(what, hex, refusal)| {
        let error = Entry::from_bytes(&hex).expect_err(what);
        let found = name_of(&error);
        assert_eq!(found, refusal, "{what}");
        json!({ "what": what, "wire": bytes(hex), "refusal": refusal })
    })
    .into()
}

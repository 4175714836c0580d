//! What a document does when edits come one by one.

use domain::{
    cbor::Encode,
    entry::Audience,
    id::{FederationId, MemberId},
    record::{Edit, Kind, Object, Record, Start},
};

use super::*;
use crate::testing::{Author, BEGIN, Draft};

#[test]
fn what_was_replayed_to_build_a_document_is_not_counted_when_edits_come() {
    let federation = FederationId([5; 32]);
    let mut author = Author::new(federation, 1);
    let mut says = |references: &[EntryId], document, start| {
        let insert = "some words ".repeat(100);
        let operations = vec![Operation::Splice {
            object: Object::Text,
            position: 0,
            delete: 0,
            insert,
        }];
        let edit = Edit {
            document,
            operations: if start { Vec::new() } else { operations },
            start: start.then(|| Start {
                title: "Draft".to_owned(),
                text: None,
            }),
        };
        let mut references = references.to_vec();
        references.sort_unstable();
        let draft = Draft {
            address: "documents".to_owned(),
            audience: Audience::Members,
            kind: Kind::Edit,
            critical: false,
            body: Record::Edit(edit).to_bytes(),
            note: None,
            references,
            grant: EntryId([0; 32]),
            time: BEGIN,
        };
        Item::read(&federation, MemberId([3; 32]), &author.write_draft(&draft)).unwrap()
    };
    let mut items = vec![says(&[], None, true)];
    let id = items[0].id;
    let branches: Vec<Item> = (0..9).map(|_| says(&[id], Some(id), false)).collect();
    for pair in branches.windows(2) {
        items.push(says(&[pair[0].id, pair[1].id], Some(id), false));
    }
    items.extend(branches);
    let mut document = Document::build(id, items);
    assert!(document.replayed() > 0);
    let more = says(&[id], Some(id), false);
    let counted = |document: &mut Document| document.derived.as_mut().unwrap().take_replayed();
    assert_eq!(counted(&mut document), 0);
    document.apply([more]);
    assert_eq!(counted(&mut document), 0);
}

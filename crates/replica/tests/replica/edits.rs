//! Which edits of a document count, when logs fork and keys are revoked.

use domain::{
    id::EntryId,
    record::{Edit, Object, Operation, Record, Roles, Start},
};
use replica::{
    Offer, Refusal,
    document::{Document, Item},
    entry::Entry,
    testing::{Draft, revocation},
};

use crate::scene::{Player, Scene};

fn begin() -> Record {
    Record::Edit(Edit {
        document: None,
        start: Some(Start {
            title: "Draft".to_owned(),
            text: None,
        }),
        operations: Vec::new(),
    })
}

fn write(document: EntryId, insert: &str) -> Record {
    Record::Edit(Edit {
        document: Some(document),
        start: None,
        operations: vec![Operation::Splice {
            object: Object::Text,
            position: 0,
            delete: 0,
            insert: insert.to_owned(),
        }],
    })
}

/// The next edit of a player, which builds on the beginning.
fn edit(scene: &mut Scene, player: &mut Player, document: EntryId, insert: &str) -> Entry {
    let record = write(document, insert);
    let mut draft = Draft::new(player.grant, scene.cast.tick(), &record);
    draft.references = vec![document];
    player.author.write_draft(&draft)
}

fn text(scene: &Scene, document: EntryId, entries: &[Entry]) -> String {
    let federation = scene.cast.federation();
    let edits = scene.replica.edits(&scene.replica.view(), &document);
    let counts = |entry: &&Entry| edits.contains(&(entry.header.time, entry.id(&federation)));
    let items = entries.iter().filter(counts);
    Document::build(document, items.filter_map(|e| Item::read(&federation, e))).text()
}

#[test]
fn both_sides_of_a_fork_count_in_any_order_until_the_key_is_revoked() {
    for order in [[0, 1], [1, 0]] {
        let mut scene = Scene::new();
        let mut anna = scene.person(0, Roles::WORKER);
        let mut bela = scene.person(1, Roles::WORKER);
        let first = scene.cast.by(&mut anna.author, anna.grant, &begin());
        let document = scene.stored(first.clone());
        let mut thief = Player {
            author: bela.author.fork_after(0),
            grant: bela.grant,
        };
        let entries = [
            first,
            edit(&mut scene, &mut bela, document, "one "),
            edit(&mut scene, &mut thief, document, "two "),
        ];
        for index in order {
            assert_eq!(scene.offer(entries[index + 1].clone()), Offer::Stored);
        }
        let both = text(&scene, document, &entries);
        assert!(both.contains("one ") && both.contains("two "), "{both}");
        // What follows is not kept: the log ends at the fork.
        let more = edit(&mut scene, &mut bela, document, "three ");
        assert_eq!(scene.offer(more), Offer::Refused(Refusal::Void));
        let last = Some((1, bela.author.id(1)));
        scene.by_root(1, &revocation(bela.author.key(), last));
        assert_eq!(text(&scene, document, &entries), "one ");
    }
}

#[test]
fn only_people_write_documents_and_only_at_their_address() {
    let mut scene = Scene::new();
    let mut anna = scene.person(0, Roles::WORKER);
    let root = scene.cast.by_root(0, &begin());
    assert!(matches!(
        scene.offer(root),
        Offer::Refused(Refusal::Right { .. })
    ));
    let mut draft = Draft::new(anna.grant, scene.cast.tick(), &begin());
    draft.address = "proposals".to_owned();
    let mut elsewhere = anna.author.prepare(&draft);
    anna.author.sign(&mut elsewhere);
    assert!(matches!(
        scene.offer(elsewhere),
        Offer::Refused(Refusal::Right { .. })
    ));
    let document = scene.says(&mut anna, &begin());
    let view = scene.replica.view();
    assert_eq!(view.documents[&document].edits.len(), 1);
    let begun = view.documents[&document].begun.as_ref().unwrap();
    assert_eq!(begun.member, scene.cast.member(0));
}

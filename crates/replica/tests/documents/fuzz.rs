//! Edits that someone has tampered with never panic and never touch what others wrote.

use automerge::Automerge;
use domain::{
    cbor::{Decode, Encode},
    record::Edit,
};
use replica::document::{Document, Item, Outcome};

use crate::{
    random::{Chance, history},
    scene::{FEDERATION, read, sign},
};

/// Changes a few bytes of an edit, or its numbers, so that it is still an edit as often as it can.
fn mutated(chance: &mut Chance, edit: &Edit) -> Option<Edit> {
    let mut bytes = edit.to_bytes();
    for _ in 0..=chance.below(3) {
        let place = chance.below(bytes.len());
        bytes[place] = match chance.below(3) {
            0 => chance.next() as u8,
            1 => bytes[place].wrapping_add(1),
            _ => bytes[place] ^ (1 << chance.below(8)),
        };
    }
    let mut edit = Edit::from_bytes(&bytes)
        .ok()
        .or_else(|| Some(edit.clone()))?;
    if chance.one_in(2) && edit.operations.len() > 1 {
        let (one, other) = (
            chance.below(edit.operations.len()),
            chance.below(edit.operations.len()),
        );
        edit.operations.swap(one, other);
    }
    edit.check().is_ok().then_some(edit)
}

#[test]
fn mutated_edits_find_no_panic_and_change_nothing_that_does_not_build_on_them() {
    let (mut tried, mut taken, mut faulty) = (0, 0, 0);
    for seed in 0..12 {
        let mut scene = history(seed, 40);
        let honest = scene.built();
        let mut chance = Chance::new(seed + 5_000);
        let originals = scene.items.clone();
        let mut extra: Vec<Item> = Vec::new();
        for original in originals.iter().cycle().take(150) {
            let Some(edit) = mutated(&mut chance, &original.edit) else {
                continue;
            };
            let all: Vec<_> = scene
                .items
                .iter()
                .chain(&extra)
                .map(|item| item.id)
                .collect();
            let parents = match chance.below(3) {
                0 => vec![all[chance.below(all.len())]],
                1 => (0..1 + chance.below(4))
                    .map(|_| all[chance.below(all.len())])
                    .collect(),
                _ => original.parents.clone(),
            };
            let entry = sign(&mut scene.authors[3], original.time, &parents, edit);
            extra.extend(read(&entry));
            tried += 1;
        }
        let mut document = Document::build(scene.document, scene.items.clone());
        for part in extra.chunks(25) {
            document.apply(part.to_vec());
        }
        let all = scene.items.iter().chain(&extra).cloned();
        let whole = Document::build(scene.document, all);
        assert_eq!(
            document.automerge_heads(),
            whole.automerge_heads(),
            "seed {seed}"
        );
        assert_eq!(document.text(), whole.text());
        let loaded = Automerge::load(&whole.save()).expect("what is saved can be loaded");
        assert_eq!(loaded.get_heads().len(), whole.automerge_heads().len());
        let pinned = honest.version();
        assert_eq!(whole.text_of(&pinned).as_ref(), Ok(&honest.text()));
        let _ = (
            whole.tree(),
            whole.pieces(),
            whole.left_behind(),
            whole.title(),
        );
        for item in extra
            .iter()
            .filter(|item| item.document() == scene.document)
        {
            match whole.outcome(&item.id) {
                Some(Outcome::Faulty(_)) => faulty += 1,
                Some(_) => taken += 1,
                None => panic!("an edit of this document was left out"),
            }
        }
    }
    assert!(
        tried > 1_000 && taken > 200 && faulty > 200,
        "{tried} {taken} {faulty}"
    );
}

#[test]
fn bytes_that_are_no_edit_are_never_read_as_one() {
    let scene = history(1, 20);
    let mut chance = Chance::new(9);
    let mut author = replica::testing::Author::new(FEDERATION, 77);
    for item in scene.items.iter().cycle().take(2_000) {
        let mut entry = sign(&mut author, item.time, &item.parents, item.edit.clone());
        let mut body = item.edit.to_bytes();
        let place = chance.below(body.len());
        body[place] = chance.next() as u8;
        entry.body = Some(domain::entry::Salted::new(&[0; 32], &body));
        match (read(&entry), Edit::from_bytes(&body)) {
            (Some(read), Ok(edit)) => assert_eq!(read.edit, edit),
            (None, Err(_)) => {}
            (read, edit) => panic!("{read:?} {edit:?}"),
        }
    }
}

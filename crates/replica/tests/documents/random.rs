//! Random histories of one document: several authors with partial views, forks, faults and new
//! generations.

use domain::{
    id::EntryId,
    record::{Object, ObjectKind, Operation, Value},
};
use replica::document::Document;

use crate::scene::{Scene, splice};

/// A small seeded generator (splitmix64): the same seed gives the same history everywhere.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xd134_2543_de82_ef95) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

/// What one author has seen.
struct Desk {
    document: Document,
    seen: usize,
}

/// So many edits by four authors, each of whom sees the others' work late.
pub fn history(seed: u64, edits: usize) -> Scene {
    let mut chance = Chance::new(seed);
    let mut scene = Scene::new(4, "Ein Anfang, ñandú 日本.\n");
    let mut desks: Vec<Desk> = (0..4)
        .map(|_| Desk {
            document: scene.built(),
            seen: 1,
        })
        .collect();
    let mut objects = vec![Object::Map];
    for _ in 0..edits {
        let author = chance.below(4);
        if chance.one_in(3) {
            let desk = &mut desks[author];
            let to = desk.seen + chance.below(scene.items.len() - desk.seen + 1);
            desk.document.apply(scene.items[desk.seen..to].to_vec());
            desk.seen = to;
        }
        if chance.one_in(40) {
            // A key that lives twice goes on from an earlier place of its log.
            let sequence = scene.authors[author].sequence();
            let back = chance.below(sequence as usize + 1) as u64;
            scene.authors[author] = scene.authors[author].fork_after(back);
        }
        let desk = &desks[author].document;
        let id = if !seed.is_multiple_of(2) && chance.one_in(60) {
            let restart = desk.restart().expect("the texts are short");
            scene.says(author, &restart.parents, restart.edit)
        } else {
            let parents = parents(&mut chance, desk);
            let count = 1 + chance.below(3);
            let operations: Vec<Operation> = (0..count)
                .map(|_| operation(&mut chance, desk, &objects))
                .collect();
            let edit = scene.edit(operations);
            if edit.check().is_err() {
                continue;
            }
            let made: Vec<usize> = (0..edit.operations.len())
                .filter(|n| edit.operations[*n].makes().is_some())
                .collect();
            let id = scene.says(author, &parents, edit);
            objects.extend(made.iter().map(|n| Object::Made(id, *n as u64)));
            id
        };
        let item = scene.items.iter().find(|item| item.id == id).cloned();
        desks[author].document.apply(item);
    }
    scene
}

/// Mostly the heads, sometimes fewer, sometimes an old edit, rarely none.
fn parents(chance: &mut Chance, desk: &Document) -> Vec<EntryId> {
    let mut parents = desk.basis().parents;
    if chance.one_in(8) {
        let all: Vec<EntryId> = desk.items().map(|item| item.id).collect();
        parents = vec![all[chance.below(all.len())]];
    } else if chance.one_in(4) {
        let keep = 1 + chance.below(parents.len());
        parents.truncate(keep);
    } else if chance.one_in(60) {
        parents.clear();
    }
    parents
}

fn operation(chance: &mut Chance, desk: &Document, objects: &[Object]) -> Operation {
    let length = desk.text().chars().count();
    let object = objects[chance.below(objects.len())];
    let key = ["a", "b", "title", "text"][chance.below(4)].to_owned();
    let value = match chance.below(4) {
        0 => Value::Null,
        1 => Value::Number(chance.below(3) as u64),
        2 => Value::Text(["x", "y\nz", ""][chance.below(3)].to_owned()),
        _ => Value::Bytes(vec![chance.below(3) as u8]),
    };
    let index = chance.below(3) as u64;
    let made = [ObjectKind::Text, ObjectKind::List, ObjectKind::Map][chance.below(3)];
    match chance.below(40) {
        0 => Operation::Put { object, key, value },
        1 => Operation::Delete { object, key },
        2 => Operation::Insert {
            object,
            index,
            value,
        },
        3 => Operation::Set {
            object,
            index,
            value,
        },
        4 => Operation::Remove { object, index },
        5 => Operation::MakeAt { object, key, made },
        6 => Operation::MakeIn {
            object,
            index,
            made,
        },
        7 => Operation::Splice {
            object,
            position: index,
            delete: 0,
            insert: "inner".to_owned(),
        },
        // Rarely past the end.
        _ => {
            let position = chance.below(length + 1);
            let left = length - position + usize::from(chance.one_in(40));
            let delete = chance.below(left.min(5) + 1);
            let insert = ["wörter ", "x", "日", "\n", ""][chance.below(5)];
            splice(position as u64, delete as u64, insert)
        }
    }
}

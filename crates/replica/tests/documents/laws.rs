//! Merging is commutative, associative and idempotent: whatever the order of arrival, the same
//! edits give the same document.

use automerge::Automerge;
use domain::id::EntryId;
use replica::document::{Document, Item, Outcome, Tree, Version};

use crate::random::{Chance, history};

#[derive(Debug, PartialEq)]
struct Sight {
    heads: Vec<EntryId>,
    automerge_heads: Vec<[u8; 32]>,
    text: String,
    title: String,
    tree: Tree,
    pieces: Vec<replica::document::Piece>,
    outcomes: Vec<(EntryId, Option<Outcome>)>,
    left_behind: Vec<EntryId>,
}

fn sight(document: &Document) -> Sight {
    let ids = document.items().map(|item| item.id);
    Sight {
        heads: document.heads(),
        automerge_heads: document.automerge_heads(),
        text: document.text(),
        title: document.title(),
        tree: document.tree(),
        pieces: document.pieces(),
        outcomes: ids.map(|id| (id, document.outcome(&id))).collect(),
        left_behind: document.left_behind(),
    }
}

fn check_reloads(document: &Document) {
    let loaded = Automerge::load(&document.save()).expect("what is saved can be loaded");
    let mut heads: Vec<[u8; 32]> = loaded.get_heads().iter().map(|head| head.0).collect();
    heads.sort_unstable();
    assert_eq!(heads, document.automerge_heads());
}

/// How many random histories are tried.
const SEEDS: u64 = 24;
const EDITS: usize = 90;

#[test]
fn every_order_of_arrival_gives_the_same_document_and_every_save_reloads() {
    let (mut faulty, mut applied, mut earlier) = (0, 0, 0);
    for seed in 0..SEEDS {
        let scene = history(seed, EDITS);
        let whole = scene.built();
        let expected = sight(&whole);
        check_reloads(&whole);
        for (_, outcome) in &expected.outcomes {
            match outcome {
                Some(Outcome::Faulty(_)) => faulty += 1,
                Some(Outcome::Applied) => applied += 1,
                Some(Outcome::Earlier) => earlier += 1,
                other => panic!("seed {seed}: {other:?}"),
            }
        }
        let mut chance = Chance::new(seed + 1_000);
        for _ in 0..3 {
            let mut items = scene.items.clone();
            chance.shuffle(&mut items);
            let mut document = Document::build(scene.document, []);
            while !items.is_empty() {
                let count = 1 + chance.below(items.len().min(30));
                let part: Vec<Item> = items.split_off(items.len() - count);
                document.apply(part.clone());
                if chance.one_in(4) {
                    // What comes again changes nothing.
                    document.apply(part);
                    check_reloads(&document);
                }
            }
            assert_eq!(sight(&document), expected, "seed {seed}");
        }
    }
    assert!(
        applied > 500 && faulty > 100 && earlier > 100,
        "{applied} {faulty} {earlier}"
    );
}

#[test]
fn edits_in_their_own_order_one_by_one_give_the_same_document() {
    for seed in 0..SEEDS {
        let scene = history(seed, EDITS / 2);
        let mut document = Document::build(scene.document, []);
        for item in &scene.items {
            document.apply([item.clone()]);
        }
        assert_eq!(sight(&document), sight(&scene.built()), "seed {seed}");
    }
}

#[test]
fn a_version_is_a_function_of_its_edits_and_their_ancestors() {
    for seed in 0..SEEDS / 2 {
        let scene = history(seed, EDITS / 2);
        let whole = scene.built();
        let mut document = Document::build(scene.document, []);
        let mut versions: Vec<Version> = Vec::new();
        for item in &scene.items {
            document.apply([item.clone()]);
            versions.push(document.version());
        }
        for version in versions {
            assert!(whole.text_of(&version).is_ok(), "seed {seed}: {version:?}");
        }
    }
}

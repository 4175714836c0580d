//! What may be replayed: who writes as people write never meets the limit, and who meets it meets it
//! at the same edit on every node.

use domain::id::EntryId;
use replica::document::{Document, Outcome, REPLAY_MAX};

use crate::{
    random::Chance,
    scene::{Scene, splice},
};

fn outcomes(document: &Document) -> Vec<Option<Outcome>> {
    let ids = document.items().map(|item| item.id);
    ids.map(|id| document.outcome(&id)).collect()
}

fn is_full(document: &Document, id: &EntryId) -> bool {
    document.outcome(id) == Some(Outcome::Full)
}

/// A document with a text of so many letters, and the last edit of it.
fn grown(authors: u64, letters: usize) -> (Scene, EntryId) {
    const PIECE: usize = 25_000;
    let mut scene = Scene::new(authors, "");
    let mut last = scene.document;
    for piece in 0..letters / PIECE {
        let author = piece % authors as usize;
        last = scene.does(
            author,
            &[last],
            vec![splice(0, 0, &"heavy".repeat(PIECE / 5))],
        );
    }
    (scene, last)
}

/// Branches of a heavy text that are joined again and again in ever other pairs.
fn knotted(seed: u64) -> (Scene, Vec<EntryId>) {
    let mut chance = Chance::new(seed);
    let (mut scene, begun) = grown(4, 400_000);
    let begun = [begun];
    let branches = (0..9).map(|n| scene.does(n % 4, &begun, vec![splice(0, 0, "x")]));
    let branches: Vec<EntryId> = branches.collect();
    let pairs = (0..9).flat_map(|one| (0..one).map(move |other| [one, other]));
    let mut pairs: Vec<[usize; 2]> = pairs.collect();
    chance.shuffle(&mut pairs);
    let joins = pairs.into_iter().take(30).enumerate().map(|(n, pair)| {
        let parents = pair.map(|n| branches[n]);
        scene.does(n % 4, &parents, vec![splice(1, 0, "y")])
    });
    let joins = joins.collect();
    (scene, joins)
}

#[test]
fn joining_a_heavy_text_again_and_again_is_full_at_the_same_edit_whatever_came_first() {
    let (scene, joins) = knotted(1);
    let whole = scene.built();
    assert!(whole.replayed() <= REPLAY_MAX && whole.is_nearly_full());
    assert!(!is_full(&whole, &joins[0]) && is_full(&whole, &joins[29]));
    let mut items = scene.items.clone();
    Chance::new(1).shuffle(&mut items);
    let mut document = Document::build(scene.document, []);
    for part in items.chunks(40) {
        document.apply(part.to_vec());
    }
    assert_eq!(outcomes(&document), outcomes(&whole));
    assert_eq!(document.automerge_heads(), whole.automerge_heads());
    assert_eq!(document.replayed(), whole.replayed());
}

#[test]
fn what_was_pinned_before_a_document_was_full_can_be_read_when_earlier_edits_have_used_its_room() {
    let (mut scene, _) = knotted(3);
    let honest = Document::build(scene.document, scene.items[..30].to_vec());
    let pinned = honest.version();
    let heads = honest.heads();
    assert!(heads.iter().all(|id| !is_full(&honest, id)));
    // Edits that claim to be older come before those that were pinned.
    let heavy = scene.items[16].clone();
    let (time, start, mut last) = (heavy.time, heavy.id, heavy.id);
    for n in 0..30 {
        let edit = scene.edit(vec![splice(0, 0, "z")]);
        let beside = crate::scene::sign(&mut scene.authors[3], time, &[start], edit.clone());
        let beside = scene.keep(&beside);
        let parents = if n == 0 {
            vec![beside]
        } else {
            vec![beside, last]
        };
        let joining = crate::scene::sign(&mut scene.authors[2], time, &parents, edit);
        last = scene.keep(&joining);
    }
    let whole = scene.built();
    assert!(heads.iter().any(|id| is_full(&whole, id)));
    assert_eq!(whole.text_of(&pinned), Ok(honest.text()));
}

/// People who each see what the others wrote some edits late.
fn together(people: usize, edits: usize, text: &str, late: usize) -> Scene {
    let mut scene = Scene::new(people as u64, text);
    let mut all = vec![scene.document];
    let mut own = vec![scene.document; people];
    for edit in 0..edits {
        let person = edit % people;
        let before = all.len().saturating_sub(late).max(1);
        let mut parents: Vec<EntryId> = all[before.saturating_sub(people)..before].to_vec();
        parents.push(own[person]);
        own[person] = scene.does(
            person,
            &parents,
            vec![splice(0, 2, "thirty letters or a bit more, ")],
        );
        all.push(own[person]);
    }
    scene
}

#[test]
fn five_people_who_write_at_once_for_an_hour_use_less_than_two_thirds() {
    let scene = together(5, 300, &"a text of ten thousand letters. ".repeat(310), 4);
    let document = scene.built();
    let applied = scene
        .items
        .iter()
        .all(|item| document.outcome(&item.id) == Some(Outcome::Applied));
    assert!(applied);
    assert!(
        document.replayed() < REPLAY_MAX * 2 / 3,
        "{}",
        document.replayed()
    );
}

#[test]
fn two_halves_that_wrote_apart_use_little() {
    let (mut scene, begun) = grown(2, 100_000);
    let mut tips = [begun; 2];
    for edit in 0..400 {
        let half = edit % 2;
        tips[half] = scene.does(
            half,
            &[tips[half]],
            vec![splice(0, 3, "some forty letters, one sentence of it. ")],
        );
    }
    let joined = scene.does(0, &tips, vec![splice(0, 0, "x")]);
    let document = scene.built();
    assert_eq!(document.outcome(&joined), Some(Outcome::Applied));
    assert!(
        document.replayed() < REPLAY_MAX / 20,
        "{}",
        document.replayed()
    );
}

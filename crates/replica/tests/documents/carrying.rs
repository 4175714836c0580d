//! Words that were written on a generation left behind.

use domain::text::TEXT_BYTES_MAX;
use replica::document::{Document, EDITS_MAX, Misfit, Outcome};

use crate::scene::{Scene, member, splice};

fn restart(scene: &mut Scene) {
    let restart = scene.built().restart().expect("the text fits");
    scene.says(0, &restart.parents, restart.edit);
}

#[test]
fn words_written_before_a_restart_are_merged_into_the_new_generation() {
    let mut scene = Scene::new(2, "We share servers.");
    let seen = scene.built().basis();
    scene.rewrites(0, &scene.built(), "We share servers and bills.");
    restart(&mut scene);
    scene.rewrites(0, &scene.built(), "Together we share servers and bills.");
    restart(&mut scene);
    let document = scene.built();
    let (basis, text) = document
        .carry(&seen.parents, "We share all servers.")
        .unwrap();
    assert_eq!(basis.parents, document.heads());
    assert_eq!(basis.text, document.text());
    assert_eq!(text, "Together we share all servers and bills.");
    let edits = Document::changes(&basis, &text);
    scene.does(1, &basis.parents, edits[0].clone());
    assert_eq!(scene.built().text(), text);
}

#[test]
fn words_are_carried_across_any_number_of_generations_without_going_through_all() {
    let mut scene = Scene::new(2, "We share servers.");
    let seen = scene.built().basis();
    for number in 0..40 {
        let text = format!("We share servers. Agreed {number} times.");
        scene.rewrites(0, &scene.built(), &text);
        restart(&mut scene);
    }
    let document = scene.built();
    let (basis, text) = document
        .carry(&seen.parents, "We share all servers.")
        .unwrap();
    assert_eq!(basis.parents, document.heads());
    assert_eq!(text, "We share all servers. Agreed 39 times.");
}

#[test]
fn words_written_on_the_generation_in_force_stay_where_they_are() {
    let scene = Scene::new(1, "one");
    let seen = scene.built().basis();
    let (basis, text) = scene.built().carry(&seen.parents, "one two").unwrap();
    assert_eq!((basis, &*text), (seen, "one two"));
}

#[test]
fn a_history_is_told_in_the_order_in_which_it_is_derived() {
    let mut scene = Scene::new(2, "one");
    let begun = scene.built();
    let first = scene.rewrites(0, &begun, "one two");
    let second = scene.rewrites(1, &begun, "zero one");
    let faulty = scene.does(1, &[second], vec![splice(99, 0, "x")]);
    let document = scene.built();
    let told: Vec<_> = document
        .history()
        .map(|(item, outcome)| (item.id, outcome == Outcome::Applied))
        .collect();
    let root = scene.document;
    assert_eq!(
        told,
        [(root, true), (first, true), (second, true), (faulty, false)]
    );
    assert_eq!(document.generation_of(&faulty), Some(root));
}

#[test]
fn there_is_room_for_one_member_up_to_half_of_the_limit() {
    let scene = Scene::new(1, "one");
    let member = member(&scene.authors[0].key());
    let document = scene.built();
    let edits = vec![vec![splice(0, 0, "x")]; EDITS_MAX / 2];
    let basis = document.basis();
    assert_eq!(document.fits(&member, &basis, &edits), Ok(()));
    let more = [edits, vec![vec![splice(0, 0, "x")]]].concat();
    assert_eq!(document.fits(&member, &basis, &more), Err(Misfit::Full));
}

#[test]
fn a_text_that_would_be_too_long_is_told_before_it_is_signed() {
    let mut scene = Scene::new(1, "one");
    let member = member(&scene.authors[0].key());
    let document = scene.built();
    let basis = document.basis();
    let text = "ñ".repeat(TEXT_BYTES_MAX / 2);
    let edits = Document::changes(&basis, &text);
    assert!(edits.len() > 10);
    assert_eq!(document.fits(&member, &basis, &edits), Ok(()));
    let longer = Document::changes(&basis, &format!("{text}x"));
    let too_long = Misfit::TooLong {
        found: TEXT_BYTES_MAX + 1,
        most: TEXT_BYTES_MAX,
    };
    assert_eq!(document.fits(&member, &basis, &longer), Err(too_long));
    scene.rewrites(0, &document, &text);
    assert_eq!(scene.built().text(), text);
}

#[test]
fn changes_do_not_fit_on_what_is_not_there_or_was_left_behind() {
    let mut scene = Scene::new(1, "one");
    let member = member(&scene.authors[0].key());
    let old = scene.built().basis();
    let edits = Document::changes(&old, "two");
    let mut unknown = old.clone();
    unknown.parents = vec![domain::id::EntryId([9; 32])];
    assert_eq!(
        scene.built().fits(&member, &unknown, &edits),
        Err(Misfit::Basis)
    );
    restart(&mut scene);
    assert_eq!(
        scene.built().fits(&member, &old, &edits),
        Err(Misfit::Basis)
    );
}

//! A document that begins anew from its text.

use domain::{id::EntryId, record::Edit, text::Content};
use replica::document::{Document, Fault, Outcome};

use crate::scene::{FEDERATION, Scene, read, sign, splice, start};

fn restart(scene: &mut Scene, author: usize) -> EntryId {
    let restart = scene.built().restart().expect("the text fits");
    scene.says(author, &restart.parents, restart.edit)
}

#[test]
fn a_new_generation_has_the_text_and_none_of_the_history() {
    let mut scene = Scene::new(2, "one");
    let old = scene.rewrites(0, &scene.built(), "one two");
    let pinned = scene.built().version();
    let root = restart(&mut scene, 1);
    let document = scene.built();
    assert_eq!(
        (document.text().as_str(), document.title().as_str()),
        ("one two", "Draft")
    );
    assert_eq!(document.heads(), [root]);
    assert_eq!(document.begins_as_left(), Some(true));
    assert_eq!(document.outcome(&old), Some(Outcome::Earlier));
    assert_eq!(document.text_of(&pinned), Ok("one two".to_owned()));
    scene.rewrites(0, &document, "one two three");
    assert_eq!(scene.built().text(), "one two three");
}

#[test]
fn what_was_written_meanwhile_is_left_behind_and_named() {
    let mut scene = Scene::new(2, "one");
    let begun = scene.built();
    restart(&mut scene, 0);
    let late = scene.rewrites(1, &begun, "one late");
    let document = scene.built();
    assert_eq!(document.text(), "one");
    assert_eq!(document.left_behind(), [late]);
    // Its author builds on both generations: that cannot be merged.
    let mixed = scene.does(1, &[late, document.heads()[0]], vec![splice(0, 0, "x")]);
    let fault = Outcome::Faulty(Fault::Generations);
    assert_eq!(scene.built().outcome(&mixed), Some(fault));
}

#[test]
fn of_two_new_generations_the_earlier_is_in_force_until_one_follows_both() {
    let mut scene = Scene::new(2, "one");
    let begun = scene.built();
    let plain = begun.restart().unwrap();
    let earlier = scene.says(0, &plain.parents, plain.edit.clone());
    let mut other = plain.edit;
    other.start = Some(start("Draft", "another text"));
    let later = scene.says(1, &plain.parents, other.clone());
    let document = scene.built();
    assert_eq!(document.generation().map(|item| item.id), Some(earlier));
    other.start = Some(start("Draft", "one and another text"));
    scene.says(1, &[earlier, later], other);
    let document = scene.built();
    assert_eq!(document.text(), "one and another text");
    assert_eq!(
        document.begins_as_left(),
        None,
        "the two were never one text"
    );
}

#[test]
fn a_generation_that_begins_with_another_text_is_shown_as_such() {
    let mut scene = Scene::new(2, "one");
    let edit = Edit {
        document: Some(scene.document),
        start: Some(start("Draft", "something else")),
        operations: Vec::new(),
    };
    scene.says(1, &[scene.document], edit);
    let document = scene.built();
    assert_eq!(document.text(), "something else");
    assert_eq!(document.begins_as_left(), Some(false));
}

#[test]
fn a_long_text_is_awaited() {
    let text = "Words of a long text.\n".repeat(4_000);
    let (content, chunks) = Content::of(&text).unwrap();
    let mut author = replica::testing::Author::new(FEDERATION, 1);
    let mut begin = start("Long", "x");
    begin.text = Some(content);
    let edit = Edit {
        document: None,
        start: Some(begin),
        operations: Vec::new(),
    };
    let entry = sign(&mut author, replica::testing::BEGIN, &[], edit);
    let mut item = read(&entry).unwrap();
    let (id, time) = (item.id, item.time);
    let more = Edit {
        document: Some(id),
        start: None,
        operations: vec![splice(0, 0, "More. ")],
    };
    let entry = sign(&mut author, time, &[id], more);
    let more = read(&entry).unwrap();
    let mut document = Document::build(id, [item.clone(), more.clone()]);
    assert!(!document.is_here() && document.text().is_empty());
    assert_eq!(document.outcome(&more.id), Some(Outcome::Waits));
    assert_eq!(document.title(), "Long");
    let mut wrong = chunks.clone();
    wrong[0][0] ^= 1;
    assert!(item.assemble(&wrong).is_err());
    item.assemble(&chunks).unwrap();
    document.apply([item]);
    assert_eq!(document.text(), format!("More. {text}"));
    let restart = document.restart().unwrap();
    assert_eq!(restart.chunks.len(), 2);
}

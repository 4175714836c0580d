//! Edits that fit nothing have no effect, and everyone says so.

use domain::{
    id::EntryId,
    record::{Object, ObjectKind, Operation, Value},
    text::TEXT_BYTES_MAX,
};
use replica::document::{DEPTH_MAX, Document, EDITS_MAX, Fault, Misfit, Outcome, WEIGHT_MAX};

use crate::scene::{Scene, member, splice, start};

/// What becomes of an edit by these operations on a document with the text `abc` and a list.
fn fault_of(operations: impl FnOnce(EntryId) -> Vec<Operation>) -> Fault {
    let mut scene = Scene::new(1, "abc");
    let make = Operation::MakeAt {
        object: Object::Map,
        key: "list".to_owned(),
        made: ObjectKind::List,
    };
    let made = scene.does(0, &[scene.document], vec![make]);
    let before = scene.built();
    let faulty = scene.does(0, &[made], operations(made));
    let after = scene.does(0, &[faulty], vec![splice(0, 0, "x")]);
    let document = scene.built();
    assert_eq!(document.text(), "abc");
    assert_eq!(document.automerge_heads(), before.automerge_heads());
    let child = Outcome::Faulty(Fault::Parent(faulty));
    assert_eq!(document.outcome(&after), Some(child));
    match document.outcome(&faulty) {
        Some(Outcome::Faulty(fault)) => fault,
        other => panic!("not faulty: {other:?}"),
    }
}

#[test]
fn a_splice_past_the_end_has_no_effect_as_a_whole() {
    let fault = fault_of(|_| vec![splice(0, 0, "x"), splice(3, 2, "y")]);
    let expected = Fault::PastTheEnd {
        operation: 1,
        end: 5,
        length: 4,
    };
    assert_eq!(fault, expected);
}

#[test]
fn an_edit_of_something_that_is_not_there_has_no_effect() {
    let insert = |object, index| Operation::Insert {
        object,
        index,
        value: Value::Null,
    };
    let missing = Fault::MissingObject { operation: 0 };
    let of = |object| fault_of(move |_| vec![insert(object, 0)]);
    assert_eq!(of(Object::Made(EntryId([3; 32]), 0)), missing);
    assert_eq!(
        fault_of(|made| vec![insert(Object::Made(made, 1), 0)]),
        missing
    );
    assert_eq!(of(Object::Text), Fault::WrongKind { operation: 0 });
    assert_eq!(of(Object::Map), Fault::WrongKind { operation: 0 });
    let past = Fault::PastTheEnd {
        operation: 0,
        end: 1,
        length: 0,
    };
    assert_eq!(
        fault_of(|made| vec![insert(Object::Made(made, 0), 1)]),
        past
    );
    let remove = |made| {
        let object = Object::Made(made, 0);
        vec![Operation::Remove { object, index: 0 }]
    };
    assert_eq!(fault_of(remove), past);
    let delete = Operation::Delete {
        object: Object::Map,
        key: "no".to_owned(),
    };
    assert_eq!(
        fault_of(|_| vec![delete]),
        Fault::MissingKey { operation: 0 }
    );
}

#[test]
fn what_another_branch_made_is_not_there_yet() {
    let mut scene = Scene::new(2, "abc");
    let make = Operation::MakeAt {
        object: Object::Map,
        key: "notes".to_owned(),
        made: ObjectKind::Text,
    };
    let made = scene.does(0, &[scene.document], vec![make]);
    let write = Operation::Splice {
        object: Object::Made(made, 0),
        position: 0,
        delete: 0,
        insert: "note".to_owned(),
    };
    let beside = scene.does(1, &[scene.document], vec![write.clone()]);
    let above = scene.does(1, &[made], vec![write]);
    let document = scene.built();
    let missing = Outcome::Faulty(Fault::MissingObject { operation: 0 });
    assert_eq!(document.outcome(&beside), Some(missing));
    assert_eq!(document.outcome(&above), Some(Outcome::Applied));
}

#[test]
fn objects_lie_in_one_another_up_to_a_limit() {
    let make = |object| Operation::MakeAt {
        object,
        key: "in".to_owned(),
        made: ObjectKind::Map,
    };
    let nested = |count: u64| {
        let inner = (1..count).map(|n| make(Object::Own(n - 1)));
        [make(Object::Map)]
            .into_iter()
            .chain(inner)
            .collect::<Vec<_>>()
    };
    let mut scene = Scene::new(1, "abc");
    let fits = scene.does(0, &[scene.document], nested(DEPTH_MAX));
    assert_eq!(scene.built().outcome(&fits), Some(Outcome::Applied));
    let too_deep = Fault::TooDeep {
        operation: DEPTH_MAX as usize,
        most: DEPTH_MAX,
    };
    assert_eq!(fault_of(|_| nested(DEPTH_MAX + 1)), too_deep);
}

#[test]
fn an_edit_names_what_it_builds_on_and_a_beginning_does_not() {
    let mut scene = Scene::new(1, "abc");
    let rootless = scene.does(0, &[], vec![splice(0, 0, "x")]);
    let fault = Some(Outcome::Faulty(Fault::Parents));
    assert_eq!(scene.built().outcome(&rootless), fault);
    let mut begin = scene.edit(Vec::new());
    begin.document = None;
    begin.start = Some(start("Other", "x"));
    let entry = scene.entry(0, &[scene.document], begin);
    let item = crate::scene::read(&entry).unwrap();
    let other = Document::build(item.id, [item.clone()]);
    assert_eq!(
        (other.is_here(), other.outcome(&item.id)),
        (false, None.or(Some(Outcome::Waits)))
    );
}

#[test]
fn a_text_grows_up_to_its_limit_and_no_further() {
    let mut scene = Scene::new(1, "");
    // Two bytes each, so that bytes and characters differ.
    let piece = "ñ".repeat(16 * 1024);
    let mut parents = vec![scene.document];
    for _ in 0..TEXT_BYTES_MAX / piece.len() {
        parents = vec![scene.does(0, &parents, vec![splice(0, 0, &piece)])];
    }
    let document = scene.built();
    assert_eq!(document.text().len(), TEXT_BYTES_MAX);
    let over = scene.does(0, &parents, vec![splice(0, 0, "x")]);
    let swap = scene.does(0, &parents, vec![splice(0, 1, "xy")]);
    let document = scene.built();
    let too_long = Outcome::Faulty(Fault::TooLong {
        found: TEXT_BYTES_MAX + 1,
        most: TEXT_BYTES_MAX,
    });
    assert_eq!(document.outcome(&over), Some(too_long));
    assert_eq!(document.outcome(&swap), Some(Outcome::Applied));
}

#[test]
fn a_full_document_takes_no_more_edits_whatever_came_first() {
    let mut scene = Scene::new(3, "abc");
    let mut parents = vec![scene.document];
    for number in 0..EDITS_MAX {
        parents = vec![scene.does(number % 2, &parents, vec![splice(0, 1, "x")])];
    }
    let last = parents[0];
    let mut document = scene.built();
    assert_eq!(document.outcome(&last), Some(Outcome::Full));
    assert!(document.is_nearly_full());
    // An edit that claims to be older takes the place of the last one, on every node alike.
    let early = {
        let time = scene.items[1].time;
        let edit = scene.edit(vec![splice(0, 0, "y")]);
        let entry = crate::scene::sign(&mut scene.authors[2], time, &[scene.document], edit);
        scene.keep(&entry)
    };
    document.apply(scene.items.last().cloned());
    assert_eq!(document.outcome(&early), Some(Outcome::Applied));
    let before_last = scene.items[EDITS_MAX - 1].id;
    assert_eq!(document.outcome(&before_last), Some(Outcome::Full));
    assert_eq!(document.automerge_heads(), scene.built().automerge_heads());
    // What was pinned while there was room stays readable.
    assert!(document.text_at(&[before_last]).is_ok());
    assert!(document.text_at(&[last]).is_err());
}

/// Authors take turns in writing all of the text anew; one more writes nothing.
fn heavy(authors: usize, most: u64) -> (Scene, Vec<EntryId>) {
    let mut scene = Scene::new(authors as u64 + 1, "");
    let piece = "a".repeat(32 * 1024);
    let mut parents = vec![scene.document];
    let (mut weight, mut edits) = (0, Vec::new());
    while weight <= most {
        let there = if weight == 0 { 0 } else { piece.len() as u64 };
        weight += there + piece.len() as u64;
        let author = edits.len() % authors;
        parents = vec![scene.does(author, &parents, vec![splice(0, there, &piece)])];
        edits.push(parents[0]);
    }
    (scene, edits)
}

#[test]
fn a_document_takes_no_more_than_its_weight() {
    let (scene, edits) = heavy(2, WEIGHT_MAX);
    let document = scene.built();
    let (last, before) = edits.split_last().unwrap();
    assert_eq!(document.outcome(last), Some(Outcome::Full));
    let applied = |id: &EntryId| document.outcome(id) == Some(Outcome::Applied);
    assert!(before.iter().all(applied));
    assert_eq!(document.text(), "a".repeat(32 * 1024));
}

#[test]
fn one_member_takes_no_more_than_half_of_the_weight() {
    let (mut scene, edits) = heavy(1, WEIGHT_MAX / 2);
    let document = scene.built();
    let (last, before) = edits.split_last().unwrap();
    assert_eq!(document.outcome(last), Some(Outcome::Full));
    assert_eq!(
        document.outcome(&before[before.len() - 1]),
        Some(Outcome::Applied)
    );
    assert!(document.is_nearly_full());
    let words = splice(0, 9, &"b".repeat(20_000));
    let (basis, words) = (document.basis(), vec![vec![words.clone(), words]]);
    let members = [0, 1].map(|author: usize| member(&scene.authors[author].key()));
    assert_eq!(
        document.fits(&members[0], &basis, &words),
        Err(Misfit::Full)
    );
    assert_eq!(document.fits(&members[1], &basis, &words), Ok(()));
    let other = scene.does(1, &basis.parents, words[0].clone());
    assert_eq!(scene.built().outcome(&other), Some(Outcome::Applied));
}

#[test]
fn a_member_that_claims_to_have_written_long_ago_takes_no_room_from_all_others() {
    let text = "a".repeat(30_000);
    let mut scene = Scene::new(3, &text);
    let begun = scene.items[0].clone();
    let mut last = begun.id;
    let mut honest = Vec::new();
    for _ in 0..30 {
        last = scene.does(
            1,
            &[last],
            vec![splice(0, 100, &"honest words ".repeat(200))],
        );
        honest.push(last);
    }
    let before = scene.items.len();
    let written = scene.built().text();
    // All of the text deleted, more than is there, or nothing at all, beside all the others.
    for (delete, edits) in [(30_000, 25), (65_536, 12), (0, 1_000)] {
        scene.items.truncate(before);
        for number in 0..edits {
            let letter = if delete == 0 { "x" } else { "" };
            let edit = scene.edit(vec![splice(number % 10, delete, letter)]);
            let time = begun.time.plus_ms(1);
            let entry = crate::scene::sign(&mut scene.authors[2], time, &[begun.id], edit);
            scene.keep(&entry);
        }
        let document = scene.built();
        let is_applied = |id: &&EntryId| document.outcome(id) == Some(Outcome::Applied);
        assert_eq!(honest.iter().filter(is_applied).count(), honest.len());
        assert_eq!(document.text_at(&[last]).as_ref(), Ok(&written));
    }
}

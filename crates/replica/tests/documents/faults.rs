//! Edits that fit nothing have no effect, and everyone says so.

use domain::{
    id::EntryId,
    record::{Object, ObjectKind, Operation, Value},
    text::TEXT_BYTES_MAX,
};
use replica::document::{DEPTH_MAX, Document, EDITS_MAX, Fault, Outcome, WEIGHT_MAX};

use crate::scene::{Scene, splice, start};

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
    let item = replica::document::Item::read(&crate::scene::FEDERATION, &entry).unwrap();
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
    let mut scene = Scene::new(2, "abc");
    let mut parents = vec![scene.document];
    for _ in 0..EDITS_MAX {
        parents = vec![scene.does(0, &parents, vec![splice(0, 1, "x")])];
    }
    let last = parents[0];
    let mut document = scene.built();
    assert_eq!(document.outcome(&last), Some(Outcome::Full));
    assert!(document.is_nearly_full());
    // An edit that claims to be older takes the place of the last one, on every node alike.
    let early = {
        let time = scene.items[1].time;
        let edit = scene.edit(vec![splice(0, 0, "y")]);
        let entry = crate::scene::sign(&mut scene.authors[1], time, &[scene.document], edit);
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

#[test]
fn a_document_takes_no_more_than_its_weight() {
    let mut scene = Scene::new(1, "");
    let piece = "a".repeat(32 * 1024);
    let mut parents = vec![scene.document];
    let mut weight = 0;
    while weight <= WEIGHT_MAX {
        let there = if weight == 0 { 0 } else { piece.len() as u64 };
        weight += there + piece.len() as u64;
        parents = vec![scene.does(0, &parents, vec![splice(0, there, &piece)])];
    }
    let document = scene.built();
    assert_eq!(document.outcome(&parents[0]), Some(Outcome::Full));
    assert_eq!(document.text(), piece);
}

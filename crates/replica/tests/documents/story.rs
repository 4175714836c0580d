//! What people see who write a text together.

use domain::{
    id::Hash,
    record::{Object, ObjectKind, Operation, Value},
};
use replica::document::{Document, Outcome, Tree, VersionError};

use crate::scene::{Scene, splice};

#[test]
fn a_text_that_two_change_at_once_has_both_changes_on_both_sides() {
    let mut scene = Scene::new(2, "We share servers. We decide by consent.");
    let begun = scene.built();
    scene.rewrites(0, &begun, "We share five servers. We decide by consent.");
    scene.rewrites(
        1,
        &begun,
        "We share servers. We decide together by consent.",
    );
    let document = scene.built();
    let both = "We share five servers. We decide together by consent.";
    assert_eq!(document.text(), both);
    assert_eq!(document.heads().len(), 2);
    scene.rewrites(0, &document, "One text.");
    let document = scene.built();
    assert_eq!(
        (document.text().as_str(), document.heads().len()),
        ("One text.", 1)
    );
}

#[test]
fn edits_that_come_one_by_one_give_the_same_as_all_at_once() {
    let mut scene = Scene::new(2, "abc");
    let mut seen = scene.built();
    for round in 0..6 {
        let text = format!("{} {round}", seen.text());
        scene.rewrites(round % 2, &seen, &text);
        seen.apply(scene.items.last().cloned());
    }
    assert_eq!(seen.text(), "abc 0 1 2 3 4 5");
    assert_eq!(seen.automerge_heads(), scene.built().automerge_heads());
}

#[test]
fn an_edit_waits_for_what_it_builds_on() {
    let mut scene = Scene::new(1, "abc");
    let first = scene.does(0, &[scene.document], vec![splice(3, 0, "d")]);
    let second = scene.does(0, &[first], vec![splice(4, 0, "e")]);
    let (begin, later) = (scene.items[0].clone(), scene.items[2].clone());
    let mut document = Document::build(scene.document, [begin, later]);
    assert_eq!(document.text(), "abc");
    assert_eq!(document.outcome(&second), Some(Outcome::Waits));
    assert_eq!(document.outcome(&first), None);
    document.apply([scene.items[1].clone()]);
    assert_eq!(document.text(), "abcde");
    assert_eq!(document.outcome(&second), Some(Outcome::Applied));
}

#[test]
fn a_pinned_version_stays_readable_and_shows_when_it_is_not_what_was_pinned() {
    let mut scene = Scene::new(2, "Version one.");
    let pinned = scene.built().version();
    scene.rewrites(1, &scene.built(), "Version two.");
    let document = scene.built();
    assert_eq!(document.text_of(&pinned), Ok("Version one.".to_owned()));
    let mut forged = pinned.clone();
    forged.text = Hash([0; 32]);
    let error = VersionError::Text {
        found: pinned.text,
        named: forged.text,
    };
    assert_eq!(document.text_of(&forged), Err(error));
    forged.edits = vec![domain::id::EntryId([8; 32])];
    assert_eq!(
        document.text_of(&forged),
        Err(VersionError::Missing(forged.edits[0]))
    );
}

#[test]
fn every_piece_of_the_text_names_who_wrote_it() {
    let mut scene = Scene::new(2, "We share servers.");
    scene.rewrites(1, &scene.built(), "We share five big servers.");
    let document = scene.built();
    let pieces = document.pieces();
    let words: Vec<(&str, bool)> = pieces
        .iter()
        .map(|piece| (piece.text.as_str(), piece.author == scene.authors[1].key()))
        .collect();
    let expected = [
        ("We share ", false),
        ("five big ", true),
        ("servers.", false),
    ];
    assert_eq!(words, expected);
}

#[test]
fn both_branches_of_a_fork_stay_and_others_build_on_both() {
    let mut scene = Scene::new(2, "base.");
    let mut traitor = scene.authors[1].fork_after(0);
    let one = scene.does(1, &[scene.document], vec![splice(0, 0, "one ")]);
    std::mem::swap(&mut scene.authors[1], &mut traitor);
    let two = scene.does(1, &[scene.document], vec![splice(0, 0, "two ")]);
    assert_eq!(scene.authors[1].sequence(), traitor.sequence());
    let document = scene.built();
    let text = document.text();
    assert!(text.contains("one ") && text.contains("two "), "{text}");
    let pinned = Document::build(scene.document, scene.items[..2].to_vec()).version();
    assert_eq!(document.text_of(&pinned), Ok("one base.".to_owned()));
    scene.does(0, &[one, two], vec![splice(0, 0, "both: ")]);
    assert!(scene.built().text().starts_with("both: "));
}

#[test]
fn a_board_is_made_of_lists_and_maps() {
    let mut scene = Scene::new(2, "");
    let put = |object, key: &str, value| Operation::Put {
        object,
        key: key.to_owned(),
        value,
    };
    let first = scene.does(
        0,
        &[scene.document],
        vec![
            Operation::MakeAt {
                object: Object::Map,
                key: "tasks".to_owned(),
                made: ObjectKind::List,
            },
            Operation::MakeIn {
                object: Object::Own(0),
                index: 0,
                made: ObjectKind::Map,
            },
            put(Object::Own(1), "what", Value::Text("mow".to_owned())),
            Operation::Insert {
                object: Object::Own(0),
                index: 1,
                value: Value::Number(7),
            },
        ],
    );
    let (list, map) = (Object::Made(first, 0), Object::Made(first, 1));
    let one = scene.does(0, &[first], vec![put(map, "done", Value::Number(1))]);
    let set = Operation::Set {
        object: list,
        index: 1,
        value: Value::Bytes(vec![1, 2]),
    };
    let two = scene.does(
        1,
        &[first],
        vec![
            set,
            put(Object::Map, "title", Value::Text("Garden".to_owned())),
        ],
    );
    let document = scene.built();
    assert_eq!(document.title(), "Garden");
    let Tree::Map(Object::Map, entries) = document.tree() else {
        panic!("a document's tree is a map");
    };
    let task = Tree::Map(
        map,
        [
            ("done".to_owned(), Tree::Value(Value::Number(1))),
            (
                "what".to_owned(),
                Tree::Value(Value::Text("mow".to_owned())),
            ),
        ]
        .into(),
    );
    let bytes = Tree::Value(Value::Bytes(vec![1, 2]));
    assert_eq!(entries["tasks"], Tree::List(list, vec![task, bytes]));
    let remove = Operation::Remove {
        object: list,
        index: 0,
    };
    let delete = Operation::Delete {
        object: Object::Map,
        key: "title".to_owned(),
    };
    scene.does(0, &[one, two], vec![remove, delete]);
    let document = scene.built();
    assert_eq!(document.title(), "Draft", "what it began with");
    let Tree::Map(_, entries) = document.tree() else {
        panic!("a document's tree is a map");
    };
    assert_eq!(
        entries["tasks"],
        Tree::List(list, vec![Tree::Value(Value::Bytes(vec![1, 2]))])
    );
}

#[test]
fn setting_what_is_already_set_changes_nothing_and_can_be_built_upon() {
    let mut scene = Scene::new(1, "abc");
    let put = Operation::Put {
        object: Object::Map,
        key: "title".to_owned(),
        value: Value::Text("Draft".to_owned()),
    };
    let same = scene.does(0, &[scene.document], vec![put]);
    scene.does(0, &[same], vec![splice(0, 1, "")]);
    let document = scene.built();
    assert_eq!(
        (document.text().as_str(), document.outcome(&same)),
        ("bc", Some(Outcome::Applied))
    );
}

#[test]
fn more_branches_than_an_edit_can_name_are_joined_step_by_step() {
    let mut scene = Scene::new(20, "x");
    for author in 0..20 {
        scene.does(author, &[scene.document], vec![splice(0, 0, "y")]);
    }
    let mut document = scene.built();
    assert_eq!(document.heads().len(), 20);
    for _ in 0..2 {
        let basis = document.basis();
        assert!(basis.parents.len() <= domain::entry::REFERENCES_MAX);
        let text = format!("{}z", basis.text);
        scene.rewrites(0, &document, &text);
        document = scene.built();
    }
    assert_eq!(document.heads().len(), 1);
    assert_eq!(document.text().matches('y').count(), 20);
}

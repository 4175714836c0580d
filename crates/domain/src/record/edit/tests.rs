use proptest::prelude::*;

use super::*;
use crate::{
    cbor::{Decode, Encode},
    text::TEXT_BYTES_MAX,
};

fn splice(position: u64, delete: u64, insert: &str) -> Operation {
    Operation::Splice {
        object: Object::Text,
        position,
        delete,
        insert: insert.to_owned(),
    }
}

fn edit(operations: Vec<Operation>) -> Edit {
    Edit {
        document: Some(EntryId([1; 32])),
        start: None,
        operations,
    }
}

fn refused(edit: &Edit) -> DecodeError {
    Edit::from_bytes(&edit.to_bytes()).unwrap_err()
}

fn an_object() -> impl Strategy<Value = Object> {
    prop_oneof![
        Just(Object::Text),
        Just(Object::Map),
        (any::<u8>(), 0..OPERATIONS_MAX as u64)
            .prop_map(|(byte, index)| Object::Made(EntryId([byte; 32]), index)),
    ]
}

fn a_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<u64>().prop_map(Value::Number),
        "[a-zñ日\n]{0,12}".prop_map(Value::Text),
        proptest::collection::vec(any::<u8>(), 0..=VALUE_BINARY_MAX).prop_map(Value::Bytes),
    ]
}

fn a_kind() -> impl Strategy<Value = ObjectKind> {
    prop_oneof![
        Just(ObjectKind::Text),
        Just(ObjectKind::List),
        Just(ObjectKind::Map)
    ]
}

fn an_operation() -> impl Strategy<Value = Operation> {
    let key = "[a-zñ]{1,12}";
    let place = 0..=TEXT_BYTES_MAX as u64;
    prop_oneof![
        (an_object(), place.clone(), 0..200u64, "[a-zñ日\n]{1,20}").prop_map(
            |(object, position, delete, insert)| Operation::Splice {
                object,
                position,
                delete,
                insert,
            }
        ),
        (an_object(), key, a_value()).prop_map(|(object, key, value)| Operation::Put {
            object,
            key,
            value
        }),
        (an_object(), key).prop_map(|(object, key)| Operation::Delete { object, key }),
        (an_object(), place.clone(), a_value()).prop_map(|(object, index, value)| {
            Operation::Insert {
                object,
                index,
                value,
            }
        }),
        (an_object(), place.clone(), a_value()).prop_map(|(object, index, value)| Operation::Set {
            object,
            index,
            value
        }),
        (an_object(), place.clone())
            .prop_map(|(object, index)| Operation::Remove { object, index }),
        (an_object(), key, a_kind()).prop_map(|(object, key, made)| Operation::MakeAt {
            object,
            key,
            made
        }),
        (an_object(), place, a_kind()).prop_map(|(object, index, made)| Operation::MakeIn {
            object,
            index,
            made
        }),
    ]
}

fn a_start() -> impl Strategy<Value = Edit> {
    let text = proptest::option::of("[a-z]{1,9}");
    (any::<bool>(), "[a-zñ日 ]{0,9}[a-z]", text).prop_map(|(begins, title, text)| Edit {
        document: Some(EntryId([9; 32])).filter(|_| !begins),
        start: Some(Start {
            title,
            text: text.map(|text| Content::of(&text).unwrap().0),
        }),
        operations: Vec::new(),
    })
}

fn an_edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        3 => proptest::collection::vec(an_operation(), 1..12).prop_map(edit),
        1 => a_start(),
    ]
}

proptest! {
    #[test]
    fn an_edit_comes_back_from_its_bytes(edit in an_edit()) {
        prop_assert_eq!(Edit::from_bytes(&edit.to_bytes()), Ok(edit));
    }

    #[test]
    fn bytes_that_are_an_edit_are_its_one_encoding(
        edit in an_edit(),
        changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4),
        length in any::<usize>(),
    ) {
        let mut bytes = edit.to_bytes();
        for (place, byte) in changes {
            let place = place % bytes.len();
            bytes[place] = byte;
        }
        if length % 3 == 0 {
            bytes.truncate(length % (bytes.len() + 1));
        }
        if let Ok(read) = Edit::from_bytes(&bytes) {
            prop_assert_eq!(read.to_bytes(), bytes);
        }
    }

    #[test]
    fn an_edit_is_not_read_from_any_shorter_bytes(edit in an_edit(), cut in 1..40usize) {
        let bytes = edit.to_bytes();
        let cut = cut.min(bytes.len());
        prop_assert!(Edit::from_bytes(&bytes[..bytes.len() - cut]).is_err());
    }
}

#[test]
fn an_edit_names_its_document_or_begins_one_and_changes_something() {
    let mut nameless = edit(vec![splice(0, 0, "a")]);
    nameless.document = None;
    assert!(matches!(refused(&nameless), DecodeError::Invalid(_)));
    nameless.start = Some(Start {
        title: "Minutes".to_owned(),
        text: None,
    });
    assert!(matches!(refused(&nameless), DecodeError::Invalid(_)));
    nameless.operations = Vec::new();
    assert_eq!(Edit::from_bytes(&nameless.to_bytes()), Ok(nameless));
    assert!(matches!(
        refused(&edit(Vec::new())),
        DecodeError::Invalid(_)
    ));
    let nothing = edit(vec![splice(3, 0, "")]);
    assert!(matches!(refused(&nothing), DecodeError::Invalid(_)));
}

#[test]
fn an_edit_is_bounded_in_operations_weight_and_length() {
    let many = |count| edit(vec![splice(0, 1, ""); count]);
    assert!(Edit::from_bytes(&many(OPERATIONS_MAX).to_bytes()).is_ok());
    let range = |error| matches!(error, DecodeError::Range { .. });
    assert!(range(refused(&many(OPERATIONS_MAX + 1))));
    let heavy = edit(vec![splice(0, EDIT_WEIGHT_MAX, ""), splice(0, 0, "a")]);
    assert!(range(refused(&heavy)));
    let long = "a".repeat(INSERT_BYTES_MAX + 1);
    assert!(range(refused(&edit(vec![splice(0, 0, &long)]))));
    let far = edit(vec![splice(TEXT_BYTES_MAX as u64 + 1, 0, "a")]);
    assert!(range(refused(&far)));
}

#[test]
fn an_operation_names_only_what_an_earlier_one_of_its_edit_made() {
    let make = Operation::MakeAt {
        object: Object::Map,
        key: "tasks".to_owned(),
        made: ObjectKind::List,
    };
    let insert = |own| Operation::Insert {
        object: Object::Own(own),
        index: 0,
        value: Value::Number(1),
    };
    let good = edit(vec![make.clone(), insert(0)]);
    assert_eq!(Edit::from_bytes(&good.to_bytes()), Ok(good));
    for bad in [
        vec![insert(0)],
        vec![insert(1), make.clone()],
        vec![make, insert(0), insert(1)],
    ] {
        assert!(matches!(refused(&edit(bad)), DecodeError::Invalid(_)));
    }
}

#[test]
fn controls_and_overrides_are_not_inserted() {
    for text in ["a\u{202e}b", "a\rb", "\u{feff}", "\0"] {
        let bad = edit(vec![splice(0, 0, text)]);
        assert!(matches!(refused(&bad), DecodeError::Invalid(_)), "{text:?}");
    }
    assert!(Edit::from_bytes(&edit(vec![splice(0, 0, "a\n\tb")]).to_bytes()).is_ok());
}

#[test]
fn what_a_view_keeps_of_an_edit_has_no_text() {
    let (content, _) = Content::of("hello").unwrap();
    let mut edit = edit(vec![splice(0, 0, "a")]);
    edit.start = Some(Start {
        title: "Minutes".to_owned(),
        text: Some(content),
    });
    edit.forget_text();
    assert!(edit.operations.is_empty());
    let kept = edit.start.unwrap().text.unwrap();
    assert_eq!((kept.inline(), kept.length()), (None, 5));
}

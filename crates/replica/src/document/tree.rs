//! What a document holds beside its text: maps, lists, and texts in them.

use std::collections::BTreeMap;

use automerge::{ObjId, ROOT, ReadDoc};
use domain::record::{Object, ObjectKind, Value};

use super::{Document, derive::Derived};

/// Something in a document, with the name by which operations find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// A single value.
    Value(Value),
    /// A text.
    Text(Object, String),
    /// A list.
    List(Object, Vec<Tree>),
    /// A map. Of what several people put under one key at once, one stays, on every node the same.
    Map(Object, BTreeMap<String, Tree>),
}

impl Document {
    /// The document's map with all that is in it, except the text under `text`; empty while the
    /// document is not here.
    #[must_use]
    pub fn tree(&self) -> Tree {
        let Some(derived) = &self.derived else {
            return Tree::Map(Object::Map, BTreeMap::new());
        };
        let mut names: BTreeMap<ObjId, (Object, ObjectKind)> = derived
            .objects()
            .iter()
            .map(|((edit, operation), made)| {
                let name = Object::Made(*edit, *operation);
                (made.object.clone(), (name, made.kind))
            })
            .collect();
        names.insert(ROOT, (Object::Map, ObjectKind::Map));
        read(derived, &names, &ROOT).unwrap_or(Tree::Map(Object::Map, BTreeMap::new()))
    }
}

type Names = BTreeMap<ObjId, (Object, ObjectKind)>;

/// Reads an object and what is in it: edits cannot nest objects deeper than
/// [`super::DEPTH_MAX`].
fn read(derived: &Derived, names: &Names, object: &ObjId) -> Option<Tree> {
    let document = derived.document();
    let (name, kind) = names.get(object)?;
    let inside = |value: automerge::Value<'_>, id: &ObjId| match value {
        automerge::Value::Object(_) => read(derived, names, id),
        automerge::Value::Scalar(scalar) => Some(Tree::Value(value_of(&scalar)?)),
    };
    Some(match kind {
        ObjectKind::Text => Tree::Text(*name, document.text(object).ok()?),
        ObjectKind::List => {
            let items = document.list_range(object, ..);
            let items = items.filter_map(|item| {
                let id = item.id();
                inside(item.value.into_value(), &id)
            });
            Tree::List(*name, items.collect())
        }
        ObjectKind::Map => {
            let entries = document.map_range(object, ..);
            let entries = entries.filter_map(|entry| {
                let (key, id) = (entry.key.to_string(), entry.id());
                Some((key, inside(entry.value.into_value(), &id)?))
            });
            Tree::Map(*name, entries.collect())
        }
    })
}

fn value_of(scalar: &automerge::ScalarValue) -> Option<Value> {
    Some(match scalar {
        automerge::ScalarValue::Null => Value::Null,
        automerge::ScalarValue::Uint(number) => Value::Number(*number),
        automerge::ScalarValue::Str(text) => Value::Text(text.to_string()),
        automerge::ScalarValue::Bytes(bytes) => Value::Bytes(bytes.clone()),
        _ => return None,
    })
}

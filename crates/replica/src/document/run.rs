//! Runs the operations of one edit as one Automerge transaction.

use std::collections::BTreeMap;

use automerge::{
    ActorId, Automerge, AutomergeError, ChangeHash, ObjId, ObjType, ROOT, ReadDoc, ScalarValue,
    transaction::{CommitOptions, Transactable, Transaction},
};
use domain::{
    id::EntryId,
    record::{Object, ObjectKind, Operation, Value},
    text::TEXT_BYTES_MAX,
};

use super::item::{Fault, Item};

/// How deep an object may lie inside others.
pub const DEPTH_MAX: u64 = 8;

/// An object that an operation made.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub object: ObjId,
    pub kind: ObjectKind,
    depth: u64,
}

/// Objects by the edit and the operation that made them.
pub(super) type Objects = BTreeMap<(EntryId, u64), Made>;

/// What an edit changed.
pub(super) struct Ran {
    /// The change that was made.
    pub change: ChangeHash,
    /// What its operations made.
    pub made: Vec<(u64, Made)>,
}

/// Each edit is an actor of its own with a single change. So the change is a function of the edit
/// and its ancestors even when a key's log forks, and a character says which edit it came from.
fn actor(id: &EntryId) -> ActorId {
    ActorId::from(&id.0[..])
}

/// Begins a generation. Returns the text's object and the change.
pub(super) fn start(document: &mut Automerge, item: &Item, text: &str) -> (ObjId, ChangeHash) {
    document.set_actor(actor(&item.id));
    let title = item.edit.start.as_ref().map_or("", |start| &start.title);
    let mut transaction = document.transaction();
    let mut fill = || -> Result<ObjId, AutomergeError> {
        let object = transaction.put_object(ROOT, "text", ObjType::Text)?;
        transaction.put(ROOT, "title", title)?;
        transaction.splice_text(&object, 0, 0, text)?;
        Ok(object)
    };
    let object = fill().expect("an empty document takes any text");
    let (change, _) = transaction.commit_with(options(item));
    (object, change.expect("an object was made"))
}

/// Runs an edit on a document that holds its ancestors and nothing else, whose text has so many
/// bytes, if they were counted. After a fault the document is as before.
pub(super) fn run(
    document: &mut Automerge,
    item: &Item,
    text: &ObjId,
    bytes: &mut Option<usize>,
    find: impl Fn(EntryId, u64) -> Option<Made>,
) -> Result<Ran, Fault> {
    document.set_actor(actor(&item.id));
    let (change, made) = perform(document, item, text, bytes, find)?;
    // What sets a value that was already set changes nothing and may still be built upon.
    let change = change.unwrap_or_else(|| document.empty_commit(options(item)));
    Ok(Ran { change, made })
}

type Performed = (Option<ChangeHash>, Vec<(u64, Made)>);

fn perform(
    document: &mut Automerge,
    item: &Item,
    text: &ObjId,
    bytes: &mut Option<usize>,
    find: impl Fn(EntryId, u64) -> Option<Made>,
) -> Result<Performed, Fault> {
    let mut runner = Runner {
        transaction: document.transaction(),
        text,
        bytes: *bytes,
        made: BTreeMap::new(),
    };
    let mut operations = item.edit.operations.iter().enumerate();
    let ran = operations
        .try_for_each(|(place, operation)| runner.step(place, operation, &find))
        .and_then(|()| runner.check_length());
    let Runner {
        transaction,
        made,
        bytes: counted,
        ..
    } = runner;
    if let Err(fault) = ran {
        transaction.rollback();
        return Err(fault);
    }
    *bytes = counted;
    let (change, _) = transaction.commit_with(options(item));
    Ok((change, made.into_iter().collect()))
}

fn options(item: &Item) -> CommitOptions {
    let seconds = i64::try_from(item.time.0 / 1000).unwrap_or(i64::MAX);
    CommitOptions::default().with_time(seconds)
}

struct Runner<'a> {
    transaction: Transaction<'a>,
    text: &'a ObjId,
    bytes: Option<usize>,
    made: BTreeMap<u64, Made>,
}

impl Runner<'_> {
    fn step(
        &mut self,
        place: usize,
        operation: &Operation,
        find: &impl Fn(EntryId, u64) -> Option<Made>,
    ) -> Result<(), Fault> {
        let on = match operation.object() {
            Object::Text => Made {
                object: self.text.clone(),
                kind: ObjectKind::Text,
                depth: 1,
            },
            Object::Map => Made {
                object: ROOT,
                kind: ObjectKind::Map,
                depth: 0,
            },
            Object::Own(index) => self
                .made
                .get(&index)
                .cloned()
                .ok_or(Fault::MissingObject { operation: place })?,
            Object::Made(entry, index) => {
                find(entry, index).ok_or(Fault::MissingObject { operation: place })?
            }
        };
        let fits = match operation {
            Operation::Splice { .. } => ObjectKind::Text,
            Operation::Put { .. } | Operation::Delete { .. } | Operation::MakeAt { .. } => {
                ObjectKind::Map
            }
            _ => ObjectKind::List,
        };
        if on.kind != fits {
            return Err(Fault::WrongKind { operation: place });
        }
        self.check_place(place, operation, &on.object)?;
        let kind = operation.makes();
        if kind.is_some() && on.depth >= DEPTH_MAX {
            let (operation, most) = (place, DEPTH_MAX);
            return Err(Fault::TooDeep { operation, most });
        }
        let object = self
            .change(operation, &on.object)
            .map_err(|_| Fault::WrongKind { operation: place })?;
        if let (Some(kind), Some(object)) = (kind, object) {
            let depth = on.depth + 1;
            self.made.insert(
                place as u64,
                Made {
                    object,
                    kind,
                    depth,
                },
            );
        }
        Ok(())
    }

    fn check_place(
        &self,
        place: usize,
        operation: &Operation,
        object: &ObjId,
    ) -> Result<(), Fault> {
        let end = match operation {
            Operation::Splice {
                position, delete, ..
            } => position + delete,
            Operation::Insert { index, .. } | Operation::MakeIn { index, .. } => *index,
            Operation::Set { index, .. } | Operation::Remove { index, .. } => index + 1,
            Operation::Delete { key, .. } => {
                return match self.transaction.get(object, key.as_str()) {
                    Ok(Some(_)) => Ok(()),
                    _ => Err(Fault::MissingKey { operation: place }),
                };
            }
            Operation::Put { .. } | Operation::MakeAt { .. } => return Ok(()),
        };
        let length = self.transaction.length(object) as u64;
        if end > length {
            return Err(Fault::PastTheEnd {
                operation: place,
                end,
                length,
            });
        }
        Ok(())
    }

    fn change(
        &mut self,
        operation: &Operation,
        object: &ObjId,
    ) -> Result<Option<ObjId>, AutomergeError> {
        let transaction = &mut self.transaction;
        match operation {
            Operation::Splice {
                position,
                delete,
                insert,
                ..
            } => {
                if object == self.text
                    && let Some(bytes) = &mut self.bytes
                {
                    let places = index_of(*position)..index_of(position + delete);
                    let deleted = places.map(|place| bytes_at(transaction, object, place));
                    *bytes = bytes.saturating_sub(deleted.sum()) + insert.len();
                }
                let delete = isize::try_from(*delete).unwrap_or(isize::MAX);
                transaction.splice_text(object, index_of(*position), delete, insert)?;
            }
            Operation::Put { key, value, .. } => {
                transaction.put(object, key.as_str(), scalar(value))?;
            }
            Operation::Delete { key, .. } => transaction.delete(object, key.as_str())?,
            Operation::Insert { index, value, .. } => {
                transaction.insert(object, index_of(*index), scalar(value))?;
            }
            Operation::Set { index, value, .. } => {
                transaction.put(object, index_of(*index), scalar(value))?;
            }
            Operation::Remove { index, .. } => transaction.delete(object, index_of(*index))?,
            Operation::MakeAt { key, made, .. } => {
                let made = transaction.put_object(object, key.as_str(), kind_of(*made))?;
                return Ok(Some(made));
            }
            Operation::MakeIn { index, made, .. } => {
                let made = transaction.insert_object(object, index_of(*index), kind_of(*made))?;
                return Ok(Some(made));
            }
        }
        Ok(None)
    }

    /// Reading a long text after each edit would cost more than the edits, so its bytes are counted
    /// from edit to edit.
    fn check_length(&mut self) -> Result<(), Fault> {
        // A character has at most four bytes, so nearly always counting them is enough.
        if self.transaction.length(self.text) <= TEXT_BYTES_MAX / 4 {
            self.bytes = None;
            return Ok(());
        }
        let (transaction, text) = (&self.transaction, self.text);
        let count = || transaction.text(text).map_or(0, |text| text.len());
        let found = *self.bytes.get_or_insert_with(count);
        if found > TEXT_BYTES_MAX {
            let most = TEXT_BYTES_MAX;
            return Err(Fault::TooLong { found, most });
        }
        Ok(())
    }
}

fn bytes_at(transaction: &Transaction<'_>, text: &ObjId, place: usize) -> usize {
    match transaction.get(text, place) {
        Ok(Some((value, _))) => value.as_str().map_or(0, str::len),
        _ => 0,
    }
}

/// Checked against the length before.
fn index_of(place: u64) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

fn kind_of(kind: ObjectKind) -> ObjType {
    match kind {
        ObjectKind::Text => ObjType::Text,
        ObjectKind::List => ObjType::List,
        ObjectKind::Map => ObjType::Map,
    }
}

fn scalar(value: &Value) -> ScalarValue {
    match value {
        Value::Null => ScalarValue::Null,
        Value::Number(number) => ScalarValue::Uint(*number),
        Value::Text(text) => ScalarValue::Str(text.as_str().into()),
        Value::Bytes(bytes) => ScalarValue::Bytes(bytes.clone()),
    }
}

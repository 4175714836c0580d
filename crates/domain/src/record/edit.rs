//! Edits of documents: typed, bounded operations from which every node derives the same document
//! (`specs/documents.md`).

use super::Content;
use crate::{
    cbor::DecodeError,
    id::{DocumentId, EntryId, Hash},
    text::INLINE_BYTES_MAX,
};

mod encoding;

/// The most operations of one edit.
pub const OPERATIONS_MAX: usize = 256;
/// The most an edit may weigh: see [`Edit::weight`].
pub const EDIT_WEIGHT_MAX: u64 = 64 * 1024;
/// The longest text that one operation inserts, in bytes.
pub const INSERT_BYTES_MAX: usize = INLINE_BYTES_MAX;
/// The longest key of a map, in bytes.
pub const KEY_BYTES_MAX: usize = 128;
/// The longest text of a single value in a map or list, in bytes.
pub const VALUE_BYTES_MAX: usize = 8 * 1024;
/// The longest byte string in a map or list: the length of the longest id or signature.
pub const VALUE_BINARY_MAX: usize = 64;

/// What someone changed in a document. The edits it builds on are the references of its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The document; `None` in the edit that begins it, whose id is then the document's.
    pub document: Option<DocumentId>,
    /// What a document or a new generation of it begins with.
    pub start: Option<Start>,
    /// What is changed, one after the other.
    pub operations: Vec<Operation>,
}

/// The beginning of a document, or of a new generation that leaves the history behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// What the document is called.
    pub title: String,
    /// The text it begins with; `None` if it is empty.
    pub text: Option<Content>,
}

/// What an operation works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// The document's text.
    Text,
    /// The document's map.
    Map,
    /// What an earlier operation of the same edit made.
    Own(u64),
    /// What an operation of an edit before made.
    Made(EntryId, u64),
}

/// The kinds of objects an operation can make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectKind {
    /// A text.
    Text,
    /// A list.
    List,
    /// A map.
    Map,
}

/// A single value in a map or list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A number, a time, or a yes (1) or no (0).
    Number(u64),
    /// Words.
    Text(String),
    /// An id or a hash.
    Bytes(Vec<u8>),
}

impl Value {
    fn weight(&self) -> u64 {
        match self {
            Self::Null | Self::Number(_) => 0,
            Self::Text(text) => text.chars().count() as u64,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }
}

/// One change. Places are counted from 0, in texts by Unicode scalar values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Replaces a part of a text.
    Splice {
        /// The text.
        object: Object,
        /// Where.
        position: u64,
        /// How many characters go.
        delete: u64,
        /// What comes in their place.
        insert: String,
    },
    /// Sets a key of a map.
    Put {
        /// The map.
        object: Object,
        /// The key.
        key: String,
        /// Its value.
        value: Value,
    },
    /// Takes a key out of a map.
    Delete {
        /// The map.
        object: Object,
        /// The key.
        key: String,
    },
    /// Puts a value into a list, before what stands at the place.
    Insert {
        /// The list.
        object: Object,
        /// The place.
        index: u64,
        /// The value.
        value: Value,
    },
    /// Replaces a value of a list.
    Set {
        /// The list.
        object: Object,
        /// The place.
        index: u64,
        /// The value.
        value: Value,
    },
    /// Takes a value out of a list.
    Remove {
        /// The list.
        object: Object,
        /// The place.
        index: u64,
    },
    /// Makes an object under a key of a map.
    MakeAt {
        /// The map.
        object: Object,
        /// The key.
        key: String,
        /// What is made.
        made: ObjectKind,
    },
    /// Makes an object in a list, before what stands at the place.
    MakeIn {
        /// The list.
        object: Object,
        /// The place.
        index: u64,
        /// What is made.
        made: ObjectKind,
    },
}

impl Operation {
    /// The object it works on.
    #[must_use]
    pub fn object(&self) -> Object {
        match self {
            Self::Splice { object, .. }
            | Self::Put { object, .. }
            | Self::Delete { object, .. }
            | Self::Insert { object, .. }
            | Self::Set { object, .. }
            | Self::Remove { object, .. }
            | Self::MakeAt { object, .. }
            | Self::MakeIn { object, .. } => *object,
        }
    }

    /// Whether it makes an object.
    #[must_use]
    pub fn makes(&self) -> Option<ObjectKind> {
        match self {
            Self::MakeAt { made, .. } | Self::MakeIn { made, .. } => Some(*made),
            _ => None,
        }
    }

    /// What it counts against the limits: one for each character that comes or goes; for other
    /// operations one, and the characters of the key and the value that it sets.
    #[must_use]
    pub fn weight(&self) -> u64 {
        let characters = |text: &str| text.chars().count() as u64;
        match self {
            Self::Splice { delete, insert, .. } => delete + characters(insert),
            Self::Put { key, value, .. } => 1 + characters(key) + value.weight(),
            Self::Insert { value, .. } | Self::Set { value, .. } => 1 + value.weight(),
            Self::MakeAt { key, .. } => 1 + characters(key),
            Self::Delete { .. } | Self::Remove { .. } | Self::MakeIn { .. } => 1,
        }
    }
}

impl Edit {
    /// What its operations count against the limits; without the text of a start.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.operations.iter().map(Operation::weight).sum()
    }

    /// Whether the edit keeps the rules that its form alone decides.
    ///
    /// # Errors
    /// Names the rule that it breaks.
    pub fn check(&self) -> Result<(), DecodeError> {
        let invalid = |why| Err(DecodeError::Invalid(why));
        if self.document.is_none() && self.start.is_none() {
            return invalid("an edit names its document or begins one");
        }
        // So whether a document begins never depends on whether operations fit.
        if self.start.is_some() != self.operations.is_empty() {
            return invalid("an edit changes something or begins with a text, not both");
        }
        for (place, operation) in self.operations.iter().enumerate() {
            if let Object::Own(index) = operation.object() {
                let earlier = usize::try_from(index).unwrap_or(usize::MAX).min(place);
                let made = self.operations[..place].get(earlier);
                if made.and_then(Operation::makes).is_none() {
                    return invalid("an operation names what an earlier one made");
                }
            }
            if operation.weight() == 0 {
                return invalid("a splice inserts or deletes");
            }
        }
        match self.weight() {
            weight if weight > EDIT_WEIGHT_MAX => Err(DecodeError::Range {
                field: "edit weight",
                found: weight,
                allowed: "at most 65536",
            }),
            _ => Ok(()),
        }
    }

    /// Drops what is long and keeps what views read.
    pub fn forget_text(&mut self) {
        self.operations = Vec::new();
        if let Some(content) = self.content_mut() {
            content.forget_text();
        }
    }

    /// The chunks of the text it starts with.
    #[must_use]
    pub fn chunks(&self) -> &[Hash] {
        let content = self.start.as_ref().and_then(|start| start.text.as_ref());
        content.map_or(&[], Content::chunks)
    }

    fn content_mut(&mut self) -> Option<&mut Content> {
        self.start.as_mut().and_then(|start| start.text.as_mut())
    }
}

#[cfg(test)]
mod tests;

//! One edit as the derivation needs it.

use domain::{
    cbor::DecodeError,
    entry::Entry,
    id::{DocumentId, EntryId, FederationId, MemberId, Timestamp},
    key::PublicKey,
    record::{Edit, Kind, Operation, Record},
    text::Content,
};
use thiserror::Error;

/// An edit with what its header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub id: EntryId,
    /// Who wrote it.
    pub author: PublicKey,
    /// For which member.
    pub member: MemberId,
    /// When, by the author's clock.
    pub time: Timestamp,
    /// The edits it builds on.
    pub parents: Vec<EntryId>,
    /// What it changes.
    pub edit: Edit,
    /// The text of a start, if it is here.
    text: Option<String>,
}

impl Item {
    /// Reads an entry that was written for a member; `None` if it is no edit or its body is withheld
    /// or not of its form. Such an entry has no effect, and what builds on it waits.
    #[must_use]
    pub fn read(federation: &FederationId, member: MemberId, entry: &Entry) -> Option<Self> {
        let header = &entry.header;
        if header.kind != Kind::Edit {
            return None;
        }
        let body = entry.body.as_ref()?;
        let Ok(Some(Record::Edit(edit))) = Record::from_bytes(Kind::Edit, body.bytes()) else {
            return None;
        };
        let text = match edit.start.as_ref().map(|start| start.text.as_ref()) {
            Some(None) => Some(String::new()),
            Some(Some(content)) => content.inline().map(str::to_owned),
            None => None,
        };
        Some(Self {
            id: entry.id(federation),
            author: header.author,
            member,
            time: header.time,
            parents: header.references.clone(),
            edit,
            text,
        })
    }

    /// An edit that is tried and never signed, beside another one.
    pub(super) fn unsigned(
        id: EntryId,
        beside: &Self,
        parents: Vec<EntryId>,
        operations: Vec<Operation>,
    ) -> Self {
        let edit = Edit {
            document: Some(beside.document()),
            start: None,
            operations,
        };
        let (author, member, time) = (beside.author, beside.member, beside.time);
        Self {
            id,
            author,
            member,
            time,
            parents,
            edit,
            text: None,
        }
    }

    /// The document it belongs to.
    #[must_use]
    pub fn document(&self) -> DocumentId {
        self.edit.document.unwrap_or(self.id)
    }

    /// The long text that it names by its chunks and that is not here yet.
    #[must_use]
    pub fn missing_text(&self) -> Option<&Content> {
        let content = self.edit.start.as_ref()?.text.as_ref()?;
        self.text.is_none().then_some(content)
    }

    /// Puts the long text together that it starts with.
    ///
    /// # Errors
    /// When the chunks are not that text.
    pub fn assemble(&mut self, chunks: &[Vec<u8>]) -> Result<(), DecodeError> {
        if let Some(content) = self.missing_text() {
            self.text = Some(content.assemble(chunks)?);
        }
        Ok(())
    }

    /// The text it starts with, if it is a start and the text is here.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// What it counts against the document's limit.
    pub(super) fn weight(&self) -> u64 {
        let start = self.text.as_ref().map_or(0, |text| text.chars().count());
        start as u64 + self.edit.weight()
    }
}

/// Why an edit has no effect: a function of the edit and those it builds on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// A beginning names edits before it, or another edit names none.
    #[error("only the edit that begins a document builds on none")]
    Parents,
    /// It builds on an edit without effect.
    #[error("it builds on {}, which has no effect", .0.short())]
    Parent(EntryId),
    /// It builds on two generations of the document.
    #[error("it builds on two generations of the document")]
    Generations,
    /// An operation works on something that is not there.
    #[error("operation {operation} works on something that is not there")]
    MissingObject {
        /// Which, from 0.
        operation: usize,
    },
    /// An operation does not fit what it works on.
    #[error("operation {operation} does not fit what it works on")]
    WrongKind {
        /// Which, from 0.
        operation: usize,
    },
    /// An operation lies past the end.
    #[error("operation {operation} reaches to {end}, past the end at {length}")]
    PastTheEnd {
        /// Which, from 0.
        operation: usize,
        /// Where it ends.
        end: u64,
        /// Where the text or list ends.
        length: u64,
    },
    /// An operation deletes a key that is not there.
    #[error("operation {operation} deletes a key that is not there")]
    MissingKey {
        /// Which, from 0.
        operation: usize,
    },
    /// An operation makes an object too deep inside others.
    #[error("operation {operation} makes an object more than {most} deep")]
    TooDeep {
        /// Which, from 0.
        operation: usize,
        /// How deep it may be.
        most: u64,
    },
    /// The document's text would be too long.
    #[error("the text would have {found} bytes, at most {most} are allowed")]
    TooLong {
        /// How many bytes it would have.
        found: usize,
        /// How many it may have.
        most: usize,
    },
}

/// What became of an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It has its effect.
    Applied,
    /// It has no effect, on any node.
    Faulty(Fault),
    /// The document was full before it: it has no effect until a new generation begins.
    Full,
    /// Something it builds on, or the text the generation starts with, is not here.
    Waits,
    /// It belongs to a generation that was left behind.
    Earlier,
}

//! People who edit one document, for tests that tell a story.

use domain::{
    cbor::Encode,
    entry::{Audience, Entry},
    id::{DocumentId, EntryId, FederationId, MemberId, Timestamp},
    key::PublicKey,
    record::{Edit, Kind, Object, Operation, Record, Start},
    text::Content,
};
use replica::{
    document::{Document, Item},
    testing::{Author, BEGIN, Draft},
};

pub const FEDERATION: FederationId = FederationId([5; 32]);

/// Authors, and the edits they have written.
#[derive(Clone)]
pub struct Scene {
    pub authors: Vec<Author>,
    pub document: DocumentId,
    pub items: Vec<Item>,
    pub time: Timestamp,
}

/// Every author writes for a member of its own.
pub fn member(author: &PublicKey) -> MemberId {
    MemberId(author.0)
}

pub fn read(entry: &Entry) -> Option<Item> {
    Item::read(&FEDERATION, member(&entry.header.author), entry)
}

impl Scene {
    /// A document that begins with this text, and so many authors; the first began it.
    pub fn new(authors: u64, text: &str) -> Self {
        let mut scene = Self {
            authors: (0..authors).map(|n| Author::new(FEDERATION, n)).collect(),
            document: EntryId([0; 32]),
            items: Vec::new(),
            time: BEGIN,
        };
        let edit = Edit {
            document: None,
            start: Some(start("Draft", text)),
            operations: Vec::new(),
        };
        scene.document = scene.says(0, &[], edit);
        scene
    }

    /// An author signs an edit that builds on these.
    pub fn entry(&mut self, author: usize, parents: &[EntryId], edit: Edit) -> Entry {
        self.time = self.time.plus_seconds(1);
        let time = self.time;
        sign(&mut self.authors[author], time, parents, edit)
    }

    pub fn says(&mut self, author: usize, parents: &[EntryId], edit: Edit) -> EntryId {
        let entry = self.entry(author, parents, edit);
        self.keep(&entry)
    }

    /// Takes up an entry.
    pub fn keep(&mut self, entry: &Entry) -> EntryId {
        let item = read(entry).expect("an edit");
        let id = item.id;
        self.items.push(item);
        id
    }

    /// An author changes the document by these operations.
    pub fn does(
        &mut self,
        author: usize,
        parents: &[EntryId],
        operations: Vec<Operation>,
    ) -> EntryId {
        let edit = self.edit(operations);
        self.says(author, parents, edit)
    }

    pub fn edit(&self, operations: Vec<Operation>) -> Edit {
        Edit {
            document: Some(self.document),
            start: None,
            operations,
        }
    }

    /// An author makes the text of the document it sees into another.
    pub fn rewrites(&mut self, author: usize, seen: &Document, text: &str) -> EntryId {
        let basis = seen.basis();
        let mut parents = basis.parents.clone();
        for operations in Document::changes(&basis, text) {
            parents = vec![self.does(author, &parents, operations)];
        }
        parents[0]
    }

    pub fn built(&self) -> Document {
        Document::build(self.document, self.items.clone())
    }
}

pub fn start(title: &str, text: &str) -> Start {
    let text = (!text.is_empty()).then(|| Content::of(text).expect("a fit text").0);
    Start {
        title: title.to_owned(),
        text,
    }
}

pub fn sign(author: &mut Author, time: Timestamp, parents: &[EntryId], edit: Edit) -> Entry {
    let record = Record::Edit(edit);
    let mut references = parents.to_vec();
    references.sort_unstable();
    references.dedup();
    author.write_draft(&Draft {
        grant: EntryId([0; 32]),
        time,
        address: "documents".to_owned(),
        audience: Audience::Members,
        kind: Kind::Edit,
        critical: false,
        body: record.to_bytes(),
        note: None,
        references,
    })
}

pub fn splice(position: u64, delete: u64, insert: &str) -> Operation {
    Operation::Splice {
        object: Object::Text,
        position,
        delete,
        insert: insert.to_owned(),
    }
}

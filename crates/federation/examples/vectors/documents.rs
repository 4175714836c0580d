//! A document that three write together, with a fork, faults and a new generation.

use domain::{
    blob::Blob,
    entry::{Audience, Entry},
    id::{EntryId, MemberId},
    record::{
        Attachment, Edit, Filing, Object, ObjectKind, Operation, Record, Sort, Start,
        Value as Single,
    },
    text::Content,
};
use replica::document::{Document, Item, Outcome, Tree};
use serde_json::{Value, json};

use super::{
    book::{Book, Draft},
    history::{History, Member},
    notation::{bytes, encoded, name_of},
};

fn starting(title: &str, text: &str) -> Edit {
    let text = (!text.is_empty()).then(|| Content::of(text).expect("a text").0);
    let title = title.to_owned();
    Edit {
        document: None,
        start: Some(Start { title, text }),
        operations: Vec::new(),
    }
}

fn splice(object: Object, position: u64, delete: u64, insert: &str) -> Operation {
    Operation::Splice {
        object,
        position,
        delete,
        insert: insert.to_owned(),
    }
}

impl History {
    /// A document is begun and changed.
    pub fn draft(&mut self) {
        let begin = starting("Minutes", "We met.\n");
        let draft = editing(&self.book, "carla.document", &self.carla, &[], begin);
        let document = self.book.write(draft);
        let edit = Edit {
            document: Some(document),
            start: None,
            operations: vec![splice(Object::Text, 8, 0, "We agreed.\n")],
        };
        let draft = editing(&self.book, "bela.edit", &self.bela, &[document], edit);
        self.book.write(draft);
        let filing = Record::Filing(Filing {
            document,
            sort: Sort::Minutes,
            circle: None,
            proposal: None,
            meeting: None,
            closed: false,
        });
        let (key, grant) = (&self.carla.delegate, self.carla.grant);
        let draft = self
            .book
            .draft("carla.filing", key, grant, "documents", &filing);
        self.book.write(draft.for_audience(Audience::Members));
        let (sketch, _) = Blob::of(b"a sketch of the garden").expect("bytes");
        for (name, content) in [("attachment", Some(sketch)), ("detachment", None)] {
            let attachment = Record::Attachment(Attachment {
                document,
                name: "garden.png".to_owned(),
                media_type: "image/png".to_owned(),
                content,
            });
            let (key, grant) = (&self.bela.delegate, self.bela.grant);
            let name = format!("bela.{name}");
            let draft = self.book.draft(&name, key, grant, "documents", &attachment);
            self.book.write(draft.for_audience(Audience::Members));
        }
    }
}

/// An edit by the delegate of a member.
fn editing(book: &Book, name: &str, member: &Member, parents: &[EntryId], edit: Edit) -> Draft {
    let address = edit.document.map_or_else(
        || "documents".to_owned(),
        |document| format!("documents/{}", &document.to_string()[..32]),
    );
    let record = Record::Edit(edit);
    book.draft(name, &member.delegate, member.grant, &address, &record)
        .for_audience(Audience::Members)
        .referring_to(parents.to_vec())
}

struct Table<'a> {
    history: &'a History,
    book: Book,
    document: EntryId,
}

impl Table<'_> {
    fn says(
        &mut self,
        name: &str,
        member: &Member,
        parents: &[EntryId],
        operations: Vec<Operation>,
    ) -> EntryId {
        let edit = Edit {
            document: Some(self.document),
            start: None,
            operations,
        };
        let draft = editing(&self.book, name, member, parents, edit);
        self.book.write(draft)
    }

    fn together(&mut self) -> EntryId {
        let (anna, bela, carla) = (&self.history.anna, &self.history.bela, &self.history.carla);
        let make = |object, key: &str, made| Operation::MakeAt {
            object,
            key: key.to_owned(),
            made,
        };
        let begun = [self.document];
        // At one place, with characters of two and four bytes.
        let words = splice(Object::Text, 13, 6, "ñandú 🦤");
        let one = self.says("anna.words", anna, &begun, vec![words]);
        let fork = self.book.clone();
        let words = splice(Object::Text, 13, 0, "all ");
        let two = self.says("bela.words", bela, &begun, vec![words.clone()]);
        let list = vec![
            make(Object::Map, "tasks", ObjectKind::List),
            Operation::MakeIn {
                object: Object::Own(0),
                index: 0,
                made: ObjectKind::Map,
            },
            Operation::Put {
                object: Object::Own(1),
                key: "until".to_owned(),
                value: Single::Number(1_800_000_000_000),
            },
            Operation::Insert {
                object: Object::Own(0),
                index: 1,
                value: Single::Text("call".to_owned()),
            },
            make(Object::Own(1), "what", ObjectKind::Text),
            splice(Object::Own(4), 0, 0, "mow"),
        ];
        let made = self.says("carla.tasks", carla, &begun, list);
        let (tasks, what) = (Object::Made(made, 0), Object::Made(made, 4));
        let put = |key: &str, value| Operation::Put {
            object: Object::Map,
            key: key.to_owned(),
            value,
        };
        let titled = self.says(
            "anna.title",
            anna,
            &[one, made],
            vec![put("title", Single::Text("Garden".to_owned()))],
        );
        let set = Operation::Set {
            object: tasks,
            index: 1,
            value: Single::Bytes(vec![7; 16]),
        };
        let both = vec![
            put("title", Single::Text("Gardens".to_owned())),
            set,
            splice(what, 3, 0, " the lawn"),
        ];
        let other = self.says("bela.title", bela, &[two, made], both);
        // Bela's key lives twice: another second entry of the same log.
        let mut second = fork;
        let edit = Edit {
            document: Some(self.document),
            start: None,
            operations: vec![words, splice(Object::Text, 0, 2, "We all")],
        };
        let draft = editing(&second, "bela.fork", bela, &begun, edit);
        let forked = second.write(draft);
        self.book.written.extend(second.written.pop());
        let remove = Operation::Remove {
            object: tasks,
            index: 0,
        };
        let delete = Operation::Delete {
            object: Object::Map,
            key: "title".to_owned(),
        };
        let parents = [titled, other, forked];
        self.says("carla.joins", carla, &parents, vec![remove, delete])
    }

    fn faults(&mut self, joined: EntryId) {
        let carla = &self.history.carla;
        let before = [self.document];
        let past = vec![
            splice(Object::Text, 0, 1, "x"),
            splice(Object::Text, 22, 1, ""),
        ];
        let faulty = self.says("carla.past-the-end", carla, &before, past);
        self.says(
            "carla.upon-a-fault",
            carla,
            &[faulty],
            vec![splice(Object::Text, 0, 1, "")],
        );
        let made = self
            .book
            .written
            .iter()
            .find(|w| w.draft.name == "carla.tasks");
        let tasks = Object::Made(made.map_or(joined, |w| w.id), 0);
        let insert = |object| {
            vec![Operation::Insert {
                object,
                index: 0,
                value: Single::Null,
            }]
        };
        self.says("carla.not-there-yet", carla, &before, insert(tasks));
        self.says("carla.no-list", carla, &before, insert(Object::Map));
        self.says(
            "carla.no-parents",
            carla,
            &[],
            vec![splice(Object::Text, 0, 1, "")],
        );
        let missing = vec![Operation::Delete {
            object: Object::Map,
            key: "colour".to_owned(),
        }];
        self.says("carla.no-key", carla, &before, missing);
    }

    /// The member whose delegate signed an entry.
    fn writer(&self, entry: &Entry) -> MemberId {
        let History { anna, bela, .. } = self.history;
        let mut members = [anna, bela].into_iter();
        let by = |member: &&Member| member.delegate.public() == entry.header.author;
        let member = members.find(by).unwrap_or(&self.history.carla);
        MemberId(member.root.public().0)
    }

    fn derived(&self, title: &str) -> Value {
        let federation = self.book.federation;
        let entries = self
            .book
            .written
            .iter()
            .filter_map(|w| Item::read(&federation, self.writer(&w.entry), &w.entry));
        let document = Document::build(self.document, entries);
        let outcomes: Vec<Value> = self
            .book
            .written
            .iter()
            .filter_map(|written| {
                let outcome = document.outcome(&written.id)?;
                let text = document.text_at(&[written.id]).ok();
                Some(json!({
                    "entry": bytes(written.id.0), "outcome": named(&outcome),
                    "text": text.filter(|_| outcome == Outcome::Applied),
                }))
            })
            .collect();
        let version = document.version();
        let ids = |ids: &[EntryId]| ids.iter().map(|id| bytes(id.0)).collect::<Vec<_>>();
        let pieces = document.pieces();
        let pieces: Vec<Value> = pieces
            .iter()
            .map(|piece| json!({ "edit": bytes(piece.edit.0), "text": piece.text }))
            .collect();
        json!({
            "what": title,
            "title": document.title(),
            "text": document.text(),
            "heads": ids(&version.edits),
            "text_hash": bytes(version.text.0),
            "automerge_heads": document.automerge_heads().iter().map(bytes).collect::<Vec<_>>(),
            "map": tree(&document.tree()),
            "pieces": pieces,
            "outcomes": outcomes,
            "left_behind": ids(&document.left_behind()),
        })
    }
}

fn named(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Faulty(fault) => name_of(fault),
        other => name_of(other),
    }
}

/// Values in their encoding, texts as they are.
fn tree(part: &Tree) -> Value {
    match part {
        Tree::Value(value) => json!({ "value": encoded(value) }),
        Tree::Text(object, text) => json!({ "object": encoded(object), "text": text }),
        Tree::List(object, items) => {
            let items: Vec<Value> = items.iter().map(tree).collect();
            json!({ "object": encoded(object), "list": items })
        }
        Tree::Map(object, entries) => {
            let entries: serde_json::Map<String, Value> = entries
                .iter()
                .map(|(key, part)| (key.clone(), tree(part)))
                .collect();
            json!({ "object": encoded(object), "map": entries })
        }
    }
}

/// The file.
pub fn file(history: &History) -> Value {
    let mut book = history.book.clone();
    book.written.clear();
    let begin = starting("Draft", "We share the garden.\n");
    let draft = editing(&book, "anna.begins", &history.anna, &[], begin);
    let document = book.write(draft);
    let mut table = Table {
        history,
        book,
        document,
    };
    let joined = table.together();
    table.faults(joined);
    let first = table.derived("the first generation");
    let count = table.book.written.len();
    let mut restart = starting("Gardens", "We share.\n");
    restart.document = Some(document);
    let draft = editing(
        &table.book,
        "anna.restarts",
        &history.anna,
        &[joined],
        restart,
    );
    let root = table.book.write(draft);
    let after = table.says(
        "bela.after",
        &history.bela,
        &[root],
        vec![splice(Object::Text, 8, 0, " again")],
    );
    table.says(
        "carla.late",
        &history.carla,
        &[joined],
        vec![splice(Object::Text, 0, 1, "")],
    );
    table.says(
        "carla.mixed",
        &history.carla,
        &[joined, root],
        vec![splice(Object::Text, 0, 1, "")],
    );
    table.says(
        "anna.on_after",
        &history.anna,
        &[after],
        vec![splice(Object::Text, 8, 0, " once more")],
    );
    let second = table.derived("with the second generation");
    let entries: Vec<Value> = table.book.written.iter().map(|w| w.described()).collect();
    json!({
        "about": "Edits as anna's, bela's and carla's delegates of history.json sign them. \
                  `derived` says what the first `entries` of them give, in any order.",
        "federation": bytes(table.book.federation.0),
        "document": bytes(document.0),
        "entries": entries,
        "derived": [
            { "entries": count, "gives": first },
            { "entries": table.book.written.len(), "gives": second },
        ],
    })
}

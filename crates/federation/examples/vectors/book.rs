//! Writes entries one after the other, as their authors would.

use std::collections::BTreeMap;

use domain::{
    cbor::Encode,
    entry::{Address, Audience, Entry, Header, Salted},
    id::{EntryId, FederationId, Timestamp},
    key::{PublicKey, SecretKey},
    record::{Kind, Record},
};
use serde_json::{Value, json};

use super::{
    genesis::CREATED,
    notation::{bytes, encoded, salt},
};

/// An entry before it is signed.
#[derive(Clone)]
pub struct Draft {
    pub name: String,
    pub key: SecretKey,
    pub header: Header,
    pub body: Vec<u8>,
    pub note: Option<Vec<u8>>,
}

/// A signed entry.
#[derive(Clone)]
pub struct Written {
    pub draft: Draft,
    pub entry: Entry,
    pub id: EntryId,
}

/// The entries of one federation, in an order in which each can be stored.
#[derive(Clone)]
pub struct Book {
    pub federation: FederationId,
    pub tips: BTreeMap<PublicKey, (u64, EntryId)>,
    pub written: Vec<Written>,
    pub now: Timestamp,
}

impl Book {
    pub fn new(federation: FederationId) -> Self {
        Self {
            federation,
            tips: BTreeMap::new(),
            written: Vec::new(),
            now: CREATED,
        }
    }

    /// The federation's id in the place of a grant.
    pub fn root(&self) -> EntryId {
        EntryId(self.federation.0)
    }

    /// The next entry of a key, public and without a note.
    pub fn draft(
        &self,
        name: &str,
        key: &SecretKey,
        grant: EntryId,
        address: &str,
        record: &Record,
    ) -> Draft {
        self.draft_of(
            name,
            key,
            grant,
            address,
            (record.kind(), record.to_bytes()),
        )
    }

    /// As [`Book::draft`], for any kind and body.
    pub fn draft_of(
        &self,
        name: &str,
        key: &SecretKey,
        grant: EntryId,
        address: &str,
        (kind, body): (Kind, Vec<u8>),
    ) -> Draft {
        let tip = self.tips.get(&key.public()).copied();
        let header = Header {
            author: key.public(),
            grant,
            sequence: tip.map_or(1, |(sequence, _)| sequence + 1),
            previous: tip.map(|(_, id)| id),
            time: self.now.plus_seconds(1),
            address: Address::parse(address).expect("an address"),
            audience: Audience::Public,
            kind,
            critical: false,
            body: Salted::new(&salt(&format!("{name}/body")), &body).seal(),
            note: None,
            references: Vec::new(),
        };
        Draft {
            name: name.to_owned(),
            key: key.clone(),
            header,
            body,
            note: None,
        }
    }

    /// Signs a draft.
    pub fn sign(&self, draft: Draft) -> Written {
        let body = Salted::new(&draft.salt("body"), &draft.body);
        let note = draft
            .note
            .as_ref()
            .map(|note| Salted::new(&draft.salt("note"), note));
        let entry = Entry {
            signature: draft.header.sign(&self.federation, &draft.key),
            header: draft.header.clone(),
            body: Some(body),
            note,
        };
        let id = entry.id(&self.federation);
        Written { draft, entry, id }
    }

    /// Signs a draft and puts it at the end of its log.
    pub fn write(&mut self, draft: Draft) -> EntryId {
        let written = self.sign(draft);
        let header = &written.entry.header;
        self.tips
            .insert(header.author, (header.sequence, written.id));
        self.now = self.now.max(header.time);
        let id = written.id;
        self.written.push(written);
        id
    }
}

impl Draft {
    fn salt(&self, part: &str) -> [u8; 32] {
        salt(&format!("{}/{part}", self.name))
    }

    pub fn for_audience(mut self, audience: Audience) -> Self {
        self.header.audience = audience;
        self
    }

    pub fn with_note(mut self, note: impl AsRef<[u8]>) -> Self {
        let note = note.as_ref().to_vec();
        self.header.note = Some(Salted::new(&self.salt("note"), &note).seal());
        self.note = Some(note);
        self
    }

    pub fn referring_to(mut self, mut references: Vec<EntryId>) -> Self {
        references.sort_unstable();
        self.header.references = references;
        self
    }

    pub fn change(mut self, change: impl FnOnce(&mut Header)) -> Self {
        change(&mut self.header);
        self
    }
}

impl Written {
    /// The entry with all that makes it up.
    pub fn described(&self) -> Value {
        let part = |name: &str, bytes_of: &[u8]| json!({ "salt": bytes(self.draft.salt(name)), "bytes": bytes(bytes_of) });
        let header = &self.entry.header;
        let references: Vec<Value> = header.references.iter().map(|id| bytes(id.0)).collect();
        json!({
            "name": self.draft.name,
            "word": header.kind.word(),
            "fields": {
                "author": bytes(header.author.0),
                "grant": bytes(header.grant.0),
                "sequence": header.sequence,
                "previous": header.previous.map(|id| bytes(id.0)),
                "time": header.time.0,
                "address": header.address.as_str(),
                "audience": encoded(&header.audience),
                "kind": header.kind.0,
                "critical": header.critical,
                "references": references,
            },
            "header": encoded(header),
            "body": part("body", &self.draft.body),
            "note": self.draft.note.as_ref().map(|note| part("note", note)),
            "signature": bytes(self.entry.signature.0),
            "id": bytes(self.id.0),
            "size": header.size(),
            "wire": encoded(&self.entry),
        })
    }
}

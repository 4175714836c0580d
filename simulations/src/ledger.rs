//! What happened, kept outside the cores: who did what, what came of it, which entries exist.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::Decode,
    entry::Entry,
    id::{EntryId, Timestamp},
    key::PublicKey,
    record::Record,
};
use federation::{Act, Refused, Write};

/// Something a person did.
#[derive(Debug, Clone)]
pub struct Deed {
    pub member: usize,
    pub node: usize,
    pub at: u64,
    pub key: PublicKey,
    pub act: Act,
}

/// An entry that some honest node stored.
#[derive(Debug, Clone)]
pub struct Known {
    pub author: PublicKey,
    pub grant: EntryId,
    pub time: Timestamp,
    pub record: Option<Record>,
}

/// What happened.
#[derive(Debug)]
pub struct Ledger {
    open: BTreeMap<u64, Deed>,
    /// What people did and what was answered.
    pub done: BTreeMap<u64, (Deed, Result<EntryId, Refused>)>,
    /// Entries by id.
    pub entries: BTreeMap<EntryId, Known>,
    /// What keys on honest nodes wrote.
    pub authored: BTreeSet<EntryId>,
    /// Entries that a node has told others it has.
    pub promised: BTreeSet<(usize, EntryId)>,
    /// Keys that a thief has too.
    pub stolen: BTreeSet<PublicKey>,
    /// What is on the way: sender, receiver, connection, number.
    pub flights: BTreeMap<(usize, usize, u64, u64), Vec<EntryId>>,
}

impl Ledger {
    pub fn new() -> Self {
        Self {
            open: BTreeMap::new(),
            done: BTreeMap::new(),
            entries: BTreeMap::new(),
            authored: BTreeSet::new(),
            promised: BTreeSet::new(),
            stolen: BTreeSet::new(),
            flights: BTreeMap::new(),
        }
    }

    pub fn begin(&mut self, ticket: u64, deed: Deed) {
        self.open.insert(ticket, deed);
    }

    pub fn end(&mut self, ticket: u64, result: Result<EntryId, Refused>) {
        if let Some(deed) = self.open.remove(&ticket) {
            self.done.insert(ticket, (deed, result));
        }
    }

    /// What a node that crashed had not answered may or may not have happened.
    pub fn forget_open(&mut self, node: usize) {
        self.open.retain(|_, deed| deed.node != node);
    }

    /// How many people wait for an answer.
    pub fn unanswered(&self) -> usize {
        self.open.len()
    }

    pub fn note_writes(&mut self, writes: &[Write], acting: Option<PublicKey>, honest: bool) {
        for write in writes {
            let Write::Entry { id, bytes, .. } = write else {
                continue;
            };
            if !self.entries.contains_key(id) {
                self.note_entry(*id, bytes);
            }
            let author = self.entries.get(id).map(|known| known.author);
            if honest && acting.is_some() && author == acting {
                self.authored.insert(*id);
            }
        }
    }

    fn note_entry(&mut self, id: EntryId, bytes: &[u8]) {
        let Ok(entry) = Entry::from_bytes(bytes) else {
            return;
        };
        let header = &entry.header;
        let record = entry.record();
        let known = Known {
            author: header.author,
            grant: header.grant,
            time: header.time,
            record,
        };
        self.entries.insert(id, known);
    }
}

//! The first half hour of the example federation, lived through in an instant: one core takes the
//! acts of all five co-ops at times in the past, and every node starts with what came of it.

use domain::{
    cbor::Decode,
    entry::Entry,
    genesis::Genesis,
    id::{DocumentId, EntryId, Timestamp},
    key::{PublicKey, SecretKey},
};
use federation::{Act, Core, Input, Output, Settings};
use replica::document::{Document, Item};
use store::Write;

use crate::{
    clock::random,
    driver::refused,
    failure::{Failure, Outcome},
};

/// A core in the past.
pub struct Past {
    core: Core,
    now: Timestamp,
    writes: Vec<Write>,
    /// The edits of documents: the core does not keep their words.
    edits: Vec<Item>,
}

impl Past {
    /// Begins at a time.
    pub fn begin(genesis: Genesis, node: PublicKey, now: Timestamp) -> Outcome<Self> {
        let settings = Settings {
            node,
            seed: random()?,
        };
        let core = Core::new(genesis, settings)
            .map_err(|error| Failure::refused("the demo's charter does not fit").because(error))?;
        let mut past = Self {
            core,
            now,
            writes: Vec::new(),
            edits: Vec::new(),
        };
        past.handle(Input::Start {
            clean: true,
            alone: true,
        });
        Ok(past)
    }

    /// Goes on by some seconds.
    pub fn pass(&mut self, seconds: u64) {
        self.now = self.now.plus_seconds(seconds);
    }

    /// The core as it stands.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// One act, a second after the one before.
    pub fn act(&mut self, key: &SecretKey, act: Act) -> Outcome<EntryId> {
        self.pass(1);
        let input = Input::Act {
            ticket: 1,
            key: key.clone(),
            act,
            random: random()?,
        };
        let missing = || Failure::refused("the core gave no answer");
        self.handle(input).ok_or_else(missing)?.map_err(refused)
    }

    /// A document as it stands.
    pub fn document(&self, id: &DocumentId) -> Outcome<Document> {
        let document = Document::build(*id, self.edits.iter().cloned());
        if document.is_here() {
            Ok(document)
        } else {
            Err(Failure::refused("the demo's document is not there"))
        }
    }

    fn keep_edits(&mut self, writes: &[federation::Write]) {
        let federation = self.core.federation();
        for write in writes {
            if let federation::Write::Entry { bytes, .. } = write
                && let Ok(entry) = Entry::from_bytes(bytes)
                && let Some(member) = self.core.replica().writer(&entry.header)
            {
                self.edits.extend(Item::read(&federation, member, &entry));
            }
        }
    }

    fn handle(&mut self, input: Input) -> Option<Result<EntryId, federation::Refused>> {
        let mut answer = None;
        let mut outputs = self.core.handle(self.now, input);
        while !outputs.is_empty() {
            let mut next = Vec::new();
            for output in outputs {
                match output {
                    Output::Persist { number, writes } => {
                        self.keep_edits(&writes);
                        self.writes
                            .extend(writes.into_iter().map(crate::driver::translate));
                        next.extend(self.core.handle(self.now, Input::Persisted(number)));
                    }
                    Output::Answer { result, .. } => answer = Some(result),
                    _ => {}
                }
            }
            outputs = next;
        }
        answer
    }

    /// What a node that was there has stored.
    pub fn into_writes(self) -> Vec<Write> {
        self.writes
    }
}

//! Entries that wait for an ancestor: bounded, one copy each.

use std::collections::{BTreeMap, BTreeSet};

use domain::{cbor::Encode, id::EntryId};

use crate::entry::Entry;

/// The most entries that wait.
pub const PENDING_MAX: usize = 512;
/// The most bytes that wait.
pub const PENDING_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Entries that wait. When it is full, newcomers are dropped: they come again with the next
/// comparison of heights.
#[derive(Debug, Default)]
pub struct Pending {
    entries: BTreeMap<EntryId, (Entry, usize)>,
    waiting: BTreeMap<EntryId, BTreeSet<EntryId>>,
    bytes: usize,
}

impl Pending {
    /// How many entries wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether this entry waits.
    #[must_use]
    pub fn contains(&self, id: &EntryId) -> bool {
        self.entries.contains_key(id)
    }

    /// A waiting entry.
    #[must_use]
    pub fn get(&self, id: &EntryId) -> Option<&Entry> {
        self.entries.get(id).map(|(entry, _)| entry)
    }

    /// Lets an entry wait for others.
    pub fn insert(&mut self, id: EntryId, entry: Entry, missing: &[EntryId]) {
        let size = entry.to_bytes().len();
        let full = self.entries.len() >= PENDING_MAX || self.bytes + size > PENDING_BYTES_MAX;
        if full || self.entries.contains_key(&id) {
            return;
        }
        for ancestor in missing {
            self.waiting.entry(*ancestor).or_default().insert(id);
        }
        self.bytes += size;
        self.entries.insert(id, (entry, size));
    }

    /// Takes an entry out.
    pub fn remove(&mut self, id: &EntryId) -> Option<Entry> {
        let (entry, size) = self.entries.remove(id)?;
        self.bytes -= size;
        self.waiting.retain(|_, waiting| {
            waiting.remove(id);
            !waiting.is_empty()
        });
        Some(entry)
    }

    /// The entries that wait for this one, without taking them out.
    pub fn waiting_for(&self, ancestor: &EntryId) -> Vec<EntryId> {
        self.waiting
            .get(ancestor)
            .map(|ids| ids.iter().copied().collect())
            .unwrap_or_default()
    }

    /// Takes out the entries that wait for this one.
    pub fn take_waiting_for(&mut self, ancestor: &EntryId) -> Vec<(EntryId, Entry)> {
        let ids = self.waiting_for(ancestor);
        ids.into_iter()
            .filter_map(|id| self.remove(&id).map(|entry| (id, entry)))
            .collect()
    }

    /// The ancestors that are waited for and do not wait themselves.
    pub fn missing(&self) -> impl Iterator<Item = &EntryId> {
        self.waiting
            .keys()
            .filter(|id| !self.entries.contains_key(id))
    }

    /// Forgets all that waits.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

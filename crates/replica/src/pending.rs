//! Entries that wait for an ancestor: bounded, one copy each.

use std::collections::{BTreeMap, BTreeSet};

use domain::{cbor::Encode, entry::Entry, id::EntryId};

/// The most entries that wait.
pub const PENDING_MAX: usize = 512;
/// The most bytes that wait.
pub const PENDING_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Entries that wait. When it is full, those that waited longest are dropped, so that entries whose
/// ancestors never come cannot keep others out; what is dropped comes again with the next
/// comparison of heights.
#[derive(Debug, Default)]
pub struct Pending {
    entries: BTreeMap<EntryId, Waiting>,
    arrivals: BTreeMap<u64, EntryId>,
    arrived: u64,
    waiting: BTreeMap<EntryId, BTreeSet<EntryId>>,
    bytes: usize,
}

#[derive(Debug)]
struct Waiting {
    entry: Entry,
    size: usize,
    arrival: u64,
}

impl Pending {
    /// How many entries wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// A waiting entry.
    #[must_use]
    pub fn get(&self, id: &EntryId) -> Option<&Entry> {
        self.entries.get(id).map(|waiting| &waiting.entry)
    }

    /// Lets an entry wait for others.
    pub fn insert(&mut self, id: EntryId, entry: Entry, missing: &[EntryId]) {
        if self.entries.contains_key(&id) {
            return;
        }
        let size = entry.to_bytes().len();
        while self.entries.len() >= PENDING_MAX || self.bytes + size > PENDING_BYTES_MAX {
            let Some(oldest) = self.arrivals.values().next().copied() else {
                return;
            };
            self.remove(&oldest);
        }
        for ancestor in missing {
            self.waiting.entry(*ancestor).or_default().insert(id);
        }
        self.arrived += 1;
        self.bytes += size;
        self.arrivals.insert(self.arrived, id);
        let arrival = self.arrived;
        self.entries.insert(
            id,
            Waiting {
                entry,
                size,
                arrival,
            },
        );
    }

    /// Takes an entry out.
    pub fn remove(&mut self, id: &EntryId) -> Option<Entry> {
        let waiting = self.entries.remove(id)?;
        self.bytes -= waiting.size;
        self.arrivals.remove(&waiting.arrival);
        self.waiting.retain(|_, ids| {
            ids.remove(id);
            !ids.is_empty()
        });
        Some(waiting.entry)
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
}

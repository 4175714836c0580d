//! A node's disk: what was written lies in a buffer until it is flushed, and a crash loses a part
//! of the buffer. A transaction is kept whole or not at all, and not without the earlier ones.

use std::collections::{BTreeMap, VecDeque};

use domain::{
    id::{EntryId, Hash, TenantId, Timestamp},
    record::Room,
};
use federation::Write;

use crate::random::Random;

/// An entry as it is stored.
#[derive(Debug, Clone)]
pub struct Row {
    pub order: u64,
    pub bytes: Vec<u8>,
    pub received: Timestamp,
}

#[derive(Debug, Clone)]
struct Transaction {
    number: u64,
    writes: Vec<Write>,
}

/// What a node has written.
#[derive(Debug, Default, Clone)]
pub struct Disk {
    entries: BTreeMap<EntryId, Row>,
    chunks: BTreeMap<Hash, Vec<u8>>,
    /// The register: heights, and the journal of the validator key.
    pub heights: BTreeMap<u64, Vec<u8>>,
    pub journal: BTreeMap<u64, Vec<u8>>,
    /// Where the meetings of rooms are.
    pub rooms: BTreeMap<(TenantId, Room), Vec<u8>>,
    unsynced: VecDeque<Transaction>,
    order: u64,
    volatile: Vec<EntryId>,
    /// When the last flush that was begun ends.
    pub busy_until: u64,
    /// It says that it has flushed and has not: a broken disk.
    pub lies: bool,
}

impl Disk {
    pub fn write(&mut self, number: u64, writes: Vec<Write>) {
        self.unsynced.push_back(Transaction { number, writes });
    }

    /// Makes everything up to this transaction durable.
    pub fn sync(&mut self, number: u64) {
        while self
            .unsynced
            .front()
            .is_some_and(|transaction| transaction.number <= number)
        {
            if let Some(transaction) = self.unsynced.pop_front() {
                self.keep(transaction.writes);
            }
        }
    }

    fn keep(&mut self, writes: Vec<Write>) {
        for write in writes {
            match write {
                Write::Entry {
                    id,
                    bytes,
                    received,
                } => {
                    self.order += 1;
                    let order = self.order;
                    if self.lies {
                        self.volatile.push(id);
                    }
                    self.entries.entry(id).or_insert(Row {
                        order,
                        bytes,
                        received,
                    });
                }
                Write::Remove { id } => {
                    self.entries.remove(&id);
                }
                Write::Chunk { hash, bytes } => {
                    self.chunks.insert(hash, bytes);
                }
                Write::Height { height, batch, .. } => {
                    self.heights.insert(height, batch);
                }
                Write::Journal { number, bytes } => {
                    self.journal.insert(number, bytes);
                }
                Write::Room {
                    tenant,
                    room,
                    bytes,
                } => {
                    self.rooms.insert((tenant, room), bytes);
                }
            }
        }
    }

    /// The power fails: some of the last transactions had reached the platter, the rest had not.
    pub fn crash(&mut self, random: &mut Random) {
        let kept = random.below(self.unsynced.len() as u64 + 1) as usize;
        for transaction in self.unsynced.drain(..kept).collect::<Vec<_>>() {
            self.keep(transaction.writes);
        }
        self.unsynced.clear();
        for id in std::mem::take(&mut self.volatile) {
            self.entries.remove(&id);
        }
        self.busy_until = 0;
    }

    /// A durable entry.
    pub fn entry(&self, id: &EntryId) -> Option<&Row> {
        self.entries.get(id)
    }

    /// Whether an entry was written and not yet flushed.
    pub fn is_unsynced(&self, id: &EntryId) -> bool {
        self.unsynced
            .iter()
            .flat_map(|transaction| &transaction.writes)
            .any(|write| matches!(write, Write::Entry { id: other, .. } if other == id))
    }

    pub fn chunk(&self, hash: &Hash) -> Option<&Vec<u8>> {
        self.chunks.get(hash)
    }

    pub fn chunks(&self) -> impl Iterator<Item = &Hash> {
        self.chunks.keys()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The durable entries, in the order of storing.
    pub fn in_order(&self) -> Vec<(&EntryId, &Row)> {
        let mut rows: Vec<(&EntryId, &Row)> = self.entries.iter().collect();
        rows.sort_unstable_by_key(|(_, row)| row.order);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u8) -> Write {
        Write::Entry {
            id: EntryId([number; 32]),
            bytes: vec![number],
            received: Timestamp(0),
        }
    }

    #[test]
    fn a_crash_keeps_what_was_flushed_and_no_transaction_without_the_earlier_ones() {
        for seed in 0..50 {
            let mut disk = Disk::default();
            for number in 1..=6 {
                disk.write(number, vec![entry(number as u8)]);
            }
            disk.sync(2);
            disk.crash(&mut Random::new(seed, "disk"));
            let kept: Vec<u8> = disk.in_order().iter().map(|(id, _)| id.0[0]).collect();
            assert!(kept.len() >= 2);
            assert_eq!(kept, (1..=kept.len() as u8).collect::<Vec<u8>>());
        }
    }

    #[test]
    fn a_disk_that_lies_loses_what_it_said_it_had() {
        let mut disk = Disk {
            lies: true,
            ..Disk::default()
        };
        disk.write(1, vec![entry(1)]);
        disk.sync(1);
        disk.crash(&mut Random::new(1, "disk"));
        assert_eq!(disk.len(), 0);
    }
}

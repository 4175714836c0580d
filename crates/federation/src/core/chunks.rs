//! The chunks of long texts and attachments: which are here, which are awaited.

use std::collections::BTreeSet;

use domain::id::{Hash, ProposalId};
use domain::key::PublicKey;
use rand_chacha::rand_core::Rng;
use replica::Position;

use super::{Core, Waiting};
use crate::{
    io::{Change, Write},
    prepare::change_of,
};

/// A chunk that is not here yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Awaited {
    /// Who sent the entry that first named it; none if this node did not get it from a peer.
    from: Option<PublicKey>,
    /// That entry.
    by: Position,
}

impl Core {
    pub(super) fn note_chunks(&mut self, position: Position, from: Option<PublicKey>) {
        let Some(stored) = self.replica.get(position) else {
            return;
        };
        let Some(record) = stored.record.as_deref() else {
            return;
        };
        for hash in record.chunks() {
            if !self.chunks.contains(hash) {
                // Whoever names it again later may be lying, so the first one stays.
                let by = position;
                let awaited = Awaited { from, by };
                self.missing_chunks.entry(*hash).or_insert(awaited);
            }
        }
    }

    /// A chunk that was asked for. Returns whether it was.
    pub(crate) fn take_chunk(&mut self, bytes: Vec<u8>) -> bool {
        let hash = Hash::of(&[&bytes]);
        let Some(awaited) = self.missing_chunks.remove(&hash) else {
            return self.chunks.contains(&hash);
        };
        self.chunks.insert(hash);
        self.flush(Waiting::default(), vec![Write::Chunk { hash, bytes }]);
        let naming: Vec<ProposalId> = self
            .view
            .proposals
            .iter()
            .filter(|(_, proposal)| {
                proposal
                    .versions()
                    .iter()
                    .any(|version| version.content.chunks().contains(&hash))
            })
            .map(|(id, _)| *id)
            .collect();
        self.changes
            .extend(naming.into_iter().map(Change::Proposal));
        if let Some(stored) = self.replica.get(awaited.by) {
            let record = stored.record.as_deref();
            self.changes
                .extend(change_of(stored.kind, record, stored.id, &self.view.phases));
        }
        true
    }

    /// The chunks to ask a peer for: those of its entries first, each sort from a random place
    /// on. In order, chunks that a liar named and nobody has would hide all others for ever.
    pub(crate) fn chunks_to_ask(&mut self, peer: &PublicKey, most: usize) -> Vec<Hash> {
        let mut start = Hash([0; 32]);
        if self.missing_chunks.len() > most {
            self.generator.fill_bytes(&mut start.0);
        }
        let around = || {
            let missing = &self.missing_chunks;
            missing.range(start..).chain(missing.range(..start))
        };
        let of_peer = |awaited: &Awaited| awaited.from.as_ref() == Some(peer);
        let own = around().filter(|(_, awaited)| of_peer(awaited));
        let others = around().filter(|(_, awaited)| !of_peer(awaited));
        let asked = own.chain(others).map(|(hash, _)| *hash);
        asked.take(most).collect()
    }

    /// Those of the chunks a peer asks for that are here, each once and at most `most`: reading
    /// them costs the disk.
    pub(crate) fn named_chunks(&self, hashes: &[Hash], most: usize) -> Vec<Hash> {
        let here = hashes.iter().filter(|hash| self.chunks.contains(*hash));
        let here: BTreeSet<Hash> = here.copied().collect();
        here.into_iter().take(most).collect()
    }
}

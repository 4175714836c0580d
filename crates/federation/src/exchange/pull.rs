//! Taking what others send and announce, and asking for what is missing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::{
    cbor::Decode,
    entry::Entry,
    id::{EntryId, Timestamp},
    key::PublicKey,
};
use replica::{Offer, Refusal, heights::Ask};

use crate::{
    core::{Core, Origin},
    exchange::{CHUNKS_MAX, RECOVER_MS},
    io::{Change, Fault, Output},
    message::{ASKS_MAX, IDS_MAX, Message},
};

/// The wait for an announced entry before another announcer is asked, in milliseconds.
const WANT_MS: u64 = 600;
/// So long a message of entries is sent again at most before the peer compares instead, in milliseconds.
const SOON_MS: u64 = 600_000;
/// The most announced entries that are awaited.
const WANTED_MAX: usize = 4_096;
/// The most announcers remembered of one entry.
const ANNOUNCERS_MAX: usize = 8;
/// The most announced entries that one peer is asked for at a time, so that one liar cannot take
/// all the places.
const WANTED_OF_PEER_MAX: usize = WANTED_MAX / 4;

/// An announced entry that was asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub due: Timestamp,
    asked: PublicKey,
    announcers: VecDeque<PublicKey>,
}

impl Core {
    /// Takes entries from a peer. Returns whether each is stored, known, refused for good or of a time
    /// that is long to come here: until then it is no use to send it again, and then it is asked for. What
    /// waits in memory for others would be lost in a crash and is not acknowledged.
    pub(super) fn take_entries(
        &mut self,
        now: Timestamp,
        from: PublicKey,
        entries: Vec<Vec<u8>>,
        outputs: &mut Vec<Output>,
    ) -> bool {
        let count = entries.len() as u64;
        let (mut missing, mut stored, mut waiting) = (BTreeSet::new(), false, Vec::new());
        for bytes in entries {
            let Ok(entry) = Entry::from_bytes(&bytes) else {
                outputs.push(Output::Fault(from, Fault::BadEntry));
                continue;
            };
            let id = entry.id(&self.federation());
            self.exchange.wanted.remove(&id);
            let (author, sequence) = (entry.header.author, entry.header.sequence);
            let offer = self.offer(now, entry, Origin::Peer(from));
            if matches!(offer, Offer::Ahead(_)) && !self.is_caught_up() {
                self.note_own_ahead(author, sequence);
            }
            match offer {
                Offer::Stored => stored = true,
                Offer::Waits(ancestors) => {
                    missing.extend(ancestors);
                    waiting.push(id);
                }
                Offer::Known => waiting.push(id),
                // What is due soon is stored while its message may still be under way.
                Offer::Ahead(due) if due <= now.plus_ms(SOON_MS) => waiting.push(id),
                Offer::Ahead(due) => self.exchange.ahead_until(due),
                Offer::Refused(Refusal::Signature | Refusal::Key) => {
                    outputs.push(Output::Fault(from, Fault::BadEntry));
                }
                Offer::Refused(_) => {}
            }
        }
        if let Some(peer) = self.exchange.peers.get_mut(&from) {
            peer.expected = peer.expected.saturating_sub(count);
            if peer.expected == 0 {
                self.note_change(Change::Peers);
            }
        }
        missing.retain(|id| self.replica().find(id).is_none());
        if !missing.is_empty() {
            let ids = missing.into_iter().take(IDS_MAX).collect();
            outputs.push(Output::Send(from, Message::Want { ids }));
            self.exchange.compare_by(now.plus_ms(RECOVER_MS));
        }
        if stored {
            self.exchange.stored_something(now);
            let wanted: Vec<PublicKey> = self.replica().wanted_branches().collect();
            let asks: Vec<Ask> = wanted
                .iter()
                .take(ASKS_MAX)
                .map(|key| self.replica().ask(key, true))
                .collect();
            if !asks.is_empty() {
                outputs.push(Output::Send(from, Message::Asks { asks, again: true }));
            }
            self.ask_chunks(from, outputs);
        }
        self.check_caught_up(&from);
        waiting.iter().all(|id| self.replica().find(id).is_some())
    }

    pub(super) fn ask_chunks(&mut self, peer: PublicKey, outputs: &mut Vec<Output>) {
        let hashes = self.chunks_to_ask(&peer, CHUNKS_MAX);
        if !hashes.is_empty() {
            outputs.push(Output::Send(peer, Message::WantChunks { hashes }));
        }
    }

    pub(super) fn take_announcement(
        &mut self,
        now: Timestamp,
        from: PublicKey,
        ids: Vec<EntryId>,
        outputs: &mut Vec<Output>,
    ) {
        let mut ask = Vec::new();
        let wanted = self.exchange.wanted.values();
        let asked = wanted.filter(|wanted| wanted.asked == from).count();
        for id in ids {
            if self.replica().find(&id).is_some() {
                continue;
            }
            let room =
                self.exchange.wanted.len() < WANTED_MAX && asked + ask.len() < WANTED_OF_PEER_MAX;
            match self.exchange.wanted.get_mut(&id) {
                Some(wanted) if wanted.announcers.len() < ANNOUNCERS_MAX => {
                    wanted.announcers.push_back(from);
                }
                Some(_) => {}
                None if room => {
                    let due = now.plus_ms(WANT_MS);
                    let wanted = Wanted {
                        due,
                        asked: from,
                        announcers: VecDeque::new(),
                    };
                    self.exchange.wanted.insert(id, wanted);
                    ask.push(id);
                }
                None => {}
            }
        }
        if !ask.is_empty() {
            outputs.push(Output::Send(from, Message::Want { ids: ask }));
        }
    }

    pub(super) fn want_again(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        let due: Vec<EntryId> = self
            .exchange
            .wanted
            .iter()
            .filter(|(_, wanted)| wanted.due <= now)
            .map(|(id, _)| *id)
            .collect();
        let mut ask: BTreeMap<PublicKey, Vec<EntryId>> = BTreeMap::new();
        for id in due {
            let Some(wanted) = self.exchange.wanted.get_mut(&id) else {
                continue;
            };
            match wanted.announcers.pop_front() {
                Some(peer) => {
                    wanted.due = now.plus_ms(WANT_MS);
                    wanted.asked = peer;
                    ask.entry(peer).or_default().push(id);
                }
                None => {
                    self.exchange.wanted.remove(&id);
                    self.exchange.compare_by(now.plus_ms(RECOVER_MS));
                }
            }
        }
        for (peer, ids) in ask {
            for ids in ids.chunks(IDS_MAX) {
                outputs.push(Output::Send(peer, Message::Want { ids: ids.to_vec() }));
            }
        }
    }
}

//! Spreading what is new, and sending what a peer lacks: a few messages at a time, again until
//! they are acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{EntryId, Timestamp},
    key::PublicKey,
};
use rand_core::Rng;
use replica::Position;

use crate::{
    core::{Core, Origin},
    io::Output,
    message::{ENTRIES_BYTES_MAX, ENTRIES_MAX, IDS_MAX, Message},
};

/// Up to this many peers everything new is pushed to all.
pub(super) const SMALL_FEDERATION_PEERS: usize = 12;
/// Above that it is pushed to so many,
const PUSH_PEERS: usize = 6;
/// and announced to so many.
const ANNOUNCE_PEERS: usize = 8;
/// In a small federation those who receive something announce it to so many.
const RELAY_PEERS: usize = 2;
/// Messages of entries under way to one peer at a time.
const WINDOW: usize = 4;
/// The same with those that were sent again: they wait for something and must not hold up others.
const FLIGHTS_MAX: usize = 64;
/// How often a message of entries is sent again before digests are compared instead.
const RESENDS_MAX: u32 = 5;
/// How many times all entries, and how many more, one peer is sent in one span: more than any loss
/// explains, and not enough to keep the disk and the line busy for ever.
const SERVED_TIMES: u64 = 4;
const SERVED_MORE: u64 = 65_536;
/// The span, in milliseconds.
const SERVED_MS: u64 = 3_600_000;

impl Core {
    pub(crate) fn send_acknowledgement(
        &mut self,
        to: PublicKey,
        number: u64,
        outputs: &mut Vec<Output>,
    ) {
        if self.exchange.peers.contains_key(&to) {
            outputs.push(Output::Send(to, Message::Acknowledge { number }));
        }
    }

    /// Spreads entries that have become durable.
    pub(crate) fn spread(
        &mut self,
        now: Timestamp,
        entries: &[(Position, Origin)],
        outputs: &mut Vec<Output>,
    ) {
        self.exchange.stored_something(now);
        let peers: Vec<PublicKey> = self.exchange.peers.keys().copied().collect();
        let small = peers.len() <= SMALL_FEDERATION_PEERS;
        let shuffled = self.shuffled(peers);
        let (mut push, mut announce) = (BTreeMap::new(), BTreeMap::new());
        for (position, origin) in entries {
            let Some(id) = self.replica().get(*position).map(|stored| stored.id) else {
                continue;
            };
            let from = match origin {
                Origin::Here => None,
                Origin::Peer(peer) => Some(*peer),
            };
            let others = shuffled.iter().filter(|peer| Some(**peer) != from);
            let pushed = match (small, from) {
                (true, None) => usize::MAX,
                (true, Some(_)) => 0,
                (false, _) => PUSH_PEERS,
            };
            let announced = if small { RELAY_PEERS } else { ANNOUNCE_PEERS };
            for (index, peer) in others.enumerate() {
                if index < pushed {
                    push.entry(*peer)
                        .or_insert_with(BTreeSet::new)
                        .insert(*position);
                } else if index < pushed.saturating_add(announced) {
                    announce.entry(*peer).or_insert_with(Vec::new).push(id);
                }
            }
        }
        for (peer, positions) in push {
            self.enqueue(now, peer, positions, outputs);
        }
        for (peer, ids) in announce {
            for ids in ids.chunks(IDS_MAX) {
                outputs.push(Output::Send(peer, Message::Have { ids: ids.to_vec() }));
            }
        }
    }

    pub(super) fn shuffled(&mut self, mut peers: Vec<PublicKey>) -> Vec<PublicKey> {
        for last in (1..peers.len()).rev() {
            let other = self.generator().next_u64() % (last as u64 + 1);
            peers.swap(last, other as usize);
        }
        peers
    }

    pub(super) fn enqueue(
        &mut self,
        now: Timestamp,
        to: PublicKey,
        positions: BTreeSet<Position>,
        outputs: &mut Vec<Output>,
    ) {
        let Some(mut peer) = self.exchange.peers.remove(&to) else {
            return;
        };
        // What is under way is sent again by itself until it is acknowledged. A peer that cannot
        // take it for now and compares again and again must not have it under way many times.
        let under_way: BTreeSet<EntryId> = peer.under_way().collect();
        let is_new = |position: &Position| {
            let stored = self.replica().get(*position);
            stored.is_none_or(|stored| !under_way.contains(&stored.id))
        };
        peer.queue.extend(positions.into_iter().filter(is_new));
        self.exchange.peers.insert(to, peer);
        self.fill_window(now, to, outputs);
    }

    /// Sends what had to wait in the queues until it was durable.
    pub(crate) fn fill_windows(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        let waiting = self.exchange.peers.iter();
        let waiting: Vec<PublicKey> = waiting
            .filter(|(_, peer)| !peer.queue.is_empty())
            .map(|(key, _)| *key)
            .collect();
        for key in waiting {
            self.fill_window(now, key, outputs);
        }
    }

    /// Sends what is queued for a peer, a few messages at a time: the next ones follow when it has
    /// stored what came, so that a slow peer is not flooded and memory stays bounded.
    pub(super) fn fill_window(&mut self, now: Timestamp, to: PublicKey, outputs: &mut Vec<Output>) {
        while let Some((ids, bytes)) = self.next_flight(now, &to) {
            let Some(peer) = self.exchange.peers.get_mut(&to) else {
                return;
            };
            let number = peer.begin(now, ids.clone(), bytes);
            self.exchange.busy.insert(to);
            outputs.push(Output::SendEntries { to, number, ids });
        }
    }

    /// Takes from a peer's queue what fits one message, if another one may be under way.
    fn next_flight(&mut self, now: Timestamp, to: &PublicKey) -> Option<(Vec<EntryId>, u64)> {
        if self.exchange.peers.get(to)?.queue.is_empty() {
            return None;
        }
        let most = SERVED_TIMES * self.replica().len() as u64 + SERVED_MORE;
        let (began, mut served) = match self.exchange.served.get(to) {
            Some((began, served)) if now.since_ms(*began) < SERVED_MS => (*began, *served),
            _ => (now, 0),
        };
        let mut peer = self.exchange.peers.remove(to)?;
        if served >= most {
            // What it still lacks it asks for in the next span.
            peer.queue.clear();
        }
        let (mut ids, mut bytes) = (Vec::new(), 0);
        let fresh = peer.flights.values().filter(|flight| flight.tries == 0);
        let has_room = fresh.count() < WINDOW && peer.flights.len() < FLIGHTS_MAX;
        while has_room && ids.len() < ENTRIES_MAX {
            // What a peer asked for may still be on its way to the disk: it waits there.
            let first = peer.queue.first().copied();
            let Some(position) = first.filter(|first| self.is_durable(*first)) else {
                break;
            };
            if let Some(stored) = self.replica().get(position) {
                let size = stored.size as usize;
                if !ids.is_empty() && bytes + size > ENTRIES_BYTES_MAX {
                    break;
                }
                bytes += size;
                ids.push(stored.id);
            }
            peer.queue.pop_first();
        }
        self.exchange.peers.insert(*to, peer);
        served += ids.len() as u64;
        self.exchange.served.insert(*to, (began, served));
        (!ids.is_empty()).then_some((ids, bytes as u64))
    }

    pub(super) fn resend(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        let (mut given_up, mut resent) = (Vec::new(), Vec::new());
        for key in &self.exchange.busy {
            let Some(peer) = self.exchange.peers.get_mut(key) else {
                continue;
            };
            let due: Vec<u64> = peer
                .flights
                .iter()
                .filter(|(_, flight)| flight.due <= now)
                .map(|(number, _)| *number)
                .collect();
            for number in due {
                let Some(flight) = peer.flights.get_mut(&number) else {
                    continue;
                };
                flight.tries += 1;
                resent.push(*key);
                if flight.tries > RESENDS_MAX {
                    peer.flights.remove(&number);
                    given_up.push(*key);
                    continue;
                }
                flight.due = now.plus_ms(flight.wait_ms << flight.tries);
                let ids = flight.ids.clone();
                outputs.push(Output::SendEntries {
                    to: *key,
                    number,
                    ids,
                });
            }
        }
        let peers = &self.exchange.peers;
        let is_busy = |key: &PublicKey| peers.get(key).is_some_and(|p| !p.flights.is_empty());
        self.exchange.busy.retain(is_busy);
        given_up.dedup();
        for key in given_up {
            self.send_digest(now, key, outputs);
        }
        resent.dedup();
        for key in resent {
            self.fill_window(now, key, outputs);
        }
    }
}

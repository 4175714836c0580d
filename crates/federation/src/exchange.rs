//! How entries spread: pushed when they are new, pulled where they are missing, compared by digests
//! and heights when nodes meet. It all lives in the core, so that the simulator runs the real thing.

mod compare;
mod peer;
mod pull;
mod push;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{EntryId, Hash, Timestamp},
    key::PublicKey,
};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use replica::Position;

use crate::{
    core::Core,
    io::{Change, Fault, Output},
    message::{Message, Part, Range},
};

pub use self::peer::PeerState;
use self::{peer::Peer, pull::Wanted, push::SMALL_FEDERATION_PEERS};

/// How long after the last new entry digests are compared with one random peer, in milliseconds;
/// then with others after twice, four times as long and so on.
const QUIET_MS: u64 = 60_000;
/// With how many peers digests are compared after the last new entry: whom a liar left out hears of
/// nothing by itself.
const QUIET_ROUNDS_MAX: usize = 8;
/// How long after something was found missing digests are compared, in milliseconds.
const RECOVER_MS: u64 = 1_000;
/// The most chunks asked for, and answered, at once.
const CHUNKS_MAX: usize = 64;
/// A clock further off the median of the peers' signs nothing, in milliseconds.
pub const CLOCK_MS_MAX: u64 = 300_000;

/// How often a node whose clock is off asks its peers for theirs: it may have been set right, and at
/// rest nobody says the time, in milliseconds.
const CLOCK_AGAIN_MS: u64 = 600_000;

/// What a node knows of its exchange with others.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    peers: BTreeMap<PublicKey, Peer>,
    wanted: BTreeMap<EntryId, Wanted>,
    seen: BTreeMap<PublicKey, Timestamp>,
    /// How many entries each peer was sent in its present span, and when that began. Connecting
    /// anew does not change it.
    served: BTreeMap<PublicKey, (Timestamp, u64)>,
    /// The peers to whom something is under way.
    busy: BTreeSet<PublicKey>,
    /// By how many seconds the clock is off the median of the peers', if that is too much.
    clock_off_seconds: Option<u64>,
    compare_at: Option<Timestamp>,
    /// When the peers are asked for their clocks again.
    clock_at: Option<Timestamp>,
    /// When the first of those entries is due that are ahead of this node's clock.
    ahead_at: Option<Timestamp>,
    /// How far the logs of this node's own member reach in entries that are ahead of its clock.
    own_ahead: BTreeMap<PublicKey, u64>,
    fruitless: u32,
    quiet_rounds: u32,
    quiet_peers: Vec<PublicKey>,
    incarnation: u64,
}

impl Exchange {
    pub fn started(&mut self, _now: Timestamp, generator: &mut ChaCha8Rng) {
        self.incarnation = generator.next_u64();
    }

    pub fn disconnected(&mut self, peer: &PublicKey) {
        if let Some(known) = self.peers.remove(peer) {
            self.seen.insert(*peer, known.heard);
            self.busy.remove(peer);
            self.clock_off_seconds = self.clock_off();
        }
    }

    /// By how many seconds the clock is too far off to sign anything.
    pub fn clock_trouble(&self) -> Option<u64> {
        self.clock_off_seconds
    }

    /// The median of the peers' clocks, from three nodes on, so that one liar cannot silence a
    /// node.
    fn clock_off(&self) -> Option<u64> {
        let off = self.clock_deviation()?;
        (off > CLOCK_MS_MAX).then_some(off / 1000)
    }

    /// How far the clock is off that median, in milliseconds.
    pub fn clock_deviation(&self) -> Option<u64> {
        let known = self.peers.values().filter(|peer| peer.clock_known);
        let mut offsets: Vec<i64> = known.map(|peer| peer.clock_ahead_ms).collect();
        offsets.sort_unstable();
        if offsets.len() < 2 {
            return None;
        }
        // Of an even number the smaller deviation: a doubt speaks for this node's clock.
        let middle = &offsets[(offsets.len() - 1) / 2..=offsets.len() / 2];
        middle.iter().map(|offset| offset.unsigned_abs()).min()
    }

    pub fn next_wakeup(&self) -> Option<Timestamp> {
        let busy = self.busy.iter().filter_map(|key| self.peers.get(key));
        let flights = busy.flat_map(|peer| peer.flights.values());
        let resend = flights.map(|flight| flight.due).min();
        let want = self.wanted.values().map(|wanted| wanted.due).min();
        let compare = self.compare_at.filter(|_| !self.peers.is_empty());
        let clock = self.clock_at.filter(|_| !self.peers.is_empty());
        let ahead = self.ahead_at.filter(|_| !self.peers.is_empty());
        let all = [resend, want, compare, clock, ahead];
        all.into_iter().flatten().min()
    }

    fn stored_something(&mut self, now: Timestamp) {
        self.fruitless = 0;
        self.quiet_rounds = 0;
        self.compare_by(now.plus_ms(QUIET_MS));
    }

    /// An entry came that is of a time to come. It may not be kept until then.
    pub fn ahead_until(&mut self, due: Timestamp) {
        self.ahead_at = Some(self.ahead_at.map_or(due, |known| known.min(due)));
    }

    pub fn compare_by(&mut self, at: Timestamp) {
        self.compare_at = Some(self.compare_at.map_or(at, |known| known.min(at)));
    }
}

impl Core {
    /// The connected peers.
    #[must_use]
    pub fn peers(&self) -> Vec<PeerState> {
        let peers = self.exchange.peers.iter();
        peers.map(|(key, peer)| PeerState::of(key, peer)).collect()
    }

    /// When a node was last heard from, if it was since this node started.
    #[must_use]
    pub fn last_heard(&self, node: &PublicKey) -> Option<Timestamp> {
        let now = self.exchange.peers.get(node).map(|peer| peer.heard);
        now.or_else(|| self.exchange.seen.get(node).copied())
    }

    /// Whether a node is connected.
    #[must_use]
    pub fn is_connected(&self, node: &PublicKey) -> bool {
        self.exchange.peers.contains_key(node)
    }

    pub(crate) fn connected(&mut self, now: Timestamp, peer: PublicKey, outputs: &mut Vec<Output>) {
        self.exchange.disconnected(&peer);
        self.exchange.peers.insert(peer, Peer::since(now));
        self.note_change(Change::Peers);
        let incarnation = self.exchange.incarnation;
        outputs.push(Output::Send(peer, Message::Hello { now, incarnation }));
        // One side begins, so that nothing is sent twice; the other learns what it lacks from the
        // answers.
        if self.node() < peer || !self.is_caught_up() {
            self.send_digest(now, peer, outputs);
        }
        self.ask_chunks(peer, outputs);
        if self.is_present() {
            self.say_presence(peer, outputs);
        }
        self.meetings_connected(now, peer, outputs);
    }

    /// The nodes that are connected.
    pub(crate) fn connected_nodes(&self) -> Vec<PublicKey> {
        self.exchange.peers.keys().copied().collect()
    }

    /// Compares digests with every peer in turn, with one at once.
    pub(crate) fn compare_anew(&mut self, now: Timestamp) {
        self.exchange.stored_something(now);
        self.exchange.compare_by(now);
    }

    pub(crate) fn message(
        &mut self,
        now: Timestamp,
        from: PublicKey,
        message: Message,
        outputs: &mut Vec<Output>,
    ) {
        let Some(peer) = self.exchange.peers.get_mut(&from) else {
            return;
        };
        peer.heard = now;
        self.register.recovery.met(now);
        match message {
            Message::Hello {
                now: theirs,
                incarnation,
            } => {
                let again = peer.incarnation != 0 && peer.incarnation != incarnation;
                peer.incarnation = incarnation;
                let again = again && peer.may_ask(now);
                self.note_clock(now, theirs, from);
                if again {
                    self.send_digest(now, from, outputs);
                }
            }
            Message::Entries { number, entries } => {
                if self.take_entries(now, from, entries, outputs) {
                    self.acknowledge(from, number);
                }
            }
            Message::Acknowledge { number } => {
                if peer.end(now, number) {
                    self.exchange.busy.remove(&from);
                }
                self.fill_window(now, from, outputs);
            }
            Message::Have { ids } => self.take_announcement(now, from, ids, outputs),
            Message::Want { ids } => {
                let known = ids.iter().filter_map(|id| self.replica().position(id));
                let positions: BTreeSet<Position> = known.collect();
                self.enqueue(now, from, positions, outputs);
            }
            Message::Heights {
                now: theirs,
                range,
                heights,
            } => {
                let answered = peer.may_ask(now);
                self.note_clock(now, theirs, from);
                if !answered {
                    return;
                }
                self.take_heights(now, from, &range, &heights, outputs);
            }
            Message::Digests { now: theirs, parts } => {
                let answered = peer.may_ask(now);
                self.note_clock(now, theirs, from);
                if answered {
                    self.take_digests(now, from, &parts, outputs);
                }
            }
            Message::Asks { asks, again } => {
                if peer.may_ask(now) {
                    self.take_asks(now, from, asks, again, outputs);
                }
            }
            Message::Following { count } => self.take_following(from, count),
            Message::WantChunks { hashes } => {
                if !peer.may_ask(now) {
                    return;
                }
                let hashes = self.named_chunks(&hashes, CHUNKS_MAX);
                if !hashes.is_empty() {
                    outputs.push(Output::SendChunks { to: from, hashes });
                }
            }
            Message::Meetings(said) => self.heard_of_meetings(now, from, *said, outputs),
            Message::Present { writing } => {
                if peer.may_ask(now) {
                    self.take_presence(now, from, writing);
                }
            }
            Message::Later { .. } => {}
            Message::Chunk { bytes } => {
                if !self.take_chunk(bytes) {
                    outputs.push(Output::Fault(from, Fault::UnaskedChunk));
                }
            }
        }
    }

    fn note_clock(&mut self, now: Timestamp, theirs: Timestamp, from: PublicKey) {
        if let Some(peer) = self.exchange.peers.get_mut(&from) {
            let ahead = i128::from(theirs.0) - i128::from(now.0);
            peer.clock_ahead_ms = ahead.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
            peer.clock_known = true;
        }
        let again = self.is_clock_beyond_bound();
        let again = again.then(|| now.plus_ms(CLOCK_AGAIN_MS));
        self.exchange.clock_at =
            again.map(|at| self.exchange.clock_at.map_or(at, |known| known.min(at)));
        let off = self.exchange.clock_off();
        let before = std::mem::replace(&mut self.exchange.clock_off_seconds, off);
        if before.is_some() != off.is_some() {
            self.note_change(Change::Peers);
        }
    }

    fn is_clock_beyond_bound(&self) -> bool {
        let bound_ms = self.charter().terms().clock_bound_seconds * 1_000;
        let off = self.exchange.clock_deviation();
        off.is_some_and(|off| off > bound_ms)
    }

    /// A digest of nothing is answered with heights, and with the time.
    fn ask_clocks(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        let again = self.is_clock_beyond_bound();
        self.exchange.clock_at = again.then(|| now.plus_ms(CLOCK_AGAIN_MS));
        for peer in self.exchange.peers.keys().filter(|_| again) {
            let (range, digest) = (Range::ALL, Hash([0; 32]));
            let parts = vec![Part { range, digest }];
            outputs.push(Output::Send(*peer, Message::Digests { now, parts }));
        }
    }

    pub(crate) fn exchange_wake(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        self.resend(now, outputs);
        self.want_again(now, outputs);
        let clock_at = self.exchange.clock_at;
        // A clock that was set back would wait for a time that is far off now.
        if clock_at.is_some_and(|at| at <= now || at > now.plus_ms(CLOCK_AGAIN_MS)) {
            self.ask_clocks(now, outputs);
        }
        if self.exchange.ahead_at.take_if(|at| *at <= now).is_some() {
            self.compare_anew(now);
        }
        if self.exchange.compare_at.is_some_and(|at| at <= now) {
            self.compare_again(now, outputs);
        }
    }
}

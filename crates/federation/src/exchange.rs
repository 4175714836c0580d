//! How entries spread: pushed when they are new, pulled where they are missing, compared by heights
//! when nodes meet. It all lives in the core, so that the simulator runs the real thing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::{
    cbor::Decode,
    id::{EntryId, Timestamp},
    key::PublicKey,
};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use replica::{
    Offer, Position, Refusal,
    entry::Entry,
    heights::{Ask, HEIGHTS_MAX, Height},
};

use crate::{
    core::{Core, Origin},
    io::{Change, Fault, Output},
    message::{ASKS_MAX, ENTRIES_BYTES_MAX, ENTRIES_MAX, IDS_MAX, Message},
};

/// Up to this many peers everything new is pushed to all.
pub const SMALL_FEDERATION_PEERS: usize = 12;
/// Above that it is pushed to so many,
pub const PUSH_PEERS: usize = 6;
/// and announced to so many.
pub const ANNOUNCE_PEERS: usize = 8;
/// In a small federation those who receive something announce it to so many.
pub const RELAY_PEERS: usize = 2;
/// Messages of entries under way to one peer at a time.
const WINDOW: usize = 4;
/// The same with those that were sent again: they wait for something and must not hold up others.
const FLIGHTS_MAX: usize = 64;
/// How often a message of entries is sent again before heights are compared instead.
const RESENDS_MAX: u32 = 4;
/// The first wait for an acknowledgement, in milliseconds; doubled each time.
const RESEND_MS: u64 = 2_000;
/// The wait for an announced entry before another announcer is asked, in milliseconds.
const WANT_MS: u64 = 600;
/// How long after the last new entry heights are compared with one random peer, in milliseconds;
/// then with others after twice, four times as long and so on.
const QUIET_MS: u64 = 60_000;
/// With how many peers heights are compared after the last new entry: whom a liar left out hears of
/// nothing by itself.
const QUIET_ROUNDS_MAX: usize = 8;
/// How long after something was found missing heights are compared, in milliseconds.
const RECOVER_MS: u64 = 1_000;
/// The longest wait until heights are compared again for what is still missing, in milliseconds:
/// what waits for something that does not exist must not keep a federation busy.
const RECOVER_MS_MAX: u64 = 3_600_000;
/// The most announced entries that are awaited.
const WANTED_MAX: usize = 4_096;
/// The most announcers remembered of one entry.
const ANNOUNCERS_MAX: usize = 8;
/// The most announced entries that one peer is asked for at a time, so that one liar cannot take
/// all the places.
const WANTED_OF_PEER_MAX: usize = WANTED_MAX / 4;
/// The most chunks asked for, and answered, at once.
const CHUNKS_MAX: usize = 64;
/// How many questions that cost a walk through logs or reads from the disk one peer may ask at
/// once,
const QUESTIONS_MAX: u64 = 256;
/// and after how many milliseconds one more. What is over is not answered: whoever lacks
/// something asks again.
const QUESTION_MS: u64 = 100;
/// How many times all entries, and how many more, one peer is sent in one span: more than any loss
/// explains, and not enough to keep the disk and the line busy for ever.
const SERVED_TIMES: u64 = 4;
const SERVED_MORE: u64 = 65_536;
/// The span, in milliseconds.
const SERVED_MS: u64 = 3_600_000;
/// A clock further off the median of the peers' signs nothing, in milliseconds.
pub const CLOCK_MS_MAX: u64 = 300_000;

/// Entries on their way to a peer.
#[derive(Debug)]
struct Flight {
    ids: Vec<EntryId>,
    due: Timestamp,
    tries: u32,
}

/// What is known of a connected peer.
#[derive(Debug, Default)]
struct Peer {
    incarnation: u64,
    since: Timestamp,
    heard: Timestamp,
    clock_ahead_ms: i64,
    clock_known: bool,
    queue: VecDeque<Position>,
    queued: BTreeSet<Position>,
    flights: BTreeMap<u64, Flight>,
    sent: u64,
    expected: u64,
    awaits_answer: bool,
    compared: bool,
    /// When it may ask as many questions as ever again.
    patient_at: Timestamp,
}

impl Peer {
    /// Counts a question, unless it is one too many.
    fn may_ask(&mut self, now: Timestamp) -> bool {
        let next = self.patient_at.max(now).plus_ms(QUESTION_MS);
        let allowed = next.since_ms(now) <= QUESTIONS_MAX * QUESTION_MS;
        if allowed {
            self.patient_at = next;
        }
        allowed
    }
}

/// An announced entry that was asked for.
#[derive(Debug)]
struct Wanted {
    due: Timestamp,
    asked: PublicKey,
    announcers: VecDeque<PublicKey>,
}

/// A connected peer, for those who look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerState {
    /// Its node key.
    pub key: PublicKey,
    /// Since when it is connected.
    pub since: Timestamp,
    /// When it last said something.
    pub heard: Timestamp,
    /// By how much its clock is ahead of this node's, in milliseconds.
    pub clock_ahead_ms: i64,
    /// How many entries wait to be sent to it.
    pub to_send: usize,
    /// How many entries it has announced to send.
    pub to_come: u64,
    /// Whether logs have been compared since it connected.
    pub compared: bool,
}

/// What a node knows of its exchange with others.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    peers: BTreeMap<PublicKey, Peer>,
    wanted: BTreeMap<EntryId, Wanted>,
    seen: BTreeMap<PublicKey, Timestamp>,
    /// How many entries each peer was sent in its present span, and when that began. Connecting
    /// anew does not change it.
    served: BTreeMap<PublicKey, (Timestamp, u64)>,
    compare_at: Option<Timestamp>,
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
        }
    }

    /// The median of the peers' clocks, from three nodes on, so that one liar cannot silence a
    /// node.
    pub fn clock_trouble(&self) -> Option<u64> {
        let known = self.peers.values().filter(|peer| peer.clock_known);
        let mut offsets: Vec<i64> = known.map(|peer| peer.clock_ahead_ms).collect();
        offsets.sort_unstable();
        if offsets.len() < 2 {
            return None;
        }
        // Of an even number the smaller deviation: a doubt speaks for this node's clock.
        let middle = &offsets[(offsets.len() - 1) / 2..=offsets.len() / 2];
        let off = middle.iter().map(|offset| offset.unsigned_abs()).min()?;
        (off > CLOCK_MS_MAX).then_some(off / 1000)
    }

    pub fn next_wakeup(&self) -> Option<Timestamp> {
        let flights = self.peers.values().flat_map(|peer| peer.flights.values());
        let resend = flights.map(|flight| flight.due).min();
        let want = self.wanted.values().map(|wanted| wanted.due).min();
        let compare = self.compare_at.filter(|_| !self.peers.is_empty());
        [resend, want, compare].into_iter().flatten().min()
    }

    fn stored_something(&mut self, now: Timestamp) {
        self.fruitless = 0;
        self.quiet_rounds = 0;
        self.compare_by(now.plus_ms(QUIET_MS));
    }

    pub fn compare_by(&mut self, at: Timestamp) {
        self.compare_at = Some(self.compare_at.map_or(at, |known| known.min(at)));
    }
}

impl Core {
    /// The connected peers.
    #[must_use]
    pub fn peers(&self) -> Vec<PeerState> {
        let state = |(key, peer): (&PublicKey, &Peer)| PeerState {
            key: *key,
            since: peer.since,
            heard: peer.heard,
            clock_ahead_ms: peer.clock_ahead_ms,
            to_send: peer.queue.len()
                + peer
                    .flights
                    .values()
                    .map(|flight| flight.ids.len())
                    .sum::<usize>(),
            to_come: peer.expected,
            compared: peer.compared,
        };
        self.exchange.peers.iter().map(state).collect()
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
        let fresh = Peer {
            since: now,
            heard: now,
            ..Peer::default()
        };
        self.exchange.peers.insert(peer, fresh);
        self.note_change(Change::Peers);
        let incarnation = self.exchange.incarnation;
        outputs.push(Output::Send(peer, Message::Hello { now, incarnation }));
        // One side begins, so that nothing is sent twice; the other learns what it lacks from the
        // answers.
        if self.node() < peer || !self.is_caught_up() {
            self.send_heights(now, peer, outputs);
        }
        self.ask_chunks(peer, outputs);
    }

    fn send_heights(&mut self, now: Timestamp, to: PublicKey, outputs: &mut Vec<Output>) {
        let Some(peer) = self.exchange.peers.get_mut(&to) else {
            return;
        };
        peer.awaits_answer = true;
        let heights = self.replica().heights();
        let mut first = PublicKey([0; 32]);
        let chunks: Vec<&[Height]> = heights.chunks(HEIGHTS_MAX).collect();
        for (index, chunk) in chunks.iter().enumerate() {
            let last = match chunks.get(index + 1) {
                Some(_) => chunk[chunk.len() - 1].key,
                None => PublicKey([0xff; 32]),
            };
            let heights = chunk.to_vec();
            outputs.push(Output::Send(
                to,
                Message::Heights {
                    now,
                    range: (first, last),
                    heights,
                },
            ));
            first = successor(last);
        }
        if chunks.is_empty() {
            let range = (first, PublicKey([0xff; 32]));
            outputs.push(Output::Send(
                to,
                Message::Heights {
                    now,
                    range,
                    heights: Vec::new(),
                },
            ));
        }
    }

    /// Compares heights with every peer in turn, with one at once.
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
                    self.send_heights(now, from, outputs);
                }
            }
            Message::Entries { number, entries } => {
                if self.take_entries(now, from, entries, outputs) {
                    self.acknowledge(from, number);
                }
            }
            Message::Acknowledge { number } => {
                peer.flights.remove(&number);
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
                let difference = self.replica().compare(&heights, range.0..=range.1);
                self.answer_difference(now, from, difference.send, difference.ask, outputs);
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
            Message::Chunk { bytes } => {
                if !self.take_chunk(bytes) {
                    outputs.push(Output::Fault(from, Fault::UnaskedChunk));
                }
            }
        }
    }

    fn note_clock(&mut self, now: Timestamp, theirs: Timestamp, from: PublicKey) {
        let before = self.clock_trouble().is_some();
        if let Some(peer) = self.exchange.peers.get_mut(&from) {
            let ahead = i128::from(theirs.0) - i128::from(now.0);
            peer.clock_ahead_ms = ahead.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
            peer.clock_known = true;
        }
        if self.clock_trouble().is_some() != before {
            self.note_change(Change::Peers);
        }
    }

    fn answer_difference(
        &mut self,
        now: Timestamp,
        to: PublicKey,
        send: BTreeSet<Position>,
        ask: Vec<Ask>,
        outputs: &mut Vec<Output>,
    ) {
        let count = send.len() as u64;
        outputs.push(Output::Send(to, Message::Following { count }));
        if let Some(peer) = self.exchange.peers.get_mut(&to) {
            peer.compared = true;
            peer.awaits_answer |= !ask.is_empty();
        }
        if ask.is_empty() {
            self.check_caught_up(&to);
        }
        for asks in ask.chunks(ASKS_MAX) {
            outputs.push(Output::Send(
                to,
                Message::Asks {
                    asks: asks.to_vec(),
                    again: false,
                },
            ));
        }
        self.enqueue(now, to, send, outputs);
    }

    fn take_asks(
        &mut self,
        now: Timestamp,
        from: PublicKey,
        asks: Vec<Ask>,
        again: bool,
        outputs: &mut Vec<Output>,
    ) {
        let (mut send, mut back) = (BTreeSet::new(), Vec::new());
        let mut seen = BTreeSet::new();
        for ask in asks {
            // One walk through a log is enough for one message.
            if !seen.insert(ask.key) {
                continue;
            }
            let (positions, they_have_more) = self.replica().answer(&ask);
            send.extend(positions);
            if they_have_more && !again {
                back.push(self.replica().ask(&ask.key, true));
            }
        }
        let count = send.len() as u64;
        outputs.push(Output::Send(from, Message::Following { count }));
        if !back.is_empty() {
            outputs.push(Output::Send(
                from,
                Message::Asks {
                    asks: back,
                    again: true,
                },
            ));
        }
        self.enqueue(now, from, send, outputs);
    }

    fn take_following(&mut self, from: PublicKey, count: u64) {
        // What answers no question proves nothing: a liar must not end the wait for a comparison.
        let Some(peer) = self
            .exchange
            .peers
            .get_mut(&from)
            .filter(|peer| peer.awaits_answer)
        else {
            return;
        };
        peer.awaits_answer = false;
        peer.compared = true;
        peer.expected = peer.expected.saturating_add(count);
        self.note_change(Change::Peers);
        self.check_caught_up(&from);
    }

    fn check_caught_up(&mut self, from: &PublicKey) {
        let done = self
            .exchange
            .peers
            .get(from)
            .is_some_and(|peer| peer.compared && !peer.awaits_answer && peer.expected == 0);
        if done {
            self.caught_up_with_a_peer();
        }
    }

    /// Takes entries from a peer. Returns whether each is stored, known or refused for good: what
    /// waits in memory would be lost in a crash and is not acknowledged.
    fn take_entries(
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
            match self.offer(now, entry, Origin::Peer(from)) {
                Offer::Stored => stored = true,
                Offer::Waits(ancestors) => {
                    missing.extend(ancestors);
                    waiting.push(id);
                }
                Offer::Known | Offer::Ahead(_) => waiting.push(id),
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

    fn ask_chunks(&mut self, peer: PublicKey, outputs: &mut Vec<Output>) {
        let hashes = self.chunks_to_ask(&peer, CHUNKS_MAX);
        if !hashes.is_empty() {
            outputs.push(Output::Send(peer, Message::WantChunks { hashes }));
        }
    }

    fn take_announcement(
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

    fn shuffled(&mut self, mut peers: Vec<PublicKey>) -> Vec<PublicKey> {
        for last in (1..peers.len()).rev() {
            let other = self.generator().next_u64() % (last as u64 + 1);
            peers.swap(last, other as usize);
        }
        peers
    }

    fn enqueue(
        &mut self,
        now: Timestamp,
        to: PublicKey,
        positions: BTreeSet<Position>,
        outputs: &mut Vec<Output>,
    ) {
        let Some(peer) = self.exchange.peers.get_mut(&to) else {
            return;
        };
        for position in positions {
            if peer.queued.insert(position) {
                peer.queue.push_back(position);
            }
        }
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
    fn fill_window(&mut self, now: Timestamp, to: PublicKey, outputs: &mut Vec<Output>) {
        while let Some(ids) = self.next_flight(now, &to) {
            let Some(peer) = self.exchange.peers.get_mut(&to) else {
                return;
            };
            peer.sent += 1;
            let number = peer.sent;
            let flight = Flight {
                ids: ids.clone(),
                due: now.plus_ms(RESEND_MS),
                tries: 0,
            };
            peer.flights.insert(number, flight);
            outputs.push(Output::SendEntries { to, number, ids });
        }
    }

    /// Takes from a peer's queue what fits one message, if another one may be under way.
    fn next_flight(&mut self, now: Timestamp, to: &PublicKey) -> Option<Vec<EntryId>> {
        let most = SERVED_TIMES * self.replica().len() as u64 + SERVED_MORE;
        let (began, mut served) = match self.exchange.served.get(to) {
            Some((began, served)) if now.since_ms(*began) < SERVED_MS => (*began, *served),
            _ => (now, 0),
        };
        let mut peer = self.exchange.peers.remove(to)?;
        if served >= most {
            // What it still lacks it asks for in the next span.
            peer.queue.clear();
            peer.queued.clear();
        }
        let (mut ids, mut bytes) = (Vec::new(), 0);
        let fresh = peer.flights.values().filter(|flight| flight.tries == 0);
        let has_room = fresh.count() < WINDOW && peer.flights.len() < FLIGHTS_MAX;
        while has_room && ids.len() < ENTRIES_MAX {
            // What a peer asked for may still be on its way to the disk: it waits there.
            let Some(position) = peer.queue.front().filter(|front| self.is_durable(**front)) else {
                break;
            };
            if let Some(stored) = self.replica().get(*position) {
                let size = stored.size as usize;
                if !ids.is_empty() && bytes + size > ENTRIES_BYTES_MAX {
                    break;
                }
                bytes += size;
                ids.push(stored.id);
            }
            peer.queued.remove(position);
            peer.queue.pop_front();
        }
        self.exchange.peers.insert(*to, peer);
        served += ids.len() as u64;
        self.exchange.served.insert(*to, (began, served));
        (!ids.is_empty()).then_some(ids)
    }

    pub(crate) fn exchange_wake(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        self.resend(now, outputs);
        self.want_again(now, outputs);
        if self.exchange.compare_at.is_some_and(|at| at <= now) {
            self.exchange.compare_at = None;
            if let Some(peer) = self.next_quiet_peer() {
                self.send_heights(now, peer, outputs);
                self.ask_chunks(peer, outputs);
            }
            let rounds = self.exchange.quiet_rounds;
            // In a large federation an entry comes from so many that two rounds do.
            let peers = self.exchange.peers.len();
            let wanted = match peers <= SMALL_FEDERATION_PEERS {
                true => peers.min(QUIET_ROUNDS_MAX),
                false => 2,
            };
            if (rounds as usize) < wanted {
                self.exchange.compare_by(now.plus_ms(QUIET_MS << rounds));
            }
            let lacks = self.replica().pending_len() > 0
                || self.replica().wanted_branches().next().is_some()
                || self.missing_chunks() > 0;
            if lacks {
                let wait = (5 * RECOVER_MS) << self.exchange.fruitless.min(10);
                self.exchange.fruitless += 1;
                self.exchange
                    .compare_by(now.plus_ms(wait.min(RECOVER_MS_MAX)));
            }
        }
    }

    /// The next peer to compare heights with: each in turn, in a random order.
    fn next_quiet_peer(&mut self) -> Option<PublicKey> {
        self.exchange.quiet_rounds = self.exchange.quiet_rounds.saturating_add(1);
        loop {
            let Some(peer) = self.exchange.quiet_peers.pop() else {
                let peers: Vec<PublicKey> = self.exchange.peers.keys().copied().collect();
                self.exchange.quiet_peers = self.shuffled(peers);
                return self.exchange.quiet_peers.pop();
            };
            if self.exchange.peers.contains_key(&peer) {
                return Some(peer);
            }
        }
    }

    fn resend(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        let (mut given_up, mut resent) = (Vec::new(), Vec::new());
        for (key, peer) in &mut self.exchange.peers {
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
                flight.due = now.plus_ms(RESEND_MS << flight.tries);
                let ids = flight.ids.clone();
                outputs.push(Output::SendEntries {
                    to: *key,
                    number,
                    ids,
                });
            }
        }
        given_up.dedup();
        for key in given_up {
            self.send_heights(now, key, outputs);
        }
        resent.dedup();
        for key in resent {
            self.fill_window(now, key, outputs);
        }
    }

    fn want_again(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
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

fn successor(key: PublicKey) -> PublicKey {
    let mut bytes = key.0;
    for byte in bytes.iter_mut().rev() {
        let (next, carry) = byte.overflowing_add(1);
        *byte = next;
        if !carry {
            break;
        }
    }
    PublicKey(bytes)
}

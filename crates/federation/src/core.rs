//! The node's state machine.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::{Decode, Encode},
    charter::{Charter, ClassId, RuleName},
    genesis::Genesis,
    id::{EntryId, FederationId, Hash, MemberId, ProposalId, Timestamp},
    key::{PublicKey, SecretKey},
    record::{Purpose, Record},
};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use replica::{Offer, Position, Replica, entry::Entry, view::View};

use crate::{
    act::{Act, Prepared},
    error::{CoreError, Refused},
    exchange::Exchange,
    io::{Change, Input, Output, Write},
    prepare::change_of,
    state::{Bench, Decision, State},
};

/// What a genesis may require of a node; nothing so far.
const KNOWN_FEATURES: [&str; 0] = [];

/// What a core is told once.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The key this node speaks with.
    pub node: PublicKey,
    /// Seeds the choice of peers.
    pub seed: [u8; 32],
}

/// Where an entry came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A key on this node, or an applicant's introduction.
    Here,
    /// This peer.
    Peer(PublicKey),
}

/// What waits for a write to be durable.
#[derive(Debug, Default)]
struct Waiting {
    answers: Vec<(u64, Result<EntryId, Refused>)>,
    acknowledge: Vec<(PublicKey, u64)>,
    spread: Vec<(Position, Origin)>,
}

/// The state machine of a node. It reads no clock, draws no randomness of its own and does no I/O:
/// the shell tells it what happens and when, and does what it asks. The same core runs in the
/// simulator.
///
/// Outputs that tell others of an entry leave only after the write that holds it is durable.
#[derive(Debug)]
pub struct Core {
    settings: Settings,
    home: Option<MemberId>,
    charter: Charter,
    replica: Replica,
    view: View,
    pub(crate) exchange: Exchange,
    generator: ChaCha8Rng,
    chunks: BTreeSet<Hash>,
    missing_chunks: BTreeMap<Hash, Option<PublicKey>>,
    writes: u64,
    durable: u64,
    /// Entries whose write is not durable yet: no peer may be told of them.
    volatile: BTreeSet<Position>,
    waiting: BTreeMap<u64, Waiting>,
    roster: BTreeMap<PublicKey, Vec<String>>,
    /// Whether something was stored since that can change the roster.
    roster_is_old: bool,
    caught_up: bool,
    started: bool,
    /// The deadlines that have not passed yet, so that people see a vote close.
    deadlines: BTreeSet<(Timestamp, ProposalId)>,
    changes: BTreeSet<Change>,
}

impl Core {
    /// A core of the federation that begins with `genesis`.
    ///
    /// # Errors
    /// When this release cannot read the charter or does not know what the genesis requires.
    pub fn new(genesis: Genesis, settings: Settings) -> Result<Self, CoreError> {
        let charter = Charter::decode(&genesis.charter).map_err(CoreError::Charter)?;
        if let Some(unknown) = genesis
            .requires
            .iter()
            .find(|feature| !KNOWN_FEATURES.contains(&feature.as_str()))
        {
            return Err(CoreError::Requires(unknown.clone()));
        }
        let generator = ChaCha8Rng::from_seed(settings.seed);
        Ok(Self {
            settings,
            home: None,
            charter,
            replica: Replica::new(genesis),
            view: View::default(),
            exchange: Exchange::default(),
            generator,
            chunks: BTreeSet::new(),
            missing_chunks: BTreeMap::new(),
            writes: 0,
            durable: 0,
            volatile: BTreeSet::new(),
            waiting: BTreeMap::new(),
            roster: BTreeMap::new(),
            roster_is_old: false,
            caught_up: false,
            started: false,
            deadlines: BTreeSet::new(),
            changes: BTreeSet::new(),
        })
    }

    /// Takes up an entry that this node stored before, in the order of storing, before
    /// [`Input::Start`].
    ///
    /// # Errors
    /// When it does not fit: the store is damaged.
    pub fn restore(&mut self, bytes: &[u8], received: Timestamp) -> Result<(), CoreError> {
        let entry = Entry::from_bytes(bytes).map_err(CoreError::Bytes)?;
        self.replica
            .restore(entry, received)
            .map_err(CoreError::Stored)?;
        for (position, _) in self.replica.take_changes().stored {
            self.note_chunks(position, None);
        }
        Ok(())
    }

    /// Takes up a chunk that this node stored before.
    pub fn restore_chunk(&mut self, hash: Hash) {
        self.missing_chunks.remove(&hash);
        self.chunks.insert(hash);
    }

    /// The node's key.
    #[must_use]
    pub fn node(&self) -> PublicKey {
        self.settings.node
    }

    /// Says which member this node serves. Another member that grants this node's key before it
    /// has signed anything then gains nothing.
    pub fn serve(&mut self, member: MemberId) {
        self.home = Some(member);
    }

    /// The member this node serves, once its grant is here.
    #[must_use]
    pub fn member(&self) -> Option<MemberId> {
        let Some(home) = self.home else {
            return self.view.member_of(&self.settings.node);
        };
        let granted = self.view.granted_by(&home, &self.settings.node);
        granted.filter(|key| !key.revoked).map(|_| home)
    }

    /// The federation's id.
    #[must_use]
    pub fn federation(&self) -> FederationId {
        self.replica.federation()
    }

    /// The genesis.
    #[must_use]
    pub fn genesis(&self) -> &Genesis {
        self.replica.genesis()
    }

    /// The charter in force.
    #[must_use]
    pub fn charter(&self) -> &Charter {
        &self.charter
    }

    /// The entries.
    #[must_use]
    pub fn replica(&self) -> &Replica {
        &self.replica
    }

    /// What the standing entries say.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Whether a chunk of a long text is here.
    #[must_use]
    pub fn has_chunk(&self, hash: &Hash) -> bool {
        self.chunks.contains(hash)
    }

    /// How many chunks of long texts are awaited.
    #[must_use]
    pub fn missing_chunks(&self) -> usize {
        self.missing_chunks.len()
    }

    /// The nodes that may connect, with their addresses.
    #[must_use]
    pub fn roster(&self) -> &BTreeMap<PublicKey, Vec<String>> {
        &self.roster
    }

    fn bench(&self) -> Bench<'_> {
        Bench {
            replica: &self.replica,
            view: &self.view,
            charter: &self.charter,
            genesis: self.replica.genesis(),
        }
    }

    /// How a proposal stands at `now`; `None` if it is not here.
    #[must_use]
    pub fn decision(&self, id: &ProposalId, now: Timestamp) -> Option<Decision<'_>> {
        self.bench().decision(id, now)
    }

    /// The members that may vote under a rule, as this node knows them.
    #[must_use]
    pub fn eligible(&self, rule: RuleName) -> BTreeMap<MemberId, ClassId> {
        self.bench().eligible(rule)
    }

    /// Whether the node may sign: after an unclean start only once it has compared its logs with
    /// a peer.
    #[must_use]
    pub fn is_caught_up(&self) -> bool {
        self.caught_up
    }

    /// By how many seconds the clock is too far off the peers' to sign anything; `None` if it is
    /// not.
    #[must_use]
    pub fn clock_trouble(&self) -> Option<u64> {
        self.exchange.clock_trouble()
    }

    /// The earliest time at which the core has something to do by itself.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        let first = self.deadlines.first();
        let deadline = first.map(|(deadline, _)| deadline.plus_ms(1));
        [
            deadline,
            self.replica.next_due(),
            self.exchange.next_wakeup(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Takes one input at the time `now` and says what is to be done.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Vec<Output> {
        let mut outputs = Vec::new();
        match input {
            Input::Start { clean, alone } => self.start(now, clean || alone),
            Input::Connected(peer) => self.connected(now, peer, &mut outputs),
            Input::Disconnected(peer) => {
                self.exchange.disconnected(&peer);
                self.changes.insert(Change::Peers);
            }
            Input::Message(peer, message) => self.message(now, peer, message, &mut outputs),
            Input::Persisted(number) => self.persisted(now, number, &mut outputs),
            Input::Act {
                ticket,
                key,
                act,
                random,
            } => {
                self.act(now, ticket, &key, act, random, &mut outputs);
            }
            Input::Prepare {
                ticket,
                key,
                act,
                random,
            } => {
                let result = self.prepare(now, &key, &act, random).map(Box::new);
                outputs.push(Output::Prepared { ticket, result });
            }
            Input::Submit {
                ticket,
                entry,
                chunks,
            } => {
                self.submit(now, ticket, entry, chunks, &mut outputs);
            }
            Input::Introduce(entries) => {
                for entry in entries {
                    self.offer(now, entry, Origin::Here, &mut outputs);
                }
                self.flush(now, Waiting::default(), Vec::new(), &mut outputs);
            }
            Input::Wake => self.wake(now, &mut outputs),
        }
        self.announce(now, &mut outputs);
        outputs
    }

    fn start(&mut self, now: Timestamp, may_sign: bool) {
        self.started = true;
        self.view = self.replica.view();
        self.note_all_deadlines(now);
        self.exchange.started(now, &mut self.generator);
        let others = self.view.keys.iter().any(|(key, known)| {
            known.purpose == Purpose::Node && !known.revoked && *key != self.settings.node
        });
        // A node whose grant is not here yet is let in by nobody, so that there is nobody to compare
        // with: it may sign what makes it a member's.
        let is_known = self.view.keys.contains_key(&self.settings.node);
        self.caught_up = may_sign || !others || !is_known;
        self.roster_is_old = true;
        self.changes.extend([Change::Members, Change::Peers]);
    }

    fn note_all_deadlines(&mut self, now: Timestamp) {
        let openings = self.view.proposals.iter().flat_map(|(id, proposal)| {
            let openings = proposal.openings().into_iter();
            openings.map(|opening| (opening.record.deadline, *id))
        });
        self.deadlines = openings.filter(|(deadline, _)| *deadline >= now).collect();
    }

    pub(crate) fn generator(&mut self) -> &mut ChaCha8Rng {
        &mut self.generator
    }

    pub(crate) fn is_durable(&self, position: Position) -> bool {
        !self.volatile.contains(&position)
    }

    pub(crate) fn caught_up_with_a_peer(&mut self) {
        if !self.caught_up {
            self.caught_up = true;
            self.changes.insert(Change::Peers);
        }
    }

    pub(crate) fn note_change(&mut self, change: Change) {
        self.changes.insert(change);
    }

    /// Offers an entry and brings the view up to date.
    pub(crate) fn offer(
        &mut self,
        now: Timestamp,
        entry: Entry,
        origin: Origin,
        outputs: &mut Vec<Output>,
    ) -> Offer {
        let offer = self.replica.offer(now, entry);
        if offer == Offer::Stored {
            self.take_up(now, origin, Vec::new(), outputs);
        }
        offer
    }

    /// Persists what the replica stored and brings the view up to date.
    fn take_up(
        &mut self,
        now: Timestamp,
        origin: Origin,
        chunks: Vec<Vec<u8>>,
        outputs: &mut Vec<Output>,
    ) {
        let changes = self.replica.take_changes();
        let mut writes: Vec<Write> = changes
            .removed
            .into_iter()
            .map(|id| Write::Remove { id })
            .collect();
        for bytes in chunks {
            let hash = Hash::of(&[&bytes]);
            self.missing_chunks.remove(&hash);
            if self.chunks.insert(hash) {
                writes.push(Write::Chunk { hash, bytes });
            }
        }
        let mut spread = Vec::new();
        for (position, entry) in &changes.stored {
            let id = entry.id(&self.federation());
            writes.push(Write::Entry {
                id,
                bytes: entry.to_bytes(),
                received: now,
            });
            spread.push((*position, origin));
            self.volatile.insert(*position);
            let from = match origin {
                Origin::Peer(peer) => Some(peer),
                Origin::Here => None,
            };
            self.note_chunks(*position, from);
        }
        if changes.standing {
            self.roster_is_old = true;
            self.view = self.replica.view();
            self.changes.insert(Change::Members);
            let all: Vec<ProposalId> = self.view.proposals.keys().copied().collect();
            self.changes.extend(all.into_iter().map(Change::Proposal));
        } else {
            for (position, _) in &changes.stored {
                self.replica.apply(&mut self.view, *position);
            }
        }
        for (position, _) in &changes.stored {
            if let Some(stored) = self.replica.get(*position) {
                let record = stored.record.as_deref();
                if let Some(Record::Opening(opening)) = record {
                    self.deadlines.insert((opening.deadline, opening.proposal));
                }
                let change = change_of(stored.kind, record, stored.id, &self.view.phases);
                self.roster_is_old |= matches!(change, Some(Change::Members | Change::Peers));
                self.changes.extend(change);
            }
        }
        let waiting = Waiting {
            spread,
            ..Waiting::default()
        };
        self.flush(now, waiting, writes, outputs);
    }

    /// Hands writes to the shell; what waits is done once they, and all before, are durable.
    fn flush(
        &mut self,
        now: Timestamp,
        waiting: Waiting,
        writes: Vec<Write>,
        outputs: &mut Vec<Output>,
    ) {
        if !writes.is_empty() {
            self.writes += 1;
            outputs.push(Output::Persist {
                number: self.writes,
                writes,
            });
        }
        let known = self.waiting.entry(self.writes).or_default();
        known.answers.extend(waiting.answers);
        known.acknowledge.extend(waiting.acknowledge);
        known.spread.extend(waiting.spread);
        if self.durable >= self.writes {
            self.persisted(now, self.durable, outputs);
        }
    }

    /// Acknowledges a peer's message once all it brought is durable.
    pub(crate) fn acknowledge(
        &mut self,
        now: Timestamp,
        peer: PublicKey,
        number: u64,
        outputs: &mut Vec<Output>,
    ) {
        let waiting = Waiting {
            acknowledge: vec![(peer, number)],
            ..Waiting::default()
        };
        self.flush(now, waiting, Vec::new(), outputs);
    }

    fn answer(
        &mut self,
        now: Timestamp,
        ticket: u64,
        result: Result<EntryId, Refused>,
        outputs: &mut Vec<Output>,
    ) {
        let waiting = Waiting {
            answers: vec![(ticket, result)],
            ..Waiting::default()
        };
        self.flush(now, waiting, Vec::new(), outputs);
    }

    /// Everything up to write `number` is durable. Completions may overtake each other.
    fn persisted(&mut self, now: Timestamp, number: u64, outputs: &mut Vec<Output>) {
        self.durable = self.durable.max(number);
        let later = self.waiting.split_off(&(self.durable + 1));
        let due = std::mem::replace(&mut self.waiting, later);
        for waiting in due.into_values() {
            for (ticket, result) in waiting.answers {
                outputs.push(Output::Answer { ticket, result });
            }
            for (peer, number) in waiting.acknowledge {
                self.send_acknowledgement(peer, number, outputs);
            }
            if !waiting.spread.is_empty() {
                for (position, _) in &waiting.spread {
                    self.volatile.remove(position);
                }
                self.spread(now, &waiting.spread, outputs);
                self.fill_windows(now, outputs);
            }
        }
    }

    fn act(
        &mut self,
        now: Timestamp,
        ticket: u64,
        key: &SecretKey,
        act: Act,
        random: [u8; 32],
        outputs: &mut Vec<Output>,
    ) {
        // An amendment during voting opens voting anew on the new version.
        let reopen = match &act {
            Act::Amend { proposal, .. } => self
                .decision(proposal, now)
                .filter(|decision| decision.state == State::Voting)
                .map(|_| *proposal),
            _ => None,
        };
        let mut result = self.author(now, key, &act, random, outputs);
        if let (Some(proposal), Ok(_)) = (reopen, &result) {
            let random = Hash::of(&[b"reopen", &random]).0;
            let opened = self.author(now, key, &Act::Open { proposal }, random, outputs);
            result = result.and_then(|amended| opened.map(|_| amended));
        }
        self.answer(now, ticket, result, outputs);
    }

    fn author(
        &mut self,
        now: Timestamp,
        key: &SecretKey,
        act: &Act,
        random: [u8; 32],
        outputs: &mut Vec<Output>,
    ) -> Result<EntryId, Refused> {
        let prepared = self.prepare(now, &key.public(), act, random)?;
        let signature = prepared.header.sign(&self.federation(), key);
        let chunks = prepared.chunks.clone();
        self.take_own(now, prepared.signed(signature), chunks, outputs)
    }

    /// Stores an entry of a key of this node's people.
    fn take_own(
        &mut self,
        now: Timestamp,
        entry: Entry,
        chunks: Vec<Vec<u8>>,
        outputs: &mut Vec<Output>,
    ) -> Result<EntryId, Refused> {
        let id = entry.id(&self.federation());
        match self.replica.offer(now, entry) {
            Offer::Stored => {
                self.take_up(now, Origin::Here, chunks, outputs);
                Ok(id)
            }
            Offer::Known => Ok(id),
            Offer::Refused(refusal) => Err(Refused::Entry(refusal)),
            Offer::Waits(_) | Offer::Ahead(_) => Err(Refused::NotNext),
        }
    }

    /// An entry signed elsewhere must be the next of its log: this node never makes a fork.
    fn submit(
        &mut self,
        now: Timestamp,
        ticket: u64,
        entry: Entry,
        chunks: Vec<Vec<u8>>,
        outputs: &mut Vec<Output>,
    ) {
        let tip = self.replica.tip(&entry.header.author).map(|(_, id)| id);
        let named: BTreeSet<Hash> = match Prepared::record(&entry) {
            Some(record) => record.chunks().iter().copied().collect(),
            None => BTreeSet::new(),
        };
        let chunks = chunks
            .into_iter()
            .filter(|bytes| named.contains(&Hash::of(&[bytes])));
        let chunks = chunks.collect();
        let result = if !self.caught_up {
            Err(Refused::NotCaughtUp)
        } else if entry.header.previous != tip {
            Err(Refused::NotNext)
        } else {
            self.take_own(now, entry, chunks, outputs)
        };
        self.answer(now, ticket, result, outputs);
    }

    fn note_chunks(&mut self, position: Position, from: Option<PublicKey>) {
        let Some(stored) = self.replica.get(position) else {
            return;
        };
        let Some(record) = stored.record.as_deref() else {
            return;
        };
        for hash in record.chunks() {
            if !self.chunks.contains(hash) {
                // Whoever names it again later may be lying, so the first one stays.
                self.missing_chunks.entry(*hash).or_insert(from);
            }
        }
    }

    /// A chunk that was asked for. Returns whether it was.
    pub(crate) fn take_chunk(
        &mut self,
        now: Timestamp,
        bytes: Vec<u8>,
        outputs: &mut Vec<Output>,
    ) -> bool {
        let hash = Hash::of(&[&bytes]);
        if self.missing_chunks.remove(&hash).is_none() {
            return self.chunks.contains(&hash);
        }
        self.chunks.insert(hash);
        self.flush(
            now,
            Waiting::default(),
            vec![Write::Chunk { hash, bytes }],
            outputs,
        );
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
        let of_peer = |from: &Option<PublicKey>| from.as_ref() == Some(peer);
        let own = around().filter(|(_, from)| of_peer(from));
        let others = around().filter(|(_, from)| !of_peer(from));
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

    fn wake(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        let released = self.replica.release_due(now);
        if released.iter().any(|(_, offer)| *offer == Offer::Stored) {
            self.take_up(now, Origin::Here, Vec::new(), outputs);
        }
        self.exchange_wake(now, outputs);
    }

    /// Tells the shell what changed for those who look and who may connect.
    fn announce(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        if !self.started {
            return;
        }
        while let Some((deadline, proposal)) = self.deadlines.first().copied() {
            if deadline >= now {
                break;
            }
            self.deadlines.pop_first();
            self.changes.insert(Change::Proposal(proposal));
        }
        if std::mem::take(&mut self.roster_is_old) {
            let roster = self.compute_roster();
            if roster != self.roster {
                self.roster.clone_from(&roster);
                outputs.push(Output::Roster(roster));
            }
        }
        outputs.extend(
            std::mem::take(&mut self.changes)
                .into_iter()
                .map(Output::Changed),
        );
    }

    fn compute_roster(&self) -> BTreeMap<PublicKey, Vec<String>> {
        let nodes = self.view.keys.iter().filter(|(key, known)| {
            known.purpose == Purpose::Node && !known.revoked && **key != self.settings.node
        });
        nodes
            .map(|(key, _)| {
                let endpoint = self
                    .view
                    .nodes
                    .get(key)
                    .map(|node| node.endpoint.addresses.clone());
                (*key, endpoint.unwrap_or_default())
            })
            .collect()
    }

    /// The entries by which this node shows a node that does not know it that it is a member's:
    /// the member's root log up to the grants, and the granting steward's.
    #[must_use]
    pub fn introduction(&self) -> Vec<EntryId> {
        let Some(known) = self.view.keys.get(&self.settings.node) else {
            return Vec::new();
        };
        let mut ids = Vec::new();
        let mut at = self.replica.position(&known.grant);
        let mut tails = Vec::new();
        while let Some(position) = at {
            tails.push(position);
            at = self.replica.get(position).and_then(|stored| stored.grant);
        }
        for tail in tails.into_iter().rev() {
            let mut path = Vec::new();
            let mut at = Some(tail);
            while let Some(stored) = at.and_then(|position| self.replica.get(position)) {
                path.push(stored.id);
                at = stored.previous;
            }
            ids.extend(
                path.into_iter()
                    .rev()
                    .filter(|id| !ids.contains(id))
                    .collect::<Vec<_>>(),
            );
        }
        ids
    }
}

impl Prepared {
    fn record(entry: &Entry) -> Option<Record> {
        let body = entry.body.as_ref()?;
        Record::from_bytes(entry.header.kind, body.bytes())
            .ok()
            .flatten()
    }
}

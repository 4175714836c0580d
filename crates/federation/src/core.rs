//! The node's state machine.

mod chunks;
mod intake;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::Decode,
    charter::{Charter, ClassId, RuleName},
    decision,
    entry::Entry,
    genesis::Genesis,
    id::{EntryId, FederationId, Hash, MemberId, ProposalId, Timestamp},
    key::PublicKey,
    record::{Opening, Purpose},
};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use replica::{Offer, Position, Replica, view::View};

use self::chunks::Awaited;
use crate::{
    budget::Budget,
    error::{CoreError, Refused},
    exchange::Exchange,
    followed::Followed,
    io::{Change, Input, Output, Write},
    meetings::{Meetings, Origin as Caller, Part, Settled, call::CallFault},
    presence::Presence,
    register::Register,
    state::{Bench, Decision},
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
    placed: Vec<Settled>,
}

/// How long the node of a member that left is still let in, in seconds: it has to hear of the height that
/// says so, which it witnessed as long as it was a member. Whoever was expelled is let go of at once.
const FAREWELL_SECONDS: u64 = 600;

/// The state machine of a node. It reads no clock, draws no randomness of its own and does no I/O:
/// the shell tells it what happens and when, and does what it asks. The same core runs in the
/// simulator.
///
/// Outputs that tell others of an entry leave only after the write that holds it is durable.
#[derive(Debug)]
pub struct Core {
    settings: Settings,
    charter: Charter,
    replica: Replica,
    view: View,
    pub(crate) exchange: Exchange,
    generator: ChaCha8Rng,
    chunks: BTreeSet<Hash>,
    missing_chunks: BTreeMap<Hash, Awaited>,
    budget: Budget,
    /// Stored entries the view does not show yet,
    unseen: Vec<Position>,
    /// and whether what it shows may no longer stand.
    standing_changed: bool,
    /// Whether other keys are revoked than the view says.
    revoked_changed: bool,
    /// What the present input has written so far.
    gathered: Vec<Write>,
    writes: u64,
    durable: u64,
    /// Entries whose write is not durable yet: no peer may be told of them.
    volatile: BTreeSet<Position>,
    waiting: BTreeMap<u64, Waiting>,
    roster: BTreeMap<PublicKey, Vec<String>>,
    /// Whether something was stored since that can change the roster.
    roster_is_old: bool,
    /// Who left, and until when its node is still let in, so that it hears of it.
    farewells: BTreeMap<MemberId, Timestamp>,
    caught_up: bool,
    started: bool,
    /// The moments to come at which votes may close, so that people see it.
    deadlines: BTreeSet<(Timestamp, ProposalId)>,
    changes: BTreeSet<Change>,
    pub(crate) presence: Presence,
    pub(crate) register: Register,
    pub(crate) followed: Followed,
    pub(crate) meetings: Meetings,
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
        let followed = Followed::new(&charter);
        Ok(Self {
            settings,
            charter,
            replica: Replica::new(genesis),
            view: View::default(),
            exchange: Exchange::default(),
            generator,
            chunks: BTreeSet::new(),
            missing_chunks: BTreeMap::new(),
            budget: Budget::default(),
            unseen: Vec::new(),
            standing_changed: false,
            revoked_changed: false,
            gathered: Vec::new(),
            writes: 0,
            durable: 0,
            volatile: BTreeSet::new(),
            waiting: BTreeMap::new(),
            roster: BTreeMap::new(),
            farewells: BTreeMap::new(),
            roster_is_old: false,
            caught_up: false,
            started: false,
            deadlines: BTreeSet::new(),
            changes: BTreeSet::new(),
            presence: Presence::default(),
            register: Register::new(),
            followed,
            meetings: Meetings::default(),
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
        for (position, entry) in self.replica.take_changes().stored {
            if let Some(stored) = self.replica.get(position) {
                let from = (stored.id, stored.member, received);
                self.register.note(self.replica.genesis(), from, &entry);
            }
            self.hear_evidence(&entry);
            self.note_chunks(position, None);
            self.charge(position);
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

    /// The member this node serves, once its grant is here.
    #[must_use]
    pub fn member(&self) -> Option<MemberId> {
        self.view.member_of(&self.settings.node)
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

    /// The chunks of long texts and attachments that are awaited: after restoring the entries, those
    /// that the store may have.
    pub fn awaited_chunks(&self) -> impl Iterator<Item = Hash> {
        self.missing_chunks.keys().copied()
    }

    /// How many chunks of long texts are awaited.
    #[must_use]
    pub fn missing_chunks(&self) -> usize {
        self.missing_chunks.len()
    }

    /// How many entries of each member were held back since the node started, because it already
    /// keeps as much of that member as it may for now.
    #[must_use]
    pub fn held_back(&self) -> &BTreeMap<MemberId, u64> {
        self.budget.held_back()
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
            chain: self.register_chain(),
            followed: &self.followed,
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
            self.presence.next_wakeup(),
            self.farewells.values().min().copied(),
            self.meetings_wakeup(),
            self.register
                .next_wakeup()
                .filter(|_| self.clock_trouble().is_none()),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Takes one input at the time `now` and says what is to be done.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Vec<Output> {
        let mut outputs = Vec::new();
        let is_woken = matches!(input, Input::Wake);
        self.advance_clock(now);
        match input {
            Input::Start { clean, alone } => self.start(now, clean || alone),
            Input::Connected(peer) => self.connected(now, peer, &mut outputs),
            Input::Disconnected(peer) => {
                self.exchange.disconnected(&peer);
                self.end_presence(peer);
                self.meetings_disconnected(now, peer, &mut outputs);
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
                self.act(now, ticket, &key, act, random);
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
                self.submit(now, ticket, entry, chunks);
            }
            Input::Introduce(entries) => {
                for entry in entries {
                    self.offer(now, entry, Origin::Here);
                }
            }
            Input::Recalled { ids, entries } => self.recalled(&ids, entries),
            Input::Present(writing) => self.present(now, writing, &mut outputs),
            // The gateway refuses it with more words.
            Input::Call { ticket, asked } if !asked.fits() => {
                let parts = vec![Part::fault(CallFault::TooLarge)];
                outputs.push(Output::Called { ticket, parts });
            }
            Input::Call { ticket, asked } => {
                self.called(now, Caller::Here(ticket), asked, &mut outputs);
            }
            Input::Served { job, served } => self.served(now, job, served, &mut outputs),
            Input::Serving(servers) => self.serve(&servers, &mut outputs),
            Input::Hold(wanted) => self.want_held(now, wanted, &mut outputs),
            Input::Polled { server, seen } => self.polled(now, server, seen, &mut outputs),
            Input::RoundTrip(peer, round_trip_ms) => self.round_trip(&peer, round_trip_ms),
            Input::Notice(notice) => self.give_notice(notice, &mut outputs),
            Input::Release { tenant, room } => self.release_room(now, tenant, room),
            Input::Compare => self.compare_anew(now),
            Input::Wake => self.wake(now, &mut outputs),
        }
        self.settle_view();
        self.settle_register(now, is_woken);
        self.settle_view();
        self.recall(&mut outputs);
        if self.changes.contains(&Change::Members) {
            self.inventory_changed();
        }
        if self.changes.contains(&Change::Meetings) {
            self.meetings_changed();
        }
        self.settle_meetings(now, &mut outputs);
        self.settle_writes(now, &mut outputs);
        self.announce(now, &mut outputs);
        outputs
    }

    fn start(&mut self, now: Timestamp, may_sign: bool) {
        self.started = true;
        self.start_register(now);
        self.view = self.replica.view();
        self.follow_order(now);
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

    /// The charter in force is another one from now on.
    pub(crate) fn use_charter(&mut self, now: Timestamp, charter: Charter) {
        self.charter = charter;
        self.note_all_deadlines(now);
        let all = self.view.proposals.keys().copied();
        self.changes.extend(all.map(Change::Proposal));
    }

    /// Says whether entries that had waited for it were stored, or something else stands now.
    pub(crate) fn let_in(&mut self, now: Timestamp, root: PublicKey, member: MemberId) -> bool {
        self.replica.let_in(now, root, member)
    }

    /// Who the members are may have changed.
    pub(crate) fn note_members(&mut self) {
        self.roster_is_old = true;
        self.changes.insert(Change::Members);
    }

    /// Puts what the register says before what logs say.
    pub(crate) fn follow_with_view(&mut self) {
        self.followed.put_before(&mut self.view);
    }

    /// The view built anew of all that is stored: the one that is kept up to date must be the same.
    #[must_use]
    pub fn view_anew(&self) -> View {
        let mut view = self.replica.view();
        self.followed.put_before(&mut view);
        view
    }

    fn note_all_deadlines(&mut self, now: Timestamp) {
        let openings = self.view.proposals.iter().flat_map(|(id, proposal)| {
            let openings = proposal.openings().into_iter();
            let moments = openings.flat_map(|opening| self.moments(&opening.record));
            moments.map(|moment| (moment, *id))
        });
        self.deadlines = openings.filter(|(moment, _)| *moment >= now).collect();
    }

    /// The moments after which a vote may stand in another way: it ends, is extended and ends, and
    /// a block of it can no longer be integrated.
    fn moments(&self, opening: &Opening) -> impl Iterator<Item = Timestamp> + use<> {
        let integration = [false, true].map(|urgent| decision::integration(urgent, &self.charter));
        opening.deadlines().into_iter().flat_map(move |end| {
            let after = integration.map(|seconds| end.plus_seconds(seconds));
            [end].into_iter().chain(after)
        })
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

    pub(crate) fn is_started(&self) -> bool {
        self.started
    }

    /// Says that a meeting has a place once it is durable that it has.
    pub(crate) fn settle_when_durable(&mut self, settled: Settled) {
        let waiting = Waiting {
            placed: vec![settled],
            ..Waiting::default()
        };
        self.flush(waiting, Vec::new());
    }

    /// Whether this node may sign something now.
    pub(crate) fn is_ready_to_sign(&self) -> bool {
        self.caught_up && self.clock_trouble().is_none()
    }

    /// Adds writes to those of this input.
    pub(crate) fn gather(&mut self, writes: Vec<Write>) {
        self.flush(Waiting::default(), writes);
    }

    /// The proposals about which something has come, or may be seen otherwise, with this input.
    pub(crate) fn changed_proposals(&self) -> Vec<ProposalId> {
        let changed = self.changes.iter().filter_map(|change| match change {
            Change::Proposal(proposal) => Some(*proposal),
            _ => None,
        });
        changed.collect()
    }

    pub(crate) fn note_change(&mut self, change: Change) {
        self.changes.insert(change);
    }

    fn wake(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        let released = self.replica.release_due(now);
        if released.iter().any(|(_, offer)| *offer == Offer::Stored) {
            self.take_up(now, Origin::Here, Vec::new());
        }
        self.expire_presence(now);
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
        let before = self.farewells.len();
        self.farewells.retain(|_, until| now < *until);
        self.roster_is_old |= self.farewells.len() < before;
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

    /// Who left is to hear that before nobody lets its node in any more.
    pub(crate) fn bid_farewell(&mut self, now: Timestamp, member: MemberId) {
        self.farewells
            .insert(member, now.plus_seconds(FAREWELL_SECONDS));
    }

    /// The nodes that may connect. A node whose own member has left knows all that it will ever know.
    fn compute_roster(&self) -> BTreeMap<PublicKey, Vec<String>> {
        if self.view.former_of(&self.settings.node).is_some() {
            return BTreeMap::new();
        }
        let is_let_in =
            |member: &MemberId| !self.has_left(member) || self.farewells.contains_key(member);
        let nodes = self.view.keys.iter().filter(|(key, known)| {
            known.purpose == Purpose::Node
                && !known.revoked
                && **key != self.settings.node
                && is_let_in(&known.member)
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

    /// The entries by which this node shows a node that does not know it that it is a member's.
    #[must_use]
    pub fn introduction(&self) -> Vec<EntryId> {
        self.introduction_of(&self.settings.node)
    }

    /// The entries by which a key is shown to be a member's to whoever has nothing but the genesis: the
    /// member's root log up to the grants, and the granting steward's. None if the key was not granted.
    #[must_use]
    pub fn introduction_of(&self, key: &PublicKey) -> Vec<EntryId> {
        let Some(known) = self.view.keys.get(key) else {
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

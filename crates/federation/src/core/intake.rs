//! How entries get in: offered by peers, signed here or elsewhere; made durable before anybody is
//! told of them.

use std::collections::BTreeSet;

use domain::{
    cbor::Encode,
    entry::Entry,
    id::{DocumentId, EntryId, Hash, MemberId, ProposalId, Timestamp},
    key::{PublicKey, SecretKey},
    record::{Kind, Operation, Record},
    text::CHUNK_BYTES_MAX,
};
use replica::{Offer, Position, Refusal};

use super::{Core, Origin, Waiting};
use crate::{
    act::Act,
    budget::{Allowance, Cost},
    error::Refused,
    io::{Change, Output, Write},
    prepare::change_of,
    state::State,
};

/// How long after an entry was held back its member's logs are compared again, in milliseconds.
const HELD_BACK_MS: u64 = 3_600_000;

impl Core {
    /// Offers an entry that came from elsewhere.
    pub(crate) fn offer(&mut self, now: Timestamp, entry: Entry, origin: Origin) -> Offer {
        if origin != Origin::Here && !self.has_room_for(now, &entry) {
            // It is asked for again when its member may have more.
            self.exchange.compare_by(now.plus_ms(HELD_BACK_MS));
            return Offer::Refused(Refusal::Limit {
                limit: "what this node keeps of one member for now",
            });
        }
        let offer = self.replica.offer(now, entry);
        if offer == Offer::Stored {
            self.take_up(now, origin, Vec::new());
        }
        offer
    }

    fn has_room_for(&mut self, now: Timestamp, entry: &Entry) -> bool {
        let Some(member) = self.replica.writer(&entry.header) else {
            return true;
        };
        let record = entry.record();
        let chunks = record.map_or(0, |record| record.chunks().len());
        let bytes = entry.header.size() as u64 + (chunks * CHUNK_BYTES_MAX) as u64;
        let kind = entry.header.kind;
        let created = self.replica.genesis().created;
        let allowance = Allowance::at(now.since_ms(created));
        self.budget.admits(
            member,
            &entry.header.author,
            Cost { kind, bytes },
            &allowance,
        )
    }

    /// Whether so many more bytes may be attached for a member: this node, and so others, may keep
    /// them for now, and have room for what else the member says.
    pub(crate) fn may_attach(
        &self,
        now: Timestamp,
        member: MemberId,
        author: &PublicKey,
        bytes: u64,
    ) -> bool {
        let allowance = Allowance::at(now.since_ms(self.replica.genesis().created));
        let kind = Kind::Attachment;
        self.budget.may_attach(&member, bytes, &allowance)
            && self
                .budget
                .has_room(member, author, Cost { kind, bytes }, &allowance)
    }

    /// Persists what the replica stored; the view follows in [`Core::settle_view`].
    pub(crate) fn take_up(&mut self, now: Timestamp, origin: Origin, chunks: Vec<Vec<u8>>) {
        let changes = self.replica.take_changes();
        let removed = changes.removed.into_iter();
        let mut writes: Vec<Write> = removed.map(|id| Write::Remove { id }).collect();
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
            if let Some(stored) = self.replica.get(*position) {
                let from = (id, stored.member, now);
                self.register.note(self.replica.genesis(), from, entry);
            }
            self.hear_evidence(entry);
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
            self.charge(*position);
            self.unseen.push(*position);
        }
        self.standing_changed |= changes.standing;
        if changes.standing {
            self.note_forks();
        }
        self.revoked_changed |= changes.revoked;
        let waiting = Waiting {
            spread,
            ..Waiting::default()
        };
        self.flush(waiting, writes);
    }

    /// Counts what a stored entry takes of its member's budget.
    pub(crate) fn charge(&mut self, position: Position) {
        let Some(stored) = self.replica.get(position) else {
            return;
        };
        let record = stored.record.as_deref();
        let chunks = record.map_or(0, |record| record.chunks().len() as u64);
        let cost = Cost {
            kind: stored.kind,
            bytes: u64::from(stored.size) + chunks * CHUNK_BYTES_MAX as u64,
        };
        self.budget.charge(stored.member, stored.author, cost);
    }

    /// Brings the view up to date with all that was stored since it last was: once for a whole
    /// message, for a change of what stands costs building it anew.
    pub(crate) fn settle_view(&mut self) {
        let unseen = std::mem::take(&mut self.unseen);
        let revoked_changed = std::mem::take(&mut self.revoked_changed);
        let is_rebuilt = std::mem::take(&mut self.standing_changed);
        if is_rebuilt {
            self.view = self.replica.view();
            self.roster_is_old = true;
            self.changes.insert(Change::Members);
            let all: Vec<ProposalId> = self.view.proposals.keys().copied().collect();
            self.changes.extend(all.into_iter().map(Change::Proposal));
            let documents = self.view.documents.keys().copied();
            self.changes.extend(documents.map(Change::Document));
        } else {
            for position in &unseen {
                self.replica.apply(&mut self.view, *position);
            }
        }
        if revoked_changed {
            self.replica.apply_revocations(&mut self.view);
            self.roster_is_old = true;
            self.changes.insert(Change::Members);
        }
        if is_rebuilt || !unseen.is_empty() {
            self.follow_with_view();
        }
        let mut is_inventory = false;
        for position in &unseen {
            if let Some(stored) = self.replica.get(*position) {
                let record = stored.record.as_deref();
                if let Some(Record::Opening(opening)) = record {
                    let moments = self.moments(opening);
                    let moments = moments.map(|moment| (moment, opening.proposal));
                    self.deadlines.extend(moments);
                }
                let change = change_of(stored.kind, record, stored.id, &self.view.phases);
                is_inventory |= matches!(stored.kind, Kind::Server | Kind::Tenant);
                self.roster_is_old |= matches!(change, Some(Change::Members | Change::Peers));
                self.changes.extend(change);
            }
        }
        if is_inventory {
            self.inventory_changed();
        }
    }

    /// Has writes made durable; what waits is done once they, and all before, are.
    pub(super) fn flush(&mut self, waiting: Waiting, writes: Vec<Write>) {
        self.gathered.extend(writes);
        let number = self.writes + u64::from(!self.gathered.is_empty());
        let known = self.waiting.entry(number).or_default();
        known.answers.extend(waiting.answers);
        known.acknowledge.extend(waiting.acknowledge);
        known.spread.extend(waiting.spread);
        known.placed.extend(waiting.placed);
    }

    /// Hands what one input had written to the shell in one piece, so that a crash never parts
    /// it, and does what waits for nothing.
    pub(crate) fn settle_writes(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        let writes = std::mem::take(&mut self.gathered);
        if !writes.is_empty() {
            self.writes += 1;
            let number = self.writes;
            outputs.insert(0, Output::Persist { number, writes });
        }
        if self.durable >= self.writes {
            self.persisted(now, self.durable, outputs);
        }
        // What a meeting that has its place now led to.
        let writes = std::mem::take(&mut self.gathered);
        if !writes.is_empty() {
            self.writes += 1;
            let number = self.writes;
            outputs.push(Output::Persist { number, writes });
        }
    }

    /// Acknowledges a peer's message once all it brought is durable.
    pub(crate) fn acknowledge(&mut self, peer: PublicKey, number: u64) {
        let waiting = Waiting {
            acknowledge: vec![(peer, number)],
            ..Waiting::default()
        };
        self.flush(waiting, Vec::new());
    }

    fn answer(&mut self, ticket: u64, result: Result<EntryId, Refused>) {
        let waiting = Waiting {
            answers: vec![(ticket, result)],
            ..Waiting::default()
        };
        self.flush(waiting, Vec::new());
    }

    /// Everything up to write `number` is durable. Completions may overtake each other.
    pub(crate) fn persisted(&mut self, now: Timestamp, number: u64, outputs: &mut Vec<Output>) {
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
            for settled in waiting.placed {
                self.settle_placed(now, settled, outputs);
            }
        }
        self.hear_oneself(now, outputs);
    }

    pub(super) fn act(
        &mut self,
        now: Timestamp,
        ticket: u64,
        key: &SecretKey,
        act: Act,
        random: [u8; 32],
    ) {
        if let Act::Edits {
            document,
            parents,
            changes,
        } = act
        {
            let result = self.edit_all(now, key, document, parents, changes, random);
            return self.answer(ticket, result);
        }
        // An amendment during voting opens voting anew on the new version.
        let reopen = match &act {
            Act::Amend { proposal, .. } => self
                .decision(proposal, now)
                .filter(|decision| matches!(decision.state, State::Voting | State::Integration(_)))
                .map(|_| *proposal),
            _ => None,
        };
        if reopen.is_some()
            && self.register_chain().is_some()
            && let Err(refused) = self.mandate_of(&key.public())
        {
            // Nothing is written of what could be done by half only.
            return self.answer(ticket, Err(refused));
        }
        let mut result = self.author(now, key, &act, random);
        if let (Some(proposal), Ok(_)) = (reopen, &result) {
            self.settle_view();
            let random = Hash::of(&[b"reopen", &random]).0;
            let opened = self.author(now, key, &Act::Open { proposal }, random);
            result = result.and_then(|amended| opened.map(|_| amended));
        }
        self.answer(ticket, result);
    }

    /// Signs edits that build on each other: all, in one write, or none. Returns the last.
    fn edit_all(
        &mut self,
        now: Timestamp,
        key: &SecretKey,
        document: DocumentId,
        mut parents: Vec<EntryId>,
        changes: Vec<Vec<Operation>>,
        random: [u8; 32],
    ) -> Result<EntryId, Refused> {
        self.check_edits(now, &key.public(), document, &changes)?;
        for (number, operations) in changes.into_iter().enumerate() {
            let act = Act::Edit {
                document,
                parents,
                operations,
            };
            let random = Hash::of(&[b"edits", &random, &number.to_be_bytes()]).0;
            parents = vec![self.author(now, key, &act, random)?];
        }
        // Without changes there is nothing to do, and what it was to build on stays.
        parents.first().copied().ok_or(Refused::UnknownDocument)
    }

    fn author(
        &mut self,
        now: Timestamp,
        key: &SecretKey,
        act: &Act,
        random: [u8; 32],
    ) -> Result<EntryId, Refused> {
        if let Act::Enter(enter) = act {
            // Who holds the root key says so here; other nodes ask their register.
            self.let_in(now, key.public(), enter.member);
        }
        let prepared = self.prepare(now, &key.public(), act, random)?;
        let signature = prepared.header.sign(&self.federation(), key);
        let chunks = prepared.chunks.clone();
        self.take_own(now, prepared.signed(signature), chunks)
    }

    /// Stores an entry of a key of this node's people.
    pub(crate) fn take_own(
        &mut self,
        now: Timestamp,
        entry: Entry,
        chunks: Vec<Vec<u8>>,
    ) -> Result<EntryId, Refused> {
        let id = entry.id(&self.federation());
        match self.replica.offer(now, entry) {
            Offer::Stored => {
                self.take_up(now, Origin::Here, chunks);
                Ok(id)
            }
            Offer::Known => Ok(id),
            Offer::Refused(refusal) => Err(Refused::Entry(refusal)),
            Offer::Waits(_) | Offer::Ahead(_) => Err(Refused::NotNext),
        }
    }

    /// An entry signed elsewhere must be the next of its log: this node never makes a fork.
    pub(super) fn submit(
        &mut self,
        now: Timestamp,
        ticket: u64,
        entry: Entry,
        chunks: Vec<Vec<u8>>,
    ) {
        let tip = self.replica.tip(&entry.header.author).map(|(_, id)| id);
        let named: BTreeSet<Hash> = match entry.record() {
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
            self.take_own(now, entry, chunks)
        };
        self.answer(ticket, result);
    }
}

//! The set of entries a node holds, and how it grows.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::Encode,
    genesis::Genesis,
    id::{EntryId, FederationId, Hash, MemberId, PhaseId, Timestamp},
    key::PublicKey,
    record::{Kind, Record},
};

use crate::{
    entry::Entry,
    error::Refusal,
    log::{Cut, CutKey, Log},
    pending::Pending,
    rule::{self, Surroundings},
    stored::{Position, Right, Stored},
};

/// How far an entry's time may be ahead of this node's clock, in seconds.
pub const AHEAD_SECONDS_MAX: u64 = 600;
/// The most entries held until their time has come.
pub const HELD_MAX: usize = 512;

/// What became of an offered entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// It is stored, perhaps with others that had waited for it.
    Stored,
    /// It was there before.
    Known,
    /// It waits for these ancestors.
    Waits(Vec<EntryId>),
    /// It waits until its time has come.
    Ahead(Timestamp),
    /// It is not stored.
    Refused(Refusal),
}

/// What changed since the last call of [`Replica::take_changes`].
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Newly stored entries in order of storing, to be written with their bytes.
    pub stored: Vec<(Position, Entry)>,
    /// Entries that are no longer kept.
    pub removed: Vec<EntryId>,
    /// Whether what stood before may no longer stand: views must be rebuilt.
    pub standing: bool,
}

/// The entries of one federation that a node holds. Merging is union: whatever the order of
/// arrival, the same entries give the same standing and the same views.
#[derive(Debug)]
pub struct Replica {
    pub(crate) federation: FederationId,
    pub(crate) genesis: Genesis,
    pub(crate) stored: Vec<Option<Stored>>,
    pub(crate) index: BTreeMap<EntryId, Position>,
    pub(crate) logs: BTreeMap<PublicKey, Log>,
    pub(crate) ballots: BTreeMap<(PhaseId, MemberId), BTreeSet<Position>>,
    pub(crate) granting: BTreeSet<Position>,
    pub(crate) revoking: BTreeSet<Position>,
    pub(crate) cuts: BTreeMap<CutKey, Cut>,
    pub(crate) pending: Pending,
    held: BTreeMap<(Timestamp, EntryId), Entry>,
    changes: Changes,
}

impl Replica {
    /// An empty replica of the federation that begins with `genesis`.
    #[must_use]
    pub fn new(genesis: Genesis) -> Self {
        Self {
            federation: genesis.federation(),
            genesis,
            stored: Vec::new(),
            index: BTreeMap::new(),
            logs: BTreeMap::new(),
            ballots: BTreeMap::new(),
            granting: BTreeSet::new(),
            revoking: BTreeSet::new(),
            cuts: BTreeMap::new(),
            pending: Pending::default(),
            held: BTreeMap::new(),
            changes: Changes::default(),
        }
    }

    /// The federation's id.
    #[must_use]
    pub fn federation(&self) -> FederationId {
        self.federation
    }

    /// The genesis.
    #[must_use]
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The stored entry at a position this replica gave out and has not removed.
    pub(crate) fn at(&self, position: Position) -> &Stored {
        self.stored[position as usize]
            .as_ref()
            .expect("positions in use are never removed")
    }

    /// The stored entry at a position, unless it was removed.
    #[must_use]
    pub fn get(&self, position: Position) -> Option<&Stored> {
        self.stored.get(position as usize)?.as_ref()
    }

    /// The position of an entry.
    #[must_use]
    pub fn position(&self, id: &EntryId) -> Option<Position> {
        self.index.get(id).copied()
    }

    /// The stored entry with this id.
    #[must_use]
    pub fn find(&self, id: &EntryId) -> Option<&Stored> {
        self.position(id).and_then(|position| self.get(position))
    }

    /// How many entries are stored.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether nothing is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// How many entries wait for ancestors.
    #[must_use]
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// How many entries wait for their time.
    #[must_use]
    pub fn held_len(&self) -> usize {
        self.held.len()
    }

    /// When the next held entry is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.held.keys().next().map(|(due, _)| *due)
    }

    /// What changed since the last call.
    pub fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    /// Offers an entry from a peer or from this node itself.
    pub fn offer(&mut self, now: Timestamp, entry: Entry) -> Offer {
        let id = entry.id(&self.federation);
        if self.index.contains_key(&id) || self.pending.contains(&id) {
            return Offer::Known;
        }
        if let Err(refusal) = self.verify(&entry) {
            return Offer::Refused(refusal);
        }
        let due = Timestamp(entry.header.time.0.saturating_sub(AHEAD_SECONDS_MAX * 1000));
        if due > now {
            if self.held.len() >= HELD_MAX {
                // The furthest ahead goes first, so that a flood cannot push out what is due soon.
                let last = self.held.keys().next_back().copied();
                if last.is_some_and(|last| last <= (due, id)) {
                    return Offer::Ahead(due);
                }
                self.held.pop_last();
            }
            self.held.insert((due, id), entry);
            return Offer::Ahead(due);
        }
        self.place_all(id, entry, now)
    }

    /// Takes up what this node stored before, in the order of storing. The bytes are this node's
    /// own and were verified when they came.
    ///
    /// # Errors
    /// When the entry does not fit what was restored before it: the store is damaged.
    pub fn restore(&mut self, entry: Entry, received: Timestamp) -> Result<(), Refusal> {
        let id = entry.id(&self.federation);
        match self.place_all(id, entry, received) {
            Offer::Refused(refusal) => Err(refusal),
            Offer::Waits(_) => Err(Refusal::Grant),
            _ => Ok(()),
        }
    }

    /// Offers the held entries whose time has come. Returns their ids.
    pub fn release_due(&mut self, now: Timestamp) -> Vec<(EntryId, Offer)> {
        let mut released = Vec::new();
        while let Some(held) = self.held.first_entry() {
            if held.key().0 > now {
                break;
            }
            let id = held.key().1;
            let entry = held.remove();
            released.push((id, self.place_all(id, entry, now)));
        }
        released
    }

    fn verify(&mut self, entry: &Entry) -> Result<(), Refusal> {
        let author = entry.header.author;
        let known = self.logs.get(&author).and_then(|log| log.verifier.clone());
        let verifier = match known {
            Some(verifier) => verifier,
            None => author.verifier().map_err(|_| Refusal::Key)?,
        };
        entry.verify(&self.federation, &verifier)?;
        if let Some(log) = self.logs.get_mut(&author) {
            log.verifier.get_or_insert(verifier);
        }
        Ok(())
    }

    /// Places an entry, then whatever had waited for it.
    fn place_all(&mut self, id: EntryId, entry: Entry, received: Timestamp) -> Offer {
        let offer = self.place(id, entry, received);
        let mut ready = match offer {
            Offer::Stored => self.pending.take_waiting_for(&id),
            _ => return offer,
        };
        while let Some((id, entry)) = ready.pop() {
            if self.place(id, entry, received) == Offer::Stored {
                ready.extend(self.pending.take_waiting_for(&id));
            }
        }
        offer
    }

    fn place(&mut self, id: EntryId, entry: Entry, received: Timestamp) -> Offer {
        if self.index.contains_key(&id) {
            return Offer::Known;
        }
        let header = &entry.header;
        let grant_is_federation = header.grant.0 == self.federation.0;
        let previous = header.previous.map(|id| (id, self.position(&id)));
        let grant = (!grant_is_federation).then(|| (header.grant, self.position(&header.grant)));
        let missing: Vec<EntryId> = [previous, grant]
            .into_iter()
            .flatten()
            .filter(|(_, position)| position.is_none_or(|position| self.is_hearsay(position)))
            .map(|(id, _)| id)
            .collect();
        if !missing.is_empty() {
            if let Some(offer) = self.place_alone(id, &entry, received) {
                return offer;
            }
            self.pending.insert(id, entry, &missing);
            return Offer::Waits(missing);
        }
        let known = |named: Option<(EntryId, Option<Position>)>| {
            named
                .and_then(|(_, position)| position)
                .map(|position| (position, self.at(position)))
        };
        let around = Surroundings {
            federation: self.federation,
            genesis: &self.genesis,
            received,
            previous: known(previous),
            grant: known(grant),
        };
        match rule::judge(id, &entry, &around) {
            Ok(stored) => self.attach(stored, entry, received),
            Err(refusal) => Offer::Refused(refusal),
        }
    }

    /// Whether an entry is kept without its path, so that nothing can follow it.
    fn is_hearsay(&self, position: Position) -> bool {
        let stored = self.at(position);
        stored.loose && stored.kind == Kind::Ballot
    }

    /// Stores an entry that fits its ancestors where it belongs in its log.
    fn attach(&mut self, stored: Stored, entry: Entry, received: Timestamp) -> Offer {
        let key = stored.author;
        let log = self.logs.entry(key).or_default();
        let length = log.main.len() as u64;
        let follows_main = match stored.previous {
            None => true,
            Some(previous) => {
                let sequence = stored.sequence - 1;
                log.main.get(sequence as usize - 1) == Some(&previous)
            }
        };
        let stands = stored.grant.is_none_or(|grant| self.stands(grant));
        if !follows_main || !stands {
            let id = stored.id;
            return self.place_void(id, stored, entry, received);
        }
        let log = &self.logs[&key];
        let plain = stored.sequence == length + 1
            && !log.is_cut()
            && self
                .cuts
                .range((key, MemberId([0; 32]))..=(key, MemberId([0xff; 32])))
                .next()
                .is_none();
        let position = self.insert(stored, entry);
        if plain && self.append(key, position) {
            return Offer::Stored;
        }
        self.recompute_and_note();
        self.trim(&key);
        match self.stored[position as usize] {
            Some(_) => Offer::Stored,
            None => Offer::Refused(Refusal::Void),
        }
    }

    /// Appends to a log that stands as a whole. Returns whether nothing else can have changed.
    fn append(&mut self, key: PublicKey, position: Position) -> bool {
        let twin = {
            let sequence = self.at(position).sequence;
            self.logs[&key]
                .at
                .range((sequence, 0)..=(sequence, Position::MAX))
                .count()
                > 1
        };
        if twin {
            return false;
        }
        let stored = self.at(position);
        let muted = stored.critical && stored.kind.word().is_none();
        let sequence = stored.sequence;
        let decides = self.revoking.contains(&position) || self.granting.contains(&position);
        let log = self
            .logs
            .get_mut(&key)
            .expect("the log of a stored entry is known");
        log.main.push(position);
        if muted {
            log.muted_from.get_or_insert(sequence);
        }
        if decides {
            self.recompute_and_note();
        }
        true
    }

    fn recompute_and_note(&mut self) {
        if self.recompute() {
            self.changes.standing = true;
        }
    }

    fn insert(&mut self, stored: Stored, entry: Entry) -> Position {
        let position = Position::try_from(self.stored.len()).expect("fewer than 2^32 entries");
        let log = self.logs.entry(stored.author).or_default();
        if stored.loose {
            log.outside.insert(position);
        } else {
            log.at.insert((stored.sequence, position));
            log.grants.extend(stored.grant);
        }
        match stored.record.as_deref() {
            Some(Record::Ballot(ballot)) => {
                self.ballots
                    .entry((ballot.phase, stored.member))
                    .or_default()
                    .insert(position);
            }
            Some(Record::Grant(_)) => {
                self.granting.insert(position);
            }
            Some(Record::Revocation(_)) => {
                self.revoking.insert(position);
            }
            _ => {}
        }
        self.index.insert(stored.id, position);
        self.stored.push(Some(stored));
        self.changes.stored.push((position, entry));
        position
    }

    /// Drops an entry that nothing kept depends on.
    pub(crate) fn remove(&mut self, position: Position) {
        let Some(stored) = self.stored[position as usize].take() else {
            return;
        };
        if let Some(log) = self.logs.get_mut(&stored.author) {
            log.at.remove(&(stored.sequence, position));
            log.outside.remove(&position);
            log.next.retain(|next| *next != position);
        }
        if let Some(Record::Ballot(ballot)) = stored.record.as_deref() {
            let slot = (ballot.phase, stored.member);
            if let Some(ballots) = self.ballots.get_mut(&slot) {
                ballots.remove(&position);
            }
        }
        self.granting.remove(&position);
        self.revoking.remove(&position);
        self.index.remove(&stored.id);
        self.changes.stored.retain(|(new, _)| *new != position);
        self.changes.removed.push(stored.id);
    }

    /// Removes what would follow the end of a cut log beyond the two smallest ids, unless more of
    /// the log was built on it before the cut was known.
    fn trim(&mut self, key: &PublicKey) {
        let log = &self.logs[key];
        let sequence = log.main.len() as u64 + 1;
        let there = log.at.range((sequence, 0)..=(sequence, Position::MAX));
        let surplus: Vec<Position> = there
            .map(|(_, position)| *position)
            .filter(|position| {
                let is_kept = log.next.contains(position)
                    || log.evidence == Some(*position)
                    || log.outside.contains(position);
                let is_built_on = log
                    .at
                    .range((sequence + 1, 0)..=(sequence + 1, Position::MAX))
                    .any(|(_, later)| self.at(*later).previous == Some(*position));
                !is_kept && !is_built_on && self.grant_stands(*position)
            })
            .collect();
        for position in surplus {
            self.remove(position);
        }
    }

    /// An entry that fits its ancestors and does not stand: kept only if it is a ballot, the
    /// mandate of one, or lies on the branch that a revocation picked.
    fn place_void(
        &mut self,
        id: EntryId,
        stored: Stored,
        entry: Entry,
        received: Timestamp,
    ) -> Offer {
        if let Some(offer) = self.place_alone(id, &entry, received) {
            return offer;
        }
        let log = &self.logs[&stored.author];
        if log.wanted.is_none() {
            return Offer::Refused(Refusal::Void);
        }
        // A part of a picked branch, perhaps: it is stored once the branch is whole.
        let author = stored.author;
        self.pending.insert(id, entry, &[]);
        self.place_branch(&author, received);
        if self.index.contains_key(&id) {
            Offer::Stored
        } else {
            Offer::Waits(Vec::new())
        }
    }

    /// Stores the branch a revocation picked, once its tip and all between are here.
    pub(crate) fn place_branch(&mut self, key: &PublicKey, received: Timestamp) {
        let Some(wanted) = self.logs.get(key).and_then(|log| log.wanted) else {
            return;
        };
        let mut branch = Vec::new();
        let mut at = wanted;
        while let Some(entry) = self.pending.get(&at) {
            branch.push(at);
            match entry.header.previous {
                Some(previous) if branch.len() <= 256 => at = previous,
                _ => break,
            }
        }
        let rooted = branch
            .last()
            .and_then(|id| self.pending.get(id))
            .is_some_and(|entry| {
                entry
                    .header
                    .previous
                    .is_none_or(|previous| self.index.contains_key(&previous))
            });
        if !rooted {
            return;
        }
        for id in branch.into_iter().rev() {
            let Some(entry) = self.pending.remove(&id) else {
                return;
            };
            let around = Surroundings {
                federation: self.federation,
                genesis: &self.genesis,
                received,
                previous: self.named_ancestor(entry.header.previous),
                grant: self.named_ancestor(Some(entry.header.grant)),
            };
            let Ok(stored) = rule::judge(id, &entry, &around) else {
                return;
            };
            self.insert(stored, entry);
        }
        self.recompute_and_note();
    }

    fn named_ancestor(&self, id: Option<EntryId>) -> Option<(Position, &Stored)> {
        let position = self.position(&id?)?;
        Some((position, self.at(position)))
    }

    /// Whether the log of a key ends before its author's last entry, so that ballots above are
    /// judged alone.
    pub(crate) fn log_is_cut(&self, key: &PublicKey) -> bool {
        let Some(log) = self.logs.get(key) else {
            return false;
        };
        let revoked = (*key, MemberId([0; 32]))..=(*key, MemberId([0xff; 32]));
        log.is_cut() || log.main.len() < log.at.len() || self.cuts.range(revoked).next().is_some()
    }

    pub(crate) fn insert_loose(&mut self, stored: Stored, entry: Entry) -> Position {
        self.insert(
            Stored {
                loose: true,
                ..stored
            },
            entry,
        )
    }

    /// The members this replica knows: root keys whose log begins with `found` or `join`, even if
    /// the log later forks.
    pub(crate) fn is_member_root(&self, key: &PublicKey) -> bool {
        let Some(log) = self.logs.get(key) else {
            return false;
        };
        log.at
            .range(..(2, 0))
            .any(|(_, position)| self.at(*position).right == Right::Root)
    }

    /// A digest of what is kept of a log beside what stands; `None` if nothing is.
    #[must_use]
    pub fn aside_digest(&self, key: &PublicKey) -> Option<Hash> {
        let aside = self.aside(key);
        if aside.is_empty() {
            return None;
        }
        let mut ids: Vec<EntryId> = aside.iter().map(|position| self.at(*position).id).collect();
        ids.sort_unstable();
        let bytes: Vec<u8> = ids.iter().flat_map(Encode::to_bytes).collect();
        Some(Hash::of(&[&bytes]))
    }
}

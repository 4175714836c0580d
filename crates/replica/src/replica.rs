//! The set of entries a node holds, and how it grows.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::Encode,
    entry::{Entry, Header},
    genesis::Genesis,
    id::{EntryId, FederationId, Hash, MemberId, PhaseId, Timestamp},
    key::PublicKey,
};

use crate::{
    digest::Heights,
    error::Refusal,
    log::{Cut, CutKey, Log},
    named::Named,
    pending::Pending,
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

/// What changed since the last call of [`Replica::take_changes`]. An id can be in both lists: it
/// is to be removed before the new ones are written.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Newly stored entries in order of storing, to be written with their bytes.
    pub stored: Vec<(Position, Entry)>,
    /// Entries that are no longer kept.
    pub removed: Vec<EntryId>,
    /// Whether what stood before may no longer stand: views must be rebuilt.
    pub standing: bool,
    /// Whether other keys are revoked than before, even if nothing fell: what views say of keys
    /// must be brought up to date.
    pub revoked: bool,
}

/// The entries of one federation that a node holds. Merging is union: whatever the order of
/// arrival, the same entries give the same standing and the same views.
#[derive(Debug)]
pub struct Replica {
    pub(crate) federation: FederationId,
    pub(crate) genesis: Genesis,
    pub(crate) stored: Vec<Option<Stored>>,
    /// How many stored entries name the entry at each position as previous or as grant.
    pub(crate) dependents: Vec<u32>,
    pub(crate) index: BTreeMap<EntryId, Position>,
    pub(crate) logs: BTreeMap<PublicKey, Log>,
    pub(crate) ballots: BTreeMap<(PhaseId, MemberId), BTreeSet<Position>>,
    pub(crate) granting: BTreeSet<Position>,
    pub(crate) revoking: BTreeSet<Position>,
    pub(crate) cuts: BTreeMap<CutKey, Cut>,
    /// The keys that a standing grant of a root key makes a steward's.
    pub(crate) stewards: BTreeSet<PublicKey>,
    /// The root keys of members that the register admitted, and whose they are.
    pub(crate) entered: BTreeMap<PublicKey, MemberId>,
    /// The root key of each member, as the register has it now.
    pub(crate) roots: BTreeMap<MemberId, PublicKey>,
    pub(crate) named: Named,
    pub(crate) pending: Pending,
    /// Entries stored since those that wait for them were last looked at.
    pub(crate) fresh: Vec<EntryId>,
    held: BTreeMap<(Timestamp, EntryId), Entry>,
    pub(crate) changes: Changes,
    pub(crate) heights: Heights,
}

impl Replica {
    /// An empty replica of the federation that begins with `genesis`.
    #[must_use]
    pub fn new(genesis: Genesis) -> Self {
        Self {
            federation: genesis.federation(),
            genesis,
            stored: Vec::new(),
            dependents: Vec::new(),
            index: BTreeMap::new(),
            logs: BTreeMap::new(),
            ballots: BTreeMap::new(),
            granting: BTreeSet::new(),
            revoking: BTreeSet::new(),
            cuts: BTreeMap::new(),
            stewards: BTreeSet::new(),
            entered: BTreeMap::new(),
            roots: BTreeMap::new(),
            named: Named::default(),
            pending: Pending::default(),
            fresh: Vec::new(),
            held: BTreeMap::new(),
            changes: Changes::default(),
            heights: Heights::default(),
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

    /// The next entries that were written for a member, by author, sequence and id, after the place of
    /// one of them.
    #[must_use]
    pub fn written_for(
        &self,
        member: &MemberId,
        after: Option<(PublicKey, u64, EntryId)>,
        most: usize,
    ) -> Vec<EntryId> {
        let written = self.stored.iter().flatten();
        let written = written.filter(|stored| stored.member == *member);
        let places = written.map(|stored| (stored.author, stored.sequence, stored.id));
        let mut next: Vec<_> = places
            .filter(|place| after.is_none_or(|after| after < *place))
            .collect();
        next.sort_unstable();
        next.into_iter().take(most).map(|(_, _, id)| id).collect()
    }

    /// The member whom a header speaks for, if what it rests on is here; it need not be valid.
    #[must_use]
    pub fn writer(&self, header: &Header) -> Option<MemberId> {
        let grant = self.find(&header.grant).map(|grant| grant.member);
        grant.or_else(|| {
            let log = self.logs.get(&header.author)?;
            log.main.first().map(|first| self.at(*first).member)
        })
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

    /// The register says that this key is the root of a member: its log may begin, and what came of
    /// it before is looked at again. Returns whether more is stored since, or something else stands.
    pub fn let_in(&mut self, now: Timestamp, root: PublicKey, member: MemberId) -> bool {
        let stored = self.index.len();
        let before = self.roots.insert(member, root);
        if before != Some(root) && root.0 != member.0 {
            // From now on this key may end the one before it.
            self.recompute_and_note();
        }
        if self.entered.insert(root, member) != Some(member) {
            for (id, entry) in self.pending.take_waiting_for(&threshold(&root)) {
                self.place_all(id, entry, now);
            }
        }
        self.changes.standing || self.index.len() > stored
    }

    /// Offers an entry from a peer or from this node itself.
    pub fn offer(&mut self, now: Timestamp, entry: Entry) -> Offer {
        let id = entry.id(&self.federation);
        if self.find(&id).is_some_and(|stored| !stored.loose) {
            return Offer::Known;
        }
        if let Some(waiting) = self.pending.remove(&id) {
            // It was verified when it came; what it waited for may have changed since.
            return self.place_all(id, waiting, now);
        }
        if let Err(refusal) = self.verify(&entry) {
            return Offer::Refused(refusal);
        }
        let due = Timestamp(entry.header.time.0.saturating_sub(AHEAD_SECONDS_MAX * 1000));
        if due > now {
            if self.held.len() >= HELD_MAX && !self.held.contains_key(&(due, id)) {
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
        if self.index.contains_key(&id) {
            return Ok(());
        }
        self.place_restored(id, entry, received)
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
        entry
            .verify(&self.federation, &verifier)
            .map_err(|_| Refusal::Signature)?;
        if let Some(log) = self.logs.get_mut(&author) {
            log.verifier.get_or_insert(verifier);
        }
        Ok(())
    }

    /// Whether the log of a key ends for another reason than that its author wrote no more.
    pub(crate) fn log_is_cut(&self, key: &PublicKey) -> bool {
        self.logs.get(key).is_some_and(Log::is_cut) || self.is_revoked(key)
    }

    /// Whether a revocation that counts ends a key for one member at least.
    #[must_use]
    pub fn is_revoked(&self, key: &PublicKey) -> bool {
        let of_key = (*key, MemberId([0; 32]))..=(*key, MemberId([0xff; 32]));
        self.cuts.range(of_key).next().is_some()
    }

    /// Whether a key is a member's root: its log begins with `found` or `join`, even if the log
    /// forks there.
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

/// What the first entry of a member waits for that the register has not admitted here yet.
pub(crate) fn threshold(root: &PublicKey) -> EntryId {
    EntryId(Hash::of(&[b"folkmoot/threshold/1\0", &root.0]).0)
}

//! What stands, computed from the whole set and therefore independent of the order of arrival:
//! first root logs, then stewards', then the rest (`specs/entries.md`, "Standing").

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{EntryId, MemberId},
    key::PublicKey,
    record::{Purpose, Record, Roles},
};

use crate::{
    log::{Cut, CutKey, Log},
    replica::Replica,
    stored::{Position, Rank, Right, Stored},
};

/// The longest branch above a fork that a revocation can pick: what a node that refused it before
/// must hold at once to take it up.
pub(crate) const BRANCH_MAX: usize = 256;

/// What walking a log finds.
#[derive(Debug, Default, PartialEq, Eq)]
struct Walk {
    main: Vec<Position>,
    next: Vec<Position>,
    evidence: Option<Position>,
}

/// What a revocation leaves of the entries that a key wrote for one member.
#[derive(Debug)]
enum Allowed {
    /// The path to the entry it names, over any fork.
    Path(BTreeSet<Position>),
    /// What is unforked below the sequence it names, and the named entry itself.
    Below(u64, EntryId),
    /// Nothing.
    Nothing,
}

impl Replica {
    /// Recomputes what stands in every log. Returns whether anything changed.
    pub(crate) fn recompute(&mut self) -> bool {
        self.touch_all();
        self.named.note_all();
        let keys: Vec<PublicKey> = self.logs.keys().copied().collect();
        let (roots, others): (Vec<_>, Vec<_>) =
            keys.into_iter().partition(|key| self.is_member_root(key));
        let mut changed = false;
        let (former, roots): (Vec<_>, Vec<_>) =
            roots.into_iter().partition(|key| self.is_former_root(key));
        for key in &roots {
            changed |= self.rewalk(key, &BTreeMap::new());
        }
        let mut cuts = self.cuts(|right| right == Right::Root);
        cuts.retain(|(key, _), _| former.contains(key));
        for key in &former {
            changed |= self.rewalk(key, &cuts);
        }
        self.stewards = self.steward_keys();
        cuts = self.cuts(|right| right == Right::Root);
        let before = self.walk_stewards(&cuts);
        for (target, cut) in self.cuts(Right::is_steward) {
            if !self.stewards.contains(&target.0) {
                cuts.entry(target).or_insert(cut);
            }
        }
        for key in &others {
            changed |= self.rewalk(key, &cuts) && !before.contains_key(key);
        }
        changed |= before
            .iter()
            .any(|(key, (main, walk))| self.logs[key].main != *main || self.beside(key) != *walk);
        self.changes.revoked |= !self.cuts.keys().eq(cuts.keys());
        self.cuts = cuts;
        changed
    }

    fn beside(&self, key: &PublicKey) -> Walk {
        let log = &self.logs[key];
        Walk {
            main: Vec::new(),
            next: log.next.clone(),
            evidence: log.evidence,
        }
    }

    /// Walks the logs of those who are or were stewards as far as they rest on the root alone: only
    /// there can rights be given and taken. Returns what those logs were before.
    fn walk_stewards(
        &mut self,
        cuts: &BTreeMap<CutKey, Cut>,
    ) -> BTreeMap<PublicKey, (Vec<Position>, Walk)> {
        let mut before = BTreeMap::new();
        let deciding = self.granting.iter().chain(&self.revoking);
        let deciding: BTreeSet<PublicKey> = deciding
            .map(|position| self.at(*position).author)
            .filter(|key| !self.is_member_root(key))
            .collect();
        for key in deciding {
            if self.is_plainly_whole(&key, cuts, Rank::ByRoot) {
                continue;
            }
            let walk = self.walk(&key, cuts, Rank::ByRoot);
            let beside = self.beside(&key);
            let log = self.log_mut(&key);
            before.insert(key, (std::mem::replace(&mut log.main, walk.main), beside));
        }
        before
    }

    fn log_mut(&mut self, key: &PublicKey) -> &mut Log {
        self.logs
            .get_mut(key)
            .expect("a log that is walked is known")
    }

    /// Whether a standing grant that nothing rests on yet changes nothing else: as long as no
    /// revocation names the key, whether it is a steward's plays no part. Then the key is taken up
    /// if it is a steward's.
    pub(crate) fn is_plain_grant(&mut self, position: Position) -> bool {
        let Some(Record::Grant(grant)) = self.at(position).record.as_deref() else {
            return false;
        };
        let key = grant.key;
        if !self.makes_steward(position) || self.stewards.contains(&key) {
            return true;
        }
        let is_named = |position: &Position| match self.at(*position).record.as_deref() {
            Some(Record::Revocation(revocation)) => revocation.key == key,
            _ => true,
        };
        if self.revoking.iter().any(is_named) {
            return false;
        }
        self.stewards.insert(key);
        true
    }

    /// Whether an entry is a root key's grant of a steward's rights.
    fn makes_steward(&self, position: Position) -> bool {
        let stored = self.at(position);
        match stored.record.as_deref() {
            Some(Record::Grant(grant)) => {
                stored.right == Right::Root
                    && grant.purpose == Purpose::Person
                    && grant.roles.has(Roles::STEWARD)
            }
            _ => false,
        }
    }

    /// The keys that a standing grant of a root key makes a steward's.
    fn steward_keys(&self) -> BTreeSet<PublicKey> {
        let standing = self
            .granting
            .iter()
            .filter(|position| self.stands(**position));
        standing
            .filter(|position| self.makes_steward(**position))
            .filter_map(|position| match self.at(*position).record.as_deref() {
                Some(Record::Grant(grant)) => Some(grant.key),
                _ => None,
            })
            .collect()
    }

    /// Whether the register has another root key for the member of this one.
    fn is_former_root(&self, key: &PublicKey) -> bool {
        let first = self
            .logs
            .get(key)
            .into_iter()
            .flat_map(|log| log.at.range(..(2, 0)));
        let mut members = first.map(|(_, position)| self.at(*position).member);
        members.any(|member| self.roots.get(&member).is_some_and(|root| root != key))
    }

    /// Whether a revocation may name a key: a root key is ended by the one that the register has in its
    /// place, and by nothing else.
    fn may_end(&self, by: &Stored, key: &PublicKey) -> bool {
        !self.is_member_root(key)
            || (self.roots.get(&by.member) == Some(&by.author) && by.author != *key)
    }

    /// The revocations by standing entries of one level: for each key and member the lowest
    /// sequence, then the smallest hash.
    fn cuts(&self, by: impl Fn(Right) -> bool) -> BTreeMap<CutKey, Cut> {
        let mut cuts: BTreeMap<CutKey, Cut> = BTreeMap::new();
        for position in self
            .revoking
            .iter()
            .filter(|position| self.stands(**position))
        {
            let stored = self.at(*position);
            let Some(Record::Revocation(revocation)) = stored.record.as_deref() else {
                continue;
            };
            if by(stored.right) && self.may_end(stored, &revocation.key) {
                let cut = Cut {
                    last: revocation.last,
                };
                cuts.entry((revocation.key, stored.member))
                    .and_modify(|known| known.last = known.last.min(cut.last))
                    .or_insert(cut);
            }
        }
        cuts
    }

    /// Walks one log anew. Returns whether what is kept of it changed.
    pub(crate) fn rewalk(&mut self, key: &PublicKey, cuts: &BTreeMap<CutKey, Cut>) -> bool {
        if self.is_plainly_whole(key, cuts, Rank::BySteward) {
            return false;
        }
        let walk = self.walk(key, cuts, Rank::BySteward);
        let wanted = self.wanted(key, cuts);
        let unknown = |stored: &&Stored| stored.critical && stored.kind.word().is_none();
        let muted_from = walk
            .main
            .iter()
            .map(|position| self.at(*position))
            .find(unknown)
            .map(|stored| stored.sequence);
        for position in &walk.main {
            if let Some(stored) = &mut self.stored[*position as usize] {
                stored.stood = true;
            }
        }
        let log = self.log_mut(key);
        let changed = log.main != walk.main
            || log.next != walk.next
            || log.evidence != walk.evidence
            || log.muted_from != muted_from;
        log.main = walk.main;
        log.next = walk.next;
        log.evidence = walk.evidence;
        log.wanted = wanted;
        log.muted_from = muted_from;
        changed
    }

    /// Whether a log obviously stands as a whole, which nearly every log does, as far as grants by
    /// keys up to `rank` go.
    fn is_plainly_whole(&self, key: &PublicKey, cuts: &BTreeMap<CutKey, Cut>, rank: Rank) -> bool {
        let log = &self.logs[key];
        !log.is_cut()
            && log.main.len() == log.at.len()
            && cuts.range(of_key(key)).next().is_none()
            && log.grants.keys().all(|grant| {
                let is_beyond = rank == Rank::ByRoot && self.at(*grant).right != Right::Root;
                is_beyond || self.stands(*grant)
            })
    }

    fn walk(&self, key: &PublicKey, cuts: &BTreeMap<CutKey, Cut>, most: Rank) -> Walk {
        let log = &self.logs[key];
        // What a root picks in a steward's log must rest on the root alone, see `walk_stewards`.
        let pickable = if self.stewards.contains(key) {
            Rank::ByRoot
        } else {
            Rank::BySteward
        };
        let allowed: BTreeMap<MemberId, Allowed> = cuts
            .range(of_key(key))
            .map(|((_, member), cut)| (*member, self.allowed(key, cut, pickable)))
            .collect();
        let mut walk = Walk::default();
        loop {
            let sequence = walk.main.len() as u64 + 1;
            let candidates = self.candidates(log, sequence, walk.main.last().copied(), most);
            let (mut picked, mut open) = (None, Vec::new());
            for position in candidates.iter().copied() {
                let stored = self.at(position);
                match allowed.get(&stored.member) {
                    None => open.push(position),
                    Some(Allowed::Below(end, id)) if sequence < *end || stored.id == *id => {
                        open.push(position);
                    }
                    Some(Allowed::Path(path)) if path.contains(&position) => {
                        picked = picked.or(Some(position));
                    }
                    Some(_) => {}
                }
            }
            let choice = picked.or(if open.len() == 1 { Some(open[0]) } else { None });
            let Some(choice) = choice else {
                // The proof of why it ends: two that could both stand, else what is revoked.
                let proof = if open.is_empty() { candidates } else { open };
                walk.next = proof.into_iter().take(2).collect();
                return walk;
            };
            if walk.evidence.is_none() {
                walk.evidence = candidates.into_iter().find(|position| *position != choice);
            }
            walk.main.push(choice);
        }
    }

    /// The entries that could stand at `sequence` after `tip`, ascending by id: only those of the
    /// lowest rank, so that a fork under a lower right does not end a log under a higher one.
    fn candidates(
        &self,
        log: &Log,
        sequence: u64,
        tip: Option<Position>,
        most: Rank,
    ) -> Vec<Position> {
        let there = log.at.range((sequence, 0)..=(sequence, Position::MAX));
        let there = there.map(|(_, position)| (*position, self.at(*position)));
        let mut candidates: Vec<(Rank, EntryId, Position)> = there
            .filter(|(position, stored)| {
                stored.previous == tip && stored.rank <= most && self.grant_stands(*position)
            })
            .map(|(position, stored)| (stored.rank, stored.id, position))
            .collect();
        candidates.sort_unstable();
        let lowest = candidates.first().map(|(rank, _, _)| *rank);
        candidates
            .into_iter()
            .take_while(|(rank, _, _)| Some(*rank) == lowest)
            .map(|(_, _, position)| position)
            .collect()
    }

    /// The entries that a revocation leaves standing. A branch is picked over a fork only if every
    /// node can come to hold it: its grants stand and it is not too long.
    fn allowed(&self, key: &PublicKey, cut: &Cut, pickable: Rank) -> Allowed {
        let Some((sequence, id)) = cut.last else {
            return Allowed::Nothing;
        };
        let below = Allowed::Below(sequence, id);
        let Some(tip) = self.named(key, sequence, id) else {
            return below;
        };
        let mut path = BTreeSet::new();
        let (mut at, mut lowest) = (Some(tip), sequence);
        let log = &self.logs[key];
        while let Some(position) = at {
            let stored = self.at(position);
            if stored.rank > pickable || !self.grant_stands(position) {
                return below;
            }
            let next = (stored.sequence, 0)..=(stored.sequence, Position::MAX);
            let siblings = log.at.range(next).map(|(_, other)| *other);
            let forks = |other: Position| {
                other != position
                    && self.at(other).previous == stored.previous
                    && self.at(other).rank == stored.rank
                    && self.grant_stands(other)
            };
            if siblings.into_iter().any(forks) {
                lowest = stored.sequence;
            }
            path.insert(position);
            at = stored.previous;
        }
        if sequence - lowest < BRANCH_MAX as u64 {
            Allowed::Path(path)
        } else {
            below
        }
    }

    fn named(&self, key: &PublicKey, sequence: u64, id: EntryId) -> Option<Position> {
        let position = *self.index.get(&id)?;
        let stored = self.at(position);
        (stored.author == *key && stored.sequence == sequence && !stored.loose).then_some(position)
    }

    /// Notes the branch that a revocation from before picked in a log of which nothing was here.
    pub(crate) fn want_branch(&mut self, key: &PublicKey) {
        let wanted = self.wanted(key, &self.cuts);
        self.log_mut(key).wanted = wanted;
    }

    fn wanted(&self, key: &PublicKey, cuts: &BTreeMap<CutKey, Cut>) -> Option<EntryId> {
        // Only the members whose log this is: another's revocation must not hide theirs.
        let first = self.logs[key].at.range(..(2, 0));
        let members: BTreeSet<MemberId> = first
            .map(|(_, position)| self.at(*position).member)
            .collect();
        cuts.range(of_key(key))
            .filter(|((_, member), _)| members.is_empty() || members.contains(member))
            .filter_map(|(_, cut)| cut.last)
            .find(|(sequence, id)| self.named(key, *sequence, *id).is_none())
            .map(|(_, id)| id)
    }

    /// Whether an entry stands.
    #[must_use]
    pub fn stands(&self, position: Position) -> bool {
        let stored = self.at(position);
        let main = &self.logs[&stored.author].main;
        !stored.loose && main.get(stored.sequence as usize - 1) == Some(&position)
    }

    pub(crate) fn grant_stands(&self, position: Position) -> bool {
        self.at(position)
            .grant
            .is_none_or(|grant| self.stands(grant))
    }
}

fn of_key(key: &PublicKey) -> std::ops::RangeInclusive<CutKey> {
    (*key, MemberId([0; 32]))..=(*key, MemberId([0xff; 32]))
}

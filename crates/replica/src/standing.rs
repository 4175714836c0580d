//! What stands, computed from the whole set and therefore independent of the order of arrival:
//! first root logs, then stewards', then the rest (`specs/entries.md`, "Standing").

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::MemberId,
    key::PublicKey,
    record::{Purpose, Record, Roles},
};

use crate::{
    log::{Cut, CutKey, Log},
    replica::Replica,
    stored::{Position, Right, Stored},
};

/// A log's level: whose revocations can end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Root,
    Steward,
    Rest,
}

/// What walking a log finds.
#[derive(Debug, Default)]
struct Walk {
    main: Vec<Position>,
    next: Vec<Position>,
    evidence: Option<Position>,
}

impl Replica {
    /// Recomputes what stands in every log. Returns whether anything changed.
    pub(crate) fn recompute(&mut self) -> bool {
        let keys: Vec<PublicKey> = self.logs.keys().copied().collect();
        let mut changed = false;
        let mut cuts = BTreeMap::new();
        for key in &keys {
            if self.level_of_root(key) {
                changed |= self.rewalk(key, &cuts);
            }
        }
        let stewards = self.steward_keys();
        cuts.extend(self.cuts(|right| right == Right::Root));
        for key in keys
            .iter()
            .filter(|key| stewards.iter().any(|(steward, _)| steward == *key))
        {
            changed |= self.rewalk(key, &cuts);
        }
        for (target, cut) in self.cuts(Right::is_steward) {
            if !stewards.contains(&target) {
                cuts.entry(target).or_insert(cut);
            }
        }
        for key in &keys {
            let level = self.level(key, &stewards);
            if level == Level::Rest {
                changed |= self.rewalk(key, &cuts);
            }
        }
        changed |= self.cuts != cuts;
        self.cuts = cuts;
        changed
    }

    fn level_of_root(&self, key: &PublicKey) -> bool {
        let log = &self.logs[key];
        log.at
            .range(..(2, 0))
            .any(|(_, position)| self.at(*position).right == Right::Root)
    }

    fn level(&self, key: &PublicKey, stewards: &BTreeSet<CutKey>) -> Level {
        if self.level_of_root(key) {
            Level::Root
        } else if stewards.iter().any(|(steward, _)| steward == key) {
            Level::Steward
        } else {
            Level::Rest
        }
    }

    /// The keys that a standing grant of a root key makes a steward's, with their member.
    fn steward_keys(&self) -> BTreeSet<CutKey> {
        let standing = self
            .granting
            .iter()
            .filter(|position| self.stands(**position));
        standing
            .filter_map(|position| {
                let stored = self.at(*position);
                match stored.record.as_deref() {
                    Some(Record::Grant(grant))
                        if stored.right == Right::Root
                            && grant.purpose == Purpose::Person
                            && grant.roles.has(Roles::STEWARD) =>
                    {
                        Some((grant.key, stored.member))
                    }
                    _ => None,
                }
            })
            .collect()
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
            if by(stored.right) {
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

    /// Walks one log anew. Returns whether what stands in it changed.
    pub(crate) fn rewalk(&mut self, key: &PublicKey, cuts: &BTreeMap<CutKey, Cut>) -> bool {
        if self.is_plainly_whole(key, cuts) {
            return false;
        }
        let walk = self.walk(key, cuts);
        let wanted = self.wanted(key, cuts);
        let outside = self.ballots_outside(key, &walk.main);
        let muted_from = walk
            .main
            .iter()
            .map(|position| self.at(*position))
            .find(|stored| stored.critical && stored.kind.word().is_none())
            .map(|stored| stored.sequence);
        let log = self
            .logs
            .get_mut(key)
            .expect("a log that is walked is known");
        let changed = log.main != walk.main
            || log.next != walk.next
            || log.evidence != walk.evidence
            || log.outside != outside
            || log.muted_from != muted_from;
        let Log {
            main,
            next,
            evidence,
            ..
        } = &mut *log;
        (*main, *next, *evidence) = (walk.main, walk.next, walk.evidence);
        log.outside = outside;
        log.wanted = wanted;
        log.muted_from = muted_from;
        changed
    }

    /// Whether a log obviously stands as a whole, which nearly every log does.
    fn is_plainly_whole(&self, key: &PublicKey, cuts: &BTreeMap<CutKey, Cut>) -> bool {
        let log = &self.logs[key];
        let of_key = (*key, MemberId([0; 32]))..=(*key, MemberId([0xff; 32]));
        !log.is_cut()
            && log.main.len() == log.at.len()
            && cuts.range(of_key).next().is_none()
            && log.grants.iter().all(|grant| self.stands(*grant))
    }

    fn walk(&self, key: &PublicKey, cuts: &BTreeMap<CutKey, Cut>) -> Walk {
        let log = &self.logs[key];
        let mut walk = Walk::default();
        let mut paths: BTreeMap<MemberId, BTreeSet<Position>> = BTreeMap::new();
        loop {
            let sequence = walk.main.len() as u64 + 1;
            let candidates = self.candidates(log, sequence, walk.main.last().copied());
            if candidates.is_empty() {
                return walk;
            }
            let (mut picked, mut open) = (None, Vec::new());
            for position in &candidates {
                let member = self.at(*position).member;
                match cuts.get(&(*key, member)) {
                    None => open.push(*position),
                    Some(cut) => {
                        let path = paths
                            .entry(member)
                            .or_insert_with(|| self.path_to(key, cut));
                        if path.contains(position) {
                            picked = picked.or(Some(*position));
                        }
                    }
                }
            }
            let choice = picked.or(if open.len() == 1 { Some(open[0]) } else { None });
            let Some(choice) = choice else {
                walk.next = candidates.into_iter().take(2).collect();
                return walk;
            };
            if walk.evidence.is_none() {
                walk.evidence = candidates.into_iter().find(|position| *position != choice);
            }
            walk.main.push(choice);
        }
    }

    /// The entries that could stand at `sequence` after `tip`, ascending by id.
    fn candidates(&self, log: &Log, sequence: u64, tip: Option<Position>) -> Vec<Position> {
        let there = log.at.range((sequence, 0)..=(sequence, Position::MAX));
        let mut candidates: Vec<Position> = there
            .map(|(_, position)| *position)
            .filter(|position| self.at(*position).previous == tip && self.grant_stands(*position))
            .collect();
        candidates.sort_unstable_by_key(|position| self.at(*position).id);
        candidates
    }

    /// The entries that a revocation leaves standing: the path to the entry it names, or what is
    /// below its sequence while that entry is not here.
    fn path_to(&self, key: &PublicKey, cut: &Cut) -> BTreeSet<Position> {
        let Some((sequence, id)) = cut.last else {
            return BTreeSet::new();
        };
        let log = &self.logs[key];
        match self.named(key, sequence, id) {
            Some(tip) => {
                let mut path = BTreeSet::new();
                let mut at = Some(tip);
                while let Some(position) = at {
                    path.insert(position);
                    at = self.at(position).previous;
                }
                path
            }
            None => {
                let below = log.at.range(..(sequence, 0)).map(|(_, position)| *position);
                let mut seen: BTreeMap<u64, Vec<Position>> = BTreeMap::new();
                for position in below {
                    seen.entry(self.at(position).sequence)
                        .or_default()
                        .push(position);
                }
                let unforked = seen
                    .into_values()
                    .take_while(|positions| positions.len() == 1);
                unforked.flatten().collect()
            }
        }
    }

    fn named(&self, key: &PublicKey, sequence: u64, id: domain::id::EntryId) -> Option<Position> {
        let position = *self.index.get(&id)?;
        let stored = self.at(position);
        (stored.author == *key && stored.sequence == sequence && !stored.loose).then_some(position)
    }

    fn wanted(&self, key: &PublicKey, cuts: &BTreeMap<CutKey, Cut>) -> Option<domain::id::EntryId> {
        let of_key = cuts.range((*key, MemberId([0; 32]))..=(*key, MemberId([0xff; 32])));
        of_key
            .filter_map(|(_, cut)| cut.last)
            .find(|(sequence, id)| self.named(key, *sequence, *id).is_none())
            .map(|(_, id)| id)
    }

    fn ballots_outside(&self, key: &PublicKey, main: &[Position]) -> BTreeSet<Position> {
        let log = &self.logs[key];
        let mut outside: BTreeSet<Position> = log
            .outside
            .iter()
            .copied()
            .filter(|position| self.at(*position).loose)
            .collect();
        if main.len() < log.at.len() {
            let not_main = log
                .at
                .iter()
                .map(|(_, position)| *position)
                .filter(|position| {
                    let stored = self.at(*position);
                    stored.kind == domain::record::Kind::Ballot
                        && main.get(stored.sequence as usize - 1) != Some(position)
                });
            outside.extend(not_main);
        }
        outside
    }

    /// Whether an entry stands.
    #[must_use]
    pub fn stands(&self, position: Position) -> bool {
        let stored = self.at(position);
        let main = &self.logs[&stored.author].main;
        !stored.loose && main.get(stored.sequence as usize - 1) == Some(&position)
    }

    pub(crate) fn grant_stands(&self, position: Position) -> bool {
        let stored: &Stored = self.at(position);
        stored.grant.is_none_or(|grant| self.stands(grant))
    }
}

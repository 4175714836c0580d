//! Edits above a fork that others build on. A traitor's fork must not take from honest people what
//! they wrote on the traitor's edits, so these are kept although they do not stand: what standing
//! edits of other keys name, and what that names in turn, so much per naming key
//! (`specs/entries.md`, "Edits above a fork").
//!
//! Which ids are named is a function of what stands and of the named entries that are here. Of two
//! nodes that differ one lacks the first id in which they differ, and takes it when it is offered:
//! so all come to keep the same, whatever the order of arrival.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::{
    entry::Entry,
    id::{EntryId, Timestamp},
    key::PublicKey,
    record::Kind,
};

use crate::{
    replica::Replica,
    rule,
    stored::{Position, Rank, Stored},
};

/// The most ids of entries that do not stand that the edits of one key can have kept.
pub(crate) const NAMED_MAX: usize = 256;

/// What the standing edits of one key name.
#[derive(Debug, Default)]
struct Names {
    /// The ids in order, those first that the edits name themselves.
    ids: Vec<EntryId>,
    /// How many these are.
    own: usize,
    /// The sequence of the edit that named the last of these first.
    last: u64,
}

/// The ids that standing edits name although nothing of that id stands.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// What each key names.
    slots: BTreeMap<PublicKey, Names>,
    /// Who names an id.
    by: BTreeMap<EntryId, BTreeSet<PublicKey>>,
    /// The edits of each key, by sequence.
    edits: BTreeMap<PublicKey, BTreeSet<(u64, Position)>>,
    /// Whose names may be others than they were.
    old: BTreeSet<PublicKey>,
    /// Whether those of any key may be.
    all_old: bool,
}

impl Named {
    /// Notes that an entry is here that was not, or does not stand as it did.
    pub fn note(&mut self, id: &EntryId) {
        if let Some(keys) = self.by.get(id) {
            self.old.extend(keys);
        }
    }

    pub fn note_all(&mut self) {
        self.all_old = true;
    }

    pub fn add(&mut self, stored: &Stored, position: Position) {
        self.note(&stored.id);
        if stored.kind == Kind::Edit {
            let edits = self.edits.entry(stored.author).or_default();
            edits.insert((stored.sequence, position));
        }
    }

    pub fn remove(&mut self, stored: &Stored, position: Position) {
        self.note(&stored.id);
        if let Some(edits) = self.edits.get_mut(&stored.author) {
            edits.remove(&(stored.sequence, position));
        }
    }

    /// Whether an edit of a key that stands now and names these ids, which do not stand, can change
    /// what the key names: not if edits before it name the same, or as many as there is room for.
    /// So who writes much has not all of it looked at with each edit.
    fn can_change(&self, key: &PublicKey, sequence: u64, ids: &[EntryId]) -> bool {
        let Some(names) = self.slots.get(key) else {
            return !ids.is_empty();
        };
        let own = &names.ids[..names.own];
        let names_more = own.len() < NAMED_MAX && ids.iter().any(|id| !own.contains(id));
        !ids.is_empty() && (sequence <= names.last || names_more)
    }

    /// Puts new names of a key in place of the old ones. Returns the ids that only one of both has.
    fn set(&mut self, key: PublicKey, names: Names) -> Vec<EntryId> {
        let after: BTreeSet<EntryId> = names.ids.iter().copied().collect();
        let before = match names.ids.is_empty() {
            true => self.slots.remove(&key),
            false => self.slots.insert(key, names),
        };
        let before: BTreeSet<EntryId> = before.into_iter().flat_map(|n| n.ids).collect();
        for id in before.difference(&after) {
            if let Some(keys) = self.by.get_mut(id) {
                keys.remove(&key);
                if keys.is_empty() {
                    self.by.remove(id);
                }
            }
        }
        for id in after.difference(&before) {
            self.by.entry(*id).or_default().insert(key);
        }
        before.symmetric_difference(&after).copied().collect()
    }
}

impl Replica {
    fn has_standing(&self, id: &EntryId) -> bool {
        self.position(id)
            .is_some_and(|position| self.stands(position))
    }

    /// Notes a standing edit that names what does not stand.
    pub(crate) fn note_names(&mut self, position: Position) {
        let stored = self.at(position);
        let id = stored.id;
        if stored.kind == Kind::Edit {
            let (author, sequence) = (stored.author, stored.sequence);
            let names = stored.references.iter().copied();
            let names: Vec<EntryId> = names.filter(|id| !self.has_standing(id)).collect();
            if self.named.can_change(&author, sequence, &names) {
                self.named.old.insert(author);
            }
        }
        self.named.note(&id);
    }

    /// What the standing edits of a key name that does not stand: first what they name themselves,
    /// in the order of its log, then what that names, and so on.
    fn names_of(&self, key: &PublicKey) -> Names {
        let edits = self.named.edits.get(key).into_iter().flatten();
        let standing = edits.filter(|(_, position)| self.stands(*position));
        let mut own = standing.flat_map(|(sequence, position)| {
            let references = self.at(*position).references.iter();
            references.map(|id| (*sequence, *id))
        });
        let (mut names, mut seen) = (Names::default(), BTreeSet::new());
        let mut next = VecDeque::new();
        while names.ids.len() < NAMED_MAX {
            let named = own.next();
            let Some(id) = named.map(|(_, id)| id).or_else(|| next.pop_front()) else {
                break;
            };
            if self.has_standing(&id) || !seen.insert(id) {
                continue;
            }
            names.ids.push(id);
            if let Some((sequence, _)) = named {
                names.own += 1;
                names.last = sequence;
            }
            if let Some(position) = self.position(&id)
                && self.at(position).author != *key
                && self.may_be_named(position)
            {
                next.extend(self.at(position).references.iter());
            }
        }
        names
    }

    /// Whether an entry is an edit of a forked log that is kept if somebody names it: who revoked a
    /// key said what stays.
    fn may_be_named(&self, position: Position) -> bool {
        let stored = self.at(position);
        stored.kind == Kind::Edit
            && self.is_open_fork(&stored.author)
            && self.grant_stands(position)
    }

    /// Whether a log is cut by a fork and by no revocation.
    pub(crate) fn is_open_fork(&self, key: &PublicKey) -> bool {
        let is_forked = self.logs.get(key).is_some_and(|log| log.next.len() > 1);
        is_forked && !self.is_revoked(key)
    }

    /// Whether an entry that does not stand is an edit that others build on.
    #[must_use]
    pub fn is_named(&self, position: Position) -> bool {
        let stored = self.at(position);
        let is_by_another =
            |keys: &BTreeSet<PublicKey>| keys.iter().any(|key| *key != stored.author);
        self.may_be_named(position) && self.named.by.get(&stored.id).is_some_and(is_by_another)
    }

    /// Judges an edit without its path, by its own bytes and its grant.
    pub(crate) fn loose_edit(
        &self,
        id: EntryId,
        entry: &Entry,
        received: Timestamp,
    ) -> Option<Stored> {
        let record = rule::read_body(entry).ok()?;
        let position = self.position(&entry.header.grant)?;
        let grant = self.at(position);
        let right = rule::right_from(grant, &entry.header.author)?;
        rule::check_alone(&entry.header, right, record.as_ref(), grant.time).ok()?;
        Some(Stored {
            member: grant.member,
            grant: Some(position),
            references: entry.header.references[..].into(),
            ..super::alone::loose(id, entry, right, Rank::BySteward, record, received)
        })
    }

    /// Keeps an edit above a fork if somebody names it. Returns whether it is kept.
    pub(crate) fn keep_named(&mut self, id: EntryId, entry: &Entry, received: Timestamp) -> bool {
        let is_wanted = self.named.by.contains_key(&id) && self.is_open_fork(&entry.header.author);
        let stored = is_wanted
            .then(|| self.loose_edit(id, entry, received))
            .flatten();
        let Some(stored) = stored else {
            return false;
        };
        let position = self.insert(stored, entry.clone());
        self.drop_if_idle(position);
        self.get(position).is_some()
    }

    /// Brings the names up to date: what is no longer named is dropped, and what is named now is
    /// taken from what waits.
    pub(crate) fn settle_names(&mut self, received: Timestamp) {
        loop {
            let mut has_more = false;
            for id in self.refresh_names(true) {
                let Some(entry) = self.pending.get(&id).cloned() else {
                    continue;
                };
                if entry.header.kind == Kind::Edit && self.keep_named(id, &entry, received) {
                    self.pending.remove(&id);
                    has_more = true;
                }
            }
            if !has_more {
                return;
            }
        }
    }

    /// Computes anew who names what where that may have changed. Returns the ids that are named now
    /// and perhaps were not kept before.
    pub(crate) fn refresh_names(&mut self, drops: bool) -> BTreeSet<EntryId> {
        let mut fresh = BTreeSet::new();
        loop {
            let mut old = std::mem::take(&mut self.named.old);
            if std::mem::take(&mut self.named.all_old) {
                old.extend(self.named.edits.keys());
                // Another log may be forked than before.
                fresh.extend(self.named.by.keys());
            }
            if old.is_empty() {
                return fresh;
            }
            let mut changed = BTreeSet::new();
            for key in old {
                let names = self.names_of(&key);
                changed.extend(self.named.set(key, names));
            }
            for id in &changed {
                if let Some(position) = self.position(id) {
                    self.touch(position);
                    if drops {
                        self.drop_if_idle(position);
                    }
                }
            }
            fresh.append(&mut changed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: PublicKey = PublicKey([1; 32]);

    fn ids(from: usize, count: usize) -> Vec<EntryId> {
        let id = |number: usize| EntryId([(number / 256) as u8; 32].map(|b| b ^ number as u8));
        (from..from + count).map(id).collect()
    }

    fn naming(own: Vec<EntryId>, through: Vec<EntryId>, last: u64) -> Named {
        let mut named = Named::default();
        let names = Names {
            own: own.len(),
            ids: [own, through].concat(),
            last,
        };
        named.set(KEY, names);
        named
    }

    #[test]
    fn names_are_looked_for_again_only_when_an_edit_can_change_them() {
        let nothing = Named::default();
        assert!(nothing.can_change(&KEY, 1, &ids(0, 1)));
        assert!(!nothing.can_change(&KEY, 1, &[]), "it names what stands");
        let some = naming(ids(0, 9), ids(9, 1), 20);
        assert!(some.can_change(&KEY, 21, &ids(8, 2)), "it names more");
        assert!(!some.can_change(&KEY, 21, &ids(0, 9)), "it names the same");
        assert!(some.can_change(&KEY, 20, &ids(0, 9)), "it names it before");
        let full = naming(ids(0, NAMED_MAX), Vec::new(), 20);
        assert!(!full.can_change(&KEY, 21, &ids(300, 16)), "all is full");
        assert!(full.can_change(&KEY, 19, &ids(300, 16)));
        let own = ids(0, 1);
        let through = naming(own, ids(1, NAMED_MAX - 1), 20);
        assert!(through.can_change(&KEY, 21, &ids(300, 1)), "its own first");
    }
}

//! Ballots above a cut. A ballot is judged alone, by its own signature and its mandate, never by
//! how its author's log stands: a log forked or revoked after the deadline must not take a vote
//! back (`specs/entries.md`, "Ballots above a cut").

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    decision::Choice,
    id::{EntryId, MemberId, PhaseId, Timestamp},
    key::PublicKey,
    record::{Ballot, Kind, Mandate, Opening, Record},
};

use crate::{
    entry::Entry,
    replica::{Offer, Replica},
    rule,
    stored::{Position, Right, Stored, Usage},
};

/// A ballot's place: the mandate's number, then the revision; the highest counts.
pub type SlotKey = (u64, u8);

impl Replica {
    /// The opening of a phase, if it stands.
    #[must_use]
    pub fn opening(&self, phase: &PhaseId) -> Option<&Opening> {
        let position = self.position(phase)?;
        match self.at(position).record.as_deref() {
            Some(Record::Opening(opening)) if self.stands(position) => Some(opening),
            _ => None,
        }
    }

    /// The slot and the choice of a stored ballot.
    #[must_use]
    pub fn slot_of(&self, position: Position) -> Option<(SlotKey, Choice)> {
        let stored = self.at(position);
        match (stored.right, stored.record.as_deref()) {
            (Right::Delegate { mandate }, Some(Record::Ballot(ballot))) => {
                Some(((mandate, ballot.revision), ballot.choice))
            }
            _ => None,
        }
    }

    /// The ballots of a phase and member that count in views: all that stand, and of the others
    /// those of the highest slot, one for each choice, at most two.
    #[must_use]
    pub fn ballots_of(&self, phase: &PhaseId, member: &MemberId) -> Vec<Position> {
        let Some(all) = self.ballots.get(&(*phase, *member)) else {
            return Vec::new();
        };
        let alone = self.kept_alone(all);
        all.iter()
            .copied()
            .filter(|p| self.stands(*p) || alone.contains(p))
            .collect()
    }

    /// The members that cast ballots in a phase.
    pub fn voters_of(&self, phase: &PhaseId) -> impl Iterator<Item = MemberId> {
        let range = (*phase, MemberId([0; 32]))..=(*phase, MemberId([0xff; 32]));
        self.ballots.range(range).map(|((_, member), _)| *member)
    }

    fn kept_alone(&self, all: &BTreeSet<Position>) -> BTreeSet<Position> {
        let slots = all
            .iter()
            .filter_map(|p| self.slot_of(*p).map(|(slot, choice)| (slot, choice, *p)));
        let slots: Vec<(SlotKey, Choice, Position)> = slots.collect();
        let Some(highest) = slots.iter().map(|(slot, _, _)| *slot).max() else {
            return BTreeSet::new();
        };
        let mut by_choice: BTreeMap<Choice, Position> = BTreeMap::new();
        for (_, choice, position) in slots.into_iter().filter(|(slot, _, _)| *slot == highest) {
            by_choice
                .entry(choice)
                .and_modify(|kept| {
                    if self.at(position).id < self.at(*kept).id {
                        *kept = position;
                    }
                })
                .or_insert(position);
        }
        let kept = by_choice.into_values().take(2);
        kept.filter(|position| !self.stands(*position)).collect()
    }

    /// What is kept of a log beside what stands: the proof of its end, ballots judged alone, and
    /// mandates of such ballots.
    #[must_use]
    pub fn aside(&self, key: &PublicKey) -> BTreeSet<Position> {
        let Some(log) = self.logs.get(key) else {
            return BTreeSet::new();
        };
        let mut aside: BTreeSet<Position> = log.next.iter().copied().collect();
        aside.extend(log.evidence);
        for position in &log.outside {
            let stored = self.at(*position);
            match stored.record.as_deref() {
                Some(Record::Ballot(ballot)) => {
                    let all = &self.ballots[&(ballot.phase, stored.member)];
                    if self.opening(&ballot.phase).is_some()
                        && self.kept_alone(all).contains(position)
                    {
                        aside.insert(*position);
                    }
                }
                _ => {
                    aside.insert(*position);
                }
            }
        }
        aside
    }

    /// Places a ballot above a cut, or the mandate that such ballots wait for. `None` if the entry
    /// is neither.
    pub(crate) fn place_alone(
        &mut self,
        id: EntryId,
        entry: &Entry,
        received: Timestamp,
    ) -> Option<Offer> {
        let is_cut = self.log_is_cut(&entry.header.author);
        match entry.header.kind {
            Kind::Ballot => {
                let grant = self.position(&entry.header.grant)?;
                if !is_cut && self.stands(grant) {
                    return None;
                }
                let stored = self.judge_alone(id, entry, self.at(grant), received)?;
                self.keep_alone(
                    Stored {
                        grant: Some(grant),
                        ..stored
                    },
                    entry.clone(),
                )
                .then_some(Offer::Stored)
            }
            Kind::Mandate if is_cut => self.place_mandate(id, entry, received),
            _ => None,
        }
    }

    /// Stores the mandate of a waiting ballot if that ballot would be kept.
    fn place_mandate(&mut self, id: EntryId, entry: &Entry, received: Timestamp) -> Option<Offer> {
        let mandate = self.mandate_alone(id, entry, received)?;
        let waiting = self.pending.waiting_for(&id);
        let wanted = waiting.into_iter().any(|ballot| {
            let Some(waiting) = self.pending.get(&ballot) else {
                return false;
            };
            self.judge_alone(ballot, waiting, &mandate, received)
                .is_some_and(|stored| self.outranks(&stored))
        });
        if !wanted {
            return None;
        }
        self.insert_loose(mandate, entry.clone());
        Some(Offer::Stored)
    }

    fn mandate_alone(&self, id: EntryId, entry: &Entry, received: Timestamp) -> Option<Stored> {
        let author = entry.header.author;
        if !self.is_member_root(&author) {
            return None;
        }
        let Some(Record::Mandate(mandate)) = rule::read_body(entry).ok()? else {
            return None;
        };
        let number = mandate.number;
        let record = Record::Mandate(mandate);
        let grant = self.position(&entry.header.grant);
        Some(loose(
            id,
            entry,
            MemberId(author.0),
            Right::Root,
            record,
            received,
            grant,
            number,
        ))
    }

    /// Judges a ballot by its own bytes, its mandate and the opening it names.
    fn judge_alone(
        &self,
        id: EntryId,
        entry: &Entry,
        mandate: &Stored,
        received: Timestamp,
    ) -> Option<Stored> {
        let Some(Record::Ballot(ballot)) = rule::read_body(entry).ok()? else {
            return None;
        };
        let Some(Record::Mandate(Mandate { number, .. })) = mandate.record.as_deref() else {
            return None;
        };
        let right = rule::right_from(mandate, &entry.header.author)?;
        let opening = self.opening(&ballot.phase)?;
        let elector = opening.elector(&mandate.member)?;
        let fits = elector.root == mandate.author && entry.header.time >= mandate.time;
        let record = Record::Ballot(Ballot { ..ballot });
        let member = mandate.member;
        fits.then(|| loose(id, entry, member, right, record, received, None, *number))
    }

    /// Whether a ballot judged alone would be among those kept.
    fn outranks(&self, ballot: &Stored) -> bool {
        let Some(Record::Ballot(record)) = ballot.record.as_deref() else {
            return false;
        };
        let Right::Delegate { mandate } = ballot.right else {
            return false;
        };
        let slot = (mandate, record.revision);
        let Some(all) = self.ballots.get(&(record.phase, ballot.member)) else {
            return true;
        };
        let others: Vec<(SlotKey, Choice, Position)> = all
            .iter()
            .filter_map(|p| self.slot_of(*p).map(|(slot, choice)| (slot, choice, *p)))
            .collect();
        if others.iter().any(|(other, _, _)| *other > slot) {
            return false;
        }
        let same: BTreeMap<Choice, EntryId> = others
            .iter()
            .filter(|(other, _, _)| *other == slot)
            .map(|(_, choice, position)| (*choice, self.at(*position).id))
            .fold(BTreeMap::new(), |mut smallest, (choice, id)| {
                smallest
                    .entry(choice)
                    .and_modify(|kept: &mut EntryId| *kept = (*kept).min(id))
                    .or_insert(id);
                smallest
            });
        match same.get(&record.choice) {
            Some(kept) => ballot.id < *kept,
            None => {
                same.len() < 2
                    || same
                        .keys()
                        .next_back()
                        .is_some_and(|last| record.choice < *last)
            }
        }
    }

    /// Keeps a ballot judged alone and drops those it displaces. Returns whether it is kept.
    fn keep_alone(&mut self, stored: Stored, entry: Entry) -> bool {
        if !self.outranks(&stored) {
            return false;
        }
        let Some(Record::Ballot(record)) = stored.record.as_deref() else {
            return false;
        };
        let slot = (record.phase, stored.member);
        self.insert_loose(stored, entry);
        let all = self.ballots[&slot].clone();
        let kept = self.kept_alone(&all);
        let displaced: Vec<Position> = all
            .into_iter()
            .filter(|p| self.at(*p).loose && !kept.contains(p))
            .collect();
        for position in displaced {
            let grant = self.at(position).grant;
            self.remove(position);
            self.remove_unnamed_mandate(grant);
        }
        true
    }

    fn remove_unnamed_mandate(&mut self, mandate: Option<Position>) {
        let Some(position) = mandate.filter(|position| self.at(*position).loose) else {
            return;
        };
        let named = self
            .ballots
            .values()
            .flatten()
            .any(|ballot| self.at(*ballot).grant == Some(position));
        if !named {
            self.remove(position);
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn loose(
    id: EntryId,
    entry: &Entry,
    member: MemberId,
    right: Right,
    record: Record,
    received: Timestamp,
    grant: Option<Position>,
    mandates: u64,
) -> Stored {
    let header = &entry.header;
    Stored {
        id,
        author: header.author,
        sequence: header.sequence,
        previous: None,
        grant,
        time: header.time,
        received,
        kind: header.kind,
        critical: header.critical,
        member,
        right,
        references: Vec::new(),
        has_note: header.note.is_some(),
        loose: true,
        size: header.size() as u32,
        usage: Usage::default(),
        mandates,
        record: Some(Box::new(record)),
        person: None,
    }
}

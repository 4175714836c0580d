//! Ballots above a cut, and what else is kept there. A ballot is judged alone, by its own signature
//! and its mandate, never by how its author's log stands: a log forked or revoked after the deadline
//! must not take a vote back (`specs/entries.md`, "Ballots above a cut").

use std::collections::BTreeSet;

use domain::{
    decision::Choice,
    entry::Entry,
    id::{EntryId, MemberId, PhaseId, Timestamp},
    key::PublicKey,
    record::{Kind, Opening, Record},
};

use crate::{
    replica::{Offer, Replica},
    rule,
    stored::{Position, Rank, Right, Stored, Usage},
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

    /// The ballots of a phase and member that count in views: all that stand, and of the others, for
    /// each moment at which the vote may end, those of the highest slot, one for each choice, at
    /// most two.
    #[must_use]
    pub fn ballots_of(&self, phase: &PhaseId, member: &MemberId) -> Vec<Position> {
        let Some(all) = self.ballots.get(&(*phase, *member)) else {
            return Vec::new();
        };
        if all.iter().all(|position| self.stands(*position)) {
            return all.iter().copied().collect();
        }
        let alone = self.kept_alone(phase, member);
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

    /// Whether ballots of a member in a phase are judged alone: the opening stands and lists the
    /// member with its root key, which signs its mandates.
    fn votes_alone(&self, phase: &PhaseId, member: &MemberId) -> bool {
        self.opening(phase)
            .and_then(|opening| opening.elector(member))
            .is_some_and(|elector| elector.root.0 == member.0)
    }

    /// At which of the moments at which the vote may end a ballot counts: it is about the version
    /// that was opened and claims a time in the period. One that cannot count at a moment must not
    /// displace one that does: else a thief takes a vote back after the deadline with a late ballot
    /// of a higher slot.
    fn may_count(&self, ballot: &Stored) -> [bool; 4] {
        let Some(Record::Ballot(record)) = ballot.record.as_deref() else {
            return [false; 4];
        };
        let opened = self.find(&record.phase).map(|opening| opening.time);
        let Some(opening) = self.opening(&record.phase) else {
            return [false; 4];
        };
        let after = opened.is_some_and(|opened| opened <= ballot.time);
        let fits = after && record.version == opening.text;
        opening
            .deadlines()
            .map(|deadline| fits && ballot.time <= deadline)
    }

    /// The places of these ballots, with the moments at which they count.
    fn places(&self, positions: impl Iterator<Item = Position>) -> Vec<(Place, [bool; 4])> {
        let place = |position: Position| {
            let (slot, choice) = self.slot_of(position)?;
            let stored = self.at(position);
            let place = (slot, choice, stored.id, position);
            Some((place, self.may_count(stored)))
        };
        positions.filter_map(place).collect()
    }

    /// The ballots of a phase and member that are kept although they do not stand.
    fn kept_alone(&self, phase: &PhaseId, member: &MemberId) -> BTreeSet<Position> {
        if !self.votes_alone(phase, member) {
            return BTreeSet::new();
        }
        let all = self.ballots.get(&(*phase, *member)).into_iter().flatten();
        let kept = highest_at_each_end(&self.places(all.copied()));
        kept.into_iter()
            .filter(|position| !self.stands(*position))
            .collect()
    }

    /// Whether an entry that does not stand is a ballot or an edit that is kept.
    pub(crate) fn is_kept_alone(&self, position: Position) -> bool {
        let stored = self.at(position);
        if stored.kind == Kind::Edit {
            return !self.stands(position) && self.is_named(position);
        }
        match stored.record.as_deref() {
            Some(Record::Ballot(ballot)) => self
                .kept_alone(&ballot.phase, &stored.member)
                .contains(&position),
            _ => false,
        }
    }

    /// What is kept of a log beside what stands: the proof of its end, ballots judged alone,
    /// mandates of such ballots, and edits that others build on.
    #[must_use]
    pub fn aside(&self, key: &PublicKey) -> BTreeSet<Position> {
        let Some(log) = self.logs.get(key) else {
            return BTreeSet::new();
        };
        let mut aside: BTreeSet<Position> = log.next.iter().copied().collect();
        aside.extend(log.evidence);
        if log.main.len() == log.at.len() && log.outside.is_empty() {
            return aside;
        }
        let fallen = log.at.iter().map(|(_, position)| *position);
        let fallen = fallen.filter(|position| !self.stands(*position));
        let mut names_mandates = false;
        for position in fallen.chain(log.outside.iter().copied()) {
            match self.at(position).kind {
                Kind::Ballot | Kind::Edit if self.is_kept_alone(position) => {
                    aside.insert(position);
                }
                Kind::Mandate => names_mandates |= self.dependents[position as usize] > 0,
                _ => {}
            }
        }
        if names_mandates {
            aside.extend(self.fallen_mandates(key));
        }
        aside
    }

    /// The mandates of a root key that do not stand and that kept ballots name.
    fn fallen_mandates(&self, root: &PublicKey) -> BTreeSet<Position> {
        let member = MemberId(root.0);
        let groups = self.ballots.keys().filter(|(_, voter)| *voter == member);
        groups
            .flat_map(|(phase, member)| self.kept_alone(phase, member))
            .filter_map(|ballot| self.at(ballot).grant)
            .filter(|mandate| !self.stands(*mandate))
            .collect()
    }

    /// Places a ballot without its path, or the mandate that such ballots wait for. `None` if the
    /// entry is neither or is not kept.
    pub(crate) fn place_alone(
        &mut self,
        id: EntryId,
        entry: &Entry,
        received: Timestamp,
    ) -> Option<Offer> {
        match entry.header.kind {
            Kind::Ballot => {
                let stored = self.loose_ballot(id, entry, received)?;
                self.keep_alone(stored, entry.clone())
                    .then_some(Offer::Stored)
            }
            Kind::Mandate if self.log_is_cut(&entry.header.author) => {
                self.place_mandate(id, entry, received)
            }
            Kind::Edit => self
                .keep_named(id, entry, received)
                .then_some(Offer::Stored),
            _ => None,
        }
    }

    /// Stores the mandate of a waiting ballot if that ballot would be kept.
    fn place_mandate(&mut self, id: EntryId, entry: &Entry, received: Timestamp) -> Option<Offer> {
        let mandate = self.loose_mandate(id, entry, received)?;
        let waiting = self.pending.waiting_for(&id);
        let wanted = waiting.into_iter().any(|ballot| {
            let waiting = self.pending.get(&ballot);
            waiting
                .and_then(|entry| self.judge_alone(ballot, entry, &mandate, None, received))
                .is_some_and(|stored| self.outranks(&stored))
        });
        if !wanted {
            return None;
        }
        self.insert(mandate, entry.clone());
        Some(Offer::Stored)
    }

    /// Judges a mandate by its own bytes: its number may repeat that of another.
    pub(crate) fn loose_mandate(
        &self,
        id: EntryId,
        entry: &Entry,
        received: Timestamp,
    ) -> Option<Stored> {
        let author = entry.header.author;
        let Some(record @ Record::Mandate(_)) = rule::read_body(entry).ok()? else {
            return None;
        };
        let earliest = self.genesis.created;
        let fits = rule::check_alone(&entry.header, Right::Root, Some(&record), earliest).is_ok();
        (fits && self.is_member_root(&author)).then(|| Stored {
            member: MemberId(author.0),
            mandates: match &record {
                Record::Mandate(mandate) => mandate.number,
                _ => 0,
            },
            ..loose(id, entry, Right::Root, Rank::Root, Some(record), received)
        })
    }

    /// Judges a ballot whose mandate is here by its own bytes and that mandate.
    pub(crate) fn loose_ballot(
        &self,
        id: EntryId,
        entry: &Entry,
        received: Timestamp,
    ) -> Option<Stored> {
        let position = self.position(&entry.header.grant)?;
        self.judge_alone(id, entry, self.at(position), Some(position), received)
    }

    fn judge_alone(
        &self,
        id: EntryId,
        entry: &Entry,
        mandate: &Stored,
        position: Option<Position>,
        received: Timestamp,
    ) -> Option<Stored> {
        let Some(record @ Record::Ballot(_)) = rule::read_body(entry).ok()? else {
            return None;
        };
        let right = rule::right_from(mandate, &entry.header.author)?;
        rule::check_alone(&entry.header, right, Some(&record), mandate.time).ok()?;
        Some(Stored {
            member: mandate.member,
            grant: position,
            mandates: 0,
            ..loose(id, entry, right, Rank::ByRoot, Some(record), received)
        })
    }

    /// Whether a ballot judged alone would be among those kept.
    fn outranks(&self, ballot: &Stored) -> bool {
        let Some(Record::Ballot(record)) = ballot.record.as_deref() else {
            return false;
        };
        let Right::Delegate { mandate } = ballot.right else {
            return false;
        };
        if !self.votes_alone(&record.phase, &ballot.member) {
            return false;
        }
        let group = (record.phase, ballot.member);
        let others = self.ballots.get(&group).into_iter().flatten();
        let mut places = self.places(others.copied());
        let slot = (mandate, record.revision);
        let place = (slot, record.choice, ballot.id, Position::MAX);
        places.push((place, self.may_count(ballot)));
        highest_at_each_end(&places).contains(&Position::MAX)
    }

    /// Keeps a ballot judged alone and drops those it displaces. Returns whether it is kept.
    fn keep_alone(&mut self, stored: Stored, entry: Entry) -> bool {
        if !self.outranks(&stored) {
            return false;
        }
        let Some(Record::Ballot(record)) = stored.record.as_deref() else {
            return false;
        };
        let group = (record.phase, stored.member);
        self.insert(stored, entry);
        for position in self.ballots[&group].clone() {
            if !self.stands(position) {
                self.drop_if_idle(position);
            }
        }
        true
    }
}

/// A ballot's slot, choice, id and position.
type Place = (SlotKey, Choice, EntryId, Position);

/// For each moment at which the vote may end, the ballots that count there: so the same are kept
/// whichever of them it turns out to be.
fn highest_at_each_end(places: &[(Place, [bool; 4])]) -> BTreeSet<Position> {
    let at = |end: usize| {
        let counting = places.iter().filter(move |(_, counts)| counts[end]);
        highest(counting.map(|(place, _)| *place).collect())
    };
    (0..4).flat_map(at).collect()
}

/// Of the ballots of one phase and member those of the highest slot: the smallest id of each
/// choice, at most two choices, so that the same are kept whatever came first.
fn highest(mut places: Vec<Place>) -> Vec<Position> {
    let Some(slot) = places.iter().map(|(slot, ..)| *slot).max() else {
        return Vec::new();
    };
    places.retain(|place| place.0 == slot);
    places.sort_unstable();
    places.dedup_by_key(|(_, choice, ..)| *choice);
    places.truncate(2);
    places.into_iter().map(|(.., position)| position).collect()
}

/// What is remembered of an entry that is judged without its path.
pub(crate) fn loose(
    id: EntryId,
    entry: &Entry,
    right: Right,
    rank: Rank,
    record: Option<Record>,
    received: Timestamp,
) -> Stored {
    let header = &entry.header;
    Stored {
        id,
        author: header.author,
        sequence: header.sequence,
        previous: None,
        grant: None,
        time: header.time,
        received,
        kind: header.kind,
        critical: header.critical,
        member: MemberId(header.author.0),
        right,
        rank,
        loose: true,
        stood: false,
        usage: Usage::default(),
        size: header.size() as u32,
        mandates: 0,
        references: Box::default(),
        has_note: header.note.is_some(),
        record: record.map(|record| Box::new(record.without_text())),
        person: None,
    }
}

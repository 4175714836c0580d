//! Where an entry belongs: in its log, beside it, among those that wait, or nowhere.

use domain::{
    entry::Entry,
    id::{EntryId, Timestamp},
    key::PublicKey,
    record::{Kind, Record},
};

use crate::{
    error::Refusal,
    replica::{Offer, Replica, threshold},
    rule::{self, Surroundings},
    standing::BRANCH_MAX,
    stored::{Position, Stored},
};

impl Replica {
    /// Places an entry, then whatever had waited for it.
    pub(crate) fn place_all(&mut self, id: EntryId, entry: Entry, received: Timestamp) -> Offer {
        self.fresh.clear();
        let offer = self.place(id, entry, received);
        loop {
            while let Some(fresh) = self.fresh.pop() {
                for (id, entry) in self.pending.take_waiting_for(&fresh) {
                    self.place(id, entry, received);
                }
            }
            self.settle_names(received);
            if self.fresh.is_empty() {
                break;
            }
        }
        self.refresh_heights();
        match offer {
            Offer::Waits(_) if self.index.contains_key(&id) => Offer::Stored,
            offer => offer,
        }
    }

    fn place(&mut self, id: EntryId, entry: Entry, received: Timestamp) -> Offer {
        // A ballot kept without its path takes its place in the log once the path is here.
        let is_loose = match self.find(&id) {
            Some(stored) if !stored.loose => return Offer::Known,
            known => known.is_some(),
        };
        if entry.header.kind == Kind::Enter && !self.entered.contains_key(&entry.header.author) {
            // Nobody can be asked for what it waits for: the register decides it.
            let threshold = threshold(&entry.header.author);
            self.pending.insert(id, entry, &[threshold]);
            return Offer::Waits(Vec::new());
        }
        let missing = self.missing_ancestors(&entry);
        if !missing.is_empty() {
            return self.place_waiting(id, entry, is_loose, missing, received);
        }
        match self.judge(id, &entry, received) {
            Ok(stored) => self.attach(stored, entry, is_loose, received),
            Err(_) if is_loose => Offer::Known,
            Err(refusal) => self
                .place_alone(id, &entry, received)
                .unwrap_or(Offer::Refused(refusal)),
        }
    }

    fn missing_ancestors(&self, entry: &Entry) -> Vec<EntryId> {
        let header = &entry.header;
        // Nothing can follow an entry whose own path is unknown.
        let previous = header
            .previous
            .filter(|id| self.find(id).is_none_or(|stored| stored.loose));
        let names_federation = header.grant.0 == self.federation.0;
        let grant = Some(header.grant).filter(|id| !names_federation && self.find(id).is_none());
        previous.into_iter().chain(grant).collect()
    }

    fn judge(&self, id: EntryId, entry: &Entry, received: Timestamp) -> Result<Stored, Refusal> {
        self.judge_as(id, entry, received, false)
    }

    fn judge_as(
        &self,
        id: EntryId,
        entry: &Entry,
        received: Timestamp,
        is_restored: bool,
    ) -> Result<Stored, Refusal> {
        let named = |id: EntryId| {
            let position = self.position(&id)?;
            Some((position, self.at(position)))
        };
        let around = Surroundings {
            federation: self.federation,
            genesis: &self.genesis,
            received,
            is_restored,
            entered: self.entered.get(&entry.header.author).copied(),
            previous: entry.header.previous.and_then(named),
            grant: named(entry.header.grant),
        };
        rule::judge(id, entry, &around)
    }

    /// An entry with an ancestor that is not here.
    fn place_waiting(
        &mut self,
        id: EntryId,
        entry: Entry,
        is_loose: bool,
        missing: Vec<EntryId>,
        received: Timestamp,
    ) -> Offer {
        let offer = if is_loose {
            Some(Offer::Known)
        } else {
            self.place_alone(id, &entry, received)
        };
        let author = entry.header.author;
        let is_wanted = self.logs.get(&author).is_some_and(|l| l.wanted.is_some());
        // Above the end of a log the path never comes, unless a revocation picked it.
        let mandate = Some(entry.header.grant).filter(|_| entry.header.kind == Kind::Ballot);
        if offer.is_none() || is_wanted || !self.log_is_cut(&author) {
            self.pending.insert(id, entry, &missing);
            self.place_branch(&author, received);
        }
        // A mandate above a fork is stored for the ballots that wait for it; this is the first.
        if let Some(mandate) = mandate
            && let Some(entry) = self.pending.remove(&mandate)
        {
            self.place(mandate, entry, received);
        }
        offer.unwrap_or(Offer::Waits(missing))
    }

    /// Stores an entry that fits its ancestors where it belongs in its log.
    fn attach(
        &mut self,
        stored: Stored,
        entry: Entry,
        is_loose: bool,
        received: Timestamp,
    ) -> Offer {
        let (id, key) = (stored.id, stored.author);
        let stands = |named: Option<Position>| named.is_none_or(|position| self.stands(position));
        if !stands(stored.previous) || !stands(stored.grant) {
            return self.place_void(id, entry, is_loose, received);
        }
        let ballots = if is_loose {
            self.take_out_loose(&id)
        } else {
            Vec::new()
        };
        if self.is_plain_next(&stored) {
            let position = self.insert(stored, entry);
            self.rest_on(&ballots, position);
            self.append(key, position);
            return Offer::Stored;
        }
        let displaced: Vec<Position> = self.logs.get(&key).map_or_else(Vec::new, |log| {
            log.next.iter().copied().chain(log.evidence).collect()
        });
        let position = self.insert(stored, entry.clone());
        self.rest_on(&ballots, position);
        self.settle(&key);
        for position in displaced {
            self.drop_if_idle(position);
        }
        self.drop_if_idle(position);
        if self.get(position).is_some() {
            return Offer::Stored;
        }
        self.place_void(id, entry, false, received)
    }

    /// Whether an entry simply continues a log that stands as a whole.
    fn is_plain_next(&self, stored: &Stored) -> bool {
        let twins = (stored.sequence, 0)..=(stored.sequence, Position::MAX);
        let is_next = self.logs.get(&stored.author).is_none_or(|log| {
            !log.is_cut()
                && stored.sequence == log.main.len() as u64 + 1
                && log.at.range(twins).next().is_none()
        });
        is_next && !self.is_revoked(&stored.author)
    }

    fn append(&mut self, key: PublicKey, position: Position) {
        let stored = self.stored[position as usize]
            .as_mut()
            .expect("the entry was just stored");
        stored.stood = true;
        let muted = stored.critical && stored.kind.word().is_none();
        let sequence = stored.sequence;
        let log = self
            .logs
            .get_mut(&key)
            .expect("the log of a stored entry is known");
        log.main.push(position);
        if muted {
            log.muted_from.get_or_insert(sequence);
        }
        self.note_names(position);
        let gives = self.granting.contains(&position) && !self.is_plain_grant(position);
        if gives || self.revoking.contains(&position) {
            self.recompute_and_note();
        }
    }

    /// Walks one log anew after an entry was added, and all others if that changed what stands.
    fn settle(&mut self, key: &PublicKey) {
        let before = self.logs[key].main.clone();
        let cuts = std::mem::take(&mut self.cuts);
        let changed = self.rewalk(key, &cuts);
        self.cuts = cuts;
        if changed && self.logs[key].main != before {
            self.changes.standing = true;
            self.recompute();
        }
    }

    pub(crate) fn recompute_and_note(&mut self) {
        if self.recompute() {
            self.changes.standing = true;
        }
    }

    pub(crate) fn insert(&mut self, stored: Stored, entry: Entry) -> Position {
        let position = Position::try_from(self.stored.len()).expect("fewer than 2^32 entries");
        let author = stored.author;
        let is_first = !self.logs.contains_key(&author);
        let log = self.logs.entry(author).or_default();
        if stored.loose {
            log.outside.insert(position);
        } else {
            log.at.insert((stored.sequence, position));
            if let Some(grant) = stored.grant {
                *log.grants.entry(grant).or_default() += 1;
            }
        }
        for ancestor in stored.previous.into_iter().chain(stored.grant) {
            self.dependents[ancestor as usize] += 1;
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
        self.named.add(&stored, position);
        self.fresh.push(stored.id);
        self.stored.push(Some(stored));
        self.dependents.push(0);
        self.changes.stored.push((position, entry));
        if is_first {
            self.want_branch(&author);
        }
        self.touch(position);
        position
    }

    /// Drops an entry that nothing kept depends on.
    fn remove(&mut self, position: Position) {
        if self.get(position).is_some() {
            self.touch(position);
        }
        let Some(stored) = self.stored[position as usize].take() else {
            return;
        };
        for ancestor in stored.previous.into_iter().chain(stored.grant) {
            self.dependents[ancestor as usize] -= 1;
        }
        if let Some(log) = self.logs.get_mut(&stored.author) {
            log.at.remove(&(stored.sequence, position));
            log.outside.remove(&position);
            if let Some(grant) = stored.grant.filter(|_| !stored.loose)
                && let Some(uses) = log.grants.get_mut(&grant)
            {
                *uses -= 1;
                if *uses == 0 {
                    log.grants.remove(&grant);
                }
            }
        }
        if let Some(Record::Ballot(ballot)) = stored.record.as_deref() {
            let group = (ballot.phase, stored.member);
            if let Some(ballots) = self.ballots.get_mut(&group) {
                ballots.remove(&position);
                if ballots.is_empty() {
                    self.ballots.remove(&group);
                }
            }
        }
        self.named.remove(&stored, position);
        self.granting.remove(&position);
        self.revoking.remove(&position);
        self.index.remove(&stored.id);
        self.changes.stored.retain(|(new, _)| *new != position);
        self.changes.removed.push(stored.id);
    }

    /// Takes out an entry that was kept alone and now finds its place in its log. Returns the
    /// ballots that rest on it, if it is a mandate.
    fn take_out_loose(&mut self, id: &EntryId) -> Vec<Position> {
        let Some(loose) = self
            .position(id)
            .filter(|position| self.at(*position).loose)
        else {
            return Vec::new();
        };
        let all = self.ballots.values().flatten().copied();
        let ballots: Vec<Position> = all
            .filter(|ballot| self.at(*ballot).grant == Some(loose))
            .collect();
        for ballot in &ballots {
            if let Some(stored) = &mut self.stored[*ballot as usize] {
                stored.grant = None;
                self.dependents[loose as usize] -= 1;
            }
        }
        self.remove(loose);
        ballots
    }

    /// Lets ballots rest on the new place of their mandate.
    fn rest_on(&mut self, ballots: &[Position], mandate: Position) {
        for ballot in ballots {
            if let Some(stored) = &mut self.stored[*ballot as usize] {
                stored.grant = Some(mandate);
                self.dependents[mandate as usize] += 1;
            }
        }
    }

    /// Drops an entry that does not stand, never stood here, proves nothing, is not kept alone and
    /// carries nothing; then its grant if only this entry needed it.
    pub(crate) fn drop_if_idle(&mut self, position: Position) {
        let Some(stored) = self.get(position) else {
            return;
        };
        let log = &self.logs[&stored.author];
        let is_used = stored.stood
            || self.dependents[position as usize] > 0
            || log.next.contains(&position)
            || log.evidence == Some(position)
            || self.is_kept_alone(position);
        if is_used {
            return;
        }
        let grant = stored.grant;
        self.remove(position);
        if let Some(grant) = grant {
            self.drop_if_idle(grant);
        }
    }

    /// An entry that fits its ancestors and does not stand: kept only if it is a ballot, the
    /// mandate of one, or lies on the branch that a revocation picked.
    fn place_void(
        &mut self,
        id: EntryId,
        entry: Entry,
        is_loose: bool,
        received: Timestamp,
    ) -> Offer {
        let offer = if is_loose {
            Some(Offer::Known)
        } else {
            self.place_alone(id, &entry, received)
        };
        let author = entry.header.author;
        let is_wanted = self.logs.get(&author).is_some_and(|l| l.wanted.is_some());
        let may_be_named = entry.header.kind == Kind::Edit && self.is_open_fork(&author);
        if is_wanted {
            // A part of a picked branch, perhaps: it is stored once the branch is whole.
            self.pending.insert(id, entry, &[]);
            self.place_branch(&author, received);
        } else if offer.is_none() && may_be_named {
            // Somebody may come to build on it, or on what builds on it.
            self.pending.insert(id, entry, &[]);
        }
        match offer {
            Some(offer) => offer,
            None if is_wanted || may_be_named => Offer::Waits(Vec::new()),
            None => Offer::Refused(Refusal::Void),
        }
    }

    /// Stores the branch a revocation picked, once its tip and all between are here.
    fn place_branch(&mut self, key: &PublicKey, received: Timestamp) {
        let Some(wanted) = self.logs.get(key).and_then(|log| log.wanted) else {
            return;
        };
        let mut branch = Vec::new();
        let mut at = Some(wanted);
        while let Some(id) = at.filter(|id| self.find(id).is_none_or(|stored| stored.loose)) {
            let Some(entry) = self.pending.get(&id) else {
                return;
            };
            if branch.len() == BRANCH_MAX {
                return;
            }
            branch.push(id);
            at = entry.header.previous;
        }
        for id in branch.into_iter().rev() {
            let Some(entry) = self.pending.remove(&id) else {
                break;
            };
            if !self.missing_ancestors(&entry).is_empty() {
                break;
            }
            let Ok(stored) = self.judge(id, &entry, received) else {
                break;
            };
            let ballots = self.take_out_loose(&id);
            let position = self.insert(stored, entry);
            self.rest_on(&ballots, position);
        }
        // Also if only a part of it was valid: what was stored may stand.
        self.recompute_and_note();
    }

    /// Stores again what was stored before.
    pub(crate) fn place_restored(
        &mut self,
        id: EntryId,
        entry: Entry,
        received: Timestamp,
    ) -> Result<(), Refusal> {
        let judged = if self.missing_ancestors(&entry).is_empty() {
            self.judge_as(id, &entry, received, true)
        } else {
            Err(Refusal::AncestorMissing)
        };
        let key = entry.header.author;
        match judged {
            Ok(stored) => {
                let stands = |named: Option<Position>| named.is_none_or(|p| self.stands(p));
                let plain =
                    stands(stored.previous) && stands(stored.grant) && self.is_plain_next(&stored);
                let position = self.insert(stored, entry);
                if plain {
                    self.append(key, position);
                } else {
                    self.settle(&key);
                }
            }
            Err(refusal) => {
                let loose = match entry.header.kind {
                    Kind::Edit => self.loose_edit(id, &entry, received),
                    Kind::Ballot => self.loose_ballot(id, &entry, received),
                    Kind::Mandate => self.loose_mandate(id, &entry, received),
                    _ => None,
                };
                self.insert(loose.ok_or(refusal)?, entry);
            }
        }
        self.fresh.clear();
        // What was stored is kept: whoever names it may come later.
        let _ = self.refresh_names(false);
        self.refresh_heights();
        Ok(())
    }
}

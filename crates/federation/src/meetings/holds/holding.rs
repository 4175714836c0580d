//! The home's side: what owners say, and what becomes of a hold when nodes come and go or its meeting begins.

use std::collections::BTreeSet;

use domain::{
    id::{ServerId, Timestamp},
    key::PublicKey,
};
use routing::{capacity::Load, hold::counts_from};

use super::{CONFERENCE_MS, Hold, Refusal, UNASKED_MAX, Wanted, round::AGAIN_MS, sought::Sought};
use crate::{
    core::Core,
    io::{Change, Output},
    meetings::{rooms::Key, wire::Said},
};

/// How long the node that holds a server may be away when the start is near, in milliseconds.
const AWAY_MS: u64 = 5 * 60_000;

impl Core {
    /// An owner holds a server.
    pub(in crate::meetings) fn held(
        &mut self,
        now: Timestamp,
        from: PublicKey,
        hold: Hold,
        outputs: &mut Vec<Output>,
    ) {
        if !self.is_owners(&from, &hold.server) {
            return;
        }
        let (key, server) = (hold.key(), hold.server);
        let placed = self.meetings.rooms.server(&key);
        let runs_elsewhere = placed.is_some_and(|placed| placed != server);
        let seeking = &mut self.meetings.seeking;
        if seeking.wanted.is_none() {
            if seeking.unasked.len() < UNASKED_MAX {
                seeking.unasked.insert((from, key), hold);
            }
            return;
        }
        let Some(sought) = seeking.sought.get_mut(&key) else {
            return self.give_up_at(key, vec![from], outputs);
        };
        let is_wanted = sought.hold_on(server) == hold;
        if runs_elsewhere && hold.counts(now) {
            sought.told.remove(&from);
            return self.give_up_at(key, vec![from], outputs);
        }
        let waits = sought.waits_for(&from, &server);
        let give_up = match sought.held {
            None if is_wanted => sought.keep(server, from),
            Some((other, _)) if is_wanted && (other == server || waits) => {
                sought.keep(server, from)
            }
            _ if waits => return,
            None => {
                // It is held as it was wanted before: that server is asked for first.
                sought.told.insert(from, server);
                if sought.round.is_none() {
                    sought.due = Some(self.meetings.clock.now());
                }
                return;
            }
            Some((other, _)) if other == server => return,
            Some(_) => vec![from],
        };
        self.give_up_at(key, give_up, outputs);
        self.stay_with(now, key);
        self.note_change(Change::Meetings);
    }

    /// An owner does not hold a server.
    pub(in crate::meetings) fn not_held(
        &mut self,
        now: Timestamp,
        from: PublicKey,
        (hold, why, possible_users): (Hold, Refusal, u32),
        outputs: &mut Vec<Output>,
    ) {
        let (key, steady) = (hold.key(), self.meetings.clock.now());
        let Some(sought) = self.meetings.seeking.sought.get_mut(&key) else {
            return;
        };
        if sought.hold_on(hold.server) != hold {
            return;
        }
        let held = sought.held.map(|(server, _)| server);
        if held == Some(hold.server) {
            sought.told.remove(&from);
            if sought.told.is_empty() {
                (sought.held, sought.due) = (None, Some(steady));
                self.note_change(Change::Meetings);
            }
        } else if sought.waits_for(&from, &hold.server) {
            sought.told.remove(&from);
            if let Some(round) = &mut sought.round {
                round.refuse(why, possible_users.min(hold.users.saturating_sub(1)));
            }
            self.ask_next(now, key, outputs);
        }
    }

    /// A node serves servers that it did not before: what it is to hold is said again, and what nobody
    /// held may be held now.
    pub(in crate::meetings) fn hold_again(
        &mut self,
        node: PublicKey,
        servers: &BTreeSet<ServerId>,
        outputs: &mut Vec<Output>,
    ) {
        let steady = self.meetings.clock.now();
        let mut again = Vec::new();
        for sought in self.meetings.seeking.sought.values_mut() {
            match sought.hold().filter(|hold| servers.contains(&hold.server)) {
                Some(hold) => {
                    sought.told.insert(node, hold.server);
                    again.push(hold);
                }
                None => sought.stir(steady),
            }
        }
        for hold in again {
            self.tell(node, Said::Hold(hold), outputs);
        }
    }

    /// A node is gone. What it holds stands; when the start is near another is sought.
    pub(in crate::meetings) fn holder_gone(
        &mut self,
        now: Timestamp,
        node: PublicKey,
        outputs: &mut Vec<Output>,
    ) {
        let mut silent = Vec::new();
        self.meetings
            .seeking
            .unasked
            .retain(|(from, _), _| *from != node);
        let keys: Vec<Key> = self.meetings.seeking.sought.keys().copied().collect();
        for key in keys {
            let Some(sought) = self.meetings.seeking.sought.get_mut(&key) else {
                continue;
            };
            if !sought.is_held_by(&node) {
                sought.told.remove(&node);
            }
            let round = sought.round.as_mut();
            let waits = round.and_then(|round| round.waits.take_if(|asked| asked.node == node));
            if waits.is_some() {
                silent.push(key);
            }
            self.hold_at_another(key, &node, outputs);
            self.stay_with(now, key);
        }
        for key in silent {
            self.ask_next(now, key, outputs);
        }
    }

    /// Of an owner with several nodes the next one is asked from now on: it is to hold the server too.
    fn hold_at_another(&mut self, key: Key, gone: &PublicKey, outputs: &mut Vec<Output>) {
        let sought = self.meetings.seeking.sought.get(&key);
        let held = sought.filter(|one| one.is_held_by(gone));
        let Some(hold) = held.and_then(Sought::hold) else {
            return;
        };
        let next = self.nodes_of(&hold.server).first().copied();
        if let (Some(next), Some(sought)) = (next, self.meetings.seeking.sought.get_mut(&key)) {
            sought.told.insert(next, hold.server);
            self.tell(next, Said::Hold(hold), outputs);
        }
    }

    /// As long as the node that holds a server is here nothing is due; when it is away another server is
    /// sought, but not before the start is near.
    fn stay_with(&mut self, now: Timestamp, key: Key) {
        let own = self.node();
        let Some(sought) = self.meetings.seeking.sought.get(&key) else {
            return;
        };
        if sought.held.is_none() {
            return;
        }
        let mut told = sought.told.keys();
        let is_here = told.any(|node| *node == own || self.is_connected(node));
        let near_ms = counts_from(sought.wanted.starts).since_ms(now);
        let at = self.meetings.clock.now().plus_ms(near_ms.max(AWAY_MS));
        if let Some(sought) = self.meetings.seeking.sought.get_mut(&key) {
            sought.due = match (is_here, sought.due) {
                (true, _) => None,
                (false, due) => due.or(Some(at)),
            };
        }
    }

    /// The size of a conference, if one is or begins in a room now: who opens the room early or after its
    /// server was lost finds room for all.
    pub(in crate::meetings) fn conference_users(&self, now: Timestamp, key: &Key) -> Option<u32> {
        let wanted = self.meetings.seeking.wanted.iter().flatten();
        let of_room = wanted.filter(|one| one.key() == *key);
        let now_on = of_room.filter(|one| {
            counts_from(one.starts) <= now && now < one.starts.plus_ms(CONFERENCE_MS)
        });
        now_on.map(Wanted::people).max()
    }

    /// The server that is held for a room's meeting now, and what its owner keeps free there.
    pub(in crate::meetings) fn held_for(
        &self,
        now: Timestamp,
        key: &Key,
    ) -> Option<(ServerId, Load)> {
        let hold = self.meetings.seeking.sought.get(key)?.hold()?;
        let counts = hold.counts(now);
        counts.then(|| (hold.server, Load::typical(hold.users)))
    }

    /// A conference's meeting was placed: what is held elsewhere is given up.
    pub(in crate::meetings) fn conference_placed(
        &mut self,
        now: Timestamp,
        key: Key,
        server: ServerId,
        outputs: &mut Vec<Output>,
    ) {
        let later = self.meetings.clock.now().plus_ms(AGAIN_MS);
        let Some(sought) = self.meetings.seeking.sought.get(&key) else {
            return;
        };
        let is_elsewhere = sought.held.is_none_or(|(held, _)| held != server);
        if is_elsewhere && counts_from(sought.wanted.starts) <= now {
            let told = sought.told.keys().copied().collect();
            self.give_up_at(key, told, outputs);
            self.lose(key, later);
        }
    }

    /// A conference's meeting is over or lost: if nothing is held for it, it is sought at once.
    pub(in crate::meetings) fn conference_ended(&mut self, key: &Key) {
        let steady = self.meetings.clock.now();
        if let Some(sought) = self.meetings.seeking.sought.get_mut(key)
            && sought.held.is_none()
            && sought.round.is_none()
            && !sought.is_ahead
        {
            sought.due = Some(steady);
        }
    }
}

//! The home's side: it seeks a server for each conference, and keeps what it found.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{ServerId, Timestamp},
    key::PublicKey,
};
use routing::{
    Error, Monotonic,
    capacity::Load,
    hold::{HOLD_AHEAD_MS, counts_from, counts_until, servers},
    request::{Request, RequestId},
};

use super::{
    CONFERENCE_MS, Hold, Refusal, UNASKED_MAX, WANTED_MAX, Wanted,
    round::{AGAIN_MS, Round, again_ms},
};
use crate::{
    core::Core,
    io::{Change, Output},
    meetings::{home::id_of, rooms::Key, wire::Said},
};

/// How much later than an owner would hold it a home asks: clocks differ.
const AHEAD_MARGIN_MS: u64 = 3_600_000;
/// How long the node that holds a server may be away when the start is near, in milliseconds.
const AWAY_MS: u64 = 5 * 60_000;
/// How soon after a round the records or a node that came lead to another one, in milliseconds.
const STIRRED_MS: u64 = 60_000;

/// A conference whose server is sought or held.
#[derive(Debug)]
pub(in crate::meetings) struct Sought {
    pub(super) wanted: Wanted,
    /// The server that is held, and the node that said so.
    pub(super) held: Option<(ServerId, PublicKey)>,
    /// Why no owner holds one, and how many people would fit.
    pub(super) refused: Option<(Refusal, u32)>,
    /// Whether it is too far ahead to be sought.
    pub(super) is_ahead: bool,
    /// Nodes that may hold a server for it.
    told: BTreeMap<PublicKey, ServerId>,
    round: Option<Round>,
    begun: Option<Monotonic>,
    /// Rounds without success since the last one with.
    rounds: u32,
    /// When the next round begins.
    due: Option<Monotonic>,
}

impl Sought {
    fn new(wanted: Wanted, told: BTreeMap<PublicKey, ServerId>) -> Self {
        Self {
            wanted,
            held: None,
            refused: None,
            is_ahead: false,
            told,
            round: None,
            begun: None,
            rounds: 0,
            due: None,
        }
    }

    /// The hold that it has.
    pub(super) fn hold(&self) -> Option<Hold> {
        let (server, _) = self.held?;
        Some(self.hold_on(server))
    }

    fn hold_on(&self, server: ServerId) -> Hold {
        Hold {
            tenant: self.wanted.tenant,
            room: self.wanted.room,
            server,
            starts: self.wanted.starts,
            users: self.wanted.people(),
        }
    }

    fn is_held_by(&self, node: &PublicKey) -> bool {
        self.held.is_some_and(|(_, holder)| holder == *node)
    }

    fn waits_for(&self, node: &PublicKey, server: &ServerId) -> bool {
        let round = self.round.as_ref();
        round.is_some_and(|round| round.waits_for(node, server))
    }

    /// What is due next.
    fn next_due(&self) -> Option<Monotonic> {
        match &self.round {
            Some(round) => round.waits.map(|asked| asked.until),
            None => self.due,
        }
    }

    /// A server is held: whoever else may hold one is to give it up.
    fn keep(&mut self, server: ServerId, node: PublicKey) -> Vec<PublicKey> {
        self.held = Some((server, node));
        (self.refused, self.round, self.due) = (None, None, None);
        (self.rounds, self.is_ahead) = (0, false);
        let others = self.told.iter().filter(|(_, other)| **other != server);
        let others = others.map(|(node, _)| *node).collect();
        self.told.retain(|_, other| *other == server);
        self.told.insert(node, server);
        others
    }

    /// Something changed that may make another round worth its while.
    fn stir(&mut self, now: Monotonic) {
        if self.held.is_some() || self.round.is_some() || self.is_ahead {
            return;
        }
        let soon = self.begun.map_or(now, |begun| begun.plus_ms(STIRRED_MS));
        self.due = Some(self.due.map_or(soon, |due| due.min(soon)));
    }
}

impl Core {
    /// The shell wants servers held for these conferences, and for no others.
    pub(crate) fn want_held(
        &mut self,
        now: Timestamp,
        mut wanted: Vec<Wanted>,
        outputs: &mut Vec<Output>,
    ) {
        wanted.sort_by_key(|one| (one.starts, one.key()));
        wanted.retain(|one| !one.is_over(now));
        wanted.truncate(WANTED_MAX);
        self.meetings.seeking.wanted = Some(wanted);
        self.arrange_holds(now, outputs);
        for ((from, _), hold) in std::mem::take(&mut self.meetings.seeking.unasked) {
            self.held(now, from, hold, outputs);
        }
    }

    /// Seeks a server for the first conference of each room that is not over, and gives up the rest.
    fn arrange_holds(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        let Some(wanted) = self.meetings.seeking.wanted.take() else {
            return;
        };
        let mut before = std::mem::take(&mut self.meetings.seeking.sought);
        let mut sought: BTreeMap<Key, Sought> = BTreeMap::new();
        let is_to_come = |one: &&Wanted| !one.is_over(now) && self.is_home_of(one);
        for one in wanted.iter().filter(is_to_come) {
            let key = one.key();
            if sought.contains_key(&key) {
                continue;
            }
            let same = match before.remove(&key) {
                Some(same) if same.wanted == *one => same,
                Some(other) => Sought::new(one.clone(), other.told),
                None => Sought::new(one.clone(), BTreeMap::new()),
            };
            sought.insert(key, self.scheduled(now, same));
        }
        self.meetings.seeking.wanted = Some(wanted);
        self.meetings.seeking.sought = sought;
        for (key, gone) in before {
            // What is over ends by itself.
            if !gone.wanted.is_over(now) {
                self.give_up_at(key, gone.told.into_keys().collect(), outputs);
            }
        }
        self.note_change(Change::Meetings);
    }

    /// Whether this node is the home of a conference's tenant.
    fn is_home_of(&self, wanted: &Wanted) -> bool {
        let tenant = self.view().meetings.tenants.get(&wanted.tenant);
        tenant.is_some_and(|tenant| {
            let is_hosted = Some(tenant.host) == self.member() && !tenant.record.ended;
            is_hosted && tenant.record.home == self.node()
        })
    }

    /// When a server for it is sought first, if that is not known yet.
    fn scheduled(&self, now: Timestamp, mut sought: Sought) -> Sought {
        if sought.held.is_some() || sought.round.is_some() || sought.begun.is_some() {
            return sought;
        }
        let first = Timestamp(sought.wanted.starts.0.saturating_sub(HOLD_AHEAD_MS));
        let wait_ms = first.plus_ms(AHEAD_MARGIN_MS).since_ms(now);
        sought.is_ahead = wait_ms > 0;
        sought.due = Some(self.meetings.clock.now().plus_ms(wait_ms));
        sought
    }

    /// The records changed: what is held may be so no more, and what was refused may be possible.
    pub(in crate::meetings) fn settle_holds(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        if std::mem::take(&mut self.meetings.seeking.inventory_changed) {
            self.look_at_holds(outputs);
        }
        let seeking = &self.meetings.seeking;
        let mut wanted = seeking.wanted.iter().flatten();
        let is_other = wanted.any(|one| {
            let is_sought = seeking.sought.contains_key(&one.key());
            !one.is_over(now) && self.is_home_of(one) != is_sought
        });
        if is_other {
            self.arrange_holds(now, outputs);
        }
    }

    /// Servers came, went or are described anew.
    fn look_at_holds(&mut self, outputs: &mut Vec<Output>) {
        let steady = self.meetings.clock.now();
        let keys: Vec<Key> = self.meetings.seeking.sought.keys().copied().collect();
        for key in keys {
            let Some(sought) = self.meetings.seeking.sought.get(&key) else {
                continue;
            };
            let possible = self.servers_for(&sought.wanted).unwrap_or_default();
            let held = sought.held.map(|(server, _)| server);
            if held.is_some_and(|server| !possible.contains(&server)) {
                let told = sought.told.keys().copied().collect();
                self.give_up_at(key, told, outputs);
                self.lose(key, steady);
            } else if let Some(sought) = self.meetings.seeking.sought.get_mut(&key) {
                sought.stir(steady);
            }
        }
    }

    /// Nothing is held any more: another is sought from `due` on.
    fn lose(&mut self, key: Key, due: Monotonic) {
        if let Some(sought) = self.meetings.seeking.sought.get_mut(&key) {
            sought.held = None;
            sought.told.clear();
            sought.round = None;
            sought.due = Some(due);
            self.note_change(Change::Meetings);
        }
    }

    fn give_up_at(&mut self, key: Key, nodes: Vec<PublicKey>, outputs: &mut Vec<Output>) {
        for node in nodes {
            if node == self.node() || self.is_connected(&node) {
                let (tenant, room) = key;
                self.tell(node, Said::GiveUp { tenant, room }, outputs);
            }
        }
    }

    /// The servers that could take a conference, best first, or why there is none.
    fn servers_for(&self, wanted: &Wanted) -> Result<Vec<ServerId>, (Refusal, u32)> {
        let member = self.member().ok_or((Refusal::NotAllowed, 0))?;
        let (id, key) = (RequestId([0; 16]), wanted.key());
        let mut request = Request::new(id, id_of(&key), wanted.tenant, member);
        let people = wanted.people();
        request.region.clone_from(&wanted.terms.region);
        request.region_required = wanted.terms.region_required;
        request.features.clone_from(&wanted.terms.features);
        (request.hint, request.cap_users) = (Some(people), Some(people));
        servers(&request, &self.meetings.plan).map_err(|error| match error {
            Error::Conference { possible_users, .. } if possible_users > 0 => {
                (Refusal::TooLarge, possible_users)
            }
            _ => (Refusal::Closed, 0),
        })
    }

    /// Asks the next owner of a round; after the last one the round is over.
    fn ask_next(&mut self, now: Timestamp, key: Key, outputs: &mut Vec<Output>) {
        let steady = self.meetings.clock.now();
        let Some(sought) = self.meetings.seeking.sought.get(&key) else {
            return;
        };
        let Some(round) = &sought.round else {
            return;
        };
        let possible = self.servers_for(&sought.wanted);
        let mut order = possible.as_deref().unwrap_or_default().to_vec();
        // A server that may be held for it already, or was for another time, comes first.
        let told: BTreeSet<ServerId> = sought.told.values().copied().collect();
        order.sort_by_key(|server| !told.contains(server));
        let next = order.into_iter().find_map(|server| {
            let node = self.nodes_of(&server).first().copied()?;
            round.may_ask(&server).then_some((server, node))
        });
        let Some(sought) = self.meetings.seeking.sought.get_mut(&key) else {
            return;
        };
        match (next, &mut sought.round) {
            (Some((server, node)), Some(round)) => {
                round.ask(steady, server, node);
                sought.told.insert(node, server);
                let hold = sought.hold_on(server);
                self.tell(node, Said::Hold(hold), outputs);
            }
            _ => self.end_round(now, key, possible.err(), outputs),
        }
    }

    fn end_round(
        &mut self,
        now: Timestamp,
        key: Key,
        none: Option<(Refusal, u32)>,
        outputs: &mut Vec<Output>,
    ) {
        let steady = self.meetings.clock.now();
        let Some(sought) = self.meetings.seeking.sought.get_mut(&key) else {
            return;
        };
        let refused = sought.round.take().and_then(|round| round.refused);
        sought.rounds = sought.rounds.saturating_add(1);
        let is_near = counts_from(sought.wanted.starts) <= now;
        let wait_ms = match is_near {
            true => AGAIN_MS,
            false => again_ms(sought.rounds),
        };
        sought.due = Some(steady.plus_ms(wait_ms));
        if sought.held.is_none() {
            sought.refused = refused.or(none);
        }
        let held = sought.held.map(|(server, _)| server);
        let others = sought.told.iter().filter(|(_, one)| Some(**one) != held);
        let others: Vec<PublicKey> = others.map(|(node, _)| *node).collect();
        sought.told.retain(|_, server| Some(*server) == held);
        self.give_up_at(key, others, outputs);
        self.note_change(Change::Meetings);
    }

    /// Does what is due for conferences.
    pub(in crate::meetings) fn wake_holds(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        let steady = self.meetings.clock.now();
        let sought = self.meetings.seeking.sought.iter();
        if sought.clone().any(|(_, one)| one.wanted.is_over(now)) {
            self.arrange_holds(now, outputs);
        }
        let sought = self.meetings.seeking.sought.iter();
        let is_due = |one: &Sought| one.next_due().is_some_and(|at| at <= steady);
        let due: Vec<Key> = sought
            .filter(|(_, one)| is_due(one))
            .map(|(key, _)| *key)
            .collect();
        for key in due {
            self.begin_round(now, key);
            self.ask_next(now, key, outputs);
        }
    }

    /// Begins a round for a conference, unless its meeting runs or one is under way: then its owner kept
    /// silent.
    fn begin_round(&mut self, now: Timestamp, key: Key) {
        let steady = self.meetings.clock.now();
        let runs = self.meetings.rooms.server(&key).is_some();
        let Some(sought) = self.meetings.seeking.sought.get_mut(&key) else {
            return;
        };
        if let Some(round) = &mut sought.round {
            round.waits = None;
        } else if runs && counts_from(sought.wanted.starts) <= now {
            sought.due = Some(steady.plus_ms(AGAIN_MS));
        } else {
            sought.round = Some(Round::without(sought.held.map(|(server, _)| server)));
            sought.begun = Some(steady);
            sought.is_ahead = false;
        }
    }

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

    /// When something is due for conferences.
    pub(in crate::meetings) fn next_hold_due(&self) -> Option<Monotonic> {
        let (steady, wall) = (self.meetings.clock.now(), self.meetings.clock.wall());
        let sought = self.meetings.seeking.sought.values();
        let over = |one: &Sought| {
            let over = counts_until(one.wanted.starts);
            steady.plus_ms(over.since_ms(wall).max(1))
        };
        let all = sought.flat_map(|one| one.next_due().into_iter().chain([over(one)]));
        all.min()
    }
}

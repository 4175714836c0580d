//! The home's side: it asks owners for a server for each conference, in rounds.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{ServerId, Timestamp},
    key::PublicKey,
};
use routing::{
    Error, Monotonic,
    hold::{HOLD_AHEAD_MS, counts_from, counts_until, servers},
    request::{Request, RequestId},
};

use super::{
    CONFERENCE_MS, Refusal, WANTED_MAX, Wanted,
    round::{AGAIN_MS, Round, again_ms},
    sought::Sought,
};
use crate::{
    core::Core,
    io::{Change, Output},
    meetings::{home::id_of, rooms::Key, wire::Said},
};

/// How much later than an owner would hold it a home asks: clocks differ.
const AHEAD_MARGIN_MS: u64 = 3_600_000;

impl Core {
    /// The shell wants servers held for these conferences, and for no others.
    pub(crate) fn want_held(
        &mut self,
        now: Timestamp,
        mut wanted: Vec<Wanted>,
        outputs: &mut Vec<Output>,
    ) {
        wanted.sort_by_key(|one| (one.starts, one.key()));
        // One that has begun is as large as was said for a while.
        wanted.retain(|one| now < one.starts.plus_ms(CONFERENCE_MS));
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
    pub(super) fn lose(&mut self, key: Key, due: Monotonic) {
        if let Some(sought) = self.meetings.seeking.sought.get_mut(&key) {
            sought.held = None;
            sought.told.clear();
            sought.round = None;
            sought.due = Some(due);
            self.note_change(Change::Meetings);
        }
    }

    pub(super) fn give_up_at(
        &mut self,
        key: Key,
        nodes: Vec<PublicKey>,
        outputs: &mut Vec<Output>,
    ) {
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
    pub(super) fn ask_next(&mut self, now: Timestamp, key: Key, outputs: &mut Vec<Output>) {
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

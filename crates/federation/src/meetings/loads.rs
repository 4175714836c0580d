//! What nodes tell each other of loads, and what placement makes of it.
//!
//! An owner tells how its servers are: when it meets a node, when something changed, but not more often
//! than every few seconds, and now and then while there is load. A server without load needs no words:
//! as long as its owner's node is connected, what was last said of it holds.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{ServerId, Timestamp},
    key::PublicKey,
    record::{self, PLACEMENTS_MAX, Placing, Standing},
};
use routing::{
    Monotonic,
    candidate::{Feature, Health, Report, Server, State},
    capacity::{Capacity, Load},
};

use super::{
    rooms::Key,
    wire::{LOADS_MAX, Said},
};
use crate::{
    act::Act,
    core::Core,
    io::{Change, Output},
};

/// How long after the last word on loads the next one comes at the earliest, in milliseconds.
const SAY_EVERY_MS: u64 = 5_000;
/// How long after it the next one comes at the latest while there is load.
const SAY_AGAIN_MS: u64 = 25_000;
/// How often what is no longer news is said again, in case it was not heard.
const SAID_AGAIN: u32 = 2;
/// How soon a placement is recorded, so that those of a burst share an entry.
const RECORD_MS: u64 = 2_000;
/// How long after that the next ones are: a key writes some thousand entries a day at most.
const RECORD_AGAIN_MS: u64 = 60_000;
/// How many records may follow each other without that.
const RECORDS_AT_ONCE: u64 = 200;

/// When things are said, and what was said last.
#[derive(Debug, Default)]
pub(super) struct Saying {
    said: Option<Monotonic>,
    last: Vec<(ServerId, Load, Health)>,
    has_changed: bool,
    had_floors: bool,
    /// How often the last news is still to be said again.
    again: u32,
    record_at: Option<Monotonic>,
    /// Records that may be written at once; one more comes with each [`RECORD_AGAIN_MS`].
    records_left: Option<(Monotonic, u64)>,
    usage_at: Option<Monotonic>,
}

impl Saying {
    pub fn changed(&mut self) {
        self.has_changed = true;
    }

    /// Another node that served the same has gone: what this one finds of it counts now.
    pub fn speak_for_another(&mut self) {
        self.has_changed = true;
        self.again = self.again.max(1);
    }

    fn next_said(&self, has_load: bool) -> Option<Monotonic> {
        let Some(said) = self.said else {
            return self.has_changed.then_some(Monotonic(0));
        };
        if self.has_changed {
            return Some(said.plus_ms(SAY_EVERY_MS));
        }
        (has_load || self.again > 0).then(|| said.plus_ms(SAY_AGAIN_MS))
    }
}

/// A server as placement knows it.
fn described(server: &replica::view::Server) -> Option<Server> {
    let record = &server.record;
    let state = match record.service {
        record::Service::Open => State::Open,
        record::Service::Cordoned => State::Cordoned,
        record::Service::Draining => State::Draining,
        record::Service::TestsOnly => State::TestsOnly,
        record::Service::Removed => return None,
    };
    let features: BTreeSet<Feature> = record
        .features
        .iter()
        .filter_map(|word| word.parse().ok())
        .collect();
    Some(Server {
        owner: server.owner,
        region: record.region.clone(),
        capacity: Capacity {
            cpu_units_milli: record.capability.cpu_units * 1_000,
            net_out_kbit_s: record.capability.net_out_kbit_s,
            users: record.capability.users,
            rooms: record.capability.rooms,
            room_users: record.capability.room_users,
        },
        state,
        features,
        share_ppm: u64::from(record.share_percent) * 10_000,
    })
}

impl Core {
    /// Takes up what changed of meetings: what the records say of servers, and what is to be said.
    pub(super) fn take_inventory(&mut self) {
        let is_old = std::mem::take(&mut self.meetings.inventory_is_old);
        let has_news = std::mem::take(&mut self.meetings.has_news);
        if !is_old && !has_news {
            return;
        }
        if is_old {
            self.read_inventory();
        }
        let meetings = &mut self.meetings;
        // Who serves nothing, and never did, has nothing to say of it.
        if meetings.owner.serving().next().is_some() || !meetings.saying.last.is_empty() {
            meetings.saying.changed();
        }
    }

    fn read_inventory(&mut self) {
        let servers = &self.view().meetings.servers;
        let known: Vec<(ServerId, Server)> = servers
            .iter()
            .filter(|(_, server)| !self.has_left(&server.owner))
            .filter_map(|(id, server)| Some((*id, described(server)?)))
            .collect();
        let ids: BTreeSet<ServerId> = known.iter().map(|(id, _)| *id).collect();
        let member = self.member();
        let meetings = &mut self.meetings;
        let mut has_changed = meetings.described != ids;
        for gone in meetings.described.difference(&ids) {
            meetings.plan.remove(*gone);
            meetings.owner.forget(gone);
            if let Some(admission) = &mut meetings.owner.admission {
                admission.remove(*gone);
            }
        }
        if let Some(member) = member {
            let admission = &mut meetings.owner.admission;
            admission.get_or_insert_with(|| routing::admission::Admission::new(member));
            meetings.plan.set_rtt(member, 0);
        }
        for (id, server) in known {
            let health = meetings.owner.health(&id);
            if let (Some(admission), Some(health), true) = (
                &mut meetings.owner.admission,
                health,
                Some(server.owner) == member,
            ) {
                admission.describe(id, server.clone(), health);
            }
            let before = meetings.plan.candidate(id);
            has_changed |= before.is_none_or(|before| before.server != server);
            meetings.plan.describe(id, server);
        }
        meetings.described = ids;
        meetings.may_be_removed = true;
        meetings.seeking.inventory_changed |= has_changed;
        self.weigh_claims();
        self.settle_holds_here();
    }

    /// Meetings on servers that their owners took away are over: nobody signs links to them any more, and
    /// nobody will say that they are gone.
    pub(super) fn leave_what_is_removed(&mut self, now: Timestamp) {
        if !std::mem::take(&mut self.meetings.may_be_removed) {
            return;
        }
        let known = &self.view().meetings.servers;
        let is_removed = |server: &ServerId| {
            known.contains_key(server) && !self.meetings.described.contains(server)
        };
        let placed = self.meetings.rooms.placed();
        let over = placed.filter(|(_, kept)| is_removed(&kept.server));
        let over: Vec<Key> = over.map(|(key, _)| *key).collect();
        for key in over {
            self.room_ended(now, key, Standing::Ended, None);
        }
    }

    /// This node holds the secrets of these servers from now on.
    pub(crate) fn serve(&mut self, servers: &BTreeSet<ServerId>, outputs: &mut Vec<Output>) {
        self.meetings.owner.serve(servers);
        self.hold_again(self.node(), servers, outputs);
        self.meetings.inventory_is_old = true;
        self.note_change(Change::Meetings);
    }

    /// The nodes that can be asked for a server, the one to ask first first: those whose polls find it well
    /// before the others; of these this one, then by key, so that all ask the same one.
    pub(super) fn nodes_of(&self, server: &ServerId) -> Vec<PublicKey> {
        let own = self.node();
        let mut all = self.ranked_nodes(server);
        all.sort_by_key(|(is_ill, node)| (*is_ill, *node != own));
        all.into_iter().map(|(_, node)| node).collect()
    }

    /// The nodes that serve a server, this one included, and whether their polls find it ill: those that find
    /// it well first, then by key. All who see the same nodes see the same order.
    pub(super) fn ranked_nodes(&self, server: &ServerId) -> Vec<(bool, PublicKey)> {
        let own = self.meetings.owner.health(server);
        let own = own.map(|health| (health != Health::Up, self.node()));
        let others = self.meetings.serving.iter().filter_map(|(node, servers)| {
            let health = servers.get(server)?;
            Some((*health != Health::Up, *node))
        });
        let mut all: Vec<(bool, PublicKey)> = own.into_iter().chain(others).collect();
        all.sort_unstable();
        all
    }

    /// A node says how its servers are and what its tenants have on servers.
    pub(super) fn hear_loads(
        &mut self,
        from: PublicKey,
        reports: Vec<(ServerId, Report)>,
        floors: Vec<(ServerId, Load)>,
        outputs: &mut Vec<Output>,
    ) {
        let Some(member) = self.view().member_of(&from) else {
            return;
        };
        let now = self.meetings.clock.now();
        let servers = &self.view().meetings.servers;
        let owned = |id: &ServerId| servers.get(id).is_some_and(|one| one.owner == member);
        let reports: Vec<(ServerId, Report)> =
            reports.into_iter().filter(|(id, _)| owned(id)).collect();
        let serving = reports.iter().map(|(id, report)| (*id, report.health));
        let serving: BTreeMap<ServerId, Health> = serving.collect();
        let served: BTreeSet<ServerId> = serving.keys().copied().collect();
        let before = self.meetings.serving.insert(from, serving);
        let before = before.unwrap_or_default().into_keys().collect();
        let more = &served - &before;
        for (id, report) in reports {
            // A node that cannot reach a server says nothing of it while another of the owner can.
            let is_ill = report.health != Health::Up;
            let best = self.ranked_nodes(&id).first().copied();
            if !is_ill || best.is_none_or(|(is_ill, _)| is_ill) {
                self.meetings.plan.learn(now, id, report);
            }
        }
        self.hear_claims(from, member, floors);
        self.settle_floors();
        if !more.is_empty() {
            self.hold_again(from, &more, outputs);
        }
        self.note_change(Change::Meetings);
    }

    /// Brings what placement knows up to date before it is used.
    pub(super) fn refresh_plan(&mut self) {
        self.take_inventory();
        let now = self.meetings.clock.now();
        // A server that said it has no load, and whose owner is here, has said nothing else since.
        let served: BTreeSet<ServerId> = self
            .meetings
            .serving
            .values()
            .flat_map(BTreeMap::keys)
            .copied()
            .collect();
        for id in served {
            self.meetings.plan.confirm_quiet(now, id);
        }
        self.learn_own_loads();
        self.settle_floors();
        self.settle_standings();
    }

    /// This node's own servers are known exactly.
    pub(super) fn learn_own_loads(&mut self) {
        let (now, wall) = (self.meetings.clock.now(), self.meetings.clock.wall());
        let Some(admission) = &mut self.meetings.owner.admission else {
            return;
        };
        for (id, report) in admission.reports(now, wall) {
            self.meetings.plan.learn(now, id, report);
        }
    }

    /// Says what is to be said by now: loads to all nodes, placements and usage as records.
    pub(super) fn say_meetings(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        let steady = self.meetings.clock.now();
        let has_load = self.has_load();
        let due = self.meetings.saying.next_said(has_load);
        if due.is_some_and(|due| due <= steady) {
            self.say_loads(now, outputs);
        }
        self.record_placements(outputs);
        self.record_usage(now, outputs);
    }

    fn has_load(&self) -> bool {
        let saying = &self.meetings.saying;
        saying.last.iter().any(|(_, load, _)| *load != Load::ZERO)
            || self.meetings.rooms.all_live().next().is_some()
    }

    fn loads(&mut self, now: Timestamp) -> Said {
        let steady = self.meetings.clock.now();
        let admission = self.meetings.owner.admission.as_mut();
        let mut reports = admission.map_or_else(Vec::new, |one| one.reports(steady, now));
        let owner = &self.meetings.owner;
        reports.retain(|(id, _)| owner.serves(id));
        reports.truncate(LOADS_MAX);
        let floors = self.own_floors().into_iter().take(LOADS_MAX).collect();
        Said::Loads { reports, floors }
    }

    /// Tells every connected node, if there is something to tell.
    fn say_loads(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        let steady = self.meetings.clock.now();
        let said = self.loads(now);
        let Said::Loads { reports, floors } = &said else {
            return;
        };
        let summary = |(id, report): &(ServerId, Report)| (*id, report.load, report.health);
        let summary: Vec<_> = reports.iter().map(summary).collect();
        let saying = &mut self.meetings.saying;
        let is_news = summary != saying.last || !floors.is_empty() || saying.had_floors;
        // Of a server with load silence says nothing: what was said last soon counts no more.
        let has_load = summary.iter().any(|(_, load, _)| *load != Load::ZERO);
        let is_said_again = saying.again > 0 || has_load;
        saying.again = match is_news {
            true => SAID_AGAIN,
            false => saying.again.saturating_sub(1),
        };
        saying.had_floors = !floors.is_empty();
        saying.has_changed = false;
        saying.said = Some(steady);
        saying.last = summary;
        if is_news || is_said_again {
            for peer in self.connected_nodes() {
                self.tell(peer, said.clone(), outputs);
            }
        }
    }

    /// A node is here: it hears at once how this node's servers are.
    pub(super) fn greet_with_loads(
        &mut self,
        now: Timestamp,
        peer: PublicKey,
        outputs: &mut Vec<Output>,
    ) {
        self.take_inventory();
        let said = self.loads(now);
        if matches!(&said, Said::Loads { reports, floors } if !reports.is_empty() || !floors.is_empty())
        {
            self.tell(peer, said, outputs);
        }
    }

    fn record_placements(&mut self, outputs: &mut Vec<Output>) {
        let steady = self.meetings.clock.now();
        if !self.meetings.rooms.is_unsaid() {
            self.meetings.saying.record_at = None;
            return;
        }
        let saying = &mut self.meetings.saying;
        let at = *saying
            .record_at
            .get_or_insert_with(|| steady.plus_ms(RECORD_MS));
        if steady < at || !self.may_record(steady) {
            return;
        }
        let mut rooms = std::mem::take(&mut self.meetings.rooms);
        let meetings = &self.view().meetings;
        let said = |key: &Key| {
            let placed = meetings.placed(&key.0, &key.1)?;
            Some((placed.server, placed.at, placed.standing))
        };
        let placements = rooms.unsaid(PLACEMENTS_MAX, said);
        self.meetings.rooms = rooms;
        let saying = &mut self.meetings.saying;
        if placements.is_empty() {
            saying.record_at = None;
            return;
        }
        let (since, left) = saying.records_left.unwrap_or((steady, RECORDS_AT_ONCE));
        let more = steady.since_ms(since) / RECORD_AGAIN_MS;
        let left = (left + more).min(RECORDS_AT_ONCE);
        let since = since.plus_ms(more * RECORD_AGAIN_MS);
        saying.records_left = Some((since, left.saturating_sub(1)));
        let wait_ms = if left > 1 { RECORD_MS } else { RECORD_AGAIN_MS };
        saying.record_at = Some(steady.plus_ms(wait_ms));
        outputs.push(Output::Wish(Act::Placing(Placing { placements })));
    }

    /// Whether this node may sign now; if not, what is due is due a little later: a node that has
    /// reached nobody yet must not wake for it again and again.
    fn may_record(&mut self, steady: Monotonic) -> bool {
        let is_ready = self.is_ready_to_sign();
        if !is_ready {
            let saying = &mut self.meetings.saying;
            let later = steady.plus_ms(RECORD_MS);
            for at in [&mut saying.record_at, &mut saying.usage_at] {
                *at = at.map(|at| at.max(later));
            }
        }
        is_ready
    }

    fn record_usage(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        let steady = self.meetings.clock.now();
        if !self.meetings.owner.meter.has_something() {
            self.meetings.saying.usage_at = None;
            return;
        }
        let every = super::metering::RECORD_MS;
        let saying = &mut self.meetings.saying;
        let at = *saying.usage_at.get_or_insert_with(|| steady.plus_ms(every));
        if steady < at || !self.may_record(steady) {
            return;
        }
        self.meetings.saying.usage_at = None;
        if let Some(usage) = self.meetings.owner.meter.take(now) {
            outputs.push(Output::Wish(Act::Usage(usage)));
        }
    }

    /// When something is to be said next.
    pub(super) fn next_said(&self) -> Option<Monotonic> {
        let saying = &self.meetings.saying;
        let all = [
            saying.next_said(self.has_load()),
            saying.record_at,
            saying.usage_at,
        ];
        all.into_iter().flatten().min()
    }
}

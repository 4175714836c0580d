//! The servers' side, and who watches: what servers do, how full they are, what nobody is bound to.

use domain::{id::ServerId, record::Standing};
use federation::meetings::{
    Served,
    call::{CallFault, Method},
};
use routing::{
    Reason, Suspicion, WHOLE_PPM,
    capacity::Load,
    room::History,
    room::predict,
    share::{LIMIT_PPM, entitled_cpu_units_milli},
};

use crate::{
    meetings::{
        happening::{Disturbance, Effect, Happening, Stage, Wanted},
        machine::{Key, Mood, Session},
        market::{Market, SAMPLE_MS},
        workload::MEMBERS,
    },
    options::MINUTE,
    world::World,
};

/// A call without an answer for so long is one that hangs: a create has five seconds, and a second
/// node of the same member a little more.
const HUNG_MS: u64 = 7_000;
/// How long a meeting that nobody is bound to may be there.
const ORPHAN_MS: u64 = MINUTE;
/// How long a server keeps a meeting that nobody joins.
const NEVER_JOINED_MS: u64 = 5 * MINUTE;

impl Market {
    /// A node calls one of its servers.
    pub(super) fn served(
        &mut self,
        world: &mut World,
        node: usize,
        (job, within_ms): (u64, u64),
        server: ServerId,
        key: Option<Key>,
        method: Method,
    ) {
        let incarnation = world.nodes[node].incarnation;
        let answer = |served| Happening::Served {
            node,
            incarnation,
            job,
            served,
        };
        let Some(machine) = self.index.get(&server).copied() else {
            return self.plan(world, 1, answer(Served::Fault(CallFault::Server)));
        };
        if method == Method::Join {
            // The owner signs the link, and calls nothing.
            return self.plan(world, 1, answer(Served::Done(b"link".to_vec())));
        }
        let (does, fault, after) = match self.machines[machine].mood {
            Mood::Hangs => (false, Some(CallFault::TimeOver), within_ms),
            Mood::Fails => (false, Some(CallFault::Server), 30),
            Mood::Well | Mood::Late(_) => {
                let is_create = method == Method::Create;
                let takes_ms = self.machines[machine].takes_ms(is_create, &mut self.random);
                let late = (takes_ms > within_ms).then_some(CallFault::TimeOver);
                (true, late, takes_ms)
            }
        };
        if let Some(fault) = &fault {
            let after = after.min(within_ms);
            self.plan(world, after, answer(Served::Fault(fault.clone())));
        }
        let changes = matches!(method, Method::Create | Method::End);
        match key.filter(|_| does && changes) {
            Some(key) => {
                let effect = Effect {
                    machine,
                    key,
                    is_create: method == Method::Create,
                    node,
                    incarnation,
                    job: fault.is_none().then_some(job),
                };
                self.plan(world, after, Happening::Effect(effect));
            }
            None if fault.is_none() => {
                self.plan(world, after, answer(Served::Done(b"done".to_vec())));
            }
            None => {}
        }
    }

    pub(super) fn effect(&mut self, world: &mut World, effect: Effect) {
        let Effect {
            machine,
            key,
            is_create,
            node,
            incarnation,
            job,
        } = effect;
        let is_there = self.machines[machine].sessions.contains_key(&key);
        let word: &[u8] = match (is_create, is_there) {
            (true, true) => b"duplicate",
            (true, false) => {
                self.session(world, machine, key);
                b"created"
            }
            (false, _) => {
                if let Some(session) = self.machines[machine].sessions.remove(&key) {
                    self.ended(world, machine, &session);
                }
                b"ended"
            }
        };
        if let Some(job) = job {
            let served = Served::Done(word.to_vec());
            let heard = Happening::Served {
                node,
                incarnation,
                job,
                served,
            };
            self.plan(world, 0, heard);
        }
    }

    fn session(&mut self, world: &mut World, machine: usize, key: Key) {
        let meeting = self.rooms.get(&key).copied();
        let planned = meeting.map(|meeting| &self.meetings[meeting]);
        let session = Session {
            created: world.now,
            meeting,
            users: 0,
            peak: 0,
            cameras_milli: planned.map_or(1_000, |planned| planned.cameras_milli),
            screen: planned.is_some_and(|planned| planned.screen),
        };
        self.machines[machine].sessions.insert(key, session);
        let expire = Happening::Expire(machine, key, world.now);
        self.plan(world, NEVER_JOINED_MS, expire);
    }

    /// A session was ended by a call; people in it had not asked for that.
    fn ended(&mut self, world: &mut World, machine: usize, session: &Session) {
        let Some(meeting) = session.meeting.filter(|_| session.users > 0) else {
            return;
        };
        if self.runs[meeting].stage == Stage::Placed(machine) {
            self.tally.ended_with_people += 1;
            self.die(world, meeting);
        }
    }

    pub(super) fn expire(&mut self, machine: usize, key: Key, created: u64) {
        let sessions = &mut self.machines[machine].sessions;
        if let Some(session) = sessions.get(&key)
            && session.created == created
            && session.users == 0
        {
            sessions.remove(&key);
        }
    }

    pub(super) fn disturb(&mut self, world: &mut World, disturbance: Disturbance) {
        match disturbance {
            Disturbance::Mood(machine, mood) => self.machines[machine].mood = mood,
            Disturbance::Forget(machine) => {
                let sessions = std::mem::take(&mut self.machines[machine].sessions);
                for session in sessions.into_values() {
                    if let Some(meeting) = session.meeting.filter(|_| session.users > 0) {
                        self.die(world, meeting);
                    }
                }
            }
            Disturbance::Crash(node) => {
                world.crash(node);
                let gone: Vec<u64> = self
                    .tickets
                    .iter()
                    .filter(|(_, one)| one.node == node)
                    .map(|(ticket, _)| *ticket)
                    .collect();
                for ticket in gone {
                    self.hang_up(world, ticket);
                }
            }
            Disturbance::Start(node) => {
                world.start(node);
                self.serve(world, node);
            }
            Disturbance::Cut(one, other, after) => {
                world.network.cut(one, other);
                world.network.cut(other, one);
                let plan = Happening::Disturb(Disturbance::Break(one, other));
                self.plan(world, after, plan);
            }
            Disturbance::Break(one, other) => {
                if !world.network.is_open(one, other) {
                    world.reset(one, other);
                }
            }
            Disturbance::Heal => world.network.heal_all(),
            Disturbance::Mend(one, other) => {
                world.network.heal(one, other);
                world.network.heal(other, one);
            }
            Disturbance::Jump(node, by_ms) => {
                let now = world.now;
                world.nodes[node].clock.jump(now, by_ms);
            }
        }
    }

    /// The front end's connection to its node is gone: it tries again.
    fn hang_up(&mut self, world: &mut World, ticket: u64) {
        match self.tickets.remove(&ticket).map(|ticket| ticket.wanted) {
            Some(Wanted::Create(meeting)) => {
                self.runs[meeting].is_asked = false;
                self.plan(world, 5_000, Happening::Create(meeting));
            }
            Some(Wanted::Join(meeting)) => {
                self.runs[meeting].waiting += 1;
                self.plan(world, 5_000, Happening::Join(meeting));
            }
            _ => {}
        }
    }

    /// People on servers are counted, and what is wrong is looked for.
    pub(super) fn sample(&mut self, world: &mut World) {
        for machine in &self.machines {
            let person_ms = machine.users() * SAMPLE_MS;
            let is_over = machine.utilisation_ppm() > WHOLE_PPM;
            self.tally.person_ms += person_ms;
            self.tally.overloaded_ms += if is_over { person_ms } else { 0 };
            if self.watched.contains(&machine.owner) {
                self.tally.watched_ms.1 += person_ms;
                self.tally.watched_ms.0 += if is_over { person_ms } else { 0 };
            }
        }
        let now = world.now;
        let hung: Vec<u64> = self
            .tickets
            .iter()
            .filter(|(_, one)| now - one.at > HUNG_MS)
            .map(|(ticket, _)| *ticket)
            .collect();
        for ticket in hung {
            self.tally.hung += 1;
            self.tickets.remove(&ticket);
        }
        self.look_for_orphans(world);
    }

    fn look_for_orphans(&mut self, world: &World) {
        let now = world.now;
        let mut unbound = std::collections::BTreeMap::new();
        for (number, machine) in self.machines.iter().enumerate() {
            for (key, session) in &machine.sessions {
                let Some(meeting) = session.meeting else {
                    continue;
                };
                let home = self.meetings[meeting].member;
                let owner = machine.owner;
                let kept = world.nodes[home]
                    .core
                    .as_ref()
                    .map(|core| core.room(&key.0, &key.1));
                let together = home == owner
                    || (world.network.is_open(home, owner)
                        && world.nodes[home].connections.contains_key(&owner));
                let can_know = kept.is_some()
                    && world.nodes[owner].is_up()
                    && together
                    && machine.mood == Mood::Well;
                let is_bound = kept.flatten().is_some_and(|kept| {
                    kept.server == machine.id && kept.standing == Standing::Placed
                });
                if can_know && !is_bound {
                    let since = self.unbound.get(&(number, *key)).copied();
                    let since = since.unwrap_or(now);
                    unbound.insert((number, *key), since);
                    if (ORPHAN_MS..ORPHAN_MS + SAMPLE_MS).contains(&(now - since)) {
                        self.tally.orphans += 1;
                    }
                }
            }
        }
        self.unbound = unbound;
    }

    /// What a member's meetings really take of others' servers, and its equal share.
    fn is_within(&self, member: usize) -> bool {
        let mut used = [0_u64; MEMBERS];
        for machine in &self.machines {
            for session in machine.sessions.values() {
                let of = session.meeting.map(|meeting| self.meetings[meeting].member);
                if let Some(of) = of.filter(|of| *of != machine.owner) {
                    used[of] += session.load().cpu_units_milli;
                }
            }
        }
        let active = (0..MEMBERS).filter(|one| used[*one] > 0 || *one == member);
        let offered = self
            .machines
            .iter()
            .map(|one| (one.capacity.cpu_units_milli, WHOLE_PPM));
        used[member] <= entitled_cpu_units_milli(offered, active.count())
    }

    pub(super) fn note_fairness(&mut self, _world: &World, meeting: usize, is_rejected: bool) {
        let member = self.meetings[meeting].member;
        let counts = match self.is_within(member) {
            true => &mut self.tally.within,
            false => &mut self.tally.beyond,
        };
        counts.0 += 1;
        counts.1 += u64::from(is_rejected);
    }

    /// Whether a permitted, reachable server had room by its owner's last word.
    pub(super) fn look_for_room(&mut self, world: &World, meeting: usize) {
        let planned = &self.meetings[meeting];
        let home = planned.member;
        let unknown = self.runs[meeting].unknown_rooms;
        let history = planned.history.map(History::first);
        let prediction = predict(planned.hint, history, None, unknown);
        let key = self.keys[meeting];
        let why = world.nodes[home]
            .core
            .as_ref()
            .and_then(|core| core.why(&key.0, &key.1));
        let reasons = why.map(|why| why.reasons.as_slice()).unwrap_or_default();
        let limits = reasons.iter().filter_map(|(_, reason)| match reason {
            Reason::UnfairLimit { limit_ppm, .. } | Reason::RefusedFull { limit_ppm, .. } => {
                Some(*limit_ppm)
            }
            _ => None,
        });
        let limit_ppm = limits.min().unwrap_or(LIMIT_PPM);
        let had_room = self.machines.iter().find(|machine| {
            let owner = machine.owner;
            let is_reachable = home == owner
                || (world.network.is_open(home, owner)
                    && world.nodes[home].connections.contains_key(&owner)
                    && world.nodes[owner].is_up());
            let found = reasons.iter().find(|(server, _)| *server == machine.id);
            let is_ill = matches!(
                found,
                Some((_, Reason::Suspected(Suspicion::Unhealthy { .. })))
            );
            let is_permitted = !is_ill && (!planned.required || machine.region == planned.region);
            let limit_ppm = if owner == home { LIMIT_PPM } else { limit_ppm };
            let estimate = world
                .post
                .as_ref()
                .and_then(|post| post.estimates.get(&machine.id));
            let load = estimate.map_or(Load::ZERO, |(_, load)| *load);
            is_reachable
                && is_permitted
                && machine.mood == Mood::Well
                && u64::from(prediction.expected_users) <= machine.capacity.room_users
                && load
                    .plus(prediction.load)
                    .utilisation_ppm(&machine.capacity)
                    <= limit_ppm
        });
        if let Some(machine) = had_room {
            self.tally.avoidable += 1;
            let reason = reasons.iter().find(|(server, _)| *server == machine.id);
            let word = reason.map_or("unknown", |(_, reason)| reason.as_str());
            *self.tally.why_not.entry(word).or_default() += 1;
        }
    }
}

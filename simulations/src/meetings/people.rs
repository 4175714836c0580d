//! Front ends and the people behind them: they create, join, try again, go, and end.

use domain::{id::TenantId, record::Room};
use federation::{
    Input,
    meetings::{
        Asked, Part,
        call::{Call, CallFault, Method, Terms},
    },
};
use routing::{Monotonic, request::MeetingId};

use crate::{
    meetings::{
        happening::{Happening, Stage, Ticket, Wanted},
        market::{Market, region},
    },
    options::MINUTE,
    world::World,
};

/// How long people wait before they click again.
const AGAIN_MS: u64 = 10_000;
/// How long after a meeting died somebody notices.
const NOTICED_MS: u64 = 15_000;
/// How long a steward watches an owner keep silent before the meeting is given up.
const GIVEN_UP_MS: u64 = 5 * MINUTE;
/// From a link to the server.
const LINK_MS: u64 = 200;

impl Market {
    /// A front end calls; none while its node is down.
    fn call(
        &mut self,
        world: &mut World,
        node: usize,
        (tenant, room): (TenantId, Option<Room>),
        (method, terms): (Method, Terms),
        wanted: Wanted,
    ) -> bool {
        if !world.nodes[node].is_up() {
            return false;
        }
        self.ticketed += 1;
        let ticket = self.ticketed;
        let at = world.now;
        self.tickets.insert(ticket, Ticket { at, node, wanted });
        let call = Call {
            method,
            query: String::new(),
            body: None,
        };
        let asked = Asked {
            tenant,
            room,
            terms: Some(Box::new(terms)),
            call,
        };
        world.give(node, Input::Call { ticket, asked });
        true
    }

    fn call_room(
        &mut self,
        world: &mut World,
        meeting: usize,
        method: Method,
        wanted: Wanted,
    ) -> bool {
        let planned = &self.meetings[meeting];
        let (tenant, room) = self.keys[meeting];
        let terms = Terms {
            region: Some(region(planned.region)),
            region_required: planned.required,
            hint: planned.hint,
            ..Terms::default()
        };
        let node = planned.member;
        self.call(world, node, (tenant, Some(room)), (method, terms), wanted)
    }

    fn is_over(&self, world: &World, meeting: usize) -> bool {
        self.runs[meeting].stage == Stage::Over
            || world.now >= self.begin + self.meetings[meeting].end
    }

    pub(super) fn create(&mut self, world: &mut World, meeting: usize) {
        if self.is_over(world, meeting) || self.runs[meeting].is_asked {
            return;
        }
        if self.runs[meeting].stage == Stage::Before {
            self.runs[meeting].stage = Stage::Creating;
            self.begun(world, meeting);
        }
        self.runs[meeting].is_asked = true;
        if !self.call_room(world, meeting, Method::Create, Wanted::Create(meeting)) {
            self.runs[meeting].is_asked = false;
            self.tally.away += 1;
            self.plan(world, AGAIN_MS, Happening::Create(meeting));
        }
    }

    /// A meeting is asked for the first time.
    fn begun(&mut self, world: &World, meeting: usize) {
        self.tally.creates += 1;
        let planned = &self.meetings[meeting];
        if planned.hint.is_none() && planned.history.is_none() {
            let burst = &mut self.bursts[planned.member];
            let mut id = [0; 32];
            id[..8].copy_from_slice(&(meeting as u64).to_be_bytes());
            let others = burst.begin(Monotonic(world.now), MeetingId(id));
            self.runs[meeting].unknown_rooms = others;
        }
    }

    pub(super) fn arrive(&mut self, world: &mut World, meeting: usize) {
        let run = &mut self.runs[meeting];
        run.arrived += 1;
        run.waiting += 1;
        let next = self.meetings[meeting].arrivals.get(run.arrived).copied();
        let stage = run.stage;
        if let Some(next) = next {
            let after = (self.begin + next).saturating_sub(world.now);
            self.plan(world, after, Happening::Arrive(meeting));
        }
        match stage {
            Stage::Before => self.create(world, meeting),
            Stage::Placed(_) => self.join(world, meeting),
            Stage::Creating | Stage::Refused | Stage::Over => {}
        }
    }

    /// One of those who wait asks for a link.
    pub(super) fn join(&mut self, world: &mut World, meeting: usize) {
        let run = &self.runs[meeting];
        if run.waiting == 0 || !matches!(run.stage, Stage::Placed(_)) {
            return;
        }
        self.runs[meeting].waiting -= 1;
        if !self.call_room(world, meeting, Method::Join, Wanted::Join(meeting)) {
            self.runs[meeting].waiting += 1;
            self.plan(world, AGAIN_MS, Happening::Join(meeting));
        }
    }

    pub(super) fn gather(&mut self, world: &mut World, member: usize) {
        let tenant = self.tenants[member];
        let what = (Method::GetMeetings, Terms::default());
        if self.call(world, member, (tenant, None), what, Wanted::Gather) {
            self.tally.gathers += 1;
        }
    }

    /// A front end is answered.
    pub(super) fn called(&mut self, world: &mut World, ticket: u64, parts: &[Part]) {
        let Some(ticket) = self.tickets.remove(&ticket) else {
            return;
        };
        let took_ms = world.now - ticket.at;
        match (ticket.wanted, parts) {
            (Wanted::Create(meeting), [part]) => {
                self.runs[meeting].is_asked = false;
                if !self.runs[meeting].was_placed {
                    self.tally.create_ms.push(took_ms);
                }
                match &part.result {
                    Ok(_) => {
                        let machine = part.server.and_then(|id| self.index.get(&id)).copied();
                        self.created(world, meeting, machine);
                    }
                    Err(fault) => self.not_created(world, meeting, fault),
                }
            }
            (Wanted::Join(meeting), [part]) => {
                self.tally.join_ms.push(took_ms);
                let machine = part.server.and_then(|id| self.index.get(&id)).copied();
                match (&part.result, machine) {
                    (Ok(_), Some(machine)) => {
                        self.plan(world, LINK_MS, Happening::Enter(meeting, machine));
                    }
                    (result, _) => {
                        let fault = format!("join: {:?}", result.as_ref().err());
                        *self.tally.faults.entry(fault).or_default() += 1;
                        self.tally.join_faults += 1;
                        self.runs[meeting].waiting += 1;
                        let gone = result == &Err(CallFault::NoMeeting);
                        let again = if gone {
                            Happening::Create(meeting)
                        } else {
                            Happening::Join(meeting)
                        };
                        if !self.is_over(world, meeting) {
                            self.plan(world, AGAIN_MS, again);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn created(&mut self, world: &mut World, meeting: usize, machine: Option<usize>) {
        let Some(machine) = machine else {
            return self.not_created(world, meeting, &CallFault::Server);
        };
        let planned = &self.meetings[meeting];
        let is_right = self.machines[machine].region == planned.region;
        let run = &mut self.runs[meeting];
        if !run.was_placed {
            run.was_placed = true;
            self.outcomes.push((world.now, meeting, Some(machine)));
            self.tally.placed += 1;
            self.tally.right_region += u64::from(is_right);
            self.note_fairness(world, meeting, false);
        }
        self.tally.forbidden += u64::from(self.meetings[meeting].required && !is_right);
        let run = &mut self.runs[meeting];
        run.away_at = None;
        if let Some(lost_at) = run.lost_at.take() {
            self.tally.resumed += 1;
            self.tally.resumed_ms.push(world.now - lost_at);
        }
        if run.stage == Stage::Over {
            return;
        }
        run.stage = Stage::Placed(machine);
        for _ in 0..run.waiting {
            let after = self.random.below(2_000);
            self.plan(world, after, Happening::Join(meeting));
        }
    }

    fn not_created(&mut self, world: &mut World, meeting: usize, fault: &CallFault) {
        let name = format!("create: {fault:?}");
        *self.tally.faults.entry(name).or_default() += 1;
        let is_final = matches!(
            fault,
            CallFault::NoRoom | CallFault::TimeOver | CallFault::Busy
        );
        let now = world.now;
        let run = &mut self.runs[meeting];
        if is_final && !run.was_placed {
            run.stage = Stage::Refused;
            self.outcomes.push((now, meeting, None));
            self.tally.rejected += 1;
            self.note_fairness(world, meeting, true);
            self.look_for_room(world, meeting);
            return;
        }
        let since = *run.away_at.get_or_insert(now);
        if now - since >= GIVEN_UP_MS {
            run.away_at = None;
            let (tenant, room) = self.keys[meeting];
            let node = self.meetings[meeting].member;
            world.give(node, Input::Release { tenant, room });
        }
        if !self.is_over(world, meeting) {
            self.plan(world, AGAIN_MS, Happening::Create(meeting));
        }
    }

    /// Somebody comes to a server by a link.
    pub(super) fn enter(&mut self, world: &mut World, meeting: usize, machine: usize) {
        let key = self.keys[meeting];
        let run = &mut self.runs[meeting];
        if run.stage == Stage::Over {
            return;
        }
        let Some(session) = self.machines[machine].sessions.get_mut(&key) else {
            self.tally.dead_links += 1;
            run.waiting += 1;
            self.plan(world, AGAIN_MS, Happening::Create(meeting));
            return;
        };
        session.users += 1;
        session.peak = session.peak.max(session.users);
        run.inside += 1;
        let has_people = |one: &&super::machine::Machine| {
            one.sessions
                .get(&key)
                .is_some_and(|session| session.users > 0)
        };
        let copies = self.machines.iter().filter(has_people).count() as u64;
        self.tally.copies = self.tally.copies.max(copies);
    }

    pub(super) fn leave(&mut self, world: &mut World, meeting: usize) {
        let run = &mut self.runs[meeting];
        run.left += 1;
        let planned = &self.meetings[meeting];
        let next = planned.departures.get(run.left).copied();
        if run.inside > 0 {
            run.inside -= 1;
            self.step_out(world, meeting);
        } else {
            run.waiting = run.waiting.saturating_sub(1);
        }
        match next {
            Some(next) => {
                let after = (self.begin + next).saturating_sub(world.now);
                self.plan(world, after, Happening::Leave(meeting));
            }
            None => self.finish(world, meeting),
        }
    }

    fn step_out(&mut self, world: &mut World, meeting: usize) {
        let key = self.keys[meeting];
        let of =
            |one: &super::machine::Machine| one.sessions.get(&key).is_some_and(|s| s.users > 0);
        let Some(machine) = self.machines.iter().position(of) else {
            return;
        };
        if let Some(session) = self.machines[machine].sessions.get_mut(&key) {
            session.users -= 1;
            let (is_empty, created) = (session.users == 0, session.created);
            if is_empty {
                self.plan(world, MINUTE, Happening::Expire(machine, key, created));
            }
        }
    }

    fn finish(&mut self, world: &mut World, meeting: usize) {
        let was_placed = matches!(self.runs[meeting].stage, Stage::Placed(_));
        self.runs[meeting].stage = Stage::Over;
        if was_placed && self.meetings[meeting].is_ended {
            self.call_room(world, meeting, Method::End, Wanted::End);
        }
    }

    /// A meeting is gone with the people in it: somebody notices and clicks again.
    pub(super) fn die(&mut self, world: &mut World, meeting: usize) {
        let run = &mut self.runs[meeting];
        if run.stage == Stage::Over {
            return;
        }
        self.tally.lost += u64::from(run.lost_at.is_none());
        run.lost_at.get_or_insert(world.now);
        run.waiting += std::mem::take(&mut run.inside);
        self.plan(world, NOTICED_MS, Happening::Create(meeting));
    }
}

//! The owner's side: the only authority on what its servers take (placement, step 7).
//!
//! It knows exactly what is reserved: each meeting counts as what was measured or what is left of its
//! prediction, whichever is greater, and each hold as its load. Among its own servers in the region
//! that was asked for it takes the one that would be least full. It never makes one fuller than the
//! limit, never starts what is late or cancelled, and ends what came to exist although it was.
//!
//! Budgets are counted in [`Monotonic`]; the wall clock only dates reports and holds.

mod deciding;
mod following;
mod input;
mod output;
mod requests;
mod rooms;

use std::collections::BTreeMap;

use domain::id::{MemberId, ServerId, Timestamp};

pub use self::{
    input::Input,
    output::Output,
    requests::{REMEMBERED_MS, REQUESTS_PER_MEMBER_MAX},
};
use self::{
    requests::Requests,
    rooms::{Key, Room, Rooms, Stage},
};
use crate::{
    Error, Monotonic,
    ask::{Answer, Ask},
    candidate::{Health, Report, Server, State},
    capacity::Load,
    hold::{Hold, Holds},
    request::{AskId, MeetingId},
};

#[derive(Debug, Clone)]
struct Managed {
    server: Server,
    health: Health,
}

/// The servers of one owner.
#[derive(Debug, Clone)]
pub struct Admission {
    owner: MemberId,
    servers: BTreeMap<ServerId, Managed>,
    rooms: Rooms,
    requests: Requests,
    holds: Holds,
    contended_until: Option<Monotonic>,
    reported: Timestamp,
}

impl Admission {
    /// An owner without servers.
    #[must_use]
    pub fn new(owner: MemberId) -> Self {
        Self {
            owner,
            servers: BTreeMap::new(),
            rooms: Rooms::default(),
            requests: Requests::default(),
            holds: Holds::default(),
            contended_until: None,
            reported: Timestamp::default(),
        }
    }

    /// A server is new or described anew.
    pub fn describe(&mut self, id: ServerId, server: Server, health: Health) {
        if server.state != State::Open {
            // The homes read that in the records too, and seek others.
            self.holds.retain(|hold| hold.server != id);
        }
        self.servers.insert(id, Managed { server, health });
    }

    /// A server answers or does not.
    pub fn set_health(&mut self, id: ServerId, health: Health) {
        if let Some(managed) = self.servers.get_mut(&id) {
            managed.health = health;
        }
    }

    /// A server is gone, and what was on it.
    pub fn remove(&mut self, id: ServerId) {
        self.servers.remove(&id);
        self.rooms.rooms.retain(|_, room| room.server != id);
        self.rooms.outside.remove(&id);
        self.holds.retain(|hold| hold.server != id);
    }

    /// A meeting that was bound before this node started and still counts.
    pub fn restore(
        &mut self,
        placed: Monotonic,
        (member, ask): (MemberId, AskId),
        meeting: MeetingId,
        server: ServerId,
        prediction: Load,
    ) {
        let room = Room {
            server,
            meeting,
            prediction,
            reserved: placed,
            measured: Load::ZERO,
            stage: Stage::Live,
        };
        self.rooms.rooms.insert((member, ask), room);
    }

    /// The holds on these servers.
    #[must_use]
    pub fn holds(&self) -> &Holds {
        &self.holds
    }

    /// Takes a hold ([`Holds::take`]).
    ///
    /// # Errors
    /// When the server is not this owner's or takes no meetings, or the hold breaks a rule.
    pub fn hold(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        entitled_cpu_units_milli: u64,
        hold: Hold,
    ) -> Result<(), Error> {
        let present = self.present(now, &hold);
        let server = self.holdable(&hold)?.clone();
        let is_there = self.rooms.of(hold.member, hold.meeting).next().is_some();
        self.holds
            .take(wall, &server, present, entitled_cpu_units_milli, hold)?;
        if is_there {
            self.holds.used(wall, hold.member, hold.meeting);
        }
        Ok(())
    }

    /// The most people for which a hold that was refused would be taken.
    #[must_use]
    pub fn possible_users(
        &self,
        now: Monotonic,
        wall: Timestamp,
        entitled_cpu_units_milli: u64,
        hold: Hold,
    ) -> u32 {
        let present = self.present(now, &hold);
        self.holdable(&hold).map_or(0, |server| {
            self.holds
                .possible_users(wall, server, present, entitled_cpu_units_milli, hold)
        })
    }

    fn holdable(&self, hold: &Hold) -> Result<&Server, Error> {
        let Some(managed) = self.servers.get(&hold.server) else {
            return Err(Error::NotOwned {
                server: hold.server,
                owner: self.owner,
            });
        };
        match managed.server.state {
            State::Open => Ok(&managed.server),
            state => Err(Error::HoldClosed {
                server: hold.server,
                state,
            }),
        }
    }

    /// What is on the server of a hold now, without its own meeting.
    fn present(&self, now: Monotonic, hold: &Hold) -> Load {
        let totals = self.rooms.totals(now, self.owner);
        let total = totals.get(&hold.server).copied().unwrap_or_default();
        total.all.minus(self.rooms.load_of(now, hold))
    }

    /// Gives a hold up.
    pub fn release(
        &mut self,
        wall: Timestamp,
        member: MemberId,
        meeting: MeetingId,
    ) -> Option<Hold> {
        self.holds.release(wall, member, meeting)
    }

    /// Forgets holds whose time is over.
    pub fn expire_holds(&mut self, wall: Timestamp) {
        self.holds.expire(wall);
    }

    /// Keeps those holds alone for which this is so.
    pub fn retain_holds(&mut self, keep: impl Fn(&Hold) -> bool) {
        self.holds.retain(keep);
    }

    /// What this owner says of its servers now, for everyone.
    #[must_use]
    pub fn reports(&mut self, now: Monotonic, wall: Timestamp) -> Vec<(ServerId, Report)> {
        let time = self.next_report(wall);
        let totals = self.totals(now, wall, None);
        let mut admitted = self.rooms.admitted(now);
        let report = |(id, managed): (&ServerId, &Managed)| {
            let total = totals.get(id).copied().unwrap_or_default();
            let report = Report {
                load: total.all,
                others: total.others,
                health: managed.health,
                time,
                admitted: admitted.remove(id).unwrap_or_default(),
            };
            (*id, report)
        };
        self.servers.iter().map(report).collect()
    }

    /// What follows from an input.
    pub fn handle(&mut self, now: Monotonic, wall: Timestamp, input: Input) -> Vec<Output> {
        self.rooms.expire(now);
        match input {
            Input::Ask {
                ask,
                arrived,
                limit_ppm,
            } => self.ask(now, wall, ask, arrived, limit_ppm),
            Input::Cancel { member, ask } => {
                if let Some(requested) = self.requests.touch(now, member, ask) {
                    requested.cancelled_to = requested.cancelled_to.max(ask.attempt);
                }
                self.cancel(|(of, id), _| {
                    *of == member && id.request == ask.request && id.attempt <= ask.attempt
                })
            }
            Input::Bound { member, ask } => self.cancel(|(of, id), _| {
                *of == member && id.request == ask.request && id.attempt != ask.attempt
            }),
            Input::Created { member, ask } => self.created(now, (member, ask)),
            Input::CreateFailed { member, ask } => self.failed((member, ask)),
            Input::Measured {
                server,
                meetings,
                outside,
            } => {
                self.measured(server, meetings, outside);
                Vec::new()
            }
            Input::Ended { member, ask } => {
                self.rooms.rooms.remove(&(member, ask));
                Vec::new()
            }
            Input::Wake => self.wake(now),
        }
    }

    fn ask(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        ask: Ask,
        arrived: Monotonic,
        member_limit_ppm: u64,
    ) -> Vec<Output> {
        let (member, id) = (ask.member, ask.id);
        let (count, limit) = (self.requests.count(member), REQUESTS_PER_MEMBER_MAX);
        let Some(requested) = self.requests.touch(now, member, id) else {
            let answer = Answer::TooMany { asks: count, limit };
            return vec![self.reply(now, wall, member, id, answer)];
        };
        let last = requested.answered.map(|(attempt, _)| attempt);
        if id.attempt <= requested.cancelled_to || last > Some(id.attempt) {
            return vec![self.reply(now, wall, member, id, Answer::Cancelled)];
        }
        if let Some((_, answer)) = requested.answered.filter(|_| last == Some(id.attempt)) {
            return vec![self.reply(now, wall, member, id, answer)];
        }
        self.holds.used(wall, member, ask.meeting);
        // This attempt takes the place of those before.
        let before = |(of, other): &Key, _: &Room| {
            *of == member && other.request == id.request && other.attempt < id.attempt
        };
        let mut outputs = self.cancel(before);
        let live = |(_, room): &(Key, Room)| room.stage == Stage::Live;
        let there = self.rooms.of(member, ask.meeting).find(live);
        let (answer, follow) = match there {
            // The home lost its binding, not its meeting: there is never a second copy.
            Some((key, room)) => self.adopt(now, wall, key, room, id),
            None => self.decide(now, wall, &ask, arrived, member_limit_ppm),
        };
        if let Some(requested) = self.requests.get(member, id) {
            requested.answered = Some((id.attempt, answer));
        }
        outputs.push(self.reply(now, wall, member, id, answer));
        outputs.extend(follow);
        outputs
    }

    fn adopt(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        key: Key,
        room: Room,
        id: AskId,
    ) -> (Answer, Vec<Output>) {
        let (member, server) = (key.0, room.server);
        self.rooms.rooms.remove(&key);
        let reserved = now;
        self.rooms
            .rooms
            .insert((member, id), Room { reserved, ..room });
        let created = Output::Created {
            member,
            ask: id,
            server,
        };
        let time = self.next_report(wall);
        (Answer::Acknowledged { server, time }, vec![created])
    }
}

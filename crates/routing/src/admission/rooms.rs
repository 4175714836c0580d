//! The meetings on an owner's servers and what they take.

use std::collections::BTreeMap;

use domain::id::{MemberId, ServerId};

use crate::{
    Monotonic,
    candidate::REPORT_ADMITTED_MAX,
    capacity::Load,
    floor::{PREDICTION_MS, decayed},
    hold::Hold,
    request::{AskId, MeetingId},
};

/// How long a report names an ask as counted: longer than any ask is open.
const ADMITTED_MS: u64 = 15_000;

/// A meeting here: whose, and which ask it was granted to.
pub(super) type Key = (MemberId, AskId);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Being created, at the latest by then.
    Creating(Monotonic),
    /// It may come to exist but must not: it counts, and is ended as soon as its server has it.
    Cancelled,
    Live,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    pub server: ServerId,
    pub meeting: MeetingId,
    pub prediction: Load,
    pub reserved: Monotonic,
    pub measured: Load,
    pub stage: Stage,
}

impl Room {
    /// max(measured, prediction × (1 − age / 15 min)), and one room until it has ended: so meetings of
    /// which nobody speaks any more cannot pile up.
    fn load(&self, now: Monotonic) -> Load {
        let load = decayed(self.prediction, now.since_ms(self.reserved)).max(self.measured);
        Load {
            rooms: load.rooms.max(1),
            ..load
        }
    }
}

/// What is on a server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Total {
    pub all: Load,
    /// Of members other than the owner.
    pub others: Load,
}

impl Total {
    pub fn add(&mut self, load: Load, other: bool) {
        self.all = self.all.plus(load);
        if other {
            self.others = self.others.plus(load);
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Rooms {
    pub rooms: BTreeMap<Key, Room>,
    /// Meetings that came to a server past this node: only its secret is needed.
    pub outside: BTreeMap<ServerId, Load>,
}

impl Rooms {
    /// What is on each server.
    pub fn totals(&self, now: Monotonic, owner: MemberId) -> BTreeMap<ServerId, Total> {
        let mut totals: BTreeMap<ServerId, Total> = BTreeMap::new();
        for ((member, _), room) in &self.rooms {
            let total = totals.entry(room.server).or_default();
            total.add(room.load(now), *member != owner);
        }
        for (server, load) in &self.outside {
            totals.entry(*server).or_default().add(*load, false);
        }
        totals
    }

    /// The asks of the last seconds that are counted, by server, the newest last.
    pub fn admitted(&self, now: Monotonic) -> BTreeMap<ServerId, Vec<AskId>> {
        let recent = |room: &Room| now.since_ms(room.reserved) <= ADMITTED_MS;
        let mut recent: Vec<_> = self.rooms.iter().filter(|(_, room)| recent(room)).collect();
        recent.sort_unstable_by_key(|(key, room)| (room.reserved, **key));
        let mut admitted: BTreeMap<ServerId, Vec<AskId>> = BTreeMap::new();
        for ((_, ask), room) in recent {
            admitted.entry(room.server).or_default().push(*ask);
        }
        for asks in admitted.values_mut() {
            asks.drain(..asks.len().saturating_sub(REPORT_ADMITTED_MAX));
        }
        admitted
    }

    /// The rooms of one meeting.
    pub fn of(&self, member: MemberId, meeting: MeetingId) -> impl Iterator<Item = (Key, Room)> {
        let of = move |key: &Key, room: &Room| key.0 == member && room.meeting == meeting;
        self.rooms
            .iter()
            .filter(move |(k, r)| of(k, r))
            .map(|(key, room)| (*key, *room))
    }

    /// What the meeting of a hold takes on the held server.
    pub fn load_of(&self, now: Monotonic, hold: &Hold) -> Load {
        self.of(hold.member, hold.meeting)
            .filter(|(_, room)| room.server == hold.server)
            .fold(Load::ZERO, |load, (_, room)| load.plus(room.load(now)))
    }

    /// Forgets cancelled creations of which the server never spoke.
    pub fn expire(&mut self, now: Monotonic) {
        self.rooms.retain(|_, room| {
            room.stage != Stage::Cancelled || now.since_ms(room.reserved) <= PREDICTION_MS
        });
    }
}

//! A BigBlueButton server as far as placement can tell: sessions with people, how long it takes to
//! answer, and how it misbehaves.

use std::collections::BTreeMap;

use domain::{
    id::{ServerId, TenantId},
    record::Room,
};
use federation::meetings::Seen;
use routing::capacity::{Capacity, Load, Size};

use crate::random::Random;

/// How a server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It answers.
    Well,
    /// It neither answers nor does what it is asked.
    Hangs,
    /// It says that it failed.
    Fails,
    /// It does what it is asked so many milliseconds late.
    Late(u64),
}

/// A meeting on a server.
#[derive(Debug, Clone)]
pub struct Session {
    /// When it was created, in the world's time.
    pub created: u64,
    /// The planned meeting it is of; none: nobody is bound to it or it came another way.
    pub meeting: Option<usize>,
    /// People in it.
    pub users: u32,
    /// The most people that were in it.
    pub peak: u32,
    /// Cameras against what is usual, in thousandths.
    pub cameras_milli: u64,
    /// Whether a screen is shared.
    pub screen: bool,
}

impl Session {
    pub fn cameras(&self) -> u32 {
        let usual = u64::from(Size::of(self.users).cameras);
        let cameras = (usual * self.cameras_milli + 500) / 1_000;
        u32::try_from(cameras).unwrap_or(u32::MAX).min(self.users)
    }

    /// What it really takes.
    pub fn load(&self) -> Load {
        load_of(self.users, self.cameras(), self.screen)
    }
}

/// What so many people with so many cameras take.
pub fn load_of(users: u32, cameras: u32, screen: bool) -> Load {
    let voices = (2 * cameras).min(users);
    Load::measured(users, voices, users - voices, cameras, Some(screen))
}

/// A room of a tenant.
pub type Key = (TenantId, Room);

/// A server.
#[derive(Debug)]
pub struct Machine {
    pub id: ServerId,
    pub owner: usize,
    pub region: usize,
    pub capacity: Capacity,
    pub mood: Mood,
    pub sessions: BTreeMap<Key, Session>,
    /// People that came another way, and take what people usually do.
    pub outside: u32,
    /// How much of what is there its owner's polls see, in thousandths.
    pub shown_milli: u64,
}

impl Machine {
    pub fn load(&self) -> Load {
        let all = self.sessions.values().map(Session::load);
        let sum = all.fold(Load::ZERO, Load::plus);
        sum.plus(outside(self.outside))
    }

    pub fn utilisation_ppm(&self) -> u64 {
        self.load().utilisation_ppm(&self.capacity)
    }

    pub fn users(&self) -> u64 {
        self.sessions.values().map(|one| u64::from(one.users)).sum()
    }

    /// How long it takes to do something.
    pub fn takes_ms(&self, is_create: bool, random: &mut Random) -> u64 {
        let late = match self.mood {
            Mood::Late(ms) => ms,
            _ => 0,
        };
        let own = match (is_create, self.utilisation_ppm() > routing::WHOLE_PPM) {
            (true, true) => random.between(1_000, 3_000),
            (true, false) => random.between(50, 300),
            (false, true) => random.between(100, 600),
            (false, false) => random.between(10, 60),
        };
        own + late
    }

    /// What a poll shows at this time, if it answers one.
    pub fn seen(&self, now: u64) -> Option<Vec<Seen>> {
        if !matches!(self.mood, Mood::Well) {
            return None;
        }
        let shown = |count: u32| {
            let shown = u64::from(count) * self.shown_milli / 1_000;
            u32::try_from(shown).unwrap_or(u32::MAX)
        };
        let mut seen: Vec<Seen> = Vec::with_capacity(self.sessions.len());
        for (key, session) in &self.sessions {
            let (users, cameras) = (shown(session.users), shown(session.cameras()));
            let voices = (2 * cameras).min(users);
            seen.push(Seen {
                whose: Some(*key),
                age_ms: now - session.created,
                users,
                voices,
                listeners: users - voices,
                cameras,
            });
        }
        for _ in 0..self.outside / OUTSIDE_ROOM {
            let cameras = Size::of(OUTSIDE_ROOM).cameras;
            let voices = (2 * cameras).min(OUTSIDE_ROOM);
            seen.push(Seen {
                whose: None,
                age_ms: 3_600_000,
                users: OUTSIDE_ROOM,
                voices,
                listeners: OUTSIDE_ROOM - voices,
                cameras,
            });
        }
        Some(seen)
    }
}

/// People of a room that came another way.
const OUTSIDE_ROOM: u32 = 10;

/// What people that came another way take.
pub fn outside(users: u32) -> Load {
    let room = Load::measured(
        OUTSIDE_ROOM,
        OUTSIDE_ROOM,
        0,
        Size::of(OUTSIDE_ROOM).cameras,
        None,
    );
    (0..users / OUTSIDE_ROOM).fold(Load::ZERO, |sum, _| sum.plus(room))
}

//! What there is to compare with: the same plans, placed by simple policies without a federation.
//!
//! All accept everything a server may take. None has a network that fails, an owner that refuses or a
//! view that is late by more than its policy says, so the comparison favours them.

use std::{collections::BTreeMap, fmt};

use routing::{
    WHOLE_PPM,
    capacity::{Capacity, Load},
    floor::decayed,
    room::{History, predict},
};

use crate::{
    meetings::{
        scenario::{MeetingScenario, Story},
        tally::{MeetingFigures, Tally},
        workload::{Meeting, Site},
    },
    options::MINUTE,
    random::Random,
};

/// How often people are counted.
const SAMPLE_MS: u64 = 10_000;
/// How often a central balancer polls.
const POLL_MS: u64 = 60_000;
/// People that a balancer counts for a meeting that it has just placed.
const NEW_ROOM_USERS: u64 = 15;

/// A policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Baseline {
    /// Each co-op has its own servers and nobody else's.
    Alone,
    /// One balancer polls every minute, and counts what it placed since.
    Poll,
    /// One balancer knows everything at once, and reserves what it predicts.
    Reserve,
}

impl Baseline {
    /// All.
    pub const ALL: [Self; 3] = [Self::Alone, Self::Poll, Self::Reserve];
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alone => "each co-op alone",
            Self::Poll => "central, 60-second poll",
            Self::Reserve => "central, reserves",
        })
    }
}

/// A meeting on a server.
struct Placed {
    meeting: usize,
    at: u64,
    prediction: Load,
}

struct Server {
    site: Site,
    placed: Vec<Placed>,
    outside: Load,
    polled_users: u64,
    since: u64,
}

struct Policy<'a> {
    baseline: Baseline,
    meetings: &'a [Meeting],
    servers: Vec<Server>,
    random: Random,
    tally: Tally,
}

/// Plays a scenario's plans by a policy; what goes wrong with nodes is not part of it.
#[must_use]
pub fn play_baseline(baseline: Baseline, scenario: MeetingScenario, seed: u64) -> MeetingFigures {
    baseline_tally(baseline, scenario, seed).figures()
}

pub(crate) fn baseline_tally(baseline: Baseline, scenario: MeetingScenario, seed: u64) -> Tally {
    let Story {
        sites, meetings, ..
    } = scenario.story(seed);
    let loads = scenario.loads_before(seed, sites.len());
    let server = |(site, users): (Site, u32)| Server {
        site,
        placed: Vec::new(),
        outside: super::machine::outside(users),
        polled_users: u64::from(users),
        since: 0,
    };
    let mut policy = Policy {
        baseline,
        meetings: &meetings,
        servers: sites.into_iter().zip(loads).map(server).collect(),
        random: Random::new(seed, "policy"),
        tally: Tally::default(),
    };
    policy.run(scenario.is_burst());
    policy.tally
}

/// People in a meeting at a time.
fn users(meeting: &Meeting, at: u64) -> u32 {
    let came = meeting.arrivals.partition_point(|time| *time <= at);
    let went = meeting.departures.partition_point(|time| *time <= at);
    u32::try_from(came.saturating_sub(went)).unwrap_or_default()
}

impl Policy<'_> {
    fn run(&mut self, is_burst: bool) {
        let mut order: Vec<usize> = (0..self.meetings.len()).collect();
        order.sort_by_key(|meeting| self.meetings[*meeting].start);
        let ends = self.meetings.iter().map(|meeting| meeting.end).max();
        let mut next = order.into_iter().peekable();
        let mut now = 0;
        while now <= ends.unwrap_or_default() {
            let until = now + SAMPLE_MS;
            while let Some(meeting) = next.next_if(|one| self.meetings[*one].start < until) {
                self.create(meeting);
            }
            if is_burst {
                break;
            }
            now = until;
            self.sample(now);
        }
        if is_burst {
            let rooms = self.servers.iter().map(|server| server.placed.len() as u64);
            self.tally.peak_rooms = rooms.max().unwrap_or_default();
            self.weigh();
        }
    }

    fn weigh(&mut self) {
        let room = Load::typical(12);
        let ppm = |server: &Server, load: Load| load.utilisation_ppm(&server.site.capacity);
        let full = |server: &Server| {
            let own = server
                .placed
                .iter()
                .fold(Load::ZERO, |sum, _| sum.plus(room));
            ppm(server, server.outside.plus(own))
        };
        self.tally.peak_ppm = self.servers.iter().map(full).max().unwrap_or_default();
        let before = self
            .servers
            .iter()
            .map(|one| ppm(one, one.outside))
            .collect();
        let room_ppm = self.servers.first().map_or(0, |one| ppm(one, room));
        self.tally.ideal_ppm = super::scenario::ideal_ppm(before, room_ppm);
    }

    fn create(&mut self, number: usize) {
        let meeting = &self.meetings[number];
        let at = meeting.start;
        self.tally.creates += 1;
        let history = meeting.history.map(History::first);
        let prediction = predict(meeting.hint, history, None, 0);
        let permitted = |server: &Server| {
            let is_own = self.baseline != Baseline::Alone || server.site.owner == meeting.member;
            is_own && (!meeting.required || server.site.region == meeting.region)
        };
        let scored = self.servers.iter().enumerate();
        let scored = scored.filter(|(_, server)| permitted(server));
        let best = scored
            .min_by_key(|(number, server)| (self.score(server, prediction.load, at), *number));
        let Some((best, _)) = best else {
            self.tally.rejected += 1;
            return;
        };
        let is_over = self
            .load(&self.servers[best], at)
            .utilisation_ppm(self.capacity(best))
            > WHOLE_PPM;
        let takes_ms = match is_over {
            true => self.random.between(1_000, 3_000),
            false => self.random.between(50, 300),
        };
        let round_trip_ms = match self.baseline {
            Baseline::Alone => 0,
            _ => self.random.between(5, 240),
        };
        self.tally.create_ms.push(takes_ms + round_trip_ms);
        self.tally.placed += 1;
        let is_right = self.servers[best].site.region == meeting.region;
        self.tally.right_region += u64::from(is_right);
        let server = &mut self.servers[best];
        server.since += NEW_ROOM_USERS;
        server.placed.push(Placed {
            meeting: number,
            at,
            prediction: prediction.load,
        });
    }

    fn capacity(&self, server: usize) -> &Capacity {
        &self.servers[server].site.capacity
    }

    /// What is really on a server.
    fn load(&self, server: &Server, at: u64) -> Load {
        let real = |placed: &Placed| {
            let meeting = &self.meetings[placed.meeting];
            meeting.load(users(meeting, at))
        };
        let running = server
            .placed
            .iter()
            .filter(|one| self.meetings[one.meeting].end > at);
        running.map(real).fold(server.outside, Load::plus)
    }

    /// How full the policy believes a server is; the least full is taken.
    fn score(&self, server: &Server, prediction: Load, at: u64) -> u64 {
        let capacity = &server.site.capacity;
        match self.baseline {
            Baseline::Poll => {
                let users = server.polled_users + server.since;
                users * WHOLE_PPM / (capacity.cpu_units_milli / 1_000).max(1)
            }
            Baseline::Alone | Baseline::Reserve => {
                let counted = |placed: &Placed| {
                    let meeting = &self.meetings[placed.meeting];
                    let real = meeting.load(users(meeting, at));
                    real.max(decayed(placed.prediction, at.saturating_sub(placed.at)))
                };
                let running = server
                    .placed
                    .iter()
                    .filter(|one| self.meetings[one.meeting].end > at);
                let sum = running.map(counted).fold(server.outside, Load::plus);
                sum.plus(prediction).utilisation_ppm(capacity)
            }
        }
    }

    fn sample(&mut self, now: u64) {
        let is_poll = now.is_multiple_of(POLL_MS);
        for number in 0..self.servers.len() {
            let ends = |placed: &Placed| self.meetings[placed.meeting].end + MINUTE > now;
            self.servers[number].placed.retain(ends);
            let server = &self.servers[number];
            let is_over = self
                .load(server, now)
                .utilisation_ppm(&server.site.capacity)
                > WHOLE_PPM;
            let people = server
                .placed
                .iter()
                .map(|one| u64::from(users(&self.meetings[one.meeting], now)));
            let people: u64 = people.sum();
            self.tally.person_ms += people * SAMPLE_MS;
            self.tally.overloaded_ms += if is_over { people * SAMPLE_MS } else { 0 };
            if is_poll {
                self.servers[number].polled_users = people;
                self.servers[number].since = 0;
            }
        }
    }
}

/// By policy, the figures of several seeds together.
#[must_use]
pub fn baselines(scenario: MeetingScenario, seeds: &[u64]) -> BTreeMap<Baseline, MeetingFigures> {
    let all = |baseline: Baseline| {
        let mut sum = Tally::default();
        for seed in seeds {
            sum.add(baseline_tally(baseline, scenario, *seed));
        }
        (baseline, sum.figures())
    };
    Baseline::ALL.into_iter().map(all).collect()
}

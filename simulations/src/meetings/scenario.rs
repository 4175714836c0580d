//! The scenarios: a working day, and what can go wrong with it.

use std::{fmt, str::FromStr};

use domain::cbor::Encode;
use routing::{
    WHOLE_PPM,
    capacity::{Capacity, Load},
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    meetings::{
        conference,
        disturbances::silence,
        happening::{Disturbance, Happening},
        machine::{Machine, Mood, outside},
        market::Market,
        tally::{MeetingFigures, Tally},
        workload::{MEMBERS, Meeting, Shape, Site, day, meeting, sites},
    },
    options::{HOUR, MINUTE},
    random::Random,
    world::World,
};

macro_rules! scenarios {
    ($($variant:ident $name:literal $about:literal),* $(,)?) => {
        /// A scenario with meetings.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum MeetingScenario {
            $(#[doc = $about] $variant),*
        }

        impl MeetingScenario {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// What it is about.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => $about),* }
            }
        }
    };
}

scenarios! {
    Day "day" "A working day across time zones, 60 % of all processing at the peak.",
    Pressed "pressed" "The same day at 130 %: fairness between members shows.",
    BurstOne "burst-one" "200 meetings of twelve people in one second from one node, 22 equal servers.",
    Burst "burst" "The same from twelve nodes.",
    BurstLoaded "burst-loaded" "The same on servers with 0 to 150 people already.",
    BurstSilent "burst-silent" "The same, while two owners seem connected and say nothing, and three servers hang or fail.",
    Conference "conference" "300 people who said so, at 80 %; no hold.",
    ConferenceHeld "conference-held" "The same, announced the day before: held from two hours before on.",
    ConferenceHour "conference-hour" "The same, announced an hour before.",
    ConferenceLate "conference-late" "The same, announced a quarter of an hour before.",
    RegionLost "region-lost" "All servers and nodes of one region are lost.",
    Liar "liar" "An owner whose servers seem half as full as they are.",
    Flash "flash" "One front end begins rooms of 15 to 45 people in a minute, unannounced: 1.4 times all capacity.",
    FlashAll "flash-all" "The same from all twelve front ends at once.",
    Partition "partition" "Homes are cut from owners in every phase, then half from half for ten minutes.",
    OwnerHangs "owner-hangs" "Two owners seem connected and say nothing for ten minutes.",
    OwnerAway "owner-away" "A node is away for ten minutes at the hour, at 80 %.",
    ServerHangs "server-hangs" "A third of the servers hang, fail or forget.",
    Late "late" "A third of the servers create meetings after their time is over.",
    FalseHints "false-hints" "Three in ten front ends are wrong by a factor of five.",
    Collusion "collusion" "Two homes claim joins that never were, on everybody's servers.",
    Clocks "clocks" "Wall clocks jump by hours, forward and back.",
    Restarts "restarts" "Nodes lose power every few minutes and come back.",
}

impl fmt::Display for MeetingScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MeetingScenario {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|one| one.as_str() == text);
        found.copied().ok_or_else(|| {
            let all: Vec<&str> = Self::ALL.iter().map(|one| one.as_str()).collect();
            format!("{text} is none of {}", all.join(", "))
        })
    }
}

/// What came of one seed.
#[derive(Debug)]
pub struct MeetingReport {
    /// What is measured.
    pub figures: MeetingFigures,
    /// What must never happen, and did.
    pub failure: Option<String>,
    /// A hash over what came of every create, and when.
    pub trace: String,
    /// Inputs that cores were given.
    pub inputs: u64,
    /// Why homes did not take servers that had room, and how calls failed.
    pub remarks: Vec<(String, u64)>,
    pub(crate) tally: Tally,
}

/// What happens in a scenario.
pub(crate) struct Story {
    pub sites: Vec<Site>,
    pub meetings: Vec<Meeting>,
    pub disturbances: Vec<(u64, Disturbance)>,
}

/// Hours of the day in which Europe and America both work.
const BUSY: (u64, u64) = (7, 10);

impl MeetingScenario {
    fn shape(self) -> Shape {
        let load_percent = match self {
            Self::Pressed => 130,
            Self::Liar | Self::OwnerAway => 80,
            _ if self.is_conference() => 80,
            _ => 60,
        };
        Shape {
            load_percent,
            false_hints: if self == Self::FalseHints { 300_000 } else { 0 },
            hours: match self {
                Self::Day | Self::Pressed | Self::Liar | Self::FalseHints => (0, 24),
                // What is there two hours before has to be what is there at that time of the day.
                _ if self.is_conference() => (BUSY.0 - 2, BUSY.1),
                _ => BUSY,
            },
        }
    }

    /// People who are on each server before.
    pub(crate) fn loads_before(self, seed: u64, servers: usize) -> Vec<u32> {
        let mut random = Random::new(seed, "prepare");
        let most = if self == Self::BurstLoaded { 150 } else { 0 };
        (0..servers)
            .map(|_| random.below(most + 1) as u32)
            .collect()
    }

    pub(crate) fn is_conference(self) -> bool {
        matches!(
            self,
            Self::Conference | Self::ConferenceHeld | Self::ConferenceHour | Self::ConferenceLate
        )
    }

    pub(crate) fn is_burst(self) -> bool {
        matches!(
            self,
            Self::Burst | Self::BurstOne | Self::BurstLoaded | Self::BurstSilent
        )
    }

    pub(crate) fn story(self, seed: u64) -> Story {
        let mut random = Random::new(seed, "story");
        if self.is_burst() {
            return self.burst(&mut random);
        }
        let mut sites = sites(seed);
        if self.is_conference() {
            for site in &mut sites {
                if site.capacity.users == 400 {
                    site.capacity.room_users = 400;
                }
            }
        }
        let mut meetings = match self {
            Self::Flash => flash(&mut random, &sites, 1),
            Self::FlashAll => flash(&mut random, &sites, MEMBERS),
            _ => day(seed, &sites, &self.shape()),
        };
        if self.is_conference() {
            meetings.push(conference::meeting(&mut random));
        }
        let disturbances = self.disturbances(&mut random, &sites);
        Story {
            sites,
            meetings,
            disturbances,
        }
    }

    fn burst(self, random: &mut Random) -> Story {
        let capacity = Capacity::from_cores(32, 10_000);
        let site = |number: usize| Site {
            owner: number % MEMBERS,
            region: 2,
            capacity,
        };
        let mut disturbances = Vec::new();
        if self == Self::BurstSilent {
            silence(0, &mut disturbances);
            let moods = [Mood::Hangs, Mood::Fails, Mood::Late(2_000)];
            let ill = moods.into_iter().enumerate();
            disturbances.extend(ill.map(|(machine, mood)| (0, Disturbance::Mood(machine, mood))));
        }
        let meetings = (0..200).map(|_| {
            let member = match self {
                Self::BurstOne => 0,
                // Those that are silent do not ask either.
                Self::BurstSilent => 4 + random.below(4) as usize,
                _ => random.below(MEMBERS as u64) as usize,
            };
            let start = random.below(1_000);
            Meeting {
                member,
                region: 2,
                start,
                end: start + HOUR,
                size: 12,
                cameras_milli: 1_000,
                screen: false,
                required: false,
                hint: Some(12),
                history: None,
                arrivals: vec![start],
                departures: vec![start + HOUR],
                is_ended: false,
            }
        });
        Story {
            meetings: meetings.collect(),
            sites: (0..22).map(site).collect(),
            disturbances,
        }
    }
}

/// Rooms of so many front ends that together ask for 1.4 times what all servers can do.
fn flash(random: &mut Random, sites: &[Site], front_ends: usize) -> Vec<Meeting> {
    let first = random.below(MEMBERS as u64) as usize;
    let shape = Shape::default();
    let capacity = sites.iter().map(|site| site.capacity.cpu_units_milli);
    let mut left = capacity.sum::<u64>() * 14 / 10;
    let mut all = Vec::new();
    while left > 0 {
        let member = (first + random.below(front_ends as u64) as usize) % MEMBERS;
        let start = MINUTE + random.below(MINUTE);
        let mut one = meeting(random, member, start, &shape);
        one.size = random.between(15, 45) as u32;
        (one.hint, one.history) = (None, None);
        one.arrivals.clear();
        one.departures.clear();
        super::workload::people(random, &mut one);
        left = left.saturating_sub(one.load(one.size).cpu_units_milli);
        all.push(one);
    }
    all
}

/// The figures of several seeds together.
#[must_use]
pub fn together(reports: Vec<MeetingReport>) -> MeetingFigures {
    let mut sum = Tally::default();
    for report in reports {
        sum.add(report.tally);
    }
    sum.figures()
}

/// Plays a scenario with a seed over the real cores.
#[must_use]
pub fn play_meetings(scenario: MeetingScenario, seed: u64) -> MeetingReport {
    let story = scenario.story(seed);
    let (mut world, mut market) = Market::open(seed, &story.sites);
    prepare(scenario, seed, &mut world, &mut market);
    let ends = story.meetings.iter().map(|meeting| meeting.end).max();
    for (at, disturbance) in story.disturbances {
        market.plan(&mut world, at, Happening::Disturb(disturbance));
    }
    market.take(&mut world, story.meetings);
    if scenario.is_burst() {
        market.run(&mut world, 15_000);
        market.weigh();
    } else if scenario.is_conference() {
        let left = ends.unwrap_or_default() + 5 * MINUTE;
        conference::play(
            &mut world,
            &mut market,
            conference::announced(scenario),
            left,
        );
    } else {
        market.run(&mut world, ends.unwrap_or_default() + 5 * MINUTE);
    }
    report(world, market)
}

fn prepare(scenario: MeetingScenario, seed: u64, world: &mut World, market: &mut Market) {
    let mut random = Random::new(seed, "whom");
    match scenario {
        MeetingScenario::BurstLoaded => {
            let before = scenario.loads_before(seed, market.machines.len());
            for (machine, users) in market.machines.iter_mut().zip(before) {
                machine.outside = users;
            }
            market.run(world, 15_000);
            market.begin = world.now;
        }
        MeetingScenario::Liar => {
            let owner = random.below(MEMBERS as u64) as usize;
            market.watched.insert(owner);
            for machine in market.machines.iter_mut().filter(|one| one.owner == owner) {
                machine.shown_milli = 500;
            }
        }
        MeetingScenario::Collusion => {
            let servers = |liar: usize| {
                let others = market.machines.iter().filter(move |one| one.owner != liar);
                others.map(|one| one.id).collect()
            };
            let claims = [4, 9].map(|liar| (liar, servers(liar))).into();
            if let Some(post) = &mut world.post {
                post.claims = claims;
            }
        }
        _ => {}
    }
}

impl Market {
    /// Looks at what a burst came to: each of its meetings counts as what was planned for it.
    fn weigh(&mut self) {
        let rooms = self.machines.iter().map(|one| one.sessions.len() as u64);
        self.tally.peak_rooms = rooms.max().unwrap_or_default();
        let room = Load::typical(12);
        let ppm = |load: Load| load.utilisation_ppm(&self.machines[0].capacity);
        let full = |machine: &Machine| {
            let own = machine.sessions.values().map(|_| room);
            ppm(own.fold(outside(machine.outside), Load::plus))
        };
        self.tally.peak_ppm = self.machines.iter().map(full).max().unwrap_or_default();
        let before = self.machines.iter().map(|one| ppm(outside(one.outside)));
        self.tally.ideal_ppm = ideal_ppm(before.collect(), ppm(room));
    }
}

/// How full the fullest server is when each meeting goes to the least full one.
pub(crate) fn ideal_ppm(mut full: Vec<u64>, room_ppm: u64) -> u64 {
    for _ in 0..200 {
        if let Some(least) = full.iter_mut().min() {
            *least += room_ppm;
        }
    }
    full.into_iter().max().unwrap_or(WHOLE_PPM)
}

fn report(world: World, mut market: Market) -> MeetingReport {
    let mut hasher = Sha256::new();
    for (at, meeting, machine) in &market.outcomes {
        hasher.update(at.to_be_bytes());
        hasher.update((*meeting as u64).to_be_bytes());
        hasher.update((machine.map_or(0, |machine| machine + 1) as u64).to_be_bytes());
    }
    for node in &world.nodes {
        for (key, bytes) in &node.disk.rooms {
            hasher.update(key.1.to_bytes());
            hasher.update(bytes);
        }
    }
    let hash: [u8; 32] = hasher.finalize().into();
    let trace = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let mut tally = std::mem::take(&mut market.tally);
    let failure = world
        .failure
        .as_ref()
        .map(|failure| format!("at {} ms: {}", failure.time, failure.what));
    let why = tally
        .why_not
        .iter()
        .map(|(why, count)| (format!("had room: {why}"), *count));
    let faults = tally
        .faults
        .iter()
        .map(|(fault, count)| (fault.clone(), *count));
    let conference = tally
        .conference
        .iter()
        .map(|(what, count)| (format!("conference: {what}"), *count));
    let remarks = why.chain(faults).chain(conference).collect();
    MeetingReport {
        figures: tally.figures(),
        failure: failure.or_else(|| tally.broken()),
        trace,
        inputs: world.handled,
        remarks,
        tally,
    }
}

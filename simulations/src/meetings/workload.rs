//! What people plan: who meets when, how many they are, what is known of it before (`placement` §2).

use routing::{
    WHOLE_PPM,
    capacity::{Capacity, Load},
};

use crate::{
    meetings::machine::load_of,
    options::{HOUR, MINUTE},
    random::{MILLION, Random},
};

/// Members, each with a node and a front end.
pub const MEMBERS: usize = 12;
/// Regions, and their time against UTC in minutes.
pub const REGIONS: [(&str, i64); 4] = [
    ("eu-south", 60),
    ("eu-west", 0),
    ("ca-east", -300),
    ("sa-east", -180),
];
/// The hour of UTC at which a working day begins.
const DAWN_HOUR: i64 = 6;
/// How many of a hundred meetings begin in each hour from eight to eighteen, there.
const HOURS: [u64; 11] = [4, 9, 13, 12, 7, 5, 10, 13, 12, 10, 5];
/// Meetings of a first draft of the day, before it is brought to the wanted load.
const DRAFT: usize = 1_650;

/// A server as it is described.
#[derive(Debug, Clone)]
pub struct Site {
    pub owner: usize,
    pub region: usize,
    pub capacity: Capacity,
}

/// A meeting that people plan. Times are from the beginning of the day.
#[derive(Debug, Clone)]
pub struct Meeting {
    pub member: usize,
    /// Where its people are.
    pub region: usize,
    pub start: u64,
    pub end: u64,
    pub size: u32,
    pub cameras_milli: u64,
    pub screen: bool,
    /// Whether no other region will do.
    pub required: bool,
    pub hint: Option<u32>,
    /// The most people of past meetings.
    pub history: Option<u32>,
    /// When people come, ascending; the first begins the meeting.
    pub arrivals: Vec<u64>,
    /// When they go, ascending.
    pub departures: Vec<u64>,
    /// Whether a moderator ends it.
    pub is_ended: bool,
}

impl Meeting {
    /// What it takes with so many people.
    pub fn load(&self, users: u32) -> Load {
        let usual = u64::from(routing::capacity::Size::of(users).cameras);
        let cameras = u32::try_from((usual * self.cameras_milli + 500) / 1_000).unwrap_or(users);
        load_of(users, cameras.min(users), self.screen)
    }
}

/// What is different in a scenario.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Processing asked for at the peak, of all there is, in percent.
    pub load_percent: u64,
    /// Hints that are wrong by a factor of five, in a million.
    pub false_hints: u64,
    /// Only what begins in these hours of the day.
    pub hours: (u64, u64),
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            load_percent: 60,
            false_hints: 0,
            hours: (0, 24),
        }
    }
}

/// The servers of a federation, unevenly owned, mostly where their owners are.
pub fn sites(seed: u64) -> Vec<Site> {
    let mut random = Random::new(seed, "sites");
    let count = random.between(26, 36) as usize;
    let cores = [4, 8, 8, 16, 16, 32];
    (0..count)
        .map(|number| {
            let owner = match number {
                0..MEMBERS => number,
                _ => random.below(MEMBERS as u64) as usize,
            };
            let region = match random.chance(900_000) {
                true => owner % REGIONS.len(),
                false => random.below(REGIONS.len() as u64) as usize,
            };
            let cores = cores[random.below(cores.len() as u64) as usize];
            let capacity = Capacity::from_cores(cores, 1_000);
            Site {
                owner,
                region,
                capacity,
            }
        })
        .collect()
}

/// A working day that asks, at its peak, for the wanted part of what the sites can do.
pub fn day(seed: u64, sites: &[Site], shape: &Shape) -> Vec<Meeting> {
    let weights = weights(seed, sites);
    let draft = meetings(seed, DRAFT, &weights, shape);
    let capacity: u64 = sites.iter().map(|site| site.capacity.cpu_units_milli).sum();
    let wanted = capacity * shape.load_percent / 100;
    let number = DRAFT as u64 * wanted / peak_cpu_units_milli(&draft).max(1);
    let mut all = meetings(seed, number as usize, &weights, shape);
    let (from, to) = (shape.hours.0 * HOUR, shape.hours.1 * HOUR);
    all.retain(|meeting| (from..to).contains(&meeting.start));
    for meeting in &mut all {
        let times = meeting.arrivals.iter_mut().chain(&mut meeting.departures);
        for time in times.chain([&mut meeting.start, &mut meeting.end]) {
            *time -= from;
        }
    }
    all.sort_by_key(|meeting| meeting.start);
    all
}

/// How much each member meets: its region's part of all servers, and chance.
fn weights(seed: u64, sites: &[Site]) -> Vec<u64> {
    let mut random = Random::new(seed, "weights");
    let of_region = |region: usize| {
        let there = sites.iter().filter(|site| site.region == region);
        there.map(|site| site.capacity.cpu_units_milli).sum::<u64>()
    };
    let weight = |member: usize| of_region(member % REGIONS.len()) * random.between(50, 150) / 100;
    (0..MEMBERS).map(weight).collect()
}

fn weighted(random: &mut Random, weights: &[u64]) -> usize {
    let mut left = random.below(weights.iter().sum());
    let found = weights.iter().position(|weight| {
        let is_it = left < *weight;
        left = left.saturating_sub(*weight);
        is_it
    });
    found.unwrap_or_default()
}

fn meetings(seed: u64, number: usize, weights: &[u64], shape: &Shape) -> Vec<Meeting> {
    let mut random = Random::new(seed, "meetings");
    let draw = |_| {
        let member = weighted(&mut random, weights);
        let start = starts(&mut random, member);
        meeting(&mut random, member, start, shape)
    };
    (0..number).map(draw).collect()
}

/// Six in ten begin on the hour.
fn starts(random: &mut Random, member: usize) -> u64 {
    let (_, zone) = REGIONS[member % REGIONS.len()];
    let hour = 8 + weighted(random, &HOURS) as i64 - DAWN_HOUR - zone / 60;
    let hour = hour.max(0) as u64 * HOUR;
    match random.chance(600_000) {
        true => (hour + random.below(4 * MINUTE)).saturating_sub(MINUTE),
        false => hour + random.below(HOUR),
    }
}

fn size(random: &mut Random) -> u32 {
    let size = match random.below(1_000) {
        0..760 => random.between(3, 12),
        760..970 => random.between(20, 60),
        970..995 => random.between(100, 300),
        _ => random.between(60, 100),
    };
    size as u32
}

fn about(random: &mut Random, number: u32, percent: u64) -> u32 {
    let number = u64::from(number) * random.between(100 - percent, 100 + percent) / 100;
    number.max(1) as u32
}

/// A meeting of a member that begins then.
pub fn meeting(random: &mut Random, member: usize, start: u64, shape: &Shape) -> Meeting {
    let size = size(random);
    let minutes = match random.below(10) {
        0..3 => 25,
        3..8 => 50,
        _ => 80,
    };
    let lasts = minutes * MINUTE * random.between(80, 120) / 100;
    let history = random.chance(750_000).then(|| about(random, size, 25));
    let hints = if size >= 100 { 400_000 } else { 100_000 };
    let hint = random.chance(hints).then(|| about(random, size, 10));
    let is_false = random.chance(shape.false_hints);
    let hint = match (is_false, random.coin()) {
        (true, true) => Some(size * 5),
        (true, false) => Some((size / 5).max(1)),
        (false, _) => hint,
    };
    let mut meeting = Meeting {
        member,
        region: member % REGIONS.len(),
        start,
        end: start + lasts,
        size,
        cameras_milli: random.between(700, 1_300),
        screen: random.coin(),
        required: random.chance(200_000),
        hint,
        history,
        arrivals: Vec::new(),
        departures: Vec::new(),
        is_ended: random.coin(),
    };
    people(random, &mut meeting);
    meeting
}

/// People come within ten minutes, most of them in the first two, and few leave early.
pub fn people(random: &mut Random, meeting: &mut Meeting) {
    let Meeting { start, end, .. } = *meeting;
    for number in 0..meeting.size {
        let after = match number {
            0 => 0,
            _ => 2_000 + random.exponential(90_000).min(10 * MINUTE),
        };
        let at = start + after;
        meeting.arrivals.push(at);
        let early = random.chance(MILLION * 15 / 100);
        meeting.departures.push(match early {
            true => at + random.below(end.saturating_sub(at)),
            false => end.saturating_sub(random.below(MINUTE)),
        });
    }
    meeting.arrivals.sort_unstable();
    meeting.departures.sort_unstable();
}

/// The most processing that is asked for at one time, by what meetings really take.
pub fn peak_cpu_units_milli(meetings: &[Meeting]) -> u64 {
    let step = 5 * MINUTE;
    let mut sums = vec![0_u64; (40 * HOUR / step) as usize];
    for meeting in meetings {
        let load = meeting.load(meeting.size * 93 / 100).cpu_units_milli;
        let steps = (meeting.start + 3 * MINUTE) / step..meeting.end / step;
        for at in steps {
            if let Some(sum) = sums.get_mut(at as usize) {
                *sum += load;
            }
        }
    }
    sums.into_iter().max().unwrap_or_default()
}

/// A part of a whole, in parts per million.
pub fn part_ppm(part: u64, whole: u64) -> u64 {
    match whole {
        0 => 0,
        _ => (u128::from(part) * u128::from(WHOLE_PPM) / u128::from(whole)) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_asks_for_about_what_it_should_and_is_the_same_again() {
        let sites = sites(1);
        let all = day(1, &sites, &Shape::default());
        let capacity: u64 = sites.iter().map(|site| site.capacity.cpu_units_milli).sum();
        let percent = peak_cpu_units_milli(&all) * 100 / capacity;
        assert!((50..=70).contains(&percent), "{percent} %");
        let again = day(1, &sites, &Shape::default());
        assert_eq!(all.len(), again.len());
        assert!(
            all.iter()
                .zip(&again)
                .all(|(one, other)| one.start == other.start)
        );
    }

    #[test]
    fn rooms_have_the_sizes_that_were_measured() {
        let all = day(2, &sites(2), &Shape::default());
        let percent = |low: u32, high: u32| {
            let of = all.iter().filter(|one| (low..=high).contains(&one.size));
            of.count() * 100 / all.len()
        };
        assert!((72..=80).contains(&percent(3, 12)), "{}", percent(3, 12));
        assert!((18..=24).contains(&percent(20, 60)), "{}", percent(20, 60));
        assert!(
            all.iter()
                .all(|one| one.arrivals.len() == one.size as usize)
        );
    }
}

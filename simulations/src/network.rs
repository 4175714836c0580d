//! Directed links between nodes in regions.

use std::collections::{BTreeMap, BTreeSet};

use crate::random::Random;

/// One-way base latencies between regions, in milliseconds, without the tail.
const REGIONS_MS: [[u64; 4]; 4] = [
    [8, 22, 60, 95],
    [22, 10, 70, 110],
    [60, 70, 14, 85],
    [95, 110, 85, 12],
];

/// What goes wrong with messages, each in a million.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    pub loss: u64,
    pub duplication: u64,
    pub reordering: u64,
}

/// All links of the world.
#[derive(Debug)]
pub struct Network {
    regions: Vec<usize>,
    /// A base latency for all links instead of the regions'.
    pub base_ms: Option<u64>,
    /// The mean of the exponential tail, in milliseconds.
    pub tail_ms: u64,
    pub weather: Weather,
    cuts: BTreeSet<(usize, usize)>,
    last: BTreeMap<(usize, usize), u64>,
    random: Random,
    /// By how much the timed adversary delays messages at most; 0 without one.
    pub adversary_ms: u64,
    /// When steps of open votes end.
    pub moments: Vec<u64>,
    schemes: Random,
    pub messages: u64,
    pub bytes: u64,
}

impl Network {
    pub fn new(seed: u64) -> Self {
        Self {
            regions: Vec::new(),
            base_ms: None,
            tail_ms: 12,
            weather: Weather::default(),
            cuts: BTreeSet::new(),
            last: BTreeMap::new(),
            random: Random::new(seed, "network"),
            adversary_ms: 0,
            moments: Vec::new(),
            schemes: Random::new(seed, "adversary"),
            messages: 0,
            bytes: 0,
        }
    }

    pub fn add_node(&mut self) {
        self.regions.push(self.random.below(4) as usize);
    }

    /// A node stands in a region.
    pub fn settle(&mut self, node: usize, region: usize) {
        self.regions[node] = region % REGIONS_MS.len();
    }

    /// The usual round trip between two nodes.
    pub fn round_trip_ms(&self, one: usize, other: usize) -> u64 {
        let (one, other) = (self.regions[one], self.regions[other]);
        REGIONS_MS[one][other] + REGIONS_MS[other][one] + 2 * self.tail_ms
    }

    /// Cuts one direction.
    pub fn cut(&mut self, from: usize, to: usize) {
        self.cuts.insert((from, to));
    }

    pub fn heal(&mut self, from: usize, to: usize) {
        self.cuts.remove(&(from, to));
    }

    pub fn heal_all(&mut self) {
        self.cuts.clear();
    }

    pub fn is_cut(&self, from: usize, to: usize) -> bool {
        self.cuts.contains(&(from, to))
    }

    /// Whether a connection can be made or kept: bytes must flow both ways.
    pub fn is_open(&self, one: usize, other: usize) -> bool {
        !self.is_cut(one, other) && !self.is_cut(other, one)
    }

    fn latency(&mut self, from: usize, to: usize) -> u64 {
        let base = self
            .base_ms
            .unwrap_or(REGIONS_MS[self.regions[from]][self.regions[to]]);
        base + self.random.exponential(self.tail_ms)
    }

    /// The timed adversary: before a step ends it lets a message come a moment before or after the end,
    /// so that one node has it in time and another has not, and never later than gossip may take.
    fn scheme(&mut self, now: u64, from: usize, to: usize) -> u64 {
        let most = self.adversary_ms;
        if most == 0 {
            return 0;
        }
        let near = |end: &&u64| now <= **end + most && **end <= now + most;
        let Some(end) = self.moments.iter().find(near).copied() else {
            return 0;
        };
        // Half of the links are slow in each step, others in the next.
        let is_slow = (from * 7 + to * 3 + (end / 1_000) as usize).is_multiple_of(2);
        let late = self.schemes.below(3_000);
        match is_slow || self.schemes.chance(300_000) {
            true if now < end => (end + late - now).min(most),
            true => self.schemes.below(most),
            false => 0,
        }
    }

    /// When a message sent now arrives: not at all, once, or twice.
    pub fn send(&mut self, now: u64, from: usize, to: usize, bytes: usize) -> Vec<u64> {
        self.messages += 1;
        self.bytes += bytes as u64;
        let weather = self.weather;
        if self.is_cut(from, to) || self.random.chance(weather.loss) {
            return Vec::new();
        }
        let copies = 1 + usize::from(self.random.chance(weather.duplication));
        (0..copies)
            .map(|_| {
                let arrives = now + self.latency(from, to) + self.scheme(now, from, to);
                if self.random.chance(weather.reordering) {
                    return arrives + self.random.below(2_000);
                }
                let last = self.last.entry((from, to)).or_default();
                *last = arrives.max(*last);
                *last
            })
            .collect()
    }

    /// How long a connection takes to be made or to be seen lost.
    pub fn delay(&mut self, from: usize, to: usize) -> u64 {
        self.latency(from, to)
    }
}

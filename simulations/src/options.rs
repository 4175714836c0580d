//! What may go wrong in one run: every fault class is off in half of the runs, and its rate is
//! anything between often and hardly ever, so that rare faults are seen without the loud ones.

use crate::random::Random;

/// A minute of virtual time, in milliseconds.
pub const MINUTE: u64 = 60_000;
/// An hour of virtual time, in milliseconds.
pub const HOUR: u64 = 60 * MINUTE;

/// The faults of one run. Rates are events per virtual day or chances in a million.
#[derive(Debug, Clone)]
pub struct Options {
    /// The seed all randomness comes from.
    pub seed: u64,
    /// How many nodes there are.
    pub nodes: usize,
    /// How long faults happen, in milliseconds.
    pub safety_ms: u64,
    /// How many things people do in that time.
    pub deeds: u64,
    /// Whether the last node joins later.
    pub newcomer: bool,
    /// Messages lost, in a million.
    pub loss: u64,
    /// Messages sent twice, in a million.
    pub duplication: u64,
    /// Messages overtaken, in a million.
    pub reordering: u64,
    /// Crashes a day.
    pub crashes: u64,
    /// Links cut a day.
    pub cuts: u64,
    /// Connections reset a day.
    pub resets: u64,
    /// Clock jumps a day.
    pub jumps: u64,
    /// The most a clock is off at the beginning, in milliseconds.
    pub skew_ms: u64,
    /// The most a clock drifts, in a million.
    pub drift: u64,
    /// How long a flush takes at most, in milliseconds.
    pub flush_ms: u64,
    /// How many nodes lie: up to two of six or seven, who know nothing of each other.
    pub liars: usize,
    /// What liars do; empty if all are honest.
    pub lies: Vec<crate::liar::Lie>,
    /// Whether the federation has a register.
    pub register: bool,
    /// Whether the timed adversary plays.
    pub adversary: bool,
    /// Whether the power fails on every node at every height.
    pub dies_at_heights: bool,
}

impl Options {
    /// The options of a seed.
    #[must_use]
    pub fn of(seed: u64, nodes: Option<usize>) -> Self {
        let mut random = Random::new(seed, "options");
        let drawn = random.between(4, 7) as usize;
        let nodes = nodes.unwrap_or(drawn);
        let maybe = |random: &mut Random, most: u64| {
            let (off, rate) = (random.coin(), random.rate(most));
            if off { 0 } else { rate }
        };
        let loss = maybe(&mut random, 200_000);
        let duplication = maybe(&mut random, 200_000);
        let reordering = maybe(&mut random, 300_000);
        let crashes = maybe(&mut random, 60);
        let cuts = maybe(&mut random, 60);
        let resets = maybe(&mut random, 200);
        let jumps = maybe(&mut random, 20);
        let skew_ms = maybe(&mut random, 120_000);
        let drift = maybe(&mut random, 500);
        let flush_ms = maybe(&mut random, 4_000).max(10);
        let mut lies: Vec<_> = crate::liar::Lie::ALL.to_vec();
        random.shuffle(&mut lies);
        lies.truncate(random.between(1, 3) as usize);
        if random.coin() {
            lies.clear();
        }
        let liars = match (lies.is_empty(), nodes) {
            (true, _) => 0,
            (false, 0..=5) => 1,
            _ => random.between(1, 2) as usize,
        };
        Self {
            seed,
            nodes,
            safety_ms: random.between(4, 16) * HOUR,
            deeds: random.between(60, 160),
            newcomer: random.coin(),
            loss,
            duplication,
            reordering,
            crashes,
            cuts,
            resets,
            jumps,
            skew_ms,
            drift,
            flush_ms,
            liars,
            lies,
            register: false,
            adversary: false,
            dies_at_heights: false,
        }
    }

    /// The options of a seed with a register: at most f nodes lie or have clocks that jump, clocks are
    /// off by less than the charter's bound, and everybody founds.
    #[must_use]
    pub fn of_register(seed: u64, nodes: Option<usize>) -> Self {
        let mut options = Self::of(seed, nodes);
        let mut random = Random::new(seed, "options of the register");
        let faulty = options.nodes.div_ceil(3) - 1;
        let mut lies: Vec<_> = crate::liar::Lie::IN_OFFICE.to_vec();
        lies.extend([crate::liar::Lie::Fork, crate::liar::Lie::Late]);
        random.shuffle(&mut lies);
        lies.truncate(random.between(1, 3) as usize);
        options.register = true;
        options.newcomer = false;
        options.safety_ms = random.between(5, 9) * HOUR;
        options.deeds = random.between(30, 80);
        options.skew_ms = options.skew_ms.min(50_000);
        options.drift = options.drift.min(200);
        options.adversary = random.chance(300_000);
        options.dies_at_heights = random.chance(250_000);
        let (lying, jumping) = (random.chance(600_000), random.chance(300_000));
        options.jumps = if jumping { 1 + options.jumps } else { 0 };
        // The jumping node is one of the f.
        let jumpers = usize::from(jumping);
        options.liars = match lying {
            true => faulty - jumpers.min(faulty),
            false => 0,
        };
        options.lies = match options.liars {
            0 => Vec::new(),
            _ => lies,
        };
        options
    }

    /// Whether messages always pass between all nodes that are up, in the time that the charter
    /// allows them.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.cuts + self.crashes + self.jumps == 0 && !self.dies_at_heights
    }
}

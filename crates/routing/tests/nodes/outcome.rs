//! What came of a trial.

use routing::capacity::Load;

use crate::driver::{CREATES, SERVERS, USERS, World};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub seed: u64,
    /// Meetings that exist without being bound, twice, or not although bound.
    pub orphans: u64,
    pub placed: u64,
    pub most_rooms: u64,
    pub peak_ppm: u64,
    pub ideal_ppm: u64,
    pub asks: u64,
    pub rejected: u64,
    latencies_ms: Vec<u64>,
}

impl Outcome {
    pub fn latency_ms(&self, percent: usize) -> u64 {
        self.latencies_ms[(self.latencies_ms.len() - 1) * percent / 100]
    }
}

impl World {
    pub fn outcome(mut self, seed: u64, before: &[Load]) -> Outcome {
        let room = Load::typical(USERS);
        let capacity = self.trial.capacity();
        let mut rooms = [0; SERVERS];
        for (server, _) in self.bound.values() {
            rooms[usize::from(server.0[0]) - 1] += 1;
        }
        let full_ppm = |before: &Load, rooms: u64| {
            (0..rooms)
                .fold(*before, |sum, _| sum.plus(room))
                .utilisation_ppm(&capacity)
        };
        let peak = |rooms: &[u64]| {
            before
                .iter()
                .zip(rooms)
                .map(|(before, rooms)| full_ppm(before, *rooms))
                .max()
                .unwrap()
        };
        // Equal rooms one by one onto the emptiest: no other way has a lower peak.
        let mut ideal = [0; SERVERS];
        for _ in 0..CREATES {
            let best = (0..SERVERS)
                .min_by_key(|n| full_ppm(&before[*n], ideal[*n] + 1))
                .unwrap();
            ideal[best] += 1;
        }
        self.latencies_ms.sort_unstable();
        Outcome {
            seed,
            orphans: self.orphans(),
            placed: self.bound.len() as u64,
            most_rooms: rooms.into_iter().max().unwrap(),
            peak_ppm: peak(&rooms),
            ideal_ppm: peak(&ideal),
            asks: self.asks,
            rejected: self.rejected,
            latencies_ms: self.latencies_ms,
        }
    }

    fn orphans(&self) -> u64 {
        let bound = |ask| self.bound.values().any(|(_, bound)| *bound == ask);
        let there = |ask| self.exists.iter().any(|(_, exists)| *exists == ask);
        let unbound = self.exists.iter().filter(|(_, ask)| !bound(*ask)).count();
        let gone = self.bound.values().filter(|(_, ask)| !there(*ask)).count();
        (unbound + gone) as u64
    }
}

//! Chance, from a seed.

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_core::Rng;

pub struct Random(ChaCha8Rng);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.0.next_u64() % (high - low + 1) as u64) as i64
    }

    /// A number below `most`.
    pub fn below(&mut self, most: usize) -> usize {
        (self.0.next_u64() % most as u64) as usize
    }

    pub fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    /// Any set of so many.
    pub fn set(&mut self, of: usize) -> Vec<bool> {
        (0..of).map(|_| self.coin()).collect()
    }
}

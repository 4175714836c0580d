//! Random streams, split by purpose: one more draw of one purpose shifts nothing of another, so
//! that two runs can be compared.

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_core::Rng;
use sha2::{Digest, Sha256};

/// One in a million.
pub const MILLION: u64 = 1_000_000;

/// 32 bytes that depend on the seed and a purpose only.
pub fn bytes_of(seed: u64, purpose: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(seed.to_be_bytes());
    hasher.update(purpose.as_bytes());
    hasher.finalize().into()
}

/// One stream of random numbers.
#[derive(Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
    pub fn new(seed: u64, purpose: &str) -> Self {
        Self(ChaCha8Rng::from_seed(bytes_of(seed, purpose)))
    }

    /// A number below `most`; 0 if `most` is 0.
    pub fn below(&mut self, most: u64) -> u64 {
        self.0.next_u64() % most.max(1)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// Whether something happens that has this many chances in a million.
    pub fn chance(&mut self, in_a_million: u64) -> bool {
        self.below(MILLION) < in_a_million
    }

    pub fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    pub fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// About exponentially distributed, in whole numbers: no float may decide what happens, for
    /// logarithms differ between machines.
    pub fn exponential(&mut self, mean: u64) -> u64 {
        let draw = self.0.next_u64() | 1;
        let zeros = u64::from(draw.leading_zeros());
        let fraction = (draw << zeros << 1) >> 48;
        let bits = (zeros + 1) * 65_536 - fraction;
        mean * bits / 94_548
    }

    /// A rate between `most` and a thousandth of it, each order of magnitude as likely.
    pub fn rate(&mut self, most: u64) -> u64 {
        let halved = most >> self.below(10);
        self.between(halved / 2, halved)
    }

    pub fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        match among.len() {
            0 => None,
            length => among.get(self.below(length as u64) as usize),
        }
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_has_the_mean_it_was_asked_for() {
        let mut random = Random::new(1, "test");
        let sum: u64 = (0..100_000).map(|_| random.exponential(1_000)).sum();
        let mean = sum / 100_000;
        assert!((950..=1_050).contains(&mean), "the mean is {mean}");
    }

    #[test]
    fn purposes_have_streams_of_their_own() {
        let mut network = Random::new(1, "network");
        let mut disk = Random::new(1, "disk");
        assert_ne!(network.bytes(), disk.bytes());
        assert_eq!(
            Random::new(1, "network").bytes(),
            Random::new(1, "network").bytes()
        );
    }
}

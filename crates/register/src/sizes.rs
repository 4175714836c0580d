//! How many of a set of validators are needed for what.

/// The most validators of a phase.
pub const VALIDATORS_MAX: usize = 100;

/// The numbers that follow from how many validators there are: of `n`, at most `f` may lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    n: usize,
}

impl Sizes {
    /// Of so many validators, at least one.
    #[must_use]
    pub fn of(n: usize) -> Self {
        Self { n: n.max(1) }
    }

    /// All of them: n.
    #[must_use]
    pub fn all(self) -> usize {
        self.n
    }

    /// How many may lie or be away: f = ⌈n/3⌉ − 1.
    #[must_use]
    pub fn faulty(self) -> usize {
        self.n.div_ceil(3) - 1
    }

    /// So many that at least one of them is honest: f + 1. With as many receipts a ballot is held.
    #[must_use]
    pub fn witnesses(self) -> usize {
        self.faulty() + 1
    }

    /// So many that the honest ones among them outweigh the others: 2f + 1. With as many holds a
    /// ballot is secured.
    #[must_use]
    pub fn securing(self) -> usize {
        2 * self.faulty() + 1
    }

    /// As many as are sure to answer, and two such groups share an honest one: q = n − f.
    #[must_use]
    pub fn quorum(self) -> usize {
        self.n - self.faulty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_quorums_share_an_honest_validator_and_one_quorum_is_there_without_the_faulty() {
        for n in 1..=VALIDATORS_MAX {
            let sizes = Sizes::of(n);
            let (f, q) = (sizes.faulty(), sizes.quorum());
            assert!(3 * f < n && 3 * (f + 1) >= n, "n = {n}");
            assert!(2 * q > n + f, "n = {n}");
            assert!(sizes.securing() <= q, "n = {n}");
            // More than two thirds, as agreement asks.
            assert!(3 * q > 2 * n, "n = {n}");
        }
        let sizes = [1, 3, 4, 7, 12, 40, 100].map(|n| Sizes::of(n).faulty());
        assert_eq!(sizes, [0, 0, 1, 2, 3, 13, 33]);
    }
}

//! Time for budgets and ages.

/// Milliseconds of a clock that never goes back or jumps, from any beginning: since the node started,
/// for instance. Only differences mean anything, and only within one node.
///
/// Every budget, age and expiry of this crate that is not agreed between people is counted in it, so a
/// wall clock that is set moves no deadline. What travels to another node is a length, never a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Monotonic(pub u64);

impl Monotonic {
    /// This moment and `milliseconds` more.
    #[must_use]
    pub fn plus_ms(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// Milliseconds from `earlier` to this moment; zero if it is later.
    #[must_use]
    pub fn since_ms(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

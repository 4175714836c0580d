//! A node's clock: skew, drift and jumps against the world's time.

use domain::id::Timestamp;

/// Where the world's time begins, in milliseconds since 1970.
pub const BEGINNING_MS: u64 = 1_790_000_000_000;

/// A clock that is off and runs too fast or too slow.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    ahead_ms: i64,
    drift_in_a_million: i64,
    since: u64,
}

impl Clock {
    pub fn new(ahead_ms: i64, drift_in_a_million: i64) -> Self {
        Self {
            ahead_ms,
            drift_in_a_million,
            since: 0,
        }
    }

    fn offset(&self, time: u64) -> i64 {
        let run = time.saturating_sub(self.since) as i64;
        self.ahead_ms + run / 1_000 * self.drift_in_a_million / 1_000
    }

    /// What it shows at a time of the world, in milliseconds since the beginning.
    pub fn show(&self, time: u64) -> Timestamp {
        Timestamp((BEGINNING_MS + time).saturating_add_signed(self.offset(time)))
    }

    /// The first time of the world, not before `now`, at which it shows at least `shown`, or a
    /// little earlier.
    pub fn when(&self, now: u64, shown: Timestamp) -> u64 {
        let left = shown.0.saturating_sub(self.show(now).0);
        let faster = left as i64 / 1_000 * self.drift_in_a_million / 1_000;
        now + left.saturating_add_signed(-faster.max(0)).min(left)
    }

    /// Sets it off by so much more.
    pub fn jump(&mut self, now: u64, by_ms: i64) {
        self.ahead_ms = self.offset(now) + by_ms;
        self.since = now;
    }

    /// Sets it right but for a small difference.
    pub fn correct(&mut self, now: u64, ahead_ms: i64) {
        *self = Self {
            ahead_ms,
            drift_in_a_million: 0,
            since: now,
        };
    }
}

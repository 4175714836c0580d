//! When to dial again: doubling waits with jitter.

use std::time::Duration;

use tokio::time::Instant;

/// After how many doublings the wait is at its longest in any case.
const DOUBLINGS_MAX: u32 = 16;

/// The next attempt at something that fails now and then.
#[derive(Debug)]
pub(crate) struct Schedule {
    failures: u32,
    due: Instant,
    wait_min: Duration,
    wait_max: Duration,
}

impl Schedule {
    pub(crate) fn new(due: Instant, wait_min: Duration, wait_max: Duration) -> Self {
        Self {
            failures: 0,
            due,
            wait_min,
            wait_max,
        }
    }

    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// Puts the next attempt off after a failure.
    pub(crate) fn failed(&mut self, now: Instant) {
        self.due = now + jittered(self.wait());
        self.failures = self.failures.saturating_add(1);
    }

    /// Not before then.
    pub(crate) fn not_before(&mut self, then: Instant) {
        self.due = self.due.max(then);
    }

    /// Begins afresh with the shortest wait.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Makes the next attempt due now.
    pub(crate) fn hurry(&mut self, now: Instant) {
        self.due = now;
    }

    fn wait(&self) -> Duration {
        let factor = 1_u32 << self.failures.min(DOUBLINGS_MAX);
        self.wait_min.saturating_mul(factor).min(self.wait_max)
    }
}

/// Between half of a wait and all of it, so that nodes cut off together do not return together.
pub(crate) fn jittered(wait: Duration) -> Duration {
    let mut random = [0; 2];
    // Without randomness there is no jitter; nothing else suffers.
    let _ = getrandom::fill(&mut random);
    wait / 2 + (wait / 2).mul_f64(f64::from(u16::from_be_bytes(random)) / f64::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_begin_again_after_a_success() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut schedule = Schedule::new(now, second, 60 * second);
        let mut waits = Vec::new();
        for _ in 0..40 {
            waits.push(schedule.wait().as_secs());
            schedule.failed(now);
        }
        assert_eq!(waits[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(schedule.due() >= now + 30 * second && schedule.due() <= now + 60 * second);
        schedule.succeeded();
        assert_eq!(schedule.wait(), second);
    }
}

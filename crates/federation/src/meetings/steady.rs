//! Time for budgets: it never goes back, whatever happens to the wall clock.

use domain::id::Timestamp;
use routing::Monotonic;

/// A clock that only goes forward. The shell says how much time has passed by a clock that nobody sets;
/// without that the difference of wall clocks is taken, and none where it went back.
#[derive(Debug, Default)]
pub(crate) struct Steady {
    now: Monotonic,
    wall: Option<Timestamp>,
    told_ms: Option<u64>,
}

impl Steady {
    /// So much time has passed since the last input.
    pub fn tell(&mut self, elapsed_ms: u64) {
        self.told_ms = Some(self.told_ms.unwrap_or_default().saturating_add(elapsed_ms));
    }

    /// An input comes at this time of the wall clock.
    pub fn advance(&mut self, wall: Timestamp) -> Monotonic {
        let before = self.wall.replace(wall).unwrap_or(wall);
        let elapsed_ms = self.told_ms.take().unwrap_or_else(|| wall.since_ms(before));
        self.now = self.now.plus_ms(elapsed_ms);
        self.now
    }

    /// As of the last input.
    pub fn now(&self) -> Monotonic {
        self.now
    }

    /// The wall clock as of the last input.
    pub fn wall(&self) -> Timestamp {
        self.wall.unwrap_or_default()
    }

    /// The time of the wall clock at which it will be `at`, if nobody sets it.
    pub fn wall_at(&self, at: Monotonic) -> Timestamp {
        self.wall.unwrap_or_default().plus_ms(at.since_ms(self.now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_that_is_set_moves_nothing() {
        let mut clock = Steady::default();
        clock.advance(Timestamp(1_000_000));
        assert_eq!(clock.advance(Timestamp(1_000_400)), Monotonic(400));
        clock.advance(Timestamp(5));
        assert_eq!(clock.now(), Monotonic(400), "set back");
        clock.tell(10);
        assert_eq!(clock.advance(Timestamp(9_000_000)), Monotonic(410));
        assert_eq!(clock.wall_at(Monotonic(500)), Timestamp(9_000_090));
    }
}

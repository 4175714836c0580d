//! Whether a server answers, and whether a meeting is still there: slow to believe either way.
//!
//! A server is `up` after [`RECOVERING_POLLS`] good polls in a row and `down` after [`FAILING_POLLS`]
//! bad ones; between the two it is `unstable` and gets no new meetings. A meeting that a poll does not
//! list has not ended: young ones may be missing, and of others the server has to be asked by name.
//! Nothing here ends a meeting; only its owner's word does.

use crate::{Monotonic, candidate::Health};

/// Bad polls in a row after which a server is down.
pub const FAILING_POLLS: u32 = 3;
/// Good polls in a row after which a server is up.
pub const RECOVERING_POLLS: u32 = 5;
/// How long after its creation a meeting may be missing from polls.
pub const YOUNG_MS: u64 = 60_000;

/// The health of one server by its polls. A new server is unstable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Monitor {
    health: Health,
    good: u32,
    bad: u32,
}

impl Default for Monitor {
    fn default() -> Self {
        Self {
            health: Health::Unstable,
            good: 0,
            bad: 0,
        }
    }
}

impl Monitor {
    /// As of the last poll.
    #[must_use]
    pub fn health(&self) -> Health {
        self.health
    }

    /// One more poll, answered in time and well or not; returns the health since.
    pub fn poll(&mut self, answered: bool) -> Health {
        if answered {
            (self.good, self.bad) = (self.good.saturating_add(1), 0);
        } else {
            (self.good, self.bad) = (0, self.bad.saturating_add(1));
        }
        self.health = match self.health {
            _ if self.bad >= FAILING_POLLS => Health::Down,
            _ if self.good >= RECOVERING_POLLS => Health::Up,
            Health::Up if self.bad > 0 => Health::Unstable,
            Health::Down if self.good > 0 => Health::Unstable,
            health => health,
        };
        self.health
    }
}

/// What a poll says of a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is listed.
    Listed,
    /// It is not listed and so young that this says nothing.
    Young,
    /// It is not listed: ask the server for it by name.
    Missing,
    /// The server did not answer, which says nothing of its meetings.
    Unknown,
}

/// What a poll says of a meeting that was created at `created`; `listed` is none where the poll failed.
#[must_use]
pub fn presence(now: Monotonic, created: Monotonic, listed: Option<bool>) -> Presence {
    match listed {
        None => Presence::Unknown,
        Some(true) => Presence::Listed,
        Some(false) if now.since_ms(created) < YOUNG_MS => Presence::Young,
        Some(false) => Presence::Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(polls: &[bool]) -> Health {
        let mut monitor = Monitor::default();
        for answered in polls {
            monitor.poll(*answered);
        }
        monitor.health()
    }

    #[test]
    fn a_new_server_proves_itself_first() {
        assert_eq!(after(&[true; 4]), Health::Unstable);
        assert_eq!(after(&[true; 5]), Health::Up);
        assert_eq!(
            after(&[true, true, true, true, false, true]),
            Health::Unstable
        );
    }

    #[test]
    fn one_bad_poll_stops_new_meetings_and_three_take_a_server_down() {
        let up = [true; 5];
        assert_eq!(after(&[&up[..], &[false]].concat()), Health::Unstable);
        assert_eq!(after(&[&up[..], &[false; 2]].concat()), Health::Unstable);
        assert_eq!(after(&[&up[..], &[false; 3]].concat()), Health::Down);
        assert_eq!(
            after(&[&up[..], &[false; 3], &[true; 4]].concat()),
            Health::Unstable
        );
        assert_eq!(
            after(&[&up[..], &[false; 3], &[true; 5]].concat()),
            Health::Up
        );
    }

    #[test]
    fn a_server_that_comes_and_goes_gets_nothing() {
        let flapping: Vec<bool> = (0..100).map(|poll| poll % 5 != 0).collect();
        assert_eq!(after(&flapping), Health::Unstable);
    }

    #[test]
    fn a_young_meeting_may_be_missing_and_a_silent_server_says_nothing() {
        let created = Monotonic(1_000);
        let at = |ms| Monotonic(1_000 + ms);
        assert_eq!(presence(at(59_999), created, Some(false)), Presence::Young);
        assert_eq!(
            presence(at(60_000), created, Some(false)),
            Presence::Missing
        );
        assert_eq!(presence(at(60_000), created, Some(true)), Presence::Listed);
        assert_eq!(
            presence(at(u64::MAX - 1_000), created, None),
            Presence::Unknown
        );
    }
}

//! What is on a server by what homes know, against an owner that tells less (placement, step 3).
//!
//! Each home records where it placed a meeting and how many joins it signed for it. From these records
//! every home computes the same floor; a report below it does not count, and a server that is full by
//! its floor is vetoed.
//!
//! A home could claim joins that never were, to keep others off a server. What one meeting adds is
//! bounded by the people it may have on that server, and what the home gains is that its own meetings
//! are kept off it too.

use crate::{
    WHOLE_PPM,
    capacity::{Capacity, Load},
};

/// How much of the typical load of so many joins counts: some leave early.
pub const JOINS_PPM: u64 = 900_000;
/// How long a prediction counts, less and less.
pub const PREDICTION_MS: u64 = 900_000;
/// How long after the last join a meeting counts that nobody said has ended.
pub const FORGOTTEN_MS: u64 = 24 * 3_600_000;

/// A meeting on a server, by its placement record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// What it was expected to take.
    pub prediction: Load,
    /// How long ago it was placed.
    pub age_ms: u64,
    /// The joins that its home counted.
    pub joins: u32,
    /// How long ago the last of them was.
    pub joined_ms: u64,
}

/// What is left of a prediction after so long: × (1 − age / 15 min), rounded up.
#[must_use]
pub fn decayed(prediction: Load, age_ms: u64) -> Load {
    prediction.part(PREDICTION_MS.saturating_sub(age_ms) * WHOLE_PPM / PREDICTION_MS)
}

/// What the meetings on one server amount to at least.
#[must_use]
pub fn floor(capacity: &Capacity, placed: impl IntoIterator<Item = Placed>) -> Load {
    let most_users = u32::try_from(capacity.room_users).unwrap_or(u32::MAX);
    placed.into_iter().fold(Load::ZERO, |sum, placed| {
        let joins = placed.joins.min(most_users);
        let counted = if joins == 0 || placed.joined_ms > FORGOTTEN_MS {
            Load::ZERO
        } else {
            Load::typical(joins).part(JOINS_PPM)
        };
        sum.plus(counted.max(decayed(placed.prediction, placed.age_ms)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(joins: u32, age_ms: u64) -> Load {
        let placed = Placed {
            prediction: Load::typical(12),
            age_ms,
            joins,
            joined_ms: 0,
        };
        floor(&Capacity::from_cores(16, 1_000), [placed])
    }

    #[test]
    fn a_prediction_fades_in_a_quarter_of_an_hour() {
        let full = Load::typical(12);
        assert_eq!(of(0, 0), full);
        assert_eq!(
            of(0, PREDICTION_MS / 2).cpu_units_milli,
            full.cpu_units_milli.div_ceil(2)
        );
        assert_eq!(of(0, PREDICTION_MS), Load::ZERO);
        assert_eq!(of(0, u64::MAX), Load::ZERO);
    }

    #[test]
    fn joins_that_homes_counted_stay() {
        assert_eq!(of(30, PREDICTION_MS), Load::typical(30).part(900_000));
        assert_eq!(of(30, 0), of(30, PREDICTION_MS).max(Load::typical(12)));
    }

    #[test]
    fn one_meeting_adds_no_more_than_it_may_have_people() {
        assert_eq!(of(u32::MAX, PREDICTION_MS), of(200, PREDICTION_MS));
    }

    #[test]
    fn a_meeting_that_nobody_ended_is_forgotten_after_a_day() {
        let placed = Placed {
            prediction: Load::typical(12),
            age_ms: FORGOTTEN_MS,
            joins: 10,
            joined_ms: FORGOTTEN_MS + 1,
        };
        assert_eq!(
            floor(&Capacity::from_cores(16, 1_000), [placed]),
            Load::ZERO
        );
    }
}

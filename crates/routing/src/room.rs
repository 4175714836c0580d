//! How large a meeting will be (placement, step 1): size prediction outweighs every choice rule.

use std::collections::VecDeque;

use crate::{
    Monotonic,
    capacity::{Load, ROOM_USERS_GUARD, Size},
    request::MeetingId,
};

/// People in a meeting about which nothing is known.
pub const UNKNOWN_USERS: u64 = 12;
/// What is planned for a room beyond its past, in thousandths.
pub const HISTORY_MARGIN_MILLI: u64 = 1_100;
/// How much the last meeting counts among a room's past, in thousandths.
pub const HISTORY_WEIGHT_MILLI: u64 = 300;
/// The most people that a tenant's limit may name.
pub const CAP_USERS_MAX: u32 = 2_000;
/// How long a meeting of unknown size counts as part of a burst.
pub const BURST_WINDOW_MS: u64 = 600_000;
/// Meetings of unknown size in [`BURST_WINDOW_MS`] that are no burst yet: of a crowd that comes by twelve
/// front ends at once each sees no more than a dozen.
pub const BURST_FREE_ROOMS: u64 = 1;
/// How many people are added by each further one, in thousandths.
pub const BURST_STEP_MILLI: u64 = 400;
/// How many people a burst adds at most, in thousandths.
pub const BURST_EXTRA_MILLI_MAX: u64 = 1_500;

/// The past of one room: a moving average of the most people in each meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    peak_users_milli: u64,
}

impl History {
    /// After the first meeting.
    #[must_use]
    pub fn first(peak_users: u32) -> Self {
        Self {
            peak_users_milli: u64::from(peak_users.min(CAP_USERS_MAX)) * 1_000,
        }
    }

    /// After one more meeting; rounded to the nearest thousandth.
    #[must_use]
    pub fn then(self, peak_users: u32) -> Self {
        let peak = Self::first(peak_users).peak_users_milli;
        let weighted =
            peak * HISTORY_WEIGHT_MILLI + self.peak_users_milli * (1_000 - HISTORY_WEIGHT_MILLI);
        Self {
            peak_users_milli: (weighted + 500) / 1_000,
        }
    }

    /// Read from where it was kept; cut off at what a meeting can have.
    #[must_use]
    pub fn from_milli(peak_users_milli: u64) -> Self {
        Self {
            peak_users_milli: peak_users_milli.min(u64::from(CAP_USERS_MAX) * 1_000),
        }
    }

    /// The average, in thousandths of a person, for keeping.
    #[must_use]
    pub fn peak_users_milli(self) -> u64 {
        self.peak_users_milli
    }
}

/// What a prediction rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The front end said so.
    Hint,
    /// The room's past meetings.
    History,
    /// Nothing: the size of an average meeting.
    Unknown,
}

impl Basis {
    /// A stable word for pages and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::History => "history",
            Self::Unknown => "unknown",
        }
    }
}

/// What a meeting is expected to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prediction {
    /// What it rests on.
    pub basis: Basis,
    /// People expected, before any margin: what the largest room of a server is compared with.
    pub expected_users: u32,
    /// People planned for.
    pub users: u32,
    /// The most people that may come.
    pub cap_users: u32,
    /// What they take.
    pub load: Load,
}

/// Predicts a meeting (step 1): the hint, else the past and a margin, else [`UNKNOWN_USERS`] and more of
/// them the more such meetings began lately; between 1 and the cap, which is 200 where there is none.
#[must_use]
pub fn predict(
    hint: Option<u32>,
    history: Option<History>,
    cap_users: Option<u32>,
    unknown_rooms: u32,
) -> Prediction {
    let cap = cap_users
        .filter(|cap| *cap > 0)
        .map_or(ROOM_USERS_GUARD, |cap| u64::from(cap.min(CAP_USERS_MAX)));
    let history = history.filter(|history| history.peak_users_milli > 0);
    let (basis, expected, planned) = match (hint.filter(|hint| *hint > 0), history) {
        (Some(hint), _) => (Basis::Hint, u64::from(hint), u64::from(hint)),
        (None, Some(history)) => {
            let milli = history.peak_users_milli;
            let planned = (milli * HISTORY_MARGIN_MILLI).div_ceil(1_000_000);
            (Basis::History, milli.div_ceil(1_000), planned)
        }
        (None, None) => {
            let extra = u64::from(unknown_rooms).saturating_sub(BURST_FREE_ROOMS);
            let extra = extra
                .saturating_mul(BURST_STEP_MILLI)
                .min(BURST_EXTRA_MILLI_MAX);
            let planned = (UNKNOWN_USERS * (1_000 + extra)).div_ceil(1_000);
            (Basis::Unknown, UNKNOWN_USERS, planned)
        }
    };
    // A cap is at most CAP_USERS_MAX, so both fit.
    let bounded = |users: u64| u32::try_from(users.clamp(1, cap)).unwrap_or(CAP_USERS_MAX);
    let (expected_users, users) = (bounded(expected), bounded(planned));
    Prediction {
        basis,
        expected_users,
        users,
        cap_users: bounded(cap),
        // Where a few more people mean fewer cameras, the margin must not make it smaller.
        load: Size::of(users).load().max(Size::of(expected_users).load()),
    }
}

/// The meetings of unknown size that one tenant began lately, each counted once however often it was tried:
/// a front end that finds no place tries again. Keeps no more than can matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Burst {
    begun: VecDeque<(MeetingId, Monotonic)>,
}

impl Burst {
    const KEPT_MAX: usize =
        (BURST_FREE_ROOMS + BURST_EXTRA_MILLI_MAX.div_ceil(BURST_STEP_MILLI)) as usize;

    /// One begins: how many others did in the ten minutes before, counted up to where more adds nothing.
    pub fn begin(&mut self, now: Monotonic, meeting: MeetingId) -> u32 {
        self.begun
            .retain(|(other, at)| *other != meeting && now.since_ms(*at) <= BURST_WINDOW_MS);
        let others = u32::try_from(self.begun.len()).unwrap_or(u32::MAX);
        if self.begun.len() == Self::KEPT_MAX {
            self.begun.pop_front();
        }
        self.begun.push_back((meeting, now));
        others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_comes_before_the_past_and_the_past_before_the_average() {
        let past = Some(History::first(20));
        let users = |hint, history| predict(hint, history, None, 0).users;
        assert_eq!(users(Some(8), past), 8);
        assert_eq!(users(None, past), 22, "a tenth more than before");
        assert_eq!(users(None, None), 12);
        assert_eq!(users(Some(0), past), 22, "a hint of nobody says nothing");
    }

    #[test]
    fn a_false_hint_is_cut_off_at_the_cap() {
        assert_eq!(predict(Some(1_000_000_000), None, None, 0).users, 200);
        assert_eq!(predict(Some(1_000_000_000), None, Some(60), 0).users, 60);
        let most = predict(Some(u32::MAX), None, Some(u32::MAX), u32::MAX);
        assert_eq!(most.users, CAP_USERS_MAX);
    }

    #[test]
    fn many_meetings_of_unknown_size_are_planned_larger() {
        let users = |rooms| predict(None, None, None, rooms).users;
        let found = [0, 1, 2, 3, 4, 5, u32::MAX].map(users);
        assert_eq!(found, [12, 12, 17, 22, 27, 30, 30]);
        assert_eq!(predict(Some(12), None, None, 20).users, 12, "not if known");
    }

    #[test]
    fn the_past_is_a_moving_average_of_peaks() {
        let history = History::first(10).then(20);
        assert_eq!(history.peak_users_milli(), 13_000);
        assert_eq!(history.then(20).peak_users_milli(), 15_100);
        let largest = History::first(u32::MAX).then(u32::MAX);
        assert_eq!(largest, History::from_milli(u64::MAX));
    }

    #[test]
    fn a_burst_is_over_after_ten_minutes_and_stays_small() {
        let mut burst = Burst::default();
        let meeting = |number: u64| {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&number.to_be_bytes());
            MeetingId(id)
        };
        for at in 0..1_000 {
            burst.begin(Monotonic(at), meeting(at));
        }
        let mut later = burst.clone();
        assert_eq!(later.begin(Monotonic(1_000), meeting(2_000)), 5);
        let mut later = burst.clone();
        let last = Monotonic(999 + BURST_WINDOW_MS);
        assert_eq!(later.begin(last, meeting(2_000)), 1);
        assert_eq!(burst.begin(last.plus_ms(1), meeting(2_000)), 0);
    }

    #[test]
    fn a_room_that_is_tried_again_and_again_is_no_burst() {
        let mut burst = Burst::default();
        for at in 0..100 {
            assert_eq!(burst.begin(Monotonic(at), MeetingId([1; 32])), 0);
        }
        assert_eq!(burst.begin(Monotonic(100), MeetingId([2; 32])), 1);
    }
}

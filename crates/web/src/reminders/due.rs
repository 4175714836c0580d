//! What is due: pure functions of the time, the votes, and what was sent before.
//!
//! A vote has up to four moments: its opening, half time, 24 hours and 2 hours before its deadline.
//! Only the last moment that has come is ever reminded of: whatever a node that was down missed
//! before it would be old news beside it. Of each vote one time is remembered, that of the last
//! moment sent, so that nothing is said twice, and a deadline that moves later brings its own
//! moments along.

use std::collections::BTreeMap;

use domain::id::{EntryId, Timestamp};

use crate::pages::time::Zone;

/// One hour, and how late a first digest may come.
const HOUR_MS: u64 = 3_600_000;

/// A vote as far as reminders go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vote {
    /// Its phase.
    pub phase: EntryId,
    /// When it was opened.
    pub opened: Timestamp,
    /// Until when it takes votes.
    pub deadline: Timestamp,
    /// Whether this node's member may vote and has not.
    pub is_missing: bool,
}

/// Why somebody is reminded just then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Voting was opened.
    Opening,
    /// Half of the time is over.
    HalfTime,
    /// A day is left.
    Day,
    /// Two hours are left.
    TwoHours,
}

impl Vote {
    /// The moments of this vote, ascending. A short vote has fewer: what would come before its
    /// opening is left out.
    fn moments(&self) -> impl DoubleEndedIterator<Item = (Timestamp, Moment)> {
        let Self {
            opened, deadline, ..
        } = *self;
        let half = opened.plus_ms(deadline.since_ms(opened) / 2);
        let before = |hours: u64| Timestamp(deadline.0.saturating_sub(hours * HOUR_MS));
        let mut moments = [
            (opened, Moment::Opening),
            (half, Moment::HalfTime),
            (before(24), Moment::Day),
            (before(2), Moment::TwoHours),
        ];
        moments.sort_unstable();
        moments
            .into_iter()
            .filter(move |(at, moment)| *moment == Moment::Opening || *at > opened)
    }
}

/// Of each vote the moment that was last sent, by its time.
pub type Sent = BTreeMap<EntryId, Timestamp>;

/// A reminder of one vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reminder {
    /// The phase of the vote.
    pub phase: EntryId,
    /// Why now.
    pub moment: Moment,
    /// When it was to be sent.
    pub planned: Timestamp,
}

/// The reminders that are due to one person.
#[must_use]
pub fn reminders(now: Timestamp, votes: &[Vote], sent: &Sent) -> Vec<Reminder> {
    let open = votes
        .iter()
        .filter(|vote| vote.is_missing && now < vote.deadline);
    let due = open.filter_map(|vote| {
        let mut come = vote.moments().rev().filter(|(at, _)| *at <= now);
        let (planned, moment) = come.next()?;
        let is_new = sent.get(&vote.phase).is_none_or(|last| *last < planned);
        is_new.then_some(Reminder {
            phase: vote.phase,
            moment,
            planned,
        })
    });
    due.collect()
}

/// When the next reminder may be due, if nothing changes.
#[must_use]
pub fn next(now: Timestamp, votes: &[Vote]) -> Option<Timestamp> {
    let missing = votes.iter().filter(|vote| vote.is_missing);
    let moments = missing.flat_map(Vote::moments).map(|(at, _)| at);
    moments.filter(|at| *at > now).min()
}

/// For which time a person's digest is due now, if it is: the last time it was that hour in the
/// person's zone. Older ones that were missed are left out. The first digest of all is not made up
/// for: nobody missed it.
#[must_use]
pub fn digest(now: Timestamp, zone: &Zone, hour: u8, last: Option<Timestamp>) -> Option<Timestamp> {
    let planned = zone.last_at(now, hour);
    let is_due = match last {
        // Half a day apart at least, so that moving the hour or the zone does not bring two.
        Some(last) if last <= now => last.plus_ms(12 * HOUR_MS) <= planned,
        // A time to come was written by a clock that was ahead, and says nothing.
        _ => now.since_ms(planned) < HOUR_MS,
    };
    is_due.then_some(planned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE_MS: u64 = 60_000;
    const DAY_MS: u64 = 24 * HOUR_MS;
    /// Sunday 22 November 2026, 13:00 UTC.
    const OPENED: Timestamp = Timestamp(1_795_352_400_000);
    const PHASE: EntryId = EntryId([7; 32]);

    fn vote(days: u64) -> Vote {
        Vote {
            phase: PHASE,
            opened: OPENED,
            deadline: OPENED.plus_ms(days * DAY_MS),
            is_missing: true,
        }
    }

    fn hours(hours: u64) -> Timestamp {
        OPENED.plus_ms(hours * HOUR_MS)
    }

    /// Looks at these times and remembers what was due, as the sender does.
    fn watch(votes: &[Vote], times: &[Timestamp]) -> Vec<(Moment, Timestamp)> {
        let (mut sent, mut said) = (Sent::new(), Vec::new());
        for now in times {
            for due in reminders(*now, votes, &sent) {
                sent.insert(due.phase, due.planned);
                said.push((due.moment, *now));
            }
        }
        said
    }

    fn every_minute(from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
        let minutes = to.since_ms(from) / MINUTE_MS;
        (0..=minutes).map(|m| from.plus_ms(m * MINUTE_MS)).collect()
    }

    #[test]
    fn whoever_is_missing_hears_at_the_opening_half_time_a_day_and_two_hours_before() {
        let vote = vote(7);
        let said = watch(&[vote], &every_minute(OPENED, vote.deadline));
        assert_eq!(
            said,
            [
                (Moment::Opening, OPENED),
                (Moment::HalfTime, hours(84)),
                (Moment::Day, hours(144)),
                (Moment::TwoHours, hours(166)),
            ]
        );
    }

    #[test]
    fn a_short_vote_has_only_the_moments_that_come_after_its_opening() {
        let vote = Vote {
            deadline: OPENED.plus_ms(90 * MINUTE_MS),
            ..vote(1)
        };
        let said = watch(&[vote], &every_minute(OPENED, vote.deadline));
        let half = OPENED.plus_ms(45 * MINUTE_MS);
        assert_eq!(said, [(Moment::Opening, OPENED), (Moment::HalfTime, half)]);
    }

    #[test]
    fn whoever_has_voted_or_may_not_vote_hears_nothing() {
        let vote = Vote {
            is_missing: false,
            ..vote(3)
        };
        assert_eq!(
            watch(&[vote], &every_minute(OPENED, vote.deadline)),
            Vec::new()
        );
        assert_eq!(next(OPENED, &[vote]), None);
    }

    #[test]
    fn a_node_that_was_down_says_only_the_last_thing_it_missed() {
        let vote = vote(7);
        let said = watch(&[vote], &[OPENED, hours(160)]);
        assert_eq!(said, [(Moment::Opening, OPENED), (Moment::Day, hours(160))]);
        assert_eq!(watch(&[vote], &[vote.deadline]), Vec::new());
    }

    #[test]
    fn a_deadline_that_moves_later_brings_its_own_moments() {
        let short = vote(7);
        let long = Vote {
            deadline: short.deadline.plus_ms(3 * DAY_MS),
            ..short
        };
        let sent = Sent::from([(PHASE, hours(166))]);
        assert_eq!(reminders(hours(168), &[long], &sent), []);
        let due = reminders(hours(9 * 24), &[long], &sent);
        assert_eq!(due[0].moment, Moment::Day);
    }

    #[test]
    fn the_next_moment_is_known_so_that_nobody_has_to_look_often() {
        assert_eq!(next(OPENED, &[vote(7)]), Some(hours(84)));
        assert_eq!(next(hours(166), &[vote(7)]), None);
    }

    #[test]
    fn the_digest_comes_once_a_day_at_the_hour_of_the_persons_zone() {
        let zone = Zone::named("America/Montreal").unwrap();
        let (mut last, mut said) = (None, Vec::new());
        for now in every_minute(OPENED, OPENED.plus_ms(3 * DAY_MS)) {
            if let Some(planned) = digest(now, &zone, 8, last) {
                last = Some(planned);
                said.push(now);
            }
        }
        // 08:00 in Montreal is 13:00 UTC in winter.
        assert_eq!(said, [hours(0), hours(24), hours(48), hours(72)]);
    }

    #[test]
    fn a_digest_that_was_missed_comes_once_and_the_first_of_all_is_not_made_up_for() {
        let zone = Zone::utc();
        let now = OPENED;
        let today = Timestamp(now.0 - 5 * HOUR_MS);
        let before = Timestamp(now.0 - 4 * DAY_MS);
        assert_eq!(digest(now, &zone, 8, Some(before)), Some(today));
        assert_eq!(digest(now, &zone, 8, Some(today)), None);
        assert_eq!(digest(now, &zone, 8, None), None);
    }

    #[test]
    fn a_clock_that_was_ahead_does_not_end_the_digests() {
        let ahead = OPENED.plus_ms(365 * DAY_MS);
        let at_eight = Timestamp(OPENED.0 - 5 * HOUR_MS);
        assert_eq!(
            digest(at_eight, &Zone::utc(), 8, Some(ahead)),
            Some(at_eight)
        );
    }

    #[test]
    fn moving_the_hour_does_not_bring_a_second_digest() {
        let zone = Zone::utc();
        let at_eight = Timestamp(OPENED.0 - 5 * HOUR_MS);
        assert_eq!(digest(OPENED, &zone, 12, Some(at_eight)), None);
    }

    proptest! {
        /// Whatever pauses and restarts there are: no moment twice, never after the deadline,
        /// never out of order, and never late unless it is the last that has come.
        #[test]
        fn however_the_node_was_down_nothing_is_said_twice_or_too_late(
            period_minutes in 1_u64..20_000,
            pauses in prop::collection::vec(1_u64..3_000, 1..60),
        ) {
            let vote = Vote { deadline: OPENED.plus_ms(period_minutes * MINUTE_MS), ..vote(1) };
            let mut now = OPENED;
            let mut times = vec![now];
            for pause in pauses {
                now = now.plus_ms(pause * MINUTE_MS);
                times.push(now);
            }
            let said = watch(&[vote], &times);
            prop_assert!(said.is_sorted_by(|one, other| one.1 < other.1));
            let mut moments: Vec<Moment> = said.iter().map(|(moment, _)| *moment).collect();
            moments.sort_unstable();
            moments.dedup();
            prop_assert_eq!(moments.len(), said.len());
            for (moment, at) in said {
                prop_assert!(at < vote.deadline);
                let last = vote.moments().rev().find(|(planned, _)| *planned <= at);
                prop_assert_eq!(last.map(|(_, last)| last), Some(moment));
            }
        }

        /// A node that is never down says everything within the minute.
        #[test]
        fn a_node_that_is_up_says_every_moment_in_time(period_minutes in 1_u64..12_000) {
            let vote = Vote { deadline: OPENED.plus_ms(period_minutes * MINUTE_MS), ..vote(1) };
            let said = watch(&[vote], &every_minute(OPENED, vote.deadline));
            let mut expected: Vec<Timestamp> = vote.moments().map(|(at, _)| at).collect();
            expected.retain(|at| *at < vote.deadline);
            expected.dedup();
            let on_time = said.iter().zip(&expected).all(|((_, at), planned)| at.since_ms(*planned) <= MINUTE_MS);
            // Two moments within one minute are said as one.
            let close = expected.windows(2).any(|pair| pair[1].since_ms(pair[0]) <= MINUTE_MS);
            prop_assert!(close || (said.len() == expected.len() && on_time));
        }

        /// Votes do not touch one another.
        #[test]
        fn votes_are_reminded_of_each_on_its_own(offset in 0_u64..5_000, now in 0_u64..10_000) {
            let one = vote(3);
            let other = Vote {
                phase: EntryId([8; 32]),
                opened: OPENED.plus_ms(offset * MINUTE_MS),
                deadline: OPENED.plus_ms(offset * MINUTE_MS + 2 * DAY_MS),
                is_missing: true,
            };
            let now = OPENED.plus_ms(now * MINUTE_MS);
            let sent = Sent::new();
            let alone = [reminders(now, &[one], &sent), reminders(now, &[other], &sent)].concat();
            prop_assert_eq!(reminders(now, &[one, other], &sent), alone);
        }
    }
}

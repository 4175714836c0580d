//! When a gathering happens: a pure function of its record and the zone database, which is compiled
//! in. It keeps its time of day in its zone when clocks are changed.

use domain::{
    id::Timestamp,
    record::{Gathering, OCCURRENCES_MAX, Repetition, Rhythm, Until},
};
use jiff::{
    Span, Timestamp as Instant, ToSpan,
    civil::{Date, Time, date},
    tz::TimeZone,
};

pub use jiff::civil::Date as Day;

/// How far ahead the next occurrences are looked for: further than the rarest repetition.
const AHEAD_DAYS: i32 = 5 * 366;
/// How many dates are looked at for one gathering: a fifth weekday comes about every third month.
const STEPS_MAX: u64 = 4 * OCCURRENCES_MAX;

/// One time at which a gathering happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// Its day in the gathering's zone, counted from 1970-01-01: what names it.
    pub day: u64,
    /// Whether it was cancelled.
    pub is_cancelled: bool,
}

/// The zone of a gathering; UTC if the name is not known here.
#[must_use]
pub fn zone_of(gathering: &Gathering) -> TimeZone {
    jiff::tz::db().get(&gathering.zone).unwrap_or(TimeZone::UTC)
}

/// A day as it is counted in records, if it is not before 1970.
#[must_use]
pub fn day_number(day: Date) -> Option<u64> {
    let days = day.since(date(1970, 1, 1)).ok()?.get_days();
    u64::try_from(days).ok()
}

/// The day of a number.
#[must_use]
pub fn day_of(number: u64) -> Option<Date> {
    let days = Span::new().try_days(i64::try_from(number).ok()?).ok()?;
    date(1970, 1, 1).checked_add(days).ok()
}

/// The local day and time of day of a moment.
#[must_use]
pub fn local(at: Timestamp, zone: &TimeZone) -> (Date, Time) {
    let zoned = instant(at).to_zoned(zone.clone());
    (zoned.date(), zoned.time())
}

/// The moment of a local day and time: where a change of the clock leaves it out, by the offset
/// before the change; where it comes twice, the first one.
#[must_use]
pub fn moment(day: Date, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    let zoned = day.to_datetime(time).to_zoned(zone.clone()).ok()?;
    let ms = u64::try_from(zoned.timestamp().as_millisecond()).ok()?;
    Some(Timestamp(ms)).filter(|at| *at <= Timestamp::MAX)
}

fn instant(at: Timestamp) -> Instant {
    let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
    Instant::from_millisecond(ms).unwrap_or(Instant::MAX)
}

/// The occurrences that have not ended at `from` and begin before `to`, ascending, at most `most`.
/// Cancelled ones are among them.
#[must_use]
pub fn occurrences(
    gathering: &Gathering,
    from: Timestamp,
    to: Timestamp,
    most: usize,
) -> Vec<Occurrence> {
    if gathering.ended {
        return Vec::new();
    }
    let zone = zone_of(gathering);
    let (first, time) = local(gathering.start, &zone);
    let length_ms = gathering.minutes * 60_000;
    // A day more on both sides: the zone's days are not those of UTC.
    let earliest = Timestamp(from.0.saturating_sub(length_ms + 2 * 86_400_000));
    let earliest = local(earliest, &TimeZone::UTC).0;
    let latest = local(to.plus_seconds(2 * 86_400), &TimeZone::UTC).0;
    let mut found = Vec::new();
    for day in days(gathering.repetition, first, earliest) {
        if day > latest || found.len() >= most {
            break;
        }
        let Some(number) = day_number(day).filter(|_| day >= earliest) else {
            continue;
        };
        // The first begins when it says, even if its local time comes twice.
        let start = match day == first {
            true => Some(gathering.start),
            false => moment(day, time, &zone),
        };
        let Some(start) = start else { continue };
        let end = start.plus_ms(length_ms);
        if end > from && start < to {
            found.push(Occurrence {
                start,
                end,
                day: number,
                is_cancelled: gathering.cancelled.binary_search(&number).is_ok(),
            });
        }
    }
    found
}

/// The next occurrences that are not over, cancelled ones too.
#[must_use]
pub fn next(gathering: &Gathering, now: Timestamp, most: usize) -> Vec<Occurrence> {
    let ahead = u64::from(AHEAD_DAYS.unsigned_abs());
    occurrences(gathering, now, now.plus_seconds(ahead * 86_400), most)
}

/// The days of a gathering, ascending. What lies before `earliest` may be left out.
fn days(
    repetition: Option<Repetition>,
    first: Date,
    earliest: Date,
) -> Box<dyn Iterator<Item = Date>> {
    let Some(repetition) = repetition else {
        return Box::new(std::iter::once(first));
    };
    // What is counted is counted from the first; the rest begins near what is asked for.
    let skipped = match repetition.until {
        Until::Count(_) => 0,
        Until::Open | Until::Day(_) => skipped(repetition, first, earliest),
    };
    let all = (skipped..skipped + STEPS_MAX).map(move |step| step_of(repetition, first, step));
    // After the year 9999 there is no day.
    let all = all.take_while(Result::is_ok).filter_map(|day| day.ok()?);
    match repetition.until {
        Until::Open => Box::new(all),
        Until::Count(count) => Box::new(all.take(usize::try_from(count).unwrap_or(usize::MAX))),
        Until::Day(last) => {
            Box::new(all.take_while(move |day| day_number(*day).is_some_and(|day| day <= last)))
        }
    }
}

/// How many steps surely lie before a day.
fn skipped(repetition: Repetition, first: Date, earliest: Date) -> u64 {
    let days = day_number(earliest)
        .zip(day_number(first))
        .map_or(0, |(earliest, first)| earliest.saturating_sub(first));
    let longest = match repetition.rhythm {
        Rhythm::Weeks => 7,
        Rhythm::MonthsFromBeginning | Rhythm::MonthsFromEnd => 31,
    };
    (days / (longest * repetition.every.max(1))).saturating_sub(1)
}

/// The day of a step; none in a month without a fifth such weekday.
fn step_of(repetition: Repetition, first: Date, step: u64) -> Result<Option<Date>, jiff::Error> {
    let count = i64::try_from(step * repetition.every).unwrap_or(i64::MAX);
    let from_end = match repetition.rhythm {
        Rhythm::Weeks => {
            return first.checked_add(Span::new().try_weeks(count)?).map(Some);
        }
        Rhythm::MonthsFromBeginning => false,
        Rhythm::MonthsFromEnd => true,
    };
    let nth = ordinal(first, from_end);
    let month = first
        .first_of_month()
        .checked_add(Span::new().try_months(count)?)?;
    Ok(month.nth_weekday_of_month(nth, first.weekday()).ok())
}

/// Which of its weekday a day is in its month: from 1, or from -1 counted from the end.
#[must_use]
pub fn ordinal(day: Date, from_end: bool) -> i8 {
    match from_end {
        false => (day.day() - 1) / 7 + 1,
        true => -((day.days_in_month() - day.day()) / 7 + 1),
    }
}

/// The end of a day of a zone: its last second.
#[must_use]
pub fn end_of_day(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    let next = day.checked_add(1.day()).ok()?;
    let midnight = moment(next, Time::midnight(), zone)?;
    Some(Timestamp(midnight.0.saturating_sub(1_000)))
}

#[cfg(test)]
mod tests {
    use domain::id::CircleId;
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        let instant: Instant = text.parse().unwrap();
        Timestamp(instant.as_millisecond() as u64)
    }

    fn gathering(start: &str, zone: &str, repetition: Option<Repetition>) -> Gathering {
        Gathering {
            gathering: None,
            circle: CircleId([1; 16]),
            title: "Call".to_owned(),
            start: at(start),
            minutes: 60,
            zone: zone.to_owned(),
            repetition,
            place: String::new(),
            cancelled: Vec::new(),
            ended: false,
        }
    }

    fn every(rhythm: Rhythm, every: u64, until: Until) -> Option<Repetition> {
        Some(Repetition {
            rhythm,
            every,
            until,
        })
    }

    fn starts(gathering: &Gathering, from: &str, to: &str) -> Vec<String> {
        let found = occurrences(gathering, at(from), at(to), 100);
        let text = |one: &Occurrence| instant(one.start).strftime("%Y-%m-%dT%H:%M").to_string();
        found.iter().map(text).collect()
    }

    #[test]
    fn it_keeps_its_time_of_day_when_clocks_are_changed() {
        let weekly = every(Rhythm::Weeks, 1, Until::Open);
        let call = gathering("2026-03-19T17:00:00Z", "Europe/Madrid", weekly);
        let found = starts(&call, "2026-03-19T00:00:00Z", "2026-04-10T00:00:00Z");
        // 18:00 in Madrid, whose clocks went forward on 29 March.
        let expected = [
            "2026-03-19T17:00",
            "2026-03-26T17:00",
            "2026-04-02T16:00",
            "2026-04-09T16:00",
        ];
        assert_eq!(found, expected);
        let east = gathering("2026-10-20T14:00:00Z", "America/Toronto", weekly);
        let found = starts(&east, "2026-10-26T00:00:00Z", "2026-11-12T00:00:00Z");
        let expected = ["2026-10-27T14:00", "2026-11-03T15:00", "2026-11-10T15:00"];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_hour_that_is_left_out_or_comes_twice_has_one_beginning() {
        let weekly = every(Rhythm::Weeks, 1, Until::Open);
        // 02:30 in Berlin; on 29 March 2026 there is none, on 25 October there are two.
        let night = gathering("2026-03-22T01:30:00Z", "Europe/Berlin", weekly);
        let found = starts(&night, "2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z");
        assert_eq!(found, ["2026-03-29T01:30"]);
        let found = starts(&night, "2026-10-24T00:00:00Z", "2026-10-26T00:00:00Z");
        assert_eq!(found, ["2026-10-25T00:30"]);
        let second = gathering("2026-10-25T01:30:00Z", "Europe/Berlin", weekly);
        let found = starts(&second, "2026-10-24T00:00:00Z", "2026-11-02T00:00:00Z");
        assert_eq!(
            found,
            ["2026-10-25T01:30", "2026-11-01T01:30"],
            "the first as it says"
        );
    }

    #[test]
    fn months_go_by_the_weekday_from_their_beginning_or_end() {
        let (from, to) = ("2026-01-01T00:00:00Z", "2026-06-30T00:00:00Z");
        let monthly = every(Rhythm::MonthsFromBeginning, 1, Until::Open);
        let second = gathering("2026-01-13T10:00:00Z", "UTC", monthly);
        let days = ["01-13", "02-10", "03-10", "04-14", "05-12", "06-09"];
        let days = days.map(|day| format!("2026-{day}T10:00"));
        assert_eq!(starts(&second, from, to), days);
        // A fifth Thursday is in January and April only.
        let fifth = gathering("2026-01-29T10:00:00Z", "UTC", monthly);
        let days = ["01-29", "04-30"].map(|day| format!("2026-{day}T10:00"));
        assert_eq!(starts(&fifth, from, to), days);
        let last = every(Rhythm::MonthsFromEnd, 2, Until::Open);
        let last = gathering("2026-01-29T10:00:00Z", "UTC", last);
        let days = ["01-29", "03-26", "05-28"].map(|day| format!("2026-{day}T10:00"));
        assert_eq!(starts(&last, from, to), days);
    }

    #[test]
    fn it_ends_after_a_count_on_a_day_or_when_called_off() {
        let (from, to) = ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        let thrice = every(Rhythm::Weeks, 2, Until::Count(3));
        let mut call = gathering("2026-01-06T10:00:00Z", "UTC", thrice);
        assert_eq!(starts(&call, from, to).len(), 3);
        let last = day_number(date(2026, 1, 20)).unwrap();
        call.repetition = every(Rhythm::Weeks, 1, Until::Day(last));
        assert_eq!(starts(&call, from, to).len(), 3);
        call.cancelled = vec![day_number(date(2026, 1, 13)).unwrap()];
        let found = occurrences(&call, at(from), at(to), 9);
        let cancelled: Vec<bool> = found.iter().map(|one| one.is_cancelled).collect();
        assert_eq!(cancelled, [false, true, false]);
        call.ended = true;
        assert!(starts(&call, from, to).is_empty());
    }

    #[test]
    fn an_unknown_zone_is_taken_as_utc() {
        let call = gathering("2026-01-06T10:00:00Z", "Mars/Olympus", None);
        let found = starts(&call, "2026-01-06T10:59:00Z", "2026-01-07T00:00:00Z");
        assert_eq!(found, ["2026-01-06T10:00"], "it still goes on");
        assert!(starts(&call, "2026-01-06T11:00:00Z", "2026-01-07T00:00:00Z").is_empty());
    }

    proptest! {
        /// What lies far ahead is found without counting there, and is the same.
        #[test]
        fn a_window_shows_what_the_whole_shows(
            start in 0_u64..4_000_000_000_000,
            rhythm in 0_usize..3,
            step in 1_u64..=52,
            after_days in 0_u64..20_000,
            minutes in 1_u64..=10_080,
        ) {
            let rhythms = [Rhythm::Weeks, Rhythm::MonthsFromBeginning, Rhythm::MonthsFromEnd];
            let mut call = gathering("2026-01-06T10:00:00Z", "Europe/Paris", None);
            call.start = Timestamp(start);
            call.minutes = minutes;
            call.repetition = every(rhythms[rhythm], step, Until::Open);
            let from = Timestamp(start).plus_seconds(after_days * 86_400);
            let to = from.plus_seconds(400 * 86_400);
            let whole = occurrences(&call, Timestamp(0), to, usize::MAX);
            let expected: Vec<_> = whole.into_iter().filter(|one| one.end > from).collect();
            prop_assert_eq!(occurrences(&call, from, to, usize::MAX), expected.clone());
            let sorted = expected.is_sorted_by(|one, next| one.start < next.start);
            prop_assert!(sorted);
        }
    }
}

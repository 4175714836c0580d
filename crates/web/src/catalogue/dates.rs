//! Dates, times of day and lengths of time.

use super::*;

/// Names of the days, Monday first.
const ENGLISH_DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
/// Names of the months, January first.
const ENGLISH_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Language {
    /// The name of a day of the week; Monday is 0.
    pub(crate) fn weekday(self, day: usize) -> &'static str {
        match self {
            Self::English => ENGLISH_DAYS[day % 7],
        }
    }

    /// The short name of a day of the week; Monday is 0.
    pub(crate) fn weekday_short(self, day: usize) -> &'static str {
        match self {
            Self::English => &ENGLISH_DAYS[day % 7][..3],
        }
    }

    /// The name of a month; January is 0.
    pub(crate) fn month(self, month: usize) -> &'static str {
        match self {
            Self::English => ENGLISH_MONTHS[month % 12],
        }
    }

    /// The short name of a month; January is 0.
    pub(crate) fn month_short(self, month: usize) -> &'static str {
        match self {
            Self::English => &ENGLISH_MONTHS[month % 12][..3],
        }
    }
}

messages! {
    at_today(time) { English: "today, {time}" }
    at_yesterday(time) { English: "yesterday, {time}" }
    at_weekday(weekday, time) { English: "{weekday} {time}" }
    at_day(weekday, day, month, time) { English: "{weekday} {day} {month}, {time}" }
    at_date(day, month, year, time) { English: "{day} {month} {year}, {time}" }
    day_of_year(day, month, year) { English: "{day} {month} {year}" }
    deadline_zoned(when, utc) { English: "<strong>{when}</strong> your time ({utc} UTC)" }
    deadline_utc(when) { English: "<strong>{when} UTC</strong>" }
    deadline_short_zoned(when, utc) { English: "{when} ({utc} UTC)" }
    deadline_short_utc(when) { English: "{when} UTC" }
    anywhere_zoned(weekday, date, time, zone, utc) { English: "{weekday} {date}, {time} {zone} ({utc} UTC)" }
    anywhere_utc(weekday, date, time) { English: "{weekday} {date}, {time} UTC" }
    two_units(large, small) { English: "{large} {small}" }
    time_ago(length) { English: "{length} ago" }
}

plurals! {
    days[count]() { English: one "{count} day" other "{count} days" }
    hours[count]() { English: one "{count} hour" other "{count} hours" }
    minutes[count]() { English: one "{count} minute" other "{count} minutes" }
    seconds[count]() { English: one "{count} second" other "{count} seconds" }
}

//! Times as a reader meets them: in the reader's zone, with UTC beside deadlines, never relative
//! alone. Zone data is compiled in, so that a page looks the same on every machine.

use domain::id::Timestamp;
use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, Zoned};
use maud::{Markup, PreEscaped, html};

use crate::catalogue::Language;

/// A zone of the world, by its name in the zone database.
#[derive(Debug, Clone)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// Coordinated universal time: what a reader gets who has not chosen.
    #[must_use]
    pub fn utc() -> Self {
        Self {
            name: "UTC".to_owned(),
            zone: TimeZone::UTC,
        }
    }

    /// The zone of a name such as `Europe/Berlin`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        if name == "UTC" {
            return Some(Self::utc());
        }
        let zone = jiff::tz::db().get(name).ok()?;
        Some(Self {
            name: zone.iana_name().unwrap_or(name).to_owned(),
            zone,
        })
    }

    /// Every zone that can be chosen, UTC first.
    #[must_use]
    pub fn all() -> Vec<String> {
        let regions = [
            "Africa/",
            "America/",
            "Asia/",
            "Atlantic/",
            "Australia/",
            "Europe/",
        ];
        let oceans = ["Indian/", "Pacific/"];
        let mut names: Vec<String> = jiff::tz::db()
            .available()
            .map(|name| name.as_str().to_owned())
            .filter(|name| {
                regions
                    .iter()
                    .chain(&oceans)
                    .any(|start| name.starts_with(start))
            })
            .collect();
        names.sort();
        names.insert(0, "UTC".to_owned());
        names
    }

    /// The zone's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether times of this zone are UTC anyway.
    #[must_use]
    pub fn is_utc(&self) -> bool {
        self.name == "UTC"
    }
}

/// What is needed to write a time: the language, the reader's zone, and now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock<'a> {
    pub say: Language,
    pub zone: &'a Zone,
    pub now: Timestamp,
}

fn instant(at: Timestamp) -> Instant {
    let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
    Instant::from_millisecond(ms).unwrap_or(Instant::MAX)
}

fn clock_time(at: &Zoned) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

impl Clock<'_> {
    fn local(&self, at: Timestamp) -> Zoned {
        instant(at).to_zoned(self.zone.zone.clone())
    }

    /// Whole days from today to the day of `at`; negative in the past.
    fn days_away(&self, local: &Zoned) -> i64 {
        let today = self.local(self.now).date();
        let start = today.to_zoned(TimeZone::UTC);
        let end = local.date().to_zoned(TimeZone::UTC);
        match (start, end) {
            (Ok(start), Ok(end)) => {
                (end.timestamp().as_second() - start.timestamp().as_second()).div_euclid(24 * 3600)
            }
            _ => i64::MAX,
        }
    }

    fn element(&self, at: Timestamp, words: Markup) -> Markup {
        let utc = instant(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        html! { time datetime=(utc) { (words) } }
    }

    fn dated(&self, at: Timestamp, long: bool) -> Markup {
        let local = self.local(at);
        let time = clock_time(&local);
        let say = self.say;
        if self.days_away(&local) == 0 {
            return say.at_today(time);
        }
        let weekday = local.weekday().to_monday_zero_offset().unsigned_abs() as usize;
        let month = local.month().unsigned_abs() as usize - 1;
        let day = local.day();
        if local.year() != self.local(self.now).year() {
            return say.at_date(day, say.month_short(month), local.year(), time);
        }
        if long {
            say.at_day(say.weekday(weekday), day, say.month(month), time)
        } else {
            say.at_day(
                say.weekday_short(weekday),
                day,
                say.month_short(month),
                time,
            )
        }
    }

    /// The time of day in UTC, with the day where it is another one there.
    fn utc_beside(&self, at: Timestamp) -> Markup {
        let utc = instant(at).to_zoned(TimeZone::UTC);
        let time = clock_time(&utc);
        if utc.date() == self.local(at).date() {
            return PreEscaped(time);
        }
        let weekday = utc.weekday().to_monday_zero_offset().unsigned_abs() as usize;
        self.say.at_weekday(self.say.weekday_short(weekday), time)
    }

    /// A deadline in full, in the reader's zone and in UTC.
    pub fn deadline(&self, at: Timestamp) -> Markup {
        let when = self.element(at, self.dated(at, true));
        if self.zone.is_utc() {
            return self.say.deadline_utc(when);
        }
        self.say.deadline_zoned(when, self.utc_beside(at))
    }

    /// A deadline in a list: short, with UTC.
    pub fn deadline_short(&self, at: Timestamp) -> Markup {
        let when = self.element(at, self.dated(at, false));
        if self.zone.is_utc() {
            return self.say.deadline_short_utc(when);
        }
        self.say.deadline_short_zoned(when, self.utc_beside(at))
    }

    /// When something happened: today, yesterday, a weekday within six days, then the date.
    pub fn past(&self, at: Timestamp) -> Markup {
        let local = self.local(at);
        let time = clock_time(&local);
        let words = match self.days_away(&local) {
            -1 => self.say.at_yesterday(time),
            -6..=-2 => {
                let weekday = local.weekday().to_monday_zero_offset().unsigned_abs() as usize;
                self.say.at_weekday(self.say.weekday_short(weekday), time)
            }
            _ => self.dated(at, false),
        };
        self.element(at, words)
    }

    /// The day of a time, for dates whose hour does not matter.
    pub fn day(&self, at: Timestamp) -> Markup {
        let local = self.local(at);
        let month = local.month().unsigned_abs() as usize - 1;
        let words = self
            .say
            .day_of_year(local.day(), self.say.month(month), local.year());
        self.element(at, words)
    }

    /// The time of day now, in the reader's zone with its name.
    pub fn time_now(&self) -> Markup {
        let local = self.local(self.now);
        let zone = local.strftime("%Z").to_string();
        let words = format!("{} {zone}", clock_time(&local));
        self.element(self.now, html! { (words) })
    }

    /// The time of day now in UTC, unless that is the reader's zone.
    pub fn time_now_utc(&self) -> Option<String> {
        let utc = clock_time(&instant(self.now).to_zoned(TimeZone::UTC));
        (!self.zone.is_utc()).then(|| format!("{utc} UTC"))
    }

    /// How long until `at`, in two units; nothing once it is past.
    pub fn left(&self, at: Timestamp) -> Option<Markup> {
        let ms = at.0.checked_sub(self.now.0).filter(|ms| *ms > 0)?;
        Some(self.length(ms.div_ceil(1000)))
    }

    /// How long since `at`, in two units.
    pub fn since(&self, at: Timestamp) -> Markup {
        self.say
            .time_ago(self.length(self.now.0.saturating_sub(at.0) / 1000))
    }

    /// A length of time in two units at most.
    pub fn length(&self, seconds: u64) -> Markup {
        let say = self.say;
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
        let (large, count, small) = match (days, hours, minutes) {
            (1.., _, _) => (say.days(days), hours % 24, say.hours(hours % 24)),
            (0, 1.., _) => (say.hours(hours), minutes % 60, say.minutes(minutes % 60)),
            (0, 0, 1..) => (
                say.minutes(minutes),
                seconds % 60,
                say.seconds(seconds % 60),
            ),
            (0, 0, 0) => (say.seconds(seconds), 0, Markup::default()),
        };
        if count == 0 {
            large
        } else {
            say.two_units(large, small)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sunday 22 November 2026, 13:00 UTC.
    const NOW: Timestamp = Timestamp(1_795_352_400_000);
    const HOUR_MS: u64 = 3_600_000;

    fn text(markup: Markup) -> String {
        markup.into_string()
    }

    fn later(hours: u64) -> Timestamp {
        Timestamp(NOW.0 + hours * HOUR_MS)
    }

    #[test]
    fn a_deadline_is_in_the_readers_zone_with_utc_beside_it() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let clock = Clock {
            say: Language::English,
            zone: &zone,
            now: NOW,
        };
        let words = text(clock.deadline(later(52)));
        assert!(words.contains("Tuesday 24 November, 18:00"), "{words}");
        assert!(words.contains("(17:00 UTC)"), "{words}");
        assert!(
            words.contains("datetime=\"2026-11-24T17:00:00Z\""),
            "{words}"
        );
    }

    #[test]
    fn utc_names_its_day_where_it_is_another_one() {
        let zone = Zone::named("Pacific/Auckland").unwrap();
        let clock = Clock {
            say: Language::English,
            zone: &zone,
            now: NOW,
        };
        let words = text(clock.deadline_short(later(30)));
        assert!(
            words.contains("Tue 24 Nov, 08:00") && words.contains("(Mon 19:00 UTC)"),
            "{words}"
        );
    }

    #[test]
    fn a_reader_without_a_zone_is_told_that_times_are_utc() {
        let zone = Zone::utc();
        let clock = Clock {
            say: Language::English,
            zone: &zone,
            now: NOW,
        };
        assert!(text(clock.deadline(later(1))).contains("14:00</time> UTC"));
    }

    #[test]
    fn what_is_left_is_said_in_two_units() {
        let zone = Zone::utc();
        let clock = Clock {
            say: Language::English,
            zone: &zone,
            now: NOW,
        };
        let left = |ms: u64| clock.left(Timestamp(NOW.0 + ms)).map(text);
        assert_eq!(left(52 * HOUR_MS).as_deref(), Some("2 days 4 hours"));
        assert_eq!(left(61_000).as_deref(), Some("1 minute 1 second"));
        assert_eq!(left(HOUR_MS).as_deref(), Some("1 hour"));
        assert_eq!(left(400).as_deref(), Some("1 second"));
        assert_eq!(left(0), None);
    }

    #[test]
    fn the_past_is_today_yesterday_a_weekday_then_a_date() {
        let zone = Zone::utc();
        let clock = Clock {
            say: Language::English,
            zone: &zone,
            now: NOW,
        };
        let past = |hours: u64| text(clock.past(Timestamp(NOW.0 - hours * HOUR_MS)));
        assert!(past(1).contains("today, 12:00"));
        assert!(past(20).contains("yesterday, 17:00"));
        assert!(past(72).contains("Thu 13:00"));
        assert!(past(24 * 30).contains("Fri 23 Oct, 13:00"));
        assert!(past(24 * 400).contains("2025, 13:00"));
    }

    #[test]
    fn every_offered_zone_can_be_chosen() {
        assert!(Zone::all().len() > 100);
        assert!(Zone::all().iter().all(|name| Zone::named(name).is_some()));
        assert!(Zone::named("Mars/Olympus").is_none());
    }
}

//! Times as a reader meets them: in the reader's zone, with UTC beside deadlines, never relative
//! alone. Zone data is compiled in, so that a page looks the same on every machine.

use domain::id::Timestamp;
use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, Zoned};
use maud::{Markup, PreEscaped, html};

use crate::catalogue::{Language, Plain};

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

    /// When it last was this hour in the zone, now at the latest. Where summer time leaves the
    /// hour out, the moment after the gap stands for it.
    #[must_use]
    pub fn last_at(&self, now: Timestamp, hour: u8) -> Timestamp {
        let today = instant(now).to_zoned(self.zone.clone()).date();
        let hour = i8::try_from(hour.min(23)).unwrap_or(0);
        let at = |date: jiff::civil::Date| {
            let zoned = date.at(hour, 0, 0, 0).to_zoned(self.zone.clone()).ok()?;
            let at = Timestamp(u64::try_from(zoned.timestamp().as_millisecond()).ok()?);
            (at <= now).then_some(at)
        };
        let yesterday = || at(today.yesterday().ok()?);
        at(today).or_else(yesterday).unwrap_or_default()
    }

    /// The zone's rules.
    pub(crate) fn rules(&self) -> &TimeZone {
        &self.zone
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

/// A time in UTC for programs; `format` as in C's `strftime`.
pub(crate) fn utc_text(at: Timestamp, format: &str) -> String {
    instant(at).strftime(format).to_string()
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
        let utc = utc_text(at, "%Y-%m-%dT%H:%M:%SZ");
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

    /// A time for what is read on another day and elsewhere, such as a mail: its date in full, in
    /// the reader's zone and in UTC, without markup.
    pub fn anywhere(&self, at: Timestamp) -> String {
        let local = self.local(at);
        let weekday = local.weekday().to_monday_zero_offset().unsigned_abs() as usize;
        let month = local.month().unsigned_abs() as usize - 1;
        let (say, time) = (self.say, clock_time(&local));
        let date = say.day_of_year(local.day(), say.month(month), local.year());
        let words = if self.zone.is_utc() {
            say.anywhere_utc(say.weekday(weekday), date, time)
        } else {
            let zone = Plain(self.zone.name());
            say.anywhere_zoned(say.weekday(weekday), date, time, zone, self.utc_beside(at))
        };
        words.into_string()
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
        self.element(at, PreEscaped(self.day_words(at)))
    }

    /// The same without markup.
    pub fn day_words(&self, at: Timestamp) -> String {
        let local = self.local(at);
        let month = local.month().unsigned_abs() as usize - 1;
        let say = self.say;
        let words = say.day_of_year(local.day(), say.month(month), local.year());
        words.into_string()
    }

    /// The day of a time as forms write it.
    pub fn day_value(&self, at: Timestamp) -> String {
        self.local(at).date().to_string()
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
    fn a_time_for_a_mail_has_its_date_zone_and_utc_without_markup() {
        let (berlin, utc) = (Zone::named("Europe/Berlin").unwrap(), Zone::utc());
        let mut clock = Clock {
            say: Language::English,
            zone: &berlin,
            now: NOW,
        };
        assert_eq!(
            clock.anywhere(later(2)),
            "Sunday 22 November 2026, 16:00 Europe/Berlin (15:00 UTC)"
        );
        clock.zone = &utc;
        assert_eq!(
            clock.anywhere(later(2)),
            "Sunday 22 November 2026, 15:00 UTC"
        );
    }

    #[test]
    fn an_hour_of_the_day_is_the_zones_own() {
        let at = |name: &str, hour| Zone::named(name).unwrap().last_at(NOW, hour);
        // 13:00 UTC is 14:00 in Berlin and 02:00 of Monday in Auckland.
        assert_eq!(at("Europe/Berlin", 14), NOW);
        assert_eq!(at("Europe/Berlin", 15), Timestamp(NOW.0 - 23 * HOUR_MS));
        assert_eq!(at("Pacific/Auckland", 2), NOW);
        assert_eq!(at("UTC", 8), Timestamp(NOW.0 - 5 * HOUR_MS));
        // On 29 March 2026 Berlin's clocks went from 02:00 to 03:00.
        let spring = Timestamp(1_774_746_000_000);
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let found = berlin.last_at(spring.plus_seconds(3_600), 2);
        assert_eq!(found, spring);
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

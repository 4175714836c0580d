//! Where the laboratory takes its time from, so that tests need not wait.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970.
    fn now_ms(&self) -> u64;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

/// A clock that is moved by hand.
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that stands.
    pub fn at(now_ms: u64) -> Self {
        Self(AtomicU64::new(now_ms))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by_ms: u64) {
        self.0.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A time as servers write it for people: `Tue Nov 14 22:13:20 UTC 2023`.
pub(super) fn for_people(now_ms: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let seconds = now_ms / 1_000;
    let days = seconds / 86_400;
    let name = DAYS[(days % 7) as usize];
    let (mut year, mut left) = (1970_u64, days);
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let in_year = |year| if is_leap(year) { 366 } else { 365 };
    while left >= in_year(year) {
        left -= in_year(year);
        year += 1;
    }
    let mut month = 0;
    let in_month = |month: usize| match month {
        1 if is_leap(year) => 29,
        1 => 28,
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    };
    while left >= in_month(month) {
        left -= in_month(month);
        month += 1;
    }
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let (month, day) = (MONTHS[month], left + 1);
    format!("{name} {month} {day:02} {hour:02}:{minute:02}:{second:02} UTC {year}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_servers_write_them() {
        assert_eq!(for_people(0), "Thu Jan 01 00:00:00 UTC 1970");
        assert_eq!(
            for_people(1_531_155_809_613),
            "Mon Jul 09 17:03:29 UTC 2018"
        );
        assert_eq!(
            for_people(1_709_164_800_000),
            "Thu Feb 29 00:00:00 UTC 2024"
        );
        assert_eq!(
            for_people(1_735_689_599_000),
            "Tue Dec 31 23:59:59 UTC 2024"
        );
    }
}

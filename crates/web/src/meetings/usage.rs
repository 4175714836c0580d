//! What was used of servers in a month, by member, tenant and server, as the owners of the servers
//! measured and recorded it. Months are those of UTC.

use std::{collections::BTreeMap, fmt, ops::Range};

use domain::id::{MemberId, ServerId, TenantId, Timestamp};
use jiff::civil::Date;
use replica::view::{Meetings, Used};

/// A month of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    first: Date,
}

impl Month {
    /// The month of a moment.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
        let instant = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::MAX);
        let date = instant.to_zoned(jiff::tz::TimeZone::UTC).date();
        Self {
            first: date.first_of_month(),
        }
    }

    /// Reads a month such as `2026-11`, from 1970 on.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let is_figure = |text: &str, length| {
            text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !is_figure(year, 4) || !is_figure(month, 2) {
            return None;
        }
        let (year, month) = (year.parse().ok()?, month.parse().ok()?);
        let first = Date::new(year, month, 1).ok()?;
        (year >= 1970).then_some(Self { first })
    }

    /// The month after, unless time ends.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        let first = self.first.last_of_month().tomorrow().ok()?;
        Some(Self { first })
    }

    /// The month before, unless it is the first of all.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        let last = self.first.yesterday().ok()?;
        let first = last.first_of_month();
        (first.year() >= 1970).then_some(Self { first })
    }

    /// The number of the month, from 0 for January, and the year.
    #[must_use]
    pub fn number_and_year(self) -> (usize, i16) {
        let number = usize::from(self.first.month().unsigned_abs()) - 1;
        (number, self.first.year())
    }

    /// Its days, counted from 1970-01-01.
    #[must_use]
    pub fn days(self) -> Range<u64> {
        let day = |date: Date| {
            let since = date.since(Date::constant(1970, 1, 1));
            since.map_or(0, |span| u64::try_from(span.get_days()).unwrap_or(0))
        };
        let first = day(self.first);
        first..first + u64::from(self.first.days_in_month().unsigned_abs())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.first.year(), self.first.month())
    }
}

/// What one tenant used of one server in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The member the tenant belonged to.
    pub member: MemberId,
    /// The tenant.
    pub tenant: TenantId,
    /// The server.
    pub server: ServerId,
    /// The server's owner, which measured it.
    pub owner: MemberId,
    /// What was used; the peak is the highest of any day.
    pub used: Used,
}

/// Adds what was used: minutes and meetings are summed, of peaks the highest counts, because those of
/// different servers need not be of one moment.
pub fn add(sum: &mut Used, used: &Used) {
    sum.meetings = sum.meetings.saturating_add(used.meetings);
    sum.participant_minutes = sum
        .participant_minutes
        .saturating_add(used.participant_minutes);
    sum.peak = sum.peak.max(used.peak);
}

/// What was used in a month, by member, tenant, server and who measured it.
#[must_use]
pub fn rows(meetings: &Meetings, month: Month) -> Vec<Row> {
    let days = month.days();
    let mut sums: BTreeMap<(MemberId, TenantId, ServerId, MemberId), Used> = BTreeMap::new();
    // Keys are in the order of their days.
    let of_month = meetings
        .usage
        .iter()
        .filter(|(key, _)| days.contains(&key.day));
    for (key, used) in of_month {
        let place = (key.member, key.tenant, key.server, key.owner);
        add(sums.entry(place).or_default(), used);
    }
    let row = |((member, tenant, server, owner), used)| Row {
        member,
        tenant,
        server,
        owner,
        used,
    };
    sums.into_iter().map(row).collect()
}

/// A cell of a table that programs read (RFC 4180). What a program for tables would take for a formula
/// is made text.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    match text.contains([',', '"', '\r', '\n', ';']) || is_formula {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

/// Lines of cells, each ended as RFC 4180 has it.
#[must_use]
pub fn csv<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut text = head.join(",");
    text.push_str("\r\n");
    for row in rows {
        let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        Month::parse(text).unwrap()
    }

    #[test]
    fn months_follow_each_other_and_have_their_days() {
        assert_eq!(month("2026-12").next(), Some(month("2027-01")));
        assert_eq!(month("2024-03").previous(), Some(month("2024-02")));
        assert_eq!(month("2024-02").days().count(), 29);
        assert_eq!(month("1970-01").days(), 0..31);
        assert_eq!(month("1970-01").previous(), None);
        assert_eq!(month("9999-12").next(), None);
        assert_eq!(
            month("2026-11").days().start,
            Timestamp(1_793_491_200_000).day()
        );
        assert_eq!(Month::of(Timestamp(1_793_491_200_000)), month("2026-11"));
        assert_eq!(Month::of(Timestamp(1_793_491_199_999)), month("2026-10"));
        for wrong in [
            "",
            "2026",
            "2026-13",
            "2026-1",
            "+026-01",
            "1969-12",
            "2026-11-01",
        ] {
            assert_eq!(Month::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        for (text, expected) in [
            ("Co-op", "Co-op"),
            ("a, b", "\"a, b\""),
            ("the \"best\"", "\"the \"\"best\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("@x", "\"'@x\""),
            ("-1+1", "\"'-1+1\""),
            ("+1", "\"'+1\""),
        ] {
            assert_eq!(cell(text), expected);
        }
        let table = csv(["a", "b"], [["1".to_owned(), "x,y".to_owned()]].into_iter());
        assert_eq!(table, "a,b\r\n1,\"x,y\"\r\n");
    }
}

//! Usage: minutes of people in meetings, by server and tenant, measured with each poll and recorded by
//! the owner.

use std::collections::BTreeMap;

use domain::{
    id::{MemberId, ServerId, TenantId, Timestamp},
    record::{USAGE_ROWS_MAX, Usage, UsageRow},
};

/// How often what was used is recorded, in milliseconds.
pub const RECORD_MS: u64 = 900_000;
/// The longest stretch between two polls that counts as one: beyond that nobody looked.
const STRETCH_MS_MAX: u64 = 60_000;
/// A minute of one person, in milliseconds.
const MINUTE_MS: u64 = 60_000;

#[derive(Debug, Default)]
struct Count {
    member: Option<MemberId>,
    /// How long people were counted, in milliseconds.
    counted_ms: u64,
    meetings: u64,
    person_ms: u64,
    peak: u64,
}

/// What was used since it was last recorded.
#[derive(Debug, Default)]
pub struct Meter {
    counts: BTreeMap<(ServerId, TenantId), Count>,
    from: Option<Timestamp>,
}

impl Meter {
    /// A meeting of a tenant begins on a server.
    pub fn begun(&mut self, server: ServerId, (tenant, member): (TenantId, MemberId)) {
        let count = self.counts.entry((server, tenant)).or_default();
        count.member = Some(member);
        count.meetings += 1;
    }

    /// So many people were in meetings of a tenant for so long.
    pub fn count(
        &mut self,
        server: ServerId,
        (tenant, member): (TenantId, MemberId),
        users: u32,
        elapsed_ms: u64,
    ) {
        let count = self.counts.entry((server, tenant)).or_default();
        count.member = Some(member);
        count.counted_ms = count
            .counted_ms
            .saturating_add(elapsed_ms.min(STRETCH_MS_MAX));
        count.person_ms += u64::from(users) * elapsed_ms.min(STRETCH_MS_MAX);
        count.peak = count.peak.max(u64::from(users));
    }

    /// Whether anything was used.
    #[must_use]
    pub fn has_something(&self) -> bool {
        !self.counts.is_empty()
    }

    /// The beginning of the stretch that is counted now.
    pub fn since(&mut self, now: Timestamp) -> Timestamp {
        *self.from.get_or_insert(now)
    }

    /// What was used until now, to be recorded; what is less than a minute stays for the next time.
    ///
    /// A wall clock may have been ahead when the stretch began, and set back since: then the stretch began
    /// as long ago as people were counted in it, by a clock that nobody sets.
    pub fn take(&mut self, now: Timestamp) -> Option<Usage> {
        let mut from = self.since(now);
        if from > now {
            let counted_ms = self.counts.values().map(|count| count.counted_ms).max();
            from = Timestamp(now.0.saturating_sub(counted_ms.unwrap_or_default()));
        }
        if from >= now {
            return None;
        }
        let mut rows = Vec::new();
        for ((server, tenant), count) in &mut self.counts {
            let Some(member) = count.member.filter(|_| rows.len() < USAGE_ROWS_MAX) else {
                continue;
            };
            let participant_minutes = count.person_ms / MINUTE_MS;
            if participant_minutes == 0 && count.meetings == 0 {
                continue;
            }
            rows.push(UsageRow {
                server: *server,
                tenant: *tenant,
                member,
                meetings: count.meetings,
                participant_minutes,
                peak: count.peak,
            });
            count.person_ms %= MINUTE_MS;
            (count.meetings, count.peak) = (0, 0);
        }
        for count in self.counts.values_mut() {
            count.counted_ms = 0;
        }
        self.counts
            .retain(|_, count| count.person_ms > 0 || count.meetings > 0);
        self.from = self.has_something().then_some(now);
        (!rows.is_empty()).then_some(Usage {
            from,
            until: now,
            rows,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: ServerId = ServerId([1; 16]);
    const TENANT: TenantId = TenantId([2; 16]);
    const MEMBER: MemberId = MemberId([3; 32]);

    #[test]
    fn minutes_add_up_over_records_without_loss() {
        let mut meter = Meter::default();
        assert_eq!(meter.since(Timestamp(1_000)), Timestamp(1_000));
        meter.begun(SERVER, (TENANT, MEMBER));
        let mut minutes = 0;
        for round in 1..=6 {
            // Seven people for half a minute each time: 3.5 minutes.
            meter.since(Timestamp(1_000 + (round - 1) * 30_000));
            meter.count(SERVER, (TENANT, MEMBER), 7, 30_000);
            let usage = meter
                .take(Timestamp(1_000 + round * 30_000))
                .expect("something");
            assert!(usage.rows.iter().all(|row| row.peak == 7));
            minutes += usage
                .rows
                .iter()
                .map(|row| row.participant_minutes)
                .sum::<u64>();
        }
        assert_eq!(minutes, 21);
        assert_eq!(meter.take(Timestamp(900_000)), None);
    }

    #[test]
    fn a_clock_that_was_ahead_and_is_set_back_hides_nothing() {
        let mut meter = Meter::default();
        let now = 1_000_000_000;
        meter.since(Timestamp(now + 86_400_000));
        for _ in 0..10 {
            meter.count(SERVER, (TENANT, MEMBER), 3, 60_000);
        }
        let usage = meter.take(Timestamp(now)).expect("something");
        assert_eq!(usage.rows[0].participant_minutes, 30);
        assert_eq!(
            (usage.from, usage.until),
            (Timestamp(now - 600_000), Timestamp(now))
        );
        meter.count(SERVER, (TENANT, MEMBER), 1, 90_000);
        assert_eq!(meter.since(Timestamp(now)), Timestamp(now));
        let usage = meter.take(Timestamp(now - 5_000)).expect("something");
        assert_eq!(usage.from, Timestamp(now - 65_000));
    }

    #[test]
    fn a_gap_between_polls_counts_for_a_minute_at_most() {
        let mut meter = Meter::default();
        meter.since(Timestamp(0));
        meter.count(SERVER, (TENANT, MEMBER), 10, 86_400_000);
        let usage = meter.take(Timestamp(86_400_000)).expect("something");
        assert_eq!(usage.rows[0].participant_minutes, 10);
    }
}

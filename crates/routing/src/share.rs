//! Fairness between members under pressure (placement, step 5): who uses more than its share meets a
//! lower limit, gradually.
//!
//! Until a ledger exists entitlements are equal. *Use* is processing on servers of other members: what
//! a member does on its own servers costs nobody. It counts the load of running meetings (measured or
//! predicted, whichever is greater) and the last load of meetings that ended within the hour, fading to
//! nothing, so that ending and starting again gains nothing.

use crate::{WHOLE_PPM, capacity::Load};

/// The limit of a member within its entitlement, and of an owner on its own servers.
pub const LIMIT_PPM: u64 = 950_000;
/// How much lower the limit becomes, at twice the entitlement and beyond.
pub const LIMIT_SLOPE_PPM: u64 = 150_000;
/// How long an ended meeting counts.
pub const RECENT_MS: u64 = 3_600_000;

/// What a member uses and may use, in thousandths of a unit of processing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// What it uses on servers of others.
    pub used_cpu_units_milli: u64,
    /// What it may use under pressure.
    pub entitled_cpu_units_milli: u64,
}

impl Standing {
    /// How full this member may make servers of others:
    /// 0.95 − 0.15 × clamp(use / entitlement − 1, 0, 1), the reduction rounded down.
    #[must_use]
    pub fn limit_ppm(self) -> u64 {
        let beyond = self
            .used_cpu_units_milli
            .saturating_sub(self.entitled_cpu_units_milli);
        if beyond == 0 {
            return LIMIT_PPM;
        }
        if beyond >= self.entitled_cpu_units_milli {
            return LIMIT_PPM - LIMIT_SLOPE_PPM;
        }
        let reduction = u128::from(LIMIT_SLOPE_PPM) * u128::from(beyond)
            / u128::from(self.entitled_cpu_units_milli);
        // Below the slope, since beyond is below the entitlement.
        LIMIT_PPM - u64::try_from(reduction).unwrap_or(LIMIT_SLOPE_PPM)
    }
}

/// A meeting of a member on a server of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// What it takes, or took when it ended.
    pub load: Load,
    /// How long ago it ended; none while it runs.
    pub ended_ms: Option<u64>,
}

/// What these meetings of one member amount to.
#[must_use]
pub fn used_cpu_units_milli(meetings: impl IntoIterator<Item = Used>) -> u64 {
    meetings.into_iter().fold(0, |sum, used| {
        let left_ms = RECENT_MS.saturating_sub(used.ended_ms.unwrap_or(0));
        let part = used.load.part(left_ms * WHOLE_PPM / RECENT_MS);
        u64::saturating_add(sum, part.cpu_units_milli)
    })
}

/// The equal share of each of the active members (those with any use, and the one that asks) in what
/// servers offer: for each server its processing and the part of it that is shared.
#[must_use]
pub fn entitled_cpu_units_milli(
    offered: impl IntoIterator<Item = (u64, u64)>,
    active_members: usize,
) -> u64 {
    let offered = offered
        .into_iter()
        .fold(0, |sum, (cpu_units_milli, share_ppm)| {
            let load = Load {
                cpu_units_milli,
                ..Load::ZERO
            };
            u64::saturating_add(sum, load.part(share_ppm.min(WHOLE_PPM)).cpu_units_milli)
        });
    offered / u64::try_from(active_members.max(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(used: u64, entitled: u64) -> u64 {
        let standing = Standing {
            used_cpu_units_milli: used,
            entitled_cpu_units_milli: entitled,
        };
        standing.limit_ppm()
    }

    #[test]
    fn the_limit_falls_gradually_beyond_the_entitlement() {
        let found = [0, 100, 101, 150, 199, 200, 300].map(|used| limit(used, 100));
        let expected = [
            950_000, 950_000, 948_500, 875_000, 801_500, 800_000, 800_000,
        ];
        assert_eq!(found, expected);
        assert_eq!(limit(1, 0), 800_000, "nothing is due to it");
        assert_eq!(limit(0, 0), 950_000);
        assert_eq!(limit(u64::MAX, u64::MAX / 2 + 1), 800_001);
    }

    #[test]
    fn an_ended_meeting_fades_within_the_hour() {
        let load = Load::typical(10);
        let used = |ended_ms| used_cpu_units_milli([Used { load, ended_ms }]);
        assert_eq!(used(None), load.cpu_units_milli);
        assert_eq!(used(Some(0)), load.cpu_units_milli);
        assert_eq!(used(Some(RECENT_MS / 2)), load.cpu_units_milli.div_ceil(2));
        assert_eq!(used(Some(RECENT_MS)), 0);
        assert_eq!(used(Some(u64::MAX)), 0);
    }

    #[test]
    fn active_members_are_entitled_to_equal_parts_of_what_is_offered() {
        let offered = [(1_000, WHOLE_PPM), (1_000, 500_000), (1_000, 0)];
        assert_eq!(entitled_cpu_units_milli(offered, 3), 500);
        assert_eq!(entitled_cpu_units_milli(offered, 0), 1_500);
    }
}

//! The timers of an open height. Nothing here reads a clock: the caller waits.

use domain::charter::Charter;

/// What a timer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wait {
    /// A proposal.
    Proposal,
    /// More prevotes, once a quorum has prevoted without agreeing.
    Prevotes,
    /// More precommits, once a quorum has precommitted without agreeing.
    Precommits,
    /// The next time to publish the own votes again.
    Republish,
}

/// A timer of an open height. Setting one that is set moves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timer {
    /// The height; a timer of another height has no effect.
    pub height: u64,
    /// The round; a timer of another round has no effect.
    pub round: u32,
    /// What it waits for.
    pub wait: Wait,
}

/// How long to wait, all in milliseconds, from the charter. Each wait of round r is its base plus
/// r times the increase, up to the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a proposal in round 0, its bytes and their judgement.
    pub proposal_ms: u64,
    /// For more votes in round 0.
    pub votes_ms: u64,
    /// What each round adds.
    pub increase_ms: u64,
    /// The longest wait of a round.
    pub longest_ms: u64,
    /// Between two publications of the same vote. Hours, for messages of the open height are kept
    /// and compared by all nodes anyway.
    pub republish_ms: u64,
}

impl Timeouts {
    /// Two minutes for a proposal, one for votes, one more per round up to an hour; again every
    /// six hours.
    pub const MINUTES: Timeouts = Timeouts {
        proposal_ms: 120_000,
        votes_ms: 60_000,
        increase_ms: 60_000,
        longest_ms: 3_600_000,
        republish_ms: 21_600_000,
    };

    /// What a charter gives: with its bound on how long news takes to reach everyone (180 seconds
    /// unless it says otherwise) a third of it for votes, two for a proposal. Never so short that a
    /// slow machine could not keep up.
    #[must_use]
    pub fn of(charter: &Charter) -> Self {
        let bound_ms = charter.terms().gossip_bound_seconds.saturating_mul(1_000);
        let third_ms = (bound_ms / 3).max(5_000);
        Self {
            proposal_ms: 2 * third_ms,
            votes_ms: third_ms,
            increase_ms: third_ms,
            longest_ms: 60 * third_ms,
            republish_ms: 360 * third_ms,
        }
    }

    /// How long that timer waits.
    #[must_use]
    pub fn wait_ms(&self, timer: &Timer) -> u64 {
        let base = match timer.wait {
            Wait::Proposal => self.proposal_ms,
            Wait::Prevotes | Wait::Precommits => self.votes_ms,
            Wait::Republish => return self.republish_ms,
        };
        let increase = self.increase_ms.saturating_mul(u64::from(timer.round));
        base.saturating_add(increase).min(self.longest_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_charter_gives_minutes_and_never_less_than_a_slow_machine_needs() {
        assert_eq!(Timeouts::of(&Charter::default()), Timeouts::MINUTES);
        let brief = Charter::from_toml("[gossip]\nbound-seconds = 1\n").unwrap();
        assert_eq!(Timeouts::of(&brief).votes_ms, 5_000);
        let slow = Charter::from_toml("[gossip]\nbound-seconds = 3600\n").unwrap();
        assert_eq!(Timeouts::of(&slow).proposal_ms, 2_400_000);
    }

    #[test]
    fn waits_grow_by_the_round_up_to_the_longest_and_never_overflow() {
        let wait = |wait, round| {
            let height = 1;
            Timeouts::MINUTES.wait_ms(&Timer {
                height,
                round,
                wait,
            })
        };
        assert_eq!(wait(Wait::Proposal, 0), 120_000);
        assert_eq!(wait(Wait::Proposal, 3), 300_000);
        assert_eq!(wait(Wait::Prevotes, 1), 120_000);
        // The engine's own table would stop at one minute.
        assert_eq!(wait(Wait::Precommits, 100), 3_600_000);
        assert_eq!(wait(Wait::Proposal, u32::MAX), 3_600_000);
        assert_eq!(wait(Wait::Republish, 50), 21_600_000);
    }
}

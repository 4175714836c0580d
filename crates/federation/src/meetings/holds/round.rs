//! One round of asking owners to hold a server: one after the other, until one does.

use std::collections::BTreeSet;

use domain::{id::ServerId, key::PublicKey};
use routing::Monotonic;

use super::Refusal;

/// How long an owner has to answer, in milliseconds: nobody waits for it.
const ANSWER_MS: u64 = 10_000;
/// Owners that are asked in one round at most.
const ASKS_MAX: usize = 16;
/// How long after a round without success the next one begins, in milliseconds; twice as long each time.
pub(super) const AGAIN_MS: u64 = 5 * 60_000;
/// And how long at most.
const AGAIN_MS_MAX: u64 = 3_600_000;

/// An owner that was asked and has not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    /// For which server.
    pub server: ServerId,
    /// Its node.
    pub node: PublicKey,
    /// Until when it is waited for.
    pub until: Monotonic,
}

/// What came of a round so far.
#[derive(Debug, Default)]
pub(super) struct Round {
    /// Servers that are not asked for in this round, or not again.
    left_out: BTreeSet<ServerId>,
    asks: usize,
    /// Who is waited for.
    pub waits: Option<Asked>,
    /// The refusal that would take most people; of equal ones the first, of the best server.
    pub refused: Option<(Refusal, u32)>,
}

impl Round {
    /// A round that does not ask for this server.
    pub fn without(server: Option<ServerId>) -> Self {
        Self {
            left_out: server.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Whether this server may be asked for.
    pub fn may_ask(&self, server: &ServerId) -> bool {
        self.asks < ASKS_MAX && !self.left_out.contains(server)
    }

    /// An owner is asked.
    pub fn ask(&mut self, now: Monotonic, server: ServerId, node: PublicKey) {
        self.left_out.insert(server);
        self.asks += 1;
        let until = now.plus_ms(ANSWER_MS);
        self.waits = Some(Asked {
            server,
            node,
            until,
        });
    }

    /// Whether this node is waited for, for this server.
    pub fn waits_for(&self, node: &PublicKey, server: &ServerId) -> bool {
        let waits = self.waits.as_ref();
        waits.is_some_and(|asked| asked.node == *node && asked.server == *server)
    }

    /// An owner refused.
    pub fn refuse(&mut self, why: Refusal, possible_users: u32) {
        self.waits = None;
        if self.refused.is_none_or(|(_, most)| possible_users > most) {
            self.refused = Some((why, possible_users));
        }
    }
}

/// How long after so many rounds without success the next one begins, in milliseconds.
pub(super) fn again_ms(rounds: u32) -> u64 {
    let times = 1_u64 << rounds.saturating_sub(1).min(10);
    AGAIN_MS.saturating_mul(times).min(AGAIN_MS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_without_success_become_rarer() {
        let minutes = [0, 1, 2, 3, 4, 5, u32::MAX].map(|rounds| again_ms(rounds) / 60_000);
        assert_eq!(minutes, [5, 5, 10, 20, 40, 60, 60]);
    }

    #[test]
    fn the_refusal_that_would_take_most_people_is_told() {
        let mut round = Round::default();
        for (why, most) in [
            (Refusal::Full, 20),
            (Refusal::TooMany, 20),
            (Refusal::Entitlement, 80),
            (Refusal::Unused, 0),
        ] {
            round.refuse(why, most);
        }
        assert_eq!(round.refused, Some((Refusal::Entitlement, 80)));
    }
}

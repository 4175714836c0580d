//! The state of a phase, with nothing in it that cannot change an outcome.

use super::{BALLOTS_MAX, HONEST_MAX, KINDS_MAX};
use crate::knowledge::{count, sizes};

/// Where the phase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Before T + e: some honest validator's clock is still before T.
    Voting,
    /// After T + e: no honest validator gives a receipt any more.
    Late,
    /// Connected only: the honest manifests are out, this step of the seals runs.
    Step(u8),
    /// Connected only: the honest seals are signed.
    Sealed,
}

/// What has happened. Sets of honest validators are masks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    pub stage: Stage,
    /// By ballot: who gave a receipt.
    pub given: [u8; BALLOTS_MAX],
    /// By ballot: who holds it.
    pub held: [u8; BALLOTS_MAX],
    /// By honest validator: the rows in its manifest, at most one.
    pub manifests: [Option<u8>; HONEST_MAX],
    /// By kind of the liar's manifest: who accepted it, in an earlier step everyone or nobody.
    pub accepted: [u8; KINDS_MAX],
    /// By honest validator: the rows in the manifests its seal names.
    pub seals: [Option<u8>; HONEST_MAX],
}

impl State {
    /// Forgets whose receipts and holds there are, but not whether they are enough.
    pub fn forget_receipts(&mut self, everyone: u8, liars: usize) {
        for ballot in 0..BALLOTS_MAX {
            let secured = count(self.held[ballot]) + liars >= sizes().securing();
            self.held[ballot] = if secured { everyone } else { 0 };
            self.given[ballot] = if self.given[ballot] == 0 { 0 } else { everyone };
        }
    }

    /// The same state with the honest validators in a fixed order.
    pub fn in_order(self, honest: usize) -> Self {
        let mut order: [usize; HONEST_MAX] = std::array::from_fn(|one| one);
        let part = |sets: &[u8], one: usize| {
            let bit = |mask: u32, set: &u8| mask << 1 | u32::from(set >> one & 1);
            sets.iter().fold(0, bit)
        };
        order[..honest].sort_by_key(|one| {
            (
                (self.manifests[*one], self.seals[*one]),
                (part(&self.given, *one), part(&self.held, *one)),
                part(&self.accepted, *one),
            )
        });
        let turn = |set: u8| {
            let new = |mask: u8, place: usize| mask | (set >> order[place] & 1) << place;
            (0..honest).fold(0, new)
        };
        Self {
            stage: self.stage,
            given: self.given.map(turn),
            held: self.held.map(turn),
            manifests: order.map(|one| self.manifests[one]),
            accepted: self.accepted.map(turn),
            seals: order.map(|one| self.seals[one]),
        }
    }
}

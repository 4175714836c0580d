//! One author key's log as this node knows it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{EntryId, MemberId},
    key::Verifier,
};

use crate::stored::Position;

/// The log of one author key.
///
/// `main` is what stands: the path from the first entry up to where the log forks, is revoked, or
/// acts under a grant that does not stand. What else is kept is bounded: at most two entries that
/// would follow (`next`, which prove a fork), one proof per picked branch, and ballots.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// The parsed author key.
    pub verifier: Option<Verifier>,
    /// Every entry stored with its path, by sequence.
    pub at: BTreeSet<(u64, Position)>,
    /// The grants its entries were written under, with how many were.
    pub grants: BTreeMap<Position, u32>,
    /// What stands, by sequence from 1.
    pub main: Vec<Position>,
    /// Entries that would follow `main`: two of them prove a fork, one comes after a revocation.
    pub next: Vec<Position>,
    /// The other side of a fork below a branch that a revocation picked.
    pub evidence: Option<Position>,
    /// Ballots and mandates kept without their path.
    pub outside: BTreeSet<Position>,
    /// A picked branch's tip that is not here yet.
    pub wanted: Option<EntryId>,
    /// The first sequence of `main` that views must not act on: an unknown critical entry.
    pub muted_from: Option<u64>,
}

impl Log {
    /// Whether the log ends for a reason other than that its author wrote no more.
    pub fn is_cut(&self) -> bool {
        !self.next.is_empty() || self.wanted.is_some() || self.evidence.is_some()
    }

    /// Whether an entry of `main` may have an effect in views.
    pub fn is_effective(&self, sequence: u64) -> bool {
        self.muted_from.is_none_or(|muted| sequence < muted)
    }
}

/// Where a revocation ends a key's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// The last standing entry; `None` if nothing stands.
    pub last: Option<(u64, EntryId)>,
}

/// A cut applies to the entries a key wrote for one member.
pub(crate) type CutKey = (domain::key::PublicKey, MemberId);

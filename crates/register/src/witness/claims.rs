//! Receipts and holds: which are signed, and which wait to be signed together.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use domain::{
    decision::Slot,
    id::{EntryId, MemberId, Timestamp},
};

use super::{Duty, Output, Steps};
use crate::{
    gathered::{Gathered, SLOTS_OF_VOTER_MAX},
    leaves::{Claim, Leaf},
    merkle::LEAVES_MAX,
    phase::Case,
};

/// How long a leaf waits for others to be signed with.
const WAIT_MS: u64 = 1_000;

/// Leaves that wait.
#[derive(Debug, Clone, Default)]
struct Waiting {
    since: Timestamp,
    leaves: BTreeSet<Leaf>,
}

/// The receipts and holds of one validator in one phase.
#[derive(Debug, Clone, Default)]
pub(super) struct Claims {
    /// The ballot of each slot that a receipt is for, signed or waiting: never another.
    receipts: BTreeMap<(MemberId, Slot), EntryId>,
    /// The ballots that holds are for, signed or waiting.
    holds: BTreeSet<Leaf>,
    waiting: BTreeMap<Claim, Waiting>,
}

impl Claims {
    pub(super) fn restore(&mut self, claim: Claim, leaves: &[Leaf]) {
        for leaf in leaves {
            match claim {
                Claim::Receipts => {
                    let slot = (leaf.voter, leaf.slot);
                    let before = self.receipts.insert(slot, leaf.ballot);
                    if before.is_some_and(|ballot| ballot != leaf.ballot) {
                        // What only waits is not signed any more.
                        let waiting = self.waiting.entry(claim).or_default();
                        waiting.leaves.retain(|one| (one.voter, one.slot) != slot);
                    }
                }
                Claim::Holds => {
                    self.holds.insert(*leaf);
                }
            }
        }
    }

    /// A ballot was seen for the first time. Of a voter no more are witnessed than others take from an honest
    /// validator, whichever were seen before a restart.
    pub(super) fn saw(&mut self, now: Timestamp, leaf: &Leaf) {
        let slot = |mandate, revision| (leaf.voter, Slot { mandate, revision });
        let of_voter = self.receipts.range(slot(0, 0)..=slot(u64::MAX, u8::MAX));
        if of_voter.count() >= SLOTS_OF_VOTER_MAX {
            return;
        }
        if let Entry::Vacant(slot) = self.receipts.entry((leaf.voter, leaf.slot)) {
            slot.insert(leaf.ballot);
            self.wait(Claim::Receipts, now, *leaf);
        }
    }

    /// Something was heard about a ballot: perhaps it is held now.
    pub(super) fn look(
        &mut self,
        now: Timestamp,
        case: &Case<'_>,
        gathered: &Gathered,
        leaf: &Leaf,
    ) {
        if !self.holds.contains(leaf) && gathered.is_held(case, leaf) {
            self.holds.insert(*leaf);
            self.wait(Claim::Holds, now, *leaf);
        }
    }

    fn wait(&mut self, claim: Claim, now: Timestamp, leaf: Leaf) {
        let waiting = self.waiting.entry(claim).or_insert_with(|| Waiting {
            since: now,
            leaves: BTreeSet::new(),
        });
        waiting.leaves.insert(leaf);
    }

    /// When waiting leaves are signed: a second after the first, and a second before it is too late.
    fn due_at(case: &Case<'_>, steps: Steps, claim: Claim, waiting: &Waiting) -> Timestamp {
        let last = match claim {
            Claim::Receipts => Timestamp(case.phase.deadline.0.saturating_sub(WAIT_MS)),
            Claim::Holds => Timestamp(steps.manifest.0.saturating_sub(WAIT_MS)),
        };
        let due = waiting.since.plus_ms(WAIT_MS).min(last);
        due.max(case.phase.opened)
    }

    pub(super) fn wake(&self, case: &Case<'_>, steps: Steps) -> Option<Timestamp> {
        let waiting = self.waiting.iter();
        waiting
            .map(|(claim, waiting)| Self::due_at(case, steps, *claim, waiting))
            .min()
    }

    /// What is to be signed now. What is too late is dropped: receipts after the deadline, holds
    /// after the manifest.
    pub(super) fn due(
        &mut self,
        now: Timestamp,
        case: &Case<'_>,
        steps: Steps,
        has_manifest: bool,
    ) -> Vec<Output> {
        if now > case.phase.deadline {
            self.waiting.remove(&Claim::Receipts);
        }
        if has_manifest {
            self.waiting.remove(&Claim::Holds);
        }
        let is_due = |claim: &Claim, waiting: &Waiting| {
            now >= Self::due_at(case, steps, *claim, waiting)
                || (waiting.leaves.len() >= LEAVES_MAX && now >= case.phase.opened)
        };
        let waiting = std::mem::take(&mut self.waiting);
        let mut outputs = Vec::new();
        for (claim, waiting) in waiting {
            if !is_due(&claim, &waiting) {
                self.waiting.insert(claim, waiting);
                continue;
            }
            for leaves in batches(waiting.leaves) {
                outputs.push(Output::Sign(Duty::Leaves {
                    claim,
                    time: now,
                    leaves,
                }));
            }
        }
        outputs
    }
}

/// Leaves in batches that may be signed: at most 256, no slot twice, for two ballots of one slot may
/// both be held.
fn batches(leaves: BTreeSet<Leaf>) -> Vec<Vec<Leaf>> {
    let mut batches = Vec::<Vec<Leaf>>::new();
    for leaf in leaves {
        let slot = |leaf: &Leaf| (leaf.voter, leaf.slot);
        let fits = |batch: &&mut Vec<Leaf>| {
            let last = batch.last();
            batch.len() < LEAVES_MAX && last.is_none_or(|last| slot(last) != slot(&leaf))
        };
        match batches.iter_mut().find(fits) {
            Some(batch) => batch.push(leaf),
            None => batches.push(vec![leaf]),
        }
    }
    batches
}

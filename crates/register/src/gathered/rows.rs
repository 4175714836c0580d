//! What of it a validator lists when the time is over (rule R5).

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{EntryId, Hash, Timestamp};

use super::Gathered;
use crate::{
    ballot::ProvenBallot,
    counting::{Seen, listed},
    manifest::{HeldBallot, Holdings, Manifest, PinnedReceipt, Row},
    phase::{Case, VoterIndex},
    says::Says,
    validators::ValidatorIndex,
};

impl Gathered {
    /// The manifest of a validator that has seen this (rule R5).
    #[must_use]
    pub fn manifest(
        &self,
        case: &Case<'_>,
        author: ValidatorIndex,
        opened_final: Timestamp,
    ) -> Manifest {
        let rows = |to: Timestamp| -> Vec<Row> {
            let voters = self.of_voter.keys();
            voters
                .filter_map(|voter| self.row(case, *voter, to))
                .collect()
        };
        let early = case.phase.early(case.charter);
        Manifest {
            phase: case.phase.id,
            author,
            opened_final,
            rows: rows(case.phase.deadline),
            early: early.map_or_else(Vec::new, rows),
        }
    }

    fn row(&self, case: &Case<'_>, voter: VoterIndex, to: Timestamp) -> Option<Row> {
        let sizes = case.phase.validators.sizes();
        let ballots = self.of_voter.get(&voter)?;
        let ballots = ballots.values().flatten();
        let ballots: Vec<&ProvenBallot> = ballots.filter_map(|id| self.ballot(id)).collect();
        let said: BTreeSet<Says> = ballots.iter().map(|ballot| ballot.says).collect();
        let seen = ballots.iter().map(|ballot| Seen {
            slot: ballot.slot,
            ballot: Hash(ballot.id.0),
            choice: said.range(..ballot.says).count() as u64,
            receipts: self.witnessed(case, ballot, to),
        });
        let listed = listed(sizes, &seen.collect::<Vec<_>>())?;
        let held = listed.ballots.iter().filter_map(|hash| {
            let ballot = EntryId(hash.0);
            let mut receipts = self.earliest(case, self.ballot(&ballot)?, to);
            receipts.truncate(sizes.witnesses());
            Some(HeldBallot { ballot, receipts })
        });
        Some(Row {
            voter,
            slot: listed.slot,
            ballots: held.collect(),
        })
    }

    /// The earliest receipt of each validator that counts up to a moment, the earliest first.
    pub(super) fn earliest(
        &self,
        case: &Case<'_>,
        ballot: &ProvenBallot,
        to: Timestamp,
    ) -> Vec<PinnedReceipt> {
        let mut seen = BTreeSet::new();
        let all = self.receipts.get(&ballot.leaf());
        let all = all.into_iter().flat_map(BTreeMap::keys);
        all.filter(|receipt| (case.phase.opened..=to).contains(&receipt.time))
            .filter(|receipt| seen.insert(receipt.validator))
            .copied()
            .collect()
    }
}

//! What of it a validator lists when the time is over (rule R5).

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    entry::Entry,
    id::{EntryId, Hash, Timestamp},
    key::PublicKey,
};

use super::Gathered;
use crate::{
    ballot::ProvenBallot,
    counting::{Seen, listed},
    leaves::Leaf,
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

    /// The ballots that somebody's manifest rests on: those that manifests list which are here, and those
    /// that this validator would list now. Each with its mandate.
    #[must_use]
    pub fn rested_on(&self, case: &Case<'_>) -> BTreeMap<EntryId, (Entry, Entry)> {
        let manifests = self.manifests.values().map(|(manifest, _)| manifest);
        let own = self.manifest(case, ValidatorIndex(0), case.phase.opened);
        let mut pairs = BTreeMap::new();
        for manifest in manifests.chain([&own]) {
            let rows = manifest.rows.iter().chain(&manifest.early);
            for held in rows.flat_map(|row| &row.ballots) {
                let kept = self.ballots.get(&held.ballot);
                let mandate = kept.and_then(|kept| self.mandates.get(&kept.proven.mandate));
                if let Some((ballot, mandate)) = kept.zip(mandate) {
                    let pair = (ballot.entry.clone(), mandate.entry.clone());
                    pairs.insert(held.ballot, pair);
                }
            }
        }
        pairs
    }

    /// Whose keys signed what is here: delegates, and roots their mandates.
    pub fn signers(&self) -> impl Iterator<Item = &PublicKey> {
        let ballots = self.ballots.values().map(|kept| &kept.entry);
        let mandates = self.mandates.values().map(|kept| &kept.entry);
        ballots.chain(mandates).map(|entry| &entry.header.author)
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
            receipts: self.witnessed(case, &ballot.leaf(), to),
        });
        let listed = listed(sizes, &seen.collect::<Vec<_>>())?;
        let held = listed.ballots.iter().filter_map(|hash| {
            let ballot = EntryId(hash.0);
            let mut receipts = self.earliest(case, &self.ballot(&ballot)?.leaf(), to);
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
        ballot: &Leaf,
        to: Timestamp,
    ) -> Vec<PinnedReceipt> {
        let mut seen = BTreeSet::new();
        let all = self.receipts.get(ballot);
        let all = all.into_iter().flat_map(BTreeMap::keys);
        all.filter(|receipt| (case.phase.opened..=to).contains(&receipt.time))
            .filter(|receipt| seen.insert(receipt.validator))
            .copied()
            .collect()
    }
}

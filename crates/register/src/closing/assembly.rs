//! The closing of what is at hand.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::EntryId;

use super::{Closing, SignedManifest, Used, UsedBatch, UsedLeaf, used};
use crate::{
    fault::{Fault, Missing, Refused},
    gathered::Gathered,
    manifest::{Manifest, PinnedReceipt},
    outcome::{Closed, Sealed, decide},
    phase::Case,
    seal::Seal,
    statement::Named,
};

/// Makes the closing of what was gathered: of all seals that name only manifests of which everything
/// is there, except those of validators that signed two. The same things give the same bytes.
///
/// # Errors
/// When there are too few such seals.
pub fn assemble(case: &Case<'_>, gathered: &Gathered) -> Result<(Closing, Closed), Refused> {
    case.check_charter()?;
    let usable = gathered.manifests.iter();
    let usable: BTreeMap<&Named, &(Manifest, SignedManifest)> = usable
        .filter(|(_, (manifest, _))| manifest.judge(case, gathered).is_ok())
        .collect();
    let single = gathered
        .seals
        .values()
        .filter_map(|seals| match &seals[..] {
            [seal] => Some(seal),
            _ => None,
        });
    let seals: Vec<&Seal> = single
        .filter(|seal| seal.names.iter().all(|named| usable.contains_key(named)))
        .collect();
    let (found, needed) = (seals.len(), case.phase.validators.sizes().quorum());
    if found < needed {
        return Err(Missing::Seals { found, needed }.into());
    }
    let sealed = seals.iter().map(|seal| Sealed {
        time: seal.time,
        manifests: seal.names.iter().map(|named| &usable[named].0).collect(),
    });
    let says = |ballot: &EntryId| gathered.ballot_of(ballot).map(|ballot| ballot.says);
    let sealed: Vec<Sealed<'_>> = sealed.collect();
    let closed = decide(case, &sealed, &says).map_err(Fault::Unphased)?;
    let named: BTreeSet<&Named> = seals.iter().flat_map(|seal| &seal.names).collect();
    let manifests: Vec<_> = named.iter().map(|named| usable[*named]).collect();
    let used = used(manifests.iter().map(|(manifest, _)| manifest));
    let closing = Closing {
        phase: case.phase.id,
        mandates: mandates(gathered, &used),
        ballots: used
            .keys()
            .map(|id| gathered.ballots[id].entry.clone())
            .collect(),
        batches: batches(gathered, &used),
        manifests: manifests.iter().map(|(_, signed)| signed.clone()).collect(),
        seals: seals.into_iter().cloned().collect(),
        outcome: closed.outcome,
    };
    Ok((closing, closed))
}

fn mandates(gathered: &Gathered, used: &Used) -> Vec<domain::entry::Entry> {
    let ids = used.keys().map(|id| gathered.ballots[id].proven.mandate);
    let ids: BTreeSet<EntryId> = ids.collect();
    let entries = ids.iter().map(|id| gathered.mandates[id].entry.clone());
    entries.collect()
}

fn batches(gathered: &Gathered, used: &Used) -> Vec<UsedBatch> {
    let mut batches = BTreeMap::<PinnedReceipt, UsedBatch>::new();
    // Ballots ascend, so the leaves of each batch do.
    for (ballot, receipts) in used {
        let kept = &gathered.receipts[&gathered.ballots[ballot].proven.leaf()];
        for receipt in receipts {
            let kept = &kept[receipt];
            let batch = batches.entry(*receipt).or_insert_with(|| UsedBatch {
                receipt: *receipt,
                signature: kept.signature,
                leaves: Vec::new(),
            });
            batch.leaves.push(UsedLeaf {
                ballot: *ballot,
                proof: kept.proof.clone(),
            });
        }
    }
    batches.into_values().collect()
}

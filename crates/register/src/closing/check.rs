//! Whether a closing is valid: a function of its bytes, the phase and the charter, and of nothing
//! else.
//!
//! It goes from the seals down to what they name, so that nothing is verified that nothing needs: a
//! closing costs what its seals and manifests ask for, not what somebody put into it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{cbor::Decode, id::EntryId};

use super::{CLOSING_BYTES_MAX, Closing, Used, UsedBatch, used};
use crate::{
    ballot::{BallotError, ProvenBallot, ProvenMandate},
    fault::{Fault, Missing, Refused},
    leaves::Claim,
    manifest::{Holdings, Manifest, PinnedReceipt},
    outcome::{Closed, Sealed, decide},
    phase::Case,
    statement::{Named, Statement},
};

/// Checks a closing.
///
/// # Errors
/// [`Refused::NotYet`] when something it needs is not carried, [`Refused::Invalid`] when it breaks a
/// rule: then it is never valid.
pub fn check(bytes: &[u8], case: &Case<'_>) -> Result<Closed, Refused> {
    let (found, most) = (bytes.len(), CLOSING_BYTES_MAX);
    if found > most {
        return Err(Fault::TooLong { found, most }.into());
    }
    let closing = Closing::from_bytes(bytes)?;
    case.check_charter()?;
    let (named, judged) = (closing.phase, case.phase.id);
    if named != judged {
        return Err(Fault::Phase { named, judged }.into());
    }
    let named = named_by_seals(case, &closing)?;
    let manifests = manifests(case, &closing, &named)?;
    let carried = Carried::of(case, &closing, &used(manifests.values()))?;
    for manifest in manifests.values() {
        manifest.judge(case, &carried)?;
    }
    let seals = sealed(&closing, &manifests)?;
    let says = |ballot: &EntryId| carried.ballots.get(ballot).map(|ballot| ballot.says);
    let closed = decide(case, &seals, &says).map_err(Fault::Unphased)?;
    if closed.outcome != closing.outcome {
        return Err(Fault::Outcome.into());
    }
    Ok(closed)
}

impl Case<'_> {
    /// Checks that the charter is the one the phase names.
    ///
    /// # Errors
    /// When it is another.
    pub fn check_charter(&self) -> Result<(), Fault> {
        let (named, found) = (self.phase.charter, self.charter.hash());
        if named == found {
            Ok(())
        } else {
            Err(Fault::Charter { named, found })
        }
    }
}

fn named_by_seals(case: &Case<'_>, closing: &Closing) -> Result<BTreeSet<Named>, Refused> {
    let validators = closing.seals.iter().map(|seal| seal.validator);
    check_ascending("seals", validators)?;
    for seal in &closing.seals {
        seal.judge(case)?;
    }
    let (found, needed) = (closing.seals.len(), case.phase.validators.sizes().quorum());
    if found < needed {
        return Err(Missing::Seals { found, needed }.into());
    }
    let names = closing.seals.iter().flat_map(|seal| &seal.names);
    Ok(names.copied().collect())
}

fn manifests(
    case: &Case<'_>,
    closing: &Closing,
    names: &BTreeSet<Named>,
) -> Result<BTreeMap<Named, Manifest>, Fault> {
    let mut manifests = BTreeMap::new();
    for signed in &closing.manifests {
        let manifest = Manifest::read(&signed.bytes)?;
        let named = Named {
            author: manifest.author,
            manifest: Manifest::hash_of(case.federation, &signed.bytes),
        };
        if !names.contains(&named) {
            return Err(Fault::Unused("a manifest"));
        }
        let statement = Statement::Manifest {
            phase: case.phase.id,
            manifest: named.manifest,
        };
        case.verify(named.author, &statement, &signed.signature, "a manifest")?;
        insert_last(&mut manifests, "manifests", named, manifest)?;
    }
    Ok(manifests)
}

fn sealed<'a>(
    closing: &Closing,
    manifests: &'a BTreeMap<Named, Manifest>,
) -> Result<Vec<Sealed<'a>>, Missing> {
    let seals = closing.seals.iter().map(|seal| {
        let named = seal.names.iter().map(|named| {
            let Named { author, manifest } = *named;
            let missing = Missing::Manifest { author, manifest };
            manifests.get(named).ok_or(missing)
        });
        Ok(Sealed {
            time: seal.time,
            manifests: named.collect::<Result<_, _>>()?,
        })
    });
    seals.collect()
}

/// The ballots and receipts that a closing carries, every one judged by itself.
struct Carried {
    ballots: BTreeMap<EntryId, ProvenBallot>,
    receipts: BTreeSet<(EntryId, PinnedReceipt)>,
}

impl Holdings for Carried {
    fn ballot(&self, id: &EntryId) -> Option<&ProvenBallot> {
        self.ballots.get(id)
    }

    fn has_receipt(&self, ballot: &ProvenBallot, receipt: &PinnedReceipt) -> bool {
        self.receipts.contains(&(ballot.id, *receipt))
    }
}

impl Carried {
    fn of(case: &Case<'_>, closing: &Closing, used: &Used) -> Result<Self, Refused> {
        let mut carried = Self {
            ballots: BTreeMap::new(),
            receipts: BTreeSet::new(),
        };
        carried.take_ballots(case, closing, used)?;
        check_ascending("batches", closing.batches.iter().map(|batch| batch.receipt))?;
        for batch in &closing.batches {
            carried.take_batch(case, batch, used)?;
        }
        Ok(carried)
    }

    fn take_ballots(
        &mut self,
        case: &Case<'_>,
        closing: &Closing,
        used: &Used,
    ) -> Result<(), Refused> {
        let grants = closing.ballots.iter().map(|entry| entry.header.grant);
        let grants: BTreeSet<EntryId> = grants.collect();
        let mut mandates = BTreeMap::new();
        for entry in &closing.mandates {
            let id = entry.id(case.federation);
            if !grants.contains(&id) {
                return Err(Fault::Unused("a mandate").into());
            }
            let proven = ProvenMandate::judge(case, entry).map_err(fault(id))?;
            insert_last(&mut mandates, "mandates", id, proven)?;
        }
        for entry in &closing.ballots {
            let (id, grant) = (entry.id(case.federation), entry.header.grant);
            if !used.contains_key(&id) {
                return Err(Fault::Unused("a ballot").into());
            }
            let mandate = mandates.get(&grant).ok_or(Missing::Mandate(grant))?;
            let proven = ProvenBallot::judge(case, entry, mandate).map_err(fault(id))?;
            insert_last(&mut self.ballots, "ballots", id, proven)?;
        }
        Ok(())
    }

    fn take_batch(
        &mut self,
        case: &Case<'_>,
        batch: &UsedBatch,
        used: &Used,
    ) -> Result<(), Refused> {
        let root = batch.receipt.root;
        check_ascending("leaves", batch.leaves.iter().map(|leaf| leaf.ballot))?;
        let is_used = |ballot: &EntryId| {
            let receipts = used.get(ballot);
            receipts.is_some_and(|receipts| receipts.contains(&batch.receipt))
        };
        let mut leaves = batch.leaves.iter();
        if batch.leaves.is_empty() || !leaves.all(|leaf| is_used(&leaf.ballot)) {
            return Err(Fault::Unused("a receipt").into());
        }
        for leaf in &batch.leaves {
            let ballot = leaf.ballot;
            let proven = self.ballots.get(&ballot);
            let proven = proven.ok_or(Missing::Ballot(ballot))?;
            let found = leaf.proof.root_of(proven.leaf().hash());
            if found != root {
                let signed = root;
                return Err(Fault::Root {
                    ballot,
                    found,
                    signed,
                }
                .into());
            }
            self.receipts.insert((ballot, batch.receipt));
        }
        let (time, validator) = (batch.receipt.time, batch.receipt.validator);
        let statement = Claim::Receipts.statement(case.phase.id, time, root);
        Ok(case.verify(validator, &statement, &batch.signature, "receipts")?)
    }
}

fn fault(entry: EntryId) -> impl Fn(BallotError) -> Fault {
    move |source| Fault::Ballot { entry, source }
}

fn insert_last<K: Ord, V>(
    map: &mut BTreeMap<K, V>,
    list: &'static str,
    key: K,
    value: V,
) -> Result<(), Fault> {
    if map.last_key_value().is_some_and(|(last, _)| *last >= key) {
        return Err(Fault::Unsorted(list));
    }
    map.insert(key, value);
    Ok(())
}

fn check_ascending<K: Ord>(list: &'static str, keys: impl Iterator<Item = K>) -> Result<(), Fault> {
    if keys.is_sorted_by(|one, other| one < other) {
        Ok(())
    } else {
        Err(Fault::Unsorted(list))
    }
}

//! What has been seen of a phase: ballots, receipts, holds, manifests and seals, each judged as it
//! came in. The order in which it came changes nothing.

mod conflicts;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    decision::Slot,
    entry::Entry,
    id::{EntryId, Timestamp},
    key::Signature,
    record::REVISIONS_MAX,
};

use crate::{
    ballot::{BallotError, ProvenBallot, ProvenMandate},
    closing::SignedManifest,
    fault::Fault,
    leaves::{Claim, Leaf, SignedLeaves},
    manifest::{Holdings, Manifest, PinnedReceipt},
    merkle::Proof,
    phase::{Case, VoterIndex},
    seal::Seal,
    statement::{Named, Statement},
    validators::ValidatorIndex,
    witness::SignedHave,
};

/// The most mandates of one voter whose ballots are kept before f+1 validators have witnessed them. Only
/// its root key makes them, so nobody else can use them up.
pub const MANDATES_OF_VOTER_MAX: usize = 16;
/// The most ballots of one slot that are kept before f+1 validators have witnessed them. Who has a stolen
/// key can make many; a newer mandate stands above all of them.
pub const BALLOTS_OF_SLOT_MAX: usize = 4;
/// The most slots of one voter that are kept, and so the most receipts of one honest validator.
pub(crate) const SLOTS_OF_VOTER_MAX: usize = MANDATES_OF_VOTER_MAX * REVISIONS_MAX as usize;
/// The most manifests of one author that are kept without another validator's word for them: two are
/// evidence.
const MANIFESTS_OF_AUTHOR_MAX: usize = 2;
/// The most manifests of one author for which one validator's have statements are kept: having
/// accepted two it needs no more.
const HAVES_OF_AUTHOR_MAX: usize = 2;
/// The most seals of one validator that are kept: two are evidence.
const SEALS_OF_VALIDATOR_MAX: usize = 2;

/// An entry that was judged.
#[derive(Debug, Clone)]
pub(crate) struct Kept<T> {
    /// Without its note.
    pub(crate) entry: Entry,
    /// What it says.
    pub(crate) proven: T,
}

/// A receipt that was verified.
#[derive(Debug, Clone)]
pub(crate) struct KeptReceipt {
    pub(crate) signature: Signature,
    pub(crate) proof: Proof,
}

/// A ballot that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// What it says.
    pub ballot: ProvenBallot,
    /// It was taken only because f+1 validators have witnessed it: there was no room for it otherwise.
    pub is_beyond: bool,
}

/// All that has been seen of one phase.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    pub(crate) mandates: BTreeMap<EntryId, Kept<ProvenMandate>>,
    pub(crate) ballots: BTreeMap<EntryId, Kept<ProvenBallot>>,
    of_voter: BTreeMap<VoterIndex, BTreeMap<Slot, BTreeSet<EntryId>>>,
    pub(crate) receipts: BTreeMap<Leaf, BTreeMap<PinnedReceipt, KeptReceipt>>,
    holds: BTreeMap<Leaf, BTreeSet<ValidatorIndex>>,
    leaves_of: BTreeMap<(Claim, ValidatorIndex), usize>,
    pub(crate) manifests: BTreeMap<Named, (Manifest, SignedManifest)>,
    haves: BTreeMap<Named, BTreeSet<ValidatorIndex>>,
    pub(crate) seals: BTreeMap<ValidatorIndex, Vec<Seal>>,
}

impl Holdings for Gathered {
    fn ballot(&self, id: &EntryId) -> Option<&ProvenBallot> {
        self.ballots.get(id).map(|kept| &kept.proven)
    }

    fn has_receipt(&self, ballot: &ProvenBallot, receipt: &PinnedReceipt) -> bool {
        let receipts = self.receipts.get(&ballot.leaf());
        receipts.is_some_and(|receipts| receipts.contains_key(receipt))
    }
}

impl Gathered {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a ballot with its mandate, if it is new. Notes are left out. Beyond
    /// [`BALLOTS_OF_SLOT_MAX`] of a slot and [`MANDATES_OF_VOTER_MAX`] of a voter only those are taken that
    /// f+1 validators have witnessed: which of many comes first is not the same everywhere, and what one
    /// honest validator lists all others have to be able to take. An honest validator witnesses one ballot
    /// of a slot, so these are few, too.
    ///
    /// # Errors
    /// When one of them does not count in this phase.
    pub fn take_ballot(
        &mut self,
        case: &Case<'_>,
        ballot: &Entry,
        mandate: &Entry,
    ) -> Result<Option<Taken>, BallotError> {
        let (ballot, mandate) = (ballot.without_note(), mandate.without_note());
        let ids = [&ballot, &mandate].map(|entry| entry.id(case.federation));
        let known = self.ballots.get(&ids[0]).map(|kept| &kept.entry);
        let known_mandate = self.mandates.get(&ids[1]).map(|kept| &kept.entry);
        if (known, known_mandate) == (Some(&ballot), Some(&mandate)) {
            return Ok(None);
        }
        let proven_mandate = ProvenMandate::judge(case, &mandate)?;
        let proven = ProvenBallot::judge(case, &ballot, &proven_mandate)?;
        let none = BTreeMap::new();
        let of_voter = self.of_voter.get(&proven.voter).unwrap_or(&none);
        let is_known = |slot: &Slot| slot.mandate == proven.slot.mandate;
        let of_slot = of_voter.get(&proven.slot);
        let is_new = of_slot.is_none_or(|known| !known.contains(&proven.id));
        let is_beyond = is_new
            && (of_slot.is_some_and(|known| known.len() >= BALLOTS_OF_SLOT_MAX)
                || !of_voter.keys().any(is_known)
                    && mandates(of_voter.keys()) >= MANDATES_OF_VOTER_MAX);
        if is_beyond && !self.is_held(case, &proven.leaf()) {
            return Ok(None);
        }
        let of_voter = self.of_voter.entry(proven.voter).or_default();
        of_voter.entry(proven.slot).or_default().insert(proven.id);
        keep(&mut self.mandates, proven.mandate, mandate, proven_mandate);
        keep(&mut self.ballots, proven.id, ballot, proven.clone());
        let ballot = proven;
        Ok(is_new.then_some(Taken { ballot, is_beyond }))
    }

    /// Whether f+1 validators have witnessed a ballot in time that is not here.
    pub(crate) fn lacks(&self, case: &Case<'_>, leaf: &Leaf) -> bool {
        !self.ballots.contains_key(&leaf.ballot) && self.is_held(case, leaf)
    }

    /// Takes receipts or holds; whether one of them is new. Beyond what an honest
    /// validator can have to say, nothing is taken of one.
    ///
    /// # Errors
    /// When they are of another phase or not signed by a validator of this one.
    pub fn take_leaves(&mut self, case: &Case<'_>, signed: &SignedLeaves) -> Result<bool, Fault> {
        let (named, judged) = (signed.phase, case.phase.id);
        if named != judged {
            return Err(Fault::Phase { named, judged });
        }
        if self.has_leaves(signed) {
            return Ok(false);
        }
        let statement = signed.statement();
        case.verify(signed.validator, &statement, &signed.signature, "leaves")?;
        let kept = self.leaves_of.entry((signed.claim, signed.validator));
        let kept = kept.or_default();
        let of_slot = match signed.claim {
            Claim::Receipts => 1,
            Claim::Holds => BALLOTS_OF_SLOT_MAX,
        };
        let most = case.phase.voters().len() * SLOTS_OF_VOTER_MAX * of_slot;
        if *kept + signed.leaves().len() > most {
            return Ok(false);
        }
        let new = match (signed.claim, statement) {
            (Claim::Receipts, Statement::Receipts { time, root, .. }) => {
                let validator = signed.validator;
                let receipt = PinnedReceipt {
                    time,
                    validator,
                    root,
                };
                keep_receipts(&mut self.receipts, receipt, signed)
            }
            _ => {
                let holds = &mut self.holds;
                let mut hold = |leaf: &&Leaf| {
                    let holders = holds.entry(**leaf).or_default();
                    holders.insert(signed.validator)
                };
                signed.leaves().iter().filter(|leaf| hold(leaf)).count()
            }
        };
        *kept += new;
        Ok(new > 0)
    }

    /// Whether all of it is known; then it need not be verified.
    fn has_leaves(&self, signed: &SignedLeaves) -> bool {
        let validator = signed.validator;
        let has = |leaf: &Leaf| match signed.claim {
            Claim::Receipts => self.receipts.get(leaf).is_some_and(|receipts| {
                let mut kept = receipts.iter();
                kept.any(|(receipt, kept)| {
                    (receipt.validator, receipt.time) == (validator, signed.time)
                        && kept.signature == signed.signature
                })
            }),
            Claim::Holds => self
                .holds
                .get(leaf)
                .is_some_and(|holders| holders.contains(&validator)),
        };
        signed.leaves().iter().all(has)
    }

    /// Takes a manifest; its name if it is new. Of one author two are kept, and those that another
    /// validator has or names in a seal.
    ///
    /// # Errors
    /// When it is not of its form, of another phase, or not signed by its author.
    pub fn take_manifest(
        &mut self,
        case: &Case<'_>,
        signed: &SignedManifest,
    ) -> Result<Option<Named>, Fault> {
        let manifest = Manifest::read(&signed.bytes)?;
        let (named, judged) = (manifest.phase, case.phase.id);
        if named != judged {
            return Err(Fault::Phase { named, judged });
        }
        let named = Named {
            author: manifest.author,
            manifest: Manifest::hash_of(case.federation, &signed.bytes),
        };
        if let Some((_, kept)) = self.manifests.get(&named)
            && kept.signature == signed.signature
        {
            return Ok(None);
        }
        let statement = Statement::Manifest {
            phase: judged,
            manifest: named.manifest,
        };
        case.verify(named.author, &statement, &signed.signature, "a manifest")?;
        if let Some((_, kept)) = self.manifests.get_mut(&named) {
            smaller(&mut kept.signature, signed.signature);
            return Ok(None);
        }
        if self.is_full_of(named.author) && !self.is_vouched_for(&named) {
            return Ok(None);
        }
        self.manifests.insert(named, (manifest, signed.clone()));
        Ok(Some(named))
    }

    /// Whether another manifest of this author is kept only if somebody vouches for it.
    pub(crate) fn is_full_of(&self, author: ValidatorIndex) -> bool {
        let manifests = self.manifests.keys();
        let of_author = manifests.filter(|other| other.author == author).count();
        of_author >= MANIFESTS_OF_AUTHOR_MAX
    }

    fn is_vouched_for(&self, named: &Named) -> bool {
        let mut seals = self.seals.values().flatten();
        self.haves.contains_key(named) || seals.any(|seal| seal.names.contains(named))
    }

    /// Takes a have statement; whether it is new. Of one validator two are kept for each author, and
    /// none for its own manifests.
    ///
    /// # Errors
    /// When it is not signed by a validator of the phase, or is about a stranger's manifest.
    pub fn take_have(&mut self, case: &Case<'_>, have: &SignedHave) -> Result<bool, Fault> {
        let (validator, named) = (have.validator, have.named);
        if case.phase.validators.get(named.author).is_none() {
            return Err(Fault::Stranger(named.author));
        }
        let known = self.haves.get(&named);
        if known.is_some_and(|validators| validators.contains(&validator)) {
            return Ok(false);
        }
        let phase = case.phase.id;
        let statement = Statement::Have { phase, named };
        case.verify(validator, &statement, &have.signature, "a have statement")?;
        let of_author = self.haves.iter().filter(|(other, validators)| {
            other.author == named.author && validators.contains(&validator)
        });
        if validator == named.author || of_author.count() >= HAVES_OF_AUTHOR_MAX {
            return Ok(false);
        }
        Ok(self.haves.entry(named).or_default().insert(validator))
    }

    /// How many validators other than its author have a manifest.
    #[must_use]
    pub fn haves(&self, named: &Named) -> usize {
        self.haves.get(named).map_or(0, BTreeSet::len)
    }

    /// Takes a seal; whether it is new. Of one validator two are kept.
    ///
    /// # Errors
    /// When it is not signed by a validator of the phase or names too few manifests.
    pub fn take_seal(&mut self, case: &Case<'_>, seal: &Seal) -> Result<bool, Fault> {
        let known = self.seals.get(&seal.validator);
        if known.is_some_and(|known| known.contains(seal)) {
            return Ok(false);
        }
        seal.judge(case)?;
        let kept = self.seals.entry(seal.validator).or_default();
        let same = |other: &&mut Seal| (other.time, &other.names) == (seal.time, &seal.names);
        if let Some(other) = kept.iter_mut().find(same) {
            smaller(&mut other.signature, seal.signature);
            return Ok(false);
        }
        if kept.len() >= SEALS_OF_VALIDATOR_MAX {
            return Ok(false);
        }
        kept.push(seal.clone());
        Ok(true)
    }

    /// Whose manifests are there: while they are too few, the others are waited for.
    pub fn authors(&self) -> impl Iterator<Item = ValidatorIndex> {
        let authors: BTreeSet<_> = self.manifests.keys().map(|named| named.author).collect();
        authors.into_iter()
    }

    /// Whose seals are there.
    pub fn sealers(&self) -> impl Iterator<Item = ValidatorIndex> {
        self.seals.keys().copied()
    }

    /// A ballot that was taken.
    #[must_use]
    pub fn ballot_of(&self, id: &EntryId) -> Option<&ProvenBallot> {
        self.ballot(id)
    }

    /// How many validators have signed a receipt for a ballot that counts up to a moment.
    #[must_use]
    pub fn witnessed(&self, case: &Case<'_>, ballot: &Leaf, to: Timestamp) -> usize {
        self.earliest(case, ballot, to).len()
    }

    /// Whether f+1 validators have witnessed a ballot in time.
    #[must_use]
    pub fn is_held(&self, case: &Case<'_>, ballot: &Leaf) -> bool {
        let witnessed = self.witnessed(case, ballot, case.phase.deadline);
        witnessed >= case.phase.validators.sizes().witnesses()
    }

    /// How many validators say that they hold a ballot.
    #[must_use]
    pub fn holders(&self, ballot: &ProvenBallot) -> usize {
        self.holds.get(&ballot.leaf()).map_or(0, BTreeSet::len)
    }

    /// Whether a ballot will be counted, whatever happens: 2f+1 validators hold it.
    #[must_use]
    pub fn is_secured(&self, case: &Case<'_>, ballot: &ProvenBallot) -> bool {
        self.holders(ballot) >= case.phase.validators.sizes().securing()
    }
}

/// How many mandates these slots are of.
fn mandates<'a>(slots: impl Iterator<Item = &'a Slot>) -> usize {
    let numbers: BTreeSet<u64> = slots.map(|slot| slot.mandate).collect();
    numbers.len()
}

/// Keeps one entry of an id. A signature is not part of the id, and a key can make several: of them
/// the smallest is kept, so that all keep the same.
fn keep<T>(map: &mut BTreeMap<EntryId, Kept<T>>, id: EntryId, entry: Entry, proven: T) {
    match map.get_mut(&id) {
        Some(kept) => smaller(&mut kept.entry.signature, entry.signature),
        None => {
            map.insert(id, Kept { entry, proven });
        }
    }
}

fn keep_receipts(
    receipts: &mut BTreeMap<Leaf, BTreeMap<PinnedReceipt, KeptReceipt>>,
    receipt: PinnedReceipt,
    signed: &SignedLeaves,
) -> usize {
    let hashes = signed.hashes();
    let mut new = 0;
    for (place, leaf) in signed.leaves().iter().enumerate() {
        let of_ballot = receipts.entry(*leaf).or_default();
        if let Some(kept) = of_ballot.get_mut(&receipt) {
            smaller(&mut kept.signature, signed.signature);
        } else if let Some(proof) = Proof::of(&hashes, place) {
            let signature = signed.signature;
            of_ballot.insert(receipt, KeptReceipt { signature, proof });
            new += 1;
        }
    }
    new
}

fn smaller(kept: &mut Signature, other: Signature) {
    if other.0 < kept.0 {
        *kept = other;
    }
}

//! A closing: everything that decides what counted in a phase, in one value (rule R7).
//!
//! It carries only what is used, every list strictly ascending, so that what is at hand has one
//! closing, whatever the order it came in.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    entry::Entry,
    id::{EntryId, PhaseId},
    key::Signature,
    record::VOTERS_MAX,
};

mod assembly;
#[cfg(test)]
mod beginnings;
mod check;
#[cfg(test)]
mod lies;
#[cfg(test)]
mod tampering;
#[cfg(test)]
mod tests;

pub use assembly::assemble;
pub use check::check;

use crate::{
    counting::LISTED_MAX,
    manifest::{MANIFEST_BYTES_MAX, Manifest, PinnedReceipt},
    merkle::{LEAVES_MAX, Proof},
    outcome::Outcome,
    seal::Seal,
    sizes::VALIDATORS_MAX,
};

/// The longest closing, in bytes.
pub const CLOSING_BYTES_MAX: usize = 32 * 1024 * 1024;
/// The most ballots: each manifest lists at most two of a voter, and two from early on.
const BALLOTS_MAX: usize = VALIDATORS_MAX * VOTERS_MAX * LISTED_MAX * 2;
/// The most manifests: each seal names at most one of each validator.
const MANIFESTS_MAX: usize = VALIDATORS_MAX * VALIDATORS_MAX;

/// A leaf of a batch that a manifest lists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsedLeaf {
    /// The ballot; voter and slot follow from it.
    pub ballot: EntryId,
    /// That the leaf is in the batch.
    pub proof: Proof,
}

impl Encode for UsedLeaf {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).value(&self.ballot).value(&self.proof);
    }
}

impl Decode for UsedLeaf {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            ballot: decoder.value()?,
            proof: decoder.value()?,
        })
    }
}

/// A signed batch of receipts, as far as it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedBatch {
    /// Who signed it, when, and its root.
    pub receipt: PinnedReceipt,
    /// The signature.
    pub signature: Signature,
    /// The leaves, ascending by ballot.
    pub leaves: Vec<UsedLeaf>,
}

impl Encode for UsedBatch {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .value(&self.receipt)
            .value(&self.signature)
            .list(self.leaves.iter());
    }
}

impl Decode for UsedBatch {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        Ok(Self {
            receipt: decoder.value()?,
            signature: decoder.value()?,
            leaves: decoder.list("leaves", LEAVES_MAX)?,
        })
    }
}

/// A manifest in its exact bytes, with its author's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedManifest {
    /// The encoded manifest.
    pub bytes: Vec<u8>,
    /// The signature of the statement that names its hash.
    pub signature: Signature,
}

impl Encode for SignedManifest {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).bytes(&self.bytes).value(&self.signature);
    }
}

impl Decode for SignedManifest {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            bytes: decoder.bytes("manifest", MANIFEST_BYTES_MAX)?.to_vec(),
            signature: decoder.value()?,
        })
    }
}

/// Everything that decides what counted in a phase, and what it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The phase.
    pub phase: PhaseId,
    /// The mandates of the ballots, ascending by id, without notes.
    pub mandates: Vec<Entry>,
    /// Every ballot that a manifest lists, ascending by id, without notes.
    pub ballots: Vec<Entry>,
    /// Every receipt that a manifest lists, ascending by time, validator and root.
    pub batches: Vec<UsedBatch>,
    /// Every manifest that a seal names, ascending by author and hash.
    pub manifests: Vec<SignedManifest>,
    /// The seals, ascending by validator, a quorum at least.
    pub seals: Vec<Seal>,
    /// What follows from all this.
    pub outcome: Outcome,
}

impl Encode for Closing {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(7)
            .value(&self.phase)
            .list(self.mandates.iter())
            .list(self.ballots.iter())
            .list(self.batches.iter())
            .list(self.manifests.iter())
            .list(self.seals.iter())
            .value(&self.outcome);
    }
}

impl Decode for Closing {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(7)?;
        Ok(Self {
            phase: decoder.value()?,
            mandates: decoder.list("mandates", BALLOTS_MAX)?,
            ballots: decoder.list("ballots", BALLOTS_MAX)?,
            batches: decoder.list("batches", BALLOTS_MAX * VALIDATORS_MAX)?,
            manifests: decoder.list("manifests", MANIFESTS_MAX)?,
            seals: decoder.list("seals", VALIDATORS_MAX)?,
            outcome: decoder.value()?,
        })
    }
}

/// The ballots that manifests list, each with the receipts listed for it.
type Used = BTreeMap<EntryId, BTreeSet<PinnedReceipt>>;

fn used<'a>(manifests: impl Iterator<Item = &'a Manifest>) -> Used {
    let mut used = Used::new();
    let rows = manifests.flat_map(|manifest| manifest.rows.iter().chain(&manifest.early));
    for held in rows.flat_map(|row| &row.ballots) {
        let receipts = used.entry(held.ballot).or_default();
        receipts.extend(&held.receipts);
    }
    used
}

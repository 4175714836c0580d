//! What was gathered and contradicts itself.

use domain::{
    decision::Slot,
    id::{EntryId, MemberId},
};

use super::Gathered;
use crate::{
    evidence::{Evidence, Receipt},
    leaves::Leaf,
    validators::ValidatorIndex,
};

impl Gathered {
    /// Receipts of one validator for two ballots of one slot, if it has signed such.
    #[must_use]
    pub fn receipts_in_conflict(
        &self,
        validator: ValidatorIndex,
        voter: MemberId,
        slot: Slot,
    ) -> Option<Evidence> {
        let leaf = |byte| Leaf {
            voter,
            slot,
            ballot: EntryId([byte; 32]),
        };
        let there = self.receipts.range(leaf(0)..=leaf(0xff));
        let mut found = there.filter_map(|(leaf, receipts)| {
            let mut receipts = receipts.iter();
            let (receipt, kept) = receipts.find(|(receipt, _)| receipt.validator == validator)?;
            Some(Receipt {
                leaf: *leaf,
                time: receipt.time,
                proof: kept.proof.clone(),
                signature: kept.signature,
            })
        });
        let pair = [found.next()?, found.next()?];
        Some(Evidence::Receipts(validator, Box::new(pair)))
    }

    /// Two manifests of one validator, if it has signed such.
    #[must_use]
    pub fn manifests_in_conflict(&self, validator: ValidatorIndex) -> Option<Evidence> {
        let of_author = self.manifests.iter();
        let mut found = of_author
            .filter(|(named, _)| named.author == validator)
            .map(|(named, (_, signed))| (named.manifest, signed.signature));
        let pair = [found.next()?, found.next()?];
        Some(Evidence::Manifests(validator, pair))
    }

    /// Two seals of one validator, if it has signed such.
    #[must_use]
    pub fn seals_in_conflict(&self, validator: ValidatorIndex) -> Option<Evidence> {
        match &self.seals.get(&validator)?[..] {
            [one, other] => {
                let mut pair = [one.clone(), other.clone()];
                pair.sort_by(|one, other| (one.time, &one.names).cmp(&(other.time, &other.names)));
                Some(Evidence::Seals(Box::new(pair)))
            }
            _ => None,
        }
    }
}

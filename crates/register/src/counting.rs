//! What counts: which slot of a voter, and which ballots in it, a closing's seals support (rules R4,
//! R5 and R7 of `specs/register.md`). These functions are what the model of the protocol checks.

use std::collections::BTreeSet;

use domain::{decision::Slot, id::Hash};

use crate::sizes::Sizes;

/// The most ballots of one slot that a manifest lists: two that say different things.
pub const LISTED_MAX: usize = 2;

/// A ballot that a validator has heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its place among its voter's ballots.
    pub slot: Slot,
    /// The hash of its bytes.
    pub ballot: Hash,
    /// What it says, as a number: two ballots of a slot with one choice are as good as one.
    pub choice: u64,
    /// How many validators have signed a receipt for it that counts.
    pub receipts: usize,
}

impl Seen {
    /// Whether enough have witnessed it that one of them is honest.
    #[must_use]
    pub fn is_held(&self, sizes: Sizes) -> bool {
        self.receipts >= sizes.witnesses()
    }
}

/// What a manifest lists for one voter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The highest slot of which its author holds a ballot.
    pub slot: Slot,
    /// The hashes of the ballots it holds there, ascending: one, or two that say different things.
    pub ballots: Vec<Hash>,
}

/// What a validator lists of one voter's ballots: of those it holds, the highest slot, and there the
/// smallest hash of each choice, at most two.
#[must_use]
pub fn listed(sizes: Sizes, seen: &[Seen]) -> Option<Listed> {
    let held = || seen.iter().filter(|ballot| ballot.is_held(sizes));
    let slot = held().map(|ballot| ballot.slot).max()?;
    let mut there: Vec<&Seen> = held().filter(|ballot| ballot.slot == slot).collect();
    there.sort_unstable_by_key(|ballot| ballot.ballot);
    let mut choices = BTreeSet::new();
    there.retain(|ballot| choices.insert(ballot.choice));
    there.truncate(LISTED_MAX);
    let ballots = there.into_iter().map(|ballot| ballot.ballot).collect();
    Some(Listed { slot, ballots })
}

/// What counts for one voter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The slot.
    pub slot: Slot,
    /// The ballots in it that are supported, ascending. If they say one thing the first counts; if
    /// they say different things the voter abstains, and they are the evidence.
    pub ballots: BTreeSet<Hash>,
}

/// What counts for one voter, given for each carried seal what the manifests it names list for that
/// voter; `None` if nothing does. The order of seals and lists changes nothing.
///
/// A seal's value is the highest slot in its lists. The counted slot is the (f+1)-th highest value:
/// one honest seal at least is as high, so nothing counts that honest validators never held; and
/// what 2f+1 held stands in every honest seal, so it, or something higher, counts whichever quorum
/// of seals is carried. In that slot the ballots count that f+1 seals list, or if none has as many,
/// all that are listed.
#[must_use]
pub fn counted(sizes: Sizes, seals: &[Vec<&Listed>]) -> Option<Counted> {
    let mut values: Vec<Slot> = seals
        .iter()
        .filter_map(|lists| lists.iter().map(|listed| listed.slot).max())
        .collect();
    values.sort_unstable_by(|one, other| other.cmp(one));
    let slot = *values.get(sizes.witnesses() - 1)?;
    let sides: Vec<BTreeSet<Hash>> = seals
        .iter()
        .map(|lists| {
            let there = lists.iter().filter(|listed| listed.slot == slot);
            there.flat_map(|listed| listed.ballots.clone()).collect()
        })
        .collect();
    let all: BTreeSet<Hash> = sides.iter().flatten().copied().collect();
    let support = |ballot: &Hash| sides.iter().filter(|side| side.contains(ballot)).count();
    let supported: BTreeSet<Hash> = all
        .iter()
        .copied()
        .filter(|ballot| support(ballot) >= sizes.witnesses())
        .collect();
    let ballots = if supported.is_empty() { all } else { supported };
    Some(Counted { slot, ballots })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FOUR: usize = 4;

    fn slot(revision: u8) -> Slot {
        Slot {
            mandate: 1,
            revision,
        }
    }

    fn ballot(number: u8) -> Hash {
        Hash([number; 32])
    }

    fn seen(revision: u8, number: u8, choice: u64, receipts: usize) -> Seen {
        Seen {
            slot: slot(revision),
            ballot: ballot(number),
            choice,
            receipts,
        }
    }

    fn lists(revision: u8, ballots: &[u8]) -> Listed {
        Listed {
            slot: slot(revision),
            ballots: ballots.iter().map(|number| ballot(*number)).collect(),
        }
    }

    fn counts(seals: &[Vec<Listed>]) -> Option<Counted> {
        let seals: Vec<Vec<&Listed>> = seals.iter().map(|seal| seal.iter().collect()).collect();
        counted(Sizes::of(FOUR), &seals)
    }

    #[test]
    fn a_higher_ballot_that_is_not_held_does_not_hide_one_that_is() {
        let sizes = Sizes::of(FOUR);
        let all = [seen(2, 2, 0, 1), seen(1, 1, 0, 3)];
        assert_eq!(listed(sizes, &all), Some(lists(1, &[1])));
        assert_eq!(listed(sizes, &all[..1]), None);
    }

    #[test]
    fn of_one_slot_a_ballot_for_each_choice_is_listed_and_at_most_two() {
        let sizes = Sizes::of(FOUR);
        let all = [
            seen(1, 4, 2, 2),
            seen(1, 3, 1, 2),
            seen(1, 1, 0, 2),
            seen(1, 2, 0, 2),
        ];
        assert_eq!(listed(sizes, &all), Some(lists(1, &[1, 3])));
    }

    #[test]
    fn what_only_faulty_validators_list_does_not_count() {
        let (low, high) = (lists(1, &[1]), lists(2, &[2]));
        let seals = [
            vec![low.clone(), high],
            vec![low.clone()],
            vec![low.clone()],
        ];
        assert_eq!(counts(&seals).map(|counted| counted.slot), Some(slot(1)));
        assert_eq!(counts(&[vec![low], vec![], vec![]]), None);
    }

    #[test]
    fn a_ballot_whose_slots_are_spread_over_the_seals_is_not_lost() {
        // Two honest seals each know a higher slot that the other does not: at least the lower counts.
        let seals = [
            vec![lists(1, &[1])],
            vec![lists(2, &[2])],
            vec![lists(3, &[3])],
        ];
        let counted = counts(&seals).unwrap();
        assert_eq!(counted.slot, slot(2));
        assert_eq!(counted.ballots, BTreeSet::from([ballot(2)]));
    }

    #[test]
    fn in_one_slot_what_more_than_the_faulty_list_outweighs_the_rest() {
        let seals = [
            vec![lists(1, &[1, 2])],
            vec![lists(1, &[1])],
            vec![lists(1, &[1])],
        ];
        assert_eq!(counts(&seals).unwrap().ballots, BTreeSet::from([ballot(1)]));
        let split = [vec![lists(1, &[1])], vec![lists(1, &[2])], vec![]];
        let both = BTreeSet::from([ballot(1), ballot(2)]);
        assert_eq!(counts(&split).unwrap().ballots, both);
    }

    proptest! {
        #[test]
        fn the_order_of_seals_and_lists_changes_nothing(
            seals in prop::collection::vec(
                prop::collection::vec((1u8..4, 0u8..5), 0..4),
                0..5,
            ).prop_shuffle(),
            turn in 0usize..5,
        ) {
            let seals: Vec<Vec<Listed>> = seals
                .iter()
                .map(|seal| seal.iter().map(|(slot, number)| lists(*slot, &[*number])).collect())
                .collect();
            let mut other = seals.clone();
            other.rotate_left(turn.min(seals.len()));
            other.iter_mut().for_each(|seal| seal.reverse());
            prop_assert_eq!(counts(&seals), counts(&other));
        }
    }
}

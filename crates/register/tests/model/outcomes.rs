//! What counts for one voter, for everything that the seals of a closing can say when there are four
//! validators: the production function asked once for every input there is.

use std::collections::BTreeSet;

use domain::{decision::Slot, id::Hash};
use register::{
    counting::{Counted, LISTED_MAX, Listed},
    sizes::Sizes,
};

use crate::knowledge::{ALL, count, sizes};

/// A way to count; the production function or one that is known to be wrong.
pub type Counting = fn(Sizes, &[Vec<&Listed>]) -> Option<Counted>;

/// For each of the four seals what the manifests it names list, as a mask of rows; `None` if the
/// closing does not carry it.
pub type Seals = [Option<u8>; ALL];

/// The outcomes for every combination of rows.
pub struct Outcomes {
    rows: Vec<Listed>,
    by_seals: Vec<Option<Counted>>,
}

/// Hash by hash: each seal supports the ballots of its own highest slot, and of those that f+1 seals
/// support the highest count. It loses a secured ballot when the slots are spread over the seals.
pub fn hash_by_hash(sizes: Sizes, seals: &[Vec<&Listed>]) -> Option<Counted> {
    let sides: Vec<BTreeSet<(Slot, Hash)>> = seals.iter().map(|lists| highest(lists)).collect();
    let all: BTreeSet<(Slot, Hash)> = sides.iter().flatten().copied().collect();
    let support = |pair: &(Slot, Hash)| sides.iter().filter(|side| side.contains(pair)).count();
    let supported = all.iter().filter(|pair| support(pair) >= sizes.witnesses());
    let (slot, _) = supported.clone().next_back().copied()?;
    let ballots = supported
        .filter(|pair| pair.0 == slot)
        .map(|pair| pair.1)
        .collect();
    Some(Counted { slot, ballots })
}

fn highest(lists: &[&Listed]) -> BTreeSet<(Slot, Hash)> {
    let slot = lists.iter().map(|listed| listed.slot).max();
    let there = lists.iter().filter(|listed| Some(listed.slot) == slot);
    there
        .flat_map(|listed| listed.ballots.iter().map(|ballot| (listed.slot, *ballot)))
        .collect()
}

/// The minimum rule, for a closing of manifests: the highest slot listed in any of them.
pub fn highest_in_any(_: Sizes, manifests: &[Vec<&Listed>]) -> Option<Counted> {
    let slot = manifests.iter().flatten().map(|listed| listed.slot).max()?;
    let there = manifests
        .iter()
        .flatten()
        .filter(|listed| listed.slot == slot);
    let ballots = there.flat_map(|listed| listed.ballots.clone()).collect();
    Some(Counted { slot, ballots })
}

impl Outcomes {
    /// Asks `counting` for every input made of these rows, in every order of seals.
    ///
    /// Panics if the order changes what counts.
    pub fn of(rows: Vec<Listed>, counting: Counting) -> Self {
        assert!(rows.iter().all(|row| row.ballots.len() <= LISTED_MAX));
        let mut outcomes = Self {
            by_seals: Vec::new(),
            rows,
        };
        for index in 0..outcomes.digits().pow(ALL as u32) {
            let seals = outcomes.seals(index);
            let outcome = counting(sizes(), &outcomes.lists(&seals, false));
            // These two turns, tried on every input, make up every order.
            let (mut rotated, mut swapped) = (seals, seals);
            rotated.rotate_left(1);
            swapped.swap(0, 1);
            for other in [rotated, swapped] {
                let again = counting(sizes(), &outcomes.lists(&other, true));
                assert_eq!(again, outcome, "the order decides: {seals:?}, {other:?}");
            }
            outcomes.by_seals.push(outcome);
        }
        outcomes
    }

    /// What counts if these seals are carried.
    pub fn get(&self, seals: &Seals) -> Option<&Counted> {
        let digit = |seal: &Option<u8>| seal.map_or(0, |rows| usize::from(rows) + 1);
        let index = seals
            .iter()
            .fold(0, |index, seal| index * self.digits() + digit(seal));
        self.by_seals[index].as_ref()
    }

    fn digits(&self) -> usize {
        (1 << self.rows.len()) + 1
    }

    fn seals(&self, mut index: usize) -> Seals {
        let mut seals = [None; ALL];
        for seal in seals.iter_mut().rev() {
            *seal = (index % self.digits())
                .checked_sub(1)
                .map(|rows| rows as u8);
            index /= self.digits();
        }
        seals
    }

    fn lists(&self, seals: &Seals, backwards: bool) -> Vec<Vec<&Listed>> {
        let lists = |rows: u8| {
            let named = (0..self.rows.len()).filter(|row| rows & (1 << row) != 0);
            let mut lists: Vec<&Listed> = named.map(|row| &self.rows[row]).collect();
            if backwards {
                lists.reverse();
            }
            lists
        };
        seals.iter().flatten().map(|rows| lists(*rows)).collect()
    }
}

/// The closings that can be made of these seals: every set of them that reaches a quorum.
pub fn closings(seals: &Seals) -> impl Iterator<Item = Seals> {
    let seals = *seals;
    let signed = (0..ALL).filter(|signer| seals[*signer].is_some());
    let signed = signed.fold(0, |mask, signer| mask | 1 << signer);
    crate::knowledge::quorums().filter_map(move |carried| {
        let carry = |signer: usize| seals[signer].filter(|_| carried & (1 << signer) != 0);
        let complete = carried & !signed == 0 && count(carried) >= sizes().quorum();
        complete.then(|| std::array::from_fn(carry))
    })
}

//! One voter with several revisions, the manifests of which list different ones: why the counted
//! slot is the (f+1)-th highest value and not decided ballot by ballot.

use std::collections::BTreeSet;

use domain::{decision::Slot, id::Hash};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_core::Rng;
use register::{
    counting::{Listed, counted},
    sizes::Sizes,
};

use crate::{
    knowledge::{count, subsets},
    outcomes::{Counting, hash_by_hash},
};

const REVISIONS: u8 = 3;

/// How many random closings at seven validators.
const CLOSINGS: usize = if cfg!(debug_assertions) {
    2_000
} else {
    20_000
};

fn rows() -> Vec<Listed> {
    let row = |revision| Listed {
        slot: Slot {
            mandate: 1,
            revision,
        },
        ballots: vec![Hash([revision; 32])],
    };
    (1..=REVISIONS).map(row).collect()
}

/// Whether a closing of these seals loses the first revision, which is secured: each seal is given
/// as what its manifests list, 0 for nothing.
fn loses(sizes: Sizes, counting: Counting, seals: &[BTreeSet<u8>]) -> bool {
    let rows = rows();
    let lists = |seal: &BTreeSet<u8>| {
        let listing = seal.iter().filter(|revision| **revision > 0);
        listing
            .map(|revision| &rows[usize::from(*revision) - 1])
            .collect::<Vec<&Listed>>()
    };
    let seals: Vec<Vec<&Listed>> = seals.iter().map(lists).collect();
    counting(sizes, &seals).is_none()
}

/// What each set of at least a quorum of these manifests lists; the last manifests are the liars',
/// who may give each seal another.
fn sides(sizes: Sizes, honest: &[u8]) -> BTreeSet<BTreeSet<u8>> {
    let mut sides = BTreeSet::new();
    for named in subsets((1 << honest.len()) - 1) {
        let of_honest = (0..honest.len()).filter(|author| named & (1 << author) != 0);
        let side: BTreeSet<u8> = of_honest.map(|author| honest[author]).collect();
        for liar in 0..=REVISIONS {
            if count(named) + sizes.faulty() >= sizes.quorum() {
                let mut side = side.clone();
                side.insert(liar);
                sides.insert(side);
            }
        }
    }
    sides
}

/// Every closing of three seals at four validators that at least two honest manifests say the first
/// revision or a later one in; how many there are and how many lose it.
fn at_four(counting: Counting) -> (usize, usize) {
    let sizes = Sizes::of(4);
    let (mut closings, mut lost) = (0, 0);
    for one in 0..=REVISIONS {
        for two in 1..=REVISIONS {
            for three in 1..=REVISIONS {
                let sides = sides(sizes, &[one, two, three]);
                for first in &sides {
                    for second in &sides {
                        for third in &sides {
                            let seals = [first.clone(), second.clone(), third.clone()];
                            closings += 1;
                            lost += usize::from(loses(sizes, counting, &seals));
                        }
                    }
                }
            }
        }
    }
    (closings, lost)
}

/// The same for random closings of five seals at seven validators, three honest ones holding it.
fn at_seven(counting: Counting, closings: usize) -> usize {
    let sizes = Sizes::of(7);
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut draw =
        |low: u8, high: u8| low + (random.next_u64() % (u64::from(high - low) + 1)) as u8;
    let mut lost = 0;
    for _ in 0..closings {
        let honest: [u8; 5] = std::array::from_fn(|author| draw(u8::from(author < 3), REVISIONS));
        let sides: Vec<BTreeSet<u8>> = sides(sizes, &honest).into_iter().collect();
        let pick = |_| sides[usize::from(draw(0, 255)) % sides.len()].clone();
        let seals: Vec<BTreeSet<u8>> = (0..sizes.quorum()).map(pick).collect();
        lost += usize::from(loses(sizes, counting, &seals));
    }
    lost
}

#[test]
fn a_secured_ballot_is_not_lost_when_slots_are_spread_over_the_seals() {
    let (closings, lost) = at_four(counted);
    println!("n = 4: {closings} closings");
    assert_eq!(lost, 0);
    assert_eq!(at_seven(counted, CLOSINGS), 0);
}

#[test]
fn counting_hash_by_hash_loses_a_secured_ballot() {
    let four = at_four(hash_by_hash);
    let seven = at_seven(hash_by_hash, CLOSINGS);
    println!("hash by hash: n = 4: {four:?}; n = 7: {seven} of {CLOSINGS}");
    assert!(four.1 > 0 && seven > 0);
}

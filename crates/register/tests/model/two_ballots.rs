//! Two ballots of one voter, every pair of states of their receipts: why a manifest lists the highest
//! slot held and not the highest seen.

use domain::{decision::Slot, id::Hash};
use register::counting::{Seen, listed};

use crate::knowledge::{ALL, Knowledge, Network, count, quorums, sizes};

/// Which of a voter's ballots a manifest lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listing {
    /// The highest of which a receipt is known.
    HighestSeen,
    /// The highest held, as production does it.
    HighestHeld,
}

impl Listing {
    /// The revision, 1 or 2, and the receipts that are pinned; a manifest lists only what is held,
    /// but under the rule refuted here the highest seen hides the rest.
    fn pick(self, low: u8, high: u8) -> (usize, u8) {
        let picked = match self {
            Self::HighestSeen => usize::from(high != 0) + 1,
            Self::HighestHeld => {
                let seen = [(1, low), (2, high)].map(|(revision, known)| Seen {
                    slot: Slot {
                        mandate: 1,
                        revision,
                    },
                    ballot: Hash([revision; 32]),
                    choice: u64::from(revision),
                    receipts: count(known),
                });
                listed(sizes(), &seen).map_or(0, |listed| usize::from(listed.slot.revision))
            }
        };
        match picked {
            1 => (1, low),
            2 => (2, high),
            _ => (0, 0),
        }
    }
}

/// What counts by the receipts pinned in the carried manifests together, the liar listing nothing:
/// the higher revision with f+1 of them, or 0.
fn counted(manifests: &[(usize, u8)], carried: u8) -> usize {
    let mut pinned = [0u8; 3];
    for (author, (revision, receipts)) in manifests.iter().enumerate() {
        if carried & (1 << author) != 0 {
            pinned[*revision] |= receipts;
        }
    }
    let counts = |revision: &usize| count(pinned[*revision]) >= sizes().witnesses();
    [2, 1].into_iter().find(counts).unwrap_or(0)
}

/// In how many of all pairs of states the lower ballot is secured and yet a closing counts nothing.
fn secured_lost(listing: Listing) -> usize {
    let states = Knowledge::states(Network::Free, ALL - sizes().faulty());
    let everything = 1u8 << ALL;
    let picks: Vec<Vec<(usize, u8)>> = (0..everything)
        .map(|low| {
            (0..everything)
                .map(|high| listing.pick(low, high))
                .collect()
        })
        .collect();
    let quorums: Vec<u8> = quorums().collect();
    let mut lost = 0;
    for low in states.iter().filter(|state| state.is_secured()) {
        for high in &states {
            let pick = |author: usize| {
                picks[usize::from(low.known[author])][usize::from(high.known[author])]
            };
            let manifests = [pick(0), pick(1), pick(2)];
            let loses = |carried: &u8| counted(&manifests, *carried) == 0;
            lost += usize::from(quorums.iter().any(loses));
        }
    }
    lost
}

#[test]
fn listing_the_highest_seen_loses_secured_ballots() {
    assert_eq!(secured_lost(Listing::HighestSeen), 53_128);
}

#[test]
fn listing_the_highest_held_loses_none() {
    assert_eq!(secured_lost(Listing::HighestHeld), 0);
}

//! Rules of counting without seals, for one ballot: those that were thought of first. Each is shown
//! the manifests that a closing carries and says whether the ballot counts.

use domain::{decision::Slot, id::Hash};
use register::counting::{Seen, listed};

use crate::knowledge::{Knowledge, count, quorums, sizes, subsets};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Manifests are roots only; the closing shows what receipts it likes, f+1 admit.
    AsWritten,
    /// Receipts are pinned in the manifests; one that lists the ballot admits.
    ListedInAny,
    /// f+1 receipts pinned in all carried manifests together admit.
    UnionOfReceipts,
    /// f+1 manifests that list the ballot admit.
    ListedInWitnesses,
    /// 2f+1 receipts pinned in all carried manifests together admit.
    UnionOfTwoThirds,
}

/// What liars can make of one ballot once the honest manifests are fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// There is a valid closing in which it counts.
    pub counted: bool,
    /// There is one in which it does not.
    pub lost: bool,
}

impl Options {
    /// Whether the liars choose.
    pub fn toggled(self) -> bool {
        self.counted && self.lost
    }
}

impl Rule {
    pub const ALL: [Self; 5] = [
        Self::AsWritten,
        Self::ListedInAny,
        Self::UnionOfReceipts,
        Self::ListedInWitnesses,
        Self::UnionOfTwoThirds,
    ];

    /// Tries every manifest the liars can sign and every set of manifests a closing can carry.
    pub fn options(self, knowledge: &Knowledge) -> Options {
        let mut options = Options {
            counted: false,
            lost: false,
        };
        let mut note = |counts: bool| match counts {
            true => options.counted = true,
            false => options.lost = true,
        };
        if self == Self::AsWritten {
            for shown in subsets(knowledge.receipts()) {
                note(count(shown) >= sizes().witnesses());
            }
            return options;
        }
        for pinned in liars_manifests(knowledge) {
            let manifests = [knowledge.known.as_slice(), &pinned].concat();
            for carried in quorums() {
                let of_carried: Vec<u8> = (0..manifests.len())
                    .filter(|author| carried & (1 << author) != 0)
                    .map(|author| manifests[author])
                    .collect();
                note(self.counts(&of_carried));
            }
        }
        options
    }

    fn counts(self, manifests: &[u8]) -> bool {
        let union = manifests.iter().fold(0, |union, pinned| union | pinned);
        let listing = manifests.iter().filter(|pinned| lists(**pinned)).count();
        match self {
            Self::AsWritten => unreachable!("it does not look at manifests"),
            Self::ListedInAny => listing >= 1,
            Self::UnionOfReceipts => count(union) >= sizes().witnesses(),
            Self::ListedInWitnesses => listing >= sizes().witnesses(),
            Self::UnionOfTwoThirds => count(union) >= sizes().securing(),
        }
    }
}

/// Whether a manifest that knows these receipts lists the ballot: the production function decides.
pub fn lists(receipts: u8) -> bool {
    let seen = Seen {
        slot: Slot {
            mandate: 1,
            revision: 1,
        },
        ballot: Hash([1; 32]),
        choice: 1,
        receipts: count(receipts),
    };
    listed(sizes(), &[seen]).is_some()
}

/// What each liar's manifest can pin: any of the receipts that exist, each liar for itself.
fn liars_manifests(knowledge: &Knowledge) -> Vec<Vec<u8>> {
    let mut manifests: Vec<Vec<u8>> = vec![Vec::new()];
    for _ in 0..knowledge.liars {
        manifests = manifests
            .iter()
            .flat_map(|before| {
                subsets(knowledge.receipts()).map(|more| [before.as_slice(), &[more]].concat())
            })
            .collect();
    }
    manifests
}

//! Who has given a receipt for one ballot, and who has heard of which receipts, before the honest
//! validators sign their manifests. Sets of validators are bit masks; the honest come first.

use register::sizes::Sizes;

/// The validators of the exhaustive parts.
pub const ALL: usize = 4;

/// What the network promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Nothing: anything may be late for anybody.
    Free,
    /// What one honest validator sends before its deadline, all honest ones have when they sign
    /// their manifests. What a liar shows it may show to some of them at the last moment.
    Connected,
}

/// Receipts of one ballot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knowledge {
    /// The honest validators that have given one.
    pub given: u8,
    /// For every honest validator, whose receipts it knows: its own if it gave one.
    pub known: Vec<u8>,
    /// How many of the validators lie. They give receipts whenever they like.
    pub liars: usize,
}

impl Knowledge {
    /// Every state that `honest` of [`ALL`] validators can be in.
    pub fn states(network: Network, honest: usize) -> Vec<Self> {
        let mut states = Vec::new();
        for given in 0..1u8 << honest {
            states.extend(Self::after(network, honest, given));
        }
        states
    }

    fn after(network: Network, honest: usize, given: u8) -> Vec<Self> {
        let liars = liars_mask(honest);
        let mut partial: Vec<Vec<u8>> = vec![Vec::new()];
        for validator in 0..honest {
            let own = given & (1 << validator);
            let sure = match network {
                Network::Free => own,
                Network::Connected => given,
            };
            let possible: Vec<u8> = subsets(given | liars)
                .filter(|known| known & sure == sure)
                .collect();
            partial = partial
                .iter()
                .flat_map(|known| {
                    possible.iter().map(|more| {
                        let mut known = known.clone();
                        known.push(*more);
                        known
                    })
                })
                .collect();
        }
        let state = |known| Self {
            given,
            known,
            liars: ALL - honest,
        };
        partial.into_iter().map(state).collect()
    }

    /// Whose receipts there are at most, the liars' among them.
    pub fn receipts(&self) -> u8 {
        self.given | liars_mask(self.known.len())
    }

    /// Whether so many receipts exist that the ballot would be secured if all knew them.
    pub fn has_two_thirds(&self) -> bool {
        count(self.receipts()) >= sizes().securing()
    }

    /// Whether so many validators may have signed a hold that the voter was told *secured*. Liars
    /// sign one for anything.
    pub fn is_secured(&self) -> bool {
        let held = |known: &&u8| count(**known) >= sizes().witnesses();
        self.known.iter().filter(held).count() + self.liars >= sizes().securing()
    }
}

/// The sizes of the exhaustive parts.
pub fn sizes() -> Sizes {
    Sizes::of(ALL)
}

/// How many validators are in a set.
pub fn count(mask: u8) -> usize {
    mask.count_ones() as usize
}

/// Every subset of a set, the empty one first.
pub fn subsets(mask: u8) -> impl Iterator<Item = u8> {
    (0..=mask).filter(move |subset| subset & !mask == 0)
}

/// The sets of at least a quorum of validators.
pub fn quorums() -> impl Iterator<Item = u8> {
    subsets((1 << ALL) - 1).filter(|carried| count(*carried) >= sizes().quorum())
}

fn liars_mask(honest: usize) -> u8 {
    ((1 << ALL) - 1) & !((1 << honest) - 1)
}

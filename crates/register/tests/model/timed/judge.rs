//! The liars' best choice once the honest manifests, or seals, are signed: the closing in which a
//! voter's highest slot counts and the one in which the lowest does.
//!
//! What counts rises with the value of every seal, so these two closings bound all others.

use domain::decision::Slot;
use register::{
    counting::{Counted, Listed, counted},
    sizes::Sizes,
};

use super::{steps::Manifest, world::World};
use crate::outcomes::{Counting, highest_in_any};

/// What the manifests behind one seal list for the voter.
type Lists<'a> = Vec<&'a Listed>;

/// What the liars can make of one voter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    pub lowest: Option<Counted>,
    pub highest: Option<Counted>,
}

impl Range {
    /// Whether the liars choose.
    pub fn is_open(&self) -> bool {
        self.lowest != self.highest
    }

    /// If a closing carries a quorum of manifests and no seals.
    pub fn of_manifests(world: &World, voter: usize) -> Self {
        let manifests = world.manifests.iter();
        let honest: Vec<Lists> = manifests
            .map(|manifest| manifest[voter].iter().collect())
            .collect();
        let high = world.liars_manifest[voter].iter().collect();
        Self::of(world.sizes, highest_in_any, &honest, &[Vec::new(), high])
    }

    /// If a closing carries a quorum of seals.
    pub fn of_seals(world: &World, seals: &[Vec<Manifest>], voter: usize) -> Self {
        let (honest, liars) = sides(world, seals, voter);
        Self::of(world.sizes, counted, &honest, &liars)
    }

    /// The quorum of the lowest, the liars' being the first of `liars`, and of the highest with the
    /// second.
    fn of(sizes: Sizes, counting: Counting, honest: &[Lists], liars: &[Lists; 2]) -> Self {
        let number = sizes.all() - honest.len();
        let [low, high] = liars.each_ref().map(|liar| {
            let liars = std::iter::repeat_n(liar, number);
            let mut all: Vec<Lists> = honest.iter().chain(liars).cloned().collect();
            all.sort_by_key(|lists| highest_slot(lists));
            all
        });
        let quorum = sizes.quorum();
        Self {
            lowest: counting(sizes, &low[..quorum]),
            highest: counting(sizes, &high[high.len() - quorum..]),
        }
    }
}

/// What the manifests behind every honest seal list for the voter, and behind a liar's lowest and
/// highest: a liar's seal names a quorum too, so the lowest names the liars' empty manifests and
/// those honest ones that list least.
pub fn sides<'a>(
    world: &'a World,
    seals: &[Vec<Manifest>],
    voter: usize,
) -> (Vec<Lists<'a>>, [Lists<'a>; 2]) {
    let mut low: Vec<Option<&Listed>> = world
        .manifests
        .iter()
        .map(|manifest| manifest[voter].as_ref())
        .collect();
    let high = low
        .iter()
        .copied()
        .chain([world.liars_manifest[voter].as_ref()]);
    let high: Lists = high.flatten().collect();
    low.sort_by_key(|listed| listed.map(|listed| listed.slot));
    low.truncate(world.sizes.quorum().saturating_sub(world.setting.liars));
    let low: Lists = low.into_iter().flatten().collect();
    let of_seal = |seal: &Vec<Manifest>| {
        seal.iter()
            .filter_map(|named| world.lists_of(*named, voter))
            .collect()
    };
    (seals.iter().map(of_seal).collect(), [low, high])
}

/// Whether every closing of these seals, each liar's being one of two, counts a slot between those
/// of the range.
pub fn bounds_every_closing(
    range: &Range,
    sizes: Sizes,
    honest: &[Lists],
    liars: &[Lists; 2],
) -> bool {
    let (all, number) = (sizes.all(), sizes.all() - honest.len());
    let between = |counted: Option<Counted>| {
        let slot = |counted: &Option<Counted>| counted.as_ref().map(|counted| counted.slot);
        slot(&range.lowest) <= slot(&counted) && slot(&counted) <= slot(&range.highest)
    };
    (0..1usize << number).all(|choice| {
        let of_liars = (0..number).map(|liar| &liars[choice >> liar & 1]);
        let seals: Vec<&Lists> = honest.iter().chain(of_liars).collect();
        let sets =
            (0..1u32 << all).filter(|carried| carried.count_ones() as usize >= sizes.quorum());
        let closing = |carried: u32| -> Vec<Lists> {
            let signers = (0..all).filter(|signer| carried & (1 << signer) != 0);
            signers.map(|signer| seals[signer].clone()).collect()
        };
        sets.map(closing)
            .all(|closing| between(counted(sizes, &closing)))
    })
}

fn highest_slot(lists: &Lists) -> Option<Slot> {
    lists.iter().map(|listed| listed.slot).max()
}

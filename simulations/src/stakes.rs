//! What liars could still choose when honest validators have sealed.

use std::collections::BTreeMap;

use domain::{
    cbor::Decode,
    decision::Slot,
    id::{Hash, PhaseId},
};
use register::{
    manifest::{Manifest, Row},
    phase::{Phase, VoterIndex},
    registrar::Message,
    seal::Seal,
    witness,
};

use crate::{play::Play, world::World};

/// All that was sealed in a phase by honest validators, and every manifest by its hash.
#[derive(Default)]
struct Sealed {
    seals: BTreeMap<PhaseId, Vec<Seal>>,
    manifests: BTreeMap<Hash, Manifest>,
}

impl World {
    /// On how many ballots liars could decide by choosing which seals a closing carries, and of how
    /// many: those of voters whose value is not the same in all honest seals. Where it is the same it
    /// is the (f+1)-th highest of every quorum, whatever f others say.
    pub(crate) fn switchable(&self) -> (usize, usize) {
        let Some(archive) = &self.archive else {
            return (0, 0);
        };
        let sealed = self.sealed();
        let of_phase = archive.closed.iter().map(|(id, end)| {
            let none = Vec::new();
            let seals = sealed.seals.get(id).unwrap_or(&none);
            differing(&end.phase, seals, &sealed.manifests)
        });
        of_phase.fold((0, 0), |sum, (differs, all)| (sum.0 + differs, sum.1 + all))
    }

    fn sealed(&self) -> Sealed {
        let federation = self.genesis.federation();
        let honest: Vec<_> = self
            .honest()
            .into_iter()
            .map(|node| self.members[self.nodes[node].member].validator.public())
            .collect();
        let mut sealed = Sealed::default();
        for (author, message) in self.said() {
            let Message::Phase { phase, said } = message else {
                continue;
            };
            match said {
                witness::Message::Manifest(signed) => {
                    if let Ok(manifest) = Manifest::from_bytes(&signed.bytes) {
                        let hash = Manifest::hash_of(&federation, &signed.bytes);
                        sealed.manifests.insert(hash, manifest);
                    }
                }
                witness::Message::Seal(seal) if honest.contains(&author) => {
                    sealed.seals.entry(phase).or_default().push(seal);
                }
                _ => {}
            }
        }
        sealed
    }
}

impl Play {
    pub(crate) fn check_switchable(&self, world: &mut World) {
        let (differs, _) = world.switchable();
        if self
            .scenario
            .switchable_max
            .is_some_and(|most| differs > most)
        {
            world.fail(
                None,
                format!("liars could decide on {differs} ballots in the end"),
            );
        }
    }
}

fn differing(
    phase: &Phase,
    seals: &[Seal],
    manifests: &BTreeMap<Hash, Manifest>,
) -> (usize, usize) {
    let voters = phase.voters().len();
    let differs = (0..voters).filter(|voter| {
        let voter = VoterIndex(*voter as u16);
        let values = seals.iter().map(|seal| value(seal, voter, manifests));
        let values: Vec<[Option<Slot>; 2]> = values.collect();
        values.windows(2).any(|pair| pair[0] != pair[1])
    });
    (differs.count(), voters)
}

/// The highest slot of a voter that a seal's manifests list, of all receipts and of early ones.
fn value(
    seal: &Seal,
    voter: VoterIndex,
    manifests: &BTreeMap<Hash, Manifest>,
) -> [Option<Slot>; 2] {
    let named = seal.names.iter();
    let named = named.filter_map(|named| manifests.get(&named.manifest));
    let named: Vec<&Manifest> = named.collect();
    let rows = named.iter().flat_map(|manifest| &manifest.rows);
    let early = named.iter().flat_map(|manifest| &manifest.early);
    let slot = |row: &Row| (row.voter == voter).then_some(row.slot);
    [rows.filter_map(slot).max(), early.filter_map(slot).max()]
}

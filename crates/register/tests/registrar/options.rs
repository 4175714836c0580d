//! What liars could still choose when honest validators have sealed.

use std::collections::BTreeMap;

use domain::{
    cbor::Decode,
    decision::Slot,
    id::{Hash, PhaseId},
};
use register::{
    manifest::Manifest,
    phase::VoterIndex,
    registrar::{Input, Message},
    seal::Seal,
    witness,
};

use crate::world::World;

/// Of how many voters, and of how many of all, liars could still switch what counts by choosing which
/// seals are carried: those whose value is not the same in all honest seals. Where it is the same it
/// is the (f+1)-th highest of every quorum, whatever f others say.
pub fn switchable(world: &World, phase: &PhaseId) -> (usize, usize) {
    let Some((of, _)) = world.checks.closed.get(phase) else {
        return (0, 0);
    };
    let mut manifests = BTreeMap::new();
    let mut seals: Vec<&Seal> = Vec::new();
    for kept in world.things.all() {
        let Input::Message(Message::Phase { phase: named, said }) = &*kept.input else {
            continue;
        };
        match said {
            witness::Message::Manifest(signed) if named == phase => {
                let hash = Manifest::hash_of(&world.federation.id, &signed.bytes);
                if let Ok(manifest) = Manifest::from_bytes(&signed.bytes) {
                    manifests.insert(hash, manifest);
                }
            }
            witness::Message::Seal(seal) if named == phase => {
                let key = of.validators.get(seal.validator).map(|one| one.key);
                if key.is_some_and(|key| !world.checks.liars.contains(&key)) {
                    seals.push(seal);
                }
            }
            _ => {}
        }
    }
    let voters = of.voters().len();
    let differs = (0..voters).filter(|voter| {
        let voter = VoterIndex(*voter as u16);
        let values = seals.iter().map(|seal| value(seal, voter, &manifests));
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
    let named: Vec<&Manifest> = named
        .filter_map(|named| manifests.get(&named.manifest))
        .collect();
    let rows = named.iter().flat_map(|manifest| &manifest.rows);
    let early = named.iter().flat_map(|manifest| &manifest.early);
    let slot = |row: &register::manifest::Row| (row.voter == voter).then_some(row.slot);
    [rows.filter_map(slot).max(), early.filter_map(slot).max()]
}

//! Who proposes when.

use domain::{cbor::Encoder, id::Hash};

use super::statement::Place;
use crate::validators::{ValidatorIndex, ValidatorSet};

const PREFIX: &[u8] = b"folkmoot/proposer/1\0";

/// The validators in the order in which they propose at a place: in round r the one at r modulo
/// their number. The order is another at each height, so that validators that are away do not
/// follow each other for ever.
#[must_use]
pub fn proposers(place: &Place, set: &ValidatorSet) -> Vec<ValidatorIndex> {
    let rank = |index: &ValidatorIndex| {
        let mut encoder = Encoder::new();
        encoder.array(3).uint(place.epoch).uint(place.height);
        let bytes = encoder.value(index).clone().into_bytes();
        Hash::of(&[PREFIX, &place.federation.0, &bytes])
    };
    let mut order: Vec<ValidatorIndex> = set.iter().map(|(index, _)| index).collect();
    order.sort_by_cached_key(|index| (rank(index), *index));
    order
}

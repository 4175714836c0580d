//! The validators of a height.

use domain::{
    cbor::Encoder,
    id::{Hash, MemberId},
    key::{PublicKey, Verifier},
};
use thiserror::Error;

use crate::sizes::{Sizes, VALIDATORS_MAX};

/// Why a list is no set of validators.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ValidatorsError {
    /// Nobody, or too many.
    #[error("{found} validators, allowed are 1 to {VALIDATORS_MAX}")]
    Count {
        /// How many there are.
        found: usize,
    },
    /// Not strictly ascending by member.
    #[error("validator {0} does not follow the one before it")]
    Order(usize),
    /// A key that cannot verify, or one that stands there twice.
    #[error("the key of validator {0} is unusable or another's")]
    Key(usize),
}

/// A set of validators, each with one voice, named by index.
#[derive(Debug, Clone)]
pub struct Validators {
    list: Vec<(MemberId, PublicKey)>,
    keys: Vec<Verifier>,
}

impl Validators {
    /// The set of these members with their validator keys.
    ///
    /// # Errors
    /// When the list is empty, too long, not strictly ascending by member, or a key is unusable or
    /// stands there twice.
    pub fn new(list: Vec<(MemberId, PublicKey)>) -> Result<Self, ValidatorsError> {
        let found = list.len();
        if found == 0 || found > VALIDATORS_MAX {
            return Err(ValidatorsError::Count { found });
        }
        let mut keys = Vec::with_capacity(found);
        for (index, (member, key)) in list.iter().enumerate() {
            let before = &list[..index];
            if before.last().is_some_and(|last| last.0 >= *member) {
                return Err(ValidatorsError::Order(index));
            }
            if before.iter().any(|other| other.1 == *key) {
                return Err(ValidatorsError::Key(index));
            }
            keys.push(key.verifier().map_err(|_| ValidatorsError::Key(index))?);
        }
        Ok(Self { list, keys })
    }

    /// How many there are.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// How many are needed for what.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        Sizes::of(self.len())
    }

    /// The members and keys, by index.
    #[must_use]
    pub fn list(&self) -> &[(MemberId, PublicKey)] {
        &self.list
    }

    /// The key of the validator of that index, ready to verify.
    #[must_use]
    pub fn verifier(&self, index: usize) -> Option<&Verifier> {
        self.keys.get(index)
    }

    /// The index of the validator with that key.
    #[must_use]
    pub fn index_of(&self, key: &PublicKey) -> Option<usize> {
        self.list.iter().position(|(_, other)| other == key)
    }

    /// The hash that batches name.
    #[must_use]
    pub fn hash(&self) -> Hash {
        let mut encoder = Encoder::new();
        encoder.array(self.list.len());
        for (member, key) in &self.list {
            encoder.array(2).value(member).value(key);
        }
        Hash::of(&[b"folkmoot/validators/1\0", &encoder.into_bytes()])
    }
}

/// Who proposes at a place: in round r the validator at r modulo their number. The order is another
/// at each height, so that validators that are away do not follow each other for ever.
#[must_use]
pub(super) fn proposers(place: &super::Place, set: &Validators) -> Vec<usize> {
    let rank = |index: usize| {
        let mut encoder = Encoder::new();
        encoder.array(3).uint(place.epoch).uint(place.height);
        encoder.uint(index as u64);
        let parts = [
            b"folkmoot/proposer/1\0",
            &place.federation.0[..],
            &encoder.into_bytes(),
        ];
        Hash::of(&parts)
    };
    let mut order: Vec<usize> = (0..set.len()).collect();
    order.sort_by_cached_key(|index| (rank(*index), *index));
    order
}

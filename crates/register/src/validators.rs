//! The validators of a phase or a height: who they are, in one order, under one hash.

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{Hash, MemberId},
    key::{KeyError, PublicKey},
};
use thiserror::Error;

use crate::sizes::{Sizes, VALIDATORS_MAX};

const PREFIX: &[u8] = b"folkmoot/validators/1\0";

/// A validator, by its place in its set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValidatorIndex(pub u8);

impl Encode for ValidatorIndex {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.uint(u64::from(self.0));
    }
}

impl Decode for ValidatorIndex {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let index = decoder.uint_to("validator", VALIDATORS_MAX as u64 - 1)?;
        Ok(Self(index as u8))
    }
}

/// A member's key that witnesses and closes votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Validator {
    /// The member it stands for.
    pub member: MemberId,
    /// The key.
    pub key: PublicKey,
}

impl Encode for Validator {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).value(&self.member).value(&self.key);
    }
}

impl Decode for Validator {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            member: decoder.value()?,
            key: decoder.value()?,
        })
    }
}

/// Why validators make no set.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ValidatorsError {
    /// None, or more than a set may have.
    #[error("{found} validators; a set has 1 to {most}")]
    Number {
        /// How many.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// A member is listed twice, or not in the order of members.
    #[error("validator {at} does not follow the one before it by member")]
    Order {
        /// The place in the list, from 0.
        at: usize,
    },
    /// One key stands for two members: it would be counted twice.
    #[error("validators {first} and {second} have one key")]
    SharedKey {
        /// The place of the first.
        first: usize,
        /// The place of the second.
        second: usize,
    },
    /// A key that verifies nothing.
    #[error("the key of validator {at} is unusable")]
    Key {
        /// The place in the list, from 0.
        at: usize,
        /// What is wrong with it.
        #[source]
        source: KeyError,
    },
}

/// A set of validators, ascending by member, each member and each key once, every key usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidatorSet(Vec<Validator>);

impl ValidatorSet {
    /// The set of these validators, which come ascending by member.
    ///
    /// # Errors
    /// When there are none or too many, or one is out of order, shares a key or has an unusable one.
    pub fn new(validators: Vec<Validator>) -> Result<Self, ValidatorsError> {
        let (found, most) = (validators.len(), VALIDATORS_MAX);
        if !(1..=most).contains(&found) {
            return Err(ValidatorsError::Number { found, most });
        }
        for (second, validator) in validators.iter().enumerate() {
            let before = &validators[..second];
            if before
                .last()
                .is_some_and(|last| last.member >= validator.member)
            {
                return Err(ValidatorsError::Order { at: second });
            }
            if let Some(first) = before.iter().position(|other| other.key == validator.key) {
                return Err(ValidatorsError::SharedKey { first, second });
            }
            let usable = validator.key.verifier();
            usable.map_err(|source| ValidatorsError::Key { at: second, source })?;
        }
        Ok(Self(validators))
    }

    /// The numbers that follow from how many there are.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        Sizes::of(self.0.len())
    }

    /// The validator at a place.
    #[must_use]
    pub fn get(&self, index: ValidatorIndex) -> Option<&Validator> {
        self.0.get(usize::from(index.0))
    }

    /// The place of the validator with that key.
    #[must_use]
    pub fn index_of(&self, key: &PublicKey) -> Option<ValidatorIndex> {
        let place = self.0.iter().position(|validator| validator.key == *key)?;
        u8::try_from(place).ok().map(ValidatorIndex)
    }

    /// The validators with their places.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (ValidatorIndex, &Validator)> {
        // A set has at most 100, so no place is cut.
        let places = self.0.iter().enumerate();
        places.map(|(place, validator)| (ValidatorIndex(place as u8), validator))
    }

    /// The hash that names this set.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(&[PREFIX, &self.to_bytes()])
    }
}

impl Encode for ValidatorSet {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.list(self.0.iter());
    }
}

impl Decode for ValidatorSet {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let validators = decoder.list("validators", VALIDATORS_MAX)?;
        Self::new(validators).map_err(|_| {
            DecodeError::Invalid("validators ascend by member, each with a usable key of its own")
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::key::SecretKey;

    use super::*;

    fn validator(member: u8, seed: u8) -> Validator {
        Validator {
            member: MemberId([member; 32]),
            key: SecretKey::from_seed(&[seed; 32]).public(),
        }
    }

    #[test]
    fn a_set_comes_back_and_its_hash_depends_on_every_validator() {
        let two = ValidatorSet::new(vec![validator(1, 1), validator(2, 2)]).unwrap();
        assert_eq!(ValidatorSet::from_bytes(&two.to_bytes()), Ok(two.clone()));
        let other = ValidatorSet::new(vec![validator(1, 1), validator(2, 3)]).unwrap();
        assert_ne!(two.hash(), other.hash());
        assert_eq!(two.index_of(&validator(2, 2).key), Some(ValidatorIndex(1)));
        assert_eq!(two.index_of(&validator(3, 3).key), None);
    }

    #[test]
    fn a_set_has_each_member_and_each_key_once_in_order_and_none_unusable() {
        let refused = |validators: Vec<Validator>| ValidatorSet::new(validators).unwrap_err();
        let most = VALIDATORS_MAX;
        assert_eq!(refused(vec![]), ValidatorsError::Number { found: 0, most });
        let many = (0..101).map(|number| validator(number, number)).collect();
        assert_eq!(refused(many), ValidatorsError::Number { found: 101, most });
        let twice = vec![validator(1, 1), validator(1, 2)];
        assert_eq!(refused(twice), ValidatorsError::Order { at: 1 });
        let turned = vec![validator(2, 1), validator(1, 2)];
        assert_eq!(refused(turned), ValidatorsError::Order { at: 1 });
        let shared = vec![validator(1, 7), validator(2, 7)];
        let (first, second) = (0, 1);
        assert_eq!(
            refused(shared),
            ValidatorsError::SharedKey { first, second }
        );
        let unusable = Validator {
            key: PublicKey([0; 32]),
            ..validator(1, 1)
        };
        let source = KeyError::Unusable;
        assert_eq!(
            refused(vec![unusable]),
            ValidatorsError::Key { at: 0, source }
        );
    }
}

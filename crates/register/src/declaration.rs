//! What a member declares with its root key and nobody has to decide: the key its node closes votes
//! with, that it leaves, that its root key is not lost. It takes effect with the batch that has it.

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{FederationId, MemberId, PhaseId},
    key::{KeyError, PublicKey, SecretKey, Signature},
};

const PREFIX: &[u8] = b"folkmoot/declaration/1\0";
const PROOF_PREFIX: &[u8] = b"folkmoot/validator/1\0";

/// What is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matter {
    /// The member's node witnesses and closes votes with this key from the next height on.
    Validator {
        /// The key.
        key: PublicKey,
        /// The key's own signature over [`validator_message`].
        proof: Signature,
    },
    /// The member's node no longer witnesses and closes votes.
    NoValidator,
    /// The member leaves.
    Leave,
    /// The old root key objects to being replaced: the effect of that phase does nothing.
    Objection {
        /// The phase in which the replacement is decided.
        phase: PhaseId,
    },
}

/// What a validator's key signs for a member, so that nobody names a key that another holds.
#[must_use]
pub fn validator_message(federation: &FederationId, member: &MemberId) -> Vec<u8> {
    [PROOF_PREFIX, &federation.0[..], &member.0].concat()
}

/// A declaration of a member, signed with its root key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// The member.
    pub member: MemberId,
    /// Counts the member's declarations from 1; one with a number that is not higher than that of
    /// one before it has no effect, so none can be repeated.
    pub number: u64,
    /// What it says.
    pub matter: Matter,
    /// The root key's signature.
    pub signature: Signature,
}

/// The highest number, so that nobody uses the numbers up in one step.
pub const NUMBER_MAX: u64 = 1 << 40;

impl Declaration {
    /// A declaration, signed.
    #[must_use]
    pub fn sign(
        federation: &FederationId,
        root: &SecretKey,
        (member, number): (MemberId, u64),
        matter: Matter,
    ) -> Self {
        let mut declaration = Self {
            member,
            number,
            matter,
            signature: Signature([0; 64]),
        };
        declaration.signature = root.sign(&declaration.message(federation));
        declaration
    }

    /// That a member's node closes votes with this key.
    #[must_use]
    pub fn of_validator(
        federation: &FederationId,
        root: &SecretKey,
        (member, number): (MemberId, u64),
        validator: &SecretKey,
    ) -> Self {
        let matter = Matter::Validator {
            key: validator.public(),
            proof: validator.sign(&validator_message(federation, &member)),
        };
        Self::sign(federation, root, (member, number), matter)
    }

    fn message(&self, federation: &FederationId) -> Vec<u8> {
        let mut encoder = Encoder::new();
        self.encode_unsigned(&mut encoder);
        [PREFIX, &federation.0[..], &encoder.into_bytes()].concat()
    }

    /// Verifies the signature with the member's root key, and a validator's proof.
    ///
    /// # Errors
    /// When one of them does not verify.
    pub fn verify(&self, federation: &FederationId, root: &PublicKey) -> Result<(), KeyError> {
        root.verify(&self.message(federation), &self.signature)?;
        match &self.matter {
            Matter::Validator { key, proof } => {
                key.verify(&validator_message(federation, &self.member), proof)
            }
            _ => Ok(()),
        }
    }

    fn encode_unsigned(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .value(&self.member)
            .uint(self.number)
            .value(&self.matter);
    }
}

impl Encode for Matter {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Validator { key, proof } => encoder.array(3).uint(1).value(key).value(proof),
            Self::NoValidator => encoder.array(1).uint(2),
            Self::Leave => encoder.array(1).uint(3),
            Self::Objection { phase } => encoder.array(2).uint(4).value(phase),
        };
    }
}

impl Decode for Matter {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let length = decoder.array_to("declaration", 3)?;
        Ok(match (decoder.uint()?, length) {
            (1, 3) => Self::Validator {
                key: decoder.value()?,
                proof: decoder.value()?,
            },
            (2, 1) => Self::NoValidator,
            (3, 1) => Self::Leave,
            (4, 2) => Self::Objection {
                phase: decoder.value()?,
            },
            _ => return Err(DecodeError::Invalid("a declaration of an unknown type")),
        })
    }
}

impl Encode for Declaration {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2);
        self.encode_unsigned(encoder);
        encoder.value(&self.signature);
    }
}

impl Decode for Declaration {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        decoder.array(3)?;
        let member = decoder.value()?;
        let number = match decoder.uint_to("declaration number", NUMBER_MAX)? {
            0 => return Err(DecodeError::Invalid("declarations are counted from 1")),
            number => number,
        };
        Ok(Self {
            member,
            number,
            matter: decoder.value()?,
            signature: decoder.value()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::id::EntryId;

    use super::*;

    const FEDERATION: FederationId = FederationId([5; 32]);
    const MEMBER: MemberId = MemberId([1; 32]);

    fn key(number: u8) -> SecretKey {
        SecretKey::from_seed(&[number; 32])
    }

    #[test]
    fn a_declaration_comes_back_and_is_the_root_keys_for_one_federation() {
        let matters = [
            Matter::NoValidator,
            Matter::Leave,
            Matter::Objection {
                phase: EntryId([3; 32]),
            },
        ];
        for matter in matters {
            let signed = Declaration::sign(&FEDERATION, &key(1), (MEMBER, 1), matter);
            assert_eq!(
                Declaration::from_bytes(&signed.to_bytes()).as_ref(),
                Ok(&signed)
            );
            assert!(signed.verify(&FEDERATION, &key(1).public()).is_ok());
            assert!(signed.verify(&FEDERATION, &key(2).public()).is_err());
            let other = FederationId([6; 32]);
            assert!(signed.verify(&other, &key(1).public()).is_err());
            let again = Declaration {
                number: 2,
                ..signed
            };
            assert!(again.verify(&FEDERATION, &key(1).public()).is_err());
        }
    }

    #[test]
    fn nobody_names_a_validator_key_that_another_holds() {
        let honest = Declaration::of_validator(&FEDERATION, &key(1), (MEMBER, 1), &key(7));
        assert!(honest.verify(&FEDERATION, &key(1).public()).is_ok());
        // The proof that the key made for this member is no proof for another.
        let other = MemberId([2; 32]);
        let stolen = Declaration::sign(&FEDERATION, &key(2), (other, 1), honest.matter.clone());
        assert!(stolen.verify(&FEDERATION, &key(2).public()).is_err());
    }

    #[test]
    fn declarations_are_counted_from_one_to_a_bound() {
        for (number, fits) in [
            (0, false),
            (1, true),
            (NUMBER_MAX, true),
            (NUMBER_MAX + 1, false),
        ] {
            let signed = Declaration::sign(&FEDERATION, &key(1), (MEMBER, number), Matter::Leave);
            assert_eq!(Declaration::from_bytes(&signed.to_bytes()).is_ok(), fits);
        }
    }
}

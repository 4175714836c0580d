//! Grants: which keys act for a member, and what for.

use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{FederationId, MemberId, PersonId},
    key::{KeyError, PublicKey, SecretKey, Signature},
};

/// What a granted key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// A person acts with it.
    Person,
    /// A node speaks with it to other nodes.
    Node,
    /// A node witnesses and closes votes with it.
    Validator,
}

impl Encode for Purpose {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.uint(match self {
            Self::Person => 0,
            Self::Node => 1,
            Self::Validator => 2,
        });
    }
}

impl Decode for Purpose {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(match decoder.uint_to("purpose", 2)? {
            0 => Self::Person,
            1 => Self::Node,
            _ => Self::Validator,
        })
    }
}

/// What a person may do for its member; a set of bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Roles(u64);

impl Roles {
    /// Runs the node and grants keys.
    pub const STEWARD: Self = Self(1);
    /// Votes for the member, once a mandate lists the key.
    pub const DELEGATE: Self = Self(2);
    /// Logs hours.
    pub const WORKER: Self = Self(4);
    /// Is a member of a class of individuals.
    pub const INDIVIDUAL: Self = Self(8);
    /// Every role with its word.
    pub const WORDS: [(Self, &'static str); 4] = [
        (Self::STEWARD, "steward"),
        (Self::DELEGATE, "delegate"),
        (Self::WORKER, "worker"),
        (Self::INDIVIDUAL, "individual"),
    ];

    /// No role: nodes and validators.
    #[must_use]
    pub fn none() -> Self {
        Self(0)
    }

    /// Both sets together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every role of `other` is among these.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The words of these roles.
    #[must_use]
    pub fn words(self) -> Vec<&'static str> {
        Self::WORDS
            .iter()
            .filter(|(role, _)| self.has(*role))
            .map(|(_, word)| *word)
            .collect()
    }

    /// The role of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS
            .iter()
            .find(|(_, known)| *known == word)
            .map(|(role, _)| *role)
    }
}

/// Where a person's key lives. A ballot shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Custody {
    /// Sealed on the member's node and used only in that person's session.
    Node,
    /// On the person's own device.
    Person,
}

/// A key is given rights: by the root key anything, by a steward's key nodes and persons who are
/// not stewards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What the key is for.
    pub purpose: Purpose,
    /// The key.
    pub key: PublicKey,
    /// Whose key it is, for persons.
    pub person: Option<PersonId>,
    /// The person's roles.
    pub roles: Roles,
    /// Where the key lives.
    pub custody: Custody,
    /// Of several grants to one key the highest number gives its roles.
    pub number: u64,
    /// The granted key's own signature over [`Grant::message`]: nobody grants a key whose holder
    /// has not agreed to it. Roles, custody and number are the member's to choose, so a later
    /// grant may show it again.
    pub proof: Signature,
}

impl Grant {
    /// What the holder of a key signs with it, so that this member can grant it for this purpose,
    /// as this person's if it is a person's.
    #[must_use]
    pub fn message(
        federation: &FederationId,
        member: &MemberId,
        purpose: Purpose,
        person: Option<PersonId>,
    ) -> Vec<u8> {
        let mut encoder = Encoder::new();
        encoder.array(2).value(&purpose).optional(person.as_ref());
        [
            b"folkmoot/grant/1\0",
            &federation.0[..],
            &member.0[..],
            &encoder.into_bytes(),
        ]
        .concat()
    }

    /// The proof by a key that is at hand.
    #[must_use]
    pub fn prove(
        key: &SecretKey,
        federation: &FederationId,
        member: &MemberId,
        purpose: Purpose,
        person: Option<PersonId>,
    ) -> Signature {
        key.sign(&Self::message(federation, member, purpose, person))
    }

    /// Verifies that the key's holder agreed to its being granted by this member.
    ///
    /// # Errors
    /// When the key is unusable or the proof is not its signature.
    pub fn verify(&self, federation: &FederationId, member: &MemberId) -> Result<(), KeyError> {
        let message = Self::message(federation, member, self.purpose, self.person);
        self.key.verify(&message, &self.proof)
    }
}

impl Encode for Grant {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(7)
            .value(&self.purpose)
            .value(&self.key)
            .optional(self.person.as_ref())
            .uint(self.roles.0)
            .uint(match self.custody {
                Custody::Node => 0,
                Custody::Person => 1,
            })
            .uint(self.number)
            .value(&self.proof);
    }
}

impl Decode for Grant {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(7)?;
        let purpose: Purpose = decoder.value()?;
        let key = decoder.value()?;
        let person: Option<PersonId> = decoder.optional()?;
        let roles = Roles(decoder.uint_to("roles", 15)?);
        let custody = if decoder.uint_to("custody", 1)? == 0 {
            Custody::Node
        } else {
            Custody::Person
        };
        let number = decoder.uint()?;
        let proof = decoder.value()?;
        let is_person = purpose == Purpose::Person;
        if is_person != person.is_some() || is_person != (roles != Roles::none()) {
            return Err(DecodeError::Invalid(
                "a person's grant has a person and roles, others none",
            ));
        }
        Ok(Self {
            purpose,
            key,
            person,
            roles,
            custody,
            number,
            proof,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEDERATION: FederationId = FederationId([1; 32]);
    const MEMBER: MemberId = MemberId([2; 32]);
    const PERSON: PersonId = PersonId([3; 16]);

    fn grant(key: &SecretKey) -> Grant {
        let (purpose, person) = (Purpose::Person, Some(PERSON));
        Grant {
            purpose,
            key: key.public(),
            person,
            roles: Roles::WORKER,
            custody: Custody::Node,
            number: 1,
            proof: Grant::prove(key, &FEDERATION, &MEMBER, purpose, person),
        }
    }

    #[test]
    fn a_grant_comes_back_with_its_proof() {
        let grant = grant(&SecretKey::from_seed(&[4; 32]));
        assert_eq!(Grant::from_bytes(&grant.to_bytes()), Ok(grant));
    }

    #[test]
    fn a_proof_holds_for_its_key_federation_member_purpose_and_person_only() {
        let good = grant(&SecretKey::from_seed(&[4; 32]));
        assert_eq!(good.verify(&FEDERATION, &MEMBER), Ok(()));
        let refused = Err(KeyError::Signature);
        assert_eq!(good.verify(&FederationId([9; 32]), &MEMBER), refused);
        assert_eq!(good.verify(&FEDERATION, &MemberId([9; 32])), refused);
        let other = SecretKey::from_seed(&[5; 32]).public();
        for wrong in [
            Grant {
                key: other,
                ..good.clone()
            },
            Grant {
                person: Some(PersonId([9; 16])),
                ..good.clone()
            },
            Grant {
                person: None,
                ..good.clone()
            },
            Grant {
                purpose: Purpose::Node,
                ..good.clone()
            },
            Grant {
                proof: Signature([0; 64]),
                ..good.clone()
            },
        ] {
            assert_eq!(wrong.verify(&FEDERATION, &MEMBER), refused, "{wrong:?}");
        }
    }

    #[test]
    fn a_proof_is_no_matter_of_roles_custody_and_number() {
        let later = Grant {
            roles: Roles::STEWARD,
            custody: Custody::Person,
            number: 2,
            ..grant(&SecretKey::from_seed(&[4; 32]))
        };
        assert_eq!(later.verify(&FEDERATION, &MEMBER), Ok(()));
    }

    #[test]
    fn what_is_signed_is_the_federation_the_member_and_one_array() {
        let message = Grant::message(&FEDERATION, &MEMBER, Purpose::Node, None);
        let expected = [
            &b"folkmoot/grant/1\0"[..],
            &[1; 32],
            &[2; 32],
            &[0x82, 1, 0xf6],
        ]
        .concat();
        assert_eq!(message, expected);
    }
}

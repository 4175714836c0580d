//! Records that give and take rights.

use super::CLASS_BYTES_MAX;
use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    genesis::{FOUNDERS_MAX, Genesis, NAME_BYTES_MAX},
    id::{EntryId, FederationId, PersonId},
    key::{PublicKey, Signature},
    text::decode_line,
};

/// The most keys one mandate lists.
pub const DELEGATES_MAX: usize = 32;

/// A founder's signature under the genesis; what it signs is the federation id in the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found;

impl Encode for Found {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(0);
    }
}

impl Decode for Found {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(0).map(|()| Self)
    }
}

/// Who a newcomer is: what founders sign to admit it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Newcomer {
    /// Its root key.
    pub root: PublicKey,
    /// Its class.
    pub class: String,
    /// Its name.
    pub name: String,
}

impl Newcomer {
    /// What a founder signs with its root key to admit this newcomer.
    #[must_use]
    pub fn message(&self, federation: &FederationId) -> Vec<u8> {
        [
            b"folkmoot/admission/1\0",
            &federation.0[..],
            &self.to_bytes(),
        ]
        .concat()
    }
}

impl Encode for Newcomer {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .value(&self.root)
            .text(&self.class)
            .text(&self.name);
    }
}

impl Decode for Newcomer {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        Ok(Self {
            root: decoder.value()?,
            class: decode_line(decoder, "class", CLASS_BYTES_MAX)?,
            name: decode_line(decoder, "name", NAME_BYTES_MAX)?,
        })
    }
}

/// A founder admits a newcomer. The signature stands for itself, whatever becomes of the founder's
/// log: it can be carried to the newcomer's `join` on any way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admit {
    /// Whom.
    pub newcomer: Newcomer,
    /// The founder's root key's signature over [`Newcomer::message`].
    pub signature: Signature,
}

impl Encode for Admit {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(2)
            .value(&self.newcomer)
            .value(&self.signature);
    }
}

impl Decode for Admit {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            newcomer: decoder.value()?,
            signature: decoder.value()?,
        })
    }
}

/// A founder's signature under an admission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// The founder's root key.
    pub founder: PublicKey,
    /// Its signature over [`Newcomer::message`].
    pub signature: Signature,
}

impl Encode for Admission {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).value(&self.founder).value(&self.signature);
    }
}

impl Decode for Admission {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            founder: decoder.value()?,
            signature: decoder.value()?,
        })
    }
}

/// A newcomer takes up its admission. It carries the admissions themselves, so that whether it is
/// a member is read from this entry and the genesis alone, for ever: no founder can take an
/// admission back by forking its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// Who joins; the entry's author is its root key.
    pub newcomer: Newcomer,
    /// The admissions, ascending by founder.
    pub admissions: Vec<Admission>,
}

impl Join {
    /// How many founders of `genesis` admit the newcomer by a valid signature.
    #[must_use]
    pub fn founders(&self, genesis: &Genesis, federation: &FederationId) -> usize {
        let message = self.newcomer.message(federation);
        let admits = |admission: &&Admission| {
            genesis.founder(&admission.founder).is_some()
                && admission
                    .founder
                    .verify(&message, &admission.signature)
                    .is_ok()
        };
        self.admissions.iter().filter(admits).count()
    }
}

impl Encode for Join {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(2)
            .value(&self.newcomer)
            .list(self.admissions.iter());
    }
}

impl Decode for Join {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        let newcomer = decoder.value()?;
        let admissions: Vec<Admission> = decoder.list("admissions", FOUNDERS_MAX)?;
        if admissions
            .windows(2)
            .all(|pair| pair[0].founder < pair[1].founder)
        {
            Ok(Self {
                newcomer,
                admissions,
            })
        } else {
            Err(DecodeError::Unsorted("admissions"))
        }
    }
}

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
}

impl Encode for Grant {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(6)
            .uint(match self.purpose {
                Purpose::Person => 0,
                Purpose::Node => 1,
                Purpose::Validator => 2,
            })
            .value(&self.key)
            .optional(self.person.as_ref())
            .uint(self.roles.0)
            .uint(match self.custody {
                Custody::Node => 0,
                Custody::Person => 1,
            })
            .uint(self.number);
    }
}

impl Decode for Grant {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(6)?;
        let purpose = match decoder.uint_to("purpose", 2)? {
            0 => Purpose::Person,
            1 => Purpose::Node,
            _ => Purpose::Validator,
        };
        let key = decoder.value()?;
        let person: Option<PersonId> = decoder.optional()?;
        let roles = Roles(decoder.uint_to("roles", 15)?);
        let custody = if decoder.uint_to("custody", 1)? == 0 {
            Custody::Node
        } else {
            Custody::Person
        };
        let number = decoder.uint()?;
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
        })
    }
}

/// A key that votes for a member, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delegate {
    /// The key.
    pub key: PublicKey,
    /// The person.
    pub person: PersonId,
}

impl Encode for Delegate {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).value(&self.key).value(&self.person);
    }
}

impl Decode for Delegate {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            key: decoder.value()?,
            person: decoder.value()?,
        })
    }
}

/// The numbered list of the keys that vote for a member, signed by its root key. Ballots under a
/// higher number outrank those under a lower one, so that a stolen key is outvoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mandate {
    /// Higher than that of every mandate before it in the log; from 1.
    pub number: u64,
    /// The delegates, ascending by key, each key once.
    pub delegates: Vec<Delegate>,
}

impl Mandate {
    /// The delegate that holds `key`.
    #[must_use]
    pub fn delegate(&self, key: &PublicKey) -> Option<&Delegate> {
        self.delegates.iter().find(|delegate| delegate.key == *key)
    }
}

impl Encode for Mandate {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(2)
            .uint(self.number)
            .list(self.delegates.iter());
    }
}

impl Decode for Mandate {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        let number = decoder.uint()?;
        let delegates: Vec<Delegate> = decoder.list("delegates", DELEGATES_MAX)?;
        if number == 0 {
            return Err(DecodeError::Invalid("mandates are numbered from 1"));
        }
        if !delegates.windows(2).all(|pair| pair[0].key < pair[1].key) {
            return Err(DecodeError::Unsorted("delegates"));
        }
        Ok(Self { number, delegates })
    }
}

/// A key's last standing entry; what follows it is void in every view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The key.
    pub key: PublicKey,
    /// The last standing entry: sequence and id; `None` if nothing stands.
    pub last: Option<(u64, EntryId)>,
}

impl Encode for Revocation {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(3).value(&self.key);
        match &self.last {
            Some((sequence, id)) => encoder.uint(*sequence).value(id),
            None => encoder.uint(0).null(),
        };
    }
}

impl Decode for Revocation {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        let key = decoder.value()?;
        let sequence = decoder.uint()?;
        let id: Option<EntryId> = decoder.optional()?;
        match (sequence, id) {
            (0, None) => Ok(Self { key, last: None }),
            (1.., Some(id)) => Ok(Self {
                key,
                last: Some((sequence, id)),
            }),
            _ => Err(DecodeError::Invalid(
                "a revocation names a sequence with its entry, or neither",
            )),
        }
    }
}

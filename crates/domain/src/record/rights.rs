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
    /// Its name.
    pub name: String,
    /// Its class.
    pub class: String,
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
            .text(&self.name)
            .text(&self.class);
    }
}

impl Decode for Newcomer {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        Ok(Self {
            root: decoder.value()?,
            name: decode_line(decoder, "name", NAME_BYTES_MAX)?,
            class: decode_line(decoder, "class", CLASS_BYTES_MAX)?,
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

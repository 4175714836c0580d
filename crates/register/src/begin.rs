//! Height 1: the founders say with their root keys with which members, charter and validators the
//! register begins. A federation may have lived before it; what it decided then stays provisional.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    charter::{Charter, CharterError, ClassId},
    genesis::{FOUNDERS_MAX, Genesis, NAME_BYTES_MAX},
    id::{EntryId, FederationId, Hash, MemberId, Timestamp},
    key::{PublicKey, SecretKey, Signature},
    record::{CLASS_BYTES_MAX, VOTERS_MAX},
    text::decode_line,
};
use thiserror::Error;

use crate::{
    chain::Chain,
    order::{Member, Order},
    recovery::decided_after,
    registrar::Message,
};

const PREFIX: &[u8] = b"folkmoot/begin/1\0";

/// A member with which the register begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct First {
    /// The member.
    pub member: MemberId,
    /// Its name.
    pub name: String,
    /// Its class.
    pub class: String,
    /// Its root key.
    pub root: PublicKey,
    /// Its `found` or `join` entry.
    pub record: EntryId,
    /// The member whose node serves it; itself if it has one.
    pub host: MemberId,
    /// The key its node witnesses and closes votes with.
    pub validator: Option<PublicKey>,
}

/// What the founders sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begin {
    /// When it was written. Openings that are older open no phase of the register.
    pub time: Timestamp,
    /// The members, ascending.
    pub members: Vec<First>,
}

/// A founder's signature under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Founding {
    /// The founder's root key.
    pub root: PublicKey,
    /// The signature.
    pub signature: Signature,
}

/// Height 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    /// What is signed.
    pub begin: Begin,
    /// The signatures, ascending by root key.
    pub signatures: Vec<Founding>,
}

/// Why something is not the beginning of a register.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BeginError {
    /// The genesis' charter is none.
    #[error("the charter of the genesis is not valid")]
    Charter(#[source] CharterError),
    /// Who signs is no founder.
    #[error("{0} is no founder's root key")]
    NotAFounder(PublicKey),
    /// A signature does not verify.
    #[error("the signature of the founder {0} does not verify")]
    Signature(PublicKey),
    /// Too few founders signed.
    #[error("{found} founders signed, {needed} are needed")]
    TooFew {
        /// How many.
        found: usize,
        /// How many must.
        needed: usize,
    },
    /// A member's class is not in the charter.
    #[error("{member} is of class {class:?}, which the charter does not have")]
    Class {
        /// The member.
        member: MemberId,
        /// Its class.
        class: String,
    },
    /// Two members have one root key, or one validator key.
    #[error("the key {0} stands for two members")]
    SharedKey(PublicKey),
    /// A member's host is none, or has no node itself.
    #[error("{member} is served by {host}, which is no member with a node")]
    Host {
        /// The member.
        member: MemberId,
        /// The host it names.
        host: MemberId,
    },
    /// Nobody could close a vote.
    #[error("no member has named a key to close votes with")]
    NoValidators,
}

impl Begin {
    /// What a founder signs.
    #[must_use]
    pub fn message(&self, federation: &FederationId) -> Vec<u8> {
        [PREFIX, &federation.0[..], &self.to_bytes()].concat()
    }

    /// A founder's signature.
    #[must_use]
    pub fn sign(&self, federation: &FederationId, root: &SecretKey) -> Founding {
        Founding {
            root: root.public(),
            signature: root.sign(&self.message(federation)),
        }
    }

    /// The hash of height 1: what height 2 follows. It leaves the signatures out, so that it is the
    /// same whichever founders signed.
    #[must_use]
    pub fn hash(&self, federation: &FederationId) -> Hash {
        Hash::of(&[&self.message(federation)])
    }

    /// The order it begins.
    ///
    /// # Errors
    /// When it does not fit together under this charter.
    pub fn order(&self, charter: Charter) -> Result<Order, BeginError> {
        let mut keys = BTreeSet::new();
        let mut members = BTreeMap::new();
        for first in &self.members {
            let class = first.class.parse::<ClassId>().ok();
            let class = class.filter(|class| charter.class(class).is_some());
            let class = class.ok_or_else(|| BeginError::Class {
                member: first.member,
                class: first.class.clone(),
            })?;
            for key in [Some(first.root), first.validator].into_iter().flatten() {
                if !keys.insert(key) {
                    return Err(BeginError::SharedKey(key));
                }
            }
            let mut hosts = self.members.iter();
            let host = first.host;
            if !hosts.any(|other| other.member == host && other.host == host) {
                let member = first.member;
                return Err(BeginError::Host { member, host });
            }
            let member = Member {
                name: first.name.clone(),
                class,
                root: first.root,
                record: first.record,
                host,
                validator: first.validator,
                since: 1,
                declared: 0,
            };
            members.insert(first.member, member);
        }
        let order = Order::new(charter, members);
        match order.validators() {
            Some(_) => Ok(order),
            None => Err(BeginError::NoValidators),
        }
    }
}

impl Beginning {
    /// The order it begins, if more than half of the founders signed it.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn check(&self, genesis: &Genesis) -> Result<Order, BeginError> {
        let order = self.check_signed(genesis)?;
        let (found, needed) = (self.signatures.len(), genesis.admissions_needed());
        if found < needed {
            return Err(BeginError::TooFew { found, needed });
        }
        Ok(order)
    }

    /// Leaves out what is not signed by a founder.
    pub fn keep_founders(&mut self, genesis: &Genesis) {
        let message = self.begin.message(&genesis.federation());
        self.signatures.retain(|founding| {
            genesis.founder(&founding.root).is_some()
                && founding.root.verify(&message, &founding.signature).is_ok()
        });
    }

    /// The order it begins, if all that signed it are founders, however many.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn check_signed(&self, genesis: &Genesis) -> Result<Order, BeginError> {
        let message = self.begin.message(&genesis.federation());
        for founding in &self.signatures {
            let root = founding.root;
            if genesis.founder(&root).is_none() {
                return Err(BeginError::NotAFounder(root));
            }
            let signed = root.verify(&message, &founding.signature);
            signed.map_err(|_| BeginError::Signature(root))?;
        }
        let charter = Charter::decode(&genesis.charter).map_err(BeginError::Charter)?;
        self.begin.order(charter)
    }
}

/// Whether a quorum of the validators of height 2 went on from this beginning, by what they said about it:
/// then another one that founders signed as well is evidence against them, and stops nobody. A vote names
/// a value; only the value's bytes say what it follows.
#[must_use]
pub fn is_followed(begun: &Chain, said: &[&Message]) -> bool {
    let votes = said.iter().filter_map(|message| match message {
        Message::Agreement(vote) => Some(vote),
        _ => None,
    });
    let decided = decided_after(begun, votes);
    said.iter().any(|message| match message {
        Message::Value(batch) => {
            let is_after = batch.header.previous == begun.last();
            is_after && decided.contains(&batch.header.hash(&begun.federation()))
        }
        _ => false,
    })
}

impl Encode for First {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(7)
            .value(&self.member)
            .text(&self.name)
            .text(&self.class)
            .value(&self.root)
            .value(&self.record)
            .value(&self.host)
            .optional(self.validator.as_ref());
    }
}

impl Decode for First {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(7)?;
        Ok(Self {
            member: decoder.value()?,
            name: decode_line(decoder, "member name", NAME_BYTES_MAX)?,
            class: decode_line(decoder, "class", CLASS_BYTES_MAX)?,
            root: decoder.value()?,
            record: decoder.value()?,
            host: decoder.value()?,
            validator: decoder.optional()?,
        })
    }
}

impl Encode for Begin {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .uint(1)
            .value(&self.time)
            .list(self.members.iter());
    }
}

impl Decode for Begin {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        let format = decoder.uint()?;
        if format != 1 {
            return Err(DecodeError::Range {
                field: "begin format",
                found: format,
                allowed: "1",
            });
        }
        let time = decoder.value()?;
        let members: Vec<First> = decoder.list("members", VOTERS_MAX)?;
        if !members
            .windows(2)
            .all(|pair| pair[0].member < pair[1].member)
        {
            return Err(DecodeError::Unsorted("members"));
        }
        Ok(Self { time, members })
    }
}

impl Encode for Founding {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).value(&self.root).value(&self.signature);
    }
}

impl Decode for Founding {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            root: decoder.value()?,
            signature: decoder.value()?,
        })
    }
}

impl Encode for Beginning {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(2)
            .value(&self.begin)
            .list(self.signatures.iter());
    }
}

impl Decode for Beginning {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        let begin = decoder.value()?;
        let signatures: Vec<Founding> = decoder.list("signatures", FOUNDERS_MAX)?;
        if !signatures
            .windows(2)
            .all(|pair| pair[0].root < pair[1].root)
        {
            return Err(DecodeError::Unsorted("signatures"));
        }
        Ok(Self { begin, signatures })
    }
}

#[cfg(test)]
mod tests;

//! What a validator signs in a phase, before it is signed and after.

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    entry::Entry,
    id::{FederationId, PhaseId, Timestamp},
    key::{SecretKey, Signature},
};

use crate::{
    closing::SignedManifest,
    leaves::{Claim, Leaf, SignedLeaves},
    manifest::{MANIFEST_BYTES_MAX, Manifest},
    merkle::LEAVES_MAX,
    seal::Seal,
    statement::{Named, Statement, decode_names},
    validators::ValidatorIndex,
};

/// Something to sign. It is kept, durably, before it is signed: what the journal has is never
/// contradicted, and may be signed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Duty {
    /// Receipts or holds.
    Leaves {
        /// Which of the two.
        claim: Claim,
        /// When.
        time: Timestamp,
        /// The ballots, at most 256, no slot twice.
        leaves: Vec<Leaf>,
    },
    /// The manifest, encoded.
    Manifest(Vec<u8>),
    /// That a manifest was accepted in time.
    Have(Named),
    /// The manifests accepted.
    Seal {
        /// When.
        time: Timestamp,
        /// The manifests, ascending by author, one of each.
        names: Vec<Named>,
    },
}

/// A have statement with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHave {
    /// Who signed.
    pub validator: ValidatorIndex,
    /// The manifest it has.
    pub named: Named,
    /// The signature of statement 4.
    pub signature: Signature,
}

/// What validators and voters say in a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A ballot with its mandate.
    Ballot(Box<(Entry, Entry)>),
    /// Receipts or holds.
    Leaves(SignedLeaves),
    /// A manifest.
    Manifest(SignedManifest),
    /// That someone has a manifest.
    Have(SignedHave),
    /// A seal.
    Seal(Seal),
}

impl Duty {
    /// Signs it.
    ///
    /// # Errors
    /// When its leaves are none, too many, or of one slot twice: no witness asks for that.
    pub fn sign(
        &self,
        federation: &FederationId,
        phase: PhaseId,
        (validator, key): (ValidatorIndex, &SecretKey),
    ) -> Result<Message, DecodeError> {
        let signer = (validator, key);
        Ok(match self {
            Self::Leaves {
                claim,
                time,
                leaves,
            } => {
                let leaves = leaves.clone();
                let signed = SignedLeaves::sign(*claim, federation, phase, signer, *time, leaves);
                Message::Leaves(signed?)
            }
            Self::Manifest(bytes) => {
                let manifest = Manifest::hash_of(federation, bytes);
                let statement = Statement::Manifest { phase, manifest };
                Message::Manifest(SignedManifest {
                    bytes: bytes.clone(),
                    signature: statement.sign(federation, key),
                })
            }
            Self::Have(named) => {
                let named = *named;
                let statement = Statement::Have { phase, named };
                Message::Have(SignedHave {
                    validator,
                    named,
                    signature: statement.sign(federation, key),
                })
            }
            Self::Seal { time, names } => {
                let seal = Seal::sign(federation, phase, signer, *time, names.clone());
                Message::Seal(seal)
            }
        })
    }
}

impl Encode for Duty {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Leaves {
                claim,
                time,
                leaves,
            } => {
                let encoder = encoder.array(3).uint(claim.number());
                encoder.value(time).list(leaves.iter())
            }
            Self::Manifest(bytes) => encoder.array(2).uint(3).bytes(bytes),
            Self::Have(named) => encoder.array(2).uint(4).value(named),
            Self::Seal { time, names } => {
                let encoder = encoder.array(3).uint(5);
                encoder.value(time).list(names.iter())
            }
        };
    }
}

impl Decode for Duty {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let length = decoder.array_to("duty", 3)?;
        Ok(match (decoder.uint_to("duty", 5)?, length) {
            (number @ (1 | 2), 3) => Self::Leaves {
                claim: if number == 1 {
                    Claim::Receipts
                } else {
                    Claim::Holds
                },
                time: decoder.value()?,
                leaves: decoder.list("leaves", LEAVES_MAX)?,
            },
            (3, 2) => Self::Manifest(decoder.bytes("manifest", MANIFEST_BYTES_MAX)?.to_vec()),
            (4, 2) => Self::Have(decoder.value()?),
            (5, 3) => Self::Seal {
                time: decoder.value()?,
                names: decode_names(decoder)?,
            },
            _ => return Err(DecodeError::Invalid("a duty of another length")),
        })
    }
}

impl Encode for SignedHave {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .value(&self.validator)
            .value(&self.named)
            .value(&self.signature);
    }
}

impl Decode for SignedHave {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        Ok(Self {
            validator: decoder.value()?,
            named: decoder.value()?,
            signature: decoder.value()?,
        })
    }
}

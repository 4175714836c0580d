//! What validators sign, each with its own number in front, so that no signature means two things.
//!
//! Every signature is over `"folkmoot/register/1\0"`, the federation's id and the statement: an
//! array that begins with its type. Types 7 and 8 are those of agreement.

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{FederationId, Hash, PhaseId, Timestamp},
    key::{KeyError, PublicKey, SecretKey, Signature},
};

use crate::{sizes::VALIDATORS_MAX, validators::ValidatorIndex};

const PREFIX: &[u8] = b"folkmoot/register/1\0";

const RECEIPTS: u64 = 1;
const HOLDS: u64 = 2;
const MANIFEST: u64 = 3;
const HAVE: u64 = 4;
const SEAL: u64 = 5;
const STALLED: u64 = 6;

/// The bytes that are signed for an encoded statement of any type.
#[must_use]
pub fn message(federation: &FederationId, statement: &[u8]) -> Vec<u8> {
    [PREFIX, &federation.0, statement].concat()
}

/// A manifest, by who made it and its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// The validator that signed it.
    pub author: ValidatorIndex,
    /// Its hash.
    pub manifest: Hash,
}

impl Encode for Named {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).value(&self.author).value(&self.manifest);
    }
}

impl Decode for Named {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            author: decoder.value()?,
            manifest: decoder.value()?,
        })
    }
}

/// Reads the manifests a seal names: ascending by author, one of each.
pub(crate) fn decode_names(decoder: &mut Decoder<'_>) -> Result<Vec<Named>, DecodeError> {
    let names: Vec<Named> = decoder.list("names", VALIDATORS_MAX)?;
    if names.windows(2).all(|pair| pair[0].author < pair[1].author) {
        Ok(names)
    } else {
        Err(DecodeError::Unsorted("names"))
    }
}

/// What a validator says about a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// It has the ballots of these leaves, and never signs another ballot for one of their slots.
    Receipts {
        /// The phase.
        phase: PhaseId,
        /// When it signed.
        time: Timestamp,
        /// The root of the leaves.
        root: Hash,
    },
    /// It has the ballots of these leaves with f+1 receipts each.
    Holds {
        /// The phase.
        phase: PhaseId,
        /// When it signed.
        time: Timestamp,
        /// The root of the leaves.
        root: Hash,
    },
    /// This is all it holds; it signs no other.
    Manifest {
        /// The phase.
        phase: PhaseId,
        /// The hash of the manifest.
        manifest: Hash,
    },
    /// It accepted that manifest of another in time.
    Have {
        /// The phase.
        phase: PhaseId,
        /// The manifest.
        named: Named,
    },
    /// These are the manifests it accepted; it signs no other list.
    Seal {
        /// The phase.
        phase: PhaseId,
        /// When it signed.
        time: Timestamp,
        /// The manifests, ascending by author, one of each.
        names: Vec<Named>,
    },
    /// A phase whose validators are others than today's cannot be closed: too few seals.
    Stalled {
        /// The phase.
        phase: PhaseId,
        /// The hash of the validators who say so.
        validators: Hash,
        /// How many seals it has seen.
        seals: u64,
    },
}

impl Statement {
    /// The phase it is about.
    #[must_use]
    pub fn phase(&self) -> PhaseId {
        match self {
            Self::Receipts { phase, .. }
            | Self::Holds { phase, .. }
            | Self::Manifest { phase, .. }
            | Self::Have { phase, .. }
            | Self::Seal { phase, .. }
            | Self::Stalled { phase, .. } => *phase,
        }
    }

    /// Signs it.
    #[must_use]
    pub fn sign(&self, federation: &FederationId, key: &SecretKey) -> Signature {
        key.sign(&message(federation, &self.to_bytes()))
    }

    /// Verifies a signature of it, strictly.
    ///
    /// # Errors
    /// When it is not that key's signature of this statement in this federation.
    pub fn verify(
        &self,
        federation: &FederationId,
        key: &PublicKey,
        signature: &Signature,
    ) -> Result<(), KeyError> {
        key.verify(&message(federation, &self.to_bytes()), signature)
    }
}

impl Encode for Statement {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Receipts { phase, time, root } => {
                let encoder = encoder.array(4).uint(RECEIPTS);
                encoder.value(phase).value(time).value(root)
            }
            Self::Holds { phase, time, root } => {
                let encoder = encoder.array(4).uint(HOLDS);
                encoder.value(phase).value(time).value(root)
            }
            Self::Manifest { phase, manifest } => {
                encoder.array(3).uint(MANIFEST).value(phase).value(manifest)
            }
            Self::Have { phase, named } => {
                let encoder = encoder.array(4).uint(HAVE).value(phase);
                encoder.value(&named.author).value(&named.manifest)
            }
            Self::Seal { phase, time, names } => {
                let encoder = encoder.array(4).uint(SEAL);
                encoder.value(phase).value(time).list(names.iter())
            }
            Self::Stalled {
                phase,
                validators,
                seals,
            } => {
                let encoder = encoder.array(4).uint(STALLED);
                encoder.value(phase).value(validators).uint(*seals)
            }
        };
    }
}

impl Decode for Statement {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let length = decoder.array_to("statement", 4)?;
        let number = decoder.uint()?;
        if length != if number == MANIFEST { 3 } else { 4 } {
            return Err(DecodeError::Invalid("a statement of another length"));
        }
        let phase = match number {
            RECEIPTS..=STALLED => decoder.value()?,
            found => {
                return Err(DecodeError::Range {
                    field: "statement",
                    found,
                    allowed: "1 to 6",
                });
            }
        };
        Ok(match number {
            RECEIPTS => Self::Receipts {
                phase,
                time: decoder.value()?,
                root: decoder.value()?,
            },
            HOLDS => Self::Holds {
                phase,
                time: decoder.value()?,
                root: decoder.value()?,
            },
            MANIFEST => Self::Manifest {
                phase,
                manifest: decoder.value()?,
            },
            HAVE => Self::Have {
                phase,
                named: Named {
                    author: decoder.value()?,
                    manifest: decoder.value()?,
                },
            },
            SEAL => Self::Seal {
                phase,
                time: decoder.value()?,
                names: decode_names(decoder)?,
            },
            _ => Self::Stalled {
                phase,
                validators: decoder.value()?,
                seals: decoder.uint_to("seals", VALIDATORS_MAX as u64)?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::id::EntryId;

    use super::*;

    const FEDERATION: FederationId = FederationId([1; 32]);
    const PHASE: PhaseId = EntryId([2; 32]);
    const HASH: Hash = Hash([3; 32]);
    const TIME: Timestamp = Timestamp(4);

    fn named(author: u8) -> Named {
        Named {
            author: ValidatorIndex(author),
            manifest: HASH,
        }
    }

    fn one_of_each() -> [Statement; 6] {
        let (phase, time, root) = (PHASE, TIME, HASH);
        let (manifest, validators) = (HASH, HASH);
        [
            Statement::Receipts { phase, time, root },
            Statement::Holds { phase, time, root },
            Statement::Manifest { phase, manifest },
            Statement::Have {
                phase,
                named: named(1),
            },
            Statement::Seal {
                phase,
                time,
                names: vec![named(0), named(2)],
            },
            Statement::Stalled {
                phase,
                validators,
                seals: 2,
            },
        ]
    }

    #[test]
    fn statements_come_back_and_are_numbered_from_one() {
        for (number, statement) in (1u8..).zip(one_of_each()) {
            let bytes = statement.to_bytes();
            assert_eq!(bytes[1], number);
            assert_eq!(statement.phase(), PHASE);
            assert_eq!(Statement::from_bytes(&bytes), Ok(statement));
        }
    }

    #[test]
    fn what_is_signed_is_the_prefix_the_federation_and_the_statement() {
        let statement = &one_of_each()[0];
        let key = SecretKey::from_seed(&[5; 32]);
        let bytes = [
            b"folkmoot/register/1\0",
            &[1; 32][..],
            &statement.to_bytes(),
        ]
        .concat();
        assert_eq!(statement.sign(&FEDERATION, &key), key.sign(&bytes));
    }

    #[test]
    fn a_signature_holds_for_one_statement_one_federation_and_one_key() {
        let key = SecretKey::from_seed(&[5; 32]);
        let other = SecretKey::from_seed(&[6; 32]).public();
        let refused = Err(KeyError::Signature);
        for signed in one_of_each() {
            let signature = signed.sign(&FEDERATION, &key);
            for statement in one_of_each() {
                let answer = statement.verify(&FEDERATION, &key.public(), &signature);
                assert_eq!(answer.is_ok(), statement == signed);
            }
            let elsewhere = signed.verify(&FederationId([9; 32]), &key.public(), &signature);
            assert_eq!(elsewhere, refused);
            assert_eq!(signed.verify(&FEDERATION, &other, &signature), refused);
        }
    }

    #[test]
    fn a_seal_that_names_an_author_twice_or_out_of_order_is_no_statement() {
        for names in [vec![named(1), named(1)], vec![named(2), named(1)]] {
            let (phase, time) = (PHASE, TIME);
            let bytes = Statement::Seal { phase, time, names }.to_bytes();
            let unsorted = Err(DecodeError::Unsorted("names"));
            assert_eq!(Statement::from_bytes(&bytes), unsorted);
        }
    }
}

//! Quorums of votes: the certificate that makes a batch final, and the proof of a lock.
//!
//! Verifying a certificate needs the set of validators and nothing else: no engine, no history.

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::Hash,
    key::Signature,
};
use thiserror::Error;

use super::{
    statement::{Place, Round, Step, Vote, signed_bytes},
    verification::{Strict, Verification},
};
use crate::{
    sizes::VALIDATORS_MAX,
    validators::{ValidatorIndex, ValidatorSet},
};

/// Why votes do not prove what they should.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CertificateError {
    /// Votes of another epoch.
    #[error("the certificate is of epoch {found}, expected {expected}")]
    Epoch {
        /// The epoch of the register there.
        expected: u64,
        /// The epoch it is of.
        found: u64,
    },
    /// Votes of another height.
    #[error("the certificate is of height {found}, expected {expected}")]
    Height {
        /// The height asked for.
        expected: u64,
        /// The height it is of.
        found: u64,
    },
    /// Fewer votes than a quorum.
    #[error("{found} validators signed, a quorum is {expected}")]
    Quorum {
        /// The quorum of the set.
        expected: usize,
        /// How many signed.
        found: usize,
    },
    /// An index that the set does not have.
    #[error("validator {} signed, the set has {size}", found.0)]
    Unknown {
        /// How many validators the set has.
        size: usize,
        /// The index found.
        found: ValidatorIndex,
    },
    /// A validator twice, or out of order.
    #[error("validator {} follows {}: not strictly ascending", second.0, first.0)]
    Order {
        /// The index before.
        first: ValidatorIndex,
        /// The index after it.
        second: ValidatorIndex,
    },
    /// A signature that is not the validator's over this vote in this federation.
    #[error("the signature of validator {} does not verify", .0.0)]
    Signature(ValidatorIndex),
}

/// Votes of one step of one round for one value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Votes<'a> {
    vote: Vote,
    signatures: &'a [(ValidatorIndex, Signature)],
}

impl Votes<'_> {
    fn verify(
        &self,
        place: &Place,
        set: &ValidatorSet,
        verification: &impl Verification,
    ) -> Result<(), CertificateError> {
        let (vote, found) = (&self.vote, self.signatures.len());
        if vote.epoch != place.epoch {
            let (expected, found) = (place.epoch, vote.epoch);
            return Err(CertificateError::Epoch { expected, found });
        }
        if vote.height != place.height {
            let (expected, found) = (place.height, vote.height);
            return Err(CertificateError::Height { expected, found });
        }
        // Cheap checks before signatures are verified: those cost.
        let expected = set.sizes().quorum();
        if found < expected {
            return Err(CertificateError::Quorum { expected, found });
        }
        for pair in self.signatures.windows(2) {
            let (first, second) = (pair[0].0, pair[1].0);
            if first >= second {
                return Err(CertificateError::Order { first, second });
            }
        }
        let bytes = signed_bytes(&place.federation, vote);
        for (validator, signature) in self.signatures {
            let Some(known) = set.get(*validator) else {
                let (size, found) = (set.sizes().all(), *validator);
                return Err(CertificateError::Unknown { size, found });
            };
            if !verification.verify(&known.key, &bytes, signature) {
                return Err(CertificateError::Signature(*validator));
            }
        }
        Ok(())
    }
}

macro_rules! votes {
    ($($(#[$doc:meta])* $name:ident: $step:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            /// The epoch of the register.
            pub epoch: u64,
            /// The height.
            pub height: u64,
            /// The round in which the votes were cast.
            pub round: u32,
            /// The hash of the value they are for.
            pub value: Hash,
            /// Who signed, by index in the set, strictly ascending.
            pub signatures: Vec<(ValidatorIndex, Signature)>,
        }

        impl $name {
            /// The vote that every signature is over.
            #[must_use]
            pub fn vote(&self) -> Vote {
                Vote {
                    epoch: self.epoch,
                    height: self.height,
                    round: self.round,
                    step: Step::$step,
                    value: Some(self.value),
                }
            }

            /// As the module's `verify`, with another way to verify a signature.
            pub(super) fn verify_with(
                &self,
                place: &Place,
                set: &ValidatorSet,
                verification: &impl Verification,
            ) -> Result<(), CertificateError> {
                let votes = Votes { vote: self.vote(), signatures: &self.signatures };
                votes.verify(place, set, verification)
            }
        }

        impl Encode for $name {
            fn encode(&self, encoder: &mut Encoder) {
                encoder.array(5).uint(self.epoch).uint(self.height);
                encoder.uint(u64::from(self.round)).value(&self.value);
                encoder.array(self.signatures.len());
                for (validator, signature) in &self.signatures {
                    encoder.array(2).value(validator).value(signature);
                }
            }
        }

        impl Decode for $name {
            fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                decoder.array(5)?;
                Ok(Self {
                    epoch: decoder.uint()?,
                    height: decoder.uint()?,
                    round: decoder.value::<Round>()?.0,
                    value: decoder.value()?,
                    signatures: decode_signatures(decoder)?,
                })
            }
        }
    )*};
}

votes! {
    /// Precommits of a quorum: the value is decided at its height.
    Certificate: Precommit;
    /// Prevotes of a quorum: the value may be locked in its round.
    Polka: Prevote;
}

fn decode_signatures(
    decoder: &mut Decoder<'_>,
) -> Result<Vec<(ValidatorIndex, Signature)>, DecodeError> {
    let length = decoder.array_to("signatures", VALIDATORS_MAX)?;
    let mut signatures: Vec<(ValidatorIndex, Signature)> = Vec::new();
    for _ in 0..length {
        decoder.array(2)?;
        let validator = decoder.value()?;
        if signatures.last().is_some_and(|last| last.0 >= validator) {
            return Err(DecodeError::Unsorted("signatures"));
        }
        signatures.push((validator, decoder.value()?));
    }
    Ok(signatures)
}

/// Verifies that a certificate makes its value the one decided in that place by that set.
///
/// # Errors
/// The first rule that is broken: another epoch or height, fewer than a quorum, not strictly
/// ascending, a validator that the set does not have, or one signature that does not verify (a
/// certificate of another federation fails here).
pub fn verify(
    certificate: &Certificate,
    place: &Place,
    set: &ValidatorSet,
) -> Result<(), CertificateError> {
    certificate.verify_with(place, set, &Strict)
}

//! The one way to verify signatures, behind a trait so that a simulation of many nodes in one
//! process can share the answers.

use domain::key::Signature;

use super::validators::Validators;

/// How a signature is verified.
pub trait Verification {
    /// Whether the validator of that index signed these bytes.
    fn verify(
        &self,
        set: &Validators,
        validator: usize,
        bytes: &[u8],
        signature: &Signature,
    ) -> bool;
}

/// Strict Ed25519, as everywhere. Everything else must give the same answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Strict;

impl Verification for Strict {
    fn verify(
        &self,
        set: &Validators,
        validator: usize,
        bytes: &[u8],
        signature: &Signature,
    ) -> bool {
        let key = set.verifier(validator);
        key.is_some_and(|key| key.verify(bytes, signature).is_ok())
    }
}

//! The one way to verify signatures, behind a trait so that a simulation of many nodes in one
//! process can share the answers.

use domain::key::{PublicKey, Signature};

/// How a signature is verified.
pub trait Verification {
    /// Whether this key signed these bytes.
    fn verify(&self, key: &PublicKey, bytes: &[u8], signature: &Signature) -> bool;
}

/// Strict Ed25519, as everywhere. Everything else must give the same answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Strict;

impl Verification for Strict {
    fn verify(&self, key: &PublicKey, bytes: &[u8], signature: &Signature) -> bool {
        key.verify(bytes, signature).is_ok()
    }
}

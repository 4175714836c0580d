//! Keys and signatures: Ed25519 (RFC 8032), verified strictly, always one by one.
//!
//! Batch verification is faster and accepts signatures that strict verification refuses; nodes
//! that differ in this would split. So there is one verification function for everything.

use std::{fmt, str::FromStr};

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use thiserror::Error;

use crate::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};

/// The multicodec prefix of an Ed25519 public key in `did:key`.
const ED25519_MULTICODEC: [u8; 2] = [0xed, 0x01];

/// What is wrong with a key or a signature.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The bytes are no point of the curve in its one spelling, or one of the few weak points that
    /// verify anything.
    #[error("not a usable Ed25519 public key")]
    Unusable,
    /// The signature is not that key's over that message.
    #[error("the signature does not verify")]
    Signature,
    /// The text is not a `did:key` of an Ed25519 key.
    #[error("expected a key that begins with did:key:z6Mk")]
    NotDidKey,
}

/// An Ed25519 public key. The bytes may still be no usable key: see [`PublicKey::verifier`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// The decompressed key, refused if it is weak. Keep it: decompression is a tenth of the cost
    /// of a verification.
    ///
    /// # Errors
    /// When the bytes are not a usable key.
    pub fn verifier(&self) -> Result<Verifier, KeyError> {
        // The library takes the coordinate modulo 2^255 − 19, so some points have two spellings.
        if !self.is_canonical() {
            return Err(KeyError::Unusable);
        }
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| KeyError::Unusable)?;
        if key.is_weak() {
            return Err(KeyError::Unusable);
        }
        Ok(Verifier(key))
    }

    /// Whether the coordinate (all bits but the highest, lowest byte first) is less than 2^255 − 19.
    fn is_canonical(&self) -> bool {
        let [first, middle @ .., last] = &self.0;
        *first < 0xed || last & 0x7f != 0x7f || middle.iter().any(|byte| *byte != 0xff)
    }

    /// Verifies one signature strictly.
    ///
    /// # Errors
    /// When the key is unusable or the signature does not verify.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), KeyError> {
        self.verifier()?.verify(message, signature)
    }

    /// The eight characters after the common beginning of `did:key`, for people.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()
            .chars()
            .skip("did:key:z6Mk".len())
            .take(8)
            .collect()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&ED25519_MULTICODEC[..], &self.0].concat();
        write!(f, "did:key:z{}", bs58::encode(bytes).into_string())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.short())
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let encoded = text.strip_prefix("did:key:z").ok_or(KeyError::NotDidKey)?;
        if encoded.len() > 64 {
            return Err(KeyError::NotDidKey);
        }
        let bytes = bs58::decode(encoded)
            .into_vec()
            .map_err(|_| KeyError::NotDidKey)?;
        let key = bytes
            .strip_prefix(&ED25519_MULTICODEC[..])
            .ok_or(KeyError::NotDidKey)?;
        key.try_into().map(Self).map_err(|_| KeyError::NotDidKey)
    }
}

impl Encode for PublicKey {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.bytes(&self.0);
    }
}

impl Decode for PublicKey {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.bytes_of("public key").map(Self)
    }
}

/// A public key that was checked and decompressed.
#[derive(Debug, Clone)]
pub struct Verifier(VerifyingKey);

impl Verifier {
    /// Verifies one signature strictly (`verify_strict`: no malleable signatures, no weak points).
    ///
    /// # Errors
    /// When the signature does not verify.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), KeyError> {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0
            .verify_strict(message, &signature)
            .map_err(|_| KeyError::Signature)
    }
}

/// A secret key. It is wiped when dropped and never printed.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// The key of 32 secret random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The 32 secret bytes, for a key file or to seal them.
    #[must_use]
    pub fn seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs. Deterministic: the same key and message give the same signature.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public().short())
    }
}

/// An Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(…)")
    }
}

impl Encode for Signature {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.bytes(&self.0);
    }
}

impl Decode for Signature {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.bytes_of("signature").map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_as_did_key_and_read_back() {
        let key = SecretKey::from_seed(&[7; 32]).public();
        assert!(key.to_string().starts_with("did:key:z6Mk"));
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_eq!(
            "did:key:zabc".parse::<PublicKey>(),
            Err(KeyError::NotDidKey)
        );
    }

    #[test]
    fn a_weak_key_is_refused_before_it_verifies_anything() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(
            PublicKey(identity).verifier().unwrap_err(),
            KeyError::Unusable
        );
    }

    #[test]
    fn a_key_in_a_second_spelling_is_refused() {
        let mut usable = 0;
        for small in 0..19 {
            for sign in [0, 0x80] {
                let mut spelling = [0; 32];
                (spelling[0], spelling[31]) = (small, sign);
                usable += usize::from(PublicKey(spelling).verifier().is_ok());
                // The same coordinate plus 2^255 − 19.
                let mut second = [0xff; 32];
                (second[0], second[31]) = (0xed + small, 0x7f | sign);
                let refused = PublicKey(second).verifier().unwrap_err();
                assert_eq!(refused, KeyError::Unusable, "{small} {sign}");
            }
        }
        assert!(
            usable > 0,
            "some of these points are usable in their one spelling"
        );
        let mut largest = [0xff; 32];
        (largest[0], largest[31]) = (0xec, 0x7f);
        assert!(PublicKey(largest).is_canonical());
    }

    #[test]
    fn a_signature_holds_for_its_message_and_key_only() {
        let key = SecretKey::from_seed(&[1; 32]);
        let signature = key.sign(b"yes");
        assert_eq!(key.public().verify(b"yes", &signature), Ok(()));
        assert_eq!(
            key.public().verify(b"no", &signature),
            Err(KeyError::Signature)
        );
        let other = SecretKey::from_seed(&[2; 32]).public();
        assert_eq!(other.verify(b"yes", &signature), Err(KeyError::Signature));
    }
}

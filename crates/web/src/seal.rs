//! Sealing: a person's secret key at rest, and what opens it.
//!
//! The seed of a key is kept only encrypted (XChaCha20-Poly1305), once under each thing its owner
//! can show: the password, the secret of a session, of a personal token, of an invitation. Of those
//! secrets the store has only hashes, so a stolen store signs nothing. What is sealed is bound to
//! its purpose and its person: a box moved to another row does not open.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use domain::{
    id::{Hash, PersonId},
    key::SecretKey,
};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

/// Thirty-two secret bytes, wiped when dropped.
pub type Seed = Zeroizing<[u8; 32]>;

const SECRET_CHARACTERS: usize = 43;

/// Why something stays sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SealError {
    /// The secret is not the one it was sealed with, or the box was tampered with.
    #[error("this secret does not open the key")]
    Shut,
    /// Argon2 refused its parameters.
    #[error("the password cannot be hashed with the stored parameters")]
    Parameters,
    /// The system gave no random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// Too many people are signing in at once.
    #[error("too many passwords are being checked")]
    Busy,
}

/// What a key is sealed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Opened by the password.
    Password,
    /// Opened by a session.
    Session,
    /// Opened by a personal token.
    Token,
    /// Opened by an invitation's link.
    Invitation,
    /// A hosted member's root key, opened by the password of the person who keeps it.
    Root,
    /// A newcomer's root key, opened by this node until the newcomer has joined.
    Newcomer,
    /// The key of the person who signed it up, as long.
    NewcomerPerson,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Password => b"folkmoot/web/password/1",
            Self::Session => b"folkmoot/web/session/1",
            Self::Token => b"folkmoot/web/token/1",
            Self::Invitation => b"folkmoot/web/invitation/1",
            Self::Root => b"folkmoot/web/root/1",
            Self::Newcomer => b"folkmoot/web/newcomer/1",
            Self::NewcomerPerson => b"folkmoot/web/newcomer-person/1",
        }
    }
}

/// Random bytes from the system.
///
/// # Errors
/// When the system has none.
pub fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, SealError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut bytes[..]).map_err(|_| SealError::Random)?;
    Ok(bytes)
}

/// A random secret that only its bearer has: in a cookie, a token or a link.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Seed);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn random() -> Result<Self, SealError> {
        random().map(Self)
    }

    /// The secret that only who has this key can derive.
    #[must_use]
    pub fn of_key(key: &SecretKey) -> Self {
        Self(Zeroizing::new(
            Self(Zeroizing::new(key.seed())).derive(b"folkmoot/web/of-key/1"),
        ))
    }

    /// Reads the text of a secret.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != SECRET_CHARACTERS {
            return None;
        }
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let bytes: [u8; 32] = bytes.as_slice().try_into().ok()?;
        Some(Self(Zeroizing::new(bytes)))
    }

    /// The text to hand out, once.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(&self.0[..]))
    }

    /// What the store keeps to recognise it. A plain hash is enough: there is nothing to guess.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(&[b"folkmoot/web/secret/1\0", &self.0[..]])
    }

    /// The key for one purpose (HKDF-SHA-256, RFC 5869).
    fn key(&self, purpose: Purpose) -> Seed {
        Zeroizing::new(self.derive(purpose.label()))
    }

    /// Thirty-two bytes that follow from the secret and say nothing about it.
    #[must_use]
    pub fn derive(&self, label: &[u8]) -> [u8; 32] {
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(None, &self.0[..])
            .expand(label, &mut key)
            .expect("32 bytes are less than HKDF's 8160");
        key
    }

    /// Seals a seed so that this secret opens it.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn seal(
        &self,
        purpose: Purpose,
        person: PersonId,
        seed: &Seed,
    ) -> Result<Sealed, SealError> {
        Sealed::new(&self.key(purpose), purpose, person, seed)
    }

    /// Opens what was sealed for this purpose and person.
    ///
    /// # Errors
    /// When it does not open.
    pub fn open(
        &self,
        purpose: Purpose,
        person: PersonId,
        sealed: &Sealed,
    ) -> Result<Seed, SealError> {
        sealed.open(&self.key(purpose), purpose, person)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// An encrypted seed: nonce and ciphertext.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed(#[serde(with = "crate::bytes")] Vec<u8>);

const NONCE_BYTES: usize = 24;

impl Sealed {
    pub(crate) fn new(
        key: &Seed,
        purpose: Purpose,
        person: PersonId,
        seed: &Seed,
    ) -> Result<Self, SealError> {
        let nonce = random::<NONCE_BYTES>()?;
        let aad = [purpose.label(), &person.0].concat();
        let payload = Payload {
            msg: &seed[..],
            aad: &aad,
        };
        let sealed = cipher(key)
            .encrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| SealError::Shut)?;
        Ok(Self([&nonce[..], &sealed].concat()))
    }

    pub(crate) fn open(
        &self,
        key: &Seed,
        purpose: Purpose,
        person: PersonId,
    ) -> Result<Seed, SealError> {
        let (nonce, sealed) = self
            .0
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(SealError::Shut)?;
        let aad = [purpose.label(), &person.0].concat();
        let payload = Payload {
            msg: sealed,
            aad: &aad,
        };
        let seed = cipher(key)
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| SealError::Shut)?;
        let seed = Zeroizing::new(seed);
        Ok(Zeroizing::new(
            seed.as_slice().try_into().map_err(|_| SealError::Shut)?,
        ))
    }
}

fn cipher(key: &Seed) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new_from_slice(&key[..]).expect("a key has 32 bytes")
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: PersonId = PersonId([1; 16]);
    const BOB: PersonId = PersonId([2; 16]);

    #[test]
    fn a_seed_opens_with_its_own_secret_purpose_and_person_only() {
        let seed = Zeroizing::new([9; 32]);
        let secret = Secret::random().unwrap();
        let sealed = secret.seal(Purpose::Session, ALICE, &seed).unwrap();
        assert_eq!(secret.open(Purpose::Session, ALICE, &sealed), Ok(seed));
        assert_eq!(
            secret.open(Purpose::Token, ALICE, &sealed),
            Err(SealError::Shut)
        );
        assert_eq!(
            secret.open(Purpose::Session, BOB, &sealed),
            Err(SealError::Shut)
        );
        let other = Secret::random().unwrap();
        assert_eq!(
            other.open(Purpose::Session, ALICE, &sealed),
            Err(SealError::Shut)
        );
    }

    #[test]
    fn a_box_changed_by_one_bit_or_cut_short_stays_shut() {
        let secret = Secret::random().unwrap();
        let sealed = secret
            .seal(Purpose::Token, ALICE, &Zeroizing::new([9; 32]))
            .unwrap();
        for index in [0, NONCE_BYTES, sealed.0.len() - 1] {
            let mut changed = sealed.clone();
            changed.0[index] ^= 1;
            assert_eq!(
                secret.open(Purpose::Token, ALICE, &changed),
                Err(SealError::Shut)
            );
        }
        let short = Sealed(sealed.0[..5].to_vec());
        assert_eq!(
            secret.open(Purpose::Token, ALICE, &short),
            Err(SealError::Shut)
        );
    }

    #[test]
    fn a_secret_comes_back_from_its_text_and_is_never_printed() {
        let secret = Secret::random().unwrap();
        assert_eq!(Secret::parse(&secret.text()), Some(secret.clone()));
        assert_eq!(Secret::parse("short"), None);
        assert_eq!(Secret::parse(&"!".repeat(SECRET_CHARACTERS)), None);
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}

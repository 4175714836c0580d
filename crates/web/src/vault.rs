//! The vault: secrets of servers and tenants at rest.
//!
//! A node has to know them to sign what it sends to a server, and to check what a front end sends, so
//! it cannot keep hashes as of passwords. It keeps them encrypted (XChaCha20-Poly1305) under a key
//! that lies in a file of its own, outside the store: a stolen store, or a backup of it, opens
//! nothing. What is sealed is bound to its purpose and to whose it is: a box moved to another row does
//! not open.

use std::sync::{Arc, Mutex, PoisonError};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bigbluebutton::Secret;
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use domain::id::{ServerId, TenantId};
use hkdf::Hkdf;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error},
};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::seal::{self, Seed, random};

const NONCE_BYTES: usize = 24;

/// Where the key of the vault lies.
pub trait VaultKey: Send + Sync + 'static {
    /// Reads the key; none if it was not made yet, or was lost.
    ///
    /// # Errors
    /// When the file is there and cannot be used.
    fn read(&self) -> Result<Option<Seed>, Box<dyn std::error::Error + Send + Sync>>;

    /// Keeps a new key for good. There is none yet.
    ///
    /// # Errors
    /// When it cannot be kept, or when there is one.
    fn keep(&self, key: &Seed) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// A key in memory, for tests and the demo's throw-away nodes.
#[derive(Default)]
pub struct MemoryKey(Mutex<Option<Seed>>);

impl VaultKey for MemoryKey {
    fn read(&self) -> Result<Option<Seed>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone())
    }

    fn keep(&self, key: &Seed) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
        Ok(())
    }
}

/// Why a secret cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The secret is empty or too long.
    #[error("The secret cannot be kept: {0}.")]
    Length(#[from] bigbluebutton::Error),
    /// The key's file cannot be read or written.
    #[error("The file secrets.key in the node's data directory cannot be used.")]
    Key(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The key's file is gone.
    #[error("The file secrets.key, which opens this node's secrets, is not in its data directory.")]
    Lost,
    /// The key is another, or what was sealed was changed.
    #[error(
        "The file secrets.key does not open this secret: it is another than the one that sealed it."
    )]
    Shut,
    /// The system gave no random bytes.
    #[error("The system gives no random bytes.")]
    Random,
}

/// What a secret is sealed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// What a server of this node's member shares with those who call it.
    Server(ServerId),
    /// What a tenant's front end shares with this node.
    Tenant(TenantId),
}

impl Owner {
    fn associated(self) -> Vec<u8> {
        match self {
            Self::Server(id) => [&b"folkmoot/web/server-secret/1\0"[..], &id.0].concat(),
            Self::Tenant(id) => [&b"folkmoot/web/tenant-secret/1\0"[..], &id.0].concat(),
        }
    }
}

/// A new secret: 43 letters and digits, hyphens and underscores.
///
/// # Errors
/// [`VaultError::Random`]
pub fn new_secret() -> Result<Secret, VaultError> {
    let secret = seal::Secret::random().map_err(|_| VaultError::Random)?;
    Ok(Secret::new(secret.text().as_bytes())?)
}

/// The text of a secret, to hand it out once.
#[must_use]
pub fn text_of(secret: &Secret) -> Zeroizing<String> {
    Zeroizing::new(String::from_utf8_lossy(secret.expose()).into_owned())
}

/// Reads a secret from JSON without leaving a copy.
pub(crate) fn hidden<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Secret>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.map(Zeroizing::new);
    let secret = text.map(|text| Secret::new(text.trim().as_bytes()));
    secret.transpose().map_err(D::Error::custom)
}

/// A secret under the key of the vault: nonce and ciphertext.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boxed(#[serde(with = "crate::bytes")] Vec<u8>);

/// Seals secrets and opens them. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    key: Arc<dyn VaultKey>,
    /// Held while a key is made: two at once would make two.
    making: Arc<Mutex<()>>,
}

impl Vault {
    /// The vault of a key. Nothing is read yet.
    #[must_use]
    pub fn new(key: Arc<dyn VaultKey>) -> Self {
        Self {
            key,
            making: Arc::default(),
        }
    }

    /// Makes the key if there is none yet.
    ///
    /// # Errors
    /// When the key cannot be read or made.
    pub fn make_key(&self) -> Result<(), VaultError> {
        self.key_or_new().map(drop)
    }

    /// Seals a secret. The first one makes the key.
    ///
    /// # Errors
    /// When the key cannot be read or made.
    pub fn seal(&self, owner: Owner, secret: &Secret) -> Result<Boxed, VaultError> {
        let key = self.key_or_new()?;
        let nonce = random::<NONCE_BYTES>().map_err(|_| VaultError::Random)?;
        let payload = Payload {
            msg: secret.expose(),
            aad: &owner.associated(),
        };
        let sealed = cipher(&key).encrypt(&XNonce::from(*nonce), payload);
        let sealed = sealed.map_err(|_| VaultError::Shut)?;
        Ok(Boxed([&nonce[..], &sealed].concat()))
    }

    /// Opens what was sealed for this owner.
    ///
    /// # Errors
    /// When the key is gone or another, or the box was changed or moved.
    pub fn open(&self, owner: Owner, sealed: &Boxed) -> Result<Secret, VaultError> {
        let key = self.key.read().map_err(VaultError::Key)?;
        let key = key.ok_or(VaultError::Lost)?;
        let (nonce, sealed) = sealed
            .0
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(VaultError::Shut)?;
        let payload = Payload {
            msg: sealed,
            aad: &owner.associated(),
        };
        let secret = cipher(&key).decrypt(&XNonce::from(*nonce), payload);
        Ok(Secret::new(Zeroizing::new(
            secret.map_err(|_| VaultError::Shut)?,
        ))?)
    }

    /// Seals a value for a purpose, as text for an address: only this node opens it again.
    ///
    /// # Errors
    /// When the key cannot be read or made.
    pub fn seal_value(&self, purpose: &[u8], value: &impl Serialize) -> Result<String, VaultError> {
        let key = self.key_or_new()?;
        let nonce = random::<NONCE_BYTES>().map_err(|_| VaultError::Random)?;
        let bytes = serde_json::to_vec(value).map_err(|_| VaultError::Shut)?;
        let payload = Payload {
            msg: &bytes,
            aad: purpose,
        };
        let sealed = cipher(&key).encrypt(&XNonce::from(*nonce), payload);
        let sealed = sealed.map_err(|_| VaultError::Shut)?;
        Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    /// Opens what was sealed as text for a purpose.
    ///
    /// # Errors
    /// When the key is gone or another, or the text was changed or is of another purpose.
    pub fn open_value<T: DeserializeOwned>(
        &self,
        purpose: &[u8],
        sealed: &str,
    ) -> Result<T, VaultError> {
        let key = self.key.read().map_err(VaultError::Key)?;
        let key = key.ok_or(VaultError::Lost)?;
        let sealed = URL_SAFE_NO_PAD
            .decode(sealed)
            .map_err(|_| VaultError::Shut)?;
        let (nonce, sealed) = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(VaultError::Shut)?;
        let payload = Payload {
            msg: sealed,
            aad: purpose,
        };
        let bytes = cipher(&key).decrypt(&XNonce::from(*nonce), payload);
        let bytes = bytes.map_err(|_| VaultError::Shut)?;
        serde_json::from_slice(&bytes).map_err(|_| VaultError::Shut)
    }

    /// Thirty-two bytes that follow from the key and a label, and say nothing about the key
    /// (HKDF-SHA-256, RFC 5869). The first use makes the key; with another key they are others.
    ///
    /// # Errors
    /// When the key cannot be read or made.
    pub fn derive(&self, label: &[u8]) -> Result<Seed, VaultError> {
        let key = self.key_or_new()?;
        let mut derived = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, &key[..])
            .expand(label, &mut derived[..])
            .expect("32 bytes are less than HKDF's 8160");
        Ok(derived)
    }

    fn key_or_new(&self) -> Result<Seed, VaultError> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = self.key.read().map_err(VaultError::Key)? {
            return Ok(key);
        }
        let key = random::<32>().map_err(|_| VaultError::Random)?;
        self.key.keep(&key).map_err(VaultError::Key)?;
        Ok(key)
    }
}

fn cipher(key: &Seed) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new_from_slice(&key[..]).expect("a key has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: Owner = Owner::Server(ServerId([1; 16]));

    fn vault() -> Vault {
        Vault::new(Arc::new(MemoryKey::default()))
    }

    fn secret() -> Secret {
        Secret::new("open sesame").unwrap()
    }

    #[test]
    fn a_secret_opens_for_its_own_owner_only() {
        let vault = vault();
        let sealed = vault.seal(SERVER, &secret()).unwrap();
        assert_eq!(
            vault.open(SERVER, &sealed).unwrap().expose(),
            b"open sesame"
        );
        for other in [
            Owner::Server(ServerId([2; 16])),
            Owner::Tenant(TenantId([1; 16])),
        ] {
            assert!(matches!(vault.open(other, &sealed), Err(VaultError::Shut)));
        }
    }

    #[test]
    fn a_box_changed_by_one_bit_or_cut_short_stays_shut() {
        let vault = vault();
        let sealed = vault.seal(SERVER, &secret()).unwrap();
        for index in [0, NONCE_BYTES, sealed.0.len() - 1] {
            let mut changed = sealed.clone();
            changed.0[index] ^= 1;
            assert!(matches!(
                vault.open(SERVER, &changed),
                Err(VaultError::Shut)
            ));
        }
        for length in [0, 5, NONCE_BYTES, NONCE_BYTES + 16] {
            let short = Boxed(sealed.0[..length].to_vec());
            assert!(vault.open(SERVER, &short).is_err());
        }
    }

    #[test]
    fn without_the_key_file_or_with_another_one_nothing_opens_and_new_secrets_can_be_added() {
        let sealed = vault().seal(SERVER, &secret()).unwrap();
        let later = vault();
        assert!(matches!(later.open(SERVER, &sealed), Err(VaultError::Lost)));
        let again = later.seal(SERVER, &secret()).unwrap();
        assert!(matches!(later.open(SERVER, &sealed), Err(VaultError::Shut)));
        assert!(later.open(SERVER, &again).is_ok());
    }

    #[test]
    fn a_new_secret_is_text_and_no_two_are_the_same() {
        let (one, other) = (new_secret().unwrap(), new_secret().unwrap());
        assert_eq!(text_of(&one).len(), 43);
        assert_ne!(one.expose(), other.expose());
    }

    #[test]
    fn a_value_sealed_as_text_opens_for_its_purpose_only() {
        let vault = Vault::new(Arc::new(MemoryKey::default()));
        let sealed = vault.seal_value(b"one", &("https://a.example", 7)).unwrap();
        let open = |purpose: &[u8], text: &str| vault.open_value::<(String, u8)>(purpose, text);
        assert_eq!(
            open(b"one", &sealed).unwrap(),
            ("https://a.example".to_owned(), 7)
        );
        assert!(open(b"other", &sealed).is_err());
        assert!(open(b"one", &sealed[1..]).is_err());
        let other = Vault::new(Arc::new(MemoryKey::default()));
        other.seal_value(b"one", &1).unwrap();
        assert!(other.open_value::<(String, u8)>(b"one", &sealed).is_err());
    }
}

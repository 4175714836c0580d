//! Passwords: Argon2id (RFC 9106) with the parameters that OWASP names for sign-in.
//!
//! The hash that sign-in compares and the key that opens the person's secret key have salts of
//! their own, so that the stored hash opens nothing. Hashing runs beside the server's threads, at
//! most two at a time: 19 MiB each is what an attacker must not be able to multiply.

use std::{fmt, sync::Arc, time::Duration};

use argon2::{Algorithm, Argon2, Params, Version};
use domain::id::PersonId;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::seal::{Purpose, SealError, Sealed, Seed, random};

/// The shortest password, in characters.
pub const PASSWORD_CHARACTERS_MIN: usize = 10;
/// The longest password, in bytes: more is no safer and costs time.
pub const PASSWORD_BYTES_MAX: usize = 512;
const HASHES_AT_ONCE: usize = 2;
const HASH_WAIT: Duration = Duration::from_secs(10);

/// A password as typed, wiped when dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// A password as someone types it to sign in; any length up to the limit.
    #[must_use]
    pub fn typed(text: String) -> Option<Self> {
        let text = Zeroizing::new(text);
        (text.len() <= PASSWORD_BYTES_MAX).then_some(Self(text))
    }

    /// Whether it is long enough to be chosen.
    #[must_use]
    pub fn is_long_enough(&self) -> bool {
        self.0.chars().count() >= PASSWORD_CHARACTERS_MIN
    }

    fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// What one hash costs. Kept with each hash, so that it can rise without locking anyone out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for Cost {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct Salted {
    cost: Cost,
    #[serde(with = "crate::bytes")]
    salt: [u8; 16],
}

impl Salted {
    fn new(cost: Cost) -> Result<Self, SealError> {
        Ok(Self {
            cost,
            salt: *random()?,
        })
    }

    fn derive(&self, password: &Password) -> Result<Seed, SealError> {
        let params = Params::new(self.cost.memory_kib, self.cost.passes, 1, Some(32))
            .map_err(|_| SealError::Parameters)?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password.as_bytes(), &self.salt, &mut key[..])
            .map_err(|_| SealError::Parameters)?;
        Ok(key)
    }
}

/// What recognises a password.
#[derive(Clone, Serialize, Deserialize)]
pub struct PasswordHash {
    #[serde(flatten)]
    salted: Salted,
    #[serde(with = "crate::bytes")]
    hash: [u8; 32],
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// A seed that a password opens.
#[derive(Clone, Serialize, Deserialize)]
pub struct PasswordSealed {
    #[serde(flatten)]
    salted: Salted,
    sealed: Sealed,
}

impl fmt::Debug for PasswordSealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordSealed(…)")
    }
}

/// The most that opening a box from elsewhere may cost: 64 MiB, four passes.
const FOREIGN_COST_MAX: Cost = Cost {
    memory_kib: 64 * 1024,
    passes: 4,
};

impl PasswordSealed {
    /// Whether opening it costs no more than this node gives for a box that it did not make.
    pub(crate) fn is_affordable(&self) -> bool {
        let cost = self.salted.cost;
        cost.memory_kib <= FOREIGN_COST_MAX.memory_kib && cost.passes <= FOREIGN_COST_MAX.passes
    }
}

/// Hashes passwords, a few at a time.
#[derive(Debug, Clone)]
pub struct Hasher {
    cost: Cost,
    permits: Arc<Semaphore>,
}

impl Hasher {
    /// A hasher of this cost.
    #[must_use]
    pub fn new(cost: Cost) -> Self {
        Self {
            cost,
            permits: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
        }
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// When the system gives no random bytes or too many hashes are being made.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash, SealError> {
        let salted = Salted::new(self.cost)?;
        let hash = *self.derive(&salted, password).await?;
        Ok(PasswordHash { salted, hash })
    }

    /// Whether this is the password. Without an account the same work is done, so that the time
    /// taken does not tell which names exist.
    ///
    /// # Errors
    /// When too many hashes are being made.
    pub async fn verify(
        &self,
        password: &Password,
        stored: Option<&PasswordHash>,
    ) -> Result<bool, SealError> {
        let absent = Salted {
            cost: self.cost,
            salt: [0; 16],
        };
        let salted = stored.map_or(&absent, |stored| &stored.salted);
        let found = self.derive(salted, password).await?;
        Ok(stored.is_some_and(|stored| equal(&found[..], &stored.hash)))
    }

    /// Seals a seed so that the password opens it.
    ///
    /// # Errors
    /// When the system gives no random bytes or too many hashes are being made.
    pub async fn seal(
        &self,
        password: &Password,
        person: PersonId,
        seed: &Seed,
    ) -> Result<PasswordSealed, SealError> {
        self.seal_for(Purpose::Password, password, person, seed)
            .await
    }

    /// Seals a seed for another purpose than signing in.
    ///
    /// # Errors
    /// When the system gives no random bytes or too many hashes are being made.
    pub async fn seal_for(
        &self,
        purpose: Purpose,
        password: &Password,
        person: PersonId,
        seed: &Seed,
    ) -> Result<PasswordSealed, SealError> {
        let salted = Salted::new(self.cost)?;
        let key = self.derive(&salted, password).await?;
        let sealed = Sealed::new(&key, purpose, person, seed)?;
        Ok(PasswordSealed { salted, sealed })
    }

    /// Opens a seed with the password.
    ///
    /// # Errors
    /// When it is not the password or too many hashes are being made.
    pub async fn open(
        &self,
        password: &Password,
        person: PersonId,
        sealed: &PasswordSealed,
    ) -> Result<Seed, SealError> {
        self.open_for(Purpose::Password, password, person, sealed)
            .await
    }

    /// Opens a seed that was sealed for another purpose than signing in.
    ///
    /// # Errors
    /// When it is not the password or too many hashes are being made.
    pub async fn open_for(
        &self,
        purpose: Purpose,
        password: &Password,
        person: PersonId,
        sealed: &PasswordSealed,
    ) -> Result<Seed, SealError> {
        let key = self.derive(&sealed.salted, password).await?;
        sealed.sealed.open(&key, purpose, person)
    }

    async fn derive(&self, salted: &Salted, password: &Password) -> Result<Seed, SealError> {
        let permit = Arc::clone(&self.permits).acquire_owned();
        let permit = tokio::time::timeout(HASH_WAIT, permit).await;
        let permit = permit
            .map_err(|_| SealError::Busy)?
            .map_err(|_| SealError::Busy)?;
        let (salted, password) = (salted.clone(), password.clone());
        let work = tokio::task::spawn_blocking(move || {
            // Moved in, so that a caller who gives up does not free the place of a running hash.
            let _permit = permit;
            salted.derive(&password)
        });
        work.await.map_err(|_| SealError::Busy)?
    }
}

/// Compares in a time that does not depend on where two values differ.
pub(crate) fn equal(left: &[u8], right: &[u8]) -> bool {
    let difference = left
        .iter()
        .zip(right)
        .fold(0, |found, (a, b)| found | (a ^ b));
    left.len() == right.len() && std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost {
        memory_kib: 8,
        passes: 1,
    };
    const ALICE: PersonId = PersonId([1; 16]);

    fn password(text: &str) -> Password {
        Password::typed(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn only_the_password_is_recognised_and_opens_the_key() {
        let hasher = Hasher::new(CHEAP);
        let (right, wrong) = (password("correct horse"), password("wrong horse"));
        let hash = hasher.hash(&right).await.unwrap();
        assert!(hasher.verify(&right, Some(&hash)).await.unwrap());
        assert!(!hasher.verify(&wrong, Some(&hash)).await.unwrap());
        assert!(!hasher.verify(&right, None).await.unwrap());

        let seed = Zeroizing::new([5; 32]);
        let sealed = hasher.seal(&right, ALICE, &seed).await.unwrap();
        assert_eq!(hasher.open(&right, ALICE, &sealed).await, Ok(seed));
        assert_eq!(
            hasher.open(&wrong, ALICE, &sealed).await.unwrap_err(),
            SealError::Shut
        );
    }

    #[tokio::test]
    async fn the_stored_hash_is_not_the_key_that_opens_the_seed() {
        let hasher = Hasher::new(CHEAP);
        let password = password("correct horse");
        let hash = hasher.hash(&password).await.unwrap();
        let sealed = hasher
            .seal(&password, ALICE, &Zeroizing::new([5; 32]))
            .await
            .unwrap();
        let stolen = Zeroizing::new(hash.hash);
        assert_eq!(
            sealed
                .sealed
                .open(&stolen, Purpose::Password, ALICE)
                .unwrap_err(),
            SealError::Shut
        );
    }

    #[tokio::test]
    async fn a_hash_comes_back_from_json_with_its_own_cost() {
        let stored = Hasher::new(CHEAP)
            .hash(&password("correct horse"))
            .await
            .unwrap();
        let json = serde_json::to_string(&stored).unwrap();
        let stored: PasswordHash = serde_json::from_str(&json).unwrap();
        let dearer = Hasher::new(Cost {
            memory_kib: 16,
            passes: 2,
        });
        assert!(
            dearer
                .verify(&password("correct horse"), Some(&stored))
                .await
                .unwrap()
        );
    }

    #[test]
    fn passwords_are_bounded_on_both_sides() {
        assert!(Password::typed("x".repeat(PASSWORD_BYTES_MAX + 1)).is_none());
        assert!(!password("too short").is_long_enough());
        assert!(password("long enough").is_long_enough());
        assert_eq!(format!("{:?}", password("long enough")), "Password(…)");
    }
}

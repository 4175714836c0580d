//! The servers of this node's member, as the node keeps them for itself: the secret, and how a server
//! may be reached.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
};

use bigbluebutton::{Algorithm, Secret};
use domain::id::ServerId;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::SecretState;
use crate::{
    error::WebError,
    local::Local,
    table::Table,
    vault::{Boxed, Owner, Vault},
};

/// Where the store has them.
pub(crate) const AREA: &str = "web/server";

/// The word of an algorithm in commands, forms and answers.
#[must_use]
pub fn algorithm_word(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Sha1 => "sha1",
        Algorithm::Sha256 => "sha256",
        Algorithm::Sha384 => "sha384",
        Algorithm::Sha512 => "sha512",
    }
}

/// The algorithm of a word.
#[must_use]
pub fn algorithm_of(word: &str) -> Option<Algorithm> {
    let mut all = Algorithm::ALL.into_iter();
    all.find(|one| algorithm_word(*one) == word)
}

mod word {
    use bigbluebutton::Algorithm;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(one: &Algorithm, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(super::algorithm_word(*one))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Algorithm, D::Error> {
        let word = String::deserialize(deserializer)?;
        super::algorithm_of(&word).ok_or_else(|| D::Error::custom("unknown algorithm"))
    }
}

/// How a server may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// How calls are signed. Releases of BigBlueButton before 2.3 know SHA-1 alone.
    #[serde(with = "word")]
    pub algorithm: Algorithm,
    /// Whether its name may lead into a private network.
    pub allow_private: bool,
    /// Whether it may be called without encryption: only where private addresses are allowed.
    pub allow_http: bool,
}

impl Default for Reach {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::Sha256,
            allow_private: false,
            allow_http: false,
        }
    }
}

/// What is kept of a server, as the store has it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The random number its id comes from.
    #[serde(with = "crate::bytes")]
    pub nonce: [u8; 16],
    /// Its name when it was added: finds the row again where the record was not written.
    pub name: String,
    pub reach: Reach,
    secret: Boxed,
}

/// What calls a server: its secret and how it may be reached.
#[derive(Clone)]
pub struct Access {
    /// The secret it shares with those who call it.
    pub secret: Secret,
    /// How it may be reached.
    pub reach: Reach,
}

/// Everything that calls servers, at one moment.
#[derive(Default)]
pub struct ServerSnapshot {
    open: BTreeMap<ServerId, Arc<Access>>,
    shut: BTreeSet<ServerId>,
}

impl ServerSnapshot {
    /// What calls a server; none if this node has no secret of it, or cannot open it.
    #[must_use]
    pub fn get(&self, id: ServerId) -> Option<&Arc<Access>> {
        self.open.get(&id)
    }

    /// The servers this node can call.
    pub fn ids(&self) -> impl Iterator<Item = ServerId> {
        self.open.keys().copied()
    }

    /// What this node has of a server's secret.
    #[must_use]
    pub fn state(&self, id: ServerId) -> SecretState {
        match (self.open.contains_key(&id), self.shut.contains(&id)) {
            (true, _) => SecretState::Here,
            (false, true) => SecretState::Shut,
            (false, false) => SecretState::Missing,
        }
    }
}

/// The servers whose secrets this node has.
pub struct Servers {
    table: Table<Kept>,
    vault: Vault,
    current: RwLock<Arc<ServerSnapshot>>,
    /// Held while a row is read and written.
    gate: Mutex<()>,
}

impl Servers {
    /// Those kept in `local`. [`Servers::load`] reads them.
    #[must_use]
    pub fn new(local: Arc<dyn Local>, vault: Vault) -> Self {
        Self {
            table: Table::new(local, AREA),
            vault,
            current: RwLock::default(),
            gate: Mutex::new(()),
        }
    }

    /// Reads every server, at the start.
    ///
    /// # Errors
    /// When the store fails. A secret that does not open is logged, and the others are there.
    pub async fn load(&self) -> Result<(), WebError> {
        let _gate = self.gate.lock().await;
        self.reload().await
    }

    async fn reload(&self) -> Result<(), WebError> {
        let mut snapshot = ServerSnapshot::default();
        for (id, kept) in self.all().await? {
            match self.vault.open(Owner::Server(id), &kept.secret) {
                Ok(secret) => {
                    let reach = kept.reach;
                    snapshot.open.insert(id, Arc::new(Access { secret, reach }));
                }
                Err(error) => {
                    tracing::error!(server = %id, %error, "a server's secret does not open");
                    snapshot.shut.insert(id);
                }
            }
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(snapshot);
        Ok(())
    }

    /// All that calls servers, now. Cheap.
    #[must_use]
    pub fn snapshot(&self) -> Arc<ServerSnapshot> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    /// What calls a server; none if this node has no secret of it, or cannot open it.
    #[must_use]
    pub fn secret_of(&self, id: ServerId) -> Option<Arc<Access>> {
        self.snapshot().get(id).cloned()
    }

    pub(crate) async fn all(&self) -> Result<Vec<(ServerId, Kept)>, WebError> {
        let rows = self.table.list().await?;
        let read = |(key, kept): (Vec<u8>, Kept)| Some((ServerId(key.try_into().ok()?), kept));
        Ok(rows.into_iter().filter_map(read).collect())
    }

    pub(crate) async fn of(&self, id: ServerId) -> Result<Option<Kept>, WebError> {
        self.table.get(&id.0).await
    }

    /// Keeps a server: its secret, if that is new, and how it may be reached.
    ///
    /// # Errors
    /// When there is no secret and none was kept, or the store or the vault fails.
    pub(crate) async fn set(
        &self,
        id: ServerId,
        (nonce, name): ([u8; 16], &str),
        reach: Reach,
        secret: Option<&Secret>,
    ) -> Result<(), WebError> {
        let _gate = self.gate.lock().await;
        let sealed = match secret {
            Some(secret) => Some(self.vault.seal(Owner::Server(id), secret)?),
            None => self.of(id).await?.map(|kept| kept.secret),
        };
        let secret = sealed.ok_or(WebError::NotFound {
            what: "secret of this server",
        })?;
        let kept = Kept {
            nonce,
            name: name.to_owned(),
            reach,
            secret,
        };
        self.table.put(&id.0, &kept).await?;
        self.reload().await
    }

    /// Refuses rows whose secrets do not open here.
    ///
    /// # Errors
    /// [`WebError::Vault`]
    pub(crate) fn check(&self, rows: &[(ServerId, Kept)]) -> Result<(), WebError> {
        for (id, kept) in rows {
            self.vault.open(Owner::Server(*id), &kept.secret)?;
        }
        Ok(())
    }

    /// Keeps rows of another node that has the same vault.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn take(&self, rows: &[(ServerId, Kept)]) -> Result<(), WebError> {
        let _gate = self.gate.lock().await;
        for (id, kept) in rows {
            self.table.put(&id.0, kept).await?;
        }
        self.reload().await
    }

    /// Forgets a server; nothing happens if it is not kept.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn remove(&self, id: ServerId) -> Result<(), WebError> {
        let _gate = self.gate.lock().await;
        self.table.delete(&id.0).await?;
        self.reload().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{local::MemoryLocal, vault::MemoryKey};

    const ONE: ServerId = ServerId([1; 16]);
    const NAMED: ([u8; 16], &str) = ([9; 16], "bbb1");

    fn secret(text: &str) -> Secret {
        Secret::new(text).unwrap()
    }

    fn of(local: &Arc<MemoryLocal>, key: &Arc<MemoryKey>) -> Servers {
        Servers::new(local.clone(), Vault::new(key.clone()))
    }

    #[tokio::test]
    async fn a_secret_outlives_the_process_and_not_its_key() {
        let (local, key) = (Arc::default(), Arc::default());
        let servers = of(&local, &key);
        let reach = Reach {
            algorithm: Algorithm::Sha512,
            ..Reach::default()
        };
        let first = secret("first");
        servers.set(ONE, NAMED, reach, Some(&first)).await.unwrap();
        let later = of(&local, &key);
        later.load().await.unwrap();
        let access = later.secret_of(ONE).unwrap();
        assert_eq!(access.secret.expose(), b"first");
        assert_eq!(access.reach, reach);

        let stolen = of(&local, &Arc::default());
        stolen.load().await.unwrap();
        assert!(stolen.secret_of(ONE).is_none());
        assert_eq!(stolen.snapshot().state(ONE), SecretState::Shut);
        let text = format!("{:?}", local.list("web/server").await.unwrap());
        assert!(!text.contains("first"));
    }

    #[tokio::test]
    async fn how_a_server_is_reached_changes_without_its_secret_and_never_stands_without_one() {
        let servers = of(&Arc::default(), &Arc::default());
        let reach = Reach::default();
        assert!(servers.set(ONE, NAMED, reach, None).await.is_err());
        let first = secret("first");
        servers.set(ONE, NAMED, reach, Some(&first)).await.unwrap();
        let reach = Reach {
            allow_private: true,
            ..reach
        };
        servers.set(ONE, NAMED, reach, None).await.unwrap();
        let access = servers.secret_of(ONE).unwrap();
        assert_eq!(access.secret.expose(), b"first");
        assert!(access.reach.allow_private);
        servers.remove(ONE).await.unwrap();
        assert!(servers.secret_of(ONE).is_none());
    }
}

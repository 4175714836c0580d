//! The invitations this node has made, by the hash of their secret.

use std::sync::Arc;

use domain::{
    id::{Hash, Timestamp},
    key::PublicKey,
};
use serde::{Deserialize, Serialize};
use store::{Store, Write};
use tokio::sync::Mutex;

use crate::failure::{Failure, Outcome};

const AREA: &str = "node/invitation";
/// The most invitations that can be open.
const OPEN_MAX: usize = 500;
/// The most applications with one invitation.
const APPLICATIONS_MAX: u32 = 8;

/// An invitation as its node remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guest {
    /// Whom it was made for, in the inviter's words; may be empty.
    pub name: String,
    /// The class it was made for; may be empty.
    pub class: String,
    /// Until when it can be used, in milliseconds since 1970 UTC.
    pub expires_ms: u64,
    /// The root key that has applied with it.
    pub used_by: Option<String>,
    /// How often that key has applied.
    #[serde(default)]
    pub applications: u32,
}

/// The invitations of one node.
#[derive(Debug, Clone)]
pub struct Guests {
    store: Store,
    taking: Arc<Mutex<()>>,
}

fn key(secret: &[u8; 32]) -> Vec<u8> {
    Hash::of(&[b"folkmoot/guest/1\0", secret]).0.to_vec()
}

impl Guests {
    /// The invitations in a store.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            taking: Arc::default(),
        }
    }

    /// Remembers a new invitation, and forgets those that have expired.
    pub async fn add(&self, now: Timestamp, secret: &[u8; 32], guest: &Guest) -> Outcome {
        let mut writes = Vec::new();
        let all = self.store.local_list(AREA).await?;
        for (key, value) in &all {
            let expired = read(value).is_none_or(|guest| guest.expires_ms < now.0);
            if expired {
                writes.push(Write::Local {
                    area: AREA,
                    key: key.clone(),
                    value: None,
                });
            }
        }
        if all.len() - writes.len() >= OPEN_MAX {
            return Err(Failure::refused(format!(
                "{OPEN_MAX} invitations are open, the most a node keeps"
            ))
            .hint("wait until some expire"));
        }
        writes.push(entry(secret, guest));
        Ok(self.store.write(writes).await?)
    }

    /// The invitation of a secret, if it can still be used.
    ///
    /// # Errors
    /// A sentence for the one who asks.
    pub async fn find(&self, now: Timestamp, secret: &[u8; 32]) -> Result<Guest, String> {
        let found = self.store.local_get(AREA, &key(secret)).await;
        let unknown =
            "this node did not make that invitation, or it was used up; ask for a new one";
        let guest = found
            .map_err(|_| "this node cannot read its invitations now; try again later".to_owned())?
            .and_then(|value| read(&value))
            .ok_or_else(|| unknown.to_owned())?;
        if guest.expires_ms < now.0 {
            return Err("the invitation has expired; ask for a new one".to_owned());
        }
        Ok(guest)
    }

    /// Takes an application with an invitation, which serves one co-op: the first root key that
    /// applies with it. That may apply again, under a corrected name for instance, but not for
    /// ever: each application is an entry that every node keeps.
    ///
    /// # Errors
    /// A sentence for the one who asks.
    pub async fn take(
        &self,
        now: Timestamp,
        secret: &[u8; 32],
        root: &PublicKey,
        class: &str,
    ) -> Result<(), String> {
        // Two at once would both find it unused.
        let _taking = self.taking.lock().await;
        let mut guest = self.find(now, secret).await?;
        guest.check_class(class)?;
        let root = root.to_string();
        if guest.used_by.get_or_insert_with(|| root.clone()) != &root {
            return Err("the invitation was used by another co-op already".to_owned());
        }
        if guest.applications >= APPLICATIONS_MAX {
            return Err(format!(
                "your co-op has applied {APPLICATIONS_MAX} times with this invitation; ask for a \
                 new one"
            ));
        }
        guest.applications += 1;
        let written = self.store.write(vec![entry(secret, &guest)]).await;
        written.map_err(|_| "this node cannot take applications now; try again later".to_owned())
    }
}

impl Guest {
    /// Refuses another class than it was made for.
    ///
    /// # Errors
    /// A sentence for the one who asks.
    pub fn check_class(&self, class: &str) -> Result<(), String> {
        if self.class.is_empty() || self.class == class {
            return Ok(());
        }
        Err(format!(
            "the invitation is for the class {}, not {class}; apply with --class {}, or ask for \
             another invitation",
            self.class, self.class
        ))
    }
}

fn read(value: &[u8]) -> Option<Guest> {
    serde_json::from_slice(value).ok()
}

fn entry(secret: &[u8; 32], guest: &Guest) -> Write {
    Write::Local {
        area: AREA,
        key: key(secret),
        value: serde_json::to_vec(guest).ok(),
    }
}

#[cfg(test)]
mod tests {
    use domain::{id::FederationId, key::SecretKey};
    use store::Options;

    use super::*;

    const NOW: Timestamp = Timestamp(1_000);
    const SECRET: [u8; 32] = [5; 32];

    fn root(seed: u8) -> PublicKey {
        SecretKey::from_seed(&[seed; 32]).public()
    }

    async fn guests(class: &str) -> (tempfile::TempDir, Guests) {
        let folder = tempfile::tempdir().unwrap();
        let federation = FederationId([1; 32]);
        let opened = Store::open(folder.path(), federation, Options::default()).await;
        let guests = Guests::new(opened.unwrap().0);
        let guest = Guest {
            name: "Elm".to_owned(),
            class: class.to_owned(),
            expires_ms: 2_000,
            used_by: None,
            applications: 0,
        };
        guests.add(NOW, &SECRET, &guest).await.unwrap();
        (folder, guests)
    }

    #[tokio::test]
    async fn of_many_co_ops_at_once_an_invitation_serves_one() {
        let (_folder, guests) = guests("").await;
        let mut takers = tokio::task::JoinSet::new();
        for seed in 1..=50 {
            let guests = guests.clone();
            takers.spawn(async move { guests.take(NOW, &SECRET, &root(seed), "producer").await });
        }
        let taken = takers.join_all().await;
        assert_eq!(taken.iter().filter(|taken| taken.is_ok()).count(), 1);
        let refused = taken.into_iter().filter_map(Result::err);
        assert!(refused.into_iter().all(|why| why.contains("another co-op")));
    }

    #[tokio::test]
    async fn one_co_op_may_apply_again_but_not_for_ever() {
        let (_folder, guests) = guests("").await;
        for _ in 0..APPLICATIONS_MAX {
            let taken = guests.take(NOW, &SECRET, &root(1), "producer").await;
            assert_eq!(taken, Ok(()));
        }
        let refused = guests.take(NOW, &SECRET, &root(1), "producer").await;
        assert!(refused.unwrap_err().contains("8 times"));
    }

    #[tokio::test]
    async fn an_invitation_is_for_its_class() {
        let (_folder, guests) = guests("consumer").await;
        let refused = guests.take(NOW, &SECRET, &root(1), "producer").await;
        assert!(refused.unwrap_err().contains("--class consumer"));
        let taken = guests.take(NOW, &SECRET, &root(2), "consumer").await;
        assert_eq!(taken, Ok(()), "who was refused has not used it up");
    }

    #[tokio::test]
    async fn an_invitation_that_has_expired_or_is_of_another_node_says_so() {
        let (_folder, guests) = guests("").await;
        let late = Timestamp(2_001);
        let expired = guests.take(late, &SECRET, &root(1), "producer").await;
        assert!(expired.unwrap_err().contains("has expired"));
        let foreign = guests.take(NOW, &[6; 32], &root(1), "producer").await;
        assert!(foreign.unwrap_err().contains("did not make"));
    }
}

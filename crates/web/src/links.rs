//! Secret addresses that do one small thing for a person without signing in: reading the person's
//! feed, or ending a kind of mail. They open no key and do nothing else, so that one that leaks
//! costs little, and the person makes a new one. Unlike tokens they are kept as they are, because
//! they are shown again and written into every mail.

use std::sync::Arc;

use domain::id::{PersonId, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::{error::WebError, local::Local, seal::Secret, table::Table};

/// What a secret address does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Reads the person's feeds.
    Feed,
    /// Ends reminders to the person.
    Reminders,
    /// Ends the person's daily digest.
    Digest,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::Feed, Self::Reminders, Self::Digest];

    /// What such an address's secret begins with, so that one lying about is recognised.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Feed => "fmf_",
            Self::Reminders => "fmr_",
            Self::Digest => "fmd_",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    secret: String,
    created: u64,
}

/// The secret addresses of this node's accounts.
pub struct Links {
    table: Table<Kept>,
    /// Held while a secret is looked for and made, so that two pages show the same one.
    gate: Mutex<()>,
}

impl Links {
    /// The addresses kept in `local`.
    #[must_use]
    pub fn new(local: Arc<dyn Local>) -> Self {
        Self {
            table: Table::new(local, "web/link"),
            gate: Mutex::new(()),
        }
    }

    fn key(person: PersonId, purpose: Purpose) -> Vec<u8> {
        [&person.0, purpose.prefix().as_bytes()].concat()
    }

    fn text(person: PersonId, purpose: Purpose, secret: &str) -> String {
        format!("{}{person}.{secret}", purpose.prefix())
    }

    /// The person's secret for a purpose; one is made if there is none.
    ///
    /// # Errors
    /// When the store fails or the system gives no random bytes.
    pub async fn of(
        &self,
        now: Timestamp,
        person: PersonId,
        purpose: Purpose,
    ) -> Result<String, WebError> {
        let _gate = self.gate.lock().await;
        match self.table.get(&Self::key(person, purpose)).await? {
            Some(kept) => Ok(Self::text(person, purpose, &kept.secret)),
            None => self.make(now, person, purpose).await,
        }
    }

    /// A new secret in place of the one before, which ends.
    ///
    /// # Errors
    /// When the store fails or the system gives no random bytes.
    pub async fn renew(
        &self,
        now: Timestamp,
        person: PersonId,
        purpose: Purpose,
    ) -> Result<String, WebError> {
        let _gate = self.gate.lock().await;
        self.make(now, person, purpose).await
    }

    async fn make(
        &self,
        now: Timestamp,
        person: PersonId,
        purpose: Purpose,
    ) -> Result<String, WebError> {
        let kept = Kept {
            secret: Secret::random()?.text().to_string(),
            created: now.0,
        };
        self.table.put(&Self::key(person, purpose), &kept).await?;
        Ok(Self::text(person, purpose, &kept.secret))
    }

    /// Whose secret it is, if it stands.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find(&self, purpose: Purpose, text: &str) -> Result<Option<PersonId>, WebError> {
        let parts = text
            .strip_prefix(purpose.prefix())
            .and_then(|rest| rest.split_once('.'));
        let Some((person, secret)) = parts else {
            return Ok(None);
        };
        let (Ok(person), Some(secret)) = (person.parse::<PersonId>(), Secret::parse(secret)) else {
            return Ok(None);
        };
        let kept = self.table.get(&Self::key(person, purpose)).await?;
        let kept = kept.and_then(|kept| Secret::parse(&kept.secret));
        // Hashes are compared: how long that takes says nothing about the secret.
        Ok(kept
            .filter(|kept| kept.hash() == secret.hash())
            .map(|_| person))
    }

    /// Ends every secret of a person.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_all(&self, person: PersonId) -> Result<(), WebError> {
        let _gate = self.gate.lock().await;
        for purpose in Purpose::ALL {
            self.table.delete(&Self::key(person, purpose)).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::MemoryLocal;

    const NOW: Timestamp = Timestamp(1_000_000);
    const ALICE: PersonId = PersonId([1; 16]);
    const BOB: PersonId = PersonId([2; 16]);

    fn links() -> Links {
        Links::new(Arc::new(MemoryLocal::default()))
    }

    #[tokio::test]
    async fn a_secret_is_shown_again_until_it_is_renewed() {
        let links = links();
        let first = links.of(NOW, ALICE, Purpose::Feed).await.unwrap();
        assert!(first.starts_with("fmf_"));
        assert_eq!(links.of(NOW, ALICE, Purpose::Feed).await.unwrap(), first);
        assert_eq!(
            links.find(Purpose::Feed, &first).await.unwrap(),
            Some(ALICE)
        );

        let second = links.renew(NOW, ALICE, Purpose::Feed).await.unwrap();
        assert_eq!(links.find(Purpose::Feed, &first).await.unwrap(), None);
        assert_eq!(
            links.find(Purpose::Feed, &second).await.unwrap(),
            Some(ALICE)
        );
        links.delete_all(ALICE).await.unwrap();
        assert_eq!(links.find(Purpose::Feed, &second).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_secret_opens_its_own_purpose_of_its_own_person_only() {
        let links = links();
        let alice = links.of(NOW, ALICE, Purpose::Feed).await.unwrap();
        let bob = links.of(NOW, BOB, Purpose::Feed).await.unwrap();
        let other = alice.replace("fmf_", "fmd_");
        assert_eq!(links.find(Purpose::Digest, &other).await.unwrap(), None);
        assert_eq!(links.find(Purpose::Digest, &alice).await.unwrap(), None);
        let (_, secret) = alice.split_once('.').unwrap();
        let (of_bob, _) = bob.split_once('.').unwrap();
        let forged = format!("{of_bob}.{secret}");
        for text in ["", "fmf_", "fmf_.", &forged] {
            assert_eq!(
                links.find(Purpose::Feed, text).await.unwrap(),
                None,
                "{text}"
            );
        }
    }
}

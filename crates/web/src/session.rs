//! Sessions: who sent a request. The cookie has the secret, the store only its hash.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    id::{Hash, PersonId, Timestamp},
    key::PublicKey,
};
use serde::{Deserialize, Serialize};

use crate::{
    error::WebError,
    local::Local,
    password::equal,
    seal::{Purpose, Sealed, Secret, Seed},
    table::Table,
};

/// How long a session lasts without a request, in seconds.
pub const IDLE_SECONDS: u64 = 12 * 3600;
/// How long a session lasts at most, in seconds.
pub const AGE_SECONDS_MAX: u64 = 7 * 24 * 3600;
/// The most sessions of one person; the oldest ends when another begins.
pub const SESSIONS_MAX: usize = 16;
/// A session's last use is written at most this often.
const TOUCH_MS: u64 = 60_000;

#[derive(Clone, Serialize, Deserialize)]
struct Row {
    #[serde(with = "crate::bytes::text")]
    person: PersonId,
    created: u64,
    used: u64,
    sealed: Option<Sealed>,
}

impl Row {
    fn is_over(&self, now: Timestamp) -> bool {
        now.since_ms(Timestamp(self.used)) >= IDLE_SECONDS * 1000
            || now.since_ms(Timestamp(self.created)) >= AGE_SECONDS_MAX * 1000
    }
}

/// A session that goes on.
#[derive(Debug, Clone)]
pub struct Session {
    /// The hash of its secret.
    pub id: Hash,
    /// Whose it is.
    pub person: PersonId,
    secret: Secret,
    sealed: Option<Sealed>,
}

impl Session {
    /// The person's key, if the node keeps it.
    ///
    /// # Errors
    /// When the store was tampered with.
    pub fn seed(&self) -> Result<Option<Seed>, WebError> {
        let open = |sealed| self.secret.open(Purpose::Session, self.person, sealed);
        Ok(self.sealed.as_ref().map(open).transpose()?)
    }

    /// What every form of this session carries.
    #[must_use]
    pub fn form_token(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.secret.derive(b"folkmoot/web/form/1"))
    }

    /// Whether a form was made for this session.
    #[must_use]
    pub fn made(&self, form_token: &str) -> bool {
        equal(self.form_token().as_bytes(), form_token.as_bytes())
    }
}

/// The sessions of this node. They outlive a restart.
pub struct Sessions {
    table: Table<Row>,
}

impl Sessions {
    /// The sessions kept in `local`.
    #[must_use]
    pub fn new(local: Arc<dyn Local>) -> Self {
        Self {
            table: Table::new(local, "web/session"),
        }
    }

    /// Begins a session and gives the secret for its cookie.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn begin(
        &self,
        now: Timestamp,
        person: PersonId,
        seed: Option<&Seed>,
    ) -> Result<Secret, WebError> {
        self.sweep(now, person).await?;
        let secret = Secret::random()?;
        let seal = |seed| secret.seal(Purpose::Session, person, seed);
        let row = Row {
            person,
            created: now.0,
            used: now.0,
            sealed: seed.map(seal).transpose()?,
        };
        self.table.put(&secret.hash().0, &row).await?;
        Ok(secret)
    }

    /// The session of a secret, if it goes on.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find(&self, now: Timestamp, secret: Secret) -> Result<Option<Session>, WebError> {
        let id = secret.hash();
        let Some(mut row) = self.table.get(&id.0).await? else {
            return Ok(None);
        };
        if row.is_over(now) {
            self.table.delete(&id.0).await?;
            return Ok(None);
        }
        if now.since_ms(Timestamp(row.used)) >= TOUCH_MS {
            row.used = now.0;
            self.table.put(&id.0, &row).await?;
        }
        Ok(Some(Session {
            id,
            person: row.person,
            secret,
            sealed: row.sealed,
        }))
    }

    /// Whether a session goes on; asking does not prolong it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn goes_on(&self, now: Timestamp, id: Hash) -> Result<bool, WebError> {
        Ok(self
            .table
            .get(&id.0)
            .await?
            .is_some_and(|row| !row.is_over(now)))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end(&self, id: Hash) -> Result<(), WebError> {
        self.table.delete(&id.0).await
    }

    /// Ends every session of a person.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_all(&self, person: PersonId) -> Result<(), WebError> {
        for (key, row) in self.table.list().await? {
            if row.person == person {
                self.table.delete(&key).await?;
            }
        }
        Ok(())
    }

    /// How many sessions of a person go on.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn count(&self, now: Timestamp, person: PersonId) -> Result<usize, WebError> {
        let rows = self.table.list().await?;
        Ok(rows
            .iter()
            .filter(|(_, row)| row.person == person && !row.is_over(now))
            .count())
    }

    /// Drops sessions that are over, and the person's oldest if it has too many.
    async fn sweep(&self, now: Timestamp, person: PersonId) -> Result<(), WebError> {
        let mut own = Vec::new();
        for (key, row) in self.table.list().await? {
            if row.is_over(now) {
                self.table.delete(&key).await?;
            } else if row.person == person {
                own.push((row.created, key));
            }
        }
        own.sort();
        let most = SESSIONS_MAX - 1;
        for (_, key) in own.iter().take(own.len().saturating_sub(most)) {
            self.table.delete(key).await?;
        }
        Ok(())
    }
}

/// The cookie of this node's sessions. Cookies do not know ports, so the name tells nodes apart.
#[derive(Debug, Clone)]
pub struct Cookie {
    name: String,
    secure: bool,
}

impl Cookie {
    /// The cookie of the node with this key; `secure` if it is reached over https.
    #[must_use]
    pub fn new(node: &PublicKey, secure: bool) -> Self {
        let prefix = if secure { "__Host-" } else { "" };
        Self {
            name: format!("{prefix}folkmoot-{}", hex::encode(&node.0[..4])),
            secure,
        }
    }

    /// The secret among a request's cookies.
    #[must_use]
    pub fn read(&self, header: &str) -> Option<Secret> {
        let mut pairs = header
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='));
        let (_, value) = pairs.find(|(name, _)| *name == self.name)?;
        Secret::parse(value)
    }

    /// The header that sets the cookie.
    #[must_use]
    pub fn set(&self, secret: &Secret) -> String {
        self.header(&secret.text(), AGE_SECONDS_MAX)
    }

    /// The header that removes the cookie.
    #[must_use]
    pub fn clear(&self) -> String {
        self.header("", 0)
    }

    fn header(&self, value: &str, age_seconds: u64) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        let name = &self.name;
        format!("{name}={value}; Path=/; Max-Age={age_seconds}; HttpOnly; SameSite=Lax{secure}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::MemoryLocal;
    use zeroize::Zeroizing;

    const ALICE: PersonId = PersonId([1; 16]);
    const START: Timestamp = Timestamp(1_000_000);

    fn sessions() -> Sessions {
        Sessions::new(Arc::new(MemoryLocal::default()))
    }

    #[tokio::test]
    async fn a_session_ends_when_idle_and_at_its_greatest_age() {
        let sessions = sessions();
        let secret = sessions.begin(START, ALICE, None).await.unwrap();
        let almost = START.plus_seconds(IDLE_SECONDS - 1);
        assert!(
            sessions
                .find(almost, secret.clone())
                .await
                .unwrap()
                .is_some()
        );
        let later = almost.plus_seconds(IDLE_SECONDS);
        assert!(
            sessions
                .find(later, secret.clone())
                .await
                .unwrap()
                .is_none()
        );
        assert!(sessions.find(almost, secret).await.unwrap().is_none());

        let secret = sessions.begin(START, ALICE, None).await.unwrap();
        let mut now = START;
        while now < START.plus_seconds(AGE_SECONDS_MAX) {
            assert!(sessions.find(now, secret.clone()).await.unwrap().is_some());
            now = now.plus_seconds(IDLE_SECONDS / 2);
        }
        assert!(sessions.find(now, secret).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn the_store_has_neither_the_secret_nor_the_key() {
        let local = Arc::new(MemoryLocal::default());
        let sessions = Sessions::new(local.clone());
        let seed = Zeroizing::new([0x5a; 32]);
        let secret = sessions.begin(START, ALICE, Some(&seed)).await.unwrap();
        let rows = local.list("web/session").await.unwrap();
        let text = secret.text();
        for (key, value) in &rows {
            let kept = [&key[..], &value[..]].concat();
            assert!(!kept.windows(text.len()).any(|part| part == text.as_bytes()));
            assert!(!kept.windows(32).any(|part| part == &seed[..]));
        }
        let session = sessions.find(START, secret).await.unwrap().unwrap();
        assert_eq!(session.seed().unwrap(), Some(seed));
        assert!(!format!("{session:?}").contains(&text[..]));
    }

    #[tokio::test]
    async fn a_person_has_a_bounded_number_of_sessions_and_the_oldest_goes() {
        let sessions = sessions();
        let first = sessions.begin(START, ALICE, None).await.unwrap();
        for number in 1..=SESSIONS_MAX as u64 {
            sessions
                .begin(START.plus_seconds(number), ALICE, None)
                .await
                .unwrap();
        }
        let now = START.plus_seconds(60);
        assert_eq!(sessions.count(now, ALICE).await.unwrap(), SESSIONS_MAX);
        assert!(sessions.find(now, first).await.unwrap().is_none());
        sessions.end_all(ALICE).await.unwrap();
        assert_eq!(sessions.count(now, ALICE).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_form_of_one_session_is_none_of_another() {
        let sessions = sessions();
        let mut both = Vec::new();
        for _ in 0..2 {
            let secret = sessions.begin(START, ALICE, None).await.unwrap();
            both.push(sessions.find(START, secret).await.unwrap().unwrap());
        }
        assert!(both[0].made(&both[0].form_token()));
        assert!(!both[0].made(&both[1].form_token()));
        assert!(!both[0].made(""));
    }

    #[test]
    fn nodes_on_one_host_have_cookies_of_their_own() {
        let (one, other) = (PublicKey([1; 32]), PublicKey([2; 32]));
        let secret = Secret::random().unwrap();
        let set = Cookie::new(&one, false).set(&secret);
        let pair = set.split(';').next().unwrap();
        assert!(pair.starts_with("folkmoot-01010101="));
        let jar = format!("theme=dark; {pair}; folkmoot-02020202=x");
        assert_eq!(Cookie::new(&one, false).read(&jar), Some(secret));
        assert_eq!(Cookie::new(&other, false).read(&jar), None);
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"));
        assert!(
            Cookie::new(&one, true)
                .clear()
                .starts_with("__Host-folkmoot-01010101=; Path=/")
        );
    }
}

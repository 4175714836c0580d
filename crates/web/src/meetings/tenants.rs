//! The tenants whose home this node is, as the node keeps them for itself: secrets and rules.
//!
//! A front end cannot change its secret in one instant with the node, so after a rotation the old one
//! works for a while beside the new one.

mod snapshot;

use std::sync::{Arc, PoisonError, RwLock};

use bigbluebutton::Secret;
use domain::id::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use self::snapshot::Bearer;
pub use self::snapshot::{TenantAccess, TenantSnapshot};
use super::limits::Rules;
use crate::{
    error::{FieldFault, WebError},
    local::Local,
    table::Table,
    vault::{Boxed, Owner, Vault},
};

/// Where the store has them.
pub(crate) const AREA: &str = "web/tenant";
/// How long an old secret works after a new one was made, unless somebody says otherwise.
pub const OLD_SECRET_SECONDS: u64 = 7 * 24 * 60 * 60;
/// The most secrets of a tenant that work at one time: of more, the oldest stop working.
pub const SECRETS_MAX: usize = 4;
/// The shortest secret that a steward may bring along, in bytes.
pub const SECRET_BYTES_MIN: usize = 16;

/// A secret as the store has it.
#[derive(Clone, Serialize, Deserialize)]
struct KeptSecret {
    sealed: Boxed,
    /// When it stops working, in milliseconds; none for the newest.
    until_ms: Option<u64>,
}

impl KeptSecret {
    fn works_at(&self, now: Timestamp) -> bool {
        self.until_ms.is_none_or(|until_ms| now.0 < until_ms)
    }
}

/// What is kept of a tenant, as the store has it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The random number its id comes from.
    #[serde(with = "crate::bytes")]
    pub nonce: [u8; 16],
    /// Its name when it was added: finds the row again where the record was not written.
    pub name: String,
    pub rules: Rules,
    /// The newest first.
    secrets: Vec<KeptSecret>,
}

impl Kept {
    /// Until when each old secret works.
    pub(crate) fn old_until(&self, now: Timestamp) -> Vec<Timestamp> {
        let works = self.secrets.iter().filter(|secret| secret.works_at(now));
        let until = works.filter_map(|secret| secret.until_ms);
        until.map(Timestamp).collect()
    }
}

/// The tenants whose secrets this node has.
pub struct Tenants {
    table: Table<Kept>,
    vault: Vault,
    current: RwLock<Arc<TenantSnapshot>>,
    /// Held while a row is read and written.
    gate: Mutex<()>,
}

impl Tenants {
    /// Those kept in `local`. [`Tenants::load`] reads them.
    #[must_use]
    pub fn new(local: Arc<dyn Local>, vault: Vault) -> Self {
        Self {
            table: Table::new(local, AREA),
            vault,
            current: RwLock::default(),
            gate: Mutex::new(()),
        }
    }

    /// Reads every tenant, at the start.
    ///
    /// # Errors
    /// When the store fails. A secret that does not open is logged, and the others are there.
    pub async fn load(&self) -> Result<(), WebError> {
        let _gate = self.gate.lock().await;
        self.reload().await
    }

    async fn reload(&self) -> Result<(), WebError> {
        let mut snapshot = TenantSnapshot::default();
        for (id, kept) in self.all().await? {
            let before = snapshot.secrets.len();
            for kept in &kept.secrets {
                match self.vault.open(Owner::Tenant(id), &kept.sealed) {
                    Ok(secret) => {
                        snapshot.secrets.push(secret);
                        snapshot.bearers.push(Bearer {
                            tenant: id,
                            until: kept.until_ms.map(Timestamp),
                        });
                    }
                    Err(error) => {
                        tracing::error!(tenant = %id, %error, "a tenant's secret does not open");
                    }
                }
            }
            if snapshot.secrets.len() == before {
                snapshot.shut.insert(id);
            }
            let rules = kept.rules;
            let access = TenantAccess { id, rules };
            snapshot.tenants.insert(id, Arc::new(access));
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(snapshot);
        Ok(())
    }

    /// Every tenant, now. Cheap: for each request of a front end.
    #[must_use]
    pub fn snapshot(&self) -> Arc<TenantSnapshot> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    pub(crate) async fn all(&self) -> Result<Vec<(TenantId, Kept)>, WebError> {
        let rows = self.table.list().await?;
        let read = |(key, kept): (Vec<u8>, Kept)| Some((TenantId(key.try_into().ok()?), kept));
        Ok(rows.into_iter().filter_map(read).collect())
    }

    pub(crate) async fn of(&self, id: TenantId) -> Result<Option<Kept>, WebError> {
        self.table.get(&id.0).await
    }

    /// Keeps a tenant with its first secret, in the place of what was kept of it.
    ///
    /// # Errors
    /// When the secret is another tenant's, or the store or the vault fails.
    pub(crate) async fn add(
        &self,
        id: TenantId,
        (nonce, name): ([u8; 16], &str),
        rules: Rules,
        secret: &Secret,
    ) -> Result<(), WebError> {
        let _gate = self.gate.lock().await;
        self.check_own(id, secret)?;
        let secret = KeptSecret {
            sealed: self.vault.seal(Owner::Tenant(id), secret)?,
            until_ms: None,
        };
        let kept = Kept {
            nonce,
            name: name.to_owned(),
            rules,
            secrets: vec![secret],
        };
        self.table.put(&id.0, &kept).await?;
        self.reload().await
    }

    /// Puts a new secret first. Older ones work until `old_until`, or as long as they would have.
    ///
    /// # Errors
    /// When the tenant is not kept here, the secret is another tenant's, or the store or the vault
    /// fails.
    pub(crate) async fn rotate(
        &self,
        id: TenantId,
        now: Timestamp,
        secret: &Secret,
        old_until: Timestamp,
    ) -> Result<(), WebError> {
        let _gate = self.gate.lock().await;
        self.check_own(id, secret)?;
        let mut kept = self.kept(id).await?;
        for old in &mut kept.secrets {
            let until_ms = old.until_ms.unwrap_or(u64::MAX).min(old_until.0);
            old.until_ms = Some(until_ms);
        }
        let first = KeptSecret {
            sealed: self.vault.seal(Owner::Tenant(id), secret)?,
            until_ms: None,
        };
        kept.secrets.insert(0, first);
        kept.secrets.retain(|secret| secret.works_at(now));
        kept.secrets.truncate(SECRETS_MAX);
        self.table.put(&id.0, &kept).await?;
        self.reload().await
    }

    /// Sets what a tenant may have.
    ///
    /// # Errors
    /// When the tenant is not kept here or the store fails.
    pub(crate) async fn set_rules(&self, id: TenantId, rules: Rules) -> Result<(), WebError> {
        let _gate = self.gate.lock().await;
        let mut kept = self.kept(id).await?;
        kept.rules = rules;
        self.table.put(&id.0, &kept).await?;
        self.reload().await
    }

    /// Refuses rows whose secrets do not open here.
    ///
    /// # Errors
    /// [`WebError::Vault`]
    pub(crate) fn check(&self, rows: &[(TenantId, Kept)]) -> Result<(), WebError> {
        for (id, kept) in rows {
            for secret in &kept.secrets {
                self.vault.open(Owner::Tenant(*id), &secret.sealed)?;
            }
        }
        Ok(())
    }

    /// Keeps rows of another node that has the same vault, and forgets those that are gone there.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn take(
        &self,
        rows: &[(TenantId, Kept)],
        gone: &[TenantId],
    ) -> Result<(), WebError> {
        let _gate = self.gate.lock().await;
        for (id, kept) in rows {
            self.table.put(&id.0, kept).await?;
        }
        for id in gone {
            self.table.delete(&id.0).await?;
        }
        self.reload().await
    }

    /// Forgets a tenant; nothing happens if it is not kept.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn remove(&self, id: TenantId) -> Result<(), WebError> {
        let _gate = self.gate.lock().await;
        self.table.delete(&id.0).await?;
        self.reload().await
    }

    /// The newest secret of a tenant, opened.
    ///
    /// # Errors
    /// When the tenant is not kept here, or the secret does not open.
    pub(crate) async fn newest(&self, id: TenantId) -> Result<Secret, WebError> {
        let kept = self.kept(id).await?;
        let missing = || WebError::NotFound { what: "secret" };
        let newest = kept.secrets.first().ok_or_else(missing)?;
        Ok(self.vault.open(Owner::Tenant(id), &newest.sealed)?)
    }

    async fn kept(&self, id: TenantId) -> Result<Kept, WebError> {
        let missing = || WebError::NotFound { what: "front end" };
        self.of(id).await?.ok_or_else(missing)
    }

    /// Refuses a secret that another tenant has: a request is told apart by its secret alone.
    fn check_own(&self, id: TenantId, secret: &Secret) -> Result<(), WebError> {
        let snapshot = self.snapshot();
        let mut all = snapshot.secrets.iter().zip(&snapshot.bearers);
        if all.any(|(one, bearer)| bearer.tenant != id && one.expose() == secret.expose()) {
            let message = "Another front end has this secret. Choose another.";
            return Err(WebError::Form(vec![FieldFault::new("secret", message)]));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        local::MemoryLocal,
        vault::{MemoryKey, text_of},
    };

    const ONE: TenantId = TenantId([1; 16]);
    const TWO: TenantId = TenantId([2; 16]);
    const NAMED: ([u8; 16], &str) = ([9; 16], "Greenlight");
    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn secret(text: &str) -> Secret {
        Secret::new(text).unwrap()
    }

    fn of(local: &Arc<MemoryLocal>, key: &Arc<MemoryKey>) -> Tenants {
        Tenants::new(local.clone(), Vault::new(key.clone()))
    }

    async fn tenants() -> Tenants {
        let tenants = of(&Arc::default(), &Arc::default());
        let rules = Rules::default();
        tenants
            .add(ONE, NAMED, rules, &secret("first"))
            .await
            .unwrap();
        tenants
    }

    fn working(tenants: &Tenants, now: Timestamp) -> Vec<String> {
        let snapshot = tenants.snapshot();
        let secrets = snapshot.secrets_of(ONE, now);
        secrets.map(|secret| text_of(secret).to_string()).collect()
    }

    async fn rotate(tenants: &Tenants, now: Timestamp, text: &str, seconds: u64) {
        let until = now.plus_seconds(seconds);
        let rotated = tenants.rotate(ONE, now, &secret(text), until).await;
        rotated.unwrap();
    }

    #[tokio::test]
    async fn an_old_secret_works_until_its_time_and_not_a_moment_longer() {
        let tenants = tenants().await;
        rotate(&tenants, NOW, "second", OLD_SECRET_SECONDS).await;
        let end = NOW.plus_seconds(OLD_SECRET_SECONDS);
        assert_eq!(working(&tenants, NOW), ["second", "first"]);
        assert_eq!(working(&tenants, Timestamp(end.0 - 1)), ["second", "first"]);
        assert_eq!(working(&tenants, end), ["second"]);
        let snapshot = tenants.snapshot();
        let place = |text: &str| {
            let mut secrets = snapshot.secrets().iter();
            let found = secrets.position(|secret| secret.expose() == text.as_bytes());
            found.unwrap()
        };
        assert_eq!(snapshot.bearer(place("first"), NOW).unwrap().id, ONE);
        assert!(snapshot.bearer(place("first"), end).is_none());
        assert_eq!(snapshot.bearer(place("second"), end).unwrap().id, ONE);
    }

    #[tokio::test]
    async fn a_rotation_now_ends_every_old_secret_at_once() {
        let tenants = tenants().await;
        rotate(&tenants, NOW, "second", OLD_SECRET_SECONDS).await;
        rotate(&tenants, NOW, "third", 0).await;
        assert_eq!(working(&tenants, NOW), ["third"]);
        assert_eq!(tenants.newest(ONE).await.unwrap().expose(), b"third");
    }

    #[tokio::test]
    async fn another_rotation_gives_no_old_secret_more_time() {
        let tenants = tenants().await;
        rotate(&tenants, NOW, "second", 60).await;
        rotate(&tenants, NOW, "third", OLD_SECRET_SECONDS).await;
        assert_eq!(working(&tenants, NOW), ["third", "second", "first"]);
        assert_eq!(working(&tenants, NOW.plus_seconds(60)), ["third", "second"]);
        for number in 0..2 * SECRETS_MAX {
            rotate(&tenants, NOW, &format!("more {number}"), 60).await;
        }
        assert_eq!(working(&tenants, NOW).len(), SECRETS_MAX);
    }

    #[tokio::test]
    async fn two_tenants_never_have_one_secret() {
        let tenants = tenants().await;
        let rules = Rules::default();
        let same = tenants.add(TWO, NAMED, rules, &secret("first")).await;
        assert!(matches!(same, Err(WebError::Form(_))));
        assert!(tenants.snapshot().get(TWO).is_none());
    }

    #[tokio::test]
    async fn what_is_set_outlives_the_process_and_a_lost_key_shuts_the_secrets_alone() {
        let (local, key) = (Arc::default(), Arc::default());
        let tenants = of(&local, &key);
        let mut rules = Rules::default();
        tenants
            .add(ONE, NAMED, rules.clone(), &secret("first"))
            .await
            .unwrap();
        rules.limits.meetings_max = Some(3);
        rules.forced = vec![("record".to_owned(), "false".to_owned())];
        tenants.set_rules(ONE, rules.clone()).await.unwrap();
        let later = of(&local, &key);
        later.load().await.unwrap();
        assert_eq!(later.snapshot().get(ONE).unwrap().rules, rules);
        assert_eq!(working(&later, NOW), ["first"]);

        let lost = of(&local, &Arc::default());
        lost.load().await.unwrap();
        assert!(lost.snapshot().is_shut(ONE));
        assert_eq!(lost.snapshot().get(ONE).unwrap().rules, rules);
        rotate(&lost, NOW, "again", OLD_SECRET_SECONDS).await;
        assert_eq!(working(&lost, NOW), ["again"]);
        assert!(!lost.snapshot().is_shut(ONE));
    }
}

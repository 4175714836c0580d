//! Invitations: one link, used once, that lets a person choose a password for a key that was
//! granted beforehand.
//!
//! The key is made and granted when the steward invites, because only then is the steward there
//! to sign. Until the link is opened the key is sealed under the link's secret, so neither the
//! node nor the steward can act with it.

use std::sync::Arc;

use domain::{
    id::{FederationId, Hash, MemberId, PersonId, Timestamp},
    key::{PublicKey, SecretKey, Signature},
    record::{self, Grant},
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::{
    accounts::{Account, Accounts, NewAccount},
    error::WebError,
    local::Local,
    password::Password,
    seal::{Purpose, SealError, Sealed, Secret, Seed, random},
    table::Table,
};

/// How long an invitation can be used, in seconds.
pub const VALID_SECONDS: u64 = 7 * 24 * 3600;
/// The most invitations that wait at once.
pub const INVITATIONS_MAX: usize = 200;

/// An invitation as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Invitation {
    /// The person it is for.
    #[serde(with = "crate::bytes::text")]
    pub person: PersonId,
    /// The key that was granted to it.
    #[serde(with = "crate::bytes::text")]
    pub key: PublicKey,
    /// The name it was made out to; the person may choose another to sign in.
    pub name: String,
    /// The words of the roles.
    pub roles: Vec<String>,
    /// When it was made, in milliseconds.
    pub created: u64,
    /// The hosted member it acts for; none for the one whose node this is.
    #[serde(default, with = "crate::bytes::text::optional")]
    pub member: Option<MemberId>,
    /// The key under the link's secret.
    sealed: Sealed,
    #[serde(with = "crate::bytes")]
    hash: [u8; 32],
}

impl Invitation {
    /// Makes a person, its key and the secret of its link. Grant the key with its
    /// [`Invitation::proof`], then [`Invitations::keep`] the invitation, then hand out the link.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new(
        now: Timestamp,
        name: &str,
        roles: Vec<String>,
    ) -> Result<(Self, Secret), SealError> {
        let person = PersonId(*random()?);
        let seed: Seed = random()?;
        let secret = Secret::random()?;
        let invitation = Self {
            person,
            key: SecretKey::from_seed(&seed).public(),
            name: name.to_owned(),
            roles,
            created: now.0,
            member: None,
            sealed: secret.seal(Purpose::Invitation, person, &seed)?,
            hash: secret.hash().0,
        };
        Ok((invitation, secret))
    }

    /// The key's agreement to its being granted by this member, without which it cannot be. It
    /// takes the link's secret, so only whoever made the invitation can ask for it.
    ///
    /// # Errors
    /// When the secret is another invitation's.
    pub fn proof(
        &self,
        secret: &Secret,
        federation: &FederationId,
        member: &MemberId,
    ) -> Result<Signature, SealError> {
        let seed = secret.open(Purpose::Invitation, self.person, &self.sealed)?;
        let (key, purpose) = (SecretKey::from_seed(&seed), record::Purpose::Person);
        let person = Some(self.person);
        Ok(Grant::prove(&key, federation, member, purpose, person))
    }

    /// What names it on pages; it does not open it.
    #[must_use]
    pub fn id(&self) -> Hash {
        Hash(self.hash)
    }

    /// When it can no longer be used.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        Timestamp(self.created).plus_seconds(VALID_SECONDS)
    }
}

/// What a person chooses when it accepts.
#[derive(Debug)]
pub struct Acceptance {
    /// The name to sign in with.
    pub name: String,
    /// The mail address, or empty.
    pub mail: String,
    /// The password.
    pub password: Password,
}

/// The invitations that wait.
pub struct Invitations {
    table: Table<Invitation>,
    gate: Mutex<()>,
}

impl Invitations {
    /// The invitations kept in `local`.
    #[must_use]
    pub fn new(local: Arc<dyn Local>) -> Self {
        Self {
            table: Table::new(local, "web/invitation"),
            gate: Mutex::new(()),
        }
    }

    /// Keeps an invitation.
    ///
    /// # Errors
    /// When too many wait or the store fails.
    pub async fn keep(&self, now: Timestamp, invitation: &Invitation) -> Result<(), WebError> {
        if self.waiting(now).await?.len() >= INVITATIONS_MAX {
            let message = format!("{INVITATIONS_MAX} invitations wait already. Take some back.");
            return Err(WebError::Conflict {
                code: "invitations-full",
                message,
            });
        }
        self.table.put(&invitation.hash, invitation).await
    }

    /// The invitation of a link, if it can be used.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn find(&self, now: Timestamp, secret: &Secret) -> Result<Invitation, WebError> {
        let found = self.table.get(&secret.hash().0).await?;
        found
            .filter(|found| now < found.expires())
            .ok_or(WebError::InvitationSpent)
    }

    /// Uses an invitation: makes the account, and gives it with its key.
    ///
    /// # Errors
    /// When the invitation cannot be used or what was chosen does not fit; then it stays.
    pub async fn accept(
        &self,
        now: Timestamp,
        secret: &Secret,
        accounts: &Accounts,
        chosen: Acceptance,
    ) -> Result<(Account, Seed), WebError> {
        let _gate = self.gate.lock().await;
        let invitation = self.find(now, secret).await?;
        let seed = secret.open(Purpose::Invitation, invitation.person, &invitation.sealed)?;
        let new = NewAccount {
            person: invitation.person,
            key: invitation.key,
            seed: Some(seed.clone()),
            name: chosen.name,
            mail: chosen.mail,
            roles: invitation.roles,
            password: chosen.password,
            member: invitation.member,
            root: None,
        };
        // The account first: after a crash between the two the invitation is there, but its person
        // has an account, so it cannot be used again.
        let account = accounts.add(now, new).await?;
        self.table.delete(&invitation.hash).await?;
        Ok((account, Zeroizing::new(*seed)))
    }

    /// The invitations that can still be used; expired ones are dropped.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn waiting(&self, now: Timestamp) -> Result<Vec<Invitation>, WebError> {
        let mut waiting = Vec::new();
        for (key, invitation) in self.table.list().await? {
            if now < invitation.expires() {
                waiting.push(invitation);
            } else {
                self.table.delete(&key).await?;
            }
        }
        Ok(waiting)
    }

    /// Takes an invitation back and gives what it was, so that its key can be revoked.
    ///
    /// # Errors
    /// When there is none or the store fails.
    pub async fn take_back(&self, id: Hash) -> Result<Invitation, WebError> {
        let _gate = self.gate.lock().await;
        let found = self
            .table
            .get(&id.0)
            .await?
            .ok_or(WebError::InvitationSpent)?;
        self.table.delete(&id.0).await?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{accounts::tests::CHEAP, local::MemoryLocal, password::Hasher};

    const NOW: Timestamp = Timestamp(1_000_000);

    fn world() -> (Invitations, Accounts) {
        let local: Arc<dyn Local> = Arc::new(MemoryLocal::default());
        (
            Invitations::new(Arc::clone(&local)),
            Accounts::new(local, Hasher::new(CHEAP)),
        )
    }

    fn chosen(name: &str, password: &str) -> Acceptance {
        let password = Password::typed(password.to_owned()).unwrap();
        Acceptance {
            name: name.to_owned(),
            mail: String::new(),
            password,
        }
    }

    #[tokio::test]
    async fn an_invitation_makes_one_account_with_the_key_that_was_granted() {
        let (invitations, accounts) = world();
        let (invitation, secret) =
            Invitation::new(NOW, "Alice", vec!["steward".to_owned()]).unwrap();
        invitations.keep(NOW, &invitation).await.unwrap();

        // A fault in what was chosen leaves the invitation as it was.
        let faulty = invitations
            .accept(NOW, &secret, &accounts, chosen("Alice", "short"))
            .await;
        assert!(matches!(faulty, Err(WebError::Form(_))));
        let good = chosen("Alice", "correct horse");
        let (account, seed) = invitations
            .accept(NOW, &secret, &accounts, good)
            .await
            .unwrap();
        assert_eq!(account.key, invitation.key);
        assert_eq!(SecretKey::from_seed(&seed).public(), invitation.key);
        assert_eq!(account.roles, ["steward"]);

        let again = chosen("Mallory", "correct horse");
        let again = invitations.accept(NOW, &secret, &accounts, again).await;
        assert!(matches!(again, Err(WebError::InvitationSpent)));
    }

    #[test]
    fn an_invitation_proves_its_key_to_whoever_has_the_links_secret() {
        let (federation, member) = (FederationId([1; 32]), MemberId([2; 32]));
        let (invitation, secret) = Invitation::new(NOW, "Alice", vec![]).unwrap();
        let grant = Grant {
            purpose: record::Purpose::Person,
            key: invitation.key,
            person: Some(invitation.person),
            roles: record::Roles::WORKER,
            custody: record::Custody::Node,
            number: 1,
            proof: invitation.proof(&secret, &federation, &member).unwrap(),
        };
        assert_eq!(grant.verify(&federation, &member), Ok(()));
        let (_, other) = Invitation::new(NOW, "Bob", vec![]).unwrap();
        let shut = invitation.proof(&other, &federation, &member);
        assert_eq!(shut, Err(SealError::Shut));
    }

    #[tokio::test]
    async fn an_invitation_expires_after_seven_days() {
        let (invitations, accounts) = world();
        let (invitation, secret) = Invitation::new(NOW, "Alice", vec![]).unwrap();
        invitations.keep(NOW, &invitation).await.unwrap();
        let last = Timestamp(NOW.0 + VALID_SECONDS * 1000 - 1);
        assert!(invitations.find(last, &secret).await.is_ok());
        let late = last.plus_ms(1);
        let refused = invitations
            .accept(late, &secret, &accounts, chosen("Alice", "correct horse"))
            .await;
        assert!(matches!(refused, Err(WebError::InvitationSpent)));
        assert!(invitations.waiting(late).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn an_invitation_taken_back_cannot_be_used() {
        let (invitations, _) = world();
        let (invitation, secret) = Invitation::new(NOW, "Alice", vec![]).unwrap();
        invitations.keep(NOW, &invitation).await.unwrap();
        let taken = invitations.take_back(invitation.id()).await.unwrap();
        assert_eq!(taken.key, invitation.key);
        assert!(invitations.find(NOW, &secret).await.is_err());
    }
}

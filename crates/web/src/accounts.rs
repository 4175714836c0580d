//! Accounts: how the people of this member sign in at its node. They never leave it.

use std::sync::Arc;

use domain::{
    id::{PersonId, Timestamp},
    key::PublicKey,
    record::Roles,
    text::is_line,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::{
    error::{FieldFault, WebError},
    local::Local,
    password::{Hasher, PASSWORD_CHARACTERS_MIN, Password, PasswordHash, PasswordSealed},
    seal::{SealError, Seed},
    table::Table,
};

/// The most accounts of one node.
pub const ACCOUNTS_MAX: usize = 5_000;
/// The longest name or mail address, in bytes.
pub const NAME_BYTES_MAX: usize = 120;

/// One person's account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// The person, as the federation knows it.
    #[serde(with = "crate::bytes::text")]
    pub person: PersonId,
    /// The person's key.
    #[serde(with = "crate::bytes::text")]
    pub key: PublicKey,
    /// The name to sign in with.
    pub name: String,
    /// The mail address, or empty. It never leaves this node.
    pub mail: String,
    /// The words of the roles the person was invited with.
    pub roles: Vec<String>,
    /// The reader's time zone (IANA), or empty for the browser's.
    pub zone: String,
    /// `light`, `dark`, or empty for the system's.
    pub theme: String,
    /// Whether mails remind the person while the member's vote is missing.
    #[serde(default = "wanted")]
    pub reminders: bool,
    /// Whether a mail a day says what is open.
    #[serde(default = "wanted")]
    pub digest: bool,
    /// The hour of the day, in the person's zone, at which that mail comes.
    #[serde(default = "digest_hour")]
    pub digest_hour: u8,
    /// When it was made, in milliseconds.
    pub created: u64,
    password: PasswordHash,
    /// The person's key under the password; none if it lives on the person's own device.
    sealed: Option<PasswordSealed>,
}

/// Accounts that were made before mails could be sent want what a new account wants.
fn wanted() -> bool {
    true
}

fn digest_hour() -> u8 {
    8
}

impl Account {
    /// Whether the person was invited with this role.
    #[must_use]
    pub fn has(&self, role: Roles) -> bool {
        role.words()
            .iter()
            .all(|word| self.roles.iter().any(|own| own == word))
    }

    /// Whether the node keeps the person's key.
    #[must_use]
    pub fn is_sealed_here(&self) -> bool {
        self.sealed.is_some()
    }

    fn answers_to(&self, folded: &str) -> bool {
        !folded.is_empty() && (fold(&self.name) == folded || fold(&self.mail) == folded)
    }
}

/// What a new account is made of.
#[derive(Debug)]
pub struct NewAccount {
    /// The person.
    pub person: PersonId,
    /// The person's key.
    pub key: PublicKey,
    /// The secret half, if the node is to keep it.
    pub seed: Option<Seed>,
    /// The name to sign in with.
    pub name: String,
    /// The mail address, or empty.
    pub mail: String,
    /// The words of its roles.
    pub roles: Vec<String>,
    /// The password.
    pub password: Password,
}

/// The form of a name that is compared: case and outer space do not tell people apart.
pub(crate) fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

/// The accounts of this node.
pub struct Accounts {
    table: Table<Account>,
    hasher: Hasher,
    /// Held while names are compared and an account is written, so that no name is given twice.
    gate: Mutex<()>,
}

impl Accounts {
    /// The accounts kept in `local`.
    #[must_use]
    pub fn new(local: Arc<dyn Local>, hasher: Hasher) -> Self {
        Self {
            table: Table::new(local, "web/account"),
            hasher,
            gate: Mutex::new(()),
        }
    }

    /// Every account.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn all(&self) -> Result<Vec<Account>, WebError> {
        Ok(self
            .table
            .list()
            .await?
            .into_iter()
            .map(|(_, account)| account)
            .collect())
    }

    /// The account of a person.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn of(&self, person: PersonId) -> Result<Option<Account>, WebError> {
        self.table.get(&person.0).await
    }

    /// Makes an account.
    ///
    /// # Errors
    /// When the person has one, the name or mail is taken or unfit, or the password too short.
    pub async fn add(&self, now: Timestamp, new: NewAccount) -> Result<Account, WebError> {
        check_new(&new)?;
        let password = self.hasher.hash(&new.password).await?;
        let sealed = match &new.seed {
            Some(seed) => Some(self.hasher.seal(&new.password, new.person, seed).await?),
            None => None,
        };
        let account = Account {
            person: new.person,
            key: new.key,
            name: new.name.trim().to_owned(),
            mail: new.mail.trim().to_owned(),
            roles: new.roles,
            zone: String::new(),
            theme: String::new(),
            reminders: wanted(),
            digest: wanted(),
            digest_hour: digest_hour(),
            created: now.0,
            password,
            sealed,
        };
        let _gate = self.gate.lock().await;
        let others = self.all().await?;
        if others.iter().any(|other| other.person == account.person) {
            return Err(WebError::InvitationSpent);
        }
        if others.len() >= ACCOUNTS_MAX {
            let message = format!("This node has {ACCOUNTS_MAX} accounts, the most it keeps.");
            return Err(WebError::Conflict {
                code: "accounts-full",
                message,
            });
        }
        check_free(&others, &account)?;
        self.table.put(&account.person.0, &account).await?;
        Ok(account)
    }

    /// The account that answers to this name or mail address with this password, and its key.
    ///
    /// # Errors
    /// [`WebError::SignIn`] when there is none, without saying which of the two is wrong.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &Password,
    ) -> Result<(Account, Option<Seed>), WebError> {
        let folded = fold(name);
        let account = self
            .all()
            .await?
            .into_iter()
            .find(|account| account.answers_to(&folded));
        let stored = account.as_ref().map(|account| &account.password);
        let right = self.hasher.verify(password, stored).await?;
        let Some(account) = account.filter(|_| right) else {
            return Err(WebError::SignIn);
        };
        let seed = match &account.sealed {
            Some(sealed) => Some(self.hasher.open(password, account.person, sealed).await?),
            None => None,
        };
        Ok((account, seed))
    }

    /// Changes a password, which seals the key anew, and gives back the key.
    ///
    /// # Errors
    /// When the old password is wrong or the new one too short.
    pub async fn change_password(
        &self,
        person: PersonId,
        old: &Password,
        new: &Password,
    ) -> Result<Option<Seed>, WebError> {
        if !new.is_long_enough() {
            return Err(WebError::Form(vec![password_fault("new")]));
        }
        let account = self.of(person).await?.ok_or(WebError::SignedOut)?;
        if !self.hasher.verify(old, Some(&account.password)).await? {
            let message = "Enter the password you signed in with.";
            return Err(WebError::Form(vec![FieldFault::new(
                "old_password",
                message,
            )]));
        }
        let password = self.hasher.hash(new).await?;
        let (seed, sealed) = match &account.sealed {
            Some(sealed) => {
                let seed = self.hasher.open(old, person, sealed).await?;
                let sealed = self.hasher.seal(new, person, &seed).await?;
                (Some(seed), Some(sealed))
            }
            None => (None, None),
        };
        let _gate = self.gate.lock().await;
        // Read again: another request may have changed the account while the password was hashed.
        let mut account = self.of(person).await?.ok_or(WebError::SignedOut)?;
        account.password = password;
        account.sealed = sealed;
        self.table.put(&person.0, &account).await?;
        Ok(seed)
    }

    /// Changes what a person sets for itself, or the words of its roles.
    ///
    /// # Errors
    /// When the account is gone, or the name or mail is taken or unfit.
    pub async fn change(
        &self,
        person: PersonId,
        change: impl FnOnce(&mut Account) + Send,
    ) -> Result<Account, WebError> {
        let _gate = self.gate.lock().await;
        let mut account = self
            .of(person)
            .await?
            .ok_or(WebError::NotFound { what: "account" })?;
        change(&mut account);
        check_names(&account.name, &account.mail)?;
        check_free(&self.all().await?, &account)?;
        self.table.put(&person.0, &account).await?;
        Ok(account)
    }

    /// Removes an account.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove(&self, person: PersonId) -> Result<(), WebError> {
        let _gate = self.gate.lock().await;
        self.table.delete(&person.0).await
    }
}

fn password_fault(field: &'static str) -> FieldFault {
    let message = format!("Choose a password of at least {PASSWORD_CHARACTERS_MIN} characters.");
    FieldFault::new(field, message)
}

fn name_faults(name: &str, mail: &str) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    let fits = |text: &str| text.len() <= NAME_BYTES_MAX && is_line(text);
    if !fits(name) {
        let message = format!("Enter a name of 1 to {NAME_BYTES_MAX} bytes on one line.");
        faults.push(FieldFault::new("name", message));
    }
    let is_mail = |text: &str| {
        let fits = |part: &str| {
            !part.is_empty()
                && !part.contains(|c: char| c.is_whitespace() || "@<>()[],;:\\\"".contains(c))
        };
        let parts = text.trim().split_once('@');
        parts.is_some_and(|(name, host)| fits(name) && fits(host))
    };
    let is_none = mail.trim().is_empty();
    if !is_none && (!fits(mail) || !is_mail(mail)) {
        faults.push(FieldFault::new(
            "mail",
            "Enter a mail address like name@example.org, or none.",
        ));
    }
    faults
}

fn check_names(name: &str, mail: &str) -> Result<(), WebError> {
    match name_faults(name, mail) {
        faults if faults.is_empty() => Ok(()),
        faults => Err(WebError::Form(faults)),
    }
}

fn check_new(new: &NewAccount) -> Result<(), WebError> {
    let mut faults = name_faults(&new.name, &new.mail);
    if !new.password.is_long_enough() {
        faults.push(password_fault("password"));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(WebError::Form(faults))
    }
}

fn check_free(others: &[Account], account: &Account) -> Result<(), WebError> {
    let mut others = others.iter().filter(|other| other.person != account.person);
    for (field, text) in [("name", &account.name), ("mail", &account.mail)] {
        let folded = fold(text);
        if others.clone().any(|other| other.answers_to(&folded)) {
            let message = format!("Someone at this node already signs in as {}.", text.trim());
            return Err(WebError::Form(vec![FieldFault::new(field, message)]));
        }
    }
    match others.find(|other| other.key == account.key) {
        None => Ok(()),
        // A key signs for one person only.
        Some(_) => Err(WebError::Seal(SealError::Shut)),
    }
}

#[cfg(test)]
pub(crate) mod tests;

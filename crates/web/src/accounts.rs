//! Accounts: how the people of this member sign in at its node. They never leave it.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    id::{MemberId, PersonId, Timestamp},
    key::PublicKey,
    record::Roles,
    text::is_line,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::{
    error::{FieldFault, WebError},
    hosted::BroughtKeys,
    local::Local,
    password::{Hasher, PASSWORD_CHARACTERS_MIN, Password, PasswordHash, PasswordSealed},
    seal::{Purpose, SealError, Seed},
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
    /// Whether the list of first steps is put away.
    #[serde(default)]
    pub checklist_hidden: bool,
    /// When it was made, in milliseconds.
    pub created: u64,
    /// The member it acts for, if this node hosts it; else the one whose node this is.
    #[serde(default, with = "crate::bytes::text::optional")]
    pub member: Option<MemberId>,
    password: PasswordHash,
    /// The hosted member's root key under the password, for the one person who keeps it.
    #[serde(default)]
    root: Option<PasswordSealed>,
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

    /// Whether the person keeps the root key of its hosted member here.
    #[must_use]
    pub fn has_root(&self) -> bool {
        self.root.is_some()
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
    /// The hosted member it acts for.
    pub member: Option<MemberId>,
    /// That member's root key, if this person keeps it here.
    pub root: Option<Seed>,
}

/// What the text of exported keys begins with.
const EXPORT_PREFIX: &str = "folkmoot-keys:";
/// The longest text of exported keys.
const EXPORT_CHARACTERS_MAX: usize = 4_096;

/// The keys of a hosted member under the password, to be taken to another host.
#[derive(Serialize, Deserialize)]
struct Export {
    #[serde(with = "crate::bytes::text")]
    person: PersonId,
    sealed: PasswordSealed,
    root: PasswordSealed,
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
        let root = match &new.root {
            Some(seed) => Some(self.seal_root(&new.password, new.person, seed).await?),
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
            checklist_hidden: false,
            created: now.0,
            member: new.member,
            password,
            root,
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
        let root = match &account.root {
            Some(root) => {
                let seed = self.open_root(old, person, root).await?;
                Some(self.seal_root(new, person, &seed).await?)
            }
            None => None,
        };
        let _gate = self.gate.lock().await;
        // Read again: another request may have changed the account while the password was hashed.
        let mut account = self.of(person).await?.ok_or(WebError::SignedOut)?;
        account.password = password;
        account.sealed = sealed;
        account.root = root;
        self.table.put(&person.0, &account).await?;
        Ok(seed)
    }

    async fn seal_root(
        &self,
        password: &Password,
        person: PersonId,
        seed: &Seed,
    ) -> Result<PasswordSealed, SealError> {
        let hasher = &self.hasher;
        hasher.seal_for(Purpose::Root, password, person, seed).await
    }

    async fn open_root(
        &self,
        password: &Password,
        person: PersonId,
        root: &PasswordSealed,
    ) -> Result<Seed, SealError> {
        let hasher = &self.hasher;
        hasher.open_for(Purpose::Root, password, person, root).await
    }

    /// The root key of a hosted member, for the person who keeps it and types its password again: a
    /// stolen session does not reach it.
    ///
    /// # Errors
    /// When the person keeps none here or the password is wrong.
    pub async fn root_key(&self, person: PersonId, password: &Password) -> Result<Seed, WebError> {
        let account = self.of(person).await?.ok_or(WebError::SignedOut)?;
        let root = account
            .root
            .as_ref()
            .ok_or(WebError::NotFound { what: "key" })?;
        if !self
            .hasher
            .verify(password, Some(&account.password))
            .await?
        {
            let message = "Enter the password you signed in with.";
            return Err(WebError::Form(vec![FieldFault::new("password", message)]));
        }
        Ok(self.open_root(password, person, root).await?)
    }

    /// The keys of the hosted member that a person keeps here, as a text to take to another host;
    /// only the password opens it.
    ///
    /// # Errors
    /// When the person keeps none here.
    pub async fn export(&self, person: PersonId) -> Result<String, WebError> {
        let account = self.of(person).await?.ok_or(WebError::SignedOut)?;
        let (Some(sealed), Some(root)) = (account.sealed, account.root) else {
            return Err(WebError::NotFound { what: "key" });
        };
        let export = Export {
            person,
            sealed,
            root,
        };
        let json = serde_json::to_vec(&export).map_err(|cause| WebError::Corrupt {
            area: "web/account",
            cause,
        })?;
        Ok(format!("{EXPORT_PREFIX}{}", URL_SAFE_NO_PAD.encode(json)))
    }

    /// Opens keys that were exported at another host, with the password they had there.
    ///
    /// # Errors
    /// When the text is none, or the password does not open it.
    pub async fn open_export(
        &self,
        text: &str,
        password: &Password,
    ) -> Result<BroughtKeys, WebError> {
        let fault = |message: &str| WebError::Form(vec![FieldFault::new("export", message)]);
        let none = || fault("Paste all of the text, from \"folkmoot-keys:\" to its end.");
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let encoded = text.strip_prefix(EXPORT_PREFIX).ok_or_else(none)?;
        if encoded.len() > EXPORT_CHARACTERS_MAX {
            return Err(none());
        }
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| none())?;
        let export: Export = serde_json::from_slice(&bytes).map_err(|_| none())?;
        if !export.sealed.is_affordable() || !export.root.is_affordable() {
            return Err(fault("Opening these keys costs more than this node gives."));
        }
        let shut = |error| match error {
            SealError::Shut => WebError::Form(vec![FieldFault::new(
                "old_password",
                "Enter the password you had where the keys were exported.",
            )]),
            other => WebError::Seal(other),
        };
        let person = export.person;
        let seed = self.hasher.open(password, person, &export.sealed).await;
        let root = self.open_root(password, person, &export.root).await;
        Ok(BroughtKeys {
            person,
            seed: seed.map_err(shut)?,
            root: root.map_err(shut)?,
        })
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

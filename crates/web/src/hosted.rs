//! Members that this node hosts: invited by a steward, signed up with a password or with keys of
//! their own, and made members by themselves once a decision, or before the
//! register the founders, have admitted them
//! (`specs/hosts.md`).
//!
//! **Invariant:** the root key of a newcomer is sealed under its keeper's password, and until it has
//! joined also under this node's key; of what opens either, nothing is in the store.

mod applying;
mod removal;
mod steps;

pub use applying::{Terms, Words};
pub(crate) use applying::{apply_again, apply_signed, may_apply, standing, terms};
pub(crate) use removal::{remove, serves};
pub use steps::{asked_of, go_on_all};

use std::sync::Arc;

use domain::{
    cbor::Encode,
    charter::ClassKind,
    effect::Applicant,
    genesis::NAME_BYTES_MAX,
    id::{FederationId, Hash, MemberId, PersonId, Timestamp},
    key::{PublicKey, SecretKey, Signature},
    record::{self, Grant, Roles},
    text::is_line,
};
use federation::Core;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::{
    accounts::{Account, NewAccount},
    error::{FieldFault, WebError},
    invitation::VALID_SECONDS,
    local::Local,
    password::Password,
    seal::{Purpose, Sealed, Secret, Seed, random},
    site::Site,
    table::Table,
};

/// The most invitations and sign-ups that wait at once.
pub const WAITING_MAX: usize = 200;
/// The longest request in words, in bytes.
pub const REQUEST_BYTES_MAX: usize = 2_000;

/// A link that lets one co-op or person sign up at this node.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HostInvitation {
    /// Whom it was made for, in the steward's words.
    pub name: String,
    /// The class it is for; empty for any.
    pub class: String,
    /// When it was made, in milliseconds.
    pub created: u64,
    #[serde(with = "crate::bytes")]
    hash: [u8; 32],
}

impl HostInvitation {
    /// When it can no longer be used.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        Timestamp(self.created).plus_seconds(VALID_SECONDS)
    }
}

/// Who signed up and is not a member yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Newcomer {
    /// The root key it applies with.
    #[serde(with = "crate::bytes::text")]
    pub root: PublicKey,
    /// The name it applies under.
    pub name: String,
    /// The class it applies for.
    pub class: String,
    /// The person who signed up for it.
    #[serde(with = "crate::bytes::text")]
    pub person: PersonId,
    /// That person's key.
    #[serde(with = "crate::bytes::text")]
    pub key: PublicKey,
    /// When it signed up, in milliseconds.
    pub created: u64,
    /// The request in words.
    request: String,
    #[serde(with = "crate::bytes")]
    application: [u8; 64],
    #[serde(with = "crate::bytes")]
    grant: [u8; 64],
    /// What it said to all members, encoded; empty while only founders were asked.
    #[serde(default, with = "crate::bytes")]
    applicant: Vec<u8>,
    /// When it said so, in milliseconds.
    #[serde(default)]
    applied: u64,
    /// The name of that person.
    person_name: String,
    /// The root key and the person's under this node's key; none if they are with the person.
    sealed: Option<SealedKeys>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct SealedKeys {
    root: Sealed,
    person: Sealed,
}

impl Newcomer {
    /// The member it will be.
    #[must_use]
    pub fn member(&self) -> MemberId {
        MemberId(self.root.0)
    }

    /// Whether its keys are on the person's own device, which signs what it joins with.
    #[must_use]
    pub fn signs_itself(&self) -> bool {
        self.sealed.is_none()
    }

    /// One of its keys; none if its device signs.
    fn key(&self, site: &Site, purpose: Purpose) -> Result<Option<SecretKey>, WebError> {
        let Some(sealed) = &self.sealed else {
            return Ok(None);
        };
        let sealed = match purpose {
            Purpose::NewcomerPerson => &sealed.person,
            _ => &sealed.root,
        };
        let house = Secret::of_key(&site.node.key);
        let seed = house.open(purpose, self.person, sealed)?;
        Ok(Some(SecretKey::from_seed(&seed)))
    }

    fn record(&self) -> record::Newcomer {
        record::Newcomer {
            root: self.root,
            name: self.name.clone(),
            class: self.class.clone(),
        }
    }
}

/// The keys a newcomer brings along: their public halves and what shows that it holds them.
#[derive(Debug, Clone)]
pub struct OwnKeys {
    /// The root key.
    pub root: PublicKey,
    /// The root key's signature over [`record::Application::message`].
    pub application: Signature,
    /// The person.
    pub person: PersonId,
    /// The person's key.
    pub key: PublicKey,
    /// The person's key's signature over [`Grant::message`].
    pub grant: Signature,
    /// What the root key says to all members, where they admit by decision.
    pub applicant: Option<Box<Applicant>>,
}

/// What is chosen at sign-up.
#[derive(Debug)]
pub struct SignUp {
    /// The member's name: the co-op's, or the person's own.
    pub name: String,
    /// The class.
    pub class: String,
    /// What it says to those who admit.
    pub words: Words,
    /// The name the person signs in with.
    pub person_name: String,
    /// The mail address, or empty.
    pub mail: String,
    /// The password.
    pub password: Password,
    /// Where its keys come from.
    pub keys: Keys,
}

/// Where the keys of who signs up come from.
#[derive(Debug)]
pub enum Keys {
    /// This node makes them, and keeps them under the password.
    Made,
    /// They were brought along from another host, and are kept here now.
    Brought(BroughtKeys),
    /// They stay with the person.
    Own(OwnKeys),
}

/// The keys of a member that comes from another host.
#[derive(Debug, Clone)]
pub struct BroughtKeys {
    /// The person.
    pub person: PersonId,
    /// The root key.
    pub root: Seed,
    /// The person's key.
    pub seed: Seed,
}

/// The invitations and sign-ups of a host.
pub struct Hosted {
    invitations: Table<HostInvitation>,
    newcomers: Table<Newcomer>,
    /// Held while a link is used.
    gate: Mutex<()>,
    /// Held while what a newcomer joins with is written: two at once would write it twice.
    joining: Mutex<()>,
}

impl Hosted {
    /// Those kept in `local`.
    #[must_use]
    pub fn new(local: &Arc<dyn Local>) -> Self {
        Self {
            invitations: Table::new(Arc::clone(local), "web/host-invitation"),
            newcomers: Table::new(Arc::clone(local), "web/newcomer"),
            gate: Mutex::new(()),
            joining: Mutex::new(()),
        }
    }

    /// Keeps a new invitation for a class, or any, and gives the secret of its link.
    ///
    /// # Errors
    /// When too many wait or the store fails.
    pub async fn invite(
        &self,
        now: Timestamp,
        name: &str,
        class: &str,
    ) -> Result<(HostInvitation, Secret), WebError> {
        if self.waiting(now).await?.len() >= WAITING_MAX {
            let message =
                format!("{WAITING_MAX} invitations wait already. Wait until some expire.");
            return Err(WebError::Conflict {
                code: "invitations-full",
                message,
            });
        }
        let secret = Secret::random()?;
        let invitation = HostInvitation {
            name: name.trim().to_owned(),
            class: class.to_owned(),
            created: now.0,
            hash: secret.hash().0,
        };
        self.invitations.put(&invitation.hash, &invitation).await?;
        Ok((invitation, secret))
    }

    /// The invitation of a link, if it can be used.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn find(&self, now: Timestamp, secret: &Secret) -> Result<HostInvitation, WebError> {
        let found = self.invitations.get(&secret.hash().0).await?;
        found
            .filter(|found| now < found.expires())
            .ok_or(WebError::InvitationSpent)
    }

    /// The invitations that can still be used; expired ones are dropped.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn waiting(&self, now: Timestamp) -> Result<Vec<HostInvitation>, WebError> {
        let mut waiting = Vec::new();
        for (key, invitation) in self.invitations.list().await? {
            if now < invitation.expires() {
                waiting.push(invitation);
            } else {
                self.invitations.delete(&key).await?;
            }
        }
        Ok(waiting)
    }

    /// Who signed up and is on the way in.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn newcomers(&self) -> Result<Vec<Newcomer>, WebError> {
        let all = self.newcomers.list().await?;
        Ok(all.into_iter().map(|(_, newcomer)| newcomer).collect())
    }
}

/// Uses a link: makes the account and its keys, unless they stay with the person, and sends the
/// application off.
///
/// # Errors
/// When the link cannot be used or what was chosen does not fit; then the link stays.
pub async fn sign_up(
    site: &Site,
    secret: &Secret,
    chosen: SignUp,
) -> Result<(Account, Option<Seed>), WebError> {
    let _gate = site.hosted.gate.lock().await;
    let now = site.now();
    let invitation = site.hosted.find(now, secret).await?;
    let kind = check(site, &invitation, &chosen)?;
    let federation = site.node.read(Core::federation);
    let (keys, kept) = match &chosen.keys {
        Keys::Own(keys) => {
            check_keys(&federation, &chosen, keys)?;
            (keys.clone(), None)
        }
        Keys::Brought(kept) => (kept.show(&federation, &chosen), Some(kept.clone())),
        Keys::Made => {
            let kept = BroughtKeys {
                person: PersonId(*random()?),
                root: random()?,
                seed: random()?,
            };
            (kept.show(&federation, &chosen), Some(kept))
        }
    };
    let member = MemberId(keys.root.0);
    if site.node.read(Core::member) == Some(member) {
        let message = "This is the root key of the member whose node this is.";
        return Err(WebError::Form(vec![FieldFault::new("keys", message)]));
    }
    let applicant = site
        .node
        .read(|core| applying::of_sign_up(core, now, &chosen, &keys, kept.as_ref()))?;
    let house = Secret::of_key(&site.node.key);
    let seal = |kept: &BroughtKeys| {
        Ok::<_, WebError>(SealedKeys {
            root: house.seal(Purpose::Newcomer, kept.person, &kept.root)?,
            person: house.seal(Purpose::NewcomerPerson, kept.person, &kept.seed)?,
        })
    };
    let newcomer = Newcomer {
        root: keys.root,
        name: chosen.name.trim().to_owned(),
        class: chosen.class,
        person: keys.person,
        key: keys.key,
        created: now.0,
        request: chosen.words.request.trim().to_owned(),
        application: keys.application.0,
        grant: keys.grant.0,
        applied: applicant.as_ref().map_or(0, |_| now.0),
        applicant: applicant.map_or_else(Vec::new, |applicant| applicant.to_bytes()),
        person_name: chosen.person_name.trim().to_owned(),
        sealed: kept.as_ref().map(seal).transpose()?,
    };
    let seed = kept.as_ref().map(|kept| kept.seed.clone());
    let account = NewAccount {
        person: keys.person,
        key: keys.key,
        seed: seed.clone(),
        name: chosen.person_name,
        mail: chosen.mail,
        roles: words_of(kind),
        password: chosen.password,
        member: Some(member),
        root: kept.map(|kept| kept.root),
    };
    // Whoever has an account but is not among the newcomers would wait for ever; a newcomer without
    // an account is dropped.
    site.hosted.newcomers.put(&member.0, &newcomer).await?;
    let account = match site.accounts.add(now, account).await {
        Ok(account) => account,
        Err(error) => {
            site.hosted.newcomers.delete(&member.0).await?;
            return Err(error);
        }
    };
    site.hosted.invitations.delete(&invitation.hash).await?;
    if let Err(error) = steps::go_on(site, &newcomer).await {
        tracing::warn!(%error, "an application waits for this node");
    }
    Ok((account, seed))
}

impl BroughtKeys {
    fn show(&self, federation: &FederationId, chosen: &SignUp) -> OwnKeys {
        let root = SecretKey::from_seed(&self.root);
        let key = SecretKey::from_seed(&self.seed);
        let (person, member) = (self.person, MemberId(root.public().0));
        let name = chosen.name.trim();
        let message = application_message(federation, &root.public(), name, &chosen.class);
        let purpose = record::Purpose::Person;
        OwnKeys {
            root: root.public(),
            application: root.sign(&message),
            person,
            key: key.public(),
            grant: Grant::prove(&key, federation, &member, purpose, Some(person)),
            applicant: None,
        }
    }
}

fn application_message(
    federation: &FederationId,
    root: &PublicKey,
    name: &str,
    class: &str,
) -> Vec<u8> {
    record::Application::message(federation, root, name, class)
}

fn check_keys(federation: &FederationId, chosen: &SignUp, keys: &OwnKeys) -> Result<(), WebError> {
    let name = chosen.name.trim();
    let message = application_message(federation, &keys.root, name, &chosen.class);
    let is_own = keys.root.verify(&message, &keys.application).is_ok();
    let member = MemberId(keys.root.0);
    let (purpose, person) = (record::Purpose::Person, Some(keys.person));
    let message = Grant::message(federation, &member, purpose, person);
    if !is_own || keys.key.verify(&message, &keys.grant).is_err() || keys.key == keys.root {
        let message = "The keys do not sign what is asked for. Use folkmoot host accept.";
        return Err(WebError::Form(vec![FieldFault::new("keys", message)]));
    }
    Ok(())
}

fn words_of(kind: ClassKind) -> Vec<String> {
    let words = roles_of(kind).words().into_iter();
    words.map(str::to_owned).collect()
}

/// What the person who signs up may do for the member: all of it.
fn roles_of(kind: ClassKind) -> Roles {
    let roles = Roles::STEWARD.with(Roles::DELEGATE);
    match kind {
        ClassKind::Organisation => roles,
        ClassKind::Individual => roles.with(Roles::INDIVIDUAL),
    }
}

fn kind_of(core: &Core, class: &str) -> Option<ClassKind> {
    let mut classes = core.charter().terms().classes.iter();
    let found = classes.find(|known| known.id.as_str() == class);
    found.map(|class| class.kind)
}

fn check(site: &Site, invitation: &HostInvitation, chosen: &SignUp) -> Result<ClassKind, WebError> {
    let mut faults = Vec::new();
    let name = chosen.name.trim();
    if name.len() > NAME_BYTES_MAX || !is_line(name) {
        let message = format!("Enter a name of 1 to {NAME_BYTES_MAX} bytes on one line.");
        faults.push(FieldFault::new("member_name", message));
    }
    if chosen.words.request.len() > REQUEST_BYTES_MAX {
        let message = format!("Write at most {REQUEST_BYTES_MAX} bytes.");
        faults.push(FieldFault::new("request", message));
    }
    let kind = site.node.read(|core| kind_of(core, &chosen.class));
    let is_other = !invitation.class.is_empty() && invitation.class != chosen.class;
    match kind {
        Some(kind) if !is_other && faults.is_empty() => return Ok(kind),
        Some(_) if !is_other => {}
        _ => {
            let message = "Choose a class that the invitation is for.";
            faults.push(FieldFault::new("class", message));
        }
    }
    Err(WebError::Form(faults))
}

impl Hosted {
    /// The newcomer that a person signed up.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn of(&self, member: MemberId) -> Result<Option<Newcomer>, WebError> {
        self.newcomers.get(&member.0).await
    }

    /// What names an invitation; it does not open it.
    #[must_use]
    pub fn id(invitation: &HostInvitation) -> Hash {
        Hash(invitation.hash)
    }
}

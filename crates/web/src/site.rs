//! What every request needs: the node, its accounts, the limits, the time.

use std::{ops::Deref, sync::Arc};

use domain::id::Timestamp;
use tokio::sync::watch;

use crate::{
    accounts::Accounts,
    clock::Clock,
    documents::{Documents, Presence},
    error::WebError,
    gateway::{Forms, Signed, gathering::Gatherings},
    heights::Heights,
    hosted::Hosted,
    invitation::Invitations,
    links::Links,
    live::Streams,
    local::Local,
    meetings::{servers::Servers, tenants::Tenants},
    metrics::{Gateway, Readers},
    node::Node,
    once::Once,
    origin::{Network, PublicUrl},
    password::{Cost, Hasher},
    power::Powers,
    protect::Bodies,
    rate::Rates,
    reminders::Mail,
    rooms::Rooms,
    session::{Cookie, Sessions},
    token::Tokens,
    vault::{Vault, VaultKey},
};

/// How the site is reached, from the configuration.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The URL under which people reach it, if not only on this machine or by its address.
    pub public_url: Option<PublicUrl>,
    /// Proxies whose word on the client's address is taken.
    pub trusted_proxies: Vec<Network>,
    /// Who may read `/metrics`.
    pub metrics: Readers,
    /// What hashing a password costs.
    pub password_cost: Cost,
    /// Said on top of every page, such as that the data are examples.
    pub banner: Option<String>,
    /// How the sending of mail goes; none when this node sends no mail.
    pub mail: Option<watch::Receiver<Mail>>,
}

/// What a site is made of.
pub struct Parts {
    /// How it is reached.
    pub settings: Settings,
    /// The node it shows.
    pub node: Node,
    /// Where accounts and sessions are kept.
    pub local: Arc<dyn Local>,
    /// What opens the secrets of servers and tenants.
    pub vault_key: Arc<dyn VaultKey>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The dashboard of one node. Cheap to clone.
#[derive(Clone)]
pub struct Site(Arc<Inner>);

/// The shared part of a [`Site`].
pub struct Inner {
    pub(crate) settings: Settings,
    pub(crate) node: Node,
    pub(crate) cookie: Cookie,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rates: Rates,
    pub(crate) once: Once,
    pub(crate) powers: Powers,
    pub(crate) streams: Streams,
    pub(crate) documents: Documents,
    pub(crate) presence: Presence,
    pub(crate) heights: Heights,
    pub(crate) gateway: Gateway,
    pub(crate) gatherings: Gatherings,
    pub(crate) forms: Forms,
    pub(crate) signed: Signed,
    pub(crate) bodies: Bodies,
    stopping: watch::Sender<bool>,
    /// How people sign in.
    pub accounts: Accounts,
    /// Who was invited.
    pub invitations: Invitations,
    /// Whom this node hosts, on its way in.
    pub hosted: Hosted,
    /// Who is signed in.
    pub sessions: Sessions,
    /// What programs sign in with.
    pub tokens: Tokens,
    /// The secret addresses of feeds and mails.
    pub links: Links,
    /// The servers whose secrets this node has.
    pub servers: Servers,
    /// The tenants whose secrets this node has.
    pub tenants: Tenants,
    /// The rooms of the members that this node serves.
    pub rooms: Rooms,
    pub(crate) vault: Vault,
    pub(crate) local: Arc<dyn Local>,
}

impl Site {
    /// A site of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts {
            settings,
            node,
            local,
            vault_key,
            clock,
        } = parts;
        let vault = Vault::new(vault_key);
        let secure = settings
            .public_url
            .as_ref()
            .is_some_and(PublicUrl::is_secure);
        let hasher = Hasher::new(settings.password_cost);
        Self(Arc::new(Inner {
            accounts: Accounts::new(Arc::clone(&local), hasher),
            invitations: Invitations::new(Arc::clone(&local)),
            hosted: Hosted::new(&local),
            sessions: Sessions::new(Arc::clone(&local)),
            tokens: Tokens::new(Arc::clone(&local)),
            links: Links::new(Arc::clone(&local)),
            servers: Servers::new(Arc::clone(&local), vault.clone()),
            tenants: Tenants::new(Arc::clone(&local), vault.clone()),
            rooms: Rooms::new(Arc::clone(&local)),
            vault,
            local,
            cookie: Cookie::new(&node.read(federation::Core::node), secure),
            rates: Rates::default(),
            once: Once::default(),
            powers: Powers::default(),
            streams: Streams::default(),
            documents: Documents::default(),
            presence: Presence::default(),
            heights: Heights::default(),
            gateway: Gateway::default(),
            gatherings: Gatherings::default(),
            forms: Forms::default(),
            signed: Signed::default(),
            bodies: Bodies::default(),
            stopping: watch::Sender::new(false),
            settings,
            node,
            clock,
        }))
    }

    /// Reads the secrets of servers and tenants, once at the start.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn load(&self) -> Result<(), WebError> {
        self.servers.load().await?;
        self.tenants.load().await
    }

    /// The node behind the site.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Where people and front ends reach this site, without a slash at its end: the configured
    /// address, or else the one that was asked for.
    pub(crate) fn address(&self, host: &str) -> String {
        let public = self.settings.public_url.as_ref();
        let address = public.map_or_else(|| format!("http://{host}"), ToString::to_string);
        address.trim_end_matches('/').to_owned()
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.settings
            .public_url
            .as_ref()
            .is_some_and(PublicUrl::is_secure)
    }
}

impl Deref for Site {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

//! A living federation of five co-ops in one process: five whole nodes with their own keys, stores
//! and dashboards, which speak libp2p over loopback.

mod cast;
mod guests;
mod life;
mod meetings;
mod past;
mod proposals;
mod register;
mod rooms;
mod story;
mod together;

use std::{net::SocketAddr, path::Path, time::Duration};

use domain::{charter::Charter, key::SecretKey};
use store::{Options, Store};
use tokio::{net::TcpListener, task::JoinHandle};
use web::{accounts::NewAccount, password::Password};
use zeroize::Zeroizing;

pub use self::cast::{ACCOUNT, PASSWORD};
use self::{
    cast::{COOPS, Coop},
    guests::{GUESTS, Guest},
    life::Life,
    meetings::Meetings,
    past::Past,
    proposals::Historical,
    register::Changes,
    story::Story,
};
use crate::{
    api::Api,
    clock,
    config::Config,
    directory::DataDirectory,
    failure::{Failure, Outcome},
    founding, keyfile,
    run::{Node, Start},
};

/// The first dashboard's port, if it is free.
const FIRST_PORT: u16 = 7201;
/// Said on top of every page.
const BANNER: &str = "Demo: the co-ops, people and votes are invented. The proposals are \
                      historical ones of meet.coop.";

/// How fast the demo lives.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    regular_seconds: u64,
    urgent_seconds: u64,
    pause: (Duration, Duration),
}

impl Pace {
    /// For people who look around.
    pub const CALM: Self = Self {
        regular_seconds: 180,
        urgent_seconds: 120,
        pause: (Duration::from_secs(20), Duration::from_secs(40)),
    };
    /// For those in a hurry.
    pub const FAST: Self = Self {
        regular_seconds: 60,
        urgent_seconds: 40,
        pause: (Duration::from_secs(3), Duration::from_secs(6)),
    };
}

/// The running demo.
pub struct Demo {
    /// The nodes, in the order of the co-ops.
    pub nodes: Vec<Node>,
    /// Their meeting servers, and a front end.
    pub meetings: Meetings,
    directories: Vec<DataDirectory>,
    life: JoinHandle<()>,
}

impl Demo {
    /// Starts the demo in a directory: a new federation, or the one that is there.
    pub async fn start(base: &Path, pace: Pace) -> Outcome<Self> {
        let directories: Vec<DataDirectory> = COOPS
            .iter()
            .map(|(_, directory, ..)| DataDirectory::create(base.join(directory)))
            .collect::<Outcome<_>>()?;
        let historical = Historical::all()
            .map_err(|error| Failure::refused("the demo's proposals are damaged").because(error))?;
        let (coops, guests) = match directories[0].has_genesis() {
            true => (None, Vec::new()),
            false => {
                let (coops, guests) = found(&directories, &historical, pace).await?;
                (Some(coops), guests)
            }
        };
        let mut nodes: Vec<Node> = Vec::new();
        for (index, directory) in directories.iter().enumerate() {
            nodes.push(start_node(index, directory.clone()).await?);
        }
        acquaint(&nodes).await;
        for (node, coop) in nodes.iter().zip(coops.into_iter().flatten()) {
            open_accounts(node, coop).await?;
        }
        let guest_keys: Vec<(usize, SecretKey)> = guests
            .iter()
            .map(|guest| (guest.host(), guest.key()))
            .collect();
        for guest in guests {
            let host = guest.host();
            guest.open_account(&nodes[host]).await?;
        }
        let mut delegates = Vec::new();
        for node in nodes.iter().skip(1) {
            delegates.push((node.handle.clone(), delegate(node).await?));
        }
        let changes = Changes::new(&delegates, &guest_keys);
        let life = Life {
            changes,
            coops: delegates,
            proposals: historical,
            next: 5,
            pause: pace.pause,
        };
        let meetings = Meetings::start(&nodes).await?;
        meetings::note(rooms::open(&nodes[meetings::CONSUMER]).await);
        Ok(Self {
            nodes,
            meetings,
            directories,
            life: tokio::spawn(life.live()),
        })
    }

    /// One line per co-op: its name, its address, its one-time link.
    pub fn lines(&self) -> Vec<(&'static str, String, Option<String>)> {
        let all = COOPS.iter().zip(&self.nodes).zip(&self.directories);
        all.map(|(((name, ..), node), directory)| {
            let secret = std::fs::read_to_string(directory.link_path()).ok();
            let link = secret.map(|secret| format!("{}/welcome/{}", node.url, secret.trim()));
            (*name, node.url.clone(), link)
        })
        .collect()
    }

    /// The members without a node: name, account, and the address of their host.
    pub fn guests(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
        let all = GUESTS.iter();
        all.map(|(name, _, host, account)| (*name, *account, self.nodes[*host].url.as_str()))
    }

    /// Ends all nodes in order, at the same time.
    pub async fn stop(self) -> Outcome {
        self.life.abort();
        self.meetings.stop().await;
        let stopping: Vec<_> = self
            .nodes
            .into_iter()
            .map(|node| tokio::spawn(node.stop()))
            .collect();
        let mut outcome = Ok(());
        for stopped in stopping {
            let stopped = stopped.await.unwrap_or_else(|error| {
                Err(Failure::refused("a node did not stop in order").because(error))
            });
            outcome = outcome.and(stopped);
        }
        outcome
    }
}

/// Makes five co-ops and half an hour of their past, and puts it into their stores.
async fn found(
    directories: &[DataDirectory],
    historical: &[Historical],
    pace: Pace,
) -> Outcome<(Vec<Coop>, Vec<Guest>)> {
    let guests: Vec<Guest> = (0..GUESTS.len()).map(Guest::make).collect::<Outcome<_>>()?;
    let coops: Vec<Coop> = directories
        .iter()
        .enumerate()
        .map(|(index, directory)| Coop::make(index, directory.clone()))
        .collect::<Outcome<_>>()?;
    let charter = include_str!("../../demo/charter.toml")
        .replace("{regular}", &pace.regular_seconds.to_string())
        .replace("{urgent}", &pace.urgent_seconds.to_string());
    let charter = Charter::from_toml(&charter)
        .map_err(|error| Failure::refused("the demo's charter is damaged").because(error))?;
    let founders = coops.iter().map(Coop::founder).collect();
    let mut genesis = founding::genesis("Example Federation (demo)", founders, &charter)?;
    // The story ends now.
    let length = Story::length(pace.regular_seconds);
    let begun = domain::id::Timestamp(clock::now().0.saturating_sub(length * 1000));
    genesis.created = begun;
    let mut past = Past::begin(genesis.clone(), coops[0].node.public(), begun)?;
    story::found(&mut past, &coops)?;
    for guest in &guests {
        guest.join(&mut past, &coops)?;
    }
    Story::new(&mut past, &coops, &guests).tell(historical, pace.regular_seconds)?;
    register::begin(&mut past, &coops)?;
    let federation = genesis.federation();
    let writes = past.into_writes();
    for coop in &coops {
        founding::write_genesis(&coop.directory, &genesis)?;
        let path = coop.directory.path();
        let (store, _) = Store::open(path, federation, Options::default()).await?;
        store.write(writes.clone()).await?;
        store.close().await?;
        let (_, secret) = &coop.steward;
        keyfile::write_private(&coop.directory.link_path(), secret.text().as_bytes())?;
    }
    Ok((coops, guests))
}

async fn start_node(index: usize, directory: DataDirectory) -> Outcome<Node> {
    let mut config = Config::default();
    config.network.listen = vec!["/ip4/127.0.0.1/tcp/0".to_owned()];
    config.web.listen = port(FIRST_PORT + u16::try_from(index).unwrap_or(0)).await;
    Node::start(Start {
        directory,
        config,
        alone: true,
        banner: Some(BANNER.to_owned()),
    })
    .await
}

/// The wished port, or any other if it is taken.
async fn port(wished: u16) -> SocketAddr {
    let wished = SocketAddr::from(([127, 0, 0, 1], wished));
    match TcpListener::bind(wished).await {
        Ok(_) => wished,
        Err(_) => SocketAddr::from(([127, 0, 0, 1], 0)),
    }
}

/// Tells each node where the others are.
async fn acquaint(nodes: &[Node]) {
    for node in nodes {
        for other in nodes {
            let key = other.handle.read(|core| core.node());
            if let Some(address) = other.addresses.first()
                && key != node.handle.read(|core| core.node())
            {
                node.handle.found(key, address.clone());
            }
        }
    }
}

/// The account that anyone can use, and the one-time link.
async fn open_accounts(node: &Node, coop: Coop) -> Outcome {
    let failed = |error: web::WebError| Failure::refused(error.to_string());
    let (invitation, _) = &coop.steward;
    let kept = node.site.invitations.keep(clock::now(), invitation).await;
    kept.map_err(failed)?;
    let account = NewAccount {
        person: coop.delegate.person,
        key: coop.delegate.key().public(),
        seed: Some(coop.delegate.seed),
        name: ACCOUNT.to_owned(),
        mail: String::new(),
        roles: vec!["steward".to_owned(), "delegate".to_owned()],
        password: password()?,
        member: None,
        root: None,
    };
    let added = node.site.accounts.add(clock::now(), account).await;
    added.map_err(failed)?;
    Ok(())
}

fn password() -> Outcome<Password> {
    let password = Password::typed(PASSWORD.to_owned());
    password.ok_or_else(|| Failure::refused("the demo's password is too long"))
}

/// The delegate's key, by the account anyone can use.
async fn delegate(node: &Node) -> Outcome<SecretKey> {
    let signed_in = node.site.accounts.sign_in(ACCOUNT, &password()?).await;
    let (_, seed) = signed_in.map_err(|error| Failure::refused(error.to_string()))?;
    let seed = seed.ok_or_else(|| Failure::refused("the demo's account has no key"))?;
    Ok(SecretKey::from_seed(&seed))
}

/// The API of a node, as the account that anyone can use, by a token with this label; with the key that it
/// signs with where what is done needs one.
async fn account(node: &Node, label: &str, key: Option<&SecretKey>) -> Outcome<Api> {
    let failed = |error: web::WebError| Failure::refused(error.to_string());
    let all = node.site.accounts.all().await.map_err(failed)?;
    let account = all.into_iter().find(|one| one.name == ACCOUNT);
    let person = account
        .ok_or_else(|| Failure::refused("the demo's account is gone"))?
        .person;
    let tokens = &node.site.tokens;
    // Those of earlier runs are of no use to anybody.
    for token in tokens.of(person).await.map_err(failed)? {
        if token.label == label {
            let deleted = tokens.delete(person, token.id()).await;
            deleted.map_err(failed)?;
        }
    }
    let seed = key.map(|key| Zeroizing::new(key.seed()));
    let made = tokens.make(clock::now(), person, label, seed.as_ref());
    let (_, token) = made.await.map_err(failed)?;
    Ok(Api::at(&node.url)?.with_token(token))
}

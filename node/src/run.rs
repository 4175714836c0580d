//! A whole node: core, store, network, site, and what keeps them in touch.

use std::{net::SocketAddr, sync::Arc};

use domain::{genesis::Genesis, id::MemberId, key::SecretKey, text::shown_block};
use federation::Act;
use network::{Limits, Network, NetworkError};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use web::{
    Parts, Settings, Site, clock::SystemClock, invitation::Invitations, metrics::Readers,
    node::Node as WebNode, reminders::Mail, seal::Secret,
};

use crate::{
    clock,
    config::{Config, MetricsReaders},
    control::{self, Desk},
    directory::DataDirectory,
    driver::{Handle, Reserve, Running},
    endpoint,
    failure::{Failure, Outcome},
    founding, hosting, introduction,
    joining::{self, Application},
    keyfile::Role,
    local::{RootKeyFile, Shelf},
    mail::{self, SmtpPost},
    opening,
    servers::{self, Callers},
    strangers,
    vault::SecretsKeyFile,
};

/// How a node is started.
pub struct Start {
    /// Its data directory.
    pub directory: DataDirectory,
    /// Its configuration.
    pub config: Config,
    /// Whether a steward says that it may sign without having reached a peer.
    pub alone: bool,
    /// Said on top of every page.
    pub banner: Option<String>,
}

/// A running node.
pub struct Node {
    /// The way to its loop.
    pub handle: Handle,
    /// Its site, with accounts and invitations.
    pub site: Site,
    /// Where people reach it.
    pub url: String,
    /// Where nodes reach it.
    pub addresses: Vec<String>,
    running: Running,
    network: Network,
    web: JoinHandle<Result<(), web::WebError>>,
    stop: watch::Sender<bool>,
    helpers: Vec<JoinHandle<()>>,
    notice: control::Notice,
}

impl Node {
    /// Starts a node. It listens when this returns.
    pub async fn start(start: Start) -> Outcome<Self> {
        let Start {
            directory,
            config,
            alone,
            banner,
        } = start;
        // The ports first: what is in use is said before anything is opened.
        let listener = listen(config.web.listen).await?;
        let node_key = directory.key(Role::Node)?;
        let post = config.mail.is_on();
        let host = host(&public_url(&config, &listener)).to_owned();
        let post = post.then(|| SmtpPost::new(&config.mail, &host, directory.path()));
        let post = post.transpose()?;
        let restored = opening::restore(&directory).await?.keeping(Reserve {
            directory: directory.path().to_owned(),
            bytes: config.store.reserve_mib << 20,
        });
        let network = start_network(&config, &node_key, restored.core().genesis()).await;
        let (network, events) = match network {
            Ok(started) => started,
            Err(failure) => {
                restored.close().await?;
                return Err(failure);
            }
        };
        let addresses = network.listening().await;
        let mut running = restored.start(Some((network.clone(), events)), alone);
        let handle = running.handle.clone();
        let url = public_url(&config, &listener);
        let state = config.mail.is_on().then(watch::Sender::default);
        let mail = state.as_ref().map(watch::Sender::subscribe);
        let shown = Shown { banner, mail };
        let site = site(&directory, &config, (&handle, &node_key), shown)?;
        let fault = |error: web::WebError| Failure::refused(error.to_string()).because(error);
        site.load().await.map_err(fault)?;
        let announce = config.network.announce.clone();
        let desk = Desk::new(handle.clone(), directory.clone(), announce).beside(site.clone());
        let notice = control::serve(&directory, desk).await?;
        let stop = watch::Sender::new(false);
        let mut stopping = stop.subscribe();
        let web = tokio::spawn(web::serve(listener, site.clone(), async move {
            // The sender going away means the same.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        }));
        let (_, none) = tokio::sync::mpsc::channel(1);
        let queue = std::mem::replace(&mut running.strangers, none);
        let (_, none) = tokio::sync::mpsc::channel(1);
        let serves = std::mem::replace(&mut running.serves, none);
        let (_, none) = tokio::sync::mpsc::channel(1);
        let notices = std::mem::replace(&mut running.notices, none);
        let web_node = site.node().clone();
        let callers = Callers::new(site.clone(), &url)
            .map_err(|error| Failure::configuration(error.to_string()))?;
        let mut helpers = vec![
            tokio::spawn(servers::serve_all(callers.clone(), serves)),
            tokio::spawn(servers::poll_all(callers.clone())),
            tokio::spawn(servers::tell_front_ends(callers, notices)),
            tokio::spawn(servers::tell_round_trips(web_node, network.clone())),
            tokio::spawn(strangers::answer_all(
                queue,
                handle.clone(),
                node_key.clone(),
            )),
            tokio::spawn(introduction::keep_in_touch(
                handle.clone(),
                network.clone(),
                config.network.bootstrap.clone(),
            )),
            tokio::spawn(web::rooms::wanted::hold_all(site.clone())),
            tokio::spawn(hosting::go_on(site.clone(), handle.changes().subscribe())),
            tokio::spawn(endpoint::keep_true(
                handle.clone(),
                network.clone(),
                node_key,
                config.network.announce.clone(),
            )),
        ];
        if let Some((state, post)) = state.zip(post) {
            let sending = mail::start(site.clone(), &url, &config.mail, post, state, &handle);
            helpers.push(sending);
        }
        let mut node = Self {
            handle,
            site,
            url,
            addresses,
            running,
            network,
            web,
            stop,
            helpers,
            notice,
        };
        node.go_on_joining(&directory).await?;
        Ok(node)
    }

    /// Takes up an application where it stands.
    async fn go_on_joining(&mut self, directory: &DataDirectory) -> Outcome {
        if !directory.key_path(Role::Root).exists() && !directory.application_path().exists() {
            return Ok(());
        }
        let root = directory.key(Role::Root)?;
        let Some(application) = Application::read(directory)? else {
            return self.go_on_founding(directory, &root).await;
        };
        if joining::is_member(&self.handle, &root) {
            return joining::complete(directory, &self.handle, &root).await;
        }
        self.helpers.push(tokio::spawn(joining::wait_and_join(
            directory.clone(),
            self.handle.clone(),
            self.network.clone(),
            application,
            self.url.clone(),
        )));
        Ok(())
    }

    /// Writes a founder's first entries if `init` was stopped before it had.
    async fn go_on_founding(&self, directory: &DataDirectory, root: &SecretKey) -> Outcome {
        let (is_founder, is_member, has_node) = self.handle.read(|core| {
            (
                core.genesis().founder(&root.public()).is_some(),
                core.view().members.contains_key(&MemberId(root.public().0)),
                core.view().keys.contains_key(&core.node()),
            )
        });
        if !is_founder || has_node {
            return Ok(());
        }
        if !is_member {
            self.handle.act(root.clone(), Act::Found).await?;
        }
        founding::begin_member(directory, &self.handle, root).await
    }

    /// Waits until the node ends by itself, which is always a failure.
    pub async fn ended(&mut self) -> Failure {
        tokio::select! {
            ended = &mut self.running.task => match opening::finish(ended) {
                Ok(()) => Failure::refused("the node's loop ended"),
                Err(failure) => failure,
            },
            ended = &mut self.web => match ended {
                Ok(Ok(())) => Failure::refused("the site ended"),
                Ok(Err(error)) => Failure::refused("the site ended").because(error),
                Err(error) => Failure::refused("the site ended").because(error),
            },
        }
    }

    /// Ends the node in order: the site, the network, then the store, marked as clean.
    pub async fn stop(self) -> Outcome {
        self.stop.send_replace(true);
        for helper in &self.helpers {
            helper.abort();
        }
        // Pages under way get a moment; votes are durable before they are answered.
        let moment = std::time::Duration::from_millis(500);
        let mut web = self.web;
        if tokio::time::timeout(moment, &mut web).await.is_err() {
            web.abort();
        }
        self.network.shutdown().await;
        let closed = opening::close(self.running).await;
        drop(self.notice);
        closed
    }
}

async fn listen(address: SocketAddr) -> Outcome<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let failure = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                Failure::configuration(format!("cannot listen on {address}: the port is in use"))
                    .hint("stop the program that uses it, or set web.listen in folkmoot.toml")
            }
            std::io::ErrorKind::PermissionDenied => Failure::configuration(format!(
                "cannot listen on {address}: not permitted"
            ))
            .hint("set web.listen to a port of 1024 or more, with a reverse proxy before it"),
            _ => Failure::configuration(format!("cannot listen on {address}"))
                .hint("set web.listen in folkmoot.toml to an address of this machine"),
        };
        failure.because(error)
    })
}

/// Starts the network of a node.
pub async fn start_network(
    config: &Config,
    key: &SecretKey,
    genesis: &Genesis,
) -> Outcome<(Network, network::Events)> {
    let settings = network::Settings {
        listen: config.network.listen.clone(),
        secret: key.clone(),
        federation: Some(genesis.federation().to_string()),
        limits: Limits::default(),
    };
    Network::start(settings).await.map_err(network_failure)
}

/// What a failure of the network means for the person who started it.
pub fn network_failure(error: NetworkError) -> Failure {
    let message = error.to_string();
    match error {
        NetworkError::Unreachable { .. }
        | NetworkError::TimedOut { .. }
        | NetworkError::Busy { .. }
        | NetworkError::Broken { .. }
        | NetworkError::OtherIdentity { .. }
        | NetworkError::NotSpoken { .. } => Failure::unreachable(message),
        NetworkError::PortInUse { .. } => Failure::configuration(message)
            .hint("stop the program that uses it, or set network.listen in folkmoot.toml"),
        _ => Failure::configuration(message).hint("correct [network] in folkmoot.toml"),
    }
}

fn public_url(config: &Config, listener: &TcpListener) -> String {
    if let Some(url) = &config.web.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let address = listener.local_addr().unwrap_or(config.web.listen);
    if address.ip().is_unspecified() {
        return format!("http://127.0.0.1:{}", address.port());
    }
    format!("http://{address}")
}

/// The host of a URL, without its port.
fn host(url: &str) -> &str {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    match authority.rsplit_once(':') {
        Some((host, port)) if is_port(port) => host,
        _ => authority,
    }
}

/// What the site shows of this program.
struct Shown {
    /// Said on top of every page.
    banner: Option<String>,
    /// How the sending of mail goes.
    mail: Option<watch::Receiver<Mail>>,
}

/// The site of a node that does not run, for commands that read as its pages do.
pub fn site_of(directory: &DataDirectory, handle: &Handle) -> Outcome<Site> {
    let (config, key) = (directory.config()?, directory.key(Role::Node)?);
    let shown = Shown {
        banner: None,
        mail: None,
    };
    site(directory, &config, (handle, &key), shown)
}

fn site(
    directory: &DataDirectory,
    config: &Config,
    (handle, node_key): (&Handle, &SecretKey),
    shown: Shown,
) -> Outcome<Site> {
    let fault = |error: web::WebError| Failure::configuration(error.to_string());
    let settings = Settings {
        public_url: match &config.web.public_url {
            Some(url) => Some(url.parse().map_err(fault)?),
            None => None,
        },
        trusted_proxies: config
            .web
            .trusted_proxies
            .iter()
            .map(|proxy| proxy.parse().map_err(fault))
            .collect::<Outcome<_>>()?,
        metrics: match config.web.metrics {
            MetricsReaders::Trusted => Readers::Trusted,
            MetricsReaders::Public => Readers::Public,
        },
        banner: shown.banner,
        mail: shown.mail,
        ..Settings::default()
    };
    let shelf = Arc::new(Shelf::of_node(handle));
    Ok(Site::new(Parts {
        settings,
        node: WebNode {
            core: handle.core(),
            requests: handle.requests(),
            changes: handle.changes(),
            library: shelf.clone(),
            root_key: Arc::new(RootKeyFile(directory.clone())),
            key: node_key.clone(),
            started: clock::now(),
        },
        local: shelf,
        vault_key: Arc::new(SecretsKeyFile::of(directory)),
        clock: Arc::new(SystemClock),
    }))
}

/// Says something to whoever started the node, who may have gone: a node outlives its terminal.
pub fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{}", shown_block(text));
}

/// Prints the first steward's one-time link, as long as nobody has used it.
pub async fn print_link(directory: &DataDirectory, handle: &Handle, url: &str) {
    let path = directory.link_path();
    let Ok(text) = std::fs::read_to_string(&path) else {
        return;
    };
    let invitations = Invitations::new(Arc::new(Shelf::of(handle.store())));
    let is_open = match Secret::parse(text.trim()) {
        Some(secret) => invitations.find(clock::now(), &secret).await.is_ok(),
        None => false,
    };
    if is_open {
        say(&format!(
            "First sign-in, once, for your first steward: {url}/welcome/{}",
            text.trim()
        ));
    } else {
        // It was used or has expired; a file left behind would only be tried again.
        let _ = std::fs::remove_file(&path);
    }
}

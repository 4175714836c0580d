//! The handle: what the rest of the node may ask of the network.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock, atomic::Ordering},
    time::SystemTime,
};

use domain::key::PublicKey;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::{
    address,
    driver::{Command, Driver, Links, Request},
    error::NetworkError,
    event::Events,
    fault::{Counters, Statistics},
    limits::Limits,
    settings::Settings,
};

/// Commands that may wait for the driver.
const COMMANDS_MAX: usize = 64;
/// The longest name of a federation.
const FEDERATION_CHARACTERS_MAX: usize = 128;

/// A connected roster member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerStatus {
    /// Its key.
    pub key: PublicKey,
    /// When the connection in use was established.
    pub connected_since: SystemTime,
    /// The other end of the connection in use.
    pub address: String,
    /// The last ping's round trip; none before the first.
    pub round_trip_ms: Option<u32>,
    /// Bytes of frames received since it joined the roster.
    pub bytes_in: u64,
    /// Bytes of frames sent since it joined the roster.
    pub bytes_out: u64,
    /// What it says it is; empty before it did.
    pub agent_version: String,
}

/// The network of one node. Clones share it; when the last one is dropped, it is shut down.
#[derive(Debug, Clone)]
pub struct Network {
    commands: mpsc::Sender<Command>,
    links: Links,
    counters: Arc<Counters>,
    limits: Arc<Limits>,
}

impl Network {
    /// Listens on every address of the settings and starts. Nobody is let in to the member
    /// protocol before [`Network::set_roster`].
    ///
    /// # Errors
    /// When a setting is unsound or an address cannot be listened on; the error says which and
    /// what to do.
    pub async fn start(settings: Settings) -> Result<(Self, Events), NetworkError> {
        settings.limits.check()?;
        let fits = |federation: &String| federation.chars().count() <= FEDERATION_CHARACTERS_MAX;
        if !settings.federation.as_ref().is_none_or(fits) {
            return Err(NetworkError::Setting {
                name: "federation",
                expected: "at most 128 characters long",
            });
        }
        let (events, receiver) = mpsc::channel(settings.limits.events_max);
        let (commands, to_do) = mpsc::channel(COMMANDS_MAX);
        let links: Links = Arc::new(RwLock::default());
        let counters = Arc::new(Counters::default());
        let limits = Arc::new(settings.limits.clone());
        let mut driver = Driver::new(
            &settings,
            events,
            to_do,
            Arc::clone(&links),
            Arc::clone(&counters),
        )?;
        driver.listen(&settings.listen).await?;
        tokio::spawn(driver.run());
        let network = Self {
            commands,
            links,
            counters,
            limits,
        };
        Ok((network, Events(receiver)))
    }

    /// The addresses in force, each with the node's peer id. Empty after a shutdown.
    pub async fn listening(&self) -> Vec<String> {
        self.ask(Command::Listening).await.unwrap_or_default()
    }

    /// Replaces the roster: the nodes that may use the member protocol and the addresses to dial
    /// them at. Anybody else reaches the application protocol only. A node taken off is
    /// disconnected; one added becomes a member on the connection it has.
    pub async fn set_roster(&self, roster: BTreeMap<PublicKey, Vec<String>>) {
        // After a shutdown there is no roster to set.
        let _ = self.ask(|done| Command::SetRoster(roster, done)).await;
    }

    /// Queues a frame to a connected member and returns at once. Frames arrive in order, or are
    /// lost when the connection is: the core sends them again.
    ///
    /// # Errors
    /// When the member is not connected, the frame is empty or too large, or the queue is full;
    /// then the frame is dropped.
    pub fn send(&self, to: PublicKey, frame: impl Into<Arc<[u8]>>) -> Result<(), NetworkError> {
        let frame = frame.into();
        let bytes_max = self.limits.frame_bytes_max;
        check_size(frame.len(), bytes_max)?;
        let links = self.links.read().unwrap_or_else(PoisonError::into_inner);
        let Some(link) = links.get(&to).filter(|link| link.has_session()) else {
            return Err(NetworkError::NotConnected {
                peer: to.to_string(),
            });
        };
        if link.outbox.push(frame) {
            return Ok(());
        }
        self.counters.frames_dropped.fetch_add(1, Ordering::Relaxed);
        Err(NetworkError::QueueFull {
            peer: to.to_string(),
        })
    }

    /// Asks the node at an address something on the application protocol. When the address names
    /// a peer id, nobody else is asked.
    ///
    /// # Errors
    /// When the address is unsound or leads nowhere, to another node than it names or to this
    /// one, or when no answer comes within the deadline.
    pub async fn request(&self, address: &str, request: Vec<u8>) -> Result<Vec<u8>, NetworkError> {
        let parsed = address::parse(address)?;
        check_size(request.len(), self.limits.applicants.request_bytes_max)?;
        let (reply, answer) = oneshot::channel();
        let command = Command::Request(Request {
            text: address.to_owned(),
            address: parsed,
            request,
            reply,
        });
        let after = self.limits.request_timeout;
        let answered = async {
            self.commands
                .send(command)
                .await
                .map_err(|_| NetworkError::ShutDown)?;
            answer.await.map_err(|_| NetworkError::ShutDown)?
        };
        timeout(after, answered).await.unwrap_or_else(|_| {
            Err(NetworkError::TimedOut {
                address: address.to_owned(),
                after,
            })
        })
    }

    /// Cuts a peer off for a while because what it sent broke a rule above the transport.
    pub async fn penalise(&self, peer: PublicKey) {
        // After a shutdown nobody is connected.
        let _ = self.commands.send(Command::Penalise(peer)).await;
    }

    /// The connected roster members, by key. Empty after a shutdown.
    pub async fn peers(&self) -> Vec<PeerStatus> {
        self.ask(Command::Peers).await.unwrap_or_default()
    }

    /// What was counted since the start.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.counters.read()
    }

    /// Closes every connection and stops listening; returns when the ports are free.
    pub async fn shutdown(self) {
        // When it was shut down already, nothing is left to do.
        let _ = self.ask(Command::Shutdown).await;
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        self.commands.send(command(sender)).await.ok()?;
        receiver.await.ok()
    }
}

fn check_size(bytes: usize, bytes_max: usize) -> Result<(), NetworkError> {
    if (1..=bytes_max).contains(&bytes) {
        Ok(())
    } else {
        Err(NetworkError::Size { bytes, bytes_max })
    }
}

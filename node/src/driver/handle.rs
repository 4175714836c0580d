//! The way to the loop and to all that may be read beside it.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use domain::{
    entry::Entry,
    id::EntryId,
    key::{PublicKey, SecretKey},
};
use federation::{Act, Change, Core, Prepared, Refused};
use network::Network;
use store::Store;
use tokio::{
    sync::{broadcast, mpsc, oneshot, watch},
    time::timeout,
};
use web::node::Request;

use super::{Health, roster::RosterSender};
use crate::failure::{Failure, Outcome};

/// How long an answer is awaited: a slow disk may take seconds.
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);

/// What a handle is made of.
pub(super) struct Parts {
    pub core: Arc<RwLock<Core>>,
    pub requests: mpsc::Sender<Request>,
    pub introductions: mpsc::Sender<Vec<Entry>>,
    pub changes: broadcast::Sender<Change>,
    pub store: Store,
    pub network: Option<Network>,
    pub roster: Option<RosterSender>,
    pub health: watch::Receiver<Health>,
    pub stop: watch::Sender<bool>,
}

/// The way to a running node. Clones share it.
#[derive(Clone)]
pub struct Handle(Arc<Parts>);

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle(…)")
    }
}

impl Handle {
    pub(super) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Reads the core. Short work only: the loop waits for it.
    pub fn read<T>(&self, work: impl FnOnce(&Core) -> T) -> T {
        work(&self.0.core.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The core, for the site.
    pub fn core(&self) -> Arc<RwLock<Core>> {
        Arc::clone(&self.0.core)
    }

    /// The queue of requests, for the site.
    pub fn requests(&self) -> mpsc::Sender<Request> {
        self.0.requests.clone()
    }

    /// What changed, for the site.
    pub fn changes(&self) -> broadcast::Sender<Change> {
        self.0.changes.clone()
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The network, if there is one.
    pub fn network(&self) -> Option<&Network> {
        self.0.network.as_ref()
    }

    /// How the node is.
    pub fn health(&self) -> Health {
        self.0.health.borrow().clone()
    }

    /// Tells the loop to end once all is durable.
    pub fn stop(&self) {
        self.0.stop.send_replace(true);
    }

    /// Acts with a key and waits until the entry is durable.
    pub async fn act(&self, key: SecretKey, act: Act) -> Outcome<EntryId> {
        let (reply, answer) = oneshot::channel();
        self.ask(Request::Act { key, act, reply }, answer).await
    }

    /// What a key that is elsewhere would sign to act.
    pub async fn prepare(&self, key: PublicKey, act: Act) -> Outcome<Box<Prepared>> {
        let (reply, answer) = oneshot::channel();
        self.ask(Request::Prepare { key, act, reply }, answer).await
    }

    /// Stores an entry that was signed elsewhere.
    pub async fn submit(&self, entry: Entry) -> Outcome<EntryId> {
        let (reply, answer) = oneshot::channel();
        let chunks = Vec::new();
        let request = Request::Submit {
            entry,
            chunks,
            reply,
        };
        self.ask(request, answer).await
    }

    /// Takes entries by which a node shows that it is a member's.
    pub async fn introduce(&self, entries: Vec<Entry>) {
        // When the loop has ended there is nobody to introduce anybody to.
        let _ = self.0.introductions.send(entries).await;
    }

    /// A node was found at an address: it is dialled there too from now on.
    pub fn found(&self, key: PublicKey, address: String) {
        if let Some(roster) = &self.0.roster {
            roster.found(key, address);
        }
    }

    /// The entries of these ids that are stored.
    pub async fn entries(&self, ids: &[EntryId]) -> Outcome<Vec<Entry>> {
        let found = self.store().entries(ids).await?;
        let read = |bytes: Vec<u8>| domain::cbor::Decode::from_bytes(&bytes).ok();
        Ok(found.into_iter().flatten().filter_map(read).collect())
    }

    async fn ask<T>(
        &self,
        request: Request,
        answer: oneshot::Receiver<Result<T, Refused>>,
    ) -> Outcome<T> {
        let stopping = |_| Failure::unreachable("the node is stopping");
        let asked = async {
            self.0
                .requests
                .send(request)
                .await
                .map_err(|_| Failure::unreachable("the node is stopping"))?;
            answer.await.map_err(stopping)
        };
        let answer = timeout(ANSWER_DEADLINE, asked).await.map_err(|_| {
            Failure::refused("the node gave no answer in time: its disk is too slow")
        })??;
        answer.map_err(refused)
    }
}

/// A refusal of the core, for the person who asked.
pub fn refused(refused: Refused) -> Failure {
    let mut failure = Failure::refused(refused.to_string());
    if let Some(source) = std::error::Error::source(&refused) {
        failure = failure.because(source.to_string());
    }
    failure
}

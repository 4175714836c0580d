//! The node behind the site: reads of its core, requests to it, texts from its store.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use domain::{
    entry::Entry,
    id::{EntryId, Hash, ServerId, TenantId, Timestamp},
    key::{PublicKey, SecretKey},
    record::Room,
};
use federation::{
    Act, Change, Core, Prepared, Refused,
    meetings::{Asked, Notice, Part, Seen, Served, call::CallFault, holds::Wanted},
    presence::Writing,
};
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::{error::WebError, live::Named};

/// How long an answer of the node is awaited: writing to a slow disk may take seconds.
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);

/// How long a front end's call may take: a little more than the core gives it.
const CALL_DEADLINE: Duration = Duration::from_secs(7);

/// What the site asks of the node's loop, which owns the core's inputs.
#[derive(Debug)]
pub enum Request {
    /// A person acts with a key that is here.
    Act {
        /// The key that signs.
        key: SecretKey,
        /// What it does.
        act: Act,
        /// The entry, once it is durable.
        reply: oneshot::Sender<Result<EntryId, Refused>>,
    },
    /// A key that is elsewhere wants to act.
    Prepare {
        /// The key that will sign.
        key: PublicKey,
        /// What it does.
        act: Act,
        /// What is to be signed.
        reply: oneshot::Sender<Result<Box<Prepared>, Refused>>,
    },
    /// An entry that was signed elsewhere.
    Submit {
        /// The entry.
        entry: Entry,
        /// The chunks of its text.
        chunks: Vec<Vec<u8>>,
        /// The entry's id, once it is durable.
        reply: oneshot::Sender<Result<EntryId, Refused>>,
    },
    /// Who has documents open for writing here; said again as long as it is so.
    Present(Vec<Writing>),
    /// A tenant's front end calls.
    Call {
        /// What it calls.
        asked: Asked,
        /// What each server said.
        reply: oneshot::Sender<Vec<Part>>,
    },
    /// Something about this node's servers and peers, for the core as it is.
    Meetings(MeetingsInput),
}

/// What the node's other loops tell the core of servers and peers.
#[derive(Debug)]
pub enum MeetingsInput {
    /// The secrets of these servers are here.
    Serving(BTreeSet<ServerId>),
    /// A server was polled.
    Polled {
        /// Which.
        server: ServerId,
        /// Its meetings; none when it gave no usable answer in time.
        seen: Option<Vec<Seen>>,
    },
    /// What came of a call to a server.
    Served {
        /// Which.
        job: u64,
        /// What came of it.
        served: Served,
    },
    /// How long a word to a node and back takes, in milliseconds.
    RoundTrip(PublicKey, u32),
    /// A server said something that is for a tenant's front end.
    Notice(Notice),
    /// Servers are to be held for these conferences, and for no others.
    Hold(Vec<Wanted>),
    /// A steward gives up a meeting whose owner keeps silent.
    Release {
        /// Whose.
        tenant: TenantId,
        /// The room.
        room: Room,
    },
}

/// What a [`Library`] returns.
pub type LibraryFuture<'a, T> =
    Pin<Box<dyn Future<Output = Result<T, Box<dyn std::error::Error + Send + Sync>>> + Send + 'a>>;

/// What is the matter with the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskTrouble {
    /// There is no room: nothing new is taken.
    Full,
    /// Writing takes longer than its deadline.
    Slow,
    /// Less room is left than what is kept for the node's own people.
    LittleRoom {
        /// What is left, in bytes.
        free_bytes: u64,
    },
}

impl DiskTrouble {
    /// A sentence for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Full => {
                "the disk is full: this node shows what it has and takes nothing new until there \
                 is room"
            }
            Self::Slow => "the disk is slow: votes wait until they are durable",
            Self::LittleRoom { .. } => {
                "little room is left on the disk: this node stores what its own people do and \
                 takes nothing from other nodes until there is more"
            }
        }
    }

    /// Whether people can act all the same.
    #[must_use]
    pub fn may_act(self) -> bool {
        matches!(self, Self::LittleRoom { .. })
    }
}

/// What the core does not keep in memory: entries and chunks, and how disk and network are.
pub trait Library: Send + Sync + 'static {
    /// The entries of these ids, in this order; none where one is not here.
    fn entries<'a>(&'a self, ids: &'a [EntryId]) -> LibraryFuture<'a, Vec<Option<Entry>>>;

    /// The chunks of these hashes, in this order; none where one is not here.
    fn chunks<'a>(&'a self, hashes: &'a [Hash]) -> LibraryFuture<'a, Vec<Option<Vec<u8>>>>;

    /// What a height of the register decides and its certificate, encoded; none where it is not here.
    fn height(&self, _height: u64) -> LibraryFuture<'_, Option<(Vec<u8>, Vec<u8>)>> {
        Box::pin(async { Ok(None) })
    }

    /// How many bytes the store takes on the disk.
    fn size_bytes(&self) -> LibraryFuture<'_, u64>;

    /// The last round trip to each connected node, in milliseconds.
    fn round_trips_ms(&self) -> LibraryFuture<'_, BTreeMap<PublicKey, u64>> {
        Box::pin(async { Ok(BTreeMap::new()) })
    }

    /// What is the matter with the disk, if something is.
    fn trouble(&self) -> Option<DiskTrouble> {
        None
    }
}

/// The member's root key, if its file is on this node.
pub trait RootKey: Send + Sync + 'static {
    /// Reads the key; none if it was removed from this node.
    ///
    /// # Errors
    /// When the file is there and cannot be used.
    fn read(&self) -> Result<Option<SecretKey>, Box<dyn std::error::Error + Send + Sync>>;
}

/// A member whose root key is never on its node.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRootKey;

impl RootKey for NoRootKey {
    fn read(&self) -> Result<Option<SecretKey>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(None)
    }
}

impl Named for Change {
    fn name(&self) -> String {
        match self {
            Self::Proposal(id) => format!("proposal/{id}"),
            Self::Document(id) => format!("document/{id}"),
            Self::Members => "members".to_owned(),
            Self::Circles => "circles".to_owned(),
            Self::Applications => "applications".to_owned(),
            Self::Peers => "peers".to_owned(),
            Self::Register => "register".to_owned(),
            Self::Meetings => "meetings".to_owned(),
        }
    }
}

/// The node as the site sees it. Cheap to clone.
#[derive(Clone)]
pub struct Node {
    /// The core, for reading; only the node's loop writes to it.
    pub core: Arc<RwLock<Core>>,
    /// The node's loop.
    pub requests: mpsc::Sender<Request>,
    /// What changed.
    pub changes: broadcast::Sender<Change>,
    /// The store.
    pub library: Arc<dyn Library>,
    /// The member's root key.
    pub root_key: Arc<dyn RootKey>,
    /// The node's own key: it signs what the node says of those it hosts.
    pub key: SecretKey,
    /// When the node was started.
    pub started: Timestamp,
}

impl Node {
    /// Reads the core. Short work only: the node's loop waits for it.
    pub fn read<T>(&self, work: impl FnOnce(&Core) -> T) -> T {
        work(&self.core.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The root key, for acts that only it may sign.
    ///
    /// # Errors
    /// When it is not on this node or cannot be read.
    pub fn root_key(&self) -> Result<SecretKey, WebError> {
        let key = self.root_key.read().map_err(WebError::Library)?;
        key.ok_or_else(|| WebError::Conflict {
            code: "root-key-elsewhere",
            message: "The root key of your co-op is not on this node. Do this where it is kept, \
                      with the folkmoot command and --root-key."
                .to_owned(),
        })
    }

    /// Whether the root key's file is on this node.
    #[must_use]
    pub fn has_root_key(&self) -> bool {
        self.root_key.read().is_ok_and(|key| key.is_some())
    }

    /// Acts with a key and waits until the entry is durable.
    ///
    /// # Errors
    /// When the core refuses or the node does not answer.
    pub async fn act(&self, key: SecretKey, act: Act) -> Result<EntryId, WebError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Request::Act { key, act, reply }, answer).await
    }

    /// What a key that is elsewhere would sign to act.
    ///
    /// # Errors
    /// When the core refuses or the node does not answer.
    pub async fn prepare(&self, key: PublicKey, act: Act) -> Result<Box<Prepared>, WebError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Request::Prepare { key, act, reply }, answer).await
    }

    /// Stores an entry that was signed elsewhere.
    ///
    /// # Errors
    /// When the core refuses or the node does not answer.
    pub async fn submit(&self, entry: Entry, chunks: Vec<Vec<u8>>) -> Result<EntryId, WebError> {
        let (reply, answer) = oneshot::channel();
        self.ask(
            Request::Submit {
                entry,
                chunks,
                reply,
            },
            answer,
        )
        .await
    }

    /// Has a front end's call answered: what each server said. It takes no longer than the core gives it,
    /// whatever its clock does.
    pub async fn call(&self, asked: Asked) -> Vec<Part> {
        let (reply, answer) = oneshot::channel();
        let fault = |fault| vec![Part::fault(fault)];
        if self
            .requests
            .try_send(Request::Call { asked, reply })
            .is_err()
        {
            return fault(CallFault::Busy);
        }
        match tokio::time::timeout(CALL_DEADLINE, answer).await {
            Ok(Ok(parts)) => parts,
            Ok(Err(_)) => fault(CallFault::Busy),
            Err(_) => fault(CallFault::TimeOver),
        }
    }

    /// Tells the core something of this node's servers and peers; when the node is busy it waits.
    pub async fn tell(&self, input: MeetingsInput) {
        // A node that is stopping hears nothing any more.
        let _ = self.requests.send(Request::Meetings(input)).await;
    }

    /// Has servers held for these conferences, and for no others: to be said whenever they change, and
    /// when the node starts. How each stands is in [`Core::holds`].
    pub async fn hold(&self, wanted: Vec<Wanted>) {
        self.tell(MeetingsInput::Hold(wanted)).await;
    }

    /// Tells the other nodes who has documents open for writing here. Nobody waits for it, and
    /// when the node is busy it is left out.
    pub fn present(&self, writing: Vec<Writing>) {
        let _ = self.requests.try_send(Request::Present(writing));
    }

    async fn ask<T>(
        &self,
        request: Request,
        answer: oneshot::Receiver<Result<T, Refused>>,
    ) -> Result<T, WebError> {
        // Waiting for room would hold the request's memory; a full queue is said at once.
        self.requests
            .try_send(request)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => WebError::NotReady { why: "it is busy" },
                mpsc::error::TrySendError::Closed(_) => WebError::NotReady {
                    why: "it is stopping",
                },
            })?;
        let answer = tokio::time::timeout(ANSWER_DEADLINE, answer).await;
        let answer = answer.map_err(|_| WebError::NotReady {
            why: "its disk is slow",
        })?;
        let answer = answer.map_err(|_| WebError::NotReady {
            why: "it is stopping",
        })?;
        Ok(answer?)
    }
}

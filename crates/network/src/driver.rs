//! The driver: one task that owns the swarm, the roster and every connection's state.
//!
//! It never waits for whoever takes events, so that commands are always answered. Its waits are
//! computed: a network in which nothing happens wakes up for pings only.

mod connections;
mod roster;
mod streams;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock, atomic::AtomicUsize, atomic::Ordering},
    time::{Duration, SystemTime},
};

use domain::key::PublicKey;
use futures::StreamExt;
use libp2p::{Multiaddr, PeerId, Swarm, multiaddr::Protocol, swarm::ConnectionId};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep_until},
};

use crate::{
    address::{self, Address},
    application::Quota,
    behaviour::{self, Behaviour},
    error::NetworkError,
    event::{Event, Parcel},
    fault::{Counters, Fault},
    limits::Bucket,
    member::{Link, Notice, SHARE_BYTES, Shared},
    network::PeerStatus,
    schedule::Schedule,
    settings::Settings,
};

/// The longest the driver sleeps when nothing is due.
const IDLE_WAIT: Duration = Duration::from_secs(3_600);
/// Notices of tasks that may wait for the driver.
const NOTICES_MAX: usize = 256;

/// The links of the roster's members, shared with [`crate::Network::send`].
pub(crate) type Links = Arc<RwLock<BTreeMap<PublicKey, Arc<Link>>>>;

/// What the handle asks of the driver.
pub(crate) enum Command {
    SetRoster(BTreeMap<PublicKey, Vec<String>>, oneshot::Sender<()>),
    Request(Request),
    Penalise(PublicKey),
    Peers(oneshot::Sender<Vec<PeerStatus>>),
    Listening(oneshot::Sender<Vec<String>>),
    Shutdown(oneshot::Sender<()>),
}

/// A request to an address, until it has a stream.
pub(crate) struct Request {
    pub(crate) text: String,
    pub(crate) address: Address,
    pub(crate) request: Vec<u8>,
    pub(crate) reply: oneshot::Sender<Result<Vec<u8>, NetworkError>>,
}

/// A roster member.
struct Peer {
    id: PeerId,
    link: Arc<Link>,
    receiving: JoinHandle<()>,
    addresses: Vec<Multiaddr>,
    dial: Schedule,
    dialing: bool,
    outbound: Outbound,
    open: Schedule,
    streams: Bucket,
    session_began: Option<Instant>,
}

/// The stream on which we send to a member.
enum Outbound {
    Closed,
    Opening {
        connection: ConnectionId,
        ticket: u64,
    },
    Open {
        connection: ConnectionId,
        sending: JoinHandle<()>,
    },
}

impl Outbound {
    fn is_on(&self, on: ConnectionId) -> bool {
        match self {
            Self::Closed => false,
            Self::Opening { connection, .. } | Self::Open { connection, .. } => *connection == on,
        }
    }

    /// Stops sending; what waits in the outbox stays.
    fn close(&mut self) {
        if let Self::Open { sending, .. } = std::mem::replace(self, Self::Closed) {
            sending.abort();
        }
    }
}

/// An established connection.
struct Connection {
    peer: PublicKey,
    id: PeerId,
    address: String,
    inbound: bool,
    began: Instant,
    began_at: SystemTime,
    heard: Instant,
    round_trip: Option<Duration>,
    agent_version: String,
}

/// Why a stream was asked for.
enum Ticket {
    Member(PublicKey),
    Request(ConnectionId, Request),
}

/// Why somebody is dialled.
enum Purpose {
    Member(PublicKey),
    Request(Request),
}

/// The driver's state.
pub(crate) struct Driver {
    swarm: Swarm<Behaviour>,
    local: PublicKey,
    federation: Option<String>,
    shared: Shared,
    counters: Arc<Counters>,
    links: Links,
    queued_bytes: Arc<AtomicUsize>,
    commands: mpsc::Receiver<Command>,
    notices: mpsc::Receiver<Notice>,
    peers: BTreeMap<PublicKey, Peer>,
    /// Receiving tasks of former members that still report their end.
    leaving: BTreeMap<PublicKey, JoinHandle<()>>,
    connections: HashMap<ConnectionId, Connection>,
    by_peer: BTreeMap<PublicKey, Vec<ConnectionId>>,
    dials: HashMap<ConnectionId, Purpose>,
    tickets: BTreeMap<u64, Ticket>,
    /// The last ticket or session number given out.
    last_number: u64,
    quota: Quota,
    requests: JoinSet<()>,
    listening: Vec<Multiaddr>,
}

impl Driver {
    pub(crate) fn new(
        settings: &Settings,
        events: mpsc::Sender<Parcel>,
        commands: mpsc::Receiver<Command>,
        links: Links,
        counters: Arc<Counters>,
    ) -> Result<Self, NetworkError> {
        let swarm = behaviour::swarm(settings, Arc::clone(&counters))?;
        let (notify, notices) = mpsc::channel(NOTICES_MAX);
        let memory = Semaphore::new(settings.limits.received_bytes_max.div_ceil(SHARE_BYTES));
        let shared = Shared {
            limits: Arc::new(settings.limits.clone()),
            events,
            memory: Arc::new(memory),
            notices: notify,
        };
        Ok(Self {
            swarm,
            local: settings.secret.public(),
            federation: settings.federation.clone(),
            quota: Quota::new(&settings.limits.applicants, Instant::now()),
            shared,
            counters,
            links,
            queued_bytes: Arc::default(),
            commands,
            notices,
            peers: BTreeMap::new(),
            leaving: BTreeMap::new(),
            connections: HashMap::new(),
            by_peer: BTreeMap::new(),
            dials: HashMap::new(),
            tickets: BTreeMap::new(),
            last_number: 0,
            requests: JoinSet::new(),
            listening: Vec::new(),
        })
    }

    /// Runs until shut down or until every handle is gone.
    pub(crate) async fn run(mut self) {
        let stopped = loop {
            let wake = self.next_wake();
            tokio::select! {
                command = self.commands.recv() => match command {
                    None => break None,
                    Some(Command::Shutdown(stopped)) => break Some(stopped),
                    Some(command) => self.on_command(command),
                },
                event = self.swarm.select_next_some() => self.on_swarm_event(event),
                Some(notice) = self.notices.recv() => self.on_notice(notice),
                Some(_) = self.requests.join_next(), if !self.requests.is_empty() => {}
                () = sleep_until(wake) => {}
            }
            self.do_what_is_due();
        };
        self.stop().await;
        if let Some(stopped) = stopped {
            // Whoever asked may have stopped waiting.
            let _ = stopped.send(());
        }
    }

    /// Ends every task and closes every socket.
    async fn stop(mut self) {
        for peer in self.peers.values_mut() {
            peer.outbound.close();
            peer.link.remove();
            peer.receiving.abort();
        }
        for receiving in self.leaving.values() {
            receiving.abort();
        }
        self.links
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.requests.shutdown().await;
    }

    fn on_command(&mut self, command: Command) {
        // Whoever asked may have stopped waiting for the answer: that is no error.
        match command {
            Command::SetRoster(roster, done) => {
                self.set_roster(roster);
                let _ = done.send(());
            }
            Command::Request(request) => self.request(request),
            Command::Penalise(key) => {
                if let Ok(peer) = address::to_peer_id(&key) {
                    self.on_fault(peer, Fault::Misbehaviour);
                }
            }
            Command::Peers(reply) => {
                let _ = reply.send(self.status());
            }
            Command::Listening(reply) => {
                let addresses = self.listening.iter();
                let _ = reply.send(addresses.map(|place| self.full_address(place)).collect());
            }
            Command::Shutdown(_) => {}
        }
    }

    fn on_notice(&mut self, notice: Notice) {
        match notice {
            Notice::Fault { peer, fault } => self.on_fault(peer, fault),
            Notice::SendingEnded {
                peer,
                connection,
                stalled,
            } => self.on_sending_ended(peer, connection, stalled),
            Notice::RequestEnded {
                connection,
                reply,
                answer,
            } => {
                let member = |connection: &Connection| self.peers.contains_key(&connection.peer);
                if !self.connections.get(&connection).is_some_and(member) {
                    self.close(connection);
                }
                // Only now: what is asked next would go over the connection that ends, and break.
                // Whoever asked may have stopped waiting.
                let _ = reply.send(answer);
            }
        }
    }

    /// Counts a fault, cuts the peer off and keeps it out for a while.
    fn on_fault(&mut self, id: PeerId, fault: Fault) {
        let now = Instant::now();
        let cool_down = self.shared.limits.cool_down;
        self.counters.fault(fault);
        tracing::warn!(peer = %id, %fault, "peer cut off");
        self.swarm.behaviour_mut().gate.keep_out(id, now, cool_down);
        let Some(key) = address::to_key(&id) else {
            return;
        };
        self.close_all(key);
        if let Some(peer) = self.peers.get_mut(&key) {
            peer.dial.not_before(now + cool_down);
        }
    }

    fn status(&self) -> Vec<PeerStatus> {
        let status = |peer: &Peer| {
            let key = peer.link.key;
            let connections = self.by_peer.get(&key)?;
            let used = connections
                .iter()
                .find(|connection| peer.outbound.is_on(**connection))
                .or(connections.first())?;
            let connection = self.connections.get(used)?;
            peer.link.has_session().then(|| PeerStatus {
                key,
                connected_since: connection.began_at,
                address: connection.address.clone(),
                round_trip_ms: connection
                    .round_trip
                    .map(|time| u32::try_from(time.as_millis()).unwrap_or(u32::MAX)),
                bytes_in: peer.link.bytes_in.load(Ordering::Relaxed),
                bytes_out: peer.link.bytes_out.load(Ordering::Relaxed),
                agent_version: connection.agent_version.clone(),
            })
        };
        self.peers.values().filter_map(status).collect()
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn full_address(&self, place: &Multiaddr) -> String {
        let peer = *self.swarm.local_peer_id();
        place.clone().with(Protocol::P2p(peer)).to_string()
    }

    /// Reports what is advice only: dropped when the channel is full.
    fn advise(&self, event: Event) {
        if self.shared.events.try_send(event.into()).is_err() {
            tracing::debug!("nobody takes events; advice dropped");
        }
    }
}

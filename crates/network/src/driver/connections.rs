//! Listening, connections coming and going, pings and identification.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
    sync::atomic::Ordering,
    time::{Duration, SystemTime},
};

use domain::key::PublicKey;
use futures::StreamExt;
use libp2p::{
    Multiaddr, PeerId, TransportError,
    core::ConnectedPoint,
    identify,
    multiaddr::Protocol,
    ping,
    swarm::{ConnectionId, DialError, ListenError, SwarmEvent},
};
use tokio::time::{Instant, timeout};

use super::{Connection, Driver, Purpose, Ticket};
use crate::{
    address,
    behaviour::{BehaviourEvent, PROTOCOL_VERSION, protocol_version},
    error::NetworkError,
    event::Event,
    fault::Fault,
    gate::Refusal,
    handler::Door,
};

/// How long the transport may take to listen.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(10);
/// A session that lasted so long was a success: the next wait is the shortest again.
const SESSION_SUCCESS: Duration = Duration::from_secs(10);
/// The longest agent version kept and the longest error shown.
const TEXT_CHARACTERS_MAX: usize = 256;

impl Driver {
    /// Listens on every address and waits until each is in force.
    pub(crate) async fn listen(&mut self, texts: &[String]) -> Result<(), NetworkError> {
        for text in texts {
            let parsed = address::parse(text)?;
            probe(text, &parsed.place)?;
            let failed = |source| NetworkError::Listen {
                address: text.clone(),
                source,
            };
            let listener = self
                .swarm
                .listen_on(parsed.place)
                .map_err(|error| failed(Box::new(error)))?;
            let in_force = async {
                loop {
                    match self.swarm.select_next_some().await {
                        SwarmEvent::NewListenAddr {
                            listener_id,
                            address,
                        } => {
                            self.on_listening(address);
                            if listener_id == listener {
                                return Ok(());
                            }
                        }
                        SwarmEvent::ListenerClosed {
                            listener_id,
                            reason,
                            ..
                        } if listener_id == listener => {
                            let reason = reason.err();
                            let reason =
                                reason.unwrap_or_else(|| io::ErrorKind::NotConnected.into());
                            return Err(failed(Box::new(reason)));
                        }
                        event => self.on_swarm_event(event),
                    }
                }
            };
            timeout(LISTEN_TIMEOUT, in_force)
                .await
                .map_err(|elapsed| failed(Box::new(elapsed)))??;
        }
        Ok(())
    }

    fn on_listening(&mut self, place: Multiaddr) {
        let address = self.full_address(&place);
        tracing::info!(%address, "listening");
        if !self.listening.contains(&place) {
            self.listening.push(place);
        }
        self.advise(Event::Listening { address });
    }

    pub(super) fn is_applicant(&self, connection: &Connection) -> bool {
        connection.inbound && !self.peers.contains_key(&connection.peer)
    }

    pub(super) fn on_swarm_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Gate(passed)) => self.on_passed(passed),
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => self.on_ping(&event),
            SwarmEvent::Behaviour(BehaviourEvent::Identify(event)) => self.on_identify(event),
            SwarmEvent::Behaviour(_) => {}
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => self.on_established(peer_id, connection_id, &endpoint),
            SwarmEvent::ConnectionClosed { connection_id, .. } => self.on_closed(connection_id),
            SwarmEvent::OutgoingConnectionError {
                connection_id,
                error,
                ..
            } => self.on_dial_failed(connection_id, error),
            SwarmEvent::IncomingConnectionError {
                error: ListenError::Denied { cause },
                ..
            } if cause.downcast_ref::<Refusal>().is_none() => {
                self.counters
                    .connections_refused
                    .fetch_add(1, Ordering::Relaxed);
                tracing::debug!(%cause, "connection refused");
            }
            SwarmEvent::NewListenAddr { address, .. } => self.on_listening(address),
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                self.listening.retain(|place| *place != address);
            }
            SwarmEvent::ListenerClosed {
                addresses, reason, ..
            } => {
                self.listening.retain(|place| !addresses.contains(place));
                tracing::error!(?addresses, ?reason, "no longer listening");
            }
            SwarmEvent::ListenerError { error, .. } => {
                tracing::warn!(%error, "a connection could not be accepted");
            }
            _ => {}
        }
    }

    fn on_established(&mut self, id: PeerId, number: ConnectionId, endpoint: &ConnectedPoint) {
        let now = Instant::now();
        let purpose = self.dials.remove(&number);
        if let Some(Purpose::Member(key)) = &purpose
            && let Some(peer) = self.peers.get_mut(key)
        {
            peer.dialing = false;
        }
        let Some(key) = address::to_key(&id) else {
            // The gate refuses such keys; this only guards against a change there.
            self.swarm.close_connection(number);
            return;
        };
        let connection = Connection {
            peer: key,
            id,
            address: endpoint.get_remote_address().to_string(),
            inbound: endpoint.is_listener(),
            began: now,
            began_at: SystemTime::now(),
            heard: now,
            round_trip: None,
            agent_version: String::new(),
        };
        tracing::debug!(peer = %id, inbound = connection.inbound, "connection established");
        self.connections.insert(number, connection);
        self.by_peer.entry(key).or_default().push(number);
        if let Some(Purpose::Request(request)) = purpose {
            self.open_request(id, number, request);
        }
        self.open_if_due(key, now);
    }

    /// Closes a connection. For the driver it is gone at once: the transport may need as long as
    /// its stall timeout, and what still arrives is ignored.
    pub(super) fn close(&mut self, number: ConnectionId) {
        self.swarm.close_connection(number);
        self.on_closed(number);
    }

    /// Closes every connection with a peer.
    pub(super) fn close_all(&mut self, key: PublicKey) {
        for number in self.by_peer.get(&key).cloned().unwrap_or_default() {
            self.close(number);
        }
    }

    fn on_closed(&mut self, number: ConnectionId) {
        let now = Instant::now();
        let Some(connection) = self.connections.remove(&number) else {
            return;
        };
        tracing::debug!(peer = %connection.id, "connection closed");
        let key = connection.peer;
        let mut last = false;
        if let Some(all) = self.by_peer.get_mut(&key) {
            all.retain(|other| *other != number);
            last = all.is_empty();
        }
        if last {
            self.by_peer.remove(&key);
        }
        let lost: Vec<u64> = self
            .tickets
            .iter()
            .filter(|(_, ticket)| matches!(ticket, Ticket::Request(on, _) if *on == number))
            .map(|(ticket, _)| *ticket)
            .collect();
        for ticket in lost {
            self.on_open_failed(ticket, false);
        }
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        if peer.outbound.is_on(number) {
            if let super::Outbound::Opening { ticket, .. } = peer.outbound {
                self.tickets.remove(&ticket);
            }
            peer.outbound.close();
            // Another connection may be there: no need to wait.
            if peer.session_began.is_some() {
                peer.open.hurry(now);
            }
        }
        if last {
            peer.link.end();
            let lasted = peer.session_began.take().map(|began| now - began);
            if lasted.is_some_and(|lasted| lasted >= SESSION_SUCCESS) {
                peer.dial.succeeded();
            }
            let due = peer.dial.due();
            peer.dial.failed(now);
            peer.dial.not_before(due);
            peer.open.hurry(now);
        }
    }

    pub(super) fn on_dial_failed(&mut self, number: ConnectionId, error: DialError) {
        match self.dials.remove(&number) {
            Some(Purpose::Member(key)) => {
                let now = Instant::now();
                let Some(peer) = self.peers.get_mut(&key) else {
                    return;
                };
                peer.dialing = false;
                peer.dial.failed(now);
                let (address, error) = explain(&error);
                tracing::debug!(peer = %peer.id, address, error, "dial failed");
                self.advise(Event::DialFailed {
                    peer: key,
                    address,
                    error,
                });
            }
            Some(Purpose::Request(request)) => {
                let error = match error {
                    DialError::WrongPeerId { obtained, .. } => NetworkError::OtherIdentity {
                        address: request.text,
                        expected: request
                            .address
                            .peer
                            .map(|id| id.to_base58())
                            .unwrap_or_default(),
                        found: obtained.to_base58(),
                    },
                    DialError::LocalPeerId { .. } => NetworkError::OwnAddress {
                        address: request.text,
                    },
                    error => NetworkError::Unreachable {
                        address: request.text,
                        problem: explain(&error).1,
                    },
                };
                // Whoever asked may have stopped waiting.
                let _ = request.reply.send(Err(error));
            }
            None => {}
        }
    }

    pub(super) fn open_request(&mut self, id: PeerId, on: ConnectionId, request: super::Request) {
        let ticket = self.next_number();
        self.tickets.insert(ticket, Ticket::Request(on, request));
        let gate = &mut self.swarm.behaviour_mut().gate;
        gate.open(id, on, Door::Application, ticket);
    }

    fn on_ping(&mut self, event: &ping::Event) {
        let Some(connection) = self.connections.get_mut(&event.connection) else {
            return;
        };
        // A failure needs no answer: silence is judged by when something was last heard.
        if let Ok(round_trip) = &event.result {
            connection.heard = Instant::now();
            connection.round_trip = Some(*round_trip);
        }
    }

    fn on_identify(&mut self, event: identify::Event) {
        let identify::Event::Received {
            connection_id,
            peer_id,
            info,
        } = event
        else {
            return;
        };
        let other = info
            .protocol_version
            .strip_prefix(PROTOCOL_VERSION)
            .is_some_and(|rest| rest.starts_with('/'))
            && self.federation.is_some()
            && info.protocol_version != protocol_version(self.federation.as_deref());
        if other {
            self.on_fault(peer_id, Fault::OtherFederation);
        } else if let Some(connection) = self.connections.get_mut(&connection_id) {
            connection.agent_version = printable(&info.agent_version);
        }
    }
}

/// Text of a peer, fit to be shown.
fn printable(text: &str) -> String {
    let visible = text.chars().filter(|character| !character.is_control());
    visible.take(TEXT_CHARACTERS_MAX).collect()
}

/// Where dialling failed and why, in short.
fn explain(error: &DialError) -> (String, String) {
    let (address, problem) = match error {
        DialError::Transport(attempts) => match attempts.first() {
            Some((address, TransportError::Other(error))) => {
                (address.to_string(), innermost(error))
            }
            Some((address, error)) => (address.to_string(), error.to_string()),
            None => (String::new(), error.to_string()),
        },
        DialError::WrongPeerId { obtained, address } => (
            address.to_string(),
            format!("another node answered: {obtained}"),
        ),
        DialError::LocalPeerId { address } => (
            address.to_string(),
            "it is this node's own address".to_owned(),
        ),
        DialError::Denied { cause } => (String::new(), format!("refused here: {cause}")),
        error => (String::new(), error.to_string()),
    };
    (address, printable(&problem))
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Tries an address before the transport does: the transport shares ports between processes, so
/// it would not notice that a port is taken.
fn probe(text: &str, place: &Multiaddr) -> Result<(), NetworkError> {
    let mut host = None;
    for part in place {
        match part {
            Protocol::Ip4(ip) => host = Some(IpAddr::from(ip)),
            Protocol::Ip6(ip) => host = Some(IpAddr::from(ip)),
            Protocol::Tcp(port) => {
                let Some(ip) = host else {
                    return Err(NetworkError::Address {
                        address: text.to_owned(),
                        problem: "listening needs an ip4 or ip6 address, not a name",
                    });
                };
                return TcpListener::bind(SocketAddr::new(ip, port))
                    .map(drop)
                    .map_err(|source| cannot_listen(text, source));
            }
            _ => {}
        }
    }
    Ok(())
}

fn cannot_listen(text: &str, source: io::Error) -> NetworkError {
    let address = text.to_owned();
    match source.kind() {
        io::ErrorKind::AddrInUse => NetworkError::PortInUse { address, source },
        io::ErrorKind::AddrNotAvailable => NetworkError::NotOurAddress { address, source },
        io::ErrorKind::PermissionDenied => NetworkError::NotPermitted { address, source },
        _ => NetworkError::Listen {
            address,
            source: Box::new(source),
        },
    }
}

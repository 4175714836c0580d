//! The gate: who may connect, how often, and which protocols are open to them.
//!
//! The transport proves a peer's key before the gate is asked. Membership is read from the roster
//! only; it can change while a connection is open.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    net::IpAddr,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, Waker},
    time::Duration,
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    multiaddr::Protocol,
    swarm::{
        CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour,
        NotifyHandler, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
    },
};
use thiserror::Error;
use tokio::time::Instant;

use crate::{
    address,
    fault::Counters,
    handler::{Command, Door, Handler, Report},
    limits::Limits,
};

/// Peers kept out at a time; beyond it the one due first is let in again.
const COOLING_MAX: usize = 4_096;

/// A stranger that has asked nothing for so long makes room for another. It is as long as setting
/// up a request over a bad line takes.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why the gate refused a connection.
#[derive(Debug, Error)]
pub(crate) enum Refusal {
    #[error("the peer's key is not an Ed25519 key")]
    Key,
    #[error("the peer broke the protocol and is kept out for a while")]
    CoolingDown,
    #[error("too many connections with this peer: {0}")]
    PerPeer(usize),
    #[error("too many connections with nodes that are not members: {0}")]
    Applicants(usize),
    #[error("too many connections with nodes that are not members from one address: {0}")]
    PerHost(usize),
}

/// What the gate tells the driver.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) peer: PeerId,
    pub(crate) connection: ConnectionId,
    pub(crate) report: Report,
}

/// A connection as the gate counts it.
#[derive(Debug)]
struct Counted {
    peer: PeerId,
    /// Where it comes from, if the other side opened it.
    host: Option<IpAddr>,
    inbound: bool,
    began: Instant,
    /// It may be closed for another's sake from then on.
    idle_at: Instant,
    /// It was told to close, which may take as long as the other side likes.
    closing: bool,
}

/// The behaviour.
pub(crate) struct Gate {
    members: BTreeSet<PeerId>,
    cooling: BTreeMap<PeerId, Instant>,
    connections: HashMap<ConnectionId, Counted>,
    per_peer_max: usize,
    applicants_max: usize,
    per_host_max: usize,
    request_timeout: Duration,
    counters: Arc<Counters>,
    actions: VecDeque<ToSwarm<Passed, Command>>,
    waker: Option<Waker>,
}

impl Gate {
    pub(crate) fn new(limits: &Limits, counters: Arc<Counters>) -> Self {
        Self {
            members: BTreeSet::new(),
            cooling: BTreeMap::new(),
            connections: HashMap::new(),
            per_peer_max: usize::try_from(limits.connections_per_peer_max).unwrap_or(usize::MAX),
            applicants_max: limits.applicants.connections_max,
            per_host_max: limits.applicants.connections_per_host_max,
            request_timeout: limits.request_timeout,
            counters,
            actions: VecDeque::new(),
            waker: None,
        }
    }

    /// Replaces the members and tells the handlers of those that came or went.
    pub(crate) fn set_members(&mut self, members: BTreeSet<PeerId>) {
        let before = std::mem::replace(&mut self.members, members);
        let mut commands = Vec::new();
        for (connection, counted) in &self.connections {
            let member = self.members.contains(&counted.peer);
            if member != before.contains(&counted.peer) {
                commands.push((counted.peer, *connection, Command::Member(member)));
            }
        }
        for (peer, connection, command) in commands {
            self.tell(peer, connection, command);
        }
    }

    /// Opens a stream on a connection; the ticket comes back with it or with its failure. Neither
    /// comes when the connection closes first.
    pub(crate) fn open(&mut self, peer: PeerId, connection: ConnectionId, door: Door, ticket: u64) {
        self.tell(peer, connection, Command::Open { door, ticket });
    }

    /// Keeps a peer out for a time.
    pub(crate) fn keep_out(&mut self, peer: PeerId, now: Instant, cool_down: Duration) {
        self.cooling.retain(|_, until| *until > now);
        if self.cooling.len() >= COOLING_MAX {
            let first = self.cooling.iter().min_by_key(|(_, until)| **until);
            if let Some(first) = first.map(|(peer, _)| *peer) {
                self.cooling.remove(&first);
            }
        }
        self.cooling.insert(peer, now + cool_down);
    }

    fn tell(&mut self, peer_id: PeerId, connection: ConnectionId, event: Command) {
        self.act(ToSwarm::NotifyHandler {
            peer_id,
            handler: NotifyHandler::One(connection),
            event,
        });
    }

    fn act(&mut self, action: ToSwarm<Passed, Command>) {
        self.actions.push_back(action);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn admit(&mut self, peer: PeerId, from: Option<&Multiaddr>) -> Result<Handler, Refusal> {
        if address::to_key(&peer).is_none() {
            return Err(Refusal::Key);
        }
        if self
            .cooling
            .get(&peer)
            .is_some_and(|until| *until > Instant::now())
        {
            return Err(Refusal::CoolingDown);
        }
        let with_peer = |counted: &&Counted| counted.peer == peer;
        if self.connections.values().filter(with_peer).count() >= self.per_peer_max {
            return Err(Refusal::PerPeer(self.per_peer_max));
        }
        let member = self.members.contains(&peer);
        if let Some(from) = from.filter(|_| !member) {
            self.admit_applicant(from)?;
        }
        Ok(Handler::new(member))
    }

    fn admit_applicant(&mut self, from: &Multiaddr) -> Result<(), Refusal> {
        let (mut all, mut open, mut from_host, host) = (0, 0, 0, host(from));
        for counted in self.applicants().map(|(_, counted)| counted) {
            all += 1;
            open += usize::from(!counted.closing);
            from_host += usize::from(counted.host == host);
        }
        if from_host >= self.per_host_max {
            return Err(Refusal::PerHost(self.per_host_max));
        }
        let full = Refusal::Applicants(self.applicants_max);
        // Those that take long to close must not pile up either.
        if all >= 2 * self.applicants_max {
            return Err(full);
        }
        if open >= self.applicants_max && !self.close_idle_applicant() {
            return Err(full);
        }
        Ok(())
    }

    fn applicants(&self) -> impl Iterator<Item = (&ConnectionId, &Counted)> {
        let inbound = self
            .connections
            .iter()
            .filter(|(_, counted)| counted.inbound);
        inbound.filter(|(_, counted)| !self.members.contains(&counted.peer))
    }

    /// Closes the oldest connection of a stranger that asks nothing; false if there is none.
    fn close_idle_applicant(&mut self) -> bool {
        let now = Instant::now();
        let idle = self
            .applicants()
            .filter(|(_, counted)| !counted.closing && counted.idle_at <= now);
        let oldest = idle.min_by_key(|(_, counted)| counted.began);
        let Some(connection) = oldest.map(|(connection, _)| *connection) else {
            return false;
        };
        let Some(counted) = self.connections.get_mut(&connection) else {
            return false;
        };
        counted.closing = true;
        let peer_id = counted.peer;
        self.act(ToSwarm::CloseConnection {
            peer_id,
            connection: CloseConnection::One(connection),
        });
        true
    }

    fn handler(
        &mut self,
        peer: PeerId,
        from: Option<&Multiaddr>,
    ) -> Result<Handler, ConnectionDenied> {
        self.admit(peer, from).map_err(|refusal| {
            self.counters
                .connections_refused
                .fetch_add(1, Ordering::Relaxed);
            tracing::debug!(%peer, %refusal, "connection refused");
            ConnectionDenied::new(refusal)
        })
    }
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = Handler;
    type ToSwarm = Passed;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        from: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.handler(peer, Some(from))
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.handler(peer, None)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(established) => {
                let began = Instant::now();
                let counted = Counted {
                    began,
                    idle_at: began + PATIENCE,
                    closing: false,
                    peer: established.peer_id,
                    host: host(established.endpoint.get_remote_address()),
                    inbound: established.endpoint.is_listener(),
                };
                self.connections.insert(established.connection_id, counted);
            }
            FromSwarm::ConnectionClosed(closed) => {
                self.connections.remove(&closed.connection_id);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        report: THandlerOutEvent<Self>,
    ) {
        if let (Report::Inbound { .. }, Some(counted)) =
            (&report, self.connections.get_mut(&connection))
        {
            counted.idle_at = Instant::now() + self.request_timeout;
        }
        self.act(ToSwarm::GenerateEvent(Passed {
            peer,
            connection,
            report,
        }));
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        if let Some(action) = self.actions.pop_front() {
            return Poll::Ready(action);
        }
        self.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// The IP address a connection comes from; of IPv6 the /64, because one host has all of it.
fn host(address: &Multiaddr) -> Option<IpAddr> {
    address.iter().find_map(|part| match part {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(match ip.to_canonical() {
            IpAddr::V6(ip) => {
                let network = ip.to_bits() & !u128::from(u64::MAX);
                IpAddr::V6(network.into())
            }
            ip => ip,
        }),
        _ => None,
    })
}

#[cfg(test)]
mod tests;

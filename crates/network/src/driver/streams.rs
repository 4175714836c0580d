//! Streams the gate hands on, and the tasks that use them.

use std::sync::{Arc, atomic::Ordering};

use domain::key::PublicKey;
use libp2p::{
    PeerId, Stream,
    swarm::{
        ConnectionId,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use tokio::time::Instant;

use super::{Driver, Outbound, Purpose, Request, Ticket};
use crate::{
    address,
    application::{self, Allowance, Unanswered},
    error::NetworkError,
    fault::Fault,
    gate::Passed,
    handler::{Door, Report},
    member::{self, Notice},
};

/// Requests of ours under way at a time.
const REQUESTS_MAX: usize = 64;
/// Application streams being answered or asked at a time, whatever the quotas allow.
const TASKS_MAX: usize = 512;

impl Driver {
    pub(super) fn on_passed(&mut self, passed: Passed) {
        let Passed {
            peer: id,
            connection,
            report,
        } = passed;
        // Nothing is known of a connection that is being closed.
        let Some(key) = self.connections.get(&connection).map(|known| known.peer) else {
            return;
        };
        match report {
            Report::Inbound {
                door: Door::Member,
                stream,
            } => self.on_member_stream(key, stream),
            Report::Inbound {
                door: Door::Application,
                stream,
            } => self.on_application_stream(id, key, stream),
            Report::Opened { ticket, stream } => match self.tickets.remove(&ticket) {
                Some(Ticket::Member(key)) => self.on_member_opened(key, connection, ticket, stream),
                Some(Ticket::Request(on, request)) => self.ask(on, request, stream),
                None => {}
            },
            Report::Failed { ticket, not_spoken } => self.on_open_failed(ticket, not_spoken),
            Report::Admitted => {
                if let Some(peer) = self.peers.get_mut(&key) {
                    peer.open.hurry(Instant::now());
                }
            }
        }
    }

    /// A peer opened the stream it sends its frames on.
    fn on_member_stream(&mut self, key: PublicKey, stream: Stream) {
        let now = Instant::now();
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        if !peer.streams.take_one_of_minute(now) {
            let id = peer.id;
            self.on_fault(id, Fault::Flood);
            return;
        }
        peer.link.read_from(stream);
        // It speaks the member protocol with us, so it will let us open ours.
        peer.open.hurry(now);
        self.begin_session(key, now);
    }

    /// Our stream to a member is open.
    fn on_member_opened(&mut self, key: PublicKey, on: ConnectionId, ticket: u64, stream: Stream) {
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        let awaited =
            matches!(peer.outbound, Outbound::Opening { ticket: open, .. } if open == ticket);
        if !awaited {
            return;
        }
        let link = Arc::clone(&peer.link);
        let limits = Arc::clone(&self.shared.limits);
        let notices = self.shared.notices.clone();
        let sending = tokio::spawn(async move {
            let stalled = member::send(&link, &limits, stream).await;
            let ended = Notice::SendingEnded {
                peer: link.key,
                connection: on,
                stalled,
            };
            // Without a driver there is nobody to tell.
            let _ = notices.send(ended).await;
        });
        peer.outbound = Outbound::Open {
            connection: on,
            sending,
        };
        self.begin_session(key, Instant::now());
    }

    fn begin_session(&mut self, key: PublicKey, now: Instant) {
        let number = self.next_number();
        if let Some(peer) = self.peers.get_mut(&key)
            && peer.session_began.is_none()
        {
            tracing::info!(peer = %peer.id, "member connected");
            peer.session_began = Some(now);
            peer.link.begin(number);
        }
    }

    pub(super) fn on_sending_ended(&mut self, key: PublicKey, on: ConnectionId, stalled: bool) {
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        if !matches!(peer.outbound, Outbound::Open { connection, .. } if connection == on) {
            return;
        }
        peer.outbound.close();
        peer.open.failed(Instant::now());
        if stalled {
            tracing::warn!(peer = %peer.id, "the peer stopped reading; connection closed");
            self.close_all(key);
        }
    }

    pub(super) fn on_open_failed(&mut self, ticket: u64, not_spoken: bool) {
        match self.tickets.remove(&ticket) {
            Some(Ticket::Member(key)) => {
                if let Some(peer) = self.peers.get_mut(&key)
                    && matches!(peer.outbound, Outbound::Opening { ticket: open, .. } if open == ticket)
                {
                    peer.outbound.close();
                    peer.open.failed(Instant::now());
                }
            }
            Some(Ticket::Request(_, request)) => {
                let address = request.text;
                let error = if not_spoken {
                    NetworkError::NotSpoken { address }
                } else {
                    NetworkError::Broken { address }
                };
                // Whoever asked may have stopped waiting.
                let _ = request.reply.send(Err(error));
            }
            None => {}
        }
    }

    /// Somebody asks something.
    fn on_application_stream(&mut self, id: PeerId, key: PublicKey, stream: Stream) {
        let member = self.peers.contains_key(&key);
        let allowance = self.quota.ask(key, member, Instant::now());
        let granted = allowance == Allowance::Granted && self.requests.len() < TASKS_MAX;
        if !granted {
            self.counters
                .requests_refused
                .fetch_add(1, Ordering::Relaxed);
        }
        if allowance == Allowance::Flood {
            self.on_fault(id, Fault::Flood);
            return;
        }
        if self.requests.len() >= TASKS_MAX {
            return;
        }
        let shared = self.shared.clone();
        self.requests.spawn(async move {
            if !granted {
                application::refuse(stream, shared.limits.request_timeout).await;
                return;
            }
            let fault = application::answer(stream, key, &shared.limits, &shared.events).await;
            if let Some(fault) = fault {
                // Without a driver there is nobody to tell.
                let _ = shared.notices.send(Notice::Fault { peer: id, fault }).await;
            }
        });
    }

    /// Asks somebody something: over a connection that is there, or a new one.
    pub(super) fn request(&mut self, request: Request) {
        let asking = |ticket: &&Ticket| matches!(ticket, Ticket::Request(..));
        let dialling = |purpose: &&Purpose| matches!(purpose, Purpose::Request(_));
        let under_way = self.tickets.values().filter(asking).count()
            + self.dials.values().filter(dialling).count();
        if under_way >= REQUESTS_MAX || self.requests.len() >= TASKS_MAX {
            let address = request.text;
            // Whoever asked may have stopped waiting.
            let _ = request.reply.send(Err(NetworkError::Busy { address }));
            return;
        }
        let place = request.address.place.clone();
        let options = match request.address.peer {
            Some(id) if id == *self.swarm.local_peer_id() => {
                let address = request.text;
                // Whoever asked may have stopped waiting.
                let _ = request
                    .reply
                    .send(Err(NetworkError::OwnAddress { address }));
                return;
            }
            Some(id) => {
                let connected =
                    address::to_key(&id).and_then(|key| self.by_peer.get(&key)?.first().copied());
                if let Some(connection) = connected {
                    self.open_request(id, connection, request);
                    return;
                }
                DialOpts::peer_id(id)
                    .condition(PeerCondition::Always)
                    .addresses(vec![place])
                    .build()
            }
            None => DialOpts::unknown_peer_id().address(place).build(),
        };
        let connection = options.connection_id();
        self.dials.insert(connection, Purpose::Request(request));
        if let Err(error) = self.swarm.dial(options) {
            self.on_dial_failed(connection, error);
        }
    }

    fn ask(&mut self, on: ConnectionId, request: Request, stream: Stream) {
        let shared = self.shared.clone();
        self.requests.spawn(async move {
            let answer = application::ask(stream, &request.request, &shared.limits).await;
            let address = request.text;
            let answer = answer.map_err(|unanswered| match unanswered {
                Unanswered::Busy => NetworkError::Busy { address },
                Unanswered::Broken => NetworkError::Broken { address },
            });
            // Without a driver there is nobody to tell.
            let _ = shared
                .notices
                .send(Notice::RequestEnded {
                    connection: on,
                    reply: request.reply,
                    answer,
                })
                .await;
        });
    }
}

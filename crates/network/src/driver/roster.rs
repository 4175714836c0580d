//! The roster: who is a member, when to dial whom, and what is due.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError},
    time::Duration,
};

use domain::key::PublicKey;
use libp2p::{
    Multiaddr,
    swarm::{
        ConnectionId,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use tokio::time::Instant;

use super::{Driver, IDLE_WAIT, Outbound, Peer, Purpose};
use crate::{
    address,
    handler::Door,
    limits::Bucket,
    member::{self, Link},
    outbox::Outbox,
    schedule::{Schedule, jittered},
};

/// Addresses tried for one member.
const ADDRESSES_MAX: usize = 8;
/// How long the node with the higher key leaves the first dial to the other, so that two nodes
/// that meet seldom make two connections.
const COURTESY: Duration = Duration::from_millis(500);

impl Driver {
    pub(super) fn set_roster(&mut self, mut roster: BTreeMap<PublicKey, Vec<String>>) {
        let now = Instant::now();
        roster.remove(&self.local);
        roster.retain(|key, _| {
            let usable = address::to_peer_id(key).is_ok();
            if !usable {
                tracing::warn!(%key, "a key on the roster is unusable; the member is left out");
            }
            usable
        });
        let mut gone: Vec<_> = self.peers.keys().copied().collect();
        gone.retain(|key| !roster.contains_key(key));
        for key in gone {
            self.remove_member(key);
        }
        self.leaving.retain(|_, receiving| !receiving.is_finished());
        for (key, texts) in roster {
            let addresses = dialable(&key, &texts);
            match self.peers.get_mut(&key) {
                Some(peer) if peer.addresses == addresses => {}
                Some(peer) => {
                    peer.addresses = addresses;
                    peer.dial.hurry(now);
                }
                None => self.add_member(key, addresses, now),
            }
        }
        let members: BTreeSet<_> = self.peers.values().map(|peer| peer.id).collect();
        self.swarm.behaviour_mut().gate.set_members(members);
        let links = self
            .peers
            .iter()
            .map(|(key, peer)| (*key, Arc::clone(&peer.link)));
        *self.links.write().unwrap_or_else(PoisonError::into_inner) = links.collect();
    }

    fn add_member(&mut self, key: PublicKey, addresses: Vec<Multiaddr>, now: Instant) {
        let Ok(id) = address::to_peer_id(&key) else {
            return;
        };
        let limits = &self.shared.limits;
        let outbox = Outbox::new(
            limits.queue_frames_max,
            limits.queue_bytes_max,
            Arc::clone(&self.queued_bytes),
            limits.queues_bytes_max,
        );
        let link = Arc::new(Link::new(key, id, outbox, limits));
        let before = self.leaving.remove(&key);
        let receive = member::receive(Arc::clone(&link), self.shared.clone(), before);
        let first_dial = if self.local < key {
            now
        } else {
            now + jittered(2 * COURTESY)
        };
        let schedule = |due| Schedule::new(due, limits.redial_min, limits.redial_max);
        let peer = Peer {
            id,
            link,
            receiving: tokio::spawn(receive),
            addresses,
            dial: schedule(first_dial),
            dialing: false,
            outbound: Outbound::Closed,
            open: schedule(now),
            streams: Bucket::per_minute(limits.streams_per_minute, now),
            session_began: None,
        };
        self.peers.insert(key, peer);
    }

    fn remove_member(&mut self, key: PublicKey) {
        let Some(mut peer) = self.peers.remove(&key) else {
            return;
        };
        peer.outbound.close();
        peer.link.remove();
        self.leaving.insert(key, peer.receiving);
        self.close_all(key);
    }

    /// When something is due next.
    pub(super) fn next_wake(&self) -> Instant {
        let limits = &self.shared.limits;
        let peers = self.peers.iter().filter_map(|(key, peer)| {
            let connected = self.by_peer.contains_key(key);
            if connected && matches!(peer.outbound, Outbound::Closed) {
                Some(peer.open.due())
            } else if !connected && !peer.dialing && !peer.addresses.is_empty() {
                Some(peer.dial.due())
            } else {
                None
            }
        });
        let connections = self.connections.values().map(|connection| {
            let silent = connection.heard + limits.silence_timeout;
            if self.is_applicant(connection) {
                silent.min(connection.began + limits.applicants.lifetime)
            } else {
                silent
            }
        });
        let latest = Instant::now() + IDLE_WAIT;
        peers
            .chain(connections)
            .min()
            .map_or(latest, |due| due.min(latest))
    }

    /// Dials, opens and closes what is due.
    pub(super) fn do_what_is_due(&mut self) {
        let now = Instant::now();
        let keys: Vec<_> = self.peers.keys().copied().collect();
        for key in keys {
            if self.by_peer.contains_key(&key) {
                self.open_if_due(key, now);
            } else {
                self.dial_if_due(key, now);
            }
        }
        let mut over = Vec::new();
        let lifetime = self.shared.limits.applicants.lifetime;
        for (number, connection) in &self.connections {
            let silent = connection.heard + self.shared.limits.silence_timeout <= now;
            let overdue = self.is_applicant(connection) && connection.began + lifetime <= now;
            if silent || overdue {
                tracing::debug!(peer = %connection.id, silent, "connection is over");
                over.push(*number);
            }
        }
        for number in over {
            self.close(number);
        }
    }

    fn dial_if_due(&mut self, key: PublicKey, now: Instant) {
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        if peer.dialing || peer.addresses.is_empty() || peer.dial.due() > now {
            return;
        }
        let options = DialOpts::peer_id(peer.id)
            .condition(PeerCondition::NotDialing)
            .addresses(peer.addresses.clone())
            .build();
        let connection = options.connection_id();
        match self.swarm.dial(options) {
            Ok(()) => {
                peer.dialing = true;
                self.dials.insert(connection, Purpose::Member(key));
            }
            Err(error) => {
                tracing::debug!(peer = %peer.id, %error, "not dialled");
                peer.dial.failed(now);
            }
        }
    }

    /// Opens the stream to a connected member, if there is none.
    pub(super) fn open_if_due(&mut self, key: PublicKey, now: Instant) {
        let connection: Option<ConnectionId> =
            self.by_peer.get(&key).and_then(|all| all.first().copied());
        let (Some(peer), Some(connection)) = (self.peers.get(&key), connection) else {
            return;
        };
        if !matches!(peer.outbound, Outbound::Closed) || peer.open.due() > now {
            return;
        }
        let id = peer.id;
        let ticket = self.next_number();
        self.tickets.insert(ticket, super::Ticket::Member(key));
        if let Some(peer) = self.peers.get_mut(&key) {
            peer.outbound = Outbound::Opening { connection, ticket };
        }
        let gate = &mut self.swarm.behaviour_mut().gate;
        gate.open(id, connection, Door::Member, ticket);
    }
}

/// The usable ones among a member's addresses. What others published is not trusted to be sound.
fn dialable(key: &PublicKey, texts: &[String]) -> Vec<Multiaddr> {
    let mut addresses = Vec::new();
    for text in texts {
        let usable = address::parse(text).ok().filter(|address| {
            let named = address.peer.map(|peer| address::to_key(&peer));
            named.is_none_or(|named| named == Some(*key))
        });
        match usable {
            Some(address) if addresses.contains(&address.place) => {}
            Some(address) => addresses.push(address.place),
            None => tracing::warn!(%key, "an address of a member is unusable and left out"),
        }
    }
    addresses.truncate(ADDRESSES_MAX);
    addresses
}

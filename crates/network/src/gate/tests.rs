//! Strangers at the gate.

use domain::key::SecretKey;
use libp2p::{
    core::ConnectedPoint,
    swarm::{ConnectionId, behaviour::ConnectionEstablished},
};
use tokio::time::advance;

use super::*;

const HERE: &str = "/ip4/192.0.2.1/tcp/1";

fn gate(applicants_max: usize) -> Gate {
    let mut limits = Limits::default();
    limits.applicants.connections_max = applicants_max;
    limits.applicants.connections_per_host_max = 2;
    Gate::new(&limits, Arc::default())
}

/// A stranger connects from an address.
fn connect(gate: &mut Gate, number: u8, from: &str) -> bool {
    let key = SecretKey::from_seed(&[number; 32]).public();
    let peer = address::to_peer_id(&key).unwrap();
    let (local_addr, send_back_addr): (Multiaddr, Multiaddr) =
        (HERE.parse().unwrap(), from.parse().unwrap());
    let connection_id = ConnectionId::new_unchecked(number.into());
    let admitted = gate.handle_established_inbound_connection(
        connection_id,
        peer,
        &local_addr,
        &send_back_addr,
    );
    if admitted.is_err() {
        return false;
    }
    let endpoint = ConnectedPoint::Listener {
        local_addr,
        send_back_addr,
    };
    gate.on_swarm_event(FromSwarm::ConnectionEstablished(ConnectionEstablished {
        peer_id: peer,
        connection_id,
        endpoint: &endpoint,
        failed_addresses: &[],
        other_established: 0,
    }));
    true
}

fn closed(gate: &mut Gate) -> Vec<ConnectionId> {
    let closed = |action| match action {
        ToSwarm::CloseConnection {
            connection: CloseConnection::One(connection),
            ..
        } => Some(connection),
        _ => None,
    };
    gate.actions.drain(..).filter_map(closed).collect()
}

#[tokio::test(start_paused = true)]
async fn one_network_of_ipv6_addresses_counts_as_one_host() {
    let mut gate = gate(9);
    assert!(connect(&mut gate, 1, "/ip6/2001:db8:0:1::1/tcp/1"));
    assert!(connect(&mut gate, 2, "/ip6/2001:db8:0:1::2/tcp/1"));
    assert!(!connect(&mut gate, 3, "/ip6/2001:db8:0:1:ffff::3/tcp/1"));
    assert!(connect(&mut gate, 4, "/ip6/2001:db8:0:2::1/tcp/1"));
    assert!(connect(&mut gate, 5, "/ip4/192.0.2.9/tcp/1"));
    assert!(connect(&mut gate, 6, "/ip6/::ffff:192.0.2.9/tcp/1"));
    assert!(!connect(&mut gate, 7, "/ip4/192.0.2.9/tcp/2"));
}

#[tokio::test(start_paused = true)]
async fn when_all_places_are_taken_the_oldest_that_asks_nothing_makes_room() {
    let mut gate = gate(2);
    assert!(connect(&mut gate, 1, "/ip4/192.0.2.11/tcp/1"));
    advance(Duration::from_millis(10)).await;
    assert!(connect(&mut gate, 2, "/ip4/192.0.2.12/tcp/1"));
    assert!(
        !connect(&mut gate, 3, "/ip4/192.0.2.13/tcp/1"),
        "both may be about to ask"
    );
    advance(PATIENCE).await;
    assert!(connect(&mut gate, 4, "/ip4/192.0.2.14/tcp/1"));
    assert_eq!(closed(&mut gate), [ConnectionId::new_unchecked(1)]);
    assert!(connect(&mut gate, 5, "/ip4/192.0.2.15/tcp/1"));
    assert_eq!(closed(&mut gate), [ConnectionId::new_unchecked(2)]);
    advance(PATIENCE).await;
    assert!(
        !connect(&mut gate, 6, "/ip4/192.0.2.16/tcp/1"),
        "those that take long to close are not without end"
    );
    assert!(closed(&mut gate).is_empty());
}

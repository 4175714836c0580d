//! Peers that break the rules, over real sockets: what they do to a node, and that it lives on.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::key::{PublicKey, SecretKey};
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::{
    Stream, Swarm,
    swarm::{ConnectionId, SwarmEvent},
};
use tokio::time::timeout;

use crate::{
    Event, Events, Fault, Limits, Network, Settings, address,
    behaviour::{self, Behaviour, BehaviourEvent},
    handler::{Door, Report},
};

const PATIENCE: Duration = Duration::from_secs(60);

fn settings(seed: u8, limits: Limits) -> Settings {
    Settings {
        listen: vec!["/ip4/127.0.0.1/tcp/0".to_owned()],
        secret: SecretKey::from_seed(&[seed; 32]),
        federation: None,
        limits,
    }
}

fn key(seed: u8) -> PublicKey {
    SecretKey::from_seed(&[seed; 32]).public()
}

/// A node with honest and hostile members on its roster.
struct Victim {
    network: Network,
    events: Events,
    address: String,
}

impl Victim {
    async fn start(limits: Limits, members: &[u8]) -> Self {
        let (network, events) = Network::start(settings(1, limits)).await.unwrap();
        let address = network.listening().await.remove(0);
        let roster = members.iter().map(|seed| (key(*seed), vec![]));
        network.set_roster(roster.collect()).await;
        Self {
            network,
            events,
            address,
        }
    }

    async fn next(&mut self) -> Event {
        let next = async {
            loop {
                match self.events.recv().await.expect("the network runs") {
                    Event::Listening { .. } => {}
                    event => return event,
                }
            }
        };
        timeout(PATIENCE, next).await.expect("an event in time")
    }

    /// Waits until the hostile member 2 was connected and cut off.
    async fn cut_off(&mut self) {
        loop {
            match self.next().await {
                Event::Disconnected { peer } => {
                    assert_eq!(peer, key(2));
                    return;
                }
                Event::Connected { peer } => assert_eq!(peer, key(2)),
                Event::Frame { .. } => {}
                event => panic!("expected the member to be cut off, got {event:?}"),
            }
        }
    }

    fn faults(&self) -> BTreeMap<Fault, u64> {
        self.network.statistics().faults
    }

    /// The node still serves an honest member.
    async fn lives_on(&mut self) {
        let honest = settings(3, Limits::default());
        let (honest, _events) = Network::start(honest).await.unwrap();
        let roster = BTreeMap::from([(key(1), vec![self.address.clone()])]);
        honest.set_roster(roster).await;
        assert!(matches!(self.next().await, Event::Connected { peer } if peer == key(3)));
        self.network.send(key(3), vec![1]).unwrap();
    }
}

/// A peer made of the same parts that says what the test wants.
struct Hostile {
    swarm: Swarm<Behaviour>,
}

impl Hostile {
    fn new(seed: u8) -> Self {
        let swarm = behaviour::swarm(&settings(seed, Limits::default()), Arc::default());
        Self {
            swarm: swarm.unwrap(),
        }
    }

    async fn event(&mut self) -> SwarmEvent<BehaviourEvent> {
        timeout(PATIENCE, self.swarm.select_next_some())
            .await
            .expect("an event in time")
    }

    /// Dials; none when the connection is not established or closed again.
    async fn dial(&mut self, victim: &Victim) -> Option<ConnectionId> {
        let place = address::parse(&victim.address).unwrap().place;
        self.swarm.dial(place).unwrap();
        loop {
            match self.event().await {
                SwarmEvent::ConnectionEstablished { connection_id, .. } => {
                    return Some(connection_id);
                }
                SwarmEvent::OutgoingConnectionError { .. } => return None,
                _ => {}
            }
        }
    }

    /// Waits until every connection is closed.
    async fn closed(&mut self) {
        while !matches!(
            self.event().await,
            SwarmEvent::ConnectionClosed {
                num_established: 0,
                ..
            }
        ) {}
    }

    /// Opens a stream; none when the victim does not speak the protocol or cuts us off.
    async fn open(&mut self, on: ConnectionId, door: Door) -> Option<Stream> {
        let victim = address::to_peer_id(&key(1)).unwrap();
        let gate = &mut self.swarm.behaviour_mut().gate;
        gate.open(victim, on, door, 1);
        loop {
            let passed = match self.event().await {
                SwarmEvent::Behaviour(BehaviourEvent::Gate(passed)) => passed,
                SwarmEvent::ConnectionClosed { .. } => return None,
                _ => continue,
            };
            match passed.report {
                Report::Opened { stream, .. } => return Some(stream),
                Report::Failed { not_spoken, .. } => {
                    assert!(not_spoken);
                    return None;
                }
                _ => {}
            }
        }
    }

    /// Opens the member protocol and writes raw bytes to it.
    async fn write(&mut self, victim: &Victim, bytes: &[u8]) -> Stream {
        let connection = self.dial(victim).await.expect("a connection");
        let mut stream = self.open(connection, Door::Member).await.expect("a stream");
        stream.write_all(bytes).await.unwrap();
        stream.flush().await.unwrap();
        stream
    }
}

#[tokio::test]
async fn an_oversized_frame_is_refused_at_its_header_and_the_node_lives_on() {
    let mut victim = Victim::start(Limits::default(), &[2, 3]).await;
    let mut hostile = Hostile::new(2);
    let _stream = hostile.write(&victim, &[0x7f, 0xff, 0xff, 0xff]).await;
    victim.cut_off().await;
    assert_eq!(victim.faults(), BTreeMap::from([(Fault::Oversized, 1)]));
    hostile.closed().await;

    // It is kept out: a connection is closed before any protocol is spoken.
    if hostile.dial(&victim).await.is_some() {
        hostile.closed().await;
    }
    assert!(victim.network.statistics().connections_refused >= 1);
    victim.lives_on().await;
}

#[tokio::test]
async fn an_empty_frame_is_garbage_and_the_node_lives_on() {
    let mut victim = Victim::start(Limits::default(), &[2, 3]).await;
    let mut hostile = Hostile::new(2);
    let _stream = hostile.write(&victim, &[0, 0, 0, 1, 7, 0, 0, 0, 0]).await;
    victim.cut_off().await;
    assert_eq!(victim.faults(), BTreeMap::from([(Fault::Garbage, 1)]));
    victim.lives_on().await;
}

#[tokio::test]
async fn more_frames_than_the_rate_and_its_burst_are_a_flood() {
    let limits = Limits {
        frames_per_second: 2,
        frames_burst: 1_000,
        ..Limits::default()
    };
    let mut victim = Victim::start(limits, &[2, 3]).await;
    let mut hostile = Hostile::new(2);
    let frames = [0, 0, 0, 1, 7].repeat(4_000);
    let _stream = hostile.write(&victim, &frames).await;
    victim.cut_off().await;
    assert_eq!(victim.faults(), BTreeMap::from([(Fault::Flood, 1)]));
    victim.lives_on().await;
}

#[tokio::test]
async fn opening_stream_after_stream_is_a_flood() {
    let limits = Limits {
        streams_per_minute: 3,
        ..Limits::default()
    };
    let mut victim = Victim::start(limits, &[2, 3]).await;
    let mut hostile = Hostile::new(2);
    let connection = hostile.dial(&victim).await.unwrap();
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.extend(hostile.open(connection, Door::Member).await);
    }
    victim.cut_off().await;
    assert_eq!(victim.faults(), BTreeMap::from([(Fault::Flood, 1)]));
    victim.lives_on().await;
}

#[tokio::test]
async fn a_stranger_is_not_offered_the_member_protocol() {
    let victim = Victim::start(Limits::default(), &[3]).await;
    let mut stranger = Hostile::new(2);
    let connection = stranger.dial(&victim).await.unwrap();
    assert!(stranger.open(connection, Door::Member).await.is_none());
    assert!(stranger.open(connection, Door::Application).await.is_some());
}

#[tokio::test]
async fn an_oversized_request_is_a_fault_of_the_stranger() {
    let mut victim = Victim::start(Limits::default(), &[3]).await;
    let mut stranger = Hostile::new(2);
    let connection = stranger.dial(&victim).await.unwrap();
    let mut stream = stranger.open(connection, Door::Application).await.unwrap();
    stream.write_all(&[0, 1, 0, 1]).await.unwrap();
    stream.flush().await.unwrap();
    stranger.closed().await;
    assert_eq!(victim.faults(), BTreeMap::from([(Fault::Oversized, 1)]));
    victim.lives_on().await;
}

#[tokio::test]
async fn a_request_nobody_takes_is_answered_with_busy() {
    let mut victim = Victim::start(Limits::default(), &[]).await;
    let mut stranger = Hostile::new(2);
    let connection = stranger.dial(&victim).await.unwrap();
    let mut stream = stranger.open(connection, Door::Application).await.unwrap();
    stream.write_all(&[0, 0, 0, 1, 7]).await.unwrap();
    stream.flush().await.unwrap();
    drop(victim.next().await);
    tokio::spawn(async move { while stranger.swarm.next().await.is_some() {} });
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, [1]);
}

#[tokio::test]
async fn strangers_have_few_connections_and_members_are_let_in_all_the_same() {
    let mut limits = Limits::default();
    limits.applicants.connections_max = 1;
    let mut victim = Victim::start(limits, &[3]).await;
    let (mut first, mut second) = (Hostile::new(2), Hostile::new(4));
    let connection = first.dial(&victim).await.unwrap();
    assert!(first.open(connection, Door::Application).await.is_some());
    if second.dial(&victim).await.is_some() {
        second.closed().await;
    }
    assert_eq!(victim.network.statistics().connections_refused, 1);
    victim.lives_on().await;
}

#[tokio::test]
async fn one_address_cannot_take_every_place_of_the_strangers() {
    let mut limits = Limits::default();
    limits.applicants.connections_per_host_max = 1;
    let victim = Victim::start(limits, &[]).await;
    let (mut first, mut second) = (Hostile::new(2), Hostile::new(4));
    assert!(first.dial(&victim).await.is_some());
    let connection = second.dial(&victim).await;
    if let Some(connection) = connection {
        assert!(second.open(connection, Door::Application).await.is_none());
    }
    assert_eq!(victim.network.statistics().connections_refused, 1);
}

#[tokio::test]
async fn a_stranger_that_does_nothing_is_disconnected() {
    let mut limits = Limits::default();
    limits.applicants.idle_timeout = Duration::from_millis(200);
    let victim = Victim::start(limits, &[]).await;
    let mut stranger = Hostile::new(2);
    stranger.dial(&victim).await.unwrap();
    stranger.closed().await;
}

#[tokio::test]
async fn a_stranger_that_keeps_a_stream_open_is_disconnected_too() {
    let mut limits = Limits::default();
    limits.applicants.lifetime = Duration::from_millis(500);
    let victim = Victim::start(limits, &[]).await;
    let mut stranger = Hostile::new(2);
    let connection = stranger.dial(&victim).await.unwrap();
    // On a slow machine the time may be over already.
    if let Some(_stream) = stranger.open(connection, Door::Application).await {
        stranger.closed().await;
    }
}

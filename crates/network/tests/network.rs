//! Real sockets on the loopback: what a node sees of its network.

use std::{
    collections::BTreeMap,
    net::TcpListener,
    time::{Duration, SystemTime},
};

use domain::key::{PublicKey, SecretKey};
use network::{Event, Events, Fault, Limits, Network, NetworkError, Settings, peer_id};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener as AsyncListener, TcpStream},
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(60);

struct Node {
    network: Network,
    events: Events,
    key: PublicKey,
    address: String,
}

fn settings(seed: u8, listen: &str) -> Settings {
    Settings {
        listen: vec![listen.to_owned()],
        secret: SecretKey::from_seed(&[seed; 32]),
        federation: Some("test".to_owned()),
        limits: Limits::default(),
    }
}

async fn start(settings: Settings) -> Node {
    let key = settings.secret.public();
    let (network, events) = Network::start(settings).await.expect("the node starts");
    let address = network.listening().await.remove(0);
    Node {
        network,
        events,
        key,
        address,
    }
}

async fn node(seed: u8) -> Node {
    start(settings(seed, "/ip4/127.0.0.1/tcp/0")).await
}

impl Node {
    /// The next event that is not about listening.
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

    async fn connected(&mut self) -> PublicKey {
        loop {
            match self.next().await {
                Event::Connected { peer } => return peer,
                Event::DialFailed { .. } => {}
                event => panic!("expected Connected, got {event:?}"),
            }
        }
    }

    async fn disconnected(&mut self) -> PublicKey {
        loop {
            match self.next().await {
                Event::Disconnected { peer } => return peer,
                Event::Connected { .. } => panic!("connected twice"),
                _ => {}
            }
        }
    }

    async fn frame(&mut self) -> Vec<u8> {
        match self.next().await {
            Event::Frame { bytes, .. } => bytes,
            event => panic!("expected a frame, got {event:?}"),
        }
    }

    async fn roster(&self, members: &[(PublicKey, &[&str])]) {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let roster = members.iter().map(|(key, all)| (*key, texts(all)));
        self.network.set_roster(roster.collect()).await;
    }

    /// Answers every application request with its reverse.
    fn answer_everything(self) {
        tokio::spawn(async move {
            // The whole node: without its handle the network would stop.
            let mut node = self;
            while let Some(event) = node.events.recv().await {
                if let Event::Application {
                    mut request, reply, ..
                } = event
                {
                    request.reverse();
                    let _ = reply.send(request);
                }
            }
        });
    }
}

async fn pair() -> (Node, Node) {
    let (mut anna, mut bela) = (node(1).await, node(2).await);
    anna.roster(&[(bela.key, &[&bela.address])]).await;
    bela.roster(&[(anna.key, &[&anna.address])]).await;
    assert_eq!(anna.connected().await, bela.key);
    assert_eq!(bela.connected().await, anna.key);
    (anna, bela)
}

#[tokio::test]
async fn two_members_that_dial_each_other_connect_once_and_exchange_frames_in_order() {
    let (mut anna, mut bela) = pair().await;
    let largest = vec![9; Limits::default().frame_bytes_max];
    anna.network.send(bela.key, largest.clone()).unwrap();
    for number in 0..1_000_u32 {
        let frame = number.to_be_bytes().to_vec();
        anna.network.send(bela.key, frame.clone()).unwrap();
        bela.network.send(anna.key, frame).unwrap();
    }
    assert!(bela.frame().await == largest);
    for number in 0..1_000_u32 {
        assert_eq!(anna.frame().await, number.to_be_bytes());
        assert_eq!(bela.frame().await, number.to_be_bytes());
    }
    let peers = anna.network.peers().await;
    assert_eq!(peers.len(), 1);
    assert_eq!(peers[0].key, bela.key);
    assert_eq!(peers[0].bytes_in, 4_000);
}

#[tokio::test]
async fn what_is_no_frame_for_a_connected_member_is_refused_at_once() {
    let (anna, bela) = pair().await;
    let large = vec![0; Limits::default().frame_bytes_max + 1];
    let refused = anna.network.send(bela.key, large);
    assert!(matches!(refused, Err(NetworkError::Size { .. })));
    let refused = anna.network.send(bela.key, vec![]);
    assert!(matches!(refused, Err(NetworkError::Size { .. })));
    let stranger = SecretKey::from_seed(&[9; 32]).public();
    let refused = anna.network.send(stranger, vec![1]);
    assert!(matches!(refused, Err(NetworkError::NotConnected { .. })));
}

#[tokio::test]
async fn a_stranger_reaches_the_application_protocol_and_never_connects() {
    let (mut anna, stranger) = (node(1).await, node(3).await);
    let (anna_key, anna_address) = (anna.key, anna.address.clone());
    let stranger_key = stranger.key;
    // The stranger takes itself for a member and tries to open the member protocol.
    stranger.roster(&[(anna_key, &[&anna_address])]).await;
    let asking = tokio::spawn(async move {
        let answer = stranger
            .network
            .request(&anna_address, b"may I".to_vec())
            .await;
        (stranger, answer)
    });
    match anna.next().await {
        Event::Application {
            from,
            request,
            reply,
        } => {
            assert_eq!((from, request), (stranger_key, b"may I".to_vec()));
            assert!(reply.send(b"ask two members".to_vec()));
        }
        event => panic!("expected a request, got {event:?}"),
    }
    let (stranger, answer) = asking.await.unwrap();
    assert_eq!(answer.unwrap(), b"ask two members");
    assert!(anna.network.peers().await.is_empty());
    assert!(stranger.network.peers().await.is_empty());
    let refused = stranger.network.send(anna_key, vec![1]);
    assert!(matches!(refused, Err(NetworkError::NotConnected { .. })));
}

#[tokio::test]
async fn a_stranger_becomes_a_member_on_its_connection_and_is_put_out_again() {
    // Anna would never close a stranger's connection, so only putting Bela out can.
    let mut patient = settings(1, "/ip4/127.0.0.1/tcp/0");
    patient.limits.applicants.idle_timeout = Duration::from_secs(3_600);
    patient.limits.applicants.lifetime = Duration::from_secs(3_600);
    let (mut anna, mut bela) = (start(patient).await, node(2).await);
    // Bela dials Anna as a stranger; neither knows an address of the other afterwards.
    bela.roster(&[(anna.key, &[&anna.address])]).await;
    let address = anna.address.clone();
    let (answered, ()) = tokio::join!(bela.network.request(&address, b"?".to_vec()), async {
        // Dropping the event drops the reply in it.
        drop(anna.next().await);
    });
    assert!(matches!(answered, Err(NetworkError::Busy { .. })));
    bela.roster(&[(anna.key, &[])]).await;

    let before = SystemTime::now();
    anna.roster(&[(bela.key, &[])]).await;
    assert_eq!(anna.connected().await, bela.key);
    assert_eq!(bela.connected().await, anna.key);
    assert!(anna.network.peers().await[0].connected_since < before);
    bela.network.send(anna.key, b"hello".to_vec()).unwrap();
    assert_eq!(anna.frame().await, b"hello");

    anna.roster(&[]).await;
    assert_eq!(anna.disconnected().await, bela.key);
    assert_eq!(bela.disconnected().await, anna.key);
    let refused = anna.network.send(bela.key, vec![1]);
    assert!(matches!(refused, Err(NetworkError::NotConnected { .. })));
}

#[tokio::test]
async fn a_port_in_use_is_reported_with_its_address() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("/ip4/127.0.0.1/tcp/{}", taken.local_addr().unwrap().port());
    let error = Network::start(settings(1, &address)).await.unwrap_err();
    assert!(matches!(&error, NetworkError::PortInUse { address: told, .. } if *told == address));
    assert!(error.to_string().contains("the port is in use"));

    // The transport itself would share the port of another node.
    let anna = node(1).await;
    let address = anna.address.split("/p2p/").next().unwrap().to_owned();
    let error = Network::start(settings(2, &address)).await.unwrap_err();
    assert!(matches!(error, NetworkError::PortInUse { .. }));
}

#[tokio::test]
async fn members_meet_again_after_one_restarts_on_its_port() {
    let (mut anna, bela) = pair().await;
    let place = bela.address.split("/p2p/").next().unwrap().to_owned();
    let anna_key = anna.key;
    bela.network.shutdown().await;
    assert_eq!(anna.disconnected().await, bela.key);

    let mut bela = start(settings(2, &place)).await;
    // Only Anna knows an address, so it is Anna who dials again.
    bela.roster(&[(anna_key, &[])]).await;
    assert_eq!(anna.connected().await, bela.key);
    assert_eq!(bela.connected().await, anna_key);
    anna.network.send(bela.key, b"again".to_vec()).unwrap();
    assert_eq!(bela.frame().await, b"again");
}

#[tokio::test]
async fn a_member_that_does_not_read_is_cut_off_and_memory_stays_bounded() {
    let small = |seed| {
        let mut settings = settings(seed, "/ip4/127.0.0.1/tcp/0");
        settings.limits.frame_bytes_max = 64 * 1024;
        settings.limits.received_bytes_max = 256 * 1024;
        settings.limits.queue_bytes_max = 1024 * 1024;
        settings.limits.events_max = 4;
        settings.limits.stall_timeout = Duration::from_secs(1);
        settings
    };
    let (mut anna, mut bela) = (start(small(1)).await, start(small(2)).await);
    anna.roster(&[(bela.key, &[&bela.address])]).await;
    bela.roster(&[(anna.key, &[])]).await;
    anna.connected().await;
    // From here on nobody takes Bela's events.
    let mut accepted = 0;
    let mut dropped = 0;
    let frame = vec![7; 32 * 1024];
    let gone = loop {
        match anna.network.send(bela.key, frame.clone()) {
            Ok(()) => accepted += frame.len(),
            Err(NetworkError::QueueFull { .. }) => dropped += 1,
            Err(_) => break anna.disconnected().await,
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(gone, bela.key);
    assert!(dropped > 0);
    assert!(accepted < 16 * 1024 * 1024, "{accepted} bytes accepted");
    assert_eq!(anna.network.statistics().frames_dropped, dropped);
    // Once Bela reads, they meet again.
    tokio::spawn(async move { while bela.events.recv().await.is_some() {} });
    assert_eq!(anna.connected().await, bela.key);
}

#[tokio::test]
async fn another_node_at_the_address_is_refused() {
    let (mut anna, bela, carla) = (node(1).await, node(2).await, node(3).await);
    let place = bela.address.split("/p2p/").next().unwrap().to_owned();
    let wrong = format!("{place}/p2p/{}", peer_id(&carla.key).unwrap());
    let error = anna
        .network
        .request(&wrong, b"?".to_vec())
        .await
        .unwrap_err();
    match error {
        NetworkError::OtherIdentity {
            expected, found, ..
        } => {
            assert_eq!(expected, peer_id(&carla.key).unwrap());
            assert_eq!(found, peer_id(&bela.key).unwrap());
        }
        error => panic!("expected another identity, got {error}"),
    }
    // The same for a member that is dialled.
    anna.roster(&[(carla.key, &[&place])]).await;
    match anna.next().await {
        Event::DialFailed { peer, error, .. } => {
            assert_eq!(peer, carla.key);
            assert!(error.contains("another node answered"), "{error}");
        }
        event => panic!("expected a failed dial, got {event:?}"),
    }
}

#[tokio::test]
async fn a_request_needs_no_peer_id_and_reaches_nobody_where_nobody_is() {
    let (anna, bela) = (node(1).await, node(2).await);
    let place = bela.address.split("/p2p/").next().unwrap().to_owned();
    bela.answer_everything();
    let answer = anna.network.request(&place, b"abc".to_vec()).await;
    assert_eq!(answer.unwrap(), b"cba");

    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let nobody = format!("/ip4/127.0.0.1/tcp/{}", nobody.port());
    let error = anna
        .network
        .request(&nobody, b"?".to_vec())
        .await
        .unwrap_err();
    assert!(matches!(error, NetworkError::Unreachable { .. }), "{error}");
    let own = anna.network.listening().await.remove(0);
    let error = anna.network.request(&own, b"?".to_vec()).await.unwrap_err();
    assert!(matches!(error, NetworkError::OwnAddress { .. }), "{error}");
    let large = vec![0; 64 * 1024 + 1];
    let error = anna.network.request(&place, large).await.unwrap_err();
    assert!(matches!(error, NetworkError::Size { .. }), "{error}");
}

#[tokio::test]
async fn a_stranger_that_asks_too_often_is_kept_out() {
    let (anna, bela) = (node(1).await, node(2).await);
    let network = bela.network.clone();
    let place = bela.address.clone();
    bela.answer_everything();
    for _ in 0..10 {
        assert!(anna.network.request(&place, b"?".to_vec()).await.is_ok());
    }
    assert!(anna.network.request(&place, b"?".to_vec()).await.is_err());
    assert_eq!(
        network.statistics().faults,
        BTreeMap::from([(Fault::Flood, 1)])
    );
    assert!(anna.network.request(&place, b"?".to_vec()).await.is_err());
    assert_eq!(network.statistics().requests_refused, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_asks_again_at_once_is_answered_though_its_connection_ends() {
    let bela = node(2).await;
    let place = bela.address.clone();
    bela.answer_everything();
    for stranger in 3..8 {
        let stranger = node(stranger).await;
        for _ in 0..8 {
            let answer = stranger.network.request(&place, b"?".to_vec()).await;
            assert!(answer.is_ok(), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_member_of_another_federation_is_cut_off() {
    let mut other = settings(2, "/ip4/127.0.0.1/tcp/0");
    other.federation = Some("other".to_owned());
    let (anna, bela) = (node(1).await, start(other).await);
    anna.roster(&[(bela.key, &[&bela.address])]).await;
    bela.roster(&[(anna.key, &[])]).await;
    // Whether a session began before is a matter of luck, so events tell nothing; and who hears first of
    // which federation the other is: it cuts the other off, which may not have heard yet.
    let faults = || [&anna, &bela].map(|node| node.network.statistics().faults);
    let cut_off = async {
        while faults().iter().all(BTreeMap::is_empty) {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, cut_off).await.unwrap();
    for (node, faults) in [&anna, &bela].into_iter().zip(faults()) {
        if !faults.is_empty() {
            assert_eq!(faults, BTreeMap::from([(Fault::OtherFederation, 1)]));
            assert!(node.network.peers().await.is_empty());
        }
    }
}

#[tokio::test]
async fn a_penalised_member_is_disconnected_and_counted() {
    let (mut anna, mut bela) = pair().await;
    anna.network.penalise(bela.key).await;
    assert_eq!(anna.disconnected().await, bela.key);
    assert_eq!(bela.disconnected().await, anna.key);
    let faults = anna.network.statistics().faults;
    assert_eq!(faults, BTreeMap::from([(Fault::Misbehaviour, 1)]));
}

#[tokio::test]
async fn a_silent_connection_is_closed_though_its_socket_stays_open() {
    let proxy = AsyncListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("/ip4/127.0.0.1/tcp/{}", proxy.local_addr().unwrap().port());
    let mut impatient = settings(1, "/ip4/127.0.0.1/tcp/0");
    impatient.limits.ping_interval = Duration::from_millis(200);
    impatient.limits.silence_timeout = Duration::from_secs(2);
    let (mut anna, mut bela) = (start(impatient).await, node(2).await);
    let behind = bela.address.split('/').nth(4).unwrap().to_owned();
    let forward = tokio::spawn(async move {
        let (mut near, _) = proxy.accept().await.unwrap();
        let mut far = TcpStream::connect(format!("127.0.0.1:{behind}"))
            .await
            .unwrap();
        let _ = timeout(
            Duration::from_secs(3),
            copy_bidirectional(&mut near, &mut far),
        )
        .await;
        // The sockets stay open and nothing passes any more.
        (proxy, near, far)
    });
    anna.roster(&[(bela.key, &[&at])]).await;
    bela.roster(&[(anna.key, &[])]).await;
    assert_eq!(anna.connected().await, bela.key);
    assert_eq!(bela.connected().await, anna.key);
    let open = forward.await.unwrap();
    assert_eq!(anna.disconnected().await, bela.key);
    drop(open);
}

#[tokio::test]
async fn after_a_shutdown_events_end_and_everything_says_so() {
    let (mut anna, bela) = pair().await;
    let handle = anna.network.clone();
    anna.network.shutdown().await;
    while anna.events.recv().await.is_some() {}
    assert!(handle.listening().await.is_empty());
    assert!(handle.peers().await.is_empty());
    let refused = handle.send(bela.key, vec![1]);
    assert!(matches!(refused, Err(NetworkError::NotConnected { .. })));
    let error = handle.request(&bela.address, vec![1]).await.unwrap_err();
    assert!(matches!(error, NetworkError::ShutDown));
}

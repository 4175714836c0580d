//! Strangers at the ports.

use std::{collections::BTreeMap, io, time::Duration};

use domain::key::SecretKey;
use end_to_end::{
    coop::Coop,
    federation::{Federation, charter},
    http::{self, Client},
    story::story,
    wait,
};
use network::{Limits, Network, NetworkError, Settings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The head of a request has to be there after this at the latest; longer than the node waits.
const SLOW_SECONDS: u64 = 45;

async fn federation() -> Federation {
    Federation::found(&["Alder", "Birch"], &charter(3_600)).await
}

/// Both go on voting, which shows that nothing was harmed.
async fn all_is_well(federation: &mut Federation) {
    federation.meet().await;
    let id = federation.coops[0].put_to_the_vote("Is all well?").await;
    federation.coops[1].knows(&id).await;
    federation.coops[1].vote(&id, "agree").await;
    federation.shows(&id, &["-", "agree"], 10).await;
}

#[test]
fn an_outsiders_node_reaches_the_application_protocol_and_nothing_else() {
    story(120, async {
        let mut federation = federation().await;
        let alder = &federation.coops[0];
        let node = alder.api("/api/status").await["node"].take();
        let node = node.as_str().unwrap().parse().unwrap();
        let address = format!("/ip4/127.0.0.1/tcp/{}", alder.port);
        let settings = Settings {
            listen: Vec::new(),
            secret: SecretKey::from_seed(&[7; 32]),
            federation: None,
            limits: Limits {
                redial_min: Duration::from_millis(50),
                ..Limits::default()
            },
        };
        let (outsider, mut events) = Network::start(settings).await.unwrap();

        let to = format!("{address}/p2p/{}", network::peer_id(&node).unwrap());
        let answer = outsider.request(&to, b"let me in".to_vec()).await;
        // It answers, if only that it does not understand, or says so by closing the stream.
        assert!(
            !matches!(
                answer,
                Err(NetworkError::Unreachable { .. } | NetworkError::NotSpoken { .. })
            ),
            "{answer:?}"
        );

        outsider
            .set_roster(BTreeMap::from([(node, vec![address])]))
            .await;
        let let_in = tokio::time::timeout(Duration::from_secs(3), async {
            loop {
                match events.recv().await {
                    Some(network::Event::Connected { .. } | network::Event::Frame { .. }) => return,
                    Some(_) => {}
                    None => std::future::pending().await,
                }
            }
        });
        assert!(
            let_in.await.is_err(),
            "an outsider was let in to the member protocol"
        );
        outsider.shutdown().await;
        all_is_well(&mut federation).await;
    });
}

#[test]
fn garbage_on_the_port_of_a_node_harms_nothing() {
    story(120, async {
        let mut federation = federation().await;
        let port = federation.coops[0].port;
        let mut ends = Vec::new();
        for number in 0..24_u8 {
            let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else {
                continue;
            };
            let garbage: Vec<u8> = match number % 4 {
                0 => b"GET / HTTP/1.1\r\nhost: there\r\n\r\n".to_vec(),
                1 => vec![0xff; 64 * 1024],
                2 => b"\x13/multistream/1.0.0\n\x07/noise\n\xff\xff".to_vec(),
                _ => (0..8_192_u32)
                    .map(|at| (at * 31 % 251) as u8 ^ number)
                    .collect(),
            };
            ends.push(tokio::spawn(async move {
                // It may be cut off at any moment, which is what is wanted.
                let _ = stream.write_all(&garbage).await;
                let mut answer = Vec::new();
                let _ = stream.read_to_end(&mut answer).await;
            }));
        }
        all_is_well(&mut federation).await;
        for end in ends {
            wait::within("garbage is cut off", 60, end).await.unwrap();
        }
        assert!(!federation.coops[0].running().has_ended());
    });
}

#[test]
fn a_request_of_a_hundred_megabytes_is_refused_before_it_fills_anything() {
    story(90, async {
        let mut federation = federation().await;
        let web = federation.coops[0].web;
        let length = 100 * 1024 * 1024;
        let head = format!(
            "POST /sign-in HTTP/1.1\r\nhost: {web}\r\norigin: http://{web}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n"
        );
        let mut stream = TcpStream::connect(web).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let (mut read, mut write) = stream.into_split();
        let sending = tokio::spawn(async move {
            let chunk = vec![b'a'; 1024 * 1024];
            for _ in 0..100 {
                write.write_all(&chunk).await?;
            }
            // Kept open: to stop sending in the middle means to have gone away.
            io::Result::Ok(write)
        });
        let mut answer = vec![0; 12];
        wait::within("it is answered", 30, read.read_exact(&mut answer))
            .await
            .unwrap();
        assert_eq!(answer, b"HTTP/1.1 413");
        sending.abort();
        assert!(memory_kilobytes(&mut federation.coops[0]) < 256 * 1024);
        all_is_well(&mut federation).await;
    });
}

fn memory_kilobytes(coop: &mut Coop) -> u64 {
    let id = coop.running().id().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn requests_that_are_slow_from_elsewhere_or_for_another_host_are_refused() {
    story(120, async {
        let mut federation = federation().await;
        let web = federation.coops[0].web;
        let mut slow = TcpStream::connect(web).await.unwrap();
        slow.write_all(format!("GET / HTTP/1.1\r\nhost: {web}\r\nx-slow: ").as_bytes())
            .await
            .unwrap();

        let mut client = Client::of(web);
        let other = client
            .send("GET", "/sign-in", &[("host", "moot.example.org")], "")
            .await;
        let other = other.unwrap();
        assert!((400..500).contains(&other.status), "{other:#?}");

        let mut steward = federation.coops[0].client();
        let _ = steward.get("/").await;
        let mut browser = federation.coops[0].sign_in_again().await;
        let page = browser.get("/account").await.expect(200);
        let token = http::hidden(&page.body, "csrf").unwrap();
        let form = http::form(&[("label", "stolen"), ("csrf", &token)]);
        for headers in [
            [
                ("origin", "http://evil.example"),
                ("sec-fetch-site", "cross-site"),
            ],
            [("origin", "null"), ("sec-fetch-site", "cross-site")],
        ] {
            let kind = ("content-type", "application/x-www-form-urlencoded");
            let headers = [headers[0], headers[1], kind];
            let refused = browser
                .send("POST", "/account/tokens", &headers, &form)
                .await
                .unwrap();
            assert_eq!(refused.status, 403, "{refused:#?}");
        }
        let wrong = browser
            .post("/account/tokens", &[("label", "stolen"), ("csrf", "no")])
            .await;
        assert!((400..500).contains(&wrong.status), "{wrong:#?}");
        let page = browser.get("/account").await.expect(200);
        assert!(!page.body.contains("stolen"));

        let mut end = Vec::new();
        let cut = wait::within(
            "the slow request is cut off",
            SLOW_SECONDS,
            slow.read_to_end(&mut end),
        );
        let _ = cut.await;
        all_is_well(&mut federation).await;
    });
}

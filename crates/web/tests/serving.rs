//! The server over real connections.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use support::World;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};
use web::{WebError, serve};

const PATIENCE: Duration = Duration::from_secs(20);

struct Running {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    done: JoinHandle<Result<(), WebError>>,
}

async fn start(world: &World) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let site = world.site.clone();
    let done = tokio::spawn(serve(listener, site, async { drop(stopped.await) }));
    Running {
        address,
        stop,
        done,
    }
}

async fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut found = Vec::new();
    let work = async {
        loop {
            let mut bytes = [0; 4096];
            let count = stream.read(&mut bytes).await.unwrap();
            found.extend_from_slice(&bytes[..count]);
            let so_far = String::from_utf8_lossy(&found).into_owned();
            if count == 0 || so_far.contains(text) {
                return so_far;
            }
        }
    };
    timeout(PATIENCE, work).await.expect("an answer in time")
}

#[tokio::test]
async fn a_change_reaches_an_open_page_and_the_stream_ends_at_shutdown() {
    let world = World::with_alice().await;
    let cookie = world.alice().await.cookie.unwrap();
    let running = start(&world).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let request = format!("GET /events HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = read_until(&mut stream, ": open").await;
    assert!(head.contains("text/event-stream"), "{head}");
    world
        .node
        .changes
        .send(federation::Change::Members)
        .unwrap();
    let event = read_until(&mut stream, "members").await;
    assert!(event.contains("event: change"), "{event}");

    running.stop.send(()).unwrap();
    let rest = read_until(&mut stream, "no such text").await;
    assert!(!rest.contains("members"));
    timeout(PATIENCE, running.done)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn a_hundred_megabytes_get_an_answer_that_says_the_limit() {
    let world = World::new();
    let running = start(&world).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let length = 100 << 20;
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..100 {
        stream.write_all(&chunk).await.unwrap();
    }
    let answer = read_until(&mut stream, "KiB").await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("1024 KiB"), "{answer}");
    running.stop.send(()).unwrap();
    timeout(PATIENCE, running.done)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn garbage_instead_of_a_request_harms_nobody() {
    let world = World::new();
    let running = start(&world).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream
        .write_all(&[0x16, 3, 1, 0, 0, 0xff, b'\r', b'\n', b'\r', b'\n'])
        .await
        .unwrap();
    let answer = read_until(&mut stream, "no such text").await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream
        .write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let answer = read_until(&mut stream, "ready").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    running.stop.send(()).unwrap();
    timeout(PATIENCE, running.done)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

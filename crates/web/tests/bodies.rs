//! How much of what is sent is held, and of whom.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::convert::Infallible;

use axum::{
    body::{Body, Bytes},
    http::{Request, StatusCode},
};
use futures::{Stream, StreamExt, stream};
use support::{Answer, Browser, World};
use tokio::task::JoinHandle;

const KIBIBYTE: usize = 1024;
const ATTACH: &str = "/documents/00000000000000000000000000000000/attachments";

/// So much of a body, and then nothing more.
fn hanging(bytes: usize) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    let sizes = (0..bytes / KIBIBYTE).map(|_| Ok(Bytes::from_static(&[b'x'; KIBIBYTE])));
    stream::iter(sizes).chain(stream::pending())
}

fn request(path: &str, body: Body) -> Request<Body> {
    let request = Request::post(path)
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(body);
    request.unwrap()
}

/// Sends so much of a body and holds on; what it sent has been read when this returns.
async fn hold(browser: &Browser, path: &str, bytes: usize) -> JoinHandle<Answer> {
    let (taken, all) = tokio::sync::oneshot::channel::<()>();
    let mut taken = Some(taken);
    let rest = stream::poll_fn(move |_| {
        drop(taken.take());
        std::task::Poll::<Option<Result<Bytes, Infallible>>>::Pending
    });
    let chunks = (0..bytes / KIBIBYTE).map(|_| Ok(Bytes::from_static(&[b'x'; KIBIBYTE])));
    let body = Body::from_stream(stream::iter(chunks).chain(rest));
    let (mut browser, path) = (browser.clone(), path.to_owned());
    let held = tokio::spawn(async move { browser.send(request(&path, body)).await });
    let _ = all.await;
    held
}

#[tokio::test(start_paused = true)]
async fn of_a_long_body_nothing_is_awaited_before_its_sender_is_known() {
    let world = World::with_alice().await;
    let mut stranger = world.browser();
    let mut forger = world.browser();
    forger.cookie = Some("folkmoot-00000000=AAAA".to_owned());
    for path in [ATTACH, "/acts/submit", "/api/acts/prepare", "/sign-in"] {
        for browser in [&mut stranger, &mut forger] {
            let body = Body::from_stream(hanging(65 * KIBIBYTE));
            let answer = browser.send(request(path, body)).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        }
    }
    // What says its length is refused before any of it is read.
    let body = Body::from_stream(hanging(0));
    let mut announced = request(ATTACH, body);
    let length = (65 * KIBIBYTE).into();
    announced.headers_mut().insert("content-length", length);
    let answer = stranger.send(announced).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);

    let mut odd = request(ATTACH, Body::from_stream(hanging(65 * KIBIBYTE)));
    let token = "Bearer fmt_none".parse().unwrap();
    odd.headers_mut().insert("authorization", token);
    let answer = stranger.send(odd).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);

    // Of somebody who is signed in it is awaited.
    let body = Body::from_stream(hanging(65 * KIBIBYTE));
    let answer = world.alice().await.send(request(ATTACH, body)).await;
    assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn strangers_of_one_address_hold_a_share_and_nobody_who_is_signed_in_waits_for_them() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let stranger = world.browser();
    let mut held = Vec::new();
    for _ in 0..16 {
        held.push(hold(&stranger, "/sign-in", 64 * KIBIBYTE).await);
    }
    let mut further = stranger.clone();
    let answer = further.post("/sign-in", &[("name", "alice")]).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let fields = [("title", "Minutes"), ("text", "We met."), ("sort", "text")];
    let answer = alice.submit("/documents/new", "/documents", &fields).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    for one in held {
        assert_eq!(one.await.unwrap().status(), StatusCode::REQUEST_TIMEOUT);
    }
    assert_eq!(
        further.sign_in("alice", support::PASSWORD).await.status(),
        StatusCode::SEE_OTHER
    );
}

#[tokio::test(start_paused = true)]
async fn one_person_holds_a_share() {
    let world = World::with_alice().await;
    let alice = world.alice().await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(hold(&alice, ATTACH, 4 * KIBIBYTE * KIBIBYTE).await);
    }
    let further = hold(&alice, ATTACH, 65 * KIBIBYTE).await;
    let answer = further.await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    for one in held {
        assert_eq!(one.await.unwrap().status(), StatusCode::REQUEST_TIMEOUT);
    }
    let further = hold(&alice, ATTACH, 65 * KIBIBYTE).await;
    let answer = further.await.unwrap();
    assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
}

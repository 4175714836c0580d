//! What the gateway keeps from servers, and from nodes.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    body::{Body, Bytes},
    http::{Request, StatusCode},
};
use bigbluebutton::{
    Algorithm, Parameters, Secret,
    callback::{RECORDING_READY_URL, sign_analytics},
    checksum,
};
use domain::record::{FEATURES_MAX, Service};
use federation::meetings::{call::Method, wire::PART_BYTES_MAX};
use futures::stream;
use serde_json::json;
use support::{
    Answer, World,
    meetings::{FrontEnd, SECRET, describe, front_end, serve, server},
    program::Program,
    servers::LIAR,
};
use web::clock::Clock;

/// A federation with one server, and a front end.
async fn with_front_end() -> (World, FrontEnd) {
    let world = World::with_alice().await;
    let mut alice = Program::of_alice(&world).await;
    let open = describe(&world, 0, server("Montreal 1", "ca-east", Service::Open)).await;
    serve(&world, &[open]).await;
    let front = front_end(&world, &mut alice, "Greenlight").await;
    (world, front)
}

/// The parameters of the last call of a kind that a server was asked for.
fn asked(world: &World, method: Method) -> Parameters {
    let asked = world.asked.lock().unwrap();
    let last = asked.iter().rev().find(|call| call.method == method);
    Parameters::from_query(&last.unwrap().query).unwrap()
}

#[tokio::test]
async fn what_xml_cannot_carry_reaches_no_server() {
    let (world, mut front) = with_front_end().await;
    let long = "x".repeat(300);
    let query = format!("name=Weekly%EF%BF%BE&meetingID=weekly&meta_{long}=1&meta_origin=a%1Bb");
    let made = front.call("create", &query, SECRET).await;
    assert!(made.body.contains("SUCCESS"), "{}", made.body);
    let create = asked(&world, Method::Create);
    assert_eq!(create.get("name"), Some("Weekly"));
    assert_eq!(create.get("meta_origin"), Some("ab"));
    assert!(create.iter().all(|(name, _)| name.len() < 64));

    let query = "fullName=%EF%BF%BFAda&meetingID=weekly&role=VIEWER&userdata-a%20b=1&userdata-c=2";
    front.call("join", query, SECRET).await;
    let join = asked(&world, Method::Join);
    assert_eq!(join.get("fullName"), Some("Ada"));
    assert_eq!(join.get("userdata-a b"), None);
    assert_eq!(join.get("userdata-c"), Some("2"));
}

#[tokio::test]
async fn a_front_end_joins_no_meeting_to_another() {
    let (world, mut front) = with_front_end().await;
    let query = "name=Weekly&meetingID=weekly&isBreakout=true&parentMeetingID=anothers&sequence=1\
                 &freeJoin=true&breakoutRoomsEnabled=false";
    let made = front.call("create", query, SECRET).await;
    assert!(made.body.contains("SUCCESS"), "{}", made.body);
    let create = asked(&world, Method::Create);
    for left_out in ["isBreakout", "parentMeetingID", "sequence", "freeJoin"] {
        assert_eq!(create.get(left_out), None);
    }
    assert_eq!(create.get("breakoutRoomsEnabled"), Some("false"));
}

#[tokio::test]
async fn what_fits_into_no_message_is_planned_for_as_far_as_it_fits_or_refused() {
    let (_world, mut front) = with_front_end().await;
    for (meeting, more) in [
        ("a1", "meta_bbb-meeting-size-hint=4294967295"),
        ("a2", "meta_bbb-meeting-size-hint=18446744073709551616"),
        ("a3", "maxParticipants=4294967295"),
    ] {
        let query = format!("name=Weekly&meetingID={meeting}&{more}");
        let made = front.call("create", &query, SECRET).await;
        // No server bears as many as are planned for.
        assert!(!made.body.contains("documentTooLarge"), "{}", made.body);
    }
    let tags: Vec<String> = (0..=FEATURES_MAX)
        .map(|number| format!("feature-{number}!"))
        .collect();
    let mut refused = async |tags: &[String]| {
        let tags = tags.join("%3B");
        let query = format!("name=Weekly&meetingID=b1&meta_server-tag={tags}");
        front.call("create", &query, SECRET).await.body
    };
    let all = refused(&tags).await;
    assert!(all.contains("validationError"), "{all}");
    let fewer = refused(&tags[1..]).await;
    assert!(fewer.contains("serverUnavailable"), "{fewer}");
}

#[tokio::test]
async fn an_address_that_cannot_be_sealed_reaches_no_server() {
    let (world, mut front) = with_front_end().await;
    let mut create = async |length: usize| {
        let url = format!("https://front.example/{}", "x".repeat(length));
        let query = Parameters::new()
            .with("name", "Weekly")
            .with("meetingID", "weekly")
            .with(format!("meta_{RECORDING_READY_URL}"), url);
        front.call("create", &query.encode(), SECRET).await.body
    };
    let long = create(1_024).await;
    assert!(long.contains("validationError"), "{long}");
    assert!(world.asked.lock().unwrap().is_empty());
    let short = create(1_000).await;
    assert!(short.contains("SUCCESS"), "{short}");
    let asked = asked(&world, Method::Create);
    let sealed = asked.get("meta_bbb-recording-ready-url").unwrap();
    assert!(sealed.starts_with("folkmoot-sealed:"), "{sealed}");
}

/// A body that tells whether anybody read it.
fn watched(bytes: &'static [u8]) -> (Body, Arc<AtomicBool>) {
    let is_read = Arc::new(AtomicBool::new(false));
    let read = Arc::clone(&is_read);
    let mut rest = Some(Bytes::from_static(bytes));
    let chunks = stream::iter(std::iter::from_fn(move || {
        read.store(true, Ordering::SeqCst);
        rest.take().map(Ok::<_, std::io::Error>)
    }));
    (Body::from_stream(chunks), is_read)
}

async fn post(world: &World, path: &str, media_type: &str, body: Body) -> Answer {
    let request = Request::post(format!("/bigbluebutton/api/{path}"))
        .header("content-type", media_type)
        .body(body);
    world.browser().send(request.unwrap()).await
}

#[tokio::test]
async fn a_document_is_read_once_the_checksum_fits_and_no_fields_of_an_upload_go_on() {
    let (world, _front) = with_front_end().await;
    let signed = |secret: &str| {
        let secret = Secret::new(secret).unwrap();
        let query = "name=Weekly&meetingID=weekly";
        let query = checksum::sign(Algorithm::Sha256, "create", query, &secret);
        format!("create?{query}")
    };
    let (body, is_read) = watched(b"<modules/>");
    let stranger = signed("a secret nobody has");
    let refused = post(&world, &stranger, "application/xml", body).await;
    assert!(refused.body.contains("checksumError"), "{}", refused.body);
    assert!(!is_read.load(Ordering::SeqCst));

    let (body, is_read) = watched(b"<modules/>");
    let made = post(&world, &signed(SECRET), "application/xml", body).await;
    assert!(made.body.contains("SUCCESS"), "{}", made.body);
    assert!(is_read.load(Ordering::SeqCst));
    let passed_on = |world: &World| {
        let asked = world.asked.lock().unwrap();
        asked.last().unwrap().body.clone()
    };
    assert_eq!(passed_on(&world).unwrap().bytes, &b"<modules/>"[..]);

    let (body, _) = watched(b"--x\r\nContent-Disposition: form-data; name=record\r\n\r\ntrue");
    let parts = "multipart/form-data; boundary=x";
    let made = post(&world, &signed(SECRET), parts, body).await;
    assert!(made.body.contains("SUCCESS"), "{}", made.body);
    assert_eq!(passed_on(&world), None);
}

#[tokio::test]
async fn a_form_that_nobody_signed_for_yet_is_short() {
    let (world, _front) = with_front_end().await;
    let form = "application/x-www-form-urlencoded";
    let secret = Secret::new(SECRET).unwrap();
    let query = "name=Weekly&meetingID=weekly";
    let signed = checksum::sign(Algorithm::Sha512, "create", query, &secret);
    let made = post(&world, "create", form, Body::from(signed)).await;
    assert!(made.body.contains("SUCCESS"), "{}", made.body);
    let long = format!("{query}&welcome={}", "x".repeat(300 * 1024));
    let stranger = Secret::new("a secret nobody has").unwrap();
    let signed = checksum::sign(Algorithm::Sha512, "create", &long, &stranger);
    let refused = post(&world, "create", form, Body::from(signed)).await;
    assert!(
        refused.body.contains("documentTooLarge"),
        "{}",
        refused.body
    );
}

#[tokio::test]
async fn analytics_are_read_once_signed_and_only_if_they_can_be_passed_on() {
    let (world, front) = with_front_end().await;
    let mut alice = Program::of_alice(&world).await;
    let server = json!({
        "name": "Amsterdam 1", "url": "https://8.8.8.8/bigbluebutton/", "region": "eu-west",
        "secret": SECRET, "cores": 8,
    });
    let path = "/api/servers?check=false";
    let made = alice
        .call(axum::http::Method::POST, path, Some(&server))
        .await;
    assert_eq!(made.status(), StatusCode::CREATED, "{}", made.body);
    let server = made.json()["id"].as_str().unwrap().to_owned();
    let tell = async |secret: &str, body: Body| {
        let token = sign_analytics(world.clock.now().0 / 1_000, &Secret::new(secret).unwrap());
        let tenant = front.id;
        let path = format!("/bigbluebutton/callback/analytics/{server}/{tenant}/sealed");
        let request = Request::post(path)
            .header("authorization", format!("Bearer {token}"))
            .body(body);
        world.browser().send(request.unwrap()).await.status()
    };
    let (body, is_read) = watched(b"{}");
    let stranger = tell("a secret nobody has", body).await;
    assert_eq!(stranger, StatusCode::UNAUTHORIZED);
    assert!(!is_read.load(Ordering::SeqCst));
    let document = |bytes: usize| Body::from(format!("\"{}\"", "x".repeat(bytes - 2)));
    assert_eq!(tell(SECRET, document(PART_BYTES_MAX)).await, StatusCode::OK);
    let large = tell(SECRET, document(PART_BYTES_MAX + 1)).await;
    assert_eq!(large, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_server_is_believed_of_the_meetings_that_are_on_it_alone() {
    let (_world, mut front) = with_front_end().await;
    let query = format!("name={LIAR}&meetingID=weekly");
    let made = front.call("create", &query, SECRET).await;
    assert!(made.body.contains("SUCCESS"), "{}", made.body);
    let all = front.call("getMeetings", "", SECRET).await.body;
    assert_eq!(all.matches("<meeting>").count(), 1, "{all}");
    assert!(all.contains("<meetingID>weekly</meetingID>"), "{all}");
}

#[tokio::test]
async fn a_server_does_not_use_up_the_people_of_a_tenant_with_people_it_has_no_place_for() {
    let (world, mut front) = with_front_end().await;
    let mut alice = Program::of_alice(&world).await;
    let path = format!("/api/tenants/{}/limits", front.id);
    let limits = json!({ "participants_total_max": 1_000 });
    let set = alice
        .call(axum::http::Method::POST, &path, Some(&limits))
        .await;
    assert_eq!(set.status(), StatusCode::OK, "{}", set.body);
    let query = format!("name={LIAR}&meetingID=weekly");
    let made = front.call("create", &query, SECRET).await;
    assert!(made.body.contains("SUCCESS"), "{}", made.body);
    let join = "fullName=Ada&meetingID=weekly&role=VIEWER";
    let joined = front.call("join", join, SECRET).await;
    assert!(joined.status().is_redirection(), "{}", joined.body);
}

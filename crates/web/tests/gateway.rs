//! What the gateway keeps from servers, and from nodes.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use bigbluebutton::Parameters;
use domain::record::Service;
use federation::meetings::call::Method;
use support::{
    World,
    meetings::{FrontEnd, SECRET, describe, front_end, serve, server},
    program::Program,
};

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

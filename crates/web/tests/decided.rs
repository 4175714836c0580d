//! What the register decided of offices and hosts shows on the pages where people look for it.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::http::StatusCode;
use domain::{
    effect::{Effect, Someone},
    record,
};
use federation::Act;
use support::{ALICE, World, hosted::member_of, node::key};

#[tokio::test]
async fn a_circles_page_names_its_coordinator_by_decision_until_the_term_is_over() {
    let world = World::with_alice().await;
    world.begin_register().await;
    let own = member_of(&key(0, 1));
    let circle = record::Circle {
        nonce: [1; 16],
        name: "Servers".to_owned(),
        domain: "Servers.".to_owned(),
        rhythm: String::new(),
        ended: false,
    };
    let id = circle.id(own);
    world
        .node
        .act(key(0, 3), Act::Circle(circle))
        .await
        .unwrap();
    let path = format!("/circles/{id}");
    let until = world.now().plus_seconds(60 * 24 * 3_600);
    let office = Effect::Office {
        circle: Some(id),
        title: "coordinator".to_owned(),
        holder: Some(Someone {
            member: own,
            person: ALICE,
        }),
        until: Some(until),
    };
    world.decide("", office).await;
    let page = world.alice().await.get(&path).await;
    for said in ["coordinator until", "by decision"] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    world.pass(61 * 24 * 3_600).await;
    let page = world.alice().await.get(&path).await;
    assert!(!page.body.contains("by decision"), "{}", page.body);
}

#[tokio::test]
async fn a_host_by_decision_is_shown_and_does_not_end_it_alone() {
    let world = World::with_alice().await;
    world.begin_register().await;
    let (own, member) = (member_of(&key(0, 1)), member_of(&key(1, 1)));
    world.decide("", Effect::Host { member, host: own }).await;
    let mut alice = world.alice().await;
    let hosting = alice.get("/node/hosted").await;
    assert!(
        hosting.body.contains("hosted here by decision"),
        "{}",
        hosting.body
    );
    let listed = alice.get("/federation").await;
    assert!(listed.body.contains("hosted by"), "{}", listed.body);
    assert!(listed.body.contains("2 votes"), "{}", listed.body);
    let path = format!("/node/hosted/{member}/answer");
    assert!(!hosting.body.contains(&path), "{}", hosting.body);
    let no = [("accepts", "no")];
    let refused = alice.submit("/node/hosted", &path, &no).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT, "{}", refused.body);
    assert!(refused.body.contains("by a decision"), "{}", refused.body);
}

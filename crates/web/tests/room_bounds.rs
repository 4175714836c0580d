//! How many rooms there can be, and how they go.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::http::{Method, StatusCode};
use domain::record::Service;
use support::{
    Browser,
    meetings::{describe, server},
    program::{Program, worker},
    rooms::{WEEKLY, make, onward, world},
};
use web::rooms::OWN_MAX;

/// Why a room is not made.
async fn refused(browser: &mut Browser) -> String {
    let answer = browser.submit("/rooms", "/rooms", &WEEKLY).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT, "{}", answer.body);
    answer.body
}

#[tokio::test]
async fn nobody_but_stewards_uses_up_the_rooms_of_all() {
    let world = world().await;
    let mut alice = world.alice().await;
    let mut wim = worker(&world).await;
    let mut rooms = Vec::new();
    for _ in 0..OWN_MAX {
        rooms.push(make(&mut wim, &WEEKLY).await);
        make(&mut alice, &WEEKLY).await;
    }
    let said = refused(&mut wim).await;
    assert!(said.contains("You have made 20 rooms"), "{said}");
    make(&mut alice, &WEEKLY).await;
    // A closed one makes place, and comes back if there is some.
    let close = format!("{}/close", rooms[0]);
    wim.submit(&rooms[0], &close, &[("closed", "yes")]).await;
    let another = make(&mut wim, &WEEKLY).await;
    let reopened = wim.submit(&rooms[0], &close, &[]).await;
    assert_eq!(reopened.status(), StatusCode::CONFLICT, "{}", reopened.body);
    let other = format!("{another}/close");
    wim.submit(&another, &other, &[("closed", "yes")]).await;
    let reopened = wim.submit(&rooms[0], &close, &[]).await;
    assert_eq!(
        reopened.header("location"),
        format!("{}?done=reopened", rooms[0])
    );
    refused(&mut wim).await;
}

#[tokio::test]
async fn a_room_in_which_nothing_was_recorded_is_deleted_by_who_may_change_it() {
    let world = world().await;
    let mut alice = world.alice().await;
    let mut wim = worker(&world).await;
    let room = make(&mut alice, &WEEKLY).await;
    let delete = format!("{room}/delete");
    assert!(!alice.get(&room).await.body.contains(&delete));
    onward(&alice.submit(&room, &format!("{room}/enter"), &[]).await);
    let runs = alice.submit(&room, &delete, &[]).await;
    assert_eq!(runs.status(), StatusCode::CONFLICT, "{}", runs.body);
    alice.submit(&room, &format!("{room}/end"), &[]).await;
    let refused = wim.submit(&room, &delete, &[]).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{}", refused.body);
    let close = format!("{room}/close");
    alice.submit(&room, &close, &[("closed", "yes")]).await;
    assert!(alice.get(&room).await.body.contains(&delete));
    let deleted = alice.submit(&room, &delete, &[]).await;
    assert_eq!(deleted.header("location"), "/rooms?done=room-deleted");
    assert_eq!(alice.get(&room).await.status(), StatusCode::NOT_FOUND);

    // A steward's, of another's.
    let wims = make(&mut wim, &WEEKLY).await;
    let mut program = Program::of_alice(&world).await;
    let path = format!("/api{wims}");
    let deleted = program.call(Method::DELETE, &path, None).await;
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT, "{}", deleted.body);
    assert_eq!(wim.get(&wims).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_room_stays_while_there_are_recordings_or_nobody_can_say() {
    let world = world().await;
    let mut alice = world.alice().await;
    let recorded = [&WEEKLY[..], &[("record", "yes")]].concat();
    let room = make(&mut alice, &recorded).await;
    let delete = format!("{room}/delete");
    onward(&alice.submit(&room, &format!("{room}/enter"), &[]).await);
    alice.submit(&room, &format!("{room}/end"), &[]).await;
    let refused = alice.submit(&room, &delete, &[]).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT, "{}", refused.body);
    let said = "Something was recorded in this room.";
    assert!(refused.body.contains(said), "{}", refused.body);
    let gone = [("recording", "r-1"), ("change", "delete")];
    let recordings = format!("{room}/recordings");
    alice.submit(&recordings, &recordings, &gone).await;

    // A server of a co-op whose node is away.
    describe(&world, 1, server("Away", "eu-west", Service::Open)).await;
    let refused = alice.submit(&room, &delete, &[]).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT, "{}", refused.body);
    let said = "nobody can say whether something was recorded";
    assert!(refused.body.contains(said), "{}", refused.body);
}

//! Meet: what runs where and why, what found no place, and who may give a meeting up.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::http::{Method, StatusCode};
use domain::record::Service;
use serde_json::json;
use support::{
    World,
    hosted::hosted_coop,
    meetings::{SECRET, describe, front_end, poll, seen, serve, server, settle},
    program::Program,
};
use web::node::MeetingsInput;

#[tokio::test]
async fn an_empty_federation_says_what_would_be_here_and_how_to_begin() {
    let world = World::with_alice().await;
    let page = world.alice().await.get("/meet").await;
    assert_eq!(page.status(), StatusCode::OK, "{}", page.body);
    for said in [
        "No co-op offers a server yet",
        "folkmoot server add",
        "folkmoot tenant add",
        "href=\"/node/servers\"",
        "href=\"/node/tenants\"",
        "aria-current=\"true\"",
    ] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
}

#[tokio::test]
async fn every_server_stands_in_its_region_with_its_state_in_words() {
    let world = World::with_alice().await;
    let states = [
        ("Open one", "ca-east", Service::Open),
        ("Shut one", "eu-west", Service::Cordoned),
        ("Old one", "eu-west", Service::Draining),
        ("Trial", "eu-west", Service::TestsOnly),
        ("Gone", "eu-west", Service::Removed),
    ];
    let mut ids = Vec::new();
    for (name, region, service) in states {
        ids.push(describe(&world, 0, server(name, region, service)).await);
    }
    describe(&world, 1, server("Silent <one>", "us-west", Service::Open)).await;
    serve(&world, &ids).await;
    let page = world.alice().await.get("/meet").await.body;
    for said in [
        "No meeting runs now. There is room for 800 people on 4 servers in 2 regions.",
        "One server does not answer.",
        "Silent &lt;one&gt; of <a href=",
        "Cordoned</span>",
        "Draining</span>",
        "Tests only</span>",
        "Not answering</span>",
        "unknown of 200",
        "0 of 200 people",
        "A server is as full as what it has least of",
        "<title>One server does not answer · Meet · Folkmoot</title>",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("Gone"), "removed servers are not shown");
}

#[tokio::test]
async fn a_meeting_is_shown_with_its_server_and_a_sentence_for_every_candidate() {
    let world = World::with_alice().await;
    let mut alice = Program::of_alice(&world).await;
    let open = describe(&world, 0, server("Montréal 1", "ca-east", Service::Open)).await;
    describe(&world, 0, server("Old one", "ca-east", Service::Draining)).await;
    describe(&world, 1, server("Far one", "eu-west", Service::Open)).await;
    serve(&world, &[open]).await;
    let mut greenlight = front_end(&world, &mut alice, "Greenlight & co").await;
    let made = greenlight.create("weekly").await;
    assert!(made.body.contains("SUCCESS"), "{}", made.body);
    poll(&world, open, vec![seen(&greenlight, "weekly", 7)]).await;

    let page = world.alice().await.get("/meet").await.body;
    for said in [
        "One meeting takes",
        "Greenlight &amp; co",
        "7 now, planned for 12",
        "Montréal 1 was chosen:",
        "Old one is draining: it takes no new meetings.",
        "Nothing was heard of Far one since this node was started.",
        "near this node",
        " % of its ",
        "<span class=\"vh\">: Greenlight &amp; co, room ",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let chosen = page.find("Montréal 1 was chosen").unwrap();
    assert!(chosen < page.find("Old one is draining").unwrap());
    assert!(!page.contains("weekly"), "names stay with the front end");

    let listed = alice.get("/api/meetings").await;
    let meeting = &listed["meetings"][0];
    assert_eq!(meeting["server_name"], "Montréal 1");
    assert_eq!(meeting["users"], 7);
    assert_eq!(meeting["why"]["candidates"][0]["reason"], "chosen");
    assert_eq!(meeting["room"], greenlight.room("weekly").to_string());
    let states: Vec<_> = listed["servers"].as_array().unwrap().iter().collect();
    assert_eq!(states.len(), 3);
    assert_eq!(states[0]["places_taken"], 12, "planned for, as it is young");
    assert_eq!(states[0]["fullest"], "processing");

    // Its server does not answer any more: nobody can say that nothing runs.
    for _ in 0..5 {
        let (server, seen) = (open, None);
        world
            .node
            .tell(MeetingsInput::Polled { server, seen })
            .await;
        settle(&world).await;
    }
    let page = world.alice().await.get("/meet").await.body;
    for said in [
        "No server answers now, so no meeting can begin.",
        "One meeting is on a server that does not answer: it may go on there.",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("No meeting runs now"), "{page}");
    let mut alices = world.alice().await;
    let health = alices.get("/node").await.body;
    assert!(
        health.contains("The server Montréal 1 does not answer"),
        "{health}"
    );
    assert!(!health.contains("The server Far one"), "it is another's");
    for path in ["/meet/servers", "/node/servers"] {
        let list = alices.get(path).await.body;
        assert!(list.contains("gives its owner no answer"), "{path}: {list}");
    }
    let listed = alice.get("/api/servers").await;
    let states: Vec<&str> = listed["servers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["not-answering"; 3]);
}

#[tokio::test]
async fn a_create_without_a_place_is_shown_with_the_reasons() {
    let world = World::with_alice().await;
    let mut alice = Program::of_alice(&world).await;
    let shut = describe(&world, 0, server("Shut one", "ca-east", Service::Cordoned)).await;
    serve(&world, &[shut]).await;
    let mut greenlight = front_end(&world, &mut alice, "Greenlight").await;
    let refused = greenlight.create("weekly").await;
    assert!(
        refused.body.contains("serverUnavailable"),
        "{}",
        refused.body
    );
    let page = world.alice().await.get("/meet").await.body;
    for said in [
        "In the last hour one meeting found no place.",
        "Found no place",
        "Shut one is cordoned: it takes no new meetings.",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains(", for 0 people"), "{page}");
    let listed = alice.get("/api/meetings").await;
    let why = &listed["unplaced"][0]["why"];
    assert_eq!(why["candidates"][0]["reason"], "cordoned");
    assert!(why["users"].is_null(), "{why}");
    for number in 0..10 {
        greenlight.create(&format!("more-{number}")).await;
    }
    let page = world.alice().await.get("/meet").await.body;
    assert_eq!(page.matches("Why not<span").count(), 10);
    assert!(
        page.contains("One more before found no place either."),
        "{page}"
    );
    assert_eq!(listed["meetings"], json!([]));
}

#[tokio::test]
async fn only_stewards_release_a_meeting_and_only_while_its_owner_is_away() {
    let world = World::with_alice().await;
    let mut program = Program::of_alice(&world).await;
    let open = describe(&world, 0, server("Montréal 1", "ca-east", Service::Open)).await;
    serve(&world, &[open]).await;
    let mut greenlight = front_end(&world, &mut program, "Front desk").await;
    greenlight.create("weekly").await;
    let room = greenlight.room("weekly");
    let (tenant_text, room_text) = (greenlight.id.to_string(), room.to_string());
    let body = json!({ "tenant": tenant_text, "room": room_text });
    let path = "/api/meetings/release";

    let early = program.call(Method::POST, path, Some(&body)).await;
    assert_eq!(early.status(), StatusCode::CONFLICT);
    assert_eq!(early.json()["error"]["code"], "owner-answers");
    let mut alice = world.alice().await;
    assert!(!alice.get("/meet").await.body.contains("/meet/release"));

    // The node has the server's secret no more, and nobody else has it.
    world.node.tell(MeetingsInput::Serving([].into())).await;
    settle(&world).await;
    let fields = [("tenant", &*tenant_text), ("room", &*room_text)];
    let (mut dora, _) = hosted_coop(&world, &mut alice).await;
    let page = dora.get("/meet").await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(!page.body.contains("Front desk"), "its host's own");
    let token = dora.get("/account").await.field("csrf").to_owned();
    let fields_of = |token| [&fields[..], &[("csrf", token)]].concat();
    let refused = dora.post("/meet/release", &fields_of(&token)).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{}", refused.body);
    let placed = || world.node.read(|core| core.placed_rooms().count());
    assert_eq!(placed(), 1);

    let page = alice.get("/meet").await;
    assert!(page.body.contains("keeps silent"), "{}", page.body);
    let done = alice.submit("/meet", "/meet/release", &fields).await;
    assert_eq!(done.header("location"), "/meet?done=released");
    assert_eq!(placed(), 0);
    let again = program.call(Method::POST, path, Some(&body)).await;
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_front_end_lets_nobody_in_beyond_the_people_it_may_have_in_all() {
    let world = World::with_alice().await;
    let mut alice = Program::of_alice(&world).await;
    let open = describe(&world, 0, server("Montréal 1", "ca-east", Service::Open)).await;
    serve(&world, &[open]).await;
    let mut greenlight = front_end(&world, &mut alice, "Greenlight").await;
    assert!(greenlight.create("weekly").await.body.contains("SUCCESS"));
    let path = format!("/api/tenants/{}/limits", greenlight.id);
    let join = "fullName=Anna&meetingID=weekly&role=VIEWER";
    for (most, lets_in) in [(8, true), (7, false)] {
        let body = json!({ "participants_total_max": most });
        let set = alice.call(Method::POST, &path, Some(&body)).await;
        assert_eq!(set.status(), StatusCode::OK, "{}", set.body);
        let joined = greenlight.call("join", join, SECRET).await;
        let made = greenlight.create("monthly").await;
        for answer in [joined, made] {
            let refuses = answer.body.contains("maxParticipantsReached");
            assert_eq!(refuses, !lets_in, "{most}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_recording_is_waited_for_only_where_somebody_records() {
    let world = World::with_alice().await;
    let mut alice = Program::of_alice(&world).await;
    let open = describe(&world, 0, server("Montréal 1", "ca-east", Service::Open)).await;
    serve(&world, &[open]).await;
    let mut greenlight = front_end(&world, &mut alice, "Greenlight").await;
    let recorded = "name=Weekly&meetingID=weekly&record=true";
    let begun = greenlight.call("create", recorded, SECRET).await;
    assert!(begun.body.contains("SUCCESS"), "{}", begun.body);
    let mut away = server("Girona 1", "eu-south", Service::Open);
    away.features = ["recording".to_owned()].into();
    describe(&world, 1, away).await;
    let other = "name=Monthly&meetingID=monthly&record=true";
    let waits = greenlight.call("create", other, SECRET).await;
    assert!(waits.body.contains("FAILED"), "{}", waits.body);
}

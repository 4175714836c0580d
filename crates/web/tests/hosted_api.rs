//! Hosted members by the JSON API: what their root key signs, what they do, and what is refused to them.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::http::{Method, StatusCode};
use domain::id::MemberId;
use federation::Act;
use replica::view::HostState;
use serde_json::{Value, json};
use support::{
    Browser, World,
    hosted::{THEIRS, hosted_coop, member_of},
    node::key,
    program::Program,
};

/// How many entries stand of a member.
fn entries(world: &World, member: MemberId) -> u64 {
    world.node.read(|core| core.view().entries[&member])
}

/// Dora's person and key.
fn delegate(world: &World, member: MemberId) -> Value {
    world.node.read(|core| {
        let mandate = core.view().members[&member].mandate.as_ref().unwrap();
        let delegate = &mandate.delegates[0];
        json!({ "key": delegate.key.to_string(), "person": delegate.person.to_string() })
    })
}

/// Emil, whom Dora invited to vote: signed in.
async fn emil(world: &World, dora: &mut Program) -> Browser {
    let invite = json!({ "name": "Emil", "roles": ["delegate"], "password": THEIRS });
    let path = "/api/invitations";
    let made = dora.call(Method::POST, path, Some(&invite)).await;
    assert_eq!(made.status(), StatusCode::CREATED, "{}", made.body);
    let mut emil = world.browser();
    let fields = [("name", "Emil"), ("password", "another horse")];
    let welcome = made.json()["path"].as_str().unwrap().to_owned();
    let entered = emil.post(&welcome, &fields).await;
    assert_eq!(entered.status(), StatusCode::SEE_OTHER, "{}", entered.body);
    emil
}

#[tokio::test]
async fn the_password_opens_a_hosted_members_root_key_for_a_program_too() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let (mut dora, member) = hosted_coop(&world, &mut alice).await;
    let mut program = Program::of(&mut dora).await;
    let own = delegate(&world, member);
    let mandate = |password: Option<&str>| {
        let mut body = json!({ "act": "mandate", "delegates": [own.clone()] });
        if let Some(password) = password {
            body["password"] = json!(password);
        }
        body
    };
    let before = entries(&world, member);
    let bare = program.act(mandate(None)).await;
    assert_eq!(bare.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let field = &bare.json()["error"]["fields"][0];
    assert_eq!(field["field"], "password", "{}", bare.body);
    let wrong = program.refused(mandate(Some("not the password"))).await;
    assert_eq!(wrong, (422, "form".to_owned()));
    let invite = json!({ "name": "Emil", "roles": ["delegate"] });
    let refused = program
        .call(Method::POST, "/api/invitations", Some(&invite))
        .await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(entries(&world, member), before, "nothing was signed");
    program.done(mandate(Some(THEIRS))).await;
    emil(&world, &mut program).await;
    let (number, delegates) = world.node.read(|core| {
        let mandate = core.view().members[&member].mandate.as_ref().unwrap();
        (mandate.number, mandate.delegates.clone())
    });
    assert_eq!((number, delegates.len()), (3, 2));

    // Taking him off the mandate again needs it as well.
    let added = delegates.iter().find(|d| d.key.to_string() != own["key"]);
    let path = format!("/api/persons/{}", added.unwrap().person);
    let body = json!({ "password": THEIRS, "reason": "He moved away." });
    let removed = program.call(Method::DELETE, &path, Some(&body)).await;
    assert_eq!(removed.status(), StatusCode::NO_CONTENT, "{}", removed.body);
    let mandate = world
        .node
        .read(|core| core.view().members[&member].mandate.clone());
    assert_eq!(mandate.unwrap().delegates.len(), 1);
}

#[tokio::test]
async fn every_act_of_a_hosted_person_is_the_hosted_members() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let (mut dora, member) = hosted_coop(&world, &mut alice).await;
    let mut program = Program::of(&mut dora).await;
    let me = delegate(&world, member)["person"].clone();
    let mut made = Vec::new();
    let profile = json!({ "act": "profile", "name": "Buyers' union", "region": "Alps" });
    made.push(program.done(profile).await);
    let circle = program
        .done(json!({ "act": "circle", "name": "Shops", "domain": "Shops." }))
        .await;
    made.push(circle.clone());
    let circles = program.get("/api/circles").await;
    assert_eq!(circles["circles"][0]["member"], member.to_string());
    let circle = circles["circles"][0]["id"].clone();
    let role = json!({ "act": "role", "circle": circle, "person": me, "title": "coordinator" });
    made.push(program.done(role).await);
    let card = json!({ "act": "person", "name": "Dora D.", "contact": "dora@example.org" });
    made.push(program.done(card).await);
    let (id, version) = program.open_proposal().await;
    assert_eq!(program.get("/api/status").await["you"]["needs_our_vote"], 1);
    let vote = json!({ "act": "vote", "proposal": id, "version": version, "choice": "agree" });
    made.extend([id.clone(), program.done(vote).await]);
    let status = program.get("/api/status").await;
    assert_eq!(status["you"]["needs_our_vote"], 0, "she has voted");
    assert_eq!(status["you"]["member"], member.to_string());
    assert_eq!(status["needs_our_vote"], 1, "her host has not");
    let comment = json!({ "act": "comment", "proposal": id, "text": "We like bells." });
    made.push(program.done(comment).await);
    let amend = json!({ "act": "amend", "proposal": id, "title": "Buy two bells", "text": "Two." });
    made.push(program.done(amend).await);
    let withdraw = json!({ "act": "withdraw", "proposal": id, "reason": "Too loud." });
    made.push(program.done(withdraw).await);
    // A text that she begins and writes on.
    let begin = json!({ "title": "Prices", "text": "One." });
    let begun = program
        .call(Method::POST, "/api/documents", Some(&begin))
        .await;
    assert_eq!(begun.status(), StatusCode::CREATED, "{}", begun.body);
    let document = begun.json()["id"].as_str().unwrap().to_owned();
    made.push(document.clone());
    let path = format!("/api/documents/{document}");
    let basis = program.get(&path).await["basis"].clone();
    let text = json!({ "basis": basis, "text": "One, two." });
    let saved = program
        .call(Method::POST, &format!("{path}/text"), Some(&text))
        .await;
    assert_eq!(saved.status(), StatusCode::OK, "{}", saved.body);
    let edits = saved.json()["basis"].as_array().unwrap().clone();
    made.extend(edits.iter().map(|edit| edit.as_str().unwrap().to_owned()));
    for entry in made {
        let shown = program.get(&format!("/api/entries/{entry}")).await;
        assert_eq!(shown["member"], member.to_string(), "{}", shown["kind"]);
    }
    // What is its host's is not its own.
    for path in ["/api/hosted", "/api/hosted/next"] {
        let answer = program.call(Method::GET, path, None).await;
        let is_own = path.ends_with("next");
        assert_eq!(answer.status().is_success(), is_own, "{path}");
    }
    let admit = json!({ "act": "admit", "application": key(7, 1).public().to_string(), "password": THEIRS });
    assert!(program.act(admit).await.status().is_client_error());
}

#[tokio::test]
async fn a_host_that_does_not_exist_or_was_not_chosen_is_refused_and_nothing_is_signed() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let (mut dora, member) = hosted_coop(&world, &mut alice).await;
    let mut program = Program::of(&mut dora).await;
    let before = entries(&world, member);
    let nowhere = MemberId([9; 32]).to_string();
    let refused = program
        .refused(json!({ "act": "host", "host": nowhere }))
        .await;
    assert_eq!(refused, (404, "unknown-member".to_owned()));
    for host in [&*nowhere, "Elm", ""] {
        let page = dora
            .submit("/node/hosted", "/node/hosted/move", &[("host", host)])
            .await;
        assert!(page.status().is_client_error(), "{host:?}");
        let says = ["there is no member", "There is no member", "Choose a host"];
        assert!(
            says.iter().any(|words| page.body.contains(words)),
            "{}",
            page.body
        );
    }
    let itself = json!({ "act": "host", "host": member.to_string() });
    assert_eq!(program.refused(itself).await, (409, "no-node".to_owned()));
    assert_eq!(entries(&world, member), before);

    // She moves to another; her old host, whom she left, claims her still.
    let to = member_of(&key(1, 1)).to_string();
    program.done(json!({ "act": "host", "host": to })).await;
    let accepts = true;
    let yes = Act::Hosting { member, accepts };
    world.node.act(key(1, 3), yes).await.unwrap();
    let mut steward = Program::of(&mut alice).await;
    let own = member_of(&key(0, 1));
    let before = entries(&world, own);
    let claim = json!({ "act": "hosting", "member": member.to_string(), "accepts": true });
    let refused = steward.act(claim).await;
    let error = refused.json()["error"].clone();
    assert_eq!(error["code"], "not-chosen");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("has chosen Co-op 1"), "{message}");
    let path = format!("/node/hosted/{member}/answer");
    let page = alice
        .submit("/node/hosted", &path, &[("accepts", "yes")])
        .await;
    assert_eq!(page.status(), StatusCode::CONFLICT);
    assert!(page.body.contains("has chosen Co-op 1"), "{}", page.body);
    assert_eq!(entries(&world, own), before);
    let hosted = world.node.read(|core| core.view().hosted(&member).unwrap());
    let stays = (HostState::InForce, Some(member_of(&key(1, 1))));
    assert_eq!((hosted.state, hosted.host), stays);
}

#[tokio::test]
async fn a_delegate_of_an_old_mandate_is_told_so_on_the_page_and_by_the_api() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let (mut dora, member) = hosted_coop(&world, &mut alice).await;
    let mut program = Program::of(&mut dora).await;
    let delegates = [delegate(&world, member)];
    let mut emil = emil(&world, &mut program).await;
    let mut of_emil = Program::of(&mut emil).await;
    let (id, version) = program.open_proposal().await;
    // The root key writes a mandate without him.
    let mandate = json!({ "act": "mandate", "delegates": delegates, "password": THEIRS });
    program.done(mandate).await;
    let before = entries(&world, member);
    let vote = json!({ "act": "vote", "proposal": id, "version": version, "choice": "agree" });
    let refused = of_emil.act(vote.clone()).await;
    let error = refused.json()["error"].clone();
    assert_eq!(error["code"], "not-in-mandate", "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("Mandate 3"), "{message}");
    let fields = [("choice", "agree"), ("version", &*version)];
    let page = format!("/decide/{id}");
    let csrf = emil.get("/account").await.field("csrf").to_owned();
    let fields = [&fields[..], &[("csrf", &*csrf)]].concat();
    let answer = emil.post(&format!("{page}/vote"), &fields).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(answer.body.contains("Mandate 3"), "{}", answer.body);
    assert_eq!(entries(&world, member), before, "nothing was signed");
    program.done(vote).await;
}

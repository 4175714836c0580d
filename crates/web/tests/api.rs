//! The JSON API as programs use it.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use serde_json::json;
use support::{World, node::key, program::Program};

#[tokio::test]
async fn a_program_proposes_opens_and_votes() {
    let world = World::with_alice().await;
    let mut program = Program::of_alice(&world).await;
    let (id, version) = program.open_proposal().await;
    let waiting = program.get("/api/decisions?show=needs").await;
    assert_eq!(waiting["decisions"][0]["id"], *id);
    let vote = json!({
        "act": "vote", "proposal": id, "version": version, "choice": "agree", "reason": "yes",
    });
    let ballot = program.done(vote.clone()).await;
    let shown = program.get(&format!("/api/decisions/{id}")).await;
    assert_eq!(shown["state"], "voting");
    assert_eq!(shown["text"], "A loud one.");
    assert_eq!(shown["phase"]["ballots"][0]["reason"], "yes");
    assert_eq!(shown["phase"]["figures"]["cast"], 1);
    assert_eq!(
        program.get("/api/decisions?show=needs").await["decisions"],
        json!([])
    );

    // The same again is no second ballot; another reason is.
    assert_eq!(program.done(vote.clone()).await, ballot);
    let mut changed = vote;
    changed["reason"] = json!("still yes");
    assert_ne!(program.done(changed).await, ballot);
    let shown = program.get(&format!("/api/decisions/{id}")).await;
    assert_eq!(shown["phase"]["ballots"].as_array().unwrap().len(), 2);
    assert_eq!(shown["phase"]["figures"]["cast"], 1);
}

#[tokio::test]
async fn each_refusal_has_its_status_and_word() {
    let world = World::with_alice().await;
    let mut program = Program::of_alice(&world).await;
    let draft = program.proposal().await;
    let (id, version) = program.open_proposal().await;
    let vote = |proposal: &str, version: &str, choice: &str, reason: &str| {
        json!({
            "act": "vote", "proposal": proposal, "version": version, "choice": choice,
            "aim": 1, "reason": reason,
        })
    };
    let old = "00".repeat(32);
    for (body, status, code) in [
        (vote(&draft, &version, "agree", ""), 409, "not-open"),
        (vote(&old, &version, "agree", ""), 404, "unknown-proposal"),
        (vote(&id, &old, "agree", ""), 409, "old-version"),
        (
            vote(&id, &version, "block", "too short"),
            422,
            "reason-too-short",
        ),
        (vote(&id, &version, "perhaps", ""), 422, "form"),
        (
            json!({ "act": "propose", "title": "", "text": "x" }),
            422,
            "text",
        ),
        (json!({ "act": "propose", "title": "x" }), 400, "malformed"),
        (json!({ "act": "dance" }), 400, "malformed"),
        (
            json!({ "act": "open", "proposal": id }),
            409,
            "already-open",
        ),
    ] {
        assert_eq!(
            program.refused(body.clone()).await,
            (status, code.to_owned()),
            "{body}"
        );
    }
    // Nobody voted, so it was extended.
    world.clock.advance_seconds(8 * 24 * 3600);
    let shown = program.get(&format!("/api/decisions/{id}")).await;
    assert_eq!(shown["state"], "voting");
    assert_eq!(shown["phase"]["extensions"][0]["cause"], "lacks-ballots");
    world.clock.advance_seconds(4 * 24 * 3600);
    let late = json!({
        "act": "vote", "proposal": id, "version": version, "choice": "agree",
    });
    assert_eq!(program.refused(late).await, (409, "closed".to_owned()));
}

#[tokio::test]
async fn a_ninth_revision_is_refused() {
    let world = World::with_alice().await;
    let mut program = Program::of_alice(&world).await;
    let (id, version) = program.open_proposal().await;
    let vote = |number: usize| {
        json!({
            "act": "vote", "proposal": id, "version": version, "choice": "agree",
            "reason": number.to_string(),
        })
    };
    for number in 1..=8 {
        program.done(vote(number)).await;
    }
    assert_eq!(
        program.refused(vote(9)).await,
        (409, "no-revision-left".to_owned())
    );
}

#[tokio::test]
async fn without_a_token_nothing_but_health_is_told() {
    let world = World::with_alice().await;
    let mut program = Program::of_alice(&world).await;
    program.token = "fmt_none".to_owned();
    let answer = program.call(Method::GET, "/api/status", None).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(answer.json()["error"]["code"], "token");
    let health = world.browser().get("/health").await;
    assert_eq!(health.status(), StatusCode::OK);
    assert_eq!(health.json()["ready"], true);
}

#[tokio::test]
async fn every_list_is_told() {
    let world = World::with_alice().await;
    let mut program = Program::of_alice(&world).await;
    let status = program.get("/api/status").await;
    assert_eq!(status["name"], "Co-op 0");
    assert_eq!(status["you"]["roles"], json!(["steward", "delegate"]));
    assert_eq!(
        program.get("/api/members").await["members"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(
        program.get("/api/keys").await["keys"]
            .as_array()
            .unwrap()
            .len(),
        6
    );
    assert_eq!(
        program.get("/api/applications").await["applications"],
        json!([])
    );
    assert_eq!(
        program.get("/api/candidates").await["candidates"],
        json!([])
    );
    let circle = json!({ "act": "circle", "name": "Systems" });
    program.done(circle).await;
    let circles = program.get("/api/circles").await;
    assert_eq!(circles["circles"][0]["name"], "Systems");
    let id = program.proposal().await;
    assert_eq!(
        program.get(&format!("/api/entries/{id}")).await["kind"],
        "proposal"
    );
    assert_eq!(
        program.get("/api/persons").await["persons"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn a_key_elsewhere_signs_what_was_prepared() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let world = World::with_alice().await;
    let mut program = Program::of_alice(&world).await;
    let id = program.proposal().await;
    let device = key(1, 3);
    let body = json!({
        "signer": device.public().to_string(),
        "act": "comment", "proposal": id, "text": "From my own device.",
    });
    let prepared = program
        .call(Method::POST, "/api/acts/prepare", Some(&body))
        .await
        .json();
    let bytes = URL_SAFE_NO_PAD
        .decode(prepared["signed_bytes"].as_str().unwrap())
        .unwrap();
    let body = |signature: &str| {
        json!({
            "entry": prepared["entry"], "chunks": prepared["chunks"], "signature": signature,
        })
    };
    let forged = program
        .call(
            Method::POST,
            "/api/acts/submit",
            Some(&body(&"00".repeat(64))),
        )
        .await;
    assert_eq!(forged.status(), StatusCode::CONFLICT, "{}", forged.body);
    let signature = hex::encode(device.sign(&bytes).0);
    let stored = program
        .call(Method::POST, "/api/acts/submit", Some(&body(&signature)))
        .await;
    assert_eq!(stored.status(), StatusCode::CREATED, "{}", stored.body);
    assert_eq!(stored.json()["id"], prepared["id"]);
    let shown = program.get(&format!("/api/decisions/{id}")).await;
    assert_eq!(shown["comments"][0]["text"], "From my own device.");
}

#[tokio::test]
async fn a_steward_invites_a_delegate_who_votes_and_is_removed() {
    let world = World::with_alice().await;
    let mut program = Program::of_alice(&world).await;
    let invite = json!({ "name": "Bob", "roles": ["delegate"] });
    let made = program
        .call(Method::POST, "/api/invitations", Some(&invite))
        .await;
    assert_eq!(made.status(), StatusCode::CREATED, "{}", made.body);
    let (path, person) = (made.json()["path"].clone(), made.json()["person"].clone());
    let mut bob = world.browser();
    let fields = [("name", "Bob"), ("password", support::PASSWORD)];
    let accepted = bob.post(path.as_str().unwrap(), &fields).await;
    assert_eq!(accepted.status(), StatusCode::SEE_OTHER);

    let mut of_bob = Program::of(&mut bob).await;
    let (id, version) = program.open_proposal().await;
    let vote = json!({ "act": "vote", "proposal": id, "version": version, "choice": "agree" });
    of_bob.done(vote).await;
    let invite = of_bob
        .call(Method::POST, "/api/invitations", Some(&invite))
        .await;
    assert_eq!(invite.status(), StatusCode::FORBIDDEN);
    // The root key is on this node, and only a steward may have it used.
    for body in [
        json!({ "act": "mandate", "delegates": [] }),
        json!({ "act": "admit", "application": key(7, 1).public().to_string() }),
        json!({
            "act": "grant", "purpose": "person", "key": key(7, 3).public().to_string(),
            "person": "07".repeat(16), "roles": ["steward"],
        }),
    ] {
        assert_eq!(
            of_bob.refused(body.clone()).await,
            (403, "role".to_owned()),
            "{body}"
        );
    }
    assert_eq!(
        invite.json()["error"]["message"],
        "Only a steward can do this."
    );

    let path = format!("/api/persons/{}", person.as_str().unwrap());
    let removed = program.call(Method::DELETE, &path, None).await;
    assert_eq!(removed.status(), StatusCode::NO_CONTENT, "{}", removed.body);
    let gone = of_bob.call(Method::GET, "/api/status", None).await;
    assert_eq!(gone.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(bob.get("/account").await.status(), StatusCode::SEE_OTHER);
    // What Bob voted while he was a delegate still counts.
    let shown = program.get(&format!("/api/decisions/{id}")).await;
    assert_eq!(shown["phase"]["figures"]["agree"], 1);
}

#[tokio::test]
async fn a_request_repeated_with_its_key_is_done_once() {
    let world = World::with_alice().await;
    let mut program = Program::of_alice(&world).await;
    let body = json!({ "act": "propose", "title": "Once", "text": "x" }).to_string();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let request = Request::post("/api/acts")
            .header("authorization", format!("Bearer {}", program.token))
            .header("content-type", "application/json")
            .header("idempotency-key", "abc")
            .body(Body::from(body.clone()));
        ids.push(program.browser.send(request.unwrap()).await.json()["id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(
        program.get("/api/decisions").await["decisions"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

/// A worker of Alice's co-op with a token.
async fn a_worker(world: &World, program: &mut Program) -> (Program, domain::id::PersonId) {
    let invite = json!({ "name": "Bob", "roles": ["worker"] });
    let made = program
        .call(Method::POST, "/api/invitations", Some(&invite))
        .await
        .json();
    let mut bob = world.browser();
    let fields = [("name", "Bob"), ("password", support::PASSWORD)];
    bob.post(made["path"].as_str().unwrap(), &fields).await;
    let person = made["person"].as_str().unwrap().parse().unwrap();
    (Program::of(&mut bob).await, person)
}

#[tokio::test]
async fn a_worker_cannot_have_an_admission_signed_by_preparing_it() {
    let world = World::with_alice().await;
    let mut program = Program::of_alice(&world).await;
    let federation = world.node.core.read().unwrap().federation();
    let root = key(7, 1);
    let message =
        domain::record::Application::message(&federation, &root.public(), "Newcomers", "producer");
    let apply = json!({
        "act": "apply", "root": root.public().to_string(), "name": "Newcomers",
        "class": "producer", "proof": hex::encode(root.sign(&message).0),
    });
    program.done(apply).await;
    let (mut bob, _) = a_worker(&world, &mut program).await;
    let body = json!({
        "signer": key(0, 1).public().to_string(),
        "act": "admit", "application": root.public().to_string(),
    });
    let path = "/api/acts/prepare";
    let refused = bob.call(Method::POST, path, Some(&body)).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{}", refused.body);
    let prepared = program.call(Method::POST, path, Some(&body)).await;
    assert_eq!(prepared.status(), StatusCode::OK, "{}", prepared.body);
}

#[tokio::test]
async fn a_role_that_another_member_grants_opens_nothing_here() {
    use domain::record::{Custody, Grant, Purpose, Roles};
    let world = World::with_alice().await;
    let mut program = Program::of_alice(&world).await;
    let (mut bob, person) = a_worker(&world, &mut program).await;
    let (reply, answer) = tokio::sync::oneshot::channel();
    let federation = world.node.core.read().unwrap().federation();
    let act = federation::Act::Grant {
        purpose: Purpose::Person,
        key: key(8, 3).public(),
        person: Some(person),
        roles: Roles::STEWARD,
        custody: Custody::Person,
        proof: Some(Grant::prove(
            &key(8, 3),
            &federation,
            &domain::id::MemberId(key(1, 1).public().0),
            Purpose::Person,
            Some(person),
        )),
    };
    let request = web::node::Request::Act {
        key: key(1, 1),
        act,
        reply,
    };
    world.node.requests.send(request).await.unwrap();
    answer.await.unwrap().unwrap();
    for (path, body) in [
        (
            "/api/invitations",
            json!({ "name": "Eve", "roles": ["steward"] }),
        ),
        ("/api/acts", json!({ "act": "mandate", "delegates": [] })),
    ] {
        let refused = bob.call(Method::POST, path, Some(&body)).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{}", refused.body);
    }
    let you = bob.get("/api/status").await["you"]["roles"].clone();
    assert_eq!(you, json!(["worker"]));
}

#[tokio::test]
async fn a_key_on_a_persons_own_device_is_granted_with_its_proof() {
    use domain::{
        id::{MemberId, PersonId},
        record::{Grant, Purpose},
    };
    let world = World::with_alice().await;
    let mut program = Program::of_alice(&world).await;
    let device = key(8, 3);
    let (federation, member) = {
        let core = world.node.core.read().unwrap();
        (core.federation(), core.member().unwrap())
    };
    let person = PersonId([8; 16]);
    let body = |proof: Option<String>, roles: [&str; 1]| {
        json!({
            "act": "grant", "purpose": "person", "key": device.public().to_string(),
            "person": person.to_string(), "roles": roles, "proof": proof,
        })
    };
    let prove = |member: MemberId| {
        let proof = Grant::prove(&device, &federation, &member, Purpose::Person, Some(person));
        Some(hex::encode(proof.0))
    };
    for (proof, code) in [(None, "proof-missing"), (prove(MemberId([9; 32])), "proof")] {
        let refused = program.refused(body(proof, ["worker"])).await;
        assert_eq!(refused, (422, code.to_owned()));
    }
    program.done(body(prove(member), ["worker"])).await;
    // Other roles for the same key: its holder has agreed already.
    program.done(body(None, ["individual"])).await;
    let core = world.node.core.read().unwrap();
    let known = &core.view().keys[&device.public()];
    assert_eq!((known.member, known.number), (member, 2));
}

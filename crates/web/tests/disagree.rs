//! Disagreeing, where the charter has it and where it has not; classes that are empty or silent.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::http::StatusCode;
use serde_json::{Value, json};
use support::{Browser, World, program::Program};

const RULES: [&str; 5] = [
    "consent-then-vote",
    "consent",
    "one-member-one-vote",
    "class-weighted",
    "charter",
];

/// Proposes under a rule and opens the vote: its page and the version's hash.
async fn opened(program: &mut Program, rule: &str) -> (String, String) {
    let act = json!({ "act": "propose", "title": "Bells", "text": "Loud.", "rule": rule });
    let id = program.done(act).await;
    program.done(json!({ "act": "open", "proposal": id })).await;
    let shown = program.get(&format!("/api/decisions/{id}")).await;
    (id, shown["version_hash"].as_str().unwrap().to_owned())
}

async fn disagree(browser: &mut Browser, id: &str) -> support::Answer {
    let page = browser.get(&format!("/decide/{id}")).await;
    let (csrf, version) = (
        page.field("csrf").to_owned(),
        page.field("version").to_owned(),
    );
    let fields = [
        ("choice", "disagree"),
        ("version", &*version),
        ("csrf", &*csrf),
        ("reason", "Too loud."),
    ];
    browser.post(&format!("/decide/{id}/vote"), &fields).await
}

#[tokio::test]
async fn disagree_counts_as_against_under_every_rule_of_a_charter_that_has_it() {
    let world = World::under("ballot.disagree-allowed = true").await;
    let (mut alice, mut program) = (world.alice().await, Program::of_alice(&world).await);
    for rule in RULES {
        let (id, version) = opened(&mut program, rule).await;
        let page = alice.get(&format!("/decide/{id}")).await.body;
        assert!(page.contains("value=\"disagree\""), "{rule}: {page}");
        let voted = disagree(&mut alice, &id).await;
        assert_eq!(
            voted.status(),
            StatusCode::SEE_OTHER,
            "{rule}: {}",
            voted.body
        );
        let shown = program.get(&format!("/api/decisions/{id}")).await;
        let figures = &shown["phase"]["figures"];
        let counts = ["cast", "disagree", "against", "block"].map(|name| figures[name].clone());
        assert_eq!(counts, [1, 1, 1, 0].map(Value::from), "{rule}");
        let page = alice.get(&format!("/decide/{id}")).await.body;
        assert!(page.contains("1 disagree"), "{rule}: {page}");
        assert!(page.contains("Too loud."), "{rule}");

        // By the API, and back.
        let vote =
            |choice| json!({ "act": "vote", "proposal": id, "version": version, "choice": choice });
        program.done(vote("agree")).await;
        program.done(vote("disagree")).await;
        let shown = program.get(&format!("/api/decisions/{id}")).await;
        assert_eq!(shown["phase"]["figures"]["disagree"], 1, "{rule}");
        // Who disagrees does not block.
        world.clock.advance_seconds(30 * 86_400);
        alice = world.alice().await;
        let shown = program.get(&format!("/api/decisions/{id}")).await;
        assert_ne!(shown["state"], "passed", "{rule}");
        assert_ne!(shown["phase"]["verdict"], "blocked", "{rule}");
    }
}

#[tokio::test]
async fn disagree_is_refused_on_page_and_by_the_api_where_the_charter_has_it_not() {
    let world = World::with_alice().await;
    let (mut alice, mut program) = (world.alice().await, Program::of_alice(&world).await);
    for rule in RULES {
        let (id, version) = opened(&mut program, rule).await;
        let refused = disagree(&mut alice, &id).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{rule}");
        assert!(refused.body.contains("Too loud."), "what was typed stays");
        let vote =
            json!({ "act": "vote", "proposal": id, "version": version, "choice": "disagree" });
        let refused = program.act(vote).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{rule}");
        let message = refused.json()["error"]["message"].to_string();
        assert!(message.contains("disagree"), "{message}");
        let shown = program.get(&format!("/api/decisions/{id}")).await;
        assert_eq!(shown["phase"]["figures"]["cast"], 0, "{rule}");
    }
}

#[tokio::test]
async fn a_class_that_is_empty_or_silent_is_named_with_what_becomes_of_it() {
    let world = World::with_alice().await;
    let (mut alice, mut program) = (world.alice().await, Program::of_alice(&world).await);
    let (id, _) = opened(&mut program, "class-weighted").await;
    let page = format!("/decide/{id}");
    let shown = alice.get(&page).await.body;
    for words in [
        "Nobody is in Consumer organisations and Individuals: the strength is shared",
        "Silent so far: Producer organisations. The vote is extended once",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    // Extended and over: nobody agreed, and the class is left out.
    world.clock.advance_seconds(30 * 86_400);
    let mut alice = world.alice().await;
    let shown = alice.get(&page).await.body;
    let words = "Silent after the extension too: Producer organisations.";
    assert!(shown.contains(words), "{shown}");

    let (id, _) = opened(&mut program, "charter").await;
    let shown = alice.get(&format!("/decide/{id}")).await.body;
    let words = "Silent so far: Producer organisations. Each class with members has to agree";
    assert!(shown.contains(words), "{shown}");
    let (id, _) = opened(&mut program, "consent").await;
    let shown = alice.get(&format!("/decide/{id}")).await.body;
    assert!(!shown.contains("Nobody is in"), "{shown}");
}

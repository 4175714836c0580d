//! The page of a decision in conflict: who mediates, their report, and the fallback vote after it.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::http::StatusCode;
use domain::{
    decision::Choice,
    effect::{Effect, Someone},
    id::ProposalId,
};
use register::file::DecisionFile;
use support::{ALICE, World, hosted::member_of, node::key};

const REPORT: &str = "<b>We</b> listened to both sides.";

/// A proposal of Alice's co-op that was blocked, and how it is decided that she mediates.
async fn mediated(world: &World) -> ProposalId {
    let proposal = world.propose("consent", None).await;
    world.open(proposal).await;
    world.end(proposal, Choice::Block).await;
    let alice = Someone {
        member: member_of(&key(0, 1)),
        person: ALICE,
    };
    let mediation = Effect::Mediation {
        proposal,
        people: vec![alice],
        until: world.now().plus_seconds(7 * 24 * 3600),
    };
    world.decide("consent", mediation).await;
    proposal
}

#[tokio::test]
async fn mediators_report_on_the_page_of_the_decision_and_the_proposer_calls_the_vote() {
    // Here nobody votes by one member, one vote otherwise.
    let world = World::under("rules = [\"consent\", \"charter\"]").await;
    world.begin_register().await;
    let proposal = mediated(&world).await;
    let path = format!("/decide/{proposal}");
    let report = format!("{path}/report");
    let mut alice = world.alice().await;
    let page = alice.get(&path).await.body;
    assert!(
        page.contains("mediate in the conflict about this"),
        "{page}"
    );
    assert!(page.contains("They have not reported yet"));
    assert!(page.contains(&format!("action=\"{report}\"")));
    assert!(!page.contains("name=\"fallback\""), "{page}");
    let in_force = alice.get("/in-force").await.body;
    assert!(
        in_force.contains(&format!("/decide/{proposal}")),
        "{in_force}"
    );
    let home = alice.get("/").await.body;
    assert!(home.contains("Report on the conflict"), "{home}");
    let early = [("fallback", "yes")];
    let refused = alice.submit(&path, &format!("{path}/open"), &early).await;
    assert!(
        refused.body.contains("have not reported yet"),
        "{}",
        refused.body
    );

    let nothing = alice.submit(&path, &report, &[("text", " ")]).await;
    assert_ne!(nothing.status(), StatusCode::SEE_OTHER);
    let fields = [("text", REPORT), ("recommends_vote", "yes")];
    let done = alice.submit(&path, &report, &fields).await;
    assert_eq!(
        done.header("location"),
        format!("{path}?done=reported#mediation")
    );
    let page = alice.get(&path).await.body;
    assert!(page.contains("&lt;b&gt;We&lt;/b&gt; listened"), "{page}");
    assert!(page.contains("The mediators recommend a fallback vote."));
    assert!(page.contains("name=\"fallback\""), "{page}");
    let home = alice.get("/").await.body;
    assert!(!home.contains("Report on the conflict"), "{home}");
    assert!(home.contains("Call the vote on this version"), "{home}");
    let json = alice.get(&format!("{path}.json")).await.json();
    assert_eq!(json["mediation"]["report"]["text"], REPORT);
    assert_eq!(json["mediation"]["report"]["recommends_vote"], true);

    // Anyone reads the report, and nobody's name.
    let public = world.browser().get(&format!("/archive/{proposal}")).await;
    assert!(
        public.body.contains("listened to both sides"),
        "{}",
        public.body
    );
    assert!(!public.body.contains("Alice"), "{}", public.body);

    let opened = alice.submit(&path, &format!("{path}/open"), &early).await;
    assert_eq!(opened.header("location"), format!("{path}?done=opened"));
    world.pass(1200).await;
    let mut alice = world.alice().await;
    let page = alice.get(&path).await.body;
    assert!(!page.contains("name=\"fallback\""), "{page}");
    assert!(page.contains("Consent was blocked and the proposer called this vote"));
    world.end(proposal, Choice::Agree).await;
    let mut alice = world.alice().await;
    let json = alice.get(&format!("{path}.json")).await.json();
    assert_eq!(
        (&json["state"], &json["provisional"]),
        (&"passed".into(), &false.into())
    );
    assert_eq!(json["phase"]["rule"], "one-member-one-vote");
    let file = alice.get(&format!("/api/decisions/{proposal}/file")).await;
    let proof = DecisionFile::read(file.body.as_bytes()).unwrap();
    let proof = proof.verify(None).unwrap();
    assert_eq!(proof.proposal, proposal);
}

#[tokio::test]
async fn the_text_of_a_version_that_does_something_by_itself_is_shown() {
    let world = World::with_alice().await;
    world.begin_register().await;
    let effect = Effect::Class {
        member: member_of(&key(1, 1)),
        class: "consumer".to_owned(),
    };
    let proposal = world.propose("", Some(effect)).await;
    let mut alice = world.alice().await;
    let page = alice.get(&format!("/decide/{proposal}")).await.body;
    assert!(page.contains("Because we talked about it."), "{page}");
}

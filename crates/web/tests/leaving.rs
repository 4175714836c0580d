//! Leaving the federation: what is to be handed over, and what is shown of who has left.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::http::{Method, StatusCode};
use domain::{
    cbor::Encode,
    effect::{Effect, Someone},
};
use federation::{Act, Core};
use register::declaration::{Declaration, Matter};
use support::{
    ALICE, World,
    hosted::{hosted_coop, member_of},
    node::key,
    program::Program,
};

/// A founder leaves, and the height that says so is decided.
async fn leaves(world: &World, founder: u8) {
    let federation = world.node.read(Core::federation);
    let root = key(founder, 1);
    let of = (member_of(&root), 1);
    let leaves = Declaration::sign(&federation, &root, of, Matter::Leave);
    let declaration = leaves.to_bytes();
    let act = Act::Declare { declaration };
    world.node.act(root, act).await.unwrap();
    world.pass(600).await;
}

#[tokio::test]
async fn a_steward_sees_what_is_handed_over_before_its_co_op_leaves() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let before = alice.get("/node").await;
    assert!(!before.body.contains("Leaving the federation"));
    let (mut dora, _) = hosted_coop(&world, &mut alice).await;
    world.begin_register().await;
    let holder = Someone {
        member: member_of(&key(0, 1)),
        person: ALICE,
    };
    let office = Effect::Office {
        circle: None,
        title: "treasurer".to_owned(),
        holder: Some(holder),
        until: None,
    };
    world.decide("", office).await;
    let vote = world.propose("", None).await;
    world.open(vote).await;
    let mut alice = world.alice().await;
    let page = alice.get("/node").await;
    for said in [
        "Leaving the federation",
        "folkmoot leave",
        "Buyers&#39; union",
        "treasurer",
        &format!("/decide/{vote}"),
        "closed by 0 nodes instead of 1",
    ] {
        assert!(
            page.body.contains(said) || page.body.contains(&said.replace("&#39;", "'")),
            "{said}: {}",
            page.body
        );
    }
    // Who is hosted leaves elsewhere, and does not see its host's things.
    dora.sign_in("Dora", support::hosted::THEIRS).await;
    let theirs = dora.get("/node").await;
    assert!(!theirs.body.contains("folkmoot leave"), "{}", theirs.body);
}

#[tokio::test]
async fn who_left_is_shown_with_the_height_and_the_day_and_signs_nothing_more() {
    let world = World::with_alice().await;
    world.begin_register().await;
    leaves(&world, 1).await;
    let member = member_of(&key(1, 1));
    let mut alice = world.alice().await;
    let listed = alice.get("/federation").await;
    assert!(listed.body.contains("Former members"), "{}", listed.body);
    assert!(
        listed
            .body
            .contains("Co-op 1 left the federation at height")
    );
    let own = alice.get(&format!("/members/{member}")).await;
    assert_eq!(own.status(), StatusCode::OK);
    assert!(own.body.contains("Co-op 1 left the federation at height"));
    let mut program = Program::of(&mut alice).await;
    let answer = program.get("/api/members").await;
    assert_eq!(answer["members"].as_array().unwrap().len(), 2);
    let former = &answer["former"][0];
    assert_eq!(
        (&former["name"], &former["expelled"]),
        (&"Co-op 1".into(), &false.into())
    );
    assert_eq!(former["height"], 2);
    assert!(former["time_ms"].is_u64(), "{former}");
    let act = Act::Profile(domain::record::Profile {
        name: "Co-op 1".to_owned(),
        region: String::new(),
        description: String::new(),
        website: String::new(),
    });
    let refused = world.node.act(key(1, 3), act).await.unwrap_err();
    assert!(refused.to_string().contains("member no more"), "{refused}");
    let vote = world.propose("", None).await;
    world.open(vote).await;
    let shown = program.get(&format!("/api/decisions/{vote}")).await;
    let electorate = shown["phase"]["electorate"].as_array().unwrap();
    assert_eq!(electorate.len(), 2, "{shown:#}");
    let health = program.call(Method::GET, "/health", None).await;
    assert_eq!(health.json()["ready"], true);
}

#[tokio::test]
async fn the_records_of_a_member_are_exported_once_each_and_in_order() {
    let world = World::with_alice().await;
    world.begin_register().await;
    let vote = world.propose("", None).await;
    world.open(vote).await;
    let contents = world.node.read(web::export::contents).unwrap();
    assert_eq!(contents.name, "Co-op 0");
    assert!(contents.decisions.is_empty(), "nothing is final");
    let mut after = None;
    let (mut places, mut pieces) = (Vec::new(), 0);
    loop {
        let records = web::export::records(&world.site, after).await.unwrap();
        assert!(records.len() <= web::export::RECORDS_MAX);
        if records.is_empty() {
            break;
        }
        pieces += 1;
        for record in &records {
            let text = |field: &str| record[field].as_str().unwrap().to_owned();
            let author = text("author").parse().unwrap();
            let sequence = record["sequence"].as_u64().unwrap();
            places.push((author, sequence, text("id").parse().unwrap()));
        }
        after = places.last().copied();
    }
    assert!(pieces > 0);
    assert!(places.is_sorted(), "each once, in the order of the logs");
    let own = member_of(&key(0, 1));
    let count = world.node.read(|core| core.view().entries[&own]);
    assert_eq!(places.len() as u64, count);
}

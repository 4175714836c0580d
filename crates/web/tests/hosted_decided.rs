//! Newcomers without a node, once the register has begun: they accept the charter, apply to all members,
//! and are members by themselves when a decision has admitted them.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::http::{Method, StatusCode};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    cbor::{Decode, Encode},
    charter::Charter,
    decision::Choice,
    effect::{Applicant, Effect},
    entry::Entry,
    id::{MemberId, PersonId},
    key::SecretKey,
    record::{self, Grant, Purpose},
};
use federation::Core;
use serde_json::{Value, json};
use support::{
    Browser, World,
    hosted::{THEIRS, link, member_of, sign_up},
    node::key,
    program::Program,
};
use web::hosted;

/// A federation whose register has begun, and its steward.
async fn begun() -> (World, Browser) {
    let world = World::with_alice().await;
    world.begin_register().await;
    let alice = world.alice().await;
    (world, alice)
}

fn charter(world: &World) -> String {
    world.node.read(|core| core.charter().hash().to_string())
}

/// Dora signs up and accepts the charter.
async fn applies(world: &World, alice: &mut Browser) -> Browser {
    let link = link(alice, "consumer").await;
    let mut dora = world.browser();
    let hash = charter(world);
    let terms = [
        ("contribution", "Two hours a week"),
        ("accept_charter", &*hash),
    ];
    let answer = sign_up(&mut dora, &link, &terms).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
    dora
}

fn candidate(world: &World) -> Applicant {
    world.node.read(|core| {
        let mut all = core.view().candidates.values();
        all.next().unwrap().applicant.clone()
    })
}

/// What Dora's page says; a vote takes longer than a session lasts.
async fn says(dora: &mut Browser, words: &str) {
    dora.sign_in("Dora", THEIRS).await;
    let page = dora.get("/account/application").await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.body.contains(words), "{words}: {}", page.body);
}

/// A charter with another sentence in it.
async fn another_charter(world: &World, title: &str) {
    let text = Charter::default().to_toml();
    let title = format!("title = \"{title}\"\n");
    let text = match text.find("title = ") {
        Some(at) => {
            let end = at + text[at..].find('\n').unwrap() + 1;
            format!("{}{title}{}", &text[..at], &text[end..])
        }
        None => title + &text,
    };
    let charter = Charter::from_toml(&text).unwrap().to_bytes();
    world.decide("charter", Effect::Charter { charter }).await;
}

#[tokio::test]
async fn who_accepts_the_charter_is_admitted_by_decision_and_a_member_by_itself() {
    let (world, mut alice) = begun().await;
    let mut dora = applies(&world, &mut alice).await;
    let applicant = candidate(&world);
    assert_eq!(applicant.request, "We would like to meet.");
    assert_eq!(applicant.contribution, "Two hours a week");
    let own = member_of(&key(0, 1));
    assert_eq!(applicant.host, Some(own));
    let member = applicant.member();
    let offers = |core: &Core| core.view().offers_to(&member).contains_key(&own);
    assert!(world.node.read(offers), "members see who will host it");
    says(&mut dora, "waits until a member proposes").await;
    let home = dora.get("/account").await;
    assert!(
        home.body.contains("The members have your application"),
        "{}",
        home.body
    );
    assert!(home.body.contains("Buyers&#39; union") || home.body.contains("Buyers' union"));
    let hosting = alice.get("/node/hosted").await;
    assert!(
        hosting.body.contains("waits until a member proposes"),
        "{}",
        hosting.body
    );
    let twice = [
        ("request", "Again."),
        ("contribution", "More"),
        ("accept_charter", &*charter(&world)),
    ];
    let again = dora
        .submit("/account", "/account/application", &twice)
        .await;
    assert_eq!(again.status(), StatusCode::CONFLICT, "{}", again.body);

    let proposal = world.propose("", Some(Effect::Admission(applicant))).await;
    says(&mut dora, "Its admission is talked about").await;
    world.open(proposal).await;
    says(&mut dora, &format!("/archive/{proposal}")).await;
    says(&mut dora, "Its admission is voted on").await;
    world.end(proposal, Choice::Agree).await;
    hosted::go_on_all(&world.site).await.unwrap();
    assert!(world.site.hosted.newcomers().await.unwrap().is_empty());
    world.node.read(|core| {
        let view = core.view();
        let known = &view.members[&member];
        assert_eq!((&*known.name, &*known.class), ("Buyers' union", "consumer"));
        assert_eq!(view.host_of(&member), own);
        assert_eq!(known.mandate.as_ref().unwrap().delegates.len(), 1);
        // Enter, host, grant, mandate, and the person's card: once each.
        assert_eq!(view.entries[&member], 5);
    });
    dora.sign_in("Dora", THEIRS).await;
    let gone = dora.get("/account/application").await;
    assert_eq!(gone.header("location"), "/account");
    assert_eq!(dora.get("/").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn nobody_signs_up_without_accepting_the_charter_in_force_and_saying_who_asks() {
    let (world, mut alice) = begun().await;
    let link = link(&mut alice, "").await;
    let hash = charter(&world);
    let page = world.browser().get(&link).await;
    for shown in [
        &*hash,
        "All members decide",
        "Read all of it",
        "regular-seconds",
    ] {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    let other = "0".repeat(64);
    for (wrong, at) in [
        (("accept_charter", ""), "error-accept_charter"),
        (("accept_charter", &*other), "The charter has changed since"),
        (("contribution", " "), "error-contribution"),
        (("request", " "), "error-request"),
    ] {
        let right = [("contribution", "Ten hours"), ("accept_charter", &*hash)];
        let kept = right.into_iter().filter(|(name, _)| *name != wrong.0);
        let fields: Vec<_> = kept.chain([wrong]).collect();
        let refused = sign_up(&mut world.browser(), &link, &fields).await;
        assert_eq!(
            refused.status(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wrong:?}"
        );
        assert!(refused.body.contains(at), "{wrong:?}: {}", refused.body);
    }
    assert!(world.site.hosted.newcomers().await.unwrap().is_empty());
    assert!(world.node.read(|core| core.view().candidates.is_empty()));
}

#[tokio::test]
async fn who_accepted_an_older_charter_or_was_refused_applies_again_on_its_page() {
    let (world, mut alice) = begun().await;
    let mut dora = applies(&world, &mut alice).await;
    let before = charter(&world);
    another_charter(&world, "Charter of the Forest").await;
    assert_ne!(charter(&world), before);
    says(&mut dora, "The charter has changed").await;
    says(&mut dora, "Charter of the Forest").await;
    let path = "/account/application";
    let words = [("request", "We meet."), ("contribution", "Ten hours")];
    let old = [&words[..], &[("accept_charter", &*before)]].concat();
    let refused = dora.submit(path, path, &old).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let hash = charter(&world);
    let new = [&words[..], &[("accept_charter", &*hash)]].concat();
    let done = dora.submit(path, path, &new).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER, "{}", done.body);
    assert_eq!(candidate(&world).terms.to_string(), hash);
    says(&mut dora, "waits until a member proposes").await;

    let admission = || Some(Effect::Admission(candidate(&world)));
    let proposal = world.propose("one-member-one-vote", admission()).await;
    world.open(proposal).await;
    world.end(proposal, Choice::Block).await;
    says(&mut dora, "It was not admitted").await;
    let again = dora.submit(path, path, &new).await;
    assert_eq!(again.status(), StatusCode::SEE_OTHER, "{}", again.body);
    says(&mut dora, "waits until a member proposes").await;
    world.decide("", admission().unwrap()).await;
    hosted::go_on_all(&world.site).await.unwrap();
    let member = candidate(&world).member();
    assert!(
        world
            .node
            .read(|core| core.view().members.contains_key(&member))
    );
}

#[tokio::test]
async fn who_signed_up_before_the_register_began_is_asked_to_accept_the_charter() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let link = link(&mut alice, "consumer").await;
    let mut dora = world.browser();
    sign_up(&mut dora, &link, &[]).await;
    says(&mut dora, "0 of 2 have signed").await;
    world.begin_register().await;
    says(&mut dora, "All members decide on admissions").await;
    let hosting = alice.get("/node/hosted").await;
    assert!(
        hosting.body.contains("has not accepted the charter"),
        "{}",
        hosting.body
    );
    let hash = charter(&world);
    let words = [
        ("request", "We meet."),
        ("contribution", "Ten hours"),
        ("accept_charter", &*hash),
    ];
    let path = "/account/application";
    let done = dora.submit(path, path, &words).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER, "{}", done.body);
    world.decide("", Effect::Admission(candidate(&world))).await;
    hosted::go_on_all(&world.site).await.unwrap();
    let member = candidate(&world).member();
    assert!(
        world
            .node
            .read(|core| core.view().members.contains_key(&member))
    );
}

/// A person whose keys never leave the device signs what the host's node prepares.
async fn signs(
    program: &mut Program,
    keys: &[&SecretKey],
    federation: domain::id::FederationId,
) -> Value {
    loop {
        let next = program.get("/api/hosted/next").await;
        if next["state"] != "sign" {
            return next;
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(next["entry"].as_str().unwrap())
            .unwrap();
        let mut entry = Entry::from_bytes(&bytes).unwrap();
        let mut keys = keys.iter();
        let signer = keys
            .find(|key| key.public() == entry.header.author)
            .unwrap();
        entry.signature = entry.header.sign(&federation, signer);
        let body = json!({ "entry": URL_SAFE_NO_PAD.encode(entry.to_bytes()) });
        let sent = program
            .call(Method::POST, "/api/acts/submit", Some(&body))
            .await;
        assert_eq!(sent.status(), StatusCode::CREATED, "{}", sent.body);
    }
}

#[tokio::test]
async fn a_device_signs_its_own_application_and_no_other_is_taken_for_it() {
    let (world, mut alice) = begun().await;
    let link = link(&mut alice, "consumer").await;
    let (root, own) = (key(9, 1), key(9, 3));
    let federation = world.node.read(Core::federation);
    let (person, member) = (PersonId([9; 16]), member_of(&root));
    let mut emil = world.browser();
    let mut stranger = Program {
        browser: world.browser(),
        token: String::new(),
    };
    let asked = stranger.browser.get(&format!("/api{link}")).await.json();
    let encoded = URL_SAFE_NO_PAD
        .decode(asked["charter"]["encoded"].as_str().unwrap())
        .unwrap();
    let terms = Charter::decode(&encoded).unwrap().hash();
    assert_eq!(terms.to_string(), charter(&world));
    let host: MemberId = asked["host_id"].as_str().unwrap().parse().unwrap();
    let sign = |name: &str, terms, host| {
        let said = ("I teach.", "ten hours");
        let signed = Applicant::sign(
            &federation,
            &root,
            (name, "consumer"),
            said,
            terms,
            Some(host),
        );
        json!(URL_SAFE_NO_PAD.encode(signed.to_bytes()))
    };
    let message = record::Application::message(&federation, &root.public(), "Emil", "consumer");
    let grant = Grant::prove(&own, &federation, &member, Purpose::Person, Some(person));
    let mut body = json!({
        "member_name": "Emil", "class": "consumer", "name": "Emil", "password": "battery staple",
        "root": root.public().to_string(), "application": hex::encode(root.sign(&message).0),
        "person": person.to_string(), "key": own.public().to_string(), "grant": hex::encode(grant.0),
    });
    let path = format!("/api{link}");
    let elsewhere = member_of(&key(1, 1));
    let nonsense = domain::id::Hash([7; 32]);
    for applicant in [
        Value::Null,
        json!("AAAA"),
        sign("Eve", terms, host),
        sign("Emil", nonsense, host),
        sign("Emil", terms, elsewhere),
    ] {
        body["applicant"] = applicant;
        let refused = stranger.call(Method::POST, &path, Some(&body)).await;
        assert!(refused.status().is_client_error(), "{}", refused.body);
    }
    body["applicant"] = sign("Emil", terms, host);
    let made = stranger.call(Method::POST, &path, Some(&body)).await;
    assert_eq!(made.status(), StatusCode::CREATED, "{}", made.body);
    emil.sign_in("Emil", "battery staple").await;
    let mut program = Program::of(&mut emil).await;
    let waits = signs(&mut program, &[&root, &own], federation).await;
    assert_eq!(waits["standing"]["state"], "waiting", "{waits}");
    assert!(waits["charter"].is_null(), "{waits}");

    another_charter(&world, "Charter of the Forest").await;
    let waits = program.get("/api/hosted/next").await;
    assert_eq!(waits["standing"]["state"], "outdated", "{waits}");
    assert_eq!(waits["charter"]["hash"], charter(&world));
    let new = world.node.read(|core| core.charter().hash());
    for (applicant, status) in [
        (sign("Emil", terms, host), StatusCode::UNPROCESSABLE_ENTITY),
        (sign("Emil", new, host), StatusCode::CREATED),
    ] {
        let body = json!({ "applicant": applicant });
        let sent = program
            .call(Method::POST, "/api/hosted/application", Some(&body))
            .await;
        assert_eq!(sent.status(), status, "{}", sent.body);
    }
    world.decide("", Effect::Admission(candidate(&world))).await;
    let done = signs(&mut program, &[&root, &own], federation).await;
    assert_eq!(done["state"], "done", "{done}");
    let mandate = |core: &Core| core.view().members[&member].mandate.is_some();
    assert!(world.node.read(mandate));
}

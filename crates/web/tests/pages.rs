//! The pages as a browser without script uses them.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    future::Future,
    task::{Context, Waker},
};

use axum::http::StatusCode;
use domain::record;
use serde_json::json;
use support::{Browser, World, form, node::key};

/// Proposes something and gives the path of its page.
async fn propose(browser: &mut Browser, title: &str) -> String {
    propose_by(browser, title, "consent").await
}

async fn propose_by(browser: &mut Browser, title: &str, rule: &str) -> String {
    let fields = [
        ("title", title),
        ("text", "A loud one."),
        ("rule", rule),
        ("language", "en"),
    ];
    let answer = browser.submit("/decide/new", "/decide", &fields).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
    answer
        .header("location")
        .split('?')
        .next()
        .unwrap()
        .to_owned()
}

async fn open(browser: &mut Browser, title: &str) -> String {
    let path = propose(browser, title).await;
    let answer = browser.submit(&path, &format!("{path}/open"), &[]).await;
    assert_eq!(answer.header("location"), format!("{path}?done=opened"));
    path
}

async fn vote(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> support::Answer {
    let page = browser.get(&format!("{path}?change=1")).await;
    let (token, version) = (
        page.field("csrf").to_owned(),
        page.field("version").to_owned(),
    );
    let fields = [fields, &[("csrf", &*token), ("version", &*version)]].concat();
    browser.post(&format!("{path}/vote"), &fields).await
}

#[tokio::test]
async fn a_proposal_is_made_opened_and_voted_on_without_script() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let path = open(&mut browser, "Buy a bell").await;
    let home = browser.get("/").await;
    assert!(home.body.contains("Buy a bell"), "{}", home.body);

    let answer = vote(
        &mut browser,
        &path,
        &[("choice", "agree"), ("reason", "It is time")],
    )
    .await;
    assert_eq!(
        answer.header("location"),
        format!("{path}?done=voted"),
        "{}",
        answer.body
    );
    let page = browser.get(&path).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.body.contains("It is time"));
    let json = browser.get(&format!("{path}.json")).await.json();
    assert_eq!(json["phase"]["figures"]["agree"], 1);
}

/// A browser drops the first request of a double click, wherever its work stands just then.
#[tokio::test]
async fn a_form_whose_first_sender_went_away_does_its_work_once() {
    for polls in 0..40 {
        let world = World::with_alice().await;
        let mut browser = world.alice().await;
        let token = browser.get("/decide/new").await.field("csrf").to_owned();
        let fields = [
            ("title", "Once"),
            ("text", "x"),
            ("rule", "consent"),
            ("language", "en"),
            ("csrf", &*token),
        ];
        let mut gone = browser.clone();
        let mut first = Box::pin(gone.post("/decide", &fields));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..polls {
            if first.as_mut().poll(&mut context).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(first);
        let answer = browser.post("/decide", &fields).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
        let proposals = world.node.read(|core| core.view().proposals.len());
        assert_eq!(proposals, 1, "gone after {polls} polls");
    }
}

#[tokio::test]
async fn a_double_click_makes_one_proposal_and_one_comment() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let token = browser.get("/decide/new").await.field("csrf").to_owned();
    let fields = [
        ("title", "Once"),
        ("text", "x"),
        ("rule", "consent"),
        ("language", "en"),
        ("csrf", &*token),
    ];
    let mut twin = browser.clone();
    let (first, second) = tokio::join!(
        browser.post("/decide", &fields),
        twin.post("/decide", &fields)
    );
    assert_eq!(first.header("location"), second.header("location"));
    let path = first
        .header("location")
        .split('?')
        .next()
        .unwrap()
        .to_owned();

    let token = browser.get(&path).await.field("csrf").to_owned();
    let said = [("text", "Why not two?"), ("csrf", &*token)];
    for _ in 0..2 {
        let answer = browser.post(&format!("{path}/comment"), &said).await;
        assert_eq!(
            answer.header("location"),
            format!("{path}?done=commented#discussion")
        );
    }
    let json = browser.get(&format!("{path}.json")).await.json();
    assert_eq!(json["comments"].as_array().unwrap().len(), 1);
    let count = world.node.read(|core| core.view().proposals.len());
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_block_without_a_reason_comes_back_with_what_was_typed() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let path = open(&mut browser, "Sell the bell").await;
    let fields = [
        ("choice", "block"),
        ("aim", "1"),
        ("reason", "no <b>way</b>"),
    ];
    let answer = vote(&mut browser, &path, &fields).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer.body.contains("There is a problem"),
        "{}",
        answer.body
    );
    assert!(answer.body.contains("no &lt;b&gt;way&lt;/b&gt;"));
    let reason = ("reason", "It would end the meetings we hold by bell.");
    let answer = vote(
        &mut browser,
        &path,
        &[("choice", "block"), ("aim", "1"), reason],
    )
    .await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
    let json = browser.get(&format!("{path}.json")).await.json();
    assert_eq!(json["phase"]["verdict"], "blocked");
    assert_eq!(json["phase"]["ballots"][0]["aim"], 1);
}

#[tokio::test]
async fn a_ballot_for_an_old_version_or_after_the_deadline_is_refused_with_words() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let path = open(&mut browser, "Paint the bell").await;
    let page = browser.get(&path).await;
    let (token, version) = (
        page.field("csrf").to_owned(),
        page.field("version").to_owned(),
    );
    let amended = [
        ("title", "Paint the bell red"),
        ("text", "Red."),
        ("what_changed", "Colour"),
    ];
    let amend = format!("{path}/amend");
    let answer = browser.submit(&amend, &amend, &amended).await;
    assert_eq!(
        answer.header("location"),
        format!("{path}?done=amended"),
        "{}",
        answer.body
    );
    let old = [
        ("choice", "agree"),
        ("version", &*version),
        ("csrf", &*token),
    ];
    let answer = browser.post(&format!("{path}/vote"), &old).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert!(
        answer.body.contains("read the new version"),
        "{}",
        answer.body
    );
    let compared = browser.get(&format!("{path}/diff/1..2")).await;
    assert_eq!(compared.status(), StatusCode::OK);
    assert!(compared.body.contains("<ins>"));

    let page = browser.get(&path).await;
    let version = page.field("version").to_owned();
    world.clock.advance_seconds(12 * 24 * 3600);
    let mut browser = world.alice().await;
    let token = browser.get("/account").await.field("csrf").to_owned();
    let late = [
        ("choice", "agree"),
        ("version", &*version),
        ("csrf", &*token),
    ];
    let answer = browser.post(&format!("{path}/vote"), &late).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert!(answer.body.contains("Voting closed at"), "{}", answer.body);
}

#[tokio::test]
async fn comments_are_answered_and_a_proposal_is_withdrawn() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let path = propose(&mut browser, "Hide the bell").await;
    let comment = format!("{path}/comment");
    browser
        .submit(&path, &comment, &[("text", "Where to?")])
        .await;
    let json = browser.get(&format!("{path}.json")).await.json();
    let entry = json["comments"][0]["id"].as_str().unwrap().to_owned();
    let answer = [("text", "Under the stairs."), ("answers", &*entry)];
    browser.submit(&path, &comment, &answer).await;
    let page = browser.get(&path).await;
    assert!(page.body.contains("Where to?") && page.body.contains("Under the stairs."));
    let answer = browser
        .submit(
            &path,
            &format!("{path}/withdraw"),
            &[("reason", "No stairs.")],
        )
        .await;
    assert_eq!(answer.header("location"), format!("{path}?done=withdrawn"));
    let json = browser.get(&format!("{path}.json")).await.json();
    assert_eq!(json["state"], "withdrawn");
}

#[tokio::test]
async fn the_archive_shows_what_is_public_to_anyone_and_nothing_else() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let path = open(&mut browser, "<script>alert(1)</script>").await;
    vote(
        &mut browser,
        &path,
        &[("choice", "agree"), ("reason", "Secret reason")],
    )
    .await;
    browser
        .submit(
            &path,
            &format!("{path}/comment"),
            &[("text", "Secret comment")],
        )
        .await;

    let mut anyone = world.browser();
    let list = anyone.get("/archive").await;
    assert_eq!(list.status(), StatusCode::OK);
    assert!(list.body.contains("&lt;script&gt;"));
    let page = anyone.get(&path.replace("/decide/", "/archive/")).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.body.contains("A loud one."));
    for secret in [
        "Secret reason",
        "Secret comment",
        "<script>alert",
        "/members/",
    ] {
        assert!(!page.body.contains(secret), "{secret}");
    }
    let away = anyone.get(&path).await;
    assert_eq!(away.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn every_page_is_there() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let path = open(&mut browser, "Ring the bell").await;
    let member = world.node.read(|core| core.member().unwrap().to_string());
    let circle = [
        ("name", "Systems"),
        ("domain", "Servers"),
        ("rhythm", "Mondays"),
    ];
    let made = browser.submit("/circles/new", "/circles", &circle).await;
    let circle = made
        .header("location")
        .split('?')
        .next()
        .unwrap()
        .to_owned();
    assert!(circle.starts_with("/circles/"), "{}", made.body);
    for path in [
        "/",
        "/decide",
        "/decide?show=open",
        "/decide?show=closed",
        "/decide?show=all",
        "/decide/new",
        &path,
        &format!("{path}/amend"),
        "/federation",
        "/federation/applications",
        &format!("/members/{member}"),
        "/profile",
        "/circles",
        "/circles/new",
        &circle,
        &format!("{circle}/edit"),
        "/charter",
        "/node",
        "/node/people",
        "/node/keys",
        "/account",
        "/archive",
        "/help/consent",
        "/assets/style.css",
        "/assets/live.js",
        "/sign-in",
    ] {
        let answer = browser.get(path).await;
        let expected = if path == "/sign-in" {
            StatusCode::SEE_OTHER
        } else {
            StatusCode::OK
        };
        assert_eq!(answer.status(), expected, "{path}: {}", answer.body);
    }
    for path in [
        "/nowhere",
        "/decide/00",
        "/members/00",
        "/circles/00",
        "/help/nothing",
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(answer.body.contains("<!DOCTYPE html>"), "{path}");
    }
    let answer = browser.get(&format!("{path}/vote")).await;
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_profile_a_circle_and_its_roles_are_edited() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let profile = [
        ("name", "Bell co-op"),
        ("region", "Rotterdam"),
        ("website", ""),
    ];
    let saved = browser.submit("/profile", "/profile", &profile).await;
    let place = saved.header("location").to_owned();
    assert!(place.ends_with("?done=saved"), "{}", saved.body);
    assert!(browser.get(&place).await.body.contains("Rotterdam"));
    let empty = browser
        .submit("/profile", "/profile", &[("name", " ")])
        .await;
    assert_eq!(empty.status(), StatusCode::UNPROCESSABLE_ENTITY);

    // A person without a name cannot be found in a list: Alice takes one.
    let alice = support::ALICE.to_string();
    world.node.act(key(0, 3), named(&alice)).await.unwrap();
    let made = [("name", "Systems"), ("domain", "Servers")];
    let made = browser.submit("/circles/new", "/circles", &made).await;
    let circle = made
        .header("location")
        .split('?')
        .next()
        .unwrap()
        .to_owned();
    let roles = format!("{circle}/roles");
    let role = [
        ("person", &*alice),
        ("title", "bell ringer"),
        ("until", "2030-01-31"),
    ];
    let answer = browser.submit(&circle, &roles, &role).await;
    assert_eq!(
        answer.header("location"),
        format!("{circle}?done=saved"),
        "{}",
        answer.body
    );
    assert!(browser.get(&circle).await.body.contains("bell ringer"));
    world.clock.advance_seconds(1);
    browser
        .submit(&circle, &roles, &[("person", &*alice), ("title", "")])
        .await;
    world.clock.advance_seconds(1);
    assert!(!browser.get(&circle).await.body.contains("bell ringer"));
    let ended = [("name", "Systems"), ("domain", "Servers"), ("ended", "yes")];
    let answer = browser
        .submit(&format!("{circle}/edit"), &circle, &ended)
        .await;
    assert_eq!(
        answer.header("location"),
        format!("{circle}?done=saved"),
        "{}",
        answer.body
    );
}

fn named(person: &str) -> federation::Act {
    federation::Act::Person {
        person: person.parse().unwrap(),
        name: "Alice".to_owned(),
        contact: String::new(),
    }
}

#[tokio::test]
async fn a_steward_invites_and_removes_on_the_page() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let invite = [("name", "Bob"), ("roles", "delegate"), ("roles", "worker")];
    let page = browser
        .submit("/node/people", "/node/people/invite", &invite)
        .await;
    assert_eq!(page.status(), StatusCode::OK, "{}", page.body);
    let at = page.body.find("/welcome/").expect("the link");
    let link: String = page.body[at..]
        .chars()
        .take("/welcome/".len() + 43)
        .collect();
    let mut bob = world.browser();
    assert!(bob.get(&link).await.body.contains("Bob"));
    let fields = [("name", "Bob"), ("password", support::PASSWORD)];
    assert_eq!(
        bob.post(&link, &fields).await.status(),
        StatusCode::SEE_OTHER
    );
    assert_eq!(bob.get("/node/keys").await.status(), StatusCode::FORBIDDEN);
    let invited = bob.submit("/account", "/node/people/invite", &invite).await;
    assert_eq!(invited.status(), StatusCode::FORBIDDEN);

    let person = world.node.read(|core| {
        let mut persons = core.view().persons.iter();
        let bob = persons.find(|(_, person)| person.name.as_deref() == Some("Bob"));
        bob.unwrap().0.1.to_string()
    });
    let removed = format!("/node/people/{person}/remove");
    let answer = browser.submit("/node/people", &removed, &[]).await;
    assert_eq!(
        answer.header("location"),
        "/node/people?done=removed",
        "{}",
        answer.body
    );
    assert_eq!(bob.get("/account").await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_founders_steward_admits_an_applicant() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let newcomer = key(7, 1);
    let federation = world.node.read(federation::Core::federation);
    let root = newcomer.public();
    let message = record::Application::message(&federation, &root, "New co-op", "producer");
    let application = record::Application {
        root,
        name: "New co-op".to_owned(),
        class: "producer".to_owned(),
        proof: newcomer.sign(&message),
    };
    let apply = federation::Act::Apply {
        application,
        request: "Let us in".to_owned(),
    };
    world.node.act(key(0, 3), apply).await.unwrap();
    let page = browser.get("/federation/applications").await;
    assert!(page.body.contains("Let us in"), "{}", page.body);
    let admit = format!("/federation/applications/{root}/admit");
    let answer = browser
        .submit("/federation/applications", &admit, &[])
        .await;
    assert_eq!(
        answer.header("location"),
        "/federation/applications?done=admitted"
    );
    let signed = world.node.read(|core| {
        core.view()
            .admissions
            .values()
            .map(|a| a.len())
            .sum::<usize>()
    });
    assert_eq!(signed, 1);
}

#[tokio::test]
async fn settings_are_kept_and_wrong_ones_refused() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let settings = [("zone", "Europe/Berlin"), ("theme", "dark")];
    let saved = browser
        .submit("/account", "/account/settings", &settings)
        .await;
    assert_eq!(
        saved.header("location"),
        "/account?done=saved-here#settings"
    );
    let page = browser.get("/account").await;
    assert!(page.body.contains("data-theme=\"dark\"") && page.body.contains("Europe/Berlin"));
    let wrong = [("zone", "Mars/Olympus"), ("theme", "dark")];
    let refused = browser
        .submit("/account", "/account/settings", &wrong)
        .await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_node_that_stopped_says_that_nothing_was_lost() {
    let mut world = World::with_alice().await;
    let (requests, inbox) = tokio::sync::mpsc::channel(1);
    drop(inbox);
    world.node.requests = requests;
    world.restart();
    let mut browser = world.alice().await;
    let token = browser.get("/decide/new").await.field("csrf").to_owned();
    let fields = [
        ("title", "x"),
        ("text", "x"),
        ("rule", "consent"),
        ("csrf", &*token),
    ];
    let answer = browser.send(form("/decide", &fields)).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let health = browser.get("/health").await;
    assert_eq!(health.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(health.json()["ready"], json!(false));
}

#[tokio::test]
async fn the_archive_is_read_a_page_at_a_time_the_newest_first() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    for number in 0..52 {
        propose(&mut browser, &format!("Bell {number:02}")).await;
        world.clock.advance_seconds(60);
    }
    let mut stranger = world.browser();
    let newest = stranger.get("/archive").await.body;
    assert!(newest.contains("Bell 51") && newest.contains("Bell 02"));
    assert!(!newest.contains("Bell 01"));
    assert!(newest.contains("/archive?page=2"));
    let older = stranger.get("/archive?page=2").await.body;
    assert!(older.contains("Bell 01") && older.contains("Bell 00"));
    assert!(older.contains("/archive?page=1") && !older.contains("/archive?page=3"));
    let beyond = stranger.get("/archive?page=18446744073709551615").await;
    assert_eq!(beyond.status(), StatusCode::OK);
}

#[tokio::test]
async fn after_a_block_the_proposer_calls_the_vote_that_follows() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let path = propose_by(&mut browser, "Lend the bell", "consent-then-vote").await;
    browser.submit(&path, &format!("{path}/open"), &[]).await;
    let page = browser.get(&path).await.body;
    assert!(page.contains("would be extended once"), "{page}");
    let block = [
        ("choice", "block"),
        ("aim", "1"),
        ("reason", "It would end the meetings we hold by bell."),
    ];
    vote(&mut browser, &path, &block).await;
    let page = browser.get(&path).await.body;
    assert!(page.contains("time to integrate the block"), "{page}");
    world.clock.advance_seconds(7 * 24 * 3600 + 1);
    let mut browser = world.alice().await;
    let page = browser.get(&path).await.body;
    assert!(page.contains("was blocked.</strong>"), "{page}");
    assert!(page.contains("Call the vote on this version"));
    let lists = browser.get("/decide?show=open").await.body;
    assert!(
        lists.contains("the proposer integrates a block until"),
        "{lists}"
    );
    let called = browser.submit(&path, &format!("{path}/open"), &[]).await;
    assert_eq!(called.header("location"), format!("{path}?done=opened"));
    vote(&mut browser, &path, &[("choice", "agree")]).await;
    let page = browser.get(&path).await.body;
    assert!(page.contains("the proposer called this vote"), "{page}");
    assert!(page.contains("a vote by one member, one vote was called on version 1"));
    let json = browser.get(&format!("{path}.json")).await.json();
    assert_eq!(json["phase"]["fallback"], true);
    assert_eq!(json["phase"]["verdict"], "passed");
    assert_eq!(json["earlier_phases"][0]["verdict"], "blocked");
}

#[tokio::test]
async fn the_charter_says_how_much_power_each_class_has_under_each_rule() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let page = browser.get("/charter").await.body;
    for words in [
        "Consent, then one member one vote",
        "By class and strength",
        "The rule of the charter",
        "half of the strengths",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[tokio::test]
async fn another_charter_is_compared_by_settings_and_power_and_mistakes_are_named() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let form = browser.get("/charter/compare").await;
    assert!(
        form.body.contains("class.producer.strength-percent = 40"),
        "{}",
        form.body
    );
    let other = "class.producer.strength-percent = 50\nclass.consumer.strength-percent = 25";
    let answer = browser
        .submit(
            "/charter/compare",
            "/charter/compare",
            &[("charter", other)],
        )
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.body.contains("class.producer.strength-percent"));
    assert!(
        answer.body.contains("Power: By class and strength"),
        "{}",
        answer.body
    );
    let wrong = "class.producer.strength-percent = 41";
    let answer = browser
        .submit(
            "/charter/compare",
            "/charter/compare",
            &[("charter", wrong)],
        )
        .await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("add up to 101"), "{}", answer.body);
}

#[tokio::test]
async fn a_vote_from_before_the_register_waits_on_home_to_be_opened_again() {
    let world = World::with_alice().await;
    let proposal = world.propose("consent", None).await;
    world.open(proposal).await;
    let mut alice = world.alice().await;
    let asks = "Open voting again";
    assert!(!alice.get("/").await.body.contains(asks));
    world.begin_register().await;
    let mut alice = world.alice().await;
    let home = alice.get("/").await.body;
    assert!(home.contains(asks), "{home}");
    let path = format!("/decide/{proposal}");
    let opened = alice.submit(&path, &format!("{path}/open"), &[]).await;
    assert_eq!(opened.header("location"), format!("{path}?done=opened"));
    let mut alice = world.alice().await;
    let home = alice.get("/").await.body;
    assert!(!home.contains(asks), "{home}");
}

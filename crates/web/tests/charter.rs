//! The charter as pages and programs read it, and the comparison that a proposal names.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::http::{Method, StatusCode};
use serde_json::json;
use support::{World, acts, program::Program};

const SHIFTED: &str = "class.producer.strength-percent = 50\nclass.consumer.strength-percent = 25";

#[tokio::test]
async fn a_comparison_has_an_address_that_a_proposal_links_to() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let at = "/charter/compare";
    let compared = alice.submit(at, at, &[("charter", SHIFTED)]).await.body;
    let link =
        "/charter/compare?class.consumer.strength-percent=25&class.producer.strength-percent=50";
    let escaped = link.replace('&', "&amp;");
    assert!(
        compared.contains(&format!("href=\"{escaped}\"")),
        "{compared}"
    );
    let again = alice.get(link).await;
    assert_eq!(again.status(), StatusCode::OK);
    for words in [
        "Power: By class and strength",
        "class.producer.strength-percent",
    ] {
        assert!(again.body.contains(words), "{words}: {}", again.body);
    }

    let text = format!("Producers carry more.\n\nWhat it changes: {link} and no more.");
    let fields = [
        ("title", "Shift the strengths"),
        ("text", &text),
        ("rule", "charter"),
        ("language", "en"),
    ];
    let made = alice.submit("/decide/new", "/decide", &fields).await;
    let page = made
        .header("location")
        .split('?')
        .next()
        .unwrap()
        .to_owned();
    let shown = alice.get(&page).await.body;
    let anchor = format!("<a href=\"{escaped}\">{escaped}</a> and no more.");
    assert!(shown.contains(&anchor), "{shown}");

    // What leads elsewhere stays words.
    for text in [
        "https://evil.example/charter/compare?a=1",
        "//evil.example",
        "/account/sign-out",
        "javascript:/charter/compare?x",
    ] {
        let path = acts::propose(&mut alice, "Bells").await;
        let comment = [("text", text)];
        let sent = format!("{path}/comment");
        alice.submit(&path, &sent, &comment).await;
        let shown = alice.get(&path).await.body;
        assert!(!shown.contains(&format!("href=\"{text}\"")), "{text}");
    }
}

#[tokio::test]
async fn an_address_that_makes_no_charter_says_what_is_wrong() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    for (query, words) in [
        ("class.producer.strength-percent=39", "add up to 99"),
        ("class.maker.strength-percent=1", "class.maker"),
        ("title=%22A%22%0Aaims=1", "not TOML"),
        ("x=1", "x"),
    ] {
        let answer = alice.get(&format!("/charter/compare?{query}")).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert!(answer.body.contains(words), "{query}: {}", answer.body);
    }
    let stranger = world.browser().get("/charter/compare?title=%22A%22").await;
    assert_eq!(stranger.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_program_reads_the_charter_with_power_and_compares_another() {
    let world = World::with_alice().await;
    let mut program = Program::of_alice(&world).await;
    let bare = program.get("/api/charter").await;
    assert!(bare["toml"].as_str().unwrap().contains("default-rule"));
    assert_eq!(bare["rules"][0].get("power"), None);
    let charter = program.get("/api/charter?power=yes").await;
    let rules = charter["rules"].as_array().unwrap();
    let weighted = rules.iter().find(|rule| rule["rule"] == "class-weighted");
    let power = &weighted.unwrap()["power"][0];
    assert_eq!(power["class"], "Producer organisations");
    assert_eq!(
        (&power["voters"], &power["each_millionths"]),
        (&json!(3), &json!(333_333))
    );
    assert_eq!(charter["classes"][0]["strength_percent"], 40);

    let path = "/api/charter/compare";
    let body = json!({ "charter": SHIFTED });
    let compared = program.call(Method::POST, path, Some(&body)).await.json();
    let changes = compared["changes"].as_array().unwrap();
    let shift = changes
        .iter()
        .find(|one| one["key"] == "class.producer.strength-percent");
    assert_eq!(shift.unwrap()["after"], "50");
    assert_eq!(compared["power"].as_array().unwrap().len(), rules.len());
    let path = compared["path"].as_str().unwrap();
    assert!(path.starts_with("/charter/compare?"), "{path}");
}

#[tokio::test]
async fn a_charter_whose_strengths_do_not_add_up_is_refused_to_programs() {
    let world = World::with_alice().await;
    let mut program = Program::of_alice(&world).await;
    let body = json!({ "charter": "class.producer.strength-percent = 41" });
    let path = "/api/charter/compare";
    let refused = program.call(Method::POST, path, Some(&body)).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let field = &refused.json()["error"]["fields"][0];
    assert_eq!(field["field"], "charter");
    assert!(
        field["message"].as_str().unwrap().contains("add up to 101"),
        "{field}"
    );
}

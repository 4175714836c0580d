//! Metrics: who may read them, and that what is written is the format.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use domain::record::Service;
use support::{
    Answer, World,
    meetings::{describe, front_end, poll, seen, serve, server},
    program::Program,
    site_with,
};
use web::{Settings, metrics::Readers, origin::Peer};

async fn read(world: &World, peer: &str) -> Answer {
    let mut request = Request::get("/metrics").body(Body::empty()).unwrap();
    let peer = Peer(peer.parse().unwrap());
    request.extensions_mut().insert(peer);
    world.browser().send(request).await
}

/// Samples by name and labels, after a check of every line.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let (mut samples, mut kinds) = (BTreeMap::new(), BTreeMap::new());
    let mut helped = BTreeSet::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let name = help.split(' ').next().unwrap();
            assert!(helped.insert(name.to_owned()), "{name} twice");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            kinds.insert(name.to_owned(), kind.to_owned());
        } else {
            let (place, value) = line.rsplit_once(' ').unwrap();
            let name = place.split('{').next().unwrap();
            let parts = ["_bucket", "_sum", "_count"];
            let base = parts.iter().find_map(|part| name.strip_suffix(part));
            let is_known = |name: &str| kinds.contains_key(name);
            assert!(is_known(name) || base.is_some_and(is_known), "{line}");
            let is_word = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            assert!(name.bytes().all(is_word), "{line}");
            let value: f64 = value.parse().unwrap();
            assert!(samples.insert(place.to_owned(), value).is_none(), "{line}");
        }
    }
    assert!(text.ends_with('\n'));
    samples
}

#[tokio::test]
async fn the_format_is_read_back_with_every_figure() {
    let world = World::with_alice().await;
    let mut alice = Program::of_alice(&world).await;
    let open = describe(&world, 0, server("Montréal 1", "ca-east", Service::Open)).await;
    describe(&world, 1, server("Silent", "eu-west", Service::Open)).await;
    serve(&world, &[open]).await;
    let mut greenlight = front_end(&world, &mut alice, "Greenlight of Ada").await;
    greenlight.create("weekly").await;
    poll(&world, open, vec![seen(&greenlight, "weekly", 7)]).await;
    greenlight
        .call("getMeetings", "x=1", "a secret nobody has")
        .await;
    world.clock.advance_ms(5_000);
    serve(&world, &[]).await;
    greenlight.create("another").await;
    serve(&world, &[open]).await;
    poll(&world, open, vec![seen(&greenlight, "weekly", 7)]).await;

    let answer = read(&world, "127.0.0.1:4000").await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.body);
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(answer.header("content-type"), kind);
    let samples = samples(&answer.body);
    let short: String = open.to_string().chars().take(8).collect();
    let create = "folkmoot_gateway_call_duration_seconds_count{call=\"create\"}";
    for (place, value) in [
        ("folkmoot_members", 3.0),
        ("folkmoot_clock_trouble", 0.0),
        ("folkmoot_caught_up", 1.0),
        ("folkmoot_placed_meetings", 1.0),
        (
            "folkmoot_gateway_calls_total{call=\"create\",outcome=\"done\"}",
            1.0,
        ),
        (
            "folkmoot_gateway_calls_total{call=\"create\",outcome=\"refused\"}",
            1.0,
        ),
        (
            "folkmoot_gateway_refusals_total{key=\"checksumError\"}",
            1.0,
        ),
        ("folkmoot_gateway_creates_total{result=\"placed\"}", 1.0),
        ("folkmoot_gateway_creates_total{result=\"no-room\"}", 1.0),
        (create, 2.0),
        ("folkmoot_servers{service=\"open\",health=\"up\"}", 1.0),
        ("folkmoot_servers{service=\"open\",health=\"unheard\"}", 1.0),
        (
            &format!("folkmoot_own_server_people{{server=\"{short}\",region=\"ca-east\"}}"),
            7.0,
        ),
    ] {
        assert_eq!(samples.get(place), Some(&value), "{place}: {}", answer.body);
    }
    assert!(samples["folkmoot_entries"] > 5.0);
    let create = "folkmoot_gateway_call_duration_seconds_bucket{call=\"create\",le=";
    let buckets = samples
        .iter()
        .filter(|(place, _)| place.starts_with(create));
    assert_eq!(buckets.count(), 13);
    assert_eq!(samples[&format!("{create}\"+Inf\"}}")], 2.0);
    for secret in ["Ada", "Alice", "Montréal", "secret"] {
        assert!(!answer.body.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn strangers_read_no_metrics_unless_the_configuration_says_so() {
    let mut world = World::with_alice().await;
    let refused = read(&world, "203.0.113.9:4000").await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(!refused.body.contains("folkmoot_entries"));
    let settings = Settings {
        metrics: Readers::Public,
        ..Settings::default()
    };
    world.site = site_with(&world.local, &world.clock, &world.node, settings);
    let shown = read(&world, "203.0.113.9:4000").await;
    assert_eq!(shown.status(), StatusCode::OK);
}

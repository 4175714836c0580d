//! Signing in and out, and what guards it.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use support::{PASSWORD, World, form};
use web::invitation::{Invitation, VALID_SECONDS};

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let world = World::with_alice().await;
    let mut browser = world.browser();
    let away = browser.get("/account").await;
    assert_eq!(away.status(), StatusCode::SEE_OTHER);
    assert_eq!(away.header("location"), "/sign-in?next=%2Faccount");

    let wrong = browser.sign_in("alice", "wrong horse").await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(browser.cookie, None);

    let fields = [
        ("name", "ALICE"),
        ("password", PASSWORD),
        ("next", "/account"),
    ];
    let right = browser.post("/sign-in", &fields).await;
    assert_eq!(right.header("location"), "/account");
    assert!(right.header("set-cookie").starts_with("folkmoot-"));
    assert_eq!(browser.get("/account").await.status(), StatusCode::OK);

    let cookie = browser.cookie.clone();
    browser.submit("/account", "/account/sign-out", &[]).await;
    assert_eq!(browser.cookie, None);
    // The session is over, not only forgotten by this browser.
    browser.cookie = cookie;
    assert_eq!(
        browser.get("/account").await.status(),
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn signing_in_again_changes_the_session() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let first = browser.cookie.clone();
    browser.sign_in("alice", PASSWORD).await;
    assert_ne!(browser.cookie, first);
    browser.cookie = first;
    assert_eq!(
        browser.get("/account").await.status(),
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_form_from_another_site_or_session_does_nothing() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let token = browser.get("/account").await.field("csrf").to_owned();
    let fields = [("label", "laptop"), ("csrf", &*token)];

    let mut foreign = form("/account/tokens", &fields);
    foreign
        .headers_mut()
        .insert("sec-fetch-site", "cross-site".parse().unwrap());
    let mut silent = form("/account/tokens", &fields);
    silent.headers_mut().remove("sec-fetch-site");
    let mut origin = form("/account/tokens", &fields);
    origin.headers_mut().remove("sec-fetch-site");
    origin
        .headers_mut()
        .insert("origin", "http://evil.example".parse().unwrap());
    for request in [foreign, silent, origin] {
        assert_eq!(browser.send(request).await.status(), StatusCode::FORBIDDEN);
    }

    let mut other = world.alice().await;
    let borrowed = other.post("/account/tokens", &fields).await;
    assert_eq!(borrowed.status(), StatusCode::FORBIDDEN);
    let without = other.post("/account/tokens", &[("label", "laptop")]).await;
    assert_eq!(without.status(), StatusCode::FORBIDDEN);
    assert!(
        world
            .site
            .tokens
            .of(support::ALICE)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        browser.post("/account/tokens", &fields).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_foreign_host_is_refused() {
    let world = World::new();
    let mut browser = world.browser();
    browser.host = "evil.example".to_owned();
    let refused = browser.get("/sign-in").await;
    assert_eq!(refused.status(), StatusCode::MISDIRECTED_REQUEST);
    browser.host = "127.0.0.1:9000".to_owned();
    assert_eq!(browser.get("/sign-in").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let world = World::new();
    for path in ["/sign-in", "/nowhere"] {
        let answer = world.browser().get(path).await;
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'self'")
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(
            answer.header("strict-transport-security"),
            "",
            "only over https"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_with_the_limit() {
    let world = World::new();
    let mut browser = world.browser();
    let text = "x".repeat((1 << 20) + 1);
    let answer = browser.post("/sign-in", &[("name", &text)]).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.body.contains("1024 KiB"), "{}", answer.body);

    // A length that is only claimed is refused without waiting for the bytes.
    let claimed = Request::post("/sign-in").header("content-length", "104857600");
    let answer = browser.send(claimed.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn attempts_to_sign_in_are_limited_by_account_and_by_address() {
    let world = World::with_alice().await;
    let mut browser = world.browser();
    for _ in 0..10 {
        browser.sign_in("alice", "wrong horse").await;
    }
    let limited = browser.sign_in("alice", PASSWORD).await;
    assert_eq!(limited.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(limited.header("retry-after"), "60");
    for number in 0..19 {
        let other = browser.sign_in(&format!("nobody {number}"), "x").await;
        assert_eq!(other.status(), StatusCode::UNAUTHORIZED);
    }
    let limited = browser.sign_in("somebody", "x").await;
    assert_eq!(limited.status(), StatusCode::TOO_MANY_REQUESTS);

    world.clock.advance_seconds(60);
    assert_eq!(
        browser.sign_in("alice", PASSWORD).await.status(),
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_session_outlives_a_restart_and_ends_when_idle() {
    let mut world = World::with_alice().await;
    let mut browser = world.alice().await;
    world.restart();
    browser.router = web::router(world.site.clone());
    let made = browser
        .submit("/account", "/account/tokens", &[("label", "laptop")])
        .await;
    assert_eq!(made.status(), StatusCode::OK);
    world.clock.advance_seconds(12 * 3600);
    assert_eq!(
        browser.get("/account").await.status(),
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_changed_password_ends_other_sessions_and_tokens_and_keeps_this_one() {
    let world = World::with_alice().await;
    let (mut browser, mut other) = (world.alice().await, world.alice().await);
    let made = browser
        .submit(
            "/account",
            "/account/tokens",
            &[("label", "attic computer")],
        )
        .await;
    assert!(made.body.contains("fmt_") && made.body.contains("attic computer"));
    let wrong = [("current", "wrong"), ("new", "battery staple")];
    let refused = browser
        .submit("/account", "/account/password", &wrong)
        .await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let right = [("current", PASSWORD), ("new", "battery staple")];
    let changed = browser
        .submit("/account", "/account/password", &right)
        .await;
    assert_eq!(changed.status(), StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/account").await.status(), StatusCode::OK);
    assert_eq!(other.get("/account").await.status(), StatusCode::SEE_OTHER);
    let old = world.browser().sign_in("alice", PASSWORD).await;
    assert_eq!(old.status(), StatusCode::UNAUTHORIZED);
    let new = world.browser().sign_in("alice", "battery staple").await;
    assert_eq!(new.status(), StatusCode::SEE_OTHER);
    let account = browser.get("/account").await;
    assert!(!account.body.contains("attic computer"));
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session() {
    let world = World::with_alice().await;
    let (mut browser, mut other) = (world.alice().await, world.alice().await);
    browser
        .submit("/account", "/account/sign-out-everywhere", &[])
        .await;
    assert_eq!(other.get("/account").await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_invitation_is_used_once_and_expires() {
    let world = World::new();
    let now = domain::id::Timestamp(1_800_000_000_000);
    let mut links = Vec::new();
    for name in ["Bob", "Carol"] {
        let (invitation, secret) = Invitation::new(now, name, vec!["delegate".to_owned()]).unwrap();
        world.site.invitations.keep(now, &invitation).await.unwrap();
        links.push(format!("/welcome/{}", *secret.text()));
    }
    let mut bob = world.browser();
    assert_eq!(bob.get(&links[0]).await.status(), StatusCode::OK);
    let short = [("name", "Bob"), ("password", "short")];
    let refused = bob.post(&links[0], &short).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let fields = [("name", "Bob"), ("password", PASSWORD)];
    assert_eq!(
        bob.post(&links[0], &fields).await.status(),
        StatusCode::SEE_OTHER
    );
    assert_eq!(bob.get("/account").await.status(), StatusCode::OK);
    let again = world.browser().post(&links[0], &fields).await;
    assert_eq!(again.status(), StatusCode::GONE);

    world.clock.advance_seconds(VALID_SECONDS);
    assert_eq!(
        world.browser().get(&links[1]).await.status(),
        StatusCode::GONE
    );
}

#[tokio::test]
async fn over_https_the_cookie_is_bound_to_the_host_and_the_proxy_names_the_client() {
    let world = World::with_alice().await;
    let settings = web::Settings {
        public_url: Some("https://vote.example.org".parse().unwrap()),
        trusted_proxies: vec!["0.0.0.0".parse().unwrap()],
        ..web::Settings::default()
    };
    let site = support::site_with(&world.local, &world.clock, &world.node, settings);
    let mut browser = world.browser();
    browser.router = web::router(site);
    browser.host = "vote.example.org".to_owned();
    let answer = browser.sign_in("alice", PASSWORD).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-folkmoot-"), "{cookie}");
    assert!(cookie.ends_with("; Secure"), "{cookie}");
    assert_eq!(
        answer.header("strict-transport-security"),
        "max-age=31536000"
    );

    // Each client behind the proxy has a limit of its own.
    for number in 0..=30 {
        let fields = [("name", &*format!("nobody {number}")), ("password", "x")];
        let mut attempt = form("/sign-in", &fields);
        attempt
            .headers_mut()
            .insert("x-forwarded-for", "203.0.113.5".parse().unwrap());
        let answer = browser.send(attempt).await;
        assert_eq!(
            answer.status() == StatusCode::TOO_MANY_REQUESTS,
            number == 30
        );
    }
    let mut attempt = async |from: &str, password: &str| {
        let mut attempt = form("/sign-in", &[("name", "alice"), ("password", password)]);
        attempt
            .headers_mut()
            .insert("x-forwarded-for", from.parse().unwrap());
        browser.send(attempt).await.status()
    };
    // A stranger locks out nobody but who shares its address.
    for _ in 0..10 {
        assert_eq!(attempt("203.0.113.7", "x").await, StatusCode::UNAUTHORIZED);
    }
    let limited = StatusCode::TOO_MANY_REQUESTS;
    assert_eq!(attempt("203.0.113.7", PASSWORD).await, limited);
    let signed_in = StatusCode::SEE_OTHER;
    assert_eq!(attempt("203.0.113.6", PASSWORD).await, signed_in);
    // With many addresses one guesses no faster.
    let mut guesses = 0;
    while attempt(&format!("198.51.100.{}", guesses / 10), "x").await != limited {
        guesses += 1;
    }
    let counted_before = 12;
    assert_eq!(guesses, 200 - counted_before);
}

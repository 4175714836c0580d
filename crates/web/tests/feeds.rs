//! What keeps people up to date elsewhere: the count on every page, calendar and news.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use icalendar::{Calendar, CalendarComponent, Component, EventStatus};
use support::{
    ALICE, Browser, World,
    acts::{agree, open, propose, withdraw},
};

const HOUR: u64 = 3_600;

async fn calendar(browser: &mut Browser, path: &str) -> Calendar {
    let answer = browser.get(path).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.body);
    assert_eq!(
        answer.header("content-type"),
        "text/calendar; charset=utf-8"
    );
    answer.body.parse().unwrap()
}

async fn news(browser: &mut Browser, path: &str) -> atom_syndication::Feed {
    let answer = browser.get(path).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.body);
    assert_eq!(
        answer.header("content-type"),
        "application/atom+xml; charset=utf-8"
    );
    atom_syndication::Feed::read_from(answer.body.as_bytes()).unwrap()
}

fn events(calendar: &Calendar) -> Vec<icalendar::Event> {
    let parts = calendar.components.iter();
    parts
        .filter_map(CalendarComponent::as_event)
        .cloned()
        .collect()
}

fn summaries(calendar: &Calendar) -> Vec<String> {
    let events = events(calendar);
    let summaries = events.iter().filter_map(|event| event.get_summary());
    summaries.map(str::to_owned).collect()
}

fn titles(feed: &atom_syndication::Feed) -> Vec<&str> {
    let entries = feed.entries().iter();
    entries.map(|entry| entry.title().as_str()).collect()
}

/// The path of one of the reader's own feeds, as the account page shows it.
async fn own_feed(browser: &mut Browser, name: &str) -> String {
    let page = browser.get("/account").await;
    let address = page
        .body
        .split(['<', '>'])
        .find(|part| part.contains("/feeds/fmf_") && part.ends_with(name));
    let address = address.unwrap_or_else(|| panic!("no feed in {}", page.body));
    address.split_once("localhost:8080").unwrap().1.to_owned()
}

#[tokio::test]
async fn what_needs_a_vote_is_counted_on_every_page() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let path = open(&mut browser, "Buy a bell").await;
    let pages = [
        "/",
        "/decide",
        "/decide/new",
        "/federation",
        "/profile",
        "/federation/applications",
        "/circles",
        "/circles/new",
        "/node",
        "/node/people",
        "/node/keys",
        "/account",
        "/archive",
        "/charter",
        "/help/consent",
        "/no-such-page",
    ];
    for page in pages.into_iter().chain([&*path]) {
        let body = browser.get(page).await.body;
        assert!(body.contains("class=\"badge\""), "{page}: {body}");
    }
    let status = browser.get("/api/status").await.json();
    assert_eq!(
        (&status["needs_our_vote"], &status["you"]["needs_our_vote"]),
        (&1.into(), &1.into())
    );

    agree(&mut browser, &path).await;
    assert!(
        !browser
            .get("/account")
            .await
            .body
            .contains("class=\"badge\"")
    );
    let status = browser.get("/api/status").await.json();
    assert_eq!(status["needs_our_vote"], 0);
}

#[tokio::test]
async fn the_public_feeds_tell_strangers_what_the_archive_shows() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let title = "Rent <b>halls</b>, rooms & more; now";
    let path = open(&mut browser, title).await;

    let mut stranger = world.browser();
    let found = calendar(&mut stranger, "/archive/calendar.ics").await;
    assert_eq!(
        summaries(&found),
        [
            format!("Vote closes: {title}"),
            format!("Vote open: {title}")
        ]
    );
    let deadline = &events(&found)[0];
    assert_eq!(deadline.get_status(), Some(EventStatus::Confirmed));
    assert_eq!(deadline.property_value("SEQUENCE"), Some("0"));
    let url = deadline.get_url().unwrap();
    assert_eq!(
        url,
        format!("http://localhost:8080{}", path.replace("decide", "archive"))
    );
    assert_eq!(
        stranger
            .get(&path.replace("decide", "archive"))
            .await
            .status(),
        StatusCode::OK
    );

    let feed = news(&mut stranger, "/archive/feed.atom").await;
    assert_eq!(
        titles(&feed),
        [format!("Vote open: {title}"), format!("Proposed: {title}")]
    );
    assert_eq!(feed.entries()[0].authors()[0].name(), "Co-op 0");
    let text = stranger.get("/archive/feed.atom").await.body;
    assert!(
        !text.contains("not voted") && !text.contains("/decide/"),
        "{text}"
    );
}

#[tokio::test]
async fn a_withdrawn_vote_is_cancelled_under_the_same_name() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let path = open(&mut browser, "Buy a bell").await;
    let before = events(&calendar(&mut browser, "/archive/calendar.ics").await);
    world.clock.advance_seconds(HOUR);
    withdraw(&mut browser, &path).await;
    let after = events(&calendar(&mut browser, "/archive/calendar.ics").await);
    assert_eq!(after[0].get_uid(), before[0].get_uid());
    assert_eq!(after[0].get_status(), Some(EventStatus::Cancelled));
    assert_eq!(after[0].property_value("SEQUENCE"), Some("1"));
    let feed = news(&mut browser, "/archive/feed.atom").await;
    assert_eq!(titles(&feed)[0], "Withdrawn: Buy a bell");
}

#[tokio::test]
async fn the_news_tell_amendments_and_outcomes() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let path = propose(&mut browser, "Buy a bell").await;
    world.clock.advance_seconds(60);
    let amended = [
        ("title", "Buy two bells"),
        ("text", "Two loud ones."),
        ("what_changed", "One more"),
    ];
    let form = format!("{path}/amend");
    let answer = browser.submit(&form, &form, &amended).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
    world.clock.advance_seconds(60);
    browser.submit(&path, &format!("{path}/open"), &[]).await;
    agree(&mut browser, &path).await;
    world.clock.advance_seconds(8 * 24 * HOUR);
    let feed = news(&mut world.browser(), "/archive/feed.atom").await;
    assert_eq!(
        titles(&feed),
        [
            "Closed, passed: Buy two bells",
            "Vote open: Buy two bells",
            "Version 2: Buy two bells",
            "Proposed: Buy a bell",
        ]
    );
}

#[tokio::test]
async fn a_program_that_has_the_feed_already_gets_nothing_again() {
    let world = World::with_alice().await;
    let mut browser = world.browser();
    for path in ["/archive/calendar.ics", "/archive/feed.atom"] {
        let first = browser.get(path).await;
        let again = Request::get(path)
            .header("if-none-match", first.header("etag"))
            .body(Body::empty());
        let again = browser.send(again.unwrap()).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(again.body, "");
    }
}

#[tokio::test]
async fn a_feed_of_ones_own_says_what_needs_ones_vote() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let path = open(&mut browser, "Buy a bell").await;
    let (own_calendar, own_news) = (
        own_feed(&mut browser, "calendar.ics").await,
        own_feed(&mut browser, "feed.atom").await,
    );
    // A calendar program is not signed in.
    let mut program = world.browser();
    let found = calendar(&mut program, &own_calendar).await;
    assert_eq!(
        summaries(&found),
        ["Vote needed: Buy a bell", "Vote open: Buy a bell"]
    );
    let text = program.get(&own_calendar).await.body;
    assert!(text.contains("TRIGGER:-PT24H\r\n") && text.contains("TRIGGER:-PT2H\r\n"));
    let feed = news(&mut program, &own_news).await;
    assert_eq!(titles(&feed)[0], "Vote needed: Buy a bell");
    assert_eq!(feed.entries()[0].categories()[0].term(), "vote-needed");
    let about = feed.subtitle().unwrap().as_str();
    assert_eq!(about, "1 decision needs the vote of Co-op 0.");

    agree(&mut browser, &path).await;
    let found = calendar(&mut program, &own_calendar).await;
    assert_eq!(summaries(&found)[0], "Vote closes: Buy a bell");
    assert!(!program.get(&own_calendar).await.body.contains("VALARM"));
}

#[tokio::test]
async fn a_new_address_ends_the_old_one_and_no_address_is_found_by_guessing() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let old = own_feed(&mut browser, "calendar.ics").await;
    let answer = browser.submit("/account", "/account/feeds", &[]).await;
    assert_eq!(
        answer.header("location"),
        "/account?done=feed-renewed#subscribe"
    );
    let new = own_feed(&mut browser, "calendar.ics").await;
    let mut program = world.browser();
    for (path, status) in [
        (&*old, StatusCode::NOT_FOUND),
        (&new, StatusCode::OK),
        (&new.replace("calendar.ics", "other"), StatusCode::NOT_FOUND),
        ("/feeds/fmf_x/calendar.ics", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(program.get(path).await.status(), status, "{path}");
    }
    world.site.accounts.remove(ALICE).await.unwrap();
    assert_eq!(program.get(&new).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn every_page_names_the_feeds_and_no_page_but_the_account_shows_the_secret_one() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    browser.get("/account").await;
    for path in ["/", "/decide", "/archive"] {
        let body = browser.get(path).await.body;
        assert!(body.contains("rel=\"alternate\" type=\"application/atom+xml\""));
        assert!(body.contains("href=\"/archive/calendar.ics\""));
        assert!(!body.contains("fmf_"), "{body}");
    }
}

#[tokio::test]
async fn the_time_to_integrate_a_block_is_in_calendar_and_news() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let fields = [
        ("title", "Buy a bell"),
        ("text", "A loud one."),
        ("rule", "consent-then-vote"),
        ("language", "en"),
    ];
    let answer = browser.submit("/decide/new", "/decide", &fields).await;
    let path = answer.header("location").split('?').next().unwrap();
    let path = path.to_owned();
    browser.submit(&path, &format!("{path}/open"), &[]).await;
    let page = browser.get(&path).await;
    let (csrf, version) = (page.field("csrf"), page.field("version"));
    let fields = [
        ("choice", "block"),
        ("aim", "1"),
        ("reason", "It would wake up the whole street at night."),
        ("csrf", csrf),
        ("version", version),
    ];
    let answer = browser.post(&format!("{path}/vote"), &fields).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
    world.clock.advance_seconds(7 * 24 * HOUR + 60);
    let mut stranger = world.browser();
    let found = calendar(&mut stranger, "/archive/calendar.ics").await;
    let last = summaries(&found).pop().unwrap();
    assert_eq!(last, "Time to integrate a block ends: Buy a bell");
    let feed = news(&mut stranger, "/archive/feed.atom").await;
    assert_eq!(titles(&feed)[0], "Blocked: Buy a bell");
}

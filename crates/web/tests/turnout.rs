//! What keeps people up to date: the count on every page, feeds, and mails.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use icalendar::{Calendar, CalendarComponent, Component, EventStatus};
use support::{ALICE, Browser, World};
use web::reminders::{Due, Letter, Moment, Occasion, Reminders};

const HOUR: u64 = 3_600;
const SITE: &str = "https://moot.example.org";

async fn propose(browser: &mut Browser, title: &str) -> String {
    let fields = [
        ("title", title),
        ("text", "A loud one."),
        ("rule", "consent"),
        ("language", "en"),
    ];
    let answer = browser.submit("/decide/new", "/decide", &fields).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
    let path = answer.header("location").split('?').next();
    path.unwrap().to_owned()
}

async fn open(browser: &mut Browser, title: &str) -> String {
    let path = propose(browser, title).await;
    let answer = browser.submit(&path, &format!("{path}/open"), &[]).await;
    assert_eq!(answer.header("location"), format!("{path}?done=opened"));
    path
}

async fn agree(browser: &mut Browser, path: &str) {
    let page = browser.get(path).await;
    let (csrf, version) = (page.field("csrf"), page.field("version"));
    let fields = [("choice", "agree"), ("csrf", csrf), ("version", version)];
    let answer = browser.post(&format!("{path}/vote"), &fields).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
}

async fn withdraw(browser: &mut Browser, path: &str) {
    let fields = [("reason", "We found another way.")];
    let answer = browser
        .submit(path, &format!("{path}/withdraw"), &fields)
        .await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
}

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

/// Alice with a mail address and one decision that needs her co-op's vote.
async fn world_with_a_vote() -> (World, Browser, String) {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    set_mail(&mut browser, "alice@example.org", true, false).await;
    let path = open(&mut browser, "Buy a bell").await;
    (world, browser, path)
}

async fn set_mail(browser: &mut Browser, mail: &str, reminders: bool, digest: bool) {
    let mut fields = vec![("mail", mail), ("digest_hour", "8")];
    fields.extend(reminders.then_some(("reminders", "yes")));
    fields.extend(digest.then_some(("digest", "yes")));
    let answer = browser
        .submit("/account", "/account/reminders", &fields)
        .await;
    assert_eq!(
        answer.header("location"),
        "/account?done=reminders-set#reminders",
        "{}",
        answer.body
    );
}

fn reminders_of(world: &World) -> Reminders {
    Reminders::new(world.site.clone(), SITE)
}

async fn due(world: &World) -> Vec<Due> {
    reminders_of(world).round().await.unwrap().due
}

async fn only_letter(world: &World) -> (Due, Letter) {
    let due = due(world).await;
    assert_eq!(due.len(), 1, "{due:?}");
    let letter = reminders_of(world).letter(&due[0]).await.unwrap();
    (due[0], letter.expect("it is still due"))
}

fn moment(due: &Due) -> Option<Moment> {
    match due.occasion {
        Occasion::Reminder(reminder) => Some(reminder.moment),
        Occasion::Digest(_) => None,
    }
}

#[tokio::test]
async fn a_delegate_is_reminded_at_the_opening_and_at_half_time_while_the_vote_is_missing() {
    let (mut world, _, path) = world_with_a_vote().await;
    let (opening, letter) = only_letter(&world).await;
    assert_eq!(moment(&opening), Some(Moment::Opening));
    assert_eq!(letter.to, "alice@example.org");
    assert_eq!(letter.subject, "Vote open: Buy a bell");
    assert!(
        letter.text.contains(&format!("{SITE}{path}")),
        "{}",
        letter.text
    );
    assert!(letter.text.contains("Open until "), "{}", letter.text);
    assert!(letter.text.contains(&letter.unsubscribe));

    reminders_of(&world).remember(&opening).await.unwrap();
    world.restart();
    assert_eq!(due(&world).await, []);
    assert_eq!(reminders_of(&world).letter(&opening).await.unwrap(), None);

    world.clock.advance_seconds(84 * HOUR);
    let (half, letter) = only_letter(&world).await;
    assert_eq!(moment(&half), Some(Moment::HalfTime));
    assert!(letter.subject.starts_with("Half time"));
    // Between planning and writing the co-op votes.
    let mut browser = world.alice().await;
    agree(&mut browser, &path).await;
    assert_eq!(reminders_of(&world).letter(&half).await.unwrap(), None);
    assert_eq!(due(&world).await, []);
}

#[tokio::test]
async fn the_deadline_is_in_the_readers_zone_and_in_utc() {
    let (world, mut browser, _) = world_with_a_vote().await;
    let fields = [("zone", "Asia/Kolkata"), ("theme", "system")];
    browser
        .submit("/account", "/account/settings", &fields)
        .await;
    let (_, letter) = only_letter(&world).await;
    let line = letter
        .text
        .lines()
        .find(|line| line.starts_with("Open until"));
    let line = line.unwrap();
    // The world begins on 15 January 2027, 08:00 UTC; a vote takes seven days.
    assert_eq!(
        line,
        "Open until Friday 22 January 2027, 13:30 Asia/Kolkata (08:00 UTC)."
    );
}

#[tokio::test]
async fn nobody_is_written_to_without_an_address_a_wish_and_the_right_to_vote() {
    let (world, mut browser, _) = world_with_a_vote().await;
    assert_eq!(due(&world).await.len(), 1);
    set_mail(&mut browser, "", true, true).await;
    assert_eq!(due(&world).await, []);
    set_mail(&mut browser, "alice@example.org", false, false).await;
    assert_eq!(due(&world).await, []);

    // A steward who is no delegate.
    let seed = zeroize::Zeroizing::new([77; 32]);
    let account = web::accounts::NewAccount {
        person: domain::id::PersonId([9; 16]),
        key: domain::key::SecretKey::from_seed(&seed).public(),
        seed: Some(seed),
        name: "Bo".to_owned(),
        mail: "bo@example.org".to_owned(),
        roles: vec!["steward".to_owned()],
        password: web::password::Password::typed(support::PASSWORD.to_owned()).unwrap(),
    };
    let now = domain::id::Timestamp(1);
    world.site.accounts.add(now, account).await.unwrap();
    assert_eq!(due(&world).await, []);
}

#[tokio::test]
async fn one_click_in_a_mail_ends_its_kind_and_opening_the_address_only_asks() {
    let (world, mut browser, _) = world_with_a_vote().await;
    set_mail(&mut browser, "alice@example.org", true, true).await;
    let all = due(&world).await;
    let reminder = all.iter().find(|due| moment(due).is_some()).unwrap();
    let letter = reminders_of(&world)
        .letter(reminder)
        .await
        .unwrap()
        .unwrap();
    let path = letter.unsubscribe.strip_prefix(SITE).unwrap().to_owned();

    let mut program = world.browser();
    let asked = program.get(&path).await;
    assert_eq!(asked.status(), StatusCode::OK);
    assert_eq!(due(&world).await, all, "programs open every address");
    let click = Request::post(&path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from("List-Unsubscribe=One-Click"));
    let answer = program.send(click.unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.body);
    assert!(due(&world).await.iter().all(|due| moment(due).is_none()));
    let account = world.site.accounts.of(ALICE).await.unwrap().unwrap();
    assert_eq!((account.reminders, account.digest), (false, true));

    let wrong = program.post("/unsubscribe/fmr_x", &[]).await;
    assert_eq!(wrong.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_digest_says_what_is_open_what_needs_a_vote_and_what_closed() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    set_mail(&mut browser, "alice@example.org", false, true).await;
    // Nothing to say: no mail.
    let first = due(&world).await;
    assert_eq!(first.len(), 1);
    assert_eq!(reminders_of(&world).letter(&first[0]).await.unwrap(), None);
    reminders_of(&world).remember(&first[0]).await.unwrap();

    let gone = open(&mut browser, "Drop the meeting").await;
    open(&mut browser, "Buy a bell").await;
    propose(&mut browser, "Paint the door").await;
    world.clock.advance_seconds(HOUR);
    withdraw(&mut browser, &gone).await;
    assert_eq!(due(&world).await, []);
    world.clock.advance_seconds(23 * HOUR);
    let (due_now, letter) = only_letter(&world).await;
    assert_eq!(letter.subject, "Test federation: 1 vote needed");
    let part = |heading: &str| {
        let at = letter.text.find(heading);
        at.unwrap_or_else(|| panic!("no {heading} in {}", letter.text))
    };
    let order = [
        part("Needs your vote"),
        part("Buy a bell"),
        part("Also open"),
        part("Paint the door"),
        part("Closed since yesterday"),
        part("Drop the meeting"),
    ];
    assert!(order.is_sorted(), "{}", letter.text);
    reminders_of(&world).remember(&due_now).await.unwrap();
    assert_eq!(due(&world).await, []);
}

#[tokio::test]
async fn an_address_that_is_none_comes_back_with_what_to_write() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    for mail in ["alice", "a@b, c@d", "a@b\nBcc: c@d", "<a@b>"] {
        let fields = [("mail", mail), ("digest_hour", "8")];
        let answer = browser
            .submit("/account", "/account/reminders", &fields)
            .await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{mail}");
        assert!(answer.body.contains("name@example.org"), "{}", answer.body);
    }
    let fields = [("mail", "a@b.example"), ("digest_hour", "24")];
    let answer = browser
        .submit("/account", "/account/reminders", &fields)
        .await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

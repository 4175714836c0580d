//! Circles at work, in a browser without script: joining, action points, gatherings, documents,
//! reviews, and what tells of them elsewhere.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::http::StatusCode;
use domain::{id::Timestamp, record};
use federation::Act;
use icalendar::{Calendar, CalendarComponent, Component, EventStatus};
use support::{
    ALICE, Answer, Browser, World,
    acts::{agree, open},
    node::key,
};
use web::reminders::{Occasion, Reminders};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// Where a form led to, without what it says there.
fn led_to(answer: &Answer) -> String {
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
    let path = answer.header("location").split('?').next();
    path.unwrap().to_owned()
}

/// Begins a circle and gives the path of its page.
async fn circle(browser: &mut Browser, name: &str) -> String {
    let fields = [("name", name), ("domain", "Servers"), ("rhythm", "")];
    led_to(&browser.submit("/circles/new", "/circles", &fields).await)
}

async fn join(browser: &mut Browser, circle: &str) {
    let answer = browser.submit(circle, &format!("{circle}/join"), &[]).await;
    assert_eq!(answer.header("location"), format!("{circle}?done=joined"));
}

/// Adds an action point for Alice and gives the circle's page.
async fn add(browser: &mut Browser, circle: &str, what: &str, due: &str) -> Answer {
    let page = browser.get(circle).await;
    let who = format!(":{ALICE}");
    let who = page
        .body
        .split("value=\"")
        .filter_map(|part| part.split('"').next())
        .find(|value| value.ends_with(&who));
    let who = who.unwrap().to_owned();
    let csrf = page.field("csrf").to_owned();
    let fields = [
        ("what", what),
        ("who", &*who),
        ("due", due),
        ("csrf", &*csrf),
    ];
    browser.post(&format!("{circle}/actions"), &fields).await
}

/// The path of the first thing of this sort that a page links to.
fn link(page: &Answer, area: &str) -> String {
    let start = format!("href=\"/{area}/");
    let at = page
        .body
        .find(&start)
        .unwrap_or_else(|| panic!("no {area} in {}", page.body));
    let rest = &page.body[at + "href=\"".len()..];
    rest.split('"').next().unwrap().to_owned()
}

async fn plan(browser: &mut Browser, circle: &str, fields: &[(&str, &str)]) -> Answer {
    let page = format!("{circle}/gatherings/new");
    let path = format!("{circle}/gatherings");
    browser.submit(&page, &path, fields).await
}

/// Every Tuesday at 18:00 in Madrid from 19 January 2027 on.
const WEEKLY: [(&str, &str); 6] = [
    ("title", "Operations call"),
    ("day", "2027-01-19"),
    ("time", "18:00"),
    ("zone", "Europe/Madrid"),
    ("minutes", "60"),
    ("repeats", "weeks-1"),
];

#[tokio::test]
async fn a_second_circle_of_one_name_is_refused_at_the_field() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    circle(&mut browser, "Operations").await;
    let fields = [("name", "operations"), ("domain", "Things"), ("rhythm", "")];
    let answer = browser.submit("/circles/new", "/circles", &fields).await;
    assert_eq!(
        answer.status(),
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.body
    );
    let words = "there is a circle of this name already";
    assert!(answer.body.contains(words), "{}", answer.body);
}

#[tokio::test]
async fn a_person_joins_a_circle_and_leaves_it_without_a_delegate() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let circle = circle(&mut browser, "Systems").await;
    let page = browser.get(&circle).await;
    assert!(page.body.contains("Join this circle"));
    assert!(!page.body.contains("Add an action point"), "not before");
    join(&mut browser, &circle).await;
    let page = browser.get(&circle).await;
    assert!(page.body.contains("You are in this circle."));
    let list = browser.get("/circles").await;
    assert!(list.body.contains("1 person"), "{}", list.body);
    let json = browser.get("/api/circles").await.json();
    assert_eq!(json["circles"][0]["people"][0]["joined"], true);

    let answer = browser
        .submit(&circle, &format!("{circle}/leave"), &[])
        .await;
    assert_eq!(answer.header("location"), format!("{circle}?done=left"));
    let page = browser.get(&circle).await;
    assert!(page.body.contains("Nobody is in it yet."), "{}", page.body);
}

#[tokio::test]
async fn the_coordinator_stands_first_and_the_end_of_the_term_is_told_in_time() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let circle = circle(&mut browser, "Systems").await;
    join(&mut browser, &circle).await;
    // The world begins on 15 January 2027.
    let role = [
        ("person", &*ALICE.to_string()),
        ("title", "Coordinator"),
        ("until", "2027-03-01"),
    ];
    browser
        .submit(&circle, &format!("{circle}/roles"), &role)
        .await;
    let page = browser.get(&circle).await.body;
    assert!(page.contains("coordinator until "), "{page}");
    assert!(!page.contains("The coordinator’s term"), "{page}");
    world.clock.advance_seconds(20 * DAY);
    let mut browser = world.alice().await;
    let page = browser.get(&circle).await.body;
    assert!(page.contains("Choose who coordinates then."), "{page}");
    let home = browser.get("/").await.body;
    assert!(home.contains("Your term as coordinator of"), "{home}");
    world.clock.advance_seconds(60 * DAY);
    let mut browser = world.alice().await;
    let page = browser.get(&circle).await.body;
    assert!(page.contains("Choose again."), "{page}");
}

#[tokio::test]
async fn an_action_point_stands_on_the_circles_page_and_at_home_until_one_button_ends_it() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let circle = circle(&mut browser, "Systems").await;
    join(&mut browser, &circle).await;
    let answer = add(
        &mut browser,
        &circle,
        "Ask <b>three</b> co-ops",
        "2027-01-16",
    )
    .await;
    assert_eq!(answer.header("location"), format!("{circle}?done=action"));
    add(&mut browser, &circle, "Renew the lease", "").await;
    let page = browser.get(&circle).await;
    assert!(page.body.contains("Ask &lt;b&gt;three&lt;/b&gt; co-ops"));
    let action = link(&page, "actions");
    let home = browser.get("/").await;
    assert!(home.body.contains("Your action points"));
    let due = home.body.find("Ask &lt;b&gt;").unwrap();
    assert!(due < home.body.find("Renew the lease").unwrap(), "by day");
    world.clock.advance_seconds(3 * DAY);
    let mut browser = world.alice().await;
    let page = browser.get(&circle).await.body;
    assert!(page.contains("overdue since"), "{page}");

    let done = [("back", "/")];
    let answer = browser.submit("/", &format!("{action}/done"), &done).await;
    assert_eq!(answer.header("location"), "/?done=action-done");
    let home = browser.get("/").await.body;
    assert!(!home.contains("Ask &lt;b&gt;"), "{home}");
    let listed = browser.get("/api/actions?state=all&mine=true").await.json();
    let states: Vec<&str> = listed["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|action| action["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["open", "done"]);
    assert_eq!(listed["actions"][1]["words"], "Ask <b>three</b> co-ops");
    let wrong = add(&mut browser, &circle, "  ", "").await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("There is a problem"));
}

#[tokio::test]
async fn a_changed_action_point_keeps_words_that_nobody_changed_where_they_are() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let circle = circle(&mut browser, "Systems").await;
    join(&mut browser, &circle).await;
    add(&mut browser, &circle, "Renew the lease", "").await;
    let action = link(&browser.get(&circle).await, "actions");
    let id = action.rsplit('/').next().unwrap().parse().unwrap();
    let who = format!("{}:{ALICE}", world.node.read(|core| core.member().unwrap()));
    let mut fields = vec![
        ("what", "Renew the lease"),
        ("who", &*who),
        ("due", "2027-02-01"),
        ("state", "open"),
    ];
    let answer = browser.submit(&action, &action, &fields).await;
    assert_eq!(answer.header("location"), format!("{action}?done=saved"));
    let words = |world: &World| {
        world
            .node
            .read(|core| core.view().action(&id).unwrap().words)
    };
    assert_eq!(words(&world), id, "the note stands once");
    fields[0].1 = "Renew both leases";
    browser.submit(&action, &action, &fields).await;
    assert_ne!(words(&world), id);
    let page = browser.get(&action).await.body;
    assert!(page.contains("Renew both leases"), "{page}");
    for fields in [
        [("who", "x"), ("state", "open"), ("what", "x")],
        [("who", &*who), ("state", "lost"), ("what", "x")],
    ] {
        let answer = browser.submit(&action, &action, &fields).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn who_is_not_in_the_circle_is_refused_in_words() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let circle = circle(&mut browser, "Systems").await;
    let who = format!("{}:{ALICE}", world.node.read(|core| core.member().unwrap()));
    let fields = [("what", "Renew the lease"), ("who", &*who)];
    let answer = browser
        .submit(&circle, &format!("{circle}/actions"), &fields)
        .await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{}", answer.body);
    assert!(
        answer.body.contains("only the people of the circle")
            || answer.body.contains("Only the people of the circle"),
        "{}",
        answer.body
    );
    let answer = plan(&mut browser, &circle, &WEEKLY).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{}", answer.body);
}

#[tokio::test]
async fn a_gathering_keeps_its_time_of_day_and_one_of_it_is_cancelled() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let zone = [("zone", "America/Toronto"), ("theme", "system")];
    browser.submit("/account", "/account/settings", &zone).await;
    let circle = circle(&mut browser, "Systems").await;
    join(&mut browser, &circle).await;
    let place = ("place", "https://meet.example.org/ops");
    let fields = [&WEEKLY[..], &[place]].concat();
    let gathering = led_to(&plan(&mut browser, &circle, &fields).await);
    let page = browser.get(&gathering).await;
    assert!(page.body.contains("Every Tuesday"), "{}", page.body);
    assert!(page.body.contains("at 18:00, Europe/Madrid"));
    // 18:00 in Madrid is 12:00 in Toronto.
    assert!(page.body.contains("Tue 19 Jan, 12:00"), "{}", page.body);
    assert!(page.body.contains("(17:00 UTC)"));
    assert!(page.body.contains("href=\"https://meet.example.org/ops\""));
    let shown = browser.get(&circle).await.body;
    assert_eq!(shown.matches("Operations call").count(), 3, "{shown}");
    for page in ["/", "/calendar", "/calendar?show=own"] {
        let body = browser.get(page).await.body;
        assert!(body.contains("Operations call"), "{page}: {body}");
    }

    let day = page.field("day").to_owned();
    let cancel = [("day", &*day)];
    browser
        .submit(&gathering, &format!("{gathering}/cancel"), &cancel)
        .await;
    let page = browser.get(&gathering).await.body;
    assert_eq!(page.matches("Let it happen").count(), 1, "{page}");
    let json = browser.get("/api/gatherings").await.json();
    assert_eq!(json["gatherings"][0]["times"][0]["cancelled"], true);
    assert_eq!(json["gatherings"][0]["times"][0]["day"], "2027-01-19");
    browser
        .submit(&gathering, &format!("{gathering}/cancel"), &cancel)
        .await;
    let page = browser.get(&gathering).await.body;
    assert!(!page.contains("Let it happen"));

    let mut ended = fields.clone();
    ended[5].1 = "months-1";
    ended.push(("ended", "yes"));
    let edit = format!("{gathering}/edit");
    browser.submit(&edit, &gathering, &ended).await;
    let page = browser.get(&gathering).await.body;
    assert!(page.contains("was called off"), "{page}");
    assert!(page.contains("Every month on the third Tuesday"), "{page}");
}

#[tokio::test]
async fn a_gathering_that_cannot_be_is_refused_at_the_field() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let circle = circle(&mut browser, "Systems").await;
    join(&mut browser, &circle).await;
    for (at, wrong) in [
        (0, ""),
        (1, "2027-02-30"),
        (2, "25:00"),
        (3, "Mars/Olympus"),
        (4, "0"),
        (4, "a while"),
        (5, "fortnights-1"),
        (5, "weeks-0"),
    ] {
        let mut fields = WEEKLY;
        fields[at].1 = wrong;
        let answer = plan(&mut browser, &circle, &fields).await;
        let status = answer.status();
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{at} {wrong}");
        assert!(answer.body.contains("There is a problem"), "{at} {wrong}");
    }
    let mut over = WEEKLY;
    (over[1].1, over[5].1) = ("2020-01-19", "");
    let answer = plan(&mut browser, &circle, &over).await;
    assert!(answer.body.contains("over already"), "{}", answer.body);
    let ends_before: Vec<_> = WEEKLY
        .into_iter()
        .chain([("last_day", "2027-01-01")])
        .collect();
    let answer = plan(&mut browser, &circle, &ends_before).await;
    assert!(answer.body.contains("before the first"), "{}", answer.body);
    assert!(world.node.read(|core| core.view().gatherings().is_empty()));
}

#[tokio::test]
async fn minutes_begin_with_a_template_and_are_listed_with_the_circle() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let circle = circle(&mut browser, "Systems & care").await;
    for sort in ["agenda", "minutes"] {
        let path = format!("{circle}/documents");
        let answer = browser.submit(&circle, &path, &[("sort", sort)]).await;
        let edit = led_to(&answer);
        assert!(edit.starts_with("/documents/") && edit.ends_with("/edit"));
    }
    let page = browser.get(&circle).await.body;
    let title = "Minutes of Systems &amp; care, 15 January 2027";
    assert!(page.contains(title), "{page}");
    assert!(page.contains("Agenda of Systems &amp; care"), "{page}");
    let sorts = world.node.read(|core| {
        let filed = core.view().documents.values();
        let mut sorts: Vec<_> = filed
            .filter_map(|known| known.filed.as_ref().map(|filed| filed.record.sort.as_str()))
            .collect();
        sorts.sort_unstable();
        sorts
    });
    assert_eq!(sorts, ["agenda", "minutes"]);
    let path = format!("{circle}/documents");
    let wrong = browser.submit(&circle, &path, &[("sort", "opera")]).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);

    join(&mut browser, &circle).await;
    let gathering = led_to(&plan(&mut browser, &circle, &WEEKLY).await);
    let page = browser.get(&gathering).await.body;
    assert!(page.contains("No agenda, minutes or text"), "{page}");
    let id = gathering.rsplit('/').next().unwrap();
    let fields = [("sort", "agenda"), ("gathering", id)];
    led_to(&browser.submit(&gathering, &path, &fields).await);
    let page = browser.get(&gathering).await.body;
    let title = "Agenda of Operations call, 19 January 2027";
    assert!(page.contains(title), "{page}");
}

/// Passes a decision with the votes of two founders of three.
async fn passed(world: &World, browser: &mut Browser) -> String {
    let path = open(browser, "Buy a bell").await;
    agree(browser, &path).await;
    world.clock.advance_seconds(8 * DAY);
    path
}

#[tokio::test]
async fn a_decision_that_passed_has_a_day_of_review_and_is_under_review_after_it() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let path = passed(&world, &mut browser).await;
    let mut browser = world.alice().await;
    let none = browser.get("/decide?show=review").await.body;
    assert!(none.contains("No decision has a day of review."));
    let page = browser.get(&path).await.body;
    assert!(page.contains("Set the day of review"), "{page}");
    let day = [("day", "2027-02-01")];
    let answer = browser.submit(&path, &format!("{path}/review"), &day).await;
    assert_eq!(answer.header("location"), format!("{path}?done=review"));
    let page = browser.get(&path).await.body;
    assert!(page.contains("Review due on"), "{page}");
    let list = browser.get("/decide?show=review").await.body;
    assert!(list.contains("Buy a bell") && !list.contains("Under review"));
    let home = browser.get("/").await.body;
    assert!(home.contains("Review due on"), "near: {home}");
    let json = browser.get("/api/decisions?show=review").await.json();
    assert_eq!(json["decisions"][0]["review_ms"], 1_801_526_399_000_u64);

    world.clock.advance_seconds(10 * DAY);
    let mut browser = world.alice().await;
    for page in [&*path, "/decide?show=review", "/"] {
        let body = browser.get(page).await.body;
        assert!(body.contains("Under review"), "{page}: {body}");
    }
    let news = browser.get("/archive/feed.atom").await.body;
    assert!(news.contains("Review due: Buy a bell"), "{news}");
    let wrong = [("day", "soon")];
    let answer = browser
        .submit(&path, &format!("{path}/review"), &wrong)
        .await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    browser
        .submit(&path, &format!("{path}/review"), &[("day", "")])
        .await;
    let page = browser.get(&path).await.body;
    assert!(!page.contains("Under review"), "{page}");
}

fn events(answer: &Answer) -> Vec<icalendar::Event> {
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.body);
    let calendar: Calendar = answer.body.parse().unwrap();
    let parts = calendar.components.iter();
    parts
        .filter_map(CalendarComponent::as_event)
        .cloned()
        .collect()
}

async fn own_calendar(browser: &mut Browser) -> String {
    let page = browser.get("/account").await;
    let mut parts = page.body.split(['<', '>']);
    let address = parts
        .find(|part| part.contains("/feeds/fmf_") && part.ends_with("calendar.ics"))
        .unwrap();
    address.split_once("localhost:8080").unwrap().1.to_owned()
}

#[tokio::test]
async fn ones_own_calendar_has_gatherings_and_action_points_and_the_public_one_has_not() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let circle = circle(&mut browser, "Systems").await;
    join(&mut browser, &circle).await;
    let place = ("place", "Room 7; second floor");
    let fields = [&WEEKLY[..], &[place]].concat();
    let gathering = led_to(&plan(&mut browser, &circle, &fields).await);
    let day = browser.get(&gathering).await.field("day").to_owned();
    browser
        .submit(
            &gathering,
            &format!("{gathering}/cancel"),
            &[("day", &*day)],
        )
        .await;
    add(&mut browser, &circle, "Renew the lease", "2027-02-01").await;
    let address = own_calendar(&mut browser).await;
    let answer = browser.get(&address).await;
    let all = events(&answer);
    let call = |event: &&icalendar::Event| event.get_summary() == Some("Operations call (Systems)");
    let calls: Vec<_> = all.iter().filter(call).collect();
    assert!(calls.len() > 20, "{}", calls.len());
    assert_eq!(calls[0].get_status(), Some(EventStatus::Cancelled));
    assert_eq!(calls[1].get_status(), Some(EventStatus::Confirmed));
    assert_eq!(
        calls[1].property_value("LOCATION"),
        Some("Room 7; second floor")
    );
    let starts: Vec<&str> = answer
        .body
        .lines()
        .filter_map(|line| line.strip_prefix("DTSTART:"))
        .collect();
    // Before and after Madrid's clocks go forward on 28 March 2027.
    assert!(starts.contains(&"20270323T170000Z"), "{starts:?}");
    assert!(starts.contains(&"20270330T160000Z"), "{starts:?}");
    let uids: std::collections::BTreeSet<_> = all.iter().map(|event| event.get_uid()).collect();
    assert_eq!(uids.len(), all.len(), "each its own");
    let again = events(&browser.get(&address).await);
    assert!(again.iter().all(|event| uids.contains(&event.get_uid())));
    let due =
        |event: &icalendar::Event| event.get_summary() == Some("Action point due: Renew the lease");
    assert!(all.iter().any(due));

    let public = browser.get("/archive/calendar.ics").await;
    assert!(events(&public).is_empty(), "{}", public.body);
}

#[tokio::test]
async fn one_decision_is_a_calendar_of_its_own_with_its_review() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let path = passed(&world, &mut browser).await;
    let mut browser = world.alice().await;
    browser
        .submit(&path, &format!("{path}/review"), &[("day", "2027-06-01")])
        .await;
    let page = browser.get(&path).await.body;
    assert!(page.contains(&format!("href=\"{path}.ics\"")), "{page}");
    let summaries = |answer: &Answer| -> Vec<String> {
        let all = events(answer);
        let all = all.iter().filter_map(|event| event.get_summary());
        all.map(str::to_owned).collect()
    };
    let expected = [
        "Vote closes: Buy a bell",
        "Vote open: Buy a bell",
        "Review due: Buy a bell",
    ];
    let own = browser.get(&format!("{path}.ics")).await;
    assert_eq!(summaries(&own), expected);
    let archived = format!("{}.ics", path.replace("/decide/", "/archive/"));
    let mut stranger = world.browser();
    assert_eq!(summaries(&stranger.get(&archived).await), expected);
    let closed = stranger.get(&format!("{path}.ics")).await.status();
    assert_ne!(closed, StatusCode::OK, "only members read there");
    let missing = stranger.get("/archive/000000.ics").await.status();
    assert_eq!(missing, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_digest_tells_of_what_is_due_and_of_who_gathers_tomorrow() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let mail = [
        ("mail", "alice@example.org"),
        ("digest", "yes"),
        ("digest_hour", "8"),
    ];
    browser
        .submit("/account", "/account/reminders", &mail)
        .await;
    let circle = circle(&mut browser, "Systems").await;
    join(&mut browser, &circle).await;
    plan(&mut browser, &circle, &WEEKLY).await;
    add(&mut browser, &circle, "Renew the lease", "2027-01-17").await;
    add(&mut browser, &circle, "Paint the door", "2027-05-01").await;
    // From Friday to Monday, 18 January, 08:00 UTC: the circle gathers on Tuesday.
    world.clock.advance_seconds(3 * DAY);
    let reminders = Reminders::new(world.site.clone(), "https://moot.example.org");
    let due = reminders.round().await.unwrap().due;
    let digest = due
        .iter()
        .find(|due| matches!(due.occasion, Occasion::Digest(_)))
        .unwrap();
    let letter = reminders.letter(digest).await.unwrap().unwrap();
    let text = &letter.text;
    assert!(
        text.contains("* Renew the lease\n  Overdue since 17 January 2027."),
        "{text}"
    );
    assert!(
        text.contains("* Operations call (Systems)\n  Tuesday 19 January 2027, 17:00 UTC."),
        "{text}"
    );
    assert!(text.contains("https://moot.example.org/actions/"), "{text}");
    assert!(!text.contains("Paint the door"), "{text}");
}

#[tokio::test]
async fn a_new_co_ops_first_steps_go_away_when_they_are_done_or_put_away() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let home = browser.get("/").await.body;
    assert!(home.contains("First steps of your co-op"), "{home}");
    assert!(home.contains("Join a circle") && home.contains("Cast your first vote"));
    let path = circle(&mut browser, "Systems").await;
    join(&mut browser, &path).await;
    let home = browser.get("/").await.body;
    assert!(!home.contains("href=\"/circles\">Join a circle"), "{home}");
    browser.submit("/", "/checklist/hide", &[]).await;
    let home = browser.get("/").await.body;
    assert!(!home.contains("First steps of your co-op"));
    browser.submit("/", "/checklist/show", &[]).await;
    let home = browser.get("/").await.body;
    assert!(home.contains("First steps of your co-op"));
}

#[tokio::test]
async fn programs_do_the_same_as_the_pages() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let circle = circle(&mut browser, "Systems").await;
    let id = circle.rsplit('/').next().unwrap().parse().unwrap();
    let joined = true;
    let membership = record::Membership { circle: id, joined };
    world
        .node
        .act(key(0, 3), Act::Membership(membership))
        .await
        .unwrap();
    let member = world.node.read(|core| core.member().unwrap());
    let source = domain::id::Hash([7; 32]);
    let action = record::Action {
        action: None,
        circle: id,
        member,
        person: None,
        due: Some(Timestamp(1_800_000_100_000)),
        state: record::ActionState::Open,
        source: Some(source),
    };
    let words = "Renew the lease".to_owned();
    let act = Act::Action { action, words };
    let begun = world.node.act(key(0, 3), act).await.unwrap();
    let known = world.node.read(|core| core.view().action(&begun));
    assert_eq!(known.map(|action| action.record.source), Some(Some(source)));
    let listed = browser.get("/api/actions").await.json();
    assert_eq!(listed["actions"][0]["id"], begun.to_string());
    assert_eq!(listed["actions"][0]["person"], serde_json::Value::Null);
    for path in [
        "/api/actions?state=lost",
        "/api/actions?circle=x",
        "/api/gatherings?to_ms=999999999999999999",
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
}

#[tokio::test]
async fn action_points_are_found_by_their_id_and_gatherings_asked_for_a_year() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let circle = circle(&mut browser, "Systems").await;
    join(&mut browser, &circle).await;
    add(&mut browser, &circle, "Buy a bell", "").await;
    add(&mut browser, &circle, "Paint the door", "").await;
    let all = browser.get("/api/actions").await.json();
    assert_eq!(
        (all["actions"].as_array().unwrap().len(), &all["more"]),
        (2, &false.into())
    );
    let id = all["actions"][1]["id"].as_str().unwrap();
    let begin = id[..12].to_uppercase();
    let found = browser
        .get(&format!("/api/actions?id={begin}"))
        .await
        .json();
    assert_eq!(found["actions"].as_array().unwrap().len(), 1);
    assert_eq!(found["actions"][0]["id"], id);

    plan(&mut browser, &circle, &WEEKLY).await;
    let window = |days: u64| format!("/api/gatherings?from_ms=0&to_ms={}", days * DAY * 1_000);
    let year = browser.get(&window(400)).await;
    assert_eq!(year.status(), StatusCode::OK, "{}", year.body);
    let longer = browser.get(&window(401)).await;
    assert_eq!(longer.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_document_of_an_ended_circle_stays_there_when_it_is_closed() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let circle = circle(&mut browser, "Systems").await;
    let id = circle.strip_prefix("/circles/").unwrap().to_owned();
    let fields = [("title", "Minutes"), ("sort", "minutes"), ("circle", &*id)];
    let begun = browser
        .submit("/documents/new", "/documents", &fields)
        .await;
    let document = led_to(&begun).trim_end_matches("/edit").to_owned();
    world.clock.advance_seconds(1);
    let name = [
        ("name", "Systems"),
        ("domain", "Servers"),
        ("rhythm", ""),
        ("ended", "yes"),
    ];
    led_to(&browser.submit(&circle, &circle, &name).await);
    world.clock.advance_seconds(1);
    let page = browser.get(&document).await;
    let option = format!("<option value=\"{id}\" selected>");
    assert!(page.body.contains(&option), "{}", page.body);
    let fields = [("sort", "minutes"), ("circle", &*id), ("closed", "yes")];
    led_to(
        &browser
            .submit(&document, &format!("{document}/file"), &fields)
            .await,
    );
    let json = browser.get(&format!("/api{document}")).await.json();
    assert_eq!(
        (&json["filed"]["circle"], &json["filed"]["closed"]),
        (&id.into(), &true.into())
    );
}

/// Whoever casts no vote hears of an action point in the digest, at its hour.
#[tokio::test]
async fn a_digest_goes_to_who_casts_no_vote_and_waits_for_its_hour() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let circle = circle(&mut browser, "Systems").await;
    join(&mut browser, &circle).await;
    let act = Act::Grant {
        purpose: record::Purpose::Person,
        key: key(0, 3).public(),
        person: Some(ALICE),
        roles: record::Roles::STEWARD,
        custody: record::Custody::Node,
        proof: None,
    };
    world.clock.advance_seconds(1);
    world.node.act(key(0, 1), act).await.unwrap();
    let fields = [
        ("mail", "alice@example.org"),
        ("digest_hour", "8"),
        ("digest", "yes"),
    ];
    browser
        .submit("/account", "/account/reminders", &fields)
        .await;
    let reminders = Reminders::new(world.site.clone(), "https://moot.example.org");
    for due in reminders.round().await.unwrap().due {
        assert_eq!(reminders.letter(&due).await.unwrap(), None);
        reminders.remember(&due).await.unwrap();
    }
    world.clock.advance_seconds(7 * HOUR);
    add(&mut browser, &circle, "Buy a bell", "2027-01-16").await;
    assert_eq!(
        reminders.round().await.unwrap().due,
        [],
        "at three in the afternoon"
    );
    world.clock.advance_seconds(17 * HOUR);
    let due = reminders.round().await.unwrap().due;
    let letter = reminders.letter(&due[0]).await.unwrap().unwrap();
    assert!(letter.text.contains("Buy a bell"), "{}", letter.text);
}

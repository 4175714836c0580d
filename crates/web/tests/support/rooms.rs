//! Rooms, and what leads into them.

use axum::http::StatusCode;
use bigbluebutton::Parameters;
use domain::record::Service;

use super::{
    Answer, Browser, World,
    meetings::{describe, serve, server},
};

/// A federation with one server that records, in `ca-east`.
pub async fn world() -> World {
    let world = World::with_alice().await;
    let mut recording = server("Montréal 1", "ca-east", Service::Open);
    recording.features.insert("recording".to_owned());
    let id = describe(&world, 0, recording).await;
    serve(&world, &[id]).await;
    world
}

pub const WEEKLY: [(&str, &str); 3] = [
    ("title", "Weekly <call>"),
    ("people", "12"),
    ("entrance", "anybody"),
];

/// Makes a room and gives the path of its page.
pub async fn make(browser: &mut Browser, fields: &[(&str, &str)]) -> String {
    let answer = browser.submit("/rooms", "/rooms", fields).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
    let (path, done) = answer.header("location").split_once('?').unwrap();
    assert_eq!(done, "done=room");
    path.to_owned()
}

/// The paths of the guests' link and the moderators' on a room's page.
pub fn links(page: &Answer) -> (String, String) {
    let of = |role: &str| {
        let start = format!("id=\"link-{role}\" value=\"http://localhost:8080");
        let at = page
            .body
            .find(&start)
            .unwrap_or_else(|| panic!("no {role}: {}", page.body));
        let rest = &page.body[at + start.len()..];
        rest.split('"').next().unwrap().to_owned()
    };
    (of("guest"), of("moderator"))
}

/// What the address says into which a page leads on.
pub fn onward(page: &Answer) -> Parameters {
    assert_eq!(page.status(), StatusCode::OK, "{}", page.body);
    let start = "http-equiv=\"refresh\" content=\"0; url=";
    let at = page.body.find(start);
    let at = at.unwrap_or_else(|| panic!("no way on: {}", page.body));
    let url = page.body[at + start.len()..].split('"').next().unwrap();
    let url = url.replace("&amp;", "&");
    assert!(url.starts_with("https://9.9.9.9/"), "{url}");
    assert_eq!(page.header("cache-control"), "no-store");
    Parameters::from_query(url.split_once('?').unwrap().1).unwrap()
}

/// A circle of which Alice is one.
pub async fn circle(browser: &mut Browser) -> String {
    let fields = [("name", "Systems"), ("domain", "Servers"), ("rhythm", "")];
    let made = browser.submit("/circles/new", "/circles", &fields).await;
    let path = made
        .header("location")
        .split('?')
        .next()
        .unwrap()
        .to_owned();
    browser.submit(&path, &format!("{path}/join"), &[]).await;
    path
}

/// Every Tuesday at 18:00 in Madrid from 19 January 2027 on.
pub const TUESDAYS: [(&str, &str); 6] = [
    ("title", "Operations call"),
    ("day", "2027-01-19"),
    ("time", "18:00"),
    ("zone", "Europe/Madrid"),
    ("minutes", "60"),
    ("repeats", "weeks-1"),
];

//! What every page owes to people with other eyes, hands and screens.

use end_to_end::{
    browser::{Browser, Setup},
    coop::PASSWORD,
    federation::{Federation, charter},
    story::story,
};
use serde_json::{Value, json};

/// What is wrong with a page, in sentences.
const CHECKS: &str = r#"
const faults = [];
const all = (selector) => [...document.querySelectorAll(selector)];
const one = (selector, what) => {
  const count = all(selector).length;
  if (count !== 1) faults.push(`${count} ${what} instead of one`);
};
one("h1", "main headings");
one("main", "main landmarks");
if (!document.documentElement.lang) faults.push("no language");
if (!document.title.trim()) faults.push("no title");
if (!document.querySelector("nav[aria-label], nav[aria-labelledby]")) faults.push("no named navigation");
const named = (field) => field.labels?.length || field.ariaLabel || field.getAttribute("aria-labelledby");
for (const field of all("input:not([type=hidden]), select, textarea")) {
  if (!named(field)) faults.push(`no label: ${field.outerHTML}`);
}
for (const group of all("fieldset")) {
  if (!group.querySelector("legend")?.textContent.trim()) faults.push(`no legend: ${group.id}`);
}
for (const thing of all("a[href], button")) {
  const words = thing.textContent.trim() || thing.ariaLabel || thing.querySelector("img[alt], svg title");
  if (!words) faults.push(`no name: ${thing.outerHTML}`);
}
for (const picture of all("img")) {
  if (!picture.hasAttribute("alt")) faults.push(`no alternative: ${picture.outerHTML}`);
}
const ids = all("[id]").map((element) => element.id);
for (const id of ids.filter((id, at) => ids.indexOf(id) !== at)) faults.push(`two elements #${id}`);
for (const mark of ["aria-describedby", "aria-labelledby", "aria-controls", "for"]) {
  for (const element of all(`[${mark}]`)) {
    for (const id of element.getAttribute(mark).split(/\s+/)) {
      if (!document.getElementById(id)) faults.push(`${mark} names #${id}, which is not there`);
    }
  }
}
let level = 0;
for (const heading of all("h1, h2, h3, h4, h5, h6")) {
  const next = Number(heading.tagName[1]);
  if (next > level + 1) faults.push(`a heading leaps to level ${next}: ${heading.textContent.trim()}`);
  level = next;
}
if (document.documentElement.scrollWidth > innerWidth) {
  const wide = all("body *").filter((element) => element.getBoundingClientRect().right > innerWidth + 1);
  const last = wide.filter((element) => ![...element.children].some((child) => wide.includes(child)));
  faults.push(`scrolls sideways (${document.documentElement.scrollWidth} > ${innerWidth}): ` +
    last.slice(0, 3).map((element) => element.outerHTML.slice(0, 160)).join(" | "));
}
return faults;
"#;

#[test]
fn every_page_has_names_for_everything_and_fits_a_phone() {
    story(240, async {
        let federation = Federation::found(&["Alder", "Birch"], &charter(3_600)).await;
        let [alder, birch] = &federation.coops[..] else {
            unreachable!()
        };
        let id = alder
            .put_to_the_vote("Share-the-servers-of-the-whole-federation-in-one-pool")
            .await;
        birch.knows(&id).await;
        birch.vote(&id, "block").await;
        alder.vote(&id, "agree").await;
        alder.shows_vote(&id, "Birch", "block").await;

        let circle = json!({ "act": "circle", "name": "Systems-and-servers-of-everybody" });
        alder.done(&circle).await;
        let circles = alder.api("/api/circles").await;
        let circle = circles["circles"][0]["id"].clone();
        let join = json!({ "act": "membership", "circle": circle, "joined": true });
        alder.done(&join).await;
        let action = json!({ "act": "action", "circle": circle, "words": "Call the bank" });
        alder.done(&action).await;
        let gathering = json!({ "act": "gathering", "circle": circle, "title": "Weekly call",
                                "start_ms": 1_900_000_000_000_u64, "minutes": 60,
                                "zone": "Europe/Madrid", "place": "https://meet.example.org/call" });
        alder.done(&gathering).await;
        let gatherings = alder.api("/api/gatherings").await;
        let gathering = gatherings["gatherings"][0]["id"].clone();
        let actions = alder.api("/api/actions").await;
        let action = actions["actions"][0]["id"].clone();
        let path = |area: &str, id: &Value| format!("/{area}/{}", id.as_str().unwrap());
        let (action, gathering) = (path("actions", &action), path("gatherings", &gathering));
        let circle = path("circles", &circle);
        let (plan, replan) = (
            format!("{circle}/gatherings/new"),
            format!("{gathering}/edit"),
        );

        let mut browser = Browser::with(Setup {
            width: 320,
            ..Setup::default()
        })
        .await;
        browser.open(&alder.url("/sign-in")).await;
        let mut faults = look(&mut browser, "/sign-in").await;
        browser.fill("input[name=name]", &alder.steward()).await;
        browser.fill("input[name=password]", PASSWORD).await;
        browser.click("main form button").await;
        browser.element("a[href='/account']").await;

        let create = serde_json::json!({ "title": "House-rules-of-the-whole-federation", "text": "Be kind." });
        let headers = [("content-type", "application/json")];
        let body = create.to_string();
        let answer = alder
            .client()
            .send("POST", "/api/documents", &headers, &body)
            .await
            .unwrap();
        let room = json!({ "title": "Weekly-meeting-of-everybody-who-looks-after-servers",
                           "people": 12 });
        let body = room.to_string();
        let made = alder
            .client()
            .send("POST", "/api/rooms", &headers, &body)
            .await;
        let made = made.unwrap().expect(201).json();
        let room = path("rooms", &made["id"]);
        let (edit_room, recordings) = (format!("{room}/edit"), format!("{room}/recordings"));
        let link = made["links"]["guest"].as_str().unwrap();
        let door = link[link.find("/rooms/").unwrap()..].to_owned();
        let void = format!("{door}a");
        let written = answer.expect(201).json()["id"].take();
        let document = format!("/documents/{}", written.as_str().unwrap());
        let documents = [
            "",
            "?who=1",
            "/edit",
            "/history",
            "/versions/now",
            "/diff/now..now",
        ]
        .map(|below| format!("{document}{below}"));

        let decision = format!("/decide/{id}");
        let change = format!("/decide/{id}?change=1");
        let amend = format!("/decide/{id}/amend");
        let fixed = [
            "/",
            "/documents",
            "/documents/new",
            "/decide",
            "/decide?show=all",
            &decision,
            &change,
            &amend,
            "/decide/new",
            "/federation",
            "/federation/applications",
            "/profile",
            "/circles",
            "/circles/new",
            &circle,
            &action,
            &gathering,
            &plan,
            &replan,
            "/calendar",
            "/rooms",
            &room,
            &edit_room,
            &recordings,
            &door,
            &void,
            "/decide?show=review",
            "/charter",
            "/charters",
            "/in-force",
            "/applicants",
            "/register",
            "/archive/final",
            "/node",
            "/node/people",
            "/node/keys",
            "/account",
            "/archive",
            "/help/consent",
            "/no/such/page",
        ];
        for path in fixed
            .into_iter()
            .chain(documents.iter().map(String::as_str))
        {
            for width in [320, 390, 1280] {
                browser.resize(width, 800).await;
                browser.open(&alder.url(path)).await;
                faults.extend(look(&mut browser, &format!("{path} at {width}")).await);
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    });
}

async fn look(browser: &mut Browser, path: &str) -> Vec<String> {
    let found = browser.run(CHECKS).await;
    let found = found.as_array().cloned().unwrap_or_default();
    found
        .iter()
        .filter_map(Value::as_str)
        .map(|fault| format!("{path}: {fault}"))
        .collect()
}

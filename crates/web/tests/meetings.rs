//! Servers and front ends in the dashboard.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::http::{Method, StatusCode};
use bigbluebutton::{
    Secret,
    laboratory::{Laboratory, Settings},
};
use domain::record::Service;
use support::{
    Answer, Browser, World,
    meetings::{self, describe, serve},
    program::Program,
};

const SECRET: &str = "server-secret-of-the-machine";

/// The fields of the form of a new server, as a browser sends them.
fn server() -> Vec<(&'static str, &'static str)> {
    vec![
        ("name", "Amsterdam 1"),
        ("url", "https://9.9.9.9/bigbluebutton/"),
        ("region", "eu-west"),
        ("secret", SECRET),
        ("cores", "8"),
        ("mbit_s", "1000"),
        ("features", "recording, dedicated"),
        ("share_percent", "40"),
        ("energy", "wind <i>"),
        ("cost", "30"),
        ("currency", "EUR"),
        ("algorithm", "sha256"),
    ]
}

fn with(
    mut fields: Vec<(&'static str, &'static str)>,
    name: &'static str,
    value: &'static str,
) -> Vec<(&'static str, &'static str)> {
    fields.retain(|(known, _)| *known != name);
    fields.push((name, value));
    fields
}

/// Sends a form of a page and gives the path it led to.
async fn done(browser: &mut Browser, page: &str, path: &str, fields: &[(&str, &str)]) -> String {
    let answer = browser.submit(page, path, fields).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
    let to = answer.header("location").to_owned();
    to.split_once('?')
        .map_or(to.clone(), |(path, _)| path.to_owned())
}

/// What a page says is wrong, by field.
fn wrong(answer: &Answer) -> Vec<String> {
    assert_eq!(
        answer.status(),
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.body
    );
    let marked = answer.body.split("id=\"error-").skip(1);
    marked
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_steward_adds_changes_checks_and_removes_a_server() {
    let laboratory = Settings::new(Secret::new(SECRET).unwrap());
    let laboratory = Laboratory::start(laboratory).await.unwrap();
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    assert!(
        alice
            .get("/node")
            .await
            .body
            .contains("href=\"/node/servers\"")
    );
    let own = done(&mut alice, "/node/servers", "/node/servers", &server()).await;
    let page = alice.get(&own).await;
    assert_eq!(page.field("name"), "Amsterdam 1");
    assert_eq!(page.field("features"), "dedicated recording");
    assert_eq!((page.field("cost"), page.field("users")), ("30.00", "200"));
    assert!(!page.body.contains(SECRET));

    // All fields are sent as they stand; only the cores change, and what follows from them.
    world.clock.advance_ms(1);
    let mut fields = with(server(), "cores", "16");
    fields.extend([("users", "200"), ("rooms", "40"), ("cpu_units", "608")]);
    let fields = with(fields, "secret", "");
    assert_eq!(done(&mut alice, &own, &own, &fields).await, own);
    let page = alice.get(&own).await;
    assert_eq!((page.field("users"), page.field("rooms")), ("400", "80"));

    world.clock.advance_ms(1);
    let service = format!("{own}/service");
    done(&mut alice, &own, &service, &[("service", "cordoned")]).await;
    let list = alice.get("/meet/servers").await.body;
    assert!(
        list.contains("Cordoned") && list.contains("400 people, 80 meetings"),
        "{list}"
    );
    assert!(
        list.contains("wind &lt;i&gt;") && list.contains("30.00 EUR"),
        "{list}"
    );

    let check = format!("{own}/check");
    world.clock.advance_ms(1);
    let url: &'static str = Box::leak(laboratory.url.clone().into_boxed_str());
    let mut beside = with(server(), "url", url);
    beside.extend([("allow_private", "yes"), ("allow_http", "yes")]);
    done(&mut alice, &own, &own, &beside).await;
    let page = alice.submit(&own, &check, &[]).await;
    assert_eq!(page.status(), StatusCode::OK, "{}", page.body);
    assert!(
        page.body.contains("and accepts the secret."),
        "{}",
        page.body
    );
    drop(laboratory);

    world.clock.advance_ms(1);
    let remove = format!("{own}/remove");
    // A page that was answered there is loaded again: its form is one above.
    let again = alice.get(&remove).await;
    assert_eq!(
        (again.status(), again.header("location")),
        (StatusCode::SEE_OTHER, &*own)
    );
    let page = alice.get(&own).await.body;
    let (before, form) = page.split_once(&format!("action=\"{remove}\"")).unwrap();
    assert!(before.rfind("<details").unwrap() > before.rfind("</details>").unwrap_or_default());
    assert!(!form.contains("name=\"force\""), "nothing runs on it");
    assert_eq!(done(&mut alice, &own, &remove, &[]).await, "/node/servers");
    let said = alice.get("/node/servers?done=server-removed").await.body;
    assert!(said.contains("The server is removed."), "{said}");
    assert!(!said.contains("person"), "{said}");
    assert!(
        alice
            .get("/meet/servers")
            .await
            .body
            .contains("No member has added")
    );
    assert_eq!(alice.get(&own).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn faults_of_a_server_stand_at_their_fields_and_its_secret_does_not_come_back() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let page = "/node/servers";
    for (name, value) in [
        ("url", "https://127.0.0.1"),
        ("region", "Europe"),
        ("secret", ""),
        ("cores", "many"),
        ("share_percent", "101"),
        ("cost", "free"),
        ("currency", "euro"),
        ("features", "Recording!"),
    ] {
        let fields = with(server(), name, value);
        let answer = alice.submit(page, page, &fields).await;
        assert_eq!(wrong(&answer), [name], "{name}={value}");
        assert!(answer.body.contains("There is a problem"));
        assert!(!answer.body.contains(SECRET));
        assert!(answer.body.contains("value=\"eu-west\"") || name == "region");
    }
    assert!(
        alice
            .get("/meet/servers")
            .await
            .body
            .contains("No member has added")
    );
}

#[tokio::test]
async fn a_failed_call_leaves_the_fields_of_the_server_as_they_stand() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let mut fields = with(server(), "url", "http://127.0.0.1:1");
    fields.extend([("allow_private", "yes"), ("allow_http", "yes")]);
    let own = done(&mut alice, "/node/servers", "/node/servers", &fields).await;
    let answer = alice.submit(&own, &format!("{own}/check"), &[]).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT, "{}", answer.body);
    assert!(
        answer.body.contains("does not accept connections"),
        "{}",
        answer.body
    );
    assert_eq!(answer.field("name"), "Amsterdam 1");
    let refused = [("service", "removed")];
    let answer = alice
        .submit(&own, &format!("{own}/service"), &refused)
        .await;
    assert_eq!(wrong(&answer), ["service"]);
    assert_eq!(answer.field("features"), "dedicated recording");
}

/// The secret on a page.
fn secret_on(page: &Answer) -> String {
    assert_eq!(page.status(), StatusCode::OK, "{}", page.body);
    assert_eq!(page.header("cache-control"), "no-store");
    let (_, rest) = page.body.split_once("<p class=\"secret\"><code>").unwrap();
    rest.split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_front_end_is_added_and_its_secret_stands_on_a_page_that_can_be_loaded_again() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let page = "/node/tenants";
    let fields = [("name", "Our <Greenlight>"), ("level", "level-2")];
    let shown = done(&mut alice, page, page, &fields).await;
    let secret = secret_on(&alice.get(&shown).await);
    assert_eq!(secret.len(), 43);
    assert_eq!(secret_on(&alice.get(&shown).await), secret);
    let list = alice.get(page).await;
    assert!(!list.body.contains(&secret));
    assert!(list.body.contains("Our &lt;Greenlight&gt;") && list.body.contains("Level 2"));
    assert_eq!(list.body.matches("href=\"/node/tenants/").count(), 1);
    let taken = alice.submit(page, page, &fields).await;
    assert_eq!(wrong(&taken), ["name"]);
}

/// Alice's front end: the path of its page.
async fn front_end(alice: &mut Browser) -> String {
    let page = "/node/tenants";
    let secret = "a-secret-it-has-already";
    let fields = [("name", "Ours"), ("level", "level-2"), ("secret", secret)];
    let own = done(alice, page, page, &fields).await;
    let kept = alice.get(&format!("{own}?done=secret-kept")).await.body;
    assert!(kept.contains("The secret you gave is kept."), "{kept}");
    assert!(!kept.contains(secret), "it is known already");
    own
}

#[tokio::test]
async fn limits_are_set_level_and_all_and_a_fault_clears_nothing() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let own = front_end(&mut alice).await;
    assert_eq!(alice.get(&own).await.field("participants_max"), "20");
    let limits = format!("{own}/limits");
    let mut fields = vec![
        ("meetings_max", ""),
        ("participants_max", "30"),
        ("participants_total_max", ""),
        ("duration_max_minutes", "90"),
        ("recording", "yes"),
        ("features", "recording"),
        ("defaults", "welcome=Hi\r\nmuteOnStart=true"),
        ("forced", "record=false"),
    ];
    done(&mut alice, &own, &limits, &fields).await;
    let page = alice.get(&own).await;
    assert_eq!(
        (page.field("meetings_max"), page.field("participants_max")),
        ("", "30")
    );
    assert!(
        page.body.contains("welcome=Hi\nmuteOnStart=true"),
        "{}",
        page.body
    );

    fields.retain(|(name, _)| *name != "forced");
    fields.push(("forced", "checksum=1"));
    let answer = alice.submit(&own, &limits, &fields).await;
    assert_eq!(wrong(&answer), ["forced"]);
    let rotate = format!("{own}/rotate");
    let answer = alice.submit(&own, &rotate, &[("secret", "short")]).await;
    assert_eq!(wrong(&answer), ["secret"]);
    assert_eq!(answer.field("participants_max"), "30", "the limits stand");

    done(
        &mut alice,
        &own,
        &format!("{own}/level"),
        &[("level", "free")],
    )
    .await;
    let page = alice.get(&own).await;
    assert_eq!(
        (page.field("meetings_max"), page.field("participants_max")),
        ("1", "5")
    );
    assert!(
        page.body.contains("record=false"),
        "a level sets limits alone"
    );
}

#[tokio::test]
async fn a_secret_is_changed_and_a_configuration_shows_it_where_that_is_asked_for() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let own = front_end(&mut alice).await;
    let shown = done(&mut alice, &own, &format!("{own}/rotate"), &[]).await;
    assert_eq!(shown, format!("{own}/secret"));
    let page = alice.get(&shown).await;
    let secret = secret_on(&page);
    assert!(
        page.body.contains("An old secret works until"),
        "{}",
        page.body
    );
    let path = format!("{own}/configuration");
    let plain = alice.get(&format!("{path}?for=moodle")).await;
    assert!(plain.body.contains("SECRET-OF-THIS-TENANT") && !plain.body.contains(&secret));
    let unknown = alice.get(&format!("{path}?for=pen")).await;
    assert_eq!(wrong(&unknown), ["for"]);
    let open = alice
        .get(&format!("{path}?for=greenlight&with_secret=yes"))
        .await;
    assert_eq!(open.header("cache-control"), "no-store");
    assert!(
        open.body
            .contains(&format!("BIGBLUEBUTTON_SECRET={secret}")),
        "{}",
        open.body
    );
    assert!(!alice.get(&own).await.body.contains(&secret));
    // Of what is said of one thing in one moment no order is known.
    world.clock.advance_ms(1);
    let gone = done(&mut alice, &own, &format!("{own}/remove"), &[]).await;
    assert_eq!(gone, "/node/tenants");
    let said = alice.get("/node/tenants?done=front-end-removed").await.body;
    assert!(said.contains("Its secrets work no more."), "{said}");
    assert!(
        alice
            .get("/node/tenants")
            .await
            .body
            .contains("No front end")
    );
}

#[tokio::test]
async fn only_stewards_open_the_pages_and_everybody_the_list() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let own = done(&mut alice, "/node/servers", "/node/servers", &server()).await;
    let tenant = front_end(&mut alice).await;
    let fields = [("name", "Wim"), ("roles", "worker")];
    let made = alice
        .submit("/node/people", "/node/people/invite", &fields)
        .await;
    let (_, rest) = made.body.split_once("/welcome/").unwrap();
    let link = format!("/welcome/{}", rest.split('<').next().unwrap());
    let mut wim = world.browser();
    wim.post(&link, &[("name", "Wim"), ("password", "another horse")])
        .await;
    for path in ["/node/servers", "/node/tenants", &own, &tenant] {
        assert_eq!(
            wim.get(path).await.status(),
            StatusCode::FORBIDDEN,
            "{path}"
        );
        let token = wim.get("/account").await.field("csrf").to_owned();
        let answer = wim.post(path, &[("csrf", &token)]).await;
        assert!(answer.status().is_client_error(), "{path}");
    }
    let list = wim.get("/meet/servers").await;
    assert!(list.body.contains("Amsterdam 1"), "{}", list.body);
    let mut stranger = world.browser();
    let away = stranger.get("/meet/servers").await;
    assert_ne!(away.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_server_with_meetings_on_it_goes_only_by_force() {
    let world = World::with_alice().await;
    let mut program = Program::of_alice(&world).await;
    let id = describe(
        &world,
        0,
        meetings::server("Montréal 1", "ca-east", Service::Open),
    )
    .await;
    serve(&world, &[id]).await;
    let mut greenlight = meetings::front_end(&world, &mut program, "Greenlight").await;
    let made = greenlight.create("weekly").await;
    assert!(made.body.contains("SUCCESS"), "{}", made.body);
    world.clock.advance_ms(1);
    let mut alice = world.alice().await;
    let own = format!("/node/servers/{id}");
    let page = alice.get(&own).await.body;
    assert!(
        page.contains("1 meeting runs on it: remove it all the same"),
        "{page}"
    );
    let remove = format!("{own}/remove");
    let refused = alice.submit(&own, &remove, &[]).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT, "{}", refused.body);
    assert!(
        refused.body.contains("href=\"#field-force\""),
        "{}",
        refused.body
    );
    let path = format!("/api/servers/{id}");
    let refused = program.call(Method::DELETE, &path, None).await;
    assert_eq!(
        refused.json()["error"]["code"],
        "meetings-run",
        "{}",
        refused.body
    );
    assert!(
        refused.json()["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("--force")
    );
    let gone = done(&mut alice, &own, &remove, &[("force", "yes")]).await;
    assert_eq!(gone, "/node/servers");
}

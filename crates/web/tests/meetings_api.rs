//! Servers and tenants by the JSON API: who may do what, and where a secret appears.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::http::{Method, StatusCode};
use bigbluebutton::{
    Secret,
    laboratory::{Laboratory, Settings},
};
use domain::id::Timestamp;
use serde_json::{Value, json};
use support::{
    World,
    hosted::hosted_coop,
    program::{Program, worker},
};
use web::local::Local;

const SECRET: &str = "server-secret-of-the-machine";

fn server() -> Value {
    json!({
        "name": "Amsterdam 1", "url": "https://9.9.9.9/bigbluebutton/", "region": "eu-west",
        "secret": SECRET, "features": ["recording"], "energy": "wind", "cost": "30.00",
        "currency": "EUR", "cores": 8,
    })
}

async fn add(program: &mut Program, path: &str, body: &Value) -> Value {
    let made = program.call(Method::POST, path, Some(body)).await;
    assert_eq!(made.status(), StatusCode::CREATED, "{}", made.body);
    made.json()
}

/// Lets time go on: of what is said of one thing in one moment no order is known.
fn later(world: &World) {
    world.clock.advance_ms(1);
}

async fn post(program: &mut Program, path: &str, body: &Value) -> Value {
    let done = program.call(Method::POST, path, Some(body)).await;
    assert_eq!(done.status(), StatusCode::OK, "{path}: {}", done.body);
    done.json()
}

/// The status, and the fields with faults.
async fn refused(program: &mut Program, path: &str, body: &Value) -> (u16, Vec<String>) {
    let answer = program.call(Method::POST, path, Some(body)).await;
    let fields = answer.json()["error"]["fields"].clone();
    let fields = fields.as_array().into_iter().flatten();
    let fields = fields.map(|one| one["field"].as_str().unwrap().to_owned());
    (answer.status().as_u16(), fields.collect())
}

#[tokio::test]
async fn a_server_is_added_described_and_removed() {
    let world = World::with_alice().await;
    let mut alice = Program::of_alice(&world).await;
    let made = add(&mut alice, "/api/servers", &server()).await;
    let path = format!("/api/servers/{}", made["id"].as_str().unwrap());
    let shown = &alice.get("/api/servers").await["servers"][0];
    assert_eq!(shown["url"], "https://9.9.9.9");
    assert_eq!(shown["service"], "open");
    assert_eq!(shown["cpu_units"], 608);
    assert_eq!(
        (&shown["users"], &shown["rooms"]),
        (&json!(200), &json!(40))
    );
    assert_eq!(shown["share_percent"], 50);
    assert_eq!(shown["cost"]["minor_units"], 3_000);
    assert_eq!(shown["here"]["secret"], "here");
    assert_eq!(shown["owner_name"], "Co-op 0");
    let id = made["id"].as_str().unwrap().parse().unwrap();
    let access = world.site.servers.secret_of(id).unwrap();
    assert_eq!(access.secret.expose(), SECRET.as_bytes());

    later(&world);
    let change = json!({ "service": "draining", "cores": 16, "cost": "", "users": 350 });
    post(&mut alice, &path, &change).await;
    let shown = &alice.get("/api/servers").await["servers"][0];
    assert_eq!(shown["service"], "draining");
    assert_eq!(shown["cpu_units"], 1_216);
    assert_eq!(
        (&shown["users"], &shown["cost"]),
        (&json!(350), &Value::Null)
    );
    assert_eq!(shown["energy"], "wind", "what is not said stays");

    let other = json!({ "secret": "another-secret", "algorithm": "sha512" });
    post(&mut alice, &path, &other).await;
    let access = world.site.servers.secret_of(id).unwrap();
    assert_eq!(access.secret.expose(), b"another-secret");

    later(&world);
    let removed = alice.call(Method::DELETE, &path, None).await;
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    assert_eq!(alice.get("/api/servers").await["servers"], json!([]));
    assert!(world.site.servers.secret_of(id).is_none());
    let again = alice.call(Method::DELETE, &path, None).await;
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_wrong_with_a_server_is_said_at_its_fields_and_nothing_is_kept() {
    let world = World::with_alice().await;
    let mut alice = Program::of_alice(&world).await;
    for (wrong, fields) in [
        (json!({ "url": "http://9.9.9.9" }), vec!["url"]),
        (json!({ "url": "https://127.0.0.1" }), vec!["url"]),
        (
            json!({ "region": "Europe", "secret": null }),
            vec!["secret", "region"],
        ),
        (
            json!({ "share_percent": 101, "cores": 0 }),
            vec!["share_percent", "cores"],
        ),
        (json!({ "currency": "euro" }), vec!["currency"]),
        (json!({ "cost": "free" }), vec!["cost"]),
        (json!({ "features": ["Recording"] }), vec!["features"]),
        (json!({ "allow_http": true }), vec!["allow_http"]),
        (json!({ "service": "removed" }), vec!["service"]),
        (json!({ "name": " " }), vec!["name"]),
    ] {
        let mut body = server();
        for (key, value) in wrong.as_object().unwrap() {
            body[key] = value.clone();
        }
        let said = refused(&mut alice, "/api/servers", &body).await;
        assert_eq!(
            said,
            (422, fields.into_iter().map(str::to_owned).collect()),
            "{wrong}"
        );
    }
    assert!(world.local.list("web/server").await.unwrap().is_empty());
    let private = json!({ "allow_private": true, "allow_http": true });
    let mut body = server();
    body["url"] = json!("http://127.0.0.1:8090");
    body["allow_private"] = private["allow_private"].clone();
    body["allow_http"] = private["allow_http"].clone();
    add(&mut alice, "/api/servers", &body).await;
    body["url"] = json!("https://9.9.9.9");
    let (status, _) = refused(&mut alice, "/api/servers", &body).await;
    assert_eq!(status, 409, "the name is taken");
    assert_eq!(world.local.list("web/server").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_server_whose_record_was_never_written_is_taken_up_by_adding_it_again() {
    let world = World::with_alice().await;
    let mut alice = Program::of_alice(&world).await;
    let made = add(&mut alice, "/api/servers", &server()).await;
    let rows = world.local.list("web/server").await.unwrap();
    // A node that stopped between the row and the record: the row alone is there.
    let restarted = World::with_alice().await;
    restarted
        .local
        .put("web/server", &rows[0].0, &rows[0].1)
        .await
        .unwrap();
    restarted.site.load().await.unwrap();
    let mut alice = Program::of_alice(&restarted).await;
    assert_eq!(alice.get("/api/servers").await["servers"], json!([]));
    let again = add(&mut alice, "/api/servers", &server()).await;
    assert_eq!(again["id"], made["id"]);
    assert_eq!(restarted.local.list("web/server").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_worker_sees_servers_and_changes_nothing() {
    let world = World::with_alice().await;
    let mut alice = Program::of_alice(&world).await;
    let server_id = add(&mut alice, "/api/servers", &server()).await["id"].clone();
    let tenant = json!({ "name": "Greenlight" });
    let tenant_id = add(&mut alice, "/api/tenants", &tenant).await["id"].clone();
    let mut wim = worker(&world).await;
    let mut wim = Program::of(&mut wim).await;
    let shown = wim.get("/api/servers").await;
    assert_eq!(shown["servers"][0]["name"], "Amsterdam 1");
    assert_eq!(shown["servers"][0]["here"], Value::Null);
    assert_eq!(
        wim.get("/api/tenants").await["tenants"][0]["name"],
        "Greenlight"
    );
    let (server_id, tenant_id) = (server_id.as_str().unwrap(), tenant_id.as_str().unwrap());
    for (method, path) in [
        (Method::POST, "/api/servers".to_owned()),
        (Method::POST, format!("/api/servers/{server_id}")),
        (Method::DELETE, format!("/api/servers/{server_id}")),
        (Method::POST, "/api/tenants".to_owned()),
        (Method::POST, format!("/api/tenants/{tenant_id}")),
        (Method::POST, format!("/api/tenants/{tenant_id}/limits")),
        (Method::POST, format!("/api/tenants/{tenant_id}/rotate")),
        (Method::DELETE, format!("/api/tenants/{tenant_id}")),
    ] {
        let answer = wim.call(method, &path, Some(&json!({}))).await;
        assert_eq!(
            answer.status(),
            StatusCode::FORBIDDEN,
            "{path}: {}",
            answer.body
        );
        assert_eq!(answer.json()["error"]["code"], "role");
    }
    let path = format!("/api/tenants/{tenant_id}/configuration");
    let open = json!({ "for": "greenlight", "with_secret": true });
    let answer = wim.call(Method::POST, &path, Some(&open)).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let plain = post(&mut wim, &path, &json!({ "for": "greenlight" })).await;
    let text = plain["configuration"].as_str().unwrap();
    assert!(
        text.contains("BIGBLUEBUTTON_SECRET=SECRET-OF-THIS-TENANT"),
        "{text}"
    );
}

#[tokio::test]
async fn a_secret_is_in_the_answer_that_made_it_and_in_no_other() {
    let world = World::with_alice().await;
    let mut alice = Program::of_alice(&world).await;
    let server = add(&mut alice, "/api/servers", &server()).await;
    let made = add(&mut alice, "/api/tenants", &json!({ "name": "Greenlight" })).await;
    let path = format!("/api/tenants/{}", made["id"].as_str().unwrap());
    let first = made["secret"].as_str().unwrap().to_owned();
    let rotated = post(&mut alice, &format!("{path}/rotate"), &json!({})).await;
    let second = rotated["secret"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    let until = Timestamp(rotated["old_until_ms"].as_u64().unwrap());
    assert_eq!(until.0, 1_800_000_000_000 + 7 * 24 * 60 * 60 * 1000);

    let mut answers = vec![made["id"].to_string(), server.to_string()];
    for path in ["/api/servers", "/api/tenants", &path] {
        answers.push(alice.get(path).await.to_string());
    }
    let limits = json!({ "level": "level-1", "forced": ["record=false"] });
    answers.push(
        post(&mut alice, &format!("{path}/limits"), &limits)
            .await
            .to_string(),
    );
    let wrong = json!({ "name": "Other", "secret": second });
    let taken = alice.call(Method::POST, "/api/tenants", Some(&wrong)).await;
    assert_eq!(taken.status(), StatusCode::UNPROCESSABLE_ENTITY);
    answers.push(taken.body);
    let malformed = json!({ "name": "Other", "secret": second, "unknown": 1 });
    let answer = alice
        .call(Method::POST, "/api/tenants", Some(&malformed))
        .await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    answers.push(answer.body);
    let mut browser = world.alice().await;
    for page in ["/node", "/node/servers", "/node/tenants", "/meet/servers"] {
        answers.push(browser.get(page).await.body);
    }
    for answer in &answers {
        for secret in [&first, &second, SECRET] {
            assert!(!answer.contains(secret), "{answer}");
        }
    }
    // What is on the disk says it neither.
    for area in ["web/server", "web/tenant"] {
        for (_, value) in world.local.list(area).await.unwrap() {
            let value = String::from_utf8_lossy(&value).into_owned();
            assert!(
                ![&first, &second, SECRET]
                    .iter()
                    .any(|one| value.contains(*one))
            );
        }
    }
    let configuration = format!("{path}/configuration");
    let open = json!({ "for": "moodle", "with_secret": true });
    let shown = post(&mut alice, &configuration, &open).await;
    let text = shown["configuration"].as_str().unwrap();
    assert!(text.contains(&format!("--set='{second}'")), "{text}");
    assert!(
        text.contains("--set='http://localhost:8080/bigbluebutton/'"),
        "{text}"
    );
}

#[tokio::test]
async fn a_tenant_gets_limits_by_level_and_by_figure() {
    let world = World::with_alice().await;
    let mut alice = Program::of_alice(&world).await;
    let tenant = json!({ "name": "Greenlight", "level": "level-3", "region": "ca-east" });
    let made = add(&mut alice, "/api/tenants", &tenant).await;
    let path = format!("/api/tenants/{}", made["id"].as_str().unwrap());
    let shown = alice.get(&path).await;
    assert_eq!(shown["region"], "ca-east");
    assert_eq!(
        (&shown["home"], &shown["secret"]),
        (&json!(true), &json!("here"))
    );
    assert_eq!(shown["rules"]["participants_max"], 50);
    assert_eq!(shown["rules"]["recording"], false);
    let change = json!({ "clear": ["meetings"], "participants_max": 80, "recording": true });
    let rules = post(&mut alice, &format!("{path}/limits"), &change).await;
    assert_eq!(rules["meetings_max"], Value::Null);
    assert_eq!(
        (&rules["participants_max"], &rules["recording"]),
        (&json!(80), &json!(true))
    );
    let wrong = json!({ "duration_max_minutes": 0 });
    let said = refused(&mut alice, &format!("{path}/limits"), &wrong).await;
    assert_eq!(said, (422, vec!["duration_max_minutes".to_owned()]));
    for (wrong, field) in [
        (json!({ "name": "Greenlight" }), "name"),
        (json!({ "name": "Two", "level": "gold" }), "level"),
        (json!({ "name": "Two", "secret": "short" }), "secret"),
        (json!({ "name": "Two", "region": "X" }), "region"),
        (json!({ "name": "Two", "member": "nobody" }), "member"),
    ] {
        let said = refused(&mut alice, "/api/tenants", &wrong).await;
        assert_eq!(said, (422, vec![field.to_owned()]), "{wrong}");
    }
    later(&world);
    let removed = alice.call(Method::DELETE, &path, None).await;
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    assert_eq!(alice.get("/api/tenants").await["tenants"], json!([]));
    assert!(world.local.list("web/tenant").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_tenant_gets_another_name_and_region_and_stays_the_same() {
    let world = World::with_alice().await;
    let mut alice = Program::of_alice(&world).await;
    let tenant = json!({ "name": "Greenlight", "region": "ca-east" });
    let made = add(&mut alice, "/api/tenants", &tenant).await;
    add(&mut alice, "/api/tenants", &json!({ "name": "Moodle" })).await;
    let path = format!("/api/tenants/{}", made["id"].as_str().unwrap());
    for (wrong, field) in [
        (json!({ "name": "Moodle" }), "name"),
        (json!({ "region": "X" }), "region"),
    ] {
        let said = refused(&mut alice, &path, &wrong).await;
        assert_eq!(said, (422, vec![field.to_owned()]), "{wrong}");
    }
    for (change, name, region) in [
        (json!({ "name": "Rooms" }), "Rooms", json!("ca-east")),
        (json!({ "region": "eu-west" }), "Rooms", json!("eu-west")),
        (json!({ "region": "" }), "Rooms", Value::Null),
    ] {
        later(&world);
        let shown = post(&mut alice, &path, &change).await;
        assert_eq!((&shown["name"], &shown["region"]), (&json!(name), &region));
        assert_eq!(
            (&shown["id"], &shown["secret"]),
            (&made["id"], &json!("here"))
        );
    }
}

#[tokio::test]
async fn a_hosted_members_people_see_their_own_tenants_only() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    let (mut dora, member) = hosted_coop(&world, &mut browser).await;
    let mut alice = Program::of_alice(&world).await;
    add(&mut alice, "/api/tenants", &json!({ "name": "Ours" })).await;
    let theirs = json!({ "name": "Theirs", "member": member.to_string() });
    let made = add(&mut alice, "/api/tenants", &theirs).await;
    let mut dora = Program::of(&mut dora).await;
    let seen = dora.get("/api/tenants").await;
    assert_eq!(seen["tenants"].as_array().unwrap().len(), 1);
    assert_eq!(seen["tenants"][0]["name"], "Theirs");
    let all = alice.get("/api/tenants").await;
    assert_eq!(all["tenants"].as_array().unwrap().len(), 2);
    let path = format!("/api/tenants/{}/rotate", made["id"].as_str().unwrap());
    let refused = dora.call(Method::POST, &path, Some(&json!({}))).await;
    assert_eq!(
        refused.status(),
        StatusCode::FORBIDDEN,
        "the host's stewards do it"
    );
}

#[tokio::test]
async fn a_check_calls_the_server_and_says_what_is_wrong() {
    let laboratory = Settings::new(Secret::new(SECRET).unwrap());
    let laboratory = Laboratory::start(laboratory).await.unwrap();
    let world = World::with_alice().await;
    let mut alice = Program::of_alice(&world).await;
    let mut body = server();
    body["url"] = json!(laboratory.url);
    body["allow_private"] = json!(true);
    body["allow_http"] = json!(true);
    let made = add(&mut alice, "/api/servers", &body).await;
    let path = format!("/api/servers/{}", made["id"].as_str().unwrap());
    let check = format!("{path}/check");
    let found = post(&mut alice, &check, &json!({})).await;
    assert_eq!(
        (&found["version"], &found["meetings"]),
        (&json!("2.0"), &json!(0))
    );
    // The node's clock is the test's.
    assert!(found["clock_ahead_ms"].is_i64(), "{found}");

    post(&mut alice, &path, &json!({ "secret": "another secret" })).await;
    let refused = alice.call(Method::POST, &check, None).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let error = &refused.json()["error"];
    assert_eq!(error["code"], "server-check");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("bbb-conf --secret"), "{message}");

    let mut wim = worker(&world).await;
    let mut wim = Program::of(&mut wim).await;
    let refused = wim.call(Method::POST, &check, None).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
}

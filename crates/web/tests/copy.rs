//! What a second node of a member takes over from the first.

#![allow(clippy::unwrap_used)]

mod support;

use axum::http::{Method, StatusCode};
use domain::{
    id::{MemberId, TenantId},
    key::{PublicKey, SecretKey},
    record::{Custody, Grant, Purpose, Roles, Tenant},
};
use federation::Act;
use serde_json::{Value, json};
use support::{World, node::key, program::Program};
use web::{
    WebError,
    copy::{Kind, Row, Taken, copy, take},
    local::Local,
};

const SECRET: &str = "server-secret-of-the-machine";

async fn made(program: &mut Program, path: &str, body: &Value) -> Value {
    let made = program.call(Method::POST, path, Some(body)).await;
    assert_eq!(made.status(), StatusCode::CREATED, "{}", made.body);
    made.json()
}

/// A node with a server, a front end and a room.
async fn first() -> World {
    let world = World::with_alice().await;
    let mut alice = Program::of_alice(&world).await;
    let server = json!({
        "name": "Amsterdam 1", "url": "https://9.9.9.9/bigbluebutton/", "region": "eu-west",
        "secret": SECRET, "cores": 8,
    });
    made(&mut alice, "/api/servers", &server).await;
    made(&mut alice, "/api/tenants", &json!({ "name": "Greenlight" })).await;
    let room = json!({ "title": "Open hour", "people": 12, "entrance": "anybody" });
    made(&mut alice, "/api/rooms", &room).await;
    world
}

/// The rows of a node, as the store has them.
async fn rows(world: &World) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut all = Vec::new();
    for area in ["web/server", "web/tenant", "web/room"] {
        all.extend(world.local.list(area).await.unwrap());
    }
    all
}

/// The key of another node of the member.
async fn another_node(world: &World, member: MemberId) -> PublicKey {
    let node = SecretKey::from_seed(&[50; 32]);
    let federation = world.node.read(federation::Core::federation);
    let purpose = Purpose::Node;
    let grant = Act::Grant {
        purpose,
        key: node.public(),
        person: None,
        roles: Roles::none(),
        custody: Custody::Node,
        proof: Some(Grant::prove(&node, &federation, &member, purpose, None)),
    };
    world.node.act(key(0, 1), grant).await.unwrap();
    node.public()
}

#[tokio::test]
async fn a_second_node_has_every_secret_and_room_at_once_and_no_account() {
    let (one, other) = (first().await, World::new());
    let copied = copy(&one.site).await.unwrap();
    let text = serde_json::to_string(&copied).unwrap();
    assert!(!text.contains(SECRET), "secrets stay sealed");
    let taken = take(&other.site, &copied).await.unwrap();
    let expected = Taken {
        servers: 1,
        tenants: 1,
        rooms: 1,
        gone: 0,
    };
    assert_eq!(taken, expected);
    assert_eq!(rows(&other).await, rows(&one).await);
    assert_eq!(other.site.tenants.snapshot().secrets().len(), 1);
    assert_eq!(other.site.servers.snapshot().ids().count(), 1);
    assert!(copied.iter().all(|row| Kind::ALL.contains(&row.kind)));
    assert!(other.local.list("web/account").await.unwrap().is_empty());
}

#[tokio::test]
async fn what_the_first_has_no_more_goes_and_what_the_second_alone_has_stays() {
    let (one, other) = (first().await, first().await);
    let member = MemberId(key(0, 1).public().0);
    let node = another_node(&other, member).await;
    // A front end of the first, and one whose home the second itself is.
    for (nonce, home) in [(1, node), (2, other.node.key.public())] {
        let record = Tenant {
            nonce: [nonce; 16],
            name: format!("Number {nonce}"),
            member,
            home,
            region: None,
            ended: false,
        };
        let id = record.id(member);
        other
            .node
            .act(other.node.key.clone(), Act::Tenant(record))
            .await
            .unwrap();
        let known = other.local.list("web/tenant").await.unwrap();
        let value = known[0].1.clone();
        other.local.put("web/tenant", &id.0, &value).await.unwrap();
    }
    let before = other.local.list("web/server").await.unwrap();
    let copied = copy(&one.site).await.unwrap();
    // Their secrets are those of another row, so that they do not open here.
    let refused = copy(&other.site).await.unwrap_err();
    assert!(matches!(refused, WebError::Vault(_)), "{refused}");
    let taken = take(&other.site, &copied).await.unwrap();
    assert_eq!(taken.gone, 1);
    let of = |nonce| Tenant::id_of(member, &[nonce; 16]);
    let has = |id: TenantId| other.site.tenants.snapshot().get(id).is_some();
    assert!(!has(of(1)) && has(of(2)));
    let after = other.local.list("web/server").await.unwrap();
    assert!(before.iter().all(|row| after.contains(row)));
}

#[tokio::test]
async fn a_copy_with_one_row_that_does_not_fit_changes_nothing() {
    let (one, other) = (first().await, World::new());
    let copied = copy(&one.site).await.unwrap();
    for wrong in [Kind::Server, Kind::Tenant, Kind::Room] {
        let at = copied.iter().position(|row| row.kind == wrong).unwrap();
        let mut damaged: Vec<Vec<Row>> = vec![copied.clone(), copied.clone()];
        damaged[0][at].key[0] ^= 1;
        damaged[1][at].value.truncate(20);
        for rows in damaged {
            assert!(take(&other.site, &rows).await.is_err(), "{wrong:?}");
        }
    }
    assert!(rows(&other).await.is_empty());
}

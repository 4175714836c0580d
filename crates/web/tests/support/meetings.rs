//! Servers and front ends of a node, as calls of the JSON API and of a gateway make them.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use bigbluebutton::{Algorithm, Secret, checksum};
use domain::{
    id::{ServerId, TenantId},
    record::{Capability, Room, Server, Service},
};
use federation::{Act, meetings::Seen};
use serde_json::json;
use web::node::MeetingsInput;

use super::{Answer, Browser, World, node::key, program::Program};

pub const SECRET: &str = "secret-of-a-front-end";

/// A front end of the node's own member.
pub struct FrontEnd {
    pub id: TenantId,
    browser: Browser,
}

pub async fn front_end(world: &World, alice: &mut Program, name: &str) -> FrontEnd {
    let body = json!({ "name": name, "secret": SECRET });
    let made = alice.call(Method::POST, "/api/tenants", Some(&body)).await;
    assert_eq!(made.status(), StatusCode::CREATED, "{}", made.body);
    world.clock.advance_ms(1);
    FrontEnd {
        id: made.json()["id"].as_str().unwrap().parse().unwrap(),
        browser: world.browser(),
    }
}

impl FrontEnd {
    pub async fn call(&mut self, call: &str, query: &str, secret: &str) -> Answer {
        let signed = checksum::sign(
            Algorithm::Sha256,
            call,
            query,
            &Secret::new(secret).unwrap(),
        );
        let path = format!("/bigbluebutton/api/{call}?{signed}");
        let request = Request::get(path).body(Body::empty());
        self.browser.send(request.unwrap()).await
    }

    pub async fn create(&mut self, meeting: &str) -> Answer {
        let query = format!("name=Weekly&meetingID={meeting}");
        self.call("create", &query, SECRET).await
    }

    pub fn room(&self, meeting: &str) -> Room {
        Room::of(self.id, meeting)
    }
}

pub fn server(name: &str, region: &str, service: Service) -> Server {
    Server {
        nonce: std::array::from_fn(|at| name.as_bytes().get(at).copied().unwrap_or(0)),
        name: name.to_owned(),
        url: "https://9.9.9.9".to_owned(),
        region: region.parse().unwrap(),
        service,
        capability: Capability {
            cpu_units: 608,
            net_out_kbit_s: 1_000_000,
            users: 200,
            rooms: 40,
            room_users: 200,
        },
        features: BTreeSet::new(),
        share_percent: 100,
        energy: String::new(),
        cost: None,
    }
}

/// Founder `member` describes a server of its own.
pub async fn describe(world: &World, member: u8, server: Server) -> ServerId {
    let owner = domain::id::MemberId(key(member, 1).public().0);
    let id = server.id(owner);
    let act = Act::Server(server);
    world.node.act(key(member, 2), act).await.unwrap();
    world.clock.advance_ms(1);
    id
}

/// The node has the secrets of these servers, and they answer.
pub async fn serve(world: &World, servers: &[ServerId]) {
    let serving = servers.iter().copied().collect();
    world.node.tell(MeetingsInput::Serving(serving)).await;
    // One answer alone may be chance.
    for _ in 0..5 {
        for server in servers {
            poll(world, *server, Vec::new()).await;
        }
    }
    settle(world).await;
}

pub async fn poll(world: &World, server: ServerId, seen: Vec<Seen>) {
    let seen = Some(seen);
    world
        .node
        .tell(MeetingsInput::Polled { server, seen })
        .await;
    settle(world).await;
}

/// Waits until the node has taken everything that it was told.
pub async fn settle(world: &World) {
    while world.node.requests.capacity() < world.node.requests.max_capacity() {
        tokio::task::yield_now().await;
    }
    world.clock.advance_ms(1);
    let (done, is_done) = tokio::sync::oneshot::channel();
    world.ticks.send(done).await.unwrap();
    is_done.await.unwrap();
}

pub fn seen(front_end: &FrontEnd, meeting: &str, users: u32) -> Seen {
    Seen {
        whose: Some((front_end.id, front_end.room(meeting))),
        age_ms: 61_000,
        users,
        voices: 1,
        listeners: 0,
        cameras: 0,
    }
}

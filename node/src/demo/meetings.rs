//! The meetings of the demo: three of its co-ops keep laboratory servers, each in a region of its own,
//! and a fourth has a front end whose meetings are on them. All of it is said and created as anybody
//! would: over the JSON API and through the gateway.

use std::{net::SocketAddr, time::Duration};

use bigbluebutton::{
    Client, Endpoint, Guard, Parameters, Secret,
    client::{Transport, Trust},
    laboratory::{Handle, Laboratory, Running, Settings},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{account, port};
use crate::{
    api::Api,
    clock::random,
    crowds,
    failure::{Failure, Outcome},
    run::Node,
};

/// The first laboratory's port, if it is free.
const FIRST_PORT: u16 = 7211;
/// The servers: the place of their co-op, their name, their region, the cores they say they have.
const SERVERS: [(usize, &str, &str, u64); 3] = [
    (0, "orchard-bbb (laboratory)", "eu-west", 8),
    (1, "harbour-bbb (laboratory)", "ca-east", 16),
    (2, "lantern-bbb (laboratory)", "eu-north", 4),
];
/// The place of the co-op with the front end.
pub const CONSUMER: usize = 3;
/// The name of its front end.
const TENANT: &str = "Bakery rooms (example)";
/// The meetings: id, name, and what else is asked for, as front ends write it. First one that has to be in
/// each region: the others wait until every server has proved itself.
const MEETINGS: [(&str, &str, &str); 6] = [
    (
        "assembly",
        "Bakers' assembly",
        "&meta_server-tag=eu-west!&meta_bbb-meeting-size-hint=20&record=true",
    ),
    (
        "overseas",
        "Breakfast with Ontario",
        "&meta_server-tag=ca-east!",
    ),
    ("north", "Rye and winter", "&meta_server-tag=eu-north!"),
    ("planning", "Monday planning", ""),
    ("flour", "Where the flour comes from", ""),
    ("choir", "Choir", ""),
];
/// The meeting that the printed link leads into.
const OPEN_TO_ALL: &str = "planning";
/// How long to wait for servers that have not proved themselves yet.
const TRY_AGAIN: Duration = Duration::from_secs(2);
/// How often it is tried before a server that does not come is waited for no longer.
const TRIES_MAX: u32 = 30;
/// How often meetings that have ended begin again.
const BEGIN_AGAIN: Duration = Duration::from_secs(60);

/// The laboratory servers of the demo, and the front end's calls.
pub struct Meetings {
    /// Where a front end is told that its server is.
    pub url: String,
    /// The front end's secret.
    pub secret: String,
    /// A link into one of the meetings.
    pub link: String,
    laboratories: Vec<Running>,
    life: JoinSet<()>,
}

impl Meetings {
    /// Starts the servers; their meetings begin once the nodes have found them to be well.
    pub async fn start(nodes: &[Node]) -> Outcome<Self> {
        let consumer = &nodes[CONSUMER];
        let secret = tenant(consumer).await?;
        let client = client(&consumer.url, &secret)?;
        let link = format!("fullName=Visitor&meetingID={OPEN_TO_ALL}&role=MODERATOR");
        let link = client.join_url(&parameters(&link)?);
        let (mut laboratories, mut said) = (Vec::new(), Vec::new());
        for (number, (owner, name, region, cores)) in SERVERS.into_iter().enumerate() {
            let number = u16::try_from(number).unwrap_or(0);
            let (laboratory, secret) = laboratory(port(FIRST_PORT + number).await, number).await?;
            let server = json!({
                "name": name, "region": region, "cores": cores, "share_percent": 60,
                "features": ["recording"], "energy": "wind (invented)", "cost": "30.00",
                "currency": "EUR", "allow_private": true, "allow_http": true,
                "url": laboratory.url, "secret": secret,
            });
            said.push((steward(&nodes[owner]).await?, server));
            laboratories.push(laboratory);
        }
        let handles: Vec<Handle> = laboratories.iter().map(|one| one.handle.clone()).collect();
        let mut life = JoinSet::new();
        life.spawn(async move { note(crowds::come_and_go(handles).await) });
        life.spawn(async move { note(live(said, client).await) });
        Ok(Self {
            url: format!("{}/bigbluebutton/", consumer.url),
            secret,
            link,
            laboratories,
            life,
        })
    }

    /// Ends the servers and the calls.
    pub async fn stop(mut self) {
        self.life.shutdown().await;
        self.laboratories.clear();
    }
}

/// What could not be done is no reason to end the demo.
pub fn note(done: Outcome) {
    if let Err(failure) = done {
        tracing::warn!(
            problem = failure.message,
            "a part of the demo's meetings is missing"
        );
    }
}

/// Describes the servers, then has the meetings again and again.
async fn live(servers: Vec<(Api, Value)>, client: Client) -> Outcome {
    for (steward, server) in servers {
        describe(&steward, server).await?;
    }
    let mut patience = TRIES_MAX;
    loop {
        let mut wait = BEGIN_AGAIN;
        for (id, name, more) in MEETINGS {
            let name = form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>();
            let query = format!("meetingID={id}&name={name}{more}");
            if let Err(error) = client.create(&parameters(&query)?, None).await {
                tracing::debug!(%error, "a meeting of the demo did not begin");
                wait = TRY_AGAIN;
                patience = patience.saturating_sub(1);
                if patience > 0 {
                    break;
                }
            }
        }
        tokio::time::sleep(wait).await;
    }
}

/// Adds a server to its owner's node, or says where the laboratory is this time.
async fn describe(steward: &Api, server: Value) -> Outcome {
    let known = steward.get("/api/servers").await?;
    let known = known["servers"].as_array().cloned().unwrap_or_default();
    let is_it = |one: &&Value| one["own"] == true && one["name"] == server["name"];
    let path = match known.iter().find(is_it) {
        Some(one) => format!("/api/servers/{}", one["id"].as_str().unwrap_or_default()),
        None => "/api/servers".to_owned(),
    };
    steward.post(&path, &server).await.map(drop)
}

/// The secret of the front end: of a new one, or a new one of the one that is there.
async fn tenant(node: &Node) -> Outcome<String> {
    let steward = steward(node).await?;
    let known = steward.get("/api/tenants").await?;
    let known = known["tenants"].as_array().cloned().unwrap_or_default();
    let answer = match known.iter().find(|one| one["name"] == TENANT) {
        Some(one) => {
            let id = one["id"].as_str().unwrap_or_default();
            let path = format!("/api/tenants/{id}/rotate");
            steward.post(&path, &json!({ "now": true })).await?
        }
        None => {
            let tenant = json!({ "name": TENANT, "region": "eu-west" });
            steward.post("/api/tenants", &tenant).await?
        }
    };
    let secret = answer["secret"].as_str().map(str::to_owned);
    secret.ok_or_else(|| Failure::refused("the demo's front end has no secret"))
}

/// The API of a node, as the account that anyone can use. The node signs for its servers, so no key is
/// needed.
async fn steward(node: &Node) -> Outcome<Api> {
    account(node, TENANT, None).await
}

/// Starts a laboratory with a new secret.
async fn laboratory(address: SocketAddr, number: u16) -> Outcome<(Running, String)> {
    let text = hex::encode(random::<32>()?);
    let failed = |error| Failure::refused("the demo's servers do not start").because(error);
    let secret = Secret::new(text.as_bytes()).map_err(failed)?;
    let settings = Settings {
        address,
        seed: u64::from(number),
        ..Settings::new(secret)
    };
    Ok((Laboratory::start(settings).await.map_err(failed)?, text))
}

/// A front end of a node.
fn client(url: &str, secret: &str) -> Outcome<Client> {
    let failed = |error| Failure::refused("the demo's front end cannot call").because(error);
    let transport = Transport::new(Guard::ANY, &Trust::default()).map_err(failed)?;
    let endpoint = Endpoint::parse_insecure(url).map_err(failed)?;
    let secret = Secret::new(secret.as_bytes()).map_err(failed)?;
    Ok(Client::new(transport, endpoint, secret))
}

fn parameters(query: &str) -> Outcome<Parameters> {
    let read = Parameters::from_query(query);
    read.map_err(|error| Failure::refused("the demo's calls are damaged").because(error))
}

//! A site in memory and a browser without a screen.

#![allow(dead_code)]

pub mod acts;
pub mod decided;
pub mod hosted;
pub mod meetings;
pub mod node;
pub mod program;
pub mod rooms;
pub mod servers;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Request, Response, StatusCode, header},
};
use domain::{
    charter::Charter,
    id::{PersonId, Timestamp},
    key::SecretKey,
};
use http_body_util::BodyExt;
use tower::ServiceExt;
use web::{
    Parts, Settings, Site,
    accounts::NewAccount,
    clock::ManualClock,
    local::MemoryLocal,
    password::{Cost, Password},
    router,
    seal::Seed,
    vault::VaultKey,
};
use zeroize::Zeroizing;

pub const PASSWORD: &str = "correct horse";
pub const ALICE: PersonId = PersonId([1; 16]);

/// One node's site with what outlives it.
pub struct World {
    pub local: Arc<MemoryLocal>,
    pub clock: Arc<ManualClock>,
    pub node: web::node::Node,
    pub ticks: node::Ticks,
    pub asked: node::Asked,
    pub site: Site,
}

impl World {
    pub fn new() -> Self {
        let local = Arc::new(MemoryLocal::default());
        let clock = Arc::new(ManualClock::at(Timestamp(1_800_000_000_000)));
        Self::of(local, clock, &Charter::default())
    }

    fn of(local: Arc<MemoryLocal>, clock: Arc<ManualClock>, charter: &Charter) -> Self {
        let (node, ticks, asked) = node::start_under(&clock, ALICE, charter);
        let site = site(&local, &clock, &node);
        Self {
            local,
            clock,
            node,
            ticks,
            asked,
            site,
        }
    }

    /// A site of one more process over the same local values.
    pub fn restart(&mut self) {
        self.site = site(&self.local, &self.clock, &self.node);
    }

    /// A federation with other rules.
    pub async fn under(charter: &str) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp(1_800_000_000_000)));
        let charter = Charter::from_toml(charter).unwrap();
        let world = Self::of(Arc::default(), clock, &charter);
        world.add_alice().await;
        world
    }

    pub async fn with_alice() -> Self {
        let world = Self::new();
        world.add_alice().await;
        world
    }

    async fn add_alice(&self) {
        let world = self;
        let seed = Zeroizing::new(node::key(0, 3).seed());
        let account = NewAccount {
            person: ALICE,
            key: SecretKey::from_seed(&seed).public(),
            seed: Some(seed),
            name: "Alice".to_owned(),
            mail: String::new(),
            roles: vec!["steward".to_owned(), "delegate".to_owned()],
            password: Password::typed(PASSWORD.to_owned()).unwrap(),
            member: None,
            root: None,
        };
        world
            .site
            .accounts
            .add(Timestamp(1), account)
            .await
            .unwrap();
    }

    pub fn browser(&self) -> Browser {
        Browser {
            router: router(self.site.clone()),
            cookie: None,
            host: "localhost:8080".into(),
        }
    }

    /// A browser in which Alice is signed in.
    pub async fn alice(&self) -> Browser {
        let mut browser = self.browser();
        let answer = browser.sign_in("alice", PASSWORD).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        browser
    }
}

fn site(local: &Arc<MemoryLocal>, clock: &Arc<ManualClock>, node: &web::node::Node) -> Site {
    site_with(local, clock, node, Settings::default())
}

/// A key that was made before.
struct FixedKey;

impl VaultKey for FixedKey {
    fn read(&self) -> Result<Option<Seed>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Some(Zeroizing::new([7; 32])))
    }

    fn keep(&self, _: &Seed) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Err("there is one".into())
    }
}

/// A site that is reached in another way.
pub fn site_with(
    local: &Arc<MemoryLocal>,
    clock: &Arc<ManualClock>,
    node: &web::node::Node,
    settings: Settings,
) -> Site {
    let password_cost = Cost {
        memory_kib: 8,
        passes: 1,
    };
    Site::new(Parts {
        settings: Settings {
            password_cost,
            ..settings
        },
        node: node.clone(),
        local: local.clone(),
        vault_key: Arc::new(FixedKey),
        clock: clock.clone(),
    })
}

/// What a browser keeps: its cookie.
#[derive(Clone)]
pub struct Browser {
    pub router: Router,
    pub cookie: Option<String>,
    pub host: String,
}

/// An answer with its body read.
pub struct Answer {
    pub parts: axum::http::response::Parts,
    pub body: String,
}

impl Answer {
    pub fn status(&self) -> StatusCode {
        self.parts.status
    }

    pub fn header(&self, name: &str) -> &str {
        self.parts
            .headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    /// The value of the first field of a name in a page.
    pub fn field(&self, name: &str) -> &str {
        let start = format!("name=\"{name}\" value=\"");
        let at = self
            .body
            .find(&start)
            .unwrap_or_else(|| panic!("no {name} in {}", self.body));
        self.body[at + start.len()..].split('"').next().unwrap()
    }
}

impl Browser {
    pub async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let headers = request.headers_mut();
        if !headers.contains_key(header::HOST) {
            headers.insert(header::HOST, self.host.parse().unwrap());
        }
        if let Some(cookie) = &self.cookie {
            headers.insert(header::COOKIE, cookie.parse().unwrap());
        }
        let response: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            self.cookie = (!pair.ends_with('=')).then_some(pair);
        }
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            parts,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let request = Request::get(path)
            .header("accept", "text/html")
            .body(Body::empty());
        self.send(request.unwrap()).await
    }

    /// Sends a form as a browser does from the site's own page.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(form(path, fields)).await
    }

    /// Opens a page and sends one of its forms.
    pub async fn submit(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.get(page).await.field("csrf").to_owned();
        self.post(path, &[fields, &[("csrf", &token)]].concat())
            .await
    }

    pub async fn sign_in(&mut self, name: &str, password: &str) -> Answer {
        self.post("/sign-in", &[("name", name), ("password", password)])
            .await
    }
}

pub fn form(path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    Request::post(path)
        .header("accept", "text/html")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body))
        .unwrap()
}

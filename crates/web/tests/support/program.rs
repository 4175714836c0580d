//! A program that uses the JSON API.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use serde_json::{Value, json};

use super::{ALICE, Answer, Browser, World, node::key};

/// A program with a person's token.
pub struct Program {
    pub browser: Browser,
    pub token: String,
}

impl Program {
    pub async fn of_alice(world: &World) -> Self {
        let seed = zeroize::Zeroizing::new(key(0, 3).seed());
        let tokens = &world.site.tokens;
        let now = domain::id::Timestamp(1_800_000_000_000);
        let made = tokens.make(now, ALICE, "test", Some(&seed)).await.unwrap();
        Self {
            browser: world.browser(),
            token: made.1.to_string(),
        }
    }

    /// A program with a token that the person signed in here makes for it.
    pub async fn of(browser: &mut Browser) -> Self {
        let request = Request::post("/api/tokens")
            .header("content-type", "application/json")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(r#"{"label":"test"}"#));
        let made = browser.send(request.unwrap()).await;
        assert_eq!(made.status(), StatusCode::CREATED, "{}", made.body);
        let browser = Browser {
            cookie: None,
            ..browser.clone()
        };
        let token = made.json()["token"].as_str().unwrap().to_owned();
        Self { browser, token }
    }

    pub async fn call(&mut self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token));
        let request = match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        self.browser.send(request.unwrap()).await
    }

    pub async fn get(&mut self, path: &str) -> Value {
        let answer = self.call(Method::GET, path, None).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}: {}", answer.body);
        answer.json()
    }

    pub async fn act(&mut self, body: Value) -> Answer {
        self.call(Method::POST, "/api/acts", Some(&body)).await
    }

    pub async fn done(&mut self, body: Value) -> String {
        let answer = self.act(body).await;
        assert_eq!(answer.status(), StatusCode::CREATED, "{}", answer.body);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    pub async fn refused(&mut self, body: Value) -> (u16, String) {
        let answer = self.act(body).await;
        let code = answer.json()["error"]["code"].as_str().unwrap().to_owned();
        (answer.status().as_u16(), code)
    }

    pub async fn proposal(&mut self) -> String {
        let act = json!({ "act": "propose", "title": "Buy a bell", "text": "A loud one." });
        self.done(act).await
    }

    pub async fn open_proposal(&mut self) -> (String, String) {
        let id = self.proposal().await;
        self.done(json!({ "act": "open", "proposal": id })).await;
        let shown = self.get(&format!("/api/decisions/{id}")).await;
        (id, shown["version_hash"].as_str().unwrap().to_owned())
    }
}

/// A worker of the node's member, signed in.
pub async fn worker(world: &World) -> Browser {
    let mut alice = Program::of_alice(world).await;
    let invite = json!({ "name": "Wim", "roles": ["worker"] });
    let made = alice
        .call(Method::POST, "/api/invitations", Some(&invite))
        .await;
    assert_eq!(made.status(), StatusCode::CREATED, "{}", made.body);
    let path = made.json()["path"].as_str().unwrap().to_owned();
    let mut wim = world.browser();
    let entered = wim
        .post(&path, &[("name", "Wim"), ("password", "another horse")])
        .await;
    assert_eq!(entered.status(), StatusCode::SEE_OTHER, "{}", entered.body);
    wim
}

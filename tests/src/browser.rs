//! A real browser without a window, driven over WebDriver.

mod element;

use std::{
    env,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

pub use self::element::{Element, key};
use crate::{http::Client, ports, process::Process, wait};

/// How long the browser may take to be there.
const START_SECONDS: u64 = 30;
/// How long something may take to appear on a page.
const APPEAR_SECONDS: u64 = 10;

/// How a browser is set up.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// The width of the window in CSS pixels.
    pub width: u32,
    /// Its height.
    pub height: u32,
    /// Whether pages may run scripts.
    pub scripts: bool,
    /// Whether the person prefers dark colours.
    pub dark: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            width: 1280,
            height: 900,
            scripts: true,
            dark: false,
        }
    }
}

/// A browser with one window.
pub struct Browser {
    client: Client,
    session: String,
    // Dropped in this order: the processes before the folder they write to.
    _driver: Process,
    _profile: TempDir,
}

fn program(variable: &str, names: &[&str]) -> PathBuf {
    if let Some(path) = env::var_os(variable) {
        return path.into();
    }
    let folders: Vec<PathBuf> = env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default();
    let found = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{} is missing: tests/run installs it", names[0]))
}

impl Browser {
    /// A browser as most people have it.
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// A browser that is set up so.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn with(setup: Setup) -> Self {
        let profile = tempfile::tempdir().expect("there is room for a folder");
        let port = ports::free();
        let mut command = Command::new(program(
            "FOLKMOOT_BROWSER_DRIVER",
            &["chromedriver", "chromium.chromedriver"],
        ));
        command
            .arg(format!("--port={port}"))
            .env("HOME", profile.path())
            .env("TMPDIR", profile.path());
        let driver = Process::start("chromedriver", command);
        let mut client = Client::of(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        wait::until("the browser's driver is ready", START_SECONDS, async || {
            let answer = client.send("GET", "/status", &[], "").await.ok()?;
            (answer.json()["value"]["ready"] == true).then_some(())
        })
        .await;
        let binary = program(
            "FOLKMOOT_BROWSER",
            &[
                "chromium",
                "chromium-browser",
                "google-chrome",
                "google-chrome-stable",
            ],
        );
        let options = json!({
            "binary": binary,
            "args": arguments(setup, &profile.path().join("profile")),
        });
        let capabilities =
            json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": options } } });
        let session = post(&mut client, "/session", &capabilities).await;
        let session = session["sessionId"]
            .as_str()
            .expect("a session has an id")
            .to_owned();
        let mut browser = Self {
            client,
            session,
            _driver: driver,
            _profile: profile,
        };
        browser.resize(setup.width, setup.height).await;
        if setup.dark {
            let scheme = json!([{ "name": "prefers-color-scheme", "value": "dark" }]);
            browser
                .tell("Emulation.setEmulatedMedia", json!({ "features": scheme }))
                .await;
        }
        browser
    }

    /// Sets the size of the page, smaller than any window could be.
    pub async fn resize(&mut self, width: u32, height: u32) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.tell("Emulation.setDeviceMetricsOverride", size).await;
    }

    async fn tell(&mut self, command: &str, parameters: Value) {
        let body = json!({ "cmd": command, "params": parameters });
        self.ask("POST", "/goog/cdp/execute", &body).await;
    }

    async fn try_ask(&mut self, method: &str, path: &str, body: &Value) -> Result<Value, Value> {
        let path = format!("/session/{}{path}", self.session);
        let body = if method == "GET" {
            String::new()
        } else {
            body.to_string()
        };
        let headers = [("content-type", "application/json")];
        let answer = self.client.send(method, &path, &headers, &body).await;
        let answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let value = answer.json()["value"].take();
        if answer.status == 200 {
            Ok(value)
        } else {
            Err(value)
        }
    }

    async fn ask(&mut self, method: &str, path: &str, body: &Value) -> Value {
        match self.try_ask(method, path, body).await {
            Ok(value) => value,
            Err(error) => panic!("{method} {path} {body}: {error:#}"),
        }
    }

    /// Opens an address.
    pub async fn open(&mut self, address: &str) {
        self.ask("POST", "/url", &json!({ "url": address })).await;
    }

    /// Loads the page anew.
    pub async fn reload(&mut self) {
        self.ask("POST", "/refresh", &json!({})).await;
    }

    /// The same where there may be nobody to answer.
    ///
    /// # Errors
    /// When the page does not come.
    pub async fn try_reload(&mut self) -> Result<(), Value> {
        let done = self.try_ask("POST", "/refresh", &json!({})).await;
        done.map(drop)
    }

    /// The window that is looked at.
    pub async fn window(&mut self) -> String {
        let value = self.ask("GET", "/window", &Value::Null).await;
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Opens another tab and looks at it.
    pub async fn new_window(&mut self) -> String {
        let body = json!({ "type": "tab" });
        let value = self.ask("POST", "/window/new", &body).await;
        let window = value["handle"].as_str().unwrap_or_default().to_owned();
        self.switch_to(&window).await;
        window
    }

    /// Looks at another window.
    pub async fn switch_to(&mut self, window: &str) {
        self.ask("POST", "/window", &json!({ "handle": window }))
            .await;
    }

    /// Closes the window that is looked at.
    pub async fn close_window(&mut self) {
        self.ask("DELETE", "/window", &json!({})).await;
    }

    /// The address of the page.
    pub async fn address(&mut self) -> String {
        let value = self.ask("GET", "/url", &Value::Null).await;
        value.as_str().unwrap_or_default().to_owned()
    }

    /// The title of the page.
    pub async fn title(&mut self) -> String {
        let value = self.ask("GET", "/title", &Value::Null).await;
        value.as_str().unwrap_or_default().to_owned()
    }

    /// The page as it stands now.
    pub async fn source(&mut self) -> String {
        let value = self.ask("GET", "/source", &Value::Null).await;
        value.as_str().unwrap_or_default().to_owned()
    }

    /// What a script answers, run by the driver and not by the page.
    pub async fn run(&mut self, script: &str) -> Value {
        self.ask(
            "POST",
            "/execute/sync",
            &json!({ "script": script, "args": [] }),
        )
        .await
    }

    /// A picture of the whole page, as PNG.
    ///
    /// # Panics
    /// When the browser gives none.
    pub async fn picture(&mut self) -> Vec<u8> {
        let body = json!({
            "cmd": "Page.captureScreenshot",
            "params": { "format": "png", "captureBeyondViewport": true },
        });
        let value = self.ask("POST", "/goog/cdp/execute", &body).await;
        let text = value["data"].as_str().expect("a picture is text");
        STANDARD.decode(text).expect("a picture is base64")
    }

    /// The element of a CSS selector, waiting until it is there.
    pub async fn element(&mut self, selector: &str) -> Element<'_> {
        let what = format!("{selector} is on the page");
        let id = wait::until(&what, APPEAR_SECONDS, async || self.find(selector).await).await;
        Element { browser: self, id }
    }

    /// Whether there is such an element now.
    pub async fn has(&mut self, selector: &str) -> bool {
        self.find(selector).await.is_some()
    }

    async fn find(&mut self, selector: &str) -> Option<String> {
        let body = json!({ "using": "css selector", "value": selector });
        let found = self.try_ask("POST", "/element", &body).await.ok()?;
        let id = found.as_object()?.values().next()?;
        Some(id.as_str()?.to_owned())
    }

    /// The text of an element as it is shown, waiting until it is there.
    pub async fn text(&mut self, selector: &str) -> String {
        self.element(selector).await.text().await
    }

    /// Clicks on an element, waiting until it is there.
    pub async fn click(&mut self, selector: &str) {
        self.element(selector).await.click().await;
    }

    /// Puts text into a field in the place of what is there.
    pub async fn fill(&mut self, selector: &str, text: &str) {
        let mut field = self.element(selector).await;
        field.clear().await;
        field.write(text).await;
    }

    /// Presses keys, one after the other, wherever the focus is.
    pub async fn press(&mut self, keys: &[&str]) {
        let actions: Vec<Value> = keys
            .iter()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        let body = json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] });
        self.ask("POST", "/actions", &body).await;
    }

    /// Presses a key while another one is held.
    pub async fn press_with(&mut self, held: &str, key: &str) {
        let actions = [
            ("keyDown", held),
            ("keyDown", key),
            ("keyUp", key),
            ("keyUp", held),
        ]
        .map(|(kind, value)| json!({ "type": kind, "value": value }));
        let body = json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] });
        self.ask("POST", "/actions", &body).await;
    }

    /// Waits until the page shows these words.
    pub async fn wait_for_text(&mut self, words: &str, seconds: u64) {
        wait::until(&format!("the page shows {words:?}"), seconds, async || {
            let text = self.shown().await;
            text.contains(words).then_some(())
        })
        .await;
    }

    /// All text of the page as it is shown.
    pub async fn shown(&mut self) -> String {
        let Some(id) = self.find("body").await else {
            return String::new();
        };
        // Between two pages the body goes away under our hands.
        let text = self
            .try_ask("GET", &format!("/element/{id}/text"), &Value::Null)
            .await;
        text.ok()
            .and_then(|text| text.as_str().map(str::to_owned))
            .unwrap_or_default()
    }
}

fn arguments(setup: Setup, profile: &std::path::Path) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    if !setup.scripts {
        arguments.push("--blink-settings=scriptEnabled=false".to_owned());
    }
    arguments
}

async fn post(client: &mut Client, path: &str, body: &Value) -> Value {
    let headers = [("content-type", "application/json")];
    let answer = client.send("POST", path, &headers, &body.to_string()).await;
    let answer = answer.unwrap_or_else(|error| panic!("POST {path}: {error}"));
    answer.expect(200).json()["value"].take()
}

//! One member co-op with its node: a data directory, ports, and commands typed at its terminal.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::ExitStatus,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    forwarder::{Forwarder, Place},
    http::{Answer, Client},
    ports,
    process::Process,
    program::{self, Said},
    wait,
};

/// How long a node may take until it answers, on a slow and busy machine.
pub const START_SECONDS: u64 = 20;
/// How long a node may take to stop in order.
pub const STOP_SECONDS: u64 = 15;
/// The password of every steward here.
pub const PASSWORD: &str = "seven herons over the mill pond";

/// A reason long enough for a block.
pub const REASON: &str = "It costs more than we have this year.";

/// A co-op's node and its people.
pub struct Coop {
    /// Its name.
    pub name: String,
    /// Where its dashboard is.
    pub web: SocketAddr,
    /// Where its node listens for other nodes.
    pub port: u16,
    /// Where other nodes believe it listens.
    pub announced: u16,
    place: Place,
    forwarder: Forwarder,
    process: Option<Process>,
    token: Option<String>,
    link: Option<String>,
    // Last: what is above must have ended when the folder goes.
    directory: TempDir,
}

impl Coop {
    /// A co-op with an empty data directory.
    ///
    /// # Panics
    /// When there is no room for one.
    pub async fn new(name: &str, place: Place, forwarder: &Forwarder) -> Self {
        let port = ports::free();
        Self {
            name: name.to_owned(),
            web: SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free())),
            port,
            announced: forwarder.way_to(place, port).await,
            place,
            forwarder: forwarder.clone(),
            process: None,
            token: None,
            link: None,
            directory: tempfile::tempdir().expect("there is room for a folder"),
        }
    }

    /// Its data directory.
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A path beside its data directory.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Where other nodes reach it.
    pub fn address(&self) -> String {
        format!("/ip4/127.0.0.1/tcp/{}", self.announced)
    }

    /// An address of its dashboard.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.web)
    }

    /// Types a command at its terminal and waits for its end.
    pub async fn say(&self, words: &[&str]) -> Said {
        let mut command = program::command();
        command
            .args(words)
            .arg("--data")
            .arg(self.data())
            .current_dir(self.directory.path());
        command.env("FOLKMOOT_TOKEN", self.beside("token"));
        program::say(command).await
    }

    /// Types a command with `--json`, which has to be carried out.
    pub async fn ask(&self, words: &[&str]) -> Value {
        let words = [words, &["--json"]].concat();
        self.say(&words).await.done().json()
    }

    /// The configuration that its steward writes.
    pub fn configuration(&self, bootstrap: &[String]) -> String {
        format!(
            "[web]\nlisten = \"{}\"\n\n[network]\nlisten = [\"/ip4/127.0.0.1/tcp/{}\"]\n\
             announce = [\"{}\"]\nbootstrap = {bootstrap:?}\n\n[log]\nlevel = \"info\"\n",
            self.web,
            self.port,
            self.address(),
        )
    }

    /// Writes the configuration file.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn configure(&self, text: &str) {
        fs::write(self.data().join("folkmoot.toml"), text).expect("the folder can be written to");
    }

    /// Starts its node without waiting for it.
    pub fn launch(&mut self, words: &[&str]) {
        let mut command = program::command();
        command
            .arg("run")
            .args(words)
            .arg("--data")
            .arg(self.data());
        let process = Process::start(&self.name, command);
        if let Some(id) = process.id() {
            self.forwarder.moved_in(self.place, id);
        }
        self.process = Some(process);
    }

    /// Starts its node and waits until its dashboard answers, healthy or not.
    pub async fn start(&mut self, words: &[&str]) {
        self.launch(words);
        self.answers().await;
    }

    /// Waits until its dashboard answers, healthy or not.
    pub async fn answers(&mut self) {
        let what = format!("{} answers", self.name);
        wait::until(&what, START_SECONDS, async || {
            assert!(!self.running().has_ended(), "{} ended", self.name);
            self.health().await.map(drop)
        })
        .await;
    }

    /// Waits until its node says that it is ready for everything.
    pub async fn ready(&mut self) {
        let what = format!("{} is ready", self.name);
        wait::until(&what, START_SECONDS, async || {
            let (status, _) = self.health().await?;
            (status == 200).then_some(())
        })
        .await;
    }

    /// What `/health` says, with its status; none if nobody answers.
    pub async fn health(&self) -> Option<(u16, Value)> {
        let answer = Client::of(self.web)
            .send("GET", "/health", &[], "")
            .await
            .ok()?;
        Some((answer.status, answer.json()))
    }

    /// The process of its node.
    ///
    /// # Panics
    /// When it was not started.
    pub fn running(&mut self) -> &mut Process {
        let name = &self.name;
        self.process
            .as_mut()
            .unwrap_or_else(|| panic!("{name} was not started"))
    }

    /// Kills its node as a loss of power does.
    pub async fn kill(&mut self) {
        self.running().kill().await;
        self.process = None;
    }

    /// Stops its node as a service manager does.
    pub async fn stop(&mut self) -> ExitStatus {
        let status = self.running().terminate(STOP_SECONDS).await;
        self.process = None;
        status
    }

    /// The one-time link of its first steward, as its node prints it.
    pub async fn steward_link(&mut self) -> String {
        let link = self.running();
        link.line("the steward's link", START_SECONDS, link_in)
            .await
    }

    /// The first steward opens the link in a browser without scripts, chooses a password and makes
    /// a token for the command line. The client stays signed in.
    pub async fn sign_in(&mut self) -> Client {
        let link = match self.link.clone() {
            Some(link) => link,
            None => self.steward_link().await,
        };
        let mut client = accept(self.web, &link, &self.steward()).await;
        let token = make_token(&mut client).await;
        self.use_token(&token);
        client
    }

    /// The steward signs in with name and password.
    pub async fn sign_in_again(&self) -> Client {
        let mut client = Client::of(self.web);
        let name = self.steward();
        let fields = [
            ("name", name.as_str()),
            ("password", PASSWORD),
            ("next", "/"),
        ];
        client
            .submit("/sign-in", "/sign-in", &fields)
            .await
            .expect(303);
        client
    }

    /// The name with which its first steward signs in.
    pub fn steward(&self) -> String {
        format!("Steward of {}", self.name)
    }

    /// A client with the steward's token.
    ///
    /// # Panics
    /// When the steward has not signed in yet.
    pub fn client(&self) -> Client {
        let token = self.token.as_ref().expect("the steward has signed in");
        Client::of(self.web).with_token(token)
    }

    /// The steward's token.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Lets the person with this token sit at the terminal.
    ///
    /// # Panics
    /// When the token cannot be written down.
    pub fn use_token(&mut self, token: &str) {
        self.token = Some(token.to_owned());
        let path = self.beside("token");
        fs::write(&path, format!("{token}\n")).expect("the folder can be written to");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is our file");
    }

    /// Asks the JSON API.
    pub async fn api(&self, path: &str) -> Value {
        self.client().get(path).await.expect(200).json()
    }

    /// Has its steward do something over the JSON API; answers with whatever comes back.
    ///
    /// # Errors
    /// When the node goes away meanwhile.
    pub async fn act(&self, act: &Value) -> io::Result<Answer> {
        let headers = [("content-type", "application/json")];
        self.client()
            .send("POST", "/api/acts", &headers, &act.to_string())
            .await
    }

    /// The same, which has to be done; answers with the entry's id.
    ///
    /// # Panics
    /// When it is not done.
    pub async fn done(&self, act: &Value) -> String {
        let answer = self
            .act(act)
            .await
            .unwrap_or_else(|error| panic!("{act}: {error}"));
        let id = answer.expect(201).json()["id"].take();
        id.as_str()
            .expect("an act is answered with its id")
            .to_owned()
    }

    /// Proposes something, and opens the vote on it.
    pub async fn put_to_the_vote(&self, title: &str) -> String {
        let text = format!("{title}, because we talked about it long enough.");
        let propose = json!({ "act": "propose", "title": title, "text": text, "rule": "consent" });
        let id = self.done(&propose).await;
        self.done(&json!({ "act": "open", "proposal": id })).await;
        id
    }

    /// The ballot of its steward, as the JSON API takes it.
    pub async fn ballot(&self, id: &str, choice: &str) -> Value {
        let version = self.decision(id).await["version_hash"].take();
        let reason = if choice == "block" { REASON } else { "" };
        json!({ "act": "vote", "proposal": id, "version": version, "choice": choice,
                "reason": reason, "aim": (choice == "block").then_some(1) })
    }

    /// Votes; answers with the ballot's id.
    pub async fn vote(&self, id: &str, choice: &str) -> String {
        self.done(&self.ballot(id, choice).await).await
    }

    /// Votes with words of one's own; a block names the first aim.
    pub async fn ballot_and_reason(&self, id: &str, choice: &str, reason: &str) -> String {
        let mut ballot = self.ballot(id, choice).await;
        ballot["reason"] = json!(reason);
        self.done(&ballot).await
    }

    /// Everything about a decision.
    pub async fn decision(&self, id: &str) -> Value {
        self.api(&format!("/api/decisions/{id}")).await
    }

    /// Waits until its node knows a decision and that it is voted on: both come one after the other.
    pub async fn knows(&self, id: &str) {
        wait::until(&format!("{} knows {id}", self.name), 30, async || {
            let answer = self.client().get(&format!("/api/decisions/{id}")).await;
            (answer.status == 200 && answer.json()["phase"].is_object()).then_some(())
        })
        .await;
    }

    /// Waits until its node knows a proposal that is not voted on yet.
    pub async fn knows_proposal(&self, id: &str) {
        wait::until(&format!("{} knows {id}", self.name), 30, async || {
            let answer = self.client().get(&format!("/api/decisions/{id}")).await;
            (answer.status == 200).then_some(())
        })
        .await;
    }

    /// Who voted how, as its node shows it: names and choices.
    pub async fn tally(&self, id: &str) -> Vec<(String, String)> {
        let decision = self.decision(id).await;
        let electorate = decision["phase"]["electorate"].as_array();
        let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let mut tally: Vec<(String, String)> = electorate
            .into_iter()
            .flatten()
            .map(|voter| (word(&voter["name"]), word(&voter["choice"])))
            .collect();
        tally.sort();
        tally
    }

    /// Waits until its node shows what a co-op voted.
    pub async fn shows_vote(&self, id: &str, name: &str, choice: &str) {
        self.knows(id).await;
        let vote = (name.to_owned(), choice.to_owned());
        wait::until(
            &format!("{} shows the vote of {name}", self.name),
            10,
            async || self.tally(id).await.contains(&vote).then_some(()),
        )
        .await;
    }

    /// The ids of all ballots that its node has of a decision.
    pub async fn ballots(&self, id: &str) -> Vec<String> {
        let decision = self.decision(id).await;
        let ballots = decision["phase"]["ballots"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        ballots
            .iter()
            .filter_map(|ballot| Some(ballot["id"].as_str()?.to_owned()))
            .collect()
    }
}

/// A link for signing in, in a line of output.
pub fn link_in(line: &str) -> Option<String> {
    line.split_whitespace()
        .find(|word| word.starts_with("http://") && word.contains("/welcome/"))
        .map(str::to_owned)
}

/// A person opens a one-time link and chooses a password.
///
/// # Panics
/// When the node refuses.
pub async fn accept(web: SocketAddr, link: &str, name: &str) -> Client {
    let (_, path) = link
        .split_once(&web.to_string())
        .unwrap_or_else(|| panic!("{link} does not lead to {web}"));
    let mut client = Client::of(web);
    client.get(path).await.expect(200);
    let fields = [("name", name), ("password", PASSWORD)];
    client.submit(path, path, &fields).await.expect(303);
    client
}

/// Makes a token for the command line on the account page.
///
/// # Panics
/// When there is none on the page that follows.
pub async fn make_token(client: &mut Client) -> String {
    let fields = [("label", "terminal")];
    let page = client
        .submit("/account", "/account/tokens", &fields)
        .await
        .expect(200);
    let token = page
        .body
        .split(['<', '>'])
        .find(|part| part.starts_with("fmt_"));
    token.expect("the page shows the token once").to_owned()
}

/// Everything in a folder that holds something, to compare it later. SQLite's index into its log is
/// left out: reading makes it, and a process that ends quickly may leave it, with an empty log.
///
/// # Panics
/// When it cannot be read.
pub fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<(PathBuf, Vec<u8>)> = fs::read_dir(folder)
        .expect("the folder can be read")
        .flatten()
        .filter(|file| file.path().is_file() && !file.path().ends_with("folkmoot.db-shm"))
        .map(|file| (file.path(), fs::read(file.path()).unwrap_or_default()))
        .filter(|(_, bytes)| !bytes.is_empty())
        .collect();
    all.sort();
    all
}

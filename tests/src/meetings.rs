//! Meetings as the outside sees them: laboratory servers that play BigBlueButton, and front ends that
//! call a node as they would call such a server.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    coop::Coop,
    http::{self, Answer, Client},
    ports,
    process::Process,
    program,
};

/// How long a laboratory may take until it answers, on a slow and busy machine.
const START_SECONDS: u64 = 20;
/// How long a server may take until it has proved itself to its owner's node.
const PROVED: Duration = Duration::from_secs(40);
/// How long a front end waits until it tries again: owners answer only so many asks of one member.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// A laboratory server in a process of its own.
pub struct Laboratory {
    /// Where it listens.
    pub address: SocketAddr,
    secret_file: PathBuf,
    process: Process,
}

impl Laboratory {
    /// Starts one whose secret is kept beside a co-op's data directory.
    pub async fn start(coop: &Coop, words: &[&str]) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free()));
        let secret_file = coop.beside("server-secret");
        let mut command = program::command();
        command.args(["lab", "--listen", &address.to_string(), "--secret-file"]);
        command.arg(&secret_file).args(words);
        let name = format!("the laboratory of {}", coop.name);
        let mut process = Process::start(&name, command);
        let said = |line: &str| line.contains("server add").then_some(());
        process.line("what to type next", START_SECONDS, said).await;
        Self {
            address,
            secret_file,
            process,
        }
    }

    /// Its address, as links to it begin.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its owner adds it to its node, as the laboratory says.
    pub async fn added_to(&self, coop: &Coop, region: &str) {
        let file = self.secret_file.to_string_lossy();
        let words = [
            "server",
            "add",
            &self.url(),
            "--region",
            region,
            "--secret-file",
            &file,
            "--feature",
            "recording",
            "--share",
            "100",
            "--allow-private",
            "--allow-http",
        ];
        coop.say(&words).await.done();
    }

    /// What it knows.
    pub async fn status(&self) -> Value {
        let mut client = Client::of(self.address);
        client.get("/laboratory").await.expect(200).json()
    }

    /// How many meetings it has.
    pub async fn meetings(&self) -> u64 {
        self.status().await["meetings"].as_u64().unwrap_or_default()
    }

    /// Tells it to do something.
    ///
    /// # Panics
    /// When it does not.
    pub async fn told(&self, order: &Value) {
        let headers = [("content-type", "application/json")];
        let (mut client, order) = (Client::of(self.address), order.to_string());
        let told = client.send("POST", "/laboratory", &headers, &order);
        told.await.expect("the laboratory answers").expect(200);
    }

    /// It forgets every meeting, as a restart does.
    pub async fn forgets(&self) {
        self.told(&json!({ "forget_meetings": true })).await;
    }

    /// It does this wrong from now on.
    pub async fn misbehaves(&self, how: Value) {
        self.told(&json!({ "misbehaviour": how })).await;
    }

    /// It does nothing wrong from now on.
    pub async fn behaves(&self) {
        self.misbehaves(json!({})).await;
    }

    /// Ends it as Ctrl-C does.
    pub async fn stop(&mut self) {
        let status = self.process.interrupt(START_SECONDS).await;
        assert!(status.success(), "the laboratory ended with {status}");
    }
}

/// A front end, such as a Greenlight: where it was told that its server is, and its secret.
#[derive(Clone)]
pub struct FrontEnd {
    /// The node that plays its server.
    pub server: SocketAddr,
    /// What its calls are signed with.
    pub secret: String,
}

/// What an XML answer says.
#[derive(Debug, Clone)]
pub struct Said(pub String);

impl FrontEnd {
    /// A co-op adds a front end to its node.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn of(coop: &Coop, name: &str, words: &[&str]) -> Self {
        let added = coop.ask(&[&["tenant", "add", name], words].concat()).await;
        let secret = added["secret"].as_str();
        Self {
            server: coop.web,
            secret: secret.expect("a new secret is printed once").to_owned(),
        }
    }

    /// The path of a signed call.
    pub fn path(&self, call: &str, parameters: &[(&str, &str)]) -> String {
        self.path_of(call, &http::form(parameters))
    }

    /// The path of a call that is signed over this query as it stands.
    pub fn path_of(&self, call: &str, query: &str) -> String {
        let sum = checksum(call, query, &self.secret);
        let and = if query.is_empty() { "" } else { "&" };
        format!("/bigbluebutton/api/{call}?{query}{and}checksum={sum}")
    }

    /// Calls.
    pub async fn call(&self, call: &str, parameters: &[(&str, &str)]) -> Said {
        let answer = self.get(&self.path(call, parameters)).await;
        Said(answer.expect(200).body)
    }

    /// Opens an address of its server.
    pub async fn get(&self, path: &str) -> Answer {
        Client::of(self.server).get(path).await
    }

    /// Creates a meeting with these passwords, or finds it again.
    pub async fn create(&self, id: &str, more: &[(&str, &str)]) -> Said {
        let first = [
            ("name", id),
            ("meetingID", id),
            ("attendeePW", "guest word"),
            ("moderatorPW", "host word"),
        ];
        self.call("create", &[&first, more].concat()).await
    }

    /// The same, as soon as there is a server for it.
    pub async fn creates(&self, id: &str, more: &[(&str, &str)]) -> Said {
        let started = Instant::now();
        loop {
            let said = self.create(id, more).await;
            if said.is_success() {
                return said;
            }
            let is_over = started.elapsed() > PROVED;
            assert!(!is_over, "no server for {id} within {PROVED:?}: {said:#?}");
            tokio::time::sleep(TRY_AGAIN).await;
        }
    }

    /// A person opens the link into a meeting; answers with where the browser is sent, or what it is
    /// told instead.
    pub async fn join(&self, id: &str, person: &str) -> Result<String, Said> {
        let parameters = [
            ("fullName", person),
            ("meetingID", id),
            ("password", "host word"),
        ];
        let answer = self.get(&self.path("join", &parameters)).await;
        match answer.header("location") {
            Some(link) => Ok(link.to_owned()),
            None => Err(Said(answer.body)),
        }
    }

    /// The same, and the browser follows until it sees the meeting; answers with the address of the
    /// server it ended at.
    ///
    /// # Panics
    /// When it does not see the meeting.
    pub async fn joins(&self, id: &str, person: &str) -> String {
        let mut link = self.join(id, person).await.expect("a link into it");
        for _ in 0..3 {
            let (host, path) = split(&link);
            let server = host.parse().expect("laboratories have numbers for names");
            let answer = Client::of(server).get(&path).await;
            match answer.header("location") {
                Some(next) => next.clone_into(&mut link),
                None => {
                    assert_eq!(answer.status, 200, "{answer:#?}");
                    let seen = answer.body.contains("You are in the laboratory meeting");
                    assert!(seen && answer.body.contains(person), "{answer:#?}");
                    return format!("http://{host}");
                }
            }
        }
        panic!("{link} leads nowhere");
    }

    /// The ids of its meetings, in order.
    pub async fn meetings(&self) -> Vec<String> {
        let mut ids = self
            .call("getMeetings", &[])
            .await
            .succeeds()
            .all("meetingID");
        ids.sort();
        ids
    }

    /// The ids of its recordings, in order.
    pub async fn recordings(&self) -> Vec<String> {
        let mut ids = self
            .call("getRecordings", &[])
            .await
            .succeeds()
            .all("recordID");
        ids.sort();
        ids
    }

    /// Ends a meeting.
    pub async fn end(&self, id: &str) -> Said {
        let parameters = [("meetingID", id), ("password", "host word")];
        self.call("end", &parameters).await
    }
}

impl Said {
    /// The text of the first element of this name.
    pub fn text(&self, name: &str) -> Option<String> {
        self.all(name).into_iter().next()
    }

    /// The texts of all elements of this name that hold text alone.
    pub fn all(&self, name: &str) -> Vec<String> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let rest = self.0.split(&open).skip(1);
        let text = rest.filter_map(|rest| Some(rest.split_once(&close)?.0.to_owned()));
        text.collect()
    }

    /// Whether the call was carried out.
    pub fn is_success(&self) -> bool {
        self.text("returncode").as_deref() == Some("SUCCESS")
    }

    /// The same, if the call was carried out.
    ///
    /// # Panics
    /// When it was not.
    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert!(self.is_success(), "{self:#?}");
        self
    }

    /// The same, if it was refused with this key.
    ///
    /// # Panics
    /// When it was not.
    #[track_caller]
    pub fn fails(self, key: &str) -> Self {
        assert_eq!(
            self.text("returncode").as_deref(),
            Some("FAILED"),
            "{self:#?}"
        );
        assert_eq!(self.text("messageKey").as_deref(), Some(key), "{self:#?}");
        self
    }
}

/// The checksum of a call.
pub fn checksum(call: &str, query: &str, secret: &str) -> String {
    let digest = Sha256::digest(format!("{call}{query}{secret}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The host of a link, with its port, and what follows.
pub fn split(link: &str) -> (String, String) {
    let rest = link.split_once("://").map_or(link, |(_, rest)| rest);
    let end = rest.find('/').unwrap_or(rest.len());
    (rest[..end].to_owned(), rest[end..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_signed_over_its_name_its_query_and_the_secret() {
        let query = "name=Test+Meeting&meetingID=abc123&attendeePW=111222&moderatorPW=333444";
        let secret = "639259d4-9dd8-4b25-bf01-95f9567eaf4b";
        let sum = "da9185f7f333cfdfcd6eeac32dca3777510c4c436020d8b887ba5515bd1d189e";
        assert_eq!(checksum("create", query, secret), sum);
    }

    #[test]
    fn an_answer_is_taken_apart() {
        let said =
            Said("<response><returncode>SUCCESS</returncode><a>1</a><a>2</a></response>".into());
        assert_eq!(said.all("a"), ["1", "2"]);
        assert!(said.is_success());
    }
}

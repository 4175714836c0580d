//! What is measured.

use std::{any::Any, path::Path};

use end_to_end::{
    coop::Coop,
    federation::{Federation, charter},
    meetings::FrontEnd,
    ports,
    process::Process,
    wait,
};
use tokio::process::Command;

use super::{ALL_ELSE, MEASURED, servers::Servers, stay_on};

const SECRET: &str = "a-front-end-of-the-comparison";
const START_SECONDS: u64 = 60;
/// How often bbblb looks at its servers, in seconds: as often as a node does while there are meetings.
const POLL_SECONDS: &str = "5";

/// A way to the servers.
pub struct Balancer {
    pub name: &'static str,
    pub front: FrontEnd,
    _runs: Box<dyn Any>,
}

impl Balancer {
    /// The first server itself.
    pub fn none(servers: &Servers) -> Self {
        Self {
            name: "server itself",
            front: servers.fronts().next().unwrap(),
            _runs: Box::new(()),
        }
    }

    /// A node with the servers.
    pub async fn of_own_servers(servers: &Servers) -> Self {
        stay_on(MEASURED);
        let federation = Federation::found(&["Alder"], &charter(3_600)).await;
        stay_on(ALL_ELSE);
        add(&federation.coops[0], servers).await;
        Self::of("node, own servers", federation).await
    }

    /// A node without servers, and one of another member that has them; both on one processor.
    pub async fn of_servers_of_another(servers: &Servers) -> Self {
        stay_on(MEASURED);
        let federation = Federation::found(&["Alder", "Birch"], &charter(3_600)).await;
        stay_on(ALL_ELSE);
        add(&federation.coops[1], servers).await;
        Self::of("node, another's servers", federation).await
    }

    async fn of(name: &'static str, federation: Federation) -> Self {
        let front = FrontEnd::of(&federation.coops[0], "Front end", &[]).await;
        front.creates("first", &[]).await;
        front.end("first").await.succeeds();
        Self {
            name,
            front,
            _runs: Box::new(federation),
        }
    }

    /// bbblb over SQLite, with its servers enabled.
    pub async fn bbblb(directory: &Path, environment: &Path, servers: &Servers) -> Self {
        let port = ports::free();
        let realm = format!("127.0.0.1:{port}");
        let database = directory.join("bbblb.sqlite");
        let command = |program: &str| {
            let mut command = Command::new(environment.join("bin").join(program));
            command
                .env("BBBLB_DOMAIN", "localhost")
                .env("BBBLB_SECRET", SECRET)
                .env("BBBLB_DB", format!("sqlite:///{}", database.display()))
                .env("BBBLB_PATH_DATA", directory.join("bbblb"))
                .env("BBBLB_POLL_INTERVAL", POLL_SECONDS);
            command
        };
        let done = async |program: &str, words: &[&str]| {
            let ended = command(program).args(words).status().await.unwrap();
            assert!(ended.success(), "{program} {words:?}");
        };
        std::fs::create_dir_all(directory.join("bbblb")).unwrap();
        done("bbblb", &["db", "migrate"]).await;
        for host in &servers.hosts {
            let words = ["server", "create", "--secret", &servers.secret, host];
            done("bbblb", &words).await;
        }
        let words = [
            "tenant", "create", "--realm", &realm, "--secret", SECRET, "measured",
        ];
        done("bbblb", &words).await;
        // This release has no command that takes a new server in before five polls.
        let enable = format!(
            "import sqlite3; base = sqlite3.connect({:?}); base.execute('UPDATE servers SET health = 0'); \
             base.commit()",
            database.display().to_string()
        );
        done("python", &["-c", &enable]).await;
        let mut serve = command("uvicorn");
        serve.args(["bbblb.asgi:app", "--port", &port.to_string()]);
        serve.args(["--no-access-log", "--log-level", "warning"]);
        stay_on(MEASURED);
        let process = Process::start("bbblb", serve);
        stay_on(ALL_ELSE);
        let front = FrontEnd {
            server: ([127, 0, 0, 1], port).into(),
            secret: SECRET.to_owned(),
        };
        wait::until("bbblb answers", START_SECONDS, async || {
            tokio::net::TcpStream::connect(front.server).await.ok()
        })
        .await;
        front.creates("first", &[]).await;
        front.end("first").await.succeeds();
        Self {
            name: "bbblb 0.0.17, SQLite",
            front,
            _runs: Box::new(process),
        }
    }
}

/// Servers of a size that nothing here fills.
async fn add(coop: &Coop, servers: &Servers) {
    let file = servers.secret_file.to_string_lossy();
    for host in &servers.hosts {
        let url = format!("https://{host}");
        let mut words = vec!["server", "add", &url, "--region", "eu-west"];
        words.extend(["--secret-file", &file, "--share", "100", "--allow-private"]);
        words.extend(["--name", host, "--cores", "1000", "--mbit", "90000"]);
        words.extend([
            "--users",
            "100000",
            "--rooms",
            "10000",
            "--room-users",
            "1000",
        ]);
        coop.say(&words).await.done();
    }
}

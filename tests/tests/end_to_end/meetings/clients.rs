//! Client libraries that others wrote and use against BigBlueButton, each in its own language, against a
//! node. `tests/run` installs them.

use std::{
    env,
    path::{Path, PathBuf},
};

use end_to_end::{coop::Coop, meetings::FrontEnd, process::Process, program, story::story};
use tokio::process::Command;

use super::Story;

/// How long a library may take for the whole life of its meetings and their recordings.
const LIFE_SECONDS: u64 = 80;

#[test]
fn client_libraries_run_their_whole_life_cycle_against_a_node_as_against_a_server() {
    story(200, async {
        let story = Story::begin().await;
        let alder = &story.federation.coops[0];
        let mut python = Command::new("python3");
        python.env("PYTHONPATH", installed("python"));
        python.arg(source("python/client.py"));
        let mut node = Command::new("node");
        node.env("NODE_PATH", installed("node/node_modules"));
        node.arg(source("node/client.js"));
        // Both at a time: neither sees anything of the other.
        let mut clients = Vec::new();
        for (name, command) in [("python", python), ("node", node)] {
            clients.push(begin(alder, name, command).await);
        }
        for client in &mut clients {
            let status = client.end(LIFE_SECONDS).await;
            assert!(status.success(), "{status}: {}", client.said());
        }
    });
}

async fn begin(coop: &Coop, name: &str, mut command: Command) -> Process {
    let front = FrontEnd::of(coop, name, &["--region", "ca-east"]).await;
    command.arg(coop.url("")).env("SECRET", &front.secret);
    Process::start(name, command)
}

/// Where `tests/run` installed a library.
fn installed(name: &str) -> PathBuf {
    let folder = match env::var_os("FOLKMOOT_CLIENTS") {
        Some(folder) => PathBuf::from(folder),
        None => program::target().join("clients"),
    };
    let path = folder.join(name);
    assert!(
        path.exists(),
        "{} is missing: tests/run --set-up-only",
        path.display()
    );
    path
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("clients")
        .join(name)
}

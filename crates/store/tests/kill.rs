//! The process killed at any instant, again and again: what it said is stored, is stored.

#![allow(clippy::unwrap_used)]

mod laboratory;

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use laboratory::{Chance, all, directory, entry, id, open};

/// Tells this test, started again as a process of its own, which directory to write to.
const DIRECTORY: &str = "FOLKMOOT_KILL_DIRECTORY";

/// How often to kill, for a longer run.
const ROUNDS: &str = "FOLKMOOT_KILL_ROUNDS";

#[test]
fn what_was_acknowledged_survives_being_killed() {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        runtime().block_on(write_until_killed(Path::new(&directory)));
        return;
    }
    let rounds = std::env::var(ROUNDS).map_or(30, |rounds| rounds.parse().unwrap());
    let mut directory = directory();
    let mut chance = Chance(rounds);
    let mut acknowledged = 0;
    for round in 0..rounds {
        if round % 10 == 0 {
            // A store that only grew would spend the test on reading.
            directory = laboratory::directory();
            acknowledged = 0;
        }
        acknowledged = killed_after(directory.path(), 1 + chance.below(30)).max(acknowledged);
        let count = runtime().block_on(async {
            let store = open(directory.path()).await;
            let stored = all(&store).await;
            for (number, stored) in (0..).zip(&stored) {
                assert_eq!(
                    (stored.position, stored.id),
                    (number + 1, id(number)),
                    "round {round}"
                );
            }
            stored.len() as u64
        });
        assert!(
            count >= acknowledged,
            "round {round}: {count} of {acknowledged} are stored"
        );
    }
    assert!(acknowledged > 0);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Writes entries in growing and shrinking groups and prints how many are durable.
async fn write_until_killed(directory: &Path) {
    let store = open(directory).await;
    let mut count = all(&store).await.len() as u64;
    loop {
        let more = 1 + count % 90;
        store
            .write((count..count + more).map(entry).collect())
            .await
            .unwrap();
        count += more;
        println!("stored {count}");
    }
}

/// Starts a writer, kills it after so many answers, and gives the last one heard, those that were
/// on their way included.
fn killed_after(directory: &Path, answers: u64) -> u64 {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "what_was_acknowledged_survives_being_killed",
            "--nocapture",
        ])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    let (mut heard, mut last) = (0, 0);
    // The line the kill cuts off has no number and is no answer.
    for line in lines.map_while(Result::ok) {
        let Some(number) = line.strip_prefix("stored ") else {
            continue;
        };
        last = number.parse().unwrap_or(0).max(last);
        heard += 1;
        if heard == answers {
            writer.kill().unwrap();
        }
    }
    writer.wait().unwrap();
    assert!(heard >= answers, "the writer ended by itself");
    last
}

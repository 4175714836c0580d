//! How long a node takes to be ready and how much memory it needs with a history in its store:
//! `cargo bench -p folkmoot --bench start`.
//!
//! For 10,000 and 100,000 entries a store is filled; then a fresh process opens it, restores the
//! core and says when it is ready and what it keeps resident (Linux: `/proc/self/status`).

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::{path::Path, process::Command, time::Instant};

use domain::{
    cbor::{Decode, Encode},
    genesis::Genesis,
    id::Timestamp,
};
use federation::{Core, Input, Output, Settings, message::Message};
use store::{Options, Store};
use support::{history, key, stored};

const DIRECTORY: &str = "FOLKMOOT_BENCH_DIRECTORY";

async fn fill(directory: &Path, count: u64) -> usize {
    let history = history(count);
    std::fs::write(directory.join("genesis"), history.genesis.to_bytes()).unwrap();
    let federation = history.genesis.federation();
    let (store, _) = Store::open(directory, federation, Options::default())
        .await
        .unwrap();
    let settings = Settings {
        node: key(3).public(),
        seed: [1; 32],
    };
    let mut core = Core::new(history.genesis.clone(), settings).unwrap();
    core.handle(
        history.end,
        Input::Start {
            clean: true,
            alone: true,
        },
    );
    let peer = key(2).public();
    core.handle(history.end, Input::Connected(peer));
    for (number, entries) in history.entries.chunks(256).enumerate() {
        let message = Message::Entries {
            number: number as u64,
            entries: entries.to_vec(),
        };
        let mut writes = Vec::new();
        for output in core.handle(history.end, Input::Message(peer, message)) {
            if let Output::Persist {
                number,
                writes: more,
            } = output
            {
                writes.extend(more.into_iter().map(stored));
                core.handle(history.end, Input::Persisted(number));
            }
        }
        store.write(writes).await.unwrap();
    }
    store.close().await.unwrap();
    history.entries.len()
}

async fn start(directory: &Path) {
    let started = Instant::now();
    let genesis = Genesis::from_bytes(&std::fs::read(directory.join("genesis")).unwrap()).unwrap();
    let federation = genesis.federation();
    let (store, _) = Store::open(directory, federation, Options::default())
        .await
        .unwrap();
    let settings = Settings {
        node: key(3).public(),
        seed: [1; 32],
    };
    let mut core = Core::new(genesis, settings).unwrap();
    let mut scan = store.scan(0);
    let mut last = Timestamp(0);
    while let Some(batch) = scan.next().await.unwrap() {
        for row in batch {
            last = Timestamp(row.received_ms);
            core.restore(&row.bytes, last).unwrap();
        }
    }
    core.handle(
        last,
        Input::Start {
            clean: true,
            alone: true,
        },
    );
    let ready = started.elapsed().as_secs_f64();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident = resident.map_or("unknown", str::trim);
    println!(
        "{:>7} entries  ready in {ready:.2} s  resident {resident}",
        core.replica().len()
    );
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        runtime.block_on(start(Path::new(&directory)));
        return;
    }
    for count in [0, 10_000, 100_000] {
        let directory = tempfile::tempdir().unwrap();
        runtime.block_on(fill(directory.path(), count));
        let this = std::env::current_exe().unwrap();
        let status = Command::new(this)
            .env(DIRECTORY, directory.path())
            .status()
            .unwrap();
        assert!(status.success());
    }
}

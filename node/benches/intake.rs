//! How fast a node takes in another's history, against the raw rate of strict Ed25519 verification
//! on the same entries: `cargo bench -p folkmoot --bench intake`.
//!
//! Prints entries per second of three ways and their ratio to the raw rate: signatures only, the
//! core without a disk, and the core with the store, each message durable before it counts.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::time::Instant;

use domain::{cbor::Decode, entry::Entry, key::PublicKey};
use federation::{Core, Input, Output, Settings, message::Message};
use support::{History, history, key, stored};

const ROUNDS: usize = 5;

/// A receiving node with one connected peer.
fn receiver(history: &History) -> (Core, PublicKey) {
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
    (core, peer)
}

fn signatures(history: &History) {
    let federation = history.genesis.federation();
    let mut verifiers = std::collections::BTreeMap::new();
    for bytes in &history.entries {
        let entry = Entry::from_bytes(bytes).unwrap();
        let verifier = verifiers
            .entry(entry.header.author)
            .or_insert_with(|| entry.header.author.verifier().unwrap());
        entry.verify(&federation, verifier).unwrap();
    }
}

fn core_alone(history: &History) {
    let (mut core, peer) = receiver(history);
    for (number, entries) in history.entries.chunks(256).enumerate() {
        let message = Message::Entries {
            number: number as u64,
            entries: entries.to_vec(),
        };
        for output in core.handle(history.end, Input::Message(peer, message)) {
            if let Output::Persist { number, .. } = output {
                core.handle(history.end, Input::Persisted(number));
            }
        }
    }
    assert_eq!(core.replica().len(), history.entries.len());
}

async fn core_and_store(history: &History) {
    let directory = tempfile::tempdir().unwrap();
    let federation = history.genesis.federation();
    let options = store::Options::default();
    let (store, _) = store::Store::open(directory.path(), federation, options)
        .await
        .unwrap();
    let (mut core, peer) = receiver(history);
    let mut under_way = tokio::task::JoinSet::new();
    for (number, entries) in history.entries.chunks(256).enumerate() {
        let message = Message::Entries {
            number: number as u64,
            entries: entries.to_vec(),
        };
        for output in core.handle(history.end, Input::Message(peer, message)) {
            if let Output::Persist { number, writes } = output {
                let writes = writes.into_iter().map(stored).collect();
                let store = store.clone();
                under_way.spawn(async move { store.write(writes).await.map(|()| number) });
            }
        }
        // The exchange lets four messages be under way.
        while under_way.len() > 64 {
            let number = under_way.join_next().await.unwrap().unwrap().unwrap();
            core.handle(history.end, Input::Persisted(number));
        }
    }
    while let Some(number) = under_way.join_next().await {
        core.handle(history.end, Input::Persisted(number.unwrap().unwrap()));
    }
    assert_eq!(
        store.size().await.unwrap().entries,
        history.entries.len() as u64
    );
    store.close().await.unwrap();
}

fn median_rate(count: usize, mut work: impl FnMut()) -> f64 {
    let mut seconds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    count as f64 / seconds[ROUNDS / 2]
}

fn main() {
    let history = history(20_000);
    let count = history.entries.len();
    let bytes: usize = history.entries.iter().map(Vec::len).sum();
    println!(
        "{count} entries of {} bytes on average, median of {ROUNDS} rounds",
        bytes / count
    );
    let raw = median_rate(count, || signatures(&history));
    println!("strict verification alone   {raw:>9.0} /s  1.00");
    let core = median_rate(count, || core_alone(&history));
    println!(
        "core, no disk               {core:>9.0} /s  {:.2}",
        core / raw
    );
    for workers in [1, 2] {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .enable_all()
            .build()
            .unwrap();
        let whole = median_rate(count, || runtime.block_on(core_and_store(&history)));
        println!(
            "core and store, {workers} worker(s) {whole:>9.0} /s  {:.2}",
            whole / raw
        );
    }
}

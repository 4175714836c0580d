//! Verifying, judging and storing entries against the bare cost of verifying their signatures.

use std::{hint::black_box, time::Instant};

use criterion::{BatchSize, Criterion, Throughput};
use domain::{
    cbor::{Decode, Encode},
    entry::Entry,
    id::Timestamp,
    key::Verifier,
    record::Roles,
};
use replica::{
    Offer, Replica,
    testing::{Author, Cast, comment, grant_person},
};

const LOGS: usize = 30;
const ENTRIES_PER_LOG: usize = 100;

/// A federation in which workers of three founders comment, as bytes from a peer.
fn history() -> (Cast, Vec<Vec<u8>>) {
    let mut cast = Cast::new(3);
    let mut entries = cast.found();
    let mut workers: Vec<(Author, _)> = Vec::new();
    for number in 0..LOGS {
        let author = cast.newcomer();
        let grant = grant_person(&author, cast.member(number % 3), Roles::WORKER);
        let entry = cast.by_root(number % 3, &grant);
        workers.push((author, entry.id(&cast.federation())));
        entries.push(entry);
    }
    for _ in 0..ENTRIES_PER_LOG {
        for (author, grant) in &mut workers {
            entries.push(cast.by(author, *grant, &comment(*grant)));
        }
    }
    let bytes = entries.iter().map(Encode::to_bytes).collect();
    (cast, bytes)
}

fn store_all(cast: &Cast, bytes: &[Vec<u8>], now: Timestamp) -> Replica {
    let mut replica = Replica::new(cast.genesis.clone());
    for bytes in bytes {
        let entry = Entry::from_bytes(bytes).expect("it was just encoded");
        assert_eq!(replica.offer(now, entry), Offer::Stored);
        drop(replica.take_changes());
    }
    replica
}

fn verify_all(cast: &Cast, entries: &[(Entry, Verifier)]) {
    for (entry, verifier) in entries {
        entry
            .verify(&cast.federation(), verifier)
            .expect("it was just signed");
    }
}

fn main() {
    let (cast, bytes) = history();
    let now = cast.now();
    let entries: Vec<(Entry, Verifier)> = bytes
        .iter()
        .map(|bytes| {
            let entry = Entry::from_bytes(bytes).expect("it was just encoded");
            let verifier = entry.header.author.verifier().expect("a usable key");
            (entry, verifier)
        })
        .collect();
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("entries");
    group.sample_size(10);
    group.throughput(Throughput::Elements(bytes.len() as u64));
    group.bench_function("verify strictly, keys cached", |bencher| {
        bencher.iter(|| verify_all(&cast, &entries));
    });
    group.bench_function("decode, verify, judge and store", |bencher| {
        bencher.iter_batched(
            || (),
            |()| black_box(store_all(&cast, &bytes, now)),
            BatchSize::PerIteration,
        );
    });
    group.finish();
    criterion.final_summary();
    ratio(&cast, &entries, &bytes, now);
}

/// Prints the share of the bare rate that storing reaches, measured in turns so that a busy
/// machine slows both.
fn ratio(cast: &Cast, entries: &[(Entry, Verifier)], bytes: &[Vec<u8>], now: Timestamp) {
    let mut shares: Vec<f64> = (0..9)
        .map(|_| {
            let start = Instant::now();
            verify_all(cast, entries);
            let bare = start.elapsed();
            let start = Instant::now();
            black_box(store_all(cast, bytes, now));
            bare.as_secs_f64() / start.elapsed().as_secs_f64()
        })
        .collect();
    shares.sort_by(f64::total_cmp);
    println!(
        "storing reaches {:.0} % of the bare rate of verification (median of 9)",
        shares[4] * 100.0
    );
}

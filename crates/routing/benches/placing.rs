//! Placing one meeting among a thousand servers: `cargo bench -p routing`.
//!
//! The ratio printed at the end is that to sorting as many keys with the standard library, measured in
//! turns, so that it says the same on every machine.

#![allow(clippy::unwrap_used)]

use std::{hint::black_box, time::Instant};

use criterion::Criterion;
use domain::id::{Hash, MemberId, ServerId, TenantId, Timestamp};
use routing::{
    Monotonic,
    candidate::{Health, Report, Server},
    capacity::{Capacity, Load},
    place::place,
    request::{MeetingId, Request, RequestId},
    view::View,
};

const SERVERS: u64 = 1_000;
const OWNERS: u64 = 300;
const NOW: Monotonic = Monotonic(1_000_000);
const REGIONS: [&str; 4] = ["ca-east", "eu-north", "eu-west", "us-west"];

fn chance(number: u64, below: u64) -> u64 {
    let hash = Hash::of(&[&number.to_be_bytes(), &below.to_be_bytes()]);
    u64::from_be_bytes(*hash.0.first_chunk().unwrap()) % below
}

/// A thousand servers of all sizes, loads and regions.
fn thousand() -> View {
    let mut view = View::default();
    for number in 0..SERVERS {
        let owner = MemberId(Hash::of(&[&(number % OWNERS).to_be_bytes()]).0);
        let region = REGIONS[usize::try_from(chance(number, 4)).unwrap()];
        let cores = u32::try_from(4 + chance(number, 28)).unwrap();
        let capacity = Capacity::from_cores(cores, 1_000);
        let mut id = [0; 16];
        id.copy_from_slice(&Hash::of(&[b"server", &number.to_be_bytes()]).0[..16]);
        let id = ServerId(id);
        view.describe(id, Server::new(owner, region.parse().unwrap(), capacity));
        let load = Load {
            cpu_units_milli: capacity.cpu_units_milli,
            ..Load::typical(30)
        };
        let report = Report {
            time: Timestamp(number),
            ..Report::of(load.part(chance(number, 1_000_000)), Health::Up)
        };
        view.learn(NOW, id, report);
        view.set_rtt(owner, u32::try_from(5 + chance(number, 235)).unwrap());
    }
    view
}

fn request() -> Request {
    let id = RequestId([1; 16]);
    let mut request = Request::new(id, MeetingId([2; 32]), TenantId([3; 16]), MemberId([4; 32]));
    request.region = Some("eu-north".parse().unwrap());
    request
}

fn sort(keys: &[u64]) {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    black_box(keys);
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let (view, request) = (thousand(), request());
    let keys: Vec<u64> = (0..SERVERS)
        .map(|number| chance(number, u64::MAX))
        .collect();
    let mut group = criterion.benchmark_group("1000 servers");
    group.bench_function("place", |bencher| {
        bencher.iter(|| black_box(place(&request, &view, NOW, 1)));
    });
    group.bench_function("sort as many keys", |bencher| bencher.iter(|| sort(&keys)));
    group.finish();
    criterion.final_summary();
    ratio(&request, &view, &keys);
}

/// Prints what placing costs beside sorting, measured in turns so that a busy machine slows both.
fn ratio(request: &Request, view: &View, keys: &[u64]) {
    const TIMES: u64 = 200;
    let mut longest_ms = 0f64;
    let mut ratios: Vec<f64> = (0..9)
        .map(|turn| {
            let start = Instant::now();
            (0..TIMES).for_each(|_| sort(keys));
            let sorting = start.elapsed();
            let start = Instant::now();
            for seed in 0..TIMES {
                black_box(place(request, view, NOW, turn * TIMES + seed));
            }
            let placing = start.elapsed();
            longest_ms = longest_ms.max(placing.as_secs_f64() * 1_000.0 / TIMES as f64);
            placing.as_secs_f64() / sorting.as_secs_f64()
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!(
        "placing among {SERVERS} servers takes {:.1} times as long as sorting as many keys (median \
         of 9), {longest_ms:.3} ms at most",
        ratios[4]
    );
}

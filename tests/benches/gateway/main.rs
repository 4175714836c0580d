//! A node's gateway beside another balancer and beside a server itself:
//! `cargo build --release -p folkmoot && cargo bench -p end-to-end --bench gateway`.
//!
//! Three laboratory servers behind TLS take the same calls directly, through a node with servers of its
//! own, through a node whose servers are another member's, and, where `FOLKMOOT_BBBLB` names a Python
//! environment with it, through bbblb 0.0.17 over SQLite. Of three rounds the middle one counts. What is
//! measured has a processor of its own, the servers and the load share another (Linux).
//!
//! ```text
//! python3.13 -m venv ENVIRONMENT
//! ENVIRONMENT/bin/pip install 'bbblb[server]==0.0.17' 'sqlalchemy[asyncio]==2.0.58'
//! ```

#![allow(clippy::unwrap_used, missing_docs)]

mod balancer;
mod load;
mod servers;

use std::{env, ffi::OsStr, path::Path, process::Command};

use rustix::thread::{CpuSet, sched_setaffinity};

use self::{
    balancer::Balancer,
    load::{Plan, Row, middle},
    servers::{AUTHORITY, PORTS, Servers},
};

/// Rounds, of which the middle one counts.
const ROUNDS: usize = 3;
/// Where another balancer is, if it is to be measured.
const OTHER: &str = "FOLKMOOT_BBBLB";
/// The processor of what is measured.
const MEASURED: usize = 0;
/// The processor of all else.
const ALL_ELSE: usize = 1;

/// This thread, and what it starts from now on, runs on this processor alone, where there are two.
fn stay_on(processor: usize) {
    let mut set = CpuSet::new();
    set.set(processor);
    if sched_setaffinity(None, &set).is_err() {
        eprintln!("Processor {processor} is not to be had: everything shares what there is.");
    }
}

fn main() {
    // `cargo test --benches` only wants to see that it builds.
    if env::args().any(|word| word == "--test") {
        return;
    }
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    stay_on(ALL_ELSE);
    match env::var_os(PORTS) {
        Some(_) => runtime.block_on(compare()),
        None => runtime.block_on(trusting_itself()),
    }
}

/// Programs learn from their environment whom they trust: this one starts itself again with an authority
/// of its own, and goes on as what encrypts for the servers.
async fn trusting_itself() {
    let directory = tempfile::tempdir().unwrap();
    let authority = directory.path().join("authority.pem");
    let ports = servers::encrypt(&authority).await;
    let mut again = Command::new(env::current_exe().unwrap());
    again.env(AUTHORITY, &authority).env(PORTS, ports);
    let ended = tokio::task::spawn_blocking(move || again.status().unwrap());
    assert!(ended.await.unwrap().success(), "the comparison failed");
}

async fn compare() {
    let directory = tempfile::tempdir().unwrap();
    let servers = Servers::start(directory.path()).await;
    let mut balancers = vec![
        Balancer::none(&servers),
        Balancer::of_own_servers(&servers).await,
        Balancer::of_servers_of_another(&servers).await,
    ];
    if let Some(environment) = env::var_os(OTHER) {
        balancers.push(other(directory.path(), &environment, &servers).await);
    }
    for plan in [Plan::TOGETHER, Plan::ONE_BY_ONE] {
        let mut tables = Vec::new();
        for balancer in &balancers {
            let mut rounds = Vec::new();
            for round in 0..ROUNDS {
                load::quiet(&servers).await;
                rounds.push(load::round(&balancer.front, &plan, round).await);
            }
            tables.push((balancer.name, middle(&rounds)));
        }
        show(&plan, &tables);
    }
}

async fn other(directory: &Path, environment: &OsStr, servers: &Servers) -> Balancer {
    Balancer::bbblb(directory, Path::new(environment), servers).await
}

fn show(plan: &Plan, tables: &[(&str, Vec<Row>)]) {
    println!(
        "\n{} at once, {} meetings, middle of {ROUNDS} rounds\n{:26}{:>20}{:>10}{:>9}{:>9}{:>8}{:>14}",
        plan.at_once,
        plan.meetings,
        "",
        "call",
        "a second",
        "p50 ms",
        "p99 ms",
        "failed",
        "first is"
    );
    for (place, row) in tables[0].1.iter().enumerate() {
        for (name, rows) in tables {
            let own = rows[place];
            let times = tables[1].1[place].a_second / own.a_second;
            println!(
                "{name:26}{:>20}{:>10.0}{:>9.2}{:>9.2}{:>8}{times:>10.2} ×",
                row.call, own.a_second, own.p50_ms, own.p99_ms, own.failed
            );
        }
    }
    println!(
        "(the last column: calls a second through the node with own servers, divided by these)"
    );
}

//! Reads what there is to tell and writes it down.

use std::collections::BTreeMap;

use domain::record::Service;
use federation::Core;
use routing::{candidate::Health, view::REPORT_AGE_MS_MAX};

use super::{
    BUCKETS_US, Counts,
    text::{
        Kind::{Counter, Gauge, Histogram},
        Millionths, Writer,
    },
};
use crate::{pages::meet::short_id, site::Site};

/// The most servers that are told of one by one.
const SERVERS_MAX: usize = 1_000;

/// The node itself.
pub(super) fn node(writer: &mut Writer, site: &Site, store_bytes: Option<u64>) {
    let uptime_ms = site.now().0.saturating_sub(site.node.started.0);
    let trouble = site.node.library.trouble();
    let (entries, held, peers, off_seconds, caught_up) = site.node.read(|core| {
        (
            core.replica().len(),
            core.replica().held_len(),
            core.peers().len(),
            core.clock_trouble(),
            core.is_caught_up(),
        )
    });
    let flag = u8::from;
    writer.begin("folkmoot_info", Gauge, "The release, as a label.");
    let release = [("release", env!("CARGO_PKG_VERSION"))];
    writer.sample("folkmoot_info", &release, 1);
    writer.one("folkmoot_entries", Gauge, "Entries stored.", entries);
    let help = "Entries that wait for their time or for what they build on.";
    writer.one("folkmoot_entries_held", Gauge, help, held);
    writer.one("folkmoot_peers", Gauge, "Nodes connected.", peers);
    let help = "Time since the node was started.";
    writer.one("folkmoot_uptime_seconds", Gauge, help, uptime_ms / 1_000);
    if let Some(bytes) = store_bytes {
        let help = "What the store takes on the disk.";
        writer.one("folkmoot_store_bytes", Gauge, help, bytes);
    }
    let help = "How far the clock is off its peers' median; 0 while that is little.";
    let off = off_seconds.unwrap_or(0);
    writer.one("folkmoot_clock_off_seconds", Gauge, help, off);
    let help = "1 while the clock keeps the node from signing.";
    writer.one(
        "folkmoot_clock_trouble",
        Gauge,
        help,
        flag(off_seconds.is_some()),
    );
    let help = "1 once the node has compared its logs after an unclean stop.";
    writer.one("folkmoot_caught_up", Gauge, help, flag(caught_up));
    let help = "1 while the disk is full, slow or nearly full.";
    writer.one(
        "folkmoot_disk_trouble",
        Gauge,
        help,
        flag(trouble.is_some()),
    );
}

/// The gateway, since the node was started.
pub(super) fn gateway(writer: &mut Writer, counts: &Counts) {
    let name = "folkmoot_gateway_calls_total";
    writer.begin(name, Counter, "Calls of front ends that were answered.");
    for ((call, outcome), count) in &counts.calls {
        writer.sample(name, &[("call", call), ("outcome", outcome)], count);
    }
    let name = "folkmoot_gateway_call_duration_seconds";
    writer.begin(name, Histogram, "How long calls of front ends took.");
    for (call, durations) in &counts.durations {
        let bucket = format!("{name}_bucket");
        let mut so_far = 0;
        for (bound_us, count) in BUCKETS_US.iter().zip(durations.counts) {
            so_far += count;
            let bound = Millionths(*bound_us).to_string();
            writer.sample(&bucket, &[("call", call), ("le", &bound)], so_far);
        }
        let all = durations.count;
        writer.sample(&bucket, &[("call", call), ("le", "+Inf")], all);
        let sum = Millionths(durations.sum_us);
        writer.sample(&format!("{name}_sum"), &[("call", call)], sum);
        writer.sample(&format!("{name}_count"), &[("call", call)], all);
    }
    let tables: [(&str, &str, &str, &BTreeMap<&'static str, u64>); 3] = [
        (
            "folkmoot_gateway_refusals_total",
            "Refusals by their key; those of servers that are not documented are other.",
            "key",
            &counts.refusals,
        ),
        (
            "folkmoot_gateway_creates_total",
            "Creates that got this far: placed, or why not.",
            "result",
            &counts.creates,
        ),
        (
            "folkmoot_gateway_left_out_total",
            "Why servers were left out of creates that found no place.",
            "reason",
            &counts.left_out,
        ),
    ];
    for (name, help, label, counts) in tables {
        writer.begin(name, Counter, help);
        for (word, count) in counts {
            writer.sample(name, &[(label, word)], count);
        }
    }
}

/// The federation, as this node sees it.
pub(super) fn federation(writer: &mut Writer, site: &Site) {
    site.node.read(|core| {
        let members = core.view().members.len();
        writer.one("folkmoot_members", Gauge, "Members.", members);
        if let Some(chain) = core.register_chain() {
            let help = "The last height of the register.";
            writer.one("folkmoot_register_height", Gauge, help, chain.height());
        }
        servers(writer, core);
        own_servers(writer, core);
    });
}

/// How a server's owner finds it, as far as that is known now.
fn health(core: &Core, id: &domain::id::ServerId) -> &'static str {
    let now = core.server_now(id);
    let report = now.as_ref().and_then(|now| now.report.as_ref());
    match report.filter(|(age_ms, _)| *age_ms <= REPORT_AGE_MS_MAX) {
        Some((_, report)) => Health::as_str(report.health),
        None => "unheard",
    }
}

fn servers(writer: &mut Writer, core: &Core) {
    let all = core.view().meetings.servers.iter();
    let standing = all.filter(|(_, server)| server.record.service != Service::Removed);
    let standing: Vec<_> = standing.take(SERVERS_MAX).collect();
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for (id, server) in &standing {
        let place = (server.record.service.as_str(), health(core, id));
        *counts.entry(place).or_default() += 1;
    }
    let name = "folkmoot_servers";
    writer.begin(
        name,
        Gauge,
        "Servers by what their owners let them take and by health.",
    );
    for ((service, health), count) in counts {
        writer.sample(name, &[("service", service), ("health", health)], count);
    }
    let name = "folkmoot_server_utilisation_ratio";
    writer.begin(name, Gauge, "How full a server is in what it has least of.");
    for (id, server) in &standing {
        let Some(now) = core.server_now(id).filter(|now| now.report.is_some()) else {
            continue;
        };
        let (id, region) = (short_id(id), server.record.region.as_str());
        let labels = [("server", id.as_str()), ("region", region)];
        // Far beyond full is full all the same.
        let full = Millionths(now.utilisation_ppm.min(1_000_000_000));
        writer.sample(name, &labels, full);
    }
}

/// What is on the servers whose secrets are here, as their last polls showed.
fn own_servers(writer: &mut Writer, core: &Core) {
    let servers = core.view().meetings.servers.iter();
    let own: Vec<_> = servers
        .filter(|(id, _)| core.serves(id))
        .take(SERVERS_MAX)
        .map(|(id, server)| {
            let seen = core.seen_meetings(id);
            let people: u64 = seen.iter().map(|one| u64::from(one.users)).sum();
            let region = server.record.region.as_str();
            (short_id(id), region, seen.len() as u64, people)
        })
        .collect();
    let name = "folkmoot_own_server_meetings";
    writer.begin(name, Gauge, "Meetings on servers of this node.");
    for (id, region, meetings, _) in &own {
        writer.sample(name, &[("server", id), ("region", region)], meetings);
    }
    let name = "folkmoot_own_server_people";
    writer.begin(name, Gauge, "People in meetings on servers of this node.");
    for (id, region, _, people) in &own {
        writer.sample(name, &[("server", id), ("region", region)], people);
    }
    let placed = core.placed_rooms().count();
    let help = "Meetings that this node placed and that run.";
    writer.one("folkmoot_placed_meetings", Gauge, help, placed);
}

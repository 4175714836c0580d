//! Metrics in the text format of Prometheus, at `/metrics`: the node, its gateway, and the federation
//! as this node sees it.
//!
//! Labels come from small fixed sets, regions and the beginnings of servers' ids; nobody's name is in
//! them and no secret. What front ends and servers say is counted under words of ours.

mod gather;
mod text;

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use bigbluebutton::{Call, Failure};
use federation::meetings::call::CallFault;
use routing::Reason;

use self::text::Writer;
use crate::{
    error::WebError,
    origin::Peer,
    protect::ClientAddress,
    site::{Settings, Site},
};

/// The type of the format.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Who may read `/metrics`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Readers {
    /// This machine and the trusted proxies themselves.
    #[default]
    Trusted,
    /// Everybody who reaches the dashboard.
    Public,
}

/// The upper bounds of the histogram's buckets, in microseconds: from a call answered here to one that
/// used up its time.
const BUCKETS_US: [u64; 12] = [
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000,
];

/// How long the calls of one kind took.
#[derive(Debug, Default)]
struct Durations {
    /// In each bucket and no smaller one.
    counts: [u64; BUCKETS_US.len()],
    /// All, those beyond the last bucket included.
    count: u64,
    sum_us: u64,
}

#[derive(Debug, Default)]
struct Counts {
    calls: BTreeMap<(&'static str, &'static str), u64>,
    durations: BTreeMap<&'static str, Durations>,
    refusals: BTreeMap<&'static str, u64>,
    creates: BTreeMap<&'static str, u64>,
    left_out: BTreeMap<&'static str, u64>,
}

/// What the gateway counted since the node was started.
#[derive(Debug, Default)]
pub(crate) struct Gateway(Mutex<Counts>);

/// A refusal's key, kept with the answer for the count.
#[derive(Debug, Clone)]
pub(crate) struct Refused(pub Failure);

impl Gateway {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call was answered.
    pub(crate) fn called(&self, call: Option<Call>, response: &Response, took: Duration) {
        let refused = response.extensions().get::<Refused>();
        let call = call.map_or("unknown", Call::name);
        let outcome = if refused.is_some() { "refused" } else { "done" };
        let mut counts = self.counts();
        *counts.calls.entry((call, outcome)).or_default() += 1;
        if let Some(Refused(failure)) = refused {
            *counts.refusals.entry(known_key(failure)).or_default() += 1;
        }
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let durations = counts.durations.entry(call).or_default();
        durations.count += 1;
        durations.sum_us = durations.sum_us.saturating_add(took_us);
        let bucket = BUCKETS_US.iter().position(|bound| took_us <= *bound);
        if let Some(bucket) = bucket {
            durations.counts[bucket] += 1;
        }
    }

    /// The create of a meeting has a place.
    pub(crate) fn placed(&self) {
        *self.counts().creates.entry("placed").or_default() += 1;
    }

    /// The create of a meeting has none; why each server was left out, where that is known.
    pub(crate) fn unplaced<'a>(
        &self,
        fault: &CallFault,
        reasons: impl Iterator<Item = &'a Reason>,
    ) {
        let mut counts = self.counts();
        *counts.creates.entry(fault_word(fault)).or_default() += 1;
        for reason in reasons {
            *counts.left_out.entry(reason.as_str()).or_default() += 1;
        }
    }
}

/// The key of a refusal if it is one of the documented: others come from servers and could be anything.
fn known_key(failure: &Failure) -> &'static str {
    const OURS: [&str; 2] = ["serverUnavailable", "documentTooLarge"];
    let documented = Failure::documented();
    let known = documented.iter().filter_map(|known| match &known.key {
        std::borrow::Cow::Borrowed(key) => Some(*key),
        std::borrow::Cow::Owned(_) => None,
    });
    let mut known = known.chain(OURS);
    known.find(|key| *key == failure.key).unwrap_or("other")
}

fn fault_word(fault: &CallFault) -> &'static str {
    match fault {
        CallFault::HomeAway => "home-away",
        CallFault::OwnerAway => "owner-away",
        CallFault::TimeOver => "time-over",
        CallFault::NoRoom => "no-room",
        CallFault::Limit => "limit",
        CallFault::NoMeeting => "no-meeting",
        CallFault::Gone => "gone",
        CallFault::NotAllowed => "not-allowed",
        CallFault::Busy => "busy",
        CallFault::Server => "server",
        CallFault::TooLarge => "too-large",
    }
}

/// Headers of requests that a proxy passed on.
const FORWARDED: [&str; 5] = [
    "x-forwarded-for",
    "x-forwarded-host",
    "x-real-ip",
    "forwarded",
    "via",
];

/// Whether a request may read the metrics: it comes from this machine or a trusted address, and no proxy
/// that nobody trusts brought it from elsewhere. A proxy that says nothing about itself passes on at least
/// the name under which everybody reaches this node.
fn may_read(
    peer: IpAddr,
    ClientAddress(client): ClientAddress,
    headers: &HeaderMap,
    settings: &Settings,
) -> bool {
    let trusted = &settings.trusted_proxies;
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let public = settings.public_url.as_ref();
    let asks_public = public.is_some_and(|url| !url.is_loopback() && url.is_named_by(headers));
    let was_forwarded = asks_public || FORWARDED.iter().any(|name| headers.contains_key(*name));
    let is_near = client.to_canonical().is_loopback() || is_trusted(client);
    is_near && (!was_forwarded || is_trusted(peer))
}

/// `GET /metrics`
pub(crate) async fn show(
    State(site): State<Site>,
    Extension(client): Extension<ClientAddress>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let is_public = site.settings.metrics == Readers::Public;
    let peer = peer.map_or(client.0, |Extension(Peer(peer))| peer.ip());
    if !is_public && !may_read(peer, client, &headers, &site.settings) {
        return Err(WebError::Metrics);
    }
    let store_bytes = site.node.library.size_bytes().await.ok();
    let mut writer = Writer::default();
    gather::node(&mut writer, &site, store_bytes);
    gather::gateway(&mut writer, &site.gateway.counts());
    gather::federation(&mut writer, &site);
    let mut response = writer.into_text().into_response();
    let kind = header::HeaderValue::from_static(CONTENT_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_of_another_member_says_makes_no_label() {
        let said = Failure::new("=surprise\"", "x");
        assert_eq!(known_key(&said), "other");
        assert_eq!(known_key(&Failure::checksum()), "checksumError");
        assert_eq!(
            known_key(&Failure::server_unavailable()),
            "serverUnavailable"
        );
    }

    #[test]
    fn metrics_are_read_from_near_and_not_through_a_proxy_that_nobody_trusts() {
        let mut settings = Settings {
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ..Settings::default()
        };
        let header = |name: &'static str, value: &str| {
            HeaderMap::from_iter([(
                header::HeaderName::from_static(name),
                value.parse().unwrap(),
            )])
        };
        let may = |settings: &Settings, peer: &str, client: &str, headers: &HeaderMap| {
            let client = ClientAddress(client.parse().unwrap());
            may_read(peer.parse().unwrap(), client, headers, settings)
        };
        let plain = HeaderMap::new();
        assert!(may(&settings, "127.0.0.1", "127.0.0.1", &plain));
        assert!(may(&settings, "::1", "::1", &plain));
        let mapped = "::ffff:127.0.0.1";
        assert!(may(&settings, mapped, mapped, &plain));
        assert!(may(&settings, "10.1.2.3", "10.1.2.3", &plain));
        assert!(!may(&settings, "192.0.2.1", "192.0.2.1", &plain));
        for name in FORWARDED {
            let forwarded = header(name, "203.0.113.9");
            assert!(!may(&settings, "127.0.0.1", "127.0.0.1", &forwarded));
            assert!(!may(&settings, "10.1.2.3", "203.0.113.9", &forwarded));
            assert!(may(&settings, "10.1.2.3", "127.0.0.1", &forwarded));
        }
        let (public, local) = ("vote.example.org", "localhost:7400");
        for (url, host, is_near) in [
            ("https://vote.example.org", public, false),
            ("https://vote.example.org", "VOTE.example.org", false),
            ("https://vote.example.org", local, true),
            ("http://localhost:7400", local, true),
        ] {
            settings.public_url = Some(url.parse().unwrap());
            let asked = header("host", host);
            let found = may(&settings, "127.0.0.1", "127.0.0.1", &asked);
            assert_eq!(found, is_near, "{url} {host}");
            assert!(may(&settings, "10.1.2.3", "10.1.2.3", &asked));
        }
    }
}

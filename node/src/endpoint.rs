//! Says in the federation where this node can be reached, whenever that changed.

use std::time::Duration;

use domain::{key::SecretKey, record::Endpoint};
use federation::Act;
use network::Network;

use crate::driver::Handle;

/// The most addresses of an endpoint.
const ADDRESSES_MAX: usize = 8;
/// Changes this close together make one look.
const GATHER: Duration = Duration::from_millis(200);

/// Keeps this node's endpoint record true.
pub async fn keep_true(handle: Handle, network: Network, node: SecretKey, announce: Vec<String>) {
    let mut changes = handle.changes().subscribe();
    loop {
        let wanted = Endpoint {
            addresses: addresses(&network, &announce).await,
            agent: concat!("folkmoot/", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        let due = handle.read(|core| {
            let known = core.view().nodes.get(&core.node());
            core.member().is_some() && known.map(|known| &known.endpoint) != Some(&wanted)
        });
        if due && !wanted.addresses.is_empty() {
            let act = Act::Endpoint(wanted);
            match handle.act(node.clone(), act).await {
                Ok(_) => tracing::debug!("told the members where this node is"),
                Err(failure) => tracing::debug!(problem = failure.message, "not told yet"),
            }
        }
        use tokio::sync::broadcast::error::RecvError;
        if let Err(RecvError::Closed) = changes.recv().await {
            return;
        }
        tokio::time::sleep(GATHER).await;
        // What came meanwhile is in the next look.
        while changes.try_recv().is_ok() {}
    }
}

/// What to tell: what is configured, else what is listened on; loopback only if nothing else.
async fn addresses(network: &Network, announce: &[String]) -> Vec<String> {
    let all = if announce.is_empty() {
        network.listening().await
    } else {
        announce.to_vec()
    };
    let all: Vec<String> = all
        .iter()
        .map(|address| match address.split_once("/p2p/") {
            Some((place, _)) => place.to_owned(),
            None => address.clone(),
        })
        .collect();
    let is_loopback =
        |address: &String| address.starts_with("/ip4/127.") || address.starts_with("/ip6/::1/");
    let mut chosen: Vec<String> = all
        .iter()
        .filter(|address| !is_loopback(address))
        .cloned()
        .collect();
    if chosen.is_empty() {
        chosen = all;
    }
    chosen.sort_unstable();
    chosen.dedup();
    chosen.truncate(ADDRESSES_MAX);
    chosen
}

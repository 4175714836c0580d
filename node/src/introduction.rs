//! How a node that nobody knows yet gets in touch: it shows the entries that make it a member's
//! node to the nodes it was told of, and takes theirs, until one is connected.

use std::time::Duration;

use domain::{
    cbor::{Decode, Encode},
    entry::Entry,
    key::PublicKey,
    record::{Purpose, Record},
};
use federation::application::{INTRODUCTION_MAX, Request, Response};
use network::Network;

use crate::driver::Handle;

const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Introduces this node at each address until a member is connected, and again whenever none is.
pub async fn keep_in_touch(handle: Handle, network: Network, addresses: Vec<String>) {
    if addresses.is_empty() {
        return;
    }
    let mut pause = PAUSE_MIN;
    loop {
        if handle.read(|core| core.member().is_none()) {
            // An applicant has nothing to show yet.
            tokio::time::sleep(PAUSE_MIN).await;
        } else if network.peers().await.is_empty() {
            for address in &addresses {
                if let Err(problem) = introduce(&handle, &network, address).await {
                    tracing::info!(%address, %problem, "could not introduce this node");
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        } else {
            pause = PAUSE_MIN;
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    }
}

/// Introduces this node once.
async fn introduce(handle: &Handle, network: &Network, address: &str) -> Result<(), String> {
    let ids = handle.read(|core| core.introduction());
    if ids.is_empty() {
        return Ok(());
    }
    let entries = handle
        .entries(&ids)
        .await
        .map_err(|failure| failure.message)?;
    if entries.len() > INTRODUCTION_MAX {
        return Err(format!("more than {INTRODUCTION_MAX} entries to show"));
    }
    let request = Request::Introduce { entries }.to_bytes();
    let answer = network.request(address, request).await;
    let answer = answer.map_err(|error| error.to_string())?;
    match Response::from_bytes(&answer).map_err(|error| error.to_string())? {
        Response::Introduced { entries } => {
            let node = entries.last().and_then(granted_node);
            handle.introduce(entries).await;
            if let Some(node) = node {
                handle.found(node, address.to_owned());
            }
            Ok(())
        }
        Response::Refused(why) => Err(why),
        _ => Err("it answered something else".to_owned()),
    }
}

/// The node key that a grant names.
fn granted_node(entry: &Entry) -> Option<PublicKey> {
    match entry.record() {
        Some(Record::Grant(grant)) if grant.purpose == Purpose::Node => Some(grant.key),
        _ => None,
    }
}

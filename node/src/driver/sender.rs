//! The sender: what goes to peers, in the order the core said it, with what must first be read
//! from the store.

use std::collections::BTreeMap;

use domain::{
    cbor::Encode,
    id::{EntryId, Hash},
    key::PublicKey,
};
use federation::message::Message;
use network::{Network, NetworkError};
use store::Store;
use tokio::sync::mpsc;

/// Parcels that may wait.
const PARCELS_MAX: usize = 1_024;

/// Something on its way to the network.
#[derive(Debug)]
pub enum Parcel {
    /// A message.
    Message(PublicKey, Message),
    /// Entries to be loaded and sent.
    Entries {
        /// To whom.
        to: PublicKey,
        /// The message's number.
        number: u64,
        /// Which.
        ids: Vec<EntryId>,
    },
    /// Chunks to be loaded and sent.
    Chunks {
        /// To whom.
        to: PublicKey,
        /// Which.
        hashes: Vec<Hash>,
    },
    /// Who may connect from now on.
    Roster(BTreeMap<PublicKey, Vec<String>>),
    /// A node was found at an address that its records may not name.
    Found(PublicKey, String),
}

/// Who may connect, and where nodes were found.
#[derive(Debug, Default)]
struct Roster {
    of_core: BTreeMap<PublicKey, Vec<String>>,
    found: BTreeMap<PublicKey, String>,
}

impl Roster {
    /// The addresses of the records, and after them those where a node was found.
    fn merged(&self) -> BTreeMap<PublicKey, Vec<String>> {
        let mut merged = self.of_core.clone();
        for (key, addresses) in &mut merged {
            addresses.extend(
                self.found
                    .get(key)
                    .filter(|address| !addresses.contains(address))
                    .cloned()
                    .into_iter()
                    .collect::<Vec<_>>(),
            );
        }
        merged
    }
}

/// Starts the sender. It ends when the queue is closed and empty.
pub fn start(store: Store, network: Network) -> mpsc::Sender<Parcel> {
    let (parcels, mut queue) = mpsc::channel(PARCELS_MAX);
    tokio::spawn(async move {
        let mut roster = Roster::default();
        while let Some(parcel) = queue.recv().await {
            deliver(&store, &network, &mut roster, parcel).await;
        }
    });
    parcels
}

async fn deliver(store: &Store, network: &Network, roster: &mut Roster, parcel: Parcel) {
    match parcel {
        Parcel::Message(to, message) => send(network, to, &message),
        Parcel::Entries { to, number, ids } => match store.entries(&ids).await {
            // An entry that is no longer kept is left out: the peer asks again for what it lacks.
            Ok(found) => {
                let entries = found.into_iter().flatten().collect();
                send(network, to, &Message::Entries { number, entries });
            }
            Err(error) => tracing::error!(%error, "entries for a peer could not be read"),
        },
        Parcel::Chunks { to, hashes } => {
            for hash in hashes {
                match store.chunk(&hash).await {
                    Ok(Some(bytes)) => send(network, to, &Message::Chunk { bytes }),
                    Ok(None) => {}
                    Err(error) => tracing::error!(%error, "a chunk for a peer could not be read"),
                }
            }
        }
        Parcel::Roster(of_core) => {
            roster.of_core = of_core;
            network.set_roster(roster.merged()).await;
        }
        Parcel::Found(key, address) => {
            if roster.found.insert(key, address.clone()) != Some(address) {
                network.set_roster(roster.merged()).await;
            }
        }
    }
}

fn send(network: &Network, to: PublicKey, message: &Message) {
    match network.send(to, message.to_bytes()) {
        // The core hears that the peer is gone, and sends again when it is back.
        Ok(()) | Err(NetworkError::NotConnected { .. }) => {}
        Err(error) => tracing::warn!(%error, "a message was dropped"),
    }
}

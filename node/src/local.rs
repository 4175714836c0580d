//! What the site needs of the store and the data directory.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    cbor::Decode,
    entry::Entry,
    id::{EntryId, Hash},
    key::{PublicKey, SecretKey},
};
use store::{Store, StoreError, Write};
use web::{
    local::{Local, LocalError, LocalFuture},
    node::{DiskTrouble, Library, LibraryFuture, RootKey},
};

use crate::{
    directory::DataDirectory,
    driver::{HEIGHTS, Handle, parts_of},
    keyfile::Role,
};

/// How long the network may take to say how it is.
const NETWORK_DEADLINE: Duration = Duration::from_secs(1);

/// The store, as the site sees it.
#[derive(Debug, Clone)]
pub struct Shelf {
    store: Store,
    handle: Option<Handle>,
}

impl Shelf {
    /// The local values of a store.
    pub fn of(store: &Store) -> Self {
        Self {
            store: store.clone(),
            handle: None,
        }
    }

    /// The store of a running node, which knows how its disk is.
    pub fn of_node(handle: &Handle) -> Self {
        Self {
            store: handle.store().clone(),
            handle: Some(handle.clone()),
        }
    }
}

fn failed(area: &'static str) -> impl FnOnce(StoreError) -> LocalError {
    move |error| LocalError {
        area,
        cause: Box::new(error),
    }
}

impl Local for Shelf {
    fn get<'a>(&'a self, area: &'static str, key: &'a [u8]) -> LocalFuture<'a, Option<Vec<u8>>> {
        Box::pin(async move { self.store.local_get(area, key).await.map_err(failed(area)) })
    }

    fn put<'a>(
        &'a self,
        area: &'static str,
        key: &'a [u8],
        value: &'a [u8],
    ) -> LocalFuture<'a, ()> {
        let write = Write::Local {
            area,
            key: key.to_vec(),
            value: Some(value.to_vec()),
        };
        Box::pin(async move { self.store.write(vec![write]).await.map_err(failed(area)) })
    }

    fn delete<'a>(&'a self, area: &'static str, key: &'a [u8]) -> LocalFuture<'a, ()> {
        let write = Write::Local {
            area,
            key: key.to_vec(),
            value: None,
        };
        Box::pin(async move { self.store.write(vec![write]).await.map_err(failed(area)) })
    }

    fn list<'a>(&'a self, area: &'static str) -> LocalFuture<'a, Vec<(Vec<u8>, Vec<u8>)>> {
        Box::pin(async move { self.store.local_list(area).await.map_err(failed(area)) })
    }
}

impl Library for Shelf {
    fn entries<'a>(&'a self, ids: &'a [EntryId]) -> LibraryFuture<'a, Vec<Option<Entry>>> {
        Box::pin(async move {
            let found = self.store.entries(ids).await?;
            let read = |bytes: Option<Vec<u8>>| bytes.map(|bytes| Entry::from_bytes(&bytes));
            Ok(found
                .into_iter()
                .map(|bytes| read(bytes).transpose())
                .collect::<Result<_, _>>()?)
        })
    }

    fn chunks<'a>(&'a self, hashes: &'a [Hash]) -> LibraryFuture<'a, Vec<Option<Vec<u8>>>> {
        Box::pin(async move {
            let mut chunks = Vec::with_capacity(hashes.len());
            for hash in hashes {
                chunks.push(self.store.chunk(hash).await?);
            }
            Ok(chunks)
        })
    }

    fn height(&self, height: u64) -> LibraryFuture<'_, Option<(Vec<u8>, Vec<u8>)>> {
        Box::pin(async move {
            let stored = self.store.local_get(HEIGHTS, &height.to_be_bytes()).await?;
            Ok(stored.as_deref().and_then(parts_of))
        })
    }

    fn size_bytes(&self) -> LibraryFuture<'_, u64> {
        Box::pin(async move {
            let size = self.store.size().await?;
            Ok(size.database_bytes + size.log_bytes)
        })
    }

    fn round_trips_ms(&self) -> LibraryFuture<'_, BTreeMap<PublicKey, u64>> {
        Box::pin(async move {
            let network = self.handle.as_ref().and_then(Handle::network);
            let Some(network) = network else {
                return Ok(BTreeMap::new());
            };
            // A page must not wait for a network that has much to do.
            let peers = tokio::time::timeout(NETWORK_DEADLINE, network.peers()).await;
            let peers = peers.unwrap_or_default().into_iter();
            Ok(peers
                .filter_map(|peer| Some((peer.key, peer.round_trip_ms?.into())))
                .collect())
        })
    }

    fn trouble(&self) -> Option<DiskTrouble> {
        self.handle.as_ref()?.health().trouble()
    }
}

/// The root key's file in the data directory, read each time so that it can be removed.
#[derive(Debug, Clone)]
pub struct RootKeyFile(pub DataDirectory);

impl RootKey for RootKeyFile {
    fn read(&self) -> Result<Option<SecretKey>, Box<dyn std::error::Error + Send + Sync>> {
        if !self.0.key_path(Role::Root).exists() {
            return Ok(None);
        }
        let key = self.0.key(Role::Root);
        key.map(Some).map_err(|failure| failure.message.into())
    }
}

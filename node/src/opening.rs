//! Opening a data directory: the store is read back into a core, and the loop is started.

use domain::{
    cbor::Decode,
    id::{Hash, Timestamp},
    record::{Kind, Record},
};
use federation::{Core, CoreError, Settings};
use network::{Events, Network};
use replica::entry::Entry;
use store::{Options, Store, StoreError};

use crate::{
    clock,
    directory::DataDirectory,
    driver::{self, Running},
    failure::{Failure, Outcome},
    keyfile::Role,
};

/// A core read back from its store.
pub struct Restored {
    core: Core,
    store: Store,
    clean: bool,
}

/// Reads a data directory back.
pub async fn restore(directory: &DataDirectory) -> Outcome<Restored> {
    directory.check_private()?;
    let genesis = directory.genesis()?;
    let federation = genesis.federation();
    let node = directory.key(Role::Node)?.public();
    let settings = Settings {
        node,
        seed: clock::random()?,
    };
    let mut core = Core::new(genesis, settings).map_err(core_failure)?;
    let (store, opened) = Store::open(directory.path(), federation, Options::default()).await?;
    match read_back(&store, &mut core).await {
        Ok(()) => Ok(Restored {
            core,
            store,
            clean: opened.clean,
        }),
        Err(failure) => {
            // What was found is said; that the store closes in order is second to it.
            let _ = store.close().await;
            Err(failure)
        }
    }
}

async fn read_back(store: &Store, core: &mut Core) -> Outcome {
    let mut scan = store.scan(0);
    let mut chunks: Vec<Hash> = Vec::new();
    while let Some(batch) = scan.next().await? {
        for stored in batch {
            core.restore(&stored.bytes, Timestamp(stored.received_ms))
                .map_err(|error| {
                    core_failure(error).hint("folkmoot store check, then folkmoot store rebuild")
                })?;
            chunks.extend(named_chunks(&stored.bytes));
        }
    }
    let here = store.chunks_existing(&chunks).await?;
    for (hash, here) in chunks.into_iter().zip(here) {
        if here {
            core.restore_chunk(hash);
        }
    }
    Ok(())
}

/// The chunks that a stored proposal or amendment names.
fn named_chunks(bytes: &[u8]) -> Vec<Hash> {
    let Ok(entry) = Entry::from_bytes(bytes) else {
        return Vec::new();
    };
    let (Kind::Proposal | Kind::Amendment, Some(body)) = (entry.header.kind, &entry.body) else {
        return Vec::new();
    };
    match Record::from_bytes(entry.header.kind, body.bytes()) {
        Ok(Some(record)) => record.chunks().to_vec(),
        _ => Vec::new(),
    }
}

fn core_failure(error: CoreError) -> Failure {
    let message = error.to_string();
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    let failure = match error {
        CoreError::Stored(_) | CoreError::Bytes(_) => Failure::damaged(message),
        CoreError::Charter(_) | CoreError::Requires(_) => Failure::configuration(message),
    };
    match cause {
        Some(cause) => failure.because(cause),
        None => failure,
    }
}

impl Restored {
    /// The federation, for the network.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// Starts the loop, with a network or without.
    pub fn start(self, network: Option<(Network, Events)>, alone: bool) -> Running {
        driver::start(driver::Parts {
            core: self.core,
            store: self.store,
            network,
            clean: self.clean,
            alone,
        })
    }

    /// Closes the store without having started.
    pub async fn close(self) -> Outcome {
        Ok(self.store.close().await?)
    }
}

/// Ends a loop and closes its store in order.
pub async fn close(running: Running) -> Outcome {
    let Running { handle, task, .. } = running;
    handle.stop();
    let ended = task.await;
    let closed = handle.store().clone().close().await;
    finish(ended)?;
    Ok(closed?)
}

/// What the end of the loop means.
pub fn finish(ended: Result<Result<(), driver::DriverError>, tokio::task::JoinError>) -> Outcome {
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(driver::DriverError::Store(error))) => Err(match error {
            StoreError::Closed => Failure::refused("the store was closed while the node ran"),
            error => Failure::from(error),
        }),
        Ok(Err(error)) => Err(Failure::refused(error.to_string())),
        Err(error) => Err(Failure::refused(
            "a fault in folkmoot itself: the node stops, what is stored is whole",
        )
        .because(error)
        .hint("please report it, with the lines of the log before this one")),
    }
}

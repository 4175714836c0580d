//! The writer: makes batches durable in their order, as many at once as are waiting, and says how
//! far everything is durable.

use std::time::Duration;

use store::{Store, StoreError, Write};
use tokio::sync::{mpsc, watch};

use super::health::{Disk, Health};

/// Batches that may wait.
const BATCHES_MAX: usize = 1_024;
/// The most writes of one transaction.
const WRITES_MAX: usize = 4_096;
/// How long after a full disk it is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Writes that belong together.
#[derive(Debug)]
pub struct Batch {
    /// Counts the batches.
    pub number: u64,
    /// The writes.
    pub writes: Vec<federation::Write>,
}

/// How far the writer is.
#[derive(Debug, Clone)]
pub enum Progress {
    /// Everything up to this batch is durable.
    Durable(u64),
    /// Nothing more will be.
    Failed(StoreError),
}

/// Starts the writer. It ends when the queue is closed and empty.
pub fn start(
    store: Store,
    health: watch::Sender<Health>,
) -> (mpsc::Sender<Batch>, watch::Receiver<Progress>) {
    let (batches, queue) = mpsc::channel(BATCHES_MAX);
    let (progress, persisted) = watch::channel(Progress::Durable(0));
    tokio::spawn(run(store, queue, progress, health));
    (batches, persisted)
}

async fn run(
    store: Store,
    mut queue: mpsc::Receiver<Batch>,
    progress: watch::Sender<Progress>,
    health: watch::Sender<Health>,
) {
    while let Some(first) = queue.recv().await {
        let mut number = first.number;
        let mut writes: Vec<Write> = first.writes.into_iter().map(translate).collect();
        while writes.len() < WRITES_MAX {
            let Ok(next) = queue.try_recv() else { break };
            number = next.number;
            writes.extend(next.writes.into_iter().map(translate));
        }
        let stored = store_all(&store, writes, &health).await;
        let ended = stored.is_err();
        progress.send_replace(match stored {
            Ok(()) => Progress::Durable(number),
            Err(error) => Progress::Failed(error),
        });
        if ended {
            return;
        }
    }
}

/// Tries until it is durable or can never be. All writes may be repeated: what is stored already
/// stays as it is.
async fn store_all(
    store: &Store,
    writes: Vec<Write>,
    health: &watch::Sender<Health>,
) -> Result<(), StoreError> {
    loop {
        let disk = match store.write(writes.clone()).await {
            Ok(()) => {
                set(health, Disk::Sound);
                return Ok(());
            }
            Err(StoreError::Late { .. }) => Disk::Slow,
            Err(error) if error.may_succeed_later() => Disk::Full,
            Err(error) => {
                tracing::error!(%error, "the store failed");
                return Err(error);
            }
        };
        set(health, disk);
        tokio::time::sleep(RETRY).await;
    }
}

fn set(health: &watch::Sender<Health>, disk: Disk) {
    health.send_if_modified(|health| {
        if health.disk == disk {
            return false;
        }
        match disk.trouble() {
            Some(trouble) => tracing::error!("{}", trouble.words()),
            None => tracing::info!("the disk takes writes again"),
        }
        health.disk = disk;
        true
    });
}

/// Where the heights of the register are kept, by number: the length of the batch, the batch, the
/// certificate.
pub const HEIGHTS: &str = "register/height";
/// Where the validator's journal is kept, by number. It belongs to the validator key, and like it to
/// this node alone.
pub const JOURNAL: &str = "register/journal";

/// Where it is kept on which server the meeting of each room is: by tenant and room.
pub const ROOMS: &str = "meetings/room";

fn register_height(batch: &[u8], certificate: &[u8]) -> Vec<u8> {
    let length = (batch.len() as u64).to_be_bytes();
    [&length, batch, certificate].concat()
}

/// The batch of a height as it is kept, and its certificate.
pub fn parts_of(height: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let batch = batch_of(height)?;
    let certificate = height.get(8 + batch.len()..)?;
    Some((batch.to_vec(), certificate.to_vec()))
}

/// The batch of a height as it is kept.
pub fn batch_of(height: &[u8]) -> Option<&[u8]> {
    let (length, rest) = height.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
    rest.get(..length)
}

/// A write of the core, as the store knows it.
pub fn translate(write: federation::Write) -> Write {
    match write {
        federation::Write::Entry {
            id,
            bytes,
            received,
        } => Write::Entry {
            id,
            bytes,
            received,
        },
        federation::Write::Remove { id } => Write::Remove { id },
        federation::Write::Chunk { hash, bytes } => Write::Chunk { hash, bytes },
        federation::Write::Height {
            height,
            batch,
            certificate,
        } => Write::Local {
            area: HEIGHTS,
            key: height.to_be_bytes().to_vec(),
            value: Some(register_height(&batch, &certificate)),
        },
        federation::Write::Room {
            tenant,
            room,
            bytes,
        } => Write::Local {
            area: ROOMS,
            key: [tenant.0, room.0].concat(),
            value: Some(bytes),
        },
        federation::Write::Journal { number, bytes } => Write::Local {
            area: JOURNAL,
            key: number.to_be_bytes().to_vec(),
            value: Some(bytes),
        },
    }
}

//! Room kept for one's own: when little is left on the disk, what other nodes send is not taken,
//! so that this node's people can still act.
//!
//! Only what fills the disk is left out. The rest of the conversation goes on: what was done here
//! still spreads, and the core, to which a message left out is one that was lost, catches up once
//! there is room.

use std::{path::PathBuf, time::Duration};

use federation::message::Message;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    health::{Health, Room},
    writer::Progress,
};

/// How long after a look at the disk the next one comes at the earliest, while something is
/// written.
const PAUSE_MIN: Duration = Duration::from_millis(250);
/// How long after a look at the disk the next one comes at the latest.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// Of a small file system no more than one part in so many is kept.
const PARTS: u64 = 8;

/// What is kept for this node's own people.
#[derive(Debug, Clone)]
pub struct Reserve {
    /// The data directory, whose file system is meant.
    pub directory: PathBuf,
    /// How many bytes.
    pub bytes: u64,
}

/// A file system's size and what is free of it, in bytes.
#[derive(Debug, Clone, Copy)]
struct Space {
    free: u64,
    all: u64,
}

impl Reserve {
    /// How much room there is. Once there was little, an eighth more than the reserve is asked for,
    /// so that the answer does not change with every write.
    fn judge(&self, space: Space, before: Room) -> Room {
        let mark = self.bytes.min(space.all / PARTS);
        let enough = match before {
            Room::Enough => mark,
            Room::Little { .. } => mark + mark / 8,
        };
        match space.free < enough {
            true => Room::Little {
                free_bytes: space.free,
            },
            false => Room::Enough,
        }
    }
}

/// Looks at the disk from time to time, until the writer has ended.
pub fn watch(
    reserve: Reserve,
    health: watch::Sender<Health>,
    mut persisted: watch::Receiver<Progress>,
) {
    tokio::spawn(async move {
        loop {
            let directory = reserve.directory.clone();
            // A file system elsewhere may take its time to answer.
            match tokio::task::spawn_blocking(move || look(&directory)).await {
                Ok(Ok(space)) => set(&health, |before| reserve.judge(space, before)),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "the file system does not say how much room it has");
                }
                Err(_) => return,
            }
            sleep(PAUSE_MIN).await;
            if let Ok(Err(_)) = timeout(PAUSE_MAX, persisted.changed()).await {
                return;
            }
        }
    });
}

fn look(directory: &std::path::Path) -> rustix::io::Result<Space> {
    let found = rustix::fs::statvfs(directory)?;
    Ok(Space {
        free: found.f_bavail.saturating_mul(found.f_frsize),
        all: found.f_blocks.saturating_mul(found.f_frsize),
    })
}

fn set(health: &watch::Sender<Health>, judge: impl FnOnce(Room) -> Room) {
    health.send_if_modified(|health| {
        let room = judge(health.room);
        let changed = room != health.room;
        match (health.room, room.trouble()) {
            (Room::Enough, Some(trouble)) => tracing::warn!("{}", trouble.words()),
            (Room::Little { .. }, None) => {
                tracing::info!("there is room on the disk again for what other nodes send");
            }
            _ => {}
        }
        health.room = room;
        changed
    });
}

/// Whether a message from a peer brings something to store, or leads to asking for it.
pub fn brings(message: &Message) -> bool {
    match message {
        Message::Entries { .. } | Message::Chunk { .. } | Message::Have { .. } => true,
        // That nothing follows has to be heard: it ends the wait after an unclean stop.
        Message::Following { count } => *count > 0,
        _ => false,
    }
}

/// Whether a message to a peer asks for something to store.
pub fn asks(message: &Message) -> bool {
    matches!(
        message,
        Message::Want { .. } | Message::Asks { .. } | Message::WantChunks { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn judged(reserve: u64, free: u64, all: u64, before: Room) -> bool {
        let reserve = Reserve {
            directory: PathBuf::new(),
            bytes: reserve,
        };
        reserve.judge(Space { free, all }, before) == Room::Enough
    }

    #[test]
    fn room_is_little_below_the_reserve_and_enough_again_well_above_it() {
        let (all, little) = (1_000 * MIB, Room::Little { free_bytes: MIB });
        assert!(judged(64 * MIB, 64 * MIB, all, Room::Enough));
        assert!(!judged(64 * MIB, 64 * MIB - 1, all, Room::Enough));
        assert!(!judged(64 * MIB, 72 * MIB - 1, all, little));
        assert!(judged(64 * MIB, 72 * MIB, all, little));
        assert!(judged(0, 0, all, Room::Enough), "nothing is kept");
    }

    #[test]
    fn of_a_small_disk_an_eighth_is_kept() {
        assert!(judged(64 * MIB, MIB / 2, 4 * MIB, Room::Enough));
        assert!(!judged(64 * MIB, MIB / 2 - 1, 4 * MIB, Room::Enough));
    }

    #[test]
    fn the_file_system_of_a_folder_says_how_much_room_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let space = look(folder.path()).unwrap();
        assert!(space.free <= space.all && space.all > 0, "{space:?}");
    }
}

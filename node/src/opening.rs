//! Opening a data directory: the store is read back into a core, and the loop is started.

use std::fs;

use domain::{
    cbor::Encode,
    entry::Entry,
    genesis::Genesis,
    id::{Hash, TenantId, Timestamp},
    key::SecretKey,
    record::Room,
};
use federation::{Core, CoreError, Settings};
use network::{Events, Network};
use store::{Options, Store, StoreError, Write};

use crate::{
    clock,
    directory::DataDirectory,
    driver::{self, HEIGHTS, JOURNAL, ROOMS, Reserve, Running, batch_of},
    failure::{Failure, Outcome},
    keyfile::{self, Role},
};

/// A core read back from its store.
pub struct Restored {
    key: SecretKey,
    core: Core,
    store: Store,
    clean: bool,
    reserve: Option<Reserve>,
}

/// Reads a data directory back.
pub async fn restore(directory: &DataDirectory) -> Outcome<Restored> {
    directory.check_private()?;
    let genesis = directory.genesis()?;
    let federation = genesis.federation();
    let key = directory.key(Role::Node)?;
    let settings = Settings {
        node: key.public(),
        seed: clock::random()?,
    };
    let mut core = Core::new(genesis, settings).map_err(core_failure)?;
    if directory.key_path(Role::Validator).exists() {
        core.validate_with(directory.key(Role::Validator)?);
    }
    let (store, opened) = Store::open(directory.path(), federation, Options::default()).await?;
    let read = read_back(&store, &mut core).await;
    match read.and_then(|()| take_next_key(directory, &mut core)) {
        Ok(()) => Ok(Restored {
            key,
            core,
            store,
            clean: opened.clean,
            reserve: None,
        }),
        Err(failure) => {
            // What was found is said; that the store closes in order is second to it.
            if opened.clean {
                let _ = store.close().await;
            }
            Err(failure)
        }
    }
}

/// A core of its genesis and of entries that somebody vouches for, in the order of storing, over a new store.
///
/// They are taken as if this node had stored them before: the entry with which a member entered by decision
/// would wait for the register otherwise, and nobody lets a node in that does not know yet whose it is.
pub async fn begin(
    directory: &DataDirectory,
    genesis: Genesis,
    key: SecretKey,
    entries: &[Entry],
) -> Outcome<Restored> {
    let (federation, now) = (genesis.federation(), clock::now());
    let settings = Settings {
        node: key.public(),
        seed: clock::random()?,
    };
    let mut core = Core::new(genesis, settings).map_err(core_failure)?;
    let mut writes = Vec::with_capacity(entries.len());
    for entry in entries {
        let bytes = entry.to_bytes();
        let verifier = entry.header.author.verifier();
        let signed = verifier.and_then(|verifier| entry.verify(&federation, &verifier));
        signed.map_err(|error| Failure::refused("an entry is not signed").because(error))?;
        core.restore(&bytes, now).map_err(core_failure)?;
        writes.push(Write::Entry {
            id: entry.id(&federation),
            bytes,
            received: now,
        });
    }
    let (store, opened) = Store::open(directory.path(), federation, Options::default()).await?;
    store.write(writes).await?;
    Ok(Restored {
        key,
        core,
        store,
        clean: opened.clean,
        reserve: None,
    })
}

/// Takes up the validator key that was made to follow, once the register names it. The old one is
/// overwritten: it signs nothing any more.
fn take_next_key(directory: &DataDirectory, core: &mut Core) -> Outcome {
    let path = directory.next_validator_path();
    if !path.exists() {
        return Ok(());
    }
    let key = keyfile::read(&path, Role::Validator)?;
    let members = core.register_chain().map(|chain| chain.order().members());
    let mut named = members.into_iter().flatten();
    if named.any(|(_, member)| member.validator == Some(key.public())) {
        let old = directory.key_path(Role::Validator);
        fs::rename(&path, &old).map_err(|error| {
            Failure::configuration(format!("cannot write {}", old.display())).because(error)
        })?;
        core.validate_with(key);
    }
    Ok(())
}

async fn read_back(store: &Store, core: &mut Core) -> Outcome {
    let mut scan = store.scan(0);
    while let Some(batch) = scan.next().await? {
        for stored in batch {
            core.restore(&stored.bytes, Timestamp(stored.received_ms))
                .map_err(|error| {
                    core_failure(error).hint("folkmoot store check, then folkmoot store rebuild")
                })?;
        }
    }
    for (_, height) in store.local_list(HEIGHTS).await? {
        let damaged = || Failure::damaged("a stored height of the register is cut off");
        let batch = batch_of(&height).ok_or_else(damaged)?;
        core.restore_height(batch).map_err(core_failure)?;
    }
    for (_, record) in store.local_list(JOURNAL).await? {
        core.restore_journal(&record).map_err(core_failure)?;
    }
    for (key, bytes) in store.local_list(ROOMS).await? {
        let damaged = || Failure::damaged("a stored room of a tenant has no name");
        let (tenant, room) = key.split_first_chunk::<16>().ok_or_else(damaged)?;
        let room = room.try_into().map_err(|_| damaged())?;
        core.restore_room(TenantId(*tenant), Room(room), &bytes)
            .map_err(core_failure)?;
    }
    let chunks: Vec<Hash> = core.awaited_chunks().collect();
    let here = store.chunks_existing(&chunks).await?;
    for (hash, here) in chunks.into_iter().zip(here) {
        if here {
            core.restore_chunk(hash);
        }
    }
    Ok(())
}

fn core_failure(error: CoreError) -> Failure {
    let message = error.to_string();
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    let failure = match error {
        CoreError::Stored(_) | CoreError::Bytes(_) | CoreError::Height(_) => {
            Failure::damaged(message)
        }
        CoreError::Charter(_) | CoreError::Requires(_) => Failure::configuration(message),
        CoreError::Rules { .. } => {
            Failure::configuration(message).hint("install that release again, or a later one")
        }
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

    /// Keeps room on the disk for this node's own people.
    pub fn keeping(self, reserve: Reserve) -> Self {
        Self {
            reserve: Some(reserve),
            ..self
        }
    }

    /// Starts the loop, with a network or without.
    pub fn start(self, network: Option<(Network, Events)>, alone: bool) -> Running {
        driver::start(driver::Parts {
            key: self.key,
            core: self.core,
            store: self.store,
            reserve: self.reserve,
            network,
            clean: self.clean,
            alone,
        })
    }

    /// Closes the store without having started; an unclean stop before is not forgotten.
    pub async fn close(self) -> Outcome {
        if self.clean {
            self.store.close().await?;
        }
        Ok(())
    }
}

/// Ends a loop and closes its store in order.
pub async fn close(running: Running) -> Outcome {
    let Running { handle, task, .. } = running;
    handle.stop();
    let ended = task.await;
    // A node that stopped without warning and has not compared its logs since stays one that must:
    // closing marks the store as clean.
    let may_sign = handle.read(Core::is_caught_up);
    let closed = match may_sign {
        true => handle.store().clone().close().await,
        false => Ok(()),
    };
    finish(ended)?;
    Ok(closed?)
}

/// Ends a loop whose node has to compare its logs with others before it signs anything: its store counts
/// as one that was not closed in order.
pub async fn leave(running: Running) -> Outcome {
    let Running { handle, task, .. } = running;
    handle.stop();
    finish(task.await)
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

#[cfg(test)]
mod tests {
    use domain::{
        charter::Charter,
        genesis::Founder,
        id::{FederationId, MemberId},
        key::SecretKey,
    };
    use federation::Act;

    use super::*;
    use crate::founding;

    /// A federation of one member that has a second node, so that there is somebody to ask.
    async fn founded(directory: &DataDirectory) -> SecretKey {
        let root = founding::prepare(directory, "Alpha", &[]).unwrap();
        let founder = Founder {
            root: root.public(),
            name: "Alpha".to_owned(),
            class: "producer".to_owned(),
        };
        let genesis = founding::genesis("Example", vec![founder], &Charter::default()).unwrap();
        founding::write_genesis(directory, &genesis).unwrap();
        let running = restore(directory).await.unwrap().start(None, false);
        let handle = running.handle.clone();
        let other = SecretKey::from_seed(&[7; 32]);
        handle.act(root.clone(), Act::Found).await.unwrap();
        founding::begin_member(directory, &handle, &root)
            .await
            .unwrap();
        let grant = founding::grant_node(&other, &genesis.federation(), &MemberId(root.public().0));
        handle.act(root.clone(), grant).await.unwrap();
        close(running).await.unwrap();
        root
    }

    fn directory() -> (tempfile::TempDir, DataDirectory) {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDirectory::create(folder.path().join("data")).unwrap();
        (folder, directory)
    }

    #[tokio::test]
    async fn what_was_answered_is_there_after_a_restart() {
        let (_folder, directory) = directory();
        founded(&directory).await;
        let restored = restore(&directory).await.unwrap();
        assert!(restored.clean);
        let running = restored.start(None, false);
        let seen = running.handle.read(|core| {
            let view = core.view();
            (view.members.len(), view.keys.len(), core.replica().len())
        });
        assert_eq!(seen, (1, 3, 5));
        close(running).await.unwrap();
    }

    #[tokio::test]
    async fn an_unclean_stop_is_not_forgotten_by_a_command_between() {
        let (_folder, directory) = directory();
        let root = founded(&directory).await;
        // Stopped without warning: opened and never closed.
        drop(restore(&directory).await.unwrap());
        for _ in 0..2 {
            let restored = reopened(&directory).await;
            assert!(!restored.clean);
            let running = restored.start(None, false);
            let delegates = Vec::new();
            let mandate = Act::Mandate { delegates };
            let refused = running.handle.act(root.clone(), mandate).await.unwrap_err();
            assert!(refused.message.contains("--alone"), "{refused}");
            close(running).await.unwrap();
        }
        let running = reopened(&directory).await.start(None, true);
        close(running).await.unwrap();
        assert!(reopened(&directory).await.clean);
    }

    /// Opens a directory whose store may still be on its way to being closed.
    async fn reopened(directory: &DataDirectory) -> Restored {
        loop {
            match restore(directory).await {
                Ok(restored) => return restored,
                Err(failure) => assert!(failure.message.contains("in use"), "{failure}"),
            }
            tokio::task::yield_now().await;
        }
    }

    /// A node whose disk has just turned out to be full, and what it answered to the act that
    /// found out.
    async fn on_a_full_disk(directory: &DataDirectory) -> (Running, SecretKey, Failure) {
        let root = founded(directory).await;
        let member = MemberId(root.public().0);
        let restored = restore(directory).await.unwrap();
        let federation = restored.core.federation();
        let core = restored.core;
        restored.store.close().await.unwrap();
        let options = Options {
            quota_bytes: Some(1),
            ..Options::default()
        };
        let (store, _) = Store::open(directory.path(), federation, options)
            .await
            .unwrap();
        let running = driver::start(driver::Parts {
            key: restored.key,
            core,
            store,
            reserve: None,
            network: None,
            clean: true,
            alone: true,
        });
        for seed in 10..250 {
            let act = grant(seed, &federation, &member);
            let answer = running.handle.act(root.clone(), act).await;
            if let Err(failure) = answer {
                return (running, root, failure);
            }
        }
        panic!("the disk is never full");
    }

    fn grant(seed: u8, federation: &FederationId, member: &MemberId) -> Act {
        founding::grant_node(&SecretKey::from_seed(&[seed; 32]), federation, member)
    }

    #[tokio::test]
    async fn who_meets_a_full_disk_hears_it_at_once_and_later_acts_are_refused() {
        let (_folder, directory) = directory();
        let answered = tokio::time::timeout(
            std::time::Duration::from_secs(20),
            on_a_full_disk(&directory),
        );
        let (running, root, first) = answered.await.expect("nobody waits for room");
        assert!(first.message.contains("kept in memory"), "{first}");
        let handle = running.handle.clone();
        let federation = handle.read(Core::federation);
        let member = MemberId(root.public().0);
        let again = handle.act(root, grant(9, &federation, &member)).await;
        let refused = again.unwrap_err();
        assert!(refused.message.contains("nothing new"), "{refused}");
        assert!(handle.health().trouble().is_some());
        running.task.abort();
    }

    #[tokio::test]
    async fn a_node_with_a_full_disk_stops_and_says_what_is_lost() {
        let (_folder, directory) = directory();
        let (running, ..) = on_a_full_disk(&directory).await;
        let stopped = tokio::time::timeout(std::time::Duration::from_secs(20), close(running));
        let failure = stopped.await.expect("it stops").unwrap_err();
        assert!(failure.message.contains("is lost"), "{failure}");
    }
}

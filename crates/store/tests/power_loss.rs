//! Power lost at any instant: what reached the disk may end anywhere in the write-ahead log.

#![allow(clippy::unwrap_used)]

mod laboratory;

use std::{fs, path::Path};

use laboratory::{Chance, all, directory, entry, id, open};
use store::{Options, Store, StoreError};

/// A disk that keeps what was synced, and of the rest what chance has it.
struct Disk {
    database: Vec<u8>,
    log: Vec<u8>,
    /// After each acknowledged write: how long the log was, how many entries there were.
    acknowledged: Vec<(usize, u64)>,
}

async fn record(path: &Path) -> Disk {
    let store = open(path).await;
    let log = path.join("folkmoot.db-wal");
    let mut chance = Chance(5);
    let mut acknowledged = Vec::new();
    let mut count = 0;
    for _ in 0..40 {
        let more = 1 + chance.below(12);
        store
            .write((count..count + more).map(entry).collect())
            .await
            .unwrap();
        count += more;
        acknowledged.push((log.metadata().unwrap().len() as usize, count));
    }
    let read = |name| fs::read(path.join(name)).unwrap();
    Disk {
        database: read("folkmoot.db"),
        log: read("folkmoot.db-wal"),
        acknowledged,
    }
}

/// Opens what a power loss left. Every write is there whole or not at all, without a gap.
async fn surviving(disk: &Disk, log: &[u8]) -> Result<u64, StoreError> {
    let directory = directory();
    fs::write(directory.path().join("folkmoot.db"), &disk.database).unwrap();
    fs::write(directory.path().join("folkmoot.db-wal"), log).unwrap();
    let (store, opened) =
        Store::open(directory.path(), laboratory::FEDERATION, Options::default()).await?;
    assert!(!opened.clean);
    let stored = all(&store).await;
    for (number, stored) in (0..).zip(&stored) {
        assert_eq!((stored.position, stored.id), (number + 1, id(number)));
    }
    let count = stored.len() as u64;
    let whole = disk.acknowledged.iter().any(|&(_, whole)| whole == count);
    assert!(count == 0 || whole, "{count} entries: half a write");
    store.write(vec![entry(9_999)]).await?;
    store.close().await?;
    Ok(count)
}

#[tokio::test]
async fn what_was_acknowledged_before_the_log_was_cut_is_there() {
    let directory = directory();
    let disk = record(directory.path()).await;
    let mut chance = Chance(11);
    let edges = disk
        .acknowledged
        .iter()
        .flat_map(|&(length, _)| [length - 1, length, length + 1]);
    let anywhere = (0..60).map(|_| chance.below(disk.log.len() as u64) as usize);
    let cuts: Vec<_> = edges
        .chain(anywhere)
        .map(|cut| cut.min(disk.log.len()))
        .collect();
    for cut in cuts {
        let synced = disk
            .acknowledged
            .iter()
            .rev()
            .find(|&&(length, _)| length <= cut);
        let expected = synced.map_or(0, |&(_, count)| count);
        assert_eq!(
            surviving(&disk, &disk.log[..cut]).await.unwrap(),
            expected,
            "cut at {cut}"
        );
    }
}

#[tokio::test]
async fn a_torn_last_write_costs_no_other() {
    let directory = directory();
    let disk = record(directory.path()).await;
    let mut chance = Chance(13);
    for _ in 0..60 {
        let last = 1 + chance.below(disk.acknowledged.len() as u64 - 1) as usize;
        let (synced, expected) = disk.acknowledged[last - 1];
        let (end, _) = disk.acknowledged[last];
        // Of the write under way some sectors reached the disk, others hold zeros or old content.
        let mut log = disk.log[..end].to_vec();
        let sectors: Vec<_> = (synced..end).step_by(512).collect();
        for &sector in &sectors {
            let length = 512.min(end - sector);
            if chance.below(3) == 0 {
                log[sector..sector + length].fill(if chance.below(2) == 0 { 0 } else { 0x6b });
            }
        }
        let lost = sectors[chance.below(sectors.len() as u64) as usize];
        log[lost] ^= 1;
        assert_eq!(
            surviving(&disk, &log).await.unwrap(),
            expected,
            "write {last}"
        );
    }
}

#[tokio::test]
async fn a_checkpoint_cut_short_loses_nothing() {
    let directory = directory();
    let disk = record(directory.path()).await;
    let all = disk.acknowledged.last().unwrap().1;
    let copied = laboratory::directory();
    laboratory::copy(directory.path(), copied.path());
    open(copied.path()).await.close().await.unwrap();
    let after = fs::read(copied.path().join("folkmoot.db")).unwrap();
    let mut chance = Chance(17);
    for _ in 0..30 {
        // Any pages of the database may have been written, wholly or in part.
        let mut database = disk.database.clone();
        for page in 0..after.len() / 4_096 {
            let part = [0, 512, 4_096][chance.below(3) as usize];
            let range = page * 4_096..page * 4_096 + part;
            if part > 0 && page > 0 {
                database.resize(database.len().max(range.end), 0);
                database[range.clone()].copy_from_slice(&after[range]);
            }
        }
        let disk = Disk {
            database,
            log: disk.log.clone(),
            acknowledged: disk.acknowledged.clone(),
        };
        assert_eq!(surviving(&disk, &disk.log).await.unwrap(), all);
    }
}

#[tokio::test]
async fn two_power_losses_in_a_row_are_no_damage() {
    let directory = directory();
    let disk = record(directory.path()).await;
    let (end, count) = disk.acknowledged[38];
    // The first loss tears the last write, a large one, at its start.
    let crashed = laboratory::directory();
    let mut log = disk.log.clone();
    log[end + 100] ^= 1;
    fs::write(crashed.path().join("folkmoot.db"), &disk.database).unwrap();
    fs::write(crashed.path().join("folkmoot.db-wal"), &log).unwrap();
    let store = open(crashed.path()).await;
    store.write(vec![entry(count)]).await.unwrap();
    // The second tears what was written then; behind it lies the rest of the first.
    let read = |name| fs::read(crashed.path().join(name)).unwrap();
    let (database, mut log) = (read("folkmoot.db"), read("folkmoot.db-wal"));
    assert!(
        log.len() > end + 4 * 4_120,
        "something of the first is left"
    );
    log[end + 100] ^= 1;
    let disk = Disk { database, ..disk };
    assert_eq!(surviving(&disk, &log).await.unwrap(), count);
}

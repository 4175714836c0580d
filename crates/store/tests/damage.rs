//! Files that are no store, of a later release, or damaged; and making a sound store of them.

#![allow(clippy::unwrap_used)]

mod laboratory;

use std::{fs, path::Path};

use domain::id::{FederationId, Hash};
use laboratory::{
    FEDERATION, all, bytes, database, directory, entry, flip, flip_first, id, open, sized_entry,
};
use store::{Options, Report, Store, StoreError, Stored, Write};

async fn refused(path: &Path) -> StoreError {
    Store::open(path, FEDERATION, Options::default())
        .await
        .map(drop)
        .unwrap_err()
}

async fn rebuild(path: &Path) -> Report {
    Store::rebuild(path, FEDERATION, |_, _, _| Ok(()), |_| ())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_with_what_to_do() {
    let contents: [&[u8]; 4] = [
        b"",
        b"short",
        &[0x5a; 9_000],
        b"SQLite format 3\0 and nothing",
    ];
    for content in contents {
        let directory = directory();
        fs::write(database(directory.path()), content).unwrap();
        let error = refused(directory.path()).await;
        assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
        assert!(
            error.to_string().contains("folkmoot store rebuild"),
            "{error}"
        );
        assert_eq!(
            fs::read(database(directory.path())).unwrap(),
            content,
            "left as it was"
        );
    }
}

#[tokio::test]
async fn a_store_of_a_later_release_is_refused_and_left_alone() {
    let directory = directory();
    open(directory.path()).await.close().await.unwrap();
    let mut file = fs::read(database(directory.path())).unwrap();
    file[60..64].copy_from_slice(&99u32.to_be_bytes());
    fs::write(database(directory.path()), &file).unwrap();
    let error = refused(directory.path()).await;
    assert!(
        matches!(error, StoreError::Newer { found: 99, .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("update folkmoot"), "{error}");
    let error = Store::rebuild(directory.path(), FEDERATION, |_, _, _| Ok(()), |_| ()).await;
    assert!(matches!(error, Err(StoreError::Newer { .. })), "{error:?}");
    assert_eq!(fs::read(database(directory.path())).unwrap(), file);
}

#[tokio::test]
async fn a_rebuilt_store_is_opened_as_after_an_unclean_shutdown() {
    let directory = directory();
    open(directory.path()).await.close().await.unwrap();
    rebuild(directory.path()).await;
    let (_store, opened) = Store::open(directory.path(), FEDERATION, Options::default())
        .await
        .unwrap();
    assert!(!opened.clean);
}

/// A store with entries small and large, chunks and local values, and a gap; the entries.
async fn varied(path: &Path) -> Vec<Stored> {
    let store = open(path).await;
    store.write((0..2_000).map(entry).collect()).await.unwrap();
    store
        .write(
            (2_000..2_040)
                .map(|number| sized_entry(number, 60_000))
                .collect(),
        )
        .await
        .unwrap();
    store
        .write(
            (500..600)
                .map(|number| Write::Remove { id: id(number) })
                .collect(),
        )
        .await
        .unwrap();
    // The highest position in use is not the last that was.
    let mut writes = vec![
        Write::Remove { id: id(2_039) },
        Write::Replace {
            id: id(3),
            bytes: b"forgotten".to_vec(),
        },
    ];
    for number in 0..30 {
        let (hash, length) = (Hash(id(number).0), 1_000 * number as usize);
        writes.push(Write::Chunk {
            hash,
            bytes: bytes(number, length),
        });
        let key = number.to_be_bytes().to_vec();
        writes.push(Write::Local {
            area: "keys",
            key,
            value: Some(bytes(number, 40)),
        });
    }
    store.write(writes).await.unwrap();
    let stored = all(&store).await;
    store.close().await.unwrap();
    stored
}

#[tokio::test]
async fn rebuilding_a_sound_store_changes_nothing() {
    let directory = directory();
    let before = varied(directory.path()).await;
    let report = rebuild(directory.path()).await;
    assert!(report.is_sound());
    assert_eq!(
        (report.entries, report.chunks, report.local),
        (1_939, 30, 30)
    );
    let kept = report.damaged.unwrap();
    assert_eq!(kept, directory.path().join("folkmoot.db.damaged-1"));
    let store = open(directory.path()).await;
    assert_eq!(all(&store).await, before);
    assert_eq!(
        store.chunk(&Hash(id(29).0)).await.unwrap(),
        Some(bytes(29, 29_000))
    );
    assert_eq!(store.local_list("keys").await.unwrap().len(), 30);
    assert!(
        store
            .check(|_, _, _| Ok(()), |_| ())
            .await
            .unwrap()
            .is_sound()
    );
    store.write(vec![entry(5_000)]).await.unwrap();
    assert_eq!(all(&store).await.last().unwrap().position, 2_041);
}

#[tokio::test]
async fn a_rebuild_keeps_every_entry_outside_the_damage() {
    let directory = directory();
    let before = varied(directory.path()).await;
    let path = database(directory.path());
    let mut chance = laboratory::Chance(3);
    for round in 0..6 {
        let harmed = laboratory::directory();
        let mut file = fs::read(&path).unwrap();
        // The header and the roots of all trees, and pages anywhere.
        let anywhere = chance.below(file.len() as u64 / 4_096) as usize;
        let lost: Vec<usize> = if round == 0 {
            (0..10).collect()
        } else {
            vec![anywhere]
        };
        for page in &lost {
            file[page * 4_096..][..4_096].fill(0xa5);
        }
        fs::write(database(harmed.path()), &file).unwrap();
        rebuild(harmed.path()).await;
        let store = open(harmed.path()).await;
        let after = all(&store).await;
        assert!(
            after.iter().all(|stored| before.contains(stored)),
            "nothing made up"
        );
        let missing = before.len() - after.len();
        assert!(
            missing <= 11 * lost.len(),
            "{missing} entries missing with pages {lost:?}"
        );
        assert!(
            store
                .check(|_, _, _| Ok(()), |_| ())
                .await
                .unwrap()
                .is_sound()
        );
    }
}

#[tokio::test]
async fn a_rebuild_leaves_out_what_the_caller_does_not_accept() {
    let directory = directory();
    let before = varied(directory.path()).await;
    let mut seen = Vec::new();
    let verify = |position, found: domain::id::EntryId, _: &[u8]| {
        seen.push(position);
        if found == id(77) {
            Err("its signature is wrong".to_owned())
        } else {
            Ok(())
        }
    };
    let report = Store::rebuild(directory.path(), FEDERATION, verify, |_| ())
        .await
        .unwrap();
    assert!(seen.is_sorted());
    assert_eq!((report.entries, report.faults), (1_938, 1));
    assert_eq!(report.first_faults[0].entry, Some((78, id(77))));
    let mut expected = before;
    expected.retain(|stored| stored.id != id(77));
    assert_eq!(all(&open(directory.path()).await).await, expected);
}

#[tokio::test]
async fn a_check_names_pages_that_cannot_be_read() {
    let directory = directory();
    varied(directory.path()).await;
    let path = database(directory.path());
    let mut file = fs::read(&path).unwrap();
    let middle = file.len() / 4_096 / 4 * 4_096;
    file[middle..middle + 4_096].fill(0xa5);
    fs::write(&path, file).unwrap();
    let store = open(directory.path()).await;
    let report = store.check(|_, _, _| Ok(()), |_| ()).await.unwrap();
    assert!(!report.is_sound());
}

/// What a crash leaves of thirty writes, all of them still in the log.
async fn thirty_writes() -> tempfile::TempDir {
    let directory = directory();
    let store = open(directory.path()).await;
    for number in 0..30 {
        store.write(vec![entry(number)]).await.unwrap();
    }
    let crashed = laboratory::directory();
    laboratory::copy(directory.path(), crashed.path());
    crashed
}

#[tokio::test]
async fn acknowledged_writes_behind_a_flipped_bit_of_the_log_are_not_lost() {
    let crashed = thirty_writes().await;
    flip_first(&crashed.path().join("folkmoot.db-wal"), &bytes(10, 300));
    let error = refused(crashed.path()).await;
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    assert_eq!(rebuild(crashed.path()).await.entries, 30);
    assert!(crashed.path().join("folkmoot.db.damaged-1-wal").exists());
    let store = open(crashed.path()).await;
    assert_eq!(laboratory::present(&store, 30).await.len(), 30);
}

#[tokio::test]
async fn of_a_page_damaged_in_every_copy_all_other_entries_are_kept() {
    let crashed = thirty_writes().await;
    assert!(flip(&crashed.path().join("folkmoot.db-wal"), &bytes(10, 300)) > 1);
    assert!(matches!(
        refused(crashed.path()).await,
        StoreError::Damaged { .. }
    ));
    assert_eq!(rebuild(crashed.path()).await.entries, 29);
    let present = laboratory::present(&open(crashed.path()).await, 30).await;
    assert_eq!(
        present,
        (0..30).filter(|&number| number != 10).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn acknowledged_writes_behind_a_damaged_head_of_the_log_are_not_lost() {
    for at in [0, 9, 17, 30] {
        let crashed = thirty_writes().await;
        let path = crashed.path().join("folkmoot.db-wal");
        let mut log = fs::read(&path).unwrap();
        log[at] ^= 4;
        fs::write(&path, log).unwrap();
        assert!(
            matches!(refused(crashed.path()).await, StoreError::Damaged { .. }),
            "byte {at}"
        );
        assert_eq!(rebuild(crashed.path()).await.entries, 30, "byte {at}");
    }
}

#[tokio::test]
async fn a_rebuild_is_refused_for_another_federation_and_while_in_use() {
    let directory = directory();
    let store = open(directory.path()).await;
    let other = FederationId([9; 32]);
    let attempt = async |federation| {
        Store::rebuild(directory.path(), federation, |_, _, _| Ok(()), |_| ())
            .await
            .unwrap_err()
    };
    assert!(matches!(
        attempt(FEDERATION).await,
        StoreError::InUse { .. }
    ));
    store.close().await.unwrap();
    assert!(matches!(
        attempt(other).await,
        StoreError::OtherFederation { .. }
    ));
    open(directory.path()).await;
}

#[tokio::test]
async fn a_rebuild_interrupted_at_its_end_is_finished_by_the_next_opening() {
    let directory = directory();
    let before = varied(directory.path()).await;
    let rebuilt = laboratory::directory();
    laboratory::copy(directory.path(), rebuilt.path());
    rebuild(rebuilt.path()).await;
    let path = directory.path();
    fs::copy(database(rebuilt.path()), path.join("folkmoot.db.rebuilt")).unwrap();
    // The crash came after the damaged file had its second name, before its log had.
    fs::hard_link(database(path), path.join("folkmoot.db.damaged-1")).unwrap();
    fs::write(path.join("folkmoot.db-wal"), b"the damaged file's log").unwrap();
    let store = open(path).await;
    assert_eq!(all(&store).await, before);
    assert!(path.join("folkmoot.db.damaged-1-wal").exists());
    assert!(!path.join("folkmoot.db.damaged-2").exists());
    assert!(!path.join("folkmoot.db.rebuilt").exists());
}

#[tokio::test]
async fn a_log_without_its_database_is_not_written_into_a_new_one() {
    let crashed = thirty_writes().await;
    fs::remove_file(database(crashed.path())).unwrap();
    assert!(matches!(
        refused(crashed.path()).await,
        StoreError::Damaged { .. }
    ));
    assert_eq!(rebuild(crashed.path()).await.entries, 30);
    let store = open(crashed.path()).await;
    assert_eq!(laboratory::present(&store, 30).await.len(), 30);
    assert!(
        store
            .check(|_, _, _| Ok(()), |_| ())
            .await
            .unwrap()
            .is_sound()
    );
}

#[tokio::test]
async fn where_there_is_no_store_nothing_is_rebuilt() {
    let directory = directory();
    let error = Store::rebuild(directory.path(), FEDERATION, |_, _, _| Ok(()), |_| ()).await;
    assert!(
        matches!(error, Err(StoreError::Nothing { .. })),
        "{error:?}"
    );
    assert!(!database(directory.path()).exists());
}

#[tokio::test]
async fn what_an_interrupted_rebuild_left_does_not_stop_the_next() {
    let directory = directory();
    let before = varied(directory.path()).await;
    for name in ["folkmoot.db.unfinished", "folkmoot.db.unfinished-journal"] {
        fs::write(directory.path().join(name), [0x77; 5_000]).unwrap();
    }
    assert_eq!(rebuild(directory.path()).await.entries, before.len() as u64);
    assert_eq!(all(&open(directory.path()).await).await, before);
}

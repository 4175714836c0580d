//! A full disk, and the room coming back, without a restart.

#![allow(clippy::unwrap_used)]

mod laboratory;

use laboratory::{all, directory, entry, id, open, present, sized_entry};
use store::{Options, Store, StoreError, Write};

const QUOTA_BYTES: u64 = 512 << 10;

async fn small(path: &std::path::Path) -> Store {
    let options = Options {
        quota_bytes: Some(QUOTA_BYTES),
        ..Options::default()
    };
    Store::open(path, laboratory::FEDERATION, options)
        .await
        .unwrap()
        .0
}

/// Writes until the store is full; the numbers of the entries stored.
async fn fill(store: &Store) -> Vec<u64> {
    let mut stored = Vec::new();
    for number in (0..1_000).step_by(2) {
        let writes = vec![sized_entry(number, 8_000), sized_entry(number + 1, 8_000)];
        match store.write(writes).await {
            Ok(()) => stored.extend([number, number + 1]),
            Err(StoreError::Full { .. }) => return stored,
            Err(other) => panic!("{other:?}"),
        }
    }
    panic!("the quota does not hold");
}

#[tokio::test]
async fn a_full_disk_stores_all_of_a_write_or_nothing() {
    let directory = directory();
    let store = small(directory.path()).await;
    let stored = fill(&store).await;
    assert!(stored.len() > 20, "{} entries", stored.len());
    assert_eq!(present(&store, 1_000).await, stored);
    store.close().await.unwrap();
    assert!(
        laboratory::database(directory.path())
            .metadata()
            .unwrap()
            .len()
            <= QUOTA_BYTES
    );
    assert_eq!(present(&open(directory.path()).await, 1_000).await, stored);
}

#[tokio::test]
async fn writes_succeed_again_when_there_is_room() {
    let directory = directory();
    let store = small(directory.path()).await;
    let stored = fill(&store).await;
    let removals = stored
        .iter()
        .take(10)
        .map(|&number| Write::Remove { id: id(number) })
        .collect();
    store.write(removals).await.unwrap();
    store.write(vec![sized_entry(5_000, 8_000)]).await.unwrap();
    let last = all(&store).await.pop().unwrap();
    assert_eq!(
        (last.id, last.position),
        (id(5_000), stored.len() as u64 + 1)
    );
}

#[tokio::test]
async fn a_write_that_finds_no_room_does_not_take_others_with_it() {
    let directory = directory();
    let store = small(directory.path()).await;
    store.write((0..10).map(entry).collect()).await.unwrap();
    let large = (100..300)
        .map(|number| sized_entry(number, 8_000))
        .collect();
    let (large, small, removal) = tokio::join!(
        store.write(large),
        store.write(vec![entry(50)]),
        store.write(vec![Write::Remove { id: id(3) }]),
    );
    assert!(matches!(large, Err(StoreError::Full { .. })), "{large:?}");
    small.unwrap();
    removal.unwrap();
    assert_eq!(present(&store, 300).await, [0, 1, 2, 4, 5, 6, 7, 8, 9, 50]);
}

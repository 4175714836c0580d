//! What is written is what is read, in the order it was stored.

#![allow(clippy::unwrap_used)]

mod laboratory;

use std::os::unix::fs::PermissionsExt;

use domain::id::{FederationId, Hash, Timestamp};
use laboratory::{all, bytes, directory, entry, id, open, present, sized_entry};
use store::{Opened, Options, Store, StoreError, VALUE_BYTES_MAX, Write};

#[tokio::test]
async fn entries_come_back_in_the_order_they_were_stored() {
    let directory = directory();
    let store = open(directory.path()).await;
    for start in (0..600).step_by(73) {
        store
            .write((start..start + 73).map(entry).collect())
            .await
            .unwrap();
    }
    let stored = all(&store).await;
    assert_eq!(stored.len(), 657);
    for (number, stored) in (0..).zip(&stored) {
        assert_eq!(stored.position, number + 1);
        assert_eq!(
            (stored.id, &stored.bytes),
            (id(number), &bytes(number, 300))
        );
        assert_eq!(stored.received_ms, 1_000 + number);
    }
    let mut scan = store.scan(650);
    assert_eq!(scan.next().await.unwrap().unwrap(), stored[649..]);
    assert_eq!(scan.next().await.unwrap(), None);
    let read = store
        .entries(&[id(3), id(9_999), id(1), id(3)])
        .await
        .unwrap();
    let three = Some(bytes(3, 300));
    assert_eq!(read, [three.clone(), None, Some(bytes(1, 300)), three]);
    assert_eq!(present(&store, 700).await.len(), 657);
}

#[tokio::test]
async fn a_scan_takes_large_entries_in_small_batches() {
    let directory = directory();
    let store = open(directory.path()).await;
    store
        .write((0..64).map(|number| sized_entry(number, 65_536)).collect())
        .await
        .unwrap();
    let mut scan = store.scan(1);
    let mut count = 0;
    while let Some(batch) = scan.next().await.unwrap() {
        assert!(batch.len() <= 16, "{} entries at once", batch.len());
        count += batch.len();
    }
    assert_eq!(count, 64);
}

#[tokio::test]
async fn an_entry_already_stored_keeps_its_place_and_bytes() {
    let directory = directory();
    let store = open(directory.path()).await;
    store.write(vec![entry(1), entry(2)]).await.unwrap();
    let again = Write::Entry {
        id: id(1),
        bytes: vec![9],
        received: Timestamp(5),
    };
    let first = Write::Entry {
        id: id(3),
        bytes: vec![3],
        received: Timestamp(5),
    };
    let second = Write::Entry {
        id: id(3),
        bytes: vec![4],
        received: Timestamp(5),
    };
    store
        .write(vec![again, first, second, entry(4)])
        .await
        .unwrap();
    let stored = all(&store).await;
    let positions: Vec<_> = stored
        .iter()
        .map(|stored| (stored.position, stored.id))
        .collect();
    assert_eq!(positions, [(1, id(1)), (2, id(2)), (3, id(3)), (4, id(4))]);
    assert_eq!(stored[0].bytes, bytes(1, 300));
    assert_eq!(stored[2].bytes, [3]);
}

#[tokio::test]
async fn a_replacement_keeps_the_position_and_overwrites_the_old_bytes() {
    let directory = directory();
    let store = open(directory.path()).await;
    let secret = b"what must be forgotten, all of it, everywhere";
    let old = Write::Entry {
        id: id(2),
        bytes: secret.to_vec(),
        received: Timestamp(7),
    };
    store.write(vec![entry(1), old, entry(3)]).await.unwrap();
    let new = Write::Replace {
        id: id(2),
        bytes: b"header".to_vec(),
    };
    store.write(vec![new]).await.unwrap();
    let stored = all(&store).await;
    assert_eq!((stored[1].position, stored[1].received_ms), (2, 7));
    assert_eq!(stored[1].bytes, b"header");
    store.close().await.unwrap();
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let file = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!file.windows(secret.len()).any(|window| window == secret));
    }
}

#[tokio::test]
async fn replacing_what_is_not_stored_is_refused_and_stores_nothing() {
    let directory = directory();
    let store = open(directory.path()).await;
    let replace = Write::Replace {
        id: id(2),
        bytes: vec![1],
    };
    let error = store.write(vec![entry(1), replace]).await.unwrap_err();
    assert!(
        matches!(error, StoreError::UnknownEntry { id: found } if found == id(2)),
        "{error:?}"
    );
    assert_eq!(all(&store).await, []);
    store.write(vec![entry(5)]).await.unwrap();
    assert_eq!(all(&store).await[0].position, 1);
}

#[tokio::test]
async fn positions_are_never_used_again() {
    let directory = directory();
    let store = open(directory.path()).await;
    store.write((0..5).map(entry).collect()).await.unwrap();
    store
        .write(vec![
            Write::Remove { id: id(4) },
            Write::Remove { id: id(3) },
        ])
        .await
        .unwrap();
    store.close().await.unwrap();
    let store = open(directory.path()).await;
    store
        .write(vec![entry(4), Write::Remove { id: id(4) }, entry(6)])
        .await
        .unwrap();
    let positions: Vec<_> = all(&store)
        .await
        .iter()
        .map(|stored| stored.position)
        .collect();
    assert_eq!(positions, [1, 2, 3, 7]);
}

#[tokio::test]
async fn chunks_are_kept_by_hash() {
    let directory = directory();
    let store = open(directory.path()).await;
    let (one, two) = (Hash([1; 32]), Hash([2; 32]));
    let chunk = |hash, length| Write::Chunk {
        hash,
        bytes: bytes(0, length),
    };
    store
        .write(vec![chunk(one, 65_536), chunk(two, 10), chunk(one, 5)])
        .await
        .unwrap();
    assert_eq!(store.chunk(&one).await.unwrap(), Some(bytes(0, 65_536)));
    store
        .write(vec![Write::RemoveChunk { hash: two }])
        .await
        .unwrap();
    assert_eq!(store.chunk(&two).await.unwrap(), None);
    assert_eq!(
        store.chunks_existing(&[two, one]).await.unwrap(),
        [false, true]
    );
    assert_eq!(store.size().await.unwrap().chunks, 1);
}

#[tokio::test]
async fn local_values_are_set_listed_and_deleted_by_area() {
    let directory = directory();
    let store = open(directory.path()).await;
    let set = |area, key: &str, value: Option<&str>| Write::Local {
        area,
        key: key.into(),
        value: value.map(Into::into),
    };
    let writes = vec![
        set("keys", "b", Some("1")),
        set("keys", "a", Some("2")),
        set("mail", "a", Some("3")),
        set("keys", "b", Some("4")),
        set("mail", "c", Some("5")),
        set("mail", "c", None),
    ];
    store.write(writes).await.unwrap();
    assert_eq!(
        store.local_get("keys", b"b").await.unwrap(),
        Some(b"4".to_vec())
    );
    assert_eq!(store.local_get("mail", b"c").await.unwrap(), None);
    let keys = store.local_list("keys").await.unwrap();
    assert_eq!(
        keys,
        [
            (b"a".to_vec(), b"2".to_vec()),
            (b"b".to_vec(), b"4".to_vec())
        ]
    );
    store
        .write(vec![set("keys", "a", None), set("keys", "a", None)])
        .await
        .unwrap();
    assert_eq!(store.local_list("keys").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_value_over_the_limit_is_refused() {
    let directory = directory();
    let store = open(directory.path()).await;
    let error = store
        .write(vec![sized_entry(1, VALUE_BYTES_MAX + 1)])
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error:?}");
    store
        .write(vec![sized_entry(2, VALUE_BYTES_MAX)])
        .await
        .unwrap();
}

#[tokio::test]
async fn opening_says_what_it_found() {
    let directory = directory();
    let path = directory.path().join("deeper/data");
    let opened = async || {
        Store::open(&path, laboratory::FEDERATION, Options::default())
            .await
            .unwrap()
    };
    let (store, first) = opened().await;
    assert_eq!(
        first,
        Opened {
            new: true,
            clean: true,
            schema_version: store::known_version()
        }
    );
    store.close().await.unwrap();
    let (store, second) = opened().await;
    assert_eq!((second.new, second.clean), (false, true));
    store.write(vec![entry(1)]).await.unwrap();
    let crashed = directory.path().join("crashed");
    laboratory::copy(&path, &crashed);
    let third = Store::open(&crashed, laboratory::FEDERATION, Options::default())
        .await
        .unwrap();
    assert_eq!((third.1.new, third.1.clean), (false, false));
    assert_eq!(all(&third.0).await.len(), 1);
}

#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    let directory = directory();
    let path = directory.path().join("data");
    let store = open(&path).await;
    store.write(vec![entry(1)]).await.unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    let files: Vec<_> = std::fs::read_dir(&path)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_closed_store_says_so_to_every_clone() {
    let directory = directory();
    let store = open(directory.path()).await;
    let clone = store.clone();
    store.close().await.unwrap();
    let closed = |error| matches!(error, StoreError::Closed);
    assert!(closed(clone.write(vec![entry(1)]).await.unwrap_err()));
    assert!(closed(clone.entries(&[id(1)]).await.unwrap_err()));
    assert!(closed(clone.close().await.unwrap_err()));
}

#[tokio::test]
async fn a_directory_of_another_federation_is_refused() {
    let directory = directory();
    open(directory.path()).await.close().await.unwrap();
    let other = FederationId([2; 32]);
    let error = Store::open(directory.path(), other, Options::default())
        .await
        .unwrap_err();
    let StoreError::OtherFederation { found, expected } = error else {
        panic!("{error:?}")
    };
    assert_eq!((found, expected), (laboratory::FEDERATION, other));
    let (_, opened) = Store::open(directory.path(), laboratory::FEDERATION, Options::default())
        .await
        .unwrap();
    assert!(opened.clean, "the refused opening left no mark");
}

#[tokio::test]
async fn everything_runs_in_a_task_of_its_own() {
    let directory = directory();
    let path = directory.path().to_path_buf();
    let task = tokio::spawn(async move {
        let store = open(&path).await;
        store.write(vec![entry(1)]).await.unwrap();
        let (_, _) = (
            store.chunk(&Hash([0; 32])).await,
            store.local_list("keys").await,
        );
        store.check(|_, _, _| Ok(()), |_| ()).await.unwrap();
        store.close().await.unwrap();
        let federation = laboratory::FEDERATION;
        Store::rebuild(&path, federation, |_, _, _| Ok(()), |_| ())
            .await
            .unwrap()
    });
    assert_eq!(task.await.unwrap().entries, 1);
}

//! One bit changed by itself: noticed, never served.

#![allow(clippy::unwrap_used)]

mod laboratory;

use domain::id::Hash;
use laboratory::{all, bytes, database, directory, entry, flip, id, open};
use store::{Report, StoreError, Write};

async fn check(store: &store::Store) -> Report {
    store.check(|_, _, _| Ok(()), |_| ()).await.unwrap()
}

#[tokio::test]
async fn a_flipped_bit_of_an_entry_is_noticed_and_not_served() {
    let directory = directory();
    let store = open(directory.path()).await;
    store.write((0..20).map(entry).collect()).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(flip(&database(directory.path()), &bytes(7, 300)), 1);

    let store = open(directory.path()).await;
    let error = store.entries(&[id(6), id(7)]).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { id: found, position: 8 } if found == id(7)));
    assert!(error.to_string().contains(&id(7).to_string()), "{error}");
    assert_eq!(
        store.entries(&[id(6)]).await.unwrap(),
        [Some(bytes(6, 300))]
    );

    let mut scan = store.scan(0);
    assert_eq!(scan.next().await.unwrap().unwrap().len(), 7);
    assert!(matches!(
        scan.next().await,
        Err(StoreError::Corrupt { position: 8, .. })
    ));
    assert_eq!(scan.next().await.unwrap().unwrap().len(), 12);
    assert_eq!(scan.next().await.unwrap(), None);

    let report = check(&store).await;
    assert_eq!((report.entries, report.faults), (19, 1));
    assert_eq!(report.first_faults[0].entry, Some((8, id(7))));

    // The entry fetched again from a peer takes the place of the damaged one.
    let Write::Entry { id, bytes, .. } = entry(7) else {
        unreachable!()
    };
    store
        .write(vec![Write::Replace { id, bytes }])
        .await
        .unwrap();
    assert!(check(&store).await.is_sound());
    assert_eq!(all(&store).await.len(), 20);
}

#[tokio::test]
async fn a_flipped_bit_of_an_id_is_noticed_by_a_check() {
    let directory = directory();
    let store = open(directory.path()).await;
    store.write((0..20).map(entry).collect()).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(
        flip(&database(directory.path()), &id(7).0),
        2,
        "in the table and in its index"
    );
    let store = open(directory.path()).await;
    assert_eq!(
        store.entries(&[id(7)]).await.unwrap(),
        [None],
        "never as another entry"
    );
    assert!(!check(&store).await.is_sound());
}

#[tokio::test]
async fn damage_to_an_index_alone_is_noticed_by_a_check() {
    let directory = directory();
    let store = open(directory.path()).await;
    store.write((0..20).map(entry).collect()).await.unwrap();
    store.close().await.unwrap();
    let path = database(directory.path());
    let sound = std::fs::read(&path).unwrap();
    let name = id(7).0;
    let places = (0..sound.len() - 32).filter(|&at| sound[at..at + 32] == name);
    let mut whole = Vec::new();
    for at in places {
        let mut file = sound.clone();
        file[at + 16] ^= 0x10;
        std::fs::write(&path, file).unwrap();
        let store = open(directory.path()).await;
        let report = check(&store).await;
        assert!(!report.is_sound());
        whole.push(report.entries);
        store.close().await.unwrap();
    }
    whole.sort();
    assert_eq!(whole, [19, 20], "once a row is harmed, once only its index");
}

#[tokio::test]
async fn flipped_bits_of_chunks_and_local_values_are_noticed_and_not_served() {
    let directory = directory();
    let store = open(directory.path()).await;
    let hash = Hash([3; 32]);
    let writes = vec![
        Write::Chunk {
            hash,
            bytes: bytes(1, 500),
        },
        Write::Local {
            area: "keys",
            key: vec![1],
            value: Some(bytes(2, 500)),
        },
        entry(3),
    ];
    store.write(writes).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(flip(&database(directory.path()), &bytes(1, 500)), 1);
    assert_eq!(flip(&database(directory.path()), &bytes(2, 500)), 1);
    let store = open(directory.path()).await;
    let error = store.chunk(&hash).await.unwrap_err();
    assert!(
        matches!(error, StoreError::CorruptChunk { hash: found } if found == hash),
        "{error:?}"
    );
    let error = store.local_get("keys", &[1]).await.unwrap_err();
    assert!(
        matches!(error, StoreError::CorruptLocal { .. }),
        "{error:?}"
    );
    assert!(store.local_list("keys").await.is_err());
    let report = check(&store).await;
    assert_eq!(
        (report.entries, report.chunks, report.local, report.faults),
        (1, 0, 0, 2)
    );
}

#[tokio::test]
async fn every_flipped_bit_of_the_file_is_noticed_or_harmless() {
    let directory = directory();
    let store = open(directory.path()).await;
    store.write((0..40).map(entry).collect()).await.unwrap();
    let expected = all(&store).await;
    store.close().await.unwrap();
    let sound = std::fs::read(database(directory.path())).unwrap();
    let mut chance = laboratory::Chance(1);
    for _ in 0..150 {
        let harmed = laboratory::directory();
        let mut file = sound.clone();
        let (at, bit) = (chance.below(file.len() as u64) as usize, chance.below(8));
        file[at] ^= 1 << bit;
        std::fs::write(database(harmed.path()), file).unwrap();
        let options = store::Options::default();
        let opened = store::Store::open(harmed.path(), laboratory::FEDERATION, options).await;
        let Ok((store, _)) = opened else { continue };
        for expected in &expected {
            if let Ok(read) = store.entries(&[expected.id]).await {
                let served = read[0].as_ref();
                assert!(
                    served.is_none_or(|read| *read == expected.bytes),
                    "byte {at} bit {bit}"
                );
            }
        }
    }
}

//! Many writers at once share transactions; each hears of its own write.

#![allow(clippy::unwrap_used)]

mod laboratory;

use std::collections::BTreeSet;

use laboratory::{all, directory, entry, id, open};
use store::{StoreError, Write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_many_writers_is_answered_for_its_own_write() {
    let directory = directory();
    let store = open(directory.path()).await;
    let writers: Vec<_> = (0..40u64)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for round in 0..25 {
                    let number = writer * 1_000 + round;
                    if round == 7 {
                        let bad = Write::Replace {
                            id: id(999_999),
                            bytes: vec![],
                        };
                        let error = store.write(vec![entry(number), bad]).await.unwrap_err();
                        assert!(
                            matches!(error, StoreError::UnknownEntry { .. }),
                            "{error:?}"
                        );
                        continue;
                    }
                    store
                        .write(vec![entry(number), entry(writer)])
                        .await
                        .unwrap();
                    let read = store.entries(&[id(number)]).await.unwrap();
                    assert!(read[0].is_some(), "answered, so stored");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let expected: BTreeSet<_> = (0..40u64)
        .flat_map(|writer| {
            let rounds = (0..25).filter(|&round| round != 7);
            rounds
                .map(move |round| writer * 1_000 + round)
                .chain([writer])
        })
        .map(id)
        .collect();
    let stored = all(&store).await;
    assert_eq!(
        stored
            .iter()
            .map(|stored| stored.id)
            .collect::<BTreeSet<_>>(),
        expected
    );
    let positions: Vec<_> = stored.iter().map(|stored| stored.position).collect();
    assert_eq!(
        positions,
        (1..=expected.len() as u64).collect::<Vec<_>>(),
        "dense"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_copied_into_the_database_while_readers_come_and_go() {
    let directory = directory();
    let store = open(directory.path()).await;
    let reader = store.clone();
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let reading = tokio::spawn(async move {
        while stopped.try_recv().is_err() {
            let mut scan = reader.scan(0);
            while scan.next().await.unwrap().is_some() {}
        }
    });
    for start in (0..60_000).step_by(500) {
        store
            .write((start..start + 500).map(entry).collect())
            .await
            .unwrap();
    }
    let log_bytes = store.size().await.unwrap().log_bytes;
    stop.send(()).unwrap();
    reading.await.unwrap();
    assert!(log_bytes < 32 << 20, "the log has {log_bytes} bytes");
    store.close().await.unwrap();
}

//! A disk that refuses a write in the middle: the writer stops, and nothing acknowledged is lost.
//!
//! The limit on the size of files a shell sets for a process makes the system refuse writes with an
//! error that is not a full disk.

#![allow(clippy::unwrap_used)]

mod laboratory;

use std::{path::Path, process::Command};

use laboratory::{directory, entry, open, present};
use store::StoreError;

/// Tells this test, started again under a limit, which directory to write to.
const DIRECTORY: &str = "FOLKMOOT_FAILING_DIRECTORY";

#[test]
fn after_a_failed_write_the_writer_stores_nothing_more() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        runtime.block_on(write_until_it_fails(Path::new(&directory)));
        return;
    }
    let directory = directory();
    let script = "ulimit -f 1500; trap '' XFSZ; exec \"$0\" --exact \
        after_a_failed_write_the_writer_stores_nothing_more --nocapture";
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .env(DIRECTORY, directory.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let acknowledged: u64 = text
        .lines()
        .find_map(|line| line.strip_prefix("stored "))
        .unwrap()
        .parse()
        .unwrap();
    assert!(acknowledged > 100);
    runtime.block_on(async {
        let store = open(directory.path()).await;
        let stored = present(&store, acknowledged + 100).await;
        assert_eq!(stored, (0..acknowledged).collect::<Vec<_>>());
        store.write(vec![entry(acknowledged)]).await.unwrap();
    });
}

async fn write_until_it_fails(directory: &Path) {
    let store = open(directory).await;
    let mut count = 0;
    let error = loop {
        match store.write((count..count + 10).map(entry).collect()).await {
            Ok(()) => count += 10,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Broken { .. }), "{error:?}");
    for _ in 0..3 {
        let error = store.write(vec![entry(count)]).await.unwrap_err();
        assert!(matches!(error, StoreError::Broken { .. }), "{error:?}");
    }
    assert_eq!(
        present(&store, count + 100).await.len() as u64,
        count,
        "reading goes on"
    );
    assert!(matches!(
        store.close().await,
        Err(StoreError::Broken { .. })
    ));
    println!("stored {count}");
}

//! Two nodes that would open the same directory.

#![allow(clippy::unwrap_used)]

mod laboratory;

use laboratory::{directory, entry, open};
use store::{Options, Store, StoreError};

#[tokio::test]
async fn a_directory_is_opened_once_at_a_time() {
    let directory = directory();
    let again = async || {
        let options = Options::default();
        Store::open(directory.path(), laboratory::FEDERATION, options)
            .await
            .map(|(store, _)| store)
    };
    let first = open(directory.path()).await;
    let error = again().await.unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error:?}");
    first.write(vec![entry(1)]).await.unwrap();
    first.close().await.unwrap();
    again().await.unwrap().write(vec![entry(2)]).await.unwrap();
}

//! Why the loop ends.

use store::StoreError;
use thiserror::Error;

/// Why the loop did not end in order.
#[derive(Debug, Error)]
pub enum DriverError {
    /// The store can no longer be trusted.
    #[error("the store failed, so the node stops: nothing more would be kept")]
    Store(#[source] StoreError),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// The node was stopped while its disk was full.
    #[error(
        "the disk was full when the node stopped: what was done since it was full is lost, what \
         was stored before is whole; make room before you start it again"
    )]
    Held,
}

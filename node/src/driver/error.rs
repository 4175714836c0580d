//! Why the loop ends.

use store::StoreError;
use thiserror::Error;

/// Why the loop ended before it was told to.
#[derive(Debug, Error)]
pub enum DriverError {
    /// The store can no longer be trusted.
    #[error("the store failed, so the node stops: nothing more would be kept")]
    Store(#[source] StoreError),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
}

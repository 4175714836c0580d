//! The durable part of a node: one SQLite file in a data directory.
//!
//! The core decides what is stored; this crate makes it durable before it is acknowledged or
//! forwarded, gives it back unchanged or not at all, and says when a disk or a file is no longer to
//! be trusted. The node's shell and the CLI use it. It knows ids, bytes and times, and nothing of
//! what entries mean.
//!
//! ```
//! use domain::id::{EntryId, FederationId, Timestamp};
//! use store::{Options, Store, Write};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), store::StoreError> {
//! # let directory = tempfile::tempdir().expect("a temporary directory");
//! # let path = directory.path();
//! let federation = FederationId([1; 32]);
//! let (store, opened) = Store::open(path, federation, Options::default()).await?;
//! assert!(opened.new);
//!
//! let id = EntryId([7; 32]);
//! let bytes = b"an entry".to_vec();
//! store.write(vec![Write::Entry { id, bytes: bytes.clone(), received: Timestamp(1) }]).await?;
//! assert_eq!(store.entries(&[id]).await?, [Some(bytes)]);
//! store.close().await?;
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod connection;
mod directory;
mod error;
mod group;
mod inspection;
mod log;
mod pages;
mod reading;
mod rebuild;
mod row;
mod schema;
pub mod statements;
mod store;
mod writer;

pub use error::StoreError;
pub use group::Write;
pub use inspection::{Fault, Progress, Report, Step};
pub use reading::{Scan, Size};
pub use row::Stored;
pub use schema::known_version;
pub use store::{Opened, Options, Store, VALUE_BYTES_MAX};

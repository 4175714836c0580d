//! What can go wrong with a store, and what to do about it.

use std::{io, path::PathBuf, sync::Arc};

use domain::id::{EntryId, FederationId, Hash};
use thiserror::Error;

/// A broken rule of the store.
///
/// One failed transaction answers many callers, so errors can be cloned and causes are shared.
#[derive(Debug, Clone, Error)]
pub enum StoreError {
    /// Another process, or another handle of this one, has the directory open.
    #[error("{} is in use: stop the other node, or give this one its own directory", directory.display())]
    InUse {
        /// The data directory.
        directory: PathBuf,
    },
    /// There is no store to rebuild.
    #[error("{} holds no store: check the path of the data directory", directory.display())]
    Nothing {
        /// The data directory.
        directory: PathBuf,
    },
    /// The directory belongs to another federation.
    #[error(
        "the data directory belongs to federation {found}, not to {expected}: \
         give each federation its own directory"
    )]
    OtherFederation {
        /// Whose entries the directory holds.
        found: FederationId,
        /// Whose entries were asked for.
        expected: FederationId,
    },
    /// A newer release wrote the file.
    #[error("the store has schema {found}, this release knows up to {known}: update folkmoot")]
    Newer {
        /// The schema of the file.
        found: u32,
        /// The newest schema this release reads.
        known: u32,
    },
    /// The file cannot be trusted as a whole.
    #[error(
        "{} is damaged ({what}): run `folkmoot store check`, then `folkmoot store rebuild`",
        path.display()
    )]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// What was found.
        what: String,
        /// What SQLite said, if it was SQLite that noticed.
        #[source]
        source: Option<Arc<sqlx::Error>>,
    },
    /// An entry's row does not match its checksum. It is not served.
    #[error(
        "entry {id} at position {position} is damaged: fetch it again from a peer, \
         or run `folkmoot store rebuild`"
    )]
    Corrupt {
        /// The id as asked for, or as the row has it.
        id: EntryId,
        /// Where it is stored.
        position: u64,
    },
    /// A chunk's row does not match its checksum. It is not served.
    #[error("chunk {hash} is damaged: fetch it again from a peer, or run `folkmoot store rebuild`")]
    CorruptChunk {
        /// The chunk's hash.
        hash: Hash,
    },
    /// A local value's row does not match its checksum. It is not served.
    #[error("a local value of area {area} is damaged: restore it from a backup")]
    CorruptLocal {
        /// The area; the key may be private.
        area: String,
    },
    /// A replacement for an entry that is not stored.
    #[error("entry {id} cannot be replaced: it is not stored")]
    UnknownEntry {
        /// The entry.
        id: EntryId,
    },
    /// A value over the limit.
    #[error("a value of {found_bytes} bytes cannot be stored: the limit is {limit_bytes}")]
    TooLarge {
        /// The size of the value.
        found_bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// No room on the disk, or the quota is used up. Nothing of the write was applied.
    #[error("the disk or the store's quota is full, nothing was stored: make room, then try again")]
    Full {
        /// What SQLite said.
        #[source]
        source: Arc<sqlx::Error>,
    },
    /// Another program holds a lock on the database. Nothing of the write was applied.
    #[error("another program holds the database, nothing was stored: close it, then try again")]
    Busy {
        /// What SQLite said.
        #[source]
        source: Arc<sqlx::Error>,
    },
    /// A write failed in a way that leaves open what is on the disk. The writer stores nothing more.
    #[error("writing failed: stop the node, check the disk, start it again")]
    Broken {
        /// What SQLite said.
        #[source]
        source: Arc<sqlx::Error>,
    },
    /// A read failed.
    #[error("reading failed: check the disk, then start the node again")]
    Unreadable {
        /// What SQLite said.
        #[source]
        source: Arc<sqlx::Error>,
    },
    /// No answer in time. A write may still become durable.
    #[error("the store gave no answer within {waited_ms} ms: the disk is too slow or overloaded")]
    Late {
        /// How long the caller waited.
        waited_ms: u64,
    },
    /// The store was closed.
    #[error("the store is closed: open it again")]
    Closed,
    /// SQLite did not take a setting that durability depends on.
    #[error(
        "SQLite has {name} = {found}, {expected} is needed: use a local disk and this release's SQLite"
    )]
    Setting {
        /// The pragma.
        name: &'static str,
        /// What reads back.
        found: String,
        /// What was set.
        expected: &'static str,
    },
    /// A file or directory could not be used.
    #[error("cannot {action} {}: check the disk and who owns the directory", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
}

impl StoreError {
    pub(crate) fn file(action: &'static str, path: &std::path::Path, source: io::Error) -> Self {
        Self::File {
            action,
            path: path.to_path_buf(),
            source: Arc::new(source),
        }
    }

    pub(crate) fn damaged(path: &std::path::Path, what: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_path_buf(),
            what: what.into(),
            source: None,
        }
    }

    /// Whether the same write may succeed later without opening the store again.
    #[must_use]
    pub fn may_succeed_later(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Busy { .. })
    }
}

/// The primary result codes of SQLite that are told apart.
const BUSY: u32 = 5;
const LOCKED: u32 = 6;
const CORRUPT: u32 = 11;
const FULL: u32 = 13;
const NOT_A_DATABASE: u32 = 26;
/// The index of the write-ahead log could not grow: SQLite's only sign of a full disk there.
const SHARED_MEMORY_SIZE: u32 = 10 | 19 << 8;
const CONSTRAINT_UNIQUE: u32 = 19 | 8 << 8;

fn code(error: &sqlx::Error) -> Option<u32> {
    error.as_database_error()?.code()?.parse().ok()
}

/// Whether a row with the same id, hash or key is stored already.
pub(crate) fn is_duplicate(error: &sqlx::Error) -> bool {
    code(error) == Some(CONSTRAINT_UNIQUE)
}

/// What a failed write means. Only a full disk and a foreign lock may be tried again: after
/// anything else, above all a failed sync, what is on the disk is unknown.
pub(crate) fn write_failure(path: &std::path::Path, error: sqlx::Error) -> StoreError {
    let code = code(&error);
    let source = Arc::new(error);
    match (code, code.map(|code| code & 0xff)) {
        (Some(SHARED_MEMORY_SIZE), _) | (_, Some(FULL)) => StoreError::Full { source },
        (_, Some(BUSY | LOCKED)) => StoreError::Busy { source },
        (_, Some(CORRUPT | NOT_A_DATABASE)) => damaged_by(path, source),
        _ => StoreError::Broken { source },
    }
}

/// What a failed read means.
pub(crate) fn read_failure(path: &std::path::Path, error: sqlx::Error) -> StoreError {
    let error = match error {
        sqlx::Error::PoolClosed => return StoreError::Closed,
        sqlx::Error::Configuration(inner) => match inner.downcast::<StoreError>() {
            Ok(found) => return *found,
            Err(inner) => sqlx::Error::Configuration(inner),
        },
        other => other,
    };
    let primary = code(&error).map(|code| code & 0xff);
    let source = Arc::new(error);
    match primary {
        Some(CORRUPT | NOT_A_DATABASE) => damaged_by(path, source),
        Some(BUSY | LOCKED) => StoreError::Busy { source },
        _ => StoreError::Unreadable { source },
    }
}

fn damaged_by(path: &std::path::Path, source: Arc<sqlx::Error>) -> StoreError {
    StoreError::Damaged {
        path: path.to_path_buf(),
        what: "SQLite cannot read it".to_owned(),
        source: Some(source),
    }
}

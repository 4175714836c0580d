//! The data directory: its files, who may read them, and that one process at a time has it.
//!
//! A database file appears under its name only when it is whole and on the disk: it is made under
//! another name, synced and renamed. So a missing file means a new store, never half of one.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{ErrorKind, Read},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{error::StoreError, schema};

/// The paths of one store, and the lock on its directory for as long as a clone is held.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    path: PathBuf,
    _lock: Arc<File>,
}

impl Directory {
    /// Makes the directory if there is none and takes its lock.
    pub(crate) fn lock(path: &Path) -> Result<Self, StoreError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| StoreError::file("create", path, error))?;
        let lock_path = path.join("folkmoot.lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(|error| StoreError::file("open", &lock_path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_path_buf(),
                _lock: Arc::new(file),
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
                directory: path.to_path_buf(),
            }),
            Err(TryLockError::Error(error)) => Err(StoreError::file("lock", &lock_path, error)),
        }
    }

    /// The database.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("folkmoot.db")
    }

    /// The database's write-ahead log.
    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("folkmoot.db-wal")
    }

    /// A database being made, of no use until it is whole.
    pub(crate) fn unfinished(&self) -> PathBuf {
        self.path.join("folkmoot.db.unfinished")
    }

    /// A rebuilt database, whole, about to take the place of the damaged one.
    pub(crate) fn rebuilt(&self) -> PathBuf {
        self.path.join("folkmoot.db.rebuilt")
    }

    /// Syncs a finished file and renames it, so that after a crash it is there whole or not at all.
    pub(crate) fn put(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        File::open(from)
            .and_then(|file| file.sync_all())
            .map_err(|error| StoreError::file("sync", from, error))?;
        fs::rename(from, to).map_err(|error| StoreError::file("rename", from, error))?;
        self.sync()
    }

    fn sync(&self) -> Result<(), StoreError> {
        File::open(&self.path)
            .and_then(|directory| directory.sync_all())
            .map_err(|error| StoreError::file("sync", &self.path, error))
    }

    /// Puts a rebuilt database, if there is one, in the place of the damaged one and keeps that as
    /// `folkmoot.db.damaged-<n>`, its write-ahead log beside it. Every step may be the last before
    /// a crash and may be done again: the damaged file has its second name before its log moves
    /// away, and its log is away before the rebuilt file takes over, which that log would corrupt.
    pub(crate) fn finish_rebuild(&self) -> Result<Option<PathBuf>, StoreError> {
        if !exists(&self.rebuilt())? {
            return Ok(None);
        }
        let kept = self.keep_damaged()?;
        for beside in ["folkmoot.db-shm", "folkmoot.db-journal"] {
            remove_if_there(&self.path.join(beside))?;
        }
        self.sync()?;
        self.put(&self.rebuilt(), &self.database())?;
        Ok(Some(kept))
    }

    fn keep_damaged(&self) -> Result<PathBuf, StoreError> {
        let database = self.database();
        let inode = |path: &Path| {
            fs::metadata(path)
                .map(|data| data.ino())
                .map_err(|error| StoreError::file("inspect", path, error))
        };
        let there = exists(&database)?;
        let mut number = 1;
        let (kept, log) = loop {
            let path = self.path.join(format!("folkmoot.db.damaged-{number}"));
            let log = self.path.join(format!("folkmoot.db.damaged-{number}-wal"));
            if exists(&path)? {
                if there && inode(&path)? == inode(&database)? {
                    break (path, log);
                }
            } else if !exists(&log)? {
                if there {
                    fs::hard_link(&database, &path)
                        .map_err(|error| StoreError::file("link", &path, error))?;
                }
                break (path, log);
            }
            number += 1;
        };
        self.sync()?;
        if exists(&self.log())? {
            fs::rename(self.log(), &log)
                .map_err(|error| StoreError::file("rename", &log, error))?;
        }
        Ok(kept)
    }
}

/// Whether there is a file.
pub(crate) fn exists(path: &Path) -> Result<bool, StoreError> {
    path.try_exists()
        .map_err(|error| StoreError::file("inspect", path, error))
}

/// Removes a file that may be missing.
pub(crate) fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(StoreError::file("remove", path, error))
        }
        _ => Ok(()),
    }
}

/// Makes an empty file only its owner may read, in the place of what was left there. SQLite gives
/// its log the same permissions.
pub(crate) fn create_private(path: &Path) -> Result<(), StoreError> {
    remove_if_there(path)?;
    OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|error| StoreError::file("create", path, error))
}

/// Looks at the header of a database before SQLite does: whether it is a store of Folkmoot, and
/// one this release knows.
pub(crate) fn inspect_header(path: &Path) -> Result<(), StoreError> {
    let mut header = [0; 100];
    File::open(path)
        .and_then(|mut file| file.read_exact(&mut header))
        .map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => StoreError::damaged(path, "it is shorter than a header"),
            _ => StoreError::file("read", path, error),
        })?;
    let number = |at: usize| u32::from_be_bytes(std::array::from_fn(|index| header[at + index]));
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(StoreError::damaged(path, "it is no SQLite database"));
    }
    if number(68) != schema::APPLICATION_ID {
        return Err(StoreError::damaged(path, "it is no store of Folkmoot"));
    }
    let (found, known) = (number(60), schema::known_version());
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    Ok(())
}

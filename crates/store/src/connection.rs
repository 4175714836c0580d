//! Connections and the settings durability depends on: set, then read back.

use std::{path::Path, time::Duration};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::error::{StoreError, read_failure};

/// How long a connection waits for another program's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What must read back on every connection. `FULL` (2) syncs at each commit; `NORMAL` would lose
/// acknowledged writes at power loss.
const NUMBERS: &[(&str, &str, &str)] = &[
    ("synchronous", "PRAGMA synchronous", "2"),
    ("foreign_keys", "PRAGMA foreign_keys", "1"),
    ("busy_timeout", "PRAGMA busy_timeout", "5000"),
    ("temp_store", "PRAGMA temp_store", "2"),
    ("cache_size", "PRAGMA cache_size", "-8192"),
    (
        "journal_size_limit",
        "PRAGMA journal_size_limit",
        "67108864",
    ),
    ("wal_autocheckpoint", "PRAGMA wal_autocheckpoint", "0"),
    ("secure_delete", "PRAGMA secure_delete", "1"),
];

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// The one writer, with the most pages the file may have.
    Write { pages_max: Option<u64> },
    /// One of the readers.
    Read,
}

/// The settings of a connection. Checkpoints are the writer's, so that their errors are seen
/// (SQLite drops those of its own); what is removed is overwritten, because it must be forgotten.
pub(crate) fn options(path: &Path, purpose: Use) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", "-8192")
        .pragma("journal_size_limit", "67108864")
        .pragma("wal_autocheckpoint", "0")
        .pragma("secure_delete", "ON")
        .pragma("cell_size_check", "ON")
        .pragma("trusted_schema", "OFF")
        .statement_cache_capacity(64)
        .disable_statement_logging();
    match purpose {
        Use::Read => options.pragma("query_only", "ON"),
        Use::Write { pages_max: None } => options,
        Use::Write {
            pages_max: Some(pages),
        } => options.pragma("max_page_count", pages.to_string()),
    }
}

/// Opens a connection and refuses it unless every setting reads back.
pub(crate) async fn open(path: &Path, purpose: Use) -> Result<SqliteConnection, StoreError> {
    let mut connection = SqliteConnection::connect_with(&options(path, purpose))
        .await
        .map_err(|error| read_failure(path, error))?;
    read_back(path, &mut connection).await?;
    Ok(connection)
}

/// Checks that the settings hold.
pub(crate) async fn read_back(
    path: &Path,
    connection: &mut SqliteConnection,
) -> Result<(), StoreError> {
    let failure = |error| read_failure(path, error);
    for &(name, sql, expected) in NUMBERS {
        let found: i64 = sqlx::query_scalar(sql)
            .fetch_one(&mut *connection)
            .await
            .map_err(failure)?;
        hold(name, found.to_string(), expected)?;
    }
    let found: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut *connection)
        .await
        .map_err(failure)?;
    hold("journal_mode", found, "wal")
}

fn hold(name: &'static str, found: String, expected: &'static str) -> Result<(), StoreError> {
    if found == expected {
        Ok(())
    } else {
        Err(StoreError::Setting {
            name,
            found,
            expected,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn setting_refused_after(sql: &'static str) -> &'static str {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trial.db");
        let options = options(&path, Use::Read).create_if_missing(true);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        read_back(&path, &mut connection).await.unwrap();
        sqlx::query(sql).execute(&mut connection).await.unwrap();
        match read_back(&path, &mut connection).await {
            Err(StoreError::Setting { name, .. }) => name,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_connection_that_does_not_sync_at_each_commit_is_refused() {
        assert_eq!(
            setting_refused_after("PRAGMA synchronous = OFF").await,
            "synchronous"
        );
        assert_eq!(
            setting_refused_after("PRAGMA synchronous = NORMAL").await,
            "synchronous"
        );
        assert_eq!(
            setting_refused_after("PRAGMA journal_mode = DELETE").await,
            "journal_mode"
        );
        assert_eq!(
            setting_refused_after("PRAGMA secure_delete = OFF").await,
            "secure_delete"
        );
    }
}

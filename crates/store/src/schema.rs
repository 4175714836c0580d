//! The schema: numbered migrations, applied in order, each in one transaction.
//!
//! SQLite's `user_version` is the number of the last migration applied, `application_id` says that
//! the file is a store of Folkmoot. A migration is never edited after its release.

use std::path::Path;

use domain::id::FederationId;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::{
    directory,
    error::{StoreError, read_failure, write_failure},
    row::signed,
    statements::fixed,
};

/// "Folk" in ASCII: what SQLite's header calls the application.
pub(crate) const APPLICATION_ID: u32 = 0x466f_6c6b;

/// The size of a database page.
pub(crate) const PAGE_BYTES: usize = 4_096;

const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001.sql")];

/// The newest schema this release reads and writes.
#[must_use]
pub fn known_version() -> u32 {
    number(MIGRATIONS)
}

fn number(migrations: &[&str]) -> u32 {
    u32::try_from(migrations.len()).expect("there are few migrations")
}

/// Brings a file to the newest schema.
pub(crate) async fn migrate(
    path: &Path,
    connection: &mut SqliteConnection,
) -> Result<(), StoreError> {
    apply(path, connection, MIGRATIONS).await
}

async fn apply(
    path: &Path,
    connection: &mut SqliteConnection,
    migrations: &'static [&'static str],
) -> Result<(), StoreError> {
    let found: u32 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| read_failure(path, error))?;
    let known = number(migrations);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (version, migration) in (1..).zip(migrations).skip(found as usize) {
        let failure = |error| write_failure(path, error);
        let mut transaction = connection.begin_with(fixed::BEGIN).await.map_err(failure)?;
        sqlx::raw_sql(*migration)
            .execute(&mut *transaction)
            .await
            .map_err(failure)?;
        sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA user_version = {version}")))
            .execute(&mut *transaction)
            .await
            .map_err(failure)?;
        transaction.commit().await.map_err(failure)?;
        tracing::info!(version, "the store's schema was brought forward");
    }
    Ok(())
}

/// Makes a new file, to be synced and renamed into place when it is whole. It has no journal and no
/// log beside it: half of it is worth nothing.
pub(crate) async fn create(
    path: &Path,
    federation: FederationId,
    next_position: u64,
) -> Result<SqliteConnection, StoreError> {
    directory::create_private(path)?;
    let failure = |error| write_failure(path, error);
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Memory)
        .synchronous(SqliteSynchronous::Off)
        .pragma("cache_size", "-8192")
        .page_size(PAGE_BYTES as u32)
        .disable_statement_logging();
    let mut connection = SqliteConnection::connect_with(&options)
        .await
        .map_err(failure)?;
    sqlx::raw_sql(AssertSqlSafe(format!(
        "PRAGMA application_id = {APPLICATION_ID}"
    )))
    .execute(&mut connection)
    .await
    .map_err(failure)?;
    migrate(path, &mut connection).await?;
    sqlx::query(fixed::INSERT_META)
        .bind(&federation.0[..])
        .bind(signed(next_position))
        .execute(&mut connection)
        .await
        .map_err(failure)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: &[&str] = &[
        include_str!("../migrations/0001.sql"),
        "ALTER TABLE entries ADD COLUMN first INTEGER; ALTER TABLE entries ADD COLUMN second TEXT;",
    ];

    async fn schema(connection: &mut SqliteConnection) -> Vec<(String, Option<String>)> {
        sqlx::query_as("SELECT name, sql FROM sqlite_schema ORDER BY name")
            .fetch_all(connection)
            .await
            .unwrap()
    }

    async fn memory() -> SqliteConnection {
        SqliteConnection::connect("sqlite::memory:").await.unwrap()
    }

    #[tokio::test]
    async fn a_migrated_schema_is_the_fresh_schema() {
        let path = Path::new("memory");
        let (mut fresh, mut old) = (memory().await, memory().await);
        apply(path, &mut fresh, LATER).await.unwrap();
        apply(path, &mut old, MIGRATIONS).await.unwrap();
        assert_ne!(schema(&mut old).await, schema(&mut fresh).await);
        apply(path, &mut old, LATER).await.unwrap();
        apply(path, &mut old, LATER).await.unwrap();
        assert_eq!(schema(&mut old).await, schema(&mut fresh).await);
    }

    #[tokio::test]
    async fn a_migration_that_fails_changes_nothing() {
        const BROKEN: &[&str] = &[
            include_str!("../migrations/0001.sql"),
            "ALTER TABLE entries ADD COLUMN first INTEGER; ALTER TABLE nowhere ADD COLUMN x TEXT;",
        ];
        let path = Path::new("memory");
        let mut connection = memory().await;
        apply(path, &mut connection, MIGRATIONS).await.unwrap();
        let before = schema(&mut connection).await;
        apply(path, &mut connection, BROKEN).await.unwrap_err();
        assert_eq!(schema(&mut connection).await, before);
        apply(path, &mut connection, LATER).await.unwrap();
    }

    #[tokio::test]
    async fn a_schema_of_a_later_release_is_left_alone() {
        let path = Path::new("memory");
        let mut connection = memory().await;
        apply(path, &mut connection, LATER).await.unwrap();
        let error = apply(path, &mut connection, MIGRATIONS).await.unwrap_err();
        assert!(
            matches!(error, StoreError::Newer { found: 2, known: 1 }),
            "{error:?}"
        );
    }
}

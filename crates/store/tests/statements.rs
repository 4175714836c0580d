//! Every statement fits the schema.

#![allow(clippy::unwrap_used)]

mod laboratory;

use laboratory::{database, directory, open};
use sqlx::{ConnectOptions, Executor, SqlSafeStr, sqlite::SqliteConnectOptions};

#[tokio::test]
async fn every_statement_prepares_against_the_schema() {
    let directory = directory();
    open(directory.path()).await.close().await.unwrap();
    let options = SqliteConnectOptions::new().filename(database(directory.path()));
    let mut connection = options.connect().await.unwrap();
    let statements = store::statements::all();
    assert!(statements.len() > 40);
    for sql in statements {
        if let Err(error) = (&mut connection).prepare(sql.into_sql_str()).await {
            panic!("{sql}: {error}");
        }
    }
}

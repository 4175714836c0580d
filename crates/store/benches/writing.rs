//! Durable writes per second by entries per call, and many rows per statement against one.
//!
//! The figures of one machine say little; the ratios between the lines are what counts.

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use domain::id::{EntryId, FederationId, Hash, Timestamp};
use sqlx::{Connection, SqliteConnection};
use store::{Options, Store, Write, statements};

const ENTRY_BYTES: usize = 300;

fn id(number: u64) -> EntryId {
    EntryId(Hash::of(&[&number.to_be_bytes()]).0)
}

fn entries(next: &mut u64, count: u64) -> Vec<Write> {
    let first = *next;
    *next += count;
    let entry = |number| {
        let received = Timestamp(number);
        Write::Entry {
            id: id(number),
            bytes: vec![number as u8; ENTRY_BYTES],
            received,
        }
    };
    (first..*next).map(entry).collect()
}

fn by_entries_per_call(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("write");
    group
        .measurement_time(Duration::from_secs(3))
        .sample_size(20);
    for count in [1, 10, 50, 100, 1_000] {
        let directory = tempfile::tempdir().expect("a directory");
        let federation = FederationId([1; 32]);
        let opening = Store::open(directory.path(), federation, Options::default());
        let (store, _) = runtime.block_on(opening).expect("a new store");
        let mut next = 0;
        group.throughput(Throughput::Elements(count));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| {
                let write = store.write(entries(&mut next, count));
                runtime.block_on(write).expect("room");
            });
        });
        runtime.block_on(store.close()).expect("a sound store");
    }
    group.finish();
}

/// A thousand rows in one transaction that is given up, so that no disk is measured.
fn by_rows_per_statement(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let mut group = criterion.benchmark_group("rows per statement");
    group
        .measurement_time(Duration::from_secs(3))
        .sample_size(20);
    group.throughput(Throughput::Elements(1_000));
    for (form, rows) in statements::ROWS.into_iter().enumerate() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut connection = runtime.block_on(connection(directory.path()));
        group.bench_function(BenchmarkId::from_parameter(rows), |bencher| {
            bencher.iter(|| runtime.block_on(insert_thousand(&mut connection, form, rows)));
        });
    }
    group.finish();
}

async fn connection(directory: &std::path::Path) -> SqliteConnection {
    let (store, _) = Store::open(directory, FederationId([1; 32]), Options::default())
        .await
        .expect("a new store");
    store.close().await.expect("a sound store");
    let address = format!("sqlite://{}", directory.join("folkmoot.db").display());
    SqliteConnection::connect(&address)
        .await
        .expect("the same store")
}

async fn insert_thousand(connection: &mut SqliteConnection, form: usize, rows: usize) {
    let mut transaction = connection.begin().await.expect("no other writer");
    let mut number = 0;
    while number < 1_000 {
        let mut query = sqlx::query(statements::INSERT_ENTRIES[form].as_str());
        for _ in 0..rows {
            number += 1;
            query = query
                .bind(number)
                .bind(id(number as u64).0.to_vec())
                .bind(number)
                .bind(vec![0; 16])
                .bind(vec![1; ENTRY_BYTES]);
        }
        query.execute(&mut *transaction).await.expect("new rows");
    }
    black_box(transaction.rollback().await).expect("an open transaction");
}

criterion_group!(benches, by_entries_per_call, by_rows_per_statement);
criterion_main!(benches);

//! What the tests of the store share: small entries, and the ways to open and to harm a store.

#![allow(dead_code)]

use std::path::{Path, PathBuf};

use domain::id::{EntryId, FederationId, Hash, Timestamp};
use store::{Options, Store, Stored, Write};
use tempfile::TempDir;

/// The federation of all tests but one.
pub const FEDERATION: FederationId = FederationId([1; 32]);

/// A fresh directory.
pub fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// The database in a directory.
pub fn database(directory: &Path) -> PathBuf {
    directory.join("folkmoot.db")
}

/// Opens with the default options.
pub async fn open(directory: &Path) -> Store {
    Store::open(directory, FEDERATION, Options::default())
        .await
        .unwrap()
        .0
}

/// The id of the `number`th entry: hard to guess, like a real one.
pub fn id(number: u64) -> EntryId {
    EntryId(Hash::of(&[&number.to_be_bytes()]).0)
}

/// The bytes of the `number`th entry.
pub fn bytes(number: u64, length: usize) -> Vec<u8> {
    let seed = Hash::of(&[b"bytes", &number.to_be_bytes()]).0;
    seed.iter().copied().cycle().take(length).collect()
}

/// Storing the `number`th entry.
pub fn entry(number: u64) -> Write {
    sized_entry(number, 300)
}

/// Storing the `number`th entry, of so many bytes.
pub fn sized_entry(number: u64, length: usize) -> Write {
    let (id, bytes) = (id(number), bytes(number, length));
    Write::Entry {
        id,
        bytes,
        received: Timestamp(1_000 + number),
    }
}

/// Everything stored, in order.
pub async fn all(store: &Store) -> Vec<Stored> {
    let mut scan = store.scan(0);
    let mut all = Vec::new();
    while let Some(batch) = scan.next().await.unwrap() {
        all.extend(batch);
    }
    all
}

/// Which of the first entries are stored, by number.
pub async fn present(store: &Store, count: u64) -> Vec<u64> {
    let ids: Vec<_> = (0..count).map(id).collect();
    let found = store.entries(&ids).await.unwrap();
    (0..count)
        .zip(found)
        .filter(|(_, found)| found.is_some())
        .map(|(number, _)| number)
        .collect()
}

/// Copies a store's files as a crash would leave them: the database and its log, nothing else.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in ["folkmoot.db", "folkmoot.db-wal"] {
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

/// Flips a bit of a file at the first place where `content` is found in it.
pub fn flip_first(path: &Path, content: &[u8]) {
    let mut file = std::fs::read(path).unwrap();
    let at = file
        .windows(content.len())
        .position(|window| window == content)
        .unwrap();
    file[at + content.len() / 2] ^= 0x10;
    std::fs::write(path, file).unwrap();
}

/// Flips a bit of a file wherever `content` is found in it; how often it was found.
pub fn flip(path: &Path, content: &[u8]) -> usize {
    let mut file = std::fs::read(path).unwrap();
    let places: Vec<_> = file
        .windows(content.len())
        .enumerate()
        .filter(|(_, window)| *window == content)
        .map(|(at, _)| at + content.len() / 2)
        .collect();
    for &at in &places {
        file[at] ^= 0x10;
    }
    std::fs::write(path, file).unwrap();
    places.len()
}

/// Pseudo-random numbers with a seed.
pub struct Chance(pub u64);

impl Chance {
    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

//! Every statement the store runs, in one place, so that a test can prepare them all.

use std::sync::LazyLock;

/// Rows of one statement, most first. Most of the cost of a short statement is the way to the
/// database thread; few different sizes keep the cache of prepared statements small.
pub const ROWS: [usize; 6] = [50, 20, 10, 5, 2, 1];

/// Ids looked up by one statement: one, or so many (a short list repeats its last id).
pub const LOOKUP: usize = 50;

/// The multi-row forms of one insertion, in the order of [`ROWS`].
pub type Forms = LazyLock<[String; ROWS.len()]>;

fn forms(head: &str, columns: usize, tail: &str) -> [String; ROWS.len()] {
    ROWS.map(|rows| {
        let row = format!("({})", vec!["?"; columns].join(", "));
        format!(
            "{head} VALUES {}{tail}",
            vec![row.as_str(); rows].join(", ")
        )
    })
}

fn lookup(sql: &str) -> [String; 2] {
    [LOOKUP, 1].map(|count| format!("{sql} IN ({})", vec!["?"; count].join(", ")))
}

/// Inserts entries; a known id is an error.
pub static INSERT_ENTRIES: Forms = LazyLock::new(|| {
    forms(
        "INSERT INTO entries (position, id, received_ms, checksum, bytes)",
        5,
        "",
    )
});
/// Inserts chunks; a known hash is left as it is.
pub static INSERT_CHUNKS: Forms = LazyLock::new(|| {
    forms(
        "INSERT INTO chunks (hash, checksum, bytes)",
        3,
        " ON CONFLICT (hash) DO NOTHING",
    )
});
/// Sets local values.
pub static SET_LOCAL: Forms = LazyLock::new(|| {
    forms(
        "INSERT INTO local (area, key, checksum, value)",
        4,
        " ON CONFLICT (area, key) DO UPDATE SET checksum = excluded.checksum, value = excluded.value",
    )
});
/// Reads entries by id.
pub static ENTRIES: LazyLock<[String; 2]> = LazyLock::new(|| {
    lookup("SELECT position, id, received_ms, checksum, bytes FROM entries WHERE id")
});
/// Says which ids are stored.
pub static KNOWN_ENTRIES: LazyLock<[String; 2]> =
    LazyLock::new(|| lookup("SELECT id FROM entries WHERE id"));
/// Says which chunks are stored.
pub static KNOWN_CHUNKS: LazyLock<[String; 2]> =
    LazyLock::new(|| lookup("SELECT hash FROM chunks WHERE hash"));

/// The fixed statements.
pub mod fixed {
    /// Starts a transaction that may write; fails at once if another program writes.
    pub const BEGIN: &str = "BEGIN IMMEDIATE";
    /// Makes a transaction durable.
    pub const COMMIT: &str = "COMMIT";
    /// Gives a transaction up.
    pub const ROLLBACK: &str = "ROLLBACK";
    /// Copies the write-ahead log into the database as far as readers allow.
    pub const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";
    /// Copies all of the write-ahead log and begins it again.
    pub const CHECKPOINT_RESTART: &str = "PRAGMA wal_checkpoint(RESTART)";
    /// Copies all of the write-ahead log and empties it.
    pub const CHECKPOINT_ALL: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
    /// Checks the structure of the file.
    pub const INTEGRITY: &str = "PRAGMA integrity_check(100)";
    /// Writes the one row of `meta`.
    pub const INSERT_META: &str =
        "INSERT INTO meta (row, federation, clean, next_position) VALUES (1, ?, 1, ?)";
    /// Reads the one row of `meta`.
    pub const META: &str = "SELECT federation, clean, next_position FROM meta WHERE row = 1";
    /// Marks the last shutdown.
    pub const SET_CLEAN: &str = "UPDATE meta SET clean = ? WHERE row = 1";
    /// Moves the next position on.
    pub const SET_NEXT_POSITION: &str = "UPDATE meta SET next_position = ? WHERE row = 1";
    /// The highest position in use.
    pub const HIGHEST_POSITION: &str = "SELECT max(position) FROM entries";
    /// What a replacement keeps.
    pub const KEPT_OF_ENTRY: &str = "SELECT position, received_ms FROM entries WHERE id = ?";
    /// Replaces the bytes of an entry.
    pub const REPLACE_ENTRY: &str = "UPDATE entries SET checksum = ?, bytes = ? WHERE position = ?";
    /// Removes an entry.
    pub const REMOVE_ENTRY: &str = "DELETE FROM entries WHERE id = ?";
    /// Removes a chunk.
    pub const REMOVE_CHUNK: &str = "DELETE FROM chunks WHERE hash = ?";
    /// Removes a local value.
    pub const REMOVE_LOCAL: &str = "DELETE FROM local WHERE area = ? AND key = ?";
    /// Entries in order of position.
    pub const SCAN: &str = "SELECT position, id, received_ms, checksum, bytes FROM entries \
        WHERE position >= ? ORDER BY position LIMIT 512";
    /// A chunk.
    pub const CHUNK: &str = "SELECT checksum, bytes FROM chunks WHERE hash = ?";
    /// Chunks in order of storing.
    pub const SCAN_CHUNKS: &str =
        "SELECT row, hash, checksum, bytes FROM chunks WHERE row >= ? ORDER BY row LIMIT 64";
    /// A local value.
    pub const LOCAL: &str = "SELECT checksum, value FROM local WHERE area = ? AND key = ?";
    /// The local values of an area.
    pub const LOCAL_OF_AREA: &str =
        "SELECT key, checksum, value FROM local WHERE area = ? ORDER BY key";
    /// Local values in order of storing.
    pub const SCAN_LOCAL: &str =
        "SELECT row, area, key, checksum, value FROM local WHERE row >= ? ORDER BY row LIMIT 64";
    /// How many entries are stored.
    pub const COUNT_ENTRIES: &str = "SELECT count(*) FROM entries";
    /// How many chunks are stored.
    pub const COUNT_CHUNKS: &str = "SELECT count(*) FROM chunks";

    pub(super) const ALL: &[&str] = &[
        BEGIN,
        COMMIT,
        ROLLBACK,
        CHECKPOINT,
        CHECKPOINT_RESTART,
        CHECKPOINT_ALL,
        INTEGRITY,
        INSERT_META,
        META,
        SET_CLEAN,
        SET_NEXT_POSITION,
        HIGHEST_POSITION,
        KEPT_OF_ENTRY,
        REPLACE_ENTRY,
        REMOVE_ENTRY,
        REMOVE_CHUNK,
        REMOVE_LOCAL,
        SCAN,
        CHUNK,
        SCAN_CHUNKS,
        LOCAL,
        LOCAL_OF_AREA,
        SCAN_LOCAL,
        COUNT_ENTRIES,
        COUNT_CHUNKS,
    ];
}

/// Every statement, in every form.
#[must_use]
pub fn all() -> Vec<&'static str> {
    let inserts = [&*INSERT_ENTRIES, &*INSERT_CHUNKS, &*SET_LOCAL];
    let lookups = [&*ENTRIES, &*KNOWN_ENTRIES, &*KNOWN_CHUNKS];
    fixed::ALL
        .iter()
        .copied()
        .chain(inserts.into_iter().flatten().map(String::as_str))
        .chain(lookups.into_iter().flatten().map(String::as_str))
        .collect()
}

//! The rows of the store and their checksums.
//!
//! A checksum is the first 16 bytes of SHA-256 over the table's name and every other column, so
//! that a row whose content, key or place changed by itself is noticed, and so that a row found in
//! the debris of a file shows which table it came from.

use domain::id::{EntryId, Hash};
use sha2::{Digest, Sha256};

/// The stored size of a checksum.
pub(crate) const CHECKSUM_BYTES: usize = 16;

pub(crate) type Checksum = [u8; CHECKSUM_BYTES];

fn checksum(table: &str, parts: &[&[u8]]) -> Checksum {
    let mut hasher = Sha256::new();
    for part in [table.as_bytes()].iter().chain(parts) {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    std::array::from_fn(|index| digest[index])
}

pub(crate) fn of_entry(position: u64, id: &EntryId, received_ms: u64, bytes: &[u8]) -> Checksum {
    let (position, received) = (position.to_be_bytes(), received_ms.to_be_bytes());
    checksum("entries", &[&position, &id.0, &received, bytes])
}

pub(crate) fn of_chunk(hash: &Hash, bytes: &[u8]) -> Checksum {
    checksum("chunks", &[&hash.0, bytes])
}

pub(crate) fn of_local(area: &str, key: &[u8], value: &[u8]) -> Checksum {
    checksum("local", &[area.as_bytes(), key, value])
}

/// SQLite's integers are signed; what the store counts stays far below the limit.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A negative number can only come from damage; the checksum tells.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// An entry as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The order of storing: ascending from 1, never used twice.
    pub position: u64,
    /// The entry's id.
    pub id: EntryId,
    /// The entry as on the wire.
    pub bytes: Vec<u8>,
    /// When it was received, milliseconds since 1970 UTC.
    pub received_ms: u64,
}

/// The columns of `entries` as read.
pub(crate) type EntryColumns = (i64, Vec<u8>, i64, Vec<u8>, Vec<u8>);

/// The columns of `chunks` as read.
pub(crate) type ChunkColumns = (i64, Vec<u8>, Vec<u8>, Vec<u8>);

/// The columns of `local` as read.
pub(crate) type LocalColumns = (i64, String, Vec<u8>, Vec<u8>, Vec<u8>);

/// Takes a row for true only if its checksum says so; otherwise gives its position and what is
/// left of its id.
pub(crate) fn entry(columns: EntryColumns) -> Result<Stored, (u64, EntryId)> {
    let (position, id, received_ms, found, bytes) = columns;
    let (position, received_ms) = (unsigned(position), unsigned(received_ms));
    let mut padded = [0; 32];
    padded
        .iter_mut()
        .zip(&id)
        .for_each(|(to, from)| *to = *from);
    let whole = id.len() == padded.len();
    let id = EntryId(padded);
    if whole && found == of_entry(position, &id, received_ms, &bytes) {
        Ok(Stored {
            position,
            id,
            bytes,
            received_ms,
        })
    } else {
        Err((position, id))
    }
}

//! A group of writes in one transaction.
//!
//! Writes to one table keep their order; writes to different tables do not touch each other, so
//! each table collects its insertions into statements of many rows until something must see them.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{EntryId, Hash, Timestamp};
use sqlx::SqliteConnection;

use crate::{
    error::{StoreError, is_duplicate},
    row::{self, signed, unsigned},
    statements::{self, LOOKUP, ROWS, fixed},
};

/// One change to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Stores an entry at the next position. An entry already stored stays as it is.
    Entry {
        /// The entry's id.
        id: EntryId,
        /// The entry as on the wire.
        bytes: Vec<u8>,
        /// When it was received; times after [`Timestamp::MAX`] count as that.
        received: Timestamp,
    },
    /// Replaces the bytes of a stored entry, for instance when its body or note is forgotten. The
    /// old bytes are overwritten on the disk; position and time of receipt stay.
    Replace {
        /// The entry's id; one not stored is refused ([`StoreError::UnknownEntry`]).
        id: EntryId,
        /// The new bytes.
        bytes: Vec<u8>,
    },
    /// Removes an entry; nothing happens if it is not stored. Its position is not used again.
    Remove {
        /// The entry's id.
        id: EntryId,
    },
    /// Stores a chunk of a blob. A chunk already stored stays as it is.
    Chunk {
        /// The name of the chunk.
        hash: Hash,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// Removes a chunk; nothing happens if it is not stored.
    RemoveChunk {
        /// The name of the chunk.
        hash: Hash,
    },
    /// Sets or deletes a value that only this node knows.
    Local {
        /// What part of the node it belongs to.
        area: &'static str,
        /// Its name in the area.
        key: Vec<u8>,
        /// The value; `None` deletes it.
        value: Option<Vec<u8>>,
    },
}

impl Write {
    /// The bytes of content it carries.
    pub(crate) fn content_bytes(&self) -> usize {
        match self {
            Self::Entry { bytes, .. } | Self::Replace { bytes, .. } | Self::Chunk { bytes, .. } => {
                bytes.len()
            }
            Self::Local { key, value, .. } => key.len() + value.as_ref().map_or(0, Vec::len),
            Self::Remove { .. } | Self::RemoveChunk { .. } => 0,
        }
    }
}

/// Why a group was not applied.
#[derive(Debug)]
pub(crate) enum Failure {
    /// One of the writes breaks a rule.
    Refused(StoreError),
    /// SQLite failed.
    Sqlite(sqlx::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sqlite(error)
    }
}

struct NewEntry<'w> {
    id: EntryId,
    received_ms: u64,
    bytes: &'w [u8],
}

/// The writes of a transaction that is open, not yet all sent to SQLite.
pub(crate) struct Group<'w, 'c> {
    connection: &'c mut SqliteConnection,
    next_position: u64,
    entries: Vec<NewEntry<'w>>,
    chunks: Vec<(Hash, &'w [u8])>,
    local: BTreeMap<(&'w str, &'w [u8]), Option<&'w [u8]>>,
}

impl<'w, 'c> Group<'w, 'c> {
    /// Begins; the caller has opened the transaction.
    pub(crate) fn new(connection: &'c mut SqliteConnection, next_position: u64) -> Self {
        Self {
            connection,
            next_position,
            entries: Vec::new(),
            chunks: Vec::new(),
            local: BTreeMap::new(),
        }
    }

    /// Applies one write after those before it.
    pub(crate) async fn add(&mut self, write: &'w Write) -> Result<(), Failure> {
        match write {
            Write::Entry {
                id,
                bytes,
                received,
            } => self.entries.push(NewEntry {
                id: *id,
                received_ms: (*received).min(Timestamp::MAX).0,
                bytes,
            }),
            Write::Replace { id, bytes } => {
                self.send_entries().await?;
                self.replace(id, bytes).await?;
            }
            Write::Remove { id } => {
                self.send_entries().await?;
                self.execute_with(fixed::REMOVE_ENTRY, &id.0).await?;
            }
            Write::Chunk { hash, bytes } => self.chunks.push((*hash, bytes)),
            Write::RemoveChunk { hash } => {
                self.send_chunks().await?;
                self.execute_with(fixed::REMOVE_CHUNK, &hash.0).await?;
            }
            Write::Local { area, key, value } => {
                self.add_local(area, key, value.as_deref());
            }
        }
        Ok(())
    }

    /// Sets or deletes a local value after the writes before it.
    pub(crate) fn add_local(&mut self, area: &'w str, key: &'w [u8], value: Option<&'w [u8]>) {
        self.local.insert((area, key), value);
    }

    /// Sends what is left and gives the next free position; the caller commits.
    pub(crate) async fn finish(mut self) -> Result<u64, Failure> {
        self.send_entries().await?;
        self.send_chunks().await?;
        self.send_local().await?;
        sqlx::query(fixed::SET_NEXT_POSITION)
            .bind(signed(self.next_position))
            .execute(&mut *self.connection)
            .await?;
        Ok(self.next_position)
    }

    async fn execute_with(&mut self, sql: &'static str, name: &[u8]) -> Result<(), Failure> {
        sqlx::query(sql)
            .bind(name)
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    async fn replace(&mut self, id: &EntryId, bytes: &[u8]) -> Result<(), Failure> {
        let kept: Option<(i64, i64)> = sqlx::query_as(fixed::KEPT_OF_ENTRY)
            .bind(&id.0[..])
            .fetch_optional(&mut *self.connection)
            .await?;
        let Some((position, received_ms)) = kept else {
            return Err(Failure::Refused(StoreError::UnknownEntry { id: *id }));
        };
        let checksum = row::of_entry(unsigned(position), id, unsigned(received_ms), bytes);
        sqlx::query(fixed::REPLACE_ENTRY)
            .bind(&checksum[..])
            .bind(bytes)
            .bind(position)
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    async fn send_entries(&mut self) -> Result<(), Failure> {
        let entries = std::mem::take(&mut self.entries);
        for (form, piece) in pieces(&entries) {
            match self.insert_entries(form, piece).await {
                Err(error) if is_duplicate(&error) => {
                    // Rare: the whole statement was undone; find out which are new.
                    let new = self.only_new(piece).await?;
                    for (form, piece) in pieces(&new) {
                        self.insert_entries(form, piece).await?;
                    }
                }
                other => other?,
            }
        }
        Ok(())
    }

    async fn insert_entries(&mut self, form: usize, rows: &[NewEntry<'w>]) -> sqlx::Result<()> {
        let mut query = sqlx::query(statements::INSERT_ENTRIES[form].as_str());
        let mut position = self.next_position;
        for entry in rows {
            let checksum = row::of_entry(position, &entry.id, entry.received_ms, entry.bytes);
            query = query
                .bind(signed(position))
                .bind(entry.id.0.to_vec())
                .bind(signed(entry.received_ms))
                .bind(checksum.to_vec())
                .bind(entry.bytes);
            position += 1;
        }
        query.execute(&mut *self.connection).await?;
        self.next_position = position;
        Ok(())
    }

    async fn only_new(&mut self, entries: &[NewEntry<'w>]) -> sqlx::Result<Vec<NewEntry<'w>>> {
        let ids: Vec<_> = entries.iter().map(|entry| entry.id.0).collect();
        let mut known = known(&mut *self.connection, &statements::KNOWN_ENTRIES, &ids).await?;
        let new = entries
            .iter()
            .filter(|entry| known.insert(entry.id.0.to_vec()));
        Ok(new.map(|entry| NewEntry { ..*entry }).collect())
    }

    async fn send_chunks(&mut self) -> Result<(), Failure> {
        let chunks = std::mem::take(&mut self.chunks);
        for (form, piece) in pieces(&chunks) {
            let mut query = sqlx::query(statements::INSERT_CHUNKS[form].as_str());
            for (hash, bytes) in piece {
                let checksum = row::of_chunk(hash, bytes).to_vec();
                query = query.bind(hash.0.to_vec()).bind(checksum).bind(*bytes);
            }
            query.execute(&mut *self.connection).await?;
        }
        Ok(())
    }

    async fn send_local(&mut self) -> Result<(), Failure> {
        let mut set = Vec::new();
        for ((area, key), value) in std::mem::take(&mut self.local) {
            let Some(value) = value else {
                let query = sqlx::query(fixed::REMOVE_LOCAL).bind(area).bind(key);
                query.execute(&mut *self.connection).await?;
                continue;
            };
            set.push((area, key, value));
        }
        for (form, piece) in pieces(&set) {
            let mut query = sqlx::query(statements::SET_LOCAL[form].as_str());
            for (area, key, value) in piece {
                let checksum = row::of_local(area, key, value).to_vec();
                query = query.bind(*area).bind(*key).bind(checksum).bind(*value);
            }
            query.execute(&mut *self.connection).await?;
        }
        Ok(())
    }
}

/// Cuts rows into pieces there is a statement for, each with the index of its form.
fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = (usize, &[T])> {
    std::iter::from_fn(move || {
        let form = ROWS.iter().position(|&size| size <= rows.len())?;
        let (piece, rest) = rows.split_at(ROWS[form]);
        rows = rest;
        Some((form, piece))
    })
}

/// Which of the names are stored.
pub(crate) async fn known(
    connection: &mut SqliteConnection,
    forms: &'static [String; 2],
    names: &[[u8; 32]],
) -> sqlx::Result<BTreeSet<Vec<u8>>> {
    let mut found = BTreeSet::new();
    for names in names.chunks(LOOKUP) {
        let mut query = sqlx::query_scalar(lookup_form(forms, names));
        for name in padded(names) {
            query = query.bind(name.to_vec());
        }
        let rows: Vec<Vec<u8>> = query.fetch_all(&mut *connection).await?;
        found.extend(rows);
    }
    Ok(found)
}

/// The statement that looks so many names up.
pub(crate) fn lookup_form(forms: &'static [String; 2], names: &[[u8; 32]]) -> &'static str {
    &forms[usize::from(names.len() == 1)]
}

/// The names, the last one repeated until the statement's places are filled.
pub(crate) fn padded(names: &[[u8; 32]]) -> impl Iterator<Item = &[u8; 32]> {
    let places = if names.len() == 1 { 1 } else { LOOKUP };
    names
        .iter()
        .chain(names.last().into_iter().cycle())
        .take(places)
}

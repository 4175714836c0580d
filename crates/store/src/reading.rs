//! Reading: each read is one statement on one of the readers, and nothing is given out that does
//! not match its checksum.

use std::{collections::BTreeMap, path::Path};

use domain::id::{EntryId, Hash};
use futures::TryStreamExt;
use sqlx::SqliteConnection;

use crate::{
    error::StoreError,
    group,
    row::{self, EntryColumns, Stored, signed, unsigned},
    statements::{self, LOOKUP, fixed},
    store::Store,
};

/// Bytes after which a batch of a scan ends.
const BATCH_BYTES: usize = 1 << 20;

/// How large a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Entries stored.
    pub entries: u64,
    /// Chunks stored.
    pub chunks: u64,
    /// Bytes of the database file.
    pub database_bytes: u64,
    /// Bytes of the write-ahead log's file.
    pub log_bytes: u64,
}

impl Store {
    /// Reads entries, in the order asked for; `None` is not stored.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] names the first entry that does not match its checksum.
    pub async fn entries(&self, ids: &[EntryId]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let names: Vec<_> = ids.iter().map(|id| id.0).collect();
        let mut found = Vec::with_capacity(ids.len());
        for names in names.chunks(LOOKUP) {
            let mut query = sqlx::query_as(group::lookup_form(&statements::ENTRIES, names));
            for name in group::padded(names) {
                query = query.bind(name.to_vec());
            }
            let rows: Vec<EntryColumns> = self
                .read(async |reader| query.fetch_all(reader).await)
                .await?;
            let mut read = BTreeMap::new();
            for columns in rows {
                let asked = EntryId(columns.1.as_slice().try_into().unwrap_or_default());
                let stored = row::entry(columns).map_err(|(position, _)| StoreError::Corrupt {
                    id: asked,
                    position,
                })?;
                read.insert(stored.id.0, stored.bytes);
            }
            found.extend(names.iter().map(|name| read.get(name).cloned()));
        }
        Ok(found)
    }

    /// Reads the entries from a position on, in the order they were stored.
    #[must_use]
    pub fn scan(&self, from_position: u64) -> Scan {
        Scan {
            store: self.clone(),
            next_position: from_position,
            found_corrupt: None,
            ended: false,
        }
    }

    /// Reads a chunk.
    ///
    /// # Errors
    /// [`StoreError::CorruptChunk`] if it does not match its checksum.
    pub async fn chunk(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
        let query = sqlx::query_as(fixed::CHUNK).bind(hash.0.to_vec());
        let row: Option<(Vec<u8>, Vec<u8>)> = self
            .read(async |reader| query.fetch_optional(reader).await)
            .await?;
        let Some((checksum, bytes)) = row else {
            return Ok(None);
        };
        if checksum != row::of_chunk(hash, &bytes) {
            return Err(StoreError::CorruptChunk { hash: *hash });
        }
        Ok(Some(bytes))
    }

    /// Says of each chunk whether it is stored.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn chunks_existing(&self, hashes: &[Hash]) -> Result<Vec<bool>, StoreError> {
        let names: Vec<_> = hashes.iter().map(|hash| hash.0).collect();
        let forms = &statements::KNOWN_CHUNKS;
        let known = self
            .read(async |reader| group::known(reader, forms, &names).await)
            .await?;
        Ok(names.iter().map(|name| known.contains(&name[..])).collect())
    }

    /// Reads a local value.
    ///
    /// # Errors
    /// [`StoreError::CorruptLocal`] if it does not match its checksum.
    pub async fn local_get(
        &self,
        area: &'static str,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let query = sqlx::query_as(fixed::LOCAL).bind(area).bind(key);
        let row: Option<(Vec<u8>, Vec<u8>)> = self
            .read(async |reader| query.fetch_optional(reader).await)
            .await?;
        row.map(|(checksum, value)| local(area, key, &checksum, value))
            .transpose()
    }

    /// Reads all local values of an area, in order of their keys.
    ///
    /// # Errors
    /// [`StoreError::CorruptLocal`] if one does not match its checksum.
    pub async fn local_list(
        &self,
        area: &'static str,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        let query = sqlx::query_as(fixed::LOCAL_OF_AREA).bind(area);
        let rows: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> = self
            .read(async |reader| query.fetch_all(reader).await)
            .await?;
        rows.into_iter()
            .map(|(key, checksum, value)| {
                let value = local(area, &key, &checksum, value)?;
                Ok((key, value))
            })
            .collect()
    }

    /// Measures the store.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn size(&self) -> Result<Size, StoreError> {
        let count = async |sql: &'static str| {
            let query = sqlx::query_scalar(sql);
            let count: i64 = self
                .read(async |reader| query.fetch_one(reader).await)
                .await?;
            Ok::<_, StoreError>(unsigned(count))
        };
        let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |data| data.len());
        Ok(Size {
            entries: count(fixed::COUNT_ENTRIES).await?,
            chunks: count(fixed::COUNT_CHUNKS).await?,
            database_bytes: bytes(&self.inner.path),
            log_bytes: bytes(&self.inner.directory.log()),
        })
    }
}

fn local(area: &str, key: &[u8], checksum: &[u8], value: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    if checksum == row::of_local(area, key, &value) {
        Ok(value)
    } else {
        Err(StoreError::CorruptLocal {
            area: area.to_owned(),
        })
    }
}

/// Entries in the order they were stored, read in batches of bounded size.
#[derive(Debug)]
pub struct Scan {
    store: Store,
    next_position: u64,
    found_corrupt: Option<StoreError>,
    ended: bool,
}

impl Scan {
    /// The next batch; `None` after the last entry.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] in the place of an entry that does not match its checksum: the scan
    /// can go on after it. After any other error it cannot.
    pub async fn next(&mut self) -> Result<Option<Vec<Stored>>, StoreError> {
        if let Some(error) = self.found_corrupt.take() {
            return Err(error);
        }
        if self.ended {
            return Ok(None);
        }
        let from = signed(self.next_position);
        let rows = self
            .store
            .read(async |reader| batch(reader, from).await)
            .await?;
        let mut batch = Vec::with_capacity(rows.len());
        self.ended = rows.is_empty();
        for columns in rows {
            self.next_position = unsigned(columns.0).saturating_add(1);
            match row::entry(columns) {
                Ok(stored) => batch.push(stored),
                Err((position, id)) => {
                    self.found_corrupt = Some(StoreError::Corrupt { id, position });
                    break;
                }
            }
        }
        match (batch.is_empty(), self.found_corrupt.take()) {
            (true, Some(error)) => Err(error),
            (true, None) => Ok(None),
            (false, error) => {
                self.found_corrupt = error;
                Ok(Some(batch))
            }
        }
    }
}

/// Rows from a position on, up to a number of rows and of bytes.
pub(crate) async fn batch(
    reader: &mut SqliteConnection,
    from: i64,
) -> sqlx::Result<Vec<EntryColumns>> {
    let mut rows = sqlx::query_as(fixed::SCAN).bind(from).fetch(reader);
    let (mut batch, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.try_next().await? {
        let row: EntryColumns = row;
        bytes += row.4.len();
        batch.push(row);
        if bytes >= BATCH_BYTES {
            break;
        }
    }
    Ok(batch)
}

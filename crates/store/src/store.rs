//! The handle: opening, writing, reading, closing.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use domain::id::{EntryId, FederationId, Hash};
use futures::TryStreamExt;
use sqlx::{
    SqliteConnection, SqlitePool,
    pool::PoolConnection,
    sqlite::{Sqlite, SqlitePoolOptions},
};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::timeout,
};

use crate::{
    connection::{self, Use},
    directory::{self, Directory},
    error::{StoreError, read_failure, write_failure},
    group::{self, Write},
    log,
    row::{self, EntryColumns, Stored, signed, unsigned},
    schema,
    statements::{self, LOOKUP, fixed},
    writer::{Command, Request, Writer},
};

/// The most bytes one value may have.
pub const VALUE_BYTES_MAX: usize = 16 << 20;

/// Bytes of writes that may wait, over all callers; one larger request waits for the whole queue.
const QUEUE_BYTES: u32 = 16 << 20;

/// Requests that may wait.
const QUEUE_REQUESTS: usize = 1_024;

/// Bytes after which a batch of a scan ends.
const BATCH_BYTES: usize = 1 << 20;

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many connections read at once.
    pub readers: u32,
    /// How long a group of writes may wait for company, when the last one had some.
    pub gather: Duration,
    /// How long a caller waits before [`StoreError::Late`].
    pub deadline: Duration,
    /// The most bytes the database file may have, without its write-ahead log; writes beyond it are
    /// refused with [`StoreError::Full`].
    pub quota_bytes: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 3,
            gather: Duration::from_millis(5),
            deadline: Duration::from_secs(30),
            quota_bytes: None,
        }
    }
}

/// What was found when a store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// Whether the store was made just now.
    pub new: bool,
    /// Whether it was closed properly the last time. If not, the node compares its heights with its
    /// peers before it signs.
    pub clean: bool,
    /// The number of the schema.
    pub schema_version: u32,
}

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

/// A handle on an open store; clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    commands: mpsc::Sender<Command>,
    room: Arc<Semaphore>,
    readers: SqlitePool,
    directory: Directory,
    path: PathBuf,
    deadline: Duration,
}

impl Store {
    /// Opens the store of a federation, or makes one in an empty directory. Must be called within a
    /// Tokio runtime, which also runs the writer.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::OtherFederation`], [`StoreError::Newer`],
    /// [`StoreError::Damaged`], [`StoreError::Setting`], [`StoreError::File`], and what a first
    /// write may give ([`StoreError::Full`], …).
    pub async fn open(
        path: &Path,
        federation: FederationId,
        options: Options,
    ) -> Result<(Self, Opened), StoreError> {
        let directory = Directory::lock(path)?;
        directory.finish_rebuild()?;
        let path = directory.database();
        let new = !directory::exists(&path)?;
        if new {
            create(&directory, federation).await?;
        }
        directory::inspect_header(&path)?;
        log::inspect(&path, &directory.log())?;
        let pages_max = options
            .quota_bytes
            .map(|bytes| (bytes / schema::PAGE_BYTES as u64).max(1));
        let mut connection = connection::open(&path, Use::Write { pages_max }).await?;
        schema::migrate(&path, &mut connection).await?;
        let (clean, next_position) = begin(&path, &mut connection, federation).await?;
        let readers = readers(&path, &options).await?;
        let (commands, queue) = mpsc::channel(QUEUE_REQUESTS);
        let writer = Writer {
            connection,
            queue,
            path: path.clone(),
            _directory: directory.clone(),
            gather: options.gather,
            next_position,
            last_group_requests: 1,
            log_bytes: 0,
            broken: None,
        };
        tokio::spawn(writer.run());
        let room = Arc::new(Semaphore::new(QUEUE_BYTES as usize));
        let deadline = options.deadline;
        let inner = Inner {
            commands,
            room,
            readers,
            directory,
            path,
            deadline,
        };
        let opened = Opened {
            new,
            clean,
            schema_version: schema::known_version(),
        };
        Ok((
            Self {
                inner: Arc::new(inner),
            },
            opened,
        ))
    }

    /// Stores all the writes, in their order, or none, and returns once they are durable.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], [`StoreError::UnknownEntry`], [`StoreError::Full`] and
    /// [`StoreError::Busy`]: nothing was stored, others go on. [`StoreError::Broken`] and
    /// [`StoreError::Damaged`]: nothing is stored any more. After [`StoreError::Late`] the write
    /// may still happen.
    pub async fn write(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let sizes = writes.iter().map(Write::content_bytes);
        if let Some(found_bytes) = sizes.clone().find(|&size| size > VALUE_BYTES_MAX) {
            return Err(StoreError::TooLarge {
                found_bytes,
                limit_bytes: VALUE_BYTES_MAX,
            });
        }
        let bytes = sizes.sum();
        let permits = u32::try_from(bytes).map_or(QUEUE_BYTES, |bytes| bytes.min(QUEUE_BYTES));
        self.in_time(async {
            let room = Arc::clone(&self.inner.room).acquire_many_owned(permits);
            let _room = room.await.map_err(|_| StoreError::Closed)?;
            let (answer, answered) = oneshot::channel();
            let command = Command::Write(Request {
                writes,
                bytes,
                _room,
                answer,
            });
            self.inner
                .commands
                .send(command)
                .await
                .map_err(|_| StoreError::Closed)?;
            answered.await.map_err(|_| StoreError::Closed)?
        })
        .await
    }

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
            let mut read = std::collections::BTreeMap::new();
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

    /// Waits for the writes before it, marks a clean shutdown and closes the store for every clone.
    ///
    /// # Errors
    /// What a write may give; the next opening then finds an unclean shutdown.
    pub async fn close(self) -> Result<(), StoreError> {
        self.in_time(async {
            self.inner.readers.close().await;
            let (answer, answered) = oneshot::channel();
            let command = Command::Close(answer);
            self.inner
                .commands
                .send(command)
                .await
                .map_err(|_| StoreError::Closed)?;
            answered.await.map_err(|_| StoreError::Closed)?
        })
        .await
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let deadline = self.inner.deadline;
        let late = |_| StoreError::Late {
            waited_ms: deadline.as_millis() as u64,
        };
        timeout(deadline, work).await.map_err(late)?
    }

    /// Runs one read on a reader. No transaction is left open behind it: one held across waits
    /// would keep the write-ahead log growing.
    pub(crate) async fn read<T>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> sqlx::Result<T>,
    ) -> Result<T, StoreError> {
        self.in_time(async {
            let mut reader = self.reader().await?;
            work(&mut reader)
                .await
                .map_err(|error| read_failure(&self.inner.path, error))
        })
        .await
    }

    pub(crate) async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        let reader = self.inner.readers.acquire().await;
        reader.map_err(|error| read_failure(&self.inner.path, error))
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

async fn create(directory: &Directory, federation: FederationId) -> Result<(), StoreError> {
    use sqlx::Connection;
    let path = directory.unfinished();
    let connection = schema::create(&path, federation, 1).await?;
    connection
        .close()
        .await
        .map_err(|error| write_failure(&path, error))?;
    directory.put(&path, &directory.database())
}

/// Checks whose store it is and marks it as open. Gives whether the last shutdown was clean, and
/// the next position.
async fn begin(
    path: &Path,
    connection: &mut SqliteConnection,
    expected: FederationId,
) -> Result<(bool, u64), StoreError> {
    let failure = |error| read_failure(path, error);
    let meta: Option<(Vec<u8>, bool, i64)> = sqlx::query_as(fixed::META)
        .fetch_optional(&mut *connection)
        .await
        .map_err(failure)?;
    let (found, clean, next_position) =
        meta.ok_or_else(|| StoreError::damaged(path, "it does not say whose it is"))?;
    let found = found.try_into().map(FederationId);
    let found = found.map_err(|_| StoreError::damaged(path, "it does not say whose it is"))?;
    if found != expected {
        return Err(StoreError::OtherFederation { found, expected });
    }
    let highest: Option<i64> = sqlx::query_scalar(fixed::HIGHEST_POSITION)
        .fetch_one(&mut *connection)
        .await
        .map_err(failure)?;
    if highest.is_some_and(|highest| highest >= next_position) {
        return Err(StoreError::damaged(path, "its next position is taken"));
    }
    sqlx::query(fixed::SET_CLEAN)
        .bind(0)
        .execute(connection)
        .await
        .map_err(|error| write_failure(path, error))?;
    Ok((clean, unsigned(next_position)))
}

async fn readers(path: &Path, options: &Options) -> Result<SqlitePool, StoreError> {
    let checked = path.to_path_buf();
    let pool = SqlitePoolOptions::new()
        .max_connections(options.readers.max(1))
        .min_connections(1)
        .test_before_acquire(false)
        .acquire_timeout(options.deadline)
        .after_connect(move |connection, _| {
            let path = checked.clone();
            Box::pin(async move {
                let held = connection::read_back(&path, connection).await;
                held.map_err(|error| sqlx::Error::Configuration(Box::new(error)))
            })
        });
    let pool = pool
        .connect_with(connection::options(path, Use::Read))
        .await;
    pool.map_err(|error| read_failure(path, error))
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

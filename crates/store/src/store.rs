//! The handle: opening, writing, closing.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use domain::id::FederationId;
use sqlx::{
    SqliteConnection, SqlitePool,
    pool::PoolConnection,
    sqlite::{Sqlite, SqlitePoolOptions},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::timeout,
};

use crate::{
    connection::{self, Use},
    directory::{self, Directory},
    error::{StoreError, read_failure, write_failure},
    group::Write,
    log,
    row::unsigned,
    schema,
    statements::fixed,
    writer::{Command, Request, Writer},
};

/// The most bytes one value may have.
pub const VALUE_BYTES_MAX: usize = 16 << 20;

/// Bytes of writes that may wait, over all callers; one larger request waits for the whole queue.
const QUEUE_BYTES: u32 = 16 << 20;

/// Requests that may wait.
const QUEUE_REQUESTS: usize = 1_024;

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
    /// A permit for each read that may run; the writer takes them all for a pause.
    reading: Arc<Semaphore>,
    pub(crate) directory: Directory,
    pub(crate) path: PathBuf,
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
            if directory::exists(&directory.log())? {
                // SQLite would write the old log into a new file.
                return Err(StoreError::damaged(
                    &path,
                    "it is missing, its log is there",
                ));
            }
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
        let reading = Arc::new(Semaphore::new(options.readers.max(1) as usize));
        let (commands, queue) = mpsc::channel(QUEUE_REQUESTS);
        let writer = Writer {
            connection,
            queue,
            path: path.clone(),
            _directory: directory.clone(),
            gather: options.gather,
            reading: Arc::clone(&reading),
            readers: options.readers.max(1),
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
            reading,
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
            let (mut reader, _reading) = self.reader().await?;
            work(&mut reader)
                .await
                .map_err(|error| read_failure(&self.inner.path, error))
        })
        .await
    }

    /// A connection to read with, and the permit to do so.
    pub(crate) async fn reader(
        &self,
    ) -> Result<(PoolConnection<Sqlite>, OwnedSemaphorePermit), StoreError> {
        let reading = Arc::clone(&self.inner.reading).acquire_owned().await;
        let reading = reading.map_err(|_| StoreError::Closed)?;
        let reader = self.inner.readers.acquire().await;
        let reader = reader.map_err(|error| read_failure(&self.inner.path, error))?;
        Ok((reader, reading))
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

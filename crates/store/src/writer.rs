//! The one writer: a task that takes what is queued, stores it in one transaction and then answers
//! everyone in it.
//!
//! A group that fails is undone as a whole and its requests are tried one by one, so that only
//! those at fault fail. Where it is unknown what is on the disk (a failed sync above all) the
//! writer stores nothing more: trying again could report as durable what the system has dropped.

use std::{path::PathBuf, sync::Arc, time::Duration};

use sqlx::{Connection, SqliteConnection};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::{Instant, timeout, timeout_at},
};

use crate::{
    directory::Directory,
    error::{StoreError, write_failure},
    group::{Failure, Group, Write},
    statements::fixed,
};

/// Writes of one transaction.
const GROUP_WRITES: usize = 1_000;

/// Bytes of one transaction.
const GROUP_BYTES: usize = 4 << 20;

/// What the write-ahead log may grow, by estimate, before it is copied into the database.
const CHECKPOINT_BYTES: usize = 16 << 20;

/// How long the writer waits for reads to end, and new ones wait with it.
const PAUSE: Duration = Duration::from_millis(100);

/// The log's growth for a small write: a few pages of the tables and indexes it touches.
const LOG_BYTES_PER_WRITE: usize = 4 << 10;

/// What the writer is asked.
#[derive(Debug)]
pub(crate) enum Command {
    /// Store this.
    Write(Request),
    /// Mark a clean shutdown and end.
    Close(oneshot::Sender<Result<(), StoreError>>),
}

/// Writes that are stored together or not at all.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) writes: Vec<Write>,
    pub(crate) bytes: usize,
    /// The request's part of the queue's bytes.
    pub(crate) _room: OwnedSemaphorePermit,
    pub(crate) answer: oneshot::Sender<Result<(), StoreError>>,
}

/// The writer's state.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) connection: SqliteConnection,
    pub(crate) queue: mpsc::Receiver<Command>,
    pub(crate) path: PathBuf,
    /// Keeps the directory locked while the writer may still write.
    pub(crate) _directory: Directory,
    /// How long a group may wait for company.
    pub(crate) gather: Duration,
    /// A permit for each read that may run.
    pub(crate) reading: Arc<Semaphore>,
    pub(crate) readers: u32,
    pub(crate) next_position: u64,
    pub(crate) last_group_requests: usize,
    pub(crate) log_bytes: usize,
    pub(crate) broken: Option<StoreError>,
}

impl Writer {
    /// Works until it is closed or nobody is left to ask.
    pub(crate) async fn run(mut self) {
        while let Some(first) = self.queue.recv().await {
            let (group, close) = self.gather(first).await;
            if !group.is_empty() {
                self.last_group_requests = group.len();
                self.store(group).await;
            }
            if let Some(answer) = close {
                self.queue.close();
                let result = self.close().await;
                // Whoever asked may have given up waiting.
                let _ = answer.send(result);
                return;
            }
        }
    }

    /// Takes what is queued. It waits only while fewer have come than made up the last group: a
    /// caller that writes one thing after the other is never delayed, many at once share a sync.
    async fn gather(
        &mut self,
        first: Command,
    ) -> (
        Vec<Request>,
        Option<oneshot::Sender<Result<(), StoreError>>>,
    ) {
        let until = Instant::now() + self.gather;
        let (mut group, mut writes, mut bytes) = (Vec::new(), 0, 0);
        let mut next = Some(first);
        loop {
            match next.take() {
                Some(Command::Close(answer)) => return (group, Some(answer)),
                Some(Command::Write(request)) => {
                    writes += request.writes.len();
                    bytes += request.bytes;
                    group.push(request);
                }
                None => return (group, None),
            }
            if writes >= GROUP_WRITES || bytes >= GROUP_BYTES {
                return (group, None);
            }
            next = match self.queue.try_recv() {
                Ok(command) => Some(command),
                Err(_) if group.len() >= self.last_group_requests => None,
                Err(_) => timeout_at(until, self.queue.recv()).await.ok().flatten(),
            };
        }
    }

    async fn store(&mut self, group: Vec<Request>) {
        let group: Vec<_> = group
            .into_iter()
            .filter(|one| !one.answer.is_closed())
            .collect();
        if group.is_empty() {
            return;
        }
        match self.transact(&group).await {
            Err(_) if group.len() > 1 && self.broken.is_none() => {
                for request in group {
                    let result = self.transact(std::slice::from_ref(&request)).await;
                    let _ = request.answer.send(result);
                }
            }
            result => {
                for request in group {
                    let _ = request.answer.send(result.clone());
                }
            }
        }
        self.checkpoint().await;
    }

    /// Stores the requests in one transaction, or nothing of them.
    async fn transact(&mut self, requests: &[Request]) -> Result<(), StoreError> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        match self.attempt(requests).await {
            Ok(next_position) => {
                self.next_position = next_position;
                for request in requests {
                    self.log_bytes += request.bytes + request.writes.len() * LOG_BYTES_PER_WRITE;
                }
                Ok(())
            }
            Err(failure) => {
                let error = match failure {
                    Failure::Refused(error) => error,
                    Failure::Sqlite(error) => self.failure(error),
                };
                self.roll_back().await;
                Err(self.broken.clone().unwrap_or(error))
            }
        }
    }

    async fn attempt(&mut self, requests: &[Request]) -> Result<u64, Failure> {
        sqlx::query(fixed::BEGIN)
            .execute(&mut self.connection)
            .await?;
        let mut group = Group::new(&mut self.connection, self.next_position);
        for write in requests.iter().flat_map(|request| &request.writes) {
            group.add(write).await?;
        }
        let next_position = group.finish().await?;
        sqlx::query(fixed::COMMIT)
            .execute(&mut self.connection)
            .await?;
        Ok(next_position)
    }

    /// What an error means; what cannot be tried again breaks the writer.
    fn failure(&mut self, error: sqlx::Error) -> StoreError {
        let error = write_failure(&self.path, error);
        if !error.may_succeed_later() {
            tracing::error!(%error, "the store's writer stops");
            self.broken = Some(error.clone());
        }
        error
    }

    /// Gives the transaction up. SQLite may have done so itself or never begun: the statement
    /// then fails with a plain error, and the next `BEGIN` shows whether all is well.
    async fn roll_back(&mut self) {
        if let Err(error) = sqlx::query(fixed::ROLLBACK)
            .execute(&mut self.connection)
            .await
        {
            tracing::debug!(%error, "there was nothing to roll back");
        }
    }

    /// Copies the log into the database once it has grown, most of it beside the readers. They then
    /// pause for a moment: where one read always overlaps the next, the log would never be begun
    /// again and only grow. A long read or a full disk puts it off until later.
    async fn checkpoint(&mut self) {
        if self.log_bytes < CHECKPOINT_BYTES || self.broken.is_some() {
            return;
        }
        let copied = self.run_checkpoint(fixed::CHECKPOINT).await;
        let done = match (copied, self.pause_readers().await) {
            (Ok(_), Some(_pause)) => self.run_checkpoint(fixed::CHECKPOINT_RESTART).await,
            (copied, _) => copied.map(|_| false),
        };
        match done {
            Ok(true) => self.log_bytes = 0,
            Ok(false) => self.log_bytes = CHECKPOINT_BYTES / 2,
            Err(error) => {
                self.log_bytes = CHECKPOINT_BYTES / 2;
                tracing::warn!(%error, "the write-ahead log stays for now");
            }
        }
    }

    async fn pause_readers(&self) -> Option<OwnedSemaphorePermit> {
        let all = Arc::clone(&self.reading).acquire_many_owned(self.readers);
        timeout(PAUSE, all).await.ok()?.ok()
    }

    /// Whether everything was copied.
    async fn run_checkpoint(&mut self, sql: &'static str) -> Result<bool, StoreError> {
        let row = sqlx::query_as(sql).fetch_one(&mut self.connection).await;
        let (busy, logged, copied): (i64, i64, i64) = row.map_err(|error| self.failure(error))?;
        Ok(busy == 0 && logged == copied)
    }

    async fn close(mut self) -> Result<(), StoreError> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        let marked = sqlx::query(fixed::SET_CLEAN)
            .bind(1)
            .execute(&mut self.connection)
            .await;
        marked.map_err(|error| self.failure(error))?;
        self.run_checkpoint(fixed::CHECKPOINT_ALL).await?;
        let path = self.path;
        self.connection
            .close()
            .await
            .map_err(|error| write_failure(&path, error))
    }
}

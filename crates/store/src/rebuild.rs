//! Rebuilding a damaged store from what is left of it.
//!
//! The damaged file is only read. What can be verified is written to a new file, which takes its
//! place once it is whole and on the disk; the damaged one is kept under another name.

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
    sync::Arc,
};

use domain::id::{EntryId, FederationId, Timestamp};
use sqlx::{Connection, SqliteConnection};
use tokio::task::spawn_blocking;

use crate::{
    directory::{self, Directory},
    error::{StoreError, write_failure},
    group::{Failure, Group, Write},
    inspection::{Progress, Report, Step},
    pages::{Debris, Row},
    row::{Stored, signed},
    schema,
    statements::fixed,
    store::Store,
};

/// Pages searched at a time.
const SEARCH_PAGES: u32 = 256;

/// Entries copied at a time.
const COPY_ENTRIES: usize = 256;

/// Where an entry lies: its page, and its place among the rows of the page.
type Place = (u32, usize);

impl Store {
    /// Makes a new store of every entry, chunk and local value of a damaged one that can still be
    /// read and whose checksum holds; `verify` then judges each entry, in order of position.
    /// Positions are kept, and the next opening finds an unclean shutdown. The damaged file stays
    /// in the directory (see [`Report::damaged`]).
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::OtherFederation`] and [`StoreError::Newer`]; what
    /// writing may give. The store is then as it was.
    pub async fn rebuild(
        path: &Path,
        federation: FederationId,
        verify: impl FnMut(u64, EntryId, &[u8]) -> Result<(), String>,
        mut progress: impl FnMut(Progress),
    ) -> Result<Report, StoreError> {
        let directory = Directory::lock(path)?;
        directory.finish_rebuild()?;
        if let Err(newer @ StoreError::Newer { .. }) =
            directory::inspect_header(&directory.database())
        {
            return Err(newer);
        }
        if !directory::exists(&directory.database())? && !directory::exists(&directory.log())? {
            return Err(StoreError::Nothing {
                directory: path.to_path_buf(),
            });
        }
        let debris = Debris::open(&directory.database(), &directory.log())?;
        let mut rebuild = Rebuild {
            debris: Arc::new(debris),
            target: schema::create(&directory.unfinished(), federation, 1).await?,
            report: Report::default(),
            places: BTreeMap::new(),
            ids: HashSet::new(),
            next_position: 1,
        };
        rebuild
            .search(&directory, federation, &mut progress)
            .await?;
        rebuild.copy(&directory, verify, &mut progress).await?;
        let Rebuild {
            target, mut report, ..
        } = rebuild;
        let unfinished = directory.unfinished();
        target
            .close()
            .await
            .map_err(|error| write_failure(&unfinished, error))?;
        directory.put(&unfinished, &directory.rebuilt())?;
        report.damaged = directory.finish_rebuild()?;
        Ok(report)
    }
}

struct Rebuild {
    debris: Arc<Debris>,
    target: SqliteConnection,
    report: Report,
    places: BTreeMap<u64, Place>,
    ids: HashSet<EntryId>,
    next_position: u64,
}

impl Rebuild {
    /// Goes through all pages once: notes where the entries are and copies the rest.
    async fn search(
        &mut self,
        directory: &Directory,
        federation: FederationId,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), StoreError> {
        let pages = self.debris.pages();
        let mut first = 1;
        while first <= pages {
            let end = first
                .saturating_add(SEARCH_PAGES)
                .min(pages.saturating_add(1));
            let debris = Arc::clone(&self.debris);
            let found = spawn_blocking(move || {
                (first..end)
                    .map(|page| (page, debris.rows(page)))
                    .collect::<Vec<_>>()
            });
            let mut kept = Vec::new();
            for (page, rows) in found.await.map_err(|_| StoreError::Closed)? {
                for (place, row) in rows.into_iter().enumerate() {
                    match row {
                        Row::Entry(stored) => {
                            self.next_position = self.next_position.max(stored.position + 1);
                            if self.ids.insert(stored.id) {
                                self.places.insert(stored.position, (page, place));
                            }
                        }
                        Row::Meta(found, _) if found != federation => {
                            return Err(StoreError::OtherFederation {
                                found,
                                expected: federation,
                            });
                        }
                        Row::Meta(_, next) => self.next_position = self.next_position.max(next),
                        other => kept.push(other),
                    }
                }
            }
            self.keep(directory, &kept).await?;
            first = end;
            progress(Progress {
                step: Step::Search,
                done: u64::from(end - 1),
                total: u64::from(pages),
            });
        }
        Ok(())
    }

    /// Copies chunks and local values.
    async fn keep(&mut self, directory: &Directory, rows: &[Row]) -> Result<(), StoreError> {
        let mut chunks = Vec::new();
        for row in rows {
            if let Row::Chunk(hash, bytes) = row {
                chunks.push(Write::Chunk {
                    hash: *hash,
                    bytes: bytes.clone(),
                });
            }
        }
        let path = directory.unfinished();
        let work = async {
            sqlx::query(fixed::BEGIN).execute(&mut self.target).await?;
            let mut group = Group::new(&mut self.target, 1);
            for chunk in &chunks {
                group.add(chunk).await?;
                self.report.chunks += 1;
            }
            for row in rows {
                if let Row::Local(area, key, value) = row {
                    group.add_local(area, key, Some(value));
                    self.report.local += 1;
                }
            }
            group.finish().await?;
            sqlx::query(fixed::COMMIT).execute(&mut self.target).await?;
            Ok(())
        };
        work.await.map_err(|failure| failed(&path, failure))
    }

    /// Copies the entries in order of position.
    async fn copy(
        &mut self,
        directory: &Directory,
        mut verify: impl FnMut(u64, EntryId, &[u8]) -> Result<(), String>,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), StoreError> {
        let path = directory.unfinished();
        let places: Vec<_> = std::mem::take(&mut self.places).into_values().collect();
        let mut done = 0;
        for places in places.chunks(COPY_ENTRIES) {
            let (debris, wanted) = (Arc::clone(&self.debris), places.to_vec());
            let entries = spawn_blocking(move || entries(&debris, &wanted));
            let mut entries = entries.await.map_err(|_| StoreError::Closed)?;
            entries.retain(|stored| self.report.judge(stored, &mut verify));
            self.insert(entries)
                .await
                .map_err(|failure| failed(&path, failure))?;
            done += places.len() as u64;
            progress(Progress {
                step: Step::Copy,
                done,
                total: self.ids.len() as u64,
            });
        }
        sqlx::query(fixed::SET_NEXT_POSITION)
            .bind(signed(self.next_position))
            .execute(&mut self.target)
            .await
            .map_err(|error| write_failure(&path, error))?;
        // The lost entries may be the node's own: before it signs, it has to ask the others what
        // it signed already.
        sqlx::query(fixed::SET_CLEAN)
            .bind(0)
            .execute(&mut self.target)
            .await
            .map_err(|error| write_failure(&path, error))?;
        Ok(())
    }

    /// Inserts entries at their positions; each run without a gap is a group.
    async fn insert(&mut self, entries: Vec<Stored>) -> Result<(), Failure> {
        sqlx::query(fixed::BEGIN).execute(&mut self.target).await?;
        for run in entries.chunk_by(|one, next| one.position + 1 == next.position) {
            let writes: Vec<_> = run
                .iter()
                .map(|stored| Write::Entry {
                    id: stored.id,
                    bytes: stored.bytes.clone(),
                    received: Timestamp(stored.received_ms),
                })
                .collect();
            let mut group = Group::new(&mut self.target, run[0].position);
            for write in &writes {
                group.add(write).await?;
            }
            group.finish().await?;
        }
        sqlx::query(fixed::COMMIT).execute(&mut self.target).await?;
        Ok(())
    }
}

/// Reads entries again where they were found.
fn entries(debris: &Debris, places: &[Place]) -> Vec<Stored> {
    let mut entries = Vec::with_capacity(places.len());
    for run in places.chunk_by(|one, next| one.0 == next.0) {
        let mut rows: Vec<_> = debris.rows(run[0].0).into_iter().map(Some).collect();
        for &(_, place) in run {
            if let Some(Row::Entry(stored)) = rows.get_mut(place).and_then(Option::take) {
                entries.push(stored);
            }
        }
    }
    entries
}

fn failed(path: &Path, failure: Failure) -> StoreError {
    match failure {
        Failure::Refused(error) => error,
        Failure::Sqlite(error) => write_failure(path, error),
    }
}

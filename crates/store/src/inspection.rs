//! Checking a store while it is in use.

use std::path::PathBuf;

use domain::id::{EntryId, Hash};

use crate::{
    error::StoreError,
    row::{self, ChunkColumns, LocalColumns, Stored, signed, unsigned},
    statements::fixed,
    store::Store,
};

/// How many faults a report lists; more are only counted.
const FAULTS_MAX: usize = 1_000;

/// How far a check or a rebuild is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it does.
    pub step: Step,
    /// How much of it is done.
    pub done: u64,
    /// How much there is; an estimate.
    pub total: u64,
}

/// The steps of a check and of a rebuild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// SQLite checks the structure of the file.
    Structure,
    /// Every entry, chunk and local value is read.
    Rows,
    /// The pages of a damaged file are searched.
    Search,
    /// What was found is written to a new file.
    Copy,
}

/// Something a check or a rebuild did not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The entry's position and id, if it is one entry.
    pub entry: Option<(u64, EntryId)>,
    /// What is wrong, in words.
    pub text: String,
}

/// What a check or a rebuild found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Entries that are whole and were accepted.
    pub entries: u64,
    /// Chunks that are whole.
    pub chunks: u64,
    /// Local values that are whole.
    pub local: u64,
    /// How many faults there are.
    pub faults: u64,
    /// The first faults, at most 1,000.
    pub first_faults: Vec<Fault>,
    /// Where a rebuild keeps the damaged file.
    pub damaged: Option<PathBuf>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults == 0
    }

    fn fault(&mut self, entry: Option<(u64, EntryId)>, text: impl Into<String>) {
        self.faults += 1;
        if self.first_faults.len() < FAULTS_MAX {
            self.first_faults.push(Fault {
                entry,
                text: text.into(),
            });
        }
    }

    /// Counts an entry or notes why it is not accepted.
    pub(crate) fn judge(
        &mut self,
        stored: &Stored,
        verify: &mut impl FnMut(u64, EntryId, &[u8]) -> Result<(), String>,
    ) -> bool {
        match verify(stored.position, stored.id, &stored.bytes) {
            Ok(()) => self.entries += 1,
            Err(text) => {
                self.fault(Some((stored.position, stored.id)), text);
                return false;
            }
        }
        true
    }
}

impl Store {
    /// Checks the whole store while it is in use: the structure of the file, and every row against
    /// its checksum; `verify` then judges each entry by position, id and bytes.
    ///
    /// # Errors
    /// Only if the check itself cannot go on; what is wrong with the store is in the report.
    pub async fn check(
        &self,
        mut verify: impl FnMut(u64, EntryId, &[u8]) -> Result<(), String>,
        mut progress: impl FnMut(Progress),
    ) -> Result<Report, StoreError> {
        let mut report = Report::default();
        progress(Progress {
            step: Step::Structure,
            done: 0,
            total: 1,
        });
        self.check_structure(&mut report).await?;
        progress(Progress {
            step: Step::Structure,
            done: 1,
            total: 1,
        });
        self.check_entries(&mut report, &mut verify, &mut progress)
            .await?;
        self.check_chunks(&mut report).await?;
        self.check_local(&mut report).await?;
        Ok(report)
    }

    /// Has no deadline: it takes as long as the file is large, and holds up no one.
    async fn check_structure(&self, report: &mut Report) -> Result<(), StoreError> {
        let (mut reader, _reading) = self.reader().await?;
        match sqlx::query_scalar::<_, String>(fixed::INTEGRITY)
            .fetch_all(&mut *reader)
            .await
        {
            Ok(lines) => lines
                .into_iter()
                .filter(|line| line != "ok")
                .for_each(|line| report.fault(None, line)),
            Err(error) => report.fault(None, error.to_string()),
        }
        Ok(())
    }

    async fn check_entries(
        &self,
        report: &mut Report,
        verify: &mut impl FnMut(u64, EntryId, &[u8]) -> Result<(), String>,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), StoreError> {
        let total = match self.size().await {
            Ok(size) => size.entries,
            Err(error @ StoreError::Damaged { .. }) => {
                report.fault(None, error.to_string());
                0
            }
            Err(error) => return Err(error),
        };
        let mut scan = self.scan(0);
        let (mut done, mut last) = (0, 0);
        loop {
            match scan.next().await {
                Ok(None) => return Ok(()),
                Ok(Some(batch)) => {
                    for stored in &batch {
                        report.judge(stored, verify);
                        last = stored.position;
                    }
                    done += batch.len() as u64;
                    progress(Progress {
                        step: Step::Rows,
                        done,
                        total: total.max(done),
                    });
                }
                Err(StoreError::Corrupt { id, position }) => {
                    last = position;
                    report.fault(Some((position, id)), "it does not match its checksum");
                }
                Err(StoreError::Damaged { .. }) => {
                    let text = format!("entries after position {last} cannot be read in order");
                    report.fault(None, text);
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn check_chunks(&self, report: &mut Report) -> Result<(), StoreError> {
        let mut from = 0;
        loop {
            let query = sqlx::query_as(fixed::SCAN_CHUNKS).bind(signed(from));
            let read = self
                .read(async |reader| query.fetch_all(reader).await)
                .await;
            let rows: Vec<ChunkColumns> = match read {
                Err(StoreError::Damaged { .. }) => {
                    report.fault(None, "chunks cannot be read in order");
                    return Ok(());
                }
                read => read?,
            };
            let Some(last) = rows.last() else {
                return Ok(());
            };
            from = unsigned(last.0) + 1;
            for (_, hash, checksum, bytes) in &rows {
                match hash.as_slice().try_into().map(Hash) {
                    Ok(hash) if *checksum == row::of_chunk(&hash, bytes) => report.chunks += 1,
                    Ok(hash) => report.fault(None, format!("chunk {hash} is damaged")),
                    Err(_) => report.fault(None, "a chunk's name is damaged"),
                }
            }
        }
    }

    async fn check_local(&self, report: &mut Report) -> Result<(), StoreError> {
        let mut from = 0;
        loop {
            let query = sqlx::query_as(fixed::SCAN_LOCAL).bind(signed(from));
            let read = self
                .read(async |reader| query.fetch_all(reader).await)
                .await;
            let rows: Vec<LocalColumns> = match read {
                Err(StoreError::Damaged { .. }) => {
                    report.fault(None, "local values cannot be read in order");
                    return Ok(());
                }
                read => read?,
            };
            let Some(last) = rows.last() else {
                return Ok(());
            };
            from = unsigned(last.0) + 1;
            for (_, area, key, checksum, value) in &rows {
                if *checksum == row::of_local(area, key, value) {
                    report.local += 1;
                } else {
                    report.fault(None, format!("a local value of area {area} is damaged"));
                }
            }
        }
    }
}

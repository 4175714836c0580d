//! The rows in the debris of a database, read without SQLite and without its indexes.
//!
//! A damaged page of a tree hides every row below it from SQLite, a damaged header all of them. So
//! rebuilding looks at each page by itself: what reads as a leaf of a table is searched for rows,
//! and a row counts if its own checksum holds. What was removed does not come back, because the store
//! overwrites what it removes; only where the newest copy of a page in the log is damaged, the one
//! before it counts.

use std::{fs::File, os::unix::fs::FileExt, path::Path};

use domain::id::{FederationId, Hash};

use crate::{
    directory,
    error::StoreError,
    log,
    row::{self, EntryColumns, Stored, unsigned},
    schema::PAGE_BYTES,
};

/// The most columns a row of any table has.
const COLUMNS_MAX: usize = 8;

/// A row that carries a valid checksum, or the one row of `meta`, which has none.
#[derive(Debug)]
pub(crate) enum Row {
    /// An entry.
    Entry(Stored),
    /// A chunk.
    Chunk(Hash, Vec<u8>),
    /// A local value.
    Local(String, Vec<u8>, Vec<u8>),
    /// Whose store it is, and the next position.
    Meta(FederationId, u64),
}

/// A damaged database and its log.
#[derive(Debug)]
pub(crate) struct Debris {
    database: Option<File>,
    log: Option<File>,
    frames: log::Pages,
    pages: u32,
}

impl Debris {
    /// Opens the files for reading only.
    pub(crate) fn open(database: &Path, log: &Path) -> Result<Self, StoreError> {
        let frames = log::read(log)?;
        let database = if directory::exists(database)? {
            let file = File::open(database);
            Some(file.map_err(|error| StoreError::file("open", database, error))?)
        } else {
            None
        };
        let bytes = database.as_ref().and_then(|file| file.metadata().ok());
        let in_file = bytes.map_or(0, |data| data.len().div_ceil(PAGE_BYTES as u64));
        let in_log = frames.offsets.keys().max().copied().unwrap_or(0);
        let pages = u32::try_from(in_file)
            .unwrap_or(u32::MAX - 1)
            .max(in_log)
            .min(u32::MAX - 1);
        Ok(Self {
            database,
            log: File::open(log).ok(),
            frames,
            pages,
        })
    }

    /// How many pages there are; damaged copies in the log count as further pages at the end.
    pub(crate) fn pages(&self) -> u32 {
        let torn = u32::try_from(self.frames.torn.len()).unwrap_or(u32::MAX);
        self.pages.saturating_add(torn)
    }

    /// The rows of one page. A page that cannot be read has none.
    pub(crate) fn rows(&self, page: u32) -> Vec<Row> {
        let Some(bytes) = self.page(page) else {
            return Vec::new();
        };
        // The first page begins with the header of the file.
        let start = if page == 1 { 100 } else { 0 };
        if bytes[start] != 0x0d {
            return Vec::new();
        }
        let cells = u16::from_be_bytes([bytes[start + 3], bytes[start + 4]]) as usize;
        let pointers = bytes[start + 8..].chunks_exact(2).take(cells);
        pointers
            .map(|pointer| u16::from_be_bytes([pointer[0], pointer[1]]) as usize)
            .filter_map(|at| self.cell(bytes.get(at..)?))
            .collect()
    }

    fn page(&self, page: u32) -> Option<Vec<u8>> {
        let mut bytes = vec![0; PAGE_BYTES];
        let torn = page.checked_sub(self.pages + 1).map(|index| index as usize);
        let (in_log, offset) = if let Some(index) = torn {
            (true, self.frames.torn.get(index)?.1)
        } else if let Some(&offset) = self.frames.offsets.get(&page) {
            (true, offset)
        } else {
            (false, u64::from(page.checked_sub(1)?) * PAGE_BYTES as u64)
        };
        let file = if in_log { &self.log } else { &self.database };
        let file = file.as_ref()?;
        file.read_exact_at(&mut bytes, offset).ok()?;
        Some(bytes)
    }

    /// A row: the size of its content, its number, and the content, the end of which may lie on a
    /// chain of further pages.
    fn cell(&self, cell: &[u8]) -> Option<Row> {
        let mut cell = Cursor(cell);
        let length = usize::try_from(cell.varint()?).ok()?;
        let number = cell.varint()?;
        // Nothing of the store is larger than a value and its columns.
        if length > crate::VALUE_BYTES_MAX + PAGE_BYTES {
            return None;
        }
        let here = self.local_bytes(length);
        let mut content = cell.take(here)?.to_vec();
        if here < length {
            let mut next = cell.word()?;
            while content.len() < length {
                let page = self.page(next)?;
                let part = (length - content.len()).min(PAGE_BYTES - 4);
                content.extend_from_slice(&page[4..4 + part]);
                next = Cursor(&page).word()?;
            }
        }
        row(number, &columns(&content)?)
    }

    /// How much of a row's content is in its own page, as the file format says.
    fn local_bytes(&self, length: usize) -> usize {
        let usable = PAGE_BYTES;
        if length <= usable - 35 {
            return length;
        }
        let least = (usable - 12) * 32 / 255 - 23;
        let fitting = least + (length - least) % (usable - 4);
        if fitting <= usable - 35 {
            fitting
        } else {
            least
        }
    }
}

/// A column's value; the store has no other kinds.
enum Value<'a> {
    Null,
    Integer(i64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
}

fn columns(content: &[u8]) -> Option<Vec<Value<'_>>> {
    let mut header = Cursor(content);
    let header_bytes = usize::try_from(header.varint()?).ok()?;
    let mut values = Cursor(content.get(header_bytes..)?);
    let read = content.len() - header.0.len();
    let mut header = Cursor(content.get(read..header_bytes)?);
    let mut columns = Vec::new();
    while !header.0.is_empty() && columns.len() < COLUMNS_MAX {
        let kind = header.varint()?;
        columns.push(match kind {
            0 => Value::Null,
            1..=4 => Value::Integer(values.integer(kind as usize)?),
            5 => Value::Integer(values.integer(6)?),
            6 => Value::Integer(values.integer(8)?),
            8 => Value::Integer(0),
            9 => Value::Integer(1),
            12.. => {
                let bytes = values.take(usize::try_from((kind - 12) / 2).ok()?)?;
                if kind % 2 == 0 {
                    Value::Blob(bytes)
                } else {
                    Value::Text(bytes)
                }
            }
            _ => return None,
        });
    }
    Some(columns)
}

/// Tells from its columns and its checksum which table a row is of.
fn row(number: u64, columns: &[Value<'_>]) -> Option<Row> {
    match columns {
        [
            Value::Null,
            Value::Blob(id),
            Value::Integer(received_ms),
            Value::Blob(sum),
            Value::Blob(bytes),
        ] => {
            let position = i64::try_from(number).ok()?;
            let columns: EntryColumns = (
                position,
                id.to_vec(),
                *received_ms,
                sum.to_vec(),
                bytes.to_vec(),
            );
            row::entry(columns).ok().map(Row::Entry)
        }
        [
            Value::Null,
            Value::Blob(hash),
            Value::Blob(sum),
            Value::Blob(bytes),
        ] => {
            let hash = Hash((*hash).try_into().ok()?);
            (*sum == row::of_chunk(&hash, bytes)).then(|| Row::Chunk(hash, bytes.to_vec()))
        }
        [
            Value::Null,
            Value::Text(area),
            Value::Blob(key),
            Value::Blob(sum),
            Value::Blob(value),
        ] => {
            let area = std::str::from_utf8(area).ok()?;
            (*sum == row::of_local(area, key, value))
                .then(|| Row::Local(area.to_owned(), key.to_vec(), value.to_vec()))
        }
        [
            Value::Null,
            Value::Blob(federation),
            Value::Integer(0 | 1),
            Value::Integer(next),
        ] => {
            let federation = FederationId((*federation).try_into().ok()?);
            (number == 1 && *next > 0).then(|| Row::Meta(federation, unsigned(*next)))
        }
        _ => None,
    }
}

/// Reads numbers off the front of bytes.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn word(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// SQLite's integer of one to nine bytes: seven bits each, the ninth has eight.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for index in 0..9 {
            let byte = u64::from(self.take(1)?[0]);
            if index == 8 {
                return Some(value << 8 | byte);
            }
            value = value << 7 | byte & 0x7f;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn integer(&mut self, length: usize) -> Option<i64> {
        let bytes = self.take(length)?;
        let sign = if bytes[0] & 0x80 == 0 { 0 } else { -1 };
        Some(
            bytes
                .iter()
                .fold(sign, |value, &byte| value << 8 | i64::from(byte)),
        )
    }
}

//! The write-ahead log, read without SQLite.
//!
//! SQLite reads the log up to the first frame that does not match its checksum. That is right for a
//! tail torn off by a power loss, which nobody was told is durable. After a bit flipped in the
//! middle it would silently drop acknowledged writes. The two differ: each commit is synced before
//! the next begins, so behind a torn frame there is at most the rest of its own transaction.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufReader, ErrorKind, Read},
    path::Path,
};

use crate::{error::StoreError, schema::PAGE_BYTES};

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// The log's magic number; its last bit says that checksums read words from their high byte on.
const MAGIC: u32 = 0x377f_0682;

/// Where the pages of the last state in a log are.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    /// Page number to the offset of the newest intact copy.
    pub(crate) offsets: HashMap<u32, u64>,
    /// Page number and offset of newer copies that do not match their checksum.
    pub(crate) torn: Vec<(u32, u64)>,
    /// Whether a damaged frame is followed by what was written after it was synced.
    pub(crate) damaged: bool,
}

/// Refuses a log in which acknowledged writes lie behind damage.
pub(crate) fn inspect(database: &Path, log: &Path) -> Result<(), StoreError> {
    if read(log)?.damaged {
        return Err(StoreError::damaged(
            database,
            "its write-ahead log lost acknowledged writes",
        ));
    }
    Ok(())
}

/// Reads a log's frames; a missing or empty log has none.
pub(crate) fn read(path: &Path) -> Result<Pages, StoreError> {
    match File::open(path) {
        Ok(file) => read_frames(&mut BufReader::with_capacity(1 << 20, file))
            .map_err(|error| StoreError::file("read", path, error)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Pages::default()),
        Err(error) => Err(StoreError::file("open", path, error)),
    }
}

fn read_frames(file: &mut impl Read) -> std::io::Result<Pages> {
    let mut pages = Pages::default();
    let mut header = [0; HEADER_BYTES];
    if !fill(file, &mut header)? {
        return Ok(pages);
    }
    let magic = word(&header, 0);
    let sum = |from: (u32, u32), bytes: &[u8]| checksum(magic & 1 == 1, from, bytes);
    let mut expected = sum((0, 0), &header[..24]);
    let sound = magic & !1 == MAGIC
        && word(&header, 8) as usize == PAGE_BYTES
        && expected == (word(&header, 24), word(&header, 28));
    let mut frame = vec![0; FRAME_HEADER_BYTES + PAGE_BYTES];
    // Frames of one log share two random numbers with its header; those of an older log follow.
    let mut salts = sound.then(|| header[16..24].to_vec());
    let mut uncommitted = Vec::new();
    let (mut torn, mut after_commit) = (!sound, false);
    let mut offset = HEADER_BYTES as u64;
    while fill(file, &mut frame)?
        && *salts.get_or_insert_with(|| frame[8..16].to_vec()) == frame[8..16]
    {
        let stored = (word(&frame, 16), word(&frame, 20));
        let found = sum(sum(expected, &frame[..8]), &frame[FRAME_HEADER_BYTES..]);
        let (page, commit) = (word(&frame, 0), word(&frame, 4) != 0);
        // What a crash or a full disk left of earlier transactions may follow a torn one, but none
        // of it continues the torn one's commit.
        pages.damaged |= torn && after_commit && found == stored;
        after_commit = commit;
        let copy = (page, offset + FRAME_HEADER_BYTES as u64);
        if found == stored {
            uncommitted.push(copy);
        } else {
            pages.torn.push(copy);
            torn = true;
        }
        if commit {
            pages.offsets.extend(uncommitted.drain(..));
        }
        // A flipped bit in a page leaves the stored sum as it was, and the next frame builds on it.
        expected = stored;
        offset += frame.len() as u64;
    }
    let Pages { offsets, torn, .. } = &mut pages;
    torn.retain(|(page, torn)| offsets.get(page).is_none_or(|intact| intact < torn));
    Ok(pages)
}

/// Fills the buffer; `false` at the end of the file.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(std::array::from_fn(|index| bytes[at + index]))
}

/// The log's checksum: two sums over pairs of words, as the file format says.
fn checksum(
    high_byte_first: bool,
    (mut first, mut second): (u32, u32),
    bytes: &[u8],
) -> (u32, u32) {
    let read = if high_byte_first {
        u32::from_be_bytes
    } else {
        u32::from_le_bytes
    };
    for pair in bytes.chunks_exact(8) {
        let half = |at: usize| read(std::array::from_fn(|index| pair[at + index]));
        first = first.wrapping_add(half(0)).wrapping_add(second);
        second = second.wrapping_add(half(4)).wrapping_add(first);
    }
    (first, second)
}

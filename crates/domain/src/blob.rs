//! Bytes of any sort, such as a picture, that lie beside the entries: an entry names them by their
//! chunks.

use thiserror::Error;

use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::Hash,
    text::CHUNK_BYTES_MAX,
};

/// The most bytes of a blob.
pub const BLOB_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most chunks a blob is cut into.
const CHUNKS_MAX: usize = BLOB_BYTES_MAX.div_ceil(CHUNK_BYTES_MAX);

/// The name of some bytes by their hash and those of their chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    hash: Hash,
    length: usize,
    chunks: Vec<Hash>,
}

/// Why bytes are no blob, or not the one they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BlobError {
    /// There are none.
    #[error("there is nothing in it")]
    Empty,
    /// There are too many.
    #[error("it has {found} bytes, {most} fit")]
    TooLong {
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// The chunks are others.
    #[error("the chunks are not the bytes they are named by")]
    Other,
}

impl Blob {
    /// Names some bytes, and cuts them into the chunks to keep beside the entry.
    ///
    /// # Errors
    /// When there are none, or more than [`BLOB_BYTES_MAX`].
    pub fn of(bytes: &[u8]) -> Result<(Self, Vec<Vec<u8>>), BlobError> {
        let length = bytes.len();
        if length == 0 {
            return Err(BlobError::Empty);
        }
        if length > BLOB_BYTES_MAX {
            let most = BLOB_BYTES_MAX;
            return Err(BlobError::TooLong {
                found: length,
                most,
            });
        }
        let pieces: Vec<Vec<u8>> = bytes.chunks(CHUNK_BYTES_MAX).map(<[u8]>::to_vec).collect();
        let blob = Self {
            hash: Hash::of(&[bytes]),
            length,
            chunks: pieces.iter().map(|piece| Hash::of(&[piece])).collect(),
        };
        Ok((blob, pieces))
    }

    /// SHA-256 of all bytes.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// How many bytes there are.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// The chunks that hold them, in order.
    #[must_use]
    pub fn chunks(&self) -> &[Hash] {
        &self.chunks
    }

    /// Puts the bytes together from their chunks.
    ///
    /// # Errors
    /// When the chunks are not these bytes.
    pub fn assemble(&self, chunks: &[Vec<u8>]) -> Result<Vec<u8>, BlobError> {
        let bytes = chunks.concat();
        if bytes.len() == self.length && Hash::of(&[&bytes]) == self.hash {
            Ok(bytes)
        } else {
            Err(BlobError::Other)
        }
    }
}

impl Encode for Blob {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .value(&self.hash)
            .uint(self.length as u64)
            .list(self.chunks.iter());
    }
}

impl Decode for Blob {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        let hash = decoder.value()?;
        let length = decoder.uint_to("blob length", BLOB_BYTES_MAX as u64)? as usize;
        let chunks: Vec<Hash> = decoder.list("chunks", CHUNKS_MAX)?;
        if length == 0 || chunks.len() != length.div_ceil(CHUNK_BYTES_MAX) {
            return Err(DecodeError::Invalid("a blob is cut into chunks of 48 KiB"));
        }
        Ok(Self {
            hash,
            length,
            chunks,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_from_their_chunks_and_from_nothing_else() {
        let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let (blob, mut chunks) = Blob::of(&bytes).unwrap();
        assert_eq!(chunks.len(), bytes.len().div_ceil(CHUNK_BYTES_MAX));
        assert_eq!(Blob::from_bytes(&blob.to_bytes()), Ok(blob.clone()));
        assert_eq!(blob.assemble(&chunks), Ok(bytes));
        chunks.swap(0, 1);
        assert_eq!(blob.assemble(&chunks), Err(BlobError::Other));
    }

    #[test]
    fn a_blob_has_at_least_one_byte_and_at_most_four_mebibytes() {
        assert_eq!(Blob::of(&[]), Err(BlobError::Empty));
        let most = Blob::of(&vec![7; BLOB_BYTES_MAX]).unwrap().0;
        assert_eq!(Blob::from_bytes(&most.to_bytes()), Ok(most));
        let (found, most) = (BLOB_BYTES_MAX + 1, BLOB_BYTES_MAX);
        let too_long = Err(BlobError::TooLong { found, most });
        assert_eq!(Blob::of(&vec![7; found]), too_long);
    }
}

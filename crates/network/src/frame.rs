//! Frames on a stream: a length of four bytes, most significant first, then so many bytes.

use std::{io, time::Duration};

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// The largest piece written under one deadline; also the largest frame joined with its header.
const PIECE_BYTES_MAX: usize = 16 * 1024;
/// The length of the header.
const HEADER_BYTES: usize = 4;

/// Why no frame could be read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// The stream ended, broke or was too slow.
    Ended,
    /// An empty frame.
    Empty,
    /// The header announces more than allowed.
    Oversized,
}

impl From<io::Error> for Unreadable {
    fn from(_: io::Error) -> Self {
        Self::Ended
    }
}

/// Reads a header and judges it before anything is allocated. Waits for its first byte without
/// a deadline, for the rest until `limit`.
pub(crate) async fn read_length<S: AsyncRead + Unpin>(
    stream: &mut S,
    bytes_max: usize,
    limit: Duration,
) -> Result<usize, Unreadable> {
    let mut header = [0; HEADER_BYTES];
    stream.read_exact(&mut header[..1]).await?;
    timeout(limit, stream.read_exact(&mut header[1..]))
        .await
        .map_err(|_| Unreadable::Ended)??;
    let length = usize::try_from(u32::from_be_bytes(header)).unwrap_or(usize::MAX);
    match length {
        0 => Err(Unreadable::Empty),
        length if length > bytes_max => Err(Unreadable::Oversized),
        length => Ok(length),
    }
}

/// Reads the bytes after a header.
pub(crate) async fn read_body<S: AsyncRead + Unpin>(
    stream: &mut S,
    length: usize,
    limit: Duration,
) -> Result<Vec<u8>, Unreadable> {
    let mut body = vec![0; length];
    timeout(limit, stream.read_exact(&mut body))
        .await
        .map_err(|_| Unreadable::Ended)??;
    Ok(body)
}

/// Writes a frame piece by piece; each piece has the deadline `stall`.
pub(crate) async fn write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    body: &[u8],
    stall: Duration,
) -> io::Result<()> {
    let length = u32::try_from(body.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let (first, rest) = body.split_at(body.len().min(PIECE_BYTES_MAX));
    let first = [&length.to_be_bytes()[..], first].concat();
    for piece in std::iter::once(&first[..]).chain(rest.chunks(PIECE_BYTES_MAX)) {
        timeout(stall, stream.write_all(piece))
            .await
            .map_err(|_| io::ErrorKind::TimedOut)??;
    }
    Ok(())
}

/// Flushes under a deadline.
pub(crate) async fn flush<S: AsyncWrite + Unpin>(
    stream: &mut S,
    stall: Duration,
) -> io::Result<()> {
    timeout(stall, stream.flush())
        .await
        .map_err(|_| io::ErrorKind::TimedOut)?
}

#[cfg(test)]
mod tests {
    use futures::io::Cursor;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn a_frame_is_read_as_it_was_written() {
        let body = vec![7; 3 * PIECE_BYTES_MAX + 5];
        let mut stream = Cursor::new(Vec::new());
        write(&mut stream, &body, SECOND).await.unwrap();
        stream.set_position(0);
        let length = read_length(&mut stream, body.len(), SECOND).await.unwrap();
        assert_eq!(read_body(&mut stream, length, SECOND).await.unwrap(), body);
        let end = read_length(&mut stream, 9, SECOND).await;
        assert!(matches!(end, Err(Unreadable::Ended)));
    }

    #[tokio::test]
    async fn an_empty_or_too_large_frame_is_refused_at_its_header() {
        let read = |header: [u8; 4]| async move {
            read_length(&mut Cursor::new(header), 1_000, SECOND).await
        };
        assert!(matches!(read([0; 4]).await, Err(Unreadable::Empty)));
        assert!(matches!(read([255; 4]).await, Err(Unreadable::Oversized)));
        assert!(matches!(
            read([0, 0, 3, 233]).await,
            Err(Unreadable::Oversized)
        ));
        assert!(matches!(read([0, 0, 3, 232]).await, Ok(1_000)));
    }
}

//! A socket that gives up when its other end takes too little of what is written.
//!
//! Whoever asks and never reads, or reads a byte now and then, would keep a connection, and its place among
//! those allowed, for as long as it likes.

use std::{
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// How long an answer may wait until it is taken, or until [`TAKEN_BYTES_MIN`] of it are.
pub(super) const TAKEN_WITHIN: Duration = Duration::from_secs(30);
/// What is taken of an answer that waits for its time to begin anew.
const TAKEN_BYTES_MIN: usize = 4 * 1024;

/// A stream whose writes fail when too little is taken for too long.
pub(super) struct Stalling<S> {
    inner: S,
    /// Runs from a write that had to wait until enough is taken.
    waiting: Option<Pin<Box<Sleep>>>,
    /// Taken since then, in bytes.
    taken: usize,
}

impl<S> Stalling<S> {
    pub(super) fn new(inner: S) -> Self {
        Self {
            inner,
            waiting: None,
            taken: 0,
        }
    }

    fn forget(&mut self) {
        (self.waiting, self.taken) = (None, 0);
    }

    fn judge(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.taken = self.taken.saturating_add(bytes);
                if self.taken >= TAKEN_BYTES_MIN {
                    self.forget();
                }
                return written;
            }
            Poll::Ready(Err(_)) => return written,
            Poll::Pending => {}
        }
        let waiting = self.waiting.get_or_insert_with(|| {
            self.taken = 0;
            Box::pin(sleep(TAKEN_WITHIN))
        });
        match waiting.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stalling<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stalling<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write(context, buffer);
        this.judge(context, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write_vectored(context, buffers);
        this.judge(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    /// Asked for once nothing more waits to be written.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.inner).poll_flush(context);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            this.forget();
        }
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, duplex},
        time::{Instant, timeout},
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_takes_little_is_given_up_and_whoever_takes_enough_is_not() {
        for (bytes_a_second, is_enough) in [(0, false), (100, false), (200, true)] {
            let (ours, mut theirs) = duplex(64);
            let reader = tokio::spawn(async move {
                let mut part = vec![0; bytes_a_second];
                while theirs.read_exact(&mut part).await.is_ok() {
                    sleep(Duration::from_secs(1)).await;
                    if bytes_a_second == 0 {
                        std::future::pending::<()>().await;
                    }
                }
            });
            let begun = Instant::now();
            let mut stream = Stalling::new(ours);
            let written = stream.write_all(&[1; 20 * 1024]).await;
            assert_eq!(written.is_ok(), is_enough, "{bytes_a_second}");
            if !is_enough {
                assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
                assert_eq!(begun.elapsed().as_secs(), TAKEN_WITHIN.as_secs());
            }
            reader.abort();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_between_answers_is_no_delay_of_theirs() {
        let (ours, mut theirs) = duplex(64);
        let mut stream = Stalling::new(ours);
        for _ in 0..3 {
            // The last of an answer waits, is taken, and nothing more is to be written for a while.
            let late = Duration::from_millis(1);
            assert!(timeout(late, stream.write_all(&[1; 65])).await.is_err());
            theirs.read_exact(&mut [0; 64]).await.unwrap();
            stream.write_all(&[1]).await.unwrap();
            stream.flush().await.unwrap();
            theirs.read_exact(&mut [0; 1]).await.unwrap();
            sleep(2 * TAKEN_WITHIN).await;
        }
    }
}

//! Bodies of answers, the broken ones included.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use hyper::body::{Body, Bytes, Frame, SizeHint};

/// How much of an oversized body is sent at once, in bytes.
const CHUNK_BYTES: u64 = 64 * 1024;

/// A body that may end early or never seem to.
pub(super) struct AnswerBody {
    data: Bytes,
    /// Blanks that follow the data.
    padding_bytes: u64,
    /// Bytes that are promised and never come.
    missing_bytes: u64,
}

impl AnswerBody {
    pub(super) fn whole(data: impl Into<Bytes>) -> Self {
        Self {
            data: data.into(),
            padding_bytes: 0,
            missing_bytes: 0,
        }
    }

    /// Promises all and gives half.
    pub(super) fn truncated(data: impl Into<Bytes>) -> Self {
        let mut data = data.into();
        let missing = data.split_off(data.len() / 2);
        Self {
            data,
            padding_bytes: 0,
            missing_bytes: missing.len() as u64 + 1,
        }
    }

    /// Goes on with blanks after the data.
    pub(super) fn oversized(data: impl Into<Bytes>, padding_bytes: u64) -> Self {
        Self {
            data: data.into(),
            padding_bytes,
            missing_bytes: 0,
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if !self.data.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.data)))));
        }
        if self.padding_bytes > 0 {
            let length = self.padding_bytes.min(CHUNK_BYTES);
            self.padding_bytes -= length;
            let blanks = Bytes::from(vec![b' '; length as usize]);
            return Poll::Ready(Some(Ok(Frame::data(blanks))));
        }
        if self.missing_bytes > 0 {
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())));
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_empty() && self.padding_bytes == 0 && self.missing_bytes == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.len() as u64 + self.padding_bytes + self.missing_bytes)
    }
}

//! Bodies of calls. One whose checksum stands in the query is read once that fits; a form with the checksum
//! in it has to be read before anybody knows who sends it, so of those little is held at one time.

use std::{sync::Arc, time::Duration};

use axum::body::{Body, Bytes, to_bytes};
use bigbluebutton::Failure;
use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{BODY_BYTES_MAX, too_large};

/// The largest form that nobody has signed for yet, in bytes: what is in it goes on as a query, and some
/// write each character of it as three.
const FORM_BYTES_MAX: usize = 4 * federation::meetings::call::QUERY_BYTES_MAX;
/// How long such a form may take to arrive.
const FORM_DEADLINE: Duration = Duration::from_secs(5);
/// The most bytes of such forms that are held at one time.
const FORMS_BYTES_MAX: usize = 16 << 20;

/// Forms that are read before their checksum is known to fit.
pub(crate) struct Forms(Arc<Semaphore>);

impl Default for Forms {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(FORMS_BYTES_MAX)))
    }
}

/// A form, and its part of the bytes that may be held.
pub(super) struct Form {
    pub bytes: Vec<u8>,
    held: Option<OwnedSemaphorePermit>,
}

impl Forms {
    /// Reads a form.
    ///
    /// # Errors
    /// What whoever sends it is told: it is too large or too slow, or others hold too much now.
    pub(super) async fn read(&self, body: Body) -> Result<Form, Failure> {
        let read = tokio::time::timeout(FORM_DEADLINE, self.read_at_leisure(body)).await;
        read.unwrap_or_else(|_| Err(Failure::server_unavailable()))
    }

    async fn read_at_leisure(&self, body: Body) -> Result<Form, Failure> {
        let mut form = Form {
            bytes: Vec::new(),
            held: None,
        };
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Failure::malformed())?;
            if form.bytes.len() + chunk.len() > FORM_BYTES_MAX {
                return Err(too_large(FORM_BYTES_MAX));
            }
            self.hold(&mut form, &chunk)?;
        }
        Ok(form)
    }

    /// Adds to a form what has arrived of it, if so much may still be held. Nobody waits for others to let
    /// go: all of them might.
    fn hold(&self, form: &mut Form, chunk: &[u8]) -> Result<(), Failure> {
        let bytes = u32::try_from(chunk.len()).map_err(|_| too_large(FORM_BYTES_MAX))?;
        let more = Arc::clone(&self.0).try_acquire_many_owned(bytes);
        let more = more.map_err(|_| Failure::server_unavailable())?;
        match &mut form.held {
            Some(held) => held.merge(more),
            None => form.held = Some(more),
        }
        form.bytes.extend_from_slice(chunk);
        Ok(())
    }
}

/// Reads what came with a call whose checksum fits.
pub(super) async fn read_signed(body: Body) -> Result<Bytes, Failure> {
    let read = to_bytes(body, BODY_BYTES_MAX).await;
    read.map_err(|_| too_large(BODY_BYTES_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn forms_that_nobody_signed_for_share_what_may_be_held() {
        let forms = Forms::default();
        let most = || Body::from("x".repeat(FORM_BYTES_MAX));
        let larger = forms.read(Body::from("x".repeat(FORM_BYTES_MAX + 1))).await;
        assert_eq!(larger.err(), Some(too_large(FORM_BYTES_MAX)));
        let mut held = Vec::new();
        for _ in 0..FORMS_BYTES_MAX / FORM_BYTES_MAX {
            held.push(forms.read(most()).await.ok().unwrap());
        }
        let further = forms.read(Body::from("x")).await;
        assert_eq!(further.err(), Some(Failure::server_unavailable()));
        held.pop();
        assert!(forms.read(most()).await.is_ok());
    }
}

//! Bodies of calls. One whose checksum stands in the query is read once that fits; a form with the checksum
//! in it has to be read before anybody knows who sends it, so of those little is held at one time.

use std::{sync::Arc, time::Duration};

use axum::body::{Body, Bytes};
use bigbluebutton::Failure;
use domain::id::TenantId;
use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::too_large;
use crate::budget::{Budget, Share};

/// The largest form, in bytes: what is in it goes on as a query, and some
/// write each character of it as three.
pub(super) const FORM_BYTES_MAX: usize = 4 * federation::meetings::call::QUERY_BYTES_MAX;
/// How long a form that nobody has signed for yet may take to arrive.
const FORM_DEADLINE: Duration = Duration::from_secs(5);
/// The most bytes of such forms that are held at one time.
const FORMS_BYTES_MAX: usize = 16 << 20;
/// The most bytes that came with calls whose checksum fits and that are held at one time, and those of one
/// tenant: a server that does not answer must not make what its front end sends pile up.
const SIGNED_BYTES_MAX: usize = 64 << 20;
const SIGNED_OF_TENANT_MAX: usize = SIGNED_BYTES_MAX / 4;

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

/// Bodies of calls whose checksum fits, until they are answered.
pub(crate) struct Signed(Budget<TenantId>);

impl Default for Signed {
    fn default() -> Self {
        Self(Budget::new(SIGNED_BYTES_MAX, SIGNED_OF_TENANT_MAX))
    }
}

/// A body, and its part of the bytes that may be held: both go when nobody has the body any more.
struct Held {
    bytes: Vec<u8>,
    #[expect(dead_code, reason = "held")]
    share: Share<TenantId>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Signed {
    /// Reads what came with a call of a tenant.
    ///
    /// # Errors
    /// What the front end is told: it is longer than `bytes_max`, or too much is held now.
    pub(super) async fn read(
        &self,
        tenant: TenantId,
        body: Body,
        bytes_max: usize,
    ) -> Result<Bytes, Failure> {
        let mut share = self.0.share(tenant);
        let mut bytes = Vec::new();
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Failure::malformed())?;
            if bytes.len() + chunk.len() > bytes_max {
                return Err(too_large(bytes_max));
            }
            if !share.add(chunk.len()) {
                return Err(Failure::server_unavailable());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Bytes::from_owner(Held { bytes, share }))
    }
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

    #[tokio::test]
    async fn what_comes_with_the_calls_of_one_tenant_is_a_share_until_nobody_has_it() {
        const ONE: usize = SIGNED_OF_TENANT_MAX / 8;
        let signed = Signed::default();
        let read = |tenant: u8, bytes: usize| {
            let body = Body::from(vec![b'x'; bytes]);
            signed.read(TenantId([tenant; 16]), body, ONE)
        };
        let busy = Err(Failure::server_unavailable());
        assert_eq!(read(1, ONE + 1).await, Err(too_large(ONE)));
        let mut held = Vec::new();
        for _ in 0..8 {
            held.push(read(1, ONE).await.unwrap());
        }
        assert_eq!(read(1, 1).await, busy);
        let copy = held[0].clone();
        held.remove(0);
        assert_eq!(read(1, 1).await, busy);
        drop(copy);
        held.push(read(1, ONE).await.unwrap());
        for tenant in 2..=4 {
            for _ in 0..8 {
                held.push(read(tenant, ONE).await.unwrap());
            }
        }
        assert_eq!(read(5, 1).await, busy);
        held.clear();
        assert!(read(5, ONE).await.is_ok());
    }
}

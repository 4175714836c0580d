//! Sends what the laboratory tells others, one after the other.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Shared, world::Outgoing};
use crate::client::{CallBack, Transport};

/// How long a receiver may take, in milliseconds.
const DEADLINE_MS: u64 = 5_000;

/// A call the laboratory made by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The address called.
    pub url: String,
    /// What was sent.
    pub what: CallBack,
    /// The HTTP status of the answer, where there was one.
    pub status: Option<u16>,
}

/// Sends until the laboratory stops.
pub(super) async fn send(
    shared: Arc<Shared>,
    transport: Transport,
    mut waiting: mpsc::Receiver<Outgoing>,
) {
    while let Some(Outgoing { url, what }) = waiting.recv().await {
        let status = match transport.call_back(&url, what.clone(), DEADLINE_MS).await {
            Ok(status) => Some(status),
            Err(error) => {
                tracing::debug!(%error, "nobody was told");
                None
            }
        };
        shared.note_sent(Sent { url, what, status });
    }
}

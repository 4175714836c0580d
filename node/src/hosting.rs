//! Takes those who signed up at this node as far as their admission is, until they are members.

use std::time::Duration;

use federation::Change;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use web::{Site, hosted};

/// What a full disk or a busy node put off is tried again after this.
const PAUSE: Duration = Duration::from_secs(30);

/// Goes on with every newcomer at the start, when something about members or applications changed,
/// and now and then.
pub async fn go_on(site: Site, mut changes: Receiver<Change>) {
    loop {
        if let Err(error) = hosted::go_on_all(&site).await {
            tracing::warn!(%error, "who signed up at this node waits");
        }
        // Nothing new is as good a reason as something new.
        let waited = tokio::time::timeout(PAUSE, something_new(&mut changes)).await;
        if waited == Ok(false) {
            return;
        }
    }
}

/// Waits for what may let a newcomer go on; false if the node stops.
async fn something_new(changes: &mut Receiver<Change>) -> bool {
    loop {
        match changes.recv().await {
            Ok(Change::Members | Change::Applications) | Err(RecvError::Lagged(_)) => return true,
            Ok(_) => {}
            Err(RecvError::Closed) => return false,
        }
    }
}

//! Calls whose answers are lists of all that a server has: they are long, so few are read at one time.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use bigbluebutton::xml;
use domain::id::ServerId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The largest list that is read, in bytes.
pub(super) const LIST_BYTES_MAX: usize = xml::MAX_BYTES;
/// Lists of all servers that are read at one time for calls.
const LISTS_MAX: usize = 16;
/// Lists of one server: one that does not answer must not keep those of the others waiting.
const LISTS_A_SERVER_MAX: usize = 4;
/// Lists that are read at one time for polls, of which each server has one.
const POLLS_MAX: usize = 16;

/// Who may read a list now.
pub(super) struct Lists {
    all: Arc<Semaphore>,
    polls: Arc<Semaphore>,
    servers: Mutex<BTreeMap<ServerId, Arc<Semaphore>>>,
}

impl Default for Lists {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(LISTS_MAX)),
            polls: Arc::new(Semaphore::new(POLLS_MAX)),
            servers: Mutex::default(),
        }
    }
}

/// Leave to read one list, until it is dropped.
pub(super) struct Place(#[expect(dead_code, reason = "held")] Vec<OwnedSemaphorePermit>);

impl Lists {
    /// Waits until a list of a server may be read for a call.
    pub async fn place(&self, server: ServerId) -> Option<Place> {
        let of = {
            let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
            let of = servers.entry(server);
            Arc::clone(of.or_insert_with(|| Arc::new(Semaphore::new(LISTS_A_SERVER_MAX))))
        };
        let of = of.acquire_owned().await.ok()?;
        let all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Place(vec![of, all]))
    }

    /// Waits until a list may be read for a poll.
    pub async fn poll(&self) -> Option<Place> {
        let poll = Arc::clone(&self.polls).acquire_owned().await.ok()?;
        Some(Place(vec![poll]))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    /// What can be had without waiting.
    fn now(taking: impl Future<Output = Option<Place>>) -> Option<Place> {
        match pin!(taking).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(place) => place,
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_server_that_does_not_answer_keeps_no_other_waiting() {
        let lists = Lists::default();
        let take = |server: u8| now(lists.place(ServerId([server; 16])));
        let mut held: Vec<Place> = (0..LISTS_A_SERVER_MAX).filter_map(|_| take(1)).collect();
        assert_eq!(held.len(), LISTS_A_SERVER_MAX);
        assert!(take(1).is_none());
        for server in 2..=5 {
            held.extend((0..LISTS_A_SERVER_MAX).filter_map(|_| take(server)));
        }
        assert_eq!(held.len(), LISTS_MAX, "and no more than that in all");
        assert!(now(lists.poll()).is_some());
        held.pop();
        assert!(take(6).is_some());
    }
}

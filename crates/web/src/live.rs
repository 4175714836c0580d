//! Live updates: a stream of the names of what changed. What it is now, the page asks itself.

use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::response::sse::{Event, KeepAlive, Sse};
use domain::id::Hash;
use futures::{Stream, future::BoxFuture};
use tokio::sync::{broadcast, watch};

use crate::error::WebError;

/// The most streams of one session.
pub const STREAMS_OF_SESSION_MAX: usize = 8;
/// The most streams in all.
pub const STREAMS_MAX: usize = 500;
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Changes this close together make one message: a node that catches up makes thousands.
const GATHER: Duration = Duration::from_millis(100);
/// The most names in one message; beyond, everything may have changed.
const NAMES_MAX: usize = 64;
/// The name of everything.
pub const EVERYTHING: &str = "everything";

#[derive(Default)]
struct Counts {
    of_session: HashMap<Hash, usize>,
    all: usize,
}

/// How many streams are open.
#[derive(Clone, Default)]
pub struct Streams(Arc<Mutex<Counts>>);

/// A place among the open streams, given back when dropped.
pub struct Place {
    streams: Streams,
    session: Hash,
}

impl Streams {
    /// Takes a place.
    ///
    /// # Errors
    /// When the session or the node has too many.
    pub fn take(&self, session: Hash) -> Result<Place, WebError> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = counts.of_session.get(&session).copied().unwrap_or(0);
        if own >= STREAMS_OF_SESSION_MAX || counts.all >= STREAMS_MAX {
            return Err(WebError::TooMany { retry_seconds: 30 });
        }
        counts.all += 1;
        counts.of_session.insert(session, own + 1);
        Ok(Place {
            streams: self.clone(),
            session,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self
            .streams
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        counts.all -= 1;
        if let Some(own) = counts.of_session.get_mut(&self.session) {
            *own -= 1;
            if *own == 0 {
                counts.of_session.remove(&self.session);
            }
        }
    }
}

/// A change that pages know by name.
pub trait Named: Clone + Send + 'static {
    /// The name in the stream.
    fn name(&self) -> String;
}

async fn until_stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that the site is gone, which is the same.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Says whether the session that opened a stream still goes on.
pub type GoesOn = Box<dyn Fn() -> BoxFuture<'static, bool> + Send>;

struct Source<C> {
    goes_on: GoesOn,
    changes: broadcast::Receiver<C>,
    stopping: watch::Receiver<bool>,
    _place: Place,
}

impl<C: Named> Source<C> {
    /// The names of the next changes; `None` when the node stops or the session has ended.
    async fn next(&mut self) -> Option<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        let first = tokio::select! {
            biased;
            () = until_stopped(&mut self.stopping) => return None,
            first = self.changes.recv() => first,
        };
        match first {
            Ok(change) => names.insert(change.name()),
            Err(broadcast::error::RecvError::Lagged(_)) => names.insert(EVERYTHING.to_owned()),
            Err(broadcast::error::RecvError::Closed) => return None,
        };
        tokio::time::sleep(GATHER).await;
        if !(self.goes_on)().await {
            return None;
        }
        loop {
            match self.changes.try_recv() {
                Ok(change) => names.insert(change.name()),
                Err(broadcast::error::TryRecvError::Lagged(_)) => {
                    names.insert(EVERYTHING.to_owned())
                }
                Err(_) => break,
            };
        }
        if names.len() > NAMES_MAX || names.contains(EVERYTHING) {
            names = BTreeSet::from([EVERYTHING.to_owned()]);
        }
        Some(names)
    }
}

/// The stream of one page: each message is a JSON list of names.
pub fn stream<C: Named>(
    place: Place,
    changes: broadcast::Receiver<C>,
    stopping: watch::Receiver<bool>,
    goes_on: GoesOn,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let source = Source {
        goes_on,
        changes,
        stopping,
        _place: place,
    };
    let events = futures::stream::unfold(source, |mut source| async move {
        let names = source.next().await?;
        let names = serde_json::Value::from_iter(names).to_string();
        Some((Ok(Event::default().event("change").data(names)), source))
    });
    // The first bytes tell proxies and browsers that the stream is open.
    let opened = futures::stream::once(async { Ok(Event::default().comment("open")) });
    let events = futures::StreamExt::chain(opened, events);
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Named for u32 {
        fn name(&self) -> String {
            self.to_string()
        }
    }

    fn source(changes: &broadcast::Sender<u32>, stopping: &watch::Sender<bool>) -> Source<u32> {
        let place = Streams::default().take(Hash([1; 32])).unwrap();
        Source {
            goes_on: Box::new(|| Box::pin(async { true })),
            changes: changes.subscribe(),
            stopping: stopping.subscribe(),
            _place: place,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn changes_close_together_are_one_message_without_repeats() {
        let (changes, stopping) = (broadcast::Sender::new(16), watch::Sender::new(false));
        let mut source = source(&changes, &stopping);
        for change in [2, 1, 2] {
            changes.send(change).unwrap();
        }
        let names = source.next().await.unwrap();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["1", "2"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_missed_changes_is_told_that_everything_may_have_changed() {
        let (changes, stopping) = (broadcast::Sender::new(2), watch::Sender::new(false));
        let mut source = source(&changes, &stopping);
        for change in 0..10 {
            changes.send(change).unwrap();
        }
        let names = source.next().await.unwrap();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), [EVERYTHING]);
    }

    #[tokio::test]
    async fn a_stream_ends_when_the_node_stops() {
        let (changes, stopping) = (broadcast::Sender::new(2), watch::Sender::new(false));
        let mut source = source(&changes, &stopping);
        stopping.send(true).unwrap();
        assert_eq!(source.next().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_when_its_session_has_ended() {
        let (changes, stopping) = (broadcast::Sender::new(2), watch::Sender::new(false));
        let mut source = source(&changes, &stopping);
        source.goes_on = Box::new(|| Box::pin(async { false }));
        changes.send(1).unwrap();
        assert_eq!(source.next().await, None);
    }

    #[test]
    fn streams_are_bounded_and_a_closed_one_makes_room() {
        let streams = Streams::default();
        let session = Hash([1; 32]);
        let mut places: Vec<_> = (0..STREAMS_OF_SESSION_MAX)
            .map(|_| streams.take(session).unwrap())
            .collect();
        assert!(streams.take(session).is_err());
        streams.take(Hash([2; 32])).unwrap();
        places.pop();
        places.push(streams.take(session).unwrap());
        drop(places);
        let counts = streams.0.lock().unwrap();
        assert_eq!((counts.all, counts.of_session.len()), (0, 0));
    }
}

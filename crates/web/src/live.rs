//! Live updates: a stream of the names of what changed. What it is now, the page asks itself.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::response::sse::{Event, KeepAlive, Sse};
use domain::id::PersonId;
use futures::{Stream, future::BoxFuture};
use tokio::sync::{broadcast, oneshot, watch};

use crate::error::WebError;

/// The most streams of one person, in all sessions.
pub const STREAMS_OF_PERSON_MAX: usize = 16;
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
struct Open {
    /// Of each person, the oldest first: the number, and what ends the stream when dropped.
    of_person: HashMap<PersonId, VecDeque<(u64, oneshot::Sender<()>)>>,
    all: usize,
    last_number: u64,
}

/// The open streams.
#[derive(Clone, Default)]
pub struct Streams(Arc<Mutex<Open>>);

/// A place among the open streams, given back when dropped.
pub struct Place {
    streams: Streams,
    person: PersonId,
    number: u64,
    ended: oneshot::Receiver<()>,
}

impl Streams {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place; a person that has all of its own gives up the oldest.
    ///
    /// # Errors
    /// When the node has too many.
    pub fn take(&self, person: PersonId) -> Result<Place, WebError> {
        let mut open = self.open();
        let own = open.of_person.get_mut(&person);
        let gives_up =
            own.is_some_and(|own| own.len() >= STREAMS_OF_PERSON_MAX && own.pop_front().is_some());
        open.all -= usize::from(gives_up);
        if open.all >= STREAMS_MAX {
            return Err(WebError::TooMany { retry_seconds: 30 });
        }
        open.all += 1;
        open.last_number += 1;
        let (end, ended) = oneshot::channel();
        let number = open.last_number;
        open.of_person
            .entry(person)
            .or_default()
            .push_back((number, end));
        drop(open);
        Ok(Place {
            streams: self.clone(),
            person,
            number,
            ended,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.open();
        let Some(own) = open.of_person.get_mut(&self.person) else {
            return;
        };
        let before = own.len();
        own.retain(|(number, _)| *number != self.number);
        let given_back = before - own.len();
        if own.is_empty() {
            open.of_person.remove(&self.person);
        }
        open.all -= given_back;
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
    place: Place,
    over: bool,
}

/// What a page hears.
#[derive(Debug, PartialEq, Eq)]
enum News {
    /// The names of what changed.
    Changed(BTreeSet<String>),
    /// The person has opened so many pages that this one is live no more.
    Elsewhere,
}

impl<C: Named> Source<C> {
    /// What comes next; `None` when the node stops or the session has ended.
    async fn next(&mut self) -> Option<News> {
        if self.over {
            return None;
        }
        let mut names = BTreeSet::new();
        let first = tokio::select! {
            biased;
            () = until_stopped(&mut self.stopping) => return None,
            _ = &mut self.place.ended => {
                self.over = true;
                return Some(News::Elsewhere);
            }
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
        Some(News::Changed(names))
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
        place,
        over: false,
    };
    let events = futures::stream::unfold(source, |mut source| async move {
        let event = match source.next().await? {
            News::Changed(names) => {
                let names = serde_json::Value::from_iter(names).to_string();
                Event::default().event("change").data(names)
            }
            // Without data a browser would not tell the page.
            News::Elsewhere => Event::default().event("elsewhere").data("[]"),
        };
        Some((Ok(event), source))
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
        let place = Streams::default().take(PersonId([1; 16])).unwrap();
        Source {
            goes_on: Box::new(|| Box::pin(async { true })),
            changes: changes.subscribe(),
            stopping: stopping.subscribe(),
            place,
            over: false,
        }
    }

    fn changed(names: &[&str]) -> News {
        News::Changed(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[tokio::test(start_paused = true)]
    async fn changes_close_together_are_one_message_without_repeats() {
        let (changes, stopping) = (broadcast::Sender::new(16), watch::Sender::new(false));
        let mut source = source(&changes, &stopping);
        for change in [2, 1, 2] {
            changes.send(change).unwrap();
        }
        assert_eq!(source.next().await, Some(changed(&["1", "2"])));
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_missed_changes_is_told_that_everything_may_have_changed() {
        let (changes, stopping) = (broadcast::Sender::new(2), watch::Sender::new(false));
        let mut source = source(&changes, &stopping);
        for change in 0..10 {
            changes.send(change).unwrap();
        }
        assert_eq!(source.next().await, Some(changed(&[EVERYTHING])));
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

    #[tokio::test]
    async fn the_oldest_stream_of_a_person_ends_when_it_opens_one_too_many() {
        let streams = Streams::default();
        let (changes, stopping) = (broadcast::Sender::new(2), watch::Sender::new(false));
        let mut oldest = source(&changes, &stopping);
        oldest.place = streams.take(PersonId([1; 16])).unwrap();
        let places: Vec<_> = (0..STREAMS_OF_PERSON_MAX)
            .map(|_| streams.take(PersonId([1; 16])).unwrap())
            .collect();
        assert_eq!(oldest.next().await, Some(News::Elsewhere));
        assert_eq!(oldest.next().await, None);
        drop(oldest);
        assert_eq!(streams.open().all, STREAMS_OF_PERSON_MAX);
        drop(places);
        let open = streams.open();
        assert_eq!((open.all, open.of_person.len()), (0, 0));
    }

    #[test]
    fn streams_are_bounded_over_all_and_a_closed_one_makes_room() {
        let streams = Streams::default();
        let person = |number: usize| {
            let mut id = [0; 16];
            id[..8].copy_from_slice(&number.to_be_bytes());
            PersonId(id)
        };
        let mut places: Vec<_> = (0..STREAMS_MAX)
            .map(|number| streams.take(person(number / 10)).unwrap())
            .collect();
        assert!(streams.take(person(STREAMS_MAX)).is_err());
        places.pop();
        places.push(streams.take(person(STREAMS_MAX)).unwrap());
        drop(places);
        let open = streams.open();
        assert_eq!((open.all, open.of_person.len()), (0, 0));
    }
}

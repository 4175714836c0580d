//! Places for calls that are under way. A server that does not answer holds each of its calls for as long as
//! it may take: it gets a part of the places and no more, so that those of other servers go on.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::id::ServerId;
use federation::meetings::call::{CallFault, Method};

/// Calls that may be under way at one time, to all servers.
const CALLS_MAX: usize = 512;
/// Those of them that are no creates; the rest is kept for creates.
const OTHERS_MAX: usize = 384;
/// Calls that may be under way at one time to one server.
const CALLS_OF_SERVER_MAX: usize = 64;
/// Polls in a row without an answer after which most calls to a server fail at once.
const SILENT_POLLS: u32 = 3;

/// Who may be called now.
#[derive(Default)]
pub(super) struct Places(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    all: usize,
    others: usize,
    of: BTreeMap<ServerId, usize>,
    /// Polls in a row that each server left without an answer.
    unanswered: BTreeMap<ServerId, u32>,
}

/// The place of one call, given back when dropped.
pub(super) struct Place {
    taken: Arc<Mutex<Taken>>,
    server: ServerId,
    is_create: bool,
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Places {
    /// A place for a call; none for a join, for which no server is called.
    ///
    /// # Errors
    /// When there is no place now, or the server has not answered for a while and the call can wait: only a
    /// create finds another server, and whether a meeting has ended is worth trying.
    pub fn take(&self, server: ServerId, method: Method) -> Result<Option<Place>, CallFault> {
        let is_create = match method {
            Method::Join => return Ok(None),
            method => method == Method::Create,
        };
        let mut taken = lock(&self.0);
        let unanswered = taken.unanswered.get(&server).copied().unwrap_or_default();
        if unanswered >= SILENT_POLLS && !matches!(method, Method::Create | Method::End) {
            return Err(CallFault::Server);
        }
        let own = taken.of.get(&server).copied().unwrap_or_default();
        let is_full = taken.all >= CALLS_MAX || (!is_create && taken.others >= OTHERS_MAX);
        if is_full || own >= CALLS_OF_SERVER_MAX {
            return Err(CallFault::Busy);
        }
        taken.all += 1;
        taken.others += usize::from(!is_create);
        taken.of.insert(server, own + 1);
        Ok(Some(Place {
            taken: Arc::clone(&self.0),
            server,
            is_create,
        }))
    }

    /// A server was polled, and answered or not.
    pub fn polled(&self, server: ServerId, answered: bool) {
        let unanswered = &mut lock(&self.0).unanswered;
        if answered {
            unanswered.remove(&server);
            return;
        }
        let polls = unanswered.entry(server).or_default();
        *polls = polls.saturating_add(1);
    }

    /// Forgets the polls of all other servers than these.
    pub fn keep(&self, servers: &[ServerId]) {
        lock(&self.0)
            .unanswered
            .retain(|id, _| servers.contains(id));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        taken.all = taken.all.saturating_sub(1);
        taken.others = taken.others.saturating_sub(usize::from(!self.is_create));
        if let Some(own) = taken.of.get_mut(&self.server) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                taken.of.remove(&self.server);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANGING: ServerId = ServerId([1; 16]);
    const OTHER: ServerId = ServerId([2; 16]);

    fn fill(places: &Places, server: ServerId, method: Method, count: usize) -> Vec<Place> {
        let taken = (0..count).map_while(|_| places.take(server, method).ok().flatten());
        taken.collect()
    }

    #[test]
    fn a_server_that_does_not_answer_stops_no_calls_to_others_and_no_joins() {
        let places = Places::default();
        let mut held = fill(&places, HANGING, Method::GetMeetingInfo, CALLS_MAX);
        assert_eq!(held.len(), CALLS_OF_SERVER_MAX);
        for method in [Method::Create, Method::End, Method::IsMeetingRunning] {
            let refused = places.take(HANGING, method);
            assert_eq!(refused.err(), Some(CallFault::Busy), "{method:?}");
            assert!(places.take(OTHER, method).is_ok(), "{method:?}");
        }
        assert!(matches!(places.take(HANGING, Method::Join), Ok(None)));
        held.pop();
        assert!(places.take(HANGING, Method::Create).is_ok());
    }

    #[test]
    fn some_places_are_kept_for_creates() {
        let places = Places::default();
        let mut held = Vec::new();
        for server in 1..=8 {
            let server = ServerId([server; 16]);
            held.extend(fill(&places, server, Method::GetMeetings, 64));
        }
        assert_eq!(held.len(), OTHERS_MAX);
        let further = ServerId([9; 16]);
        let refused = places.take(further, Method::GetMeetings);
        assert_eq!(refused.err(), Some(CallFault::Busy));
        for server in 9..=12 {
            let server = ServerId([server; 16]);
            held.extend(fill(&places, server, Method::Create, 64));
        }
        assert_eq!(held.len(), CALLS_MAX);
        assert!(lock(&places.0).of.len() <= 12);
        held.clear();
        let taken = lock(&places.0);
        assert_eq!((taken.all, taken.others, taken.of.len()), (0, 0, 0));
    }

    #[test]
    fn what_can_wait_fails_at_once_until_a_silent_server_answers_a_poll() {
        let places = Places::default();
        for _ in 0..SILENT_POLLS {
            assert!(places.take(HANGING, Method::GetMeetings).is_ok());
            places.polled(HANGING, false);
        }
        let refused = places.take(HANGING, Method::GetMeetings);
        assert_eq!(refused.err(), Some(CallFault::Server));
        for method in [Method::Create, Method::Join, Method::End] {
            assert!(places.take(HANGING, method).is_ok(), "{method:?}");
        }
        assert!(places.take(OTHER, Method::GetMeetings).is_ok());
        places.keep(&[HANGING]);
        assert!(places.take(HANGING, Method::GetMeetings).is_err());
        places.polled(HANGING, true);
        assert!(places.take(HANGING, Method::GetMeetings).is_ok());
        places.polled(HANGING, false);
        places.polled(HANGING, false);
        places.polled(HANGING, false);
        places.keep(&[OTHER]);
        assert!(places.take(HANGING, Method::GetMeetings).is_ok());
    }
}

//! Meetings that a server was told to end because nobody is bound to them.
//!
//! A create that was given up may still be carried out, after the call to end it was answered *not found*.
//! What is remembered here is ended when it shows.

use std::collections::BTreeMap;

use domain::id::ServerId;
use routing::Monotonic;

use super::rooms::Key;

/// How long a server may take to carry out what was given up, in milliseconds.
const REMEMBERED_MS: u64 = 600_000;
/// The most that is remembered; the oldest goes first.
const REMEMBERED_MAX: usize = 4_096;

/// What is to be ended when it shows.
#[derive(Debug, Default)]
pub(super) struct Unwanted(BTreeMap<(ServerId, Key), Monotonic>);

impl Unwanted {
    /// A server was told to end a meeting.
    pub fn note(&mut self, now: Monotonic, server: ServerId, key: Key) {
        self.0
            .retain(|_, since| now.since_ms(*since) < REMEMBERED_MS);
        self.0.insert((server, key), now);
        if self.0.len() > REMEMBERED_MAX {
            let oldest = self.0.iter().min_by_key(|(_, since)| **since);
            if let Some(oldest) = oldest.map(|(place, _)| *place) {
                self.0.remove(&oldest);
            }
        }
    }

    /// It is wanted there again.
    pub fn forget(&mut self, server: ServerId, key: Key) {
        self.0.remove(&(server, key));
    }

    /// Whether it is to be ended.
    pub fn has(&self, now: Monotonic, server: ServerId, key: Key) -> bool {
        let since = self.0.get(&(server, key));
        since.is_some_and(|since| now.since_ms(*since) < REMEMBERED_MS)
    }
}

#[cfg(test)]
mod tests {
    use domain::{id::TenantId, record::Room};

    use super::*;

    fn room(number: u32) -> Key {
        let tenant = TenantId([1; 16]);
        (tenant, Room::of(tenant, &number.to_string()))
    }

    #[test]
    fn the_oldest_is_forgotten_when_there_is_too_much_and_all_after_a_while() {
        let (server, mut all) = (ServerId([2; 16]), Unwanted::default());
        let most = u32::try_from(REMEMBERED_MAX).unwrap();
        for number in 0..=most {
            all.note(Monotonic(u64::from(number)), server, room(number));
        }
        let now = Monotonic(u64::from(most));
        assert!(!all.has(now, server, room(0)) && all.has(now, server, room(1)));
        assert!(!all.has(now.plus_ms(REMEMBERED_MS), server, room(most)));
        all.forget(server, room(most));
        assert!(!all.has(now, server, room(most)));
    }
}

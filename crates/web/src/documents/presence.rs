//! Who has an editor open: known for a moment, kept nowhere.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::id::{DocumentId, MemberId, PersonId, Timestamp};

/// How long somebody is here after being heard.
pub(crate) const HERE_MS: u64 = 45_000;
/// The most people in one document.
const PEOPLE_MAX: usize = 64;
/// The most documents with people in them.
const DOCUMENTS_MAX: usize = 1_024;

/// Somebody who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Present {
    /// The member.
    pub member: MemberId,
    /// The person.
    pub person: PersonId,
}

/// Who writes in which document.
#[derive(Debug, Default)]
pub(crate) struct Presence(Mutex<HashMap<DocumentId, HashMap<Present, Timestamp>>>);

impl Presence {
    fn documents(&self) -> MutexGuard<'_, HashMap<DocumentId, HashMap<Present, Timestamp>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody is here, or, with `is_here` false, has gone. Tells whether that is news.
    pub(crate) fn hear(
        &self,
        now: Timestamp,
        document: DocumentId,
        who: Present,
        is_here: bool,
    ) -> bool {
        let mut documents = self.documents();
        if !documents.contains_key(&document) && documents.len() >= DOCUMENTS_MAX {
            documents.retain(|_, people| people.values().any(|heard| is_recent(now, *heard)));
            if documents.len() >= DOCUMENTS_MAX {
                return false;
            }
        }
        let people = documents.entry(document).or_default();
        people.retain(|_, heard| is_recent(now, *heard));
        let news = if !is_here {
            people.remove(&who).is_some()
        } else if people.len() < PEOPLE_MAX || people.contains_key(&who) {
            people.insert(who, now).is_none()
        } else {
            false
        };
        if people.is_empty() {
            documents.remove(&document);
        }
        news
    }

    /// Who is here now, in one order.
    pub(crate) fn of(&self, now: Timestamp, document: &DocumentId) -> Vec<Present> {
        let documents = self.documents();
        let people = documents.get(document).into_iter().flatten();
        let here = people.filter(|(_, heard)| is_recent(now, **heard));
        let mut here: Vec<Present> = here.map(|(who, _)| *who).collect();
        here.sort_unstable();
        here
    }
}

fn is_recent(now: Timestamp, heard: Timestamp) -> bool {
    now.since_ms(heard) < HERE_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::EntryId;

    fn who(number: u16) -> Present {
        let mut person = [0; 16];
        person[..2].copy_from_slice(&number.to_be_bytes());
        Present {
            member: MemberId([1; 32]),
            person: PersonId(person),
        }
    }

    #[test]
    fn who_is_not_heard_for_a_while_is_gone() {
        let (presence, document) = (Presence::default(), EntryId([1; 32]));
        let now = Timestamp(1_000_000);
        assert!(presence.hear(now, document, who(1), true));
        assert!(!presence.hear(now.plus_ms(30_000), document, who(1), true));
        assert_eq!(presence.of(now.plus_ms(70_000), &document), [who(1)]);
        assert_eq!(presence.of(now.plus_ms(75_000), &document), []);
        assert!(presence.hear(now.plus_ms(75_000), document, who(1), true));
        assert!(presence.hear(now.plus_ms(75_000), document, who(1), false));
        assert!(presence.documents().is_empty());
    }

    #[test]
    fn memory_is_bounded_in_people_and_documents() {
        let presence = Presence::default();
        let now = Timestamp(1_000_000);
        for number in 0..200 {
            presence.hear(now, EntryId([1; 32]), who(number), true);
        }
        assert_eq!(presence.of(now, &EntryId([1; 32])).len(), PEOPLE_MAX);
        for number in 0..2_000_u16 {
            let mut id = [0; 32];
            id[..2].copy_from_slice(&number.to_be_bytes());
            presence.hear(now, EntryId(id), who(1), true);
        }
        assert_eq!(presence.documents().len(), DOCUMENTS_MAX);
        let later = now.plus_ms(HERE_MS);
        assert!(presence.hear(later, EntryId([9; 32]), who(1), true));
        assert_eq!(presence.documents().len(), 1);
    }
}

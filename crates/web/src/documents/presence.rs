//! Who has an editor open at this node: known for a moment, kept nowhere. The node tells the others.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::id::{DocumentId, MemberId, PersonId, Timestamp};
use federation::presence::{WRITING_MAX, WRITING_MS, Writing};

/// The most people in one document.
const PEOPLE_MAX: usize = WRITING_MAX;
/// The most documents with people in them.
const DOCUMENTS_MAX: usize = 1_024;
/// How often the other nodes are told what they know already, so that it goes on to hold.
const REPEAT_MS: u64 = WRITING_MS / 3;

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
pub(crate) struct Presence(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    documents: HashMap<DocumentId, HashMap<Present, Timestamp>>,
    told: Timestamp,
}

impl Presence {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the other nodes are to be told now; nothing if they know it and were told lately.
    pub(crate) fn to_tell(&self, now: Timestamp, is_news: bool) -> Option<Vec<Writing>> {
        let mut known = self.known();
        if !is_news && now.since_ms(known.told) < REPEAT_MS {
            return None;
        }
        known.told = now;
        let all = known.documents.iter().flat_map(|(document, people)| {
            let here = people.iter().filter(|(_, heard)| is_recent(now, **heard));
            here.map(|(who, heard)| (*heard, *document, *who))
        });
        let mut all: Vec<_> = all.collect();
        // Who was heard last, if there are more than fit.
        all.sort_unstable_by_key(|one| std::cmp::Reverse(*one));
        let writing = all.into_iter().take(WRITING_MAX);
        let writing = writing.map(|(_, document, Present { member, person })| Writing {
            document,
            member,
            person,
        });
        Some(writing.collect())
    }

    /// Somebody is here, or, with `is_here` false, has gone. Tells whether that is news.
    pub(crate) fn hear(
        &self,
        now: Timestamp,
        document: DocumentId,
        who: Present,
        is_here: bool,
    ) -> bool {
        let documents = &mut self.known().documents;
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
        let known = self.known();
        let people = known.documents.get(document).into_iter().flatten();
        let here = people.filter(|(_, heard)| is_recent(now, **heard));
        let mut here: Vec<Present> = here.map(|(who, _)| *who).collect();
        here.sort_unstable();
        here
    }
}

fn is_recent(now: Timestamp, heard: Timestamp) -> bool {
    now.since_ms(heard) < WRITING_MS
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
        assert!(presence.known().documents.is_empty());
    }

    #[test]
    fn other_nodes_are_told_news_at_once_and_the_same_again_before_they_forget_it() {
        let (presence, document) = (Presence::default(), EntryId([1; 32]));
        let now = Timestamp(1_000_000);
        let is_news = presence.hear(now, document, who(1), true);
        assert_eq!(
            presence.to_tell(now, is_news).map(|told| told.len()),
            Some(1)
        );
        let is_news = presence.hear(now.plus_ms(1_000), document, who(1), true);
        assert_eq!(presence.to_tell(now.plus_ms(1_000), is_news), None);
        let later = now.plus_ms(REPEAT_MS);
        assert_eq!(
            presence.to_tell(later, false).map(|told| told.len()),
            Some(1)
        );
        let is_news = presence.hear(later, document, who(1), false);
        assert_eq!(presence.to_tell(later, is_news), Some(Vec::new()));
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
        assert_eq!(presence.known().documents.len(), DOCUMENTS_MAX);
        let later = now.plus_ms(WRITING_MS);
        assert!(presence.hear(later, EntryId([9; 32]), who(1), true));
        assert_eq!(presence.known().documents.len(), 1);
    }
}

//! Whether a version of a proposal has the words of its draft: asked at every look at a decision,
//! which waits only a moment for the answer; once known it stays.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::PoisonError,
    time::Duration,
};

use domain::id::{DocumentId, EntryId};
use replica::document::Document;

use super::Documents;
use crate::node::Node;

/// How many answers are remembered.
const ANSWERS_MAX: usize = 1_024;
/// How many are looked for at once.
const UNDERWAY_MAX: usize = 16;
/// How long a page waits for one.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Default)]
pub(super) struct Comparisons {
    known: VecDeque<(EntryId, bool)>,
    underway: BTreeSet<EntryId>,
}

impl Comparisons {
    fn of(&self, version: &EntryId) -> Option<bool> {
        let mut known = self.known.iter();
        known
            .find(|(known, _)| known == version)
            .map(|(_, is_same)| *is_same)
    }

    fn begins(&mut self, version: EntryId) -> bool {
        self.underway.len() < UNDERWAY_MAX && self.underway.insert(version)
    }

    fn ends(&mut self, version: EntryId, answer: Option<bool>) {
        self.underway.remove(&version);
        let Some(is_same) = answer.filter(|_| self.of(&version).is_none()) else {
            return;
        };
        if self.known.len() == ANSWERS_MAX {
            self.known.pop_front();
        }
        self.known.push_back((version, is_same));
    }
}

impl Documents {
    /// Whether these edits of a document give the text of a version; none while that is not known.
    /// The search goes on after the answer, for whoever looks next.
    pub(crate) async fn is_text(
        &self,
        node: &Node,
        (id, edits): (DocumentId, Vec<EntryId>),
        (version, text): (EntryId, &str),
    ) -> Option<bool> {
        let comparisons = self.comparisons.clone();
        {
            let mut all = comparisons.lock().unwrap_or_else(PoisonError::into_inner);
            let known = all.of(&version);
            if known.is_some() || !all.begins(version) {
                return known;
            }
        }
        let (documents, node, text) = (self.clone(), node.clone(), text.to_owned());
        let looking = tokio::spawn(async move {
            let compare = move |document: &Document| {
                let found = document.text_at(&edits).ok()?;
                Some(found.trim_end() == text)
            };
            let answer = documents.with(&node, id, compare).await;
            let answer = answer.ok().flatten();
            let mut all = comparisons.lock().unwrap_or_else(PoisonError::into_inner);
            all.ends(version, answer);
            answer
        });
        let answer = tokio::time::timeout(PATIENCE, looking).await;
        answer.ok()?.ok()?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> EntryId {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&number.to_be_bytes());
        EntryId(id)
    }

    #[test]
    fn an_answer_is_looked_for_once_at_a_time_and_kept_for_a_bounded_number() {
        let mut all = Comparisons::default();
        assert!(all.begins(id(0)) && !all.begins(id(0)));
        all.ends(id(0), None);
        assert_eq!(all.of(&id(0)), None, "it is looked for again");
        for number in 0..=ANSWERS_MAX {
            assert!(all.begins(id(number)));
            all.ends(id(number), Some(number > 1));
        }
        assert_eq!((all.of(&id(0)), all.of(&id(1))), (None, Some(false)));
        assert_eq!(all.known.len(), ANSWERS_MAX);
        let begun = (0..2 * UNDERWAY_MAX).filter(|number| all.begins(id(*number)));
        assert_eq!(begun.count(), UNDERWAY_MAX);
    }
}

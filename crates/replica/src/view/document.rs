//! What the headers of edits say of a document; its text is derived from their bodies.

use std::collections::BTreeSet;

use domain::{
    id::{DocumentId, EntryId, MemberId, Timestamp},
    key::PublicKey,
    record::{self, Record},
};

use super::View;
use crate::{replica::Replica, stored::Stored};

/// A document, as far as it can be told without the bodies of its edits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// Who began it, for which member, when, and what it was called then; `None` while the edit
    /// that began it is not here.
    pub begun: Option<Begun>,
    /// Its edits that stand, by time. Whether they have an effect shows when it is derived.
    pub edits: BTreeSet<(Timestamp, EntryId)>,
    /// The members whose people edited it.
    pub members: BTreeSet<MemberId>,
}

/// How a document began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The key that signed.
    pub author: PublicKey,
    /// The member it acted for.
    pub member: MemberId,
    /// When.
    pub time: Timestamp,
    /// What it was called then.
    pub title: String,
}

impl View {
    pub(super) fn add_edit(&mut self, stored: &Stored, edit: &record::Edit) {
        let id: DocumentId = edit.document.unwrap_or(stored.id);
        let document = self.documents.entry(id).or_default();
        document.edits.insert((stored.time, stored.id));
        document.members.insert(stored.member);
        if let Some(start) = edit.start.as_ref().filter(|_| edit.document.is_none()) {
            document.begun = Some(Begun {
                author: stored.author,
                member: stored.member,
                time: stored.time,
                title: start.title.clone(),
            });
        }
    }
}

impl Replica {
    /// The edits of a document that count, in a view of this replica: those that stand, and of a
    /// forked log the two that prove the fork, which every node keeps. Ascending by time, then id.
    ///
    /// A revoked key's fork does not count: who revoked it said what stays.
    #[must_use]
    pub fn edits(&self, view: &View, document: &DocumentId) -> BTreeSet<(Timestamp, EntryId)> {
        let standing = view.documents.get(document);
        let mut edits = standing.map_or_else(BTreeSet::new, |known| known.edits.clone());
        for (key, log) in &self.logs {
            if log.next.len() < 2 || self.is_revoked(key) {
                continue;
            }
            for stored in log.next.iter().map(|position| self.at(*position)) {
                let is_edit = match stored.record.as_deref() {
                    Some(Record::Edit(edit)) => {
                        edit.document.unwrap_or(stored.id) == *document
                            && log.is_effective(stored.sequence)
                    }
                    _ => false,
                };
                if is_edit {
                    edits.insert((stored.time, stored.id));
                }
            }
        }
        edits
    }
}

//! What the headers of edits say of a document; its text is derived from their bodies.

use std::collections::BTreeSet;

use domain::{
    id::{DocumentId, EntryId, MemberId, Timestamp},
    key::PublicKey,
    record,
};

use super::View;
use crate::stored::Stored;

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

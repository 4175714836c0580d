//! What the headers of edits say of a document; its text is derived from their bodies.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{DocumentId, EntryId, MemberId, Timestamp},
    key::PublicKey,
    record::{self, Record},
};

use super::{Version, View};
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
    /// Where it belongs, as it was last said.
    pub filed: Option<Filed>,
    /// What was said last of each name: see [`Document::attachments`].
    attached: BTreeMap<String, Attached>,
}

/// The most attachments of one document that were written for one member; others have no effect.
pub const ATTACHMENTS_MAX: usize = 32;

/// What is attached to a document, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// What was said.
    pub record: record::Attachment,
    /// The entry.
    pub id: EntryId,
    /// The key that signed.
    pub author: PublicKey,
    /// The member it acted for.
    pub member: MemberId,
    /// When.
    pub time: Timestamp,
}

impl Document {
    /// What is attached, by name: of each name what was said last, unless that took it away. Of
    /// those that were written for one member the first [`ATTACHMENTS_MAX`] by time, then id.
    #[must_use]
    pub fn attachments(&self) -> Vec<&Attached> {
        let there = self
            .attached
            .values()
            .filter(|a| a.record.content.is_some());
        let mut by_age: Vec<&Attached> = there.collect();
        by_age.sort_unstable_by_key(|attached| (attached.time, attached.id));
        let mut counts: BTreeMap<MemberId, usize> = BTreeMap::new();
        by_age.retain(|attached| {
            let count = counts.entry(attached.member).or_default();
            *count += 1;
            *count <= ATTACHMENTS_MAX
        });
        by_age.sort_unstable_by(|one, other| one.record.name.cmp(&other.record.name));
        by_age
    }

    /// What is attached under a name.
    #[must_use]
    pub fn attachment(&self, name: &str) -> Option<&Attached> {
        let mut all = self.attachments().into_iter();
        all.find(|attached| attached.record.name == name)
    }

    /// What was said last of a name, though it takes it away or has no effect.
    #[must_use]
    pub fn last_of(&self, name: &str) -> Option<&Attached> {
        self.attached.get(name)
    }
}

/// Where a document belongs, and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// What was said.
    pub record: record::Filing,
    /// The key that signed.
    pub author: PublicKey,
    /// The member it acted for.
    pub member: MemberId,
    /// When.
    pub time: Timestamp,
    latest: EntryId,
}

/// The version of a document that a version of a proposal was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The document.
    pub document: DocumentId,
    /// The edits, ascending: they and what they build on give the text.
    pub edits: Vec<EntryId>,
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

    pub(super) fn add_attachment(&mut self, stored: &Stored, attachment: &record::Attachment) {
        let attached = Attached {
            record: attachment.clone(),
            id: stored.id,
            author: stored.author,
            member: stored.member,
            time: stored.time,
        };
        let document = self.documents.entry(attachment.document).or_default();
        let known = document.attached.entry(attachment.name.clone());
        let known = known.or_insert_with(|| attached.clone());
        if (known.time, known.id) < (attached.time, attached.id) {
            *known = attached;
        }
    }

    pub(super) fn add_filing(&mut self, stored: &Stored, filing: &record::Filing) {
        let filed = Filed {
            record: *filing,
            author: stored.author,
            member: stored.member,
            time: stored.time,
            latest: stored.id,
        };
        let document = self.documents.entry(filing.document).or_default();
        let known = document.filed.get_or_insert_with(|| filed.clone());
        if (known.time, known.latest) < (filed.time, filed.latest) {
            *known = filed;
        }
    }
}

impl Replica {
    /// The version of a document that a version of a proposal was read from, as its author says:
    /// whether the text is the same shows when it is derived. `None` if it names no edits that are
    /// here, or edits of several documents.
    #[must_use]
    pub fn draft_of(&self, version: &Version) -> Option<Draft> {
        let of = |id: &EntryId| match self.find(id)?.record.as_deref() {
            Some(Record::Edit(edit)) => Some((edit.document.unwrap_or(*id), *id)),
            _ => None,
        };
        let edits: Vec<(DocumentId, EntryId)> = version.references.iter().filter_map(of).collect();
        let (document, _) = *edits.first()?;
        let is_one = edits.iter().all(|(other, _)| *other == document);
        is_one.then(|| Draft {
            document,
            edits: edits.into_iter().map(|(_, id)| id).collect(),
        })
    }

    /// The edits of a document that count, in a view of this replica: those that stand, and of a
    /// forked log the two that prove the fork and those that others build on, which every node
    /// keeps. Ascending by time, then id.
    ///
    /// A revoked key's fork does not count: who revoked it said what stays.
    #[must_use]
    pub fn edits(&self, view: &View, document: &DocumentId) -> BTreeSet<(Timestamp, EntryId)> {
        let standing = view.documents.get(document);
        let mut edits = standing.map_or_else(BTreeSet::new, |known| known.edits.clone());
        for (key, log) in &self.logs {
            if !self.is_open_fork(key) {
                continue;
            }
            let aside = self.aside(key);
            for stored in aside.iter().map(|position| self.at(*position)) {
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

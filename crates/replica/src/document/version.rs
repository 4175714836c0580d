//! Versions: the text as some edits leave it, to be pinned and read again.

use std::collections::BTreeSet;

use automerge::ReadDoc;
use domain::id::{EntryId, Hash};
use thiserror::Error;

use super::{Document, derive::Derived, room::Room};

/// A version that can be pinned: which edits, and the hash of the text they give.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The edits that no other edit of the version builds on, ascending.
    pub edits: Vec<EntryId>,
    /// The hash of the text.
    pub text: Hash,
}

/// Why a version cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum VersionError {
    /// An edit of it is not here or has no effect.
    #[error("edit {} of this version is not here or has no effect", .0.short())]
    Missing(EntryId),
    /// The edits give another text than the version names.
    #[error("these edits give the text {found}, the version names {named}")]
    Text {
        /// The hash of the text the edits give.
        found: Hash,
        /// The hash the version names.
        named: Hash,
    },
}

impl Document {
    /// The text as it is, to be pinned.
    #[must_use]
    pub fn version(&self) -> Version {
        Version {
            edits: self.heads(),
            text: Hash::of(&[self.text().as_bytes()]),
        }
    }

    /// The text as these edits and those they build on leave it.
    ///
    /// # Errors
    /// When one of them is not here or has no effect.
    pub fn text_at(&self, edits: &[EntryId]) -> Result<String, VersionError> {
        if let Some(derived) = &self.derived
            && let Some(hashes) = derived.hashes(edits)
            && !hashes.is_empty()
        {
            let text = derived.document().text_at(derived.text(), &hashes);
            return Ok(text.unwrap_or_default());
        }
        self.text_apart(edits)
    }

    /// As [`Self::text_at`], from these edits and their ancestors alone: for earlier generations,
    /// and for edits that this document, as a whole, has no room for.
    pub(super) fn text_apart(&self, edits: &[EntryId]) -> Result<String, VersionError> {
        if edits.is_empty() {
            return Ok(String::new());
        }
        let (mut ids, mut next) = (BTreeSet::new(), edits.to_vec());
        while let Some(id) = next.pop() {
            let item = self.items.get(&id).ok_or(VersionError::Missing(id))?;
            if ids.insert(id) && item.edit.start.is_none() {
                next.extend(&item.parents);
            }
        }
        let mut derived = self.derive_apart(&ids)?;
        derived.finish();
        Ok(derived.whole_text().unwrap_or_default())
    }

    /// The document that these edits of one generation give alone, ancestors and all.
    pub(super) fn derive_apart(&self, ids: &BTreeSet<EntryId>) -> Result<Derived, VersionError> {
        let order = self.graph.order.iter().filter(|id| ids.contains(*id));
        let mut derived: Option<Derived> = None;
        let mut room = Room::default();
        for id in order {
            let item = &self.items[id];
            let is_taken = room.uses(item)
                && match (&mut derived, item.text()) {
                    (None, Some(text)) => {
                        derived = Some(Derived::start(item, text));
                        true
                    }
                    (Some(derived), None) => derived.add(item, false).is_ok(),
                    // Of another generation, or its text is not here.
                    _ => false,
                };
            if !is_taken {
                return Err(VersionError::Missing(*id));
            }
            room.take(item);
            if let Some(derived) = &mut derived {
                derived.retain(|base| room.keeps(base));
            }
        }
        let missing = ids.first().copied().unwrap_or(EntryId([0; 32]));
        derived.ok_or(VersionError::Missing(missing))
    }

    /// The text of a pinned version.
    ///
    /// # Errors
    /// When an edit of it is not here or has no effect, or the text is not the one it names.
    pub fn text_of(&self, version: &Version) -> Result<String, VersionError> {
        let text = self.text_at(&version.edits)?;
        let (found, named) = (Hash::of(&[text.as_bytes()]), version.text);
        if found == named {
            Ok(text)
        } else {
            Err(VersionError::Text { found, named })
        }
    }
}

//! Generations: a document that begins anew from its text.

use std::collections::BTreeSet;

use domain::{
    id::EntryId,
    record::{Edit, Start},
    text::{Content, TEXT_BYTES_MAX, visible_characters},
};

use super::{Document, Fault};

/// A new generation, ready to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restart {
    /// The edits it leaves behind, ascending.
    pub parents: Vec<EntryId>,
    /// What it says.
    pub edit: Edit,
    /// The chunks of a long text.
    pub chunks: Vec<Vec<u8>>,
}

impl Document {
    /// Edits of the generation before that the one in force does not build on: their authors are
    /// to be told, because what they wrote is not in the text.
    #[must_use]
    pub fn left_behind(&self) -> Vec<EntryId> {
        let Some(root) = self.generation() else {
            return Vec::new();
        };
        let (mut known, mut next) = (BTreeSet::new(), root.parents.clone());
        while let Some(id) = next.pop() {
            if known.insert(id)
                && let Some(item) = self.items.get(&id)
            {
                next.extend(&item.parents);
            }
        }
        let mut before = root
            .parents
            .iter()
            .filter_map(|id| self.graph.places.get(id));
        let Some(before) = before.next() else {
            return Vec::new();
        };
        let places = self.graph.places.iter();
        let same = places.filter(|(id, place)| *place == before && !known.contains(*id));
        same.map(|(id, _)| *id).collect()
    }

    /// Whether the text the generation in force began with is that of the edits it left behind;
    /// `None` if it is the first or they are not here. Another text is somebody's edit like any
    /// other, and is to be shown as such.
    #[must_use]
    pub fn begins_as_left(&self) -> Option<bool> {
        let root = self.generation().filter(|root| !root.parents.is_empty())?;
        let before = self.text_apart(&root.parents).ok()?;
        Some(root.text()? == before)
    }

    /// A new generation that begins with the text as it is and leaves the history behind.
    ///
    /// # Errors
    /// When branches that were merged make the text longer than a document may be.
    pub fn restart(&self) -> Result<Restart, Fault> {
        let basis = self.basis();
        let too_long = |_| Fault::TooLong {
            found: basis.text.len(),
            most: TEXT_BYTES_MAX,
        };
        let is_blank = visible_characters(&basis.text) == 0;
        let (text, chunks) = if is_blank {
            (None, Vec::new())
        } else {
            let (content, chunks) = Content::of(&basis.text).map_err(too_long)?;
            (Some(content), chunks)
        };
        let edit = Edit {
            document: Some(self.id),
            start: Some(Start {
                title: self.title(),
                text,
            }),
            operations: Vec::new(),
        };
        let parents = basis.parents;
        Ok(Restart {
            parents,
            edit,
            chunks,
        })
    }
}

//! What editors and histories need beside the text: the order of the edits, and what becomes of
//! words that were written on a generation left behind.

use std::collections::BTreeSet;

use domain::id::{EntryId, Hash};

use super::{Basis, Document, Item, Outcome, derive::Derived, graph::Place, rewrite};

/// Through how many new generations a text is carried one by one. Each is derived anew for it.
const CARRIED_THROUGH_MAX: usize = 8;

impl Document {
    /// The edits whose ancestors are all here, in the order in which they are looked at, with what
    /// became of each.
    pub fn history(&self) -> impl Iterator<Item = (&Item, Outcome)> {
        let known = self.graph.order.iter();
        known.filter_map(|id| Some((self.items.get(id)?, self.outcome(id)?)))
    }

    /// The start of the generation that an edit belongs to; `None` if it is not here or faulty.
    #[must_use]
    pub fn generation_of(&self, edit: &EntryId) -> Option<EntryId> {
        match self.graph.places.get(edit)? {
            Place::In { root, .. } => Some(*root),
            Place::Faulty(_) => None,
        }
    }

    /// Carries a text that was written on a generation left behind over into the one in force: what
    /// to build on there, and what it makes of the text there. What the writer changed is merged
    /// with what the new generation began with, so no word is lost.
    ///
    /// `None` if the edits are not here, or the generation in force does not come from theirs.
    #[must_use]
    pub fn carry(&self, basis: &[EntryId], text: &str) -> Option<(Basis, String)> {
        let of_basis = self.generation_of(basis.first()?)?;
        let mut starts = Vec::new();
        let mut at = self.root?;
        while at != of_basis {
            starts.push(&self.items[&at]);
            at = self.generation_of(self.items[&at].parents.first()?)?;
        }
        let mut basis = Basis {
            text: self.text_apart(basis).ok()?,
            parents: basis.to_vec(),
        };
        let is_far = starts.len() > CARRIED_THROUGH_MAX;
        starts.truncate(if is_far { 1 } else { CARRIED_THROUGH_MAX });
        let mut text = text.to_owned();
        for start in starts.into_iter().rev() {
            text = if is_far {
                merged_across(&basis.text, &text, start)?
            } else {
                self.merged_into(&basis, &text, start)?
            };
            basis = Basis {
                parents: vec![start.id],
                text: start.text()?.to_owned(),
            };
        }
        Some((basis, text))
    }

    /// The text of a start, merged with what makes the text of `basis`, in the generation before,
    /// into `text`.
    fn merged_into(&self, basis: &Basis, text: &str, start: &Item) -> Option<String> {
        let (mut ids, mut next) = (BTreeSet::new(), basis.parents.clone());
        next.extend(&start.parents);
        while let Some(id) = next.pop() {
            let item = self.items.get(&id)?;
            if ids.insert(id) && item.edit.start.is_none() {
                next.extend(&item.parents);
            }
        }
        let derived = self.derive_apart(&ids).ok()?;
        let before = self.text_apart(&start.parents).ok()?;
        let writer = (&*basis.parents, &*basis.text, text);
        // The start may say something else than the edits it leaves behind: an edit like any other.
        let other = (&*start.parents, &*before, start.text()?);
        merged(derived, writer, other, start)
    }
}

/// The text of a start, merged with what makes `before`, many generations earlier, into `text`: as if
/// both had been written on it at once, for what was written in between is too much to go through.
fn merged_across(before: &str, text: &str, start: &Item) -> Option<String> {
    let derived = Derived::start(start, before);
    let on = [start.id];
    merged(
        derived,
        (&on, before, text),
        (&on, before, start.text()?),
        start,
    )
}

/// A text after two rewritings at once: what each builds on, the text there, and what it becomes.
fn merged(
    mut derived: Derived,
    writer: (&[EntryId], &str, &str),
    other: (&[EntryId], &str, &str),
    start: &Item,
) -> Option<String> {
    for (name, (parents, old, new)) in [(&b"writer"[..], writer), (b"start", other)] {
        let mut parents = parents.to_vec();
        for (number, operations) in rewrite(old, new).into_iter().enumerate() {
            let id = Hash::of(&[name, &start.id.0, &number.to_be_bytes()]);
            let item = Item::unsigned(EntryId(id.0), start, parents, operations);
            derived.add(&item, false).ok()?;
            derived.trim();
            parents = vec![item.id];
        }
    }
    derived.finish();
    derived.whole_text()
}

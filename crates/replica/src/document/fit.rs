//! Whether what somebody is about to sign would have its effect: asked of the whole, before the first
//! of several edits is signed, so that nothing is done by half.

use domain::{
    id::MemberId,
    record::{Object, Operation},
    text::TEXT_BYTES_MAX,
};
use thiserror::Error;

use super::{Basis, Document};

/// Why changes would have no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Misfit {
    /// What they build on is not here, has no effect, or was left behind by a new generation.
    #[error("what the changes build on is not in the document, or was left behind")]
    Basis,
    /// The document has no room for them, or none for more by this member. A new generation has: it
    /// may begin with any text.
    #[error("the document has no room for the changes; begin it anew")]
    Full,
    /// The text would be too long.
    #[error("the text would have {found} bytes, at most {most} are allowed")]
    TooLong {
        /// How many bytes it would have.
        found: usize,
        /// How many it may have.
        most: usize,
    },
}

impl Document {
    /// Whether edits of a member with these operations, each building on the one before and the first
    /// on `basis`, would all have their effect: there is room for them, and the text never gets too
    /// long. Edits of others that this node does not know yet can still use up the room.
    ///
    /// # Errors
    /// Says what is in the way.
    pub fn fits(
        &self,
        member: &MemberId,
        basis: &Basis,
        edits: &[Vec<Operation>],
    ) -> Result<(), Misfit> {
        let derived = self.derived.as_ref().ok_or(Misfit::Basis)?;
        let mut parents = basis.parents.iter();
        if basis.parents.is_empty() || !parents.all(|parent| derived.has(parent)) {
            return Err(Misfit::Basis);
        }
        let found = longest(&basis.text, edits);
        if found > TEXT_BYTES_MAX {
            let most = TEXT_BYTES_MAX;
            return Err(Misfit::TooLong { found, most });
        }
        let weight = edits.iter().flatten().map(Operation::weight).sum();
        let is_room = self.room.fits(member, &basis.parents, edits.len(), weight);
        is_room.then_some(()).ok_or(Misfit::Full)
    }
}

/// The most bytes the document's text has after any of these edits.
fn longest(text: &str, edits: &[Vec<Operation>]) -> usize {
    let mut widths: Vec<u8> = text.chars().map(|c| c.len_utf8() as u8).collect();
    let (mut length, mut longest) = (text.len(), 0);
    for edit in edits {
        for operation in edit {
            let Operation::Splice {
                object: Object::Text,
                position,
                delete,
                insert,
            } = operation
            else {
                continue;
            };
            let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(widths.len());
            let places = place(*position)..place(position.saturating_add(*delete));
            let inserted = insert.chars().map(|c| c.len_utf8() as u8);
            let deleted = widths.splice(places, inserted);
            length -= deleted.map(usize::from).sum::<usize>();
            length += insert.len();
        }
        longest = longest.max(length);
    }
    longest
}

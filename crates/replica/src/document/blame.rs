//! Who wrote what.

use automerge::{ObjId, ReadDoc};
use domain::{id::EntryId, id::Timestamp, key::PublicKey};

use super::Document;

/// A piece of the text that one edit wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The edit. That which began the generation, if the text is older.
    pub edit: EntryId,
    /// Who signed it.
    pub author: PublicKey,
    /// When, by the author's clock.
    pub time: Timestamp,
    /// The words.
    pub text: String,
}

impl Document {
    /// The text in pieces, each by the edit that wrote it.
    #[must_use]
    pub fn pieces(&self) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        let Some(derived) = &self.derived else {
            return pieces;
        };
        for character in derived.document().list_range(derived.text(), ..) {
            let edit = written_by(&character.id());
            let value = character.value.into_value();
            let (Some(edit), Some(text)) = (edit, value.as_str()) else {
                continue;
            };
            match pieces.last_mut() {
                Some(last) if last.edit == edit => last.text.push_str(text),
                _ => pieces.extend(self.items.get(&edit).map(|item| Piece {
                    edit,
                    author: item.author,
                    time: item.time,
                    text: text.to_owned(),
                })),
            }
        }
        pieces
    }
}

/// The edit that made something: it is the actor.
pub(super) fn written_by(object: &ObjId) -> Option<EntryId> {
    match object {
        ObjId::Root => None,
        ObjId::Id(_, actor, _) => actor.to_bytes().try_into().ok().map(EntryId),
    }
}

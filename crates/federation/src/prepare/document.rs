//! Acts on documents.

use domain::{
    cbor::{DecodeError, Encode},
    id::{DocumentId, EntryId},
    key::PublicKey,
    record::{self, Edit, Record, Start},
    text::visible_characters,
};
use replica::entry::{Audience, REFERENCES_MAX};

use super::{
    Draft,
    text::{content, line, text_error},
};
use crate::{act::Act, core::Core, error::Refused};

/// The longest body of an edit, so that the entry around it fits too.
const BODY_BYTES_MAX: usize = 60 * 1024;

impl Core {
    pub(super) fn draft_edit(&self, key: &PublicKey, act: &Act) -> Result<Draft, Refused> {
        let (grant, _) = self.person_grant(key)?;
        let (document, parents, edit, chunks) = match act {
            Act::CreateDocument { title, text } => {
                let (start, chunks) = start(title, text)?;
                (None, &[][..], begin(None, start), chunks)
            }
            Act::Restart {
                document,
                parents,
                title,
                text,
            } => {
                let (start, chunks) = start(title, text)?;
                let edit = begin(Some(*document), start);
                (Some(*document), &parents[..], edit, chunks)
            }
            Act::Edit {
                document,
                parents,
                operations,
            } => {
                let edit = Edit {
                    document: Some(*document),
                    start: None,
                    operations: operations.clone(),
                };
                (Some(*document), &parents[..], edit, Vec::new())
            }
            _ => return Err(Refused::UnknownDocument),
        };
        check(&edit)?;
        let (parents, latest) = self.parents(document, parents)?;
        let mut draft = match document {
            None => Draft::new(grant, "documents", Record::Edit(edit)),
            Some(document) => {
                let digits: String = document.to_string().chars().take(32).collect();
                Draft::new(grant, &format!("documents/{digits}"), Record::Edit(edit))
            }
        };
        draft.audience = Audience::Members;
        draft.references = parents;
        draft.after = latest;
        draft.chunks = chunks;
        Ok(draft)
    }

    /// What an edit builds on, ascending, and the latest of them, if all are edits of the document.
    fn parents(
        &self,
        document: Option<DocumentId>,
        parents: &[EntryId],
    ) -> Result<(Vec<EntryId>, Option<EntryId>), Refused> {
        let Some(document) = document else {
            return Ok((Vec::new(), None));
        };
        let mut sorted = parents.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        if sorted.len() > REFERENCES_MAX {
            let problem = format!("it builds on {} edits, {REFERENCES_MAX} fit", sorted.len());
            return Err(text_error("document", problem));
        }
        let is_of = |id: &EntryId| {
            let stored = self.replica().find(id);
            let record = stored.and_then(|stored| stored.record.as_deref());
            match record {
                Some(Record::Edit(edit)) => edit.document.unwrap_or(*id) == document,
                _ => false,
            }
        };
        if sorted.is_empty() || !sorted.iter().all(is_of) {
            return Err(Refused::UnknownDocument);
        }
        let time = |id: &&EntryId| self.replica().find(id).map(|stored| stored.time);
        let latest = sorted.iter().max_by_key(time).copied();
        Ok((sorted, latest))
    }

    /// The edits of a document that count, by time: what
    /// [`replica::document::Document::build`] is to be given.
    #[must_use]
    pub fn edits(&self, document: &DocumentId) -> Vec<EntryId> {
        let edits = self.replica().edits(self.view(), document);
        edits.into_iter().map(|(_, id)| id).collect()
    }
}

fn begin(document: Option<DocumentId>, start: Start) -> Edit {
    Edit {
        document,
        start: Some(start),
        operations: Vec::new(),
    }
}

fn start(title: &str, text: &str) -> Result<(Start, Vec<Vec<u8>>), Refused> {
    let title = line("title", title, record::LINE_BYTES_MAX)?;
    if visible_characters(text) == 0 {
        return Ok((Start { title, text: None }, Vec::new()));
    }
    let (content, chunks) = content(text)?;
    let text = Some(content);
    Ok((Start { title, text }, chunks))
}

/// Whether every node reads the edit as one.
fn check(edit: &Edit) -> Result<(), Refused> {
    let fits = |error: DecodeError| text_error("changes", error.to_string());
    let bytes = edit.to_bytes();
    if bytes.len() > BODY_BYTES_MAX {
        let problem = format!("{} bytes are too long, {BODY_BYTES_MAX} fit", bytes.len());
        return Err(text_error("changes", problem));
    }
    <Edit as domain::cbor::Decode>::from_bytes(&bytes).map_err(fits)?;
    Ok(())
}

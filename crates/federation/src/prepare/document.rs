//! Acts on documents.

use std::collections::BTreeSet;

use domain::{
    cbor::{DecodeError, Encode},
    entry::{Audience, REFERENCES_MAX},
    id::{DocumentId, EntryId, Timestamp},
    key::PublicKey,
    record::{self, Edit, Operation, Record, Start},
    text::{Content, visible_characters},
};
use replica::Refusal;

use super::{
    Draft,
    text::{line, text_error},
};
use crate::{act::Act, core::Core, error::Refused};

/// The longest body of an edit, so that the entry around it fits too.
const BODY_BYTES_MAX: usize = 60 * 1024;
/// More than what stands around the body of an edit: header, signature and salt.
const HEADER_BYTES_MAX: usize = 1_024;

impl Core {
    pub(super) fn draft_filing(
        &self,
        key: &PublicKey,
        filing: &record::Filing,
    ) -> Result<Draft, Refused> {
        let view = self.view();
        let begun = view.documents.get(&filing.document);
        let begun = begun.filter(|document| !document.edits.is_empty());
        let document = begun.ok_or(Refused::UnknownDocument)?;
        let has_circle = |id| view.circles.contains_key(id);
        if !filing.circle.as_ref().is_none_or(has_circle) {
            return Err(Refused::UnknownCircle);
        }
        let has_proposal = |id| view.proposals.contains_key(id);
        if !filing.proposal.as_ref().is_none_or(has_proposal) {
            return Err(Refused::UnknownProposal);
        }
        let (grant, _) = self.person_grant(key)?;
        let mut draft = Draft::new(grant, "documents", Record::Filing(*filing));
        draft.audience = Audience::Members;
        draft.replaces = document.filed.as_ref().map(|filed| filed.time);
        Ok(draft)
    }

    /// The edits that a version of a proposal was read from, as its references: ascending, of one
    /// document, at most `most`.
    pub(super) fn read_from(
        &self,
        edits: &[EntryId],
        most: usize,
    ) -> Result<Vec<EntryId>, Refused> {
        let mut sorted = edits.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        if sorted.len() > most {
            let found = sorted.len();
            let problem = format!(
                "{found} people's changes stand side by side and {most} can be named; change the \
                 draft once more to bring them together"
            );
            return Err(text_error("draft", problem));
        }
        let documents = sorted.iter().map(|id| self.document_of(id));
        let documents: Option<BTreeSet<DocumentId>> = documents.collect();
        if documents.is_none_or(|documents| documents.len() > 1) {
            return Err(Refused::UnknownDocument);
        }
        Ok(sorted)
    }

    /// The document of an edit.
    fn document_of(&self, id: &EntryId) -> Option<DocumentId> {
        match self.replica().find(id)?.record.as_deref() {
            Some(Record::Edit(edit)) => Some(edit.document.unwrap_or(*id)),
            _ => None,
        }
    }

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
            Act::Edits { .. } => {
                return Err(text_error(
                    "changes",
                    "they are more than one entry holds; sign them one after the other",
                ));
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

    /// Whether a key may still sign all these changes today: one edit each, so that none is signed
    /// if not all can be.
    pub(crate) fn check_edits(
        &self,
        now: Timestamp,
        key: &PublicKey,
        document: DocumentId,
        changes: &[Vec<Operation>],
    ) -> Result<(), Refused> {
        let mut bytes = 0;
        for operations in changes {
            let edit = Edit {
                document: Some(document),
                start: None,
                operations: operations.clone(),
            };
            check(&edit)?;
            bytes += edit.to_bytes().len() + HEADER_BYTES_MAX;
        }
        let (entries_left, bytes_left) = self.replica().left_today(key, now);
        if changes.len() as u64 > entries_left || bytes as u64 > bytes_left {
            let limit = "what one key may sign in a day";
            return Err(Refused::Entry(Refusal::Limit { limit }));
        }
        Ok(())
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
        let is_of = |id: &EntryId| self.document_of(id) == Some(document);
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
    // To the last space: a new generation begins with what the one before left.
    let text = text.replace("\r\n", "\n");
    let (content, chunks) =
        Content::of(&text).map_err(|error| text_error("text", error.to_string()))?;
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

//! Texts and notes of entries, fetched from the store for one page.

use std::collections::BTreeMap;

use domain::{
    cbor::DecodeError,
    entry::Entry,
    id::{EntryId, Hash},
    record::Record,
    text::{Content, shown_block},
};

use crate::{error::WebError, node::Node};

/// The most entries fetched at once.
const BATCH: usize = 200;

/// Words that can be withheld or still be on their way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// Nothing was written.
    None,
    /// The words.
    Here(String),
    /// This node does not have them.
    NotHere,
}

impl Words {
    /// The words, if they are here.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Here(text) => Some(text),
            Self::None | Self::NotHere => None,
        }
    }
}

/// What was fetched.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    notes: BTreeMap<EntryId, Words>,
    texts: BTreeMap<EntryId, String>,
}

impl Texts {
    /// Fetches the notes of some entries and the texts of some versions.
    pub(crate) async fn load(
        node: &Node,
        notes: impl IntoIterator<Item = EntryId>,
        versions: impl IntoIterator<Item = EntryId>,
    ) -> Result<Self, WebError> {
        let mut found = Self::default();
        let ids: Vec<EntryId> = notes.into_iter().collect();
        for ids in ids.chunks(BATCH) {
            let entries = node.library.entries(ids).await.map_err(WebError::Library)?;
            let known = ids.iter().zip(entries);
            found
                .notes
                .extend(known.map(|(id, entry)| (*id, words_of(entry.as_ref()))));
        }
        for id in versions {
            if let Some(text) = text_of(node, id).await? {
                found.texts.insert(id, text);
            }
        }
        Ok(found)
    }

    /// The note of an entry.
    pub(crate) fn note(&self, id: &EntryId) -> Words {
        self.notes.get(id).cloned().unwrap_or(Words::NotHere)
    }

    /// The text of a version, if all of it is here.
    pub(crate) fn text(&self, version: &EntryId) -> Option<&str> {
        self.texts.get(version).map(String::as_str)
    }
}

fn words_of(entry: Option<&Entry>) -> Words {
    let Some(entry) = entry else {
        return Words::NotHere;
    };
    match (&entry.header.note, &entry.note) {
        (None, _) => Words::None,
        (Some(_), None) => Words::NotHere,
        // Only its writer's node has looked at it.
        (Some(_), Some(note)) => Words::Here(shown_block(&String::from_utf8_lossy(note.bytes()))),
    }
}

async fn text_of(node: &Node, id: EntryId) -> Result<Option<String>, WebError> {
    let entries = node
        .library
        .entries(&[id])
        .await
        .map_err(WebError::Library)?;
    let entry = entries.into_iter().next().flatten();
    let Some(content) = entry.as_ref().and_then(content_of) else {
        return Ok(None);
    };
    if let Some(text) = content.inline() {
        return Ok(Some(text.to_owned()));
    }
    let hashes: &[Hash] = content.chunks();
    let chunks = node
        .library
        .chunks(hashes)
        .await
        .map_err(WebError::Library)?;
    let Some(chunks) = chunks.into_iter().collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let damaged = |error: DecodeError| WebError::Library(Box::new(error));
    content.assemble(&chunks).map(Some).map_err(damaged)
}

fn content_of(entry: &Entry) -> Option<Content> {
    match entry.record() {
        Some(Record::Proposal(proposal)) => Some(proposal.content),
        Some(Record::Amendment(amendment)) => Some(amendment.content),
        Some(Record::Measure(measure)) => Some(measure.proposal.content),
        Some(Record::AmendedMeasure(measure)) => Some(measure.amendment.content),
        _ => None,
    }
}

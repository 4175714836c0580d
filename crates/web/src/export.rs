//! What a member takes along: its own records, every final decision as proof, and the texts that its node
//! has. Read in pieces, so that whoever writes it down needs little room.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    cbor::Encode,
    entry::Entry,
    id::{DocumentId, EntryId, MemberId, PhaseId},
    key::PublicKey,
};
use federation::Core;
use replica::document::Document;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{error::WebError, heights, site::Site};

/// The place of a record: its author, its sequence, and its id.
pub type Place = (PublicKey, u64, EntryId);

/// How many records one piece has.
pub const RECORDS_MAX: usize = 64;
/// How many bytes of a decision file one piece has at most.
pub const PIECE_BYTES_MAX: usize = 4 << 20;

/// A decision that is final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The opening of its vote.
    pub opening: String,
    /// The proposal.
    pub proposal: String,
    /// Its title.
    pub title: String,
    /// The height at which it became final.
    pub height: u64,
    /// How it ended, in a word.
    pub ending: String,
}

/// A document that the node has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Its id.
    pub id: String,
    /// What it was called when it was begun.
    pub title: String,
    /// What it is for: text, draft, agenda or minutes.
    pub sort: String,
    /// The name of the circle it belongs to.
    pub circle: Option<String>,
}

/// What there is to take along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The federation's id.
    pub federation: String,
    /// Its name.
    pub federation_name: String,
    /// The member.
    pub member: String,
    /// Its name.
    pub name: String,
    /// The hash of the charter in force.
    pub charter: String,
    /// All of it, as people read it.
    pub charter_toml: String,
    /// The final decisions, by height.
    pub decisions: Vec<Decided>,
    /// The documents, by id.
    pub documents: Vec<Written>,
}

/// What the member whose node this is takes along; nothing if it never was a member.
#[must_use]
pub fn contents(core: &Core) -> Option<Contents> {
    let member = own(core)?;
    let ended = core.annals().ended();
    let mut decisions: Vec<Decided> = ended
        .map(|(vote, ended)| Decided {
            opening: vote.opening.to_string(),
            proposal: vote.proposal.to_string(),
            title: vote.title.clone(),
            height: ended.height,
            ending: ended.ending.word().to_owned(),
        })
        .collect();
    decisions.sort_by(|one, other| (one.height, &one.opening).cmp(&(other.height, &other.opening)));
    let documents = core.view().documents.iter();
    let documents = documents.filter_map(|(id, known)| written(core, id, known));
    Some(Contents {
        federation: core.federation().to_string(),
        federation_name: core.genesis().name.clone(),
        member: member.to_string(),
        name: core.view().member_name(&member),
        charter: core.charter().hash().to_string(),
        charter_toml: core.charter().to_toml(),
        decisions,
        documents: documents.collect(),
    })
}

/// The member whose node this is, or was.
/// The member whose node this is, or was.
#[must_use]
pub fn own(core: &Core) -> Option<MemberId> {
    let former = || Some(core.view().former_of(&core.node())?.id);
    core.member().or_else(former)
}

fn written(core: &Core, id: &DocumentId, known: &replica::view::Document) -> Option<Written> {
    let begun = known.begun.as_ref()?;
    let filed = known.filed.as_ref().map(|filed| &filed.record);
    let circle = filed.and_then(|filed| filed.circle);
    let circle = circle.and_then(|circle| core.view().circles.get(&circle));
    Some(Written {
        id: id.to_string(),
        title: begun.title.clone(),
        sort: filed.map_or_else(|| "text".to_owned(), |filed| filed.sort.as_str().to_owned()),
        circle: circle.map(|circle| circle.record.name.clone()),
    })
}

/// The next records of the member whose node this is, in the order of its logs; `after` is the last one
/// there was. None are left when the answer is empty.
///
/// # Errors
/// When the store fails.
pub async fn records(site: &Site, after: Option<Place>) -> Result<Vec<Value>, WebError> {
    let ids = site.node.read(|core| {
        let member = own(core)?;
        Some(core.replica().written_for(&member, after, RECORDS_MAX))
    });
    let ids = ids.unwrap_or_default();
    let found = site.node.library.entries(&ids).await;
    let found = found.map_err(WebError::Library)?;
    let entries = ids.iter().zip(found);
    Ok(entries
        .filter_map(|(id, entry)| Some(record_json(id, &entry?)))
        .collect())
}

/// A record as it is stored, with what of it can be read at once.
fn record_json(id: &EntryId, entry: &Entry) -> Value {
    let header = &entry.header;
    let note = entry.note.as_ref();
    let note = note.and_then(|note| std::str::from_utf8(note.bytes()).ok());
    json!({
        "id": id.to_string(),
        "author": header.author.to_string(),
        "sequence": header.sequence,
        "time_ms": header.time.0,
        "address": header.address.as_str(),
        "kind": header.kind.word(),
        "kind_number": header.kind.0,
        "note": note,
        "bytes": URL_SAFE_NO_PAD.encode(entry.to_bytes()),
    })
}

/// A piece of the file that proves how a vote ended, from a byte on, and how long the file is.
///
/// # Errors
/// When there is no such vote, it is not over, or the store fails.
pub async fn decision(
    site: &Site,
    opening: PhaseId,
    offset: usize,
) -> Result<(String, usize), WebError> {
    let file = heights::decision_file(site, opening).await?;
    let most = offset.saturating_add(PIECE_BYTES_MAX).min(file.len());
    // A character is never cut in two.
    let end = (0..=most).rev().find(|end| file.is_char_boundary(*end));
    let piece = file.get(offset..end.unwrap_or(0)).unwrap_or_default();
    Ok((piece.to_owned(), file.len()))
}

/// The text of a document as it is now; nothing if it is not all here.
///
/// # Errors
/// When there is no such document, or it takes too long to derive.
pub async fn document(site: &Site, id: DocumentId) -> Result<Option<(String, String)>, WebError> {
    let reading = |document: &Document| {
        let basis = document.is_here().then(|| document.basis())?;
        Some((document.title(), basis.text))
    };
    site.documents.with(&site.node, id, reading).await
}

//! Saving: what somebody made of the text becomes signed edits that build on what was read, so it
//! merges with what others wrote meanwhile.

use domain::{
    entry::REFERENCES_MAX,
    id::{DocumentId, EntryId, MemberId},
    key::{PublicKey, SecretKey},
    record::Operation,
    text::{TEXT_BYTES_MAX, is_block},
};
use federation::Act;
use replica::document::{Basis, Document, Misfit, Outcome, rewrite};

use crate::{
    error::{FieldFault, WebError},
    site::Site,
};

/// A change of a text: at a position, in Unicode scalar values, so many characters give way to
/// others. Each builds on the ones before.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Splice {
    pub position: u64,
    pub delete: u64,
    pub insert: String,
}

/// The changes that make one text into another.
pub(crate) fn splices(old: &str, new: &str) -> Vec<Splice> {
    let operations = rewrite(old, new).into_iter().flatten();
    operations
        .filter_map(|operation| match operation {
            Operation::Splice {
                position,
                delete,
                insert,
                ..
            } => Some(Splice {
                position,
                delete,
                insert,
            }),
            _ => None,
        })
        .collect()
}

/// What saving gave.
#[derive(Debug, Clone)]
pub(crate) struct Saved {
    /// The text with what others wrote, and what the next edit builds on.
    pub now: Basis,
    /// What makes the text that was sent into that of `now`.
    pub changes: Vec<Splice>,
    /// The edits after which the text is just what was sent; none if it had to be carried over
    /// into a new generation.
    pub own: Option<Vec<EntryId>>,
    /// How many edits were signed.
    pub edits: usize,
}

/// What is to be signed.
struct Plan {
    /// What the next edit builds on.
    parents: Vec<EntryId>,
    /// The operations of each edit that is not there yet.
    edits: Vec<Vec<Operation>>,
    /// Whether the text was written on a generation left behind.
    is_carried: bool,
}

fn unknown() -> WebError {
    WebError::Conflict {
        code: "unknown-basis",
        message: "What you read is not on this node, so your text cannot be merged with it. Copy \
                  your text, load the document again and put it in."
            .to_owned(),
    }
}

fn full() -> WebError {
    WebError::Conflict {
        code: "document-full",
        message: "This document has no room for more changes. Begin it anew with its text on its \
                  page; then save again, and your text is merged."
            .to_owned(),
    }
}

fn too_large() -> WebError {
    WebError::Conflict {
        code: "document-too-large",
        message: "This document has more changes than this node can hold. Begin a new document \
                  with its text."
            .to_owned(),
    }
}

fn fault(message: String) -> WebError {
    WebError::Form(vec![FieldFault::new("text", message)])
}

/// Line ends as documents have them, and nothing that no node would take.
fn checked(text: &str) -> Result<String, WebError> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    if text.len() > TEXT_BYTES_MAX {
        return Err(fault(format!(
            "The text has {} bytes, {TEXT_BYTES_MAX} fit. Make it shorter, or go on in another \
             document.",
            text.len()
        )));
    }
    if !is_block(&text) {
        return Err(fault(
            "The text has control characters, or marks that turn the direction of writing. Take \
             them out."
                .to_owned(),
        ));
    }
    Ok(text)
}

/// Saves what somebody made of the text that the edits `basis` and those before them leave. The
/// same request sent again finds what it did before, even after a restart of the node: the edits
/// say it themselves.
///
/// # Errors
/// When the text is too long, the document full, the basis not here, or the core refuses.
pub(crate) async fn save(
    site: &Site,
    key: SecretKey,
    document: DocumentId,
    mut basis: Vec<EntryId>,
    text: &str,
) -> Result<Saved, WebError> {
    let text = checked(text)?;
    basis.sort_unstable();
    basis.dedup();
    if basis.is_empty() || basis.len() > REFERENCES_MAX {
        return Err(unknown());
    }
    let site = site.clone();
    // Apart: whoever sent it may go away in the middle, and send it again while this still works.
    let working = tokio::spawn(async move { carry_out(&site, key, document, basis, text).await });
    working
        .await
        .map_err(|error| WebError::Library(Box::new(error)))?
}

async fn carry_out(
    site: &Site,
    key: SecretKey,
    id: DocumentId,
    basis: Vec<EntryId>,
    text: String,
) -> Result<Saved, WebError> {
    let documents = &site.documents;
    let _alone = documents.saving(id).await;
    let (author, sent) = (key.public(), text.clone());
    let member = site.node.read(|core| core.view().member_of(&author));
    let member = member.ok_or_else(unknown)?;
    let plan = move |document: &Document, is_whole| match is_whole {
        true => plan(document, (author, member), basis, &sent),
        false => Err(too_large()),
    };
    let plan = documents.with_whole(&site.node, id, plan).await??;
    let (edits, mut own) = (plan.edits.len(), plan.parents);
    if edits > 0 {
        let act = Act::Edits {
            document: id,
            parents: own,
            changes: plan.edits,
        };
        own = vec![site.node.act(key.clone(), act).await?];
    }
    let last = own.first().copied();
    let result = move |document: &Document| {
        let outcome = last.and_then(|last| document.outcome(&last));
        let now = document.basis();
        let changes = splices(&text, &now.text);
        (outcome, now, changes)
    };
    let (outcome, now, changes) = documents.with(&site.node, id, result).await?;
    match outcome {
        Some(Outcome::Applied) => {}
        Some(Outcome::Full) => return Err(full()),
        // It began anew between the two looks: sent again, the text is carried over.
        Some(Outcome::Earlier) => {
            return Err(WebError::NotReady {
                why: "the document is beginning anew",
            });
        }
        _ => return Err(unknown()),
    }
    Ok(Saved {
        now,
        changes,
        own: (!plan.is_carried).then_some(own),
        edits,
    })
}

fn plan(
    document: &Document,
    (author, member): (PublicKey, MemberId),
    basis: Vec<EntryId>,
    text: &str,
) -> Result<Plan, WebError> {
    if !document.is_here() {
        return Err(unknown());
    }
    let read = document.text_at(&basis).map_err(|_| unknown())?;
    let read = Basis {
        parents: basis.clone(),
        text: read,
    };
    let in_force = document.generation().map(|start| start.id);
    let is_in_force = |edits: &[EntryId]| {
        let mut edits = edits.iter();
        edits.all(|edit| document.generation_of(edit) == in_force)
    };
    let (mut next, mut edits) = not_done(document, author, read, text);
    let is_carried = !is_in_force(&next.parents);
    if is_carried {
        // What was done already cannot be built upon if the document was full.
        let carried = document.carry(&next.parents, text);
        let carried = carried.or_else(|| document.carry(&basis, text));
        let (basis, text) = carried.ok_or_else(unknown)?;
        (next, edits) = not_done(document, author, basis, &text);
    }
    match document.fits(&member, &next, &edits) {
        Ok(()) => {}
        Err(Misfit::Basis) => return Err(unknown()),
        Err(Misfit::Full) => return Err(full()),
        Err(misfit @ Misfit::TooLong { .. }) => return Err(fault(misfit.to_string())),
    }
    Ok(Plan {
        parents: next.parents,
        edits,
        is_carried,
    })
}

/// The edits that make a text into another, without those that this author made of the same text
/// before, when the answer was lost; and what they build on.
fn not_done(
    document: &Document,
    author: PublicKey,
    mut basis: Basis,
    text: &str,
) -> (Basis, Vec<Vec<Operation>>) {
    let mut edits = Document::changes(&basis, text);
    let mut done = 0;
    while let Some(edit) = edits.get(done)
        && let Some(known) = document.items().find(|item| {
            item.author == author && item.parents == basis.parents && item.edit.operations == *edit
        })
    {
        basis.parents = vec![known.id];
        done += 1;
    }
    edits.drain(..done);
    if done > 0 {
        basis.text = document.text_at(&basis.parents).unwrap_or(basis.text);
    }
    (basis, edits)
}

/// Begins a document anew with the text it has; what was written meanwhile is merged when it is
/// saved.
///
/// # Errors
/// When the text is not here or too long, or the core refuses.
pub(crate) async fn restart(
    site: &Site,
    key: SecretKey,
    id: DocumentId,
) -> Result<EntryId, WebError> {
    let _alone = site.documents.saving(id).await;
    let begin = move |document: &Document| {
        let basis = document.is_here().then(|| document.basis());
        (document.title(), basis)
    };
    let (title, basis) = site.documents.with(&site.node, id, begin).await?;
    let Basis { parents, text } = basis.ok_or_else(unknown)?;
    let act = Act::Restart {
        document: id,
        parents,
        title,
        text,
    };
    site.node.act(key, act).await
}

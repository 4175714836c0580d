//! Drafts: the version of a document that a proposal, or its next version, is read from.

use domain::{
    id::{CircleId, DocumentId, EntryId},
    record::{Filing, Sort},
};
use federation::{Act, Core};
use replica::document::Document;

use super::{documents as own, editor, history};
use crate::{
    acts,
    auth::{Actor, Form},
    documents,
    error::WebError,
    pages::{
        draft::{Draft, Origin},
        parts::Name,
    },
    site::Site,
};

/// A draft as it was read.
#[derive(Clone)]
pub(crate) struct Reading {
    pub document: DocumentId,
    pub edits: Vec<EntryId>,
    pub title: String,
    /// The text as a proposal has it: without white space at its end.
    pub text: String,
    pub circle: Option<CircleId>,
}

impl Reading {
    /// What forms show and carry.
    pub(crate) fn view(&self) -> Draft {
        Draft {
            document: Name::new(self.document.to_string(), &*self.title),
            edits: editor::written(&self.edits),
            text: self.text.clone(),
            circle: self.circle.map(|circle| circle.to_string()),
        }
    }
}

fn filed(core: &Core, id: &DocumentId) -> Option<Filing> {
    Some(core.view().documents.get(id)?.filed.as_ref()?.record)
}

async fn read(site: &Site, text: &str, edits: Option<Vec<EntryId>>) -> Result<Reading, WebError> {
    let id = site.node.read(|core| documents::find(core, text))?;
    let reading = move |document: &Document| {
        let edits = edits.unwrap_or_else(|| document.basis().parents);
        let text = document.text_at(&edits).ok()?;
        Some((document.title(), text, edits))
    };
    let found = site.documents.with(&site.node, id, reading).await?;
    let (title, text, edits) = found.ok_or(WebError::NotFound { what: "version" })?;
    let filed = site.node.read(|core| filed(core, &id));
    Ok(Reading {
        document: id,
        edits,
        title,
        text: text.trim_end().to_owned(),
        circle: filed.and_then(|filed| filed.circle),
    })
}

/// The draft as it is now, if an address names one.
pub(crate) async fn now(site: &Site, draft: Option<&str>) -> Result<Option<Reading>, WebError> {
    match draft.filter(|draft| !draft.is_empty()) {
        Some(draft) => read(site, draft, None).await.map(Some),
        None => Ok(None),
    }
}

/// The draft as it was shown with a form, if the form has one: what others wrote since is not in it.
pub(crate) async fn of(site: &Site, form: &Form) -> Result<Option<Reading>, WebError> {
    let fields = &form.fields;
    let Some(draft) = fields.optional("draft") else {
        return Ok(None);
    };
    let edits = editor::read_basis(fields.get("edits"));
    read(site, draft, Some(edits)).await.map(Some)
}

/// What a form says of its draft, without the text: for the form again, when that cannot be read.
pub(crate) fn named(site: &Site, form: &Form) -> Option<Reading> {
    let fields = &form.fields;
    let draft = fields.optional("draft")?;
    site.node.read(|core| {
        let document = documents::find(core, draft).ok()?;
        Some(Reading {
            document,
            edits: editor::read_basis(fields.get("edits")),
            title: own::title(core, &document),
            text: String::new(),
            circle: filed(core, &document).and_then(|filed| filed.circle),
        })
    })
}

/// Says of a draft that it is that of a proposal, unless that is said already. The proposal stands
/// whether that can be said or not.
pub(crate) async fn belongs_to(site: &Site, actor: &Actor, draft: &Reading, proposal: EntryId) {
    let before = site.node.read(|core| filed(core, &draft.document));
    if before.is_some_and(|before| before.proposal == Some(proposal)) {
        return;
    }
    let filing = Filing {
        document: draft.document,
        sort: Sort::Draft,
        circle: draft.circle,
        proposal: Some(proposal),
        meeting: before.and_then(|before| before.meeting),
        closed: false,
    };
    let _ = acts::perform(site, actor, Act::File(filing)).await;
}

/// What a version of a proposal was written in, and whether its text is what it says.
pub(crate) async fn origin(
    site: &Site,
    version: &replica::view::Version,
    text: Option<&str>,
) -> Option<Origin> {
    let draft = site.node.read(|core| core.replica().draft_of(version))?;
    let (id, edits) = (draft.document, draft.edits);
    // A decision is shown even when its draft cannot be: then nothing is said of the text.
    let is_same = match text {
        Some(text) => {
            let draft = (id, edits.clone());
            let documents = &site.documents;
            documents
                .is_text(&site.node, draft, (version.entry, text))
                .await
        }
        None => None,
    };
    Some(Origin {
        document: site.node.read(|core| own::name(core, &id)),
        version: history::code(&edits),
        is_same,
    })
}

//! Writing in a document without script; with script the JSON API does the same.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::id::{DocumentId, EntryId};
use replica::document::Basis;

use super::{documents as own, submit::submit, views};
use crate::{
    auth::{Actor, Form, Place, Signed},
    documents,
    error::WebError,
    pages::{
        editor::{self, Editor},
        form::Filled,
        frame::Done,
        parts::Name,
    },
    site::Site,
};

/// The edits of a basis, with commas between.
pub(crate) fn written(basis: &[EntryId]) -> String {
    let ids: Vec<String> = basis.iter().map(ToString::to_string).collect();
    ids.join(",")
}

/// Reads a basis; what is none of ids is an unknown one.
pub(crate) fn read_basis(text: &str) -> Vec<EntryId> {
    let ids = text.split(',').map(|id| id.trim().parse::<EntryId>());
    ids.collect::<Result<_, _>>().unwrap_or_default()
}

async fn edit_page(
    site: &Site,
    actor: &Actor,
    place: &Place,
    id: DocumentId,
    filled: &Filled,
) -> Result<Response, WebError> {
    let reading = site.documents.with(&site.node, id, |document| {
        document
            .is_here()
            .then(|| (document.title(), document.basis()))
    });
    let read = reading.await.and_then(|read| {
        read.ok_or(WebError::NotReady {
            why: "the text this document begins with has not arrived yet",
        })
    });
    let (title, Basis { parents, text }) = match read {
        // The form has what was typed and what it builds on.
        Err(WebError::NotReady { .. }) if filled.has_errors() => {
            let (parents, text) = (Vec::new(), String::new());
            let title = site.node.read(|core| own::title(core, &id));
            (title, Basis { parents, text })
        }
        read => read?,
    };
    let frame = views::frame(site, Some(actor), place)?;
    let view = Editor {
        document: Name::new(id.to_string(), title),
        person: actor.person().to_string(),
        basis: written(&parents),
        text,
        present: own::present(site, actor, &id),
        saved: (place.done == Some(Done::TextSaved)).then(|| site.now()),
    };
    Ok(editor::page(&frame, &view, filled).into_response())
}

/// `GET /documents/{id}/edit`
pub(crate) async fn edit(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    let id = site.node.read(|core| documents::find(core, &id))?;
    edit_page(&site, &actor, &place, id, &Filled::default()).await
}

/// `POST /documents/{id}/edit`
pub(crate) async fn do_edit(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = site.node.read(|core| documents::find(core, &id))?;
    let basis = read_basis(form.fields.get("basis"));
    let work = async {
        let key = form.actor.key()?;
        documents::save(&site, key, id, basis, form.fields.raw("text")).await?;
        Ok(format!("/documents/{id}/edit?done=text-saved"))
    };
    submit(&site, &form, work, async |filled| {
        edit_page(&site, &form.actor, &form.place, id, &filled).await
    })
    .await
}

//! What is attached to documents: the list, putting something there, taking it away, fetching it.

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::{blob::BlobError, id::DocumentId};
use federation::{Act, Core, Refused};
use replica::view;

use super::{documents as own, submit::submit};
use crate::{
    acts,
    auth::{Form, Signed, Upload},
    documents,
    error::{FieldFault, WebError},
    pages::attachments::{Attached, in_address},
    site::Site,
};

/// What is attached to a document, for its page.
pub(crate) fn list(core: &Core, id: &DocumentId) -> Vec<Attached> {
    let known = core.view().documents.get(id);
    let attached = known.map(view::Document::attachments).unwrap_or_default();
    let shown = attached.into_iter().filter_map(|attached| {
        let content = attached.record.content.as_ref()?;
        Some(Attached {
            name: attached.record.name.clone(),
            bytes: content.length() as u64,
            writer: own::writer(core, &attached.id, &attached.author),
            at: attached.time,
            is_here: content.chunks().iter().all(|chunk| core.has_chunk(chunk)),
        })
    });
    shown.collect()
}

/// Attaches what a person sends.
pub(crate) fn act(document: DocumentId, name: &str, media_type: &str, bytes: Vec<u8>) -> Act {
    // What it is said to be is only a claim, and nobody is served it as that.
    let known = media_type.split(';').next().unwrap_or_default().trim();
    let media_type = match known {
        "" => "application/octet-stream",
        known => known,
    };
    Act::Attach {
        document,
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        bytes,
    }
}

/// What is wrong with an attachment stands at the field of its form.
fn at_the_file(error: WebError) -> WebError {
    match error {
        WebError::Refused(Refused::Text { problem, .. }) => {
            WebError::Form(vec![FieldFault::new("file", problem)])
        }
        other => other,
    }
}

/// `POST /documents/{id}/attachments`: a form with a `file`
pub(crate) async fn attach(
    State(site): State<Site>,
    Path(id): Path<String>,
    Upload { form, file }: Upload,
) -> Result<Response, WebError> {
    let id = site.node.read(|core| documents::find(core, &id))?;
    let work = async {
        let Some(file) = file else {
            let message = "Choose what to attach.";
            return Err(WebError::Form(vec![FieldFault::new("file", message)]));
        };
        let act = act(id, &file.name, &file.media_type, file.bytes);
        let done = acts::perform(&site, &form.actor, act).await;
        done.map_err(at_the_file)?;
        Ok(format!("/documents/{id}?done=attached"))
    };
    submit(&site, &form, work, async |filled| {
        own::show(&site, &form.actor, &form.place, id, false, &filled).await
    })
    .await
}

/// `POST /documents/{id}/attachments/remove`: `name`
pub(crate) async fn detach(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = site.node.read(|core| documents::find(core, &id))?;
    let name = form.fields.raw("name").to_owned();
    let work = async {
        let act = Act::Detach { document: id, name };
        let done = acts::perform(&site, &form.actor, act).await;
        done.map_err(at_the_file)?;
        Ok(format!("/documents/{id}?done=detached"))
    };
    submit(&site, &form, work, async |filled| {
        own::show(&site, &form.actor, &form.place, id, false, &filled).await
    })
    .await
}

/// `GET /documents/{id}/attachments/{name}`
pub(crate) async fn fetch(
    State(site): State<Site>,
    Signed { .. }: Signed,
    Path((id, name)): Path<(String, String)>,
) -> Result<Response, WebError> {
    let id = site.node.read(|core| documents::find(core, &id))?;
    serve(&site, id, &name).await
}

/// The bytes of an attachment, to be saved: never shown as what somebody says it is.
pub(crate) async fn serve(site: &Site, id: DocumentId, name: &str) -> Result<Response, WebError> {
    let blob = site.node.read(|core| {
        let known = core.view().documents.get(&id)?;
        known.attachment(name)?.record.content.clone()
    });
    let blob = blob.ok_or(WebError::NotFound { what: "attachment" })?;
    let chunks = site.node.library.chunks(blob.chunks()).await;
    let chunks = chunks.map_err(WebError::Library)?.into_iter();
    let chunks: Option<Vec<Vec<u8>>> = chunks.collect();
    let chunks = chunks.ok_or(WebError::NotReady {
        why: "not all of this attachment has arrived yet",
    })?;
    let damaged = |error: BlobError| WebError::Library(Box::new(error));
    let bytes = blob.assemble(&chunks).map_err(damaged)?;
    let mut response = Body::from(bytes).into_response();
    let headers = response.headers_mut();
    // RFC 8187 leaves no asterisk in a value.
    let encoded = in_address(name).replace('*', "%2A");
    let disposition = format!("attachment; filename*=UTF-8''{encoded}");
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    let kind = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

//! Documents as JSON.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use domain::{
    id::{DocumentId, EntryId, PersonId},
    record::{Filing, Sort},
};
use federation::{Act, Core};
use replica::document::{Basis, Document, Outcome, Version};
use serde::Deserialize;
use serde_json::{Value, json};

use super::act::Text;
use crate::{
    acts,
    auth::{Actor, Caller},
    documents::{self, Saved},
    error::WebError,
    handlers::{attachments, documents as own, editor, history},
    pages::{
        attachments::Attached, document::Why, documents::Writer, editor::present_words,
        history::Begins,
    },
    rate::{Limit, Whose},
    site::Site,
};

fn ids(edits: &[EntryId]) -> Vec<String> {
    edits.iter().map(ToString::to_string).collect()
}

fn find(site: &Site, id: &str) -> Result<DocumentId, WebError> {
    site.node.read(|core| documents::find(core, id))
}

fn count_write(site: &Site, actor: &Actor) -> Result<(), WebError> {
    site.rates
        .count(site.now(), Limit::Writes, Whose::Person(actor.person()))
}

fn writer_json(writer: &Writer) -> Value {
    json!({ "person": writer.person, "member": writer.member.id, "name": writer.member.name })
}

fn filed_json(core: &Core, id: &DocumentId) -> Value {
    let known = core.view().documents.get(id);
    let filed = known.and_then(|known| known.filed.as_ref());
    let Some(record) = filed.map(|filed| filed.record) else {
        return json!({ "sort": Sort::Text.as_str(), "circle": null, "proposal": null,
                       "meeting": null, "closed": false });
    };
    json!({
        "sort": record.sort.as_str(),
        "circle": record.circle.map(|id| id.to_string()),
        "proposal": record.proposal.map(|id| id.to_string()),
        "meeting": record.meeting.map(|id| id.to_string()),
        "closed": record.closed,
    })
}

/// How many documents are given at once.
const LISTED_MAX: usize = 200;

#[derive(Deserialize)]
pub(crate) struct WhichDocuments {
    /// What their ids begin with.
    #[serde(default)]
    id: String,
    /// From 1.
    #[serde(default)]
    page: usize,
}

/// `GET /api/documents?id=&page=`
pub(crate) async fn list(
    State(site): State<Site>,
    Caller(_): Caller,
    Query(which): Query<WhichDocuments>,
) -> Result<Json<Value>, WebError> {
    let begin = which.id.to_ascii_lowercase();
    let before = (which.page.max(1) - 1).saturating_mul(LISTED_MAX);
    Ok(Json(site.node.read(|core| {
        let all = own::sorted(core, |id, _| {
            begin.is_empty() || id.to_string().starts_with(&begin)
        });
        let one = |id: &DocumentId| {
            let item = own::item(core, id)?;
            let members = item.members.iter();
            let members: Vec<Value> = members
                .map(|member| json!({ "id": member.id, "name": member.name }))
                .collect();
            Some(json!({
                "id": item.document.id,
                "title": item.document.name,
                "changed_ms": item.changed.0,
                "members": members,
                "filed": filed_json(core, id),
            }))
        };
        let given = all.iter().skip(before).take(LISTED_MAX);
        let documents: Vec<Value> = given.filter_map(one).collect();
        let more = all.len() > before.saturating_add(LISTED_MAX);
        json!({ "documents": documents, "more": more })
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateBody {
    title: String,
    #[serde(default)]
    text: String,
}

/// `POST /api/documents`
pub(crate) async fn create(
    State(site): State<Site>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), WebError> {
    let CreateBody { title, text } = super::parse(&headers, &body)?;
    count_write(&site, &actor)?;
    let act = Act::CreateDocument { title, text };
    let id = acts::perform(&site, &actor, act).await?.to_string();
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

#[derive(Deserialize)]
pub(crate) struct Since {
    /// The edits of the text that the caller has, with commas between.
    since: Option<String>,
}

/// `GET /api/documents/{id}`
pub(crate) async fn one(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    Query(since): Query<Since>,
) -> Result<Json<Value>, WebError> {
    let id = find(&site, &id)?;
    let since = since.since.map(|since| editor::read_basis(&since));
    let reading = move |document: &Document| {
        let basis = document.is_here().then(|| document.basis());
        let changes = since.zip(basis.as_ref()).and_then(|(since, basis)| {
            let before = document.text_at(&since).ok()?;
            Some(documents::splices(&before, &basis.text))
        });
        let waiting = document
            .items()
            .filter(|item| document.outcome(&item.id) == Some(Outcome::Waits));
        (
            document.title(),
            basis,
            changes,
            document.version(),
            document.is_nearly_full(),
            waiting.count(),
        )
    };
    let read = site.documents.with(&site.node, id, reading).await?;
    let (title, basis, changes, version, is_nearly_full, waiting) = read;
    let (filed, attached) = site
        .node
        .read(|core| (filed_json(core, &id), attached_json(core, &id)));
    let Version { edits, text: hash } = version;
    Ok(Json(json!({
        "id": id.to_string(),
        "title": title,
        "text": basis.as_ref().map(|basis| &basis.text),
        "basis": basis.as_ref().map(|basis| ids(&basis.parents)),
        "changes": changes,
        "version": { "edits": ids(&edits), "text_hash": hash.to_string() },
        "nearly_full": is_nearly_full,
        "waiting": waiting,
        "filed": filed,
        "attachments": attached,
        "present": present(&site, &actor, &id),
    })))
}

fn present(site: &Site, actor: &Actor, id: &DocumentId) -> Value {
    let people = own::present(site, actor, id);
    let words = present_words(crate::catalogue::Language::default(), &people);
    let people: Vec<Value> = people.iter().map(writer_json).collect();
    json!({ "people": people, "words": words })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaveBody {
    basis: Vec<Text<EntryId>>,
    text: String,
    /// Who wrote it: refused if somebody else is signed in now.
    person: Option<Text<PersonId>>,
}

/// `POST /api/documents/{id}/text`: what the caller made of the text that `basis` leaves. Sent
/// again, it does nothing more.
pub(crate) async fn save(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, WebError> {
    let body: SaveBody = super::parse(&headers, &body)?;
    count_write(&site, &actor)?;
    let id = find(&site, &id)?;
    if body.person.is_some_and(|person| person.0 != actor.person()) {
        return Err(WebError::Conflict {
            code: "other-person",
            message: "Somebody else is signed in now than who wrote this.".to_owned(),
        });
    }
    let basis = body.basis.into_iter().map(|edit| edit.0).collect();
    let saved = documents::save(&site, actor.key()?, id, basis, &body.text).await?;
    let Saved {
        now: Basis { parents, text },
        changes,
        own,
        edits,
    } = saved;
    Ok(Json(json!({
        "basis": ids(&parents),
        "text": text,
        "changes": changes,
        "own": own.map(|own| ids(&own)),
        "edits": edits,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PresenceBody {
    here: bool,
}

/// `POST /api/documents/{id}/presence`: the caller has an editor open, or has closed it.
pub(crate) async fn presence(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, WebError> {
    let PresenceBody { here } = super::parse(&headers, &body)?;
    let id = find(&site, &id)?;
    if !site
        .node
        .read(|core| core.view().documents.contains_key(&id))
    {
        return Err(WebError::NotFound { what: "document" });
    }
    if let Some(who) = own::who(&site, &actor) {
        let is_news = site.presence.hear(site.now(), id, who, here);
        if is_news {
            // Every node hears of it.
            count_write(&site, &actor)?;
        }
        if let Some(writing) = site.presence.to_tell(site.now(), is_news) {
            site.node.present(writing);
        }
    }
    Ok(Json(json!({ "present": present(&site, &actor, &id) })))
}

/// `GET /api/documents/{id}/history`: the changes that led to the text, the oldest first, and those
/// without effect.
pub(crate) async fn changes(
    State(site): State<Site>,
    Caller(_): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, WebError> {
    let id = find(&site, &id)?;
    let reading = |document: &Document| (history::steps(document), own::without(document));
    let (steps, without) = site.documents.with(&site.node, id, reading).await?;
    Ok(Json(site.node.read(|core| {
        let step = |step: &history::Step| {
            json!({
                "edit": step.edit.to_string(),
                "by": writer_json(&own::writer(core, &step.edit, &step.author)),
                "key": step.author.to_string(),
                "time_ms": step.time.0,
                "begins": step.begins.map(|begins| match begins {
                    Begins::Document => "document",
                    Begins::Anew => "anew",
                }),
                "version": step.heads.as_deref().map(ids),
            })
        };
        let lost = |(item, why): &(replica::document::Item, Why)| {
            let (word, because) = match why {
                Why::Faulty(fault) => ("faulty", Some(fault)),
                Why::Full => ("full", None),
                Why::Waits => ("waits", None),
                Why::LeftBehind => ("left-behind", None),
            };
            json!({
                "edit": item.id.to_string(),
                "by": writer_json(&own::writer(core, &item.id, &item.author)),
                "time_ms": item.time.0,
                "why": word,
                "because": because,
            })
        };
        json!({
            "changes": steps.iter().map(step).collect::<Vec<_>>(),
            "without_effect": without.iter().map(lost).collect::<Vec<_>>(),
        })
    })))
}

/// `GET /api/documents/{id}/versions/{version}`: the text as some edits leave it. They are written
/// with commas or hyphens between; `now` is the text as it is.
pub(crate) async fn version(
    State(site): State<Site>,
    Caller(_): Caller,
    Path((id, version)): Path<(String, String)>,
) -> Result<Json<Value>, WebError> {
    let id = find(&site, &id)?;
    let version = version.replace(',', "-");
    let reading = move |document: &Document| {
        let edits = history::edits_of(document, &version)?;
        let text = document.text_at(&edits).ok()?;
        Some((edits, text))
    };
    let found = site.documents.with(&site.node, id, reading).await?;
    let (edits, text) = found.ok_or(WebError::NotFound { what: "version" })?;
    let hash = domain::id::Hash::of(&[text.as_bytes()]);
    Ok(Json(
        json!({ "edits": ids(&edits), "text": text, "text_hash": hash.to_string() }),
    ))
}

/// `POST /api/documents/{id}/restart`: begins it anew with the text it has.
pub(crate) async fn restart(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Value>), WebError> {
    count_write(&site, &actor)?;
    let id = find(&site, &id)?;
    let edit = documents::restart(&site, actor.key()?, id).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": edit.to_string() }))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileBody {
    sort: Text<Sort>,
    circle: Option<Text<domain::id::CircleId>>,
    proposal: Option<Text<domain::id::ProposalId>>,
    meeting: Option<Text<EntryId>>,
    #[serde(default)]
    closed: bool,
}

/// `POST /api/documents/{id}/file`: says where it belongs.
pub(crate) async fn file(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), WebError> {
    let body: FileBody = super::parse(&headers, &body)?;
    count_write(&site, &actor)?;
    let act = Act::File(Filing {
        document: find(&site, &id)?,
        sort: body.sort.0,
        circle: body.circle.map(|circle| circle.0),
        proposal: body.proposal.map(|proposal| proposal.0),
        meeting: body.meeting.map(|meeting| meeting.0),
        closed: body.closed,
    });
    let id = acts::perform(&site, &actor, act).await?.to_string();
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

fn attached_json(core: &Core, id: &DocumentId) -> Vec<Value> {
    let attached = attachments::list(core, id).into_iter();
    let one = |one: Attached| {
        json!({
            "name": one.name,
            "bytes": one.bytes,
            "by": writer_json(&one.writer),
            "time_ms": one.at.0,
            "here": one.is_here,
        })
    };
    attached.map(one).collect()
}

/// `GET /api/documents/{id}/attachments/{name}`: its bytes.
pub(crate) async fn fetch(
    State(site): State<Site>,
    Caller(_): Caller,
    Path((id, name)): Path<(String, String)>,
) -> Result<Response, WebError> {
    attachments::serve(&site, find(&site, &id)?, &name).await
}

/// `PUT /api/documents/{id}/attachments/{name}`: the body is attached, in place of what has the
/// name.
pub(crate) async fn attach(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path((id, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), WebError> {
    count_write(&site, &actor)?;
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let act = attachments::act(find(&site, &id)?, &name, kind, body.to_vec());
    let id = acts::perform(&site, &actor, act).await?.to_string();
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

/// `DELETE /api/documents/{id}/attachments/{name}`
pub(crate) async fn detach(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path((id, name)): Path<(String, String)>,
) -> Result<Json<Value>, WebError> {
    count_write(&site, &actor)?;
    let document = find(&site, &id)?;
    let act = Act::Detach { document, name };
    let id = acts::perform(&site, &actor, act).await?.to_string();
    Ok(Json(json!({ "id": id })))
}

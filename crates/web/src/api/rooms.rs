//! Rooms as JSON. Their links are in the answer about one room alone.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use domain::id::EntryId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::servers::count_write;
use crate::{
    auth::{Actor, Caller, Place},
    error::WebError,
    pages::rooms::Listed,
    rooms::{Room, changes, gathering, links::Role, recordings, running, seen},
    site::Site,
};

fn listed_json(one: &Listed) -> Value {
    json!({
        "id": one.room.id,
        "title": one.room.name,
        "since_ms": one.since.map(|at| at.0),
        "now": one.now,
        "people": one.expected,
        "next_ms": one.next.map(|at| at.0),
        "closed": one.is_closed,
    })
}

/// An answer with links in it, which nobody keeps on the way.
fn unkept(status: StatusCode, json: Value) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(json)).into_response()
}

async fn room_json(
    site: &Site,
    (actor, place): (&Actor, &Place),
    room: &Room,
) -> Result<Value, WebError> {
    let seen = seen::one(site, (actor, place), room).await?;
    let running = seen.running.as_ref();
    let server = running.and_then(|running| running.live.as_ref());
    Ok(json!({
        "id": room.id.to_string(),
        "title": room.title,
        "region": room.region.as_ref().map(ToString::to_string),
        "people": room.people,
        "record": room.record,
        "entrance": room.entrance.as_str(),
        "closed": room.closed,
        "created_ms": room.created_ms,
        "gathering": seen.gathering.as_ref().map(|held| &held.gathering.id),
        "since_ms": running.map(|running| running.since.0),
        "now": running.and_then(|running| running.now),
        "server": server.map(|live| live.server_id.to_string()),
        "links": { "guest": seen.links.0, "moderator": seen.links.1 },
    }))
}

/// `GET /api/rooms`
pub(crate) async fn list(
    State(site): State<Site>,
    Caller(actor): Caller,
) -> Result<Json<Value>, WebError> {
    let member = changes::need_user(&site, &actor)?;
    let listed = seen::list(&site, member).await?;
    let rooms: Vec<Value> = listed.iter().map(listed_json).collect();
    Ok(Json(json!({ "rooms": rooms })))
}

/// `GET /api/rooms/{id}`
pub(crate) async fn one(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let room = changes::find(&site, &actor, &id).await?;
    let place = Place::at(&uri, &headers);
    let json = room_json(&site, (&actor, &place), &room).await?;
    Ok(unkept(StatusCode::OK, json))
}

/// `POST /api/rooms`
pub(crate) async fn make(
    State(site): State<Site>,
    Caller(actor): Caller,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, WebError> {
    count_write(&site, &actor)?;
    let room = changes::make(&site, &actor, super::parse(&headers, &body)?).await?;
    let place = Place::at(&uri, &headers);
    let json = room_json(&site, (&actor, &place), &room).await?;
    Ok(unkept(StatusCode::CREATED, json))
}

/// `POST /api/rooms/{id}`
pub(crate) async fn change(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, WebError> {
    count_write(&site, &actor)?;
    let room = changes::edit(&site, &actor, &id, super::parse(&headers, &body)?).await?;
    let place = Place::at(&uri, &headers);
    let json = room_json(&site, (&actor, &place), &room).await?;
    Ok(unkept(StatusCode::OK, json))
}

/// `DELETE /api/rooms/{id}`
pub(crate) async fn remove(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, WebError> {
    count_write(&site, &actor)?;
    changes::delete(&site, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/rooms/{id}/start`: has a meeting run, and gives the caller's own way into it.
pub(crate) async fn start(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    count_write(&site, &actor)?;
    let room = changes::find(&site, &actor, &id).await?;
    let after = seen::link(&site, &Place::at(&uri, &headers), &room, Role::Guest)?;
    running::start(&site, &room, &after).await?;
    let name = &actor.account.name;
    let url = running::enter(&site, &room, (Role::Moderator, name)).await?;
    Ok(unkept(StatusCode::OK, json!({ "url": url })))
}

/// `POST /api/rooms/{id}/end`
pub(crate) async fn end(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, WebError> {
    count_write(&site, &actor)?;
    let room = changes::find(&site, &actor, &id).await?;
    running::end(&site, &room).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleBody {
    role: String,
}

/// `POST /api/rooms/{id}/links`: a new link; the old one is void.
pub(crate) async fn renew(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, WebError> {
    count_write(&site, &actor)?;
    let body: RoleBody = super::parse(&headers, &body)?;
    let role = changes::role_of(&body.role)?;
    let place = Place::at(&uri, &headers);
    let room = changes::renew(&site, (&actor, &place), &id, role).await?;
    let json = room_json(&site, (&actor, &place), &room).await?;
    Ok(unkept(StatusCode::OK, json))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CloseBody {
    closed: bool,
}

/// `POST /api/rooms/{id}/close`
pub(crate) async fn close(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, WebError> {
    count_write(&site, &actor)?;
    let body: CloseBody = super::parse(&headers, &body)?;
    changes::close(&site, &actor, &id, body.closed).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GatheringBody {
    #[serde(with = "crate::bytes::text")]
    gathering: EntryId,
}

/// `POST /api/rooms/{id}/gathering`: a gathering of one of the caller's circles meets there.
pub(crate) async fn meet(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, WebError> {
    count_write(&site, &actor)?;
    let body: GatheringBody = super::parse(&headers, &body)?;
    let place = Place::at(&uri, &headers);
    let room = gathering::meet_in(&site, (&actor, &place), Some(&id), body.gathering).await?;
    let json = room_json(&site, (&actor, &place), &room).await?;
    Ok(unkept(StatusCode::OK, json))
}

/// `GET /api/rooms/{id}/recordings`
pub(crate) async fn recorded(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, WebError> {
    let room = changes::find(&site, &actor, &id).await?;
    let found = recordings::of(&site, &room).await;
    let json = found.iter().map(|one| {
        let watched = one
            .watched
            .iter()
            .map(|way| json!({ "kind": way.kind, "url": way.url, "minutes": way.minutes }));
        json!({
            "id": one.id,
            "started_ms": one.started.map(|at| at.0),
            "state": one.state.as_str(),
            "formats": watched.collect::<Vec<Value>>(),
        })
    });
    Ok(Json(json!({ "recordings": json.collect::<Vec<Value>>() })))
}

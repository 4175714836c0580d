//! Servers as JSON.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
};
use domain::{
    id::{MemberId, ServerId},
    record::Service,
};
use replica::view::Server;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    acts,
    auth::{Actor, Caller},
    error::WebError,
    meetings::{
        check, cost, inventory, overview,
        servers::{ServerSnapshot, algorithm_word},
    },
    rate::{Limit, Whose},
    site::Site,
};

/// What only stewards of the owner see of a server.
fn local_json(snapshot: &ServerSnapshot, id: ServerId) -> Value {
    let reach = snapshot.get(id).map(|access| access.reach);
    json!({
        "secret": snapshot.state(id).as_str(),
        "algorithm": reach.map(|reach| algorithm_word(reach.algorithm)),
        "allow_private": reach.map(|reach| reach.allow_private),
        "allow_http": reach.map(|reach| reach.allow_http),
    })
}

fn server_json(id: ServerId, server: &Server, owner_name: &str, own: bool) -> Value {
    let record = &server.record;
    let capability = record.capability;
    json!({
        "id": id.to_string(),
        "name": record.name,
        "owner": server.owner.to_string(),
        "owner_name": owner_name,
        "own": own,
        "url": record.url,
        "region": record.region.as_str(),
        "service": record.service.as_str(),
        "cpu_units": capability.cpu_units,
        "net_out_kbit_s": capability.net_out_kbit_s,
        "users": capability.users,
        "rooms": capability.rooms,
        "room_users": capability.room_users,
        "features": record.features,
        "share_percent": record.share_percent,
        "energy": record.energy,
        "cost": record.cost.as_ref().map(|cost| json!({
            "amount": cost::amount(cost),
            "minor_units": cost.minor_units,
            "currency": cost.currency.as_str(),
        })),
        "at_ms": server.time.0,
    })
}

/// `GET /api/servers`: everybody's; what is known here alone only for stewards of the owner.
pub(crate) async fn list(
    State(site): State<Site>,
    Caller(actor): Caller,
) -> Result<Json<Value>, WebError> {
    let is_steward = acts::need_host(&site, &actor).is_ok();
    let here = site.node.read(federation::Core::member);
    let snapshot = site.servers.snapshot();
    Ok(Json(actor.read(&site, |core| {
        let (view, own) = (core.view(), core.member());
        let stands = |server: &&Server| server.record.service != Service::Removed;
        let all = view.meetings.servers.iter();
        let now = site.now();
        let servers: Vec<Value> = all
            .filter(|(_, server)| stands(server))
            .map(|(id, server)| {
                let owner: MemberId = server.owner;
                let name = view.member_name(&owner);
                let mut json = server_json(*id, server, &name, Some(owner) == own);
                let seen = overview::server(core, now, *id, server);
                json["state"] = json!(seen.state.as_str());
                json["utilisation_ppm"] = json!(seen.taken.map(|taken| taken.utilisation_ppm));
                json["fullest"] = json!(seen.taken.map(|taken| taken.fullest.as_str()));
                json["heard_ms"] = json!(seen.heard.map(|at| at.0));
                if is_steward && Some(owner) == here {
                    json["here"] = local_json(&snapshot, *id);
                }
                json
            })
            .collect();
        json!({ "servers": servers })
    })))
}

pub(super) fn count_write(site: &Site, actor: &Actor) -> Result<(), WebError> {
    let whose = Whose::Person(actor.person());
    site.rates.count(site.now(), Limit::Writes, whose)
}

fn server_id(text: &str) -> Result<ServerId, WebError> {
    let missing = |_| WebError::NotFound { what: "server" };
    text.parse().map_err(missing)
}

/// `POST /api/servers`
pub(crate) async fn add(
    State(site): State<Site>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), WebError> {
    count_write(&site, &actor)?;
    acts::need_host(&site, &actor)?;
    let id = inventory::add(&site, &actor, super::parse(&headers, &body)?).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id.to_string() }))))
}

/// `POST /api/servers/{id}`
pub(crate) async fn change(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, WebError> {
    count_write(&site, &actor)?;
    acts::need_host(&site, &actor)?;
    let id = server_id(&id)?;
    inventory::change(&site, &actor, id, super::parse(&headers, &body)?).await?;
    Ok(Json(json!({ "id": id.to_string() })))
}

/// `POST /api/servers/{id}/check`: calls the server.
pub(crate) async fn check(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, WebError> {
    count_write(&site, &actor)?;
    let found = check::check(&site, &actor, server_id(&id)?).await?;
    Ok(Json(json!({
        "version": found.version,
        "server_version": found.server_version,
        "meetings": found.meetings,
        "round_trip_ms": found.round_trip_ms,
        "clock_ahead_ms": found.clock_ahead_ms,
    })))
}

/// How a server is removed.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Removal {
    /// Whether it goes though meetings run on it.
    force: bool,
}

/// `DELETE /api/servers/{id}`: `?force=true` while meetings run on it.
pub(crate) async fn remove(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    removal: Result<Query<Removal>, QueryRejection>,
) -> Result<StatusCode, WebError> {
    count_write(&site, &actor)?;
    let unreadable = |_| WebError::Malformed("write ?force=true, or nothing".to_owned());
    let Query(removal) = removal.map_err(unreadable)?;
    inventory::remove(&site, &actor, server_id(&id)?, removal.force).await?;
    Ok(StatusCode::NO_CONTENT)
}

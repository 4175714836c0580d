//! Meetings and what was used, as JSON.

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    http::HeaderMap,
};
use domain::id::ServerId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    acts,
    auth::Caller,
    catalogue::{Language, Plain},
    error::WebError,
    handlers::usage::Asked,
    meetings::{
        overview::{overview, release as give_up},
        usage::rows,
    },
    pages::meet::{Live, Server, Unplaced, Why, sentence},
    site::Site,
};

fn server_json(region: &str, server: &Server) -> Value {
    json!({
        "id": server.id.to_string(),
        "name": server.name,
        "owner": server.owner.id,
        "owner_name": server.owner.name,
        "region": region,
        "state": server.state.as_str(),
        "places": server.places,
        "places_taken": server.taken.map(|taken| taken.users),
        "meetings": server.taken.map(|taken| taken.meetings),
        "utilisation_ppm": server.taken.map(|taken| taken.utilisation_ppm),
        "fullest": server.taken.map(|taken| taken.fullest.as_str()),
        "heard_ms": server.heard.map(|at| at.0),
    })
}

fn why_json(why: &Why) -> Value {
    let candidates = why.candidates.iter().map(|(server, reason)| {
        let said = sentence(Language::default(), Plain(server), reason);
        json!({
            "server": server,
            "reason": reason.as_str(),
            "sentence": said.into_string(),
        })
    });
    json!({
        "at_ms": why.at.0,
        "users": Some(why.users).filter(|users| *users > 0),
        "elapsed_ms": why.elapsed_ms,
        "candidates": candidates.collect::<Vec<_>>(),
    })
}

fn live_json(one: &Live) -> Value {
    let id: &ServerId = &one.server_id;
    let server = one.server.as_ref();
    json!({
        "tenant": one.tenant.to_string(),
        "tenant_name": one.tenant_name,
        "room": one.room.to_string(),
        "since_ms": one.since.0,
        "server": id.to_string(),
        "server_name": server.map(|(name, ..)| name),
        "owner": server.map(|(_, owner, _)| &owner.id),
        "owner_name": server.map(|(_, owner, _)| &owner.name),
        "region": server.map(|(.., region)| region),
        "owner_away": one.is_owner_away,
        "expected_users": one.expected,
        "users": one.now,
        "why": one.why.as_ref().map(why_json),
    })
}

fn unplaced_json(one: &Unplaced) -> Value {
    json!({
        "tenant": one.tenant.to_string(),
        "tenant_name": one.tenant_name,
        "room": one.room.to_string(),
        "why": why_json(&one.why),
    })
}

/// `GET /api/meetings`
pub(crate) async fn list(
    State(site): State<Site>,
    Caller(actor): Caller,
) -> Result<Json<Value>, WebError> {
    let (now, is_steward) = (site.now(), acts::need_host(&site, &actor).is_ok());
    let view = actor.read(&site, |core| overview(core, now, is_steward));
    let servers = view.regions.iter().flat_map(|region| {
        let servers = region.servers.iter();
        servers.map(|server| server_json(&region.name, server))
    });
    Ok(Json(json!({
        "servers": servers.collect::<Vec<_>>(),
        "meetings": view.live.iter().map(live_json).collect::<Vec<_>>(),
        "others": view.others,
        "unplaced": view.unplaced.iter().map(unplaced_json).collect::<Vec<_>>(),
    })))
}

/// Which meeting.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meeting {
    tenant: String,
    room: String,
}

/// `POST /api/meetings/release`
pub(crate) async fn release(
    State(site): State<Site>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, WebError> {
    super::servers::count_write(&site, &actor)?;
    acts::need_host(&site, &actor)?;
    let Meeting { tenant, room } = super::parse(&headers, &body)?;
    give_up(&site, &actor, &tenant, &room).await?;
    Ok(Json(json!({ "tenant": tenant, "room": room })))
}

/// `GET /api/usage?month=`
pub(crate) async fn usage(
    State(site): State<Site>,
    Caller(_): Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, WebError> {
    let month = asked.month(&site)?;
    Ok(Json(site.node.read(|core| {
        let view = core.view();
        let rows = rows(&view.meetings, month).into_iter().map(|row| {
            let tenant = view.meetings.tenants.get(&row.tenant);
            let server = view.meetings.servers.get(&row.server);
            json!({
                "member": row.member.to_string(),
                "member_name": view.member_name(&row.member),
                "tenant": row.tenant.to_string(),
                "tenant_name": tenant.map(|tenant| &tenant.record.name),
                "server": row.server.to_string(),
                "server_name": server.map(|server| &server.record.name),
                "measured_by": row.owner.to_string(),
                "measured_by_name": view.member_name(&row.owner),
                "participant_minutes": row.used.participant_minutes,
                "meetings": row.used.meetings,
                "peak": row.used.peak,
            })
        });
        json!({ "month": month.to_string(), "usage": rows.collect::<Vec<_>>() })
    })))
}

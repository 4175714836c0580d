//! Tenants as JSON. A secret is in the answer of the call that made it, and in the configuration that
//! a steward asks for with it; in no other.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bigbluebutton::Secret;
use domain::id::{TenantId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::servers::count_write;
use crate::{
    acts,
    auth::Caller,
    error::{FieldFault, WebError},
    meetings::{
        configuration::FrontEnd,
        limits::Rules,
        tenancy::{self, Seen},
    },
    site::Site,
    vault::{hidden, text_of},
};

fn rules_json(rules: &Rules) -> Value {
    let list = |all: &[(String, String)]| {
        let all = all.iter().map(|(name, value)| format!("{name}={value}"));
        all.collect::<Vec<String>>()
    };
    json!({
        "level": rules.level,
        "meetings_max": rules.limits.meetings_max,
        "participants_max": rules.limits.participants_max,
        "participants_total_max": rules.limits.participants_total_max,
        "duration_max_minutes": rules.limits.duration_max_minutes,
        "recording": rules.limits.recording,
        "defaults": list(&rules.defaults),
        "forced": list(&rules.forced),
        "features": rules.features,
    })
}

fn tenant_json(seen: &Seen) -> Value {
    let old = seen.old_until.iter().map(|until| until.0);
    json!({
        "id": seen.id.to_string(),
        "name": seen.name,
        "member": seen.member.to_string(),
        "member_name": seen.member_name,
        "region": seen.region,
        "home": seen.is_home,
        "rooms": seen.is_of_rooms,
        "secret": seen.secret.as_str(),
        "old_secrets_until_ms": old.collect::<Vec<u64>>(),
        "rules": seen.rules.as_ref().map(rules_json),
        "at_ms": seen.at.0,
    })
}

/// `GET /api/tenants`: the caller's member's, and for stewards of the node all that it serves.
pub(crate) async fn list(
    State(site): State<Site>,
    Caller(actor): Caller,
) -> Result<Json<Value>, WebError> {
    let seen = tenancy::seen(&site, &actor).await?;
    let tenants: Vec<Value> = seen.iter().map(tenant_json).collect();
    Ok(Json(json!({ "tenants": tenants })))
}

fn tenant_id(text: &str) -> Result<TenantId, WebError> {
    let missing = |_| WebError::NotFound { what: "front end" };
    text.parse().map_err(missing)
}

/// One tenant that the caller may see.
async fn find(site: &Site, actor: &crate::auth::Actor, id: &str) -> Result<Seen, WebError> {
    let id = tenant_id(id)?;
    let seen = tenancy::seen(site, actor).await?;
    let found = seen.into_iter().find(|seen| seen.id == id);
    found.ok_or(WebError::NotFound { what: "front end" })
}

/// `GET /api/tenants/{id}`
pub(crate) async fn one(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, WebError> {
    Ok(Json(tenant_json(&find(&site, &actor, &id).await?)))
}

/// An answer with a secret in it, which nobody keeps on the way.
fn once(status: StatusCode, json: Value) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(json)).into_response()
}

/// With the secret, if this node has just made it.
fn with_secret(id: TenantId, made: Option<&Secret>) -> Value {
    let secret = made.map(text_of);
    json!({ "id": id.to_string(), "secret": secret.as_ref().map(|text| text.as_str()) })
}

/// `POST /api/tenants`: the answer has the secret, once.
pub(crate) async fn add(
    State(site): State<Site>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, WebError> {
    count_write(&site, &actor)?;
    acts::need_host(&site, &actor)?;
    let said = super::parse(&headers, &body)?;
    let (id, secret) = tenancy::add(&site, &actor, said).await?;
    Ok(once(StatusCode::CREATED, with_secret(id, secret.as_ref())))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RotateBody {
    #[serde(deserialize_with = "hidden")]
    secret: Option<Secret>,
    /// Whether the old secret stops working at once.
    now: bool,
}

/// `POST /api/tenants/{id}/rotate`: the answer has the new secret, once.
pub(crate) async fn rotate(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, WebError> {
    count_write(&site, &actor)?;
    acts::need_host(&site, &actor)?;
    let id = tenant_id(&id)?;
    let body: RotateBody = super::parse(&headers, &body)?;
    let how = (body.secret, body.now);
    let (secret, Timestamp(until_ms)) = tenancy::rotate(&site, &actor, id, how).await?;
    let mut json = with_secret(id, secret.as_ref());
    json["old_until_ms"] = json!(until_ms);
    Ok(once(StatusCode::OK, json))
}

/// `POST /api/tenants/{id}/limits`: the answer has the rules from now on.
pub(crate) async fn limit(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, WebError> {
    count_write(&site, &actor)?;
    acts::need_host(&site, &actor)?;
    let changed = super::parse(&headers, &body)?;
    let rules = tenancy::limit(&site, &actor, tenant_id(&id)?, changed).await?;
    Ok(Json(rules_json(&rules)))
}

/// `POST /api/tenants/{id}`: the answer is the tenant as it is from now on.
pub(crate) async fn describe(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, WebError> {
    count_write(&site, &actor)?;
    acts::need_host(&site, &actor)?;
    let said = super::parse(&headers, &body)?;
    tenancy::describe(&site, &actor, tenant_id(&id)?, said).await?;
    Ok(Json(tenant_json(&find(&site, &actor, &id).await?)))
}

/// `DELETE /api/tenants/{id}`
pub(crate) async fn remove(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, WebError> {
    count_write(&site, &actor)?;
    tenancy::remove(&site, &actor, tenant_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigurationBody {
    r#for: String,
    #[serde(default)]
    with_secret: bool,
}

/// `POST /api/tenants/{id}/configuration`: of a front end, with a word where the secret goes; with
/// the secret only where a steward asks for it.
pub(crate) async fn configuration(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, WebError> {
    count_write(&site, &actor)?;
    let body: ConfigurationBody = super::parse(&headers, &body)?;
    let front_end = FrontEnd::from_word(&body.r#for).ok_or_else(|| {
        let message = "Choose greenlight, nextcloud, moodle or wordpress.";
        WebError::Form(vec![FieldFault::new("for", message)])
    })?;
    let seen = find(&site, &actor, &id).await?;
    let host = headers.get(header::HOST);
    let host = host
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost");
    let (asked, address) = ((front_end, body.with_secret), site.address(host));
    let text = tenancy::configuration(&site, &actor, &seen, asked, &address).await?;
    Ok(once(StatusCode::OK, json!({ "configuration": text })))
}

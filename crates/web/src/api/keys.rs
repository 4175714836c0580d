//! Tokens, invitations and the removal of people, as JSON.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use domain::id::{Hash, PersonId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::act::roles_of;
use crate::{auth::Caller, error::WebError, people, site::Site, token::Token};

fn of_token(token: &Token) -> Value {
    json!({
        "id": token.id().to_string(),
        "label": token.label,
        "created_ms": token.created,
        "used_ms": token.used,
    })
}

/// `GET /api/tokens`
pub(crate) async fn tokens(
    State(site): State<Site>,
    Caller(actor): Caller,
) -> Result<Json<Value>, WebError> {
    let tokens = site.tokens.of(actor.person()).await?;
    let tokens: Vec<Value> = tokens.iter().map(of_token).collect();
    Ok(Json(json!({ "tokens": tokens })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenBody {
    label: String,
}

/// `POST /api/tokens`: the answer has the token's text, once.
pub(crate) async fn make_token(
    State(site): State<Site>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), WebError> {
    let body: TokenBody = super::parse(&headers, &body)?;
    let (person, seed) = (actor.person(), actor.seed()?);
    let made = site
        .tokens
        .make(site.now(), person, &body.label, seed.as_ref())
        .await?;
    let mut json = of_token(&made.0);
    json["token"] = json!(*made.1);
    Ok((StatusCode::CREATED, Json(json)))
}

/// `DELETE /api/tokens/{id}`
pub(crate) async fn delete_token(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, WebError> {
    let id: Hash = id
        .parse()
        .map_err(|_| WebError::NotFound { what: "token" })?;
    site.tokens.delete(actor.person(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/invitations`
pub(crate) async fn invitations(
    State(site): State<Site>,
    Caller(actor): Caller,
) -> Result<Json<Value>, WebError> {
    crate::acts::need_steward(&site, &actor)?;
    let waiting = site.invitations.waiting(site.now()).await?;
    let waiting: Vec<Value> = waiting
        .iter()
        .filter(|invitation| invitation.member == actor.hosted())
        .map(|invitation| {
            json!({
                "person": invitation.person.to_string(),
                "name": invitation.name,
                "roles": invitation.roles,
                "expires_ms": invitation.expires().0,
            })
        })
        .collect();
    Ok(Json(json!({ "invitations": waiting })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InviteBody {
    name: String,
    roles: Vec<String>,
}

/// `POST /api/invitations`: the answer has the path of the link, once.
pub(crate) async fn invite(
    State(site): State<Site>,
    Caller(mut actor): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), WebError> {
    let body: InviteBody = super::parse_signed(&site, &mut actor, &headers, &body).await?;
    let roles = roles_of(body.roles.iter().map(String::as_str))?;
    let (invitation, secret) = people::invite(&site, &actor, &body.name, roles).await?;
    let json = json!({
        "person": invitation.person.to_string(),
        "path": format!("/welcome/{}", *secret.text()),
        "expires_ms": invitation.expires().0,
    });
    Ok((StatusCode::CREATED, Json(json)))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RemoveBody {
    #[serde(default)]
    reason: String,
}

/// `DELETE /api/persons/{id}`, with a body or without one.
pub(crate) async fn remove_person(
    State(site): State<Site>,
    Caller(mut actor): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, WebError> {
    let RemoveBody { reason } = match body.is_empty() {
        true => RemoveBody::default(),
        false => super::parse_signed(&site, &mut actor, &headers, &body).await?,
    };
    let id: PersonId = id
        .parse()
        .map_err(|_| WebError::NotFound { what: "person" })?;
    people::remove(&site, &actor, id, &reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

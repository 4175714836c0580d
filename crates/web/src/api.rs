//! The JSON API: everything the pages show and do, for programs. Errors are
//! `{"error": {code, message, hint, fields, reference}}` with a fitting status.

mod act;
mod decision;
mod keys;
mod read;

pub(crate) use act::{admit, circle_nonce, roles_of};
pub(crate) use decision::full;

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, header},
    routing::{delete, get, post},
};
use serde::de::DeserializeOwned;

use crate::{error::WebError, site::Site};

pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/health", get(read::health))
        .route("/api/status", get(read::status))
        .route("/api/members", get(read::members))
        .route("/api/persons", get(read::persons))
        .route("/api/persons/{id}", delete(keys::remove_person))
        .route(
            "/api/invitations",
            get(keys::invitations).post(keys::invite),
        )
        .route("/api/circles", get(read::circles))
        .route("/api/keys", get(read::keys))
        .route("/api/applications", get(read::applications))
        .route("/api/decisions", get(decision::list))
        .route("/api/decisions/{id}", get(decision::one))
        .route("/api/entries/{id}", get(read::entry))
        .route("/api/acts", post(act::perform))
        .route("/api/acts/prepare", post(act::prepare))
        .route("/api/acts/submit", post(act::submit))
        .route("/api/tokens", get(keys::tokens).post(keys::make_token))
        .route("/api/tokens/{id}", delete(keys::delete_token))
}

/// Reads a JSON body.
fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, WebError> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    // Another type could be sent by another site's form.
    if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
        return Err(WebError::Malformed(
            "its type must be application/json".to_owned(),
        ));
    }
    serde_json::from_slice(body).map_err(|error| WebError::Malformed(error.to_string()))
}

//! The JSON API: everything the pages show and do, for programs. Errors are
//! `{"error": {code, message, hint, fields, reference}}` with a fitting status.
//!
//! A program sends `Authorization: Bearer fmt_…` (a personal token of the account page). Ids are
//! hexadecimal, keys are `did:key`, times are milliseconds since 1970 in fields ending in `_ms`.
//!
//! | request | what it gives or does |
//! |---|---|
//! | `GET /health` (anyone) | 200 or 503: `ready`, `why` (also said when ready and little room is left on the disk), `peers`, `store`, `entries` |
//! | `GET /api/status` | this node, its peers, how many votes the member still has to cast (`needs_our_vote`), and who asks (`you`, with `needs_our_vote` for a delegate) |
//! | `GET /api/members`, `/api/persons`, `/api/circles`, `/api/keys`, `/api/applications` | lists |
//! | `GET /api/actions?circle=&state=open\|done\|dropped\|all&mine=true` | action points, open ones unless it says otherwise |
//! | `GET /api/gatherings?circle=&from_ms=&to_ms=` | gatherings with the `times` at which they happen, of the next sixty days unless it says otherwise |
//! | `GET /api/decisions?show=needs\|open\|voting\|deliberation\|blocked\|review\|closed\|all` | a list; `review_ms` where a day of review is set |
//! | `GET /api/decisions/{id}` | one, with text, count and ballots; an id may be cut to 6 digits or more |
//! | `GET /api/entries/{id}` | a stored entry with its bytes (base64url) |
//! | `POST /api/acts` `{"act": word, …}` | does it and gives `{"id"}`; with `Idempotency-Key` only once |
//! | `POST /api/acts/prepare` `{"signer": key, "act": word, …}` | `entry`, `chunks`, `signed_bytes` (base64url) for a key elsewhere |
//! | `POST /api/acts/submit` `{"entry", "chunks", "signature"?}` | stores it; the signature (hex) may be in the entry |
//! | `GET`, `POST /api/tokens` `{"label"}`, `DELETE /api/tokens/{id}` | the caller's tokens |
//! | `GET`, `POST /api/invitations` `{"name", "roles"}` | stewards: who is invited; the `path` of a new link |
//! | `GET /api/hosted`, `POST /api/hosted/invitations` `{"name", "class"?}` | stewards of a host: whom it hosts, who asks; the `path` of a new link |
//! | `GET`, `POST /api/join/{secret}` (anyone with a link) | what to sign; signs up with keys of one's own |
//! | `GET /api/hosted/next` | what a hosted newcomer's own device signs next, prepared |
//! | `DELETE /api/persons/{id}` | stewards: removes a person of this member |
//!
//! The words of acts are `propose`, `amend`, `withdraw`, `open`, `vote`, `comment`, `profile`,
//! `circle`, `role`, `membership`, `action`, `gathering`, `review`, `person`, `host`, `hosting`, `grant`, `mandate`, `revoke`, `apply`, `admit`, `found`, `join`; their
//! fields are those of `ActBody`. A `grant` of a key that this member has not granted before for the
//! same purpose and person needs `proof`, by its holder (`folkmoot key prove`). What only the root key may sign (`admit`, `mandate`, grants and
//! revocations of stewards, `found`, `join`) is signed with it when a steward asks and its file is
//! on this node.

mod act;
mod circle;
mod decision;
mod hosted;
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
        .route("/api/hosted", get(hosted::list))
        .route("/api/hosted/invitations", post(hosted::invite))
        .route("/api/hosted/next", get(hosted::next))
        .route(
            "/api/join/{secret}",
            get(hosted::invitation).post(hosted::join),
        )
        .route("/api/circles", get(circle::circles))
        .route("/api/actions", get(circle::actions))
        .route("/api/gatherings", get(circle::gatherings))
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

//! The edge where an error becomes a page or JSON.

use axum::{
    Json,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde_json::json;

use crate::{
    auth::{Actor, Place, session_of},
    error::{Failed, WebError},
    handlers::{node::role_of_word, views},
    pages::error::{Failure, page as error_page},
    seal::{self, SealError},
    site::Site,
};

/// What an answer depends on besides its handler: how the client wants to read it.
pub(crate) struct Asker {
    wants_json: bool,
    is_reading: bool,
    path: String,
    headers: HeaderMap,
}

impl Asker {
    pub(crate) fn of(request: &Request) -> Self {
        let uri = request.uri();
        let accept = request
            .headers()
            .get(header::ACCEPT)
            .and_then(|value| value.to_str().ok());
        let accepts_json = accept.is_some_and(|accept| {
            accept.contains("application/json") && !accept.contains("text/html")
        });
        let path = uri.path();
        Self {
            wants_json: accepts_json
                || path.starts_with("/api/")
                || path == "/health"
                || path.ends_with(".json"),
            is_reading: matches!(*request.method(), Method::GET | Method::HEAD),
            path: uri
                .path_and_query()
                .map_or("/", |path| path.as_str())
                .to_owned(),
            headers: cookies_of(request.headers()),
        }
    }
}

/// Only the cookies, which say who asks.
fn cookies_of(headers: &HeaderMap) -> HeaderMap {
    let cookies = headers.get_all(header::COOKIE).iter();
    cookies
        .map(|cookie| (header::COOKIE, cookie.clone()))
        .collect()
}

/// A random word that ties what a person reads to what the log says.
fn reference() -> String {
    // Without random bytes the log line is found by its time instead.
    seal::random::<4>()
        .map(|bytes| hex::encode(bytes.as_slice()))
        .unwrap_or_default()
}

pub(crate) async fn render(site: &Site, asker: &Asker, response: Response) -> Response {
    let Some(Failed(error)) = response.extensions().get::<Failed>().cloned() else {
        return response;
    };
    let reference = if error.is_internal() {
        let reference = reference();
        tracing::error!(
            reference,
            path = without_secret(&asker.path),
            error = error.chain(),
            "a request failed"
        );
        Some(reference)
    } else {
        None
    };
    let mut answer = if asker.wants_json {
        as_json(&error, reference)
    } else if matches!(*error, WebError::SignedOut) && asker.is_reading {
        return Redirect::to(&sign_in_path(&asker.path)).into_response();
    } else if matches!(*error, WebError::NotAdmitted) && asker.is_reading {
        return Redirect::to("/account").into_response();
    } else {
        // Whoever is signed in keeps the bar; a store that fails again changes nothing.
        let actor = session_of(site, &asker.headers).await.ok().flatten();
        as_page(site, actor.as_ref(), asker, &error, reference)
    };
    *answer.status_mut() = error.status();
    let headers = answer.headers_mut();
    if let WebError::TooMany { retry_seconds } = *error {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_seconds));
    }
    if error.status() == StatusCode::UNAUTHORIZED && asker.wants_json {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// A path for the log: the links of invitations, feeds and mails are secrets.
fn without_secret(path: &str) -> &str {
    match path {
        path if path.starts_with("/welcome/") => "/welcome/…",
        path if path.starts_with("/feeds/") => "/feeds/…",
        path if path.starts_with("/unsubscribe/") => "/unsubscribe/…",
        path if path.starts_with("/join/") => "/join/…",
        path if path.starts_with("/api/join/") => "/api/join/…",
        path if path.starts_with("/rooms/") => "/rooms/…",
        path => path,
    }
}

/// Where to sign in, and where to go on afterwards.
fn sign_in_path(path: &str) -> String {
    if path == "/" {
        return "/sign-in".to_owned();
    }
    let to: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
    format!("/sign-in?next={to}")
}

fn as_json(error: &WebError, reference: Option<String>) -> Response {
    let fields = match error {
        WebError::Form(faults) => json!(faults),
        _ => json!([]),
    };
    let body = json!({ "error": {
        "code": error.code(),
        "message": error.to_string(),
        "hint": error.hint(),
        "fields": fields,
        "reference": reference,
    }});
    Json(body).into_response()
}

fn as_page(
    site: &Site,
    actor: Option<&Actor>,
    asker: &Asker,
    error: &WebError,
    reference: Option<String>,
) -> Response {
    let failure = match error {
        WebError::NotFound { .. } => Failure::NotFound,
        WebError::Role { needed } => Failure::Forbidden {
            role: role_of_word(needed),
        },
        WebError::StaleForm => Failure::Expired,
        WebError::TooMany { retry_seconds } => Failure::TooMany {
            retry_seconds: *retry_seconds,
        },
        WebError::TooLarge { limit_bytes } => Failure::TooLarge {
            limit_kib: (*limit_bytes >> 10) as u64,
        },
        WebError::InvitationSpent => Failure::Invitation,
        WebError::NotReady { .. } | WebError::Seal(SealError::Busy) => Failure::Busy,
        error if error.is_internal() => Failure::Broken,
        error => Failure::Refused {
            because: format!("{error} {}", error.hint()),
        },
    };
    let place = Place {
        path: asker.path.clone(),
        done: None,
        host: String::new(),
    };
    match views::frame(site, actor, &place) {
        Ok(frame) => error_page(&frame, &failure, &reference.unwrap_or_default()).into_response(),
        // Without random bytes there is no page with forms; the words still go out.
        Err(_) => error.to_string().into_response(),
    }
}

//! What belongs to no area: files, live updates, the charter, help.

use axum::{
    extract::{Path, State},
    http::{HeaderValue, Uri, header},
    response::{IntoResponse, Response},
};
use futures::future::BoxFuture;

use super::{go, views};
use crate::{
    auth::{Signed, Visitor},
    error::WebError,
    live,
    pages::{assets::ASSETS, help},
    site::Site,
};

/// `GET /assets/{name}`
pub(crate) async fn asset(Path(name): Path<String>) -> Result<Response, WebError> {
    let found = ASSETS
        .iter()
        .find(|asset| asset.path.strip_prefix("/assets/") == Some(&name));
    let asset = found.ok_or(WebError::NotFound { what: "file" })?;
    let mut response = asset.content.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(asset.media_type),
    );
    // Files change with the release only, and their names do not tell which.
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=300"),
    );
    Ok(response)
}

/// `GET /events`: the stream of changes.
pub(crate) async fn events(
    State(site): State<Site>,
    Signed { actor, .. }: Signed,
) -> Result<Response, WebError> {
    let session = actor.session.as_ref().ok_or(WebError::SignedOut)?;
    let place = site.streams.take(actor.person())?;
    let (asked, id) = (site.clone(), session.id);
    let goes_on = Box::new(move || -> BoxFuture<'static, bool> {
        let site = asked.clone();
        Box::pin(async move { site.sessions.goes_on(site.now(), id).await.unwrap_or(false) })
    });
    let changes = site.node.changes.subscribe();
    let mut response = live::stream(place, changes, site.stopping(), goes_on).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that gather answers would hold the stream back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// `GET` of an address that takes forms alone, as a page that was answered there is loaded again: the
/// page above it, which has the form.
pub(crate) async fn above(uri: Uri) -> Response {
    let path = uri.path();
    go(path.rsplit_once('/').map_or("/", |(above, _)| above))
}

/// `GET /help/{word}`
pub(crate) async fn help(
    State(site): State<Site>,
    Visitor { actor, place }: Visitor,
    Path(word): Path<String>,
) -> Result<Response, WebError> {
    let word = help::Word::from_word(&word).ok_or(WebError::NotFound { what: "word" })?;
    let frame = views::frame(&site, actor.as_ref(), &place)?;
    Ok(help::page(&frame, word).into_response())
}

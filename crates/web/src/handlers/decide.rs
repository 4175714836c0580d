//! Lists of decisions, and the public archive.

use axum::{
    extract::{Path, Query, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{decision, feeds, views};
use crate::{
    auth::{Signed, Visitor},
    decisions,
    error::WebError,
    pages::decide::{self, Archive, Show},
    site::Site,
};

/// How many decisions one page of the archive has: strangers ask for it, and each is judged.
const ARCHIVE_PAGE: usize = 50;

#[derive(Deserialize)]
pub(crate) struct Which {
    #[serde(default)]
    show: String,
}

/// `GET /decide`
pub(crate) async fn list(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Query(which): Query<Which>,
) -> Result<Response, WebError> {
    let show = Show::from_word(&which.show).unwrap_or_default();
    let frame = views::frame(&site, Some(&actor), &place)?;
    let items = actor.read(&site, |core| views::items(core, site.now(), |_| true));
    Ok(decide::page(&frame, show, &items).into_response())
}

#[derive(Deserialize)]
pub(crate) struct Paged {
    #[serde(default)]
    page: usize,
}

/// `GET /archive`: anyone may read what is public.
pub(crate) async fn archive(
    State(site): State<Site>,
    Visitor { actor, place }: Visitor,
    Query(paged): Query<Paged>,
) -> Result<Response, WebError> {
    let frame = views::frame(&site, actor.as_ref(), &place)?;
    let page = paged.page.max(1);
    let view = site.node.read_as(None, |core| {
        let newest = decisions::newest_proposals(core);
        let before = (page - 1).saturating_mul(ARCHIVE_PAGE);
        let ids = newest.iter().skip(before).take(ARCHIVE_PAGE);
        let items = ids.filter_map(|id| core.settled(id, site.now()));
        let items = items.map(|decision| {
            let mut item = views::item(core, &decision, site.now());
            // Pages of members are for members.
            item.proposer.id.clear();
            item.own = None;
            item.needs_vote = false;
            item
        });
        Archive {
            items: items.collect(),
            page,
            more: newest.len() > before.saturating_add(ARCHIVE_PAGE),
        }
    });
    Ok(decide::archive(&frame, &view).into_response())
}

/// `GET /archive/{id}`; with `.ics` at the end as a calendar.
pub(crate) async fn archived(
    State(site): State<Site>,
    Visitor { actor, place }: Visitor,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    if let Some(id) = id.strip_suffix(".ics") {
        let id = decisions::parse_id(&site, id)?;
        return feeds::of_decision(&site, &headers, id, None);
    }
    let id = decisions::parse_id(&site, &id)?;
    let view = decision::public_view(&site, id).await?;
    let frame = views::frame(&site, actor.as_ref(), &place)?;
    Ok(crate::pages::decision::archived(&frame, &view).into_response())
}

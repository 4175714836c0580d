//! Lists of decisions, and the public archive.

use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{decision, views};
use crate::{
    auth::{Signed, Visitor},
    decisions,
    error::WebError,
    pages::decide::{self, Show},
    site::Site,
};

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
    let items = site
        .node
        .read(|core| views::items(core, site.now(), |_| true));
    Ok(decide::page(&frame, show, &items).into_response())
}

/// `GET /archive`: anyone may read what is public.
pub(crate) async fn archive(
    State(site): State<Site>,
    Visitor { actor, place }: Visitor,
) -> Result<Response, WebError> {
    let frame = views::frame(&site, actor.as_ref(), &place)?;
    let items = site.node.read(|core| {
        let mut items = views::items(core, site.now(), |_| true);
        for item in &mut items {
            // Pages of members are for members.
            item.proposer.id.clear();
            item.own = None;
            item.needs_vote = false;
        }
        items
    });
    Ok(decide::archive(&frame, &items).into_response())
}

/// `GET /archive/{id}`
pub(crate) async fn archived(
    State(site): State<Site>,
    Visitor { actor, place }: Visitor,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    let id = decisions::parse_id(&site, &id)?;
    let view = decision::public_view(&site, id).await?;
    let frame = views::frame(&site, actor.as_ref(), &place)?;
    Ok(crate::pages::decision::archived(&frame, &view).into_response())
}

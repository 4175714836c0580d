//! Meet: servers by region, meetings and why they are where they are.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};

use super::{submit::submit, views};
use crate::{
    acts,
    auth::{Actor, Form, Place, Signed},
    error::WebError,
    meetings::overview::{overview, release as give_up},
    pages::{form::Filled, meet},
    site::Site,
};

async fn show(
    site: &Site,
    actor: &Actor,
    place: &Place,
    filled: &Filled,
) -> Result<Response, WebError> {
    let frame = views::frame(site, Some(actor), place)?;
    let is_steward = acts::need_host(site, actor).is_ok();
    let view = actor.read(site, |core| overview(core, frame.now, is_steward));
    Ok(meet::page(&frame, &view, filled).into_response())
}

/// `GET /meet`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    show(&site, &actor, &place, &Filled::default()).await
}

/// `POST /meet/release`
pub(crate) async fn release(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let (tenant, room) = (form.fields.get("tenant"), form.fields.get("room"));
    let work = async {
        give_up(&site, &form.actor, tenant, room).await?;
        Ok("/meet?done=released".to_owned())
    };
    submit(&site, &form, work, async |filled| {
        show(&site, &form.actor, &form.place, &filled).await
    })
    .await
}

//! Meet: servers by region, meetings and why they are where they are.

use std::collections::BTreeMap;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use federation::meetings::Key;

use super::{submit::submit, views};
use crate::{
    acts,
    auth::{Actor, Form, Place, Signed},
    error::WebError,
    meetings::overview::{overview, release as give_up},
    pages::{form::Filled, meet},
    rooms::{changes, tenancy},
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
    let mut view = actor.read(site, |core| overview(core, frame.now, is_steward));
    let titles = own_rooms(site, actor).await?;
    let live = view
        .live
        .iter_mut()
        .map(|one| (one.tenant, one.room, &mut one.title));
    let unplaced = view.unplaced.iter_mut();
    let unplaced = unplaced.map(|one| (one.tenant, one.room, &mut one.title));
    for (tenant, room, title) in live.chain(unplaced) {
        *title = titles.get(&(tenant, room)).cloned();
    }
    Ok(meet::page(&frame, &view, filled).into_response())
}

/// What the rooms of the reader's own member are called: nobody else reads that.
async fn own_rooms(site: &Site, actor: &Actor) -> Result<BTreeMap<Key, String>, WebError> {
    let Ok(member) = changes::need_user(site, actor) else {
        return Ok(BTreeMap::new());
    };
    let Some(tenant) = tenancy::find(site, member) else {
        return Ok(BTreeMap::new());
    };
    let rooms = site.rooms.of(member).await?.into_iter();
    let named = rooms.map(|room| ((tenant.id, room.of_tenant(tenant.id)), room.title));
    Ok(named.collect())
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

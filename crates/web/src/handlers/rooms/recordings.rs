//! What was recorded in a room.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};

use super::views;
use crate::{
    auth::{Actor, Form, Place, Signed},
    error::{FieldFault, WebError},
    handlers::submit::submit,
    pages::{form::Filled, parts::Name, rooms::recordings as pages},
    rooms::{
        changes,
        recordings::{self, Change},
    },
    site::Site,
};

async fn show(
    site: &Site,
    (actor, place): (&Actor, &Place),
    id: &str,
    filled: &Filled,
) -> Result<Response, WebError> {
    let room = changes::find(site, actor, id).await?;
    let frame = views::frame(site, Some(actor), place)?;
    let found = recordings::of(site, &room).await;
    let name = Name::new(room.id.to_string(), room.title.clone());
    let may_change = changes::may_change(site, actor, &room);
    Ok(pages::page(&frame, &name, (&found, may_change), filled).into_response())
}

/// `GET /rooms/{id}/recordings`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    show(&site, (&actor, &place), &id, &Filled::default()).await
}

/// `POST /rooms/{id}/recordings`: `recording`, `change`
pub(crate) async fn change(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let work = async {
        let room = changes::find_to_change(&site, &form.actor, &id).await?;
        let fault = || FieldFault::new("change", "Choose publish, unpublish or delete.");
        let change = Change::from_word(form.fields.get("change"));
        let change = change.ok_or_else(|| WebError::Form(vec![fault()]))?;
        recordings::change(&site, &room, form.fields.get("recording"), change).await?;
        Ok(format!("/rooms/{id}/recordings?done=saved-here"))
    };
    submit(&site, &form, work, async |filled| {
        show(&site, (&form.actor, &form.place), &id, &filled).await
    })
    .await
}

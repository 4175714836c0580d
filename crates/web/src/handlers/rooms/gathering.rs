//! A gathering meets in a room: from its own page, and from the room's.

use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::id::EntryId;

use super::show;
use crate::{
    auth::{Actor, Form},
    error::WebError,
    handlers::{gathering, submit::submit},
    pages::{gathering::RoomChoice, parts::Name},
    rooms::{Room, changes, gathering as meets, links},
    site::Site,
};

/// The rooms in which a gathering of this place can meet, for those who may use them.
pub(crate) async fn choice(
    site: &Site,
    actor: &Actor,
    (id, place): (EntryId, &str),
) -> Result<Option<RoomChoice>, WebError> {
    let Ok(member) = changes::need_user(site, actor) else {
        return Ok(None);
    };
    let rooms = site.rooms.of(member).await?;
    let name = |room: &Room| Name::new(room.id.to_string(), room.title.clone());
    let here = links::room_of(place);
    let here = rooms.iter().find(|room| Some(room.id) == here);
    let can_meet = |room: &&Room| !room.closed && meets::may_take(site, actor, room, Some(id));
    let mut offered: Vec<Name> = rooms.iter().filter(can_meet).map(name).collect();
    offered.sort_by_key(|room| room.name.to_lowercase());
    Ok(Some(RoomChoice {
        here: here.map(name),
        offered,
    }))
}

/// `POST /gatherings/{id}/room`: `room`?; a new one without
pub(crate) async fn take(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id: EntryId = gathering::parse_id(&id)?;
    let asker = (&form.actor, &form.place);
    let work = async {
        meets::meet_in(&site, asker, form.fields.optional("room"), id).await?;
        Ok(format!("/gatherings/{id}?done=gathering"))
    };
    submit(&site, &form, work, async |filled| {
        gathering::show(&site, asker, id, &filled).await
    })
    .await
}

/// `POST /rooms/{id}/gathering`: puts the link as it is now into the place of the room's gathering.
pub(crate) async fn put_link(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let asker = (&form.actor, &form.place);
    let work = async {
        let room = changes::find(&site, &form.actor, &id).await?;
        let missing = WebError::NotFound { what: "gathering" };
        let known = site.node.read(|core| meets::of(core, &room));
        let gathering = known.ok_or(missing)?.id;
        meets::put_link(&site, asker, &room, gathering).await?;
        Ok(format!("/rooms/{id}?done=gathering"))
    };
    submit(&site, &form, work, async |filled| {
        show(&site, asker, &id, &filled).await
    })
    .await
}

//! The gathering that meets in a room.
//!
//! That a meeting is planned is a record of a circle: its zone, its repetition, its agenda and minutes hang
//! on it, and calendars carry it. The room's link for guests is its place, and the room keeps which one it
//! is. If the circle moves the gathering elsewhere, it does not meet in the room any more.

use domain::{
    id::{EntryId, Timestamp},
    record,
};
use federation::{Act, Core};
use replica::view;

use super::{
    Room, changes,
    failed::Failed,
    links::{self, Role},
    seen, tenancy,
};
use crate::{
    acts,
    auth::{Actor, Place},
    error::WebError,
    gatherings,
    site::Site,
};

/// How many times ahead one that is not cancelled is looked for.
const AHEAD: usize = 20;

/// The gathering that meets in a room, unless it was moved elsewhere.
pub(crate) fn of(core: &Core, room: &Room) -> Option<view::Gathering> {
    let known = core.view().gathering(&room.gathering?)?;
    let is_here = links::room_of(&known.record.place) == Some(room.id);
    is_here.then_some(known)
}

/// When a gathering meets in a room next, or has begun to.
pub(crate) fn next(core: &Core, room: &Room, now: Timestamp) -> Option<Timestamp> {
    let known = of(core, room)?;
    let next = gatherings::next(&known.record, now, AHEAD);
    let mut next = next.iter().filter(|each| !each.is_cancelled);
    next.next().map(|each| each.start)
}

/// Whether the place of a room's gathering is a link that was made anew since.
///
/// # Errors
/// When the key of the vault cannot be used.
pub(crate) fn is_link_void(
    site: &Site,
    room: &Room,
    gathering: &view::Gathering,
) -> Result<bool, WebError> {
    let token = gathering.record.place.rsplit('/').next();
    let role = links::role_of(&site.vault, room, token.unwrap_or_default())?;
    Ok(role.is_none())
}

/// The record of a gathering, to be changed.
fn standing(site: &Site, id: EntryId) -> Result<record::Gathering, WebError> {
    let known = site.node.read(|core| core.view().gathering(&id));
    let known = known.ok_or(WebError::NotFound { what: "gathering" })?;
    Ok(record::Gathering {
        gathering: Some(id),
        ..known.record
    })
}

/// Whether a gathering meets in a room that is not over, other than this one.
fn is_taken(core: &Core, room: &Room, gathering: Option<EntryId>, now: Timestamp) -> bool {
    let other = of(core, room).filter(|known| Some(known.id) != gathering);
    other.is_some_and(|known| !gatherings::next(&known.record, now, AHEAD).is_empty())
}

/// Whether the actor may have a gathering meet in this room of its member. A server may be held for the
/// one that meets there: only who may change the room puts another in its place.
pub(crate) fn may_take(
    site: &Site,
    actor: &Actor,
    room: &Room,
    gathering: Option<EntryId>,
) -> bool {
    let now = site.now();
    let is_taken = site.node.read(|core| is_taken(core, room, gathering, now));
    !is_taken || changes::may_change(site, actor, room)
}

/// A room of the actor's member in which it may have a gathering meet; a new one without id.
///
/// # Errors
/// When there is no such room, or another gathering meets in it.
pub(crate) async fn find_to_take(
    site: &Site,
    actor: &Actor,
    room: &str,
    gathering: Option<EntryId>,
) -> Result<Room, WebError> {
    let room = changes::find(site, actor, room).await?;
    match may_take(site, actor, &room, gathering) {
        true => Ok(room),
        false => Err(WebError::Conflict {
            code: "room-taken",
            message: "Another gathering meets in this room. Whoever made the room, a steward or a \
                      delegate can put this one in its place; or take another room."
                .to_owned(),
        }),
    }
}

/// Keeps that a gathering, of which this room's link is the place, meets in a room.
///
/// # Errors
/// Those of [`find_to_take`], and when the store fails.
pub(crate) async fn keep(
    site: &Site,
    actor: &Actor,
    room: &str,
    gathering: EntryId,
) -> Result<Room, WebError> {
    let room = find_to_take(site, actor, room, Some(gathering)).await?;
    // Places are held for it before anybody starts a meeting.
    tenancy::tenant_of(site, room.member).await?;
    let set = |room: &mut Room| room.gathering = Some(gathering);
    site.rooms.change(room.id, set).await
}

/// Makes a room's link for guests the place of a gathering, with the actor's word.
///
/// # Errors
/// When the actor is not in the gathering's circle.
pub(crate) async fn put_link(
    site: &Site,
    (actor, place): (&Actor, &Place),
    room: &Room,
    gathering: EntryId,
) -> Result<(), WebError> {
    let record = record::Gathering {
        place: seen::link(site, place, room, Role::Guest)?,
        ..standing(site, gathering)?
    };
    acts::perform(site, actor, Act::Gathering(record)).await?;
    Ok(())
}

/// Has a gathering meet in a room of the actor's member, or in a new one that is called like it.
///
/// # Errors
/// When the actor is not in the gathering's circle, may use no rooms, or another gathering meets there.
pub(crate) async fn meet_in(
    site: &Site,
    (actor, place): (&Actor, &Place),
    room: Option<&str>,
    gathering: EntryId,
) -> Result<Room, WebError> {
    let known = standing(site, gathering)?;
    // Refused before a room is made for it.
    let key = actor.key()?.public();
    site.node
        .prepare(key, Act::Gathering(known.clone()))
        .await?;
    let room = match room {
        Some(id) => find_to_take(site, actor, id, Some(gathering)).await?,
        None => changes::make(site, actor, changes::Said::plain(&known.title)).await?,
    };
    if room.closed {
        return Err(Failed::Closed.error(site, &room));
    }
    put_link(site, (actor, place), &room, gathering).await?;
    keep(site, actor, &room.id.to_string(), gathering).await
}

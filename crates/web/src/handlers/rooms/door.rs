//! The page behind a room's link, for anyone who has it.

use axum::{
    Extension,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};

use super::{super::submit::again, unkept, views};
use crate::{
    auth::{Actor, Place, Visitor, form_bytes, session_of},
    error::WebError,
    fields::Fields,
    pages::{
        form::Filled,
        rooms::door::{self as pages, Door},
    },
    protect::ClientAddress,
    rate::{Limit, Whose},
    rooms::{
        Room, changes, gathering,
        links::{self, Role},
        running::{self, State as Stand},
        seen, tenancy,
    },
    site::Site,
};

/// Who asks: somebody who may be signed in, from somewhere.
struct Asker {
    actor: Option<Actor>,
    place: Place,
    address: ClientAddress,
}

/// The room that a link leads into, and what the link makes of whoever has it; none if it leads nowhere.
async fn find(site: &Site, id: &str, token: &str) -> Result<Option<(Room, Role)>, WebError> {
    let room = match id.parse() {
        Ok(id) => site.rooms.find(id).await,
        Err(error) => Err(error),
    };
    let room = match room {
        Ok(room) => room,
        Err(WebError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let role = links::role_of(&site.vault, &room, token)?;
    let is_open = !room.closed && site.node.read(|core| tenancy::serves(core, room.member));
    Ok(role.filter(|_| is_open).map(|role| (room, role)))
}

/// Nobody who asks learns whether there is such a room, and nobody asks often.
fn void(site: &Site, asker: &Asker) -> Result<Response, WebError> {
    let from = Whose::address(asker.address.0);
    site.rates
        .count(site.now(), Limit::VoidLinksOfAddress, from)?;
    let frame = views::frame(site, asker.actor.as_ref(), &asker.place)?;
    Ok(hidden((StatusCode::NOT_FOUND, pages::void(&frame))))
}

/// What neither machines on the way nor search engines are to keep.
fn hidden(response: impl IntoResponse) -> Response {
    let mut response = unkept(response);
    let value = HeaderValue::from_static("noindex, nofollow");
    response.headers_mut().insert("x-robots-tag", value);
    response
}

async fn show(
    site: &Site,
    asker: &Asker,
    (room, role): (&Room, Role),
    filled: &Filled,
) -> Result<Response, WebError> {
    let actor = asker.actor.as_ref();
    let frame = views::frame(site, actor, &asker.place)?;
    let since = match running::state(site, room).await {
        Stand::Idle => None,
        Stand::Runs(since, _) => Some(since),
    };
    let (member, next) = site.node.read(|core| {
        let name = core.view().member_name(&room.member);
        (name, gathering::next(core, room, site.now()))
    });
    let is_own = actor.is_some_and(|actor| {
        changes::need_user(site, actor).is_ok_and(|member| member == room.member)
    });
    let view = Door {
        path: links::path(&site.vault, room, role)?,
        title: room.title.clone(),
        member,
        role,
        entrance: room.entrance,
        since,
        ended: running::ended(site, room),
        next,
        name: actor.map_or_else(String::new, |actor| actor.account.name.clone()),
        own: is_own.then(|| format!("/rooms/{}", room.id)),
    };
    Ok(hidden(pages::page(&frame, &view, filled)))
}

/// `GET /rooms/{id}/{token}`
pub(crate) async fn page(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Visitor { actor, place }: Visitor,
    Path((id, token)): Path<(String, String)>,
) -> Result<Response, WebError> {
    let asker = Asker {
        actor,
        place,
        address,
    };
    match find(&site, &id, &token).await? {
        Some((room, role)) => show(&site, &asker, (&room, role), &Filled::default()).await,
        None => void(&site, &asker),
    }
}

/// `POST /rooms/{id}/{token}`: `name`; leads into the meeting once it runs.
pub(crate) async fn join(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Path((id, token)): Path<(String, String)>,
    request: Request<Body>,
) -> Result<Response, WebError> {
    let asker = Asker {
        actor: session_of(&site, request.headers()).await?,
        place: Place::at(request.uri(), request.headers()),
        address,
    };
    let fields = Fields::parse(&form_bytes(request).await?)?;
    let Some((room, role)) = find(&site, &id, &token).await? else {
        return void(&site, &asker);
    };
    let page = async |filled: Filled| show(&site, &asker, (&room, role), &filled).await;
    match enter(&site, &asker, (&room, role), fields.get("name")).await {
        Ok(Some(url)) => {
            let frame = views::frame(&site, asker.actor.as_ref(), &asker.place)?;
            Ok(hidden(pages::going(&frame, &room.title, &url)))
        }
        // Not yet: the page says so, and keeps the name.
        Ok(None) => page(Filled::from_pairs(fields.pairs())).await,
        Err(error) => again(&fields, error, page).await,
    }
}

/// The address into the meeting; none while a guest has to wait for it.
async fn enter(
    site: &Site,
    asker: &Asker,
    (room, role): (&Room, Role),
    name: &str,
) -> Result<Option<String>, WebError> {
    let name = running::name_of(name)?;
    match role {
        Role::Moderator => {
            let after = seen::link(site, &asker.place, room, Role::Guest)?;
            running::start(site, room, &after).await?;
        }
        Role::Guest if running::state(site, room).await == Stand::Idle => return Ok(None),
        Role::Guest => {}
    }
    running::enter(site, room, (role, &name)).await.map(Some)
}

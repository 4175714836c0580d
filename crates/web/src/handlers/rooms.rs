//! Rooms of the reader's member.

pub(crate) mod door;
pub(crate) mod gathering;
pub(crate) mod recordings;

use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use super::{
    go,
    submit::{again, submit},
    views,
};
use crate::{
    auth::{Actor, Form, Place, Signed},
    error::WebError,
    fields as query_fields,
    pages::{
        form::Filled,
        parts::Name,
        rooms::{self as pages, Fields, Offer},
    },
    rooms::{
        changes::{self, Offered, Said},
        failed::Failed,
        links::Role,
        running, seen,
    },
    site::Site,
};

/// A page with links on it that nobody is to keep on the way.
pub(super) fn unkept(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    let value = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, value);
    response
}

fn offer(offered: &Offered) -> Offer {
    Offer {
        regions: offered.regions.iter().map(ToString::to_string).collect(),
        recording: offered.recording,
    }
}

async fn list(
    site: &Site,
    (actor, place): (&Actor, &Place),
    filled: &Filled,
) -> Result<Response, WebError> {
    let member = changes::need_user(site, actor)?;
    let frame = views::frame(site, Some(actor), place)?;
    let rooms = seen::list(site, member).await?;
    let offer = offer(&Offered::of(site, member));
    Ok(pages::list(&frame, &rooms, &offer, filled).into_response())
}

/// `GET /rooms`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    list(&site, (&actor, &place), &Filled::default()).await
}

/// `POST /rooms`: `title`, `people`, `region`?, `entrance`, `record`?
pub(crate) async fn add(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let work = async {
        let said = Said::of_form(&form.fields)?;
        let room = changes::make(&site, &form.actor, said).await?;
        Ok(format!("/rooms/{}?done=room", room.id))
    };
    submit(&site, &form, work, async |filled| {
        list(&site, (&form.actor, &form.place), &filled).await
    })
    .await
}

pub(super) async fn show(
    site: &Site,
    (actor, place): (&Actor, &Place),
    id: &str,
    filled: &Filled,
) -> Result<Response, WebError> {
    let room = changes::find(site, actor, id).await?;
    let frame = views::frame(site, Some(actor), place)?;
    let view = seen::one(site, (actor, place), &room).await?;
    Ok(unkept(pages::one::page(&frame, &view, filled)))
}

/// `GET /rooms/{id}`
pub(crate) async fn one(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, WebError> {
    let query = query_fields::Fields::parse(query.unwrap_or_default().as_bytes())?;
    let filled = match Failed::from_word(query.get("failed")) {
        Some(failed) => {
            let room = changes::find(&site, &actor, &id).await?;
            Filled::default().with_error("", failed.sentence(&site, &room))
        }
        None => Filled::default(),
    };
    show(&site, (&actor, &place), &id, &filled).await
}

/// Does something with a room and goes back to its page.
async fn done(
    site: &Site,
    form: &Form,
    id: &str,
    work: impl Future<Output = Result<&'static str, WebError>>,
) -> Result<Response, WebError> {
    let work = async { Ok(format!("/rooms/{id}?done={}", work.await?)) };
    submit(site, form, work, async |filled| {
        show(site, (&form.actor, &form.place), id, &filled).await
    })
    .await
}

/// `POST /rooms/{id}/enter`: starts the meeting unless it runs, and leads into it as a moderator.
pub(crate) async fn enter(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let room = changes::find(&site, &form.actor, &id).await?;
    let name = &form.actor.account.name;
    let work = async {
        let after = seen::link(&site, &form.place, &room, Role::Guest)?;
        running::start(&site, &room, &after).await?;
        running::enter(&site, &room, (Role::Moderator, name)).await
    };
    match site.once.run(form.id, work).await {
        Ok(url) => {
            let frame = views::frame(&site, Some(&form.actor), &form.place)?;
            Ok(unkept(pages::door::going(&frame, &room.title, &url)))
        }
        // What was in the way is said by the room's own page, which can be loaded again.
        Err(WebError::Conflict { code, .. }) if Failed::from_word(code).is_some() => {
            Ok(go(&format!("/rooms/{id}?failed={code}")))
        }
        Err(error) => {
            again(&form.fields, error, async |filled| {
                show(&site, (&form.actor, &form.place), &id, &filled).await
            })
            .await
        }
    }
}

/// `POST /rooms/{id}/end`
pub(crate) async fn end(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let work = async {
        let room = changes::find(&site, &form.actor, &id).await?;
        running::end(&site, &room).await?;
        Ok("ended")
    };
    done(&site, &form, &id, work).await
}

/// `POST /rooms/{id}/links`: `role`
pub(crate) async fn renew(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let work = async {
        let role = changes::role_of(form.fields.get("role"))?;
        changes::renew(&site, (&form.actor, &form.place), &id, role).await?;
        Ok("link-renewed")
    };
    done(&site, &form, &id, work).await
}

/// `POST /rooms/{id}/close`: `closed`?
pub(crate) async fn close(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let closed = form.fields.is_ticked("closed");
    let work = async {
        changes::close(&site, &form.actor, &id, closed).await?;
        Ok(if closed { "closed" } else { "reopened" })
    };
    done(&site, &form, &id, work).await
}

/// `POST /rooms/{id}/delete`
pub(crate) async fn delete(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let work = async {
        changes::delete(&site, &form.actor, &id).await?;
        Ok("/rooms?done=room-deleted".to_owned())
    };
    submit(&site, &form, work, async |filled| {
        show(&site, (&form.actor, &form.place), &id, &filled).await
    })
    .await
}

async fn edit_page(
    site: &Site,
    (actor, place): (&Actor, &Place),
    id: &str,
    filled: &Filled,
) -> Result<Response, WebError> {
    let room = changes::find_to_change(site, actor, id).await?;
    let frame = views::frame(site, Some(actor), place)?;
    let fields = Fields {
        title: room.title.clone(),
        region: room
            .region
            .as_ref()
            .map_or_else(String::new, ToString::to_string),
        people: room.people.to_string(),
        record: room.record,
        entrance: room.entrance,
    };
    let name = Name::new(room.id.to_string(), room.title.clone());
    let offer = offer(&Offered::of(site, room.member).with(&room));
    Ok(pages::edit(&frame, &name, (&fields, &offer), filled).into_response())
}

/// `GET /rooms/{id}/edit`
pub(crate) async fn edit(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    edit_page(&site, (&actor, &place), &id, &Filled::default()).await
}

/// `POST /rooms/{id}`: as when it was made
pub(crate) async fn change(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let work = async {
        let said = Said::of_form(&form.fields)?;
        let room = changes::edit(&site, &form.actor, &id, said).await?;
        Ok(format!("/rooms/{}?done=saved-here", room.id))
    };
    submit(&site, &form, work, async |filled| {
        edit_page(&site, (&form.actor, &form.place), &id, &filled).await
    })
    .await
}

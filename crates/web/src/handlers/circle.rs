//! Circles and who is in them.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{
    id::{CircleId, PersonId, Timestamp},
    record,
};
use federation::Act;

use super::{submit::submit, views};
use crate::{
    acts, api,
    auth::{Actor, Form, Place, Signed},
    error::{FieldFault, WebError},
    fields::Fields,
    pages::{
        circle::{self, Circle, Listed, Role},
        form::Filled,
        parts::Name,
    },
    site::Site,
    standpoint::Standpoint,
};

fn missing() -> WebError {
    WebError::NotFound { what: "circle" }
}

fn parse_id(text: &str) -> Result<CircleId, WebError> {
    text.parse().map_err(|_| missing())
}

/// `GET /circles`
pub(crate) async fn list(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    let frame = views::frame(&site, Some(&actor), &place)?;
    let now = site.now();
    let circles = site.node.read(|core| {
        let view = core.view();
        let listed = view.circles.values().map(|circle| Listed {
            circle: views::circle(core, &circle.id),
            domain: circle.record.domain.clone(),
            people: view.circle_people(&circle.id, now).len() as u64,
            ended: circle.record.ended,
        });
        let mut listed: Vec<Listed> = listed.collect();
        listed.sort_by_key(|listed| (listed.ended, listed.circle.name.to_lowercase()));
        listed
    });
    Ok(circle::list(&frame, &circles).into_response())
}

async fn show(
    site: &Site,
    actor: &Actor,
    place: &Place,
    id: CircleId,
    filled: &Filled,
) -> Result<Response, WebError> {
    let frame = views::frame(site, Some(actor), place)?;
    let now = site.now();
    let view = actor
        .read(site, |core| circle_view(core, now, id, actor))
        .ok_or_else(missing)?;
    Ok(circle::page(&frame, &view, filled).into_response())
}

fn circle_view(
    core: &Standpoint<'_>,
    now: Timestamp,
    id: CircleId,
    actor: &Actor,
) -> Option<Circle> {
    let view = core.view();
    let known = view.circles.get(&id)?;
    let rights = views::Rights::of(core, &actor.person());
    let roles = view.circle_people(&id, now).into_iter().map(|role| Role {
        person: role.person.to_string(),
        name: view
            .person_name(&role.member, &role.person)
            .map(str::to_owned),
        member: views::member(core, &role.member),
        title: role.title.clone(),
        until: role.until,
    });
    let own = view
        .persons
        .iter()
        .filter(|((member, _), _)| Some(*member) == core.member());
    let candidates = own.filter_map(|((member, person), known)| {
        let name = known.name.clone()?;
        let acts = view.roles_of(member, person) != record::Roles::none();
        acts.then(|| Name::new(person.to_string(), name))
    });
    Some(Circle {
        circle: views::circle(core, &id),
        keeper: views::member(core, &known.member),
        domain: known.record.domain.clone(),
        rhythm: known.record.rhythm.clone(),
        ended: known.record.ended,
        roles: roles.collect(),
        proposals: views::items(core, now, |decision| decision.first.circle == Some(id)),
        may_edit: core.member() == Some(known.member) && rights.writes(),
        candidates: if rights.writes() {
            candidates.collect()
        } else {
            Vec::new()
        },
    })
}

/// `GET /circles/{id}`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    show(&site, &actor, &place, parse_id(&id)?, &Filled::default()).await
}

fn edit_page(
    site: &Site,
    actor: &Actor,
    place: &Place,
    id: Option<CircleId>,
    filled: &Filled,
) -> Result<Response, WebError> {
    let frame = views::frame(site, Some(actor), place)?;
    let known = match id {
        Some(id) => {
            let known = site.node.read(|core| core.view().circles.get(&id).cloned());
            Some(known.ok_or_else(missing)?)
        }
        None => None,
    };
    let fields = match &known {
        Some(known) => [
            &*known.record.name,
            &*known.record.domain,
            &*known.record.rhythm,
        ],
        None => ["", "", ""],
    };
    let ended = known.as_ref().is_some_and(|known| known.record.ended);
    let id = id.map(|id| id.to_string());
    Ok(circle::edit(&frame, id.as_deref(), fields, ended, filled).into_response())
}

/// `GET /circles/new`
pub(crate) async fn new(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    edit_page(&site, &actor, &place, None, &Filled::default())
}

/// `GET /circles/{id}/edit`
pub(crate) async fn edit(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    edit_page(
        &site,
        &actor,
        &place,
        Some(parse_id(&id)?),
        &Filled::default(),
    )
}

async fn save(site: &Site, form: &Form, id: Option<CircleId>) -> Result<Response, WebError> {
    let field = |name| form.fields.get(name).to_owned();
    let circle = record::Circle {
        nonce: api::circle_nonce(site, id)?,
        name: field("name"),
        domain: field("domain"),
        rhythm: field("rhythm"),
        ended: form.fields.is_ticked("ended"),
    };
    let own = form.actor.member(site).ok_or_else(missing)?;
    let saved = circle.id(own);
    if id.is_some_and(|id| id != saved) {
        let message = "Only the member that keeps this circle can change it.".to_owned();
        return Err(WebError::Conflict {
            code: "not-the-keeper",
            message,
        });
    }
    let work = async {
        acts::perform(site, &form.actor, Act::Circle(circle)).await?;
        Ok(format!("/circles/{saved}?done=saved"))
    };
    submit(site, form, work, async |filled| {
        edit_page(site, &form.actor, &form.place, id, &filled)
    })
    .await
}

/// `POST /circles`
pub(crate) async fn do_new(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    save(&site, &form, None).await
}

/// `POST /circles/{id}`
pub(crate) async fn do_edit(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    save(&site, &form, Some(parse_id(&id)?)).await
}

/// The role the form asks for. An empty title ends the roles the person has here.
fn roles(site: &Site, circle: CircleId, fields: &Fields, zone: &str) -> Result<Vec<Act>, WebError> {
    let person: PersonId = fields.parsed("person", "Choose a person of the list.")?;
    let until = fields
        .optional("until")
        .map(|day| end_of_day(day, zone))
        .transpose()?;
    if let Some(title) = fields.optional("title") {
        let role = record::Role {
            circle,
            person,
            title: title.to_owned(),
            until,
        };
        return Ok(vec![Act::Role(role)]);
    }
    let now = site.now();
    let ended = site.node.read(|core| {
        let people = core.view().circle_people(&circle, now).into_iter();
        let own = people.filter(|role| role.person == person);
        own.map(|role| role.title.clone()).collect::<Vec<_>>()
    });
    let end = |title| {
        Act::Role(record::Role {
            circle,
            person,
            title,
            until: Some(now),
        })
    };
    Ok(ended.into_iter().map(end).collect())
}

/// The last second of a day, `yyyy-mm-dd`, in the reader's zone.
fn end_of_day(day: &str, zone: &str) -> Result<Timestamp, WebError> {
    let fault = || {
        let message = "Write the day as year-month-day, such as 2027-01-31.";
        WebError::Form(vec![FieldFault::new("until", message)])
    };
    let day: jiff::civil::Date = day.parse().map_err(|_| fault())?;
    let zone = if zone.is_empty() { "UTC" } else { zone };
    let end = day.at(23, 59, 59, 0).in_tz(zone).map_err(|_| fault())?;
    let ms = end.timestamp().as_millisecond();
    u64::try_from(ms).map(Timestamp).map_err(|_| fault())
}

/// `POST /circles/{id}/roles`
pub(crate) async fn role(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = parse_id(&id)?;
    let work = async {
        for act in roles(&site, id, &form.fields, &form.actor.account.zone)? {
            acts::perform(&site, &form.actor, act).await?;
        }
        Ok(format!("/circles/{id}?done=saved"))
    };
    submit(&site, &form, work, async |filled| {
        show(&site, &form.actor, &form.place, id, &filled).await
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_in_the_readers_zone() {
        assert_eq!(end_of_day("1970-01-01", "").unwrap(), Timestamp(86_399_000));
        let berlin = end_of_day("1970-01-01", "Europe/Berlin").unwrap();
        assert_eq!(berlin, Timestamp(86_399_000 - 3_600_000));
        for day in ["tomorrow", "1970-13-01", "1969-01-01", ""] {
            assert!(end_of_day(day, "UTC").is_err(), "{day}");
        }
    }
}

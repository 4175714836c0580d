//! Circles and who is in them.

use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use domain::{
    id::{CircleId, PersonId, Timestamp},
    record::{self, ActionState},
};
use federation::Act;
use serde::Deserialize;

use super::{action::day_field, submit::submit, views, work};
use crate::{
    acts, api,
    auth::{Actor, Form, Place, Signed},
    error::WebError,
    fields::Fields,
    pages::{
        circle::{self, Circle, Listed, Part, Participant},
        form::Filled,
        parts::Name,
        work::ActionPoint,
    },
    site::Site,
    standpoint::Standpoint,
};

pub(crate) use crate::pages::circle::Forms;

/// How many of the next gatherings the page shows, and how far ahead it looks.
const GATHERINGS: usize = 3;
const AHEAD_DAYS: u64 = 400;
/// How many closed action points it shows.
const CLOSED_MAX: usize = 20;

fn missing() -> WebError {
    WebError::NotFound { what: "circle" }
}

pub(crate) fn parse_id(text: &str) -> Result<CircleId, WebError> {
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
            people: view.participants(&circle.id, now).len() as u64,
            ended: circle.record.ended,
        });
        let mut listed: Vec<Listed> = listed.collect();
        listed.sort_by_key(|listed| (listed.ended, listed.circle.name.to_lowercase()));
        listed
    });
    Ok(circle::list(&frame, &circles).into_response())
}

pub(crate) async fn show(
    site: &Site,
    actor: &Actor,
    place: &Place,
    id: CircleId,
    forms: &Forms,
) -> Result<Response, WebError> {
    let frame = views::frame(site, Some(actor), place)?;
    let now = site.now();
    let actions = work::actions(site, actor, |_, action| action.record.circle == id).await?;
    let view = actor
        .read(site, |core| circle_view(core, now, id, actor, actions))
        .ok_or_else(missing)?;
    Ok(circle::page(&frame, &view, forms).into_response())
}

fn circle_view(
    core: &Standpoint<'_>,
    now: Timestamp,
    id: CircleId,
    actor: &Actor,
    actions: Vec<ActionPoint>,
) -> Option<Circle> {
    let view = core.view();
    let known = view.circles.get(&id)?;
    let rights = views::Rights::of(core, &actor.person());
    let people = view.participants(&id, now).into_iter().map(|each| {
        let name = view.person_name(&each.member, &each.person);
        Participant {
            name: name.map(str::to_owned),
            member: views::member(core, &each.member),
            roles: each
                .roles
                .iter()
                .map(|role| Part {
                    coordinates: role.is_coordinator(),
                    title: role.title.clone(),
                    until: role.until,
                    by_decision: role.by_decision,
                })
                .collect(),
        }
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
    let who = work::reader(core, actor);
    let joined = who.is_some_and(|who| view.is_in_circle(&id, &who, now));
    let joined_itself = who.is_some_and(|who| {
        let people = view.participants(&id, now);
        let own = people.iter().find(|each| (each.member, each.person) == who);
        own.is_some_and(|own| own.joined)
    });
    let (open, mut closed): (Vec<ActionPoint>, Vec<ActionPoint>) = actions
        .into_iter()
        .partition(|action| action.state == ActionState::Open);
    closed.truncate(CLOSED_MAX);
    let until = now.plus_seconds(AHEAD_DAYS * work::DAY_S);
    let of_circle = |each: &replica::view::Gathering| each.record.circle == id;
    Some(Circle {
        circle: views::circle(core, &id),
        keeper: views::member(core, &known.member),
        domain: known.record.domain.clone(),
        rhythm: known.record.rhythm.clone(),
        ended: known.record.ended,
        people: people.collect(),
        joined,
        joined_itself,
        term: work::term(core, &id, now).filter(|_| !known.record.ended),
        open,
        closed,
        doers: match joined {
            true => work::people(core, &id, now),
            false => Vec::new(),
        },
        own: who.map_or_else(String::new, |who| format!("{}:{}", who.0, who.1)),
        gatherings: work::happenings(core, now, until, GATHERINGS, of_circle),
        documents: super::circle_documents::list(core, &id, None),
        proposals: views::items(core, now, |decision| decision.first.circle == Some(id)),
        may_edit: core.member() == Some(known.member) && rights.writes(),
        candidates: if rights.writes() {
            candidates.collect()
        } else {
            Vec::new()
        },
    })
}

#[derive(Deserialize)]
pub(crate) struct From {
    /// What an action point comes from.
    #[serde(default)]
    source: String,
}

/// `GET /circles/{id}`; with `?source=` the form of an action point is open.
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
    Query(from): Query<From>,
) -> Result<Response, WebError> {
    let is_id = from.source.parse::<domain::id::Hash>().is_ok();
    let forms = Forms {
        source: from.source,
        ..Forms::default()
    };
    let forms = if is_id { forms } else { Forms::default() };
    show(&site, &actor, &place, parse_id(&id)?, &forms).await
}

/// `POST /circles/{id}/join`
pub(crate) async fn join(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    membership(&site, &form, parse_id(&id)?, true).await
}

/// `POST /circles/{id}/leave`
pub(crate) async fn leave(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    membership(&site, &form, parse_id(&id)?, false).await
}

async fn membership(
    site: &Site,
    form: &Form,
    circle: CircleId,
    joined: bool,
) -> Result<Response, WebError> {
    let work = async {
        let membership = record::Membership { circle, joined };
        acts::perform(site, &form.actor, Act::Membership(membership)).await?;
        let done = if joined { "joined" } else { "left" };
        Ok(format!("/circles/{circle}?done={done}"))
    };
    submit(site, form, work, async |filled| {
        let forms = Forms {
            role: filled,
            ..Forms::default()
        };
        show(site, &form.actor, &form.place, circle, &forms).await
    })
    .await
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
    let until = day_field(fields, "until", zone)?;
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
        // What was decided ends by a decision.
        let own = people.filter(|role| role.person == person && !role.by_decision);
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
        let forms = Forms {
            role: filled,
            ..Forms::default()
        };
        show(&site, &form.actor, &form.place, id, &forms).await
    })
    .await
}

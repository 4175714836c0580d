//! Action points: one, and the forms that add, change and end one.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{
    id::{CircleId, EntryId, Hash, MemberId, PersonId, Timestamp},
    record::{self, ActionState},
};
use federation::Act;

use super::{circle, own_path, submit::submit, views, work};
use crate::{
    acts,
    auth::{Actor, Form, Place, Signed},
    error::{FieldFault, WebError},
    fields::Fields,
    gatherings::end_of_day,
    pages::{action, form::Filled, parts::Name, time::Zone},
    site::Site,
};

fn missing() -> WebError {
    WebError::NotFound {
        what: "action point",
    }
}

fn parse_id(text: &str) -> Result<EntryId, WebError> {
    text.parse().map_err(|_| missing())
}

/// The last second of a day of a form, `yyyy-mm-dd`, in a reader's zone.
pub(crate) fn day_field(
    fields: &Fields,
    name: &'static str,
    zone: &str,
) -> Result<Option<Timestamp>, WebError> {
    let Some(day) = fields.optional(name) else {
        return Ok(None);
    };
    let zone = Zone::named(zone).unwrap_or_else(Zone::utc);
    let day = day.parse().ok();
    let end = day.and_then(|day| end_of_day(day, zone.rules()));
    end.map(Some).ok_or_else(|| {
        let message = "Write the day as year-month-day, such as 2027-01-31.";
        WebError::Form(vec![FieldFault::new(name, message)])
    })
}

/// Who does it: `member:person`, or `member:` for anybody of it.
fn doer(fields: &Fields) -> Result<(MemberId, Option<PersonId>), WebError> {
    let fault = || {
        let message = "Choose a person of the list.";
        WebError::Form(vec![FieldFault::new("who", message)])
    };
    let (member, person) = fields.get("who").split_once(':').ok_or_else(fault)?;
    let member = member.parse().map_err(|_| fault())?;
    let person = match person {
        "" => None,
        person => Some(person.parse().map_err(|_| fault())?),
    };
    Ok((member, person))
}

/// `POST /circles/{id}/actions`
pub(crate) async fn add(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let circle = circle::parse_id(&id)?;
    let work = async {
        let act = new_action(&form.fields, circle, &form.actor.account.zone)?;
        acts::perform(&site, &form.actor, act).await?;
        Ok(format!("/circles/{circle}?done=action"))
    };
    let refilled = async |filled: Filled| {
        let forms = circle::Forms {
            action: filled,
            ..circle::Forms::default()
        };
        circle::show(&site, &form.actor, &form.place, circle, &forms).await
    };
    submit(&site, &form, work, refilled).await
}

fn new_action(fields: &Fields, circle: CircleId, zone: &str) -> Result<Act, WebError> {
    let (member, person) = doer(fields)?;
    let source: Option<Hash> = match fields.optional("source") {
        Some(_) => Some(fields.parsed("source", "It comes from nothing known here.")?),
        None => None,
    };
    Ok(Act::Action {
        action: record::Action {
            action: None,
            circle,
            member,
            person,
            due: day_field(fields, "due", zone)?,
            state: ActionState::Open,
            source,
        },
        words: fields.get("what").to_owned(),
    })
}

async fn show(
    site: &Site,
    actor: &Actor,
    place: &Place,
    id: EntryId,
    filled: &Filled,
) -> Result<Response, WebError> {
    let found = work::actions(site, actor, |_, action| action.id == id).await?;
    let found = found.into_iter().next().ok_or_else(missing)?;
    let frame = views::frame(site, Some(actor), place)?;
    let now = site.now();
    let mut people = actor.read(site, |core| {
        let known = core.view().action(&id);
        known.map_or_else(Vec::new, |known| {
            work::people(core, &known.record.circle, now)
        })
    });
    // Who does it stays chosen, even if its name is not here.
    let own = action::doer_value(&found);
    if !people.iter().any(|each| each.id == own) {
        let short: String = own
            .rsplit(':')
            .next()
            .unwrap_or("")
            .chars()
            .take(8)
            .collect();
        let label = format!("{short} ({})", found.doer.member.name);
        people.insert(0, Name::new(own, label));
    }
    let day = found.due.map(|due| frame.clock().day_value(due));
    let day = day.unwrap_or_default();
    Ok(action::page(&frame, &found, &people, &day, filled).into_response())
}

/// `GET /actions/{id}`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    show(&site, &actor, &place, parse_id(&id)?, &Filled::default()).await
}

/// An action point as it stands, to be described anew.
fn standing(site: &Site, id: EntryId) -> Result<record::Action, WebError> {
    let known = site.node.read(|core| core.view().action(&id));
    let known = known.ok_or_else(missing)?;
    Ok(record::Action {
        action: Some(id),
        ..known.record
    })
}

/// `POST /actions/{id}`
pub(crate) async fn change(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = parse_id(&id)?;
    let work = async {
        let fields = &form.fields;
        let (member, person) = doer(fields)?;
        let state = ActionState::from_word(fields.get("state")).ok_or_else(|| {
            let message = "Choose how it stands.";
            WebError::Form(vec![FieldFault::new("state", message)])
        })?;
        let action = record::Action {
            member,
            person,
            due: day_field(fields, "due", &form.actor.account.zone)?,
            state,
            ..standing(&site, id)?
        };
        let words = changed_words(&site, &form.actor, id, fields.get("what")).await?;
        acts::perform(&site, &form.actor, Act::Action { action, words }).await?;
        Ok(format!("/actions/{id}?done=saved"))
    };
    let refilled = async |filled: Filled| show(&site, &form.actor, &form.place, id, &filled).await;
    submit(&site, &form, work, refilled).await
}

/// The words as they were typed, or nothing if they are those that stand: nobody's words are
/// repeated under another's name.
async fn changed_words(
    site: &Site,
    actor: &Actor,
    id: EntryId,
    typed: &str,
) -> Result<String, WebError> {
    let known = work::actions(site, actor, |_, action| action.id == id).await?;
    let known = known.first().and_then(|known| known.words.as_deref());
    Ok(match known == Some(typed) {
        true => String::new(),
        false => typed.to_owned(),
    })
}

/// `POST /actions/{id}/done`: `back`?
pub(crate) async fn done(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = parse_id(&id)?;
    let back = match form.fields.get("back") {
        "" => format!("/actions/{id}"),
        back => own_path(back).split('?').next().unwrap_or("/").to_owned(),
    };
    let work = async {
        let action = record::Action {
            state: ActionState::Done,
            ..standing(&site, id)?
        };
        let words = String::new();
        acts::perform(&site, &form.actor, Act::Action { action, words }).await?;
        Ok(format!("{back}?done=action-done"))
    };
    let refilled = async |filled: Filled| show(&site, &form.actor, &form.place, id, &filled).await;
    submit(&site, &form, work, refilled).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_in_the_readers_zone() {
        let end = |day: &str, zone: &str| {
            let fields = Fields::parse(format!("until={day}").as_bytes()).unwrap();
            day_field(&fields, "until", zone)
        };
        assert_eq!(end("1970-01-01", "").unwrap(), Some(Timestamp(86_399_000)));
        let berlin = end("1970-01-01", "Europe/Berlin").unwrap();
        assert_eq!(berlin, Some(Timestamp(86_399_000 - 3_600_000)));
        assert_eq!(end("", "UTC").unwrap(), None);
        for day in ["tomorrow", "1970-13-01", "1969-01-01"] {
            assert!(end(day, "UTC").is_err(), "{day}");
        }
    }
}

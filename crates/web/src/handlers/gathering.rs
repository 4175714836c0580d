//! Gatherings of a circle: one, and the forms that plan, change and cancel.

use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use domain::{
    id::{CircleId, EntryId, Timestamp},
    record::{self, Repetition, Rhythm, Until},
};
use federation::Act;
use jiff::civil::{Date, Time};
use serde::Deserialize;

use super::{circle, circle_documents, rooms, submit::submit, views, work};
use crate::{
    acts,
    auth::{Actor, Form, Place, Signed},
    error::{FieldFault, WebError},
    fields::Fields,
    gatherings::{self, day_number, day_of, local, zone_of},
    pages::{
        form::Filled,
        gathering::{self, Gathering, repetition_word},
        parts::Name,
        time::Zone,
    },
    rooms::{changes, gathering as meets, links::Role, seen},
    site::Site,
    standpoint::Standpoint,
};

/// How many of the next ones a page shows.
const NEXT: usize = 8;

fn missing() -> WebError {
    WebError::NotFound { what: "gathering" }
}

pub(super) fn parse_id(text: &str) -> Result<EntryId, WebError> {
    text.parse().map_err(|_| missing())
}

fn fault(field: &'static str, message: &str) -> WebError {
    WebError::Form(vec![FieldFault::new(field, message)])
}

/// `GET /gatherings/{id}`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    show(&site, (&actor, &place), parse_id(&id)?, &Filled::default()).await
}

pub(super) async fn show(
    site: &Site,
    (actor, place): (&Actor, &Place),
    id: EntryId,
    filled: &Filled,
) -> Result<Response, WebError> {
    let frame = views::frame(site, Some(actor), place)?;
    let now = site.now();
    let view = actor.read(site, |core| view_of(core, actor, id, now));
    let mut view = view.ok_or_else(missing)?;
    view.rooms = rooms::gathering::choice(site, actor, (id, &view.place)).await?;
    Ok(gathering::page(&frame, &view, filled).into_response())
}

fn view_of(core: &Standpoint<'_>, actor: &Actor, id: EntryId, now: Timestamp) -> Option<Gathering> {
    let known = core.view().gathering(&id)?;
    let record = &known.record;
    let (first, time) = local(record.start, &zone_of(record));
    let who = work::reader(core, actor);
    let may_change = who.is_some_and(|who| {
        known.begun_by == who || core.view().is_in_circle(&record.circle, &who, now)
    });
    let next = gatherings::next(record, now, NEXT);
    Some(Gathering {
        gathering: Name::new(id.to_string(), record.title.clone()),
        circle: views::circle(core, &record.circle),
        first,
        time: time.strftime("%H:%M").to_string(),
        zone: record.zone.clone(),
        is_zone_known: Zone::named(&record.zone).is_some(),
        minutes: record.minutes,
        repetition: record.repetition,
        last_day: last_day(record.repetition),
        place: record.place.clone(),
        ended: record.ended,
        next: next
            .iter()
            .map(|time| work::happening(core, &known, time))
            .collect(),
        documents: circle_documents::list(core, &record.circle, Some(id)),
        may_change,
        rooms: None,
    })
}

fn last_day(repetition: Option<Repetition>) -> String {
    match repetition.map(|repetition| repetition.until) {
        Some(Until::Day(day)) => day_of(day).map_or_else(String::new, |day| day.to_string()),
        _ => String::new(),
    }
}

/// What a new gathering of a circle begins with, in a room if one is given.
async fn begun(
    site: &Site,
    (actor, place): (&Actor, &Place),
    room: Option<&str>,
) -> Result<gathering::Fields, WebError> {
    let Some(id) = room else {
        return Ok(gathering::Fields::default());
    };
    let room = changes::find(site, actor, id).await?;
    Ok(gathering::Fields {
        title: room.title.clone(),
        place: seen::link(site, place, &room, Role::Guest)?,
        room: room.id.to_string(),
        ..gathering::Fields::default()
    })
}

fn edit_page(
    site: &Site,
    (actor, place): (&Actor, &Place),
    circle: CircleId,
    (known, begun): (Option<&record::Gathering>, gathering::Fields),
    filled: &Filled,
) -> Result<Response, WebError> {
    let frame = views::frame(site, Some(actor), place)?;
    let name = site.node.read(|core| {
        let known = core.view().circles.contains_key(&circle);
        known.then(|| views::circle(core, &circle))
    });
    let name = name.ok_or(WebError::NotFound { what: "circle" })?;
    let fields = match known {
        None => gathering::Fields {
            title: match begun.title.is_empty() {
                true => name.name.clone(),
                false => begun.title.clone(),
            },
            zone: frame.zone.name().to_owned(),
            minutes: "60".to_owned(),
            ..begun
        },
        Some(known) => fields_of(known),
    };
    let id = known.and_then(|known| known.gathering);
    let id = id.map(|id| id.to_string());
    Ok(gathering::edit(&frame, &name, id.as_deref(), &fields, filled).into_response())
}

fn fields_of(known: &record::Gathering) -> gathering::Fields {
    let (day, time) = local(known.start, &zone_of(known));
    gathering::Fields {
        title: known.title.clone(),
        day: day.to_string(),
        time: time.strftime("%H:%M").to_string(),
        zone: known.zone.clone(),
        minutes: known.minutes.to_string(),
        repeats: repetition_word(known.repetition),
        last_day: last_day(known.repetition),
        place: known.place.clone(),
        ended: known.ended,
        room: String::new(),
    }
}

/// The room in which a new gathering is to meet.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct InRoom {
    room: Option<String>,
}

/// `GET /circles/{id}/gatherings/new?room=`
pub(crate) async fn new(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
    Query(asked): Query<InRoom>,
) -> Result<Response, WebError> {
    let (circle, asker) = (circle::parse_id(&id)?, (&actor, &place));
    let begun = begun(&site, asker, asked.room.as_deref()).await?;
    edit_page(&site, asker, circle, (None, begun), &Filled::default())
}

fn standing(site: &Site, id: EntryId) -> Result<record::Gathering, WebError> {
    let known = site.node.read(|core| core.view().gathering(&id));
    let known = known.ok_or_else(missing)?;
    Ok(record::Gathering {
        gathering: Some(id),
        ..known.record
    })
}

/// `GET /gatherings/{id}/edit`
pub(crate) async fn edit(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    let known = standing(&site, parse_id(&id)?)?;
    let shown = (Some(&known), gathering::Fields::default());
    edit_page(
        &site,
        (&actor, &place),
        known.circle,
        shown,
        &Filled::default(),
    )
}

/// What the form says, over what stood before.
fn read(
    fields: &Fields,
    circle: CircleId,
    known: Option<&record::Gathering>,
) -> Result<record::Gathering, WebError> {
    let zone = fields.get("zone");
    let rules = Zone::named(zone).ok_or_else(|| fault("zone", "Choose a zone of the list."))?;
    let message = "Write the day as year-month-day, such as 2027-01-31.";
    let day: Date = fields.parsed("day", message)?;
    let message = "Write the time as hours and minutes, such as 18:00.";
    let time: Time = fields.parsed("time", message)?;
    let start = gatherings::moment(day, time, rules.rules())
        .ok_or_else(|| fault("day", "Choose a day after 1970."))?;
    let repetition = repetition(fields, known.and_then(|known| known.repetition))?;
    Ok(record::Gathering {
        gathering: known.and_then(|known| known.gathering),
        circle,
        title: fields.get("title").to_owned(),
        start,
        minutes: fields.parsed("minutes", "Write the length in minutes, such as 60.")?,
        zone: zone.to_owned(),
        repetition,
        place: fields.get("place").to_owned(),
        cancelled: known.map_or_else(Vec::new, |known| known.cancelled.clone()),
        ended: fields.is_ticked("ended"),
    })
}

fn repetition(fields: &Fields, known: Option<Repetition>) -> Result<Option<Repetition>, WebError> {
    let Some(word) = fields.optional("repeats") else {
        return Ok(None);
    };
    let unknown = || fault("repeats", "Choose how it comes again.");
    let (rhythm, every) = word.rsplit_once('-').ok_or_else(unknown)?;
    let last_day: Option<Date> = match fields.optional("last_day") {
        None => None,
        Some(_) => {
            let message = "Write the day as year-month-day, such as 2027-01-31.";
            Some(fields.parsed("last_day", message)?)
        }
    };
    let until = match (last_day, known.map(|known| known.until)) {
        (Some(day), _) => Until::Day(day_number(day).ok_or_else(unknown)?),
        // The form has no count; one that was set elsewhere stays.
        (None, Some(Until::Count(count))) => Until::Count(count),
        (None, _) => Until::Open,
    };
    Ok(Some(Repetition {
        rhythm: Rhythm::from_word(rhythm).ok_or_else(unknown)?,
        every: every.parse().map_err(|_| unknown())?,
        until,
    }))
}

async fn save(
    site: &Site,
    form: &Form,
    circle: CircleId,
    known: Option<record::Gathering>,
) -> Result<Response, WebError> {
    let work = async {
        let gathering = read(&form.fields, circle, known.as_ref())?;
        let id = gathering.gathering;
        if let Some(room) = form.fields.optional("room") {
            // Refused before it is planned.
            meets::find_to_take(site, &form.actor, room, id).await?;
        }
        let entry = acts::perform(site, &form.actor, Act::Gathering(gathering)).await?;
        let id = id.unwrap_or(entry);
        if let Some(room) = form.fields.optional("room") {
            meets::keep(site, &form.actor, room, id).await?;
        }
        Ok(format!("/gatherings/{id}?done=gathering"))
    };
    submit(site, form, work, async |filled| {
        let asker = (&form.actor, &form.place);
        let begun = begun(site, asker, form.fields.optional("room")).await?;
        edit_page(site, asker, circle, (known.as_ref(), begun), &filled)
    })
    .await
}

/// `POST /circles/{id}/gatherings`
pub(crate) async fn do_new(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    save(&site, &form, circle::parse_id(&id)?, None).await
}

/// `POST /gatherings/{id}`
pub(crate) async fn do_edit(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let known = standing(&site, parse_id(&id)?)?;
    save(&site, &form, known.circle, Some(known)).await
}

/// `POST /gatherings/{id}/cancel`: `day`; once more takes it back.
pub(crate) async fn cancel(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = parse_id(&id)?;
    let work = async {
        let day: u64 = form.fields.parsed("day", "Choose a day of the list.")?;
        let mut known = standing(&site, id)?;
        match known.cancelled.binary_search(&day) {
            Ok(at) => {
                known.cancelled.remove(at);
            }
            Err(at) => known.cancelled.insert(at, day),
        }
        // Of many the oldest are forgotten: they are over.
        let excess = known.cancelled.len().saturating_sub(record::CANCELLED_MAX);
        known.cancelled.drain(..excess);
        acts::perform(&site, &form.actor, Act::Gathering(known)).await?;
        Ok(format!("/gatherings/{id}?done=saved"))
    };
    let circle = standing(&site, id)?.circle;
    submit(&site, &form, work, async |filled| {
        let known = standing(&site, id)?;
        let shown = (Some(&known), gathering::Fields::default());
        edit_page(&site, (&form.actor, &form.place), circle, shown, &filled)
    })
    .await
}

//! The documents of a circle: its agendas, minutes and texts, and new ones from a template.

use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{
    id::{CircleId, EntryId, Timestamp},
    record::{self, Sort},
};
use federation::{Act, Core};

use super::{circle, submit::submit, views};
use crate::{
    acts,
    auth::Form,
    catalogue::Plain,
    error::{FieldFault, WebError},
    gatherings,
    pages::{
        circle::{Documents, Forms},
        parts::Name,
    },
    site::Site,
};

/// How many documents of one sort are listed, the latest.
const LISTED_MAX: usize = 20;

/// The documents of a circle by sort, the last edited first; with a gathering, those for it alone.
pub(crate) fn list(core: &Core, circle: &CircleId, gathering: Option<EntryId>) -> Documents {
    let mut found: Vec<(Timestamp, Sort, Name)> = Vec::new();
    for (id, document) in &core.view().documents {
        let Some(filed) = &document.filed else {
            continue;
        };
        // Finished minutes stay what was agreed; a finished draft is a version of its proposal.
        let is_over = filed.record.closed && filed.record.sort == Sort::Draft;
        let is_for = gathering.is_none() || filed.record.meeting == gathering;
        if filed.record.circle != Some(*circle) || is_over || !is_for {
            continue;
        }
        let edited = document.edits.last().map(|(time, _)| *time);
        let begun = document.begun.as_ref();
        let title = begun.map_or_else(|| id.short(), |begun| begun.title.clone());
        let name = Name::new(id.to_string(), title);
        found.push((edited.unwrap_or_default(), filed.record.sort, name));
    }
    found.sort_by_key(|(edited, _, name)| (std::cmp::Reverse(*edited), name.id.clone()));
    let of = |pick: &dyn Fn(Sort) -> bool| {
        let picked = found.iter().filter(|(_, sort, _)| pick(*sort));
        let named = picked.map(|(edited, _, name)| (name.clone(), *edited));
        named.take(LISTED_MAX).collect()
    };
    Documents {
        agendas: of(&|sort| sort == Sort::Agenda),
        minutes: of(&|sort| sort == Sort::Minutes),
        drafts: of(&|sort| sort == Sort::Draft),
        texts: of(&|sort| matches!(sort, Sort::Text | Sort::Other(_))),
    }
}

/// What a new document is named after, and its day: the circle and today, or the gathering and when
/// it happens next.
fn whose(
    core: &Core,
    circle: &CircleId,
    meeting: Option<EntryId>,
    now: Timestamp,
) -> Option<(String, Timestamp)> {
    let view = core.view();
    let known = view.circles.get(circle)?;
    let Some(meeting) = meeting else {
        return Some((known.record.name.clone(), now));
    };
    let gathering = view.gathering(&meeting)?.record;
    let next = gatherings::next(&gathering, now, 1);
    let at = next.first().map_or(now, |next| next.start);
    (gathering.circle == *circle).then_some((gathering.title, at))
}

/// `POST /circles/{id}/documents`: `sort`, `gathering`?
pub(crate) async fn begin(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let circle = circle::parse_id(&id)?;
    let frame = views::frame(&site, Some(&form.actor), &form.place)?;
    let (say, now) = (frame.language, site.now());
    let work = async {
        let sort: Sort = form.fields.get("sort").parse().map_err(|_| {
            let message = "Choose agenda, minutes or text.";
            WebError::Form(vec![FieldFault::new("sort", message)])
        })?;
        let meeting = match form.fields.optional("gathering") {
            Some(_) => Some(form.fields.parsed("gathering", "Choose a gathering.")?),
            None => None,
        };
        let known = site.node.read(|core| whose(core, &circle, meeting, now));
        let (name, at) = known.ok_or(WebError::NotFound { what: "circle" })?;
        let (name, day) = (Plain(&name), Plain(frame.clock().day_words(at)));
        let (title, text) = match sort {
            Sort::Agenda => (
                say.agenda_of(name, day),
                say.agenda_template().into_string(),
            ),
            Sort::Minutes => (
                say.minutes_of(name, day),
                say.minutes_template().into_string(),
            ),
            _ => (say.text_of(name), String::new()),
        };
        let title = title.into_string();
        let act = Act::CreateDocument { title, text };
        let document = acts::perform(&site, &form.actor, act).await?;
        let filing = record::Filing {
            document,
            sort,
            circle: Some(circle),
            proposal: None,
            meeting,
            closed: false,
        };
        acts::perform(&site, &form.actor, Act::File(filing)).await?;
        Ok(format!("/documents/{document}/edit"))
    };
    submit(&site, &form, work, async |filled| {
        let forms = Forms {
            role: filled,
            ..Forms::default()
        };
        circle::show(&site, &form.actor, &form.place, circle, &forms).await
    })
    .await
}

//! One decision: its page and its forms.

mod finality;
mod talk;
mod view;
mod vote;
mod votes;

use axum::{
    extract::{Path, Query, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use domain::{
    id::{Hash, ProposalId},
    record,
};
use federation::Act;
use replica::view::Action;
use serde::Deserialize;

pub(crate) use self::finality::{effect_of, file_path};
use self::view::Reading;
use super::{action::day_field, draft, feeds, submit::submit, views, work};
use crate::{
    acts,
    auth::{Actor, Form, Place, Signed},
    decisions,
    error::{FieldFault, WebError},
    fields::Fields,
    pages::{
        decision::{self, Decision, Forms},
        form::Filled,
    },
    site::Site,
    texts::Texts,
};

#[derive(Deserialize)]
pub(crate) struct Change {
    #[serde(default)]
    change: String,
}

async fn read(site: &Site, id: ProposalId, actor: Option<&Actor>) -> Result<Decision, WebError> {
    let now = site.now();
    let missing = || WebError::NotFound { what: "decision" };
    let needs = site
        .node
        .read(|core| core.settled(&id, now).map(|d| decisions::needs(&d)));
    let needs = needs.ok_or_else(missing)?;
    let texts = Texts::load(&site.node, needs.notes, needs.versions).await?;
    let hosted = actor.and_then(Actor::hosted);
    let actions = match actor {
        Some(actor) => {
            let source = Some(Hash(id.0));
            let is_from = |action: &Action| action.is_open() && action.record.source == source;
            work::actions(site, actor, |_, action| is_from(action)).await?
        }
        None => Vec::new(),
    };
    let found = site.node.read_as(hosted, |core| {
        let decision = core.settled(&id, now)?;
        let reading = Reading {
            core,
            decision: &decision,
            texts: &texts,
            actor,
            now,
            actions: &actions,
        };
        Some((reading.view(), decision.version.clone()))
    });
    let (mut view, version) = found.ok_or_else(missing)?;
    // The draft is for members.
    if actor.is_some() {
        view.origin = draft::origin(site, &version, view.version.text.as_deref()).await;
    }
    Ok(view)
}

/// The decision for the archive, whose page leaves out what is the members'. Which nodes are silent
/// is nobody else's business either.
pub(crate) async fn public_view(site: &Site, id: ProposalId) -> Result<Decision, WebError> {
    let mut view = read(site, id, None).await?;
    view.silent.clear();
    for missing in view.phase.iter_mut().flat_map(|phase| &mut phase.missing) {
        missing.silent_since = None;
    }
    Ok(view)
}

async fn show(
    site: &Site,
    actor: &Actor,
    place: &Place,
    id: ProposalId,
    forms: &Forms,
) -> Result<Response, WebError> {
    let view = read(site, id, Some(actor)).await?;
    let frame = views::frame(site, Some(actor), place)?;
    Ok(decision::page(&frame, &view, forms).into_response())
}

/// `GET /decide/{id}`; with `.json` at the end as the API gives it, with `.ics` as a calendar.
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
    Query(change): Query<Change>,
) -> Result<Response, WebError> {
    if let Some(id) = id.strip_suffix(".json") {
        let id = decisions::parse_id(&site, id)?;
        return Ok(axum::Json(crate::api::full(&site, id, actor.hosted()).await?).into_response());
    }
    if let Some(id) = id.strip_suffix(".ics") {
        let id = decisions::parse_id(&site, id)?;
        return feeds::of_decision(&site, &headers, id, Some(&actor));
    }
    let id = decisions::parse_id(&site, &id)?;
    let forms = Forms {
        change: change.change == "1",
        ..Forms::default()
    };
    show(&site, &actor, &place, id, &forms).await
}

/// Does what a form asks for, once, and goes on; or shows the page with what is wrong.
async fn perform(
    site: &Site,
    form: &Form,
    id: ProposalId,
    act: Result<Act, WebError>,
    done: &str,
    refilled: impl FnOnce(Filled) -> Forms,
) -> Result<Response, WebError> {
    let work = async {
        acts::perform(site, &form.actor, act?).await?;
        Ok(format!("/decide/{id}?done={done}"))
    };
    submit(site, form, work, async |filled| {
        show(site, &form.actor, &form.place, id, &refilled(filled)).await
    })
    .await
}

/// `POST /decide/{id}/vote`
pub(crate) async fn vote(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = decisions::parse_id(&site, &id)?;
    let act = vote::act(id, &form.fields);
    let forms = |vote| Forms {
        vote,
        change: true,
        ..Forms::default()
    };
    perform(&site, &form, id, act, "voted", forms).await
}

/// `POST /decide/{id}/open`
pub(crate) async fn open(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let proposal = decisions::parse_id(&site, &id)?;
    let forms = |withdraw| Forms {
        withdraw,
        ..Forms::default()
    };
    let act = match form.fields.get("fallback") {
        "yes" => Act::FallBack { proposal },
        _ => Act::Open { proposal },
    };
    perform(&site, &form, proposal, Ok(act), "opened", forms).await
}

/// `POST /decide/{id}/report`: `text`, `recommends_vote`?
pub(crate) async fn report(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let proposal = decisions::parse_id(&site, &id)?;
    let act = Act::Report {
        proposal,
        recommends_vote: form.fields.get("recommends_vote") == "yes",
        text: form.fields.get("text").to_owned(),
    };
    let forms = |report| Forms {
        report,
        ..Forms::default()
    };
    perform(&site, &form, proposal, Ok(act), "reported#mediation", forms).await
}

/// `POST /decide/{id}/withdraw`
pub(crate) async fn withdraw(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let proposal = decisions::parse_id(&site, &id)?;
    let act = Act::Withdraw {
        proposal,
        reason: form.fields.get("reason").to_owned(),
    };
    let forms = |withdraw| Forms {
        withdraw,
        ..Forms::default()
    };
    perform(&site, &form, proposal, Ok(act), "withdrawn", forms).await
}

/// `POST /decide/{id}/comment`
pub(crate) async fn comment(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let proposal = decisions::parse_id(&site, &id)?;
    let act = comment_act(proposal, &form.fields);
    let forms = |comment| Forms {
        comment,
        ..Forms::default()
    };
    perform(&site, &form, proposal, act, "commented#discussion", forms).await
}

fn comment_act(proposal: ProposalId, fields: &Fields) -> Result<Act, WebError> {
    let answers = fields.optional("answers").map(str::parse).transpose();
    let gone = |_| {
        let message = "What you answer is no longer here. Load the page again.";
        WebError::Form(vec![FieldFault::new("text", message)])
    };
    Ok(Act::Comment {
        proposal,
        answers: answers.map_err(gone)?,
        text: fields.get("text").to_owned(),
    })
}

/// `POST /decide/{id}/review`: `day`?
pub(crate) async fn review(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = decisions::parse_id(&site, &id)?;
    let zone = &form.actor.account.zone;
    let act = day_field(&form.fields, "day", zone).map(|date| {
        let proposal = id;
        Act::Review(record::Review { proposal, date })
    });
    let forms = |review| Forms {
        review,
        ..Forms::default()
    };
    perform(&site, &form, id, act, "review", forms).await
}

//! New proposals, new versions, and what changed between two.

use std::sync::OnceLock;

use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use domain::{
    decision,
    effect::Effect,
    id::{CircleId, EntryId, ProposalId},
};
use federation::{Act, State as Stand};
use serde::Deserialize;

use super::{
    draft::{self, Reading},
    effect,
    submit::submit,
    views,
};
use crate::{
    acts,
    auth::{Actor, Form, Place, Signed},
    decisions,
    error::{FieldFault, WebError},
    pages::{
        decision::Version,
        form::Filled,
        parts::Name,
        propose::{self, Amend, Compare, Propose},
    },
    site::Site,
    texts::Texts,
};

async fn new_page(
    site: &Site,
    actor: &Actor,
    place: &Place,
    draft: Option<Reading>,
    filled: &Filled,
    (does, of): (&str, &str),
) -> Result<Response, WebError> {
    let frame = views::frame(site, Some(actor), place)?;
    let now = site.now();
    let view = site.node.read(|core| {
        let (charter, terms) = (core.charter(), core.charter().terms());
        let mut rules: Vec<_> = terms.rules.iter().collect();
        // The default first: it is the one chosen.
        rules.sort_by_key(|rule| **rule != terms.default_rule);
        let circles = core
            .view()
            .circles
            .values()
            .filter(|circle| !circle.record.ended);
        Propose {
            rules: rules
                .iter()
                .map(|rule| (rule.to_string(), **rule))
                .collect(),
            regular_seconds: decision::period(terms.default_rule, false, charter),
            urgent_seconds: decision::period(terms.default_rule, true, charter),
            circles: circles
                .map(|circle| views::circle(core, &circle.id))
                .collect(),
            draft: draft.as_ref().map(Reading::view),
            choices: effect::choices(core, does, of, now),
            has_register: core.order().is_some(),
        }
    });
    Ok(propose::new(&frame, &view, filled).into_response())
}

#[derive(Deserialize)]
pub(crate) struct Source {
    draft: Option<String>,
    #[serde(default)]
    does: String,
    #[serde(default)]
    of: String,
}

/// `GET /decide/new`; with `?draft=` the text of a document, with `?does=` a change of the federation,
/// `&of=` whose.
pub(crate) async fn new(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Query(source): Query<Source>,
) -> Result<Response, WebError> {
    let draft = draft::now(&site, source.draft.as_deref()).await?;
    let about = (&*source.does, &*source.of);
    new_page(&site, &actor, &place, draft, &Filled::default(), about).await
}

/// The text of a form and the edits it was read from.
fn text_of(form: &Form, draft: Option<&Reading>) -> (String, Vec<EntryId>) {
    match draft {
        Some(draft) => (draft.text.clone(), draft.edits.clone()),
        None => (form.fields.get("text").to_owned(), Vec::new()),
    }
}

/// What a form says that the proposal does.
fn effect_of(site: &Site, form: &Form) -> Result<Option<Box<Effect>>, WebError> {
    let body = effect::body_of(&form.fields, &form.actor.account.zone)?;
    let effect = body.map(|body| site.node.read(|core| body.into_effect(core)));
    Ok(effect.transpose()?.map(Box::new))
}

fn propose_act(site: &Site, form: &Form, draft: Option<&Reading>) -> Result<Act, WebError> {
    let fields = &form.fields;
    let fault = |field, message: &str| WebError::Form(vec![FieldFault::new(field, message)]);
    let urgent = match (fields.is_ticked("urgent"), fields.optional("justification")) {
        (true, None) => {
            return Err(fault(
                "justification",
                "Say why it cannot wait for the regular period.",
            ));
        }
        (true, Some(why)) => Some(why.replace('\n', " ")),
        (false, _) => None,
    };
    let circle = fields
        .optional("circle")
        .map(str::parse::<CircleId>)
        .transpose();
    let (text, edits) = text_of(form, draft);
    Ok(Act::Propose {
        title: fields.get("title").to_owned(),
        text,
        rule: fields.get("rule").to_owned(),
        urgent,
        circle: circle.map_err(|_| fault("circle", "Choose a circle of the list."))?,
        language: fields.optional("language").unwrap_or("en").to_owned(),
        draft: edits,
        effect: effect_of(site, form)?,
    })
}

/// The draft to show with its form again: with its text, if that could be read.
fn shown(site: &Site, form: &Form, read: &OnceLock<Option<Reading>>) -> Option<Reading> {
    let read = read.get().cloned().flatten();
    read.or_else(|| draft::named(site, form))
}

/// `POST /decide`
pub(crate) async fn do_new(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let read = OnceLock::new();
    let work = async {
        let draft = draft::of(&site, &form).await?;
        let draft = read.get_or_init(|| draft);
        let act = propose_act(&site, &form, draft.as_ref())?;
        let id = acts::perform(&site, &form.actor, act).await?;
        if let Some(draft) = draft {
            draft::belongs_to(&site, &form.actor, draft, id).await;
        }
        Ok(format!("/decide/{id}?done=proposed"))
    };
    submit(&site, &form, work, async |filled| {
        let draft = shown(&site, &form, &read);
        let about = (form.fields.get("does"), "");
        new_page(&site, &form.actor, &form.place, draft, &filled, about).await
    })
    .await
}

/// What the next version does: what its form says, else what this one does.
fn amended_effect(
    site: &Site,
    form: &Form,
    proposal: &ProposalId,
) -> Result<Option<Box<Effect>>, WebError> {
    if let Some(effect) = effect_of(site, form)? {
        return Ok(Some(effect));
    }
    let now = site.now();
    let known = |core: &federation::Core| {
        let decision = core.decision(proposal, now)?;
        decision.version.effect.clone()
    };
    Ok(site.node.read(known).map(Box::new))
}

async fn amend_page(
    site: &Site,
    actor: &Actor,
    place: &Place,
    id: ProposalId,
    draft: Option<Reading>,
    filled: &Filled,
) -> Result<Response, WebError> {
    let now = site.now();
    let missing = || WebError::NotFound { what: "decision" };
    let entry = site
        .node
        .read(|core| core.decision(&id, now).map(|d| d.version.entry));
    let texts = Texts::load(&site.node, [], entry).await?;
    let frame = views::frame(site, Some(actor), place)?;
    let view = site.node.read(|core| {
        core.decision(&id, now).map(|decision| Amend {
            proposal: Name::new(id.to_string(), decision.version.title.clone()),
            version: version(decision.version, &texts),
            voting: decision.state == Stand::Voting,
            choices: effect::of_version(core, decision.version, now),
            draft: draft.as_ref().map(Reading::view),
        })
    });
    Ok(propose::amend(&frame, &view.ok_or_else(missing)?, filled).into_response())
}

/// A version as pages show it.
pub(crate) fn version(version: &replica::view::Version, texts: &Texts) -> Version {
    Version {
        number: version.number,
        title: version.title.clone(),
        text: texts.text(&version.entry).map(str::to_owned),
        at: version.time,
        hash: version.hash.to_string(),
    }
}

/// `GET /decide/{id}/amend`
pub(crate) async fn amend(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
    Query(source): Query<Source>,
) -> Result<Response, WebError> {
    let id = decisions::parse_id(&site, &id)?;
    let draft = draft::now(&site, source.draft.as_deref()).await?;
    amend_page(&site, &actor, &place, id, draft, &Filled::default()).await
}

/// `POST /decide/{id}/amend`
pub(crate) async fn do_amend(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let proposal = decisions::parse_id(&site, &id)?;
    let fields = &form.fields;
    let read = OnceLock::new();
    let work = async {
        let draft = draft::of(&site, &form).await?;
        let draft = read.get_or_init(|| draft);
        let (text, edits) = text_of(&form, draft.as_ref());
        let act = Act::Amend {
            proposal,
            title: fields.get("title").to_owned(),
            text,
            what_changed: fields.get("what_changed").to_owned(),
            draft: edits,
            effect: amended_effect(&site, &form, &proposal)?,
        };
        acts::perform(&site, &form.actor, act).await?;
        if let Some(draft) = draft {
            draft::belongs_to(&site, &form.actor, draft, proposal).await;
        }
        Ok(format!("/decide/{proposal}?done=amended"))
    };
    submit(&site, &form, work, async |filled| {
        let (actor, place) = (&form.actor, &form.place);
        let draft = shown(&site, &form, &read);
        amend_page(&site, actor, place, proposal, draft, &filled).await
    })
    .await
}

/// `GET /decide/{id}/diff/{a}..{b}`
pub(crate) async fn compare(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path((id, range)): Path<(String, String)>,
) -> Result<Response, WebError> {
    let id = decisions::parse_id(&site, &id)?;
    let missing = || WebError::NotFound { what: "version" };
    let (older, newer) = range.split_once("..").ok_or_else(missing)?;
    let older: u64 = older.parse().map_err(|_| missing())?;
    let newer: u64 = newer.parse().map_err(|_| missing())?;
    let now = site.now();
    let pair = |decision: &federation::Decision<'_>| {
        let versions = decision.proposal.versions();
        // Of two with one number the last is the current one.
        let find = |number| {
            versions
                .iter()
                .rev()
                .find(|version| version.number == number)
                .copied()
                .cloned()
        };
        find(older).zip(find(newer))
    };
    let found = site.node.read(|core| {
        let decision = core.decision(&id, now)?;
        let title = decision.version.title.clone();
        Some((pair(&decision)?, title, decision.first.language.clone()))
    });
    let ((older, newer), title, language) = found.ok_or_else(missing)?;
    let texts = Texts::load(&site.node, [], [older.entry, newer.entry]).await?;
    let view = Compare {
        proposal: Name::new(id.to_string(), title),
        language,
        older: version(&older, &texts),
        newer: version(&newer, &texts),
    };
    let frame = views::frame(&site, Some(&actor), &place)?;
    Ok(propose::compare(&frame, &view).into_response())
}

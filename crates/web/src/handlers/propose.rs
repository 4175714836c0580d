//! New proposals, new versions, and what changed between two.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{
    decision,
    id::{CircleId, ProposalId},
};
use federation::{Act, State as Stand};

use super::{submit::submit, views};
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
    filled: &Filled,
) -> Result<Response, WebError> {
    let frame = views::frame(site, Some(actor), place)?;
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
        }
    });
    Ok(propose::new(&frame, &view, filled).into_response())
}

/// `GET /decide/new`
pub(crate) async fn new(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    new_page(&site, &actor, &place, &Filled::default()).await
}

fn propose_act(form: &Form) -> Result<Act, WebError> {
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
    Ok(Act::Propose {
        title: fields.get("title").to_owned(),
        text: fields.get("text").to_owned(),
        rule: fields.get("rule").to_owned(),
        urgent,
        circle: circle.map_err(|_| fault("circle", "Choose a circle of the list."))?,
        language: fields.optional("language").unwrap_or("en").to_owned(),
        draft: Vec::new(),
    })
}

/// `POST /decide`
pub(crate) async fn do_new(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let work = async {
        let id = acts::perform(&site, &form.actor, propose_act(&form)?).await?;
        Ok(format!("/decide/{id}?done=proposed"))
    };
    submit(&site, &form, work, async |filled| {
        new_page(&site, &form.actor, &form.place, &filled).await
    })
    .await
}

async fn amend_page(
    site: &Site,
    actor: &Actor,
    place: &Place,
    id: ProposalId,
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
) -> Result<Response, WebError> {
    let id = decisions::parse_id(&site, &id)?;
    amend_page(&site, &actor, &place, id, &Filled::default()).await
}

/// `POST /decide/{id}/amend`
pub(crate) async fn do_amend(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let proposal = decisions::parse_id(&site, &id)?;
    let fields = &form.fields;
    let act = Act::Amend {
        proposal,
        title: fields.get("title").to_owned(),
        text: fields.get("text").to_owned(),
        what_changed: fields.get("what_changed").to_owned(),
        draft: Vec::new(),
    };
    let work = async {
        acts::perform(&site, &form.actor, act).await?;
        Ok(format!("/decide/{proposal}?done=amended"))
    };
    submit(&site, &form, work, async |filled| {
        amend_page(&site, &form.actor, &form.place, proposal, &filled).await
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

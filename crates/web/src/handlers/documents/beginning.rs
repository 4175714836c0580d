//! Beginning a document, empty or with the text of a proposal.

use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use domain::{
    id::EntryId,
    record::{Filing, Sort},
};
use federation::Act;
use serde::Deserialize;

use super::{super::submit::submit, circles, filing, views};
use crate::{
    acts,
    auth::{Actor, Form, Place, Signed},
    decisions,
    error::WebError,
    pages::{documents as lists, form::Filled, parts::Name},
    site::Site,
    texts::Texts,
};

#[derive(Deserialize)]
pub(crate) struct For {
    #[serde(default)]
    sort: String,
    proposal: Option<String>,
}

async fn new_page(
    site: &Site,
    actor: &Actor,
    place: &Place,
    wanted: &For,
    filled: &Filled,
) -> Result<Response, WebError> {
    let mut view = lists::Beginning {
        sort: wanted.sort.parse().unwrap_or(Sort::Text),
        title: String::new(),
        text: String::new(),
        circle: String::new(),
        circles: site.node.read(circles),
        proposal: None,
    };
    if let Some(proposal) = wanted.proposal.as_deref().filter(|id| !id.is_empty()) {
        continue_with(site, &mut view, proposal).await?;
    }
    let frame = views::frame(site, Some(actor), place)?;
    Ok(lists::new(&frame, &view, filled).into_response())
}

/// Offers the text of a proposal, whose next version the document is to become.
async fn continue_with(
    site: &Site,
    view: &mut lists::Beginning,
    proposal: &str,
) -> Result<(), WebError> {
    let id = decisions::parse_id(site, proposal)?;
    let found = site.node.read(|core| {
        let decision = core.settled(&id, site.now())?;
        Some((decision.version.clone(), decision.first.circle))
    });
    let (version, circle) = found.ok_or(WebError::NotFound { what: "decision" })?;
    let texts = Texts::load(&site.node, [], [version.entry]).await?;
    view.sort = Sort::Draft;
    view.text = texts.text(&version.entry).unwrap_or("").to_owned();
    view.circle = circle.map_or_else(String::new, |circle| circle.to_string());
    view.proposal = Some(Name::new(id.to_string(), version.title.clone()));
    view.title = version.title;
    Ok(())
}

/// `GET /documents/new`
pub(crate) async fn new(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Query(wanted): Query<For>,
) -> Result<Response, WebError> {
    new_page(&site, &actor, &place, &wanted, &Filled::default()).await
}

async fn begin(site: &Site, form: &Form) -> Result<String, WebError> {
    // Looked at first: a document must not stand where its filing was refused.
    let proposal = form.fields.optional("proposal");
    let proposal = proposal
        .map(|id| decisions::parse_id(site, id))
        .transpose()?;
    let filing = filing(form, EntryId([0; 32]), proposal)?;
    let act = Act::CreateDocument {
        title: form.fields.get("title").to_owned(),
        text: form.fields.raw("text").to_owned(),
    };
    let document = acts::perform(site, &form.actor, act).await?;
    if filing.sort != Sort::Text || filing.circle.is_some() || filing.proposal.is_some() {
        let filing = Filing { document, ..filing };
        acts::perform(site, &form.actor, Act::File(filing)).await?;
    }
    Ok(format!("/documents/{document}/edit?done=begun"))
}

/// `POST /documents`
pub(crate) async fn do_new(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let wanted = For {
        sort: String::new(),
        proposal: form.fields.optional("proposal").map(str::to_owned),
    };
    submit(&site, &form, begin(&site, &form), async |filled| {
        new_page(&site, &form.actor, &form.place, &wanted, &filled).await
    })
    .await
}

//! Documents: the list, a new one, one of them, beginning it anew, saying where it belongs.

mod beginning;
mod reading;

use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use domain::{
    decision::Verdict,
    id::{CircleId, DocumentId, EntryId, MemberId, PersonId, ProposalId, Timestamp},
    key::PublicKey,
    record::{Filing, Roles, Sort},
};
use federation::{Act, Core, State as Stand};
use serde::Deserialize;

use self::reading::{Read, lost, passages};
pub(crate) use self::{
    beginning::{do_new, new},
    reading::without,
};
use super::{attachments, submit::submit, views};
use crate::{
    acts,
    auth::{Actor, Form, Place, Signed},
    documents::{self, Present},
    error::{FieldFault, WebError},
    pages::{
        document,
        documents::{self as lists, Item, Writer},
        form::Filled,
        history::NOW,
        parts::Name,
    },
    site::Site,
};

/// How many documents a page of the list has.
const PAGE: usize = 100;

/// The title of a document as far as it can be told without deriving it.
pub(crate) fn title(core: &Core, id: &DocumentId) -> String {
    let begun = core
        .view()
        .documents
        .get(id)
        .and_then(|document| document.begun.as_ref());
    begun.map_or_else(|| id.short(), |begun| begun.title.clone())
}

/// The id and title of a document.
pub(crate) fn name(core: &Core, id: &DocumentId) -> Name {
    Name::new(id.to_string(), title(core, id))
}

/// Who signed an edit.
pub(crate) fn writer(core: &Core, edit: &EntryId, author: &PublicKey) -> Writer {
    let stored = core.replica().find(edit);
    let member = stored.map(|stored| stored.member);
    let member = member.or_else(|| core.view().member_of(author));
    let Some(member) = member else {
        return Writer {
            person: None,
            member: Name::new("", author.to_string()),
            individual: false,
        };
    };
    named(core, member, core.view().person_of(author))
}

fn named(core: &Core, member: MemberId, person: Option<PersonId>) -> Writer {
    let view = core.view();
    let name = person.and_then(|person| view.person_name(&member, &person));
    let roles = person.map(|person| view.roles_of(&member, &person));
    Writer {
        person: name.map(str::to_owned),
        member: views::member(core, &member),
        individual: roles.is_some_and(|roles| roles.has(Roles::INDIVIDUAL)),
    }
}

/// Who has an editor open, without the reader.
pub(crate) fn present(site: &Site, actor: &Actor, id: &DocumentId) -> Vec<Writer> {
    let (own, now) = (who(site, actor), site.now());
    let mut people = site.presence.of(now, id);
    site.node.read(|core| {
        let elsewhere = core.writing(id, now).into_iter();
        people.extend(elsewhere.map(|(member, person)| Present { member, person }));
        people.sort_unstable();
        people.dedup();
        let others = people.iter().filter(|who| Some(**who) != own);
        let writer = |who: &Present| named(core, who.member, Some(who.person));
        others.map(writer).collect()
    })
}

/// The reader as others see it among who writes.
pub(crate) fn who(site: &Site, actor: &Actor) -> Option<Present> {
    let member = actor.member(site)?;
    let person = actor.person();
    Some(Present { member, person })
}

/// The documents that a test picks, the last changed first.
pub(crate) fn sorted(
    core: &Core,
    pick: impl Fn(&DocumentId, &replica::view::Document) -> bool,
) -> Vec<DocumentId> {
    let known = core.view().documents.iter();
    let known = known.filter(|(id, document)| !document.edits.is_empty() && pick(id, document));
    let mut known: Vec<(Timestamp, DocumentId)> = known
        .map(|(id, document)| (changed(document), *id))
        .collect();
    known.sort_unstable_by_key(|(changed, id)| (std::cmp::Reverse(*changed), *id));
    known.into_iter().map(|(_, id)| id).collect()
}

/// When a document was changed last.
fn changed(document: &replica::view::Document) -> Timestamp {
    let last = document.edits.last();
    last.map(|(time, _)| *time).unwrap_or_default()
}

/// Whether a document is finished or given up.
fn is_closed(document: &replica::view::Document) -> bool {
    let filed = document.filed.as_ref();
    filed.is_some_and(|filed| filed.record.closed)
}

/// A document as lists show it.
pub(crate) fn item(core: &Core, id: &DocumentId) -> Option<Item> {
    let document = core.view().documents.get(id)?;
    let filed = document.filed.as_ref().map(|filed| filed.record);
    let mut members: Vec<&MemberId> = document.members.iter().collect();
    members.sort_by_key(|member| core.view().member_name(member));
    Some(Item {
        document: name(core, id),
        sort: filed.map_or(Sort::Text, |filed| filed.sort),
        circle: filed
            .and_then(|filed| filed.circle)
            .map(|circle| views::circle(core, &circle)),
        members: members
            .into_iter()
            .map(|member| views::member(core, member))
            .collect(),
        changed: changed(document),
        closed: is_closed(document),
    })
}

#[derive(Deserialize)]
pub(crate) struct Which {
    closed: Option<String>,
    #[serde(default)]
    page: usize,
}

/// `GET /documents`
pub(crate) async fn list(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Query(which): Query<Which>,
) -> Result<Response, WebError> {
    let frame = views::frame(&site, Some(&actor), &place)?;
    let (page, closed) = (which.page.max(1), which.closed.is_some());
    let before = (page - 1).saturating_mul(PAGE);
    let view = site.node.read(|core| {
        let open = sorted(core, |_, document| !is_closed(document));
        let over = sorted(core, |_, document| is_closed(document));
        let counts = (open.len(), over.len());
        let shown = if closed { over } else { open };
        let on_page = shown.iter().skip(before).take(PAGE);
        lists::List {
            items: on_page.filter_map(|id| item(core, id)).collect(),
            closed,
            counts,
            page,
            more: shown.len() > before.saturating_add(PAGE),
        }
    });
    Ok(lists::list(&frame, &view).into_response())
}

/// The circles that something can belong to.
fn circles(core: &Core) -> Vec<Name> {
    let known = core.view().circles.values();
    let running = known.filter(|circle| !circle.record.ended);
    running
        .map(|circle| views::circle(core, &circle.id))
        .collect()
}

/// The same with the one it belongs to, which may have ended.
fn circles_with(core: &Core, current: Option<CircleId>) -> Vec<Name> {
    let mut all = circles(core);
    let current = current.map(|circle| views::circle(core, &circle));
    if let Some(current) = current.filter(|current| all.iter().all(|one| one.id != current.id)) {
        all.push(current);
    }
    all
}

/// Where a form says that a document belongs.
fn filing(
    form: &Form,
    document: DocumentId,
    proposal: Option<ProposalId>,
) -> Result<Filing, WebError> {
    let fields = &form.fields;
    let fault = |field, message: &str| WebError::Form(vec![FieldFault::new(field, message)]);
    let circle = fields.optional("circle").map(str::parse).transpose();
    Ok(Filing {
        document,
        sort: fields.parsed("sort", "Choose what it is for.")?,
        circle: circle.map_err(|_| fault("circle", "Choose a circle of the list."))?,
        proposal,
        meeting: None,
        closed: fields.is_ticked("closed"),
    })
}

/// The page of one document, with what was wrong with a form of it.
pub(crate) async fn show(
    site: &Site,
    actor: &Actor,
    place: &Place,
    id: DocumentId,
    who: bool,
    filled: &Filled,
) -> Result<Response, WebError> {
    let read = site
        .documents
        .with(&site.node, id, move |document| Read::of(document, who))
        .await?;
    let frame = views::frame(site, Some(actor), place)?;
    let present = present(site, actor, &id);
    let member = actor.member(site);
    let view = site.node.read(|core| {
        let filed = core
            .view()
            .documents
            .get(&id)
            .and_then(|known| known.filed.as_ref());
        let filed = filed.map(|filed| filed.record);
        let proposal = filed.and_then(|filed| filed.proposal);
        let last = read.last.as_ref();
        document::Document {
            document: Name::new(id.to_string(), &*read.title),
            text: read.text.clone(),
            version: NOW.to_owned(),
            passages: read
                .passages
                .as_deref()
                .and_then(|pieces| passages(core, pieces)),
            writers: read
                .writers
                .iter()
                .map(|(edit, author)| writer(core, edit, author))
                .collect(),
            changed: last.map(|item| (item.time, writer(core, &item.id, &item.author))),
            waiting: read.waiting,
            nearly_full: read.nearly_full,
            began_otherwise: read.began_otherwise,
            lost: lost(core, actor, member, &read),
            present,
            sort: filed.map_or(Sort::Text, |filed| filed.sort),
            circle: filed
                .and_then(|filed| filed.circle)
                .map(|circle| views::circle(core, &circle)),
            proposal: proposal.map(|id| proposal_name(site, core, &id)),
            is_decided: proposal.is_some_and(|id| is_decided(site, core, &id)),
            may_amend: proposal.is_some_and(|id| may_amend(site, core, member, &id)),
            closed: filed.is_some_and(|filed| filed.closed),
            circles: circles_with(core, filed.and_then(|filed| filed.circle)),
            attached: attachments::list(core, &id),
        }
    });
    Ok(document::page(&frame, &view, filled).into_response())
}

/// Whether a proposal was withdrawn or has passed: it gets no next version.
fn is_decided(site: &Site, core: &Core, id: &ProposalId) -> bool {
    let passed = Stand::Closed(Verdict::Passed);
    let decision = core.settled(id, site.now());
    decision.is_some_and(|known| known.state == Stand::Withdrawn || known.state == passed)
}

/// Whether a member can write a next version of a proposal.
fn may_amend(site: &Site, core: &Core, member: Option<MemberId>, id: &ProposalId) -> bool {
    let decision = core.settled(id, site.now());
    decision.is_some_and(|known| Some(known.first.member) == member) && !is_decided(site, core, id)
}

fn proposal_name(site: &Site, core: &Core, id: &ProposalId) -> Name {
    let known = core.settled(id, site.now());
    let title = known.map_or_else(|| id.short(), |decision| decision.version.title.clone());
    Name::new(id.to_string(), title)
}

#[derive(Deserialize)]
pub(crate) struct How {
    who: Option<String>,
}

/// `GET /documents/{id}`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
    Query(how): Query<How>,
) -> Result<Response, WebError> {
    let id = site.node.read(|core| documents::find(core, &id))?;
    show(
        &site,
        &actor,
        &place,
        id,
        how.who.is_some(),
        &Filled::default(),
    )
    .await
}

/// `POST /documents/{id}/restart`
pub(crate) async fn restart(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = site.node.read(|core| documents::find(core, &id))?;
    let work = async {
        documents::restart(&site, form.actor.key()?, id).await?;
        Ok(format!("/documents/{id}?done=begun-anew"))
    };
    on_page(&site, &form, id, work).await
}

/// `POST /documents/{id}/file`
pub(crate) async fn file(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = site.node.read(|core| documents::find(core, &id))?;
    let before = site.node.read(|core| {
        let known = core.view().documents.get(&id)?;
        Some(known.filed.as_ref()?.record)
    });
    let work = async {
        let filing = filing(&form, id, before.and_then(|before| before.proposal))?;
        let meeting = before.and_then(|before| before.meeting);
        // What a later release knows is shown as a text, and stays what it is.
        let known = before.map(|before| before.sort);
        let known = known.filter(|known| known.as_str() == filing.sort.as_str());
        let sort = known.unwrap_or(filing.sort);
        let act = Act::File(Filing {
            meeting,
            sort,
            ..filing
        });
        acts::perform(&site, &form.actor, act).await?;
        Ok(format!("/documents/{id}?done=filed"))
    };
    on_page(&site, &form, id, work).await
}

/// Does what a form on the document's page asks for.
async fn on_page(
    site: &Site,
    form: &Form,
    id: DocumentId,
    work: impl Future<Output = Result<String, WebError>>,
) -> Result<Response, WebError> {
    submit(site, form, work, async |filled| {
        show(site, &form.actor, &form.place, id, false, &filled).await
    })
    .await
}

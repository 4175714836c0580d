//! Documents: the list, a new one, one of them, beginning it anew, saying where it belongs.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use domain::{
    decision::Verdict,
    id::{DocumentId, EntryId, MemberId, PersonId, ProposalId},
    key::PublicKey,
    record::{Filing, Operation, Roles, Sort},
};
use federation::{Act, Core, State as Stand};
use replica::document::{Document, Item as Edit, Outcome};
use serde::Deserialize;

use super::{attachments, submit::submit, views};
use crate::{
    acts,
    auth::{Actor, Form, Place, Signed},
    decisions,
    documents::{self, Present},
    error::{FieldFault, WebError},
    pages::{
        document::{self, Lost, Passage, Why},
        documents::{self as lists, Item, Writer},
        form::Filled,
        history::NOW,
        parts::Name,
    },
    site::Site,
    texts::Texts,
};

/// How many documents a page of the list has.
const PAGE: usize = 100;
/// The most of the reader's changes without effect that are shown, the newest.
const LOST_MAX: usize = 10;
/// The most passages of a text whose writers are named.
const PASSAGES_MAX: usize = 4_000;
/// The most characters of one of them.
const LOST_CHARACTERS_MAX: usize = 2_000;

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

/// Every document, the last changed first.
pub(crate) fn items(
    core: &Core,
    pick: impl Fn(&DocumentId, &replica::view::Document) -> bool,
) -> Vec<Item> {
    let known = core.view().documents.iter();
    let known = known.filter(|(id, document)| !document.edits.is_empty() && pick(id, document));
    let mut items: Vec<Item> = known
        .map(|(id, document)| {
            let filed = document.filed.as_ref().map(|filed| filed.record);
            let last = document.edits.last().map(|(time, _)| *time);
            let mut members: Vec<&MemberId> = document.members.iter().collect();
            members.sort_by_key(|member| core.view().member_name(member));
            Item {
                document: name(core, id),
                sort: filed.map_or(Sort::Text, |filed| filed.sort),
                circle: filed
                    .and_then(|filed| filed.circle)
                    .map(|circle| views::circle(core, &circle)),
                members: members
                    .into_iter()
                    .map(|member| views::member(core, member))
                    .collect(),
                changed: last.unwrap_or_default(),
                closed: filed.is_some_and(|filed| filed.closed),
            }
        })
        .collect();
    items.sort_by(|a, b| {
        b.changed
            .cmp(&a.changed)
            .then_with(|| a.document.id.cmp(&b.document.id))
    });
    items
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
    let items = site.node.read(|core| items(core, |_, _| true));
    let (closed, open): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| item.closed);
    let counts = (open.len(), closed.len());
    let (page, is_closed) = (which.page.max(1), which.closed.is_some());
    let shown = if is_closed { closed } else { open };
    let (before, all) = ((page - 1).saturating_mul(PAGE), shown.len());
    let view = lists::List {
        items: shown.into_iter().skip(before).take(PAGE).collect(),
        closed: is_closed,
        counts,
        page,
        more: all > before.saturating_add(PAGE),
    };
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
        let decision = core.decision(&id, site.now())?;
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

/// What a derived document gives for its page.
struct Read {
    title: String,
    text: Option<String>,
    passages: Option<Vec<(EntryId, PublicKey, String)>>,
    writers: Vec<(EntryId, PublicKey)>,
    last: Option<Edit>,
    waiting: bool,
    nearly_full: bool,
    began_otherwise: bool,
    without: Vec<(Edit, Why)>,
}

impl Read {
    fn of(document: &Document, with_passages: bool) -> Self {
        let mut authors = BTreeSet::new();
        let applied =
            |(item, outcome): (&Edit, Outcome)| (outcome == Outcome::Applied).then(|| item.clone());
        let mut writers = Vec::new();
        for (item, outcome) in document.history() {
            let counts = matches!(outcome, Outcome::Applied | Outcome::Earlier);
            if counts && authors.insert(item.author) {
                writers.push((item.id, item.author));
            }
        }
        let pieces = || {
            let pieces = document.pieces().into_iter();
            pieces
                .map(|piece| (piece.edit, piece.author, piece.text))
                .collect()
        };
        Self {
            title: document.title(),
            text: document.is_here().then(|| document.text()),
            passages: with_passages.then(pieces),
            writers,
            last: document.history().filter_map(applied).last(),
            waiting: document
                .items()
                .any(|item| document.outcome(&item.id) == Some(Outcome::Waits)),
            nearly_full: document.is_nearly_full(),
            began_otherwise: document.begins_as_left() == Some(false),
            without: without(document),
        }
    }
}

/// The edits that are not in the text, and why.
pub(crate) fn without(document: &Document) -> Vec<(Edit, Why)> {
    let left = document.left_behind();
    let why = |item: &Edit| {
        Some(match document.outcome(&item.id)? {
            Outcome::Applied => return None,
            Outcome::Faulty(fault) => Why::Faulty(fault.to_string()),
            Outcome::Full => Why::Full,
            Outcome::Waits => Why::Waits,
            Outcome::Earlier if left.contains(&item.id) => Why::LeftBehind,
            Outcome::Earlier => return None,
        })
    };
    let items = document.items();
    items
        .filter_map(|item| Some((item.clone(), why(item)?)))
        .collect()
}

/// Whether a key is a person's, of this member.
fn is_of(core: &Core, member: Option<MemberId>, person: &PersonId, key: &PublicKey) -> bool {
    let known = member.and_then(|member| core.view().granted_by(&member, key));
    known.is_some_and(|known| known.person == Some(*person))
}

/// The words that an edit puts in.
fn inserted(item: &Edit) -> Vec<&str> {
    let inserted = item.edit.operations.iter();
    let inserted = inserted.filter_map(|operation| match operation {
        Operation::Splice { insert, .. } if !insert.trim().is_empty() => Some(insert.as_str()),
        _ => None,
    });
    inserted.collect()
}

fn words_of(item: &Edit) -> String {
    let words = inserted(item).join("\n\n");
    words.chars().take(LOST_CHARACTERS_MAX).collect()
}

fn lost(core: &Core, actor: &Actor, member: Option<MemberId>, read: &Read) -> Vec<Lost> {
    let text = read.text.as_deref().unwrap_or("");
    let own = read.without.iter().filter(|(item, _)| {
        // Words that were put in again, or carried over, are not lost.
        let is_there = !inserted(item).is_empty()
            && inserted(item)
                .iter()
                .all(|words| text.contains(words.trim()));
        !is_there && is_of(core, member, &actor.person(), &item.author)
    });
    let mut lost: Vec<Lost> = own
        .map(|(item, why)| Lost {
            at: item.time,
            why: why.clone(),
            words: words_of(item),
        })
        .collect();
    lost.sort_by_key(|lost| std::cmp::Reverse(lost.at));
    lost.truncate(LOST_MAX);
    lost
}

/// Who wrote what, if it is not in more pieces than anybody would read.
fn passages(core: &Core, pieces: &[(EntryId, PublicKey, String)]) -> Option<Vec<Passage>> {
    let mut writers: BTreeMap<PublicKey, Writer> = BTreeMap::new();
    let mut passages: Vec<Passage> = Vec::new();
    for pieces in pieces.chunk_by(|a, b| a.1 == b.1) {
        let (edit, author, _) = &pieces[0];
        let known = writers.entry(*author);
        let known = known.or_insert_with(|| writer(core, edit, author));
        if passages.len() == PASSAGES_MAX {
            return None;
        }
        passages.push(Passage {
            writer: known.clone(),
            text: pieces.iter().map(|(_, _, text)| text.as_str()).collect(),
        });
    }
    Some(passages)
}

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
            may_amend: proposal.is_some_and(|id| may_amend(site, core, member, &id)),
            closed: filed.is_some_and(|filed| filed.closed),
            circles: circles(core),
            attached: attachments::list(core, &id),
        }
    });
    Ok(document::page(&frame, &view, filled).into_response())
}

/// Whether a member can write a next version of a proposal.
fn may_amend(site: &Site, core: &Core, member: Option<MemberId>, id: &ProposalId) -> bool {
    let passed = Stand::Closed(Verdict::Passed);
    core.decision(id, site.now()).is_some_and(|decision| {
        let is_over = decision.state == Stand::Withdrawn || decision.state == passed;
        Some(decision.first.member) == member && !is_over
    })
}

fn proposal_name(site: &Site, core: &Core, id: &ProposalId) -> Name {
    let known = core.decision(id, site.now());
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
        let act = Act::File(Filing { meeting, ..filing });
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

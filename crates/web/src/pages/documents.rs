//! Documents as a list, and beginning one.

use domain::{id::Timestamp, record::Sort};
use maud::{Markup, html};

use super::form::{Field, Filled, csrf};
use super::frame::{Area, Frame, Head, document};
use super::parts::{Name, circle_link, crumbs, member_link, page_head};
use crate::catalogue::{Language, Plain};

/// Who wrote something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer {
    /// The person's name, if it is known.
    pub person: Option<String>,
    /// The member the person wrote for.
    pub member: Name,
    /// The person is the member: an individual.
    pub individual: bool,
}

impl Writer {
    /// The person with its member.
    pub(crate) fn words(&self, say: Language) -> Markup {
        let member = member_link(&self.member);
        match &self.person {
            _ if self.individual => member,
            Some(person) => say.person_of_member(person, member),
            None => say.someone_of(member),
        }
    }

    /// The same without links.
    pub(crate) fn plain(&self, say: Language) -> Markup {
        match &self.person {
            _ if self.individual => html! { (self.member.name) },
            Some(person) => say.person_of_member(person, &self.member.name),
            None => say.someone_of(&self.member.name),
        }
    }

    /// The same as plain text.
    pub(crate) fn unescaped(&self, say: Language) -> Markup {
        let member = Plain(&self.member.name);
        match &self.person {
            _ if self.individual => html! { (member) },
            Some(person) => say.person_of_member(Plain(person), member),
            None => say.someone_of(member),
        }
    }
}

/// One document of a list.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its id and title.
    pub document: Name,
    /// What it is for.
    pub sort: Sort,
    /// The circle it belongs to.
    pub circle: Option<Name>,
    /// The members whose people wrote in it.
    pub members: Vec<Name>,
    /// Its last change.
    pub changed: Timestamp,
    /// It is finished or given up.
    pub closed: bool,
}

/// What a document is for.
pub(crate) fn sort_name(say: Language, sort: Sort) -> Markup {
    match sort {
        Sort::Text | Sort::Other(_) => say.sort_text(),
        Sort::Draft => say.sort_draft(),
        Sort::Agenda => say.sort_agenda(),
        Sort::Minutes => say.sort_minutes(),
    }
}

/// A page of the list of documents.
#[derive(Debug, Clone)]
pub struct List {
    /// What is on it, the last changed first.
    pub items: Vec<Item>,
    /// Whether it shows those that are finished or given up.
    pub closed: bool,
    /// How many are being written, and how many are finished or given up.
    pub counts: (usize, usize),
    /// Which page, from 1.
    pub page: usize,
    /// Whether there are more.
    pub more: bool,
}

impl List {
    fn address(closed: bool, page: usize) -> String {
        let closed = if closed { "closed=1&" } else { "" };
        format!("/documents?{closed}page={page}")
    }
}

/// The documents, the last changed first.
#[must_use]
pub fn list(frame: &Frame, view: &List) -> Markup {
    let say = frame.language;
    let (open, closed) = view.counts;
    let tab = |name: Markup, is_closed: bool, count: usize| {
        let current = (view.closed == is_closed).then_some("page");
        html! {
            a href=(List::address(is_closed, 1)) aria-current=[current] {
                (name) span.muted { (count) }
            }
        }
    };
    let heading = match view.closed {
        true => say.documents_closed(),
        false => say.documents_open(),
    };
    let body = html! {
        div.section-head {
            (page_head(
                crumbs(say, &[("/decide", say.decide())], say.documents()),
                say.documents(),
                say.documents_are(),
            ))
            a.btn href="/documents/new" { (say.new_document()) }
        }
        nav.tabs aria-label=(say.which_documents()) data-live="tabs" {
            (tab(say.documents_open(), false, open))
            (tab(say.documents_closed(), true, closed))
        }
        section aria-labelledby="list-title" data-live="list" {
            h2.vh id="list-title" { (heading) }
            @if !view.items.is_empty() { (table(frame, &view.items)) }
            @else if view.closed { p.empty { (say.documents_closed_empty()) } }
            @else { p.empty { (say.documents_empty()) } }
            p.links {
                @if view.page > 1 {
                    a rel="prev" href=(List::address(view.closed, view.page - 1)) {
                        (say.newer_documents())
                    }
                }
                @if view.more {
                    a rel="next" href=(List::address(view.closed, view.page + 1)) {
                        (say.older_documents())
                    }
                }
            }
        }
    };
    document(frame, &Head::live(say.documents(), Area::Decide), body)
}

fn table(frame: &Frame, items: &[Item]) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        table.cards {
            caption { (say.documents_listed(items.len() as u64)) }
            thead {
                tr {
                    th scope="col" { (say.document()) }
                    th scope="col" { (say.sort_of_document()) }
                    th scope="col" { (say.written_by()) }
                    th scope="col" { (say.last_change()) }
                }
            }
            tbody {
                @for item in items {
                    tr {
                        th scope="row" {
                            a href={ "/documents/" (item.document.id) } { (item.document.name) }
                        }
                        td data-label=(say.sort_of_document()) {
                            span {
                                (sort_name(say, item.sort))
                                @if let Some(circle) = &item.circle {
                                    span.sub { (circle_link(circle)) }
                                }
                            }
                        }
                        td data-label=(say.written_by()) {
                            span { (say.list(item.members.iter().map(member_link).collect())) }
                        }
                        td data-label=(say.last_change()) { span { (clock.past(item.changed)) } }
                    }
                }
            }
        }
    }
}

/// What the form of a new document starts from.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// What it is for.
    pub sort: Sort,
    /// The title it is offered.
    pub title: String,
    /// The text it is offered.
    pub text: String,
    /// The circle it belongs to, by its id.
    pub circle: String,
    /// The circles it can belong to.
    pub circles: Vec<Name>,
    /// The proposal it is to become the next version of.
    pub proposal: Option<Name>,
}

/// The form of a new document.
#[must_use]
pub fn new(frame: &Frame, view: &Beginning, filled: &Filled) -> Markup {
    let say = frame.language;
    let circles: Vec<(String, Markup)> = view
        .circles
        .iter()
        .map(|circle| (circle.id.clone(), html! { (circle.name) }))
        .collect();
    let sorts: Vec<(String, Markup)> = Sort::ALL
        .iter()
        .map(|sort| (sort.as_str().to_owned(), sort_name(say, *sort)))
        .collect();
    let body = html! {
        (page_head(
            crumbs(say, &[("/decide", say.decide()), ("/documents", say.documents())], say.new_document()),
            say.new_document(),
            say.new_document_below(),
        ))
        form.narrow method="post" action="/documents" {
            (csrf(frame.csrf()))
            @if let Some(proposal) = &view.proposal {
                input type="hidden" name="proposal" value=(proposal.id);
                p {
                    (say.next_version_of(html! {
                        a href={ "/decide/" (proposal.id) } { (proposal.name) }
                    }))
                }
            }
            (Field::new(say, filled, "title", say.title()).hint(say.document_title_hint())
                .initial(&view.title).required().line("text", None))
            (Field::new(say, filled, "sort", say.sort_of_document()).initial(view.sort.as_str())
                .select(None, &sorts))
            @if !circles.is_empty() {
                (Field::new(say, filled, "circle", say.circle()).initial(&view.circle)
                    .select(Some(say.all_members()), &circles))
            }
            (Field::new(say, filled, "text", say.text()).hint(say.document_text_hint())
                .initial(&view.text).area(10))
            div.buttons {
                button.btn.primary { (say.begin_it()) }
                a href="/documents" { (say.leave()) }
            }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(say.new_document(), Area::Decide)
    };
    document(frame, &head, body)
}

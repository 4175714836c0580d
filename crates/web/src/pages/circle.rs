//! Circles: all of them, one, and the forms that make and change one.

pub(crate) mod documents;
mod people;

pub use documents::Documents;

use domain::id::Timestamp;
use maud::{Markup, html};

use super::action::{self, People};
use super::decide::Item;
use super::federation::person_name;
use super::form::{Field, Filled, csrf};
use super::frame::{Area, Frame, Head, document};
use super::parts::{Name, circle_link, crumbs, member_link, note, page_head, paragraphs};
use super::work::{
    ActionPoint, Around, Happening, Term, action_state, action_words, happenings, open_actions,
};

/// A circle of the list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its id and name.
    pub circle: Name,
    /// What it is for.
    pub domain: String,
    /// People with a role in it.
    pub people: u64,
    /// It has ended.
    pub ended: bool,
}

/// All circles.
#[must_use]
pub fn list(frame: &Frame, circles: &[Listed]) -> Markup {
    let say = frame.language;
    let body = html! {
        div.section-head {
            (page_head(
                crumbs(say, &[("/federation", say.federation())], say.circles()),
                say.circles(), say.circles_explained(),
            ))
            a.btn href="/circles/new" { (say.start_circle()) }
        }
        div data-live="circles" {
            @if circles.is_empty() { p.empty { (say.no_circles()) } }
            @else {
                ul.rows {
                    @for listed in circles {
                        li {
                            strong { (circle_link(&listed.circle)) }
                            span { (listed.domain) }
                            span.meta.go {
                                @if listed.ended { (say.ended()) }
                                @else { (say.people_counted(listed.people)) }
                            }
                        }
                    }
                }
            }
        }
    };
    document(frame, &Head::live(say.circles(), Area::Federation), body)
}

/// One of a circle's people.
#[derive(Debug, Clone)]
pub struct Participant {
    /// The person's name; nothing where it has not arrived or was erased.
    pub name: Option<String>,
    /// The person's member.
    pub member: Name,
    /// What it does there.
    pub roles: Vec<Part>,
}

/// What somebody does in a circle.
#[derive(Debug, Clone)]
pub struct Part {
    /// It coordinates the circle.
    pub coordinates: bool,
    /// What that is called.
    pub title: String,
    /// Until when.
    pub until: Option<Timestamp>,
    /// A decision of the federation says so.
    pub by_decision: bool,
}

/// One circle.
#[derive(Debug, Clone)]
pub struct Circle {
    /// Its id and name.
    pub circle: Name,
    /// The member that keeps its record.
    pub keeper: Name,
    /// What it is for.
    pub domain: String,
    /// When it meets.
    pub rhythm: String,
    /// It has ended.
    pub ended: bool,
    /// Who is in it, the coordinator first.
    pub people: Vec<Participant>,
    /// The reader is in it: joined, or with a role.
    pub joined: bool,
    /// The reader joined it by itself.
    pub joined_itself: bool,
    /// The end of its coordinator's term, if that is near or past.
    pub term: Option<Term>,
    /// Action points that are to be done, by the day they are due.
    pub open: Vec<ActionPoint>,
    /// Those that were done or dropped, the last first.
    pub closed: Vec<ActionPoint>,
    /// Who can do one.
    pub doers: People,
    /// The reader, as in the list of who can do one.
    pub own: String,
    /// When it gathers next.
    pub gatherings: Vec<Happening>,
    /// Its documents.
    pub documents: Documents,
    /// Proposals for it, newest first.
    pub proposals: Vec<Item>,
    /// The reader may change it.
    pub may_edit: bool,
    /// People of the reader's member who can be given a role: id and name.
    pub candidates: Vec<Name>,
}

/// The forms of the page.
#[derive(Debug, Clone, Default)]
pub struct Forms {
    /// The one that gives a role.
    pub role: Filled,
    /// The one that adds an action point.
    pub action: Filled,
    /// What an action point comes from; empty for nothing.
    pub source: String,
}

/// One circle's page.
#[must_use]
pub fn page(frame: &Frame, view: &Circle, forms: &Forms) -> Markup {
    let say = frame.language;
    let above = [
        ("/federation", say.federation()),
        ("/circles", say.circles()),
    ];
    let body = html! {
        (page_head(
            crumbs(say, &above, html! { (view.circle.name) }),
            html! { (view.circle.name) },
            if view.ended { say.circle_ended() } else { say.kept_by(member_link(&view.keeper)) },
        ))
        div.split {
            div.col {
                (term(frame, view))
                section {
                    h2 { (say.what_it_is_for()) }
                    div.words { (paragraphs(&view.domain)) }
                    @if !view.rhythm.is_empty() { p { (say.it_meets(&view.rhythm)) } }
                    @if view.may_edit {
                        div.buttons {
                            a.btn href={ "/circles/" (view.circle.id) "/edit" } { (say.edit_circle()) }
                        }
                    }
                }
                (actions(frame, view, forms))
                (proposals(frame, &view.proposals))
                (documents::section(
                    frame, &view.circle.id, None, &view.documents, !view.ended,
                ))
            }
            div.col {
                (gatherings(frame, view))
                (people::section(frame, view))
                (people::role_form(frame, view, &forms.role))
            }
        }
    };
    let title = html! { (view.circle.name) };
    let sent = [&forms.role, &forms.action];
    let head = Head {
        filled: sent.into_iter().find(|filled| filled.has_errors()),
        ..Head::live(title, Area::Federation)
    };
    document(frame, &head, body)
}

fn term(frame: &Frame, view: &Circle) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let Some(term) = &view.term else {
        return Markup::default();
    };
    let (person, day) = (
        person_name(frame, term.person.as_deref()),
        clock.day(term.until),
    );
    let words = match term.until <= frame.now {
        true => say.term_ended(person, day),
        false => say.term_ends(person, day),
    };
    note(say.term_title(), html! { p { (words) } })
}

fn actions(frame: &Frame, view: &Circle, forms: &Forms) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let path = format!("/circles/{}", view.circle.id);
    html! {
        section aria-labelledby="actions-title" {
            div.stack data-live="actions" {
                h2 id="actions-title" { (say.action_points()) }
                @if view.open.is_empty() { p.empty { (say.no_open_actions()) } }
                @else { (open_actions(frame, &view.open, Around::Circle, &path)) }
                @if !view.closed.is_empty() {
                    details {
                        summary { (say.show_closed_actions()) }
                        ul.rows {
                            @for action in &view.closed {
                                li {
                                    a href={ "/actions/" (action.id) } { (action_words(frame, action)) }
                                    span.meta {
                                        (say.action_changed(
                                            action_state(frame, action.state),
                                            clock.past(action.changed),
                                        ))
                                    }
                                }
                            }
                        }
                    }
                }
            }
            @if view.joined && !view.ended {
                (action::add(
                    frame, &view.circle.id, &view.doers, &view.own, &forms.source, &forms.action,
                ))
            }
        }
    }
}

fn gatherings(frame: &Frame, view: &Circle) -> Markup {
    let say = frame.language;
    html! {
        section aria-labelledby="gatherings-title" {
            h2 id="gatherings-title" { (say.next_gatherings()) }
            div data-live="gatherings" {
                @if view.gatherings.is_empty() { p.empty { (say.no_gathering()) } }
                @else { (happenings(frame, &view.gatherings, Around::Circle)) }
            }
            @if view.joined && !view.ended {
                div.buttons {
                    a.btn href={ "/circles/" (view.circle.id) "/gatherings/new" } {
                        (say.new_gathering())
                    }
                }
            }
        }
    }
}

fn proposals(frame: &Frame, items: &[Item]) -> Markup {
    let say = frame.language;
    html! {
        section data-live="proposals" {
            h2 { (say.decisions()) }
            @if items.is_empty() { p.empty { (say.no_proposals_for_circle()) } }
            @else {
                ul.rows {
                    @for item in items {
                        li {
                            a href={ "/decide/" (item.proposal.id) } { (item.proposal.name) }
                            (item.state.pill(say))
                        }
                    }
                }
            }
        }
    }
}

/// The form of a new circle, or of the one whose id is given; `circle` is name, domain, rhythm.
#[must_use]
pub fn edit(
    frame: &Frame,
    id: Option<&str>,
    circle: [&str; 3],
    ended: bool,
    filled: &Filled,
) -> Markup {
    let say = frame.language;
    let [name, domain, rhythm] = circle;
    let heading = if id.is_some() {
        say.edit_circle()
    } else {
        say.start_circle()
    };
    let action = id.map_or_else(|| "/circles".to_owned(), |id| format!("/circles/{id}"));
    let above = [
        ("/federation", say.federation()),
        ("/circles", say.circles()),
    ];
    let body = html! {
        (page_head(
            crumbs(say, &above, heading.clone()), heading.clone(), say.every_member_sees_it(),
        ))
        form.narrow method="post" action=(action) {
            (csrf(frame.csrf()))
            (Field::new(say, filled, "name", say.name()).initial(name).required().line("text", None))
            (Field::new(say, filled, "domain", say.what_it_is_for()).hint(say.domain_hint())
                .initial(domain).required().area(4))
            (Field::new(say, filled, "rhythm", say.rhythm()).hint(say.rhythm_hint()).initial(rhythm)
                .line("text", None))
            @if id.is_some() {
                (Field::new(say, filled, "ended", say.circle_has_ended())
                    .initial(if ended { "yes" } else { "" }).check())
            }
            div.buttons { button.btn.primary { (say.save()) } a href="/circles" { (say.leave()) } }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(heading, Area::Federation)
    };
    document(frame, &head, body)
}

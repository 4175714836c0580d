//! Circles: all of them, one, and the forms that make and change one.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::decide::Item;
use super::federation::person_name;
use super::form::{Field, Filled, csrf};
use super::frame::{Area, Frame, Head, document};
use super::parts::{Name, circle_link, crumbs, member_link, page_head, paragraphs};

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

/// A role in a circle.
#[derive(Debug, Clone)]
pub struct Role {
    /// The person's id.
    pub person: String,
    /// The person's name; nothing where it has not arrived or was erased.
    pub name: Option<String>,
    /// The person's member.
    pub member: Name,
    /// What the person is in the circle.
    pub title: String,
    /// Until when.
    pub until: Option<Timestamp>,
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
    /// Who is in it.
    pub roles: Vec<Role>,
    /// Proposals for it, newest first.
    pub proposals: Vec<Item>,
    /// The reader may change it.
    pub may_edit: bool,
    /// People of the reader's member who can be given a role: id and name.
    pub candidates: Vec<Name>,
}

/// One circle's page.
#[must_use]
pub fn page(frame: &Frame, view: &Circle, filled: &Filled) -> Markup {
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
                (proposals(frame, &view.proposals))
            }
            div.col { (people(frame, view)) (role_form(frame, view, filled)) }
        }
    };
    let title = html! { (view.circle.name) };
    let head = Head {
        filled: Some(filled),
        ..Head::live(title, Area::Federation)
    };
    document(frame, &head, body)
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

fn people(frame: &Frame, view: &Circle) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        section data-live="people" {
            h2 { (say.people()) }
            @if view.roles.is_empty() { p.empty { (say.nobody_in_circle()) } }
            @else {
                ul.rows {
                    @for role in &view.roles {
                        li {
                            strong { (person_name(frame, role.name.as_deref())) }
                            span { (role.title) }
                            span.meta {
                                (member_link(&role.member))
                                @if let Some(until) = role.until { " · " (say.until(clock.day(until))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn role_form(frame: &Frame, view: &Circle, filled: &Filled) -> Markup {
    let say = frame.language;
    if view.candidates.is_empty() || view.ended {
        return Markup::default();
    }
    let people: Vec<(String, Markup)> = view
        .candidates
        .iter()
        .map(|person| (person.id.clone(), html! { (person.name) }))
        .collect();
    html! {
        section {
            h2.h3 { (say.give_a_role()) }
            form method="post" action={ "/circles/" (view.circle.id) "/roles" } {
                (csrf(frame.csrf()))
                (Field::new(say, filled, "person", say.person()).required()
                    .select(Some(say.choose_person()), &people))
                (Field::new(say, filled, "title", say.role_in_circle()).hint(say.role_title_hint())
                    .line("text", None))
                (Field::new(say, filled, "until", say.until_when()).hint(say.until_hint())
                    .line("date", None))
                div.buttons { button.btn { (say.save()) } }
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

//! The people of a circle, with the forms to join, to leave and to give a role.

use maud::{Markup, html};

use super::super::{
    federation::person_name,
    form::{Field, Filled, csrf},
    frame::Frame,
    parts::member_link,
};
use super::{Circle, Part, Participant};

pub(super) fn section(frame: &Frame, view: &Circle) -> Markup {
    let say = frame.language;
    html! {
        section aria-labelledby="people-title" {
            h2 id="people-title" { (say.people()) }
            div data-live="people" {
                @if view.people.is_empty() { p.empty { (say.nobody_in_circle_yet()) } }
                @else { ul.rows { @for each in &view.people { (participant(frame, each)) } } }
            }
            (membership(frame, view))
        }
    }
}

fn participant(frame: &Frame, each: &Participant) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        li {
            strong { (person_name(frame, each.name.as_deref())) }
            @for Part { coordinates, title, until, by_decision } in &each.roles {
                span {
                    @match (coordinates, until) {
                        (true, Some(until)) => (say.coordinator_until(clock.day(*until))),
                        (true, None) => (say.coordinator()),
                        (false, Some(until)) => (say.role_until(title, clock.day(*until))),
                        (false, None) => (title),
                    }
                    @if *by_decision { " (" a href="/in-force" { (say.by_decision()) } ")" }
                }
            }
            span.meta.go { (member_link(&each.member)) }
        }
    }
}

fn membership(frame: &Frame, view: &Circle) -> Markup {
    let say = frame.language;
    let path = format!("/circles/{}", view.circle.id);
    let button = |verb: &str, words: Markup, primary: bool| {
        html! {
            form method="post" action={ (path) "/" (verb) } {
                (csrf(frame.csrf()))
                button.btn.primary[primary] { (words) }
            }
        }
    };
    html! {
        @if view.joined_itself {
            p { (say.you_are_in_circle()) }
            (button("leave", say.leave_circle(), false))
        } @else if !view.ended {
            @if !view.joined { p { (say.join_to_work()) } }
            (button("join", say.join_circle(), true))
        }
    }
}

pub(super) fn role_form(frame: &Frame, view: &Circle, filled: &Filled) -> Markup {
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

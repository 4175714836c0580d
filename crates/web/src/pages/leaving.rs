//! Leaving the federation: what is handed over first, and that a member has left.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::frame::Frame;
use crate::leaving::{Departed, Held, Leaving, Open};

/// That a member is one no more, in a sentence.
pub(super) fn departed(frame: &Frame, departed: &Departed) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let height = html! { a href={ "/register/" (departed.height) } { (departed.height) } };
    let name = &departed.name;
    match (departed.expelled, departed.time()) {
        (false, Some(at)) => say.member_left(name, height, clock.day(at)),
        (false, None) => say.member_left_undated(name, height),
        (true, Some(at)) => say.member_expelled(name, height, clock.day(at)),
        (true, None) => say.member_expelled_undated(name, height),
    }
}

fn part(heading: Markup, all: Vec<Markup>) -> Markup {
    html! {
        @if !all.is_empty() {
            h3 { (heading) }
            ul.stack { @for one in all { li { (one) } } }
        }
    }
}

fn held(frame: &Frame, one: &Held) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let person = super::federation::person_name(frame, one.person.as_deref());
    html! {
        (person) ": " (one.title)
        @if let Some(circle) = &one.circle { " (" (circle) ")" }
        @if let Some(until) = one.until_ms {
            ", " (say.held_until(clock.day(Timestamp(until))))
        }
    }
}

fn action(frame: &Frame, one: &Open) -> Markup {
    let person = super::federation::person_name(frame, one.person.as_deref());
    html! { a href={ "/actions/" (one.id) } { (one.of) } ": " (person) }
}

/// What the node's page says of leaving, for a steward.
pub(super) fn section(frame: &Frame, view: &Leaving) -> Markup {
    let say = frame.language;
    let names = |all: Vec<&String>| all.into_iter().map(|name| html! { (name) }).collect();
    html! {
        section.area aria-labelledby="leaving-title" {
            h2 id="leaving-title" { (say.leaving_the_federation()) }
            p.muted { (say.leaving_explained()) }
            @if view.is_validator {
                p {
                    (say.leaving_validators(
                        view.validators, view.validators - 1, view.faulty, view.faulty_after,
                    ))
                }
            }
            (part(say.leaving_hosted(), names(view.hosted.iter().map(|one| &one.name).collect())))
            (part(say.leaving_asking(), names(view.asking.iter().collect())))
            (part(say.leaving_offices(), view.offices.iter().map(|one| held(frame, one)).collect()))
            (part(
                say.leaving_coordinates(),
                view.coordinates.iter().map(|one| held(frame, one)).collect(),
            ))
            (part(say.leaving_actions(), view.actions.iter().map(|one| action(frame, one)).collect()))
            (part(
                say.leaving_proposals(),
                view.proposals
                    .iter()
                    .map(|one| html! { a href={ "/decide/" (one.id) } { (one.of) } })
                    .collect(),
            ))
            p { (say.leaving_command()) }
            pre.scroll tabindex="0" role="region" aria-labelledby="leaving-title" {
                code { "folkmoot leave" }
            }
        }
    }
}

//! The first steps of a new co-op, on home until all are done or the list is put away.

use maud::{Markup, html};

use super::{form::csrf, frame::Frame, parts::icon};
use crate::onboarding::Step;

/// The list.
#[derive(Debug, Clone)]
pub struct Checklist {
    /// The steps, each with whether it is done.
    pub steps: Vec<(Step, bool)>,
    /// The member's id, for the address of its profile.
    pub member: String,
    /// Whether this node sends mail.
    pub sends_mail: bool,
}

/// The list with a link to what is to be done.
pub(crate) fn section(frame: &Frame, list: &Checklist) -> Markup {
    let say = frame.language;
    let all = list.steps.len() as u64;
    let done = list.steps.iter().filter(|(_, done)| *done).count();
    html! {
        section.box aria-labelledby="checklist-title" data-live="checklist" {
            h2 id="checklist-title" { (say.first_steps()) }
            p { (say.first_steps_done(all, done)) }
            ul.rows.steps {
                @for (step, is_done) in &list.steps {
                    li {
                        @if *is_done {
                            span.word.k-agree { (icon("yes")) span.vh { (say.step_is_done()) } }
                            span { (name(frame, *step)) }
                        } @else {
                            span.word.k-rest { (icon("none")) span.vh { (say.step_to_do()) } }
                            div {
                                p { a href=(path(list, *step)) { (name(frame, *step)) } }
                                p.meta { (hint(frame, list, *step)) }
                            }
                        }
                    }
                }
            }
            form method="post" action="/checklist/hide" {
                (csrf(frame.csrf()))
                button.btn.quiet { (say.hide_first_steps()) }
            }
        }
    }
}

fn path(list: &Checklist, step: Step) -> &'static str {
    match step {
        Step::Profile => "/profile",
        Step::Delegate | Step::SecondSteward | Step::People => "/node/people",
        Step::Circle => "/circles",
        Step::Vote => "/decide?show=needs",
        Step::Node => "/node",
        Step::Host => "/node/hosted",
        Step::Mail if list.sends_mail => "/account#reminders",
        Step::Mail => "/node",
    }
}

fn name(frame: &Frame, step: Step) -> Markup {
    let say = frame.language;
    match step {
        Step::Profile => say.step_profile(),
        Step::Delegate => say.step_delegate(),
        Step::SecondSteward => say.step_second_steward(),
        Step::People => say.step_people(),
        Step::Circle => say.step_circle(),
        Step::Vote => say.step_vote(),
        Step::Node => say.step_node(),
        Step::Host => say.step_host(),
        Step::Mail => say.step_mail(),
    }
}

fn hint(frame: &Frame, list: &Checklist, step: Step) -> Markup {
    let say = frame.language;
    match step {
        Step::Profile => say.step_profile_hint(),
        Step::Delegate => say.step_delegate_hint(),
        Step::SecondSteward => say.step_second_steward_hint(),
        Step::People => say.step_people_hint(),
        Step::Circle => say.step_circle_hint(),
        Step::Vote => say.step_vote_hint(),
        Step::Node => say.step_node_hint(),
        Step::Host => say.step_host_hint(),
        Step::Mail if list.sends_mail => say.step_mail_hint(),
        Step::Mail => say.step_mail_off_hint(),
    }
}

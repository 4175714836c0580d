//! One action point: what it says, and the forms that make and change one.

use domain::record::ActionState;
use maud::{Markup, html};

use super::{
    form::{Field, Filled, csrf},
    frame::{Area, Frame, Head, document},
    parts::{Name, circle_link, crumbs, page_head},
    work::{ActionPoint, action_state, action_words, doer, due},
};

/// People to choose from: `member:person`, or `member:` for anybody of it, with their names.
pub type People = Vec<Name>;

/// The value of who does it, as in [`People`].
pub(crate) fn doer_value(action: &ActionPoint) -> String {
    let person = action.doer.person.as_ref();
    let person = person.map_or("", |(id, _)| id);
    format!("{}:{person}", action.doer.member.id)
}

fn who(frame: &Frame, filled: &Filled, people: &People, initial: &str) -> Markup {
    let say = frame.language;
    let options: Vec<(String, Markup)> = people
        .iter()
        .map(|each| match each.id.ends_with(':') {
            true => (each.id.clone(), say.action_anyone(&each.name)),
            false => (each.id.clone(), html! { (each.name) }),
        })
        .collect();
    Field::new(say, filled, "who", say.action_who())
        .initial(initial)
        .required()
        .select(Some(say.choose_person()), &options)
}

/// The form that adds one to a circle; `source` is what it comes from.
pub(crate) fn add(
    frame: &Frame,
    circle: &str,
    people: &People,
    own: &str,
    source: &str,
    filled: &Filled,
) -> Markup {
    let say = frame.language;
    html! {
        details open[filled.is_sent() || !source.is_empty()] id="add-action" {
            summary { (say.add_action()) }
            form method="post" action={ "/circles/" (circle) "/actions" } {
                (csrf(frame.csrf()))
                input type="hidden" name="source" value=(source);
                (Field::new(say, filled, "what", say.action_what()).hint(say.action_what_hint())
                    .required().line("text", None))
                (who(frame, filled, people, own))
                (Field::new(say, filled, "due", say.action_due()).hint(say.action_due_hint())
                    .line("date", None))
                div.buttons { button.btn.primary { (say.add_action()) } }
            }
        }
    }
}

/// One action point's page; `day` is the day it is due, as forms write it.
#[must_use]
pub fn page(
    frame: &Frame,
    action: &ActionPoint,
    people: &People,
    day: &str,
    filled: &Filled,
) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let circle = format!("/circles/{}", action.circle.id);
    let above = [
        ("/circles", say.circles()),
        (&*circle, html! { (action.circle.name) }),
    ];
    let begun = super::federation::person_name(frame, action.begun.0.as_deref());
    let body = html! {
        (page_head(
            crumbs(say, &above, say.action_point()),
            action_words(frame, action),
            say.of_circle(circle_link(&action.circle)),
        ))
        section {
            p {
                strong { (action_state(frame, action.state)) }
                @if action.state == ActionState::Open { " · " (due(frame, action)) }
            }
            p { (doer(frame, &action.doer)) }
            @if let Some((path, title)) = &action.source {
                p { (say.action_from(html! { a href=(path) { (title) } })) }
            }
            p.small.muted { (say.begun_by(begun, clock.past(action.begun.1))) }
        }
        @if action.may_change {
            section.area {
                h2 { (say.change_action()) }
                (change(frame, action, people, day, filled))
            }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(action_words(frame, action), Area::Federation)
    };
    document(frame, &head, body)
}

fn change(
    frame: &Frame,
    action: &ActionPoint,
    people: &People,
    day: &str,
    filled: &Filled,
) -> Markup {
    let say = frame.language;
    let states = [ActionState::Open, ActionState::Done, ActionState::Dropped];
    let states: Vec<(String, Markup)> = states
        .into_iter()
        .map(|state| (state.as_str().to_owned(), action_state(frame, state)))
        .collect();
    html! {
        form.narrow method="post" action={ "/actions/" (action.id) } {
            (csrf(frame.csrf()))
            (Field::new(say, filled, "what", say.action_what())
                .initial(action.words.as_deref().unwrap_or("")).line("text", None))
            (who(frame, filled, people, &doer_value(action)))
            (Field::new(say, filled, "due", say.action_due()).hint(say.action_due_hint())
                .initial(day).line("date", None))
            (Field::new(say, filled, "state", say.action_state())
                .initial(action.state.as_str()).select(None, &states))
            div.buttons { button.btn.primary { (say.save()) } }
        }
    }
}

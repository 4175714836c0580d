//! What follows from a decision: when it is looked at again, and what is to be done.

use maud::{Markup, html};

use super::view::Decision;
use crate::pages::{
    form::{Field, Filled, csrf},
    frame::Frame,
    parts::icon,
    work::{Around, open_actions},
};

/// The day of review, with the form that sets it.
pub(super) fn section(frame: &Frame, view: &Decision, filled: &Filled) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    if view.review.is_none() && !view.may.review {
        return Markup::default();
    }
    let day = view.review.map(|date| clock.day_value(date));
    let day = day.unwrap_or_default();
    html! {
        section.stack aria-labelledby="review-title" id="review" {
            h2.h3 id="review-title" { (say.review()) }
            @match view.review {
                Some(date) if date <= frame.now => p {
                    span.word.k-action { (icon("review")) span { (say.state_under_review()) } }
                    ". " (say.review_overdue(clock.day(date)))
                },
                Some(date) => p { (say.review_due(clock.day(date))) },
                None => {}
            }
            @if view.may.review {
                details open[filled.has_errors()] {
                    summary {
                        @if view.review.is_some() { (say.change_review()) }
                        @else { (say.set_review()) }
                    }
                    form method="post" action={ "/decide/" (view.id) "/review" } {
                        (csrf(frame.csrf()))
                        (Field::new(say, filled, "day", say.review_day())
                            .hint(say.review_day_hint()).initial(&day).line("date", None))
                        div.buttons { button.btn { (say.save()) } }
                    }
                }
            }
        }
    }
}

/// The action points that come from the decision, and the way to one more.
pub(super) fn actions(frame: &Frame, view: &Decision) -> Markup {
    let say = frame.language;
    // In the archive circles have no address.
    let circle = view.circle.as_ref().filter(|circle| !circle.id.is_empty());
    let Some(circle) = circle else {
        return Markup::default();
    };
    html! {
        section aria-labelledby="follows-title" data-live="follows" {
            h2.h3 id="follows-title" { (say.action_points()) }
            @if !view.actions.is_empty() {
                (open_actions(frame, &view.actions, Around::Circle, &format!("/decide/{}", view.id)))
            }
            p.small {
                a href={ "/circles/" (circle.id) "?source=" (view.id) "#add-action" } {
                    (say.add_action())
                }
            }
        }
    }
}

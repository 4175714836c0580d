//! The way out of a conflict: who mediates, what they report, and the fallback vote after it.

use maud::{Markup, html};

use super::{Decision, Mediation, Report, talk::words};
use crate::pages::{
    effect::someone,
    form::{Field, Filled, csrf},
    frame::Frame,
};

/// Who mediates about it, with the report once it is there and what the reader does about it.
pub(super) fn section(frame: &Frame, view: &Decision, filled: &Filled) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let Some(Mediation {
        people,
        until,
        report,
    }) = &view.mediation
    else {
        return Markup::default();
    };
    let people = people.iter().map(|one| someone(frame, one)).collect();
    html! {
        section.stack aria-labelledby="mediation-title" id="mediation" data-live="mediation" {
            h2.h3 id="mediation-title" { (say.mediation()) }
            p { (say.who_mediates(say.list(people))) " " (say.effect_report(clock.day(*until))) }
            @match report {
                Some(report) => (said(frame, report)),
                None => p.muted { (say.not_reported()) },
            }
            @if view.may.vote_after_report {
                form method="post" action={ "/decide/" (view.id) "/open" } {
                    (csrf(frame.csrf()))
                    input type="hidden" name="fallback" value="yes";
                    button.btn.primary { (say.call_the_vote()) }
                }
                p.hint { (say.vote_after_report_explained()) }
            }
            @if view.may.report { (form(frame, view, filled)) }
        }
    }
}

fn said(frame: &Frame, report: &Report) -> Markup {
    let say = frame.language;
    html! {
        article.voice {
            header {
                strong { (say.report_of(someone(frame, &report.by))) }
                span.meta { (frame.clock().past(report.at)) }
            }
            (words(frame, &report.words))
            p.small {
                @if report.recommends_vote { (say.recommends_vote()) }
                @else { (say.recommends_no_vote()) }
            }
        }
    }
}

fn form(frame: &Frame, view: &Decision, filled: &Filled) -> Markup {
    let say = frame.language;
    let is_again = view
        .mediation
        .as_ref()
        .is_some_and(|one| one.report.is_some());
    html! {
        details.no-print open[filled.has_errors()] {
            summary { @if is_again { (say.report_again()) } @else { (say.write_report()) } }
            form method="post" action={ "/decide/" (view.id) "/report" } {
                (csrf(frame.csrf()))
                (Field::new(say, filled, "text", say.your_report())
                    .hint(say.your_report_hint()).required().area(6))
                (Field::new(say, filled, "recommends_vote", say.we_recommend_vote()).check())
                div.buttons { button.btn { (say.report_now()) } }
            }
        }
    }
}

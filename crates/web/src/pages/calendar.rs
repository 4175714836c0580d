//! One calendar: votes, reviews, gatherings, and the reader's own action points.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::{
    frame::{Area, Frame, Head, document},
    parts::{circle_link, icon, page_head},
    work::{ActionPoint, Happening, action_words, place},
};

/// Something that has a time.
#[derive(Debug, Clone)]
pub enum Planned {
    /// A vote closes: the decision's id and title.
    Vote(String, String),
    /// The time to integrate a block ends.
    Integration(String, String),
    /// A decision is looked at again.
    Review(String, String),
    /// A circle gathers.
    Gathering(Happening),
    /// The reader has something to do.
    Action(Box<ActionPoint>),
}

/// The page; `planned` ascending by time. `own_only`: gatherings of the reader's circles alone.
#[must_use]
pub fn page(frame: &Frame, own_only: bool, planned: &[(Timestamp, Planned)]) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let mut days: Vec<(Markup, Vec<&(Timestamp, Planned)>)> = Vec::new();
    for each in planned {
        let day = clock.day(each.0);
        let words = clock.day_words(each.0);
        match days.last_mut() {
            Some((_, of_day)) if clock.day_words(of_day[0].0) == words => of_day.push(each),
            _ => days.push((day, vec![each])),
        }
    }
    let tab = |own: bool, words: Markup| {
        let path = if own {
            "/calendar?show=own"
        } else {
            "/calendar"
        };
        html! { a href=(path) aria-current=[(own == own_only).then_some("page")] { (words) } }
    };
    let body = html! {
        (page_head(Markup::default(), say.calendar(), say.calendar_explained()))
        nav.tabs aria-label=(say.calendar()) {
            (tab(false, say.calendar_all()))
            (tab(true, say.calendar_only_own()))
        }
        div data-live="calendar" {
            @if days.is_empty() { p.empty { (say.calendar_empty()) } }
            @for (day, of_day) in &days {
                section {
                    h2.h3 { (day) }
                    ul.rows.work { @for (at, what) in of_day { li { (entry(frame, *at, what)) } } }
                }
            }
        }
        p.links.area { a href="/account#subscribe" { (say.calendar_subscribe()) } }
    };
    document(frame, &Head::live(say.calendar(), Area::Home), body)
}

fn entry(frame: &Frame, at: Timestamp, planned: &Planned) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let link = |id: &String, title: &String| html! { a href={ "/decide/" (id) } { (title) } };
    let line = |words: Markup, meta: Markup| {
        html! { div { p { (words) } p.meta { (meta) } } }
    };
    let when = clock.deadline_short(at);
    match planned {
        Planned::Vote(id, title) => line(say.calendar_vote_closes(link(id, title)), when),
        Planned::Integration(id, title) => {
            line(say.calendar_integration_ends(link(id, title)), when)
        }
        Planned::Review(id, title) => line(
            say.calendar_review(link(id, title)),
            say.review_due(clock.day(at)),
        ),
        Planned::Action(action) => {
            let link =
                html! { a href={ "/actions/" (action.id) } { (action_words(frame, action)) } };
            line(
                say.calendar_action(link),
                html! { (circle_link(&action.circle)) },
            )
        }
        Planned::Gathering(each) => line(
            html! { a href={ "/gatherings/" (each.gathering.id) } { (each.gathering.name) } },
            html! {
                (when) " · " (circle_link(&each.circle))
                @if each.is_cancelled {
                    " · " span.word.k-block { (icon("no")) span { (say.gathering_cancelled()) } }
                }
                @if !each.place.is_empty() { " · " (place(frame.language, &each.place)) }
            },
        ),
    }
}

//! What holds by decision, for anyone: offices, commissions, and what else was decided about the
//! federation.

use maud::{Markup, html};

use super::{
    effect::{self, What},
    frame::{Area, Frame, Head, document},
    parts::page_head,
};

/// The page.
#[must_use]
pub fn page(frame: &Frame, in_force: &[What]) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(Markup::default(), say.in_force_by_decision(), say.in_force_explained()))
        @if in_force.is_empty() { p.empty { (say.nothing_in_force()) } }
        @for what in in_force { section.area { (effect::words(frame, what)) } }
        p.links {
            a href="/charters" { (say.charters()) }
            a href="/register" { (say.register()) }
        }
    };
    document(
        frame,
        &Head::new(say.in_force_by_decision(), Area::Archive),
        body,
    )
}

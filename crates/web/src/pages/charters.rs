//! Every charter that was in force, for anyone: when, and what each one changed.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::{
    frame::{Area, Frame, Head, document},
    parts::{crumbs, page_head, short},
};

/// A charter and when it was in force.
#[derive(Debug, Clone)]
pub struct InForce {
    /// Its hash.
    pub hash: String,
    /// Its title.
    pub title: String,
    /// The height of the register from which it is in force, and when the vote on it ended; none
    /// for that of a federation without a register.
    pub since: Option<(u64, Timestamp)>,
    /// When the next one took its place.
    pub until: Option<Timestamp>,
    /// Keys with what they said before and since; empty for the first.
    pub changes: Vec<(String, Option<String>, Option<String>)>,
}

fn when(frame: &Frame, charter: &InForce) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    match (charter.since, charter.until) {
        (None, _) => say.charter_since_founding(),
        (Some((_, since)), None) => say.charter_in_force_since(clock.day(since)),
        (Some((_, since)), Some(until)) => {
            say.charter_in_force_until(clock.day(since), clock.day(until))
        }
    }
}

fn changes(frame: &Frame, charter: &InForce) -> Markup {
    let say = frame.language;
    let value = |value: &Option<String>| match value {
        Some(value) => html! { (value) },
        None => say.effect_charter_none(),
    };
    html! {
        ul.stack {
            @for (key, before, after) in &charter.changes {
                li {
                    (say.effect_charter_value(
                        key, html! { del { (value(before)) } }, html! { ins { (value(after)) } },
                    ))
                }
            }
        }
    }
}

/// All of them, the one in force first.
#[must_use]
pub fn list(frame: &Frame, charters: &[InForce]) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(Markup::default(), say.charters(), say.charters_explained()))
        p { a href="/in-force" { (say.in_force_by_decision()) } }
        @for charter in charters {
            section.area {
                h2.h3 { a href={ "/charters/" (charter.hash) } { (charter.title) } }
                p { (when(frame, charter)) }
                @if let Some((height, _)) = charter.since {
                    p.small { a href={ "/register/" (height) } { (say.charter_by_height(height)) } }
                }
                @if !charter.changes.is_empty() {
                    p { (say.charter_changed()) }
                    (changes(frame, charter))
                }
            }
        }
    };
    document(frame, &Head::new(say.charters(), Area::Archive), body)
}

/// One of them, whole.
#[must_use]
pub fn one(frame: &Frame, charter: &InForce, toml: &str) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(
            crumbs(say, &[("/charters", say.charters())], html! { (short(&charter.hash)) }),
            html! { (charter.title) },
            when(frame, charter),
        ))
        @if !charter.changes.is_empty() {
            section.area { h2.h3 { (say.charter_changed()) } (changes(frame, charter)) }
        }
        section.area aria-labelledby="whole-title" {
            h2.h3 id="whole-title" { (say.charter_whole()) }
            pre.scroll tabindex="0" role="region" aria-labelledby="whole-title" { code { (toml) } }
        }
        p.small.muted { (say.charter_hash()) " " code { (charter.hash) } }
    };
    document(
        frame,
        &Head::new(html! { (charter.title) }, Area::Archive),
        body,
    )
}

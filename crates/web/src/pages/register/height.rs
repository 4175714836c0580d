//! One height, at an address that stays: what it decided, who signed it, its hashes.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::{Line, area, lines, names};
use crate::{
    catalogue::Language,
    pages::{
        frame::{Frame, Head, document},
        parts::{crumbs, page_head, short},
    },
};

/// A height.
#[derive(Debug, Clone)]
pub struct Height {
    /// Which.
    pub height: u64,
    /// Whether there is one after it.
    pub has_next: bool,
    /// When, as far as can be told.
    pub at: Timestamp,
    /// What it did.
    pub lines: Vec<Line>,
    /// Its hash.
    pub hash: String,
    /// The hash of the one before.
    pub previous: String,
    /// The hash of its items.
    pub items: String,
    /// The hash of the validators that sign it.
    pub validators: String,
    /// The hash of those of the next height.
    pub next_validators: String,
    /// The hash of the state after it.
    pub state: String,
    /// Who signed it.
    pub signed: Vec<String>,
    /// Validators whose signatures its certificate does not have.
    pub others: Vec<String>,
}

/// Height 1.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// Whether there is a height after it.
    pub has_next: bool,
    /// When, by whoever proposed it.
    pub at: Timestamp,
    /// How many members it has.
    pub members: u64,
    /// The founders who signed it.
    pub signed: Vec<String>,
    /// What came after it, before the next height.
    pub lines: Vec<Line>,
    /// Its hash.
    pub hash: String,
}

fn whole(frame: &Frame, height: u64, has_next: bool, at: Timestamp, inner: Markup) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(
            crumbs(say, &[("/register", say.register())], html! { (height) }),
            say.height_title(height),
            frame.clock().past(at),
        ))
        (inner)
        (around(say, height, has_next))
        p.small.muted { (say.height_permanent()) }
    };
    document(
        frame,
        &Head::new(say.height_title(height), area(frame)),
        body,
    )
}

fn around(say: Language, height: u64, has_next: bool) -> Markup {
    html! {
        p.links {
            @if height > 1 {
                a rel="prev" href={ "/register/" (height - 1) } { (say.previous_height()) }
            }
            @if has_next {
                a rel="next" href={ "/register/" (height + 1) } { (say.next_height()) }
            }
        }
    }
}

/// The page of a height after the first.
#[must_use]
pub fn height(frame: &Frame, view: &Height) -> Markup {
    let say = frame.language;
    let hashes = [
        (say.hash_of_height(), &view.hash),
        (say.hash_of_previous(), &view.previous),
        (say.hash_of_items(), &view.items),
        (say.hash_of_validators(), &view.validators),
        (say.hash_of_next_validators(), &view.next_validators),
        (say.hash_of_state(), &view.state),
    ];
    let inner = html! {
        div.split {
            div.col {
                section aria-labelledby="decided-title" {
                    h2 id="decided-title" { (say.what_it_decided()) }
                    (lines(frame, &view.lines))
                }
                section aria-labelledby="signed-title" {
                    h2 id="signed-title" { (say.who_signed()) }
                    p { (names(say, &view.signed)) "." }
                    @if !view.others.is_empty() {
                        p.small.muted { (say.not_among_signatures(names(say, &view.others))) }
                    }
                }
            }
            div.col {
                section aria-labelledby="hashes-title" {
                    h2 id="hashes-title" { (say.hashes()) }
                    dl.facts.small {
                        @for (what, hash) in hashes {
                            dt { (what) }
                            dd { (short(hash)) }
                        }
                    }
                }
            }
        }
    };
    whole(frame, view.height, view.has_next, view.at, inner)
}

/// The page of height 1.
#[must_use]
pub fn beginning(frame: &Frame, view: &Beginning) -> Markup {
    let say = frame.language;
    let inner = html! {
        section aria-labelledby="decided-title" {
            h2 id="decided-title" { (say.height_began()) }
            p { (say.begun_with(view.members, frame.clock().past(view.at))) }
            p { (say.begun_signed_by(names(say, &view.signed))) }
            @if !view.lines.is_empty() { (lines(frame, &view.lines)) }
            dl.facts.small {
                dt { (say.hash_of_beginning()) }
                dd { (short(&view.hash)) }
            }
        }
    };
    whole(frame, 1, view.has_next, view.at, inner)
}

//! The archive of what is decided for good.

use ::register::chain::Ending;
use domain::{decision::Verdict, id::Timestamp};
use maud::{Markup, html};

use super::{
    form::{Field, Filled},
    frame::{Area, Frame, Head, document},
    parts::{Name, State, ending_word, page_head},
    register::{effect_words, height_link},
};
use crate::catalogue::Language;

/// How a vote may have ended, in the order to choose from.
pub const ENDINGS: [Ending; 7] = [
    Ending::Judged(Verdict::Passed),
    Ending::Judged(Verdict::Rejected),
    Ending::Judged(Verdict::Blocked),
    Ending::Judged(Verdict::NoQuorum),
    Ending::Lapsed,
    Ending::Withdrawn,
    Ending::Amended,
];

/// A vote that is over for good.
#[derive(Debug, Clone)]
pub struct Item {
    /// The proposal, with the title of the version voted on last.
    pub proposal: Name,
    /// The proposing member's name.
    pub by: String,
    /// How it ended.
    pub ending: Ending,
    /// The height that ended it.
    pub height: u64,
    /// When, as far as can be told.
    pub at: Timestamp,
    /// Where the file is that proves it.
    pub file: String,
    /// What it would have done, and why it did nothing; none if it did, or was not to do anything.
    pub without_effect: Option<(&'static str, String)>,
}

/// A page of the archive.
#[derive(Debug, Clone)]
pub struct Archive {
    /// What was found, the newest first.
    pub items: Vec<Item>,
    /// The words searched for.
    pub query: String,
    /// How it has to have ended.
    pub state: Option<Ending>,
    /// Which page, from 1.
    pub page: usize,
    /// Whether there is more.
    pub more: bool,
}

/// The two parts of the archive.
pub(super) fn tabs(say: Language, decided: bool) -> Markup {
    html! {
        nav.tabs aria-label=(say.which_archive()) {
            a href="/archive" aria-current=[(!decided).then_some("page")] { (say.every_proposal()) }
            a href="/archive/final" aria-current=[decided.then_some("page")] {
                (say.decided_for_good())
            }
        }
    }
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &Archive) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(
            Markup::default(),
            say.archive_of(&frame.federation),
            say.decided_archive_explained(),
        ))
        (tabs(say, true))
        (search(say, view))
        section aria-labelledby="decided-title" {
            h2.vh id="decided-title" { (say.decided_for_good()) }
            @if !view.items.is_empty() { (table(frame, view)) }
            @else if view.query.is_empty() && view.state.is_none() { p.empty { (say.nothing_decided()) } }
            @else { p.empty { (say.no_decision_found()) } }
        }
        p.links {
            @if view.page > 1 { a rel="prev" href=(address(view, view.page - 1)) { (say.archive_newer()) } }
            @if view.more { a rel="next" href=(address(view, view.page + 1)) { (say.archive_older()) } }
        }
        p.links {
            a href="/archive/final.atom" type="application/atom+xml" { (say.final_feed()) }
            a href="/register" { (say.register()) }
        }
    };
    document(
        frame,
        &Head::new(say.decided_for_good(), Area::Archive),
        body,
    )
}

fn address(view: &Archive, page: usize) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("q", &view.query);
    query.append_pair("state", view.state.map_or("", Ending::word));
    query.append_pair("page", &page.to_string());
    format!("/archive/final?{}", query.finish())
}

fn search(say: Language, view: &Archive) -> Markup {
    let filled = Filled::default();
    let endings: Vec<(String, Markup)> = ENDINGS
        .into_iter()
        .map(|ending| (ending.word().to_owned(), ending_word(say, ending)))
        .collect();
    let state = view.state.map_or("", Ending::word);
    html! {
        form.search role="search" method="get" action="/archive/final" {
            (Field::new(say, &filled, "q", say.search_decisions()).initial(&view.query).line("search", None))
            (Field::new(say, &filled, "state", say.ended_how()).initial(state)
                .select(Some(say.ended_any()), &endings))
            div.buttons { button.btn { (say.search()) } }
        }
    }
}

fn table(frame: &Frame, view: &Archive) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        table.cards {
            caption { (say.decided_listed(view.items.len() as u64)) }
            thead {
                tr {
                    th scope="col" { (say.decision()) }
                    th scope="col" { (say.ended_how()) }
                    th scope="col" { (say.when()) }
                    th scope="col" { (say.register()) }
                }
            }
            tbody {
                @for item in &view.items {
                    tr {
                        th scope="row" {
                            a href={ "/archive/" (item.proposal.id) } { (item.proposal.name) }
                            span.sub { (say.by(&item.by)) }
                        }
                        td data-label=(say.ended_how()) {
                            span {
                                (State::Final(item.ending).pill(say))
                                @if let Some((what, why)) = &item.without_effect {
                                    span.sub { (effect_words(say, what, Some(why))) }
                                }
                            }
                        }
                        td data-label=(say.when()) { (clock.past(item.at)) }
                        td data-label=(say.register()) {
                            span {
                                (height_link(say, item.height))
                                span.sub { a href=(item.file) download { (say.decision_file()) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

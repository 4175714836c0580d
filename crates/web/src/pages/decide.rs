//! Decisions as a list, in the federation and in the public archive.

use domain::decision::Choice;
use domain::id::Timestamp;
use maud::{Markup, html};

use super::archive::tabs;
use super::frame::{Area, Frame, Head, document};
use super::parts::{Name, State, choice_mark, icon, member_link, page_head};
use crate::catalogue::Language;

/// One decision of a list.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its id and title.
    pub proposal: Name,
    /// Who proposed it.
    pub proposer: Name,
    /// Where it stands.
    pub state: State,
    /// When it is looked at again, if it has passed and a day was set.
    pub review: Option<Timestamp>,
    /// The deadline of its newest vote.
    pub deadline: Option<Timestamp>,
    /// The last thing that happened to it.
    pub changed: Timestamp,
    /// Ballots that count.
    pub cast: u64,
    /// Members that may vote.
    pub electors: u64,
    /// Members that block.
    pub blocks: u64,
    /// What the reader's co-op said on this version.
    pub own: Option<Choice>,
    /// The reader's co-op may vote and has not.
    pub needs_vote: bool,
}

/// Which decisions a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Show {
    /// Those that need the reader's vote.
    #[default]
    Needs,
    /// In deliberation or voting.
    Open,
    /// Closed or withdrawn.
    Closed,
    /// Passed, with a day of review.
    Review,
    /// All.
    All,
}

impl Show {
    /// Every list.
    pub const ALL: [Self; 5] = [
        Self::Needs,
        Self::Open,
        Self::Review,
        Self::Closed,
        Self::All,
    ];

    /// The word in the address.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Needs => "needs",
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Review => "review",
            Self::All => "all",
        }
    }

    /// The list of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|show| show.as_str() == word)
    }

    /// Whether an item belongs to this list.
    #[must_use]
    pub fn includes(self, item: &Item) -> bool {
        match self {
            Self::Needs => item.needs_vote,
            Self::Open => !item.state.is_over(),
            Self::Closed => item.state.is_over(),
            Self::Review => item.review.is_some(),
            Self::All => true,
        }
    }

    fn name(self, say: Language) -> Markup {
        match self {
            Self::Needs => say.show_needs(),
            Self::Open => say.show_open(),
            Self::Closed => say.show_closed(),
            Self::Review => say.show_review(),
            Self::All => say.show_all(),
        }
    }

    fn empty(self, say: Language) -> Markup {
        match self {
            Self::Needs => say.none_needs(),
            Self::Open => say.none_open(),
            Self::Closed => say.none_closed(),
            Self::Review => say.none_review(),
            Self::All => say.none_at_all(),
        }
    }
}

/// The list `show` of all decisions; `items` are all of them, in the order to show.
#[must_use]
pub fn page(frame: &Frame, show: Show, items: &[Item]) -> Markup {
    let say = frame.language;
    let shown: Vec<&Item> = items.iter().filter(|item| show.includes(item)).collect();
    let body = html! {
        div.section-head {
            (page_head(
                Markup::default(),
                say.decisions(),
                html! { a href="/documents" { (say.documents()) } },
            ))
            a.btn href="/decide/new" { (say.propose_something()) }
        }
        nav.tabs aria-label=(say.which_decisions()) data-live="tabs" {
            @for each in Show::ALL {
                @let count = items.iter().filter(|item| each.includes(item)).count();
                a href={ "/decide?show=" (each.as_str()) }
                    aria-current=[(each == show).then_some("page")] {
                    (each.name(say)) span.muted { (count) }
                }
            }
        }
        section aria-labelledby="list-title" data-live="list" {
            h2.vh id="list-title" { (show.name(say)) }
            @if shown.is_empty() { p.empty { (show.empty(say)) } }
            @else { (table(frame, List::Members, &shown)) }
        }
    };
    document(frame, &Head::live(show.name(say), Area::Decide), body)
}

/// A page of the public archive, counted from 1 at the newest proposals.
#[derive(Debug, Clone)]
pub struct Archive {
    /// Its decisions.
    pub items: Vec<Item>,
    /// Which page it is.
    pub page: usize,
    /// Whether there are older ones.
    pub more: bool,
}

/// The public archive: every decision, for anyone to read.
#[must_use]
pub fn archive(frame: &Frame, archive: &Archive) -> Markup {
    let say = frame.language;
    let shown: Vec<&Item> = archive.items.iter().collect();
    let address = |page: usize| format!("/archive?page={page}");
    let body = html! {
        (page_head(Markup::default(), say.archive_of(&frame.federation), say.archive_is_public()))
        (tabs(say, false))
        @if shown.is_empty() { p.empty { (say.archive_empty()) } }
        @else { (table(frame, List::Public, &shown)) }
        section.area aria-labelledby="subscribe-title" {
            h2 id="subscribe-title" { (say.subscribe_public()) }
            p { (say.subscribe_public_explained()) }
            p.links {
                a href="/archive/calendar.ics" type="text/calendar" { (say.calendar_feed()) }
                a href="/archive/feed.atom" type="application/atom+xml" { (say.news_feed()) }
            }
        }
        p.links {
            @if archive.page > 1 { a rel="prev" href=(address(archive.page - 1)) { (say.archive_newer()) } }
            @if archive.more { a rel="next" href=(address(archive.page + 1)) { (say.archive_older()) } }
        }
    };
    document(frame, &Head::new(say.public_archive(), Area::Archive), body)
}

/// Whose list it is: what the reader's co-op voted and pages of members are for members.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Members,
    Public,
}

fn table(frame: &Frame, list: List, items: &[&Item]) -> Markup {
    let say = frame.language;
    let reader = list == List::Members;
    let root = if reader { "/decide/" } else { "/archive/" };
    html! {
        table.cards {
            caption { (say.decisions_listed(items.len() as u64)) }
            thead {
                tr {
                    th scope="col" { (say.decision()) }
                    th scope="col" { (say.state()) }
                    th scope="col" { (say.votes()) }
                    th scope="col" { (say.next()) }
                    @if reader { th scope="col" { (say.your_co_op()) } }
                }
            }
            tbody {
                @for item in items {
                    tr {
                        th scope="row" {
                            a href={ (root) (item.proposal.id) } { (item.proposal.name) }
                            span.sub {
                                @if reader { (say.by(member_link(&item.proposer))) }
                                @else { (say.by(&item.proposer.name)) }
                            }
                        }
                        td data-label=(say.state()) { (item.state.pill(say)) }
                        td data-label=(say.votes()) {
                            @if item.electors > 0 { span { (votes(say, item)) } }
                        }
                        td data-label=(say.next()) { span { (next(frame, item)) } }
                        @if reader { td data-label=(say.your_co_op()) { (own_vote(say, item)) } }
                    }
                }
            }
        }
    }
}

fn votes(say: Language, item: &Item) -> Markup {
    html! {
        (say.cast_of(item.cast, item.electors))
        @if item.blocks > 0 { span.sub { (say.n_blocks(item.blocks)) } }
    }
}

/// What happens next, with its deadline beside it.
pub(crate) fn next(frame: &Frame, item: &Item) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    if let Some(review) = item.review {
        return say.review_in_list(clock.day(review));
    }
    match (item.state, item.deadline) {
        (State::Voting, Some(deadline)) => match clock.left(deadline) {
            Some(left) => say.closes_in(clock.deadline_short(deadline), left),
            None => say.closing_now(),
        },
        (State::Integration(until), _) => say.integrates_until(clock.deadline_short(until)),
        (State::Closed(_), Some(deadline)) => say.closed_at(clock.past(deadline)),
        (State::Final(_), Some(deadline)) => say.closed_at(clock.past(deadline)),
        (State::Final(_), None) => Markup::default(),
        (State::Withdrawn, _) => say.withdrawn_at(clock.past(item.changed)),
        _ => say.proposer_opens_voting(),
    }
}

/// What the reader's co-op said.
pub(crate) fn own_vote(say: Language, item: &Item) -> Markup {
    match item.own {
        Some(choice) => choice_mark(say, choice),
        None if item.needs_vote => {
            html! { span.word.k-wait { (icon("none")) span { (say.not_voted()) } } }
        }
        None => Markup::default(),
    }
}

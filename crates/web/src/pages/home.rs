//! Home: what waits for the reader, what is in motion, who is connected.

use domain::decision::Choice;
use domain::id::Timestamp;
use maud::{Markup, html};

use super::decide::{Item, next, own_vote};
use super::form::csrf;
use super::frame::{Area, Frame, Head, document};
use super::onboarding::{self, Checklist};
use super::parts::{Name, State, choice_word, circle_link, icon, member_link, note, page_head};
use super::register::recovery::look;
use super::work::{ActionPoint, Around, Happening, Term, happenings, open_actions};

/// How one member's node is connected to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// It is this node.
    Here,
    /// It answers.
    Connected,
    /// It was last heard from then; never, if nothing.
    Silent(Option<Timestamp>),
}

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happened,
}

/// The kinds of news.
#[derive(Debug, Clone)]
pub enum Happened {
    /// A member voted on a proposal.
    Voted {
        /// Who.
        member: Name,
        /// What.
        choice: Choice,
        /// On what.
        proposal: Name,
    },
    /// A member proposed something.
    Proposed {
        /// Who.
        member: Name,
        /// What.
        proposal: Name,
    },
    /// A member wrote a comment.
    Commented {
        /// Who.
        member: Name,
        /// On what.
        proposal: Name,
    },
    /// A member was admitted.
    Admitted {
        /// Who.
        member: Name,
    },
}

/// What a decision needs of the reader. The most urgent is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// It was blocked, and the reader's member can answer that still.
    Answer,
    /// The vote was opened before the register began; opened again, it becomes final.
    OpenAgain,
    /// The reader mediates in the conflict about it, and nobody has reported yet.
    Report,
    /// Its conflict was reported on, and the reader's member may put it to the fallback vote.
    Call,
    /// Voting is open, and the reader's member has not voted.
    Vote,
}

/// What home shows.
#[derive(Debug, Clone)]
pub struct Home {
    /// Decisions that need the reader, with what they need.
    pub waiting: Vec<(Need, Item)>,
    /// Applications that this member has not signed.
    pub applications: u64,
    /// Decisions in deliberation or voting, by deadline.
    pub moving: Vec<Item>,
    /// Every member with its connection.
    pub members: Vec<(Name, Connection)>,
    /// Entries stored, and the newest one's arrival.
    pub stored: (u64, Option<Timestamp>),
    /// Newest first, ten at most.
    pub recent: Vec<Event>,
    /// What the reader's circles expect.
    pub own: Own,
    /// Whether the register waits for servers that may be gone, or is being recovered.
    pub is_recovery_due: bool,
    /// The first steps of the reader's co-op, while they are not done.
    pub checklist: Option<Checklist>,
    /// The reader put the first steps away before they were done.
    pub is_checklist_hidden: bool,
}

/// What is the reader's own beside votes.
#[derive(Debug, Clone, Default)]
pub struct Own {
    /// Open action points, by the day they are due.
    pub actions: Vec<ActionPoint>,
    /// When the reader's circles gather next.
    pub gatherings: Vec<Happening>,
    /// Terms of the reader that end or have ended.
    pub terms: Vec<Term>,
    /// Decisions to look at again soon, with the day.
    pub reviews: Vec<(Name, Timestamp)>,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &Home) -> Markup {
    let say = frame.language;
    let steward_tasks = u64::from(view.applications > 0 && frame.is_steward());
    let count = view.waiting.len() as u64 + steward_tasks;
    let heading = match count {
        0 => say.nothing_waits(),
        count => say.things_wait(count),
    };
    let head = Head::live(heading.clone(), Area::Home);
    let body = html! {
        div data-live="heading" {
            (page_head(Markup::default(), heading, after_that(frame, view)))
        }
        div data-live="recovery" { @if view.is_recovery_due { (look(say)) } }
        section.box aria-labelledby="waiting-title" data-live="waiting-list" {
            h2.vh id="waiting-title" { (say.waits_for_you()) }
            @if count == 0 { p { (say.no_vote_needed()) } }
            ol.tasks {
                @for (need, item) in &view.waiting { (task(frame, item, *need)) }
                @if steward_tasks > 0 {
                    li {
                        div { p.what { (say.applications_wait(view.applications)) } }
                        a.btn href="/federation/applications" { (say.look_at_applications()) }
                    }
                }
            }
        }
        @if let Some(list) = &view.checklist { (onboarding::section(frame, list)) }
        div.split.area {
            div.col {
                (terms(frame, &view.own))
                (own_actions(frame, &view.own))
                (moving(frame, view))
                (reviews(frame, &view.own))
                (recent(frame, view))
            }
            div.col {
                (own_gatherings(frame, &view.own))
                (now(frame, view))
                @if view.is_checklist_hidden {
                    form method="post" action="/checklist/show" {
                        (csrf(frame.csrf()))
                        button.btn.quiet { (say.show_first_steps()) }
                    }
                }
            }
        }
    };
    document(frame, &head, body)
}

/// A clear end: when the next thing is due after what waits.
fn after_that(frame: &Frame, view: &Home) -> Markup {
    let say = frame.language;
    let waiting: Vec<&str> = view
        .waiting
        .iter()
        .map(|(_, item)| item.proposal.id.as_str())
        .collect();
    let others = view
        .moving
        .iter()
        .filter(|item| !waiting.contains(&item.proposal.id.as_str()));
    match others.filter_map(|item| item.deadline).min() {
        Some(deadline) => say.nothing_else_before(frame.clock().deadline_short(deadline)),
        None => say.nothing_else_due(),
    }
}

fn task(frame: &Frame, item: &Item, need: Need) -> Markup {
    let say = frame.language;
    let what = match need {
        Need::Answer => say.answer_the_block(),
        Need::OpenAgain => say.open_voting_again(),
        Need::Report => say.write_report(),
        Need::Call => say.call_the_vote(),
        Need::Vote => say.vote(),
    };
    let path = format!("/decide/{}", item.proposal.id);
    html! {
        li {
            div {
                p.what { a href=(path) { (item.proposal.name) } }
                p.meta { (item.state.pill(say)) span { (next(frame, item)) } }
                p.meta {
                    span {
                        (say.have_voted(item.electors, item.cast))
                        @if item.blocks > 0 { " " (say.blocks_sentence(item.blocks)) }
                    }
                }
            }
            a.btn.primary href=(path) { (what) span.vh { ": " (item.proposal.name) } }
        }
    }
}

fn moving(frame: &Frame, view: &Home) -> Markup {
    let say = frame.language;
    html! {
        section aria-labelledby="moving-title" data-live="moving" {
            div.section-head {
                h2 id="moving-title" { (say.decisions_in_motion()) }
                p.small {
                    a href="/decide?show=all" { (say.all_decisions()) } " · "
                    a href="/decide/new" { (say.propose_something()) }
                }
            }
            @if view.moving.is_empty() { p.empty { (say.nothing_in_motion()) } }
            @else {
                table.cards {
                    caption.vh { (say.decisions_in_motion()) }
                    thead {
                        tr {
                            th scope="col" { (say.decision()) }
                            th scope="col" { (say.state()) }
                            th scope="col" { (say.next()) }
                            th scope="col" { (say.your_co_op()) }
                        }
                    }
                    tbody {
                        @for item in &view.moving {
                            tr {
                                th scope="row" {
                                    a href={ "/decide/" (item.proposal.id) } { (item.proposal.name) }
                                }
                                td data-label=(say.state()) { (item.state.pill(say)) }
                                td data-label=(say.next()) { span { (next(frame, item)) } }
                                td data-label=(say.your_co_op()) { (own_vote(say, item)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn terms(frame: &Frame, own: &Own) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        @for term in &own.terms {
            @let (circle, day) = (circle_link(&term.circle), clock.day(term.until));
            (note(say.term_title(), html! {
                p {
                    @if term.until <= frame.now { (say.term_ended_in(circle, day)) }
                    @else { (say.term_ends_in(circle, day)) }
                }
            }))
        }
    }
}

fn own_actions(frame: &Frame, own: &Own) -> Markup {
    let say = frame.language;
    html! {
        @if !own.actions.is_empty() {
            section aria-labelledby="own-actions-title" data-live="own-actions" {
                h2 id="own-actions-title" { (say.your_action_points()) }
                (open_actions(frame, &own.actions, Around::Home, "/"))
            }
        }
    }
}

fn reviews(frame: &Frame, own: &Own) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        @if !own.reviews.is_empty() {
            section aria-labelledby="reviews-title" data-live="reviews" {
                div.section-head {
                    h2 id="reviews-title" { (say.reviews_due()) }
                    p.small { a href="/decide?show=review" { (say.show_review()) } }
                }
                ul.rows {
                    @for (decision, date) in &own.reviews {
                        li {
                            a href={ "/decide/" (decision.id) } { (decision.name) }
                            @if *date <= frame.now { (State::UnderReview.pill(say)) }
                            span.meta { (say.review_due(clock.day(*date))) }
                        }
                    }
                }
            }
        }
    }
}

fn own_gatherings(frame: &Frame, own: &Own) -> Markup {
    let say = frame.language;
    html! {
        section aria-labelledby="gatherings-title" data-live="gatherings" {
            h2 id="gatherings-title" { (say.next_gatherings()) }
            @if own.gatherings.is_empty() { p.empty { (say.no_gathering()) } }
            @else { (happenings(frame, &own.gatherings, Around::Home)) }
            p.small { a href="/calendar" { (say.calendar()) } }
        }
    }
}

fn recent(frame: &Frame, view: &Home) -> Markup {
    let say = frame.language;
    html! {
        section aria-labelledby="recent-title" data-live="recent" {
            h2 id="recent-title" { (say.recently()) }
            @if view.recent.is_empty() { p.empty { (say.nothing_recent()) } }
            @else {
                ul.rows {
                    @for event in &view.recent {
                        li {
                            span { (happened(frame, &event.what)) }
                            span.meta { (frame.clock().past(event.at)) }
                        }
                    }
                }
            }
        }
    }
}

fn happened(frame: &Frame, what: &Happened) -> Markup {
    let say = frame.language;
    let link = |proposal: &Name| html! { a href={ "/decide/" (proposal.id) } { (proposal.name) } };
    match what {
        Happened::Voted {
            member,
            choice,
            proposal,
        } => say.news_voted(
            member_link(member),
            choice_word(say, *choice),
            link(proposal),
        ),
        Happened::Proposed { member, proposal } => {
            say.news_proposed(member_link(member), link(proposal))
        }
        Happened::Commented { member, proposal } => {
            say.news_commented(member_link(member), link(proposal))
        }
        Happened::Admitted { member } => say.news_admitted(member_link(member)),
    }
}

fn now(frame: &Frame, view: &Home) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let silent =
        |(_, connection): &&(Name, Connection)| matches!(connection, Connection::Silent(_));
    let missing = view.members.iter().filter(silent).count() as u64;
    let all = view.members.len() as u64;
    let (stored, newest) = view.stored;
    html! {
        section aria-labelledby="now-title" data-live="now" {
            h2 id="now-title" { (say.federation_now()) }
            p { (say.nodes_connected(all, all - missing)) }
            ul.rows {
                @for (member, connection) in &view.members {
                    li { strong { (member_link(member)) } (connection_words(frame, *connection)) }
                }
            }
            p.small.muted {
                (say.entries_stored(stored))
                @if let Some(at) = newest { " " (say.newest_entry(clock.past(at))) }
            }
            p.small { a href="/node" { (say.this_node_in_detail()) } }
        }
    }
}

/// How a member's node is connected, as a word with its shape.
pub(crate) fn connection_words(frame: &Frame, connection: Connection) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    match connection {
        Connection::Here => {
            html! { span.word.k-agree { (icon("node")) span { (say.this_node()) } } }
        }
        Connection::Connected => {
            html! { span.word.k-agree { (icon("linked")) span { (say.connected()) } } }
        }
        Connection::Silent(Some(at)) => {
            html! { span.word.k-wait { (icon("none")) span { (say.not_heard_since(clock.past(at))) } } }
        }
        Connection::Silent(None) => {
            html! { span.word.k-wait { (icon("none")) span { (say.not_heard_yet()) } } }
        }
    }
}

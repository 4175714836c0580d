//! What circles do, in pieces that several pages show: action points and gatherings.

use domain::{id::Timestamp, record::ActionState};
use maud::{Markup, html};

use super::{
    form::csrf,
    frame::Frame,
    parts::{Name, circle_link, icon, member_link},
};
use crate::{catalogue::Language, rooms::links};

/// Who does an action point.
#[derive(Debug, Clone)]
pub struct Doer {
    /// Whose people.
    pub member: Name,
    /// Who of them: an id with the name, where that has arrived; nobody in particular without.
    pub person: Option<(String, Option<String>)>,
}

/// An action point.
#[derive(Debug, Clone)]
pub struct ActionPoint {
    /// Its id.
    pub id: String,
    /// What is to be done, where the words are here.
    pub words: Option<String>,
    /// For which circle.
    pub circle: Name,
    /// Who does it.
    pub doer: Doer,
    /// By when.
    pub due: Option<Timestamp>,
    /// How it stands.
    pub state: ActionState,
    /// When it last changed.
    pub changed: Timestamp,
    /// Who began it, where the name is here, and when.
    pub begun: (Option<String>, Timestamp),
    /// The page of what it comes from, and its title.
    pub source: Option<(String, String)>,
    /// The reader may change it.
    pub may_change: bool,
}

/// What an action point says.
pub(crate) fn action_words(frame: &Frame, action: &ActionPoint) -> Markup {
    match &action.words {
        Some(words) => html! { (words) },
        None => html! { span.muted { (frame.language.action_words_missing()) } },
    }
}

pub(crate) fn doer(frame: &Frame, doer: &Doer) -> Markup {
    let say = frame.language;
    match &doer.person {
        Some((_, name)) => html! {
            (super::federation::person_name(frame, name.as_deref())) " (" (member_link(&doer.member)) ")"
        },
        None => say.action_anyone(member_link(&doer.member)),
    }
}

/// By when it is due, in words that say when that has passed.
pub(crate) fn due(frame: &Frame, action: &ActionPoint) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    match action.due {
        Some(due) if due < frame.now => html! {
            span.word.k-wait { (icon("clock")) span { (say.overdue_since(clock.day(due))) } }
        },
        Some(due) => html! { span { (say.due_on(clock.day(due))) } },
        None => html! { span { (say.no_due_day()) } },
    }
}

/// The state's word.
pub(crate) fn action_state(frame: &Frame, state: ActionState) -> Markup {
    let say = frame.language;
    match state {
        ActionState::Open => say.action_state_open(),
        ActionState::Done => say.action_state_done(),
        ActionState::Dropped => say.action_state_dropped(),
    }
}

/// Whether a row says what the page around it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Around {
    /// The page is the circle's.
    Circle,
    /// The page is the reader's.
    Home,
    /// The page is the room's in which they are.
    Room,
}

/// Open action points, each with the button that ends it; `back` is where that leads to.
pub(crate) fn open_actions(
    frame: &Frame,
    actions: &[ActionPoint],
    around: Around,
    back: &str,
) -> Markup {
    let say = frame.language;
    html! {
        ul.rows.work {
            @for action in actions {
                li {
                    div {
                        p { a href={ "/actions/" (action.id) } { (action_words(frame, action)) } }
                        p.meta {
                            @match around {
                                Around::Circle | Around::Room => span { (doer(frame, &action.doer)) },
                                Around::Home => span { (circle_link(&action.circle)) },
                            }
                            " · " (due(frame, action))
                        }
                    }
                    @if action.may_change {
                        form.go method="post" action={ "/actions/" (action.id) "/done" } {
                            (csrf(frame.csrf()))
                            input type="hidden" name="back" value=(back);
                            button.btn.quiet {
                                (say.action_done())
                                span.vh { ": " (action_words(frame, action)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// One time at which a gathering happens.
#[derive(Debug, Clone)]
pub struct Happening {
    /// The gathering.
    pub gathering: Name,
    /// Its circle.
    pub circle: Name,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// The day that names it.
    pub day: u64,
    /// Where; may be empty.
    pub place: String,
    /// Whether it was cancelled.
    pub is_cancelled: bool,
}

/// A place: a link if it is an address of the web, a button if it is a room's.
pub(crate) fn place(say: Language, place: &str) -> Markup {
    let is_address = ["https://", "http://"]
        .iter()
        .any(|start| place.starts_with(start));
    html! {
        @if links::room_of(place).is_some() {
            a.btn.quiet href=(place) rel="noopener noreferrer" { (say.join_room()) }
        } @else if is_address && !place.contains(char::is_whitespace) {
            a href=(place) rel="noopener noreferrer" { (place) }
        } @else { (place) }
    }
}

/// When gatherings happen, in the reader's zone and in UTC.
pub(crate) fn happenings(frame: &Frame, happenings: &[Happening], around: Around) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        ul.rows.work {
            @for each in happenings {
                li {
                    div {
                        p { a href={ "/gatherings/" (each.gathering.id) } { (each.gathering.name) } }
                        p.meta {
                            span { (clock.deadline_short(each.start)) }
                            @if each.is_cancelled {
                                " · " span.word.k-block { (icon("no")) span { (say.gathering_cancelled()) } }
                            }
                            @if around == Around::Home { " · " (circle_link(&each.circle)) }
                        }
                        @if !each.place.is_empty() && around != Around::Room {
                            p.meta { (place(say, &each.place)) }
                        }
                    }
                }
            }
        }
    }
}

/// The end of a coordinator's term.
#[derive(Debug, Clone)]
pub struct Term {
    /// The circle.
    pub circle: Name,
    /// Who coordinates or did, where the name is here.
    pub person: Option<String>,
    /// When the term ends or ended.
    pub until: Timestamp,
}

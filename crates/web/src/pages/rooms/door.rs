//! The page behind a room's link: for people without an account here.

use domain::id::Timestamp;
use maud::{Markup, html};

use crate::{
    pages::{
        form::{Field, Filled},
        frame::{Area, Frame, Head, document},
        parts::page_head,
    },
    rooms::{Entrance, links::Role},
};

/// What whoever has a link sees of the room.
#[derive(Debug, Clone)]
pub struct Door {
    /// The address of the page itself.
    pub path: String,
    /// What the room is called.
    pub title: String,
    /// Whose it is.
    pub member: String,
    /// What the link makes of whoever has it.
    pub role: Role,
    /// How guests get in.
    pub entrance: Entrance,
    /// Since when a meeting runs.
    pub since: Option<Timestamp>,
    /// When the last meeting ended, if it was lately.
    pub ended: Option<Timestamp>,
    /// When a gathering meets here next.
    pub next: Option<Timestamp>,
    /// What the name begins with.
    pub name: String,
    /// The room's own page, for those whose co-op it belongs to.
    pub own: Option<String>,
}

/// `/rooms/{id}/{token}`
#[must_use]
pub fn page(frame: &Frame, view: &Door, filled: &Filled) -> Markup {
    let say = frame.language;
    let waits = view.since.is_none() && view.role == Role::Guest;
    let button = match (view.since, view.role) {
        (Some(_), _) => say.door_join(),
        (None, Role::Moderator) => say.door_start(),
        (None, Role::Guest) => say.door_look_again(),
    };
    let title = html! { (view.title) };
    let name = Field::new(say, filled, "name", say.door_name())
        .hint(say.door_name_hint())
        .initial(&view.name)
        .required();
    let body = html! {
        (page_head(Markup::default(), title.clone(), say.door_of(&view.member)))
        div.narrow.stack {
            p.say data-live="door-state" data-say-now { (state(frame, view)) }
            p.small.muted id="own-time" hidden { (say.door_own_time()) " " span {} }
            form method="post" action=(view.path) {
                (name.line("text", Some("name")))
                div.buttons data-live="door-button" { button.btn.primary { (button) } }
            }
            @if waits { p.small.muted { (say.door_looks()) } }
            @if let Some(own) = &view.own {
                p.small { (say.door_own(html! { a href=(own) { (say.door_own_page()) } })) }
            }
        }
    };
    let head = Head {
        filled: Some(filled),
        script: Some("/assets/room.js"),
        ..Head::new(title, Area::None)
    };
    document(frame, &head, body)
}

/// How the room stands for whoever has this link.
fn state(frame: &Frame, view: &Door) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    match (view.since, view.role, view.next) {
        (Some(since), role, _) => html! {
            (say.door_runs(clock.past(since)))
            @if role == Role::Guest && view.entrance == Entrance::Asked { " " (say.door_runs_asked()) }
        },
        (None, Role::Guest, next) if view.ended.is_some() => {
            let ended = view.ended.map(|at| clock.past(at)).unwrap_or_default();
            html! {
                (say.door_ended(ended))
                @if let Some(next) = next { " " (say.door_next(clock.deadline(next))) }
            }
        }
        (None, Role::Guest, Some(next)) => say.door_not_started_until(clock.deadline(next)),
        (None, Role::Guest, None) => say.door_not_started(),
        (None, Role::Moderator, Some(next)) => say.door_moderator_starts_next(clock.deadline(next)),
        (None, Role::Moderator, None) => say.door_moderator_starts(),
    }
}

/// What a link that leads nowhere says: the same, whatever was wrong with it.
#[must_use]
pub fn void(frame: &Frame) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(Markup::default(), say.door_void(), Markup::default()))
        div.narrow.stack {
            p { (say.door_void_what()) }
            h2.h3 { (say.what_next()) }
            p { (say.door_void_next()) }
        }
    };
    let title = html! { (say.error_before_title()) " " (say.door_void()) };
    document(frame, &Head::new(title, Area::None), body)
}

/// On the way into the meeting. A form that was answered with a redirect to another site would be
/// stopped by browsers that hold redirects to `form-action`, so this page leads there.
#[must_use]
pub fn going(frame: &Frame, title: &str, url: &str) -> Markup {
    let say = frame.language;
    let heading = say.door_going(title);
    let body = html! {
        (page_head(Markup::default(), heading.clone(), Markup::default()))
        div.narrow.stack {
            p { (say.door_going_words()) }
            p { a.btn.primary href=(url) rel="noreferrer" { (say.door_going_link()) } }
        }
    };
    let head = Head {
        onward: Some(url),
        ..Head::new(heading, Area::None)
    };
    document(frame, &head, body)
}

//! One room: how it stands, its links, what meets in it.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::entrance;
use crate::{
    pages::{
        circle::{Documents, documents},
        form::{Filled, csrf, second_step},
        frame::{Area, Frame, Head, document},
        meet::{Live, Unplaced, why_here, why_not},
        parts::{Name, circle_link, crumbs, member_link, note, page_head},
        reader::Done,
        work::{Around, Happening, happenings},
    },
    rooms::{Entrance, links::Role},
};

/// A meeting that runs in a room.
#[derive(Debug, Clone)]
pub struct Running {
    /// Since when.
    pub since: Timestamp,
    /// Where and why there, as far as it is known.
    pub live: Option<Live>,
    /// People in it, if its server says so.
    pub now: Option<u64>,
}

/// The gathering that meets in a room.
#[derive(Debug, Clone)]
pub struct Gathering {
    /// Its id and title.
    pub gathering: Name,
    /// Its circle.
    pub circle: Name,
    /// When it happens next.
    pub next: Vec<Happening>,
    /// Its agendas and minutes.
    pub documents: Documents,
    /// Whether it is over or was called off.
    pub is_over: bool,
    /// Whether its place is a link that was made anew since.
    pub is_link_void: bool,
}

/// How it stands with the server for the next meeting of many.
#[derive(Debug, Clone)]
pub struct Holding {
    /// When it begins.
    pub starts: Timestamp,
    /// For how many people.
    pub users: u64,
    /// What came of it.
    pub hold: Hold,
}

/// What came of asking for a server.
#[derive(Debug, Clone)]
pub enum Hold {
    /// It is too far ahead, or nobody has answered yet.
    Sought,
    /// One is held: its name, and its owner.
    Held(String, Name),
    /// None is held, as the co-op left too many unused of late.
    LeftUnused,
    /// None is held; for so many people one would be, or for none.
    Refused(u64),
}

/// A room as its page shows it.
#[derive(Debug, Clone)]
pub struct Room {
    /// Its id and title.
    pub room: Name,
    /// Where its meetings should be; may be empty.
    pub region: String,
    /// People expected.
    pub expected: u64,
    /// Whether it may be recorded.
    pub record: bool,
    /// How guests get in.
    pub entrance: Entrance,
    /// Whether it is closed.
    pub is_closed: bool,
    /// The meeting that runs in it.
    pub running: Option<Running>,
    /// Why the last meeting found no place, if it found none.
    pub why_not: Option<Unplaced>,
    /// The guests' link and the moderators'.
    pub links: (String, String),
    /// What meets in it.
    pub gathering: Option<Gathering>,
    /// How it stands with a server for that.
    pub holding: Option<Holding>,
    /// The circles for which the reader can plan a gathering in it.
    pub circles: Vec<Name>,
    /// The reader may change it.
    pub may_change: bool,
}

impl Room {
    fn path(&self) -> String {
        format!("/rooms/{}", self.room.id)
    }

    /// Whether somebody may think that nobody has a way in, and those who were let in have one.
    fn may_come_back(&self, done: Option<Done>) -> bool {
        self.running.is_some() && (self.is_closed || done == Some(Done::LinkRenewed))
    }

    fn next(&self) -> Option<Timestamp> {
        let next = self.gathering.iter().flat_map(|gathering| &gathering.next);
        let mut next = next.filter(|each| !each.is_cancelled);
        next.next().map(|each| each.start)
    }
}

/// `/rooms/{id}`
#[must_use]
pub fn page(frame: &Frame, view: &Room, filled: &Filled) -> Markup {
    let say = frame.language;
    let above = [("/meet", say.meet()), ("/rooms", say.rooms())];
    let title = html! { (view.room.name) };
    let body = html! {
        (page_head(crumbs(say, &above, title.clone()), title.clone(), Markup::default()))
        div data-live="room-state" {
            p.say data-say-now { (state(frame, view)) }
            (buttons(frame, view))
        }
        @if view.may_come_back(frame.done) { (come_back(frame, view)) }
        div.split {
            div.col {
                @if !view.is_closed { (links(frame, view)) }
                (gathering(frame, view))
            }
            div.col { (facts(frame, view)) }
        }
        @if let Some(held) = &view.gathering {
            (documents::section(
                frame, &held.circle.id, Some(&held.gathering.id), &held.documents, !held.is_over,
            ))
        }
    };
    let state = match (&view.running, view.is_closed) {
        (_, true) => say.room_is_closed(),
        (Some(_), _) => say.room_runs(),
        (None, _) => say.room_idle(),
    };
    let head = Head {
        filled: Some(filled),
        script: Some("/assets/copy.js"),
        ..Head::live(html! { (state) ", " (title) }, Area::Meet)
    };
    document(frame, &head, body)
}

/// How it stands, in a sentence.
fn state(frame: &Frame, view: &Room) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let Some(running) = &view.running else {
        return match (view.is_closed, view.next()) {
            (true, _) => say.room_closed_sentence(),
            (false, Some(next)) => say.room_not_running_next(clock.deadline_short(next)),
            (false, None) => say.room_not_running(),
        };
    };
    let since = clock.past(running.since);
    let server = running.live.as_ref().and_then(|live| live.server.as_ref());
    match (server, running.now) {
        (Some((server, owner, _)), Some(now)) => {
            say.room_runs_on(server, member_link(owner), since, say.room_people_in(now))
        }
        (Some((server, owner, _)), None) => say.room_runs_silent(server, member_link(owner), since),
        (None, _) => say.room_runs_somewhere(since),
    }
}

fn buttons(frame: &Frame, view: &Room) -> Markup {
    let (say, path) = (frame.language, view.path());
    let enter = match view.running {
        Some(_) => html! { (say.join_room()) span.vh { (say.join_room_vh(&view.room.name)) } },
        None => html! { (say.start_now()) span.vh { (say.start_now_vh(&view.room.name)) } },
    };
    html! {
        @if let Some(unplaced) = &view.why_not { (why_not(frame, unplaced)) }
        @if !view.is_closed || view.running.is_some() {
            div.buttons.no-print {
                @if !view.is_closed {
                    form method="post" action={ (path) "/enter" } {
                        (csrf(frame.csrf()))
                        button.btn.primary { (enter) }
                    }
                }
                @if view.running.is_some() && !view.may_come_back(frame.done) {
                    (ending(frame, view))
                }
            }
        }
        @if let Some(live) = view.running.as_ref().and_then(|running| running.live.as_ref()) {
            (why_here(frame, live))
        }
    }
}

fn ending(frame: &Frame, view: &Room) -> Markup {
    let say = frame.language;
    let means = html! { p.small { (say.end_meeting_means()) } };
    let step = ("end", false);
    second_step(step, say.end_meeting_open(), means, end_button(frame, view))
}

fn end_button(frame: &Frame, view: &Room) -> Markup {
    html! {
        form.no-print method="post" action={ (view.path()) "/end" } {
            (csrf(frame.csrf()))
            button.btn { (frame.language.end_meeting()) }
        }
    }
}

/// That closing a room or making a link anew puts nobody out of the meeting, and the button that does.
fn come_back(frame: &Frame, view: &Room) -> Markup {
    let say = frame.language;
    note(
        say.room_come_back(),
        html! { p { (say.room_come_back_until()) } (end_button(frame, view)) },
    )
}

fn links(frame: &Frame, view: &Room) -> Markup {
    let say = frame.language;
    let (guest, moderator) = &view.links;
    let rows = [
        (
            Role::Guest,
            guest,
            say.room_link_guest(),
            say.room_link_guest_means(),
            say.new_guest_link(),
        ),
        (
            Role::Moderator,
            moderator,
            say.room_link_moderator(),
            say.room_link_moderator_means(),
            say.new_moderator_link(),
        ),
    ];
    html! {
        section aria-labelledby="links-title" {
            h2 id="links-title" { (say.room_links()) }
            p.small { (say.room_links_explained()) }
            @for (role, link, name, means, renew) in rows {
                @let id = format!("link-{}", role.as_str());
                div.field {
                    label for=(id) { (name) }
                    span.hint id={ (id) "-hint" } { (means) }
                    input type="text" id=(id) value=(link) readonly aria-describedby={ (id) "-hint" };
                    button.btn.quiet.no-print type="button" hidden data-copy=(id)
                        data-copied=(say.copied().0) {
                        (say.copy()) span.vh { " " (name) }
                    }
                }
                @if view.may_change {
                    @let step = format!("renew-{}", role.as_str());
                    @let means = html! { p.small { (say.new_link_means()) } };
                    (second_step((&step, false), html! { (renew) " …" }, means, html! {
                        form method="post" action={ (view.path()) "/links" } {
                            (csrf(frame.csrf()))
                            input type="hidden" name="role" value=(role.as_str());
                            button.btn { (renew) }
                        }
                    }))
                }
            }
        }
    }
}

fn gathering(frame: &Frame, view: &Room) -> Markup {
    let say = frame.language;
    html! {
        section aria-labelledby="gathering-title" {
            h2 id="gathering-title" { (say.room_gathering()) }
            @match &view.gathering {
                Some(held) => {
                    @let link = html! {
                        a href={ "/gatherings/" (held.gathering.id) } { (held.gathering.name) }
                    };
                    p { (say.room_gathering_of(link, circle_link(&held.circle))) }
                    @if let Some(holding) = &view.holding { p { (held_words(frame, holding)) } }
                    @if held.is_link_void { (void_link(frame, view)) }
                    @if held.next.is_empty() { p.empty { (say.gathering_over()) } }
                    @else { (happenings(frame, &held.next, Around::Room)) }
                }
                None => p.empty { (say.room_gathering_none()) },
            }
            @if view.gathering.as_ref().is_none_or(|held| held.is_over) && !view.is_closed {
                @if view.circles.is_empty() { p { (say.room_no_circle()) } }
                @else {
                    p.links {
                        @for circle in &view.circles {
                            a href={
                                "/circles/" (circle.id) "/gatherings/new?room=" (view.room.id)
                            } { (say.room_plan_in(&circle.name)) }
                        }
                    }
                }
            }
        }
    }
}

/// How it stands with the server, in a sentence.
fn held_words(frame: &Frame, holding: &Holding) -> Markup {
    let (say, when) = (frame.language, frame.clock().deadline_short(holding.starts));
    let people = say.room_people_in(holding.users);
    match &holding.hold {
        Hold::Sought => say.room_hold_sought(people, when),
        Hold::Held(server, owner) => say.room_held(server, member_link(owner), people, when),
        Hold::LeftUnused => say.room_hold_left_unused(people, when),
        Hold::Refused(0) => say.room_hold_refused(people, when),
        Hold::Refused(possible) => {
            say.room_hold_smaller(people, when, say.room_people_in(*possible))
        }
    }
}

/// That calendars have a link that leads nowhere, and the button that mends it.
fn void_link(frame: &Frame, view: &Room) -> Markup {
    let say = frame.language;
    note(
        say.room_gathering_void(),
        html! {
            form.no-print method="post" action={ (view.path()) "/gathering" } {
                (csrf(frame.csrf()))
                button.btn.quiet { (say.room_gathering_put_link()) }
            }
        },
    )
}

/// The button that deletes a room; closing it first is what asks once more.
fn delete(frame: &Frame, view: &Room) -> Markup {
    let say = frame.language;
    html! {
        p.small.muted { (say.delete_room_explained()) }
        form.no-print method="post" action={ (view.path()) "/delete" } {
            (csrf(frame.csrf()))
            button.btn.quiet { (say.delete_room()) }
        }
    }
}

fn facts(frame: &Frame, view: &Room) -> Markup {
    let (say, path) = (frame.language, view.path());
    let (way, _) = entrance(say, view.entrance);
    html! {
        section aria-labelledby="facts-title" {
            h2.h3 id="facts-title" { (say.room_facts()) }
            dl.facts {
                dt { (say.room_fact_expected()) } dd { (say.room_people_in(view.expected)) }
                dt { (say.room_fact_region()) }
                dd {
                    @if view.region.is_empty() { (say.room_region_any()) } @else { (view.region) }
                }
                dt { (say.room_fact_entrance()) } dd { (way) }
                dt { (say.room_fact_recording()) }
                dd {
                    @if view.record { (say.room_recording_yes()) }
                    @else { (say.room_recording_no()) }
                }
            }
            p.links { a href={ (path) "/recordings" } { (say.room_recordings()) } }
            @if view.may_change {
                div.buttons.no-print {
                    a.btn href={ (path) "/edit" } { (say.edit_room()) }
                    @if view.is_closed {
                        form method="post" action={ (path) "/close" } {
                            (csrf(frame.csrf()))
                            button.btn.quiet { (say.reopen_room()) }
                        }
                    }
                }
                @if view.is_closed { (delete(frame, view)) }
                @else { (closing(frame, &path)) }
            }
        }
    }
}

fn closing(frame: &Frame, path: &str) -> Markup {
    let say = frame.language;
    let means = html! { p.small { (say.close_room_explained()) } };
    let form = html! {
        form method="post" action={ (path) "/close" } {
            (csrf(frame.csrf()))
            input type="hidden" name="closed" value="yes";
            button.btn { (say.close_room()) }
        }
    };
    second_step(("close", false), say.close_room_open(), means, form)
}

//! Rooms of a member: the list with the form for another, and the form that changes one.

pub mod door;
pub mod one;
pub mod recordings;

use domain::id::Timestamp;
use maud::{Markup, html};

use super::{
    form::{Field, Filled, csrf},
    frame::{Area, Frame, Head, document},
    parts::{Name, crumbs, icon, page_head},
};
use crate::{
    catalogue::Language,
    rooms::{Entrance, PEOPLE_MAX},
};

/// A room in the list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its id and title.
    pub room: Name,
    /// Since when a meeting runs in it.
    pub since: Option<Timestamp>,
    /// People in it now, if its server says so.
    pub now: Option<u64>,
    /// People expected.
    pub expected: u64,
    /// When a gathering meets in it next.
    pub next: Option<Timestamp>,
    /// Whether it is closed.
    pub is_closed: bool,
}

/// What can be chosen for a room.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    /// The regions that have servers.
    pub regions: Vec<String>,
    /// Whether any server records.
    pub recording: bool,
}

/// What a form of a room begins with.
#[derive(Debug, Clone)]
pub struct Fields {
    /// The title.
    pub title: String,
    /// The region; may be empty.
    pub region: String,
    /// People expected.
    pub people: String,
    /// Whether it may be recorded.
    pub record: bool,
    /// How guests get in.
    pub entrance: Entrance,
}

impl Default for Fields {
    fn default() -> Self {
        Self {
            title: String::new(),
            region: String::new(),
            people: "12".to_owned(),
            record: false,
            entrance: Entrance::Anybody,
        }
    }
}

/// `/rooms`
#[must_use]
pub fn list(frame: &Frame, rooms: &[Listed], offer: &Offer, filled: &Filled) -> Markup {
    let say = frame.language;
    let (closed, open): (Vec<&Listed>, Vec<&Listed>) =
        rooms.iter().partition(|room| room.is_closed);
    let body = html! {
        (page_head(
            crumbs(say, &[("/meet", say.meet())], say.rooms()),
            say.rooms_of(&frame.member),
            say.rooms_explained(),
        ))
        div.split {
            div.col {
                div data-live="rooms" {
                    @if open.is_empty() { p.empty { (say.rooms_none()) } }
                    @else { (table(frame, &open)) }
                }
                @if !closed.is_empty() {
                    details id="closed" {
                        summary { (say.rooms_closed()) }
                        ul.rows {
                            @for one in &closed {
                                li { a href={ "/rooms/" (one.room.id) } { (one.room.name) } }
                            }
                        }
                    }
                }
            }
            div.col {
                section aria-labelledby="new-title" {
                    h2.h3 id="new-title" { (say.new_room()) }
                    form method="post" action="/rooms" {
                        (csrf(frame.csrf()))
                        (fields(say, &Fields::default(), offer, filled))
                        div.buttons { button.btn.primary { (say.make_room()) } }
                    }
                }
            }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::live(say.rooms(), Area::Meet)
    };
    document(frame, &head, body)
}

fn table(frame: &Frame, rooms: &[&Listed]) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        table.cards {
            caption.vh { (say.rooms_table()) }
            thead {
                tr {
                    th scope="col" { (say.room()) }
                    th scope="col" { (say.room_state()) }
                    th scope="col" { (say.room_people_column()) }
                }
            }
            tbody {
                @for one in rooms {
                    tr {
                        th scope="row" {
                            a href={ "/rooms/" (one.room.id) } { (one.room.name) }
                            @if let Some(next) = one.next {
                                span.sub { (say.room_next(clock.deadline_short(next))) }
                            }
                        }
                        td data-label=(say.room_state()) {
                            span {
                                (pill(say, one.since.is_some()))
                                @if let Some(since) = one.since {
                                    " " span.small { (clock.past(since)) }
                                }
                            }
                        }
                        td data-label=(say.room_people_column()) {
                            span {
                                @match one.now {
                                    Some(now) => (say.room_now_of(now, one.expected)),
                                    None => (say.room_expected(one.expected)),
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Whether it runs, in one word with its shape.
fn pill(say: Language, runs: bool) -> Markup {
    html! {
        @if runs { span.state.k-agree { (icon("agree")) (say.room_runs()) } }
        @else { span.state.k-rest { (icon("none")) (say.room_idle()) } }
    }
}

/// The fields of a room.
fn fields(say: Language, initial: &Fields, offer: &Offer, filled: &Filled) -> Markup {
    let field = |name, label| Field::new(say, filled, name, label);
    let regions = offer.regions.iter();
    let regions: Vec<(String, Markup)> = regions
        .map(|region| (region.clone(), html! { (region) }))
        .collect();
    let ways = Entrance::ALL.map(|way| {
        let (name, means) = entrance(say, way);
        (way.as_str(), name, means, "")
    });
    html! {
        (field("title", say.room_title()).hint(say.room_title_hint()).initial(&initial.title)
            .required().line("text", Some("off")))
        (field("people", say.room_people()).hint(say.room_people_hint()).initial(&initial.people)
            .required().number(1..=u64::from(PEOPLE_MAX)))
        (field("region", say.room_region()).hint(say.room_region_hint()).initial(&initial.region)
            .select(Some(say.room_region_any()), &regions))
        (field("entrance", say.room_entrance()).initial(initial.entrance.as_str()).required()
            .rows("radio", &ways))
        @if offer.recording {
            (field("record", say.room_record()).hint(say.room_record_hint())
                .initial(if initial.record { "yes" } else { "" }).check())
        } @else {
            p.hint { (say.room_record_none()) }
        }
    }
}

/// A way in with its meaning.
fn entrance(say: Language, way: Entrance) -> (Markup, Markup) {
    match way {
        Entrance::Anybody => (say.entrance_anybody(), say.entrance_anybody_means()),
        Entrance::Asked => (say.entrance_asked(), say.entrance_asked_means()),
    }
}

/// `/rooms/{id}/edit`
#[must_use]
pub fn edit(
    frame: &Frame,
    room: &Name,
    (initial, offer): (&Fields, &Offer),
    filled: &Filled,
) -> Markup {
    let say = frame.language;
    let page = format!("/rooms/{}", room.id);
    let above = [
        ("/meet", say.meet()),
        ("/rooms", say.rooms()),
        (&*page, html! { (room.name) }),
    ];
    let body = html! {
        (page_head(crumbs(say, &above, say.edit_room()), say.edit_room(), Markup::default()))
        form.narrow method="post" action=(page) {
            (csrf(frame.csrf()))
            (fields(say, initial, offer, filled))
            div.buttons { button.btn.primary { (say.save_room()) } a href=(page) { (say.leave()) } }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(say.edit_room(), Area::Meet)
    };
    document(frame, &head, body)
}

//! What was recorded in a room.

use domain::id::Timestamp;
use maud::{Markup, html};

use crate::{
    catalogue::Language,
    pages::{
        form::{Filled, csrf, second_step},
        frame::{Area, Frame, Head, document},
        parts::{Name, crumbs, icon, page_head},
    },
};

/// How a recording stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Whoever has its link can watch it.
    Published,
    /// Nobody can watch it for now.
    Unpublished,
    /// It is being made.
    Processing,
}

impl State {
    /// The word of programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Unpublished => "unpublished",
            Self::Processing => "processing",
        }
    }

    fn pill(self, say: Language) -> Markup {
        let (family, shape, word) = match self {
            Self::Published => ("k-agree", "agree", say.recording_published()),
            Self::Unpublished => ("k-rest", "none", say.recording_unpublished()),
            Self::Processing => ("k-wait", "wait", say.recording_processing()),
        };
        html! { span class={ "state " (family) } { (icon(shape)) (word) } }
    }
}

/// One way to watch a recording.
#[derive(Debug, Clone)]
pub struct Watched {
    /// What its server calls it.
    pub kind: String,
    /// Where.
    pub url: String,
    /// How long it is.
    pub minutes: Option<u64>,
}

/// A recording.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its id.
    pub id: String,
    /// When it begins.
    pub started: Option<Timestamp>,
    /// How it stands.
    pub state: State,
    /// How it can be watched.
    pub watched: Vec<Watched>,
}

/// `/rooms/{id}/recordings`
#[must_use]
pub fn page(
    frame: &Frame,
    room: &Name,
    (recordings, may_change): (&[Recorded], bool),
    filled: &Filled,
) -> Markup {
    let say = frame.language;
    let above = format!("/rooms/{}", room.id);
    let crumb = [
        ("/meet", say.meet()),
        ("/rooms", say.rooms()),
        (&*above, html! { (room.name) }),
    ];
    let body = html! {
        (page_head(
            crumbs(say, &crumb, say.room_recordings()),
            say.room_recordings_of(&room.name),
            say.room_recordings_explained(),
        ))
        @if recordings.is_empty() { p.empty { (say.room_recordings_none()) } }
        @else {
            table.cards {
                caption.vh { (say.room_recordings()) }
                thead {
                    tr {
                        th scope="col" { (say.recording_when()) }
                        th scope="col" { (say.recording_state()) }
                        th scope="col" { (say.recording_watch()) }
                    }
                }
                tbody {
                    @for one in recordings { (row(frame, (&above, may_change), one)) }
                }
            }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(say.room_recordings_of(&room.name), Area::Meet)
    };
    document(frame, &head, body)
}

fn row(frame: &Frame, (room, may_change): (&str, bool), one: &Recorded) -> Markup {
    let say = frame.language;
    let when = one.started.map(|at| frame.clock().past(at));
    let when = when.unwrap_or_else(|| say.not_said());
    let acts = match one.state {
        State::Published => vec![("unpublish", say.recording_unpublish())],
        State::Unpublished => vec![("publish", say.recording_publish())],
        State::Processing => Vec::new(),
    };
    html! {
        tr {
            th scope="row" { (when) }
            td data-label=(say.recording_state()) { (one.state.pill(say)) }
            td data-label=(say.recording_watch()) {
                div.stack {
                    @if one.state == State::Published {
                        @for way in &one.watched {
                            p {
                                a href=(way.url) rel="noopener noreferrer" {
                                    (say.recording_play(&way.kind))
                                }
                                @if let Some(minutes) = way.minutes {
                                    " · " (say.recording_minutes(minutes))
                                }
                            }
                        }
                    }
                    @if may_change {
                        div.buttons.no-print {
                            @for (act, words) in acts {
                                (change(frame, (room, &one.id), act, html! {
                                    (words) span.vh { (say.recording_of_vh(&when)) }
                                }))
                            }
                            @let named = say.recording_of_vh(&when);
                            @let open = html! { (say.recording_delete()) " …" span.vh { (named) } };
                            @let means = html! { p.small { (say.recording_delete_means()) } };
                            @let words = html! { (say.recording_delete()) span.vh { (named) } };
                            (second_step(
                                (&format!("delete-{}", one.id), false), open, means,
                                change(frame, (room, &one.id), "delete", words),
                            ))
                        }
                    }
                }
            }
        }
    }
}

/// The form that does one thing with a recording.
fn change(frame: &Frame, (room, recording): (&str, &str), act: &str, words: Markup) -> Markup {
    html! {
        form method="post" action={ (room) "/recordings" } {
            (csrf(frame.csrf()))
            input type="hidden" name="recording" value=(recording);
            input type="hidden" name="change" value=(act);
            button.btn.quiet { (words) }
        }
    }
}

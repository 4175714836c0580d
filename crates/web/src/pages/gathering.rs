//! Gatherings of a circle: one, and the form that plans or changes one.

use domain::record::{Repetition, Rhythm, Until};
use jiff::civil::Date;
use maud::{Markup, html};

use super::{
    circle::{Documents, documents},
    form::{Field, Filled, csrf},
    frame::{Area, Frame, Head, document},
    parts::{Name, circle_link, crumbs, icon, page_head},
    time::Zone,
    work::{Happening, place},
};
use crate::{catalogue::Language, gatherings::ordinal};

/// One gathering.
#[derive(Debug, Clone)]
pub struct Gathering {
    /// Its id and title.
    pub gathering: Name,
    /// Its circle.
    pub circle: Name,
    /// The day of the first, in its zone.
    pub first: Date,
    /// The time of day there, such as `18:00`.
    pub time: String,
    /// Its zone's name.
    pub zone: String,
    /// Whether the zone is known here.
    pub is_zone_known: bool,
    /// How long it takes.
    pub minutes: u64,
    /// How it comes again.
    pub repetition: Option<Repetition>,
    /// The last day, if one is set, in the form of forms.
    pub last_day: String,
    /// Where; may be empty.
    pub place: String,
    /// Whether it was called off altogether.
    pub ended: bool,
    /// When it happens next.
    pub next: Vec<Happening>,
    /// Its agendas and minutes.
    pub documents: Documents,
    /// The reader may change it.
    pub may_change: bool,
    /// The rooms of the reader's co-op, if the reader may use them.
    pub rooms: Option<RoomChoice>,
}

/// The rooms in which a gathering can meet.
#[derive(Debug, Clone)]
pub struct RoomChoice {
    /// The one in which it meets.
    pub here: Option<Name>,
    /// Those that can be chosen.
    pub offered: Vec<Name>,
}

/// How it comes again, in words.
pub(crate) fn repeats(say: Language, first: Date, repetition: Option<Repetition>) -> Markup {
    let Some(repetition) = repetition else {
        return say.gathering_once();
    };
    let weekday = first.weekday().to_monday_zero_offset().unsigned_abs() as usize;
    let weekday = say.weekday(weekday);
    let nth = match repetition.rhythm {
        Rhythm::Weeks => return say.every_weeks(repetition.every, weekday),
        Rhythm::MonthsFromBeginning => ordinal(first, false),
        Rhythm::MonthsFromEnd => ordinal(first, true),
    };
    let nth = match nth {
        1 => say.ordinal_first(),
        2 => say.ordinal_second(),
        3 => say.ordinal_third(),
        4 => say.ordinal_fourth(),
        -1 => say.ordinal_last(),
        -2 => say.ordinal_before_last(),
        5 => say.ordinal_fifth(),
        other => html! { (other) },
    };
    say.every_months(repetition.every, nth, weekday)
}

/// One gathering's page.
#[must_use]
pub fn page(frame: &Frame, view: &Gathering, filled: &Filled) -> Markup {
    let say = frame.language;
    let circle = format!("/circles/{}", view.circle.id);
    let above = [
        ("/circles", say.circles()),
        (&*circle, html! { (view.circle.name) }),
    ];
    let times = match view.repetition.map(|repetition| repetition.until) {
        Some(Until::Count(count)) => Some(say.gathering_times(count)),
        _ => None,
    };
    let body = html! {
        (page_head(
            crumbs(say, &above, html! { (view.gathering.name) }),
            html! { (view.gathering.name) },
            say.of_circle(circle_link(&view.circle)),
        ))
        section {
            @if view.ended {
                p { span.word.k-block { (icon("no")) span { (say.gathering_called_off()) } } }
            }
            p {
                (repeats(say, view.first, view.repetition)) ", "
                (say.gathering_at(&view.time, &view.zone)) " · "
                (say.gathering_minutes_long(view.minutes))
                @if let Some(times) = times { " · " (times) }
                @if !view.last_day.is_empty() { " · " (say.until(&view.last_day)) }
            }
            @if !view.is_zone_known { p { (say.gathering_zone_unknown(&view.zone)) } }
            @if !view.place.is_empty() { p { (place(say, &view.place)) } }
            (room(frame, view))
            @if view.may_change {
                div.buttons {
                    a.btn href={ "/gatherings/" (view.gathering.id) "/edit" } { (say.edit_gathering()) }
                }
            }
        }
        section aria-labelledby="next-title" {
            h2 id="next-title" { (say.next_gatherings()) }
            @if view.next.is_empty() { p.empty { (say.gathering_over()) } }
            @else { ul.rows { @for each in &view.next { (occurrence(frame, view, each)) } } }
            p.links { a href="/calendar" { (say.calendar()) } }
        }
        (documents::section(
            frame, &view.circle.id, Some(&view.gathering.id), &view.documents, !view.ended,
        ))
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(html! { (view.gathering.name) }, Area::Federation)
    };
    document(frame, &head, body)
}

/// The room of the reader's co-op in which it meets, or the form that chooses one.
fn room(frame: &Frame, view: &Gathering) -> Markup {
    let say = frame.language;
    let Some(choice) = &view.rooms else {
        return Markup::default();
    };
    let options: Vec<(String, Markup)> = choice
        .offered
        .iter()
        .map(|room| (room.id.clone(), html! { (room.name) }))
        .collect();
    html! {
        @if let Some(here) = &choice.here {
            p { (say.gathering_room_is(html! { a href={ "/rooms/" (here.id) } { (here.name) } })) }
        } @else if view.may_change && !view.ended {
            details.no-print id="room" {
                summary { (say.gathering_room()) }
                p.small { (say.gathering_room_explained()) }
                form method="post" action={ "/gatherings/" (view.gathering.id) "/room" } {
                    (csrf(frame.csrf()))
                    (Field::new(say, &Filled::default(), "room", say.gathering_room_choose())
                        .select(Some(say.gathering_room_new()), &options))
                    div.buttons { button.btn { (say.gathering_room_take()) } }
                }
            }
        }
    }
}

fn occurrence(frame: &Frame, view: &Gathering, each: &Happening) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let words = match each.is_cancelled {
        true => say.let_it_happen(),
        false => say.cancel_this_one(),
    };
    html! {
        li {
            span {
                (clock.deadline_short(each.start))
                @if each.is_cancelled {
                    " · " span.word.k-block { (icon("no")) span { (say.gathering_cancelled()) } }
                }
            }
            @if view.may_change {
                form.go method="post" action={ "/gatherings/" (view.gathering.id) "/cancel" } {
                    (csrf(frame.csrf()))
                    input type="hidden" name="day" value=(each.day);
                    button.btn.quiet {
                        (words) span.vh { ": " (clock.deadline_short(each.start)) }
                    }
                }
            }
        }
    }
}

/// What the form begins with.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    /// The title.
    pub title: String,
    /// The first day, `yyyy-mm-dd`.
    pub day: String,
    /// The time of day, `hh:mm`.
    pub time: String,
    /// The zone's name.
    pub zone: String,
    /// How long.
    pub minutes: String,
    /// The word of the repetition: [`repetition_word`].
    pub repeats: String,
    /// The last day, `yyyy-mm-dd`, or empty.
    pub last_day: String,
    /// Where.
    pub place: String,
    /// Whether it is called off.
    pub ended: bool,
    /// The room in which it is to meet; may be empty.
    pub room: String,
}

/// How forms name a repetition, such as `weeks-2`; empty for once.
#[must_use]
pub fn repetition_word(repetition: Option<Repetition>) -> String {
    repetition.map_or_else(String::new, |repetition| {
        format!("{}-{}", repetition.rhythm.as_str(), repetition.every)
    })
}

fn repetitions(say: Language, own: &str) -> Vec<(String, Markup)> {
    let mut all: Vec<(String, Markup)> = vec![
        (String::new(), say.gathering_once()),
        ("weeks-1".to_owned(), say.repeats_every_week()),
    ];
    let weeks = (2..=4_u64).map(|count| (format!("weeks-{count}"), say.repeats_weeks(count)));
    all.extend(weeks);
    all.push(("months-1".to_owned(), say.repeats_months()));
    let from_end = "months-from-end-1".to_owned();
    all.push((from_end, say.repeats_months_from_end()));
    // One that was made elsewhere stays as it is unless somebody changes it.
    if !all.iter().any(|(word, _)| word == own)
        && let Some((rhythm, count)) = own.rsplit_once('-')
    {
        let words = match Rhythm::from_word(rhythm) {
            Some(Rhythm::MonthsFromBeginning) => say.repeats_n_months(count),
            Some(Rhythm::MonthsFromEnd) => say.repeats_n_months_from_end(count),
            _ => say.repeats_weeks(count),
        };
        all.push((own.to_owned(), words));
    }
    all
}

/// The form of a new gathering of a circle, or of the one whose id is given.
#[must_use]
pub fn edit(
    frame: &Frame,
    circle: &Name,
    id: Option<&str>,
    fields: &Fields,
    filled: &Filled,
) -> Markup {
    let say = frame.language;
    let heading = match id {
        Some(_) => say.edit_gathering(),
        None => say.new_gathering(),
    };
    let page = format!("/circles/{}", circle.id);
    let action = id.map_or_else(
        || format!("{page}/gatherings"),
        |id| format!("/gatherings/{id}"),
    );
    let leave = id.map_or_else(|| page.clone(), |id| format!("/gatherings/{id}"));
    let above = [
        ("/circles", say.circles()),
        (&*page, html! { (circle.name) }),
    ];
    let zones: Vec<(String, Markup)> = Zone::all()
        .into_iter()
        .map(|zone| (zone.clone(), html! { (zone) }))
        .collect();
    let field = |name, label| Field::new(say, filled, name, label);
    let body = html! {
        (page_head(crumbs(say, &above, heading.clone()), heading.clone(), Markup::default()))
        form.narrow method="post" action=(action) {
            (csrf(frame.csrf()))
            @if !fields.room.is_empty() { input type="hidden" name="room" value=(fields.room); }
            (field("title", say.gathering_title()).initial(&fields.title).required()
                .line("text", None))
            (field("day", say.gathering_day()).initial(&fields.day).required().line("date", None))
            (field("time", say.gathering_time()).hint(say.gathering_time_hint())
                .initial(&fields.time).required().line("time", None))
            (field("zone", say.gathering_zone()).initial(&fields.zone).required()
                .select(None, &zones))
            (field("minutes", say.gathering_minutes()).initial(&fields.minutes).required()
                .line("number", None))
            (field("repeats", say.gathering_repeats()).initial(&fields.repeats)
                .select(None, &repetitions(say, &fields.repeats)))
            (field("last_day", say.gathering_last_day()).hint(say.gathering_last_day_hint())
                .initial(&fields.last_day).line("date", None))
            (field("place", say.gathering_place()).hint(say.gathering_place_hint())
                .initial(&fields.place).line("text", None))
            @if id.is_some() {
                (field("ended", say.gathering_call_off())
                    .initial(if fields.ended { "yes" } else { "" }).check())
            }
            div.buttons { button.btn.primary { (say.save()) } a href=(leave) { (say.leave()) } }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(heading, Area::Federation)
    };
    document(frame, &head, body)
}

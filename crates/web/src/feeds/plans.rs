//! What calendars carry beside votes: reviews for everybody, and for a person the gatherings of its
//! circles and its own action points.

use domain::id::Timestamp;
use federation::Decision;

use super::{Reader, calendar::Event};
use crate::{
    catalogue::Plain,
    decisions,
    gatherings::occurrences,
    handlers::{views, work::DAY_S},
    rooms::links,
    standpoint::Standpoint,
};

/// How far back and ahead gatherings are told of.
const BACK_DAYS: u64 = 30;
const AHEAD_DAYS: u64 = 200;
/// How many times of one gathering are told of.
const TIMES_MAX: usize = 60;
/// How many gatherings are told of.
const GATHERINGS_MAX: usize = 100;
const MINUTE_MS: u64 = 60_000;

/// The review of a decision, if a day is set.
pub(super) fn review(
    core: &Standpoint<'_>,
    now: Timestamp,
    reader: Reader<'_>,
    decision: &Decision<'_>,
) -> Option<Event> {
    decisions::review_of(core, decision)?;
    let review = core.view().review(&decision.id)?;
    let (say, page) = (reader.say, reader.page(decision));
    let title = Plain(&decision.version.title);
    let about = say.event_review_about().into_string();
    Some(Event {
        uid: format!("{}-review@{}", decision.id, core.federation()),
        changed: review.set.min(now),
        // The last word counts, so its time grows with every change.
        sequence: review.set.0 / MINUTE_MS,
        starts: review.date,
        ends: None,
        summary: say.event_review(title).into_string(),
        description: format!("{about}\n{page}"),
        category: say.category_review().into_string(),
        location: String::new(),
        page,
        is_busy: false,
        is_cancelled: false,
        alarms_hours: Vec::new(),
    })
}

/// The gatherings of a person's circles and what it has to do, for its own calendar.
pub(super) fn own(core: &Standpoint<'_>, now: Timestamp, reader: Reader<'_>) -> Vec<Event> {
    let (Some(own), Some(member)) = (reader.own, core.member()) else {
        return Vec::new();
    };
    let who = (member, own.person);
    let view = core.view();
    let gatherings = view.gatherings().into_iter();
    let gatherings = gatherings
        .filter(|each| view.is_in_circle(&each.record.circle, &who, now))
        .take(GATHERINGS_MAX);
    let mut events: Vec<Event> = gatherings
        .flat_map(|each| times(core, now, reader, &each))
        .collect();
    events.extend(reader.actions.iter().filter_map(|(action, words)| {
        let due = action.record.due?;
        let circle = views::circle(core, &action.record.circle);
        let (say, page) = (reader.say, format!("{}/actions/{}", reader.site, action.id));
        let about = say.event_action_about(Plain(circle.name)).into_string();
        Some(Event {
            uid: format!("{}-action@{}", action.id, core.federation()),
            changed: action.changed.min(now),
            sequence: action.changed.0 / MINUTE_MS,
            starts: due,
            ends: None,
            summary: say
                .event_action(Plain(words.as_deref().unwrap_or("…")))
                .into_string(),
            description: format!("{about}\n{page}"),
            category: say.category_action().into_string(),
            location: String::new(),
            page,
            is_busy: false,
            is_cancelled: false,
            alarms_hours: Vec::new(),
        })
    }));
    events
}

/// Each time at which a gathering happens, as an event of its own: programs differ in how they
/// repeat an event when clocks are changed, not in what a time in UTC is.
fn times(
    core: &Standpoint<'_>,
    now: Timestamp,
    reader: Reader<'_>,
    gathering: &replica::view::Gathering,
) -> Vec<Event> {
    let record = &gathering.record;
    let from = Timestamp(now.0.saturating_sub(BACK_DAYS * DAY_S * 1_000));
    let until = now.plus_seconds(AHEAD_DAYS * DAY_S);
    let say = reader.say;
    let circle = views::circle(core, &record.circle);
    let page = format!("{}/gatherings/{}", reader.site, gathering.id);
    let title = say.event_gathering(Plain(&record.title), Plain(circle.name));
    let title = title.into_string();
    let place = match record.place.is_empty() {
        true => String::new(),
        false => {
            say.event_gathering_place(Plain(&record.place))
                .into_string()
                + "\n"
        }
    };
    let times = occurrences(record, from, until, TIMES_MAX).into_iter();
    let events = times.map(|time| Event {
        uid: format!("{}-{}@{}", gathering.id, time.day, core.federation()),
        changed: gathering.changed.min(now),
        sequence: gathering.changes,
        starts: time.start,
        ends: Some(time.end),
        summary: title.clone(),
        description: format!("{place}{page}"),
        category: say.category_gathering().into_string(),
        location: record.place.clone(),
        // Programs offer what stands here as the way to join.
        page: match links::room_of(&record.place) {
            Some(_) => record.place.clone(),
            None => page.clone(),
        },
        is_busy: true,
        is_cancelled: time.is_cancelled,
        alarms_hours: Vec::new(),
    });
    events.collect()
}

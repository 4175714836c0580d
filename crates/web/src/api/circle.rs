//! Circles, action points and gatherings as JSON.

use axum::{
    Json,
    extract::{Query, State},
};
use domain::{
    id::{CircleId, Timestamp},
    record::{ActionState, Until},
};
use replica::view::{Action, Gathering};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    auth::Caller,
    error::{FieldFault, WebError},
    gatherings::{day_of, occurrences},
    handlers::work,
    site::Site,
    texts::Texts,
};

/// How far ahead gatherings are given where nobody says.
const AHEAD_DAYS: u64 = 60;
/// How many days they are given for at most.
const WINDOW_DAYS_MAX: u64 = 400;
/// How many times of one gathering are given.
const TIMES_MAX: usize = 200;

fn fault(field: &'static str, message: &str) -> WebError {
    WebError::Form(vec![FieldFault::new(field, message)])
}

fn circle_of(text: Option<&str>) -> Result<Option<CircleId>, WebError> {
    let parsed = text.map(|text| text.parse());
    let parsed = parsed.transpose();
    parsed.map_err(|_| fault("circle", "Write the id of a circle."))
}

/// `GET /api/circles`
pub(crate) async fn circles(
    State(site): State<Site>,
    Caller(_): Caller,
) -> Result<Json<Value>, WebError> {
    let now = site.now();
    Ok(Json(site.node.read(|core| {
        let view = core.view();
        let circles = view.circles.values().map(|circle| {
            let people: Vec<Value> = view
                .participants(&circle.id, now)
                .iter()
                .map(|each| {
                    let roles = each.roles.iter().map(|role| {
                        json!({
                            "title": role.title,
                            "until_ms": role.until.map(|until| until.0),
                            "by_decision": role.by_decision,
                        })
                    });
                    let first = each.roles.first();
                    json!({
                        "person": each.person.to_string(),
                        "name": view.person_name(&each.member, &each.person),
                        "member": each.member.to_string(),
                        "joined": each.joined,
                        "coordinates": each.coordinates(),
                        "role": first.map(|role| &role.title),
                        "until_ms": first.and_then(|role| role.until).map(|until| until.0),
                        "roles": roles.collect::<Vec<_>>(),
                    })
                })
                .collect();
            let term = view.coordinator_term(&circle.id, Timestamp::MAX);
            json!({
                "id": circle.id.to_string(),
                "member": circle.member.to_string(),
                "name": circle.record.name,
                "domain": circle.record.domain,
                "rhythm": circle.record.rhythm,
                "ended": circle.record.ended,
                "people": people,
                "coordinator_until_ms": term.map(|term| term.until.0),
            })
        });
        json!({ "circles": circles.collect::<Vec<_>>() })
    })))
}

#[derive(Deserialize)]
pub(crate) struct WhichActions {
    circle: Option<String>,
    /// `open`, `done`, `dropped` or `all`.
    #[serde(default)]
    state: String,
    /// The caller's own.
    #[serde(default)]
    mine: bool,
    /// What their ids begin with.
    #[serde(default)]
    id: String,
}

/// `GET /api/actions?circle=&state=open|done|dropped|all&mine=true|false&id=`
pub(crate) async fn actions(
    State(site): State<Site>,
    Caller(actor): Caller,
    Query(which): Query<WhichActions>,
) -> Result<Json<Value>, WebError> {
    let circle = circle_of(which.circle.as_deref())?;
    let state = match &*which.state {
        "all" => None,
        "" => Some(ActionState::Open),
        word => Some(
            ActionState::from_word(word)
                .ok_or_else(|| fault("state", "Write open, done, dropped or all."))?,
        ),
    };
    let now = site.now();
    let id = which.id.to_ascii_lowercase();
    let mut picked: Vec<Action> = actor.read(&site, |core| {
        let who = work::reader(core, &actor);
        let is_own = |action: &Action| {
            let record = &action.record;
            who.is_some_and(|who| (record.member, record.person) == (who.0, Some(who.1)))
        };
        let all = core.view().actions().into_iter();
        let picked = all.filter(|action| {
            circle.is_none_or(|circle| action.record.circle == circle)
                && state.is_none_or(|state| action.record.state == state)
                && (!which.mine || is_own(action))
                && (id.is_empty() || action.id.to_string().starts_with(&id))
        });
        picked.take(work::ACTIONS_MAX + 1).collect()
    });
    let more = picked.len() > work::ACTIONS_MAX;
    picked.truncate(work::ACTIONS_MAX);
    let texts = Texts::load(&site.node, picked.iter().map(|action| action.words), []).await?;
    Ok(Json(actor.read(&site, |core| {
        let view = core.view();
        let actions = picked.iter().map(|action| {
            let record = &action.record;
            let name = record
                .person
                .and_then(|person| view.person_name(&record.member, &person));
            let circle = view.circles.get(&record.circle);
            json!({
                "id": action.id.to_string(),
                "words": texts.note(&action.words).text(),
                "circle": record.circle.to_string(),
                "circle_name": circle.map(|circle| &circle.record.name),
                "member": record.member.to_string(),
                "member_name": view.member_name(&record.member),
                "person": record.person.map(|person| person.to_string()),
                "name": name,
                "due_ms": record.due.map(|due| due.0),
                "overdue": action.is_overdue(now),
                "state": record.state.as_str(),
                "source": record.source.map(|source| source.to_string()),
                "begun_ms": action.begun.0,
                "changed_ms": action.changed.0,
            })
        });
        json!({ "actions": actions.collect::<Vec<_>>(), "more": more })
    })))
}

#[derive(Deserialize)]
pub(crate) struct WhichGatherings {
    circle: Option<String>,
    from_ms: Option<u64>,
    to_ms: Option<u64>,
}

/// `GET /api/gatherings?circle=&from_ms=&to_ms=`: from now for sixty days unless it says otherwise.
pub(crate) async fn gatherings(
    State(site): State<Site>,
    Caller(_): Caller,
    Query(which): Query<WhichGatherings>,
) -> Result<Json<Value>, WebError> {
    let circle = circle_of(which.circle.as_deref())?;
    let from = which.from_ms.map_or(site.now(), Timestamp);
    let ahead = from.plus_seconds(AHEAD_DAYS * work::DAY_S);
    let to = which.to_ms.map_or(ahead, Timestamp);
    if from > Timestamp::MAX || to > Timestamp::MAX {
        return Err(fault("to_ms", "Write a time before the year 10000."));
    }
    if to.since_ms(from) > WINDOW_DAYS_MAX * work::DAY_S * 1_000 {
        return Err(fault("to_ms", "Ask for at most 400 days."));
    }
    let mut picked: Vec<Gathering> = site.node.read(|core| core.view().gatherings());
    picked.retain(|each| circle.is_none_or(|circle| each.record.circle == circle));
    // The node's loop does not wait while days are counted.
    let given = move || -> Vec<Value> {
        let each = picked.iter().map(|each| gathering(each, from, to));
        each.collect()
    };
    let given = tokio::task::spawn_blocking(given).await;
    let given = given.map_err(|error| WebError::Library(Box::new(error)))?;
    Ok(Json(json!({ "gatherings": given })))
}

fn gathering(known: &Gathering, from: Timestamp, to: Timestamp) -> Value {
    let record = &known.record;
    let times = occurrences(record, from, to, TIMES_MAX);
    let times = times.iter().map(|time| {
        json!({
            "start_ms": time.start.0,
            "end_ms": time.end.0,
            "day": day_of(time.day).map(|day| day.to_string()),
            "cancelled": time.is_cancelled,
        })
    });
    let cancelled = record.cancelled.iter().filter_map(|day| day_of(*day));
    let repetition = record.repetition.map(|repetition| {
        let (count, last) = match repetition.until {
            Until::Open => (None, None),
            Until::Count(count) => (Some(count), None),
            Until::Day(day) => (None, day_of(day)),
        };
        json!({
            "rhythm": repetition.rhythm.as_str(),
            "every": repetition.every,
            "count": count,
            "last_day": last.map(|day| day.to_string()),
        })
    });
    json!({
        "id": known.id.to_string(),
        "circle": record.circle.to_string(),
        "title": record.title,
        "start_ms": record.start.0,
        "minutes": record.minutes,
        "zone": record.zone,
        "repetition": repetition,
        "place": record.place,
        "cancelled": cancelled.map(|day| day.to_string()).collect::<Vec<_>>(),
        "ended": record.ended,
        "times": times.collect::<Vec<_>>(),
    })
}

//! One calendar of what is planned.

use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use domain::id::Timestamp;
use federation::State as Stand;
use serde::Deserialize;

use super::{views, work};
use crate::{
    auth::{Actor, Signed},
    decisions,
    error::WebError,
    pages::calendar::{self, Planned},
    site::Site,
    standpoint::Standpoint,
};

/// How far ahead it looks.
const AHEAD_DAYS: u64 = 56;
/// How many gatherings it shows.
const GATHERINGS_MAX: usize = 200;

#[derive(Deserialize)]
pub(crate) struct Which {
    #[serde(default)]
    show: String,
}

/// `GET /calendar`; with `?show=own` gatherings of the reader's circles alone.
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Query(which): Query<Which>,
) -> Result<Response, WebError> {
    let own_only = which.show == "own";
    let frame = views::frame(&site, Some(&actor), &place)?;
    let now = site.now();
    let until = now.plus_seconds(AHEAD_DAYS * work::DAY_S);
    let actions = work::actions(&site, &actor, |core, action| {
        let who = work::reader(core, &actor);
        who.is_some_and(|who| work::is_for(action, &who))
    })
    .await?;
    let mut planned = actor.read(&site, |core| planned(core, &actor, now, until, own_only));
    let due = actions.into_iter().filter_map(|action| {
        let at = action.due.filter(|due| *due >= now && *due < until)?;
        Some((at, Planned::Action(Box::new(action))))
    });
    planned.extend(due);
    planned.sort_by_key(|(at, _)| *at);
    Ok(calendar::page(&frame, own_only, &planned).into_response())
}

fn planned(
    core: &Standpoint<'_>,
    actor: &Actor,
    now: Timestamp,
    until: Timestamp,
    own_only: bool,
) -> Vec<(Timestamp, Planned)> {
    let mut planned = Vec::new();
    for decision in decisions::open(core, now) {
        let (id, title) = (decision.id.to_string(), decision.version.title.clone());
        match (decision.state, &decision.phase) {
            (Stand::Voting, Some(phase)) => {
                planned.push((phase.deadline, Planned::Vote(id, title)));
            }
            (Stand::Integration(end), _) => planned.push((end, Planned::Integration(id, title))),
            _ => {}
        }
    }
    for (decision, date) in decisions::reviews(core, now) {
        if date >= now && date < until {
            let title = decision.version.title.clone();
            let review = Planned::Review(decision.id.to_string(), title);
            planned.push((date, review));
        }
    }
    let who = work::reader(core, actor);
    let is_shown = |each: &replica::view::Gathering| {
        let circle = &each.record.circle;
        !own_only || who.is_some_and(|who| core.view().is_in_circle(circle, &who, now))
    };
    let gatherings = work::happenings(core, now, until, GATHERINGS_MAX, is_shown);
    let dated = gatherings
        .into_iter()
        .map(|each| (each.start, Planned::Gathering(each)));
    planned.extend(dated);
    planned
}

//! Home: what waits, what is in motion, who is connected.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::id::Timestamp;
use federation::{Core, Decision, State as Stand};

use super::{federation as members, node, views};
use crate::{
    auth::Signed,
    decisions,
    error::WebError,
    pages::{
        home::{self, Event, Happened, Home},
        parts::Name,
    },
    site::Site,
};

/// How many things the list of news has.
const NEWS: usize = 10;

/// `GET /`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    let frame = views::frame(&site, Some(&actor), &place)?;
    let now = site.now();
    let is_delegate = frame.is_delegate();
    let view = actor.read(&site, |core| {
        let all = decisions::all(core, now);
        let list = |pick: &dyn Fn(&Decision<'_>) -> bool| {
            all.iter()
                .filter(|d| pick(d))
                .map(|d| views::item(core, d))
                .collect()
        };
        let moving = |d: &Decision<'_>| matches!(d.state, Stand::Voting | Stand::Deliberation);
        let others = core.view().members.keys();
        Home {
            waiting: list(&|d| is_delegate && decisions::needs_vote(core, d)),
            applications: members::unsigned(core).len() as u64,
            moving: list(&moving),
            members: others
                .map(|id| (views::member(core, id), views::connection(core, id)))
                .collect(),
            stored: (core.replica().len() as u64, node::newest(core)),
            recent: recent(core, &all),
        }
    });
    Ok(home::page(&frame, &view).into_response())
}

fn recent(core: &Core, all: &[Decision<'_>]) -> Vec<Event> {
    let mut events: Vec<Event> = core
        .view()
        .members
        .values()
        .filter(|member| !member.founder)
        .map(|member| {
            event(
                member.since,
                Happened::Admitted {
                    member: views::member(core, &member.id),
                },
            )
        })
        .collect();
    for decision in all {
        let proposal = Name::new(decision.id.to_string(), decision.version.title.clone());
        let first = decision.first;
        events.push(event(
            first.time,
            Happened::Proposed {
                member: views::member(core, &first.member),
                proposal: proposal.clone(),
            },
        ));
        for (member, counted) in decision.phase.iter().flat_map(|phase| &phase.count.counted) {
            events.push(event(
                counted.time,
                Happened::Voted {
                    member: views::member(core, member),
                    choice: counted.choice,
                    proposal: proposal.clone(),
                },
            ));
        }
        for comment in decision.proposal.comments() {
            events.push(event(
                comment.time,
                Happened::Commented {
                    member: views::member(core, &comment.member),
                    proposal: proposal.clone(),
                },
            ));
        }
    }
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    events.truncate(NEWS);
    events
}

fn event(at: Timestamp, what: Happened) -> Event {
    Event { at, what }
}
